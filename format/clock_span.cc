#include "clock_span.h"

#include <algorithm>

namespace daybook {

std::optional<RealtimeSpan> FindRealtimeSpan(std::vector<ClockAnchor> anchors, uint64_t first_ns,
                                             uint64_t last_ns) {
  std::ranges::stable_sort(anchors, {}, &ClockAnchor::time_ns);
  std::optional<RealtimeSpan> span;
  const auto note = [&](const ClockAnchor& anchor, uint64_t time_ns) {
    // Wraps instead of overflowing: the numbers may come from a file.
    const auto realtime = static_cast<int64_t>(static_cast<uint64_t>(anchor.realtime_ns) +
                                               (time_ns - anchor.time_ns));
    if (!span) span = {realtime, realtime};
    span->first_ns = std::min(span->first_ns, realtime);
    span->last_ns = std::max(span->last_ns, realtime);
  };
  for (size_t i = 0; i < anchors.size(); ++i) {
    const bool is_last = i + 1 == anchors.size();
    const uint64_t begin = i == 0 ? first_ns : std::max(first_ns, anchors[i].time_ns);
    const uint64_t end = is_last ? last_ns : std::min(last_ns, anchors[i + 1].time_ns);
    if (begin > end) continue;
    note(anchors[i], begin);
    note(anchors[i], end);
  }
  return span;
}

}  // namespace daybook
