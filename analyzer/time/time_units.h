// Units of time in each other.
#pragma once

#include <cstdint>

namespace daybook {

inline constexpr int64_t kNsPerSecond = 1'000'000'000;

}  // namespace daybook
