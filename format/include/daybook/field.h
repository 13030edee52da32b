// How one field of a record is named, encoded and explained. records.h builds its tables of these.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

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

namespace internal {

template <size_t kIndex, class FieldType>
struct IndexedField {
  FieldType field;
};

template <class Indices, class... Fields>
struct IndexedFields;
template <size_t... kIndices, class... Fields>
struct IndexedFields<std::index_sequence<kIndices...>, Fields...>
    : IndexedField<kIndices, Fields>... {
  constexpr explicit IndexedFields(const Fields&... fields)
      : IndexedField<kIndices, Fields>{fields}... {}

  template <class Function>
  constexpr decltype(auto) Apply(Function&& function) const {
    return function(static_cast<const IndexedField<kIndices, Fields>&>(*this).field...);
  }
};

}  // namespace internal

// Fields, each of a type of its own: what std::tuple is, but without its constructors. Nearly every
// source has all the tables of records.h, and as tuples they took compilers half of their time.
template <class... Fields>
struct FieldTable : internal::IndexedFields<std::index_sequence_for<Fields...>, Fields...> {
  static constexpr size_t kSize = sizeof...(Fields);

  constexpr explicit FieldTable(const Fields&... fields)
      : internal::IndexedFields<std::index_sequence_for<Fields...>, Fields...>(fields...) {}
};

template <size_t kIndex, class FieldType>
constexpr const FieldType& FieldAt(const internal::IndexedField<kIndex, FieldType>& table) {
  return table.field;
}

// The table of one record type; specialised in records.h with
//   static constexpr uint8_t kType             on disk: never change, never reuse
//   static constexpr std::string_view kName
//   static constexpr std::string_view kText    one sentence for the manual
//   static constexpr FieldTable kFields        Field...; fields are only ever appended
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
