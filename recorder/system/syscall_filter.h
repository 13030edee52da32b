// The system calls that a recorder needs once everything is open; all others end it.
#pragma once

#include <span>

#include "daybook/result.h"

namespace daybook {

// Holds for every thread of the process, from now on and for good. Precondition: all threads have
// been started. Of sockets, only these can be sent to, and only without an address; -1 is none.
//
// A call that is not allowed kills the process (SIGSYS), and the kernel's log names the call. To
// refuse it (EPERM) would let an intruder try on, and hide a mistake in the list as some error of
// the disk. What it costs is what any kill costs: the log is sound, and the next recorder says what
// was missed.
//
// The filter sees numbers, not what pointers point to: which files are opened, for reading or for
// writing, is limited by the user that the recorder has become, not by this.
Status RestrictSystemCalls(std::span<const int> sockets);

}  // namespace daybook
