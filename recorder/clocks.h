// The clocks of this host.
#pragma once

#include <cstdint>

#include "daybook/records.h"

namespace daybook {

uint64_t BootTimeNs();

// All clocks of one moment. The reason is left to the caller.
Clock ReadClocks();

}  // namespace daybook
