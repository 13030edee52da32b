#include "night/time_before.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>

namespace daybook {
namespace {

constexpr int64_t kHourNs = 3'600'000'000'000;
constexpr int64_t kDayNs = 24 * kHourNs;
constexpr int64_t kFirstNs = INT64_MIN;
constexpr int64_t kLastNs = INT64_MAX;
// 2026-10-26 00:00 +01:00, behind a day of 25 hours.
constexpr int64_t kMondayNs = 1'792'969'200'000'000'000;

LocalZone Berlin() { return *LocalZone::Named("Europe/Berlin"); }

TEST(TimeBeforeTest, StretchesOfWholeDaysAreBoundedByMidnights) {
  const LocalZone zone = Berlin();
  const TimeBefore before({.since_ns = kMondayNs, .until_ns = kMondayNs + kDayNs}, kLastNs, zone);
  EXPECT_EQ(before.LastStretchNs(), 25 * kHourNs);
  const int64_t sunday_ns = kMondayNs - 25 * kHourNs;
  EXPECT_EQ(before.StretchAt(kMondayNs), std::nullopt);
  EXPECT_EQ(before.StretchAt(kMondayNs - 1), 0U);
  EXPECT_EQ(before.StretchAt(sunday_ns), 0U);
  EXPECT_EQ(before.StretchAt(sunday_ns - 1), 1U);
  EXPECT_EQ(before.StretchAt(sunday_ns - kDayNs), 1U);
  EXPECT_EQ(before.StretchesSince(sunday_ns).size(), 1U);
  EXPECT_EQ(before.StretchesSince(sunday_ns + 1).size(), 0U);
  EXPECT_EQ(before.StretchesSince(kFirstNs).size(), TimeBefore::kMaxStretches);
}

TEST(TimeBeforeTest, ANightThatIsNotOverIsNoWholeDay) {
  const LocalZone zone = Berlin();
  const Window window{.since_ns = kMondayNs, .until_ns = kMondayNs + kDayNs};
  const TimeBefore before(window, kMondayNs + kHourNs, zone);
  EXPECT_EQ(before.length_ns(), kHourNs);
  EXPECT_EQ(before.Last(kDayNs)->since_ns, kMondayNs - kDayNs);
  EXPECT_EQ(before.StretchAt(kMondayNs - kHourNs - 1), 1U);
  EXPECT_EQ(TimeBefore(window, kMondayNs, zone).length_ns(), 0);
  EXPECT_EQ(TimeBefore(window, kMondayNs, zone).StretchAt(kMondayNs - 1), std::nullopt);
}

// As forged clocks and windows of centuries have them.
TEST(TimeBeforeTest, MomentsThatAreTooFarApartFor64BitsAreNoTrouble) {
  const LocalZone zone = Berlin();
  const TimeBefore before({.since_ns = kMondayNs, .until_ns = kMondayNs + kDayNs}, kLastNs, zone);
  EXPECT_EQ(before.StretchAt(kFirstNs), std::nullopt);
  EXPECT_EQ(before.StretchAt(kLastNs), std::nullopt);
  EXPECT_TRUE(before.IsLongSince(kFirstNs));
  EXPECT_EQ(before.Last(kLastNs)->since_ns, kMondayNs - kLastNs);
  const int64_t days = kLastNs / kDayNs;
  EXPECT_LT(before.Last(days * kDayNs)->since_ns, kMondayNs - (days - 1) * kDayNs);

  const int64_t early_ns = kFirstNs + kDayNs;
  for (const int64_t length_ns : {kDayNs, -(kFirstNs + 2 * kDayNs), kLastNs}) {
    const TimeBefore early({.since_ns = early_ns, .until_ns = early_ns + length_ns}, kLastNs, zone);
    EXPECT_EQ(early.Last(2 * kDayNs)->since_ns, kFirstNs);
    EXPECT_TRUE(early.IsLongSince(kFirstNs));
    EXPECT_EQ(early.StretchAt(kFirstNs), 0U);
  }
  EXPECT_EQ(TimeBefore({.since_ns = kFirstNs}, kLastNs, zone).length_ns(), 0);
}

}  // namespace
}  // namespace daybook
