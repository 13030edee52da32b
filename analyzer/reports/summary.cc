// Totals of groups of lives: by command, user, service, hour, or whatever a life has.

#include <string>
#include <vector>

#include "life_groups.h"
#include "life_log.h"
#include "report.h"
#include "styles.h"
#include "totals.h"

namespace daybook {
namespace {

constexpr ReportOption kOptions[] = {
    {"--by", "KEY,..", "Group by these columns of list (default: comm)", true}};

constexpr std::string_view kTotal = "TOTAL";

Result<std::vector<Column>> ColumnsFor(const Wishes& wishes, const FilterClock&) {
  std::vector<Column> totals;
  for (const TotalsField& field : kTotalsFields) totals.push_back(field.column);
  return KeyColumns(wishes, totals);
}

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

bool UsesQuantiles(const Table& table, size_t keys) {
  for (size_t i = 0; i < kTotalsFieldCount; ++i) {
    if (kTotalsFields[i].is_quantile && table.Uses(keys + i)) return true;
  }
  return false;
}

// What the rows of a limit are not, so that the rows add up.
void AddOther(const std::vector<Totals>& groups, size_t keys, const Totals& all, Table& table) {
  std::vector<bool> is_shown(groups.size());
  for (const uint64_t shown : table.Chosen()) is_shown[shown] = true;
  Totals other;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (!is_shown[i]) other.Merge(groups[i]);
  }
  if (other.count != 0) table.AddLast(Row(Title(kOther, keys), other, all));
}

Result<Answer> RunSummary(const Question& question, Table& table) {
  const auto keys = GroupKeys(question.wishes);
  if (!keys) return keys.error();
  LifeTexts texts(question.zone);
  LifeGroups names(*keys);
  std::vector<Totals> groups;
  const auto add = UsesQuantiles(table, keys->size()) ? &Totals::AddWithQuantiles : &Totals::Add;
  const Coverage coverage = ReadLives(question, [&](const Boot& boot, const Life& life) {
    const size_t group = names.Find(boot, life, texts);
    if (group == groups.size()) groups.emplace_back();
    (groups[group].*add)(life);
    return LifeUse::kUsed;
  });
  Totals all;
  for (const Totals& group : groups) all.Merge(group);
  for (size_t i = 0; i < groups.size(); ++i) table.Add(Row(names.Cells(i), groups[i], all));
  AddOther(groups, keys->size(), all, table);
  table.SetTotal(Row(Title(kTotal, keys->size()), all, all));
  return Answer{.coverage = coverage};
}

}  // namespace

constinit const Report kSummaryReport{
    .name = "summary",
    .summary = "Totals by command, user, service, hour or more: how often, at what cost.",
    .examples =
        "  daybook summary --since today\n"
        "  daybook summary --by user,comm --sort -failed -n 10\n"
        "  daybook summary --by service --columns service,count,cpu,p95_elapsed\n",
    .options = kOptions,
    .columns_for = ColumnsFor,
    .default_sort = "-cpu_us",
    .skips = LogSet::Skips::kLives,
    .window_rule = WindowRule::kEnd,
    .has_window_rule = true,
    .has_filter = true,
    .run = RunSummary,
    .styles = kSaStyles,
};

}  // namespace daybook
