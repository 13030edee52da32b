#include "status/metrics.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace daybook {
namespace {

class Exposition {
 public:
  // What follows are values of this metric.
  void Begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
  }
  void Add(uint64_t value, std::string_view labels = "") {
    text_ += fmt::format("{}{} {}\n", name_, labels, value);
  }
  void AddSeconds(int64_t ns) { text_ += fmt::format("{} {:.6f}\n", name_, ToSeconds(ns)); }

  void Counter(std::string_view name, std::string_view help, std::optional<uint64_t> value) {
    if (!value) return;
    Begin(name, "counter", help);
    Add(*value);
  }
  void Gauge(std::string_view name, std::string_view help, std::optional<uint64_t> value) {
    if (!value) return;
    Begin(name, "gauge", help);
    Add(*value);
  }
  void Seconds(std::string_view name, std::string_view help, std::optional<int64_t> ns) {
    if (!ns) return;
    Begin(name, "gauge", help);
    AddSeconds(*ns);
  }

  std::string text() && { return std::move(text_); }

 private:
  static double ToSeconds(int64_t ns) { return static_cast<double>(ns) / 1e9; }

  std::string text_;
  std::string_view name_;
};

void AddLosses(const RecorderStatus& status, Exposition* to) {
  const std::pair<std::string_view, uint64_t> kinds[] = {{"fork", status.forks_lost},
                                                         {"exec", status.execs_lost},
                                                         {"exit", status.exits_lost},
                                                         {"other", status.others_lost},
                                                         {"unwritten", status.unwritten_lost}};
  to->Begin("daybook_lost_events_total", "counter", "Events that are not in the log.");
  for (const auto& [kind, count] : kinds) to->Add(count, fmt::format("{{kind=\"{}\"}}", kind));
}

}  // namespace

std::string StatusMetrics(const RecorderStatus& status) {
  Exposition to;
  to.Gauge("daybook_recording",
           "1 until the recorder has ended in order, also where it was killed or hangs.",
           status.recording);
  to.Gauge("daybook_failing", "1 while records cannot be written.", status.failing);
  to.Seconds("daybook_start_time_seconds", "When the recorder was started.",
             status.start_realtime_ns);
  to.Seconds("daybook_written_timestamp_seconds",
             "When these metrics were written: each minute while the recorder lives.",
             status.written_realtime_ns);
  to.Seconds("daybook_last_event_timestamp_seconds", "Time of the last event.",
             status.last_event_realtime_ns);
  to.Seconds("daybook_last_sync_timestamp_seconds", "When records were last made durable.",
             status.last_sync_realtime_ns);
  to.Gauge("daybook_segment_number", "Number of the segment that is being written.",
           status.segment_no);
  to.Counter("daybook_events_total", "Events that were recorded.", status.events);
  to.Counter("daybook_filtered_events_total", "Events that were left out on request.",
             status.filtered);
  AddLosses(status, &to);
  to.Seconds("daybook_lag_seconds", "The longest that an event waited lately.",
             static_cast<int64_t>(status.lag_us) * 1000);
  to.Counter("daybook_forks_seen_total", "Forks and thread creations in the kernel.",
             status.forks_seen);
  to.Counter("daybook_execs_seen_total", "Execs in the kernel.", status.execs_seen);
  to.Counter("daybook_exits_seen_total", "Ends of processes in the kernel.", status.exits_seen);
  to.Gauge("daybook_log_bytes", "What the log takes of the disk.", status.log_bytes);
  to.Gauge("daybook_log_max_bytes", "What the log may take of the disk.", status.max_bytes);
  to.Gauge("daybook_free_bytes", "What the log's file system has left.", status.free_bytes);
  to.Gauge("daybook_min_free_bytes", "What the log leaves of it to others.", status.min_free_bytes);
  return std::move(to).text();
}

}  // namespace daybook
