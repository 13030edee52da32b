#include "log/missing_records.h"

namespace daybook {

Window MissingRecords::Time() const {
  if (!first_ns || !last_ns || *first_ns <= *last_ns) {
    return {.since_ns = first_ns, .until_ns = last_ns};
  }
  uint64_t length = 1;
  if (in_boot && in_boot->first_ns < in_boot->last_ns) {
    length = in_boot->last_ns - in_boot->first_ns;
  }
  Window time = {.since_ns = INT64_MIN, .until_ns = INT64_MAX};
  int64_t moved = 0;
  if (!__builtin_sub_overflow(*last_ns, length, &moved)) time.since_ns = moved;
  if (!__builtin_add_overflow(*first_ns, length, &moved)) time.until_ns = moved;
  return time;
}

bool MissingRecords::IsIn(const Window& window) const {
  const Window time = Time();
  const int64_t first = time.since_ns.value_or(INT64_MIN);
  const int64_t last = time.until_ns.value_or(INT64_MAX);
  const bool is_before = window.since_ns && last <= *window.since_ns && first < *window.since_ns;
  return !is_before && !(window.until_ns && first >= *window.until_ns);
}

}  // namespace daybook
