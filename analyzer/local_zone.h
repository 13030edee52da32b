// The time zone in which people read and write times: TZ, else the system's, else UTC.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "daybook/result.h"

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
  // `name` is a name of the tz database as TZ has it; an error where the database has no such name.
  static Result<LocalZone> Named(const std::string& name);
  static Result<LocalZone> FromEnvironment();
  static LocalZone Utc() { return LocalZone(nullptr); }

  std::string_view name() const;

  LocalTime At(int64_t realtime_ns) const;

  // Seconds since 1970 of a local time, whose offset is not looked at. Of two moments with that
  // time the first; a time that is skipped counts on from before the gap.
  int64_t ToSeconds(const LocalTime& local) const;

  // "2026-11-20T14:00:00.123456+01:00"
  void AppendRfc3339(int64_t realtime_ns, std::string* out) const;
  // "2026-11-20 14:00:00"
  void AppendForPeople(int64_t realtime_ns, std::string* out) const;

 private:
  explicit LocalZone(const date::time_zone* zone) : zone_(zone) {}

  const date::time_zone* zone_;  // nullptr is UTC
  // The answer of the last lookup holds from begin up to end.
  mutable int64_t offset_begin_s_ = 0;
  mutable int64_t offset_end_s_ = 0;
  mutable int offset_s_ = 0;
};

// Seconds since 1970 of a date and time in UTC.
int64_t UtcSeconds(const LocalTime& time);

// True for a day that the calendar has.
bool IsDate(int year, int month, int day);

}  // namespace daybook
