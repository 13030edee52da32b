// Records of a life, for tests of how they are joined.
#pragma once

#include <cstdint>

#include "daybook/records.h"

namespace daybook {

inline constexpr uint64_t kMs = 1'000'000;
inline constexpr uint64_t kSecond = 1000 * kMs;

inline Fork ForkAt(uint64_t time_ns, uint32_t pid = 7) {
  return {.time_ns = time_ns, .pid = pid, .ppid = 5, .parent_start_ns = kSecond, .uid = 1000};
}

inline SnapProc SnapAt(uint64_t start_ns, uint32_t pid = 7, uint32_t flags = 0) {
  return {.pid = pid,
          .start_ns = start_ns,
          .flags = flags,
          .ppid = 1,
          .parent_start_ns = 0,
          .uid = 1000,
          .comm = "snap",
          .exe = "/snap"};
}

}  // namespace daybook
