#include "table/column_fit.h"

#include <algorithm>
#include <numeric>
#include <string_view>

#include "table/cell_text.h"

namespace daybook {
namespace {

// A text that is shortened keeps so much, if it is that long.
constexpr size_t kLeastText = 10;

// Of a row about a process or a job, what people miss least comes first.
constexpr std::string_view kLeastMissed[] = {
    "ppid",   "tty",       "maxrss_kib", "overlap",     "max_run_us", "running",
    "state",  "above",     "elapsed_us", "age_us",      "user",       "start_time",
    "signal", "exit_code", "cpu_share",  "mean_run_us", "processes"};
// And of one about many.
constexpr std::string_view kLeastMissedOfMany[] = {"count_share", "most_per_minute", "swallowed"};

// Where there is one of these and a pid, a row is about a process.
constexpr std::string_view kProcessNames[] = {"tree", "comm", "args"};

bool Has(std::span<const Column> columns, std::string_view name) {
  return std::ranges::find(columns, name, &Column::name) != columns.end();
}

// The column that says what a row is about, where that is a process or a job; else empty.
std::string_view NameOfOne(std::span<const Column> columns) {
  if (columns.back().name == "job") return "job";
  if (!Has(columns, "pid") || Has(columns, "count")) return {};
  for (const std::string_view name : kProcessNames) {
    if (Has(columns, name)) return name;
  }
  return {};
}

// All columns, those first that can be done without, the one that says what a row is about last.
// Other rows than of processes and jobs have what else matters most on the left.
std::vector<size_t> LeastFirst(std::span<const Column> columns) {
  std::vector<size_t> order(columns.size());
  std::iota(order.rbegin(), order.rend(), size_t{0});
  const std::string_view key = NameOfOne(columns);
  const auto least = key.empty() ? std::span<const std::string_view>(kLeastMissedOfMany)
                                 : std::span<const std::string_view>(kLeastMissed);
  std::ranges::stable_sort(order, {}, [&](size_t i) {
    return std::ranges::find(least, columns[i].name) - least.begin();
  });
  std::stable_partition(order.begin(), order.end(),
                        [&](size_t i) { return columns[i].name != key; });
  return order;
}

size_t LeastWidth(const Column& column, size_t width) {
  if (!CanBeShortened(column.kind)) return width;
  return std::min(width, std::max(kLeastText, Heading(column.name).size()));
}

// Of the columns that are not left out, with the gaps between.
size_t LineWidth(std::span<const size_t> widths) {
  const auto left_out = static_cast<size_t>(std::ranges::count(widths, 0U));
  if (left_out == widths.size()) return 0;
  return std::accumulate(widths.begin(), widths.end(), size_t{0}) +
         (widths.size() - left_out - 1) * kColumnGap.size();
}

}  // namespace

bool CanBeShortened(Kind kind) {
  return kind == Kind::kString || kind == Kind::kArguments || kind == Kind::kFields;
}

std::vector<size_t> FitColumns(std::span<const Column> columns, std::span<const size_t> widths,
                               size_t line_width) {
  std::vector<size_t> fit;
  for (size_t i = 0; i < columns.size(); ++i) fit.push_back(LeastWidth(columns[i], widths[i]));
  const std::vector<size_t> order = LeastFirst(columns);
  for (const size_t least : order) {
    if (LineWidth(fit) <= line_width) break;
    if (least != order.back()) {
      fit[least] = 0;
    } else if (CanBeShortened(columns[least].kind)) {
      fit[least] = line_width;
    }
  }
  const size_t used = LineWidth(fit);
  size_t spare = line_width > used ? line_width - used : 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (fit[i] == 0) continue;
    const size_t more = std::min(spare, widths[i] - fit[i]);
    fit[i] += more;
    spare -= more;
  }
  // A later row may have a longer text at its end.
  for (size_t i = columns.size(); spare > 0 && i-- > 0;) {
    if (fit[i] == 0) continue;
    if (CanBeShortened(columns[i].kind)) fit[i] += spare;
    break;
  }
  return fit;
}

}  // namespace daybook
