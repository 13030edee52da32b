// Two views of the living processes into one: the kernel's iterator, exact but perhaps with
// processes missing, and /proc, complete but coarse.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "daybook/records.h"
#include "proc/proc_scan.h"
#include "sources/source.h"

namespace daybook {

// Passes the iterator's processes on and remembers who they were, those that it left out too.
class SeenProcesses : public SnapshotSink {
 public:
  explicit SeenProcesses(SnapshotSink& sink) : sink_(sink) {}

  void OnProcess(const SnapProc& process) override;
  void OnLeftOut(uint32_t pid) override { seen_.insert(pid); }

  bool Has(uint32_t pid) const { return seen_.contains(pid); }

  // Also of processes that only a child told of.
  std::optional<uint64_t> StartOf(uint32_t pid) const;

 private:
  SnapshotSink& sink_;
  std::unordered_set<uint32_t> seen_;
  std::unordered_map<uint32_t, uint64_t> starts_;
};

// Adds those of `pids` that the iterator has not shown. One that was born after `listed_ns` has
// taken over the number of one that ended meanwhile; its birth is an event. Nor are those added
// that are not wanted.
void AddHidden(std::span<const uint32_t> pids, uint64_t listed_ns, const ProcScanOptions& options,
               const SeenProcesses& seen, const std::function<bool(const SnapProc&)>& is_wanted,
               SnapshotSink& sink);

}  // namespace daybook
