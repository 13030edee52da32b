#include "coverage_exceptions.h"

#include <algorithm>
#include <array>

#include "names.h"

namespace daybook {
namespace {

constexpr std::string_view kLost = "lost";
constexpr std::string_view kMissingRecords = "missing_records";
constexpr std::string_view kNotRecorded = "not_recorded";
constexpr std::string_view kNothingBefore = "nothing_before";
constexpr std::string_view kStopped = "recorder_stopped";
constexpr std::string_view kMalformed = "malformed";
constexpr std::string_view kUnreadable = "unreadable_files";

std::string HostOf(const Boot& boot) { return boot.host.value_or(""); }

// Of a segment that is read no further than to its name.
std::string HostIn(const std::string& path) {
  auto reader = SegmentReader::Open(path);
  if (!reader) return "";
  for (Item item = reader->Next(); !std::holds_alternative<End>(item); item = reader->Next()) {
    const auto* record = std::get_if<RecordView>(&item);
    if (Info info; record != nullptr && record->As(&info) && info.key == "hostname") {
      return std::string(info.value);
    }
    if (record != nullptr && record->type == Schema<Clock>::kType) break;  // behind the head
  }
  return reader->segment() ? HexId(reader->segment()->host_id) : "";
}

}  // namespace

void CoverageExceptions::Read(LogSet& log, int64_t now_ns) {
  const Coverage before = log.coverage();  // of files that are left out
  while (const auto item = log.Next()) {
    boots_.insert(&log.boot());
    if (const auto* record = std::get_if<RecordView>(&*item)) {
      Take(*record, log);
    } else if (const auto* gap = std::get_if<Gap>(&*item)) {
      Take(*gap, log);
    } else {
      coverage_ = log.coverage();
    }
  }
  AddTotals(before);
  const Coverage after = log.coverage();
  coverage_.skipped_segments = after.skipped_segments;
  coverage_.unreadable_files = after.unreadable_files;
  if (!coverage_.imported) AddUncovered(log, now_ns);
}

void CoverageExceptions::Take(const RecordView& record, LogSet& log) {
  const auto add = [&](std::string_view what, uint64_t lost, uint64_t first_ns, uint64_t last_ns) {
    if (!log.InWindow(first_ns, last_ns)) return;
    const ClockMap& clock = log.boot().clock;
    Add(what, HostOf(log.boot()),
        {.lost = lost,
         .first_ns = clock.ToRealtime(first_ns),
         .last_ns = clock.ToRealtime(last_ns),
         .has_duration = what == kNotRecorded});
  };
  if (record.proof != Proof::kVerified) return;
  if (Lost lost; record.As(&lost)) {
    add(kLost, LostEvents(lost), lost.first_time_ns, lost.last_time_ns);
  } else if (RecordingGap gap; record.As(&gap)) {
    add(kNotRecorded, gap.missed_forks.value_or(0), gap.first_time_ns, gap.last_time_ns);
  }
}

// A torn tail is what a crash, or a recorder that writes, leaves.
void CoverageExceptions::Take(const Gap& gap, LogSet& log) {
  told_lost_ += gap.records_lost.value_or(0);  // also where it is not of this time
  if (gap.cause == GapCause::kTornTail) return;
  if (!log.InWindow(gap.first_time_ns.value_or(0), gap.last_time_ns.value_or(UINT64_MAX))) return;
  const ClockMap& clock = log.boot().clock;
  told_lost_here_ += gap.records_lost.value_or(0);
  Found found{.lost = gap.records_lost.value_or(0), .bytes = gap.end - gap.begin};
  if (gap.first_time_ns) found.first_ns = clock.ToRealtime(*gap.first_time_ns);
  if (gap.last_time_ns) found.last_ns = clock.ToRealtime(*gap.last_time_ns);
  Add(GapCauseName(gap.cause), HostOf(log.boot()), found);
}

void CoverageExceptions::Add(std::string_view what, const std::string& host, const Found& found) {
  Missing& missing = missing_[{what, host}];
  ++missing.times;
  missing.lost += found.lost;
  missing.bytes += found.bytes;
  if (found.first_ns) {
    missing.first_ns = std::min(missing.first_ns.value_or(*found.first_ns), *found.first_ns);
  }
  if (found.last_ns) {
    missing.last_ns = std::max(missing.last_ns.value_or(*found.last_ns), *found.last_ns);
  }
  if (found.has_duration && found.first_ns && found.last_ns && *found.first_ns < *found.last_ns) {
    const auto us = static_cast<uint64_t>(*found.last_ns - *found.first_ns) / 1000;
    missing.duration_us = missing.duration_us.value_or(0) + us;
  }
}

// Numbers that no record has, where no gap tells of it.
void CoverageExceptions::AddTotals(const Coverage& before) {
  const uint64_t missing =
      coverage_.missing_records - std::min(before.missing_records, coverage_.missing_records);
  const uint64_t untold = missing - std::min(missing, told_lost_);
  if (untold > 0) Add(kMissingRecords, "", {.lost = untold});
  if (coverage_.malformed_records != 0) Add(kMalformed, "", {.lost = coverage_.malformed_records});
  if (coverage_.unreadable_files != 0) Add(kUnreadable, "", {});
  coverage_.missing_records = untold + told_lost_here_;
}

// By the name that each host has last: one that was renamed is still one.
std::map<std::string, CoverageExceptions::Span> CoverageExceptions::SpansOfHosts() const {
  std::map<Id128, std::pair<int64_t, std::string>> names;  // by log: since when, and which
  const auto last_of = [](const Boot* boot) { return boot->clock.ToRealtime(boot->last_ns); };
  for (const Boot* boot : boots_) {
    if (!boot->stream_id || !last_of(boot)) continue;
    auto& name = names[*boot->stream_id];
    if (name.second.empty() || name.first < *last_of(boot)) name = {*last_of(boot), HostOf(*boot)};
  }
  std::map<std::string, Span> hosts;
  for (const Boot* boot : boots_) {
    const auto first = boot->first_ns ? boot->clock.ToRealtime(*boot->first_ns) : std::nullopt;
    const auto last = last_of(boot);
    if (!first || !last) continue;
    Span& span = hosts[boot->stream_id ? names[*boot->stream_id].second : HostOf(*boot)];
    span.first_ns = std::min(span.first_ns, *first);
    span.last_ns = std::max(span.last_ns, *last);
  }
  return hosts;
}

// Hosts of which no segment lies in the window: of those behind it the first one tells when the log
// begins, where there are none before.
void CoverageExceptions::AddSilent(const LogSet& log, std::map<std::string, Span>* hosts) const {
  struct Silent {
    Span span{.first_ns = INT64_MAX, .last_ns = INT64_MAX};
    std::string path;
  };
  std::set<Id128> heard;
  for (const Boot* boot : boots_) {
    if (boot->stream_id) heard.insert(*boot->stream_id);
  }
  const int64_t since_ns = log.window().since_ns.value_or(INT64_MIN);
  std::map<Id128, Silent> silent;  // by log
  for (const auto& [path, segment] : log.left_out()) {
    const Id128 stream_id = segment.start->stream_id;
    if (heard.contains(stream_id) || !segment.end->last_realtime_ns) continue;
    auto& [span, name] = silent[stream_id];
    const bool is_before = *segment.end->last_realtime_ns < since_ns;
    const bool ends_before = span.last_ns != INT64_MAX;
    if (is_before && (!ends_before || span.last_ns < *segment.end->last_realtime_ns)) {
      span = {.first_ns = since_ns, .last_ns = *segment.end->last_realtime_ns};
      name = path;
    } else if (!is_before && !ends_before &&
               segment.end->first_realtime_ns.value_or(INT64_MAX) < span.first_ns) {
      span.first_ns = *segment.end->first_realtime_ns;
      name = path;
    }
  }
  for (const auto& [stream_id, entry] : silent) {
    if (!entry.path.empty()) hosts->try_emplace(HostIn(entry.path), entry.span);
  }
}

// Where a host has no record at the beginning or at the end of the window.
void CoverageExceptions::AddUncovered(const LogSet& log, int64_t now_ns) {
  const Window& window = log.window();
  std::map<std::string, Span> hosts = SpansOfHosts();
  AddSilent(log, &hosts);
  const int64_t until_ns = std::min(window.until_ns.value_or(now_ns), now_ns);
  if (hosts.empty() && window.since_ns) hosts[""] = {*window.since_ns, *window.since_ns};
  for (const auto& [host, span] : hosts) {
    if (window.since_ns && span.first_ns - kSilenceNs > *window.since_ns) {
      Add(kNothingBefore, host,
          {.first_ns = window.since_ns,
           .last_ns = std::min(span.first_ns, until_ns),
           .has_duration = true});
    }
    if (span.last_ns < until_ns - kSilenceNs) {
      Add(kStopped, host, {.first_ns = span.last_ns, .last_ns = until_ns, .has_duration = true});
    }
  }
}

std::string CoverageExceptions::host() const {
  std::set<std::string> hosts;
  for (const Boot* boot : boots_) hosts.insert(HostOf(*boot));
  return hosts.size() == 1 ? *hosts.begin() : "";
}

uint64_t CoverageExceptions::lost() const {
  uint64_t lost = 0;
  for (const auto& [key, missing] : missing_) {
    if (key.first != kNotRecorded) lost += missing.lost;
  }
  return lost;
}

uint64_t CoverageExceptions::gaps() const {
  uint64_t gaps = 0;
  for (const auto& [key, missing] : missing_) {
    if (key.first == kNotRecorded || key.first == kNothingBefore) gaps += missing.times;
  }
  return gaps;
}

uint64_t CoverageExceptions::stopped() const {
  uint64_t stopped = 0;
  for (const auto& [key, missing] : missing_) stopped += key.first == kStopped;
  return stopped;
}

uint64_t CoverageExceptions::damaged() const {
  constexpr std::array kNoDamage = {kLost, kMissingRecords, kNotRecorded, kNothingBefore, kStopped};
  uint64_t damaged = 0;
  for (const auto& [key, missing] : missing_) {
    if (std::ranges::find(kNoDamage, key.first) == kNoDamage.end()) damaged += missing.times;
  }
  return damaged;
}

Rows CoverageExceptions::ToRows() const {
  Rows rows;
  for (const auto& [key, missing] : missing_) {
    rows.push_back({Text{.bytes = key.first}, missing.times, missing.lost, missing.bytes,
                    OptionalCell(missing.duration_us), OptionalCell(missing.first_ns),
                    OptionalCell(missing.last_ns),
                    key.second.empty() ? Cell() : Cell(Text{.bytes = key.second})});
  }
  return rows;
}

}  // namespace daybook
