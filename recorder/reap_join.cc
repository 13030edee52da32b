#include "reap_join.h"

#include <algorithm>
#include <utility>

namespace daybook {
namespace {

// So many of the newest zombies are remembered at least; the reaps of older ones are not told.
constexpr size_t kMinUnreaped = 65536;

constexpr size_t kLeastSlots = 1024;

}  // namespace

void ReapJoin::Add(const reap_event& reap) {
  if (IsRemembered(reap.pid, reap.start_ns)) return;
  if (slots_.size() < 2 * (batch_.size() + 1)) Grow();
  uint32_t& slot = slots_[SlotOf(reap.pid, reap.start_ns)];
  if (slot != 0) return;
  batch_.push_back({.event = &reap, .start_ns = reap.start_ns, .pid = reap.pid});
  slot = static_cast<uint32_t>(batch_.size());
}

size_t ReapJoin::SlotOf(uint32_t pid, uint64_t start_ns) const {
  constexpr uint64_t kMix = 0x9E3779B97F4A7C15;  // 2^64 by the golden ratio
  const size_t mask = slots_.size() - 1;
  size_t slot = (((start_ns ^ pid) * kMix) >> 32) & mask;
  while (slots_[slot] != 0 && !batch_[slots_[slot] - 1].IsOf(pid, start_ns)) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

void ReapJoin::Grow() {
  slots_.assign(std::max(kLeastSlots, 2 * slots_.size()), 0);
  for (size_t i = 0; i < batch_.size(); ++i) {
    slots_[SlotOf(batch_[i].pid, batch_[i].start_ns)] = static_cast<uint32_t>(i + 1);
  }
}

ReapJoin::BatchedReap* ReapJoin::Batched(uint32_t pid, uint64_t start_ns) {
  if (batch_.empty()) return nullptr;
  const uint32_t found = slots_[SlotOf(pid, start_ns)];
  return found == 0 ? nullptr : &batch_[found - 1];
}

void ReapJoin::EndBatch() {
  if (batch_.empty()) return;
  const bool is_too_large = slots_.size() > kLeastSlots && slots_.size() > 16 * batch_.size();
  batch_.clear();
  if (is_too_large) slots_.resize(kLeastSlots);  // for the next one; a storm is over
  std::fill(slots_.begin(), slots_.end(), 0);
}

const reap_event* ReapJoin::Find(const exit_event& exit) {
  if (!reaps_are_told_) return nullptr;
  if (BatchedReap* const found = Batched(exit.pid, exit.start_ns)) {
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
  const BatchedReap* const batched = Batched(reap.pid, reap.start_ns);
  return batched == nullptr || !batched->is_joined;
}

}  // namespace daybook
