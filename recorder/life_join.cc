#include "life_join.h"

#include <cstring>

namespace daybook {
namespace {

// As Join() of whole_life.h: what stands in two of the three must be the same.
bool AreAlike(const fork_event& fork, const exit_event& exit) {
  const process_ids& ids = exit.ids;
  return fork.flags == 0 && fork.ppid == exit.ppid &&
         fork.parent_start_ns == exit.parent_start_ns && fork.uid == ids.uid &&
         fork.euid == ids.euid && fork.gid == ids.gid && fork.egid == ids.egid &&
         fork.sid == ids.sid;
}

bool AreAlike(const exec_event& exec, const exit_event& exit) {
  return std::memcmp(&exec.ids, &exit.ids, sizeof(exec.ids)) == 0 &&
         std::strncmp(exec.comm, exit.comm, COMM_BYTES) == 0 && exec.exe_captured != 0;
}

}  // namespace

void LifeJoin::Add(const fork_event& fork) {
  if (BatchedLife* const parent = batch_.Find(fork.ppid, fork.parent_start_ns)) {
    parent->is_parent = true;
  }
  batch_.Add({.events = {.fork = &fork}, .start_ns = fork.start_ns, .pid = fork.pid});
}

void LifeJoin::Add(const exec_event& exec) {
  BatchedLife* const life = batch_.Find(exec.pid, exec.start_ns);
  if (life == nullptr) return;
  life->is_more = life->is_more || life->events.exec != nullptr;
  life->events.exec = &exec;
}

void LifeJoin::Add(const exit_event& exit) {
  if (BatchedLife* const life = batch_.Find(exit.pid, exit.start_ns)) life->events.exit = &exit;
}

void LifeJoin::Add(const comm_event& comm) {
  if (BatchedLife* const life = batch_.Find(comm.pid, comm.start_ns)) life->is_more = true;
}

bool LifeJoin::IsWhole(const BatchedLife& life) {
  const auto& [fork, exec, exit] = life.events;
  return exit != nullptr && !life.is_parent && !life.is_more && AreAlike(*fork, *exit) &&
         (exec == nullptr || AreAlike(*exec, *exit));
}

const LifeJoin::Events* LifeJoin::WholeLife(uint32_t pid, uint64_t start_ns) {
  const BatchedLife* const life = batch_.Find(pid, start_ns);
  return life != nullptr && IsWhole(*life) ? &life->events : nullptr;
}

}  // namespace daybook
