#include "range_sums.h"

#include <array>

#include "crc32c.h"

namespace daybook {
namespace {

// So many bytes are summed for each byte there is before sums are put together instead: once to
// find the head of a damaged file, once to read each block, and the rest for damage.
constexpr uint64_t kDirectPasses = 4;

// Between two beginnings that are summed. The table takes 1/64 of the bytes.
constexpr size_t kStepBytes = 256;

// Checksums are polynomials over GF(2) modulo this one; the coefficient of x^0 is the highest bit.
constexpr uint32_t kPolynomial = 0x82F6'3B78;
constexpr uint32_t kOne = 0x8000'0000;

constexpr uint32_t Multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (; a != 0; a <<= 1) {
    if ((a & kOne) != 0) product ^= b;
    b = (b & 1) != 0 ? (b >> 1) ^ kPolynomial : b >> 1;
  }
  return product;
}

// x^(8 * 2^i): by how much 2^i bytes move a checksum.
constexpr std::array<uint32_t, 64> PowersOfByte() {
  std::array<uint32_t, 64> powers{};
  powers[0] = kOne >> 8;
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = Multiply(powers[i - 1], powers[i - 1]);
  return powers;
}

}  // namespace

uint32_t JoinCrc32c(uint32_t first, uint32_t second, uint64_t second_bytes) {
  static constexpr auto kPowers = PowersOfByte();
  for (size_t i = 0; second_bytes != 0; ++i, second_bytes >>= 1) {
    if ((second_bytes & 1) != 0) first = Multiply(kPowers[i], first);
  }
  return first ^ second;
}

uint32_t RangeSums::Sum(size_t begin, size_t end) {
  if (beginnings_.empty()) {
    if (summed_bytes_ + (end - begin) <= kDirectPasses * bytes_.size()) {
      return SumDirectly(begin, end);
    }
    SumBeginnings();
  }
  const size_t first = (begin + kStepBytes - 1) / kStepBytes;
  const size_t last = end / kStepBytes;
  if (first >= last) return SumDirectly(begin, end);
  // What stands behind a beginning is the difference of two: the longer one, and the shorter one
  // moved by the distance.
  const uint64_t distance = (last - first) * kStepBytes;
  const uint32_t between = JoinCrc32c(beginnings_[first], beginnings_[last], distance);
  const uint32_t head = SumDirectly(begin, first * kStepBytes);
  return SumDirectly(last * kStepBytes, end, JoinCrc32c(head, between, distance));
}

uint32_t RangeSums::SumDirectly(size_t begin, size_t end, uint32_t crc) {
  summed_bytes_ += end - begin;
  return ExtendCrc32c(crc, bytes_.subspan(begin, end - begin));
}

void RangeSums::SumBeginnings() {
  beginnings_.reserve(bytes_.size() / kStepBytes + 1);
  beginnings_.push_back(0);
  for (size_t end = kStepBytes; end <= bytes_.size(); end += kStepBytes) {
    beginnings_.push_back(SumDirectly(end - kStepBytes, end, beginnings_.back()));
  }
}

}  // namespace daybook
