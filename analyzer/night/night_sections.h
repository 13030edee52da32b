// The tables of the page for the morning: what somebody should look at, then what there was.
#pragma once

#include <array>

#include "night/night.h"
#include "page.h"

namespace daybook {

struct NightSection {
  Section section;
  Rows (Night::*rows)();  // nullptr: CoverageExceptions has them
};

extern const std::array<NightSection, 14> kNightSections;

}  // namespace daybook
