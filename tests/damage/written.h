// A segment as it was written, taken apart by hopping from header to header: what an oracle holds
// against what a reader makes of the damaged bytes. Nothing here searches, proves or resyncs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "block.h"
#include "daybook/codec.h"
#include "daybook/records.h"

namespace daybook::damage {

struct Range {
  size_t begin = 0;
  size_t end = 0;
  bool operator==(const Range&) const = default;
};

// A logical record: continuations belong to it.
struct WrittenRecord {
  size_t offset = 0;
  size_t size = 0;
  uint8_t type = 0;
  std::vector<uint8_t> payload;
  std::optional<uint64_t> seq;
  BlockBase base;
  size_t block = 0;
};

// [begin, checkpoint) is the block, [checkpoint, end) the record that closes it. The open part of a
// segment that was not ended is the last "block": it has no checkpoint.
struct WrittenBlock {
  size_t begin = 0;
  size_t checkpoint = 0;
  size_t end = 0;
  std::optional<Checkpoint> record;
  bool has_start = false;         // begins with the segment's SEGMENT_START: its head, or a copy
  std::vector<size_t> mark_ends;  // places behind its MARKs
};

struct Written {
  std::vector<uint8_t> bytes;
  SegmentStart start;
  std::vector<WrittenBlock> blocks;
  std::vector<WrittenRecord> records;
  std::unordered_map<uint32_t, size_t> block_of_self_crc;

  // Index of the record that begins at `offset`; the number of records where none does.
  size_t RecordAt(size_t offset) const;
};

// The bytes must be an undamaged segment that begins with its head; aborts where they are not.
Written TakeApart(std::vector<uint8_t> bytes);

}  // namespace daybook::damage
