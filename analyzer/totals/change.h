// When what lives of one period add up to is a change from those of another one: for every report
// that compares periods.
#pragma once

#include <cstdint>

#include "totals/totals.h"

namespace daybook {

// Thresholds are in hundredths of a percent: with 5000 what is half as much again is no change yet.
inline constexpr uint64_t kWholeThreshold = 10'000;

// True where `now` is more than `before` by more than the threshold.
bool IsMore(uint64_t before, uint64_t now, uint64_t threshold);

// The same of means. Those that are near to each other are so by chance, however large the ratio.
bool IsLonger(const Sum& before, const Sum& now, uint64_t threshold);

// How many of those that ended failed: without those that a usual signal ended, which is no fault
// of theirs.
struct FailedShare {
  uint64_t failed = 0;
  uint64_t count = 0;
};

FailedShare FailedOf(const Totals& totals);

// Shares of failures are compared, so that what runs more often does not fail more by that.
bool FailsMore(const FailedShare& before, const FailedShare& now, uint64_t threshold);

// The same, and by more than chance may make of it: programs as grep and test fail more on one day
// than on another.
bool IsFailing(const FailedShare& before, const FailedShare& now, uint64_t threshold);

}  // namespace daybook
