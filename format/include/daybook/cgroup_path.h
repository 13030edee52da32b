// Paths of cgroups, as the log tells them: the root is "/", and no other one ends with a '/'.
#pragma once

#include <string_view>

namespace daybook {

// Whether it is that one or one below it. The root is above all that have a path.
constexpr bool IsInCgroup(std::string_view path, std::string_view top) {
  if (top == "/") return path.starts_with('/');
  return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

}  // namespace daybook
