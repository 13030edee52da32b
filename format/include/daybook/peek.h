// What can be said of a segment's file without reading it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daybook/records.h"
#include "daybook/result.h"

namespace daybook {

// Two readings of both clocks differ by up to this much more than the time between them, though
// nobody has set the wall clock.
inline constexpr uint64_t kClockJitterNs = 1'000'000;

// True where the wall clock was not set from one reading to the other.
inline bool IsOneClock(const Clock& a, const Clock& b) {
  // Wraps instead of overflowing: the numbers come from a file.
  const uint64_t difference = (static_cast<uint64_t>(a.realtime_ns) - a.time_ns) -
                              (static_cast<uint64_t>(b.realtime_ns) - b.time_ns);
  return difference + kClockJitterNs <= 2 * kClockJitterNs;
}

// The proved beginning of a file, and, where the file is as long as its writer left it, its proved
// end. What lies between may be damaged all the same.
struct SegmentPeek {
  std::optional<SegmentStart> start;
  // Of a compressed segment what its head or its index says: without a reason, and with the last
  // moment as the time.
  std::optional<SegmentEnd> end;
  // Of a compressed segment the clock's anchors behind the one in its start; none where all of them
  // are of the same clock as that one, and its head says so.
  std::vector<Clock> clocks;
};

// Reads the first and the last few KiB of a regular file, or the head of a compressed segment, and
// its index where the head does not say enough.
// What is not plain to see there is left open: a segment that is still being written, damaged, or
// one of several in the file. An error where it cannot be read, or is something else, like a pipe.
Result<SegmentPeek> PeekSegment(const std::string& path);

// The number that the file's name says; nullopt where it is not named as a segment.
std::optional<uint64_t> SegmentNumberOf(std::string_view path);

}  // namespace daybook
