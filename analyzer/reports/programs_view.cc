#include "reports/programs_view.h"

namespace daybook {
namespace {

constexpr std::string_view kProcesses = "processes";
constexpr std::string_view kPrograms = "programs";

}  // namespace

std::vector<std::string_view> ProgramsViews() { return {kProcesses, kPrograms}; }

bool ShowsPrograms(const Wishes& wishes) { return wishes.Value(kViewOption) == kPrograms; }

}  // namespace daybook
