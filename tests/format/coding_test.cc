#include "daybook/coding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace daybook {
namespace {

using testing::ElementsAre;

std::vector<uint8_t> Varint(uint64_t value) {
  std::array<uint8_t, kMaxVarintBytes> bytes;
  uint8_t* const end = PutVarint(bytes.data(), value);
  return {bytes.data(), end};
}

bool Read(const std::vector<uint8_t>& bytes, uint64_t* value) {
  Cursor cursor(bytes);
  return cursor.GetVarint(value) && cursor.empty();
}

TEST(VarintTest, TakesTheFewestBytes) {
  EXPECT_THAT(Varint(0), ElementsAre(0));
  EXPECT_THAT(Varint(127), ElementsAre(127));
  EXPECT_THAT(Varint(128), ElementsAre(0x80, 1));
  EXPECT_EQ(Varint(UINT64_MAX).size(), kMaxVarintBytes);
}

TEST(VarintTest, EveryPowerOfTwoAndItsNeighboursComeBack) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const uint64_t value : {(1ULL << bit) - 1, 1ULL << bit, (1ULL << bit) + 1}) {
      uint64_t read = 0;
      ASSERT_TRUE(Read(Varint(value), &read));
      EXPECT_EQ(read, value);
    }
  }
}

TEST(VarintTest, PaddedOverlongAndTruncatedFormsAreRefused) {
  uint64_t value = 0;
  EXPECT_FALSE(Read({0x80, 0x00}, &value)) << "padded";
  EXPECT_FALSE(Read({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02}, &value))
      << "65 bits";
  EXPECT_FALSE(Read({0x80}, &value)) << "truncated";
  EXPECT_FALSE(Read({}, &value)) << "empty";
}

TEST(ZigZagTest, SmallMagnitudesAreSmallAndExtremesComeBack) {
  EXPECT_EQ(ZigZag(0), 0u);
  EXPECT_EQ(ZigZag(-1), 1u);
  EXPECT_EQ(ZigZag(1), 2u);
  for (const int64_t value : {INT64_MIN, INT64_MAX, int64_t{-5}, int64_t{5}}) {
    EXPECT_EQ(UnZigZag(ZigZag(value)), value);
  }
}

TEST(CursorTest, AFailedCursorGivesNothingMore) {
  const std::vector<uint8_t> bytes = {0x80, 0x00, 1, 2, 3, 4};
  Cursor cursor(bytes);
  uint64_t number = 0;
  uint32_t fixed = 0;
  std::string_view text;
  EXPECT_FALSE(cursor.GetVarint(&number));
  EXPECT_FALSE(cursor.ok());
  EXPECT_FALSE(cursor.GetFixed(&fixed));
  EXPECT_FALSE(cursor.GetBytes(0, &text));
}

TEST(CursorTest, LengthsBeyondTheEndAreRefusedAlsoNearOverflow) {
  const std::vector<uint8_t> bytes = {1, 2, 3};
  for (const size_t size : {size_t{4}, SIZE_MAX, SIZE_MAX - 2}) {
    Cursor cursor(bytes);
    std::string_view text;
    EXPECT_FALSE(cursor.GetBytes(size, &text));
  }
}

TEST(FixedTest, IsLittleEndian) {
  std::array<uint8_t, 4> bytes;
  PutFixed(bytes.data(), uint32_t{0x11223344});
  EXPECT_THAT(bytes, ElementsAre(0x44, 0x33, 0x22, 0x11));
}

}  // namespace
}  // namespace daybook
