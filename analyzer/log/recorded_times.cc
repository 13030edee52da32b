#include "log/recorded_times.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <set>
#include <utility>

#include "log/segment_head.h"
#include "text/escape.h"

namespace daybook {
namespace {

using Span = RecordedTimes::Span;

// Also of moments that are further from each other than a number goes.
int64_t LengthNs(const Span& span) {
  int64_t ns = 0;
  if (span.first_ns >= span.last_ns) return 0;
  return __builtin_sub_overflow(span.last_ns, span.first_ns, &ns) ? INT64_MAX : ns;
}

// Puts them in order, and joins those that overlap.
void Join(std::vector<Span>* spans) {
  std::ranges::sort(*spans, {}, &Span::first_ns);
  std::vector<Span> joined;
  for (const Span& span : *spans) {
    if (joined.empty() || joined.back().last_ns < span.first_ns) {
      joined.push_back(span);
    } else {
      joined.back().last_ns = std::max(joined.back().last_ns, span.last_ns);
    }
  }
  *spans = std::move(joined);
}

// Without the times that are taken from them; both are in order of time, without overlaps. Of a
// boot of one record, which is a moment, nothing is taken by what ends or begins there.
std::vector<Span> Without(const std::vector<Span>& spans, const std::vector<Span>& taken) {
  std::vector<Span> rest;
  for (const auto& [first_ns, last_ns] : spans) {
    int64_t from_ns = first_ns;
    for (auto span = std::ranges::upper_bound(taken, first_ns, {}, &Span::last_ns);
         span != taken.end() && span->first_ns < last_ns; ++span) {
      if (from_ns <= span->first_ns) rest.push_back({from_ns, span->first_ns});
      from_ns = span->last_ns;
    }
    if (from_ns <= last_ns) rest.push_back({from_ns, last_ns});
  }
  return rest;
}

// Added up as far as a number goes: a clock may say anything.
int64_t NsOf(const std::vector<Span>& spans, int64_t since_ns, int64_t until_ns) {
  int64_t ns = 0;
  for (const Span& span : spans) {
    const Span part = {std::max(span.first_ns, since_ns), std::min(span.last_ns, until_ns)};
    if (__builtin_add_overflow(ns, LengthNs(part), &ns)) return INT64_MAX;
  }
  return ns;
}

// The clock may have been set back in between.
std::optional<Span> SpanOf(const Boot& boot, uint64_t first_ns, uint64_t last_ns) {
  const auto first = boot.clock.ToRealtime(first_ns);
  const auto last = boot.clock.ToRealtime(last_ns);
  if (!first || !last) return std::nullopt;
  return Span{.first_ns = std::min(*first, *last), .last_ns = std::max(*first, *last)};
}

// What the segments tell of a boot that are left out before the window.
std::deque<Boot> BootsLeftOut(const LogSet& log) {
  std::deque<Boot> boots;
  std::map<std::pair<Id128, Id128>, Boot*> by_id;
  const std::vector<LogSet::LeftOut> left_out = log.left_out();
  for (const auto& [path, segment] : left_out) {
    const SegmentStart& start = *segment.start;
    const SegmentEnd& end = *segment.end;
    if (!log.window().since_ns || !end.last_time_ns || !end.last_realtime_ns) continue;
    if (*end.last_realtime_ns >= *log.window().since_ns) continue;
    Boot*& boot = by_id[{start.stream_id, start.boot_id}];
    if (boot == nullptr) {
      boot = &boots.emplace_back();
      boot->stream_id = start.stream_id;
      if (start.boot_id != Id128{}) boot->boot_id = start.boot_id;
      boot->first_ns = start.time_ns;
    }
    if (start.realtime_ns != 0) boot->clock.Add(start.time_ns, start.realtime_ns);
    boot->clock.Add(*end.last_time_ns, *end.last_realtime_ns);
    boot->last_ns = std::max(boot->last_ns, *end.last_time_ns);
    boot->stopped_ns = IsStop(end) ? end.last_time_ns : std::nullopt;
  }
  return boots;
}

// All of this for one log set.
class HostTimes {
 public:
  HostTimes(const LogSet& log, const HostNames& names, Imports imports)
      : log_(log), names_(names), imports_(imports) {}

  std::map<std::string, RecordedTimes> Collect();

 private:
  bool IsLeftOut(const std::optional<Id128>& stream_id) const {
    return imports_ == Imports::kLeftOut && names_.IsImported(stream_id);
  }
  void CollectMissing();
  void AddRead(const Boot& boot);
  void AddLeftOut(const Boot& boot);

  const LogSet& log_;
  const HostNames& names_;
  Imports imports_;
  std::map<std::string, RecordedTimes> hosts_;
  std::map<const Boot*, std::vector<Span>> not_recorded_;
  std::map<std::optional<Id128>, std::vector<Span>> missing_;  // by log
  std::map<std::pair<Id128, Id128>, Span> read_;               // by log and boot
  std::map<std::pair<std::string, Id128>, std::vector<const Boot*>> logs_of_boots_;
};

// What is behind the window is of no boot that is in it, and the boot that it is of is not read.
void HostTimes::CollectMissing() {
  const int64_t until_ns = log_.window().until_ns.value_or(INT64_MAX);
  const auto add = [&](const std::optional<Id128>& stream_id, const Span& span) {
    if (span.first_ns < until_ns && !IsLeftOut(stream_id)) missing_[stream_id].push_back(span);
  };
  for (const auto& [boot, first_ns, last_ns] : log_.lost_in_gaps()) {
    if (const auto span = SpanOf(*boot, first_ns, last_ns)) add(boot->stream_id, *span);
  }
  for (const LogSet::Missing& missing : log_.missing()) {
    const Window time = missing.Time();
    if (!missing.has_recorder || !time.since_ns || !time.until_ns) continue;
    if (IsLeftOut(missing.stream_id)) continue;
    const Span span = {*time.since_ns, *time.until_ns};
    if (*missing.first_ns <= *missing.last_ns) {
      add(missing.stream_id, span);
    } else if (span.first_ns < until_ns) {
      // By a clock that was set back, of which there may be records of the same time.
      hosts_[names_.OfLog(missing.stream_id)].AddMissing(span);
    }
  }
  for (auto& [stream_id, spans] : missing_) {
    Join(&spans);
    RecordedTimes& times = hosts_[names_.OfLog(stream_id)];
    for (const Span& span : spans) times.AddMissing(span);
  }
}

void HostTimes::AddRead(const Boot& boot) {
  const auto span = boot.first_ns ? SpanOf(boot, *boot.first_ns, boot.last_ns) : std::nullopt;
  if (!span) return;
  const std::string host = names_.Of(boot);
  hosts_[host].Add(*span, not_recorded_[&boot], missing_[boot.stream_id]);
  if (boot.stopped_ns) hosts_[host].AddStop(span->last_ns);
  if (!boot.boot_id) return;
  logs_of_boots_[{host, *boot.boot_id}].push_back(&boot);
  read_[{*boot.stream_id, *boot.boot_id}] = *span;
}

// What is read of the same log and boot goes on where it ends, or ends before it: where a recorder
// was killed, and the next one ended in order.
void HostTimes::AddLeftOut(const Boot& boot) {
  const auto span = SpanOf(boot, *boot.first_ns, boot.last_ns);
  const std::string host = names_.Of(boot);
  hosts_[host].Add(*span, {}, missing_[boot.stream_id]);
  const auto read = read_.find({*boot.stream_id, boot.boot_id.value_or(Id128{})});
  const bool is_read_too = read != read_.end();
  if (is_read_too && span->last_ns < read->second.first_ns) {
    hosts_[host].AddOn({span->last_ns, read->second.first_ns});
  }
  const bool is_last = !is_read_too || span->last_ns > read->second.last_ns;
  if (boot.stopped_ns && is_last) hosts_[host].AddStop(span->last_ns);
  if (boot.boot_id && !is_read_too) logs_of_boots_[{host, *boot.boot_id}].push_back(&boot);
}

std::map<std::string, RecordedTimes> HostTimes::Collect() {
  RecordedTimes::Gaps gaps;
  for (const auto& [boot, first_ns, last_ns, missed_forks] : log_.not_recorded()) {
    gaps[boot].push_back({first_ns, last_ns});
    if (const auto span = SpanOf(*boot, first_ns, last_ns)) not_recorded_[boot].push_back(*span);
  }
  for (auto& [boot, spans] : not_recorded_) Join(&spans);
  CollectMissing();
  const std::deque<Boot> left_out = BootsLeftOut(log_);
  for (const Boot& boot : log_.boots()) {
    if (!IsLeftOut(boot.stream_id)) AddRead(boot);
  }
  for (const Boot& boot : left_out) {
    if (!IsLeftOut(boot.stream_id)) AddLeftOut(boot);
  }
  for (auto& [boot, logs] : logs_of_boots_) {
    hosts_[boot.first].AddLogsOfBoot(std::move(logs), gaps);
  }
  for (const auto& [stream_id, first] : log_.first_segments()) {
    const auto host = hosts_.find(names_.OfLog(stream_id));
    if (host != hosts_.end()) host->second.AddBegin(first);
  }
  for (auto& [host, times] : hosts_) times.Finish();
  return std::move(hosts_);
}

}  // namespace

HostNames::HostNames(const std::deque<Boot>& boots) {
  for (const Boot& boot : boots) {
    if (boot.is_imported && boot.stream_id) imported_.insert(*boot.stream_id);
    const auto last = boot.clock.ToRealtime(boot.last_ns);
    if (!boot.stream_id || !boot.host || !last) continue;
    const auto [found, is_new] = by_log_.try_emplace(*boot.stream_id);
    if (is_new || found->second.last_ns < *last) found->second = {*last, *boot.host};
  }
}

HostNames::HostNames(const LogSet& log) : HostNames(log.boots()) {
  std::map<Id128, std::string> unread;  // the last segment of each
  for (const auto& [path, segment] : log.left_out()) {
    if (!by_log_.contains(segment.start->stream_id)) unread[segment.start->stream_id] = path;
  }
  for (const auto& [stream_id, path] : unread) {
    const SegmentHead head = ReadSegmentHead(path);
    by_log_[stream_id].name = head.host;
    if (head.is_imported) imported_.insert(stream_id);
  }
}

std::string HostNames::Of(const Boot& boot) const {
  const bool is_named = boot.stream_id && by_log_.contains(*boot.stream_id);
  return is_named || !boot.host ? OfLog(boot.stream_id) : *boot.host;
}

std::string HostNames::OfLog(const std::optional<Id128>& stream_id) const {
  const auto found = stream_id ? by_log_.find(*stream_id) : by_log_.end();
  if (found != by_log_.end()) return found->second.name;
  // A damaged segment that stands among others.
  return by_log_.size() == 1 ? by_log_.begin()->second.name : "";
}

bool HostNames::IsImported(const std::optional<Id128>& stream_id) const {
  return stream_id && imported_.contains(*stream_id);
}

void RecordedTimes::Add(const Span& boot, const std::vector<Span>& not_recorded,
                        const std::vector<Span>& missing) {
  boots_.push_back(boot);
  std::ranges::copy(not_recorded, std::back_inserter(not_recorded_));
  std::ranges::copy(Without(Without({boot}, not_recorded), missing), std::back_inserter(recorded_));
}

void RecordedTimes::AddBegin(const SegmentStart& first) {
  if (begin_ && begin_->time_ns <= first.realtime_ns) return;
  begin_ = {first.realtime_ns, first.previous_segment_no.has_value()};
}

void RecordedTimes::AddMissing(const Span& missing) {
  boots_.push_back(missing);
  missing_.push_back(missing);
}

void RecordedTimes::AddLogsOfBoot(std::vector<const Boot*> logs, const Gaps& gaps) {
  if (logs.size() < 2) return;
  std::ranges::sort(logs, {}, [](const Boot* log) { return *log->first_ns; });
  std::optional<Span> whole;
  uint64_t last_ns = 0;
  for (const Boot* const log : logs) {
    const auto span = SpanOf(*log, *log->first_ns, log->last_ns);
    if (!span) continue;
    if (!whole) {
      whole = span;
    } else {
      // One that goes on where others have told of the boot up to that time of it.
      if (*log->first_ns >= last_ns)
        between_logs_.push_back(*SpanOf(*log, last_ns, *log->first_ns));
      whole = {std::min(whole->first_ns, span->first_ns), std::max(whole->last_ns, span->last_ns)};
    }
    last_ns = std::max(last_ns, log->last_ns);
  }
  if (whole) boots_.push_back(*whole);
  AddTwice(logs, gaps);
}

// A recorder that wrote elsewhere for a while has left a gap in the log that it came back to.
void RecordedTimes::AddTwice(const std::vector<const Boot*>& logs, const Gaps& gaps) {
  struct Stretch {
    const Boot* log;
    uint64_t first_ns;
    uint64_t last_ns;
  };
  std::vector<Stretch> stretches;
  for (const Boot* const log : logs) {
    uint64_t from_ns = *log->first_ns;
    if (const auto found = gaps.find(log); found != gaps.end()) {
      for (const auto& [first_ns, last_ns] : found->second) {
        if (from_ns < first_ns) stretches.push_back({log, from_ns, first_ns});
        from_ns = std::max(from_ns, last_ns);
      }
    }
    stretches.push_back({log, from_ns, log->last_ns});
  }
  std::ranges::sort(stretches, {}, &Stretch::first_ns);
  uint64_t until_ns = 0;
  for (const auto& [log, first_ns, last_ns] : stretches) {
    const uint64_t end_ns = std::min(last_ns, until_ns);
    const auto span = first_ns < end_ns ? SpanOf(*log, first_ns, end_ns) : std::nullopt;
    if (span) twice_.push_back(*span);
    until_ns = std::max(until_ns, last_ns);
  }
}

void RecordedTimes::Finish() {
  Join(&twice_);
  Join(&boots_);
  Join(&recorded_);
  Join(&not_recorded_);
  Join(&missing_);
  // Another log may have it.
  missing_ = Without(Without(missing_, not_recorded_), recorded_);
  std::erase_if(missing_, [](const Span& span) { return span.first_ns == span.last_ns; });
}

int64_t RecordedTimes::NsBetween(int64_t since_ns, int64_t until_ns) const {
  return NsOf(recorded_, since_ns, until_ns);
}

int64_t RecordedTimes::MissingNsBetween(int64_t since_ns, int64_t until_ns) const {
  return NsOf(missing_, since_ns, until_ns);
}

std::vector<Span> RecordedTimes::NotRecordedIn(const Span& time) const {
  std::vector<Span> known = recorded_;
  std::ranges::copy(missing_, std::back_inserter(known));
  Join(&known);
  std::vector<Span> rest = Without({time}, known);
  std::erase_if(rest, [](const Span& span) { return span.first_ns >= span.last_ns; });
  return rest;
}

std::vector<Span> RecordedTimes::BetweenBoots() const {
  std::vector<Span> between;
  for (size_t i = 1; i < boots_.size(); ++i) {
    between.push_back({boots_[i - 1].last_ns, boots_[i].first_ns});
  }
  return between;
}

bool RecordedTimes::IsMissing(const Window& window) const {
  const int64_t since_ns = window.since_ns.value_or(INT64_MIN);
  const int64_t until_ns = window.until_ns.value_or(INT64_MAX);
  return MissingNsBetween(since_ns, until_ns) >= kSilenceNs &&
         NsBetween(since_ns, until_ns) < kSilenceNs;
}

std::optional<RecordedTimes::Silence> RecordedTimes::SilenceIn(const Window& window) const {
  Silence silence;
  for (const Span& span : recorded_) {
    if (window.since_ns && span.last_ns < *window.since_ns) {
      silence.from_ns = span.last_ns;
    } else if (window.until_ns && span.first_ns >= *window.until_ns) {
      silence.until_ns = span.first_ns;
      break;
    } else if (!IsMissing(window)) {
      return std::nullopt;
    }
  }
  for (const Span& span : missing_) {
    if (!window.Overlaps(span.first_ns, span.last_ns)) continue;
    if (!silence.missing || LengthNs(span) > LengthNs(*silence.missing)) silence.missing = span;
  }
  return silence;
}

// Rarely there are two logs of a boot: then it is looked at more closely.
LogsOfOneBoot CompareLogsOfOneBoot(const LogSet& log) {
  std::map<Id128, std::set<std::optional<Id128>>> logs;  // by boot
  for (const Boot& boot : log.boots()) {
    if (boot.boot_id) logs[*boot.boot_id].insert(boot.stream_id);
  }
  for (const auto& [path, segment] : log.left_out()) {
    logs[segment.start->boot_id].insert(segment.start->stream_id);
  }
  LogsOfOneBoot found;
  if (!std::ranges::any_of(logs, [](const auto& boot) { return boot.second.size() > 1; })) {
    return found;
  }
  const Window& window = log.window();
  const auto ns_in_window = [&window](const Span& span) {
    return LengthNs({std::max(span.first_ns, window.since_ns.value_or(span.first_ns)),
                     std::min(span.last_ns, window.until_ns.value_or(span.last_ns))});
  };
  for (const auto& [host, times] : RecordedByHost(log, HostNames(log))) {
    for (const Span& span : times.Twice()) {
      found.twice_us += static_cast<uint64_t>(ns_in_window(span)) / 1000;
    }
    for (const Span& span : times.BetweenLogs()) {
      found.gaps += IsSilentAt(span.first_ns, span.last_ns) && ns_in_window(span) != 0;
    }
  }
  return found;
}

std::map<std::string, RecordedTimes> RecordedByHost(const LogSet& log, const HostNames& names,
                                                    Imports imports) {
  return HostTimes(log, names, imports).Collect();
}

std::vector<std::string> NotRecordedLines(const LogSet& log, const Window& window,
                                          const LocalZone& zone) {
  std::vector<std::string> lines;
  for (const auto& [host, times] : RecordedByHost(log, HostNames(log))) {
    const auto silence = times.SilenceIn(window);
    if (!silence || (!silence->until_ns && !silence->missing)) continue;
    const auto from_ns = silence->missing ? silence->missing->first_ns : silence->from_ns;
    const auto until_ns = silence->missing ? silence->missing->last_ns : *silence->until_ns;
    std::string& line = lines.emplace_back("on ");
    AppendEscaped(host.empty() ? "a host without a name" : host, &line);
    line += silence->missing                        ? " records are missing "
            : from_ns || !times.has_lost_segments() ? " nobody recorded "
                                                    : " older segments are gone ";
    if (from_ns) {
      line += "from ";
      zone.AppendForPeople(*from_ns, &line);
      line += ' ';
    }
    line += "until ";
    zone.AppendForPeople(until_ns, &line);
    line += ": who lived then is known only as far as it lived on";
  }
  return lines;
}

std::string EndLine(int64_t end_ns, const LocalZone& zone) {
  std::string line = "the log ends at ";
  zone.AppendForPeople(end_ns, &line);
  return line + ", before the time that is asked for";
}

}  // namespace daybook
