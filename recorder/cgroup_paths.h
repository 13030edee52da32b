// Cgroups by their paths: which hierarchy there is, and which id the kernel knows one by.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daybook/result.h"

namespace daybook {

struct CgroupMount {
  std::string folder;
  bool is_v2 = false;
};

// The mounts of whole hierarchies in the text of /proc/PID/mountinfo.
std::vector<CgroupMount> ParseCgroupMounts(std::string_view mountinfo);

// The id of the cgroup with that path in the v2 hierarchy, of which the root is "/".
Result<uint64_t> FindCgroup(const std::string& path, const std::string& proc_root = "/proc");

// The path of a process' cgroup in the v2 hierarchy, as /proc has it. Nothing where it has
// vanished.
std::optional<std::string> ReadCgroupOf(const std::string& proc_root, uint32_t pid);

// Whether it is that cgroup or one below it.
bool IsInCgroup(std::string_view path, std::string_view top);

}  // namespace daybook
