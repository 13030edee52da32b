// Boot time to wall-clock time, by the anchors that a log has of one boot.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace daybook {

class ClockMap {
 public:
  void Add(uint64_t boot_ns, int64_t realtime_ns);

  // By the last anchor at or before the moment, else by the first one: the wall clock may have been
  // stepped between two anchors. nullopt where there is none at all.
  std::optional<int64_t> ToRealtime(uint64_t boot_ns) const;

 private:
  struct Anchor {
    uint64_t boot_ns;
    int64_t offset_ns;  // to add to boot time
  };
  std::vector<Anchor> anchors_;  // by time; each differs from the one before it
};

}  // namespace daybook
