#include "cookie.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "layout.h"

namespace daybook {
namespace {

template <size_t kLength>
using Pattern = std::array<uint8_t, kLength>;

#if defined(__SSE2__)
constexpr size_t kLanes = sizeof(__m128i);

// Of sixteen places, all bits of those where the pattern stands.
template <size_t kLength, size_t... kIndices>
__m128i Hits(const uint8_t* places, const Pattern<kLength>& pattern,
             std::index_sequence<kIndices...>) {
  __m128i hits = _mm_set1_epi8(-1);
  const auto compare = [&](const uint8_t* here, uint8_t byte) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(here));
    hits = _mm_and_si128(hits, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(static_cast<char>(byte))));
  };
  (compare(places + kIndices, pattern[kIndices]), ...);
  return hits;
}
#endif

// Sixteen places at once where the processor can, and four times as many where there is nothing;
// memmem(3) is ten times slower on two bytes.
template <size_t kLength>
size_t FindPattern(std::span<const uint8_t> bytes, size_t from, size_t end,
                   const Pattern<kLength>& pattern) {
  size_t at = from;
#if defined(__SSE2__)
  const auto hits_at = [&](size_t place) {
    return Hits(bytes.data() + place, pattern, std::make_index_sequence<kLength>());
  };
  for (; at + 4 * kLanes + kLength - 1 <= end; at += 4 * kLanes) {
    const __m128i first = _mm_or_si128(hits_at(at), hits_at(at + kLanes));
    const __m128i second = _mm_or_si128(hits_at(at + 2 * kLanes), hits_at(at + 3 * kLanes));
    if (_mm_movemask_epi8(_mm_or_si128(first, second)) != 0) break;
  }
  for (; at + kLanes + kLength - 1 <= end; at += kLanes) {
    const auto mask = static_cast<uint32_t>(_mm_movemask_epi8(hits_at(at)));
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
