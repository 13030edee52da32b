// What each top-level job cost, with every descendant.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "job_runs.h"
#include "life_cells.h"
#include "life_log.h"
#include "report.h"
#include "totals.h"

namespace daybook {
namespace {

constexpr ReportOption kOptions[] = {
    {"--root", "EXPR", "A job is the outermost process for which this is true"},
    {"--runs", "", "A row for each run of a job, not for each job"}};

constexpr Column kColumns[] = {
    {"job", Kind::kString, 12},
    {"kind", Kind::kString, 1},
    {"pid", Kind::kNumber},
    {"start_time", Kind::kTime},
    {"end_time", Kind::kTime},
    {"runs", Kind::kNumber, 2},
    {"overlap", Kind::kNumber, 3},
    {"mean_run_us", Kind::kMicroseconds, 4},
    {"max_run_us", Kind::kMicroseconds, 5},
    {"processes", Kind::kNumber, 6},
    {"running", Kind::kNumber, 7},
    {"failed", Kind::kNumber, 8},
    {"cpu_us", Kind::kMicroseconds, 9},
    {"cpu_share", Kind::kPercent, 10},
    {"maxrss_kib", Kind::kKibibytes, 11},
    {"read_bytes", Kind::kBytes},
    {"write_bytes", Kind::kBytes},
    {"orphaned", Kind::kNumber},
    {"incomplete", Kind::kNumber},
};

// From the first birth of a run to its last end.
struct Span {
  const Boot* boot = nullptr;
  uint64_t first_ns = UINT64_MAX;
  uint64_t last_ns = 0;

  void Add(const Span& other) {
    boot = other.boot;
    first_ns = std::min(first_ns, other.first_ns);
    last_ns = std::max(last_ns, other.last_ns);
  }
};

// What many runs add up to.
struct RunTimes {
  uint64_t runs = 0;
  Sum us;
  uint64_t longest_us = 0;
  // By the wall clock, since boots and hosts have no other time in common.
  std::optional<int64_t> first_ns;
  std::optional<int64_t> last_ns;

  void Add(const Span& span) {
    const uint64_t span_us = (span.last_ns - std::min(span.first_ns, span.last_ns)) / 1000;
    const auto first = span.boot->clock.ToRealtime(span.first_ns);
    RunTimes one{.runs = 1, .us = {}, .longest_us = span_us, .first_ns = first, .last_ns = {}};
    one.us.Add(span_us);
    one.last_ns = span.boot->clock.ToRealtime(span.last_ns);
    Merge(one);
  }
  void Merge(const RunTimes& other) {
    runs += other.runs;
    us.Merge(other.us);
    longest_us = std::max(longest_us, other.longest_us);
    if (other.first_ns) first_ns = std::min(first_ns.value_or(*other.first_ns), *other.first_ns);
    last_ns = std::max(last_ns, other.last_ns);
  }
};

// Of a run, or of all runs of a job.
struct JobTotals {
  Totals totals;
  uint64_t orphaned = 0;
  uint64_t incomplete = 0;
  RunTimes times;           // of runs of one process each, which nobody compares
  std::vector<Span> spans;  // of the others: of a run, one

  // The parts of one run.
  void Join(const JobTotals& part) {
    const std::vector<Span> own = std::exchange(spans, {});
    Merge(part);
    if (own.empty()) return;
    if (spans.empty()) spans.emplace_back();
    spans.front().Add(own.front());
  }
  void Merge(const JobTotals& other) {
    totals.Merge(other.totals);
    orphaned += other.orphaned;
    incomplete += other.incomplete;
    times.Merge(other.times);
    spans.insert(spans.end(), other.spans.begin(), other.spans.end());
  }
};
// By the number of the run; of one that has none, or none any more, nothing.
using RunTotals = std::vector<std::unique_ptr<JobTotals>>;

JobTotals& TotalsOf(uint32_t run, RunTotals* totals) {
  if (run >= totals->size()) totals->resize(run + 1);
  auto& of_run = (*totals)[run];
  if (!of_run) of_run = std::make_unique<JobTotals>();
  return *of_run;
}

// How many runs there were at once, at most.
uint64_t MaxOverlap(const std::vector<Span>& spans) {
  // A run that begins as another one ends is none beside it: ends come first.
  std::vector<std::tuple<const Boot*, uint64_t, int>> edges;
  for (const Span& span : spans) {
    edges.emplace_back(span.boot, span.first_ns, 1);
    edges.emplace_back(span.boot, std::max(span.last_ns, span.first_ns + 1), -1);
  }
  std::ranges::sort(edges);
  int now = 0;
  int most = 0;
  for (const auto& [boot, time_ns, step] : edges) most = std::max(most, now += step);
  return static_cast<uint64_t>(most);
}

bool HasAllAncestors(const Life& life) {
  const Life* at = &life;
  for (size_t steps = 0; steps < kMaxAncestors && at->parent.get() != nullptr; ++steps) {
    at = at->parent.get();
  }
  return IsFirst(*at);
}

void Add(const Boot& boot, const Life& life, const JobRun& of_run, JobTotals* run) {
  run->totals.Add(life);
  run->orphaned += life.ppid && life.exit_ppid && *life.ppid != *life.exit_ppid;
  run->incomplete += !HasAllAncestors(life);
  const Span span{
      .boot = &boot, .first_ns = life.start_ns, .last_ns = life.end_ns.value_or(life.last_seen_ns)};
  if (of_run.is_many) return run->times.Add(span);
  if (run->spans.empty()) run->spans.emplace_back();
  run->spans.front().Add(span);
}

std::array<Cell, std::size(kColumns)> Row(const JobRun& run, const JobTotals& job,
                                          const Totals& all) {
  RunTimes times = job.times;
  for (const Span& span : job.spans) times.Add(span);
  const bool is_over = job.totals.running == 0;
  return {Text{run.name},
          Text{NameOf(run.kind)},
          times.runs == 1 ? OptionalCell(run.root_pid) : Cell(),
          OptionalCell(times.first_ns),
          is_over ? OptionalCell(times.last_ns) : Cell(),
          times.runs,
          std::max<uint64_t>(MaxOverlap(job.spans), 1),
          OptionalCell(times.us.Mean()),
          times.longest_us,
          job.totals.count,
          job.totals.running,
          job.totals.failed,
          OptionalCell(job.totals.cpu_us.total),
          ShareCell(job.totals.cpu_us.total, all.cpu_us.total),
          OptionalCell(job.totals.maxrss_kib),
          OptionalCell(job.totals.read_bytes.total),
          OptionalCell(job.totals.write_bytes.total),
          job.orphaned,
          job.incomplete};
}

Result<Filter> Roots(const Wishes& wishes, const FilterClock& clock) {
  Filter roots;
  const auto text = wishes.Value("--root");
  if (!text) return roots;
  Status status = roots.Require(*text, clock);
  if (!status) return std::move(status).error().WithContext("--root");
  return roots;
}

Status Check(const Wishes& wishes, const FilterClock& clock) {
  const auto roots = Roots(wishes, clock);
  if (!roots) return roots.error();
  return Ok{};
}

void Move(uint32_t from, uint32_t to, RunTotals* totals) {
  if (from >= totals->size()) return;
  const auto moved = std::exchange((*totals)[from], nullptr);
  if (moved) TotalsOf(to, totals).Join(*moved);
}

// Puts together what is one run.
void Settle(const JobRuns& runs, RunTotals* totals) {
  const std::vector<uint32_t> settled = runs.Settle();
  for (uint32_t run = 0; run < totals->size(); ++run) {
    if (settled[run] != run) Move(run, settled[run], totals);
  }
}

void FillTable(const std::vector<JobRun>& runs, const RunTotals& totals, bool each, Table& table) {
  Totals all;
  std::map<std::pair<JobKind, std::string_view>, std::pair<const JobRun*, JobTotals>> jobs;
  for (const auto& run_totals : totals) {
    if (run_totals) all.Merge(run_totals->totals);
  }
  for (size_t i = 0; i < totals.size(); ++i) {
    if (!totals[i]) continue;
    if (each) {
      table.Add(Row(runs[i], *totals[i], all));
      continue;
    }
    auto& [run, job] = jobs[{runs[i].kind, runs[i].name}];
    run = &runs[i];
    job.Merge(*totals[i]);
  }
  for (const auto& [key, job] : jobs) table.Add(Row(*job.first, job.second, all));
}

Result<Answer> RunJobs(const Question& question, Table& table) {
  const auto roots = Roots(question.wishes, {.now_ns = question.now_ns, .zone = question.zone});
  if (!roots) return roots.error();
  LifeTexts texts(question.zone);
  JobRuns runs(*roots);
  RunTotals totals;
  const Coverage coverage = ReadLives(
      question,
      [&](const Boot& boot, const Life& life) {
        const uint32_t run = runs.Find(boot, life, texts);
        Add(boot, life, runs.runs()[run], &TotalsOf(run, &totals));
        return LifeUse::kUsed;
      },
      [&](const Boot& boot, const Life& life) {
        if (const auto move = runs.Decide(boot, life, texts)) Move(move->from, move->to, &totals);
      });
  Settle(runs, &totals);
  FillTable(runs.runs(), totals, question.wishes.Has("--runs"), table);
  uint64_t incomplete = 0;
  for (const auto& run_totals : totals) incomplete += run_totals ? run_totals->incomplete : 0;
  if (incomplete != 0) {
    table.AddNote(
        fmt::format("-- processes of which the log does not tell all ancestors: {}", incomplete));
  }
  return Answer{.coverage = coverage};
}

}  // namespace

constinit const Report kJobsReport{
    .name = "jobs",
    .summary = "Cost of each service, cron run, login or other job, with every descendant.",
    .examples =
        "  daybook jobs --since yesterday --until today\n"
        "  daybook jobs --runs --filter 'descends_from(comm == \"cron\")'\n"
        "  daybook jobs --root 'comm == \"make\"'\n",
    .columns = kColumns,
    .options = kOptions,
    .check = Check,
    .default_sort = "-cpu_us",
    .skips = LogSet::Skips::kBoots,
    .window_rule = WindowRule::kEnd,
    .has_window_rule = true,
    .has_filter = true,
    .run = RunJobs,
};

}  // namespace daybook
