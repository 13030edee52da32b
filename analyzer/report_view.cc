#include "report_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "nearest.h"

namespace daybook {
namespace {

enum class Purpose : uint8_t { kToShow, kToSort };

// In whole, or without its unit.
bool IsNamed(const Column& column, std::string_view name) {
  return column.name == name || WithoutUnit(column.name) == name;
}

Result<size_t> FindColumn(const Report& report, std::string_view name, Purpose purpose) {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < report.columns.size(); ++i) {
    const Column& column = report.columns[i];
    if (column.shown == Shown::kNever && purpose == Purpose::kToShow) continue;
    if (IsNamed(column, name)) return i;
    names.push_back(column.name);
  }
  const std::string hint = DidYouMean(name, names);
  return Error(
      fmt::format("{}: no column '{}'{}", report.name, name,
                  hint.empty() ? fmt::format("; there are {}", fmt::join(names, ", ")) : hint));
}

bool IsShown(const Column& column, Format format, bool salvaged) {
  if (column.shown == Shown::kSalvaged && !salvaged) return false;
  if (format == Format::kText) return column.text_place != 0;
  return column.shown == Shown::kAlways || column.shown == Shown::kSalvaged;
}

std::vector<size_t> DefaultColumns(const Report& report, Format format, bool salvaged) {
  std::vector<size_t> columns;
  for (size_t i = 0; i < report.columns.size(); ++i) {
    if (IsShown(report.columns[i], format, salvaged)) columns.push_back(i);
  }
  if (format == Format::kText) {
    std::ranges::sort(columns, {}, [&](size_t i) { return report.columns[i].text_place; });
  }
  return columns;
}

}  // namespace

Result<TableView> MakeView(const Report& report, Format format, const ViewWish& wish) {
  TableView view{.columns = {}, .sort_by = {}, .descending = false, .limit = wish.limit};
  for (const std::string& name : wish.columns) {
    auto column = FindColumn(report, name, Purpose::kToShow);
    if (!column) return std::move(column).error();
    view.columns.push_back(*column);
  }
  if (wish.columns.empty()) view.columns = DefaultColumns(report, format, wish.salvaged);

  std::string_view sort = wish.sort.empty() ? report.default_sort : wish.sort;
  if (sort.empty() || sort == "none") return view;
  if (!IsSortable(report)) {
    return Error(fmt::format("{}: cannot be sorted, it is in the order of the log", report.name));
  }
  view.descending = sort.starts_with('-');
  if (view.descending) sort.remove_prefix(1);
  auto column = FindColumn(report, sort, Purpose::kToSort);
  if (!column) return std::move(column).error();
  view.sort_by = *column;
  return view;
}

}  // namespace daybook
