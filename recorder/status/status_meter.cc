#include "status/status_meter.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "system/clocks.h"

namespace daybook {
namespace {

constexpr uint64_t kSecondNs = 1'000'000'000;

// To the nearest whole one.
uint64_t PerSecond(uint64_t count, uint64_t time_ns) {
  if (time_ns == 0) return 0;
  const double rate =
      static_cast<double>(count) * static_cast<double>(kSecondNs) / static_cast<double>(time_ns);
  return static_cast<uint64_t>(rate + 0.5);
}

}  // namespace

// Times of the recorder are this host's, also where the events are those of a replay.
StatusMeter::StatusMeter(const EventSource& source, const LogWriter& writer, std::string version,
                         uint64_t drain_interval_ns)
    : source_(source), writer_(writer), durable_seq_(writer.durable_seq()) {
  const Clock now = ReadClocks();
  taken_ns_ = now.time_ns;
  last_.pid = static_cast<uint64_t>(getpid());
  last_.version = std::move(version);
  last_.source = source.name();
  last_.start_realtime_ns = now.realtime_ns;
  last_.drain_interval_us = drain_interval_ns / 1000;
}

void StatusMeter::OnWritten(uint64_t now_ns) {
  const uint64_t oldest_ns = std::exchange(oldest_waiting_ns_, 0);
  if (source_.is_live() && oldest_ns != 0 && now_ns > oldest_ns) {
    longest_lag_ns_ = std::max(longest_lag_ns_, now_ns - oldest_ns);
  }
  if (std::exchange(durable_seq_, writer_.durable_seq()) != durable_seq_) {
    last_sync_realtime_ns_ = ReadClocks().realtime_ns;
  }
}

void StatusMeter::OnTrouble(std::string message) {
  failing_ = true;
  message_ = std::move(message);
}

void StatusMeter::OnRecovery() {
  failing_ = false;
  message_.clear();
}

void StatusMeter::SetCounts(RecorderStatus* status) const {
  const SourceCounters counters = source_.counters();
  status->failing = failing_;
  status->message = message_;
  status->segment_no = writer_.segment_no();
  status->events = events_;
  status->last_sync_realtime_ns = last_sync_realtime_ns_;
  status->forks_lost = counters.lost.forks;
  status->execs_lost = counters.lost.execs;
  status->exits_lost = counters.lost.exits;
  status->others_lost = counters.lost.others + told_lost_;
  status->unwritten_lost = writer_.unwritten_lost();
  status->forks_seen = counters.forks_seen;
  status->execs_seen = counters.execs_seen;
  status->exits_seen = counters.exits_seen;
  if (counters.filtered) status->filtered = counters.filtered->Sum();
}

RecorderStatus StatusMeter::Take() {
  RecorderStatus now = last_;
  SetCounts(&now);
  const Clock clock = ReadClocks();
  now.written_realtime_ns = clock.realtime_ns;
  if (last_event_ns_ != 0) {
    const Clock source_clock = source_.ReadClock();
    const auto ago_ns = static_cast<int64_t>(source_clock.time_ns - last_event_ns_);
    now.last_event_realtime_ns = source_clock.realtime_ns - ago_ns;
  }
  now.events_per_second = PerSecond(now.events - last_.events, clock.time_ns - taken_ns_);
  now.lag_us = std::exchange(longest_lag_ns_, 0) / 1000;
  now.newly_lost = LostTotal(now) - LostTotal(last_);
  taken_ns_ = clock.time_ns;
  return last_ = now;
}

}  // namespace daybook
