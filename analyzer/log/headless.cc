#include "log/headless.h"

#include <algorithm>

namespace daybook {
namespace {

// The recorder itself began the next segment, in the same boot.
bool GoesOn(const std::optional<SegmentEnd>& end) {
  return end && (end->reason == EndReason::kSize || end->reason == EndReason::kAge);
}

const SegmentPeek* FindNext(const HeadlessSegment& headless, std::span<const SegmentPeek> others) {
  for (const SegmentPeek& other : others) {
    const bool names_it = other.start && other.start->previous_segment_no &&
                          other.start->previous_tag == headless.tag;
    if (names_it) return &other;
  }
  return nullptr;
}

const SegmentPeek* FindPrevious(const SegmentStart& segment, std::span<const SegmentPeek> others) {
  for (const SegmentPeek& other : others) {
    const bool is_before = other.start && other.start->stream_id == segment.stream_id &&
                           other.start->segment_no + 1 == segment.segment_no;
    if (is_before) return &other;
  }
  return nullptr;
}

// Wraps instead of overflowing: the numbers come from files.
void BeginAt(uint64_t time_ns, SegmentStart* start) {
  const uint64_t offset = static_cast<uint64_t>(start->realtime_ns) - start->time_ns;
  start->realtime_ns = static_cast<int64_t>(time_ns + offset);
  start->time_ns = time_ns;
}

}  // namespace

std::optional<SegmentStart> InferStart(const HeadlessSegment& headless,
                                       std::span<const SegmentPeek> others) {
  const SegmentPeek* const next = FindNext(headless, others);
  if (next == nullptr) return std::nullopt;
  SegmentStart start = *next->start;
  start.tag = headless.tag;
  start.segment_no = *next->start->previous_segment_no;
  start.previous_segment_no.reset();
  start.previous_tag.reset();
  start.previous_end.reset();
  start.previous_next_seq.reset();
  start.previous_bytes.reset();
  start.previous_synced_bytes.reset();
  const SegmentPeek* const previous = FindPrevious(start, others);
  if (headless.first_seq) {
    start.first_seq = *headless.first_seq;
  } else if (previous != nullptr && previous->end) {
    start.first_seq = std::min(start.first_seq, previous->end->next_seq);
  }
  const bool is_boot_of_previous =
      previous != nullptr &&
      (GoesOn(previous->end) || previous->start->boot_id == next->start->boot_id);
  if (is_boot_of_previous) {
    start.boot_id = previous->start->boot_id;
    start.host_id = previous->start->host_id;
    start.time_ns = previous->start->time_ns;
    start.realtime_ns = previous->start->realtime_ns;
    if (previous->end && previous->end->last_time_ns && previous->end->last_realtime_ns) {
      start.time_ns = *previous->end->last_time_ns;
      start.realtime_ns = *previous->end->last_realtime_ns;
    }
  } else if (!GoesOn(headless.end)) {
    start.boot_id = start.host_id = Id128{};
    start.time_ns = 0;
    start.realtime_ns = 0;
    return start;
  }
  if (headless.first_time_ns) BeginAt(*headless.first_time_ns, &start);
  return start;
}

}  // namespace daybook
