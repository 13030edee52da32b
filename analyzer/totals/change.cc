#include "totals/change.h"

#include <algorithm>

namespace daybook {
namespace {

constexpr uint64_t kMinDifferenceUs = 5'000;
// So many more than are expected; of what never failed before, one in so many processes will do.
constexpr uint64_t kMinMoreFailures = 5;
constexpr uint64_t kOneIn = 10;

}  // namespace

bool IsMore(uint64_t before, uint64_t now, uint64_t threshold) {
  return static_cast<double>(now) * static_cast<double>(kWholeThreshold) >
         static_cast<double>(before) * static_cast<double>(kWholeThreshold + threshold);
}

bool IsLonger(const Sum& before, const Sum& now, uint64_t threshold) {
  const auto before_us = before.Mean();
  const auto now_us = now.Mean();
  return before_us && now_us && *now_us > *before_us + kMinDifferenceUs &&
         IsMore(*before_us, *now_us, threshold);
}

FailedShare FailedOf(const Totals& totals) {
  return {.failed = totals.failed - totals.stopped, .count = totals.count - totals.running};
}

bool FailsMore(const FailedShare& before, const FailedShare& now, uint64_t threshold) {
  return IsMore(before.failed * now.count, now.failed * before.count, threshold);
}

// What never failed could have done so once.
bool IsFailing(const FailedShare& before, const FailedShare& now, uint64_t threshold) {
  if (!FailsMore(before, now, threshold)) return false;
  if (before.failed == 0 && now.failed * kOneIn >= now.count) return true;
  const uint64_t failed_before = std::max<uint64_t>(before.failed, 1);
  return now.failed >= failed_before * now.count / before.count + kMinMoreFailures;
}

}  // namespace daybook
