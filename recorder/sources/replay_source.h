// Events from a log that exists already: to test the recorder without a kernel, and to write a log
// again with other options.
#pragma once

#include <memory>
#include <string>

#include "daybook/result.h"
#include "sources/source.h"

namespace daybook {

class ReplaySource : public EventSource {
 public:
  // `path` is a segment or a folder of them. All must be of one boot: later ones are refused when
  // they are reached.
  static Result<std::unique_ptr<ReplaySource>> Open(const std::string& path);

  ReplaySource(const ReplaySource&) = delete;
  ReplaySource& operator=(const ReplaySource&) = delete;
  ~ReplaySource() override;

  // As the last segment that was reached has it.
  LogIdentity identity() const override;
  // The moment of the last event, by the clock anchors of the log.
  Clock ReadClock() const override;
  std::string_view name() const override;
  int wake_fd() const override;
  bool PrepareToSleep() override;
  Result<size_t> Drain(EventSink& sink) override;
  bool is_live() const override { return false; }
  bool exhausted() const override;
  Status Snapshot(SnapshotSink& sink) override;
  SourceCounters counters() const override;
  // Of the last recorder that was reached; empty where the log does not have its START any more.
  std::string abilities() const override;
  std::optional<uint64_t> ring_bytes() const override;

 private:
  class Impl;
  explicit ReplaySource(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace daybook
