#include "log/sequence.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace daybook {

// A later number has been seen, but not this one.
bool Sequence::IsUnread(uint64_t seq) const {
  if (seq >= next_.value_or(0)) return false;
  if (seq < first_.value_or(0)) return true;
  const auto missing = missing_.upper_bound(seq);
  return missing != missing_.begin() && seq < std::prev(missing)->second;
}

std::optional<uint64_t> Sequence::PlaceOf(uint64_t seq, uint64_t told_by) const {
  return IsUnread(told_by) ? std::nullopt : std::optional(seq);
}

uint64_t Sequence::LostIn(const Gap& gap) const {
  const uint64_t lost = gap.records_lost.value_or(0);
  if (!gap.first_lost_seq || !next_) return lost;
  const uint64_t begin = std::max(*next_, lost_end_);
  const uint64_t end = *gap.first_lost_seq + lost;
  return std::min(lost, std::max(end, begin) - begin);
}

void Sequence::TakeLost(const Gap& gap) {
  lost_in_gaps_ += LostIn(gap);
  if (!gap.first_lost_seq) return;
  lost_end_ = std::max(lost_end_, *gap.first_lost_seq + gap.records_lost.value_or(0));
}

Sequence::Late Sequence::CountLate(uint64_t first_seq, uint64_t end_seq) const {
  const uint64_t first = first_.value_or(0);
  uint64_t unread = std::min(std::max(first, first_seq), end_seq) - first_seq;
  auto missing = missing_.upper_bound(first_seq);
  if (missing != missing_.begin()) --missing;
  for (; missing != missing_.end() && missing->first < end_seq; ++missing) {
    const uint64_t begin = std::max(missing->first, first_seq);
    unread += std::max(std::min(missing->second, end_seq), begin) - begin;
  }
  return {.unordered = unread, .repeated = end_seq - first_seq - unread};
}

std::optional<Sequence::Jump> Sequence::GoOnWith(uint64_t next_seq) {
  if (!next_) first_ = next_ = next_seq;
  if (next_seq < *next_) return std::nullopt;
  const Jump jump = {.records = next_seq - *next_,
                     .told_by_gaps = std::exchange(lost_in_gaps_, 0),
                     .first_seq = *next_};
  lost_end_ = 0;
  if (jump.records != 0) missing_.emplace(*next_, next_seq);
  next_ = next_seq;
  return jump;
}

void Sequence::LeaveOutUpTo(uint64_t next_seq) { next_ = std::max(next_.value_or(0), next_seq); }

}  // namespace daybook
