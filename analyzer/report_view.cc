#include "report_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "table/end_marks.h"
#include "text/nearest.h"

namespace daybook {
namespace {

enum class NamedBy : uint8_t { kUser, kReport };

// What is never shown only the report itself sorts by.
Result<size_t> FindColumn(const ViewWish& wish, std::string_view name, NamedBy who) {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < wish.of_columns.size(); ++i) {
    const Column& column = wish.of_columns[i];
    if (column.shown == Shown::kNotTold) continue;
    if (column.shown == Shown::kNever && who == NamedBy::kUser) continue;
    if (IsNamed(column.name, name)) return i;
    names.push_back(column.name);
  }
  return Error(
      fmt::format("{}: no column '{}'{}", wish.report, name, DidYouMeanOneOf(name, names)));
}

bool IsShown(const Column& column, Format format, const ViewWish& wish) {
  if (column.shown == Shown::kSalvaged && !wish.salvaged) return false;
  if (IsForPeople(format)) {
    const bool is_surplus = column.shown == Shown::kOfSeveralHosts && !wish.several_hosts;
    return column.text_place != 0 && !is_surplus;
  }
  return column.shown == Shown::kAlways || column.shown == Shown::kSalvaged ||
         column.shown == Shown::kOfSeveralHosts;
}

std::vector<size_t> DefaultColumns(const ViewWish& wish, Format format) {
  std::vector<size_t> columns;
  for (size_t i = 0; i < wish.of_columns.size(); ++i) {
    if (IsShown(wish.of_columns[i], format, wish)) columns.push_back(i);
  }
  if (IsForPeople(format)) {
    std::ranges::sort(columns, {}, [&](size_t i) { return wish.of_columns[i].text_place; });
  }
  return columns;
}

// Puts behind the columns those that are not among them and say more of an end.
void AddMarks(const ViewWish& wish, TableView* view) {
  std::vector<Column> shown;
  for (const size_t column : view->columns) shown.push_back(wish.of_columns[column]);
  if (MarkedColumn(shown) == shown.size()) return;
  for (const std::string_view name : kEndMarks) {
    const auto mark = std::ranges::find(wish.of_columns, name, &Column::name);
    const bool is_shown = std::ranges::find(shown, name, &Column::name) != shown.end();
    if (mark == wish.of_columns.end() || is_shown) continue;
    view->columns.push_back(static_cast<size_t>(mark - wish.of_columns.begin()));
    ++view->marks;
  }
}

// Rows whose order nobody can see look like rows in none. The last column may be wide.
void ShowSortKey(TableView* view) {
  std::vector<size_t>& columns = view->columns;
  if (std::ranges::find(columns, *view->sort_by) != columns.end()) return;
  const size_t shown = columns.size() - view->marks;
  columns.insert(columns.begin() + static_cast<std::ptrdiff_t>(shown - std::min<size_t>(shown, 1)),
                 *view->sort_by);
}

}  // namespace

std::vector<Column> ColumnsOf(const TableView& view, std::span<const Column> of_columns) {
  std::vector<Column> columns;
  for (const size_t column : view.columns) columns.push_back(of_columns[column]);
  for (Column& mark : std::span(columns).last(view.marks)) mark.shown = Shown::kAsMark;
  return columns;
}

Result<TableView> MakeView(Format format, const ViewWish& wish) {
  TableView view{.limit = wish.limit};
  for (const std::string& name : wish.columns) {
    auto column = FindColumn(wish, name, NamedBy::kUser);
    if (!column) return std::move(column).error();
    if (std::ranges::find(view.columns, *column) != view.columns.end()) {
      return Error(fmt::format("--columns: '{}' stands there twice", name));
    }
    view.columns.push_back(*column);
  }
  if (wish.columns.empty()) {
    view.columns = DefaultColumns(wish, format);
    if (IsForPeople(format)) AddMarks(wish, &view);
  }

  std::string_view sort = wish.sort.empty() ? wish.default_sort : wish.sort;
  if (sort.empty() || sort == "none") {
    if (!wish.reverse) return view;
    return Error(fmt::format("{}: --reverse of rows in the order of the log; say which by --sort",
                             wish.report));
  }
  view.descending = sort.starts_with('-');
  if (view.descending) sort.remove_prefix(1);
  auto column = FindColumn(wish, sort, wish.sort.empty() ? NamedBy::kReport : NamedBy::kUser);
  if (!column) return std::move(column).error();
  view.sort_by = *column;
  if (!wish.sort.empty() && wish.columns.empty() && IsForPeople(format)) ShowSortKey(&view);
  view.descending = view.descending != wish.reverse;
  return view;
}

}  // namespace daybook
