// The numbers of the records of one log: which have been seen, and which are missing between them.
// Pure logic.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "daybook/reader.h"

namespace daybook {

class Sequence {
 public:
  // The number behind all that have been seen; unknown before the first one.
  const std::optional<uint64_t>& next() const { return next_; }

  // `seq`, where the one that tells of the place of it is not unread: a later one has been seen,
  // but not that one.
  std::optional<uint64_t> PlaceOf(uint64_t seq, uint64_t told_by) const;

  // So many of the records that a gap tells of have neither been seen nor told as lost by another
  // one, as that of a copy.
  uint64_t LostIn(const Gap& gap) const;

  // Of numbers from one up to another, of all of which later ones have been seen. What was seen
  // before is repeated; what was not, since it was missing there or is from before all that was
  // seen, cannot be told in order any more.
  struct Late {
    uint64_t unordered = 0;
    uint64_t repeated = 0;
  };
  Late CountLate(uint64_t first_seq, uint64_t end_seq) const;

  // These are lost from now on.
  void TakeLost(const Gap& gap);

  // What is missing before a number.
  struct Jump {
    uint64_t records = 0;
    uint64_t told_by_gaps = 0;  // lost since the last number; more than that where a gap is wrong
    uint64_t first_seq = 0;

    uint64_t untold() const { return records > told_by_gaps ? records - told_by_gaps : 0; }
  };
  // The next record will have this number: a jump proves what is missing. nullopt where it is late.
  std::optional<Jump> GoOnWith(uint64_t next_seq);

  // Those before it have been seen.
  void SeeUpTo(uint64_t next_seq) { next_ = next_seq; }
  // Those before it are not missing, whether they have been seen or not.
  void LeaveOutUpTo(uint64_t next_seq);

 private:
  bool IsUnread(uint64_t seq) const;

  std::optional<uint64_t> first_;
  std::optional<uint64_t> next_;
  std::map<uint64_t, uint64_t> missing_;  // between these: from the number to another, without it
  uint64_t lost_in_gaps_ = 0;             // since the last number
  uint64_t lost_end_ = 0;                 // the number behind all of these; 0 without one
};

}  // namespace daybook
