// What each top-level job cost, with every descendant.

#include <fmt/format.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "columns/life_window.h"
#include "groups/job_runs.h"
#include "life_log.h"
#include "log/recorded_times.h"
#include "report.h"
#include "totals/job_totals.h"
#include "totals/totals.h"
#include "totals/unended_cpu.h"

namespace daybook {
namespace {

constexpr ReportOption kOptions[] = {
    {"--root", "EXPR", "A job is the outermost process for which this is true"},
    {"--runs", "", "A row for each run of a job, not for each job"}};

constexpr Column kColumns[] = {
    {"job", Kind::kString, 13},
    {"kind", Kind::kString, 2},
    {"pid", Kind::kNumber},
    {"start_time", Kind::kTime},
    {"end_time", Kind::kTime},
    {"runs", Kind::kNumber, 3},
    {"overlap", Kind::kNumber, 4},
    {"mean_run_us", Kind::kMicroseconds, 5},
    {"max_run_us", Kind::kMicroseconds, 6},
    {"processes", Kind::kNumber, 7},
    {"running", Kind::kNumber, 8},
    {"failed", Kind::kNumber, 9},
    {"cpu_us", Kind::kMicroseconds, 10},
    {"cpu_share", Kind::kPercent, 11},
    {"cpu_within_us", Kind::kMicroseconds, 0, Shown::kOnRequest},
    {"maxrss_kib", Kind::kKibibytes, 12},
    {"read_bytes", Kind::kBytes},
    {"write_bytes", Kind::kBytes},
    {"orphaned", Kind::kNumber},
    {"incomplete", Kind::kNumber},
    {"host", Kind::kString, 1, Shown::kOfSeveralHosts},
};

constexpr size_t kShareColumn = 13;
static_assert(kColumns[kShareColumn].name == "cpu_share");
constexpr size_t kWithinColumn = 14;
static_assert(kColumns[kWithinColumn].name == "cpu_within_us");

// The same name on two hosts is two jobs.
struct JobKey {
  JobKind kind;
  std::string name;
  std::string host;  // empty: not known
  auto operator<=>(const JobKey&) const = default;
};

// While the log is read: what a host is called last, and so which logs are of one, is told at its
// end only.
struct LogJobKey {
  JobKind kind;
  std::string name;
  std::optional<Id128> stream_id;
  const Boot* boot;  // where its log is not known
  auto operator<=>(const LogJobKey&) const = default;

  explicit LogJobKey(const JobRun& run)
      : kind(run.kind),
        name(run.name),
        stream_id(run.boot->stream_id),
        boot(stream_id ? nullptr : run.boot) {}
};

// Of the job itself, or of one run of it; what its CPU time is a share of, is told at the end.
std::array<Cell, std::size(kColumns)> Row(const JobKey& key, std::optional<uint32_t> root_pid,
                                          const Job& job) {
  const Totals& totals = job.totals().totals;
  const RunTimes& times = job.times();
  const bool is_over = totals.running == 0;
  return {Text{key.name},
          Text{NameOf(key.kind)},
          times.runs == 1 ? OptionalCell(root_pid) : Cell(),
          OptionalCell(times.first_ns),
          is_over ? OptionalCell(times.last_ns) : Cell(),
          times.runs,
          job.MostAtOnce(),
          OptionalCell(times.us.Mean()),
          OptionalCell(times.longest_us),
          totals.count,
          totals.RunningThen(),
          totals.failed,
          OptionalCell(totals.cpu_us.total),
          OptionalCell(totals.cpu_us.total),
          OptionalCell(totals.cpu_within_us.total),
          OptionalCell(totals.maxrss_kib),
          OptionalCell(totals.read_bytes.total),
          OptionalCell(totals.write_bytes.total),
          job.totals().orphaned,
          job.totals().incomplete,
          key.host.empty() ? Cell() : Cell(Text{key.host})};
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

// What was asked for: each run, or each job.
class JobTable {
 public:
  JobTable(const Filter& roots, bool is_of_runs, Table* table)
      : runs_(roots, [this](const JobRun& run) { TakeRun(run); }),
        is_of_runs_(is_of_runs),
        table_(*table) {
    table_.HandOnAs(kShareColumn, [all = all_](const Cell& cpu_us) {
      const auto* known = std::get_if<uint64_t>(&cpu_us);
      return ShareCell(known ? std::optional(*known) : std::nullopt, all->totals.cpu_us.total);
    });
  }

  void Decide(const Boot& boot, const Life& life, LifeTexts& texts) {
    runs_.Decide(boot, life, texts);
  }
  void Take(const Boot& boot, const Life& life, LifeTexts& texts);
  // Returns of how many processes not all ancestors are known. `log` is what they were read from.
  uint64_t Finish(const LogSet& log);
  const Sum& cpu_us() const { return all_->totals.cpu_us; }

 private:
  void TakeRun(const JobRun& run);
  void AddToJob(const JobRun& run);

  JobRuns runs_;
  bool is_of_runs_;
  Table& table_;
  std::shared_ptr<JobTotals> all_ = std::make_shared<JobTotals>();
  struct KnownJob {
    std::optional<uint32_t> root_pid;  // of the last run
    const Boot* boot = nullptr;
    Job job;
  };
  std::map<LogJobKey, KnownJob> jobs_;
};

void JobTable::Take(const Boot& boot, const Life& life, LifeTexts& texts) {
  JobRun& run = *runs_.Find(boot, life, texts);
  run.totals.Add(boot, life, run.is_many);
  if (EndedBehind(texts.until_ns, boot, life)) run.totals.totals.AddEndedLater(life);
  run.totals.totals.cpu_within_us.Add(CpuWithinUs(texts.until_ns, boot, life));
  Concurrency& alone = run.totals.alone_at_once;
  if (!alone.is_large()) return;
  const auto settled_ns = runs_.SettledUntil(boot);
  if (settled_ns) alone.Forget(*settled_ns, {});
}

// One that has nothing of what was asked for is none here.
void JobTable::TakeRun(const JobRun& run) {
  if (run.totals.totals.count == 0) return;
  all_->Merge(run.totals);
  if (!is_of_runs_) return AddToJob(run);
  Job job;
  job.Add(*run.boot, run.totals);
  const JobKey key{.kind = run.kind, .name = run.name, .host = run.boot->host.value_or("")};
  table_.Add(Row(key, run.root_pid, job), run.number);
}

void JobTable::AddToJob(const JobRun& run) {
  auto& [root_pid, boot, job] = jobs_[LogJobKey(run)];
  root_pid = run.root_pid;
  boot = run.boot;
  job.Add(*run.boot, run.totals);
  const auto settled_ns = runs_.SettledUntil(*run.boot);
  if (settled_ns && job.is_large(*run.boot)) {
    job.Forget(*run.boot, *settled_ns, runs_.OpenEnds(*run.boot));
  }
}

uint64_t JobTable::Finish(const LogSet& log) {
  runs_.Finish();
  const HostNames names(log);
  std::map<JobKey, KnownJob> by_host;
  for (auto& [of_log, known] : jobs_) {
    const JobKey key{.kind = of_log.kind, .name = of_log.name, .host = names.Of(*known.boot)};
    const auto [found, is_new] = by_host.try_emplace(key);
    if (is_new) {
      found->second = std::move(known);
    } else {
      found->second.job.Merge(known.job);
    }
  }
  for (const auto& [key, known] : by_host) table_.Add(Row(key, known.root_pid, known.job));
  if (all_->incomplete != 0) {
    table_.AddNote(fmt::format("processes of which the log does not tell all ancestors: {}",
                               all_->incomplete));
  }
  return all_->incomplete;
}

Result<Answer> RunJobs(const Question& question, Table& table) {
  const auto roots = Roots(question.wishes, {.now_ns = question.now_ns, .zone = question.zone});
  if (!roots) return roots.error();
  JobTable jobs(*roots, question.wishes.Has("--runs"), &table);
  LifeTexts texts(question.zone, question.log.window());
  const bool tells_within = table.Uses(kWithinColumn);
  UnendedCpu unended(question);
  const Coverage coverage = ReadLives(
      question,
      [&](const Boot& boot, const Life& life) {
        jobs.Take(boot, life, texts);
        return LifeUse::kUsed;
      },
      [&](const Boot& boot, const Life& life) {
        jobs.Decide(boot, life, texts);
        if (!tells_within) unended.Take(boot, life);
      },
      std::max(Rests::kOnBirth, roots->RestsOn()));
  const uint64_t incomplete = jobs.Finish(question.log);
  Answer answer{.coverage = coverage, .facts = {{"incomplete_processes", incomplete}}};
  unended.AddNote(jobs.cpu_us(), table, &answer.facts);
  return answer;
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
