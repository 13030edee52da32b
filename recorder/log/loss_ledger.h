// What the source has lost, and how much of that the log tells of.
#pragma once

#include <cstdint>
#include <optional>

#include "daybook/writer.h"
#include "log/written_events.h"
#include "sources/source.h"

namespace daybook {

class LossLedger {
 public:
  LossLedger(EventSource& source, LogWriter& writer) : source_(source), writer_(writer) {}

  // At a takeover: the log tells of these already.
  void Inherit(const WrittenEvents& written);

  // Appends what was lost since the last time, or since this moment where nothing was.
  void Append(uint64_t since_ns);

  // What was appended is in the log.
  void NoteWritten() { written_ = told_; }
  const SourceCounters& written() const { return written_; }

  // Events that the recorders before could not write, and that the log does not tell of.
  uint64_t inherited_unwritten() const;

 private:
  void AppendOne(const LostCounts& lost, std::optional<uint32_t> cpu, uint64_t since_ns,
                 uint64_t now_ns);

  EventSource& source_;
  LogWriter& writer_;
  SourceCounters told_;     // losses up to here are appended
  SourceCounters written_;  // and up to here known to be written
};

}  // namespace daybook
