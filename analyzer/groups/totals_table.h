// A table of groups: a row for each with its key and its totals, what a limit leaves out in one row
// below them, and the totals of all.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "table/table.h"
#include "totals/totals.h"

namespace daybook {

// Those that follow the columns of the keys.
std::vector<Column> TotalsColumns();

// Whether somebody looks at a column that needs it. `keys`: so many columns stand before them.
bool Uses(const Table& table, size_t keys, Needs needs);

// `cells`: those of a group's keys, so many. `folded`: what belongs to no group.
void FillTotals(std::span<const Totals> groups,
                const std::function<std::vector<Cell>(size_t group)>& cells, size_t keys,
                const Totals& folded, Table& table);

}  // namespace daybook
