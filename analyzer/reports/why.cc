// Why a process ran: the chain of its birth parents, up to the first one that the log tells of.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "columns/life_fields.h"
#include "columns/life_programs.h"
#include "columns/life_window.h"
#include "exit_status.h"
#include "life_log.h"
#include "log/recorded_times.h"
#include "report.h"
#include "reports/programs_view.h"
#include "text/whole_number.h"
#include "time/time_syntax.h"

namespace daybook {
namespace {

constexpr std::string_view kProcess = "process";
constexpr ReportOption kOptions[] = {
    {kProcess, "PID[@TIME]", "The process with this pid: the one at that time, else the newest"},
    kProgramsOption};

// Besides how far above it stands.
constexpr FieldChoice kFields[] = {
    {"host", 1},  {"pid", 3},    {"user", 4}, {"start_time", 5}, {"end_time"}, {"elapsed", 6},
    {"cpu"},      {"status", 7}, {"comm", 8}, {"exe"},           {"args", 9},  {"ppid"},
    {"proc_id"},  {"parent_id"}, {"tty"},     {"cgroup"},        {"state"},    {"execs"},
    {"orphaned"}, {"core"},      {"oom"}};

constexpr Column kAbove = {"above", Kind::kNumber, 2};

struct Wanted {
  uint32_t pid = 0;
  std::optional<WrittenTime> time;
};

Result<Wanted> ParseWanted(std::string_view text, const FilterClock& clock) {
  Wanted wanted;
  const size_t at = text.find('@');
  const std::string_view digits = text.substr(0, at);
  const auto pid = WholeNumber<uint32_t>(digits);
  if (!pid) {
    return Error(fmt::format("'{}' is not a pid; write for example 1234 or '1234@14:00'", digits));
  }
  wanted.pid = *pid;
  if (at == text.npos) return wanted;
  auto time = ParseWrittenTime(text.substr(at + 1), clock.now_ns, clock.zone);
  if (!time) return std::move(time).error();
  wanted.time = *time;
  return wanted;
}

Status Check(const Wishes& wishes, const FilterClock& clock) {
  const auto wanted = ParseWanted(*wishes.Value(kProcess), clock);
  if (!wanted) return wanted.error();
  return Ok{};
}

Result<std::vector<Column>> ColumnsFor(const Wishes& wishes) {
  std::vector<Column> columns = ShowsPrograms(wishes) ? ProgramColumns() : ColumnsOf(kFields);
  columns.insert(columns.begin(), kAbove);
  return columns;
}

// The one life that was meant. It is kept with its ancestors, of which more becomes known until the
// end of the log.
struct Found {
  const Boot* boot = nullptr;
  Life life;
  uint64_t others = 0;          // that have had the pid, too
  std::set<const Boot*> boots;  // in which they and this one were

  void Take(const Boot& of_boot, const Life& candidate) {
    others += boot != nullptr;
    boots.insert(&of_boot);
    const bool is_newer = boot == nullptr || of_boot.clock.ToRealtime(candidate.start_ns) >=
                                                 boot->clock.ToRealtime(life.start_ns);
    if (!is_newer) return;
    boot = &of_boot;
    life = candidate;
  }
};

// When one lived.
struct LifeSpan {
  int64_t first_ns;
  std::optional<int64_t> last_ns;  // nothing while it runs

  std::string Text(const LocalZone& zone) const {
    std::string text = "from ";
    zone.AppendForPeople(first_ns, &text);
    text += last_ns ? " to " : " on";
    if (last_ns) zone.AppendForPeople(*last_ns, &text);
    return text;
  }
};

std::optional<LifeSpan> SpanOf(const Boot& boot, const Life& life) {
  const auto start = boot.clock.ToRealtime(life.start_ns);
  if (!start) return std::nullopt;
  return LifeSpan{.first_ns = *start, .last_ns = EndTime(boot, life)};
}

// Of so many that were meant, but that the filters or the time leave out.
std::string LeftOutNote(uint32_t pid, uint64_t count, const std::optional<LifeSpan>& newest,
                        const LocalZone& zone) {
  const bool is_one = count == 1;
  std::string note = is_one ? fmt::format("process {}", pid)
                            : fmt::format("{} processes with the pid {}", count, pid);
  if (newest) {
    note.append(is_one ? ", which lived " : ", the newest of which lived ")
        .append(newest->Text(zone))
        .append(",");
  }
  return note.append(is_one ? " is" : " are").append(" not among those that were asked for");
}

// Those that had the pid next before the time that was meant, and next behind it.
class Neighbours {
 public:
  explicit Neighbours(const Wanted& wanted) : wanted_(wanted) {}

  void Take(const Boot& boot, const Life& life) {
    const auto span = SpanOf(boot, life);
    if (!span || !wanted_.time) return;
    if (span->first_ns > wanted_.time->last_ns) {
      if (!after_ || span->first_ns < after_->first_ns) after_ = span;
    } else if (!before_ || span->first_ns > before_->first_ns) {
      before_ = span;
    }
  }

  std::string Text(const LocalZone& zone) const {
    std::string text;
    for (const auto& [name, span] :
         {std::pair("the one before lived", before_), std::pair("the next one lived", after_)}) {
      if (!span) continue;
      text.append(text.empty() ? ": " : ", ").append(name).append(" ").append(span->Text(zone));
    }
    return text;
  }

 private:
  const Wanted& wanted_;
  std::optional<LifeSpan> before_;
  std::optional<LifeSpan> after_;
};

// One for each process.
class ProcessRows {
 public:
  explicit ProcessRows(const LocalZone& zone) : texts_(zone), fields_(kFields) {}

  void Add(const Boot& boot, const Life& life, uint64_t above, Table& table) {
    std::vector<Cell> row = {above};
    fields_.AppendTo(&row, boot, life, texts_);
    table.Add(row);
    replaced_ += HasReplacedProgram(life);
  }
  void AddNote(Table& table, std::vector<NamedFact>* facts) const {
    facts->push_back({"ran_others", replaced_});
    if (replaced_ == 0) return;
    table.AddNote(
        fmt::format("programs: {} of these ran others before: --view programs", replaced_));
  }

 private:
  LifeTexts texts_;
  ChosenFields fields_;
  uint64_t replaced_ = 0;  // whose row does not show all programs
};

// A time alone does not tell those of several hosts apart.
std::string NewestNote(const Found& found, const LogSet& log) {
  const HostNames names(log);
  std::set<std::string> of_hosts;
  for (const Boot* boot : found.boots) of_hosts.insert(names.Of(*boot));
  const size_t hosts = of_hosts.size();
  const uint64_t processes = found.others + 1;
  std::string note = fmt::format("the newest of {} processes with this pid", processes);
  if (hosts == 1) return note + "; PID@TIME names another";
  note += fmt::format(", on {} hosts; ", hosts);
  return note + (processes == hosts ? "--host names another" : "--host and PID@TIME name another");
}

// Returns how many processes there are.
uint64_t AddRows(const Found& found, const Question& question, Table& table,
                 std::vector<NamedFact>* facts) {
  ProcessRows processes(question.zone);
  ProgramRows programs(question.zone);
  const bool shows_programs = ShowsPrograms(question.wishes);
  uint64_t above = 0;
  const Life* at = &found.life;
  for (; at != nullptr; at = at->parent.get(), ++above) {
    if (shows_programs) {
      programs.Add(*found.boot, *at, std::array{Cell(above)}, {}, table);
    } else {
      processes.Add(*found.boot, *at, above, table);
    }
    if (at->parent.get() != nullptr || IsFirst(*at)) continue;
    facts->push_back({"unknown_ppid", OptionalCell(at->ppid)});
    table.AddNote(at->ppid
                      ? fmt::format("above it: pid {}, of which the log does not tell", *at->ppid)
                      : "above it: the log does not tell");
  }
  if (shows_programs) {
    programs.AddNote(table, facts);
  } else {
    processes.AddNote(table, facts);
  }
  return above;
}

Result<Answer> RunWhy(const Question& question, Table& table) {
  const auto wanted = ParseWanted(*question.wishes.Value(kProcess),
                                  {.now_ns = question.now_ns, .zone = question.zone});
  if (!wanted) return wanted.error();
  Found found;
  uint64_t meant = 0;              // asked for or not
  std::optional<LifeSpan> newest;  // of these
  Answer answer;
  Neighbours neighbours(*wanted);
  EndsOfLogs ends(wanted->time ? wanted->time->first_ns : INT64_MIN);
  const auto is_meant = [&](const Boot& boot, const Life& life) {
    const auto& time = wanted->time;
    return life.pid == wanted->pid &&
           (!time || AliveWithin(boot, life, time->first_ns, time->last_ns) == true);
  };
  const auto take = [&](const Boot& boot, const Life& life) {
    if (is_meant(boot, life)) found.Take(boot, life);
    return LifeUse::kFiltered;  // all but the chain, which is known at the end
  };
  const auto see = [&](const Boot& boot, const Life& life) {
    if (life.pid != wanted->pid) return;
    ends.Take(boot, life);
    neighbours.Take(boot, life);
    if (!is_meant(boot, life)) return;
    ++meant;
    const auto span = SpanOf(boot, life);
    if (span && (!newest || span->first_ns >= newest->first_ns)) newest = span;
  };
  answer.coverage = ReadLives(question, take, see, Rests::kOnAllPrograms);
  const uint64_t candidates = found.others + (found.boot != nullptr ? 1 : 0);
  answer.facts = {{"candidates", candidates}, {"left_out", meant - std::min(meant, candidates)}};
  if (found.boot == nullptr && meant != 0) {
    table.AddNote(LeftOutNote(wanted->pid, meant, newest, question.zone));
    answer.exit_status = kExitFound;
    return answer;
  }
  if (found.boot == nullptr) {
    table.AddNote(fmt::format("no process {} {}{}", wanted->pid,
                              wanted->time ? "at that time" : "in the log",
                              neighbours.Text(question.zone)));
    table.AddNotes(ends.Lines(question.zone));
    if (wanted->time) {
      const Window at{.since_ns = wanted->time->first_ns, .until_ns = wanted->time->last_ns + 1};
      table.AddNotes(NotRecordedLines(question.log, at, question.zone));
    }
    answer.exit_status = kExitFound;
    return answer;
  }
  answer.coverage.used = AddRows(found, question, table, &answer.facts);
  answer.coverage.filtered -= answer.coverage.used;
  if (found.others != 0) table.AddNote(NewestNote(found, question.log));
  return answer;
}

}  // namespace

constinit const Report kWhyReport{
    .name = "why",
    .summary = "Why a process ran: the chain of its parents up to the first.",
    .examples =
        "  daybook why 4321\n"
        "  daybook why '4321@yesterday' --output jsonl\n"
        "  daybook why 4321 --view programs\n"
        "  daybook why '4321@2026-11-20 02:13'\n",
    .options = kOptions,
    .check = Check,
    .columns_for = ColumnsFor,
    .skips = LogSet::Skips::kBoots,
    .has_window_rule = true,
    .has_filter = true,
    .run = RunWhy,
};

}  // namespace daybook
