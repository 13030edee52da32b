#include "totals/change.h"

#include <gtest/gtest.h>

namespace daybook {
namespace {

Sum Mean(uint64_t us) {
  Sum sum;
  sum.Add(us);
  return sum;
}

TEST(ChangeTest, MoreIsMoreThanTheThreshold) {
  EXPECT_FALSE(IsMore(100, 150, 5000));
  EXPECT_TRUE(IsMore(100, 151, 5000));
  EXPECT_TRUE(IsMore(0, 1, 5000));
  EXPECT_FALSE(IsMore(0, 0, 5000));
}

TEST(ChangeTest, MeansThatAreNearToEachOtherAreTheSame) {
  EXPECT_FALSE(IsLonger(Mean(10), Mean(5000), 5000));
  EXPECT_TRUE(IsLonger(Mean(10), Mean(5011), 5000));
  EXPECT_FALSE(IsLonger(Mean(100'000), Mean(150'000), 5000));
  EXPECT_TRUE(IsLonger(Mean(100'000), Mean(150'001), 5000));
  EXPECT_FALSE(IsLonger({}, Mean(1'000'000), 5000)) << "nothing is known of before";
}

TEST(ChangeTest, AFewMoreFailuresOfWhatFailedBeforeAreChance) {
  EXPECT_FALSE(IsFailing({.failed = 1, .count = 600}, {.failed = 2, .count = 600}, 5000));
  EXPECT_FALSE(IsFailing({.failed = 1, .count = 600}, {.failed = 5, .count = 600}, 5000));
  EXPECT_TRUE(IsFailing({.failed = 1, .count = 600}, {.failed = 6, .count = 600}, 5000));
  EXPECT_FALSE(IsFailing({.failed = 20, .count = 600}, {.failed = 27, .count = 600}, 5000));
}

TEST(ChangeTest, WhatNeverFailedIsFailingWhereManyDo) {
  EXPECT_FALSE(IsFailing({.failed = 0, .count = 600}, {.failed = 5, .count = 600}, 5000));
  EXPECT_TRUE(IsFailing({.failed = 0, .count = 600}, {.failed = 6, .count = 600}, 5000));
  EXPECT_FALSE(IsFailing({.failed = 0, .count = 1}, {.failed = 1, .count = 11}, 5000));
  EXPECT_TRUE(IsFailing({.failed = 0, .count = 1}, {.failed = 1, .count = 10}, 5000));
}

TEST(ChangeTest, WhatRunsMoreOftenDoesNotFailMoreByThat) {
  EXPECT_FALSE(IsFailing({.failed = 1, .count = 10}, {.failed = 10, .count = 100}, 5000));
  EXPECT_FALSE(IsFailing({.failed = 1, .count = 10}, {.failed = 15, .count = 100}, 5000));
  EXPECT_TRUE(IsFailing({.failed = 1, .count = 10}, {.failed = 16, .count = 100}, 5000));
  EXPECT_TRUE(IsFailing({.failed = 0, .count = 10}, {.failed = 1, .count = 1}, 5000));
}

}  // namespace
}  // namespace daybook
