// Integers and strings to and from bytes. Nothing here reads or writes past the given end.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

// For what is a few bytes of work and would cost twice as much if it were called. Tests are not
// optimised: there, one copy that is called is much less to compile.
#ifdef __OPTIMIZE__
#define DAYBOOK_ALWAYS_INLINE [[gnu::always_inline]] inline
#else
#define DAYBOOK_ALWAYS_INLINE inline
#endif

namespace daybook {

// Longest LEB128 form of 64 bits: 7 bits in each byte.
inline constexpr size_t kMaxVarintBytes = (64 + 7 - 1) / 7;

// The Put functions write at `out`, which must have room, and return the byte after the last one.

[[gnu::noinline]] inline uint8_t* PutLongVarint(uint8_t* out, uint64_t value) {
  while (value >= 0x80) {
    *out++ = static_cast<uint8_t>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<uint8_t>(value);
  return out;
}

// The room is for kMaxVarintBytes.
DAYBOOK_ALWAYS_INLINE uint8_t* PutVarint(uint8_t* out, uint64_t value) {
  if (value < 0x80) [[likely]] {
    *out = static_cast<uint8_t>(value);
    return out + 1;
  }
  // Those of two bytes are mostly ids, which are alike from record to record.
  if (value < 0x80 << 7) {
    out[0] = static_cast<uint8_t>(value | 0x80);
    out[1] = static_cast<uint8_t>(value >> 7);
    return out + 2;
  }
  return PutLongVarint(out, value);
}

template <class Integer>
uint8_t* PutFixed(uint8_t* out, Integer value) {
  for (size_t i = 0; i < sizeof(value); ++i) out[i] = static_cast<uint8_t>(value >> (8 * i));
  return out + sizeof(value);
}

inline uint8_t* PutBytes(uint8_t* out, const void* bytes, size_t size) {
  if (size != 0) std::memcpy(out, bytes, size);
  return out + size;
}

// Zigzag: small magnitudes of either sign become small numbers.
constexpr uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
constexpr int64_t UnZigZag(uint64_t value) {
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

// Reads forward through a span. The first Get that fails leaves the cursor failed for good: every
// later Get returns false and gives nothing.
class Cursor {
 public:
  explicit Cursor(std::span<const uint8_t> bytes)
      : position_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return !failed_; }
  bool empty() const { return position_ == end_; }
  size_t remaining() const { return static_cast<size_t>(end_ - position_); }
  const uint8_t* position() const { return position_; }

  // Only the shortest form is accepted, so that every value has one encoding.
  DAYBOOK_ALWAYS_INLINE bool GetVarint(uint64_t* value) {
    if (position_ != end_ && *position_ < 0x80) [[likely]] {
      *value = *position_++;
      return true;
    }
    // Those of two bytes are mostly ids, which are alike from record to record.
    if (remaining() >= 2 && position_[1] < 0x80 && position_[1] != 0) {
      *value = (position_[0] & 0x7Fu) | static_cast<uint64_t>(position_[1]) << 7;
      position_ += 2;
      return true;
    }
    const LongVarint found = ReadLongVarint(position_, end_);
    if (found.end == nullptr) return Fail();
    *value = found.value;
    position_ = found.end;
    return true;
  }

  template <class Integer>
  bool GetFixed(Integer* value) {
    if (failed_ || remaining() < sizeof(Integer)) return Fail();
    Integer result = 0;
    for (size_t i = 0; i < sizeof(Integer); ++i) {
      result = static_cast<Integer>(result | static_cast<Integer>(position_[i]) << (8 * i));
    }
    *value = result;
    position_ += sizeof(Integer);
    return true;
  }

  bool GetBytes(size_t size, std::string_view* bytes) {
    if (failed_ || remaining() < size) return Fail();
    *bytes = {reinterpret_cast<const char*>(position_), size};
    position_ += size;
    return true;
  }

 private:
  bool Fail() {
    position_ = end_;
    failed_ = true;
    return false;
  }

  // By value, so that a cursor's place stays in a register.
  struct LongVarint {
    uint64_t value = 0;
    const uint8_t* end = nullptr;  // null where none stands there
  };
  // How long one is, nobody can guess: where eight bytes may be read at once, it does not matter.
  [[gnu::noinline]] static LongVarint ReadLongVarint(const uint8_t* at, const uint8_t* end) {
    constexpr uint64_t kTopBits = 0x8080'8080'8080'8080;
    uint64_t word = 0;
    if (std::endian::native != std::endian::little || end - at < std::ptrdiff_t{sizeof(word)}) {
      return ReadVarintByBytes(at, end);
    }
    std::memcpy(&word, at, sizeof(word));
    const uint64_t stops = ~word & kTopBits;
    if (stops == 0) return ReadVarintByBytes(at, end);
    const int last_bit = std::countr_zero(stops);  // the top one of the last byte
    word &= stops ^ (stops - 1);
    if (word >> (last_bit - 7) == 0) return {};
    return {.value = JoinSevens(word & ~kTopBits), .end = at + last_bit / 8 + 1};
  }

  // Eight times 7 bits, each in a byte, as one number: by pairs, by fours, and both halves.
  static uint64_t JoinSevens(uint64_t word) {
    word -= (word >> 8 & 0x007F'007F'007F'007F) * (0x100 - 0x80);
    word -= (word >> 16 & 0x0000'3FFF'0000'3FFF) * (0x1'0000 - 0x4000);
    return word - (word >> 32) * (0x1'0000'0000 - 0x1000'0000);
  }

  [[gnu::noinline]] static LongVarint ReadVarintByBytes(const uint8_t* at, const uint8_t* end) {
    uint64_t result = 0;
    for (size_t i = 0; i < kMaxVarintBytes && at != end; ++i) {
      const uint8_t byte = *at++;
      const bool overflows = i == kMaxVarintBytes - 1 && byte > 1;
      const bool padded = i != 0 && byte == 0;
      if (overflows || padded) return {};
      result |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
      if (byte < 0x80) return {.value = result, .end = at};
    }
    return {};
  }

  const uint8_t* position_;
  const uint8_t* end_;
  bool failed_ = false;
};

}  // namespace daybook
