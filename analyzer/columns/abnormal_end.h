// Which ends that were no success are the process's own fault.
#pragma once

#include "lives/lives.h"

namespace daybook {

// It ended by a signal that nobody sends to a process which did nothing wrong, dumped core, or was
// killed for want of memory.
bool IsAbnormal(const Life& life);

// It ended by SIGHUP, SIGINT, SIGPIPE or SIGTERM, as what others tell to end, or what writes into a
// pipe from which nobody reads any more; and without dumping core.
bool EndedByUsualSignal(const Life& life);

}  // namespace daybook
