#include "columns/cgroup_names.h"

#include <algorithm>

namespace daybook {
namespace {

constexpr std::string_view kScope = ".scope";
constexpr size_t kContainerIdDigits = 64;
constexpr size_t kShortIdDigits = 12;

// Calls function(component) from the innermost one outwards, until it returns true.
template <class Function>
void FromTheInnermost(std::string_view path, Function function) {
  for (;;) {
    const size_t slash = path.rfind('/');
    const std::string_view component =
        slash == std::string_view::npos ? path : path.substr(slash + 1);
    if (function(component) || slash == std::string_view::npos) return;
    path = path.substr(0, slash);
  }
}

bool IsContainerId(std::string_view text) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == kContainerIdDigits && std::ranges::all_of(text, is_digit);
}

// Between a prefix and a suffix, if there is anything.
std::optional<std::string_view> Between(std::string_view text, std::string_view prefix,
                                        std::string_view suffix) {
  if (text.size() <= prefix.size() + suffix.size()) return std::nullopt;
  if (!text.starts_with(prefix) || !text.ends_with(suffix)) return std::nullopt;
  return text.substr(prefix.size(), text.size() - prefix.size() - suffix.size());
}

// "docker-ID.scope", "cri-containerd:ID", "ID", "machine-NAME.scope", "lxc.payload.NAME"
std::optional<std::string_view> ContainerOfComponent(std::string_view component) {
  if (const auto name = Between(component, "machine-", kScope)) return name;
  if (const auto name = Between(component, "lxc.payload.", "")) return name;
  std::string_view id = component;
  if (id.ends_with(kScope)) id.remove_suffix(kScope.size());
  id = id.substr(id.find_last_of("-:") + 1);
  if (!IsContainerId(id)) return std::nullopt;
  return ShortContainerId(id);
}

}  // namespace

std::optional<std::string_view> ServiceOf(std::string_view cgroup) {
  std::optional<std::string_view> service;
  FromTheInnermost(cgroup, [&](std::string_view component) {
    if (Between(component, "", ".service")) service = component;
    return service.has_value();
  });
  return service;
}

std::optional<std::string_view> LoginSessionOf(std::string_view cgroup) {
  std::optional<std::string_view> session;
  FromTheInnermost(cgroup, [&](std::string_view component) {
    session = Between(component, "session-", kScope);
    return session.has_value();
  });
  return session;
}

std::optional<std::string_view> ContainerOf(std::string_view cgroup) {
  std::optional<std::string_view> container;
  FromTheInnermost(cgroup, [&](std::string_view component) {
    container = ContainerOfComponent(component);
    return container.has_value();
  });
  return container;
}

std::string_view ShortContainerId(std::string_view id) {
  return IsContainerId(id) ? id.substr(0, kShortIdDigits) : id;
}

bool IsCgroupId(std::string_view name) {
  return name.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string CgroupPathFrom(std::string_view written) {
  std::string path(written);
  if (IsCgroupId(written)) return path;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (!path.starts_with('/')) path.insert(0, "/");
  return path;
}

}  // namespace daybook
