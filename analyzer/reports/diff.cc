// What is different between two periods or two logs: new, gone, more often, slower, costlier,
// failing.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "change.h"
#include "exit_status.h"
#include "filter/literal.h"
#include "life_groups.h"
#include "life_log.h"
#include "life_window.h"
#include "log_set.h"
#include "recorded_times.h"
#include "report.h"
#include "time_syntax.h"
#include "totals.h"

namespace daybook {
namespace {

constexpr ReportOption kOptions[] = {
    {"--by", "KEY,..", "Compare groups by these columns of list (default: comm)", true,
     GroupKeyNames},
    {"--old-since", "TIME", "The old period (default: as long as the new one, and before it)"},
    {"--old-until", "TIME", "Up to, but not including"},
    {"--old-log", "PATH", "Where the old period is (default: in the same log)", true},
    {"--threshold", "PERCENT", "A change of less is none (default: 50%)"},
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
  uint64_t count = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), count);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) {
    return Error(fmt::format("--min-count: '{}' is not a number; write for example 10", text));
  }
  return count;
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

Result<std::vector<Column>> ColumnsFor(const Wishes& wishes, const FilterClock&) {
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

// False where the log tells nothing of that time.
bool IsTold(const Window& window, const LogSet& log) {
  const auto hosts = RecordedByHost(log, HostNames(log));
  return std::ranges::any_of(hosts,
                             [&](const auto& host) { return !host.second.SilenceIn(window); });
}

// True where so much of it is missing that somebody may have run then who is not seen.
bool LacksRecords(const LogSet& log) {
  const int64_t since_ns = log.window().since_ns.value_or(INT64_MIN);
  const int64_t until_ns = log.window().until_ns.value_or(INT64_MAX);
  const auto hosts = RecordedByHost(log, HostNames(log));
  return std::ranges::any_of(hosts, [&](const auto& host) {
    return host.second.MissingNsBetween(since_ns, until_ns) >= kSilenceNs;
  });
}

// A group in one of the periods.
struct Period {
  Totals totals;
  uint64_t uncounted = 0;  // in these: they were there, and not seen to end
  bool lacks_successes = false;

  uint64_t running() const { return uncounted + totals.running; }
  uint64_t there() const { return uncounted + totals.count; }
};

struct Group {
  Period old_period;
  Period new_period;
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

  Coverage Read(const Question& question, Period Group::*period) {
    return ReadLives(
        question,
        [&](const Boot& boot, const Life& life) {
          if (counts_only_ends_ && life.state != LifeState::kEnded) return LifeUse::kFiltered;
          Period& of_group = GroupOf(boot, life).*period;
          of_group.totals.Add(life);
          of_group.lacks_successes = of_group.lacks_successes || boot.lacks_successes;
          return LifeUse::kUsed;
        },
        [&](const Boot& boot, const Life& life) {
          if (!counts_only_ends_ || !IsThereWithoutEnd(question.log.window(), boot, life)) return;
          if (question.filter.Judge(boot, life, texts_) != Truth::kTrue) return;
          ++(GroupOf(boot, life).*period).uncounted;
        });
  }

  // Returns whether anything has changed. Of what cannot be compared nothing has.
  bool Fill(bool is_comparable, bool shows_all, Table& table) const {
    bool has_changed = false;
    for (size_t i = 0; i < groups_.size(); ++i) {
      const std::string change = is_comparable ? ChangeOf(groups_[i], comparison_) : "";
      has_changed = has_changed || !change.empty();
      if (shows_all || !change.empty()) AddRow(names_.Cells(i), groups_[i], change, table);
    }
    return has_changed;
  }

 private:
  Group& GroupOf(const Boot& boot, const Life& life) {
    const size_t group = names_.Find(boot, life, texts_);
    if (group == groups_.size()) groups_.emplace_back();
    return groups_[group];
  }

  const Comparison& comparison_;
  LifeGroups names_;
  LifeTexts texts_;
  bool counts_only_ends_ = false;
  std::vector<Group> groups_;
};

// Where one of the periods is told of not at all, or the old one only from some time on: what is
// there then is not what has changed.
bool NoteWhatIsNotTold(const LogSet& old_log, const LogSet& log, const Answer& answer,
                       const LocalZone& zone, Table& table) {
  const Window& old_window = old_log.window();
  if (!IsTold(old_window, old_log)) {
    table.AddNote("-- compared with nothing: the log does not tell of the old period");
    return false;
  }
  if (!IsTold(log.window(), log)) {
    table.AddNote("-- compared with nothing: the log does not tell of the new period");
    return false;
  }
  const int64_t first_ns = *answer.old_coverage->first_ns;
  if (old_window.since_ns && IsLater(first_ns, *old_window.since_ns)) {
    std::string note = "-- of the old period the log tells only from ";
    zone.AppendForPeople(first_ns, &note);
    table.AddNote(note + " on, so that what is new or more often may only seem so");
  }
  if (LacksRecords(old_log)) {
    table.AddNote(
        "-- records of the old period are missing, so that what is new or more often may only "
        "seem so");
  }
  if (LacksRecords(log)) {
    table.AddNote(
        "-- records of the new period are missing, so that what is gone or less often may only "
        "seem so");
  }
  return true;
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
  answer.old_coverage = difference.Read(old_question, &Group::old_period);
  answer.coverage = difference.Read(question, &Group::new_period);
  const bool is_comparable =
      NoteWhatIsNotTold(*old_log, question.log, answer, question.zone, table);
  const bool has_changed = difference.Fill(is_comparable, question.wishes.Has("--all"), table);
  for (const LogSet::Failure& failure : old_log->failures()) {
    answer.failures.push_back(failure.error);
  }
  if (has_changed) {
    answer.exit_status = kExitFound;
  } else if (!is_comparable || answer.old_coverage->incomplete()) {
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
        "  daybook diff --since today --old-since -8d --old-until -7d --threshold 100%\n"
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
