#include "recorded_times.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace daybook {
namespace {

using testing::ElementsAre;
using Span = RecordedTimes::Span;

TEST(RecordedTimesTest, TimesWithoutARecorderDoNotCount) {
  RecordedTimes times;
  EXPECT_TRUE(times.empty());
  times.Add({100, 200}, {{90, 110}, {150, 160}, {155, 170}, {195, 300}});
  times.Finish();
  EXPECT_EQ(times.NsBetween(0, 1000), 40 + 25);
  EXPECT_EQ(times.NsBetween(120, 180), 30 + 10);
  EXPECT_EQ(times.NsBetween(150, 170), 0);
  EXPECT_EQ(times.NsBetween(300, 400), 0);
  EXPECT_EQ(times.first_ns(), 100);
  EXPECT_EQ(times.last_ns(), 200);
}

TEST(RecordedTimesTest, BootsAreInOrderOfTimeAndMayOverlap) {
  RecordedTimes times;
  times.Add({500, 600}, {{500, 510}});
  times.Add({100, 200}, {});
  times.Add({150, 250}, {{160, 190}});  // another log of the host
  times.Finish();
  EXPECT_THAT(times.BetweenBoots(), ElementsAre(Span{250, 500}));
  EXPECT_EQ(times.NsBetween(0, 1000), 150 + 90);
}

}  // namespace
}  // namespace daybook
