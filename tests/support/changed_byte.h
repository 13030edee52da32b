// Damage to one byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace daybook {

// Other values for the byte that stands there: one with one bit changed, none or all bits, and one
// of those that records begin with, at each place others. damage_matrix --exhaustive tries them
// all, and each bit.
inline std::vector<uint8_t> OtherValues(const std::vector<uint8_t>& bytes, size_t position) {
  const uint8_t byte = bytes[position];
  const uint8_t none_or_all = position % 2 == 0 ? 0x00 : 0xFF;
  const uint8_t of_cookie = position / 2 % 2 == 0 ? 0x2B : 0x91;
  std::vector<uint8_t> values{static_cast<uint8_t>(byte ^ 1U << position % 8), none_or_all,
                              of_cookie};
  std::erase(values, byte);
  return values;
}

}  // namespace daybook
