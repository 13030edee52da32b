// What a recorder says of itself in its log: that it begins, that it ends, and that it goes on
// otherwise than it began.
#pragma once

#include <cstdint>
#include <string>

#include "daybook/records.h"
#include "recorder.h"
#include "sources/source.h"

namespace daybook {

// Of each record, the strings are valid until the next one is made.
class SelfRecords {
 public:
  // Both outlive this; what a reload changes of the options is told as it is by then.
  SelfRecords(const EventSource& source, const RecorderOptions& options)
      : source_(source), options_(options) {}

  Recorder Start(const Audit& counts) { return Describe(RecorderEvent::kStart, counts); }
  Recorder Stop(const Audit& counts) { return Describe(RecorderEvent::kStop, counts); }

  // As if another one had taken over, which counts on, since the source does.
  Recorder GoesOn(const Audit& counts);

  // The same at a moment whose counts nobody knows: a log that is recorded anew tells of it.
  Recorder GoesOnSince(uint64_t time_ns);

 private:
  Recorder Describe(RecorderEvent event, const Audit& counts);
  void CountOn();

  const EventSource& source_;
  const RecorderOptions& options_;
  std::string abilities_;
  std::string filter_;
};

}  // namespace daybook
