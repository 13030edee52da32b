#include "daybook/coding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

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

TEST(VarintTest, WhatFollowsIsNotReadWithIt) {
  for (int bit = 0; bit < 64; ++bit) {
    std::vector<uint8_t> bytes = Varint(1ULL << bit);
    const size_t size = bytes.size();
    bytes.resize(size + 2 * kMaxVarintBytes, 0xA5);
    uint64_t value = 0;
    Cursor cursor(bytes);
    ASSERT_TRUE(cursor.GetVarint(&value));
    EXPECT_EQ(value, 1ULL << bit);
    EXPECT_EQ(cursor.position(), bytes.data() + size);
    bytes[size - 1] = 0;  // padded, but for one byte
    EXPECT_EQ(Cursor(bytes).GetVarint(&value), size == 1) << size;
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

// LEB128 by its definition, one byte after the other.
std::optional<std::pair<uint64_t, size_t>> PlainVarint(const std::vector<uint8_t>& bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < std::min(bytes.size(), kMaxVarintBytes); ++i) {
    if (i > 0 && bytes[i] == 0) return std::nullopt;
    value |= static_cast<uint64_t>(bytes[i] & 0x7F) << (7 * i);
    if (bytes[i] < 0x80) return std::pair(value, i + 1);
  }
  return std::nullopt;
}

void ExpectReadByTheDefinition(const std::vector<uint8_t>& bytes) {
  const auto expected = PlainVarint(bytes);
  constexpr uint64_t kUntouched = 42;
  uint64_t value = kUntouched;
  Cursor cursor(bytes);
  ASSERT_EQ(cursor.GetVarint(&value), expected.has_value()) << testing::PrintToString(bytes);
  ASSERT_EQ(value, expected ? expected->first : kUntouched) << testing::PrintToString(bytes);
  ASSERT_EQ(cursor.ok(), expected.has_value());
  if (expected) {
    ASSERT_EQ(cursor.remaining(), bytes.size() - expected->second);
  }
}

TEST(VarintTest, EveryShortStringOfBytesIsReadByTheDefinitionOrRefused) {
  constexpr uint8_t kBytes[] = {0x00, 0x01, 0x7F, 0x80, 0x81, 0xFF};
  for (size_t size = 0; size <= 5; ++size) {
    size_t strings = 1;
    for (size_t i = 0; i < size; ++i) strings *= std::size(kBytes);
    for (size_t number = 0; number < strings; ++number) {
      std::vector<uint8_t> bytes;
      for (size_t rest = number; bytes.size() < size; rest /= std::size(kBytes)) {
        bytes.push_back(kBytes[rest % std::size(kBytes)]);
      }
      ExpectReadByTheDefinition(bytes);
      for (const uint8_t behind : {uint8_t{0x01}, uint8_t{0xFF}}) {
        bytes.resize(size);
        bytes.resize(size + 8, behind);
        ExpectReadByTheDefinition(bytes);
      }
    }
  }
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
