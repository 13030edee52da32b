// The processes that cost most, at a glance.

#include <vector>

#include "life_fields.h"
#include "life_log.h"
#include "report.h"

namespace daybook {
namespace {

constexpr FieldChoice kFields[] = {
    {"host"},        {"proc_id"},   {"start_time", 1},  {"pid", 2},    {"user", 3},
    {"elapsed", 4},  {"cpu", 5},    {"cpu_percent", 6}, {"maxrss", 7}, {"read_bytes"},
    {"write_bytes"}, {"status", 8}, {"comm"},           {"args", 9}};

Result<std::vector<Column>> ColumnsFor(const Wishes&, const FilterClock&) {
  return ColumnsOf(kFields);
}

Result<Answer> RunTop(const Question& question, Table& table) {
  LifeTexts texts(question.zone);
  const ChosenFields fields(kFields);
  std::vector<Cell> row;
  const Coverage coverage = ReadLives(question, [&](const Boot& boot, const Life& life) {
    row.clear();
    fields.AppendTo(&row, boot, life, texts);
    table.Add(row);
    return UseFor(table);
  });
  return Answer{.coverage = coverage};
}

}  // namespace

constinit const Report kTopReport{
    .name = "top",
    .summary = "The processes that took most CPU time, or most of what --sort says.",
    .examples =
        "  daybook top --since -1h\n"
        "  daybook top --sort -maxrss -n 5 --user postgres\n",
    .columns_for = ColumnsFor,
    .default_sort = "-cpu_us",
    .default_limit = 10,
    .skips = LogSet::Skips::kLives,
    .window_rule = WindowRule::kEnd,
    .has_window_rule = true,
    .has_filter = true,
    .run = RunTop,
};

}  // namespace daybook
