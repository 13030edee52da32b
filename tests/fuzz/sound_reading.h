// What holds of any bytes whatever: the reader ends, and what it says of them holds together.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <span>

#include "daybook/life_pack.h"
#include "daybook/reader.h"
#include "daybook/schema.h"
#include "daybook/whole_life.h"

namespace daybook {

inline void Require(bool condition) {
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

inline void TakeRecord(const RecordView& record, TypeRegistry* types) {
  SchemaRecord schema;
  if (record.As(&schema)) types->Learn(schema);
  if (const TypeInfo* type = types->Find(record.type)) {
    const DecodedFields fields = DecodeFields(*type, record.payload, record.base);
    Require(fields.values.size() <= type->fields.size());
    Require(fields.rest.size() <= record.payload.size());
  }
  DecodeAsAny(record, AllRecords{});
  (void)ForEachLife(record, [](const WholeLife& life) { (void)PartsOf(life); });
}

// What was verified, as one number: the same with salvage and without.
inline uint64_t RequireSoundReading(SegmentReader reader, bool salvage) {
  const uint64_t size = reader.file_bytes();
  TypeRegistry types;
  uint64_t position = 0;
  uint64_t salvaged_begin = 0;     // the next one begins here or later
  uint64_t salvaged = 0;           // numbered records since the last gap
  uint64_t expected_salvaged = 0;  // what that gap says of them
  uint64_t verified = 0;
  Item item;
  for (;;) {
    reader.Next(&item);
    const auto* record = std::get_if<RecordView>(&item);
    // What was salvaged when the file was made stands in its place; what is salvaged now, in a gap.
    const bool in_gap = record != nullptr && record->offset < position;
    if (in_gap) {
      Require(record->proof != Proof::kVerified);
      Require(salvage && !record->seq && record->offset >= salvaged_begin);
      Require(record->size > 0 && record->offset + record->size <= position);
      salvaged_begin = record->offset + 1;
      salvaged += IsNumbered(record->type) ? 1 : 0;
      TakeRecord(*record, &types);
      continue;
    }
    Require(salvaged == expected_salvaged);
    salvaged = expected_salvaged = 0;
    if (record != nullptr) {
      Require(record->offset == position && record->size > 0 && record->has_base);
      Require(record->proof != Proof::kTail);
      position = salvaged_begin = record->offset + record->size;
      verified = verified * 31 + record->offset * 7 + record->type + record->seq.value_or(0);
      TakeRecord(*record, &types);
    } else if (const auto* gap = std::get_if<Gap>(&item)) {
      Require(gap->begin == position && gap->end >= gap->begin && gap->end <= size);
      Require(gap->records_lost.value_or(0) == 0 || gap->first_lost_seq);
      if (gap->wrong_byte) {
        Require(gap->wrong_byte->offset >= gap->begin && gap->wrong_byte->offset < gap->end);
        Require(gap->wrong_byte->is != gap->wrong_byte->was);
      }
      salvaged_begin = gap->begin;
      position = gap->end;
      expected_salvaged = gap->records_salvaged;
      Require(salvage || expected_salvaged == 0);
    } else {
      break;
    }
  }
  // Every byte was either proved or told of.
  Require(position == size);
  return verified;
}

inline void RequireSoundReading(std::span<const uint8_t> bytes) {
  const uint64_t verified = RequireSoundReading(SegmentReader(bytes), false);
  Require(verified == RequireSoundReading(SegmentReader(bytes, {.salvage = true}), true));
}

}  // namespace daybook
