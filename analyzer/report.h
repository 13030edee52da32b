// What a report is: a name, columns, and a function that fills them. The outputs, the options and
// the help follow from the table of reports.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "coverage.h"
#include "daybook/result.h"
#include "daybook/writer.h"
#include "filter/expression.h"
#include "local_zone.h"
#include "log_set.h"
#include "table.h"

namespace daybook {

// What a report is given.
struct Question {
  LogSet& log;
  const LocalZone& zone;        // in which days and hours are meant
  const Filter& filter;         // of a report that has_filter
  bool salvaged = false;        // --salvaged
  LogFolder* folder = nullptr;  // where it may write; only for a report that writes_folder
};

struct Answer {
  Coverage coverage;
  // Of a report that is a check; others follow from the coverage.
  std::optional<int> exit_status = std::nullopt;
};

struct Report {
  std::string_view name;
  std::string_view summary;
  std::string_view examples;  // lines for --help
  std::span<const Column> columns;
  // "-column" is descending; empty: in the order of the log, which needs no memory.
  std::string_view default_sort;
  LogSet::Repeats repeats = LogSet::Repeats::kSkip;
  LogSet::Skips skips = LogSet::Skips::kNothing;  // of a report that has_window
  bool has_window = true;                         // takes --since and --until
  bool has_filter = false;                        // takes --filter: tells of lives
  bool has_salvaged = false;                      // takes --salvaged
  bool counts_salvaged = false;  // is handed what no checksum proves without it, too
  // Takes the logs as arguments, and with -o a folder in which it may write.
  bool writes_folder = false;
  bool takes_paths = false;  // the logs as arguments, too
  // Reads the log and adds the rows, a cell for each of `columns`. An Error where it cannot write.
  Result<Answer> (*run)(const Question& question, Table& table) = nullptr;
  // In the place of `run`, of a report that reads no records but looks at the logs' folders.
  // Returns the exit status.
  Result<int> (*look)(std::span<const std::string> folders, Table& table) = nullptr;
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
extern const Report kVerifyReport;
extern const Report kSalvageReport;
extern const Report kStatusReport;

// In the order in which the help shows them.
std::span<const Report* const> Reports();

// nullptr where there is none of that name.
const Report* FindReport(std::string_view name);

}  // namespace daybook
