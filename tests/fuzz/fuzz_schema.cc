// Any bytes whatever are the description of a record type, and any others a record of it. The input
// is the length of a SCHEMA record's payload (one byte), that payload, and the payload of a record.
#include <algorithm>

#include "sound_reading.h"

namespace daybook {
namespace {

void DecodeBy(const TypeInfo& type, std::span<const uint8_t> payload) {
  const DecodedFields fields = DecodeFields(type, payload, {});
  Require(fields.values.size() <= type.fields.size());
  Require(fields.rest.size() <= payload.size());
  Require(fields.rest.empty() ||
          fields.rest.data() + fields.rest.size() == payload.data() + payload.size());
}

void Describe(std::span<const uint8_t> description, std::span<const uint8_t> payload) {
  SchemaRecord record;
  if (!Decode(description, {}, &record)) return;
  TypeRegistry types;
  types.Learn(record);
  const auto type = DecodeSchema(record);
  if (!type) return;
  DecodeBy(*type, payload);
  // What can be said can be said again.
  const std::vector<uint8_t> encoded = EncodeSchema(*type);
  SchemaRecord again;
  Require(Decode(encoded, {}, &again));
  Require(DecodeSchema(again) == type);
}

}  // namespace
}  // namespace daybook

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::span bytes(data + 1, size - 1);
  const size_t described = std::min<size_t>(data[0], bytes.size());
  daybook::Describe(bytes.first(described), bytes.subspan(described));
  for (const daybook::TypeInfo& type : daybook::BuiltinTypes()) daybook::DecodeBy(type, bytes);
  return 0;
}
