// Checksums of any part of some bytes, for a price that is bounded: forged checkpoints, each of
// which claims the longest block, must not make a reader sum the same bytes again and again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace daybook {

class RangeSums {
 public:
  // The bytes must outlive this and not change.
  explicit RangeSums(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  std::span<const uint8_t> bytes() const { return bytes_; }

  // CRC32C of [begin, end). Sums it, as long as all together stays within a few times the length of
  // the bytes: an honest file never costs more. From then on it is put together from the sums of
  // beginnings of the bytes, which are taken once.
  uint32_t Sum(size_t begin, size_t end);

  // How many bytes have been summed so far.
  uint64_t summed_bytes() const { return summed_bytes_; }

 private:
  uint32_t SumDirectly(size_t begin, size_t end, uint32_t crc = 0);
  void SumBeginnings();

  std::span<const uint8_t> bytes_;
  uint64_t summed_bytes_ = 0;
  std::vector<uint32_t> beginnings_;  // of every kStepBytes
};

// The checksum of A followed by B from theirs: `second_bytes` is the length of B.
uint32_t JoinCrc32c(uint32_t first, uint32_t second, uint64_t second_bytes);

}  // namespace daybook
