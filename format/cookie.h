// Finds where records may begin, at memory speed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace daybook {

// The next place in [from, end) where a cookie stands whole; `end` where there is none.
size_t FindCookie(std::span<const uint8_t> bytes, size_t from, size_t end);

// The same of a cookie that this type follows, up to the end of `bytes`.
size_t FindCookieOfType(std::span<const uint8_t> bytes, size_t from, uint8_t type);

}  // namespace daybook
