// Runs reports over logs, without a command line: the rows as texts, and what they rest on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daybook/writer.h"
#include "log/log_set.h"
#include "output/output.h"
#include "page.h"
#include "report.h"
#include "table/table.h"
#include "time/local_zone.h"

namespace daybook {

using TextRow = std::vector<std::string>;

inline std::string TextOf(const Cell& cell) {
  if (const auto* flag = std::get_if<bool>(&cell)) return *flag ? "yes" : "no";
  if (const auto* number = std::get_if<int64_t>(&cell)) return std::to_string(*number);
  if (const auto* count = std::get_if<uint64_t>(&cell)) return std::to_string(*count);
  if (const auto* text = std::get_if<Text>(&cell)) return std::string(text->bytes);
  return "-";
}

inline TextRow TextsOf(std::span<const Cell> cells) {
  TextRow row;
  for (const Cell& cell : cells) row.push_back(TextOf(cell));
  return row;
}

class TextRows : public RowSink {
 public:
  void Row(std::span<const Cell> cells) override { rows.push_back(TextsOf(cells)); }
  bool closed() const override { return false; }

  std::vector<TextRow> rows;
};

enum class Order : uint8_t { kOfReport, kOfLog };

// What the command line would ask for.
struct Asked {
  std::vector<std::string> paths;
  LogSet::Options log = {};
  Wishes wishes = {};
  std::optional<uint64_t> limit = {};
  Order order = Order::kOfReport;
};

struct Ran {
  std::vector<Column> columns;
  std::vector<TextRow> rows;
  TextRow total;
  Coverage coverage;

  size_t ColumnOf(std::string_view name) const {
    const auto column = std::ranges::find(columns, name, &Column::name);
    if (column == columns.end()) throw std::runtime_error("no column " + std::string(name));
    return static_cast<size_t>(column - columns.begin());
  }
  std::string_view At(const TextRow& row, std::string_view column) const {
    return row[ColumnOf(column)];
  }
  // Of a number; unknown is nothing.
  uint64_t Number(const TextRow& row, std::string_view column) const {
    const std::string_view text = At(row, column);
    return text == "-" ? 0 : std::stoull(std::string(text));
  }
  uint64_t Sum(std::string_view column) const {
    uint64_t sum = 0;
    for (const TextRow& row : rows) sum += Number(row, column);
    return sum;
  }
};

inline Wishes WishFor(std::string_view option, std::string value) {
  Wishes wishes;
  wishes.Add(option, {std::move(value)});
  return wishes;
}

inline LogSet OpenLogs(const Asked& asked) {
  auto log = LogSet::Open(asked.paths, asked.log);
  if (!log) throw std::runtime_error(log.error().message());
  return *std::move(log);
}

template <class T>
T OrThrow(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  return *std::move(result);
}

// With all its columns.
inline Ran RunReport(const Report& report, const Asked& asked) {
  const LocalZone zone = LocalZone::Utc();
  Ran ran;
  ran.columns.assign(report.columns.begin(), report.columns.end());
  if (report.columns_for != nullptr) ran.columns = OrThrow(report.columns_for(asked.wishes));
  TableView view{.columns = {}, .sort_by = {}, .descending = false, .limit = asked.limit};
  for (size_t i = 0; i < ran.columns.size(); ++i) view.columns.push_back(i);
  std::string_view sort = report.default_sort;
  if (asked.order == Order::kOfReport && !sort.empty()) {
    view.descending = sort.front() == '-';
    if (view.descending) sort.remove_prefix(1);
    view.sort_by = ran.ColumnOf(sort);
  }
  LogSet log = OpenLogs(asked);
  TextRows sink;
  Table table(view, &sink);
  const Question question{
      .log = log, .zone = zone, .filter = {}, .wishes = asked.wishes, .paths = asked.paths};
  ran.coverage = OrThrow(report.run(question, table)).coverage;
  OrThrow(table.Finish());
  ran.rows = std::move(sink.rows);
  if (table.total()) ran.total = TextsOf(*table.total());
  return ran;
}

inline Coverage RunStyle(const Style& style, const Asked& asked) {
  const LocalZone zone = LocalZone::Utc();
  LogSet log = OpenLogs(asked);
  auto file = OrThrow(OutputFile::Create("/dev/null"));
  const Question question{
      .log = log, .zone = zone, .filter = {}, .paths = asked.paths, .output = &file};
  return OrThrow(style.write(question)).coverage;
}

inline Coverage RunPage(const Report& report, const Asked& asked) {
  const LocalZone zone = LocalZone::Utc();
  LogSet log = OpenLogs(asked);
  auto file = OrThrow(OutputFile::Create("/dev/null"));
  Page page(Format::kText, std::nullopt, {}, &file, zone);
  const Question question{.log = log,
                          .zone = zone,
                          .filter = {},
                          .wishes = asked.wishes,
                          .now_ns = INT64_MAX,
                          .paths = asked.paths};
  return OrThrow(report.page(question, page)).coverage;
}

// What a report about lives cannot do without.
inline Wishes WishesOf(const Report& report, const Asked& asked, const std::string& why) {
  if (report.name == "why") return WishFor("process", why);
  if (report.name == "diff") return WishFor("--old-log", asked.paths.front());
  return {};
}

// Every verb that tells of lives, in every form that it has; but for the one that does not end.
// `why` is the process that is asked about.
inline std::map<std::string, Coverage> RunEveryVerb(Asked asked, const std::string& why) {
  std::map<std::string, Coverage> all;
  for (const Report* report : Reports()) {
    const bool tells_of_lives = report->has_filter || report->has_window_rule;
    asked.wishes = WishesOf(*report, asked, why);
    if (report->page != nullptr) {
      all[std::string(report->name)] = RunPage(*report, asked);
    } else if (report->run != nullptr && !report->is_live && tells_of_lives) {
      all[std::string(report->name)] = RunReport(*report, asked).coverage;
    }
    for (const Style& style : report->styles) {
      all[std::string(style.name)] = RunStyle(style, asked);
    }
  }
  for (const std::string view : {"rate", "lifetimes"}) {
    asked.wishes = WishFor("--view", view);
    all["spawn " + view] = RunReport(kSpawnReport, asked).coverage;
  }
  for (const Report* report : {&kListReport, &kWhyReport}) {
    asked.wishes = WishesOf(*report, asked, why);
    asked.wishes.Add("--view", {"programs"});
    all[std::string(report->name) + " programs"] = RunReport(*report, asked).coverage;
  }
  asked.wishes = WishFor("--per", "program");
  all["summary programs"] = RunReport(kSummaryReport, asked).coverage;
  asked.wishes = WishFor("--view", "cascades");
  all["failures cascades"] = RunReport(kFailuresReport, asked).coverage;
  return all;
}

}  // namespace daybook
