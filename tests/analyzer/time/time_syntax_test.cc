#include "time/time_syntax.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace daybook {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

class TimeSyntaxTest : public testing::Test {
 protected:
  // What `text` means in Berlin at 2026-11-20 15:30:00.25 there, as RFC 3339; "" where nothing.
  std::string Parse(std::string_view text) const {
    const auto time = ParseTime(text, now_ns_, zone_);
    std::string out;
    if (time) zone_.AppendRfc3339(*time, &out);
    return out;
  }

  LocalZone zone_ = *LocalZone::Named("Europe/Berlin");
  int64_t now_ns_ = 1795185000 * kSecond + kSecond / 4;
};

TEST_F(TimeSyntaxTest, Words) {
  EXPECT_EQ(Parse("now"), "2026-11-20T15:30:00.250000+01:00");
  EXPECT_EQ(Parse("today"), "2026-11-20T00:00:00.000000+01:00");
  EXPECT_EQ(Parse("yesterday"), "2026-11-19T00:00:00.000000+01:00");
  EXPECT_EQ(Parse("tomorrow"), "2026-11-21T00:00:00.000000+01:00");
}

TEST_F(TimeSyntaxTest, LocalDatesAndTimes) {
  EXPECT_EQ(Parse("14:00"), "2026-11-20T14:00:00.000000+01:00");
  EXPECT_EQ(Parse("14:00:05.5"), "2026-11-20T14:00:05.500000+01:00");
  EXPECT_EQ(Parse("2026-07-01"), "2026-07-01T00:00:00.000000+02:00");
  EXPECT_EQ(Parse("2026-07-01 14:00"), "2026-07-01T14:00:00.000000+02:00");
  EXPECT_EQ(Parse("2026-07-01 14:00:01.000001"), "2026-07-01T14:00:01.000001+02:00");
}

TEST_F(TimeSyntaxTest, TimesWithAZone) {
  EXPECT_EQ(Parse("2026-11-20T14:00:00Z"), "2026-11-20T15:00:00.000000+01:00");
  EXPECT_EQ(Parse("2026-11-20T14:00:00.25-05:00"), "2026-11-20T20:00:00.250000+01:00");
  EXPECT_EQ(Parse("2026-11-20 14:00 UTC"), "2026-11-20T15:00:00.000000+01:00");
}

// What follows is as `systemd-analyze timestamp` has it.
TEST_F(TimeSyntaxTest, ATimeWithAZoneIsOnTheDateThatItIsThere) {
  zone_ = *LocalZone::Named("Pacific/Auckland");  // there it is the 21st
  EXPECT_EQ(Parse("now"), "2026-11-21T03:30:00.250000+13:00");
  EXPECT_EQ(Parse("14:00 UTC"), "2026-11-21T03:00:00.000000+13:00");
  EXPECT_EQ(Parse("14:00"), "2026-11-21T14:00:00.000000+13:00");
  EXPECT_EQ(Parse("today UTC"), "2026-11-20T13:00:00.000000+13:00");
  EXPECT_EQ(Parse("yesterday UTC"), "2026-11-19T13:00:00.000000+13:00");
  EXPECT_EQ(Parse("tomorrow UTC"), "2026-11-21T13:00:00.000000+13:00");
}

TEST_F(TimeSyntaxTest, AWeekdayMustBeThatOfTheDate) {
  EXPECT_EQ(Parse("Fri 2026-11-20 19:40"), "2026-11-20T19:40:00.000000+01:00");
  EXPECT_EQ(Parse("friday 2026-11-20"), "2026-11-20T00:00:00.000000+01:00");
  EXPECT_EQ(Parse("Fri 2026-11-20 19:40 UTC"), "2026-11-20T20:40:00.000000+01:00");
  EXPECT_EQ(Parse("Fri 14:00"), "2026-11-20T14:00:00.000000+01:00");
  EXPECT_EQ(Parse("Sun 1969-12-28"), "1969-12-28T00:00:00.000000+01:00");
  for (const std::string_view text : {"Thu 2026-11-20", "Fri", "Frida 2026-11-20", "Thu 14:00",
                                      "Fri, 2026-11-20", "Fri now", "Fri2026-11-20"}) {
    EXPECT_EQ(Parse(text), "") << text;
  }
}

TEST_F(TimeSyntaxTest, YearsOfTwoDigitsAndTimesThatAreLeft) {
  EXPECT_EQ(Parse("26-07-01"), "2026-07-01T00:00:00.000000+02:00");
  EXPECT_EQ(Parse("26-07-01 14:00"), "2026-07-01T14:00:00.000000+02:00");
  EXPECT_EQ(Parse("70-01-02"), "1970-01-02T00:00:00.000000+01:00");
  EXPECT_EQ(Parse("2h left"), "2026-11-20T17:30:00.250000+01:00");
}

TEST_F(TimeSyntaxTest, OurOwnOutputReadsBack) {
  EXPECT_EQ(Parse("2026-10-25T02:30:00.123456+01:00"), "2026-10-25T02:30:00.123456+01:00");
}

TEST_F(TimeSyntaxTest, Epoch) {
  EXPECT_EQ(Parse("@0"), "1970-01-01T01:00:00.000000+01:00");
  EXPECT_EQ(Parse("@1795185000.5"), "2026-11-20T15:30:00.500000+01:00");
}

TEST_F(TimeSyntaxTest, RelativeTimes) {
  EXPECT_EQ(Parse("-2h"), "2026-11-20T13:30:00.250000+01:00");
  EXPECT_EQ(Parse("+5min"), "2026-11-20T15:35:00.250000+01:00");
  EXPECT_EQ(Parse("2h ago"), "2026-11-20T13:30:00.250000+01:00");
  EXPECT_EQ(Parse("-1h30min"), "2026-11-20T14:00:00.250000+01:00");
  EXPECT_EQ(Parse("1 day 2 hours ago"), "2026-11-19T13:30:00.250000+01:00");
  EXPECT_EQ(Parse("-1.5h"), "2026-11-20T14:00:00.250000+01:00");
  EXPECT_EQ(Parse("-90"), "2026-11-20T15:28:30.250000+01:00") << "seconds";
  EXPECT_EQ(Parse("-250ms"), "2026-11-20T15:30:00.000000+01:00");
  EXPECT_EQ(Parse("-1w"), "2026-11-13T15:30:00.250000+01:00");
}

TEST_F(TimeSyntaxTest, DaysOfTwentyFiveHours) {
  now_ns_ = *ParseTime("2026-10-26 00:10", now_ns_, zone_);
  EXPECT_EQ(Parse("yesterday"), "2026-10-25T00:00:00.000000+02:00");
  EXPECT_EQ(Parse("2026-10-25 02:30"), "2026-10-25T02:30:00.000000+02:00") << "the first of two";
  EXPECT_EQ(Parse("2026-03-29 02:30"), "2026-03-29T03:30:00.000000+02:00") << "skipped";
}

TEST_F(TimeSyntaxTest, NonsenseIsRefusedWithAHint) {
  for (const std::string_view text : {"",
                                      "banana",
                                      "25:00",
                                      "12:60",
                                      "2026-13-01",
                                      "2026-02-30",
                                      "2026-02-01 7",
                                      "-",
                                      "+",
                                      "@",
                                      "@x",
                                      "5 parsecs ago",
                                      "2h",
                                      "-2h!",
                                      "2026-11-20T14:00:00+99:00",
                                      "14:00 Mars",
                                      "-99999999999999999h",
                                      "9999-12-31",
                                      "-1.h",
                                      "ago",
                                      "now UTC",
                                      "2h ago UTC",
                                      "126-07-01",
                                      "left",
                                      " ago",
                                      "@99999999999"}) {
    EXPECT_EQ(Parse(text), "") << text;
  }
  EXPECT_THAT(ParseTime("banana", now_ns_, zone_).error().message(),
              testing::HasSubstr("'banana' is not a time; write for example -2h"));
}

TEST_F(TimeSyntaxTest, AnUnknownZoneIsAnError) {
  EXPECT_FALSE(LocalZone::Named("Europe/Atlantis"));
}

}  // namespace
}  // namespace daybook
