#include "lives/life_records.h"

#include <algorithm>

#include "daybook/coding.h"
#include "lives/record_types.h"

namespace daybook {
namespace {

constexpr RecordTypes kTellOfLives = TypesIn(JoinedList<LifeRecords::Types, TypeList<Lives>>{});

}  // namespace

bool LifeRecords::Tells(uint8_t type) { return kTellOfLives[type]; }

void LifeRecords::Clear() {
  entries_.clear();
  chunks_used_ = 0;
  used_ = kChunkBytes;
  bytes_ = 0;
}

std::byte* LifeRecords::Room(size_t bytes) {
  constexpr size_t kAlignment = alignof(std::max_align_t);
  bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  if (kChunkBytes - used_ < bytes) {
    if (chunks_used_ == chunks_.size()) chunks_.push_back(std::make_unique_for_overwrite<Chunk>());
    ++chunks_used_;
    used_ = 0;
  }
  std::byte* const room = chunks_[chunks_used_ - 1]->data() + used_;
  used_ += bytes;
  bytes_ += bytes;
  return room;
}

bool LifeRecords::Decode(uint8_t type, std::span<const uint8_t> payload, const BlockBase& base) {
  if (type == Schema<Lives>::kType) return DecodeLives(payload, base);
  return DecodeAsOneOf(type, payload, base, Types{});
}

template <class... Records>
bool LifeRecords::DecodeAsOneOf(uint8_t type, std::span<const uint8_t> payload,
                                const BlockBase& base, TypeList<Records...>) {
  return ((type == Schema<Records>::kType && DecodeAs<Records>(payload, base)) || ...);
}

template <class Record>
bool LifeRecords::DecodeAs(std::span<const uint8_t> payload, const BlockBase& base) {
  if (daybook::Decode(payload, base, new (Add<Record>()) Record)) return true;
  DropLast();
  return false;
}

bool LifeRecords::DecodeLives(std::span<const uint8_t> payload, const BlockBase& base) {
  Lives lives;
  if (!daybook::Decode(payload, base, &lives)) return false;
  LifeUnpacker unpacker;
  unpacker.Begin(lives, base.tick_ns);
  while (unpacker.Next(Add<WholeLife>())) {
    // Made by it as a copy of another one.
  }
  DropLast();
  return unpacker.ok();
}

// Each begins with it.
std::optional<LifeRun::Times> TimesOf(const RecordRun& run) {
  int64_t first = INT64_MAX;  // in ticks, behind the run's base
  int64_t last = INT64_MIN;
  for (const RecordRun::Record& record : run.records) {
    Cursor cursor(record.payload);
    uint64_t number = 0;
    if (!cursor.GetVarint(&number)) continue;
    first = std::min(first, UnZigZag(number));
    last = std::max(last, UnZigZag(number));
    // The latest of several follows.
    if (record.type == Schema<Lives>::kType && cursor.GetVarint(&number)) {
      last = std::max(last, UnZigZag(number));
    }
  }
  if (first > last) return std::nullopt;
  const auto time_of = [&run](int64_t ticks) {
    return (run.base.time_ticks + static_cast<uint64_t>(ticks)) * run.base.tick_ns;
  };
  return LifeRun::Times{.first_ns = time_of(first), .last_ns = time_of(last)};
}

LifeRun DecodeRun(const RecordRun& raw, LifeRecords* records) {
  LifeRun run{.raw = raw, .times = TimesOf(raw), .records = records, .first = records->size()};
  for (const auto& [type, payload] : raw.records) {
    run.malformed += !records->Decode(type, payload, raw.base);
  }
  run.end = records->size();
  return run;
}

}  // namespace daybook
