// Facts about this host that identify its log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daybook/field.h"
#include "daybook/writer.h"

namespace daybook {

// Ids from the files below `root` ("/" but for tests), name and kernel from uname(2).
LogIdentity ThisHost(const std::string& root = "/");

// A UUID as text, with or without hyphens; zero where it is not one.
Id128 ParseId(std::string_view text);

// The kernel's count of forks and thread creations since boot: "processes" in /proc/stat.
std::optional<uint64_t> KernelForks(const std::string& root = "/");

// One more than the highest number that a CPU of this host can ever have: what is kept by number
// needs so many places. There may be fewer CPUs, where numbers are left out. nullopt where the
// kernel does not say.
std::optional<uint32_t> CpuNumbersEnd(const std::string& root = "/");

}  // namespace daybook
