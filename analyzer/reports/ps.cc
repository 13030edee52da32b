// The processes that were alive at a moment, as ps(1) would have shown them.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "columns/life_fields.h"
#include "columns/life_window.h"
#include "life_log.h"
#include "log/recorded_times.h"
#include "report.h"
#include "time/time_syntax.h"

namespace daybook {
namespace {

constexpr ReportOption kOptions[] = {{"--at", "TIME", "The moment (default: the end of the log)"}};

constexpr FieldChoice kFields[] = {
    {"host", 1},     {"proc_id"}, {"user", 2},       {"uid"},     {"pid", 3},
    {"ppid", 4},     {"tty", 5},  {"start_time", 6}, {"cgroup"},  {"cpu_so_far_us", 8},
    {"so_far_time"}, {"comm", 9}, {"exe"},           {"args", 10}};

std::vector<Column> Columns() {
  std::vector<Column> columns = ColumnsOf(kFields);
  columns.push_back({"age_us", Kind::kMicroseconds, 7});
  return columns;
}

Result<std::optional<int64_t>> Moment(const Wishes& wishes, const FilterClock& clock) {
  const auto text = wishes.Value("--at");
  if (!text) return std::optional<int64_t>();
  auto time = ParseTime(*text, clock.now_ns, clock.zone);
  if (!time) return std::move(time).error().WithContext("--at");
  return std::optional<int64_t>(*time);
}

Status Check(const Wishes& wishes, const FilterClock& clock) {
  const auto moment = Moment(wishes, clock);
  if (!moment) return moment.error();
  return Ok{};
}

Result<std::vector<Column>> ColumnsFor(const Wishes&) { return Columns(); }

// How old it was then; nullopt where it was not alive, as far as is known.
std::optional<uint64_t> AgeUs(const Boot& boot, const Life& life,
                              const std::optional<int64_t>& time_ns) {
  if (!time_ns) {
    if (life.state != LifeState::kRunning) return std::nullopt;
    return (boot.last_ns - std::min(boot.last_ns, life.start_ns)) / 1000;
  }
  if (AliveAt(boot, life, *time_ns) != true) return std::nullopt;
  const int64_t start_ns = *boot.clock.ToRealtime(life.start_ns);
  // Unsigned: a clock may say anything, and the difference fits.
  return (static_cast<uint64_t>(*time_ns) - static_cast<uint64_t>(start_ns)) / 1000;
}

Result<Answer> RunPs(const Question& question, Table& table) {
  const auto moment = Moment(question.wishes, {.now_ns = question.now_ns, .zone = question.zone});
  if (!moment) return moment.error();
  LifeTexts texts(question.zone);
  const ChosenFields fields(kFields);
  std::vector<Cell> row;
  EndsOfLogs ends(moment->value_or(INT64_MIN));
  Question then = question;
  then.cpu_window = Window{.since_ns = {}, .until_ns = *moment};
  const Coverage coverage = ReadLives(then, [&](const Boot& boot, const Life& life) {
    ends.Take(boot, life);
    const auto age_us = AgeUs(boot, life, *moment);
    if (!age_us) return LifeUse::kFiltered;
    row.clear();
    fields.AppendTo(&row, boot, life, texts);
    row.push_back(*age_us);
    table.Add(row);
    return UseFor(table);
  });
  table.AddNotes(ends.Lines(question.zone));
  if (*moment) {
    const Window at{.since_ns = **moment, .until_ns = **moment + 1};
    table.AddNotes(NotRecordedLines(question.log, at, question.zone));
  }
  return Answer{.coverage = coverage};
}

}  // namespace

constinit const Report kPsReport{
    .name = "ps",
    .summary = "The processes that were alive at a moment.",
    .examples =
        "  daybook ps --at '2026-11-20 02:13'\n"
        "  daybook ps --at -10min --user www-data\n",
    .options = kOptions,
    .check = Check,
    .columns_for = ColumnsFor,
    .default_sort = "start_time",
    .has_window = false,
    .has_filter = true,
    .run = RunPs,
};

}  // namespace daybook
