// Damage to compressed segments, and what it may cost: at most the frames that it touches.
#pragma once

#include <cstdint>
#include <vector>

#include "damages.h"
#include "oracle.h"

namespace daybook::damage {

struct Compressed {
  const Written* raw = nullptr;
  Written file;  // of it only the bytes: what the generators change
  struct Part {
    Range file;  // description and frame
    Range frame;
    Range raw;
  };
  std::vector<Part> frames;
};

// The container of `raw` with frames of about that size.
Compressed Compress(const Written& raw, size_t frame_bytes);

// A frame with its description missing; two of them swapped.
Kind MissingFrames(const Compressed& compressed);
Kind SwappedFrames(const Compressed& compressed);

// The properties of oracle.h hold of the content, whatever is left of it; records of frames that
// were left alone are verified; and every byte that was changed is told of as damage to the
// container.
Verdict JudgeCompressed(const Compressed& compressed, const Kind& kind, const Damaged& damaged);

}  // namespace daybook::damage
