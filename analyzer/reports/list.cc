// Every process, one a row, newest first.

#include <array>
#include <new>
#include <type_traits>
#include <vector>

#include "life_fields.h"
#include "life_log.h"
#include "report.h"
#include "styles.h"

namespace daybook {
namespace {

Result<Answer> RunList(const Question& question, Table& table) {
  LifeTexts texts(question.zone);
  std::vector<size_t> used;
  for (size_t i = 0; i < kLifeFieldCount; ++i) {
    if (table.Uses(i)) used.push_back(i);
  }
  static_assert(std::is_trivially_destructible_v<Cell>);
  std::array<Cell, kLifeFieldCount> row;
  const Coverage coverage = ReadLives(question, [&](const Boot& boot, const Life& life) {
    // Made in its place: to copy one whose parts were just written costs more than to make it.
    for (const size_t i : used) new (&row[i]) Cell(kLifeFields[i].get(boot, life, texts));
    table.Add(row);
    return UseFor(table);
  });
  return Answer{.coverage = coverage};
}

}  // namespace

constinit const Report kListReport{
    .name = "list",
    .summary = "Every process: who, when, from whom, at what cost, and how it ended.",
    .examples =
        "  daybook list --since yesterday --until today\n"
        "  daybook list -S -1h --sort -cpu_us -n 20\n"
        "  daybook list --output jsonl --columns comm,args,exit_code\n",
    .columns = kLifeColumns,
    .default_sort = "-newest",
    .skips = LogSet::Skips::kLives,
    .has_window_rule = true,
    .has_filter = true,
    .has_salvaged = true,
    .run = RunList,
    .styles = kLastcommStyles,
};

}  // namespace daybook
