// Numbers in the kernel's and the service manager's texts.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace daybook {

// Decimal, and all of `text` is the number.
template <class Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stop == end ? std::optional(number) : std::nullopt;
}

}  // namespace daybook
