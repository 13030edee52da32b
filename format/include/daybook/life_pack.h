// Several whole lives in one record, LIVES: each tells only in what it is unlike one of the few
// before it, of which there mostly is one that is nearly the same.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "daybook/codec.h"
#include "daybook/reader.h"
#include "daybook/records.h"

namespace daybook {

// A life may be told by one of so many before it: there may be as many parents at work.
inline constexpr size_t kLivesLookedAt = 4;

// Lives are added until one is refused; then what there is is to be taken, and the packer cleared.
class LifePacker {
 public:
  LifePacker() = default;
  LifePacker(const LifePacker&) = delete;
  LifePacker& operator=(const LifePacker&) = delete;

  // Its record, with its numbers as they usually are, is not longer than a payload in one piece.
  static constexpr size_t kMaxBytes = 236;

  // False where it does not fit behind the others, or ended before the first of them, and from then
  // on until Clear; alone, where it is too long to be packed at all.
  bool Add(const WholeLife& life);
  // Strings of these point in here, and are valid until Clear.
  Lives lives() const;
  const WholeLife& last() const { return told_[(count_ - 1) % kLivesLookedAt]; }

  uint32_t count() const { return count_; }
  void Clear();

 private:
  // Room for one life that turns out not to fit: its length, its key and its fields; strings' own
  // bytes are no more than kMaxBytes.
  static constexpr size_t kMaxLifeBytes =
      1 + kMaxVarintBytes + internal::kFieldCount<WholeLife> * kMaxVarintBytes;

  size_t FindAlike(const WholeLife& life) const;

  // Strings of these point into bytes_.
  std::array<WholeLife, kLivesLookedAt> told_;
  uint32_t count_ = 0;
  uint32_t execs_ = 0;
  bool is_full_ = false;
  uint64_t first_time_ns_ = 0;
  uint64_t last_time_ns_ = 0;
  uint32_t first_pid_ = 0;
  size_t size_ = 0;
  std::array<uint8_t, 2 * kMaxBytes + kMaxLifeBytes> bytes_;
};

// Takes the lives of such a record apart.
class LifeUnpacker {
 public:
  // `lives` was read in a segment with that tick; what its string points to must stay.
  void Begin(const Lives& lives, uint32_t tick_ns);

  // Sets every member of `life` to those of the next one. False where there is none, or what
  // follows is malformed. The last kLivesLookedAt that were set are to stay as they are: others are
  // told by them.
  [[nodiscard]] bool Next(WholeLife* life);
  // Behind the last one: false where the record is malformed.
  bool ok() const { return is_ok_; }

 private:
  bool Fail();

  std::span<const uint8_t> rest_;
  uint32_t count_ = 0;
  uint32_t told_count_ = 0;
  bool is_ok_ = true;
  BlockBase base_;
  std::array<const WholeLife*, kLivesLookedAt> told_{};
};

// Calls `take` with each life that a record tells, a LIFE or LIVES; each is valid while it is
// taken. False where it is another record, or malformed: then those before what is wrong were
// taken.
template <class Function>
bool ForEachLife(const RecordView& record, Function&& take) {
  if (WholeLife life; record.As(&life)) {
    take(life);
    return true;
  }
  Lives lives;
  if (!record.As(&lives)) return false;
  std::array<WholeLife, kLivesLookedAt> told;
  LifeUnpacker unpacker;
  unpacker.Begin(lives, record.base.tick_ns);
  for (size_t i = 0; unpacker.Next(&told[i % told.size()]); ++i) take(told[i % told.size()]);
  return unpacker.ok();
}

}  // namespace daybook
