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

}  // namespace daybook
