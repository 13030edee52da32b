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

// The proved beginning of a file, and, where the file is as long as its writer left it, its proved
// end. What lies between may be damaged all the same.
struct SegmentPeek {
  std::optional<SegmentStart> start;
  // Of a compressed segment what its index says: without a reason, and with the last moment as the
  // time.
  std::optional<SegmentEnd> end;
  // Of a compressed segment the clock's anchors behind the one in its start.
  std::vector<Clock> clocks;
};

// Reads the first and the last few KiB of a regular file, or the index of a compressed segment.
// What is not plain to see there is left open: a segment that is still being written, damaged, or
// one of several in the file. An error where it cannot be read, or is something else, like a pipe.
Result<SegmentPeek> PeekSegment(const std::string& path);

// The number that the file's name says; nullopt where it is not named as a segment.
std::optional<uint64_t> SegmentNumberOf(std::string_view path);

}  // namespace daybook
