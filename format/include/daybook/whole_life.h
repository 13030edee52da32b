// One record for a short life, and the three that it stands for.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

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

// Sets its arguments as they are kept, of so many bytes in truth.
inline void SetArgs(std::optional<std::string_view> args, uint64_t args_bytes, WholeLife* life) {
  const uint64_t usual = args ? args->size() : 0;
  life->args = args;
  life->args_bytes = args_bytes == usual ? std::nullopt : std::optional(args_bytes);
}

// Of two ids that are mostly the same: nothing where they are.
inline std::optional<uint32_t> IfOther(std::optional<uint32_t> id, uint32_t usual) {
  return id == usual ? std::nullopt : id;
}

// A length of time in whole ticks, as the difference of two moments in them.
inline uint64_t ElapsedUs(uint64_t from_ns, uint64_t until_ns) {
  return until_ns / kNsPerUs - from_ns / kNsPerUs;
}

// Strings of the parts point where those of `life` do.
LifeParts PartsOf(const WholeLife& life);

// The one record that tells as much, times to kTickNs; nothing where it cannot: where anything that
// more than one of them tell is not the same, or unknown.
std::optional<WholeLife> Join(const LifeParts& parts);
// The same, setting every member of `life`; false where it cannot.
bool Join(const LifeParts& parts, WholeLife* life);

}  // namespace daybook
