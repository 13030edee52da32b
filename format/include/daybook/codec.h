// Records to and from payload bytes, folded over the tables in records.h.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "daybook/coding.h"
#include "daybook/records.h"

namespace daybook {

// What the numbers of a block are relative to; every block's checkpoint holds it.
struct BlockBase {
  uint64_t time_ticks = 0;
  uint32_t pid = 0;
  uint32_t tick_ns = 1000;
  bool operator==(const BlockBase&) const = default;
};

namespace internal {

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

// The member's type without std::optional.
template <class T>
struct Plain {
  using type = T;
};
template <class T>
struct Plain<std::optional<T>> {
  using type = T;
};
template <class T>
using PlainType = typename Plain<T>::type;

// The difference of two unsigned numbers as a signed one; wraps instead of overflowing.
constexpr int64_t Difference(uint64_t value, uint64_t base) {
  return static_cast<int64_t>(value - base);
}

// Ticks of our writer are microseconds: to divide by what is known takes a tenth of the time.
constexpr uint64_t ToTicks(uint64_t ns, uint32_t tick_ns) {
  constexpr uint32_t kUsual = BlockBase().tick_ns;
  return tick_ns == kUsual ? ns / kUsual : ns / tick_ns;
}

// The number that a member is on disk, for all wire codes that are varints.
template <class T>
DAYBOOK_ALWAYS_INLINE uint64_t ToNumber(Wire wire, const T& value, const BlockBase& base) {
  if constexpr (std::is_enum_v<T>) {
    return static_cast<uint64_t>(value);
  } else if constexpr (std::signed_integral<T>) {
    return ZigZag(value);
  } else {
    switch (wire) {
      case Wire::kTime:
        return ZigZag(Difference(ToTicks(value, base.tick_ns), base.time_ticks));
      case Wire::kTicks:
        return ToTicks(value, base.tick_ns);
      case Wire::kPid:
        return ZigZag(Difference(value, base.pid));
      default:
        return value;
    }
  }
}

// The reverse. False where the number does not fit the member: no writer of ours made it.
template <class T>
DAYBOOK_ALWAYS_INLINE bool FromNumber(Wire wire, uint64_t number, const BlockBase& base, T* value) {
  if constexpr (std::is_enum_v<T>) {
    *value = static_cast<T>(number);
    return number == static_cast<uint64_t>(*value);
  } else if constexpr (std::signed_integral<T>) {
    const int64_t signed_number = UnZigZag(number);
    *value = static_cast<T>(signed_number);
    return *value == signed_number;
  } else {
    if (wire == Wire::kTime) {
      number = (base.time_ticks + static_cast<uint64_t>(UnZigZag(number))) * base.tick_ns;
    } else if (wire == Wire::kTicks) {
      number *= base.tick_ns;
    } else if (wire == Wire::kPid) {
      number = base.pid + static_cast<uint64_t>(UnZigZag(number));
    }
    *value = static_cast<T>(number);
    return *value == number;
  }
}

// Unknown is 0, so a known number is written plus one; the largest one is written as the one below.
constexpr uint64_t PlusOne(uint64_t number) { return number == UINT64_MAX ? number : number + 1; }

template <Wire kWire, class T>
DAYBOOK_ALWAYS_INLINE uint8_t* PutField(const T& value, const BlockBase& base, uint8_t* out) {
  if constexpr (std::is_same_v<T, Id128>) {
    return PutBytes(out, value.bytes.data(), value.bytes.size());
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    return PutBytes(PutVarint(out, value.size()), value.data(), value.size());
  } else if constexpr (std::is_same_v<T, std::optional<std::string_view>>) {
    if (!value) return PutVarint(out, 0);
    return PutBytes(PutVarint(out, value->size() + 1), value->data(), value->size());
  } else if constexpr (kIsOptional<T>) {
    return PutVarint(out, value ? PlusOne(ToNumber(kWire, *value, base)) : 0);
  } else if constexpr (kWire == Wire::kFixed32) {
    return PutFixed(out, static_cast<uint32_t>(value));
  } else if constexpr (kWire == Wire::kFixed64) {
    return PutFixed(out, static_cast<uint64_t>(value));
  } else {
    return PutVarint(out, ToNumber(kWire, value, base));
  }
}

// All of a field is inlined into the decoder of its record: fields are a few bytes, and called one
// by one they would cost twice as much.
template <Wire kWire, class T>
DAYBOOK_ALWAYS_INLINE bool GetField(Cursor& cursor, const BlockBase& base, T* value) {
  if constexpr (std::is_same_v<T, Id128>) {
    std::string_view bytes;
    if (!cursor.GetBytes(value->bytes.size(), &bytes)) return false;
    std::memcpy(value->bytes.data(), bytes.data(), bytes.size());
    return true;
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    uint64_t size = 0;
    return cursor.GetVarint(&size) && cursor.GetBytes(size, value);
  } else if constexpr (std::is_same_v<T, std::optional<std::string_view>>) {
    uint64_t size = 0;
    if (!cursor.GetVarint(&size)) return false;
    if (size == 0) return value->reset(), true;
    return cursor.GetBytes(size - 1, &value->emplace());
  } else if constexpr (kIsOptional<T>) {
    uint64_t number = 0;
    if (!cursor.GetVarint(&number)) return false;
    if (number == 0) return value->reset(), true;
    return FromNumber(kWire, number - 1, base, &value->emplace());
  } else if constexpr (kWire == Wire::kFixed32 || kWire == Wire::kFixed64) {
    std::conditional_t<kWire == Wire::kFixed32, uint32_t, uint64_t> number = 0;
    if (!cursor.GetFixed(&number)) return false;
    *value = static_cast<T>(number);
    return true;
  } else {
    uint64_t number = 0;
    return cursor.GetVarint(&number) && FromNumber(kWire, number, base, value);
  }
}

// What a record is made with may be a value that nobody wrote.
template <class T>
bool Clear(T* value) {
  *value = T{};
  return true;
}

// Room that a member takes at most, strings' own bytes not counted.
template <class T>
constexpr size_t MaxFixedBytes() {
  return std::is_same_v<T, Id128> ? sizeof(Id128) : kMaxVarintBytes;
}

inline size_t StringBytes(std::string_view text) { return text.size(); }
inline size_t StringBytes(const std::optional<std::string_view>& text) {
  return text ? text->size() : 0;
}
template <class T>
size_t StringBytes(const T&) {
  return 0;
}

template <class Record, class Function>
constexpr void ForEachField(Function&& function) {
  Schema<Record>::kFields.Apply([&](const auto&... field) { (function(field), ...); });
}

// The record's table in a way that its members and wire codes are constants.
template <class Record>
inline constexpr size_t kFieldCount = Schema<Record>::kFields.kSize;
template <class Record, size_t kIndex>
inline constexpr Wire kWireOf = FieldAt<kIndex>(Schema<Record>::kFields).wire;
template <class Record, size_t kIndex>
inline constexpr auto kMemberOf = FieldAt<kIndex>(Schema<Record>::kFields).member;

// So many fields of every record of that type are written; the others only up to the last one that
// is not a single 0.
template <class Record>
constexpr size_t LeastFields() {
  if constexpr (requires { Schema<Record>::kLeastFields; }) return Schema<Record>::kLeastFields;
  return kFieldCount<Record>;
}

// Whether PutField writes a single 0.
template <Wire kWire, class T>
DAYBOOK_ALWAYS_INLINE bool IsZero(const T& value, const BlockBase& base) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return value.empty();
  } else if constexpr (kIsOptional<T>) {
    return !value;
  } else if constexpr (std::is_same_v<T, Id128> || kWire == Wire::kFixed32 ||
                       kWire == Wire::kFixed64) {
    return false;
  } else {
    return ToNumber(kWire, value, base) == 0;
  }
}

// How many fields are to be written; looked for from the last one on.
template <class Record, size_t... kFromLast>
DAYBOOK_ALWAYS_INLINE size_t FieldsToWrite(const Record& record, const BlockBase& base,
                                           std::index_sequence<kFromLast...>) {
  constexpr size_t kLast = kFieldCount<Record> - 1;
  size_t count = kFieldCount<Record>;
  [[maybe_unused]] const auto leave_out =
      [&]<size_t kIndex>(std::integral_constant<size_t, kIndex>) {
        if (!IsZero<kWireOf<Record, kIndex>>(record.*kMemberOf<Record, kIndex>, base)) return false;
        --count;
        return true;
      };
  (void)(leave_out(std::integral_constant<size_t, kLast - kFromLast>()) && ...);
  return count;
}

template <class Record, size_t... kIndices>
uint8_t* EncodeFields(const Record& record, const BlockBase& base, uint8_t* out,
                      std::index_sequence<kIndices...>) {
  constexpr size_t kLeast = LeastFields<Record>();
  constexpr auto kOptional = std::make_index_sequence<kFieldCount<Record> - kLeast>();
  const size_t count = FieldsToWrite(record, base, kOptional);
  const auto put = [&]<size_t kIndex>(std::integral_constant<size_t, kIndex>) {
    if (kIndex >= kLeast && kIndex == count) return false;
    out = PutField<kWireOf<Record, kIndex>>(record.*kMemberOf<Record, kIndex>, base, out);
    return true;
  };
  (void)(put(std::integral_constant<size_t, kIndices>()) && ...);
  return out;
}

template <class Record, size_t kIndex>
DAYBOOK_ALWAYS_INLINE bool DecodeField(Cursor& cursor, const BlockBase& base, Record* record) {
  auto* const value = &(record->*kMemberOf<Record, kIndex>);
  if (cursor.empty()) return Clear(value);
  return GetField<kWireOf<Record, kIndex>>(cursor, base, value);
}

template <class Record, size_t... kIndices>
DAYBOOK_ALWAYS_INLINE bool DecodeFields(Cursor& cursor, const BlockBase& base, Record* record,
                                        std::index_sequence<kIndices...>) {
  return (DecodeField<Record, kIndices>(cursor, base, record) && ...);
}

}  // namespace internal

// Bytes that Encode may write for `record`.
template <class Record>
size_t MaxEncodedBytes(const Record& record) {
  return Schema<Record>::kFields.Apply([&](const auto&... field) {
    return ((internal::MaxFixedBytes<typename std::remove_cvref_t<decltype(field)>::Member>() +
             internal::StringBytes(record.*field.member)) +
            ...);
  });
}

// Writes the payload of `record` at `out`, which must have MaxEncodedBytes(record) bytes of room;
// returns the byte after the last one.
template <class Record>
uint8_t* Encode(const Record& record, const BlockBase& base, uint8_t* out) {
  return internal::EncodeFields(record, base, out,
                                std::make_index_sequence<internal::kFieldCount<Record>>());
}

// Reads a payload. Fields that an older writer did not know are unknown, or 0; bytes of a newer one
// are ignored. Strings point into `payload`. True: every member has been set. False where the
// payload is malformed: what the record holds is unspecified.
template <class Record>
[[nodiscard]] bool Decode(std::span<const uint8_t> payload, const BlockBase& base, Record* record) {
  Cursor cursor(payload);
  return internal::DecodeFields(cursor, base, record,
                                std::make_index_sequence<internal::kFieldCount<Record>>());
}

}  // namespace daybook
