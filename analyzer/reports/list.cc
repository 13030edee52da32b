// Every process, one a row, newest first; or every program that each of them ran.

#include <array>
#include <new>
#include <type_traits>
#include <vector>

#include "columns/life_fields.h"
#include "columns/life_programs.h"
#include "life_log.h"
#include "report.h"
#include "reports/programs_view.h"
#include "reports/styles.h"

namespace daybook {
namespace {

constexpr ReportOption kOptions[] = {kProgramsOption};

// By which both views are in order.
constexpr const LifeField& kNewest = kLifeFields[kLifeFieldCount - 1];

Result<std::vector<Column>> ColumnsFor(const Wishes& wishes) {
  if (!ShowsPrograms(wishes)) {
    return std::vector<Column>(kLifeColumns.begin(), kLifeColumns.end());
  }
  std::vector<Column> columns = ProgramColumns();
  columns.push_back(FindLifeField("proof")->column);
  columns.push_back(kNewest.column);
  return columns;
}

Rests RestsOn(const Wishes& wishes) {
  return ShowsPrograms(wishes) ? Rests::kOnAllPrograms : Rests::kOnEnd;
}

Answer ListPrograms(const Question& question, Table& table) {
  LifeTexts texts(question.zone, question.log.window());
  const LifeField& proof = *FindLifeField("proof");
  ProgramRows rows(question.zone);
  Answer answer;
  const auto add = [&](const Boot& boot, const Life& life) {
    rows.Add(boot, life, {},
             std::array{proof.get(boot, life, texts), kNewest.get(boot, life, texts)}, table);
    return UseFor(table);
  };
  answer.coverage = ReadLives(question, add, nullptr, RestsOn(question.wishes));
  rows.AddNote(table, &answer.facts);
  return answer;
}

Result<Answer> RunList(const Question& question, Table& table) {
  if (ShowsPrograms(question.wishes)) return ListPrograms(question, table);
  LifeTexts texts(question.zone, question.log.window());
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
        "  daybook list --output jsonl --columns comm,args,exit_code\n"
        "  daybook list --view programs --columns proc_id,program,exe,cpu --output csv\n",
    .options = kOptions,
    .columns_for = ColumnsFor,
    .rests_on = RestsOn,
    .default_sort = "-newest",
    .skips = LogSet::Skips::kLives,
    .has_window_rule = true,
    .has_filter = true,
    .has_salvaged = true,
    .run = RunList,
    .styles = kLastcommStyles,
};

}  // namespace daybook
