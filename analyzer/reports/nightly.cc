// The page for the morning: what somebody should look at, then what the night was made of.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "columns/life_window.h"
#include "exit_status.h"
#include "life_log.h"
#include "log/recorded_times.h"
#include "night/coverage_exceptions.h"
#include "night/fail_rules.h"
#include "night/night_sections.h"
#include "night/nights.h"
#include "night/time_before.h"
#include "page.h"
#include "report.h"
#include "rollup/partial.h"
#include "text/escape.h"
#include "text/nearest.h"
#include "time/time_syntax.h"
#include "time/time_units.h"

namespace daybook {
namespace {

constexpr std::string_view kDefaultBaseline = "7d";

constexpr std::string_view kRules[] = {"lost",   "gap",     "stopped",    "damage",      "signal",
                                       "core",   "oom",     "crash-loop", "new-program", "new-user",
                                       "change", "failing", "identity",   "failed"};

std::vector<std::string_view> Rules() { return {std::begin(kRules), std::end(kRules)}; }

std::vector<std::string_view> SectionNames() {
  std::vector<std::string_view> names;
  for (const NightSection& known : kNightSections) names.push_back(known.section.name);
  return names;
}

constexpr ReportOption kOptions[] = {
    {"--only-exceptions", "",
     "Nothing but what somebody should look at; nothing at all without it"},
    {"--fail-on", "RULE,..",
     "Exit status 1 where one of these applies: lost, gap, stopped, damage, signal, core, oom, "
     "crash-loop, new-program, new-user, change, failing, identity, failed; or as failed>20",
     true, Rules},
    {"--baseline", "SPAN",
     "What is new or different is so to this time before (default: 7d); 0: no"},
    {"--section", "NAME,..", "Only these tables", true, SectionNames},
    {.name = "--partial",
     .value_name = "FILE",
     .text =
         "In the place of the page write what the days add up to, for merge; -: to standard output",
     .names = ReportOption::Names::kOutput},
    {"--groups", "N",
     "In that file, of each day only the N groups with the most CPU time, the N with the most "
     "processes and the N with the most failures stand apart (default: 1000)"},
    {"--replace", "", "Where that file is there already, put the new one in its place"}};

// What is asked for.
struct Wish {
  bool only_exceptions = false;
  std::vector<FailRule> rules;
  int64_t baseline_ns = 0;
  std::vector<std::string_view> sections;  // empty: all
};

Result<std::vector<std::string_view>> ParseSections(std::span<const std::string> names) {
  const std::vector<std::string_view> known = SectionNames();
  std::vector<std::string_view> sections;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(known, name);
    if (found == known.end()) {
      return Error(fmt::format("--section: no section '{}'{}", name, DidYouMeanOneOf(name, known)));
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
  if (*baseline_ns != 0 && *baseline_ns < kNsPerMinute) {
    return Error(
        fmt::format("--baseline: '{}' is less than a minute, which tells of nothing; write "
                    "for example 7d, or 0 to compare with nothing",
                    text));
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

bool IsReadOnce(const std::string& path) {
  std::error_code unknown;
  return path == "-" || std::filesystem::is_fifo(path, unknown);
}

// Of the night and of the time before it: at least of the minute in which a crash loop may have
// begun that goes on.
Result<LogSet> OpenLives(const Question& question, const TimeBefore& before,
                         const std::optional<Window>& baseline) {
  Window window = question.log.window();
  if (const auto minute = before.Last(kNsPerMinute)) window.since_ns = minute->since_ns;
  if (baseline) window.since_ns = std::min(*window.since_ns, *baseline->since_ns);
  auto log = LogSet::Open(question.paths, {.window = window, .skips = LogSet::Skips::kBoots});
  if (log && question.progress != nullptr) log->Show(question.progress);
  return log;
}

// Counts a life that was there in the night, or may have been.
void CountInNight(const Question& question, const Boot& boot, const Life& life, LifeTexts& texts,
                  LifeCounts* counts) {
  const Placed placed = Place(question.log.window(), boot, life);
  CountOpenEnd(question.log.window(), boot, life, counts);
  if (placed == Placed::kOutside) return;
  ++*counts->processes;
  counts->undated += placed == Placed::kUndated;
  if (placed == Placed::kUndated || question.filter.lets_all_through()) return;
  counts->undecided += question.filter.Judge(boot, life, texts) == Truth::kUnknown;
}

// The lives of both, in one pass. Returns those that there were of the night.
LifeCounts ReadNights(const Question& question, const std::optional<Window>& baseline, LogSet& log,
                      Nights* nights, std::vector<Error>* failures) {
  const Question lives{.log = log,
                       .zone = question.zone,
                       .filter = question.filter,
                       .cpu_window = question.log.window()};
  LifeTexts texts(question.zone, question.log.window());
  LifeCounts counts{.processes = 0};
  (void)ReadLives(
      lives,
      [nights](const Boot& boot, const Life& life) {
        nights->Take(boot, life);
        return LifeUse::kUsed;
      },
      [&](const Boot& boot, const Life& life) {
        CountInNight(question, boot, life, texts, &counts);
      },
      Rests::kOnAllPrograms);
  nights->Finish(log, baseline);
  AddFailures(log, question.log, failures);
  counts.used = nights->Sum(&Night::used);
  counts.filtered = *counts.processes - counts.used;
  return counts;
}

struct FilledSection {
  std::string_view name() const { return section.name; }

  const Section& section;
  Rows rows;
};
using FilledSections = std::vector<FilledSection>;

FilledSections FillSections(const CoverageExceptions& records, Nights& nights) {
  FilledSections filled;
  for (const auto& [section, rows] : kNightSections) {
    filled.push_back({section, rows != nullptr ? nights.All(rows) : records.ToRows()});
  }
  return filled;
}

uint64_t CountOf(const FilledSections& sections, std::string_view name) {
  return std::ranges::find(sections, name, &FilledSection::name)->rows.size();
}

std::vector<Fact> FactsOf(const CoverageExceptions& records, const Nights& nights,
                          const FilledSections& sections) {
  return {{"lost", records.lost()},
          {"gap", records.gaps()},
          {"stopped", records.stopped()},
          {"damage", records.damaged()},
          {"signal", nights.Sum(&Night::signals)},
          {"core", nights.Sum(&Night::cores)},
          {"oom", nights.Sum(&Night::ooms)},
          {"crash-loop", CountOf(sections, "crash_loops")},
          {"new-program", CountOf(sections, "new_programs")},
          {"new-user", CountOf(sections, "new_users")},
          {"change", CountOf(sections, "changes") + CountOf(sections, "job_changes")},
          {"failing", nights.Sum(&Night::failing) + nights.Sum(&Night::failing_jobs)},
          {"identity", CountOf(sections, "new_identities")},
          {"failed", nights.Sum(&Night::failed)}};
}

bool IsChosen(const Wish& wish, const Section& section) {
  return wish.sections.empty() ||
         std::ranges::find(wish.sections, section.name) != wish.sections.end();
}

// Failures are none by themselves, as grep and test only answer no; but where a rule applies to
// them, they are what somebody should look at.
bool IsException(const Section& section, std::span<const std::string> failed_on) {
  return section.is_exception ||
         (section.name == "failures" && std::ranges::any_of(failed_on, [](const auto& rule) {
            return std::string_view(rule).substr(0, rule.find_first_of("> ")) == "failed";
          }));
}

// Whether there are exceptions on the page, and the names of sections that are not on it but have
// some.
struct Exceptions {
  bool has_shown = false;
  std::vector<std::string_view> hidden;
};
Exceptions FindExceptions(const Wish& wish, const FilledSections& sections,
                          std::span<const std::string> failed_on) {
  Exceptions found;
  for (const auto& [section, rows] : sections) {
    if (!IsException(section, failed_on) || rows.empty()) continue;
    if (IsChosen(wish, section)) {
      found.has_shown = true;
    } else {
      found.hidden.push_back(section.name);
    }
  }
  return found;
}

// Where no process is known. Why, is among what is not in the log; but a window may begin behind
// what is.
void AddSilence(const Question& question, Page& page) {
  page.AddNote("no process is known of this time");
  if (const auto end = question.log.EndBeforeWindow()) page.AddNote(EndLine(*end, question.zone));
}

// Where there is one host only, its name is at the top of the page.
void AddHostNotes(const std::vector<std::string>& hosts, bool has_several, std::string_view text,
                  Page& page) {
  for (const std::string& host : hosts) {
    std::string note;
    if (has_several) {
      AppendEscaped(host.empty() ? "a host without a name" : host, &note);
      note += ": ";
    }
    page.AddNote(note.append(text));
  }
}

// Why there may be no baseline.
std::string_view WithoutBaseline(const TimeBefore& before, const std::optional<Window>& wished) {
  const bool is_short = before.length_ns() != 0 && wished && !before.IsLongSince(*wished->since_ns);
  return is_short ? "compared with nothing: --baseline is shorter than this time"
                  : "compared with nothing: the log has too little of the time before";
}

void AddComparison(const Wish& wish, const Nights& nights, std::string_view without, Page& page) {
  if (wish.baseline_ns == 0) return;
  constexpr std::string_view kAllMissing =
      "compared with nothing: nearly all records of this time are missing";
  constexpr std::string_view kSomeMissing =
      "records of this time are missing: nothing of it is said to be gone";
  constexpr std::string_view kMissingBefore =
      "records of the time before are missing: what is new or more often may only seem so";
  const auto all_missing = nights.HostsThatLack(Night::Lack::kAll);
  const bool has_several = nights.has_several();
  if (!nights.baseline() && all_missing.empty()) {
    page.AddNote(without);
  } else if (has_several) {
    AddHostNotes(nights.HostsWithoutBaseline(), has_several, without, page);
  }
  AddHostNotes(all_missing, has_several, kAllMissing, page);
  AddHostNotes(nights.HostsThatLack(Night::Lack::kSome), has_several, kSomeMissing, page);
  AddHostNotes(nights.HostsThatLackBefore(), has_several, kMissingBefore, page);
}

void AddNotes(const Exceptions& exceptions, Page& page) {
  if (!exceptions.hidden.empty()) {
    page.AddNote(fmt::format("exceptions in sections that were not asked for: {}",
                             fmt::join(exceptions.hidden, ", ")));
  } else if (!exceptions.has_shown) {
    page.AddLine("no exceptions");
  }
}

void AddSections(const Wish& wish, const FilledSections& sections,
                 std::span<const std::string> failed_on, Page& page) {
  for (const auto& [section, rows] : sections) {
    if (!IsChosen(wish, section)) continue;
    if (IsException(section, failed_on) || !wish.only_exceptions) page.Add(section, rows);
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
  const TimeBefore before(window, question.now_ns, question.zone);
  const auto wished = before.Last(wish->baseline_ns);
  auto log = OpenLives(question, before, wished);
  if (!log) return std::move(log).error();
  CoverageExceptions records;
  records.Read(question.log, question.now_ns);
  Nights nights(window, question.now_ns, question.zone, records.names());
  std::vector<Error> failures;
  const LifeCounts lives = ReadNights(question, wished, *log, &nights, &failures);

  FilledSections sections = FillSections(records, nights);
  const auto failed_on = ApplyRules(wish->rules, FactsOf(records, nights, sections));
  // What is missing from other times, in a file that is also read, is not this night's affair.
  Answer answer{
      .coverage = records.coverage(), .failures = std::move(failures), .failed_on = failed_on};
  answer.coverage.lives() = lives;
  answer.exit_status = !failed_on.empty()                        ? kExitFound
                       : records.lost() + records.damaged() != 0 ? kExitIncomplete
                                                                 : kExitFine;
  const Exceptions exceptions = FindExceptions(*wish, sections, failed_on);
  if (wish->only_exceptions && !exceptions.has_shown && failed_on.empty()) return answer;
  const std::vector<std::string> hosts = records.hosts();
  page.Begin({.report = "report",
              .hosts = hosts,
              .tells_hosts_apart = hosts.size() > 1 || nights.has_several(),
              .window = window,
              .baseline = nights.baseline()});
  const bool is_silent = answer.coverage.processes == 0U;
  if (is_silent) {
    AddSilence(question, page);
    if (IsForPeople(page.format())) {
      std::ranges::find(sections, std::string_view("totals"), &FilledSection::name)->rows.clear();
    }
  } else {
    AddComparison(*wish, nights, WithoutBaseline(before, wished), page);
  }
  if (!is_silent || !exceptions.hidden.empty()) AddNotes(exceptions, page);
  AddSections(*wish, sections, failed_on, page);
  page.Finish(answer.coverage, failed_on);
  answer.notes = page.notes();
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
    .sections = SectionNames,
    .page = RunNightly,
};

}  // namespace daybook
