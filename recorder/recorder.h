// The recorder's loop: source -> records -> log, asleep while nothing happens.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "args/kept_args.h"
#include "daybook/result.h"
#include "daybook/writer.h"
#include "log/previous_run.h"
#include "sources/source.h"
#include "status/observer.h"

namespace daybook {

// What a recorder takes over while it records.
struct Reloaded {
  WriterOptions limits;  // the part that LogWriter::SetLimits takes
  KeepArgs keep_args;
  std::optional<uint64_t> args_limit_bytes;  // as in RecorderOptions
};

struct RecorderOptions {
  // While events come, the source is drained this often.
  uint64_t drain_interval_ns = 250'000'000;
  // How often boot time is tied to the wall clock.
  uint64_t clock_interval_ns = 60'000'000'000;
  // How often the kernel's counts are held against what was recorded, while events come.
  uint64_t audit_interval_ns = 600'000'000'000;
  // How often the observer sees that it is alive, also while nothing happens; 0 is only when it
  // wakes for the clock. It wakes for this only where that is not often enough.
  uint64_t watchdog_interval_ns = 0;
  // Stop by itself after this time; 0 is never.
  uint64_t duration_ns = 0;
  // What of a program's arguments is written.
  KeepArgs keep_args;
  // For the log's START record, and one more where a reload has changed it; unknown where the
  // source does not capture arguments by itself.
  std::optional<uint64_t> args_limit_bytes;
  // What is left out on request, as on the command line, likewise; empty is nothing.
  std::string filter;
  std::string version;
  // The facts for the heads of segments, asked for anew at each, and where the source's identity()
  // is another one; where it is not given, they stay.
  std::function<LogIdentity()> identity;
  // Where the recorder before this one left off in this log.
  std::optional<PreviousRun> previous_run;
  // Counts of the kernel are read below this folder.
  std::string root = "/";
  // Called on SIGHUP, behind what was recorded until then; nullopt where nothing changes.
  std::function<std::optional<Reloaded>()> reload;
  // Called with the first segment that is not finished with, whenever that is another one.
  std::function<void(uint64_t segment_no)> on_finished;
  // Is told how it goes, and outlives the loop; nullptr is nobody.
  RecorderObserver* observer = nullptr;
};

// Takes events from `source` and writes them with `writer` until SIGTERM or SIGINT, the
// duration's end, or the end of the source. RecorderSignals() must be blocked in all threads.
class RecorderLoop {
 public:
  RecorderLoop(EventSource& source, LogWriter& writer, RecorderOptions options);
  ~RecorderLoop();
  RecorderLoop(const RecorderLoop&) = delete;
  RecorderLoop& operator=(const RecorderLoop&) = delete;

  // Writes START and the first snapshot: from here on everything is recorded.
  Status Start();

  // Returns when it is time to stop; what came until then is in the log, which ends with STOP.
  Status Run();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace daybook
