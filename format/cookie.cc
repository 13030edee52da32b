#include "cookie.h"

#include <algorithm>
#include <array>
#include <bit>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "layout.h"

namespace daybook {
namespace {

template <size_t kLength>
using Pattern = std::array<uint8_t, kLength>;

// Sixteen places at once where the processor can; memmem(3) is ten times slower on two bytes.
template <size_t kLength>
size_t FindPattern(std::span<const uint8_t> bytes, size_t from, size_t end,
                   const Pattern<kLength>& pattern) {
  size_t at = from;
#if defined(__SSE2__)
  constexpr size_t kLanes = sizeof(__m128i);
  __m128i wanted[kLength];
  for (size_t i = 0; i < kLength; ++i) wanted[i] = _mm_set1_epi8(static_cast<char>(pattern[i]));
  for (; at + kLanes + kLength - 1 <= end; at += kLanes) {
    __m128i hits = _mm_set1_epi8(-1);
    for (size_t i = 0; i < kLength; ++i) {
      const auto* const here = reinterpret_cast<const __m128i*>(bytes.data() + at + i);
      hits = _mm_and_si128(hits, _mm_cmpeq_epi8(_mm_loadu_si128(here), wanted[i]));
    }
    const auto mask = static_cast<uint32_t>(_mm_movemask_epi8(hits));
    if (mask != 0) return at + static_cast<size_t>(std::countr_zero(mask));
  }
#endif
  for (; at + kLength <= end; ++at) {
    if (std::equal(pattern.begin(), pattern.end(), bytes.data() + at)) return at;
  }
  return end;
}

}  // namespace

size_t FindCookie(std::span<const uint8_t> bytes, size_t from, size_t end) {
  return FindPattern<2>(bytes, from, end, {kCookie[0], kCookie[1]});
}

size_t FindCookieOfType(std::span<const uint8_t> bytes, size_t from, uint8_t type) {
  return FindPattern<3>(bytes, from, bytes.size(), {kCookie[0], kCookie[1], type});
}

}  // namespace daybook
