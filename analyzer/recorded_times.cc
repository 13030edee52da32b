#include "recorded_times.h"

#include <algorithm>
#include <set>
#include <utility>

#include "escape.h"

namespace daybook {
namespace {

using Span = RecordedTimes::Span;

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

// The clock may have been set back in between.
std::optional<Span> SpanOf(const Boot& boot, uint64_t first_ns, uint64_t last_ns) {
  const auto first = boot.clock.ToRealtime(first_ns);
  const auto last = boot.clock.ToRealtime(last_ns);
  if (!first || !last) return std::nullopt;
  return Span{.first_ns = std::min(*first, *last), .last_ns = std::max(*first, *last)};
}

}  // namespace

HostNames::HostNames(const LogSet& log) {
  for (const Boot& boot : log.boots()) {
    const auto last = boot.clock.ToRealtime(boot.last_ns);
    if (!boot.stream_id || !boot.host || !last) continue;
    const auto [found, is_new] = by_log_.try_emplace(*boot.stream_id);
    if (is_new || found->second.last_ns < *last) found->second = {*last, *boot.host};
  }
}

std::string HostNames::Of(const Boot& boot) const {
  if (boot.stream_id) {
    const auto found = by_log_.find(*boot.stream_id);
    if (found != by_log_.end()) return found->second.name;
  }
  // A damaged segment that stands among others.
  if (!boot.host && by_log_.size() == 1) return by_log_.begin()->second.name;
  return boot.host.value_or("");
}

void RecordedTimes::Add(const Span& boot, const std::vector<Span>& not_recorded) {
  boots_.push_back(boot);
  std::vector<Span> missing = not_recorded;
  Join(&missing);
  int64_t from_ns = boot.first_ns;
  for (const Span& span : missing) {
    if (span.first_ns >= from_ns) recorded_.push_back({from_ns, span.first_ns});
    from_ns = std::max(from_ns, span.last_ns);
  }
  if (from_ns <= boot.last_ns) recorded_.push_back({from_ns, boot.last_ns});
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
}

int64_t RecordedTimes::NsBetween(int64_t since_ns, int64_t until_ns) const {
  int64_t ns = 0;
  for (const Span& span : recorded_) {
    const int64_t first_ns = std::max(span.first_ns, since_ns);
    ns += std::max(std::min(span.last_ns, until_ns), first_ns) - first_ns;
  }
  return ns;
}

std::vector<Span> RecordedTimes::BetweenBoots() const {
  std::vector<Span> between;
  for (size_t i = 1; i < boots_.size(); ++i) {
    between.push_back({boots_[i - 1].last_ns, boots_[i].first_ns});
  }
  return between;
}

std::optional<RecordedTimes::Silence> RecordedTimes::SilenceIn(const Window& window) const {
  Silence silence;
  for (const Span& span : recorded_) {
    if (window.since_ns && span.last_ns < *window.since_ns) {
      silence.from_ns = span.last_ns;
    } else if (window.until_ns && span.first_ns >= *window.until_ns) {
      silence.until_ns = span.first_ns;
      break;
    } else {
      return std::nullopt;
    }
  }
  return silence;
}

// Rarely there are two logs of a boot: then it is looked at more closely.
uint64_t RecordedTwiceUs(const LogSet& log) {
  std::set<Id128> boots;
  const bool has_several = std::ranges::any_of(log.boots(), [&boots](const Boot& boot) {
    return boot.boot_id && !boots.insert(*boot.boot_id).second;
  });
  if (!has_several) return 0;
  const Window& window = log.window();
  uint64_t twice_us = 0;
  for (const auto& [host, times] : RecordedByHost(log, HostNames(log))) {
    for (const Span& span : times.Twice()) {
      const int64_t since_ns = std::max(span.first_ns, window.since_ns.value_or(span.first_ns));
      const int64_t until_ns = std::min(span.last_ns, window.until_ns.value_or(span.last_ns));
      if (since_ns < until_ns) twice_us += static_cast<uint64_t>(until_ns - since_ns) / 1000;
    }
  }
  return twice_us;
}

std::map<std::string, RecordedTimes> RecordedByHost(const LogSet& log, const HostNames& names) {
  std::map<const Boot*, std::vector<Span>> not_recorded;
  RecordedTimes::Gaps gaps;
  for (const LogSet::NotRecorded& gap : log.not_recorded()) {
    gaps[gap.boot].push_back({gap.first_ns, gap.last_ns});
    const auto span = SpanOf(*gap.boot, gap.first_ns, gap.last_ns);
    if (span) not_recorded[gap.boot].push_back(*span);
  }
  std::map<std::string, RecordedTimes> hosts;
  std::map<std::pair<std::string, Id128>, std::vector<const Boot*>> logs_of_boots;
  for (const Boot& boot : log.boots()) {
    if (!boot.first_ns) continue;
    const auto span = SpanOf(boot, *boot.first_ns, boot.last_ns);
    if (!span) continue;
    const std::string host = names.Of(boot);
    hosts[host].Add(*span, not_recorded[&boot]);
    if (boot.stopped_ns) hosts[host].AddStop(span->last_ns);
    if (boot.boot_id) logs_of_boots[{host, *boot.boot_id}].push_back(&boot);
  }
  for (auto& [boot, logs] : logs_of_boots) {
    hosts[boot.first].AddLogsOfBoot(std::move(logs), gaps);
  }
  for (auto& [host, times] : hosts) times.Finish();
  return hosts;
}

std::vector<std::string> NotRecordedLines(const LogSet& log, const Window& window,
                                          const LocalZone& zone) {
  const bool is_all_read = log.left_out().empty();
  std::vector<std::string> lines;
  for (const auto& [host, times] : RecordedByHost(log, HostNames(log))) {
    const auto silence = times.SilenceIn(window);
    if (!silence || !silence->until_ns) continue;
    std::string& line = lines.emplace_back("-- on ");
    AppendEscaped(host.empty() ? "a host without a name" : host, &line);
    line += " nobody recorded ";
    if (silence->from_ns && is_all_read) {
      line += "from ";
      zone.AppendForPeople(*silence->from_ns, &line);
      line += ' ';
    }
    line += "until ";
    zone.AppendForPeople(*silence->until_ns, &line);
    line += ": who lived then is known only as far as it lived on";
  }
  return lines;
}

std::string EndLine(int64_t end_ns, const LocalZone& zone) {
  std::string line = "-- the log ends at ";
  zone.AppendForPeople(end_ns, &line);
  return line + ", before the time that is asked for";
}

}  // namespace daybook
