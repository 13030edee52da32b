#include "night/time_before.h"

#include <algorithm>
#include <functional>

#include "rollup/rollup.h"
#include "time/time_units.h"

namespace daybook {
namespace {

// The number of the local day that begins at that moment; nullopt where none does.
std::optional<int64_t> DayFrom(int64_t time_ns, const LocalZone& zone) {
  const LocalDay day = DayOf(time_ns, zone);
  return day.begin_ns == time_ns ? DayNumber(day.name) : std::nullopt;
}

// No further back than there can be a time.
int64_t Before(int64_t time_ns, int64_t span_ns) {
  int64_t before_ns = 0;
  return __builtin_sub_overflow(time_ns, span_ns, &before_ns) ? INT64_MIN : before_ns;
}

}  // namespace

TimeBefore::TimeBefore(const Window& window, int64_t now_ns, const LocalZone& zone)
    : zone_(zone), end_ns_(window.since_ns) {
  const int64_t until_ns = std::min(window.until_ns.value_or(now_ns), now_ns);
  if (!end_ns_ || until_ns <= *end_ns_) return;
  if (__builtin_sub_overflow(until_ns, *end_ns_, &length_ns_)) {
    length_ns_ = 0;
    return;
  }
  int64_t stretch_ns = length_ns_;
  int64_t days_ns = 0;
  const auto first = DayFrom(*end_ns_, zone);
  const auto last = DayFrom(until_ns, zone);
  if (first && last && !__builtin_mul_overflow(*last - *first, kNsPerDay, &days_ns)) {
    day_ = first;
    stretch_ns = days_ns;
  }
  bounds_.push_back(*end_ns_);
  int64_t span_ns = 0;
  while (bounds_.size() <= kMaxStretches &&
         !__builtin_add_overflow(span_ns, stretch_ns, &span_ns)) {
    bounds_.push_back(BeginOf(span_ns));
  }
}

// Of so much before the window.
int64_t TimeBefore::BeginOf(int64_t span_ns) const {
  if (day_ && span_ns % kNsPerDay == 0) return MidnightOf(*day_ - span_ns / kNsPerDay, zone_);
  return Before(*end_ns_, span_ns);
}

std::optional<Window> TimeBefore::Last(int64_t span_ns) const {
  if (!end_ns_ || span_ns == 0) return std::nullopt;
  return Window{.since_ns = BeginOf(span_ns), .until_ns = end_ns_};
}

int64_t TimeBefore::LastStretchNs() const { return length_ns_ == 0 ? 0 : bounds_[0] - bounds_[1]; }

bool TimeBefore::IsLongSince(int64_t since_ns) const {
  if (length_ns_ == 0) return false;
  return since_ns <= bounds_[1] || since_ns <= Before(*end_ns_, length_ns_);
}

std::vector<Window> TimeBefore::StretchesSince(int64_t since_ns) const {
  std::vector<Window> stretches;
  for (size_t i = 1; i < bounds_.size() && bounds_[i] >= since_ns; ++i) {
    stretches.push_back({.since_ns = bounds_[i], .until_ns = bounds_[i - 1]});
  }
  return stretches;
}

std::optional<size_t> TimeBefore::StretchAt(int64_t time_ns) const {
  const auto begin = std::ranges::lower_bound(bounds_, time_ns, std::greater());
  if (begin == bounds_.begin() || begin == bounds_.end()) return std::nullopt;
  return static_cast<size_t>(begin - bounds_.begin()) - 1;
}

}  // namespace daybook
