// Formats of other programs that `export` writes, for people who look at where the time of a build
// or a night went.
#pragma once

#include <string_view>
#include <vector>

#include "report.h"

namespace daybook {

Result<Answer> WriteFolded(const Question& question);
Result<Answer> WriteTrace(const Question& question);

// By what folded stacks are weighed.
inline constexpr std::string_view kWeighOption = "--weigh";
std::vector<std::string_view> WeightNames();

}  // namespace daybook
