// Events from tracepoints in the kernel, through a BPF program.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "bpf_source/bpf_pins.h"
#include "daybook/result.h"
#include "daybook/writer.h"
#include "proc/cgroup_paths.h"
#include "sources/filter.h"
#include "sources/source.h"

namespace daybook {

enum class ArgsCapture { kNone, kFirst, kAll };

struct BpfSourceOptions {
  // A power of two of at least one page; DefaultRingBytes() where not given.
  std::optional<uint64_t> ring_bytes;
  ArgsCapture args = ArgsCapture::kAll;
  uint32_t args_limit = 1024;  // bytes that are kept; at most kMaxArgsLimit
  // Also tells of every reap, so that what a process used is known to the last.
  bool exact_usage = true;
  Filter filter;
  // What is pinned is for this log alone, as it is before it goes on.
  LogEnd log;
  // Types of events that another source tells beside this one; kTypeId, ...
  uint32_t beside_types = 0;
  // Living processes that the filter may judge anew; of more, everything is told.
  uint32_t max_judged = 65536;
  std::string proc_root = "/proc";
  // Where it is not given, the best that there is, and has the filter's cgroup.
  std::optional<CgroupHierarchy> cgroups;
  // Finds the last thread of a process as on kernels before 6.16, for tests.
  bool assume_no_group_dead = false;
};

inline constexpr uint32_t kMaxArgsLimit = 4096;

// Open() needs CAP_BPF and CAP_PERFMON; all else needs no privilege. Kernels on which bpf(2) is
// closed to the unprivileged altogether (5.18 and older, by kernel.unprivileged_bpf_disabled)
// refuse the task iterator after privileges were dropped: a Snapshot() is then from /proc alone,
// with start times to 10 ms.
class BpfSource : public EventSource {
 public:
  // Events are recorded from here on. Only one Error for whatever the kernel lacks or refuses.
  // With `pins` it takes over from the recorder that made them, and leaves them to the next one
  // unless it is stopped.
  static Result<std::unique_ptr<BpfSource>> Open(const BpfSourceOptions& options,
                                                 std::optional<BpfPins> pins = std::nullopt);

  BpfSource(const BpfSource&) = delete;
  BpfSource& operator=(const BpfSource&) = delete;
  ~BpfSource() override;

  std::string_view name() const override;
  // Readable from a wakeup to the next Drain(), also in a level-triggered epoll. While awake, it is
  // woken when the ring fills: once, until what was drained is committed.
  int wake_fd() const override;
  bool PrepareToSleep() override;
  Result<size_t> Drain(EventSink& sink) override;
  bool has_more() const override;
  void Commit(const Progress& progress) override;
  std::optional<uint64_t> recording_since_ns() const override;
  bool continues() const override;
  std::optional<uint64_t> run_id() const override;
  std::optional<uint64_t> uncommitted_seq() const override;
  // What is told beside it was, by the recorder before it, and was not since.
  bool lacks_what_was_between() const override;
  void Stop() override;
  void HandOver() override;
  bool exhausted() const override;
  Status Snapshot(SnapshotSink& sink) override;
  bool WantsResync() const override;
  void TellCgroups(const std::function<void(const CgroupPath&)>& take) override;
  SourceCounters counters() const override;
  bool tells_every_life() const override;
  std::string abilities() const override;
  std::string_view lacks_where_others_are_hidden() const override;
  std::optional<uint64_t> ring_bytes() const override;

  // Events that were not understood. Always 0, unless kernel and program disagree.
  uint64_t damaged_events() const;

  // Thread creations; a part of forks_seen.
  uint64_t threads_seen() const;

  // True where the kernel says which thread is a group's last (6.16).
  bool uses_group_dead() const;

 private:
  class Impl;
  explicit BpfSource(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace daybook
