// What a report is: a name, columns, and a function that fills them. The outputs, the options and
// the help follow from the table of reports.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "columns/life_fields.h"
#include "daybook/result.h"
#include "daybook/writer.h"
#include "filter/expression.h"
#include "log/coverage.h"
#include "log/log_set.h"
#include "output/output_file.h"
#include "table/named_fact.h"
#include "table/table.h"
#include "time/local_zone.h"
#include "time/window.h"

namespace daybook {

// An option that only some reports take.
struct ReportOption {
  std::string_view name;  // with its dashes; without them it is an argument that must be there
  std::string_view value_name;  // empty: it has no value
  std::string_view text;
  bool is_list = false;  // values with commas between, or more than one option
  // Where they are known: what the values may be. Of a list the report checks them.
  std::vector<std::string_view> (*values)() = nullptr;
  enum class Names : uint8_t { kNoFile, kLog, kOutput };
  Names names = Names::kNoFile;  // a log that is read, or a file that is written
};

// Of reports that have several tables: which one.
inline constexpr std::string_view kViewOption = "--view";

// What was given to the options of a report.
class Wishes {
 public:
  void Add(std::string_view option, std::vector<std::string> values) {
    values_[std::string(option)] = std::move(values);
  }
  bool Has(std::string_view option) const { return values_.contains(option); }
  std::span<const std::string> Values(std::string_view option) const {
    const auto found = values_.find(option);
    return found != values_.end() ? found->second : std::span<const std::string>();
  }
  std::optional<std::string_view> Value(std::string_view option) const {
    const auto values = Values(option);
    return values.empty() ? std::nullopt : std::optional<std::string_view>(values.back());
  }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

// Beside what was given to options of the report: the filters, as text.
inline constexpr std::string_view kFiltersWish = "filters";

class Progress;

// What a report is given.
struct Question {
  LogSet& log;
  const LocalZone& zone;  // in which days and hours are meant
  const Filter& filter;   // of a report that has_filter
  Wishes wishes = {};
  int64_t now_ns = 0;
  // Of which is told what CPU time who was there took, where that is not the log's.
  std::optional<Window> cpu_window = std::nullopt;
  std::span<const std::string> paths = {};  // of the log
  bool salvaged = false;                    // --salvaged
  LogFolder* folder = nullptr;   // where it may write; only for a report that writes_folder
  OutputFile* output = nullptr;  // of a style; behind the table, for a report that is_live
  Progress* progress = nullptr;  // of log sets that it opens itself, where it is shown
};

struct Answer {
  Coverage coverage;
  // Of a report that is a check; others follow from the coverage.
  std::optional<int> exit_status = std::nullopt;
  // Of files besides those of Question::log that could not be read.
  std::vector<Error> failures = {};
  // What the exit status stands for, where the output may have no place for that.
  std::vector<std::string> failed_on = {};
  // What else is to be said of an answer that has no place for it, one line each.
  std::vector<std::string> notes = {};
  // What the notes below the table say, for programs.
  std::vector<NamedFact> facts = {};
  // Of what the answer is compared with.
  std::optional<Coverage> old_coverage = std::nullopt;
};

// A form of the answer that is no table, for programs that read just that.
struct Style {
  std::string_view name;
  std::string_view summary;
  bool is_binary = false;
  std::string_view option = {};  // of the report, that goes with it
  // Reads the log and writes to the question's output.
  Result<Answer> (*write)(const Question& question) = nullptr;
};

// What became of files that are no logs.
struct Imported {
  int exit_status = 0;
  std::vector<Error> failures;  // of files that could not be read
};

class Page;

struct Report {
  std::string_view name;
  std::string_view summary;
  std::string_view examples;  // lines for --help
  std::span<const Column> columns;
  std::span<const ReportOption> options = {};
  // One of them with which no log is looked at where none is named.
  std::string_view instead_of_log = {};
  // What is wrong with what was given, if anything may be.
  Status (*check)(const Wishes& wishes, const FilterClock& clock) = nullptr;
  // Where they change the columns: the columns for them.
  Result<std::vector<Column>> (*columns_for)(const Wishes& wishes) = nullptr;
  // Where they ask for what no column tells: what that rests on.
  Rests (*rests_on)(const Wishes& wishes) = nullptr;
  // "-column" is descending; empty: in the order of the log, which needs no memory.
  std::string_view default_sort;
  // What --since and --until are where neither is given.
  std::string_view default_since = {};
  std::string_view default_until = {};
  std::optional<uint64_t> default_limit = std::nullopt;
  LogSet::Repeats repeats = LogSet::Repeats::kSkip;
  LogSet::Skips skips = LogSet::Skips::kNothing;  // of a report that has_window
  bool has_window = true;                         // takes --since and --until
  // Of a report about lives: which of them are in the window, without --window.
  WindowRule window_rule = WindowRule::kExistence;
  bool has_window_rule = false;  // takes --window
  bool has_filter = false;       // takes --filter: tells of lives
  bool has_salvaged = false;     // takes --salvaged
  bool counts_salvaged = false;  // is handed what no checksum proves without it, too
  // Takes the logs as arguments, and with -o a folder in which it may write.
  bool writes_folder = false;
  bool takes_paths = false;  // the logs as arguments, too
  // Of a report that reads other files than segments, which it takes as arguments: finds them.
  Result<std::vector<std::string>> (*find_files)(std::span<const std::string> paths) = nullptr;
  bool is_live = false;  // waits for more at the end of the log, so its rows cannot be sorted
  // Reads the log and adds the rows, a cell for each of `columns`. An Error where it cannot write.
  Result<Answer> (*run)(const Question& question, Table& table) = nullptr;
  // In the place of `run` and the columns, of a report of several tables: their names.
  std::vector<std::string_view> (*sections)() = nullptr;
  Result<Answer> (*page)(const Question& question, Page& page) = nullptr;
  // In the place of `run`, of a report that reads no records but looks at the logs' folders.
  // Returns the exit status.
  Result<int> (*look)(std::span<const std::string> folders, const Wishes& wishes,
                      Table& table) = nullptr;
  // In the place of `run`, of a report that writes_folder from files that are no logs.
  Result<Imported> (*import)(std::span<const std::string> paths, const Wishes& wishes,
                             std::unique_ptr<LogFolder> folder, Table& table) = nullptr;
  // Chosen by --style. A report with nothing else is an export: its option is --format.
  std::span<const Style> styles = {};
};

constexpr bool IsExport(const Report& report) {
  return report.run == nullptr && report.page == nullptr && report.look == nullptr &&
         report.import == nullptr;
}

// True where rows come in the order of the log and in no other: they cannot be waited for, or held.
constexpr bool IsInLogOrder(const Report& report) {
  for (const Column& column : report.columns) {
    if (column.kind == Kind::kFields) return true;
  }
  return report.is_live;
}

// One in each file of reports/.
extern const Report kNightlyReport;
extern const Report kListReport;
extern const Report kSummaryReport;
extern const Report kTreeReport;
extern const Report kJobsReport;
extern const Report kTopReport;
extern const Report kWhyReport;
extern const Report kPsReport;
extern const Report kSpawnReport;
extern const Report kFailuresReport;
extern const Report kDiffReport;
extern const Report kIdentityReport;
extern const Report kFollowReport;
extern const Report kInfoReport;
extern const Report kDumpReport;
extern const Report kVerifyReport;
extern const Report kSalvageReport;
extern const Report kStatusReport;
extern const Report kImportReport;
extern const Report kExportReport;
extern const Report kMergeReport;

// Those that it has where nothing is asked for, or only that view.
std::vector<Column> ColumnsByDefault(const Report& report, std::string_view view = {});

// What its --view may be, the default first; nothing where it has none.
std::vector<std::string_view> ViewsOf(const Report& report);

// In the order in which the help shows them.
std::span<const Report* const> Reports();
std::vector<std::string_view> VerbNames();  // of all of them

// nullptr where there is none of that name.
const Report* FindReport(std::string_view name);

}  // namespace daybook
