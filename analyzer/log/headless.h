// A segment of which neither the SEGMENT_START nor a copy of it is left, and what its neighbours in
// the log prove of it. Pure logic.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "daybook/peek.h"
#include "daybook/records.h"

namespace daybook {

// What is left of it.
struct HeadlessSegment {
  uint32_t tag = 0;  // of its checkpoints
  std::optional<uint64_t> first_seq;
  std::optional<uint64_t> first_time_ns;  // of the first numbered record that tells one
  std::optional<SegmentEnd> end;
};

// The tag that a segment names as that of its predecessor proves which log and number the headless
// one has. Its boot, and with it a clock anchor, is known where the recorder went on from one
// segment to the next, or where both neighbours are of the same boot; else boot and host are zero,
// and so is the realtime. It begins with the first record that is left. nullopt where no neighbour
// names it.
std::optional<SegmentStart> InferStart(const HeadlessSegment& headless,
                                       std::span<const SegmentPeek> others);

}  // namespace daybook
