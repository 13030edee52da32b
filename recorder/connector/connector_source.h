// Events from the kernel's proc connector: no BPF and, since Linux 6.6, no privilege. It tells who
// is born, executes and ends, and changes of ids; names come from /proc, of who still lives then.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "daybook/result.h"
#include "proc/proc_scan.h"
#include "sources/source.h"

namespace daybook {

enum class ConnectorEvents {
  kAll,
  // Changes of ids and sessions, and ptrace: beside another source that tells the rest. They come
  // without start times, since the connector has none of who was born in silence.
  kIds,
};

struct ConnectorSourceOptions {
  ConnectorEvents events = ConnectorEvents::kAll;
  uint64_t buffer_bytes = uint64_t{8} << 20;  // the kernel takes it twice, for its own needs too
  ProcScanOptions proc = {.args_limit = 1024};
};

// Starts of processes that are born while it records are the times of their FORK, some microseconds
// after those that the kernel keeps, and 20 ms at most after what /proc tells; the flag
// kProcCoarseStart says so.
//
// With all events, each lost one is counted, by gaps in the kernel's numbers. With a part of them
// the numbers are of no use: it is known that some were lost, and when.
class ConnectorSource : public EventSource {
 public:
  // Events are recorded from here on. One Error that names the cause where the kernel refuses, or
  // does not answer.
  static Result<std::unique_ptr<ConnectorSource>> Open(const ConnectorSourceOptions& options);

  ConnectorSource(const ConnectorSource&) = delete;
  ConnectorSource& operator=(const ConnectorSource&) = delete;
  ~ConnectorSource() override;

  std::string_view name() const override;
  // Readable from the first event after PrepareToSleep() to the next Drain(); and while awake when
  // the buffer may be full before the next turn.
  int wake_fd() const override;
  int send_fd() const override;
  bool PrepareToSleep() override;
  Result<size_t> Drain(EventSink& sink) override;
  std::optional<uint64_t> recording_since_ns() const override;
  void Stop() override;
  bool exhausted() const override;
  Status Snapshot(SnapshotSink& sink) override;
  bool WantsResync() const override;
  // Of this moment: takes from the kernel what waits there, for the next Drain().
  SourceCounters counters() const override;
  std::string abilities() const override;
  std::string_view lacks_where_others_are_hidden() const override { return kLacksNamesToo; }
  std::optional<uint64_t> ring_bytes() const override;

 private:
  class Impl;
  explicit ConnectorSource(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace daybook
