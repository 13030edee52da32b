// The processes that cost most, at a glance.

#include <memory>
#include <vector>

#include "columns/group_keys.h"
#include "columns/life_fields.h"
#include "groups/job_runs.h"
#include "groups/life_groups.h"
#include "life_log.h"
#include "report.h"
#include "totals/totals.h"
#include "totals/unended_cpu.h"

namespace daybook {
namespace {

constexpr FieldChoice kFields[] = {
    {"host", 1},     {"proc_id"},   {"start_time", 2},  {"pid", 3},    {"user", 4},
    {"elapsed", 5},  {"cpu", 6},    {"cpu_percent", 7}, {"maxrss", 8}, {"read_bytes"},
    {"write_bytes"}, {"status", 9}, {"comm", 10},       {"args", 11},  {"core"},
    {"oom"},         {"cpu_within"}};
constexpr size_t kAlwaysShown = std::size(kFields) - 1;
constexpr size_t kCpuWithin = kAlwaysShown;

// Behind these.
constexpr std::string_view kJobColumns[] = {"job", "job_kind"};

Result<std::vector<Column>> ColumnsFor(const Wishes&) {
  std::vector<Column> columns = ColumnsOf(kFields);
  for (const std::string_view name : kJobColumns) columns.push_back(FindGroupKey(name)->column);
  for (size_t i = kAlwaysShown; i < columns.size(); ++i) columns[i].shown = Shown::kOnRequest;
  return columns;
}

Result<Answer> RunTop(const Question& question, Table& table) {
  LifeTexts texts(question.zone, question.log.window());
  const ChosenFields fields(kFields);
  const bool tells_jobs = table.Uses(std::size(kFields)) || table.Uses(std::size(kFields) + 1);
  const std::shared_ptr<JobRuns> runs = JobRuns::WithoutRoots();
  std::vector<Cell> row;
  Sum told_us;
  const auto take = [&](const Boot& boot, const Life& life) {
    told_us.Add(life.usage.cpu_us);
    row.clear();
    fields.AppendTo(&row, boot, life, texts);
    row.resize(std::size(kFields) + std::size(kJobColumns));
    if (tells_jobs) {
      const JobRun& run = *runs->Find(boot, life, texts);
      row[std::size(kFields)] = Text{run.name};
      row[std::size(kFields) + 1] = Text{NameOf(run.kind)};
    }
    table.Add(row);
    return UseFor(table);
  };
  UnendedCpu unended(question);
  EveryLifeFunction take_every;
  if (!table.Uses(kCpuWithin)) {
    take_every = [&](const Boot& boot, const Life& life) { unended.Take(boot, life); };
  }
  Answer answer{.coverage = ReadLives(question, take, take_every)};
  unended.AddNote(told_us, table, &answer.facts);
  return answer;
}

}  // namespace

constinit const Report kTopReport{
    .name = "top",
    .summary = "The processes that took most CPU time, or most of what --sort says.",
    .examples =
        "  daybook top --since -1h\n"
        "  daybook top --sort -maxrss -n 5 --user postgres\n"
        "  daybook top --columns cpu,comm,job\n",
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
