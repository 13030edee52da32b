#include "local_zone.h"

#include <gtest/gtest.h>

#include <string>

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

}  // namespace
}  // namespace daybook
