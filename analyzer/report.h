// What a report is: a name, columns, and a function that fills them. The outputs, the options and
// the help follow from the table of reports.
#pragma once

#include <span>
#include <string_view>

#include "coverage.h"
#include "life_log.h"
#include "log_set.h"
#include "table.h"

namespace daybook {

struct Report {
  std::string_view name;
  std::string_view summary;
  std::string_view examples;  // lines for --help
  std::span<const Column> columns;
  // "-column" is descending; empty: in the order of the log, which needs no memory.
  std::string_view default_sort;
  LogSet::Repeats repeats = LogSet::Repeats::kSkip;
  // Reads the log and adds the rows, a cell for each of `columns`. Returns what was covered.
  Coverage (*run)(LogSet& log, const Window& window, Table& table) = nullptr;
};

// True where rows can be held and put into another order.
constexpr bool IsSortable(const Report& report) {
  for (const Column& column : report.columns) {
    if (column.kind == Kind::kFields) return false;
  }
  return true;
}

// One in each file of reports/.
extern const Report kListReport;
extern const Report kSummaryReport;
extern const Report kTreeReport;
extern const Report kInfoReport;
extern const Report kDumpReport;

// In the order in which the help shows them.
std::span<const Report* const> Reports();

// nullptr where there is none of that name.
const Report* FindReport(std::string_view name);

}  // namespace daybook
