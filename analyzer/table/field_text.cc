#include "table/field_text.h"

#include <fmt/format.h>

#include <string_view>

#include "text/escape.h"
#include "text/names.h"

namespace daybook {
namespace {

void AppendWithPrefix(uint64_t value, std::string* out) { *out += fmt::format("{:#x}", value); }

void AppendFlags(const FieldInfo& field, uint64_t value, std::string* out) {
  const size_t begin = out->size();
  for (uint64_t bit = 1; bit != 0; bit <<= 1) {
    if ((value & bit) == 0) continue;
    if (out->size() != begin) out->push_back('|');
    const std::string_view name = ValueNameOf(field, bit);
    if (name.empty()) {
      AppendWithPrefix(bit, out);
    } else {
      AppendEscaped(name, out);
    }
  }
  if (value == 0) out->push_back('0');
}

void AppendNumber(const FieldInfo& field, uint64_t value, std::string* out) {
  switch (field.unit) {
    case Unit::kFlags:
      return AppendFlags(field, value, out);
    case Unit::kEnum:
      if (const auto name = ValueNameOf(field, value); !name.empty()) {
        return AppendEscaped(name, out);
      }
      break;
    case Unit::kHex:
      return AppendWithPrefix(value, out);
    case Unit::kDevice:
      out->append(DeviceNumbers(value));
      return;
    default:
      break;
  }
  out->append(fmt::format_int(value).c_str());
}

void AppendString(const FieldInfo& field, std::string_view bytes, std::string* out) {
  if (field.unit == Unit::kArguments) {
    out->push_back('[');
    AppendShellWords(bytes, out);
    out->push_back(']');
  } else if (field.unit == Unit::kHex) {
    AppendHex({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, out);
  } else {
    AppendShellWord(bytes, out);
  }
}

void AppendValue(const FieldInfo& field, const FieldValue& value, std::string* out) {
  if (const auto* number = std::get_if<uint64_t>(&value)) {
    AppendNumber(field, *number, out);
  } else if (const auto* integer = std::get_if<int64_t>(&value)) {
    out->append(fmt::format_int(*integer).c_str());
  } else if (const auto* bytes = std::get_if<std::string_view>(&value)) {
    AppendString(field, *bytes, out);
  } else if (const auto* id = std::get_if<Id128>(&value)) {
    out->append(HexId(*id));
  } else {
    out->push_back('-');
  }
}

}  // namespace

void AppendFieldsText(const RecordFields& fields, std::string* out) {
  const size_t begin = out->size();
  const auto separate = [&] {
    if (out->size() != begin) out->push_back(' ');
  };
  for (size_t i = 0; i < fields.decoded.values.size(); ++i) {
    separate();
    const FieldInfo& field = fields.type->fields[i];
    AppendEscaped(field.name, out);
    out->push_back('=');
    AppendValue(field, fields.decoded.values[i], out);
  }
  if (fields.decoded.rest.empty()) return;
  separate();
  out->append(fields.type != nullptr ? "rest=" : "payload=");
  AppendHex(fields.decoded.rest, out);
}

std::string_view ValueNameOf(const FieldInfo& field, uint64_t value) {
  for (const auto& [number, name] : field.names) {
    if (number == value) return name;
  }
  return {};
}

}  // namespace daybook
