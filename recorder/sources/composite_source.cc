#include "sources/composite_source.h"

#include <sys/epoll.h>

#include <algorithm>
#include <unordered_set>
#include <utility>
#include <variant>

#include "proc/proc_scan.h"

namespace daybook {
namespace {

using Starts = std::unordered_map<uint32_t, uint64_t>;
using Ended = std::vector<std::pair<uint32_t, uint64_t>>;

// Passes on what the main source tells, and notes who lives.
class Noting : public EventSink {
 public:
  Noting(EventSink& sink, Starts& starts, Ended& ended)
      : sink_(sink), starts_(starts), ended_(ended) {}

  void OnFork(const Fork& fork) override {
    starts_[fork.pid] = fork.time_ns;
    sink_.OnFork(fork);
  }
  void OnExec(const Exec& exec) override {
    starts_[exec.pid] = exec.start_ns;
    sink_.OnExec(exec);
  }
  void OnExit(const Exit& exit) override {
    ended_.emplace_back(exit.pid, exit.start_ns);
    sink_.OnExit(exit);
  }
  void OnReap(const Reap& reap) override { sink_.OnReap(reap); }
  void OnIdChange(const IdChange& change) override { sink_.OnIdChange(change); }
  void OnSession(const Session& session) override { sink_.OnSession(session); }
  void OnCommChange(const CommChange& change) override { sink_.OnCommChange(change); }
  void OnPtrace(const Ptrace& ptrace) override { sink_.OnPtrace(ptrace); }
  void OnCgroup(const CgroupPath& cgroup) override { sink_.OnCgroup(cgroup); }
  void OnLost(const Lost& lost) override { sink_.OnLost(lost); }

 private:
  EventSink& sink_;
  Starts& starts_;
  Ended& ended_;
};

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

}  // namespace

// Keeps what comes from beside until the main source has told of the births before it.
class CompositeSource::Held : public EventSink {
 public:
  void OnFork(const Fork&) override {}
  void OnExec(const Exec&) override {}
  void OnExit(const Exit&) override {}
  void OnIdChange(const IdChange& change) override { events.emplace_back(change); }
  void OnSession(const Session& session) override { events.emplace_back(session); }
  void OnPtrace(const Ptrace& ptrace) override { events.emplace_back(ptrace); }
  void OnLost(const Lost& lost) override { events.emplace_back(lost); }

  std::vector<std::variant<IdChange, Session, Ptrace, Lost>> events;
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
  return main_->PrepareToSleep() && beside_->PrepareToSleep();
}

CompositeSource::~CompositeSource() = default;

// Beside first: whoever changed its ids was born before, and so the main source tells of it now at
// the latest. Who ends meanwhile is remembered until both are done.
Result<size_t> CompositeSource::Drain(EventSink& sink) {
  Result<size_t> from_beside = main_->has_more() ? size_t{0} : beside_->Drain(*held_);
  Noting noting(sink, starts_, ended_);
  Result<size_t> from_main = main_->Drain(noting);
  if (!main_->has_more()) HandHeld(sink);
  if (!from_main) return from_main;
  if (!from_beside) return from_beside;
  return *from_main + *from_beside;
}

void CompositeSource::HandHeld(EventSink& sink) {
  for (const auto& event : held_->events) {
    std::visit(
        [&](auto record) {
          if constexpr (requires { record.start_ns; }) {
            record.start_ns = StartOf(record.pid, record.time_ns);
            if (!record.start_ns && leaves_out_processes_) {
              ++left_out_;
            } else {
              Hand(sink, record);
            }
          } else {
            sink.OnLost(record);
          }
        },
        event);
  }
  held_->events.clear();
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
