// What ended badly: by program and status, whether it came in a loop, and whether anybody cared.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "columns/group_keys.h"
#include "columns/life_cells.h"
#include "columns/life_fields.h"
#include "columns/life_window.h"
#include "groups/cascades.h"
#include "groups/job_runs.h"
#include "groups/life_groups.h"
#include "life_log.h"
#include "report.h"
#include "text/escape.h"
#include "totals/alike_ends.h"
#include "totals/totals.h"

namespace daybook {
namespace {

constexpr std::string_view kGroups = "groups";
constexpr std::string_view kCascades = "cascades";

std::vector<std::string_view> Views() { return {kGroups, kCascades}; }

constexpr ReportOption kOptions[] = {
    {"--by", "KEY,..", "Group by these columns of list and by status (default: comm)", true,
     GroupKeyNames},
    {kViewOption, "VIEW", "groups (default): by program and status; cascades: the first of many",
     false, Views}};

// Behind the keys.
constexpr Column kColumns[] = {
    {"status", Kind::kString, 101},
    {"core", Kind::kBool},
    {"oom", Kind::kBool},
    {"count", Kind::kNumber, 102},
    {"of", Kind::kNumber, 103},
    {"count_share", Kind::kPercent, 104},
    {"swallowed", Kind::kNumber, 105},
    {"most_per_minute", Kind::kNumber, 106},
    {"loop", Kind::kBool, 107},
    {"cpu_us", Kind::kMicroseconds, 108},
    {"first_time", Kind::kTime},
    {"last_time", Kind::kTime, 109},
    {"args", Kind::kArguments, 110},
};

constexpr Column kCascadeColumns[] = {
    {"job", Kind::kString, 6},     {"kind", Kind::kString, 5},    {"pid", Kind::kNumber, 2},
    {"comm", Kind::kString, 1},    {"status", Kind::kString, 3},  {"core", Kind::kBool},
    {"oom", Kind::kBool},          {"count", Kind::kNumber, 4},   {"first_time", Kind::kTime, 7},
    {"last_time", Kind::kTime, 8}, {"args", Kind::kArguments, 9},
};

Result<std::vector<Column>> ColumnsFor(const Wishes& wishes) {
  const std::string_view view = wishes.Value(kViewOption).value_or(kGroups);
  if (view == kGroups) return KeyColumns(wishes, kColumns);
  if (wishes.Has("--by")) return Error("--by: there are no groups in --view cascades");
  return std::vector<Column>(std::begin(kCascadeColumns), std::end(kCascadeColumns));
}

// All ends of a group, however they were.
struct Ends {
  uint64_t count = 0;
  bool is_known = true;  // the log tells of all
};

// Failures of one group that ended alike.
struct Failures {
  AlikeEnds ends;
  uint64_t swallowed = 0;
  bool knows_parents = false;  // of any of them, if only that it had none
  Sum cpu_us;
};

// One that was left to others when its parent ended is not hidden by that.
bool Swallowed(const Life& parent, const Life& child) {
  return parent.wait_status == 0U && child.end_ns <= parent.end_ns;
}

class FailureTable {
 public:
  FailureTable(std::vector<const LifeField*> keys, std::shared_ptr<JobRuns> runs,
               const LocalZone& zone)
      : texts_(zone), keys_(keys.size()), groups_(std::move(keys), std::move(runs)) {}

  // False of a life of which it is not known how it ended.
  bool Take(const Boot& boot, const Life& life);
  // A failure of the minute before those that are asked for, so that no loop is cut there.
  void TakeEarlier(const Boot& boot, const Life& life);
  // One that a failure may be one of, whether or not it is among those that are asked for.
  void TakeEnd(const Boot& boot, const Life& life);
  // Of every life, also of those that are left out: whether it hides that a child failed.
  void TakeParent(const Life& life);
  void Fill(Table& table) const;

 private:
  // A group and the wait status, with or without an OOM kill.
  using Key = std::tuple<size_t, uint32_t, bool>;

  Key KeyOf(const Boot& boot, const Life& life);
  void Row(const Key& key, const Failures& failures, Table& table) const;

  LifeTexts texts_;
  size_t keys_;
  LifeGroups groups_;
  std::vector<Ends> ends_;  // of a group
  std::map<Key, Failures> failures_;
  // How the children of those failed whose end is not told yet. By address: each is taken out, at
  // its end, before that can be another's.
  std::unordered_map<const Life*, std::map<Key, uint64_t>> of_living_;
};

FailureTable::Key FailureTable::KeyOf(const Boot& boot, const Life& life) {
  return {groups_.Find(boot, life, texts_), *life.wait_status, (life.flags & kProcOomKilled) != 0};
}

bool FailureTable::Take(const Boot& boot, const Life& life) {
  if (!life.wait_status) return false;
  if (*life.wait_status == 0) return true;
  const Key key = KeyOf(boot, life);
  Failures& failures = failures_[key];
  failures.ends.Add(boot, life);
  failures.cpu_us.Add(life.usage.cpu_us);
  const Life* parent = life.parent.get();
  failures.knows_parents = failures.knows_parents || parent != nullptr || IsFirst(life);
  if (parent == nullptr) return true;
  if (parent->end_ns) {
    failures.swallowed += Swallowed(*parent, life);
  } else if (parent->state == LifeState::kRunning) {
    ++of_living_[parent][key];
  }
  return true;
}

void FailureTable::TakeEarlier(const Boot& boot, const Life& life) {
  failures_[KeyOf(boot, life)].ends.AddEarlier(boot, life);
}

void FailureTable::TakeEnd(const Boot& boot, const Life& life) {
  const size_t group = groups_.Find(boot, life, texts_);
  if (group >= ends_.size()) ends_.resize(group + 1);
  ++ends_[group].count;
  ends_[group].is_known = ends_[group].is_known && !boot.lacks_successes;
}

void FailureTable::TakeParent(const Life& life) {
  const auto children = of_living_.find(&life);
  if (children == of_living_.end()) return;
  if (life.wait_status == 0U) {
    for (const auto& [key, count] : children->second) failures_[key].swallowed += count;
  }
  of_living_.erase(children);
}

void FailureTable::Row(const Key& key, const Failures& failures, Table& table) const {
  const auto& [group, wait_status, oom] = key;
  const std::string status = StatusText(wait_status);
  const auto ended = ends_[group].is_known ? std::optional(ends_[group].count) : std::nullopt;
  std::vector<Cell> row = groups_.Cells(group);
  row.insert(row.end(), {Text{status}, (wait_status & kCoreBit) != 0, oom, failures.ends.count,
                         OptionalCell(ended), ShareCell(failures.ends.count, ended),
                         failures.knows_parents ? Cell(failures.swallowed) : Cell(),
                         failures.ends.peak.most(), failures.ends.peak.most() >= kLoopPerMinute,
                         OptionalCell(failures.cpu_us.total), OptionalCell(failures.ends.first_ns),
                         OptionalCell(failures.ends.last_ns), TextCell(failures.ends.args)});
  table.Add(row);
}

void FailureTable::Fill(Table& table) const {
  for (const auto& [key, failures] : failures_) {
    if (failures.ends.count != 0) Row(key, failures, table);
  }
}

// The cascades of all jobs.
class CascadeTable {
 public:
  CascadeTable(std::shared_ptr<JobRuns> runs, const LocalZone& zone)
      : texts_(zone), runs_(std::move(runs)) {}

  void Take(const Boot& boot, const Life& life);
  // Call it once, after the last life.
  void Finish() { cascades_.Finish(); }
  void Fill(Table& table);
  // Returns what a line about the widest one says; none where there is none.
  std::vector<NamedFact> AddNote(Table& table);

 private:
  LifeTexts texts_;
  const std::shared_ptr<JobRuns> runs_;
  Cascades cascades_;
};

void CascadeTable::Take(const Boot& boot, const Life& life) {
  if (life.wait_status.value_or(0) == 0) return;
  const LocalPointer<JobRun>& run = runs_->Find(boot, life, texts_);
  if (!run->is_many) cascades_.Take(boot, life, run);
}

void CascadeTable::Fill(Table& table) {
  for (const Cascade& cascade : cascades_.found()) {
    const Death& first = cascade.first;
    const JobRun& run = *first.run;
    const std::string status = StatusText(first.wait_status);
    const std::array<Cell, std::size(kCascadeColumns)> row = {
        Text{run.name},
        Text{NameOf(run.kind)},
        uint64_t{first.pid},
        Text{first.comm},
        Text{status},
        (first.wait_status & kCoreBit) != 0,
        (first.flags & kProcOomKilled) != 0,
        cascade.followed,
        WallTimeCell(*first.boot, first.end_ns),
        WallTimeCell(*first.boot, cascade.last_ns),
        first.args.empty() ? Cell() : Cell(Text{first.args})};
    table.Add(row);
  }
}

std::vector<NamedFact> CascadeTable::AddNote(Table& table) {
  const auto& found = cascades_.found();
  if (found.empty()) return {};
  const Cascade& widest = *std::ranges::max_element(found, {}, &Cascade::followed);
  std::string comm;
  AppendEscaped(widest.first.comm, &comm);
  table.AddNote(fmt::format(
      "cascades: {}; of the widest {} ({}) died first, {}, and {} followed: --view cascades",
      found.size(), comm, widest.first.pid, StatusText(widest.first.wait_status), widest.followed));
  return {{"cascades", uint64_t{found.size()}},
          {"widest_pid", uint64_t{widest.first.pid}},
          {"widest_followed", widest.followed}};
}

// What the failures that are asked for are a share of: who asks for some kinds of ends does not ask
// for a smaller whole.
bool IsEnd(const Question& question, const Boot& boot, const Life& life, LifeTexts& texts) {
  return life.wait_status && Place(question.log.window(), boot, life) == Placed::kInside &&
         question.filter.JudgeApartFromStatus(boot, life, texts) == Truth::kTrue;
}

// A failure that may belong to a loop in the window, by whose rule it is not in it itself.
bool IsEarlier(const Question& question, const Boot& boot, const Life& life, LifeTexts& texts) {
  const Window& window = question.log.window();
  return life.wait_status.value_or(0) != 0 && EndedJustBefore(window, boot, life) &&
         Place(window, boot, life) != Placed::kInside &&
         question.filter.Judge(boot, life, texts) == Truth::kTrue;
}

Result<Answer> RunFailures(const Question& question, Table& table) {
  auto keys = GroupKeys(question.wishes);
  if (!keys) return keys.error();
  const std::shared_ptr<JobRuns> runs = JobRuns::WithoutRoots();
  FailureTable failures(std::move(*keys), runs, question.zone);
  CascadeTable cascades(runs, question.zone);
  LifeTexts texts(question.zone);
  const bool has_groups = question.wishes.Value(kViewOption) != kCascades;
  // Where it matters, ends are judged apart from what is asked for.
  const bool is_apart = has_groups && question.filter.IsAboutStatus();
  Answer answer;
  answer.coverage = ReadLives(
      question,
      [&](const Boot& boot, const Life& life) {
        cascades.Take(boot, life);
        if (has_groups && !is_apart && life.wait_status) failures.TakeEnd(boot, life);
        return failures.Take(boot, life) ? LifeUse::kUsed : LifeUse::kFiltered;
      },
      [&](const Boot& boot, const Life& life) {
        if (is_apart && IsEnd(question, boot, life, texts)) failures.TakeEnd(boot, life);
        if (has_groups && IsEarlier(question, boot, life, texts)) failures.TakeEarlier(boot, life);
        failures.TakeParent(life);
      });
  cascades.Finish();
  if (has_groups) {
    failures.Fill(table);
    answer.facts = cascades.AddNote(table);
  } else {
    cascades.Fill(table);
  }
  return answer;
}

}  // namespace

constinit const Report kFailuresReport{
    .name = "failures",
    .summary = "What ended badly: by program and status, in loops, and unnoticed by its parent.",
    .examples =
        "  daybook failures --since yesterday\n"
        "  daybook failures --by service,comm --sort -most_per_minute\n"
        "  daybook failures --view cascades --since -1h\n"
        "  daybook failures --filter 'signal in {SIGSEGV, SIGABRT} || oom'\n",
    .options = kOptions,
    .columns_for = ColumnsFor,
    .default_sort = "-count",
    .skips = LogSet::Skips::kBoots,
    .window_rule = WindowRule::kEnd,
    .has_window_rule = true,
    .has_filter = true,
    .run = RunFailures,
};

}  // namespace daybook
