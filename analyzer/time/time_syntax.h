// Times as people type them, after systemd.time(7).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "daybook/result.h"
#include "time/local_zone.h"

namespace daybook {

// Nanoseconds since 1970 of one of:
//   now  today  yesterday  tomorrow  "today UTC"
//   14:00  14:00:30  2026-11-20  2026-11-20 14:00  2026-11-20 14:00:30.5      local time
//   2026-11-20T14:00:30Z  2026-11-20T14:00+01:00  2026-11-20 14:00 UTC        where a zone is given
//   26-11-20  "Fri 2026-11-20 14:00"   with a weekday that must be the date's
//   @1795180800.25        seconds since 1970
//   -2h  +5min  2h left  2h ago  1h30min ago  "1 day 2 hours ago"   from `now_ns`
Result<int64_t> ParseTime(std::string_view text, int64_t now_ns, const LocalZone& zone);

// A time as it is written stands for all that is written so: 14:00:30 for a second, 14:00 for a
// minute, a date for a day, and what is counted from now for a moment.
struct WrittenTime {
  int64_t first_ns = 0;
  int64_t last_ns = 0;  // the last nanosecond of it
};
Result<WrittenTime> ParseWrittenTime(std::string_view text, int64_t now_ns, const LocalZone& zone);

// Nanoseconds of "1h30min", "1.5s", "1 day 2 hours"; a number without a unit is seconds. nullopt
// where it is none of these, or does not fit.
std::optional<int64_t> ParseTimeSpan(std::string_view text);

}  // namespace daybook
