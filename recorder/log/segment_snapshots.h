// Who lives, at the begin of each segment, so that it can be read alone; and again where the log is
// in doubt of it.
#pragma once

#include <cstdint>
#include <optional>

#include "args/kept_args.h"
#include "daybook/records.h"
#include "daybook/writer.h"
#include "log/auditor.h"
#include "sources/source.h"

namespace daybook {

class SegmentSnapshots : private SnapshotSink {
 public:
  // All of them outlive it.
  SegmentSnapshots(EventSource& source, LogWriter& writer, Auditor& auditor,
                   const KeepArgs& keep_args)
      : source_(source), writer_(writer), auditor_(auditor), keep_args_(keep_args) {}

  // The current segment has none.
  bool is_due() const { return writer_.segment_no() != segment_no_; }
  // What comes first in it is still appended.
  void Postpone() { segment_no_ = writer_.segment_no(); }

  // `before_drain`: counts of no fork that still waits in the source; unknown until it was drained.
  void Take(const std::optional<Audit>& before_drain);
  uint64_t taken_ns() const { return taken_ns_; }

  void NoteEvent() { ++events_; }
  // At least as many events as processes have come since: however small segments are asked for,
  // snapshots never make up most of the log.
  bool is_outweighed() const { return events_ >= processes_; }

 private:
  void OnProcess(const SnapProc& process) override;
  void NoteTaken(const Status& taken);

  EventSource& source_;
  LogWriter& writer_;
  Auditor& auditor_;
  const KeepArgs& keep_args_;
  uint64_t segment_no_ = 0;  // of the last one, or where it is postponed
  uint64_t taken_ns_ = 0;
  uint64_t processes_ = 0;
  uint64_t events_ = 0;
  bool is_failing_ = false;
};

}  // namespace daybook
