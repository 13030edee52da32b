#include "status/announcer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <utility>

#include "status/metrics.h"
#include "system/clocks.h"

namespace daybook {
namespace {

std::string TimeOfDay(int64_t realtime_ns) {
  const auto seconds = static_cast<time_t>(realtime_ns / 1'000'000'000);
  tm utc = {};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:02}:{:02}:{:02} UTC", utc.tm_hour, utc.tm_min, utc.tm_sec);
}

// The manager measures from here whether what is announced comes in time.
uint64_t MonotonicUs() { return ReadClocks().monotonic_ns / 1000; }

}  // namespace

std::string StatusLine(const RecorderStatus& status) {
  std::string line = fmt::format("{}: {} events/s, lost {}", status.source,
                                 status.events_per_second, LostTotal(status));
  if (status.last_sync_realtime_ns) {
    line += fmt::format(", last sync {}", TimeOfDay(*status.last_sync_realtime_ns));
  }
  if (status.failing) line += fmt::format("; failing: {}", status.message);
  // One line, whatever a path in the message holds.
  std::ranges::replace(line, '\n', ' ');
  return line;
}

// The files first: who waits for the manager finds them.
void Announcer::OnReady(const RecorderStatus& status) {
  WriteFiles(status);
  parts_.notifier.Tell("READY=1\nSTATUS=" + StatusLine(status));
}

void Announcer::OnStatus(const RecorderStatus& status) {
  WriteFiles(status);
  parts_.notifier.Tell("STATUS=" + StatusLine(status));
}

void Announcer::OnAlive() { parts_.notifier.Tell("WATCHDOG=1"); }

void Announcer::OnReload() {
  parts_.notifier.Tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", MonotonicUs()));
}

void Announcer::OnStop() { parts_.notifier.Tell("STOPPING=1"); }

void Announcer::WriteFiles(RecorderStatus status) {
  status.max_bytes = parts_.limits.max_total_bytes;
  status.min_free_bytes = parts_.limits.min_free_bytes;
  if (const auto use = MeasureDiskUse(*parts_.folder)) {
    status.log_bytes = use->log_bytes;
    status.free_bytes = use->free_bytes;
  }
  Status written = Ok{};
  if (parts_.status) written = parts_.status->Write(StatusJson(status));
  if (parts_.metrics) {
    Status metrics = parts_.metrics->Write(StatusMetrics(status));
    if (written) written = std::move(metrics);
  }
  Note(written);
}

// Once, until it goes well again.
void Announcer::Note(const Status& written) {
  const bool said = std::exchange(failing_, !written);
  if (!written && !said) {
    std::fprintf(stderr, "daybookd: %s; going on\n", written.error().message().c_str());
  }
}

}  // namespace daybook
