#include "crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <climits>

namespace daybook {

// ISA-L picks the fastest code for the processor, its portable one included. It takes an int for
// the length and leaves the inversion before and after to the caller.
uint32_t ExtendCrc32c(uint32_t crc, std::span<const uint8_t> bytes) {
  uint32_t state = ~crc;
  while (!bytes.empty()) {
    const size_t size = std::min<size_t>(bytes.size(), INT_MAX);
    state = crc32_iscsi(const_cast<unsigned char*>(bytes.data()), static_cast<int>(size), state);
    bytes = bytes.subspan(size);
  }
  return ~state;
}

}  // namespace daybook
