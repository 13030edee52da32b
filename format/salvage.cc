#include "salvage.h"

#include <algorithm>
#include <array>

#include "daybook/coding.h"
#include "layout.h"

namespace daybook {
namespace {

// Steps over a field that is not a string. False where it does not fit.
bool SkipPlain(const FieldInfo& field, Cursor& cursor) {
  uint32_t fixed32 = 0;
  uint64_t number = 0;
  std::string_view bytes;
  switch (field.wire) {
    case Wire::kFixed32:
      return cursor.GetFixed(&fixed32);
    case Wire::kFixed64:
      return cursor.GetFixed(&number);
    case Wire::kId:
      return cursor.GetBytes(sizeof(Id128), &bytes);
    default:
      return cursor.GetVarint(&number);
  }
}

// Gives the string whose length stands at `begin` of `payload` all bytes from `text` on, and no
// more.
void ShortenString(const FieldInfo& field, size_t begin, size_t text,
                   std::vector<uint8_t>* payload) {
  const uint64_t left = payload->size() - text;
  std::array<uint8_t, kMaxVarintBytes> length;
  const uint8_t* const end = PutVarint(length.data(), left + (field.optional ? 1 : 0));
  const auto at = [&](size_t offset) {
    return payload->begin() + static_cast<std::ptrdiff_t>(offset);
  };
  payload->erase(at(begin), at(text));
  payload->insert(at(begin), static_cast<const uint8_t*>(length.data()), end);
}

}  // namespace

void CutToFit(const TypeInfo& type, std::vector<uint8_t>* payload) {
  Cursor cursor(*payload);
  for (const FieldInfo& field : type.fields) {
    if (cursor.empty() || !IsKnownCode(field)) return;
    const size_t begin = payload->size() - cursor.remaining();
    if (field.wire != Wire::kString) {
      if (SkipPlain(field, cursor)) continue;
      return payload->resize(begin);
    }
    uint64_t length = 0;
    if (!cursor.GetVarint(&length)) return payload->resize(begin);
    if (field.optional && length-- == 0) continue;
    std::string_view text;
    const size_t text_begin = payload->size() - cursor.remaining();
    if (!cursor.GetBytes(length, &text)) {
      return ShortenString(field, begin, text_begin, payload);
    }
  }
}

Salvager::Salvager(Bytes bytes, const SalvageScope& scope, const TypeRegistry& types)
    : bytes_(bytes),
      scope_(scope),
      types_(types),
      chains_(FindChains(bytes, scope.range, LengthBounds(types))) {
  first_base_end_ = FirstBaseEnd();
  CountNumbered();
  if (!chains_.empty()) position_ = chains_[0].begin;
}

// Behind the first checkpoint of the first chain, whatever it says, another block begins; behind
// its end, nobody knows.
size_t Salvager::FirstBaseEnd() const {
  if (chains_.empty() || chains_[0].begin != scope_.range.begin) return scope_.range.begin;
  size_t at = chains_[0].begin;
  while (at < chains_[0].end) {
    const auto header = ReadHeader(bytes_, at);
    if (header->type == Schema<Checkpoint>::kType) break;
    at = header->end;
  }
  return at;
}

void Salvager::CountNumbered() {
  for (const Chain& chain : chains_) {
    for (size_t at = chain.begin; at < chain.end;) {
      const auto header = ReadHeader(bytes_, at);
      if (IsNumbered(header->type)) ++numbered_;
      at = header->end;
    }
  }
}

std::optional<RecordHeader> Salvager::NextHeader() {
  while (chain_ < chains_.size()) {
    if (position_ < chains_[chain_].end) return ReadHeader(bytes_, position_);
    if (++chain_ < chains_.size()) position_ = chains_[chain_].begin;
  }
  return std::nullopt;
}

bool Salvager::Next(RecordView* record) {
  for (auto header = NextHeader(); header; header = NextHeader()) {
    const size_t begin = position_;
    position_ = header->end;
    // A CONT that is not behind its record, and what only proves, is nothing by itself.
    if (IsFraming(header->type)) continue;
    *record = {.type = header->type,
               .payload = PayloadOf(bytes_, *header),
               .base = {},
               .offset = begin,
               .size = 0,
               .seq = {},
               .proof = scope_.proof,
               .is_in_place = true};
    if (record->payload.size() == kMaxPayloadBytes) {
      const Assembled whole = Assemble(bytes_.first(chains_[chain_].end), *header, &payload_);
      position_ = whole.end;
      record->is_whole = whole.is_whole;
      if (!whole.is_whole) CutToFit(*types_.Find(header->type), &payload_);
      record->payload = payload_;
      record->is_in_place = false;
    }
    record->size = position_ - begin;
    SetBase(record);
    return true;
  }
  return false;
}

void Salvager::SetBase(RecordView* record) const {
  std::optional<BlockBase> base;
  if (chain_ == 0 && record->offset < first_base_end_) base = scope_.first_base;
  if (record->offset >= scope_.last_base_begin && scope_.last_base) base = scope_.last_base;
  record->has_base = base.has_value();
  record->base = base.value_or(BlockBase{});
}

}  // namespace daybook
