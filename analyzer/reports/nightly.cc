// The page for the morning: what somebody should look at, then what the night was made of.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "coverage_exceptions.h"
#include "exit_status.h"
#include "fail_rules.h"
#include "life_log.h"
#include "life_window.h"
#include "nearest.h"
#include "night.h"
#include "page.h"
#include "partial.h"
#include "report.h"
#include "time_syntax.h"

namespace daybook {
namespace {

constexpr std::string_view kDefaultBaseline = "7d";

constexpr std::string_view kRules[] = {
    "lost",       "gap",         "stopped",  "damage", "signal",   "core",  "oom",
    "crash-loop", "new-program", "new-user", "change", "identity", "failed"};

std::vector<std::string_view> Rules() { return {std::begin(kRules), std::end(kRules)}; }
std::vector<std::string_view> SectionNames();

constexpr ReportOption kOptions[] = {
    {"--only-exceptions", "",
     "Nothing but what somebody should look at; nothing at all without it"},
    {"--fail-on", "RULE,..",
     "Exit status 1 where one of these applies: lost, gap, stopped, damage, signal, core, oom, "
     "crash-loop, new-program, new-user, change, identity, failed; or as failed>20",
     true, Rules},
    {"--baseline", "SPAN",
     "What is new or different is so to this time before (default: 7d); 0: no"},
    {"--section", "NAME,..", "Only these tables", true, SectionNames},
    {"--partial", "FILE",
     "In the place of the page write what the days add up to, for merge; -: to standard output"},
    {"--groups", "N",
     "In that file, of each day only the N groups with the most CPU time and the N with the most "
     "processes stand apart (default: 1000)"},
    {"--replace", "", "Where that file is there already, put the new one in its place"}};

constexpr Column kCoverageColumns[] = {{"what", Kind::kString, 1},
                                       {"times", Kind::kNumber, 2},
                                       {"lost", Kind::kNumber, 3},
                                       {"bytes", Kind::kBytes, 4},
                                       {"duration_us", Kind::kMicroseconds, 5},
                                       {"first_time", Kind::kTime, 6},
                                       {"last_time", Kind::kTime, 7},
                                       {"host", Kind::kString, 8}};
constexpr Column kAbnormalColumns[] = {
    {"comm", Kind::kString, 1},  {"job", Kind::kString, 2},     {"status", Kind::kString, 3},
    {"core", Kind::kBool, 4},    {"oom", Kind::kBool, 5},       {"count", Kind::kNumber, 6},
    {"first_time", Kind::kTime}, {"last_time", Kind::kTime, 7}, {"args", Kind::kArguments, 8}};
constexpr Column kLoopColumns[] = {{"comm", Kind::kString, 1},
                                   {"parent", Kind::kString, 2},
                                   {"status", Kind::kString, 3},
                                   {"count", Kind::kNumber, 4},
                                   {"most_per_minute", Kind::kNumber, 5},
                                   {"first_time", Kind::kTime, 6},
                                   {"last_time", Kind::kTime, 7},
                                   {"args", Kind::kArguments, 8}};
constexpr Column kProgramColumns[] = {
    {"program", Kind::kString, 1},      {"count", Kind::kNumber, 2},
    {"cpu_us", Kind::kMicroseconds, 3}, {"first_time", Kind::kTime, 4},
    {"user", Kind::kUser, 5},           {"uid", Kind::kNumber},
    {"parent", Kind::kString, 6},       {"args", Kind::kArguments, 7}};
constexpr Column kUserColumns[] = {
    {"user", Kind::kUser, 1},           {"uid", Kind::kNumber},         {"count", Kind::kNumber, 2},
    {"cpu_us", Kind::kMicroseconds, 3}, {"first_time", Kind::kTime, 4}, {"comm", Kind::kString, 5}};
constexpr Column kChangeColumns[] = {{"comm", Kind::kString, 1},
                                     {"change", Kind::kString, 2},
                                     {"expected", Kind::kNumber, 3},
                                     {"count", Kind::kNumber, 4},
                                     {"expected_cpu_us", Kind::kMicroseconds, 5},
                                     {"cpu_us", Kind::kMicroseconds, 6}};
constexpr Column kIdentityColumns[] = {
    {"change", Kind::kString, 1}, {"from_user", Kind::kUser, 2},  {"from_uid", Kind::kNumber},
    {"user", Kind::kUser, 3},     {"uid", Kind::kNumber},         {"comm", Kind::kString, 4},
    {"count", Kind::kNumber, 5},  {"first_time", Kind::kTime, 6}, {"ancestors", Kind::kString, 7}};
constexpr Column kTotalColumns[] = {
    {"processes", Kind::kNumber, 1},      {"running", Kind::kNumber, 2},
    {"failed", Kind::kNumber, 3},         {"cpu_us", Kind::kMicroseconds, 4},
    {"utime_us", Kind::kMicroseconds, 5}, {"stime_us", Kind::kMicroseconds, 6},
    {"maxrss_kib", Kind::kKibibytes, 7},  {"read_bytes", Kind::kBytes, 8},
    {"write_bytes", Kind::kBytes, 9}};
constexpr Column kTopColumns[] = {
    {"comm", Kind::kString, 1},         {"count", Kind::kNumber, 2},
    {"failed", Kind::kNumber, 3},       {"cpu_us", Kind::kMicroseconds, 4},
    {"cpu_share", Kind::kPercent, 5},   {"mean_cpu_us", Kind::kMicroseconds, 6},
    {"maxrss_kib", Kind::kKibibytes, 7}};
constexpr Column kTopUserColumns[] = {
    {"user", Kind::kUser, 1},           {"uid", Kind::kNumber},
    {"count", Kind::kNumber, 2},        {"failed", Kind::kNumber, 3},
    {"cpu_us", Kind::kMicroseconds, 4}, {"cpu_share", Kind::kPercent, 5}};
constexpr Column kJobColumns[] = {
    {"kind", Kind::kString, 1},      {"job", Kind::kString, 7},
    {"runs", Kind::kNumber, 2},      {"processes", Kind::kNumber, 3},
    {"failed", Kind::kNumber, 4},    {"cpu_us", Kind::kMicroseconds, 5},
    {"cpu_share", Kind::kPercent, 6}};
constexpr Column kSpawnerColumns[] = {
    {"spawner", Kind::kString, 1},       {"births", Kind::kNumber, 2},
    {"births_share", Kind::kPercent, 3}, {"short", Kind::kNumber, 4},
    {"failed", Kind::kNumber, 5},        {"cpu_us", Kind::kMicroseconds, 6}};

constexpr Section kSections[] = {
    {"coverage", "Not in the log", kCoverageColumns, "", true},
    {"abnormal_ends", "Ended by a signal, with a core dump or without memory", kAbnormalColumns,
     "-count", true},
    {"crash_loops", "Crash loops", kLoopColumns, "-count", true},
    {"new_programs", "New programs", kProgramColumns, "first_time", true},
    {"new_users", "New users", kUserColumns, "first_time", true},
    {"changes", "More often, costlier, or gone", kChangeColumns, "-cpu_us", true},
    {"new_identities", "New changes of identity", kIdentityColumns, "first_time", true},
    {"totals", "Totals", kTotalColumns},
    {"programs", "Programs by CPU time", kTopColumns, "-cpu_us"},
    {"users", "Users by CPU time", kTopUserColumns, "-cpu_us"},
    {"jobs", "Jobs by CPU time", kJobColumns, "-cpu_us"},
    {"spawners", "Who makes processes", kSpawnerColumns, "-births"}};

std::vector<std::string_view> SectionNames() {
  std::vector<std::string_view> names;
  for (const Section& section : kSections) names.push_back(section.name);
  return names;
}

// What is asked for.
struct Wish {
  bool only_exceptions = false;
  std::vector<FailRule> rules;
  int64_t baseline_ns = 0;
  std::vector<std::string_view> sections;  // empty: all
};

Result<std::vector<std::string_view>> ParseSections(std::span<const std::string> names) {
  std::vector<std::string_view> known;
  for (const Section& section : kSections) known.push_back(section.name);
  std::vector<std::string_view> sections;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(known, name);
    if (found == known.end()) {
      const std::string hint = DidYouMean(name, known);
      return Error(
          fmt::format("--section: no section '{}'{}", name,
                      hint.empty() ? fmt::format("; there are {}", fmt::join(known, ", ")) : hint));
    }
    sections.push_back(*found);
  }
  return sections;
}

Result<Wish> Parse(const Wishes& wishes) {
  Wish wish{.only_exceptions = wishes.Has("--only-exceptions")};
  auto rules = ParseFailRules("--fail-on", wishes.Values("--fail-on"), kRules);
  if (!rules) return std::move(rules).error();
  wish.rules = std::move(*rules);
  auto sections = ParseSections(wishes.Values("--section"));
  if (!sections) return std::move(sections).error();
  wish.sections = std::move(*sections);
  const std::string_view text = wishes.Value("--baseline").value_or(kDefaultBaseline);
  const auto baseline_ns = ParseTimeSpan(text);
  if (!baseline_ns || *baseline_ns < 0) {
    return Error(fmt::format("--baseline: '{}' is no span of time; write for example 7d", text));
  }
  wish.baseline_ns = *baseline_ns;
  return wish;
}

Status Check(const Wishes& wishes, const FilterClock&) {
  const auto wish = Parse(wishes);
  if (!wish) return wish.error();
  if (Status partial = CheckPartial(wishes); !partial || AsksForPartial(wishes)) return partial;
  const std::string_view format = wishes.Value("--output").value_or("");
  if ((format == "csv" || format == "tsv") && wish->sections.size() != 1) {
    return Error(fmt::format("--output: {} holds one table; say which by --section", format));
  }
  return Ok{};
}

// As long before the window, and no further back than there can be a time.
std::optional<Window> BaselineOf(const Window& window, int64_t baseline_ns) {
  int64_t since_ns = 0;
  if (!window.since_ns || baseline_ns == 0) return std::nullopt;
  if (__builtin_sub_overflow(*window.since_ns, baseline_ns, &since_ns)) since_ns = INT64_MIN;
  return Window{.since_ns = since_ns, .until_ns = window.since_ns};
}

// What of it the log has.
std::optional<Window> Covered(std::optional<Window> baseline, const Coverage& coverage) {
  if (!baseline || !coverage.first_ns || *coverage.first_ns >= *baseline->until_ns) {
    return std::nullopt;
  }
  baseline->since_ns = std::max(*baseline->since_ns, *coverage.first_ns);
  return baseline;
}

// For how long somebody recorded in it; of several hosts the mean.
int64_t RecordedNs(const Window& baseline, std::span<const LogSet::NotRecorded> gaps,
                   uint64_t hosts) {
  int64_t missing_ns = 0;
  for (const LogSet::NotRecorded& gap : gaps) {
    const auto first = gap.boot->clock.ToRealtime(gap.first_ns);
    const auto last = gap.boot->clock.ToRealtime(gap.last_ns);
    if (!first || !last) continue;
    const int64_t since_ns = std::max(*first, *baseline.since_ns);
    missing_ns += std::max<int64_t>(std::min(*last, *baseline.until_ns) - since_ns, 0);
  }
  return *baseline.until_ns - *baseline.since_ns -
         missing_ns / static_cast<int64_t>(std::max<uint64_t>(hosts, 1));
}

bool IsReadOnce(const std::string& path) {
  std::error_code unknown;
  return path == "-" || std::filesystem::is_fifo(path, unknown);
}

// What the lives of both periods rest on.
struct LivesRead {
  Coverage coverage;
  std::optional<Window> baseline;  // as far as the log has it
  int64_t baseline_ns = 0;         // of it: for how long somebody recorded
};

// Of the night and of the time before it.
Result<LogSet> OpenLives(const Question& question, const std::optional<Window>& baseline) {
  Window window = question.log.window();
  if (baseline) window.since_ns = baseline->since_ns;
  auto log = LogSet::Open(question.paths, {.window = window, .skips = LogSet::Skips::kBoots});
  if (log && question.progress != nullptr) log->Show(question.progress);
  return log;
}

// The lives of both, in one pass.
LivesRead ReadNight(const Question& question, const std::optional<Window>& baseline, LogSet& log,
                    Night* night, std::vector<Error>* failures) {
  const Question lives{.log = log, .zone = question.zone, .filter = question.filter};
  Coverage open;  // of the night alone
  LivesRead read;
  read.coverage = ReadLives(
      lives,
      [night](const Boot& boot, const Life& life) {
        night->Take(boot, life);
        return LifeUse::kUsed;
      },
      [&](const Boot& boot, const Life& life) {
        CountOpenEnd(question.log.window(), boot, life, &open);
      });
  read.coverage.running = open.running;
  read.coverage.ended_unseen = open.ended_unseen;
  read.baseline = Covered(baseline, read.coverage);
  if (read.baseline) {
    read.baseline_ns = RecordedNs(*read.baseline, log.not_recorded(), read.coverage.hosts);
  }
  AddFailures(log, question.log, failures);
  return read;
}

// Records are counted where the night is; of the processes read, those of the time before are
// filtered.
Coverage JoinCoverage(const CoverageExceptions& records, const Coverage& lives, uint64_t used) {
  Coverage coverage = records.coverage();
  coverage.processes = lives.processes;
  coverage.used = used;
  coverage.filtered = lives.processes.value_or(used) - used;
  coverage.running = lives.running;
  coverage.ended_unseen = lives.ended_unseen;
  coverage.undated = lives.undated;
  coverage.undecided = lives.undecided;
  return coverage;
}

std::vector<Rows> RowsOf(const CoverageExceptions& records, Night& night) {
  return {records.ToRows(), night.AbnormalEnds(), night.CrashLoops(),    night.NewPrograms(),
          night.NewUsers(), night.Changes(),      night.NewIdentities(), night.AllTotals(),
          night.Programs(), night.Users(),        night.Jobs(),          night.Spawners()};
}

uint64_t CountOf(const std::vector<Rows>& rows, std::string_view section) {
  const auto found = std::ranges::find(kSections, section, &Section::name);
  return rows[static_cast<size_t>(found - std::begin(kSections))].size();
}

std::vector<Fact> FactsOf(const CoverageExceptions& records, const Night& night,
                          const std::vector<Rows>& rows) {
  return {{"lost", records.lost()},
          {"gap", records.gaps()},
          {"stopped", records.stopped()},
          {"damage", records.damaged()},
          {"signal", night.signals()},
          {"core", night.cores()},
          {"oom", night.ooms()},
          {"crash-loop", CountOf(rows, "crash_loops")},
          {"new-program", CountOf(rows, "new_programs")},
          {"new-user", CountOf(rows, "new_users")},
          {"change", CountOf(rows, "changes")},
          {"identity", CountOf(rows, "new_identities")},
          {"failed", night.failed()}};
}

bool IsChosen(const Wish& wish, const Section& section) {
  return wish.sections.empty() ||
         std::ranges::find(wish.sections, section.name) != wish.sections.end();
}

bool HasExceptions(const Wish& wish, const std::vector<Rows>& rows) {
  for (size_t i = 0; i < rows.size(); ++i) {
    const Section& section = kSections[i];
    if (section.is_exception && IsChosen(wish, section) && !rows[i].empty()) return true;
  }
  return false;
}

void AddSections(const Wish& wish, const std::vector<Rows>& rows, Page& page) {
  for (size_t i = 0; i < rows.size(); ++i) {
    const Section& section = kSections[i];
    if (!IsChosen(wish, section)) continue;
    if (section.is_exception || !wish.only_exceptions) page.Add(section, rows[i]);
  }
}

Result<Answer> RunNightly(const Question& question, Page& page) {
  const auto wish = Parse(question.wishes);
  if (!wish) return wish.error();
  if (std::ranges::any_of(question.paths, IsReadOnce)) {
    return Error("report: a pipe can be read only once; give a log in files");
  }
  if (AsksForPartial(question.wishes)) return WritePartial(question, page);
  const Window window = question.log.window();
  const auto wished = BaselineOf(window, wish->baseline_ns);
  auto log = OpenLives(question, wished);
  if (!log) return std::move(log).error();
  CoverageExceptions records;
  records.Read(question.log, question.now_ns);
  Night night(window, question.now_ns, question.zone);
  std::vector<Error> failures;
  const LivesRead lives = ReadNight(question, wished, *log, &night, &failures);
  night.Finish();
  if (lives.baseline) night.SetBaseline(lives.baseline_ns);
  const auto baseline = night.has_baseline() ? lives.baseline : std::nullopt;

  const std::vector<Rows> rows = RowsOf(records, night);
  const auto failed_on = ApplyRules(wish->rules, FactsOf(records, night, rows));
  // What is missing from other times, in a file that is also read, is not this night's affair.
  Answer answer{.coverage = JoinCoverage(records, lives.coverage, night.used()),
                .failures = std::move(failures),
                .failed_on = failed_on};
  answer.exit_status = !failed_on.empty()                        ? kExitFound
                       : records.lost() + records.damaged() != 0 ? kExitIncomplete
                                                                 : kExitFine;
  const bool has_exceptions = HasExceptions(*wish, rows);
  if (wish->only_exceptions && !has_exceptions && failed_on.empty()) return answer;
  const std::string host = records.host();
  page.Begin({.report = "report", .host = host, .window = window, .baseline = baseline});
  if (!baseline && wish->baseline_ns != 0) {
    page.AddNote("-- compared with nothing: the log has too little of the time before");
  }
  if (!has_exceptions) page.AddNote("-- no exceptions");
  AddSections(*wish, rows, page);
  page.Finish(answer.coverage, failed_on);
  return answer;
}

}  // namespace

constinit const Report kNightlyReport{
    .name = "report",
    .summary = "The page for the morning: exceptions first, then what the day was made of.",
    .examples =
        "  daybook report\n"
        "  daybook report --only-exceptions --fail-on lost,gap,core,crash-loop\n"
        "  daybook report -S today --output md --section abnormal_ends,jobs\n"
        "  daybook report --partial $(hostname)-$(date -d yesterday +%F).rollup\n",
    .options = kOptions,
    .check = Check,
    .default_since = "yesterday",
    .default_until = "today",
    .default_limit = 10,
    .skips = LogSet::Skips::kFrames,
    .has_filter = true,
    .sections = kSections,
    .page = RunNightly,
};

}  // namespace daybook
