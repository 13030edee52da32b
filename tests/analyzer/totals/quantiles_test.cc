#include "totals/quantiles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace daybook {
namespace {

// By the definition that the header has.
uint64_t TruePercentile(std::vector<uint64_t> numbers, uint32_t percent) {
  std::ranges::sort(numbers);
  const size_t rank = (numbers.size() * percent + 99) / 100;
  return numbers[std::max<size_t>(rank, 1) - 1];
}

TEST(QuantilesTest, OfNothingThereIsNone) {
  EXPECT_EQ(Quantiles().At(50), std::nullopt);
  Quantiles one;
  one.Add(100);
  for (const uint32_t percent : {0U, 1U, 50U, 99U, 100U}) EXPECT_EQ(one.At(percent), 100U);
}

TEST(QuantilesTest, SmallNumbersAreExact) {
  Quantiles quantiles;
  for (uint64_t i = 0; i < 128; ++i) quantiles.Add(i);
  EXPECT_EQ(quantiles.At(0), 0U);
  EXPECT_EQ(quantiles.At(50), 63U);
  EXPECT_EQ(quantiles.At(100), 127U);
}

TEST(QuantilesTest, TheErrorIsAtMostThatOfAClass) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponent(0, 63);
  Quantiles quantiles;
  std::vector<uint64_t> numbers;
  for (int i = 0; i < 10'000; ++i) {
    numbers.push_back(static_cast<uint64_t>(std::exp2(exponent(random))));
    quantiles.Add(numbers.back());
  }
  for (uint32_t percent = 0; percent <= 100; ++percent) {
    const auto truth = static_cast<double>(TruePercentile(numbers, percent));
    EXPECT_NEAR(static_cast<double>(*quantiles.At(percent)), truth, truth / 128) << percent;
  }
}

TEST(QuantilesTest, TheLargestNumbersFit) {
  Quantiles quantiles;
  quantiles.Add(UINT64_MAX);
  EXPECT_GT(*quantiles.At(50), UINT64_MAX - UINT64_MAX / 128);
}

TEST(QuantilesTest, PartsMakeTheSameAsTheWhole) {
  std::mt19937_64 random(2);
  Quantiles whole;
  Quantiles parts[3];
  for (size_t i = 0; i < 3000; ++i) {
    const uint64_t number = random() >> (random() % 64);
    whole.Add(number);
    parts[i % 3].Add(number);
  }
  Quantiles merged;
  for (const Quantiles& part : parts) merged.Merge(part);
  for (uint32_t percent = 0; percent <= 100; ++percent) {
    EXPECT_EQ(merged.At(percent), whole.At(percent));
  }
}

TEST(QuantilesTest, PackedTheyAreTheSame) {
  std::mt19937_64 random(1);
  Quantiles all;
  Quantiles parts;
  for (int part = 0; part < 20; ++part) {
    Quantiles some;
    for (int i = 0; i < 200; ++i) {
      const uint64_t number = random() >> (random() % 64);
      some.Add(number);
      all.Add(number);
    }
    ASSERT_TRUE(parts.MergePacked(some.Packed()));
  }
  EXPECT_EQ(parts.count(), 4000);
  EXPECT_EQ(parts.Packed(), all.Packed());
  for (uint32_t percent = 0; percent <= 100; ++percent) {
    EXPECT_EQ(parts.At(percent), all.At(percent));
  }
}

// Classes 0 and 1, then the last class; in whatever order they come.
TEST(QuantilesTest, PackedTheyAreStepsAndCounts) {
  Quantiles some;
  some.Add(UINT64_MAX);
  some.Add(1);
  some.Add(0);
  some.Add(1);
  EXPECT_EQ(some.Packed(), std::string("\x00\x01\x01\x02\xBE\x1D\x01", 7));
}

TEST(QuantilesTest, WhatIsMalformedAddsNothing) {
  using namespace std::string_literals;
  for (const std::string& packed : {"\x01"s, "\x01\x00"s, "\x01\x80"s, "\x01\x01\x00\x01"s,
                                    "\xC0\x1D\x01"s, "\x01\x01\xBF\x1D\x01"s}) {
    Quantiles some;
    some.Add(7);
    EXPECT_FALSE(some.MergePacked(packed)) << testing::PrintToString(packed);
    EXPECT_EQ(some.count(), 1);
  }
}

}  // namespace
}  // namespace daybook
