// One boot of one host, as one log tells of it, or several that are joined; see joined_logs.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "daybook/records.h"
#include "time/clock_map.h"
#include "time/time_units.h"

namespace daybook {

struct Boot {
  // Of the first one of them. Unknown where the beginning of the segment is damaged.
  std::optional<Id128> stream_id;
  std::optional<Id128> boot_id;
  std::string boot_text;            // boot_id as its hex digits
  std::optional<std::string> host;  // its name, else what it is called without one
  ClockMap clock;
  std::optional<uint64_t> first_ns;  // boot time of the earliest and the latest record
  uint64_t last_ns = 0;
  std::optional<uint64_t> stopped_ns;  // when the recorder ended in order, where none followed it
  std::unordered_map<uint64_t, std::string> cgroups;  // paths by id, where lives are decoded
  bool is_imported = false;
  bool lacks_successes = false;  // a recorder was to leave out some of what ended with 0
  // One told a birth only when it was known that the process was asked for.
  bool has_late_births = false;
};

// From one moment of a boot to another.
struct SpanOfBoot {
  const Boot* boot;
  uint64_t first_ns;
  uint64_t last_ns;
};

// The same, without a recorder.
struct NotRecordedTime {
  const Boot* boot;
  uint64_t first_ns;
  uint64_t last_ns;
  std::optional<uint64_t> missed_forks;
};

// A recorder writes the time each minute, also where nothing happens: of a log without a record for
// so long nobody is writing it.
inline constexpr int64_t kSilenceNs = 3 * kNsPerMinute;

// True where a log whose last record is of that time tells nothing of a moment. Where that says
// that the recorder has stopped, nobody need wait for the next one.
bool IsSilentAt(int64_t last_ns, int64_t time_ns, bool has_stopped = false);

// True where the log goes on to that moment, or nearly so, as far as it has been read.
bool TellsOf(const Boot& boot, int64_t time_ns);

// True where a recorder that was stopped has written that, as far as an end alone tells it.
bool IsStop(const SegmentEnd& end);

}  // namespace daybook
