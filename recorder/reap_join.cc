#include "reap_join.h"

#include <utility>

namespace daybook {
namespace {

// So many of the newest zombies are remembered at least; the reaps of older ones are not told.
constexpr size_t kMinUnreaped = 65536;

}  // namespace

void ReapJoin::Add(const reap_event& reap) {
  if (IsRemembered(reap.pid, reap.start_ns)) return;
  BatchedReap& batched = batch_.FindOrAdd(reap.pid, reap.start_ns);
  if (batched.event == nullptr) batched.event = &reap;
}

const reap_event* ReapJoin::Find(const exit_event& exit) {
  if (!reaps_are_told_) return nullptr;
  if (BatchedReap* const found = batch_.Find(exit.pid, exit.start_ns)) {
    found->is_joined = true;
    return found->event;
  }
  Remember(exit.pid, exit.start_ns);
  return nullptr;
}

// Another process that had the pid before has been reaped, whether that was seen or not.
void ReapJoin::Remember(uint32_t pid, uint64_t start_ns) {
  older_unreaped_.erase(pid);
  unreaped_[pid] = start_ns;
  if (unreaped_.size() >= kMinUnreaped) older_unreaped_ = std::exchange(unreaped_, {});
}

bool ReapJoin::IsRemembered(uint32_t pid, uint64_t start_ns) const {
  for (const Starts* starts : {&unreaped_, &older_unreaped_}) {
    const auto found = starts->find(pid);
    if (found != starts->end() && found->second == start_ns) return true;
  }
  return false;
}

bool ReapJoin::IsLate(const reap_event& reap) {
  if (IsRemembered(reap.pid, reap.start_ns)) {
    unreaped_.erase(reap.pid);
    older_unreaped_.erase(reap.pid);
    return true;
  }
  if (reap.start_ns >= others_until_ns_) return false;
  const BatchedReap* const batched = batch_.Find(reap.pid, reap.start_ns);
  return batched == nullptr || !batched->is_joined;
}

}  // namespace daybook
