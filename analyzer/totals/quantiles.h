// Percentiles of many numbers in little memory: a histogram with 64 classes for each power of two.
// What it answers differs from the true percentile by at most 1/128 of it (0.8 %); numbers below
// 128 are exact. Adding and merging lose nothing: parts give the same answer as the whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace daybook {

class Quantiles {
 public:
  // Each power of two has 2^kBits classes: numbers of a class are the same above their last bits.
  static constexpr uint32_t kBits = 6;

  void Add(uint64_t number) { AddTo(ClassOf(number), 1); }
  void Merge(const Quantiles& other);

  // So many numbers it was given.
  uint64_t count() const;

  // As bytes: of each class that has some, in order, how far its number is from that of the one
  // before, or from 0, and how many there are; both LEB128.
  std::string Packed() const;
  // The reverse, added to what is here. False, and nothing is added, where `packed` is malformed.
  bool MergePacked(std::string_view packed);

  // The number of which at least `percent` of all are no larger; nullopt where there are none.
  std::optional<uint64_t> At(uint32_t percent) const;

 private:
  static constexpr uint32_t kClassesOfPower = 1 << kBits;

  static uint32_t ClassOf(uint64_t number);
  static uint64_t MiddleOf(uint32_t no);
  void AddTo(uint32_t no, uint64_t count);
  void AddClass(uint32_t no);
  void MakeRoomFor(uint32_t power);
  template <class Function>
  void ForEachClass(Function&& function) const;

  // Of the powers of two from the first to the last that has some.
  uint64_t& Used(size_t power) { return words_[power]; }  // a bit for each class that has some
  uint64_t& CountsBegin(size_t power) { return words_[powers_ + power]; }
  // Behind those of lower classes: to find it takes no search. `bit` is its class's.
  size_t PlaceOfCount(size_t power, uint64_t bit);

  // All three of these, the counts last: there are many that have few, each of which takes one
  // piece of memory.
  std::vector<uint64_t> words_;
  uint32_t first_power_ = 0;
  uint32_t powers_ = 0;
};

}  // namespace daybook
