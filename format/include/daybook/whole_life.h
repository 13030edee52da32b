// One record for a short life, and the three that it stands for.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "daybook/records.h"

namespace daybook {

struct LifeParts {
  Fork fork;
  std::optional<Exec> exec;
  Exit exit;
};

inline constexpr uint64_t kNsPerUs = 1000;

// When it was born: its start. Only a forged one is longer than all of its boot.
inline uint64_t BirthOf(const WholeLife& life) {
  const uint64_t end_us = life.time_ns / kNsPerUs;
  return (end_us - std::min(end_us, life.elapsed_us)) * kNsPerUs;
}

// Of one that executed a program: when.
inline uint64_t ExecTimeOf(const WholeLife& life) {
  return BirthOf(life) + life.exec_after_us.value_or(0) * kNsPerUs;
}

// And the true length of its arguments.
inline uint64_t ArgsBytesOf(const WholeLife& life) {
  return life.args_bytes.value_or(life.args ? life.args->size() : 0);
}

// Strings of the parts point where those of `life` do.
LifeParts PartsOf(const WholeLife& life);

// The one record that tells as much, times to kTickNs; nothing where it cannot: where anything that
// more than one of them tell is not the same, or unknown.
std::optional<WholeLife> Join(const LifeParts& parts);
// The same, setting every member of `life`; false where it cannot.
bool Join(const LifeParts& parts, WholeLife* life);

}  // namespace daybook
