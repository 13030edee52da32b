// Totals of groups of lives: by command, user, service, hour, or whatever a life has.

#include <algorithm>
#include <vector>

#include "life_groups.h"
#include "life_log.h"
#include "life_window.h"
#include "report.h"
#include "styles.h"
#include "totals.h"
#include "totals_table.h"

namespace daybook {
namespace {

constexpr ReportOption kOptions[] = {
    {"--by", "KEY,..", "Group by these columns of list (default: comm)", true, GroupKeyNames}};

Result<std::vector<Column>> ColumnsFor(const Wishes& wishes, const FilterClock&) {
  return KeyColumns(wishes, TotalsColumns());
}

Result<Answer> RunSummary(const Question& question, Table& table) {
  const auto keys = GroupKeys(question.wishes);
  if (!keys) return keys.error();
  LifeTexts texts(question.zone);
  LifeGroups names(*keys);
  std::vector<Totals> groups;
  const auto add = UsesQuantiles(table, keys->size()) ? &Totals::AddWithQuantiles : &Totals::Add;
  const bool uses_ends = UsesEnds(table, keys->size());
  const auto take = [&](const Boot& boot, const Life& life) {
    const size_t group = names.Find(boot, life, texts);
    if (group == groups.size()) groups.emplace_back();
    (groups[group].*add)(life);
    if (uses_ends) groups[group].AddEnd(EndTime(boot, life));
    return LifeUse::kUsed;
  };
  Rests rests = question.filter.RestsOn();
  for (const LifeField* key : *keys) rests = std::max(rests, key->rests);
  const Coverage coverage = ReadLives(question, take, nullptr, rests);
  FillTotals(
      groups, [&](size_t group) { return names.Cells(group); }, keys->size(), Totals{}, table);
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
