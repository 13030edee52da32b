#include "syndrome.h"

#include <array>

#include "crc32c.h"

namespace daybook {
namespace {

// What a change of one byte, and what one more byte, does to a checksum. The highest byte of each
// entry is unlike that of all others, which is why a checksum can be taken back by a byte.
struct Tables {
  std::array<uint32_t, 256> change{};     // by the difference in the last byte
  std::array<uint8_t, 256> difference{};  // the reverse, by the entry's highest byte
};

Tables MakeTables() {
  Tables tables;
  const uint8_t zero = 0;
  for (size_t i = 0; i < tables.change.size(); ++i) {
    const auto byte = static_cast<uint8_t>(i);
    tables.change[i] = Crc32c({&byte, 1}) ^ Crc32c({&zero, 1});
    tables.difference[tables.change[i] >> 24] = byte;
  }
  return tables;
}

}  // namespace

// The two checksums differ by what the change of the byte became on its way to the end. It is taken
// back byte by byte, and where it is one that a single byte can make, that byte is a candidate.
std::optional<Syndrome> FindWrongByte(std::span<const uint8_t> bytes, uint32_t right_crc) {
  static const Tables tables = MakeTables();
  std::optional<Syndrome> found;
  uint32_t change = Crc32c(bytes) ^ right_crc;
  if (change == 0) return std::nullopt;
  for (size_t offset = bytes.size(); offset-- > 0;) {
    const uint8_t difference = tables.difference[change >> 24];
    if (tables.change[difference] == change) {
      if (found) return std::nullopt;
      found = {.offset = offset, .was = static_cast<uint8_t>(bytes[offset] ^ difference)};
    }
    change = ((change ^ tables.change[difference]) << 8) | difference;
  }
  return found;
}

}  // namespace daybook
