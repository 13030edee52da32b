// Finds out whose bytes these are before the first record of them is read.
#pragma once

#include <cstdint>
#include <optional>

#include "block.h"

namespace daybook {

struct FoundHead {
  std::optional<uint32_t> tag;          // of the segment that the bytes begin with or in
  std::optional<SegmentStart> segment;  // nullopt where neither its head nor a copy is left
  std::optional<size_t> next_begin;     // of the first segment behind it, looked for without a head
};

// Where the head at the beginning is damaged, the tag is that under which most bytes are proved, of
// those that cannot have been forged inside a program's arguments. A copy of the head tells the
// rest.
FoundHead FindHead(RangeSums& sums);

}  // namespace daybook
