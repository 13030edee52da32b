// Cgroups by their paths: which hierarchy is recorded, which id the kernel knows one by, and what
// the ids stand for.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daybook/records.h"
#include "daybook/result.h"

namespace daybook {

// On hosts that have version 1 beside version 2, each of its hierarchies has cgroups of its own.
// One is recorded, from the recorder's start to its end.
struct CgroupHierarchy {
  std::string folder;      // where it is mounted; empty: nowhere
  std::string controller;  // of version 1: what it was chosen by; empty for version 2
  uint32_t number = 0;     // the kernel's, 0 for version 2

  // Ids of one hierarchy never are those of another one in a log: the number is in the upper bits.
  static constexpr int kNumberShift = 44;
  uint64_t ToLogId(uint64_t id) const { return id | uint64_t{number} << kNumberShift; }
};

// Those that can be recorded, the best one first: version 2, then that of pids, then that of
// memory, but hierarchies in which there are no cgroups but the root come last.
std::vector<CgroupHierarchy> FindCgroupHierarchies(const std::string& proc_root = "/proc");

struct FoundCgroup {
  CgroupHierarchy hierarchy;
  uint64_t id = 0;  // the kernel's
};

// The cgroup with that path, of which "/" is the root, in the first hierarchy that has one.
Result<FoundCgroup> FindCgroup(const std::string& path,
                               const std::vector<CgroupHierarchy>& hierarchies);

// The path of a process' cgroup, as /proc has it. Nothing where it has vanished.
std::optional<std::string> ReadCgroupOf(const std::string& proc_root, uint32_t pid,
                                        const CgroupHierarchy& hierarchy);

// Tells what the ids of cgroups stand for that are there already.
class CgroupPaths {
 public:
  // What a snapshot may take of the time in which events wait, and of the log.
  struct Limits {
    size_t cgroups = 10'000;
    uint64_t time_ns = 50'000'000;
  };

  // Those below `top` are told, and those in which processes live.
  CgroupPaths(CgroupHierarchy hierarchy, std::string top, std::string proc_root, Limits limits)
      : hierarchy_(std::move(hierarchy)),
        top_(std::move(top)),
        proc_root_(std::move(proc_root)),
        limits_(limits) {}

  const CgroupHierarchy& hierarchy() const { return hierarchy_; }

  // A process of the snapshot, and that another one begins.
  void Note(const SnapProc& process) {
    if (process.cgroup_id) members_.try_emplace(*process.cgroup_id, process.pid);
  }
  void BeginSnapshot() { members_.clear(); }

  // Each once: first those in which processes live, then all others from the top down, until a
  // limit is reached.
  void Tell(uint64_t now_ns, const std::function<void(const CgroupPath&)>& take) const;

 private:
  CgroupHierarchy hierarchy_;
  std::string top_;
  std::string proc_root_;
  Limits limits_;
  std::unordered_map<uint64_t, uint32_t> members_;  // one for each id in the log
};

}  // namespace daybook
