// Answers one question: log to table to output.
#pragma once

#include "local_zone.h"
#include "options.h"

namespace daybook {

// Scripts rely on these numbers.
inline constexpr int kExitFine = 0;
inline constexpr int kExitFound = 1;  // a check found something
inline constexpr int kExitUsage = 2;
inline constexpr int kExitUnreadable = 3;
inline constexpr int kExitIncomplete = 4;  // done, but data were damaged or lost

// Returns the exit status; reports what went wrong on standard error.
int Run(const Options& options, const LocalZone& zone);

// "daybook: ..." on standard error.
void PrintError(const Error& error);

}  // namespace daybook
