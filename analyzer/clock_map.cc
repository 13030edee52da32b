#include "clock_map.h"

#include <algorithm>

namespace daybook {

void ClockMap::Add(uint64_t boot_ns, int64_t realtime_ns) {
  // Wraps instead of overflowing: the numbers come from a file.
  const auto offset = static_cast<int64_t>(static_cast<uint64_t>(realtime_ns) - boot_ns);
  const auto after = std::ranges::upper_bound(anchors_, boot_ns, {}, &Anchor::boot_ns);
  if (after != anchors_.begin() && std::prev(after)->offset_ns == offset) return;
  anchors_.insert(after, Anchor{.boot_ns = boot_ns, .offset_ns = offset});
}

std::optional<int64_t> ClockMap::ToRealtime(uint64_t boot_ns) const {
  if (anchors_.empty()) return std::nullopt;
  auto anchor = std::ranges::upper_bound(anchors_, boot_ns, {}, &Anchor::boot_ns);
  if (anchor != anchors_.begin()) --anchor;
  return static_cast<int64_t>(boot_ns + static_cast<uint64_t>(anchor->offset_ns));
}

}  // namespace daybook
