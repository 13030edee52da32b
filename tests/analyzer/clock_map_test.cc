#include "clock_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST(ClockMapTest, AbsurdNumbersDoNotOverflow) {
  ClockMap clock;
  clock.Add(UINT64_MAX, INT64_MIN);
  EXPECT_TRUE(clock.ToRealtime(0).has_value());
}

}  // namespace
}  // namespace daybook
