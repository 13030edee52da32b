#include "totals/alike_ends.h"

#include <gtest/gtest.h>

namespace daybook {
namespace {

constexpr uint64_t kSecondNs = 1'000'000'000;

TEST(MinutePeakTest, AMinuteBeginsAnywhere) {
  const Boot boot;
  MinutePeak peak;
  for (uint64_t second = 57; second < 63; ++second) peak.Add(boot, second * kSecondNs);
  EXPECT_EQ(peak.most(), 6U) << "not cut where the clock's minute ends";
}

TEST(MinutePeakTest, AMinuteIsNoLonger) {
  const Boot boot;
  MinutePeak peak;
  for (uint64_t i = 0; i < 1000; ++i) peak.Add(boot, i * 20 * kSecondNs);
  EXPECT_EQ(peak.most(), 3U);
}

TEST(MinutePeakTest, WhatIsToldLateCountsInItsOwnMinute) {
  const Boot boot;
  MinutePeak peak;
  for (const uint64_t second : {10, 70, 75, 12}) peak.Add(boot, second * kSecondNs);
  EXPECT_EQ(peak.most(), 2U);
}

TEST(MinutePeakTest, WhatWasEarlierCountsWhereSomethingFollowsInTheMinute) {
  const Boot boot;
  MinutePeak peak;
  for (uint64_t second = 0; second < 50; ++second) peak.AddEarlier(boot, second * kSecondNs);
  EXPECT_EQ(peak.most(), 0U);
  peak.Add(boot, 105 * kSecondNs);
  EXPECT_EQ(peak.most(), 5U);
  peak.AddEarlier(boot, 49 * kSecondNs);  // told late
  EXPECT_EQ(peak.most(), 6U);
  peak.Add(boot, 107 * kSecondNs);
  EXPECT_EQ(peak.most(), 6U);
}

TEST(MinutePeakTest, BootsHaveNoMinuteInCommon) {
  const Boot boots[2];
  MinutePeak peak;
  for (const Boot& boot : boots) {
    for (uint64_t second = 1; second <= 3; ++second) peak.Add(boot, second * kSecondNs);
  }
  EXPECT_EQ(peak.most(), 3U);
}

}  // namespace
}  // namespace daybook
