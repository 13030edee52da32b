// Numbers that a user or a file wrote in decimal digits.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace daybook {

// What `text` is from its first byte to its last. nullopt where that is no number, or too large.
template <class Number>
std::optional<Number> WholeNumber(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

}  // namespace daybook
