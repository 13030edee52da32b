// The time before a window, which it is compared with, in stretches that are as long as the window.
// Local days have 23 to 25 hours: whole days are compared with whole days.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "time/local_zone.h"
#include "time/window.h"

namespace daybook {

class TimeBefore {
 public:
  static constexpr size_t kMaxStretches = 63;  // in the bits of a number

  // `zone` must outlive this.
  TimeBefore(const Window& window, int64_t now_ns, const LocalZone& zone);

  // By the clock, as far as the window is over. Where it is 0, there are no stretches.
  int64_t length_ns() const { return length_ns_; }

  // So much before the window, and no further back than there can be a time. nullopt of nothing,
  // or where the window has no beginning.
  std::optional<Window> Last(int64_t span_ns) const;

  // True where there is as much time from then on as in the window, by the clock or in days.
  bool IsLongSince(int64_t since_ns) const;

  // By the clock.
  int64_t LastStretchNs() const;
  // The whole ones, from the last one, which is number 0, on.
  std::vector<Window> StretchesSince(int64_t since_ns) const;
  // nullopt where that is in none of them.
  std::optional<size_t> StretchAt(int64_t time_ns) const;

 private:
  int64_t BeginOf(int64_t span_ns) const;

  const LocalZone& zone_;
  std::optional<int64_t> end_ns_;  // where the window begins
  int64_t length_ns_ = 0;
  std::optional<int64_t> day_;   // that begins there, where the window is of whole days
  std::vector<int64_t> bounds_;  // of the stretches, falling from the beginning of the window
};

}  // namespace daybook
