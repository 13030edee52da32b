// What the recorders of one log have counted, one after another: each begins at 0, unless it takes
// over from the one before it and counts on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "daybook/abilities.h"
#include "daybook/records.h"

namespace daybook {

class RecorderCounts {
 public:
  // Forks that the kernel has counted since the record before, and no hook has seen: nothing where
  // the record does not count them. The START of one that counts on may tell of a few too many:
  // what is missing by then, the next count says as well.
  std::optional<uint64_t> TakeForks(const Recorder& recorder) {
    const bool is_start = recorder.event == RecorderEvent::kStart;
    const bool counts_on = HasAbility(recorder, kContinues);
    if (is_start && counts_on && forks_ahead_) return std::nullopt;
    if (is_start && !counts_on) {
      filtered_ = 0;
      forks_ahead_.reset();
    }
    return TakeForks(recorder.kernel_forks, recorder.forks_seen);
  }
  std::optional<uint64_t> TakeForks(const Audit& audit) {
    return TakeForks(audit.kernel_forks, audit.forks_seen);
  }

  // Events left out on request since the record before. A birth that was kept until it was judged
  // counts until then: the number may become smaller.
  std::optional<uint64_t> TakeFiltered(const Audit& audit) {
    if (!audit.filtered) return std::nullopt;
    const uint64_t before = filtered_.value_or(*audit.filtered);
    filtered_ = std::max(before, *audit.filtered);
    return *filtered_ - before;
  }

  // Records are missing here, perhaps the START of one that began anew.
  void ForgetForks() { forks_ahead_.reset(); }

  // What was counted from here on is not looked at.
  void Forget() { *this = {}; }

 private:
  std::optional<uint64_t> TakeForks(std::optional<uint64_t> kernel, std::optional<uint64_t> seen) {
    if (!kernel || !seen) return std::nullopt;
    const uint64_t ahead = *kernel - *seen;
    const uint64_t before = forks_ahead_.value_or(ahead);
    forks_ahead_ = ahead;
    return ahead - std::min(before, ahead);
  }

  // By so much the kernel's count is ahead of the hooks'; it counts from the machine's start on.
  std::optional<uint64_t> forks_ahead_;
  std::optional<uint64_t> filtered_;
};

}  // namespace daybook
