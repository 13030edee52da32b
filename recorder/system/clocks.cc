#include "system/clocks.h"

#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>

namespace daybook {
namespace {

int64_t ReadNs(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

timespec ToTimespec(uint64_t ns) {
  return {.tv_sec = static_cast<time_t>(ns / 1'000'000'000),
          .tv_nsec = static_cast<long>(ns % 1'000'000'000)};
}

}  // namespace

uint64_t BootTimeNs() { return static_cast<uint64_t>(ReadNs(CLOCK_BOOTTIME)); }

void SetTimer(int timer, uint64_t first_ns, uint64_t interval_ns) {
  const itimerspec spec{.it_interval = ToTimespec(interval_ns), .it_value = ToTimespec(first_ns)};
  timerfd_settime(timer, 0, &spec, nullptr);
}

// Boot time is read before and after the others: they belong to some moment in between.
Clock ReadClocks() {
  const int64_t before = ReadNs(CLOCK_BOOTTIME);
  const int64_t realtime = ReadNs(CLOCK_REALTIME);
  const int64_t monotonic = ReadNs(CLOCK_MONOTONIC);
  const int64_t after = ReadNs(CLOCK_BOOTTIME);
  Clock clock{.time_ns = static_cast<uint64_t>(before + (after - before) / 2),
              .realtime_ns = realtime,
              .monotonic_ns = static_cast<uint64_t>(monotonic),
              .uncertainty_ns = static_cast<uint64_t>(after - before)};
  timex state = {};
  const int status = adjtimex(&state);
  // The kernel starts with an offset of 0 and keeps it until somebody tells it better.
  if (status >= 0 && state.tai != 0) clock.tai_offset_s = state.tai;
  if (status >= 0 && status != TIME_ERROR) {
    clock.max_error_us = static_cast<uint64_t>(state.maxerror);
  }
  return clock;
}

}  // namespace daybook
