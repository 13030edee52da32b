// Makes the sums of a segment right again after its records were changed: as somebody could who
// knows the format and the segment's tag, and may write to the file.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace daybook {

enum class Reseal : uint8_t {
  kSums,    // what checkpoints say stays, only the checksums are right again
  kPlaces,  // also where the blocks stand and how many numbered records are in them
};

std::vector<uint8_t> Resealed(std::span<const uint8_t> bytes, Reseal what);

}  // namespace daybook
