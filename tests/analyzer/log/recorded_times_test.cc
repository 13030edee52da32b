#include "log/recorded_times.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace daybook {
namespace {

using testing::ElementsAre;
using Span = RecordedTimes::Span;

TEST(RecordedTimesTest, TimesWithoutARecorderDoNotCount) {
  RecordedTimes times;
  EXPECT_TRUE(times.empty());
  times.Add({100, 200}, {{90, 110}, {150, 170}, {195, 300}});
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

TEST(RecordedTimesTest, WhatIsMissingWasRecordedAndIsNotThere) {
  RecordedTimes times;
  times.Add({100, 200}, {{170, 180}}, {{140, 175}});
  times.AddMissing({140, 175});
  times.AddMissing({200, 300});
  times.Finish();
  EXPECT_EQ(times.NsBetween(0, 1000), 40 + 20);
  EXPECT_EQ(times.MissingNsBetween(0, 1000), 30 + 100) << "but for what nobody recorded";
  EXPECT_EQ(times.MissingNsBetween(150, 250), 20 + 50);
  EXPECT_EQ(times.last_ns(), 300);
  EXPECT_THAT(times.BetweenBoots(), ElementsAre());
  const auto missing = times.SilenceIn({.since_ns = 150, .until_ns = 160});
  ASSERT_TRUE(missing && missing->missing);
  EXPECT_EQ(*missing->missing, (Span{140, 170}));
  const auto not_recorded = times.SilenceIn({.since_ns = 176, .until_ns = 177});
  ASSERT_TRUE(not_recorded);
  EXPECT_FALSE(not_recorded->missing);
}

TEST(RecordedTimesTest, WhatIsMissingElsewhereDoesNotMakeABootLonger) {
  RecordedTimes times;
  times.Add({300, 400}, {}, {{100, 200}, {390, 420}, {500, 600}});
  times.Finish();
  EXPECT_EQ(times.NsBetween(0, 1000), 90);
  EXPECT_TRUE(times.SilenceIn({.since_ns = 430, .until_ns = 440}));
}

TEST(RecordedTimesTest, WhatIsNeitherThereNorMissingNobodyRecorded) {
  RecordedTimes times;
  times.Add({100, 200}, {{120, 130}}, {{150, 160}});
  times.AddMissing({150, 160});
  times.Add({300, 400}, {});
  times.Finish();
  EXPECT_THAT(times.NotRecordedIn({50, 500}),
              ElementsAre(Span{50, 100}, Span{120, 130}, Span{200, 300}, Span{400, 500}));
  EXPECT_THAT(times.NotRecordedIn({125, 250}), ElementsAre(Span{125, 130}, Span{200, 250}));
  EXPECT_THAT(times.NotRecordedIn({300, 400}), ElementsAre());
  EXPECT_THAT(times.NotRecordedIn({420, 430}), ElementsAre(Span{420, 430}));
}

TEST(RecordedTimesTest, ABootOfOneRecordIsAMoment) {
  RecordedTimes times;
  times.Add({100, 100}, {{90, 100}}, {{100, 200}});
  times.Finish();
  EXPECT_FALSE(times.SilenceIn({.since_ns = 100, .until_ns = 101}));
}

// Of clocks that somebody has made up.
TEST(RecordedTimesTest, NoTimeIsTooLong) {
  constexpr int64_t kFar = INT64_MAX - 10;
  RecordedTimes times;
  times.Add({-kFar, -20}, {});
  times.AddMissing({-20, kFar});
  times.Add({kFar, INT64_MAX}, {});
  times.Finish();
  EXPECT_EQ(times.NsBetween(INT64_MIN, INT64_MAX), kFar - 20 + 10);
  EXPECT_EQ(times.MissingNsBetween(INT64_MIN, INT64_MAX), INT64_MAX);
  const auto silence = times.SilenceIn({.since_ns = 0, .until_ns = 10});
  ASSERT_TRUE(silence && silence->missing);
  EXPECT_EQ(*silence->missing, (Span{-20, kFar}));
}

TEST(RecordedTimesTest, WhereHardlyAnythingIsThereAllIsMissing) {
  constexpr int64_t kHour = 20 * kSilenceNs;
  RecordedTimes times;
  times.Add({0, kHour + 50}, {});
  times.AddMissing({kHour + 50, 2 * kHour});
  times.Add({2 * kHour, 3 * kHour}, {});
  times.Finish();
  const auto silence = times.SilenceIn({.since_ns = kHour, .until_ns = 2 * kHour});
  ASSERT_TRUE(silence && silence->missing);
  EXPECT_EQ(*silence->missing, (Span{kHour + 50, 2 * kHour}));
  EXPECT_FALSE(times.SilenceIn({.since_ns = kHour - kSilenceNs, .until_ns = 2 * kHour}));
  EXPECT_FALSE(times.SilenceIn({.since_ns = kHour, .until_ns = kHour + kSilenceNs}))
      << "not three minutes of it are missing";
}

TEST(RecordedTimesTest, WhatAnotherLogHasIsNotMissing) {
  RecordedTimes times;
  times.Add({100, 200}, {}, {{140, 160}});
  times.AddMissing({140, 160});
  times.Add({150, 180}, {});
  times.Finish();
  EXPECT_EQ(times.MissingNsBetween(0, 1000), 10);
}

// What a log tells of a boot, at whose begin the wall clock was so late.
Boot LogOf(uint64_t first_ns, uint64_t last_ns, int64_t booted_ns = 0) {
  Boot boot;
  boot.first_ns = first_ns;
  boot.last_ns = last_ns;
  boot.clock.Add(0, booted_ns);
  return boot;
}

// Of a recorder that was told to write elsewhere.
TEST(RecordedTimesTest, LogsOfOneBootAreOneBoot) {
  const Boot first = LogOf(100, 200);
  const Boot second = LogOf(300, 400);
  RecordedTimes times;
  times.Add({100, 200}, {});
  times.Add({300, 400}, {});
  times.AddLogsOfBoot({&second, &first});
  times.Finish();
  EXPECT_THAT(times.BetweenBoots(), ElementsAre());
  EXPECT_THAT(times.BetweenLogs(), ElementsAre(Span{200, 300}));
  EXPECT_THAT(times.Twice(), ElementsAre());
  EXPECT_EQ(times.NsBetween(0, 1000), 200);
}

TEST(RecordedTimesTest, WhereTwoLogsOfOneBootOverlapItIsRecordedTwice) {
  const Boot logs[] = {LogOf(100, 300), LogOf(250, 400), LogOf(350, 360)};
  RecordedTimes times;
  times.AddLogsOfBoot({&logs[0], &logs[1], &logs[2]});
  times.Finish();
  EXPECT_THAT(times.BetweenLogs(), ElementsAre());
  EXPECT_THAT(times.Twice(), ElementsAre(Span{250, 300}, Span{350, 360}));
}

// Of a recorder that wrote elsewhere for a while.
TEST(RecordedTimesTest, WhatALogIsNotWrittenInIsNotRecordedTwice) {
  const Boot logs[] = {LogOf(100, 400), LogOf(210, 330)};
  RecordedTimes times;
  times.AddLogsOfBoot({&logs[0], &logs[1]}, {{&logs[0], {{200, 300}}}});
  times.Finish();
  EXPECT_THAT(times.Twice(), ElementsAre(Span{300, 330}));
  EXPECT_THAT(times.BetweenLogs(), ElementsAre());
}

// A step of the wall clock between two logs of a boot is no time, forward or back.
TEST(RecordedTimesTest, WhetherTheyOverlapIsNotToldByTheWallClock) {
  const Boot first = LogOf(1100, 1200, 1000);
  for (const int64_t booted_ns : {500, 5000}) {
    const Boot second = LogOf(1210, 1400, booted_ns);
    RecordedTimes times;
    times.AddLogsOfBoot({&first, &second});
    times.Finish();
    EXPECT_THAT(times.Twice(), ElementsAre()) << booted_ns;
    EXPECT_THAT(times.BetweenLogs(), ElementsAre(Span{booted_ns + 1200, booted_ns + 1210}));
    EXPECT_THAT(times.BetweenBoots(), ElementsAre()) << booted_ns;
  }
}

// Also where by the wall clock the second one begins long after the first one's end.
TEST(RecordedTimesTest, NorIsWhatWasRecordedTwice) {
  const Boot first = LogOf(1100, 1300, 1000);
  const Boot second = LogOf(1250, 1400, 5000);
  RecordedTimes times;
  times.AddLogsOfBoot({&first, &second});
  times.Finish();
  EXPECT_THAT(times.Twice(), ElementsAre(Span{6250, 6300}));
  EXPECT_THAT(times.BetweenLogs(), ElementsAre());
}

}  // namespace
}  // namespace daybook
