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
  // What was counted since the record before: nothing where the record does not count it.
  struct More {
    std::optional<uint64_t> unseen_forks;  // that the kernel has counted, and no hook has seen
    std::optional<uint64_t> filtered;      // events left out on request
  };

  // The START of one that counts on may tell of a few unseen forks too many: what is missing by
  // then, the next count says as well.
  More Take(const Recorder& recorder) {
    const bool is_start = recorder.event == RecorderEvent::kStart;
    const bool counts_on = HasAbility(recorder, kContinues);
    if (is_start && counts_on && forks_ahead_) return {};
    if (is_start && !counts_on) BeginAnew();
    return {.unseen_forks = TakeForks(recorder.kernel_forks, recorder.forks_seen), .filtered = {}};
  }
  More Take(const Audit& audit) {
    return {.unseen_forks = TakeForks(audit.kernel_forks, audit.forks_seen),
            .filtered = TakeFiltered(audit.filtered)};
  }

  // Records are missing here, perhaps the START of one that began anew: that is seen where its
  // hooks have seen less than those before. Else it is taken for the same, which dropped less than
  // it did.
  void ForgetForks() { forks_ahead_.reset(); }

  // What was counted from here on is not looked at.
  void Forget() { *this = {}; }

 private:
  void BeginAnew() {
    forks_ahead_.reset();
    forks_seen_ = 0;
    filtered_ = 0;
  }

  std::optional<uint64_t> TakeForks(std::optional<uint64_t> kernel, std::optional<uint64_t> seen) {
    if (seen && *seen < forks_seen_) BeginAnew();
    forks_seen_ = seen.value_or(forks_seen_);
    if (!kernel || !seen) return std::nullopt;
    const uint64_t ahead = *kernel - *seen;
    const uint64_t before = forks_ahead_.value_or(ahead);
    forks_ahead_ = ahead;
    return ahead - std::min(before, ahead);
  }

  // A birth that was kept until it was judged counts until then: the number may become smaller.
  std::optional<uint64_t> TakeFiltered(std::optional<uint64_t> filtered) {
    if (!filtered) return std::nullopt;
    const uint64_t before = filtered_.value_or(*filtered);
    filtered_ = std::max(before, *filtered);
    return *filtered_ - before;
  }

  // By so much the kernel's count is ahead of the hooks'; it counts from the machine's start on.
  std::optional<uint64_t> forks_ahead_;
  uint64_t forks_seen_ = 0;
  std::optional<uint64_t> filtered_;
};

}  // namespace daybook
