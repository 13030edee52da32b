// What a cgroup's path tells of what runs in it, by the names that service managers and container
// engines give. Nothing is looked up: the names are those of the host that was recorded.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace daybook {

// "cron.service" of /system.slice/cron.service: the innermost one.
std::optional<std::string_view> ServiceOf(std::string_view cgroup);

// "3" of /user.slice/user-1000.slice/session-3.scope, as loginctl(1) names it.
std::optional<std::string_view> LoginSessionOf(std::string_view cgroup);

// The first 12 digits of a container's id, as docker ps shows it, or the name that a machine has.
std::optional<std::string_view> ContainerOf(std::string_view cgroup);

// As ContainerOf() has an id of which all digits are given; anything else as it is.
std::string_view ShortContainerId(std::string_view id);

// Of one whose path is not told.
bool IsCgroupId(std::string_view name);

// As the kernel has it, of a path with a '/' at its end or without the first one. An id stays one.
std::string CgroupPathFrom(std::string_view written);

}  // namespace daybook
