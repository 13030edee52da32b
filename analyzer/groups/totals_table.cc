#include "groups/totals_table.h"

#include <string_view>
#include <utility>

#include "groups/life_groups.h"

namespace daybook {
namespace {

constexpr std::string_view kTotal = "TOTAL";

// Keys, then totals.
std::vector<Cell> Row(std::vector<Cell> cells, const Totals& totals, const Totals& all) {
  for (const TotalsField& field : kTotalsFields) cells.push_back(field.get(totals, all));
  return cells;
}

// Instead of keys, what the row is.
std::vector<Cell> Title(std::string_view text, size_t keys) {
  std::vector<Cell> cells(keys);
  cells.front() = Text{text};
  return cells;
}

// What the rows of a limit are not, so that the rows add up.
Totals NotShown(std::span<const Totals> groups, Table& table) {
  std::vector<bool> is_shown(groups.size());
  for (const uint64_t shown : table.Chosen()) is_shown[shown] = true;
  Totals other;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (!is_shown[i]) other.Merge(groups[i]);
  }
  return other;
}

}  // namespace

std::vector<Column> TotalsColumns() {
  std::vector<Column> columns;
  for (const TotalsField& field : kTotalsFields) columns.push_back(field.column);
  return columns;
}

bool Uses(const Table& table, size_t keys, Needs needs) {
  for (size_t i = 0; i < kTotalsFieldCount; ++i) {
    if (kTotalsFields[i].needs == needs && table.Uses(keys + i)) return true;
  }
  return false;
}

void FillTotals(std::span<const Totals> groups,
                const std::function<std::vector<Cell>(size_t group)>& cells, size_t keys,
                const Totals& folded, Table& table) {
  Totals all = folded;
  for (const Totals& group : groups) all.Merge(group);
  for (size_t i = 0; i < groups.size(); ++i) table.Add(Row(cells(i), groups[i], all));
  Totals other = NotShown(groups, table);
  other.Merge(folded);
  const bool has_other = other.count != 0 || other.cpu_us.total || other.cpu_within_us.total;
  if (has_other) table.AddLast(Row(Title(kOther, keys), other, all));
  table.SetTotal(Row(Title(kTotal, keys), all, all));
}

}  // namespace daybook
