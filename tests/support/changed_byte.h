// Damage to one byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace daybook {

// Other values for the byte that stands there: none and all bits, those that records begin with,
// and one with one bit changed, at each place another. damage_matrix --exhaustive tries all eight.
inline std::vector<uint8_t> OtherValues(const std::vector<uint8_t>& bytes, size_t position) {
  const uint8_t byte = bytes[position];
  std::vector<uint8_t> values{static_cast<uint8_t>(byte ^ 1U << position % 8), 0x00, 0xFF, 0x2B,
                              0x91};
  std::erase(values, byte);
  return values;
}

}  // namespace daybook
