#include "time/local_zone.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>

namespace daybook {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kHour = 3600 * kSecond;

std::string Rfc3339(const LocalZone& zone, int64_t realtime_ns) {
  std::string out;
  zone.AppendRfc3339(realtime_ns, &out);
  return out;
}
std::string ForPeople(const LocalZone& zone, int64_t realtime_ns) {
  std::string out;
  zone.AppendForPeople(realtime_ns, &out);
  return out;
}

TEST(LocalZoneTest, TheClockIsSetForwardWithinAnHour) {
  const auto zone = LocalZone::Named("Europe/Berlin");
  const int64_t change = 1'774'746'000 * kSecond;
  EXPECT_EQ(Rfc3339(*zone, change - 1000), "2026-03-29T01:59:59.999999+01:00");
  EXPECT_EQ(Rfc3339(*zone, change), "2026-03-29T03:00:00.000000+02:00");
  EXPECT_EQ(Rfc3339(*zone, change - 1000), "2026-03-29T01:59:59.999999+01:00");
  EXPECT_EQ(ForPeople(*zone, change + 61 * kSecond), "2026-03-29 03:01:01");
}

TEST(LocalZoneTest, TimesBefore1970) {
  const LocalZone zone = LocalZone::Utc();
  EXPECT_EQ(Rfc3339(zone, -1), "1969-12-31T23:59:59.999999+00:00");
  EXPECT_EQ(Rfc3339(zone, 0), "1970-01-01T00:00:00.000000+00:00");
  EXPECT_EQ(Rfc3339(zone, INT64_MIN), "1677-09-21T00:12:43.145224+00:00");
  EXPECT_EQ(Rfc3339(zone, INT64_MAX), "2262-04-11T23:47:16.854775+00:00");
}

// What was asked before changes nothing, also where the offset was no whole minute, and where it
// changed within a minute.
TEST(LocalZoneTest, TimesMayComeInAnyOrder) {
  const auto used = LocalZone::Named("Europe/Berlin");
  const int64_t local_mean_time_ended = -2'422'054'408 * kSecond;
  for (const int64_t middle : {local_mean_time_ended, int64_t{0}, 1'792'890'000 * kSecond}) {
    for (int64_t i = -40; i < 40; ++i) {
      const int64_t time_ns = middle + i * 7 * kSecond + (i % 3) * kHour;
      const auto fresh = LocalZone::Named("Europe/Berlin");
      EXPECT_EQ(Rfc3339(*used, time_ns), Rfc3339(*fresh, time_ns));
    }
  }
}

// ---- Rules as POSIX has them ----

// What the C library makes of them. For as long as it lives, TZ is that.
class ZoneOfTheCLibrary {
 public:
  explicit ZoneOfTheCLibrary(const std::string& tz) {
    setenv("TZ", tz.c_str(), 1);
    tzset();
  }
  ~ZoneOfTheCLibrary() {
    unsetenv("TZ");
    tzset();
  }
  ZoneOfTheCLibrary(const ZoneOfTheCLibrary&) = delete;
  ZoneOfTheCLibrary& operator=(const ZoneOfTheCLibrary&) = delete;

  static std::string Rfc3339(int64_t realtime_ns) {
    const time_t second = realtime_ns / kSecond;
    tm local{};
    localtime_r(&second, &local);
    char text[64];
    const size_t length = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000000%z", &local);
    std::string rfc3339(text, length);
    return rfc3339.insert(rfc3339.size() - 2, ":");
  }
};

constexpr const char* kRules[] = {
    "CET-1CEST,M3.5.0,M10.5.0/3",            // Berlin
    "EST5EDT4,M3.2.0/2:00:00,M11.1.0",       // New York
    "AEST-10AEDT,M10.1.0,M4.1.0/3",          // Sydney, where it is summer at the turn of the year
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",  // Lord Howe, by half an hour
    "XYZ3XYW,J60,J300/0",
    "XYZ3XYW,59/24,299/1:30:15",
    "CET-1",
    "<-03>3",
    "<+0545>-5:45",
};

TEST(LocalZoneTest, RulesHoldAsForTheCLibrary) {
  for (const char* rule : kRules) {
    const auto zone = LocalZone::Named(rule);
    ASSERT_TRUE(zone) << zone.error().message();
    const ZoneOfTheCLibrary expected(rule);
    constexpr int64_t kStep = 47 * kHour / 60 + kSecond;
    const int64_t begin = 1'700'000'000 * kSecond;
    for (int64_t time_ns = begin; time_ns < begin + 5 * 366 * 24 * kHour; time_ns += kStep) {
      ASSERT_EQ(Rfc3339(*zone, time_ns), expected.Rfc3339(time_ns)) << rule;
    }
  }
}

// As for a zone of the tz database: of two moments the first, and what is skipped counts on.
TEST(LocalZoneTest, LocalTimesOfARuleAreThoseOfItsZone) {
  const auto rule = LocalZone::Named("CET-1CEST,M3.5.0,M10.5.0/3");
  const auto berlin = LocalZone::Named("Europe/Berlin");
  for (int month = 1; month <= 12; ++month) {
    for (int day = 20; day <= 31; ++day) {
      for (int minute = 0; minute < 4 * 60 && IsDate(2026, month, day); minute += 10) {
        const LocalTime time{
            .year = 2026, .month = month, .day = day, .hour = minute / 60, .minute = minute % 60};
        ASSERT_EQ(rule->ToSeconds(time), berlin->ToSeconds(time)) << month << '-' << day;
      }
    }
  }
  EXPECT_EQ(rule->name(), "CET-1CEST,M3.5.0,M10.5.0/3");
}

TEST(LocalZoneTest, WhatIsNoRuleIsRefused) {
  for (const char* text : {"",
                           "CET",
                           "CET-",
                           "C1",
                           "CET-1CEST",
                           "CET-25",
                           "CET-1:60",
                           "CET-1CEST,M3.5.0",
                           "CET-1CEST,M13.5.0,M10.5.0",
                           "CET-1CEST,M3.6.0,M10.5.0",
                           "CET-1CEST,M3.5.7,M10.5.0",
                           "CET-1CEST,M3.5.0,M10.5.0/",
                           "CET-1CEST,M3.5.0,M10.5.0/3x",
                           "CET-1CEST,J0,J365",
                           "CET-1CEST,J1,J366",
                           "CET-1CEST,0,366",
                           "CET-1CEST,M3.5.0/-1,M10.5.0",
                           "<->3",
                           "<CET-1",
                           "CET-1CEST,M3.5.0,M10.5.0\n"}) {
    const auto zone = LocalZone::Named(text);
    if (std::string_view(text) == "CET" && zone) continue;  // of the tz database
    EXPECT_FALSE(zone) << text;
  }
}

}  // namespace
}  // namespace daybook
