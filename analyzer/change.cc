#include "change.h"

namespace daybook {
namespace {

constexpr uint64_t kMinDifferenceUs = 5'000;

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

bool IsFailing(const FailedShare& before, const FailedShare& now, uint64_t threshold) {
  return IsMore(before.failed * now.count, now.failed * before.count, threshold);
}

}  // namespace daybook
