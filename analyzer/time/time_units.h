// Units of time in each other.
#pragma once

#include <cstdint>

namespace daybook {

inline constexpr int64_t kNsPerSecond = 1'000'000'000;
inline constexpr int64_t kNsPerMinute = 60 * kNsPerSecond;
inline constexpr int64_t kNsPerHour = 60 * kNsPerMinute;
inline constexpr int64_t kNsPerDay = 24 * kNsPerHour;  // of one on which no clock is changed
inline constexpr int64_t kSecondsPerDay = kNsPerDay / kNsPerSecond;

}  // namespace daybook
