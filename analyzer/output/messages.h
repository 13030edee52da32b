// What is said beside an answer, on standard error: lines that begin with "daybook: ".
#pragma once

#include <string_view>

#include "daybook/result.h"
#include "log/coverage.h"
#include "time/local_zone.h"

namespace daybook {

void PrintError(const Error& error);

// What a log covers of which something is missing. `which`: "log" or "old log".
void PrintIncomplete(std::string_view which, const Coverage& coverage, const LocalZone& zone);

// What of it is told by two logs, if anything is.
void PrintCountedTwice(std::string_view which, const Coverage& coverage, const LocalZone& zone);

}  // namespace daybook
