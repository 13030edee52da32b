// What is different between two periods or two logs: new, gone, more often, slower, costlier,
// failing.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "columns/group_keys.h"
#include "columns/life_window.h"
#include "exit_status.h"
#include "filter/literal.h"
#include "groups/life_groups.h"
#include "life_log.h"
#include "log/log_set.h"
#include "log/recorded_times.h"
#include "report.h"
#include "table/cell_text.h"
#include "text/byte_buffer.h"
#include "text/escape.h"
#include "text/whole_number.h"
#include "time/time_syntax.h"
#include "time/window_text.h"
#include "totals/change.h"
#include "totals/totals.h"

namespace daybook {
namespace {

constexpr ReportOption kOptions[] = {
    {"--by", "KEY,..", "Compare groups by these columns of list (default: comm)", true,
     GroupKeyNames},
    {"--old-since", "TIME",
     "The old period (default: as long as that from --since, just before it)"},
    {"--old-until", "TIME", "Up to, but not including"},
    {.name = "--old-log",
     .value_name = "PATH",
     .text = "Where the old period is (default: in the same log)",
     .is_list = true,
     .names = ReportOption::Names::kLog},
    {"--threshold", "PERCENT", "A change of no more than this is none (default: 50%)"},
    {"--min-count", "N", "In neither period so many: no change (default: 1)"},
    {"--all", "", "Also what has not changed"}};

constexpr uint64_t kDefaultThreshold = 5000;  // in hundredths of a percent

// Behind the keys.
constexpr Column kColumns[] = {
    {"change", Kind::kString, 101},
    {"old_count", Kind::kNumber, 102},
    {"count", Kind::kNumber, 103},
    {"old_failed", Kind::kNumber, 106},
    {"failed", Kind::kNumber, 107},
    {"old_mean_elapsed_us", Kind::kMicroseconds, 108},
    {"mean_elapsed_us", Kind::kMicroseconds, 109},
    {"old_mean_cpu_us", Kind::kMicroseconds, 110},
    {"mean_cpu_us", Kind::kMicroseconds, 111},
    {"old_cpu_us", Kind::kMicroseconds, 112},
    {"cpu_us", Kind::kMicroseconds, 113},
    {"old_running", Kind::kNumber, 104},
    {"running", Kind::kNumber, 105},
    {"difference", Kind::kNumber, 0, Shown::kNever},
};

struct Comparison {
  std::vector<const LifeField*> keys;
  Window old_window;
  uint64_t threshold = kDefaultThreshold;
  uint64_t min_count = 1;
};

Result<std::optional<int64_t>> Bound(const Wishes& wishes, std::string_view option,
                                     const FilterClock& clock) {
  const auto text = wishes.Value(option);
  if (!text) return std::optional<int64_t>();
  auto time = ParseTime(*text, clock.now_ns, clock.zone);
  if (!time) return std::move(time).error().WithContext(option);
  return std::optional<int64_t>(*time);
}

Result<uint64_t> ParseThreshold(const Wishes& wishes) {
  const auto text = wishes.Value("--threshold");
  if (!text) return kDefaultThreshold;
  const auto percent = ParsePercent(*text);
  if (!percent) {
    return Error(
        fmt::format("--threshold: '{}' is not a percentage; write for example 50%", *text));
  }
  return *percent;
}

Result<uint64_t> ParseMinCount(const Wishes& wishes) {
  const std::string_view text = wishes.Value("--min-count").value_or("1");
  if (const auto count = WholeNumber<uint64_t>(text)) return *count;
  return Error(fmt::format("--min-count: '{}' is not a number; write for example 10", text));
}

Result<Comparison> Parse(const Wishes& wishes, const FilterClock& clock) {
  auto keys = GroupKeys(wishes);
  if (!keys) return std::move(keys).error();
  const auto since = Bound(wishes, "--old-since", clock);
  if (!since) return since.error();
  const auto until = Bound(wishes, "--old-until", clock);
  if (!until) return until.error();
  const auto threshold = ParseThreshold(wishes);
  if (!threshold) return threshold.error();
  const auto min_count = ParseMinCount(wishes);
  if (!min_count) return min_count.error();
  return Comparison{.keys = std::move(*keys),
                    .old_window = {.since_ns = *since, .until_ns = *until},
                    .threshold = *threshold,
                    .min_count = *min_count};
}

Status CheckOrder(const std::optional<int64_t>& since_ns, const std::optional<int64_t>& until_ns,
                  std::string_view end) {
  if (!since_ns || !until_ns || *since_ns < *until_ns) return Ok{};
  return Error(
      fmt::format("--old-since: is not before {}, so there is nothing to compare with", end));
}

// The old period that is left open ends where the new one begins.
Status CheckOldPeriod(const Wishes& wishes, const Window& old_window, const FilterClock& clock) {
  if (old_window.until_ns) {
    return CheckOrder(old_window.since_ns, old_window.until_ns, "--old-until");
  }
  const auto since = Bound(wishes, "--since", clock);
  if (!since || wishes.Has("--old-log")) return Ok{};  // what is wrong with it is said elsewhere
  return CheckOrder(old_window.since_ns, *since, "--since");
}

Status Check(const Wishes& wishes, const FilterClock& clock) {
  const auto comparison = Parse(wishes, clock);
  if (!comparison) return comparison.error();
  Status ordered = CheckOldPeriod(wishes, comparison->old_window, clock);
  if (!ordered) return ordered;
  if (wishes.Has("--since") || wishes.Has("--old-log") || comparison->old_window.bounded()) {
    return Ok{};
  }
  return Error("diff: with what to compare is missing: give --since, --old-since or --old-log");
}

Result<std::vector<Column>> ColumnsFor(const Wishes& wishes) {
  return KeyColumns(wishes, kColumns);
}

bool IsReadOnce(const std::string& path) {
  std::error_code unknown;
  return path == "-" || std::filesystem::is_fifo(path, unknown);
}

// As long as the new period, just before it.
Window PeriodBefore(const Window& window, int64_t now_ns) {
  const int64_t since = *window.since_ns;
  int64_t length = 0;
  int64_t begin = 0;
  if (__builtin_sub_overflow(window.until_ns.value_or(now_ns), since, &length)) length = INT64_MAX;
  if (__builtin_sub_overflow(since, std::max<int64_t>(length, 0), &begin)) begin = INT64_MIN;
  return {.since_ns = begin, .until_ns = since};
}

// So soon after one segment the next one begins: the one before may have been left out.
constexpr uint64_t kNextSegmentNs = 1'000'000'000;

// Unsigned: a clock may say anything, and the difference fits.
bool IsLater(int64_t first_ns, int64_t since_ns) {
  return first_ns > since_ns &&
         static_cast<uint64_t>(first_ns) - static_cast<uint64_t>(since_ns) > kNextSegmentNs;
}

// What nobody recorded of a period on one host.
struct NotRecorded {
  std::optional<int64_t> from_ns;   // the log begins within the period
  std::optional<int64_t> until_ns;  // or ends within it
  uint64_t inside_ns = 0;           // in between
  uint64_t ns = 0;                  // all of it
};

// What is known of one of the periods, of each host.
class TimesOfPeriod {
 public:
  // `open_end_ns`: where a period ends that is left open, if anywhere.
  TimesOfPeriod(const LogSet& log, std::optional<int64_t> open_end_ns, int64_t now_ns)
      : window_(log.window()),
        end_ns_(window_.until_ns ? window_.until_ns : open_end_ns),
        names_(log),
        hosts_(RecordedByHost(log, names_)) {
    if (end_ns_) end_ns_ = std::min(*end_ns_, now_ns);  // what is to come nobody has
  }

  const std::map<std::string, RecordedTimes>& hosts() const { return hosts_; }
  std::string HostOf(const std::optional<Id128>& stream_id) const {
    return names_.OfLog(stream_id);
  }
  bool IsTold() const {
    return std::ranges::any_of(hosts_, [&](const auto& host) { return !IsSilent(host.first); });
  }
  // True where the log tells of the host, but not of this time.
  bool IsSilent(const std::string& host) const {
    const auto found = hosts_.find(host);
    return found != hosts_.end() && found->second.SilenceIn(window_).has_value();
  }
  // True where so much of it is missing that somebody may have run then who is not seen.
  bool LacksRecords(const std::string& host) const {
    const int64_t since_ns = window_.since_ns.value_or(INT64_MIN);
    const int64_t until_ns = window_.until_ns.value_or(INT64_MAX);
    const auto found = hosts_.find(host);
    return found != hosts_.end() &&
           found->second.MissingNsBetween(since_ns, until_ns) >= kSilenceNs;
  }
  NotRecorded NotRecordedOf(const std::string& host) const;
  // On all hosts.
  uint64_t NotRecordedUs() const {
    uint64_t us = 0;
    for (const auto& [host, times] : hosts_) {
      us += NotRecordedOf(host).ns / 1000;
    }
    return us;
  }

 private:
  const Window window_;
  std::optional<int64_t> end_ns_;  // where it is known by when there should be a record
  const HostNames names_;
  const std::map<std::string, RecordedTimes> hosts_;
};

NotRecorded TimesOfPeriod::NotRecordedOf(const std::string& host) const {
  NotRecorded found;
  const auto at = hosts_.find(host);
  if (!window_.bounded() || at == hosts_.end() || at->second.empty()) return found;
  const RecordedTimes& times = at->second;
  const RecordedTimes::Span period = {window_.since_ns.value_or(times.first_ns()),
                                      end_ns_.value_or(times.last_ns())};
  if (period.first_ns >= period.last_ns) return found;
  for (const auto& [first_ns, last_ns] : times.NotRecordedIn(period)) {
    const bool is_begin = first_ns == period.first_ns;
    const bool is_end = last_ns == period.last_ns;
    const bool has_stopped = is_end && first_ns == times.last_ns() && times.has_stopped();
    const bool counts =
        is_begin ? IsLater(last_ns, first_ns) : IsSilentAt(first_ns, last_ns, has_stopped);
    if (!counts) continue;
    const uint64_t ns = static_cast<uint64_t>(last_ns) - static_cast<uint64_t>(first_ns);
    if (is_begin) found.from_ns = last_ns;
    if (is_end) found.until_ns = first_ns;
    if (!is_begin && !is_end) found.inside_ns += ns;
    found.ns += ns;
  }
  return found;
}

// A group in one of the periods.
struct Period {
  Totals totals;
  uint64_t uncounted = 0;  // in these: they were there, and not seen to end
  bool lacks_successes = false;

  uint64_t running() const { return uncounted + totals.RunningThen(); }
  uint64_t there() const { return uncounted + totals.count; }
  void Merge(const Period& other) {
    totals.Merge(other.totals);
    uncounted += other.uncounted;
    lacks_successes = lacks_successes || other.lacks_successes;
  }
};

struct Group {
  Period old_period;
  Period new_period;

  bool empty() const { return old_period.there() == 0 && new_period.there() == 0; }
};

// The same by log: which host each is of is known when all of it has been read.
struct GroupOfLogs {
  using Periods = std::map<std::optional<Id128>, Period>;
  Periods old_period;
  Periods new_period;
};

// Who still runs was there: that is no reason to call it gone, or new when it ends. Where some do,
// there are more or fewer only if that is so with them and without.
std::string ChangeOf(const Group& group, const Comparison& by) {
  const uint64_t threshold = by.threshold;
  const auto& [old_period, new_period] = group;
  if (std::max(old_period.there(), new_period.there()) < by.min_count) return "";
  if (old_period.there() == 0) return "new";
  if (new_period.there() == 0) return "gone";
  const Totals& before = old_period.totals;
  const Totals& now = new_period.totals;
  std::vector<std::string_view> changes;
  if (IsMore(old_period.there(), now.count, threshold)) changes.push_back("more_often");
  if (IsMore(new_period.there(), before.count, threshold)) changes.push_back("less_often");
  if (IsLonger(before.elapsed_us, now.elapsed_us, threshold)) changes.push_back("slower");
  if (IsLonger(before.cpu_us, now.cpu_us, threshold)) changes.push_back("costlier");
  const bool is_known = !old_period.lacks_successes && !new_period.lacks_successes;
  if (is_known && IsFailing(FailedOf(before), FailedOf(now), threshold)) {
    changes.push_back("failing");
  }
  return fmt::format("{}", fmt::join(changes, ","));
}

uint64_t DifferenceOf(const Group& group) {
  const uint64_t before = group.old_period.totals.cpu_us.total.value_or(0);
  const uint64_t now = group.new_period.totals.cpu_us.total.value_or(0);
  return std::max(before, now) - std::min(before, now);
}

void AddRow(std::vector<Cell> row, const Group& group, const std::string& change, Table& table) {
  const Totals& before = group.old_period.totals;
  const Totals& now = group.new_period.totals;
  row.insert(row.end(), {change.empty() ? Cell() : Cell(Text{change}), before.count, now.count,
                         before.failed, now.failed, OptionalCell(before.elapsed_us.Mean()),
                         OptionalCell(now.elapsed_us.Mean()), OptionalCell(before.cpu_us.Mean()),
                         OptionalCell(now.cpu_us.Mean()), OptionalCell(before.cpu_us.total),
                         OptionalCell(now.cpu_us.total), group.old_period.running(),
                         group.new_period.running(), DifferenceOf(group)});
  table.Add(row);
}

class Difference {
 public:
  Difference(const Comparison& comparison, const LocalZone& zone)
      : comparison_(comparison), names_(comparison.keys), texts_(zone) {}

  // By their ends, what still runs is in no period that ends, and so must not be counted in the
  // other one: it was there.
  void CountOnlyEnds() { counts_only_ends_ = true; }

  Coverage Read(const Question& question, GroupOfLogs::Periods GroupOfLogs::*period) {
    return ReadLives(
        question,
        [&](const Boot& boot, const Life& life) {
          if (counts_only_ends_ && life.state != LifeState::kEnded) return LifeUse::kFiltered;
          Period& of_group = (GroupOf(boot, life).*period)[boot.stream_id];
          of_group.totals.Add(life);
          if (EndedBehind(question.log.window().until_ns, boot, life)) {
            of_group.totals.AddEndedLater(life);
          }
          of_group.lacks_successes = of_group.lacks_successes || boot.lacks_successes;
          return LifeUse::kUsed;
        },
        [&](const Boot& boot, const Life& life) {
          if (!counts_only_ends_ || !IsThereWithoutEnd(question.log.window(), boot, life)) return;
          if (question.filter.Judge(boot, life, texts_) != Truth::kTrue) return;
          ++(GroupOf(boot, life).*period)[boot.stream_id].uncounted;
        });
  }

  // Returns whether anything has changed on the hosts that can be compared. Of the others a group
  // has a row where all are asked for, if it is on none else.
  template <class IsComparable>
  bool Fill(const TimesOfPeriod& before, const TimesOfPeriod& now,
            const IsComparable& is_comparable, bool shows_all, Table& table) const {
    bool has_changed = false;
    for (size_t i = 0; i < groups_.size(); ++i) {
      Group compared;
      Group others;
      for (const auto& [log, period] : groups_[i].old_period) {
        (is_comparable(before.HostOf(log)) ? compared : others).old_period.Merge(period);
      }
      for (const auto& [log, period] : groups_[i].new_period) {
        (is_comparable(now.HostOf(log)) ? compared : others).new_period.Merge(period);
      }
      const std::string change = compared.empty() ? "" : ChangeOf(compared, comparison_);
      has_changed = has_changed || !change.empty();
      if (!shows_all && change.empty()) continue;
      AddRow(names_.Cells(i), compared.empty() ? others : compared, change, table);
    }
    return has_changed;
  }

 private:
  GroupOfLogs& GroupOf(const Boot& boot, const Life& life) {
    const size_t group = names_.Find(boot, life, texts_);
    if (group == groups_.size()) groups_.emplace_back();
    return groups_[group];
  }

  const Comparison& comparison_;
  LifeGroups names_;
  LifeTexts texts_;
  bool counts_only_ends_ = false;
  std::vector<GroupOfLogs> groups_;
};

// What is there then is not what has changed.
constexpr std::string_view kOldNotTold =
    "compared with nothing: the log does not tell of the old period";
constexpr std::string_view kNewNotTold =
    "compared with nothing: the log does not tell of the new period";
constexpr std::string_view kOldMaySeem = ", so that what is new or more often may only seem so";
constexpr std::string_view kNewMaySeem = ", so that what is gone or less often may only seem so";

// Where the log begins and ends within a period.
std::string OnlyText(std::string_view which, const NotRecorded& not_recorded,
                     const LocalZone& zone) {
  const auto& [from_ns, until_ns, inside_ns, ns] = not_recorded;
  std::string text = fmt::format("of the {} period the log tells only ", which);
  if (from_ns) {
    text += "from ";
    zone.AppendForPeople(*from_ns, &text);
    text += until_ns ? " to " : " on";
  } else {
    text += "up to ";
  }
  if (until_ns) zone.AppendForPeople(*until_ns, &text);
  return text;
}

// What of a period is not there, of one host of which some is.
void AddPeriodNotes(std::string_view which, std::string_view may_seem, const std::string& host,
                    const TimesOfPeriod& times, const LocalZone& zone,
                    std::vector<std::string>* notes) {
  const NotRecorded not_recorded = times.NotRecordedOf(host);
  const auto add = [&](std::string note) { notes->push_back(note.append(may_seem)); };
  if (not_recorded.from_ns || not_recorded.until_ns) add(OnlyText(which, not_recorded, zone));
  if (not_recorded.inside_ns != 0) {
    ByteBuffer time;
    AppendCellText(Kind::kMicroseconds, not_recorded.inside_ns / 1000, zone, &time);
    add(fmt::format("nobody recorded {} of the {} period", time.text(), which));
  }
  if (times.LacksRecords(host)) add(fmt::format("records of the {} period are missing", which));
}

// Of one host that is compared with itself, or not.
std::vector<std::string> NotesOf(const std::string& host, const TimesOfPeriod& before,
                                 const TimesOfPeriod& now, const LocalZone& zone) {
  if (before.IsSilent(host) && now.IsSilent(host)) return {};  // that is said elsewhere
  if (before.IsSilent(host)) return {std::string(kOldNotTold)};
  if (now.IsSilent(host)) return {std::string(kNewNotTold)};
  std::vector<std::string> notes;
  AddPeriodNotes("old", kOldMaySeem, host, before, zone, &notes);
  AddPeriodNotes("new", kNewMaySeem, host, now, zone, &notes);
  return notes;
}

// Where there is one host only, it is not named.
void AddHostNotes(const TimesOfPeriod& before, const TimesOfPeriod& now, const LocalZone& zone,
                  Table& table) {
  std::set<std::string> hosts;
  for (const auto* const period : {&before, &now}) {
    for (const auto& [host, times] : period->hosts()) hosts.insert(host);
  }
  for (const std::string& host : hosts) {
    for (const std::string& text : NotesOf(host, before, now, zone)) {
      std::string note;
      if (hosts.size() > 1) {
        AppendEscaped(host.empty() ? "a host without a name" : host, &note);
        note += ": ";
      }
      table.AddNote(note.append(text));
    }
  }
}

// False where one of the periods is told of not at all.
bool NoteWhatIsNotTold(const TimesOfPeriod& before, const TimesOfPeriod& now, const LocalZone& zone,
                       Table& table) {
  if (!before.IsTold() || !now.IsTold()) {
    table.AddNote(std::string(before.IsTold() ? kNewNotTold : kOldNotTold));
    return false;
  }
  AddHostNotes(before, now, zone, table);
  return true;
}

bool IsWhole(const Window& window) { return window.since_ns && window.until_ns; }

// Where not all of it was given.
void NotePeriods(const Question& question, const Window& old_window, const Window& old_given,
                 Table& table) {
  const Window& window = question.log.window();
  if (IsWhole(window) && IsWhole(old_given)) return;
  std::string note = "compared ";
  AppendSpan(window, question.zone, &note);
  note += " with ";
  AppendSpan(old_window, question.zone, &note);
  table.AddNote(std::move(note));
}

std::vector<NamedFact> PeriodFacts(const Window& window, const Window& old_window,
                                   const TimesOfPeriod& before, const TimesOfPeriod& now) {
  return {{"since", OptionalCell(window.since_ns), Kind::kTime},
          {"until", OptionalCell(window.until_ns), Kind::kTime},
          {"old_since", OptionalCell(old_window.since_ns), Kind::kTime},
          {"old_until", OptionalCell(old_window.until_ns), Kind::kTime},
          {"old_not_recorded_us", before.NotRecordedUs()},
          {"not_recorded_us", now.NotRecordedUs()}};
}

Result<Answer> RunDiff(const Question& question, Table& table) {
  auto comparison = Parse(question.wishes, {.now_ns = question.now_ns, .zone = question.zone});
  if (!comparison) return comparison.error();
  const bool has_old_log = question.wishes.Has("--old-log");
  if (!has_old_log && std::ranges::any_of(question.paths, IsReadOnce)) {
    return Error("diff: a pipe can be read only once; give --old-log, or a log in files");
  }
  Window window = comparison->old_window;
  if (!window.bounded() && !has_old_log) {
    window = PeriodBefore(question.log.window(), question.now_ns);
  }
  // One that is left open ends where the new one begins.
  if (window.since_ns && !window.until_ns && !has_old_log) {
    window.until_ns = question.log.window().since_ns;
  }
  window.rule = question.log.window().rule;
  auto old_log = LogSet::Open(has_old_log ? question.wishes.Values("--old-log") : question.paths,
                              {.window = window, .skips = question.log.skips()});
  if (!old_log) return std::move(old_log).error();
  if (question.progress != nullptr) old_log->Show(question.progress);
  Difference difference(*comparison, question.zone);
  const bool is_period = window.bounded() || question.log.window().bounded();
  if (is_period && window.rule == WindowRule::kEnd) difference.CountOnlyEnds();
  Question old_question = {.log = *old_log, .zone = question.zone, .filter = question.filter};
  Answer answer;
  answer.old_coverage = difference.Read(old_question, &GroupOfLogs::old_period);
  answer.coverage = difference.Read(question, &GroupOfLogs::new_period);
  const TimesOfPeriod before(*old_log, {}, question.now_ns);
  const TimesOfPeriod now(question.log, question.now_ns, question.now_ns);
  answer.facts = PeriodFacts(question.log.window(), window, before, now);
  if (!has_old_log && before.IsTold() && now.IsTold()) {
    NotePeriods(question, window, comparison->old_window, table);
  }
  const bool is_told = NoteWhatIsNotTold(before, now, question.zone, table);
  bool is_complete = is_told;
  const auto is_comparable = [&](const std::string& host) {
    const bool is_silent = before.IsSilent(host) || now.IsSilent(host);
    is_complete = is_complete && !is_silent;
    return is_told && !is_silent;
  };
  const bool has_changed =
      difference.Fill(before, now, is_comparable, question.wishes.Has("--all"), table);
  for (const LogSet::Failure& failure : old_log->failures()) {
    answer.failures.push_back(failure.error);
  }
  if (has_changed) {
    answer.exit_status = kExitFound;
  } else if (!is_complete || answer.old_coverage->incomplete()) {
    answer.exit_status = kExitIncomplete;
  }
  return answer;
}

}  // namespace

constinit const Report kDiffReport{
    .name = "diff",
    .summary = "What is new, gone, more often, slower, costlier or failing since another period.",
    .examples =
        "  daybook diff --since today\n"
        "  daybook diff --since -1d --old-since -8d --old-until -7d --threshold 100%\n"
        "  daybook diff --log new --old-log old --by exe\n",
    .options = kOptions,
    .check = Check,
    .columns_for = ColumnsFor,
    .default_sort = "-difference",
    .skips = LogSet::Skips::kLives,
    .window_rule = WindowRule::kEnd,
    .has_window_rule = true,
    .has_filter = true,
    .run = RunDiff,
};

}  // namespace daybook
