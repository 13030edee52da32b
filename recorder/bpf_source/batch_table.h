// What the events of one batch tell of each process. Open addressing, since most of a storm's time
// in here is misses of the cache.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace daybook {

// Entry has `pid` and `start_ns`. What refers to entries is valid until one is added.
template <class Entry>
class BatchTable {
 public:
  Entry& operator[](size_t index) { return entries_[index]; }
  const Entry& operator[](size_t index) const { return entries_[index]; }
  uint32_t IndexOf(const Entry& entry) const {
    return static_cast<uint32_t>(&entry - entries_.data());
  }

  // A new one has nothing but its process. An end often follows its birth, and reaps follow each
  // other as the births do: it is looked for at the last one and behind it before anywhere else.
  Entry& FindOrAdd(uint32_t pid, uint64_t start_ns) {
    for (size_t i = last_; i < std::min(last_ + 2, entries_.size()); ++i) {
      if (IsOf(entries_[i], pid, start_ns)) return entries_[last_ = i];
    }
    last_ = FindOrAddSlot(pid, start_ns) - 1;
    return entries_[last_];
  }

  // nullptr where there is none.
  Entry* Find(uint32_t pid, uint64_t start_ns) {
    if (slots_.empty()) return nullptr;
    const uint32_t slot = slots_[SlotOf(pid, start_ns)];
    return slot == 0 ? nullptr : &entries_[slot - 1];
  }

  void Clear() {
    if (entries_.empty()) return;
    const bool is_too_large = slots_.size() > kLeastSlots && slots_.size() > 16 * entries_.size();
    entries_.clear();
    last_ = 0;
    if (is_too_large) slots_.resize(kLeastSlots);  // for the next one; a storm is over
    std::fill(slots_.begin(), slots_.end(), 0);
  }

 private:
  static constexpr size_t kLeastSlots = 1024;

  uint32_t FindOrAddSlot(uint32_t pid, uint64_t start_ns) {
    if (slots_.size() < 2 * (entries_.size() + 1)) Grow();
    uint32_t& slot = slots_[SlotOf(pid, start_ns)];
    if (slot == 0) {
      Entry& entry = entries_.emplace_back();
      entry.pid = pid;
      entry.start_ns = start_ns;
      slot = static_cast<uint32_t>(entries_.size());
    }
    return slot;
  }

  // Where that process stands in slots_, or would.
  size_t SlotOf(uint32_t pid, uint64_t start_ns) const {
    constexpr uint64_t kMix = 0x9E3779B97F4A7C15;  // 2^64 by the golden ratio
    const size_t mask = slots_.size() - 1;
    size_t slot = (((start_ns ^ pid) * kMix) >> 32) & mask;
    while (slots_[slot] != 0 && !IsOf(entries_[slots_[slot] - 1], pid, start_ns)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  static bool IsOf(const Entry& entry, uint32_t pid, uint64_t start_ns) {
    return entry.pid == pid && entry.start_ns == start_ns;
  }

  void Grow() {
    slots_.assign(std::max(kLeastSlots, 2 * slots_.size()), 0);
    for (size_t i = 0; i < entries_.size(); ++i) {
      slots_[SlotOf(entries_[i].pid, entries_[i].start_ns)] = static_cast<uint32_t>(i + 1);
    }
  }

  std::vector<Entry> entries_;
  std::vector<uint32_t> slots_;  // a power of two; 0, or one more than the place in entries_
  size_t last_ = 0;              // in entries_, that was asked for
};

}  // namespace daybook
