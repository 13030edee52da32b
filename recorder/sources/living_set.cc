#include "sources/living_set.h"

#include <algorithm>
#include <utility>

#include "sources/connector_processes.h"

namespace daybook {
namespace {

void Keep(const std::optional<std::string_view>& text, std::optional<std::string>* copy) {
  if (text) copy->emplace(*text);
}

}  // namespace

bool LivingSet::IsOf(const Process& known, uint64_t start_ns, uint32_t flags) {
  const uint64_t known_ns = known.record.start_ns;
  const bool is_coarse = ((known.record.flags | flags) & kProcCoarseStart) != 0;
  const uint64_t difference = std::max(known_ns, start_ns) - std::min(known_ns, start_ns);
  return difference <= (is_coarse ? kConnectorStartToleranceNs : 0);
}

void LivingSet::Begin(const SnapBegin& begin) {
  ++snapshot_no_;
  // One that has no end may have brought news, too.
  snapshot_ = {.begin_ns = begin.time_ns, .has_news = snapshot_.has_news};
}

// Strings of the event do not outlive it: only the copies are told.
void LivingSet::Apply(const SnapProc& process) {
  Process& known = by_pid_[process.pid];
  if (known.record.pid != process.pid || !IsOf(known, process.start_ns, process.flags)) {
    known = {};
    snapshot_.has_news = true;
  }
  ++snapshot_.processes;
  known.snapshot_no = snapshot_no_;
  known.record = process;
  known.record.cpu_us.reset();  // who tells of it later does not know it
  Keep(process.comm, &known.comm);
  Keep(process.exe, &known.exe);
  Keep(process.args, &known.args);
}

// One that is not whole says of nobody that he has ended.
bool LivingSet::End(const SnapEnd& end) {
  const Snapshot snapshot = std::exchange(snapshot_, {});
  if (snapshot.processes != end.process_count) return snapshot.has_news;
  const size_t ended = std::erase_if(by_pid_, [&](const auto& entry) {
    const Process& known = entry.second;
    const bool is_coarse = (known.record.flags & kProcCoarseStart) != 0;
    const uint64_t born_ns = known.record.start_ns + (is_coarse ? kConnectorStartToleranceNs : 0);
    return known.snapshot_no != snapshot_no_ && born_ns < snapshot.begin_ns;
  });
  return snapshot.has_news || ended != 0;
}

// The child runs its parent's program until it executes another.
void LivingSet::Apply(const Fork& fork) {
  Process child;
  const auto parent = by_pid_.find(fork.ppid);
  if (parent != by_pid_.end() && parent->second.record.start_ns == fork.parent_start_ns) {
    child = parent->second;
  }
  child.snapshot_no = 0;
  child.record.pid = fork.pid;
  child.record.start_ns = fork.time_ns;
  child.record.flags = fork.flags | (execs_are_told_ ? kProcNeverExeced : 0);
  child.record.ppid = fork.ppid;
  child.record.parent_start_ns = fork.parent_start_ns;
  child.record.uid = fork.uid;
  child.record.euid = fork.euid;
  child.record.gid = fork.gid;
  child.record.egid = fork.egid;
  child.record.sid = fork.sid;
  child.record.namespace_level = fork.namespace_level;
  child.record.namespace_pid = fork.namespace_pid;
  by_pid_[fork.pid] = std::move(child);
}

void LivingSet::Apply(const Exec& exec) {
  Process& known = by_pid_[exec.pid];
  if (known.record.start_ns != exec.start_ns) {
    known = {};
    known.record.pid = exec.pid;
    known.record.start_ns = exec.start_ns;
  }
  known.record.flags &= ~kProcNeverExeced;
  known.record.uid = exec.uid;
  known.record.euid = exec.euid;
  known.record.suid = exec.suid;
  known.record.gid = exec.gid;
  known.record.egid = exec.egid;
  known.record.sgid = exec.sgid;
  known.record.login_uid = exec.login_uid;
  known.record.sid = exec.sid;
  known.record.tty = exec.tty;
  known.record.cgroup_id = exec.cgroup_id;
  known.record.args_bytes = exec.args_bytes;
  known.comm = exec.comm;
  known.exe = exec.exe;
  known.args = exec.args;
}

void LivingSet::Apply(const Exit& exit) {
  const auto known = by_pid_.find(exit.pid);
  if (known != by_pid_.end() && IsOf(known->second, exit.start_ns)) by_pid_.erase(known);
}

void LivingSet::Apply(const CommChange& change) {
  const auto known = by_pid_.find(change.pid);
  if (known == by_pid_.end()) return;
  if (!change.start_ns || known->second.record.start_ns == change.start_ns) {
    known->second.comm = change.comm;
  }
}

void LivingSet::Tell(SnapshotSink& sink) const {
  for (const auto& [pid, process] : by_pid_) {
    SnapProc record = process.record;
    record.comm = process.comm;
    record.exe = process.exe;
    record.args = process.args;
    sink.OnProcess(record);
  }
}

}  // namespace daybook
