// Tells the service manager and the status files how the recorder is.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "daybook/writer.h"
#include "status/observer.h"
#include "status/status_file.h"
#include "system/notify.h"

namespace daybook {

class Announcer : public RecorderObserver {
 public:
  struct Parts {
    Notifier notifier;
    std::optional<StatusFile> status;
    std::optional<StatusFile> metrics;
    std::unique_ptr<LogFolder> folder;  // whose use of the disk is told
    RetentionLimits limits;
  };
  explicit Announcer(Parts parts) : parts_(std::move(parts)) {}

  void SetLimits(const RetentionLimits& limits) { parts_.limits = limits; }

  void OnReady(const RecorderStatus& status) override;
  void OnStatus(const RecorderStatus& status) override;
  void OnAlive() override;
  void OnReload() override;
  void OnStop() override;

 private:
  void WriteFiles(RecorderStatus status);
  void Note(const Status& written);

  Parts parts_;
  bool failing_ = false;
};

// "bpf: 120 events/s, lost 0, last sync 14:00:07": for people, in one line.
std::string StatusLine(const RecorderStatus& status);

}  // namespace daybook
