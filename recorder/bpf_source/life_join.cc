#include "bpf_source/life_join.h"

#include <cstring>

namespace daybook {
namespace {

// As Join() of whole_life.h: what stands in two of the three must be the same.
bool AreAlike(const fork_event& fork, const exit_event& exit) {
  const process_ids& ids = exit.ids;
  return fork.flags == 0 && fork.start_ns <= exit.time_ns && fork.ppid == exit.ppid &&
         fork.parent_start_ns == exit.parent_start_ns && fork.uid == ids.uid &&
         fork.euid == ids.euid && fork.gid == ids.gid && fork.egid == ids.egid &&
         fork.sid == ids.sid;
}

bool AreAlike(const exec_event& exec, const exit_event& exit) {
  return std::memcmp(&exec.ids, &exit.ids, sizeof(exec.ids)) == 0 &&
         std::strncmp(exec.comm, exit.comm, COMM_BYTES) == 0 && exec.exe_captured != 0 &&
         exec.time_ns >= exit.start_ns;
}

bool IsAllKnown(const usage& used) {
  return used.rchar != USAGE_UNKNOWN && used.wchar != USAGE_UNKNOWN &&
         used.read_bytes != USAGE_UNKNOWN && used.write_bytes != USAGE_UNKNOWN;
}

}  // namespace

usage UsageAtEnd(const exit_event& exit, const reap_event* reap) {
  if (reap == nullptr) return exit.usage;
  usage used = reap->usage;
  if (used.rchar == USAGE_UNKNOWN) {
    used.rchar = exit.usage.rchar;
    used.wchar = exit.usage.wchar;
  }
  if (used.read_bytes == USAGE_UNKNOWN) {
    used.read_bytes = exit.usage.read_bytes;
    used.write_bytes = exit.usage.write_bytes;
  }
  return used;
}

// The parent's own birth may be told behind it, where a filter has kept that.
uint32_t LifeJoin::Add(const fork_event& fork) {
  BatchedLife& parent = ParentOf(fork);
  parent.is_parent = true;
  parent.renamed_at = 0;
  BatchedLife& life = batch_.FindOrAdd(fork.pid, fork.start_ns);
  life.events.fork = &fork;
  life.forked_at = ++events_;
  return batch_.IndexOf(life);
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

uint32_t LifeJoin::Add(const exec_event& exec) {
  BatchedLife& life = batch_.FindOrAdd(exec.pid, exec.start_ns);
  life.is_more = life.is_more || life.events.exec != nullptr;
  life.events.exec = &exec;
  life.execed_at = ++events_;
  life.renamed_at = 0;
  return batch_.IndexOf(life);
}

uint32_t LifeJoin::Add(const exit_event& exit) {
  BatchedLife& life = batch_.FindOrAdd(exit.pid, exit.start_ns);
  if (life.events.exit == nullptr && life.events.reap == nullptr) ++without_reap_;
  life.events.exit = &exit;
  life.ended_at = ++events_;
  life.renamed_at = 0;
  return batch_.IndexOf(life);
}

uint32_t LifeJoin::Add(const reap_event& reap) {
  BatchedLife& life = batch_.FindOrAdd(reap.pid, reap.start_ns);
  SetReap(reap, life);
  return batch_.IndexOf(life);
}

bool LifeJoin::AddFromNext(const reap_event& reap) {
  BatchedLife* const life = batch_.Find(reap.pid, reap.start_ns);
  return life != nullptr && life->events.exit != nullptr && SetReap(reap, *life);
}

// The first one.
bool LifeJoin::SetReap(const reap_event& reap, BatchedLife& life) {
  if (life.events.reap != nullptr) return false;
  life.events.reap = &reap;
  if (life.events.exit != nullptr) --without_reap_;
  return true;
}

uint32_t LifeJoin::Add(const comm_event& comm) {
  BatchedLife& life = batch_.FindOrAdd(comm.pid, comm.start_ns);
  life.is_more = true;
  return batch_.IndexOf(life);
}

LifeJoin::Verdict LifeJoin::Judge(const BatchedLife& life) {
  const auto& [fork, exec, exit, reap] = life.events;
  const bool is_all_there = fork != nullptr && exit != nullptr;
  if (!is_all_there || life.is_parent || life.is_more) return Verdict::kParts;
  if (!AreAlike(*fork, *exit) || (exec != nullptr && !AreAlike(*exec, *exit))) {
    return Verdict::kParts;
  }
  if (!IsAllKnown(UsageAtEnd(*exit, reap))) return Verdict::kParts;
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

void LifeJoin::EndBatch() {
  batch_.Clear();
  events_ = 0;
  without_reap_ = 0;
  last_parent_ = SIZE_MAX;
}

}  // namespace daybook
