#include "daybook/schema.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "layout.h"

namespace daybook {
namespace {

template <class F>
FieldInfo DescribeField(const F& field) {
  FieldInfo info{.name = std::string(field.name),
                 .wire = field.wire,
                 .optional = internal::kIsOptional<typename F::Member>,
                 .unit = field.unit,
                 .names = {}};
  for (const ValueName& name : field.names) info.names.emplace_back(name.value, name.name);
  return info;
}

// The fewest bytes that a field takes: empty strings, small numbers.
size_t MinBytes(const FieldInfo& field) {
  if (field.optional) return 1;
  switch (field.wire) {
    case Wire::kFixed32:
      return sizeof(uint32_t);
    case Wire::kFixed64:
      return sizeof(uint64_t);
    case Wire::kId:
      return sizeof(Id128);
    default:
      return 1;
  }
}

size_t MaxBytes(const FieldInfo& field) {
  if (field.wire == Wire::kString) return kMaxPayloadBytes;
  return std::max(MinBytes(field), kMaxVarintBytes);
}

template <class Record>
TypeInfo DescribeType() {
  TypeInfo type{.type = Schema<Record>::kType,
                .name = std::string(Schema<Record>::kName),
                .min_bytes = 0,
                .max_bytes = 0,
                .fields = {}};
  internal::ForEachField<Record>(
      [&](const auto& field) { type.fields.push_back(DescribeField(field)); });
  size_t max_bytes = 0;
  for (size_t i = 0; i < type.fields.size(); ++i) {
    const bool is_always_there = i < internal::LeastFields<Record>();
    if (is_always_there) type.min_bytes += static_cast<uint32_t>(MinBytes(type.fields[i]));
    max_bytes += MaxBytes(type.fields[i]);
  }
  // Behind the field of a CONT stand bytes of the record before it.
  if (type.type == Schema<Continuation>::kType) max_bytes = kMaxPayloadBytes;
  type.max_bytes = static_cast<uint32_t>(std::min(max_bytes, kMaxPayloadBytes));
  return type;
}

template <class... Records>
std::vector<TypeInfo> DescribeAll(TypeList<Records...>) {
  return {DescribeType<Records>()...};
}

void AppendVarint(std::string* out, uint64_t number) {
  std::array<uint8_t, kMaxVarintBytes> bytes;
  const uint8_t* const end = PutVarint(bytes.data(), number);
  out->append(reinterpret_cast<const char*>(bytes.data()), static_cast<size_t>(end - bytes.data()));
}

void AppendString(std::string* out, std::string_view text) {
  AppendVarint(out, text.size());
  out->append(text);
}

bool GetString(Cursor& cursor, std::string* text) {
  uint64_t size = 0;
  std::string_view bytes;
  if (!cursor.GetVarint(&size) || !cursor.GetBytes(size, &bytes)) return false;
  text->assign(bytes);
  return true;
}

bool GetFieldInfo(Cursor& cursor, FieldInfo* field) {
  uint64_t wire = 0;
  uint64_t unit = 0;
  uint64_t name_count = 0;
  if (!cursor.GetVarint(&wire) || !cursor.GetVarint(&unit) || !GetString(cursor, &field->name) ||
      !cursor.GetVarint(&name_count)) {
    return false;
  }
  if (wire > 0xFF || unit > 0xFF) return false;
  field->wire = static_cast<Wire>(wire & ~uint64_t{kOptionalBit});
  field->optional = (wire & kOptionalBit) != 0;
  field->unit = static_cast<Unit>(unit);
  for (uint64_t i = 0; i < name_count; ++i) {
    auto& [value, name] = field->names.emplace_back();
    if (!cursor.GetVarint(&value) || !GetString(cursor, &name)) return false;
  }
  return true;
}

// The meaning of a number by its wire code. False where it is no pid.
bool GetNumberValue(Wire wire, uint64_t number, const BlockBase& base, FieldValue* value) {
  if (wire == Wire::kInt) return *value = UnZigZag(number), true;
  uint64_t meaning = 0;
  (void)internal::FromNumber(wire, number, base, &meaning);
  *value = meaning;
  return wire != Wire::kPid || meaning <= UINT32_MAX;
}

bool GetText(Cursor& cursor, uint64_t size, FieldValue* value) {
  std::string_view text;
  if (!cursor.GetBytes(size, &text)) return false;
  *value = text;
  return true;
}

bool GetId(Cursor& cursor, FieldValue* value) {
  Id128 id;
  std::string_view bytes;
  if (!cursor.GetBytes(id.bytes.size(), &bytes)) return false;
  std::memcpy(id.bytes.data(), bytes.data(), bytes.size());
  *value = id;
  return true;
}

template <class Integer>
bool GetFixedValue(Cursor& cursor, FieldValue* value) {
  Integer number = 0;
  if (!cursor.GetFixed(&number)) return false;
  *value = static_cast<uint64_t>(number);
  return true;
}

bool GetValue(const FieldInfo& field, Cursor& cursor, const BlockBase& base, FieldValue* value) {
  if (field.wire == Wire::kFixed32) return GetFixedValue<uint32_t>(cursor, value);
  if (field.wire == Wire::kFixed64) return GetFixedValue<uint64_t>(cursor, value);
  if (field.wire == Wire::kId) return GetId(cursor, value);
  uint64_t number = 0;
  if (!cursor.GetVarint(&number)) return false;
  if (field.optional && number-- == 0) return *value = std::monostate{}, true;
  if (field.wire == Wire::kString) return GetText(cursor, number, value);
  return GetNumberValue(field.wire, number, base, value);
}

}  // namespace

bool IsKnownCode(const FieldInfo& field) {
  switch (field.wire) {
    case Wire::kFixed32:
    case Wire::kFixed64:
    case Wire::kId:
      return !field.optional;
    case Wire::kUint:
    case Wire::kInt:
    case Wire::kString:
    case Wire::kTime:
    case Wire::kTicks:
    case Wire::kPid:
      return true;
  }
  return false;
}

const std::vector<TypeInfo>& BuiltinTypes() {
  static const std::vector<TypeInfo> types = DescribeAll(AllRecords{});
  return types;
}

const std::vector<TypeInfo>& LogTypes() {
  static const std::vector<TypeInfo> types = DescribeAll(LogRecords{});
  return types;
}

const std::vector<TypeInfo>& RollupTypes() {
  static const std::vector<TypeInfo> types = DescribeAll(RollupRecords{});
  return types;
}

std::vector<uint8_t> EncodeSchema(const TypeInfo& type) {
  std::string fields;
  for (const FieldInfo& field : type.fields) {
    AppendVarint(&fields, static_cast<uint64_t>(field.wire) | (field.optional ? kOptionalBit : 0));
    AppendVarint(&fields, static_cast<uint64_t>(field.unit));
    AppendString(&fields, field.name);
    AppendVarint(&fields, field.names.size());
    for (const auto& [value, name] : field.names) {
      AppendVarint(&fields, value);
      AppendString(&fields, name);
    }
  }
  const SchemaRecord record{.type = type.type,
                            .min_bytes = type.min_bytes,
                            .max_bytes = type.max_bytes,
                            .name = type.name,
                            .fields = fields};
  std::vector<uint8_t> payload(MaxEncodedBytes(record));
  const uint8_t* const end = Encode(record, BlockBase{}, payload.data());
  payload.resize(static_cast<size_t>(end - payload.data()));
  return payload;
}

std::optional<TypeInfo> DecodeSchema(const SchemaRecord& record) {
  if (record.type > 0xFF || !IsValidType(static_cast<uint8_t>(record.type))) return std::nullopt;
  TypeInfo type{.type = static_cast<uint8_t>(record.type),
                .name = std::string(record.name),
                .min_bytes = record.min_bytes,
                .max_bytes = record.max_bytes,
                .fields = {}};
  Cursor cursor({reinterpret_cast<const uint8_t*>(record.fields.data()), record.fields.size()});
  while (!cursor.empty()) {
    if (!GetFieldInfo(cursor, &type.fields.emplace_back())) return std::nullopt;
  }
  return type;
}

DecodedFields DecodeFields(const TypeInfo& type, std::span<const uint8_t> payload,
                           const BlockBase& base) {
  DecodedFields decoded;
  Cursor cursor(payload);
  decoded.rest = payload;
  for (const FieldInfo& field : type.fields) {
    FieldValue value;
    if (cursor.empty() || !IsKnownCode(field) || !GetValue(field, cursor, base, &value)) break;
    decoded.values.push_back(value);
    decoded.rest = payload.last(cursor.remaining());
  }
  return decoded;
}

TypeRegistry::TypeRegistry() : types_(256) {
  for (const TypeInfo& type : BuiltinTypes()) types_[type.type] = type;
}

void TypeRegistry::Learn(const SchemaRecord& record) {
  if (auto type = DecodeSchema(record)) types_[type->type] = std::move(*type);
}

const TypeInfo* TypeRegistry::Find(uint8_t type) const {
  return types_[type] ? &*types_[type] : nullptr;
}

}  // namespace daybook
