// The time zone in which people read and write times: TZ, else the system's, else UTC.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "daybook/result.h"
#include "time/posix_zone.h"

namespace date {
class time_zone;
}

namespace daybook {

// A moment as a calendar and a clock on the wall show it.
struct LocalTime {
  int year = 0;
  int month = 0;  // 1-12
  int day = 0;    // 1-31
  int hour = 0;
  int minute = 0;
  int second = 0;
  int nanosecond = 0;
  int offset_s = 0;  // east of UTC
};

class LocalZone {
 public:
  // `name` is a name of the tz database, or a rule as POSIX has them for TZ: "CET-1", or
  // "CET-1CEST,M3.5.0,M10.5.0/3". An error where it is neither.
  static Result<LocalZone> Named(const std::string& name);
  static Result<LocalZone> FromEnvironment();
  static LocalZone Utc() { return {}; }

  std::string_view name() const;

  LocalTime At(int64_t realtime_ns) const;

  // Seconds since 1970 of a local time, whose offset is not looked at. Of two moments with that
  // time the first; a time that is skipped counts on from before the gap.
  int64_t ToSeconds(const LocalTime& local) const;

  // These write so many bytes and return what is behind them.
  // "2026-11-20T14:00:00.123456+01:00"
  static constexpr size_t kRfc3339Bytes = 32;
  char* PutRfc3339(int64_t realtime_ns, char* out) const;
  // "2026-11-20 14:00:00"
  static constexpr size_t kForPeopleBytes = 19;
  char* PutForPeople(int64_t realtime_ns, char* out) const;

  void AppendRfc3339(int64_t realtime_ns, std::string* out) const;
  void AppendForPeople(int64_t realtime_ns, std::string* out) const;

 private:
  // Seconds since 1970; both hold from begin up to end.
  struct Offset {
    int64_t begin_s = 0;
    int64_t end_s = 0;
    int offset_s = 0;
  };
  struct Minute {
    int64_t begin_s = 0;
    int64_t end_s = 0;
    int64_t zero_s = 0;  // second 0 of it, perhaps before `begin_s`
    std::array<char, sizeof("2026-11-20 14:00:") - 1> text{};
    std::array<char, sizeof("+01:00") - 1> offset_text{};
  };

  LocalZone() = default;
  explicit LocalZone(const date::time_zone* zone) : zone_(zone) {}
  explicit LocalZone(std::shared_ptr<const PosixZone> rule) : rule_(std::move(rule)) {}

  const Offset& OffsetAt(int64_t second) const;
  const Minute& MinuteAt(int64_t second, int64_t realtime_ns) const;

  // By the tz database or by a rule of its own; without both it is UTC.
  const date::time_zone* zone_ = nullptr;
  std::shared_ptr<const PosixZone> rule_;
  // What was asked for last.
  mutable Offset offset_;
  mutable Minute minute_;
};

// Seconds since 1970 of a date and time in UTC.
int64_t UtcSeconds(const LocalTime& time);

// True for a day that the calendar has.
bool IsDate(int year, int month, int day);

}  // namespace daybook
