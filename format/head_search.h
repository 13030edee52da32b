// Finds out whose bytes these are before the first record of them is read.
#pragma once

#include <cstdint>
#include <optional>

#include "block.h"

namespace daybook {

struct FoundHead {
  std::optional<uint32_t> tag;          // of the segment that the bytes begin with or in
  std::optional<SegmentStart> segment;  // nullopt where neither its head nor a copy is left
};

// Where the head at the beginning is damaged, the tag is that under which most bytes are proved:
// blocks that were forged inside a program's arguments lie within larger ones of the segment
// itself. A copy of the head tells the rest.
FoundHead FindHead(RangeSums& sums);

}  // namespace daybook
