// Formats of other programs that `export` writes, for people who look at where the time of a build
// or a night went.
#pragma once

#include <string_view>
#include <vector>

#include "report.h"

namespace daybook {

Result<Answer> WriteFolded(const Question& question, const LocalZone& zone, OutputFile& file);
Result<Answer> WriteTrace(const Question& question, const LocalZone& zone, OutputFile& file);

// By what folded stacks are weighed.
inline constexpr std::string_view kWeighOption = "--weigh";
std::vector<std::string_view> WeightNames();

}  // namespace daybook
