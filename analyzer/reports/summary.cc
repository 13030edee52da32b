// Totals of groups of lives: by command, user, service, hour, or whatever a life has.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "life_groups.h"
#include "life_log.h"
#include "life_programs.h"
#include "life_window.h"
#include "report.h"
#include "styles.h"
#include "totals.h"
#include "totals_table.h"

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

Status Check(const Wishes& wishes, const FilterClock&) {
  const std::string_view unit = wishes.Value(kPer).value_or(kProcess);
  if (unit == kProcess || unit == kProgram) return Ok{};
  return Error(fmt::format("{}: no unit '{}'; there are {}", kPer, unit, fmt::join(Units(), ", ")));
}

// Of what is counted, only the CPU time is told of programs.
bool IsOfProcessOnly(std::string_view column) {
  constexpr std::string_view kColumns[] = {
      "utime_us", "stime_us", "maxrss_kib", "p50_maxrss_kib", "p95_maxrss_kib", "p99_maxrss_kib",
      "minflt",   "majflt",   "nvcsw",      "nivcsw",         "read_bytes",     "write_bytes"};
  return std::ranges::find(kColumns, column) != std::end(kColumns);
}

Result<std::vector<Column>> ColumnsFor(const Wishes& wishes, const FilterClock&) {
  std::vector<Column> totals = TotalsColumns();
  for (Column& column : totals) {
    if (IsPerProgram(wishes) && IsOfProcessOnly(column.name)) {
      column = {.name = column.name, .kind = column.kind, .shown = Shown::kNotTold};
    }
  }
  return KeyColumns(wishes, totals);
}

Rests RestsOn(const Wishes& wishes) {
  return IsPerProgram(wishes) ? Rests::kOnAllPrograms : Rests::kOnEnd;
}

// What is not of one program each, as far as is known.
class ManyPrograms {
 public:
  void Note(const RanProgram& program) {
    if (!program.count) {
      ++uncounted_;
    } else if (*program.count != 1) {
      ++rows_;
      merged_ += *program.count;
    }
  }
  void AddNotes(Table& table, std::vector<NamedFact>* facts) const {
    if (rows_ != 0) {
      table.AddNote(fmt::format(
          "-- in no mean and no percentile: programs that are told as one, of processes that ran "
          "many: {}",
          merged_));
      facts->insert(facts->end(), {{"merged_rows", rows_}, {"merged_programs", merged_}});
    }
    // Of each process that is older than the log: no line for what is in nearly every one.
    if (uncounted_ != 0) facts->push_back({"uncounted_programs", uncounted_});
  }

 private:
  uint64_t rows_ = 0;
  uint64_t merged_ = 0;  // programs that they stand for
  uint64_t uncounted_ = 0;
};

Result<Answer> RunSummary(const Question& question, Table& table) {
  const auto keys = GroupKeys(question.wishes);
  if (!keys) return keys.error();
  LifeTexts texts(question.zone);
  LifeGroups names(*keys);
  std::vector<Totals> groups;
  const auto add = UsesQuantiles(table, keys->size()) ? &Totals::AddWithQuantiles : &Totals::Add;
  const bool uses_ends = UsesEnds(table, keys->size());
  const auto add_to = [&](size_t group, const Boot& boot, const Life& life, uint64_t number) {
    if (group == groups.size()) groups.emplace_back();
    if (number == 1) {
      (groups[group].*add)(life);
    } else {
      groups[group].AddMany(life, number);
    }
    if (uses_ends) groups[group].AddEnd(EndTime(boot, life));
  };
  const auto take = [&](const Boot& boot, const Life& life) {
    add_to(names.Find(boot, life, texts), boot, life, 1);
    return LifeUse::kUsed;
  };
  LifePrograms programs;
  ManyPrograms many;
  const auto take_programs = [&](const Boot& boot, const Life& life) {
    programs.ForEach(life, [&](const RanProgram& program) {
      const size_t group = names.Find(boot, program.life, life, texts);
      add_to(group, boot, program.life, program.count.value_or(1));
      many.Note(program);
    });
    return LifeUse::kUsed;
  };
  Rests rests = question.filter.RestsOn();
  for (const LifeField* key : *keys) rests = std::max(rests, key->rests);
  const Coverage coverage = IsPerProgram(question.wishes)
                                ? ReadLives(question, take_programs, nullptr, Rests::kOnAllPrograms)
                                : ReadLives(question, take, nullptr, rests);
  FillTotals(
      groups, [&](size_t group) { return names.Cells(group); }, keys->size(), Totals{}, table);
  Answer answer{.coverage = coverage};
  many.AddNotes(table, &answer.facts);
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
        "  daybook summary --per program --by exe\n",
    .options = kOptions,
    .check = Check,
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
