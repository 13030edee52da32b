// Keeps count of how a recorder is, between one status and the next.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daybook/status.h"
#include "daybook/writer.h"
#include "sources/source.h"

namespace daybook {

class StatusMeter {
 public:
  // Source and writer outlive it.
  StatusMeter(const EventSource& source, const LogWriter& writer, std::string version,
              uint64_t drain_interval_ns);

  void OnEvent(uint64_t time_ns) {
    ++events_;
    if (oldest_waiting_ns_ == 0 || time_ns < oldest_waiting_ns_) oldest_waiting_ns_ = time_ns;
    if (time_ns > last_event_ns_) last_event_ns_ = time_ns;
  }
  // Events that the source tells of as lost in order, and counts nowhere else.
  void OnLost(uint64_t count) { told_lost_ += count; }
  // All that came was written, or tried to be, at this time by the source's clock.
  void OnWritten(uint64_t now_ns);
  void OnTrouble(std::string message);
  void OnRecovery();

  // The status now; what is counted between two of them begins anew.
  RecorderStatus Take();

 private:
  void SetCounts(RecorderStatus* status) const;

  const EventSource& source_;
  const LogWriter& writer_;
  RecorderStatus last_;  // as it was told
  uint64_t events_ = 0;
  uint64_t told_lost_ = 0;
  uint64_t oldest_waiting_ns_ = 0;  // 0 is none
  uint64_t last_event_ns_ = 0;
  uint64_t longest_lag_ns_ = 0;
  uint64_t durable_seq_;
  std::optional<int64_t> last_sync_realtime_ns_;
  uint64_t taken_ns_;
  bool failing_ = false;
  std::string message_;
};

}  // namespace daybook
