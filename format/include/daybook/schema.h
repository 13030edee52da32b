// Record types described at run time: what SCHEMA records hold, so that a log explains itself even
// to a reader that is older than the writer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daybook/codec.h"
#include "daybook/records.h"

namespace daybook {

struct FieldInfo {
  std::string name;
  Wire wire = Wire::kUint;
  bool optional = false;
  Unit unit = Unit::kNone;
  std::vector<std::pair<uint64_t, std::string>> names;  // of enum values or flag bits
  bool operator==(const FieldInfo&) const = default;
};

// False for a code of a newer writer: neither such a field nor what follows it can be decoded.
bool IsKnownCode(const FieldInfo& field);

struct TypeInfo {
  uint8_t type = 0;
  std::string name;
  uint32_t min_bytes = 0;
  uint32_t max_bytes = 0;
  std::vector<FieldInfo> fields;
  bool operator==(const TypeInfo&) const = default;
};

// The types of records.h, in the order of AllRecords.
const std::vector<TypeInfo>& BuiltinTypes();

// Those that every segment describes, and those that one of roll-ups does besides.
const std::vector<TypeInfo>& LogTypes();
const std::vector<TypeInfo>& RollupTypes();

// Payload bytes of the SCHEMA record that describes `type`.
std::vector<uint8_t> EncodeSchema(const TypeInfo& type);

// The reverse; nullopt where the payload is malformed.
std::optional<TypeInfo> DecodeSchema(const SchemaRecord& record);

// One field's value, as decoded by a TypeInfo. Unknown is std::monostate.
using FieldValue = std::variant<std::monostate, uint64_t, int64_t, std::string_view, Id128>;

// The values of the fields, as many as the payload has; strings point into `payload`. What follows
// the last known field, or cannot be decoded, is left in `rest`.
struct DecodedFields {
  std::vector<FieldValue> values;
  std::span<const uint8_t> rest;
};
DecodedFields DecodeFields(const TypeInfo& type, std::span<const uint8_t> payload,
                           const BlockBase& base);

// The types known while reading a log: those of its SCHEMA records, else the built-in ones.
class TypeRegistry {
 public:
  TypeRegistry();

  // Takes over what a SCHEMA record says. Malformed ones are ignored.
  void Learn(const SchemaRecord& record);

  // nullptr where nobody has described the type. Valid until the next Learn.
  const TypeInfo* Find(uint8_t type) const;

 private:
  std::vector<std::optional<TypeInfo>> types_;  // by type number
};

}  // namespace daybook
