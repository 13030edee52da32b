// Who lives: as the BPF program's task iterator shows it, held against /proc, and in which cgroups.
#pragma once

#include <cstdint>
#include <functional>

#include "bpf_source/bpf_source.h"
#include "daybook/records.h"
#include "daybook/result.h"
#include "proc/cgroup_paths.h"
#include "sources/source.h"

namespace daybook {

class BpfSnapshot {
 public:
  // Of the iterator `link_fd`, which stays open for as long. `options` may be read until the end.
  BpfSnapshot(const BpfSourceOptions& options, CgroupHierarchy hierarchy, int link_fd);

  // Whether the kernel still lets us use the iterator; without it, /proc alone must do.
  bool has_iterator() const;

  Status Take(SnapshotSink& sink);

  // Those that the last snapshot's processes are in, and those below the filter's.
  void TellCgroups(const std::function<void(const CgroupPath&)>& take) const;

 private:
  bool IsWanted(const SnapProc& process, uint64_t now_ns) const;

  const BpfSourceOptions& options_;
  int link_fd_;
  CgroupPaths cgroups_;
};

}  // namespace daybook
