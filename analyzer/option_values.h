// Options whose values are words of a list: what they mean, and for the shells which there are.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daybook/result.h"
#include "output/output.h"
#include "output/terminal.h"
#include "report.h"
#include "time/window.h"

namespace daybook {

// The Error names the option.
Result<Format> ParseFormat(const std::optional<std::string>& name);
Result<ColorWish> ParseColors(std::string_view text);
Result<WindowRule> ParseWindowRule(const Report& report, const std::optional<std::string>& text);

// Of an option of a report: not one of the values that there are.
Status CheckValue(const ReportOption& option, std::string_view value);

// For the help.
std::string WindowRuleNames(const Report& report);

// The option that chooses one of its styles.
constexpr std::string_view StyleOption(const Report& report) {
  return IsExport(report) ? "--format" : "--style";
}

// What may stand behind an option of the report; empty where that is no list. `option` has its
// dashes.
std::vector<std::string> ValuesOf(const Report& report, std::string_view option);

}  // namespace daybook
