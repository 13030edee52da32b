#include "log/boot.h"

#include <algorithm>
#include <limits>

namespace daybook {

bool IsSilentAt(int64_t last_ns, int64_t time_ns, bool has_stopped) {
  if (has_stopped) return last_ns < time_ns;
  return last_ns < std::max(time_ns, std::numeric_limits<int64_t>::min() + kSilenceNs) - kSilenceNs;
}

bool TellsOf(const Boot& boot, int64_t time_ns) {
  const bool has_stopped = boot.stopped_ns.has_value();
  const auto last = boot.clock.ToRealtime(boot.last_ns);
  if (!last || !IsSilentAt(*last, time_ns, has_stopped)) return true;
  return !IsSilentAt(*boot.clock.LatestUpTo(boot.last_ns), time_ns, has_stopped);
}

bool IsStop(const SegmentEnd& end) { return end.reason == EndReason::kShutdown; }

}  // namespace daybook
