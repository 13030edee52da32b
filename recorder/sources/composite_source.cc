#include "sources/composite_source.h"

#include <sys/epoll.h>

#include <algorithm>
#include <map>
#include <unordered_set>
#include <utility>
#include <variant>

#include "proc/proc_scan.h"

namespace daybook {
namespace {

using Starts = std::unordered_map<uint32_t, uint64_t>;

class NotingLiving : public SnapshotSink {
 public:
  NotingLiving(SnapshotSink& sink, Starts& starts) : sink_(sink), starts_(starts) {}
  void OnProcess(const SnapProc& process) override {
    starts_[process.pid] = process.start_ns;
    sink_.OnProcess(process);
  }
  bool wants_args() const override { return sink_.wants_args(); }

 private:
  SnapshotSink& sink_;
  Starts& starts_;
};

void Hand(EventSink& sink, const IdChange& change) { sink.OnIdChange(change); }
void Hand(EventSink& sink, const Session& session) { sink.OnSession(session); }
void Hand(EventSink& sink, const Ptrace& ptrace) { sink.OnPtrace(ptrace); }

template <class Change>
void Hand(EventSink& sink, Change& change, std::optional<uint64_t> start_ns) {
  change.start_ns = start_ns;
  Hand(sink, change);
}

// Some 10 MiB.
constexpr size_t kMostHeld = 65536;

}  // namespace

// What has come from beside, until its place among what the main source tells is reached.
class CompositeSource::Held : public EventSink {
 public:
  using Change = std::variant<IdChange, Session, Ptrace>;
  using ByTime = std::multimap<uint64_t, Change>;  // those of one moment: as they came

  void OnFork(const Fork&) override {}
  void OnExec(const Exec&) override {}
  void OnExit(const Exit&) override {}
  void OnIdChange(const IdChange& change) override { Keep(change); }
  void OnSession(const Session& session) override { Keep(session); }
  void OnPtrace(const Ptrace& ptrace) override { Keep(ptrace); }
  void OnLost(const Lost& lost) override { losses_.push_back(lost); }

  bool is_empty() const { return changes_.empty(); }
  bool is_full() const { return changes_.size() >= kMostHeld; }

  ByTime TakeOf(uint32_t pid, uint64_t since_ns, uint64_t until_ns) {
    if (until_ns < since_ns) return {};
    const auto first = changes_.lower_bound({pid, since_ns});
    const auto last = changes_.upper_bound({pid, until_ns});
    ByTime taken;
    for (auto at = first; at != last; ++at) taken.emplace(at->first.second, at->second);
    changes_.erase(first, last);
    return taken;
  }
  ByTime TakeUntil(uint64_t time_ns) {
    ByTime taken;
    std::erase_if(changes_, [&](const auto& held) {
      const bool is_due = held.first.second <= time_ns;
      if (is_due) taken.emplace(held.first.second, held.second);
      return is_due;
    });
    return taken;
  }
  std::vector<Lost> TakeLosses() { return std::exchange(losses_, {}); }

 private:
  using Key = std::pair<uint32_t, uint64_t>;  // pid and time

  template <class Record>
  void Keep(const Record& change) {
    changes_.emplace(Key(change.pid, change.time_ns), change);
  }

  std::multimap<Key, Change> changes_;
  std::vector<Lost> losses_;
};

// Passes on what the main source tells, behind what its processes have changed before, and notes
// who lives.
class CompositeSource::Merging : public EventSink {
 public:
  Merging(CompositeSource& source, EventSink& sink) : source_(source), sink_(sink) {}

  // A child is born with its parent's ids.
  void OnFork(const Fork& fork) override {
    HandBefore(fork.ppid, fork.parent_start_ns, fork.time_ns);
    source_.starts_[fork.pid] = fork.time_ns;
    sink_.OnFork(fork);
  }
  void OnExec(const Exec& exec) override {
    HandBefore(exec.pid, exec.start_ns, exec.time_ns);
    source_.starts_[exec.pid] = exec.start_ns;
    sink_.OnExec(exec);
  }
  void OnExit(const Exit& exit) override {
    HandBefore(exit.pid, exit.start_ns, exit.time_ns);
    source_.ended_.emplace_back(exit.pid, exit.start_ns);
    sink_.OnExit(exit);
  }
  void OnReap(const Reap& reap) override { sink_.OnReap(reap); }
  void OnIdChange(const IdChange& change) override { sink_.OnIdChange(change); }
  void OnSession(const Session& session) override { sink_.OnSession(session); }
  void OnCommChange(const CommChange& change) override { sink_.OnCommChange(change); }
  void OnPtrace(const Ptrace& ptrace) override { sink_.OnPtrace(ptrace); }
  void OnCgroup(const CgroupPath& cgroup) override { sink_.OnCgroup(cgroup); }
  void OnLost(const Lost& lost) override { sink_.OnLost(lost); }

  void FetchFromBeside() {
    if (std::exchange(has_fetched_, true)) return;
    from_beside_ = source_.beside_->Drain(*source_.held_);
  }
  const Result<size_t>& from_beside() const { return from_beside_; }

 private:
  // Not before: what the main source tells it has fetched by now, and so the changes before that
  // are there to be had. What is too much to be held waits in the kernel's buffer, or is lost and
  // told.
  void HandBefore(uint32_t pid, std::optional<uint64_t> start_ns, uint64_t time_ns) {
    Held& held = *source_.held_;
    if (!held.is_full()) FetchFromBeside();
    if (held.is_empty() || !start_ns) return;
    for (auto& [_, change] : held.TakeOf(pid, *start_ns, time_ns)) {
      std::visit([&](auto& record) { Hand(sink_, record, start_ns); }, change);
    }
  }

  CompositeSource& source_;
  EventSink& sink_;
  bool has_fetched_ = false;
  Result<size_t> from_beside_ = size_t{0};
};

Result<std::unique_ptr<CompositeSource>> CompositeSource::Create(
    std::unique_ptr<EventSource> main, std::unique_ptr<EventSource> beside, const Filter& filter,
    std::string proc_root) {
  FileDescriptor either(epoll_create1(EPOLL_CLOEXEC));
  for (const EventSource* source : {main.get(), beside.get()}) {
    epoll_event interest{.events = EPOLLIN, .data = {}};
    if (epoll_ctl(either.get(), EPOLL_CTL_ADD, source->wake_fd(), &interest) != 0) {
      return Error::FromErrno("waiting for two sources", errno);
    }
  }
  return std::unique_ptr<CompositeSource>(new CompositeSource(
      std::move(main), std::move(beside), std::move(either), filter, std::move(proc_root)));
}

CompositeSource::CompositeSource(std::unique_ptr<EventSource> main,
                                 std::unique_ptr<EventSource> beside, FileDescriptor either,
                                 const Filter& filter, std::string proc_root)
    : main_(std::move(main)),
      beside_(std::move(beside)),
      name_(std::string(main_->name()) + "+" + std::string(beside_->name())),
      leaves_out_processes_(filter.LeavesOutProcesses()),
      ends_are_told_((filter.events & kTypeExit) != 0 && !filter.only_failed),
      births_are_told_((filter.events & kTypeFork) != 0 && !leaves_out_processes_),
      proc_root_(std::move(proc_root)),
      either_(std::move(either)),
      held_(std::make_unique<Held>()) {}

bool CompositeSource::PrepareToSleep() {
  return held_->is_empty() && main_->PrepareToSleep() && beside_->PrepareToSleep();
}

CompositeSource::~CompositeSource() = default;

// Whoever changed his ids before it began was born before, and the main source tells of him by its
// end at the latest; of others perhaps only in the next one, up to which they wait. Who ends
// meanwhile is remembered until it is done.
Result<size_t> CompositeSource::Drain(EventSink& sink) {
  if (!main_->has_more()) drain_begin_ns_ = ReadClock().time_ns;
  Merging merging(*this, sink);
  Result<size_t> from_main = main_->Drain(merging);
  if (!main_->has_more()) {
    merging.FetchFromBeside();
    HandHeld(sink);
  }
  if (!from_main) return from_main;
  if (!merging.from_beside()) return merging.from_beside();
  return *from_main + *merging.from_beside();
}

void CompositeSource::HandHeld(EventSink& sink) {
  for (auto& [_, change] : held_->TakeUntil(drain_begin_ns_)) {
    std::visit(
        [&](auto& record) {
          const auto start_ns = StartOf(record.pid, record.time_ns);
          if (!start_ns && leaves_out_processes_) {
            ++left_out_;
          } else {
            Hand(sink, record, start_ns);
          }
        },
        change);
  }
  for (const Lost& lost : held_->TakeLosses()) sink.OnLost(lost);
  for (const auto& [pid, start_ns] : ended_) {
    const auto found = starts_.find(pid);
    if (found != starts_.end() && found->second == start_ns) starts_.erase(found);
  }
  ended_.clear();
  if (!ends_are_told_) ForgetTheDead();
}

void CompositeSource::Stop() {
  beside_->Stop();
  main_->Stop();
}

void CompositeSource::HandOver() {
  beside_->Stop();
  main_->HandOver();
}

Status CompositeSource::Snapshot(SnapshotSink& sink) {
  starts_.clear();
  NotingLiving noting(sink, starts_);
  return main_->Snapshot(noting);
}

SourceCounters CompositeSource::counters() const {
  SourceCounters counters = main_->counters();
  if (!counters.filtered) return counters;
  const auto beside = beside_->counters().filtered;
  counters.filtered->others += left_out_ + (beside ? beside->others : 0);
  return counters;
}

std::string CompositeSource::abilities() const {
  return main_->abilities() + " " + beside_->abilities();
}

// Unknown where the number has passed to a younger one: the events of both came in one Drain(); or
// where it may have, and nobody would have told.
std::optional<uint64_t> CompositeSource::StartOf(uint32_t pid, uint64_t time_ns) const {
  const auto found = starts_.find(pid);
  if (found == starts_.end() || found->second > time_ns) return std::nullopt;
  const bool would_be_told = ends_are_told_ || births_are_told_;
  if (!would_be_told && !IsStillThere(pid, found->second)) return std::nullopt;
  return found->second;
}

bool CompositeSource::IsStillThere(uint32_t pid, uint64_t start_ns) const {
  auto process = ScanProcess({.root = proc_root_}, pid);
  if (!process) return false;
  process->RefineStart(start_ns);
  return process->fields.start_ns == start_ns;
}

void CompositeSource::ForgetTheDead() {
  constexpr size_t kLeast = 4096;
  if (starts_.size() <= std::max(kLeast, most_starts_)) return;
  const auto pids = ListProcesses(proc_root_);
  if (!pids) return;
  const std::unordered_set<uint32_t> living(pids->begin(), pids->end());
  std::erase_if(starts_, [&living](const auto& start) { return !living.contains(start.first); });
  most_starts_ = 2 * starts_.size();
}

}  // namespace daybook
