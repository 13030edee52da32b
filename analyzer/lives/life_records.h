// Records that tell of lives, decoded, in the order in which they stand in the log.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "daybook/life_pack.h"
#include "daybook/reader.h"
#include "daybook/records.h"

namespace daybook {

class LifeRecords {
 public:
  // Those of which most logs have most first. The lives of a LIVES are one by one.
  using Types = TypeList<WholeLife, Exit, Fork, Exec, Reap, CommChange, SnapProc, Acct, SnapBegin,
                         SnapEnd, Recorder, IdChange, Session>;

  size_t size() const { return entries_.size(); }
  // Of memory that they take.
  size_t bytes() const { return bytes_; }
  // Memory is kept for those that come next.
  void Clear();

  // False for a record of another type.
  static bool Tells(uint8_t type);
  // Adds what a record of such a type tells; strings point into `payload`. False where that is
  // malformed: of a LIVES, the lives before what is wrong are added.
  bool Decode(uint8_t type, std::span<const uint8_t> payload, const BlockBase& base);

  // Calls `take` with the record of that index, of whichever type it is.
  template <class Function>
  void Visit(size_t index, Function&& take) const {
    VisitAs(entries_[index], take, Types{});
  }

 private:
  struct Entry {
    uint8_t type = 0;
    const void* record = nullptr;
  };
  static constexpr size_t kChunkBytes = 64 << 10;
  using Chunk = std::array<std::byte, kChunkBytes>;

  template <class Function, class... Records>
  static void VisitAs(const Entry& entry, Function&& take, TypeList<Records...>) {
    (void)((entry.type == Schema<Records>::kType &&
            (take(*static_cast<const Records*>(entry.record)), true)) ||
           ...);
  }

  // Room for one, whose members hold nothing yet. It is the last one then, until it is dropped.
  template <class Record>
  Record* Add() {
    static_assert(std::is_trivially_copyable_v<Record> && sizeof(Record) <= kChunkBytes &&
                  alignof(Record) <= alignof(std::max_align_t));
    auto* const record = reinterpret_cast<Record*>(Room(sizeof(Record)));
    entries_.push_back({.type = Schema<Record>::kType, .record = record});
    return record;
  }
  void DropLast() { entries_.pop_back(); }
  template <class Record>
  bool DecodeAs(std::span<const uint8_t> payload, const BlockBase& base);
  template <class... Records>
  bool DecodeAsOneOf(uint8_t type, std::span<const uint8_t> payload, const BlockBase& base,
                     TypeList<Records...>);
  bool DecodeLives(std::span<const uint8_t> payload, const BlockBase& base);
  std::byte* Room(size_t bytes);

  std::vector<Entry> entries_;
  // Filled one after the other: none of them moves.
  std::vector<std::unique_ptr<Chunk>> chunks_;
  size_t chunks_used_ = 0;
  size_t used_ = kChunkBytes;  // of the last one of these
  size_t bytes_ = 0;
};

// Records that follow each other in the log, and what they tell.
struct LifeRun {
  // When the earliest and the latest of them happened; nothing where none tells.
  struct Times {
    uint64_t first_ns = 0;
    uint64_t last_ns = 0;
  };

  RecordRun raw;
  std::optional<Times> times;
  // Those from `first` up to `end` are of this run.
  const LifeRecords* records = nullptr;
  size_t first = 0;
  size_t end = 0;
  uint64_t malformed = 0;
};

std::optional<LifeRun::Times> TimesOf(const RecordRun& run);

// Adds what a run of records tells, and says which that is. Its records must stay where they are.
LifeRun DecodeRun(const RecordRun& raw, LifeRecords* records);

}  // namespace daybook
