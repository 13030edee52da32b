// Texts that come again and again, kept once and known by numbers.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "text/arena.h"

namespace daybook {

class RepeatedTexts {
 public:
  // Beyond about so much memory no more are added.
  explicit RepeatedTexts(size_t most_bytes = SIZE_MAX) : most_bytes_(most_bytes) {}

  // The number of a text that came lately, too, or was added before; null where it is not worth
  // one: it is short, or may never come again. Valid until the next call.
  const uint32_t* Find(std::string_view text) {
    if (text.size() < sizeof(uint64_t)) return nullptr;
    if (slots_.empty()) slots_.resize(kSlots);
    const uint64_t hash = Hash(text);
    Slot& slot = slots_[hash % kSlots];
    if (slot.number && texts_[*slot.number] == text) return &*slot.number;
    if (bytes() >= most_bytes_) return nullptr;
    if (slot.hash != hash) {
      slot = {.hash = hash, .number = std::nullopt};
      return nullptr;
    }
    slot.number = static_cast<uint32_t>(texts_.size());
    texts_.push_back(arena_.Keep(text));
    return &*slot.number;
  }

  std::string_view operator[](uint64_t number) const { return texts_[number]; }

  // About so much memory was taken for them.
  size_t bytes() const { return arena_.bytes() + texts_.size() * sizeof(texts_.front()); }

 private:
  static constexpr size_t kSlots = 4096;

  // Of those that share it, the one that came last.
  struct Slot {
    uint64_t hash = 0;
    std::optional<uint32_t> number;  // from its second coming on
  };

  // Of size, begin and end: those that differ only in between share a slot, which does no harm.
  static uint64_t Hash(std::string_view text) {
    constexpr uint64_t kOdd = 0x9E37'79B9'7F4A'7C15;
    uint64_t begin = 0;
    uint64_t end = 0;
    std::memcpy(&begin, text.data(), sizeof(begin));
    std::memcpy(&end, text.data() + text.size() - sizeof(end), sizeof(end));
    const uint64_t mixed = ((begin * kOdd) ^ end ^ text.size() << 32) * kOdd;
    return mixed ^ mixed >> 32;
  }

  size_t most_bytes_;
  Arena arena_;
  std::vector<std::string_view> texts_;
  std::vector<Slot> slots_;
};

}  // namespace daybook
