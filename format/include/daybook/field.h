// How one field of a record is named, encoded and explained. records.h builds its tables of these.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace daybook {

// A 128-bit identifier, in the byte order in which it is written and printed.
struct Id128 {
  std::array<uint8_t, 16> bytes{};
  auto operator<=>(const Id128&) const = default;
};

// How a field stands on disk. The numbers are in every log's SCHEMA records: never change one.
// uv is unsigned LEB128, sv is zigzag LEB128; only the shortest form is valid.
enum class Wire : uint8_t {
  kUint = 1,     // uv
  kInt = 2,      // sv
  kFixed32 = 3,  // 4 bytes, little-endian
  kFixed64 = 4,  // 8 bytes, little-endian
  kId = 5,       // 16 bytes
  kString = 6,   // uv length, then that many bytes
  kTime = 7,     // sv: ticks since the block's base time
  kTicks = 8,    // uv: ticks since boot
  kPid = 9,      // sv: difference to the block's base pid
};

// Set in a SCHEMA record beside the wire code of a field that may be unknown. Such a field is uv:
// 0 when unknown, else 1 + what the plain code would write as a number (for kString: its length).
inline constexpr uint8_t kOptionalBit = 0x40;

// What the number or the bytes mean. Also in SCHEMA records: never change one.
enum class Unit : uint8_t {
  kNone = 0,
  kNanoseconds = 1,
  kMicroseconds = 2,
  kSeconds = 3,
  kBytes = 4,
  kKibibytes = 5,
  kEnum = 6,         // one of the field's names
  kFlags = 7,        // a sum of the field's names
  kArguments = 8,    // strings, each ended by NUL, as in /proc/PID/cmdline
  kDevice = 9,       // major << 20 | minor
  kWaitStatus = 10,  // as wait(2) returns it
  kHex = 11,         // best read in hexadecimal
};

// A value's name, for kEnum (the value) and kFlags (the bit's value).
struct ValueName {
  uint64_t value;
  std::string_view name;
};

template <class Record, class MemberType>
struct Field {
  using Member = MemberType;

  std::string_view name;
  MemberType Record::*member;
  Wire wire;
  Unit unit;
  std::string_view text;  // one sentence for the manual
  std::span<const ValueName> names;

  // A constructor and not an aggregate: clang 14 deduces the template arguments only from one.
  constexpr Field(std::string_view field_name, MemberType Record::*pointer, Wire code, Unit meaning,
                  std::string_view sentence, std::span<const ValueName> value_names = {})
      : name(field_name),
        member(pointer),
        wire(code),
        unit(meaning),
        text(sentence),
        names(value_names) {}
};

// The table of one record type; specialised in records.h with
//   static constexpr uint8_t kType             on disk: never change, never reuse
//   static constexpr std::string_view kName
//   static constexpr std::string_view kText    one sentence for the manual
//   static constexpr std::tuple kFields        Field...; fields are only ever appended
template <class Record>
struct Schema;

template <class... Records>
struct TypeList {
  static constexpr size_t kSize = sizeof...(Records);
};

namespace internal {
template <class... First, class... Second>
TypeList<First..., Second...> Join(TypeList<First...>, TypeList<Second...>);
}  // namespace internal
template <class First, class Second>
using JoinedList = decltype(internal::Join(First{}, Second{}));

}  // namespace daybook
