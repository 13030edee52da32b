#include "time/clock_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace daybook {
namespace {

using testing::Optional;

TEST(ClockMapTest, WithoutAnAnchorTheWallClockIsUnknown) {
  EXPECT_EQ(ClockMap().ToRealtime(5), std::nullopt);
}

TEST(ClockMapTest, FollowsTheLastAnchorAtOrBefore) {
  ClockMap clock;
  clock.Add(200, 5200);  // stepped by 4000; anchors may come in any order
  clock.Add(100, 1100);
  EXPECT_THAT(clock.ToRealtime(100), Optional(1100));
  EXPECT_THAT(clock.ToRealtime(199), Optional(1199));
  EXPECT_THAT(clock.ToRealtime(200), Optional(5200));
  EXPECT_THAT(clock.ToRealtime(300), Optional(5300));
}

TEST(ClockMapTest, BeforeTheFirstAnchorItIsTheOneToGoBy) {
  ClockMap clock;
  clock.Add(100, 1100);
  EXPECT_THAT(clock.ToRealtime(40), Optional(1040));
}

TEST(ClockMapTest, TheLatestItShowedMayBeBeforeItWasSetBack) {
  EXPECT_EQ(ClockMap().LatestUpTo(5), std::nullopt);
  ClockMap clock;
  clock.Add(100, 1100);
  clock.Add(200, 1100);
  EXPECT_THAT(clock.LatestUpTo(150), Optional(1150));
  EXPECT_THAT(clock.LatestUpTo(250), Optional(1199));
  EXPECT_THAT(clock.LatestUpTo(400), Optional(1300));
}

TEST(ClockMapTest, AbsurdNumbersDoNotOverflow) {
  ClockMap clock;
  clock.Add(UINT64_MAX, INT64_MIN);
  EXPECT_TRUE(clock.ToRealtime(0).has_value());
}

// ---- The inverse ----

using testing::ElementsAre;
using testing::IsEmpty;

// Behind it times wrap around.
constexpr uint64_t kEndOfTime = INT64_MAX;

TEST(ClockMapTest, AWindowIsASpanOfBootTime) {
  ClockMap clock;
  clock.Add(100, 1100);
  EXPECT_THAT(clock.ToBootTimes({.since_ns = 1050, .until_ns = 1060}),
              ElementsAre(BootInterval{50, 59}));
  EXPECT_FALSE(Overlaps(clock.ToBootTimes({.since_ns = 0, .until_ns = 1000}), 0, kEndOfTime));
  EXPECT_THAT(ClockMap().ToBootTimes({}), IsEmpty());
}

TEST(ClockMapTest, AClockThatWasSetBackPassesTheWindowTwice) {
  ClockMap clock;
  clock.Add(100, 1100);
  clock.Add(200, 1100);
  EXPECT_THAT(clock.ToBootTimes({.since_ns = 1110, .until_ns = 1120}),
              ElementsAre(BootInterval{110, 119}, BootInterval{210, 219}));
}

TEST(ClockMapTest, AClockThatWasSetForwardMayPassOverTheWindow) {
  ClockMap clock;
  clock.Add(100, 1100);
  clock.Add(200, 5200);
  EXPECT_FALSE(Overlaps(clock.ToBootTimes({.since_ns = 1300, .until_ns = 5000}), 0, kEndOfTime));
  const auto intervals = clock.ToBootTimes({.since_ns = 1150, .until_ns = 5201});
  EXPECT_EQ(intervals.front(), (BootInterval{150, 200}));
  EXPECT_FALSE(Overlaps(intervals, 201, kEndOfTime));
}

// Every moment around the anchors, against what ToRealtime says of it.
TEST(ClockMapTest, TheInverseAgreesWithEveryMoment) {
  std::mt19937_64 random(20261122);
  constexpr uint64_t kMoments = 60;
  for (int round = 0; round < 3000; ++round) {
    // Some wrap around: times near the largest number, too.
    const uint64_t origin = round % 3 == 0 ? UINT64_MAX - kMoments + 1 : round % 3 == 1 ? 0 : 1000;
    const auto wall = [&] {
      const int64_t near[] = {0, INT64_MAX - 30, INT64_MIN + 30, 5000};
      return static_cast<int64_t>(static_cast<uint64_t>(near[random() % 4]) + random() % 60 - 30);
    };
    ClockMap clock;
    for (uint64_t anchors = random() % 5; anchors != 0; --anchors) {
      clock.Add(origin + random() % kMoments, wall());
    }
    Window window;
    if (random() % 4 != 0) window.since_ns = wall();
    if (random() % 4 != 0) window.until_ns = wall();
    const auto intervals = clock.ToBootTimes(window);
    for (size_t i = 0; i < intervals.size(); ++i) {
      ASSERT_LE(intervals[i].first_ns, intervals[i].last_ns);
      if (i == 0) continue;
      ASSERT_GT(intervals[i].first_ns, intervals[i - 1].last_ns + 1);
    }
    for (uint64_t i = 0; i < kMoments; ++i) {
      const auto time = clock.ToRealtime(origin + i);
      const bool is_in = time && (!window.since_ns || *time >= *window.since_ns) &&
                         (!window.until_ns || *time < *window.until_ns);
      ASSERT_EQ(Overlaps(intervals, origin + i, origin + i), is_in) << round << ' ' << i;
    }
  }
}

TEST(ClockMapTest, TheLatestIsThatOfAllMomentsBefore) {
  std::mt19937_64 random(20261129);
  constexpr uint64_t kMoments = 60;
  for (int round = 0; round < 1000; ++round) {
    ClockMap clock;
    for (uint64_t anchors = 1 + random() % 6; anchors != 0; --anchors) {
      clock.Add(random() % kMoments, static_cast<int64_t>(5000 + random() % 100));
    }
    int64_t latest = INT64_MIN;
    for (uint64_t i = 0; i < kMoments; ++i) {
      latest = std::max(latest, *clock.ToRealtime(i));
      ASSERT_EQ(clock.LatestUpTo(i), latest) << round << ' ' << i;
    }
  }
}

}  // namespace
}  // namespace daybook
