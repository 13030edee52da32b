#include "reap_join.h"

namespace daybook {
namespace {

// Zombies that are remembered; the reaps of more are not told.
constexpr size_t kMaxUnreaped = 65536;

}  // namespace

void ReapJoin::Add(const reap_event& reap) {
  const auto late = unreaped_.find(reap.pid);
  if (late != unreaped_.end() && late->second == reap.start_ns) return;
  batch_.emplace(Process{.pid = reap.pid, .start_ns = reap.start_ns}, BatchedReap{&reap});
}

const reap_event* ReapJoin::Find(const exit_event& exit) {
  if (!reaps_are_told_) return nullptr;
  const auto found = batch_.find({.pid = exit.pid, .start_ns = exit.start_ns});
  if (found != batch_.end()) return found->second.is_joined = true, found->second.event;
  // Another process that had the pid before has been reaped, whether that was seen or not.
  const bool is_known = unreaped_.contains(exit.pid);
  if (is_known || unreaped_.size() < kMaxUnreaped) unreaped_[exit.pid] = exit.start_ns;
  return nullptr;
}

bool ReapJoin::IsLate(const reap_event& reap) {
  const auto late = unreaped_.find(reap.pid);
  if (late != unreaped_.end() && late->second == reap.start_ns) {
    unreaped_.erase(late);
    return true;
  }
  if (reap.start_ns >= others_until_ns_) return false;
  const auto batched = batch_.find({.pid = reap.pid, .start_ns = reap.start_ns});
  return batched == batch_.end() || !batched->second.is_joined;
}

}  // namespace daybook
