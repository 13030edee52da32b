// --view of reports that show either processes or all their programs.
#pragma once

#include <string_view>
#include <vector>

#include "report.h"

namespace daybook {

std::vector<std::string_view> ProgramsViews();
inline constexpr ReportOption kProgramsOption = {
    kViewOption, "VIEW", "processes (default); programs: each that they ran, and its CPU time",
    false, ProgramsViews};
bool ShowsPrograms(const Wishes& wishes);

}  // namespace daybook
