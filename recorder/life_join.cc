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

// The parent's own birth may be told behind it, where a filter has kept that.
void LifeJoin::Add(const fork_event& fork) {
  ParentOf(fork).is_parent = true;
  BatchedLife& life = batch_.FindOrAdd(fork.pid, fork.start_ns);
  life.events.fork = &fork;
  Note(&fork, life);
  life.forked_at = Number();
}

// In a storm they have few.
LifeJoin::BatchedLife& LifeJoin::ParentOf(const fork_event& fork) {
  if (last_parent_ != SIZE_MAX) {
    BatchedLife& last = batch_[last_parent_];
    if (last.pid == fork.ppid && last.start_ns == fork.parent_start_ns) return last;
  }
  BatchedLife& parent = batch_.FindOrAdd(fork.ppid, fork.parent_start_ns);
  last_parent_ = batch_.IndexOf(parent);
  return parent;
}

void LifeJoin::Add(const exec_event& exec) {
  BatchedLife& life = batch_.FindOrAdd(exec.pid, exec.start_ns);
  life.is_more = life.is_more || life.events.exec != nullptr;
  life.events.exec = &exec;
  Note(&exec, life);
  life.execed_at = Number();
}

void LifeJoin::Add(const exit_event& exit) {
  BatchedLife& life = batch_.FindOrAdd(exit.pid, exit.start_ns);
  life.events.exit = &exit;
  Note(&exit, life);
  life.ended_at = Number();
}

void LifeJoin::Add(const comm_event& comm) {
  batch_.FindOrAdd(comm.pid, comm.start_ns).is_more = true;
}

LifeJoin::Verdict LifeJoin::Judge(const BatchedLife& life) {
  const auto& [fork, exec, exit] = life.events;
  const bool is_all_there = fork != nullptr && exit != nullptr;
  if (!is_all_there || life.is_parent || life.is_more) return Verdict::kParts;
  if (!AreAlike(*fork, *exit) || (exec != nullptr && !AreAlike(*exec, *exit))) {
    return Verdict::kParts;
  }
  return IsParentTheSame(life) ? Verdict::kWhole : Verdict::kParts;
}

// From its child's birth to its child's end.
bool LifeJoin::IsParentTheSame(const BatchedLife& life) {
  const BatchedLife& parent = ParentOf(*life.events.fork);
  const auto is_between = [&life](uint32_t at) {
    return at > life.forked_at && at < life.ended_at;
  };
  return !parent.is_more && !is_between(parent.execed_at) && !is_between(parent.ended_at);
}

// One that was not added is of none.
const LifeJoin::Events* LifeJoin::LifeOf(const void* event) {
  if (next_ == told_.size() || told_[next_].event != event) return nullptr;
  BatchedLife& life = batch_[told_[next_++].life];
  if (life.verdict == Verdict::kNone) life.verdict = Judge(life);
  return life.verdict == Verdict::kWhole ? &life.events : nullptr;
}

void LifeJoin::EndBatch() {
  batch_.Clear();
  told_.clear();
  next_ = 0;
  last_parent_ = SIZE_MAX;
}

}  // namespace daybook
