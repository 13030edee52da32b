// Answers one question: log to table to output.
#pragma once

#include "options.h"
#include "time/local_zone.h"

namespace daybook {

// Returns the exit status; reports what went wrong on standard error.
int Run(const Options& options, const LocalZone& zone);

}  // namespace daybook
