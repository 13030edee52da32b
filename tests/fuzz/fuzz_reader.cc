// Any bytes whatever are a log to the reader: it ends, and what it says of them holds together.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "daybook/reader.h"
#include "daybook/schema.h"

namespace daybook {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

template <class Record>
void DecodeAs(const RecordView& record) {
  Record decoded;
  (void)record.As(&decoded);
}

template <class... Records>
void DecodeAsAny(const RecordView& record, TypeList<Records...>) {
  (DecodeAs<Records>(record), ...);
}

void TakeRecord(const RecordView& record, TypeRegistry* types) {
  SchemaRecord schema;
  if (record.As(&schema)) types->Learn(schema);
  if (const TypeInfo* type = types->Find(record.type)) {
    const DecodedFields fields = DecodeFields(*type, record.payload, record.base);
    Require(fields.values.size() <= type->fields.size());
    Require(fields.rest.size() <= record.payload.size());
  }
  DecodeAsAny(record, AllRecords{});
}

void ReadAll(std::span<const uint8_t> bytes) {
  SegmentReader reader(bytes);
  TypeRegistry types;
  uint64_t position = 0;
  for (;;) {
    const Item item = reader.Next();
    if (std::holds_alternative<End>(item)) break;
    if (const auto* gap = std::get_if<Gap>(&item)) {
      Require(gap->begin == position && gap->end >= gap->begin && gap->end <= bytes.size());
      position = gap->end;
      continue;
    }
    const auto& record = std::get<RecordView>(item);
    Require(record.offset == position && record.size > 0);
    position += record.size;
    TakeRecord(record, &types);
  }
  // Every byte was either proved or told of.
  Require(position == bytes.size());
}

// What is proved, and what is not, is the same with salvage; what is salvaged lies in the gap
// before it.
void ReadSalvaging(std::span<const uint8_t> bytes) {
  SegmentReader proved(bytes);
  SegmentReader all(bytes, {.salvage = true});
  TypeRegistry types;
  Gap gap;
  uint64_t salvaged_end = 0;
  for (;;) {
    const Item item = all.Next();
    const auto* record = std::get_if<RecordView>(&item);
    if (record != nullptr) TakeRecord(*record, &types);
    const bool in_gap = record != nullptr && record->offset < salvaged_end;
    if (in_gap) {
      Require(record->proof != Proof::kVerified && !record->seq && record->size > 0);
      Require(record->offset >= gap.begin && record->offset + record->size <= gap.end);
      continue;
    }
    const Item same = proved.Next();
    Require(item.index() == same.index());
    if (std::holds_alternative<End>(item)) break;
    if (record != nullptr) {
      const auto& other = std::get<RecordView>(same);
      Require(record->offset == other.offset && record->seq == other.seq);
      continue;
    }
    gap = std::get<Gap>(item);
    const auto& other = std::get<Gap>(same);
    Require(gap.begin == other.begin && gap.end == other.end && gap.cause == other.cause);
    salvaged_end = gap.end;
  }
}

}  // namespace
}  // namespace daybook

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  daybook::ReadAll({data, size});
  daybook::ReadSalvaging({data, size});
  return 0;
}
