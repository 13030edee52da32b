// Which columns of a table have room on a terminal, and how much of it each one gets.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "table/table.h"

namespace daybook {

// True where a part of a cell is still right, behind a mark: text is, a number is not.
bool CanBeShortened(Kind kind);

// How wide the cells of each column may be; 0 where the column is left out. `widths` is how wide
// they are. The column that says what a row is about is never left out, and no number gets less
// room than it takes.
std::vector<size_t> FitColumns(std::span<const Column> columns, std::span<const size_t> widths,
                               size_t line_width);

// Between two columns.
inline constexpr std::string_view kColumnGap = "  ";

}  // namespace daybook
