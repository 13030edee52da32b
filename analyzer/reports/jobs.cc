// What each top-level job cost, with every descendant.

#include <fmt/format.h>

#include <algorithm>
#include <map>
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
    {"max_rss_kib", Kind::kKibibytes, 11},
    {"read_bytes", Kind::kBytes},
    {"write_bytes", Kind::kBytes},
    {"orphaned", Kind::kNumber},
    {"incomplete", Kind::kNumber},
};

struct Span {
  const Boot* boot = nullptr;
  uint64_t first_ns = UINT64_MAX;
  uint64_t last_ns = 0;
};

// Of a run, or of all runs of a job.
struct JobTotals {
  Totals totals;
  uint64_t orphaned = 0;
  uint64_t incomplete = 0;
  std::vector<Span> spans;  // of the runs

  void Merge(const JobTotals& other) {
    totals.Merge(other.totals);
    orphaned += other.orphaned;
    incomplete += other.incomplete;
    spans.insert(spans.end(), other.spans.begin(), other.spans.end());
  }
};

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

void Add(const Boot& boot, const Life& life, JobTotals* run) {
  run->totals.Add(life);
  run->orphaned += life.ppid && life.exit_ppid && *life.ppid != *life.exit_ppid;
  run->incomplete += !HasAllAncestors(life);
  if (run->spans.empty()) run->spans.push_back({.boot = &boot});
  Span& span = run->spans.front();
  span.first_ns = std::min(span.first_ns, life.start_ns);
  span.last_ns = std::max(span.last_ns, life.end_ns.value_or(life.last_seen_ns));
}

std::array<Cell, std::size(kColumns)> Row(const JobRun& run, const JobTotals& job,
                                          const Totals& all) {
  uint64_t longest_us = 0;
  Sum run_us;
  const Span* first = nullptr;
  const Span* last = nullptr;
  for (const Span& span : job.spans) {
    const uint64_t us = (span.last_ns - std::min(span.first_ns, span.last_ns)) / 1000;
    longest_us = std::max(longest_us, us);
    run_us.Add(us);
    if (first == nullptr || span.first_ns < first->first_ns) first = &span;
    if (last == nullptr || span.last_ns > last->last_ns) last = &span;
  }
  return {Text{run.name},
          Text{NameOf(run.kind)},
          job.spans.size() == 1 ? OptionalCell(run.root_pid) : Cell(),
          first != nullptr ? WallTimeCell(*first->boot, first->first_ns) : Cell(),
          last != nullptr && job.totals.running == 0 ? WallTimeCell(*last->boot, last->last_ns)
                                                     : Cell(),
          uint64_t{job.spans.size()},
          MaxOverlap(job.spans),
          OptionalCell(run_us.Mean()),
          longest_us,
          job.totals.count,
          job.totals.running,
          job.totals.failed,
          OptionalCell(job.totals.cpu_us.total),
          ShareCell(job.totals.cpu_us.total, all.cpu_us.total),
          OptionalCell(job.totals.max_rss_kib),
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

void FillTable(const std::vector<JobRun>& runs, const std::vector<JobTotals>& totals, bool each,
               Table& table) {
  Totals all;
  std::map<std::pair<JobKind, std::string_view>, std::pair<const JobRun*, JobTotals>> jobs;
  for (size_t i = 0; i < totals.size(); ++i) {
    all.Merge(totals[i].totals);
    auto& [run, job] = jobs[{runs[i].kind, runs[i].name}];
    run = &runs[i];
    if (!each) job.Merge(totals[i]);
  }
  if (each) {
    for (size_t i = 0; i < totals.size(); ++i) {
      if (totals[i].totals.count != 0) table.Add(Row(runs[i], totals[i], all));
    }
    return;
  }
  for (const auto& [key, job] : jobs) {
    if (job.second.totals.count != 0) table.Add(Row(*job.first, job.second, all));
  }
}

Result<Answer> RunJobs(const Question& question, Table& table) {
  const auto roots = Roots(question.wishes, {.now_ns = question.now_ns, .zone = question.zone});
  if (!roots) return roots.error();
  LifeTexts texts(question.zone);
  JobRuns runs(*roots);
  std::vector<JobTotals> totals;
  const Coverage coverage = ReadLives(question, [&](const Boot& boot, const Life& life) {
    const uint32_t run = runs.Find(boot, life, texts);
    if (run >= totals.size()) totals.resize(run + 1);
    Add(boot, life, &totals[run]);
    return LifeUse::kUsed;
  });
  FillTable(runs.runs(), totals, question.wishes.Has("--runs"), table);
  uint64_t incomplete = 0;
  for (const JobTotals& run : totals) incomplete += run.incomplete;
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
