// Which times the wall clock showed between two moments.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace daybook {

struct ClockAnchor {
  uint64_t time_ns = 0;
  int64_t realtime_ns = 0;
};

struct RealtimeSpan {
  int64_t first_ns = 0;
  int64_t last_ns = 0;
};

// The earliest and the latest wall-clock time from `first_ns` to `last_ns`. An anchor holds from
// its moment up to the next one, the first one also before. nullopt where there is none.
std::optional<RealtimeSpan> FindRealtimeSpan(std::vector<ClockAnchor> anchors, uint64_t first_ns,
                                             uint64_t last_ns);

}  // namespace daybook
