// CRC32C (Castagnoli), as in iSCSI and SSE4.2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace daybook {

// Extends `crc`, the checksum of the bytes before (0 where there are none), by `bytes`.
uint32_t ExtendCrc32c(uint32_t crc, std::span<const uint8_t> bytes);

inline uint32_t Crc32c(std::span<const uint8_t> bytes) { return ExtendCrc32c(0, bytes); }

}  // namespace daybook
