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

// Of a recorder that was told to write elsewhere.
TEST(RecordedTimesTest, LogsOfOneBootAreOneBoot) {
  RecordedTimes times;
  times.Add({100, 200}, {});
  times.Add({300, 400}, {});
  times.AddLogsOfBoot({{300, 400}, {100, 200}});
  times.Finish();
  EXPECT_THAT(times.BetweenBoots(), ElementsAre());
  EXPECT_THAT(times.BetweenLogs(), ElementsAre(Span{200, 300}));
  EXPECT_THAT(times.Twice(), ElementsAre());
  EXPECT_EQ(times.NsBetween(0, 1000), 200);
}

TEST(RecordedTimesTest, WhereTwoLogsOfOneBootOverlapItIsRecordedTwice) {
  RecordedTimes times;
  times.AddLogsOfBoot({{100, 300}, {250, 400}, {350, 360}});
  times.Finish();
  EXPECT_THAT(times.BetweenLogs(), ElementsAre());
  EXPECT_THAT(times.Twice(), ElementsAre(Span{250, 300}, Span{350, 360}));
}

}  // namespace
}  // namespace daybook
