// What an answer covers and what is missing, in words.
#pragma once

#include <string>

#include "log/coverage.h"
#include "time/local_zone.h"

namespace daybook {

// One line for people.
std::string CoverageLine(const Coverage& coverage, const LocalZone& zone);

// The same of what an answer is compared with.
std::string OldCoverageLine(const Coverage& coverage, const LocalZone& zone);

// What of it is told by two logs, where there is something.
std::string CountedTwiceText(const Coverage& coverage, const LocalZone& zone);

}  // namespace daybook
