#include "sources/connector_processes.h"

#include <utility>

namespace daybook {
namespace {

constexpr uint32_t kCoreDumped = 0x80;  // of a wait status

// A child of a process with one thread begins as its copy. Of several threads any may have called
// fork, and each may have ids and a name of its own.
void Inherit(const ConnectorProcess& parent, ConnectorProcess& child) {
  child.sid = parent.sid;
  if (!parent.HasOneThread()) return;
  child.uid = parent.uid;
  child.euid = parent.euid;
  child.suid = parent.suid;
  child.gid = parent.gid;
  child.egid = parent.egid;
  child.sgid = parent.sgid;
  child.comm = parent.comm;
}

}  // namespace

// Only the thread that dumps the core has the bit for certain.
std::optional<uint32_t> ConnectorProcess::WaitStatus() const {
  if (core_code && last_code && (*last_code | kCoreDumped) == *core_code) return core_code;
  return last_code;
}

ConnectorProcess& ConnectorProcesses::Begin(uint32_t pid, uint32_t ppid, uint64_t time_ns,
                                            Delivery delivery) {
  const auto [place, is_new] = living_.try_emplace(pid);
  ConnectorProcess& process = place->second.process;
  // The snapshot was faster than the event.
  if (!is_new && !process.birth_seen && IsSameStart(process.start_ns, time_ns)) {
    process.start_ns = time_ns;
    process.birth_seen = true;
    return process;
  }
  replaced_.erase(pid);
  if (!is_new && delivery == Delivery::kComplete) {
    replaced_.emplace(pid, std::exchange(process, ConnectorProcess()));
  }
  place->second = {};
  process.start_ns = time_ns;
  process.birth_seen = true;
  process.never_execed = true;
  process.ppid = ppid;
  if (const ConnectorProcess* parent = Find(ppid)) Inherit(*parent, process);
  return process;
}

void ConnectorProcesses::AddThread(uint32_t pid, uint32_t tid) {
  if (ConnectorProcess* process = Find(pid)) process->threads.insert(tid);
}

ConnectorProcess* ConnectorProcesses::Exec(uint32_t pid, uint64_t time_ns) {
  ConnectorProcess* process = Find(pid);
  if (process == nullptr) return nullptr;
  process->has_leader = true;
  process->threads.clear();
  process->exec_ns = time_ns;
  process->last_code.reset();
  process->core_code.reset();
  process->never_execed = false;
  process->comm.reset();
  process->suid = process->euid;  // execve(2)
  process->sgid = process->egid;
  return process;
}

std::optional<ConnectorProcess> ConnectorProcesses::Leave(uint32_t pid, uint32_t tid, uint32_t code,
                                                          uint64_t time_ns) {
  if (const auto late = replaced_.find(pid); late != replaced_.end()) {
    const ConnectorProcess& old = late->second;
    if ((tid == pid && old.has_leader) || old.threads.contains(tid)) {
      auto ended = Leave(late->second, tid == pid, tid, code, time_ns);
      if (ended) replaced_.erase(late);
      return ended;
    }
  }
  const auto found = living_.find(pid);
  if (found == living_.end()) return std::nullopt;
  auto ended = Leave(found->second.process, tid == pid, tid, code, time_ns);
  if (ended) living_.erase(found);
  return ended;
}

// An EXIT comes after the kernel is done with the thread, perhaps after the EXEC of another that
// took over the leader's number: what is older than the EXEC, or than the birth, is not the end.
std::optional<ConnectorProcess> ConnectorProcesses::Leave(ConnectorProcess& process, bool is_leader,
                                                          uint32_t tid, uint32_t code,
                                                          uint64_t time_ns) {
  if (time_ns < process.start_ns || time_ns < process.exec_ns) return std::nullopt;
  if (!is_leader && process.threads.erase(tid) == 0) return std::nullopt;
  if (is_leader) process.has_leader = false;
  process.last_code = code;
  if (code & kCoreDumped) process.core_code = code;
  if (process.has_leader || !process.threads.empty()) return std::nullopt;
  return std::move(process);
}

ConnectorProcess* ConnectorProcesses::Find(uint32_t pid) {
  const auto found = living_.find(pid);
  return found == living_.end() ? nullptr : &found->second.process;
}

std::optional<uint64_t> ConnectorProcesses::StartOf(uint32_t pid) const {
  const auto found = living_.find(pid);
  return found == living_.end() ? std::nullopt : std::optional(found->second.process.start_ns);
}

// A younger one only has the parent's number.
std::optional<uint32_t> ConnectorProcesses::ParentOf(const ConnectorProcess& ended) const {
  const auto start_ns = StartOf(ended.ppid);
  if (!start_ns || *start_ns > ended.start_ns) return std::nullopt;
  return ended.ppid;
}

uint64_t ConnectorProcesses::Found(uint32_t pid, ConnectorProcess found, Delivery delivery) {
  const auto [place, is_new] = living_.try_emplace(pid);
  ConnectorProcess& known = place->second.process;
  place->second.found = true;
  if (!is_new && IsSameStart(known.start_ns, found.start_ns)) {
    found.start_ns = known.start_ns;
    found.birth_seen = known.birth_seen;
    found.exec_ns = known.exec_ns;
    found.last_code = known.last_code;
    found.core_code = known.core_code;
  } else if (!is_new && delivery == Delivery::kComplete) {
    return found.start_ns;
  }
  known = std::move(found);
  return known.start_ns;
}

void ConnectorProcesses::EndSnapshot() {
  constexpr uint32_t kEnough = 2;
  for (auto entry = living_.begin(); entry != living_.end();) {
    const bool found = std::exchange(entry->second.found, false);
    entry->second.missed_by = found ? 0 : entry->second.missed_by + 1;
    entry = entry->second.missed_by >= kEnough ? living_.erase(entry) : std::next(entry);
  }
}

}  // namespace daybook
