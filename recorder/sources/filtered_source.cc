#include "sources/filtered_source.h"

#include <algorithm>
#include <utility>

#include "sources/connector_processes.h"

namespace daybook {
namespace {

uint64_t Age(uint64_t time_ns, uint64_t start_ns) { return time_ns - std::min(time_ns, start_ns); }

class FilteringSink : public EventSink {
 public:
  FilteringSink(EventSink& sink, uint32_t events, JudgedProcesses& judged, FilteredEvents& filtered)
      : sink_(sink), events_(events), judged_(judged), filtered_(filtered) {}

  void OnFork(const Fork& fork) override {
    if (IsTold(judged_.IsTold(fork), kTypeFork, filtered_.forks)) sink_.OnFork(fork);
  }
  void OnExec(const Exec& exec) override {
    const bool is_told = TellBirths(judged_.Judge(exec));
    if (IsTold(is_told, kTypeExec, filtered_.execs)) sink_.OnExec(exec);
  }
  void OnExit(const Exit& exit) override {
    const bool is_told = TellBirths(judged_.Judge(exit));
    if (IsTold(is_told, kTypeExit, filtered_.exits)) sink_.OnExit(exit);
  }
  // Its end has been counted.
  void OnReap(const Reap& reap) override {
    if (judged_.IsTold(reap) && (events_ & kTypeExit) != 0) sink_.OnReap(reap);
  }
  void OnIdChange(const IdChange& change) override {
    judged_.Note(change);
    if (IsChangeTold(change, kTypeId)) sink_.OnIdChange(change);
  }
  void OnSession(const Session& session) override {
    if (IsChangeTold(session, kTypeSession)) sink_.OnSession(session);
  }
  void OnCommChange(const CommChange& change) override {
    if (IsChangeTold(change, kTypeComm)) sink_.OnCommChange(change);
  }
  void OnPtrace(const Ptrace& ptrace) override {
    if (IsChangeTold(ptrace, kTypePtrace)) sink_.OnPtrace(ptrace);
  }
  void OnCgroup(const CgroupPath& cgroup) override {
    if (IsTold(true, kTypeCgroup, filtered_.others)) sink_.OnCgroup(cgroup);
  }
  void OnLost(const Lost& lost) override { sink_.OnLost(lost); }
  void OnGap(const RecordingGap& gap) override { sink_.OnGap(gap); }
  void OnNewIdentity() override { sink_.OnNewIdentity(); }
  void OnNewAbilities(uint64_t since_ns) override { sink_.OnNewAbilities(since_ns); }
  void OnForkCounts(const Audit& counts) override { sink_.OnForkCounts(counts); }
  void OnResync() override { sink_.OnResync(); }

 private:
  bool IsTold(bool is_followed, uint32_t type, uint64_t& count) const {
    const bool is_told = is_followed && (events_ & type) != 0;
    if (!is_told) ++count;
    return is_told;
  }
  template <class Change>
  bool IsChangeTold(const Change& change, uint32_t type) const {
    return IsTold(judged_.IsFollowed(change.pid, change.start_ns), type, filtered_.others);
  }
  // They were counted as left out until now.
  bool TellBirths(const JudgedProcesses::Verdict& verdict) const {
    if ((events_ & kTypeFork) == 0) return verdict.is_told;
    for (const Fork& birth : verdict.births) {
      --filtered_.forks;
      sink_.OnFork(birth);
    }
    return verdict.is_told;
  }

  EventSink& sink_;
  uint32_t events_;
  JudgedProcesses& judged_;
  FilteredEvents& filtered_;
};

class FilteringLiving : public SnapshotSink {
 public:
  FilteringLiving(SnapshotSink& sink, JudgedProcesses& judged, uint64_t time_ns)
      : sink_(sink), judged_(judged), time_ns_(time_ns) {}
  void OnProcess(const SnapProc& process) override {
    if (judged_.IsTold(process, time_ns_)) sink_.OnProcess(process);
  }
  bool wants_args() const override { return sink_.wants_args(); }

 private:
  SnapshotSink& sink_;
  JudgedProcesses& judged_;
  uint64_t time_ns_;
};

}  // namespace

JudgedProcesses::Process* JudgedProcesses::Find(uint32_t pid, uint64_t start_ns) {
  const auto found = processes_.find(pid);
  const bool is_it = found != processes_.end() && IsSameStart(found->second.start_ns, start_ns);
  return is_it ? &found->second : nullptr;
}

void JudgedProcesses::Forget(uint32_t pid, uint64_t start_ns) {
  if (Find(pid, start_ns) != nullptr) processes_.erase(pid);
}

bool JudgedProcesses::IsFollowed(uint32_t pid, std::optional<uint64_t> start_ns) const {
  if (!filter_.LeavesOutProcesses()) return true;
  const auto found = processes_.find(pid);
  return found != processes_.end() && found->second.is_followed &&
         (!start_ns || IsSameStart(found->second.start_ns, *start_ns));
}

// Whether it has passed, or does so now and is followed from then on.
bool JudgedProcesses::Follow(uint32_t pid, uint64_t start_ns, const FilteredProcess& process) {
  if (IsFollowed(pid, start_ns)) return true;
  Process* const known = Find(pid, start_ns);
  const bool passes = Passes(filter_, process);
  if (known != nullptr) {
    known->is_followed = passes;
    known->newest = process;
  } else if (passes) {
    // Where that number is a younger one's by now, this is a late end, and nothing follows it.
    Process& other = processes_[pid];
    if (other.start_ns <= start_ns) {
      other = {.start_ns = start_ns, .is_followed = true, .birth = {}, .newest = process};
    }
  }
  return passes;
}

JudgedProcesses::Verdict JudgedProcesses::Judge(uint32_t pid, uint64_t start_ns,
                                                const FilteredProcess& process) {
  if (!Follow(pid, start_ns, process)) return {};
  Process* const known = Find(pid, start_ns);
  return {.is_told = true, .births = known != nullptr ? TakeBirths(*known) : std::vector<Fork>()};
}

// Its own and those above it, from the top down; above a followed one they have been told before.
std::vector<Fork> JudgedProcesses::TakeBirths(Process& process) {
  std::vector<Fork> births;
  for (Process* at = &process; at->birth;) {
    births.push_back(*std::exchange(at->birth, std::nullopt));
    const Fork& birth = births.back();
    Process* const parent =
        birth.parent_start_ns ? Find(birth.ppid, *birth.parent_start_ns) : nullptr;
    if (parent == nullptr || parent->is_followed) break;
    FilteredProcess grown = parent->newest;
    grown.age_ns = filter_.min_lifetime_ns;
    if (!Passes(filter_, grown)) break;
    parent->is_followed = true;
    at = parent;
  }
  std::ranges::reverse(births);
  return births;
}

bool JudgedProcesses::IsTold(const Fork& fork) {
  if (!filter_.LeavesOutProcesses()) return true;
  const FilteredProcess process{.uid = fork.uid,
                                .is_kernel_thread = (fork.flags & kProcKernelThread) != 0};
  const bool is_told = filter_.PassesForGood() && Passes(filter_, process);
  Process& born = processes_[fork.pid];  // another one had that number
  born = {.start_ns = fork.time_ns, .is_followed = is_told, .birth = {}, .newest = process};
  if (!is_told && !filter_.only_failed) born.birth = fork;
  return is_told;
}

// A kernel thread that executes a program is none any more.
JudgedProcesses::Verdict JudgedProcesses::Judge(const Exec& exec) {
  return Judge(exec.pid, exec.start_ns,
               {.uid = exec.uid, .age_ns = Age(exec.time_ns, exec.start_ns)});
}

// Where its reap may follow, it is remembered until then, or until its number is used again.
JudgedProcesses::Verdict JudgedProcesses::Judge(const Exit& exit) {
  Verdict verdict = Judge(exit.pid, exit.start_ns,
                          {.uid = exit.uid,
                           .is_kernel_thread = (exit.flags & kProcKernelThread) != 0,
                           .age_ns = Age(exit.time_ns, exit.start_ns),
                           .has_failed = exit.wait_status != 0});
  const bool is_exact = (exit.flags & kProcUsageExact) != 0;
  if (!verdict.is_told || is_exact) Forget(exit.pid, exit.start_ns);
  return verdict;
}

bool JudgedProcesses::IsTold(const SnapProc& process, uint64_t time_ns) {
  const bool is_told = Follow(process.pid, process.start_ns,
                              {.uid = process.uid,
                               .is_kernel_thread = (process.flags & kProcKernelThread) != 0,
                               .age_ns = Age(time_ns, process.start_ns)});
  Process* const known = Find(process.pid, process.start_ns);
  if (is_told && known != nullptr) known->birth.reset();
  return is_told;
}

bool JudgedProcesses::IsTold(const Reap& reap) {
  const bool is_told = IsFollowed(reap.pid, reap.start_ns);
  Forget(reap.pid, reap.start_ns);
  return is_told;
}

void JudgedProcesses::Note(const IdChange& change) {
  const auto found = processes_.find(change.pid);
  if (found == processes_.end() || !change.uid) return;
  const bool is_it = !change.start_ns || IsSameStart(found->second.start_ns, *change.start_ns);
  if (is_it) found->second.newest.uid = change.uid;
}

Result<size_t> FilteredSource::Drain(EventSink& sink) {
  FilteringSink filtering(sink, filter_.events, judged_, filtered_);
  return source_->Drain(filtering);
}

Status FilteredSource::Snapshot(SnapshotSink& sink) {
  FilteringLiving filtering(sink, judged_, source_->ReadClock().time_ns);
  return source_->Snapshot(filtering);
}

SourceCounters FilteredSource::counters() const {
  SourceCounters counters = source_->counters();
  FilteredEvents filtered = filtered_;
  if (counters.filtered) filtered.others += counters.filtered->Sum();  // before this one
  counters.filtered = filtered;
  return counters;
}

}  // namespace daybook
