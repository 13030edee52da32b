// Finds the one byte without which a checksum would be right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace daybook {

struct Syndrome {
  size_t offset = 0;  // of the byte
  uint8_t was = 0;    // the value with which the checksum is right
  bool operator==(const Syndrome&) const = default;
};

// The only byte of `bytes` that, changed, gives them this CRC32C; nullopt where there is none, or
// more than one. Takes a few steps for each byte.
std::optional<Syndrome> FindWrongByte(std::span<const uint8_t> bytes, uint32_t right_crc);

}  // namespace daybook
