#include "syndrome.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "crc32c.h"
#include "range_sums.h"

namespace daybook {
namespace {

std::vector<uint8_t> RandomBytes(size_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

TEST(SyndromeTest, EveryWrongByteOfASmallBlockIsNamedWhateverItBecame) {
  const std::vector<uint8_t> right = RandomBytes(97, 1);
  const uint32_t crc = Crc32c(right);
  for (size_t offset = 0; offset < right.size(); ++offset) {
    for (int difference = 1; difference < 256; ++difference) {
      std::vector<uint8_t> wrong = right;
      wrong[offset] = static_cast<uint8_t>(wrong[offset] ^ difference);
      const auto found = FindWrongByte(wrong, crc);
      ASSERT_TRUE(found) << offset << " " << difference;
      EXPECT_EQ(*found, (Syndrome{.offset = offset, .was = right[offset]}));
    }
  }
}

TEST(SyndromeTest, InTheLongestBlockToo) {
  const std::vector<uint8_t> right = RandomBytes(256 * 1024, 2);
  const uint32_t crc = Crc32c(right);
  for (const size_t offset : {size_t{0}, size_t{77'777}, right.size() - 1}) {
    std::vector<uint8_t> wrong = right;
    wrong[offset] ^= 0x18;
    const auto found = FindWrongByte(wrong, crc);
    ASSERT_TRUE(found) << offset;
    EXPECT_EQ(*found, (Syndrome{.offset = offset, .was = right[offset]}));
  }
}

TEST(SyndromeTest, NothingIsNamedWhereTwoBytesAreWrongOrNone) {
  const std::vector<uint8_t> right = RandomBytes(200, 3);
  const uint32_t crc = Crc32c(right);
  EXPECT_FALSE(FindWrongByte(right, crc));
  EXPECT_FALSE(FindWrongByte({}, crc));
  size_t named = 0;
  for (size_t first = 0; first < right.size(); ++first) {
    for (size_t second = first + 1; second < right.size(); ++second) {
      std::vector<uint8_t> wrong = right;
      wrong[first] ^= 0x55;
      wrong[second] ^= 0xAA;
      named += FindWrongByte(wrong, crc).has_value();
    }
  }
  EXPECT_EQ(named, 0u);
}

TEST(RangeSumsTest, SumsAreTheSameTakenDirectlyOrPutTogether) {
  const std::vector<uint8_t> bytes = RandomBytes(5000, 4);
  RangeSums sums(bytes);
  std::mt19937 random(5);
  for (int round = 0; round < 4000; ++round) {
    const size_t begin = random() % (bytes.size() + 1);
    const size_t end = begin + random() % (bytes.size() + 1 - begin);
    ASSERT_EQ(sums.Sum(begin, end), Crc32c(std::span(bytes).subspan(begin, end - begin)))
        << begin << " " << end;
  }
  // All put together but for the first few passes: two ends of a step for each.
  EXPECT_LT(sums.summed_bytes(), 5 * bytes.size() + 4000 * 2 * 256);
}

TEST(RangeSumsTest, ChecksumsJoinAtEveryPlace) {
  const std::vector<uint8_t> bytes = RandomBytes(600, 6);
  for (size_t at = 0; at <= bytes.size(); ++at) {
    const auto first = std::span(bytes).first(at);
    const auto second = std::span(bytes).subspan(at);
    ASSERT_EQ(JoinCrc32c(Crc32c(first), Crc32c(second), second.size()), Crc32c(bytes)) << at;
  }
}

}  // namespace
}  // namespace daybook
