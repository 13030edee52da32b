// What a user asks of a report's table, checked against the columns that it has.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daybook/result.h"
#include "output/output.h"

namespace daybook {

struct ViewWish {
  std::string_view report;             // its name
  std::span<const Column> of_columns;  // those that it has
  std::string_view default_sort;
  std::span<const std::string> columns;  // names; none: those that the format shows by itself
  std::string_view sort;                 // a column, "-column", "none"; empty: the report's order
  bool reverse = false;                  // in the opposite order
  std::optional<uint64_t> limit;
  bool salvaged = false;       // salvaged records are shown, too
  bool several_hosts = false;  // the answer may be of several
};

// What an output begins with to show these of the report's columns.
std::vector<Column> ColumnsOf(const TableView& view, std::span<const Column> of_columns);

Result<TableView> MakeView(Format format, const ViewWish& wish);

}  // namespace daybook
