#include "night/coverage_exceptions.h"

#include <algorithm>
#include <array>
#include <span>

namespace daybook {
namespace {

constexpr std::string_view kLost = "lost";
constexpr std::string_view kMissingRecords = "missing_records";
constexpr std::string_view kNotRecorded = "not_recorded";
constexpr std::string_view kRecordedTwice = "recorded_twice";
constexpr std::string_view kBetweenBoots = "between_boots";
constexpr std::string_view kNothingBefore = "nothing_before";
constexpr std::string_view kSegmentsGone = "segments_gone";
constexpr std::string_view kStopped = "recorder_stopped";
constexpr std::string_view kUnordered = "unordered_records";
constexpr std::string_view kUnknown = "unknown_records";
constexpr std::string_view kMalformed = "malformed";
constexpr std::string_view kUnreadable = "unreadable_files";

constexpr std::array kNotRecordedTimes = {kNotRecorded, kBetweenBoots, kNothingBefore,
                                          kSegmentsGone};

bool IsAmong(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

void CoverageExceptions::Read(LogSet& log, int64_t now_ns) {
  size_t times = 0;  // in log.not_recorded() that are told
  while (const auto item = log.Next()) {
    if (const auto* record = std::get_if<RecordView>(&*item)) {
      Take(*record, log);
    } else if (const auto* gap = std::get_if<Gap>(&*item)) {
      Take(*gap, log);
    }
    for (; times < log.not_recorded().size(); ++times) TakeTime(log.not_recorded()[times], log);
  }
  coverage_ = log.coverage();
  names_ = HostNames(log);
  for (const Boot& boot : log.boots()) hosts_.insert(names_.Of(boot));
  for (const auto& [key, sum] : sums_of_boots_) {
    sums_[{key.first, names_.Of(*key.second)}].Merge(sum);
  }
  AddMissing(log);
  AddTotals();
  AddUncovered(log, now_ns);
}

void CoverageExceptions::Take(const RecordView& record, LogSet& log) {
  if (record.proof != Proof::kVerified) return;
  const Boot& boot = log.boot();
  if (Lost lost; record.As(&lost)) {
    if (!log.InWindow(lost.first_time_ns, lost.last_time_ns)) return;
    Add(kLost, boot,
        {.lost = LostEvents(lost),
         .first_ns = boot.clock.ToRealtime(lost.first_time_ns),
         .last_ns = boot.clock.ToRealtime(lost.last_time_ns)});
  }
}

// What is outside the window is told where that is asked for; the forks, of which nobody knows when
// they were, where it ends.
void CoverageExceptions::TakeTime(const LogSet::NotRecorded& time, LogSet& log) {
  if (!log.InWindow(time.first_ns, time.last_ns)) return;
  const Window& window = log.window();
  const ClockMap& clock = time.boot->clock;
  Found found{.first_ns = clock.ToRealtime(time.first_ns),
              .last_ns = clock.ToRealtime(time.last_ns),
              .has_duration = true};
  const bool ends_here = !found.last_ns || !window.until_ns || *found.last_ns < *window.until_ns;
  if (ends_here) found.lost = time.missed_forks.value_or(0);
  if (found.first_ns && window.since_ns) found.first_ns = std::max(found.first_ns, window.since_ns);
  if (!ends_here) found.last_ns = window.until_ns;
  Add(kNotRecorded, *time.boot, found);
}

// A torn tail is what a crash, or a recorder that writes, leaves.
void CoverageExceptions::Take(const Gap& gap, LogSet& log) {
  if (gap.cause == GapCause::kTornTail) return;
  const uint64_t first_ns = gap.first_time_ns.value_or(0);
  const uint64_t last_ns = gap.last_time_ns.value_or(UINT64_MAX);
  if (log.TellsTime() && !log.InWindow(first_ns, last_ns)) return;
  const ClockMap& clock = log.boot().clock;
  const uint64_t lost = log.lost_in_gap();
  told_lost_here_ += lost;
  Found found{.lost = lost, .bytes = gap.end - gap.begin};
  if (gap.first_time_ns) found.first_ns = clock.ToRealtime(*gap.first_time_ns);
  if (gap.last_time_ns) found.last_ns = clock.ToRealtime(*gap.last_time_ns);
  Add(GapCauseName(gap.cause), log.boot(), found);
}

void CoverageExceptions::Add(std::string_view what, const Boot& boot, const Found& found) {
  sums_of_boots_[{what, &boot}].Merge(found.ToSum());
}

void CoverageExceptions::Add(std::string_view what, const std::string& host, const Found& found) {
  sums_[{what, host}].Merge(found.ToSum());
}

CoverageExceptions::Sum CoverageExceptions::Found::ToSum() const {
  Sum sum{.times = 1, .lost = lost, .bytes = bytes, .first_ns = first_ns, .last_ns = last_ns};
  if (has_duration && first_ns && last_ns && *first_ns < *last_ns) {
    sum.duration_us = (static_cast<uint64_t>(*last_ns) - static_cast<uint64_t>(*first_ns)) / 1000;
  }
  return sum;
}

void CoverageExceptions::Sum::Merge(const Sum& other) {
  times += other.times;
  lost += other.lost;
  bytes += other.bytes;
  if (other.duration_us) duration_us = duration_us.value_or(0) + *other.duration_us;
  if (other.first_ns) first_ns = std::min(first_ns.value_or(*other.first_ns), *other.first_ns);
  if (other.last_ns) last_ns = std::max(last_ns.value_or(*other.last_ns), *other.last_ns);
}

void CoverageExceptions::AddMissing(const LogSet& log) {
  coverage_.missing_records = told_lost_here_;
  for (const LogSet::Missing& missing : log.missing()) {
    if (!log.InWindow(missing)) continue;
    coverage_.missing_records += missing.records;
    Add(kMissingRecords, names_.OfLog(missing.stream_id),
        {.lost = missing.records,
         .first_ns = missing.first_ns,
         .last_ns = missing.last_ns,
         .has_duration = missing.has_recorder});
  }
}

void CoverageExceptions::AddTotals() {
  if (coverage_.unordered_records != 0) Add(kUnordered, "", {.lost = coverage_.unordered_records});
  if (coverage_.unknown_records != 0) Add(kUnknown, "", {.lost = coverage_.unknown_records});
  if (coverage_.malformed_records != 0) Add(kMalformed, "", {.lost = coverage_.malformed_records});
  if (coverage_.unreadable_files != 0) Add(kUnreadable, "", {});
}

// Hosts whose log begins behind the window.
void CoverageExceptions::AddLater(const LogSet& log, std::map<std::string, Recorded>* hosts) const {
  std::map<std::string, Recorded> begins;
  for (const auto& [path, segment] : log.left_out()) {
    const auto& begin_ns = segment.end->first_realtime_ns;
    const std::string host = names_.OfLog(segment.start->stream_id);
    if (!begin_ns || hosts->contains(host)) continue;
    if (names_.IsImported(segment.start->stream_id)) continue;
    const auto [begin, is_new] = begins.try_emplace(host);
    if (!is_new && begin->second.span.first_ns <= *begin_ns) continue;
    begin->second = {.span = {*begin_ns, INT64_MAX},
                     .has_lost_segments = segment.start->previous_segment_no.has_value()};
  }
  hosts->merge(begins);
}

// Where a host has no record at the beginning or at the end of the window, or from one boot, or
// from one log of a boot, to the next; and where two logs of one boot both have them. A host that
// is only started anew is away for less. Of what was imported nobody says when there should be
// some.
void CoverageExceptions::AddUncovered(const LogSet& log, int64_t now_ns) {
  const Window& window = log.window();
  const int64_t until_ns = std::min(window.until_ns.value_or(now_ns), now_ns);
  std::map<std::string, Recorded> hosts;
  for (const auto& [host, times] : RecordedByHost(log, names_, Imports::kLeftOut)) {
    hosts[host] = {
        {times.first_ns(), times.last_ns()}, times.has_stopped(), times.has_lost_segments()};
    const auto add = [&, host = host](std::string_view what, const Span& span) {
      const int64_t since_ns = std::max(span.first_ns, window.since_ns.value_or(span.first_ns));
      const int64_t end_ns = std::min(span.last_ns, until_ns);
      if (since_ns < end_ns) AddTime(what, host, {since_ns, end_ns});
    };
    for (const Span& span : times.BetweenBoots()) {
      if (IsSilentAt(span.first_ns, span.last_ns)) add(kBetweenBoots, span);
    }
    for (const Span& span : times.BetweenLogs()) {
      if (IsSilentAt(span.first_ns, span.last_ns)) add(kNotRecorded, span);
    }
    for (const Span& span : times.Twice()) add(kRecordedTwice, span);
  }
  AddLater(log, &hosts);
  if (hosts.empty() && !names_.has_imported() && window.since_ns) {
    hosts[""] = {{*window.since_ns, *window.since_ns}};
  }
  for (const auto& [host, recorded] : hosts) {
    const auto& [span, has_stopped, has_lost_segments] = recorded;
    // Of the window there may be nothing, however short it is: then it matters what is known by
    // now.
    const bool is_behind = span.first_ns >= until_ns;
    if (window.since_ns && (is_behind || IsSilentAt(*window.since_ns, span.first_ns))) {
      AddTime(has_lost_segments ? kSegmentsGone : kNothingBefore, host,
              {*window.since_ns, std::min(span.first_ns, until_ns)});
    }
    const bool is_before = window.since_ns && span.last_ns < *window.since_ns;
    if (IsSilentAt(span.last_ns, is_before ? now_ns : until_ns, has_stopped)) {
      AddTime(kStopped, host, {span.last_ns, until_ns});
    }
  }
}

void CoverageExceptions::AddTime(std::string_view what, const std::string& host, const Span& span) {
  Add(what, host, {.first_ns = span.first_ns, .last_ns = span.last_ns, .has_duration = true});
}

std::vector<std::string> CoverageExceptions::hosts() const {
  std::vector<std::string> named;
  for (const std::string& host : hosts_) {
    if (!host.empty()) named.push_back(host);
  }
  return named;
}

uint64_t CoverageExceptions::lost() const {
  uint64_t lost = 0;
  for (const auto& [key, sum] : sums_) {
    if (key.first != kNotRecorded) lost += sum.lost;
  }
  return lost;
}

uint64_t CoverageExceptions::gaps() const {
  uint64_t gaps = 0;
  for (const auto& [key, sum] : sums_) {
    if (IsAmong(kNotRecordedTimes, key.first)) gaps += sum.times;
  }
  return gaps;
}

uint64_t CoverageExceptions::stopped() const {
  uint64_t stopped = 0;
  for (const auto& [key, sum] : sums_) stopped += key.first == kStopped;
  return stopped;
}

uint64_t CoverageExceptions::damaged() const {
  constexpr std::array kNoDamage = {kLost,    kMissingRecords, kUnordered,
                                    kUnknown, kStopped,        kRecordedTwice};
  uint64_t damaged = 0;
  for (const auto& [key, sum] : sums_) {
    const bool is_none = IsAmong(kNoDamage, key.first) || IsAmong(kNotRecordedTimes, key.first);
    if (!is_none) damaged += sum.times;
  }
  return damaged;
}

constinit const std::array<Column, 8> kCoverageColumns = {{{"what", Kind::kString, 1},
                                                           {"times", Kind::kNumber, 2},
                                                           {"lost", Kind::kNumber, 3},
                                                           {"bytes", Kind::kBytes, 4},
                                                           {"duration_us", Kind::kMicroseconds, 5},
                                                           {"first_time", Kind::kTime, 6},
                                                           {"last_time", Kind::kTime, 7},
                                                           {"host", Kind::kString, 8}}};

Rows CoverageExceptions::ToRows() const {
  Rows rows;
  for (const auto& [key, sum] : sums_) {
    rows.push_back({Text{.bytes = key.first}, sum.times, sum.lost, sum.bytes,
                    OptionalCell(sum.duration_us), OptionalCell(sum.first_ns),
                    OptionalCell(sum.last_ns),
                    key.second.empty() ? Cell() : Cell(Text{.bytes = key.second})});
  }
  return rows;
}

}  // namespace daybook
