// The clocks of this host.
#pragma once

#include <cstdint>

#include "daybook/records.h"

namespace daybook {

uint64_t BootTimeNs();

// A timerfd fires after so long, and from then on at that interval; 0 is never.
void SetTimer(int timer, uint64_t first_ns, uint64_t interval_ns);

// All clocks of one moment. The reason is left to the caller.
Clock ReadClocks();

}  // namespace daybook
