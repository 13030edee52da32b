// How a recorder is: what it leaves in a small file for whoever asks whether it records. The file
// is one JSON object, of which kStatusFields has the names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daybook/field.h"
#include "daybook/result.h"

namespace daybook {

// Counts are those since it was started. "The status before" is at least a minute old, unless there
// was trouble or somebody asked.
struct RecorderStatus {
  uint64_t pid = 0;
  std::string version;
  std::string source;
  bool recording = true;  // false once it has ended in order
  bool failing = false;   // what comes now may be lost
  std::string message;    // why it is failing
  int64_t start_realtime_ns = 0;
  int64_t written_realtime_ns = 0;
  std::optional<int64_t> last_event_realtime_ns;
  std::optional<int64_t> last_sync_realtime_ns;
  uint64_t segment_no = 0;
  uint64_t events = 0;
  uint64_t events_per_second = 0;  // since the status before
  uint64_t lag_us = 0;  // the longest that an event waited until it was written, likewise
  uint64_t drain_interval_us = 0;
  uint64_t forks_lost = 0;  // in the kernel's buffer, as the next three
  uint64_t execs_lost = 0;
  uint64_t exits_lost = 0;
  uint64_t others_lost = 0;
  uint64_t unwritten_lost = 0;  // taken from there, but the disk had no room for them
  uint64_t newly_lost = 0;      // all of these, since the status before
  std::optional<uint64_t> forks_seen;
  std::optional<uint64_t> execs_seen;
  std::optional<uint64_t> exits_seen;
  std::optional<uint64_t> filtered;   // left out on request
  std::optional<uint64_t> log_bytes;  // what the log takes of the disk
  uint64_t max_bytes = 0;             // and may take
  std::optional<uint64_t> free_bytes;
  uint64_t min_free_bytes = 0;

  bool operator==(const RecorderStatus&) const = default;
};

template <class Value>
struct StatusField {
  std::string_view name;
  Value RecorderStatus::*member;
};
template <class Value>
StatusField(std::string_view, Value RecorderStatus::*) -> StatusField<Value>;  // clang 14

inline constexpr auto kStatusFields =
    FieldTable{StatusField{"pid", &RecorderStatus::pid},
               StatusField{"version", &RecorderStatus::version},
               StatusField{"source", &RecorderStatus::source},
               StatusField{"recording", &RecorderStatus::recording},
               StatusField{"failing", &RecorderStatus::failing},
               StatusField{"message", &RecorderStatus::message},
               StatusField{"start_realtime_ns", &RecorderStatus::start_realtime_ns},
               StatusField{"written_realtime_ns", &RecorderStatus::written_realtime_ns},
               StatusField{"last_event_realtime_ns", &RecorderStatus::last_event_realtime_ns},
               StatusField{"last_sync_realtime_ns", &RecorderStatus::last_sync_realtime_ns},
               StatusField{"segment_no", &RecorderStatus::segment_no},
               StatusField{"events", &RecorderStatus::events},
               StatusField{"events_per_second", &RecorderStatus::events_per_second},
               StatusField{"lag_us", &RecorderStatus::lag_us},
               StatusField{"drain_interval_us", &RecorderStatus::drain_interval_us},
               StatusField{"forks_lost", &RecorderStatus::forks_lost},
               StatusField{"execs_lost", &RecorderStatus::execs_lost},
               StatusField{"exits_lost", &RecorderStatus::exits_lost},
               StatusField{"others_lost", &RecorderStatus::others_lost},
               StatusField{"unwritten_lost", &RecorderStatus::unwritten_lost},
               StatusField{"newly_lost", &RecorderStatus::newly_lost},
               StatusField{"forks_seen", &RecorderStatus::forks_seen},
               StatusField{"execs_seen", &RecorderStatus::execs_seen},
               StatusField{"exits_seen", &RecorderStatus::exits_seen},
               StatusField{"filtered", &RecorderStatus::filtered},
               StatusField{"log_bytes", &RecorderStatus::log_bytes},
               StatusField{"max_bytes", &RecorderStatus::max_bytes},
               StatusField{"free_bytes", &RecorderStatus::free_bytes},
               StatusField{"min_free_bytes", &RecorderStatus::min_free_bytes}};

// In the log's folder, where the recorder was not told of another place.
inline constexpr char kStatusFileName[] = "status";

uint64_t LostTotal(const RecorderStatus& status);

// What is unknown is null.
std::string StatusJson(const RecorderStatus& status);
// Members of other names are skipped, and those that are missing keep their defaults. An Error
// where it is no such object.
Result<RecorderStatus> ParseStatus(std::string_view json);

}  // namespace daybook
