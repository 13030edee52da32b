// Boot time to wall-clock time and back, by the anchors that a log has of one boot.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "time/window.h"

namespace daybook {

// A span of boot time; both moments belong to it.
struct BootInterval {
  uint64_t first_ns = 0;
  uint64_t last_ns = 0;
  bool operator==(const BootInterval&) const = default;
};

// True where a moment from `first_ns` to `last_ns` is in one of `intervals`, which are in order of
// time and do not overlap.
bool Overlaps(std::span<const BootInterval> intervals, uint64_t first_ns, uint64_t last_ns);

class ClockMap {
 public:
  void Add(uint64_t boot_ns, int64_t realtime_ns);

  // By the last anchor at or before the moment, else by the first one: the wall clock may have been
  // stepped between two anchors. nullopt where there is none at all.
  std::optional<int64_t> ToRealtime(uint64_t boot_ns) const;

  // The latest that the clock showed up to that moment, which is later where it was set back.
  std::optional<int64_t> LatestUpTo(uint64_t boot_ns) const;

  // All moments that ToRealtime puts into the window, in order of time: several intervals where
  // the clock was set back, none where it was set forward over the whole window.
  std::vector<BootInterval> ToBootTimes(const Window& window) const;

 private:
  struct Anchor {
    uint64_t boot_ns;
    int64_t offset_ns;                     // to add to boot time
    int64_t latest_before_ns = INT64_MIN;  // that the clock showed before it
  };
  const Anchor& AnchorOf(uint64_t boot_ns) const;  // of those that there are
  void NoteLatest(size_t anchor);

  std::vector<Anchor> anchors_;  // by time; each differs from the one before it
};

}  // namespace daybook
