#include "rollup/rollup_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

#include "columns/life_window.h"
#include "daybook/abilities.h"
#include "log/recorded_times.h"

namespace daybook {
namespace {

constexpr std::string_view kKeys[] = {"comm", "user", "uid", "service", "container", "wait_status"};
// Texts of a log that is not to be trusted; longer than any of a kernel.
constexpr size_t kMaxTextBytes = 4096;
constexpr size_t kMaxBoots = 1000;
constexpr uint64_t kMaxDays = 3660;

std::vector<const LifeField*> KeyFields() {
  std::vector<const LifeField*> fields;
  for (const std::string_view key : kKeys) fields.push_back(FindLifeField(key));
  return fields;
}

std::optional<std::string> TextOf(const Cell& cell) {
  const auto* text = std::get_if<Text>(&cell);
  return text ? std::optional<std::string>(text->bytes.substr(0, kMaxTextBytes)) : std::nullopt;
}

std::optional<uint32_t> NumberOf(const Cell& cell) {
  const auto* number = std::get_if<uint64_t>(&cell);
  return number ? std::optional(static_cast<uint32_t>(*number)) : std::nullopt;
}

// A time without a recorder is over when its record is written: of it only one day can tell, and
// that of its begin may have been added up before.
std::optional<uint64_t> MomentOf(const Item& item, const LogSet& log) {
  if (const auto* record = std::get_if<RecordView>(&item)) {
    if (RecordingGap gap; record->As(&gap)) return gap.last_time_ns;
    if (Lives lives; record->As(&lives)) return lives.last_time_ns;
    return TimeOf(*record);
  }
  if (const auto* gap = std::get_if<Gap>(&item)) {
    return gap->first_time_ns.value_or(log.boot().last_ns);
  }
  return std::nullopt;
}

// Of a lost one its last sign of life.
std::optional<uint64_t> LastMomentOf(const Life& life) {
  if (life.state == LifeState::kRunning) return std::nullopt;
  return life.end_ns.value_or(life.last_seen_ns);
}

std::string Joined(const std::set<Id128>& boots) {
  std::string ids;
  for (const Id128& boot : boots) {
    if (ids.size() == kMaxBoots * sizeof(Id128)) break;
    ids.append(reinterpret_cast<const char*>(boot.bytes.data()), boot.bytes.size());
  }
  return ids;
}

// Marks the `most` largest of them; of equal ones the first.
template <class Less>
void MarkLargest(const std::vector<KeyedTotals>& groups, uint64_t most, const Less& less,
                 std::vector<bool>* marked) {
  std::vector<size_t> order(groups.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return less(groups[b], groups[a]); });
  for (size_t i = 0; i < std::min<uint64_t>(most, order.size()); ++i) (*marked)[order[i]] = true;
}

bool HasLessCpu(const KeyedTotals& a, const KeyedTotals& b) {
  return a.totals.MostCpuUs() < b.totals.MostCpuUs();
}

bool HasLessProcesses(const KeyedTotals& a, const KeyedTotals& b) {
  return a.totals.count < b.totals.count;
}

bool HasFewerFailures(const KeyedTotals& a, const KeyedTotals& b) {
  return a.totals.failed < b.totals.failed;
}

// Adds those that are not marked up, and puts the sum behind the others.
void FoldUnmarked(const std::vector<bool>& marked, std::vector<KeyedTotals>* groups) {
  KeyedTotals folded;
  std::vector<KeyedTotals> kept;
  for (size_t i = 0; i < groups->size(); ++i) {
    if (marked[i]) {
      kept.push_back(std::move((*groups)[i]));
    } else {
      ++folded.key.folded;
      folded.totals.Merge((*groups)[i].totals);
    }
  }
  if (folded.key.folded != 0) kept.push_back(std::move(folded));
  *groups = std::move(kept);
}

}  // namespace

RollupBuilder::RollupBuilder(const Window& window, int64_t now_ns, const LocalZone& zone)
    : window_(window), now_ns_(now_ns), zone_(zone), texts_(zone), groups_(KeyFields()) {}

// What is missing is told by records that are not of lives, or by gaps, and belongs to their day;
// lives only show that numbers are missing before them.
Status RollupBuilder::ReadRecords(LogSet& log) {
  bool is_unplaced = false;
  while (const Item* const item = log.Next()) {
    const Boot& boot = log.boot();
    const auto& segment = log.segment();
    const Id128 log_id = segment ? segment->stream_id : boot.stream_id.value_or(Id128{});
    Stream& stream = streams_[log_id];
    if (boot.host) stream.host = boot.host;
    if (log.is_new_segment()) {
      is_unplaced = true;
      undated_ = {};
      if (segment) NoteLog(boot, *segment);
    }
    const auto moment = MomentOf(*item, log);
    if (!moment) {
      if (const auto* record = std::get_if<RecordView>(item)) TakeUndated(*record);
      continue;
    }
    const auto time = TimeIn(boot, *moment);
    Day* const day = time ? DayAt(stream, *time) : nullptr;
    // A segment is of the day on which it begins, also where that is not in the window.
    const bool is_dated = boot.clock.ToRealtime(*moment).has_value();
    const bool begins_here = is_dated && std::exchange(is_unplaced, false);
    if (time) {
      stream.first_ns = std::min(stream.first_ns.value_or(*time), *time);
      stream.last_ns = std::max(stream.last_ns.value_or(*time), *time);
    }
    const auto* const record = std::get_if<RecordView>(item);
    const bool is_of_life = record != nullptr && IsOfLife(*record);
    Day* const charged = is_dated ? day : &of_no_day_;
    if (is_of_life && charged != charged_) Charge(log.counts());
    charged_ = charged;
    if (!is_of_life) {
      NoteBoot(log);
      Charge(log.counts());
    }
    if (day != nullptr) day->facts.numbers.records += undated_.before;
    undated_.before = 0;
    const bool is_other_day = std::exchange(undated_.day, day) != day;
    undated_.is_begun = true;
    if (day == nullptr) continue;
    if (is_other_day) day->filters.Add(undated_.filters);
    if (undated_.others_hidden) day->facts.numbers.flags |= kRollupOthersHidden;
    day->facts.numbers.segments += begins_here;
    if (record == nullptr) continue;
    TakeRecord(boot, *time, day);
    if (Recorder recorder; record->As(&recorder)) day->filters.Add(recorder.filter.value_or(""));
  }
  const Coverage& counts = log.counts();
  gaps_between_logs_ = CompareLogsOfOneBoot(log).gaps;
  Charge(counts);
  for (auto& [unused, stream] : streams_) {
    if (Status made = MakeDays(stream); !made) return made;
  }
  of_no_day_.facts.numbers.unreadable_files += counts.unreadable_files;
  Day* first = nullptr;
  for (auto& [unused, stream] : streams_) {
    for (auto& [begin, day] : stream.days) {
      if (counts.imported) day.facts.numbers.flags |= kRollupImported;
      if (first == nullptr) first = &day;
    }
  }
  if (first != nullptr) AddWhatHasNoDay(first);
  return Ok{};
}

void RollupBuilder::AddWhatHasNoDay(Day* day) const {
  Rollup& numbers = day->facts.numbers;
  const Rollup& of_none = of_no_day_.facts.numbers;
  for (const MissingField& field : kMissingFields) numbers.*field.member += of_none.*field.member;
  numbers.unreadable_files += of_none.unreadable_files;
}

void RollupBuilder::SeeLife(const Boot& boot, const Life& life) {
  if (Day* const day = MadeDayAt(boot, LastMomentOf(life))) {
    ++day->facts.numbers.processes;
    *day->facts.numbers.unreaped += life.is_unreaped;
  }
  CountRunning(boot, life);
}

// In each day that it outlives, of the log that tells of the boot by then.
void RollupBuilder::CountRunning(const Boot& boot, const Life& life) {
  const auto start = boot.clock.ToRealtime(life.start_ns);
  const auto end = EndTime(boot, life);
  if (!start || (!end && life.state != LifeState::kRunning)) return;
  const LogsOfBoot& logs = LogsOf(boot);
  int64_t from_ns = *start;
  for (auto log = logs.begin(); log != logs.end(); ++log) {
    const auto next = std::next(log);
    const auto to_ns = next != logs.end() ? boot.clock.ToRealtime(next->first) : std::nullopt;
    Days& days = streams_[log->second].days;
    auto day = days.upper_bound(from_ns);
    if (day != days.begin()) --day;
    for (; day != days.end(); ++day) {
      Rollup& numbers = day->second.facts.numbers;
      const bool is_of_next = to_ns && *to_ns < numbers.until_ns;
      if (is_of_next || (end && *end < numbers.until_ns)) break;
      if (from_ns < numbers.until_ns) ++numbers.running;
    }
    from_ns = std::max(from_ns, to_ns.value_or(from_ns));
  }
}

LifeUse RollupBuilder::Take(const Boot& boot, const Life& life) {
  Day* const day = MadeDayAt(boot, LastMomentOf(life));
  if (day == nullptr) return LifeUse::kFiltered;
  ++day->facts.numbers.used;
  Totals& totals = day->groups[groups_.Find(boot, life, texts_)];
  totals.AddWithQuantiles(life);
  totals.AddEnd(EndTime(boot, life));
  if (life.usage.cpu_us) {
    totals.cpu_within_us.Add(CpuSinceUs(life.shown_cpu, boot, life, *life.usage.cpu_us));
  }
  return LifeUse::kUsed;
}

// What nobody took needs no group. A snapshot at midnight is the last moment of a day, as it is for
// CpuWithinUs.
void RollupBuilder::TakeShown(const Boot& boot, const Life& life, const ShownCpu& before) {
  Day* const day = MadeDayAt(boot, life.shown_cpu.time_ns - 1);
  const auto cpu_us = CpuSinceUs(before, boot, life, life.shown_cpu.cpu_us);
  if (day == nullptr || cpu_us.value_or(0) == 0) return;
  day->groups[groups_.Find(boot, life, texts_)].cpu_within_us.Add(cpu_us);
}

std::vector<DayRollup> RollupBuilder::Finish(uint64_t most, std::string_view filter) {
  std::vector<DayRollup> rollups;
  for (auto& [stream_id, stream] : streams_) {
    for (auto& [begin, day] : stream.days) {
      DayRollup rollup{.facts = std::move(day.facts), .groups = Choose(day, most)};
      RollupFacts& facts = rollup.facts;
      if (stream.host) facts.host = stream.host->substr(0, kMaxTextBytes);
      facts.filter = filter.substr(0, kMaxTextBytes);
      facts.boots = Joined(day.boots);
      facts.recorder_filters = day.filters.Packed();
      facts.numbers.stream_id = stream_id;
      facts.numbers.class_bits = Quantiles::kBits;
      facts.numbers.groups = rollup.groups.size();
      if (!rollup.groups.empty() && rollup.groups.back().key.folded != 0) {
        --facts.numbers.groups;
        facts.numbers.folded_groups = rollup.groups.back().key.folded;
      }
      rollups.push_back(std::move(rollup));
    }
  }
  return rollups;
}

void RollupBuilder::Narrow(std::span<const DayRollup> rollups, Coverage* coverage) {
  coverage->unordered_records = 0;
  coverage->unknown_records = 0;
  for (const MissingField& field : kMissingFields) {
    coverage->*field.count = 0;
    for (const DayRollup& rollup : rollups) {
      coverage->*field.count += rollup.facts.numbers.*field.member;
    }
  }
}

// nullopt where it is not in the window, or no clock tells.
std::optional<int64_t> RollupBuilder::TimeIn(const Boot& boot, uint64_t boot_ns) const {
  const auto time = boot.clock.ToRealtime(boot_ns);
  return time && window_.Contains(*time) ? time : std::nullopt;
}

RollupBuilder::Day* RollupBuilder::DayAt(Stream& stream, int64_t time_ns) {
  if (time_ns < day_.begin_ns || time_ns >= day_.end_ns) day_ = DayOf(time_ns, zone_);
  const auto [found, is_new] = stream.days.try_emplace(day_.begin_ns);
  if (is_new) {
    found->second.facts.day = day_.name;
    found->second.facts.numbers.unreaped = 0;
  }
  return &found->second;
}

// What has no time of its own belongs to the day of what stands before it in the segment; at its
// begin, to that of what comes next.
void RollupBuilder::TakeUndated(const RecordView& record) {
  if (Info info; record.As(&info)) {
    undated_.others_hidden |= info.key == kOthersHidden;
    if (info.key == kFilterInfo) {
      undated_.filters.Add(info.value);
      if (undated_.day != nullptr) undated_.day->filters.Add(info.value);
    }
  }
  if (!undated_.is_begun) {
    ++undated_.before;
  } else if (undated_.day != nullptr) {
    ++undated_.day->facts.numbers.records;
  }
}

void RollupBuilder::TakeRecord(const Boot& boot, int64_t time_ns, Day* day) {
  Rollup& numbers = day->facts.numbers;
  ++numbers.records;
  numbers.first_realtime_ns = std::min(numbers.first_realtime_ns.value_or(time_ns), time_ns);
  numbers.last_realtime_ns = std::max(numbers.last_realtime_ns.value_or(time_ns), time_ns);
  if (boot.boot_id) day->boots.insert(*boot.boot_id);
}

// A time between two logs of one boot is over when the second one begins. Logs are compared only
// there: that takes a look at all boots.
void RollupBuilder::NoteBoot(const LogSet& log) {
  const Boot& boot = log.boot();
  if (std::exchange(noted_boot_, &boot) == &boot || !boot.boot_id) return;
  const bool is_first = first_logs_.try_emplace(*boot.boot_id, &boot).first->second == &boot;
  if (!is_first) gaps_between_logs_ = CompareLogsOfOneBoot(log).gaps;
}

// What was counted since the last call belongs to the day that is charged.
void RollupBuilder::Charge(Coverage now) {
  now.recording_gaps += gaps_between_logs_;
  if (charged_ != nullptr) {
    for (const MissingField& field : kMissingFields) {
      const uint64_t before = before_.*field.count;
      charged_->facts.numbers.*field.member += std::max(now.*field.count, before) - before;
    }
    charged_->facts.numbers.missing_records += now.unordered_records - before_.unordered_records;
    charged_->facts.numbers.missing_records += now.unknown_records - before_.unknown_records;
  }
  before_ = std::move(now);
}

// Now, or where its records go on after that. Without a begin of the window its last day is over
// when that day is.
int64_t RollupBuilder::EndOf(const Stream& stream) const {
  constexpr int64_t kLast = std::numeric_limits<int64_t>::max();
  int64_t end_ns = now_ns_;
  if (stream.last_ns) end_ns = std::max(end_ns, std::min(*stream.last_ns, kLast - 1) + 1);
  if (!window_.since_ns) end_ns = std::min(end_ns, DayOf(*stream.last_ns, zone_).end_ns);
  return std::min(window_.until_ns.value_or(kLast), end_ns);
}

// All days of the time that is asked for, whatever is recorded of them. Where that has no
// beginning, those from the first record of the stream to the last.
Status RollupBuilder::MakeDays(Stream& stream) {
  if (!window_.since_ns && !stream.first_ns) return Ok{};
  const int64_t until_ns = EndOf(stream);
  uint64_t days = 0;
  for (int64_t time = window_.since_ns.value_or(stream.first_ns.value_or(0)); time < until_ns;
       time = day_.end_ns) {
    RollupFacts& facts = DayAt(stream, time)->facts;
    if (++days > kMaxDays) {
      return Error(
          fmt::format("{}: the days until {} are more than {}, as where a clock was wrong; "
                      "give --since and --until",
                      stream.host.value_or("a host without a name"),
                      DayOf(until_ns - 1, zone_).name, kMaxDays));
    }
    facts.zone = zone_.name();
    facts.numbers.from_ns =
        window_.since_ns ? std::max(day_.begin_ns, *window_.since_ns) : day_.begin_ns;
    facts.numbers.until_ns = std::min(day_.end_ns, until_ns);
  }
  return Ok{};
}

// The first one tells of what was before it, too.
void RollupBuilder::NoteLog(const Boot& boot, const SegmentStart& segment) {
  if (!boot.stream_id || !boot.boot_id) return;
  LogsOfBoot& logs = logs_of_boots_[{*boot.stream_id, *boot.boot_id}];
  if (logs.empty()) {
    logs[0] = segment.stream_id;
  } else if (logs.rbegin()->second != segment.stream_id) {
    logs[segment.time_ns] = segment.stream_id;
  }
}

const RollupBuilder::LogsOfBoot& RollupBuilder::LogsOf(const Boot& boot) {
  const Id128 log_id = boot.stream_id.value_or(Id128{});
  LogsOfBoot& logs = logs_of_boots_[{log_id, boot.boot_id.value_or(Id128{})}];
  if (logs.empty()) logs[0] = log_id;
  return logs;
}

// nullptr outside the window, and of what no clock tells.
RollupBuilder::Day* RollupBuilder::MadeDayAt(const Boot& boot,
                                             const std::optional<uint64_t>& boot_ns) {
  const auto time_ns = boot_ns ? boot.clock.ToRealtime(*boot_ns) : std::nullopt;
  if (!time_ns || !window_.Contains(*time_ns)) return nullptr;
  const LogsOfBoot& logs = LogsOf(boot);
  Days& days = streams_[std::prev(logs.upper_bound(*boot_ns))->second].days;
  const auto after = days.upper_bound(*time_ns);
  if (after == days.begin()) return nullptr;
  Day& day = std::prev(after)->second;
  return *time_ns < day.facts.numbers.until_ns ? &day : nullptr;
}

RollupGroupKey RollupBuilder::KeyOf(size_t group) const {
  const std::vector<Cell> cells = groups_.Cells(group);
  return {.folded = 0,
          .comm = TextOf(cells[0]),
          .user = TextOf(cells[1]),
          .uid = NumberOf(cells[2]),
          .service = TextOf(cells[3]),
          .container = TextOf(cells[4]),
          .wait_status = NumberOf(cells[5])};
}

std::vector<KeyedTotals> RollupBuilder::Choose(Day& day, uint64_t most) const {
  std::vector<size_t> numbers;
  for (const auto& [number, unused] : day.groups) numbers.push_back(number);
  std::ranges::sort(numbers);  // in the order of the log
  std::vector<KeyedTotals> groups;
  for (const size_t number : numbers) {
    groups.push_back({.key = KeyOf(number), .totals = std::move(day.groups[number])});
  }
  std::ranges::stable_sort(groups, [](const auto& a, const auto& b) { return HasLessCpu(b, a); });
  std::vector<bool> marked(groups.size());
  MarkLargest(groups, most, HasLessCpu, &marked);
  MarkLargest(groups, most, HasLessProcesses, &marked);
  MarkLargest(groups, most, HasFewerFailures, &marked);
  FoldUnmarked(marked, &groups);
  return groups;
}

}  // namespace daybook
