// Totals of groups of lives: by command, user, service, hour, or whatever a life has.

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "columns/group_keys.h"
#include "columns/life_programs.h"
#include "columns/life_window.h"
#include "groups/life_groups.h"
#include "groups/totals_table.h"
#include "life_log.h"
#include "report.h"
#include "reports/styles.h"
#include "totals/totals.h"
#include "totals/unended_cpu.h"

namespace daybook {
namespace {

constexpr std::string_view kPer = "--per";
constexpr std::string_view kProcess = "process";
constexpr std::string_view kProgram = "program";

std::vector<std::string_view> Units() { return {kProcess, kProgram}; }

constexpr ReportOption kOptions[] = {
    {"--by", "KEY,..", "Group by these columns of list (default: comm)", true, GroupKeyNames},
    {kPer, "UNIT", "process (default); program: each that a process ran, for itself", false,
     Units}};

bool IsPerProgram(const Wishes& wishes) { return wishes.Value(kPer) == kProgram; }

// Of what is counted, only the CPU time is told of programs.
bool IsOfProcessOnly(std::string_view column) {
  constexpr std::string_view kColumns[] = {
      "cpu_within_us",  "utime_us",       "stime_us",   "maxrss_kib", "p50_maxrss_kib",
      "p95_maxrss_kib", "p99_maxrss_kib", "minflt",     "majflt",     "nvcsw",
      "nivcsw",         "read_bytes",     "write_bytes"};
  return std::ranges::find(kColumns, column) != std::end(kColumns);
}

Status CheckKeysOfPrograms(std::span<const LifeField* const> keys) {
  for (const LifeField* key : keys) {
    if (IsToldOfPrograms(*key)) continue;
    return Error(fmt::format("--by: '{}' is not told of programs", key->column.name));
  }
  return Ok{};
}

Result<std::vector<Column>> ColumnsFor(const Wishes& wishes) {
  const auto keys = GroupKeys(wishes);
  if (!keys) return keys.error();
  std::vector<Column> totals = TotalsColumns();
  if (!IsPerProgram(wishes)) return KeyColumns(*keys, totals);
  if (Status status = CheckKeysOfPrograms(*keys); !status) return std::move(status).error();
  for (Column& column : totals) {
    if (!IsOfProcessOnly(column.name)) continue;
    column = {.name = column.name, .kind = column.kind, .shown = Shown::kNotTold};
  }
  return KeyColumns(*keys, totals);
}

Rests RestsOn(const Wishes& wishes) {
  return IsPerProgram(wishes) ? Rests::kOnAllPrograms : Rests::kOnEnd;
}

// Groups in the order of their appearance, and what was added to each.
class Groups {
 public:
  Groups(std::vector<const LifeField*> keys, const Question& question, const Table& table)
      : question_(question),
        keys_(keys.size()),
        uses_quantiles_(Uses(table, keys_, Needs::kQuantiles)),
        uses_ends_(Uses(table, keys_, Needs::kEnds)),
        uses_within_(Uses(table, keys_, Needs::kWithin)),
        texts_(question.zone, question.log.window()),
        names_(std::move(keys)) {}

  void AddProcess(const Boot& boot, const Life& life) {
    Totals& totals = At(names_.Find(boot, life, texts_));
    AddOne(life, &totals);
    if (EndedBehind(texts_.until_ns, boot, life)) totals.AddEndedLater(life);
    if (uses_ends_) totals.AddEnd(EndTime(boot, life));
    if (uses_within_) totals.cpu_within_us.Add(CpuWithinUs(texts_.until_ns, boot, life));
  }

  void AddPrograms(const Boot& boot, const Life& life) {
    uint64_t known_us = 0;
    programs_.ForEach(life, [&](const RanProgram& program) {
      known_us += program.life.usage.cpu_us.value_or(0);
      if (!IsOver(boot, life, program)) AddProgram(boot, life, program);
    });
    const auto& cpu_us = life.usage.cpu_us;
    if (cpu_us > known_us) unsplit_us_.Add(*cpu_us - known_us);
  }

  void Fill(Table& table, std::vector<NamedFact>* facts) {
    Totals of_no_program;
    of_no_program.cpu_us.AddOfMany(unsplit_us_.total);
    FillTotals(
        totals_, [&](size_t group) { return names_.Cells(group); }, keys_, of_no_program, table);
    merged_.AddNote(table, facts);
    if (unsplit_us_.terms != 0) {
      table.AddNote(fmt::format(
          "processes of which it is not known which program used the CPU time: {}, in {}",
          unsplit_us_.terms, kOther));
      facts->push_back({"unsplit_processes", unsplit_us_.terms});
      facts->push_back({"unsplit_cpu_us", *unsplit_us_.total});
    }
    // Of each process that is older than the log: no line for what is in nearly every one.
    if (uncounted_ != 0) facts->push_back({"uncounted_programs", uncounted_});
  }

 private:
  Totals& At(size_t group) {
    if (group == totals_.size()) totals_.emplace_back();
    return totals_[group];
  }

  void AddOne(const Life& life, Totals* totals) const {
    if (uses_quantiles_) {
      totals->AddWithQuantiles(life);
    } else {
      totals->Add(life);
    }
  }

  // Of one that still runs, before the window: by their ends these are in the last of all windows,
  // which would count it again each time.
  bool IsOver(const Boot& boot, const Life& life, const RanProgram& program) const {
    const auto& [since_ns, until_ns, rule] = question_.log.window();
    if (rule != WindowRule::kEnd || !since_ns || life.state != LifeState::kRunning) return false;
    const auto end = EndTime(boot, program.life);
    return end && *end < *since_ns;
  }

  // What may be of several is no sample.
  void AddProgram(const Boot& boot, const Life& life, const RanProgram& program) {
    Totals& totals = At(names_.Find(boot, program.life, life, texts_));
    if (program.count == 1U) {
      AddOne(program.life, &totals);
      totals.cpu_us.uncounted += program.is_uncounted;
    } else {
      totals.AddMany(program.life, program.count.value_or(1));
    }
    if (EndedBehind(texts_.until_ns, boot, program.life)) totals.AddEndedLater(program.life);
    if (uses_ends_) totals.AddEnd(EndTime(boot, program.life));
    merged_.Note(program);
    uncounted_ += !program.count;
  }

  const Question& question_;
  size_t keys_;
  bool uses_quantiles_;
  bool uses_ends_;
  bool uses_within_;
  LifeTexts texts_;
  LifeGroups names_;
  std::vector<Totals> totals_;
  LifePrograms programs_;
  MergedPrograms merged_;
  uint64_t uncounted_ = 0;
  Sum unsplit_us_;
};

Result<Answer> RunSummary(const Question& question, Table& table) {
  auto keys = GroupKeys(question.wishes);
  if (!keys) return keys.error();
  Rests rests = RestsOn(question.wishes);
  for (const LifeField* key : *keys) rests = std::max(rests, key->rests);
  const bool is_per_program = IsPerProgram(question.wishes);
  const bool tells_within = Uses(table, keys->size(), Needs::kWithin);
  Groups groups(*std::move(keys), question, table);
  Sum told_us;
  const auto add = is_per_program ? &Groups::AddPrograms : &Groups::AddProcess;
  const auto take = [&](const Boot& boot, const Life& life) {
    (groups.*add)(boot, life);
    told_us.Add(life.usage.cpu_us);
    return LifeUse::kUsed;
  };
  UnendedCpu unended(question);
  EveryLifeFunction take_every;
  if (!is_per_program && !tells_within) {  // of programs some is told
    take_every = [&](const Boot& boot, const Life& life) { unended.Take(boot, life); };
  }
  Answer answer{.coverage = ReadLives(question, take, take_every, rests)};
  groups.Fill(table, &answer.facts);
  unended.AddNote(told_us, table, &answer.facts);
  return answer;
}

}  // namespace

constinit const Report kSummaryReport{
    .name = "summary",
    .summary = "Totals by command, user, service, hour or more: how often, at what cost.",
    .examples =
        "  daybook summary --since today\n"
        "  daybook summary --by user,comm --sort -failed -n 10\n"
        "  daybook summary --by service --columns service,count,cpu,p95_elapsed\n"
        "  daybook summary --per program --by exe\n"
        "  daybook summary -S yesterday -U today --window existence --columns comm,cpu_within\n",
    .options = kOptions,
    .columns_for = ColumnsFor,
    .rests_on = RestsOn,
    .default_sort = "-cpu_us",
    .skips = LogSet::Skips::kLives,
    .window_rule = WindowRule::kEnd,
    .has_window_rule = true,
    .has_filter = true,
    .run = RunSummary,
    .styles = kSaStyles,
};

}  // namespace daybook
