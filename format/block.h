// Headers, blocks and their proofs, as pure functions over the bytes of a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "daybook/codec.h"
#include "daybook/records.h"
#include "layout.h"
#include "range_sums.h"

namespace daybook {

using Bytes = std::span<const uint8_t>;

// One physical record.
struct RecordHeader {
  uint8_t type = 0;
  size_t payload_begin = 0;
  size_t end = 0;
};

// nullopt where no header stands at `offset`, or the record does not end before the bytes do.
inline std::optional<RecordHeader> ReadHeader(Bytes bytes, size_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < kHeaderBytes) return std::nullopt;
  const uint8_t* const header = bytes.data() + offset;
  if (header[0] != kCookie[0] || header[1] != kCookie[1]) return std::nullopt;
  if (!IsValidType(header[kTypeOffset])) return std::nullopt;
  const size_t payload_begin = offset + kHeaderBytes;
  if (bytes.size() - payload_begin < header[kLengthOffset]) return std::nullopt;
  return RecordHeader{.type = header[kTypeOffset],
                      .payload_begin = payload_begin,
                      .end = payload_begin + header[kLengthOffset]};
}

// A checkpoint whose own checksum is right, and where it stands. Its block may still be wrong.
struct FoundCheckpoint {
  Checkpoint record;
  size_t begin = 0;
  size_t end = 0;
};

std::optional<FoundCheckpoint> ReadCheckpoint(Bytes bytes, size_t offset, uint32_t tick_ns);

// What the numbers of the checkpoint's block are relative to.
BlockBase BaseOf(const Checkpoint& checkpoint, uint32_t tick_ns);

// What those of the block behind it are, while that is open.
BlockBase ProvisionalBase(const Checkpoint& checkpoint, uint32_t tick_ns);

// Where `checkpoint` says that its block begins; nullopt where that is before `lowest`, or the
// block would be longer than any is.
std::optional<size_t> ClaimedBegin(const FoundCheckpoint& checkpoint, size_t lowest);

// The same, but nullopt also where the block's checksum is wrong.
std::optional<size_t> ProveBlock(RangeSums& sums, const FoundCheckpoint& checkpoint, size_t lowest);

// The segment's logical offset up to which all is on disk, as its writer promises there; the
// highest number where the segment was ended in order.
uint64_t DurableEnd(const Checkpoint& checkpoint);

// The next place at or after `from` where the header of a checkpoint might stand; the length of
// `bytes` where there is none. At memory speed.
size_t FindCheckpointHeader(Bytes bytes, size_t from);

// Hops from header to header, up to the first checkpoint or the first place where no header stands.
size_t WalkBlock(Bytes bytes, size_t begin);

// Where a block stands and what its numbers are relative to. A checkpoint says it; a MARK only sums
// it, so that the open part of a block is proved at its own place and nowhere else.
struct BlockPlace {
  uint32_t tag = 0;
  uint64_t logical_offset = 0;
  uint64_t first_seq = 0;
  BlockBase base;
};

// What a MARK's sum starts from: the checksum of the place's fields, little-endian, in their order.
uint32_t PlaceCrc(const BlockPlace& place);

// The end of the last MARK in [begin, end) whose checksum is right for a block at that place;
// `begin` where there is none.
size_t FindMarkedEnd(Bytes bytes, size_t begin, size_t end, const BlockPlace& place);

// A logical record's payload, put together.
struct Assembled {
  size_t end = 0;        // behind its last continuation
  bool is_whole = true;  // false: a continuation is missing
};

// Puts together the payload of a record whose own is of the longest kind, from the continuations
// that follow it without a hole.
Assembled Assemble(Bytes bytes, const RecordHeader& header, std::vector<uint8_t>* payload);

inline Bytes PayloadOf(Bytes bytes, const RecordHeader& header) {
  return bytes.subspan(header.payload_begin, header.end - header.payload_begin);
}

// The SEGMENT_START at `offset`, with a signature and a tick that make sense.
std::optional<SegmentStart> ReadSegmentStart(Bytes bytes, size_t offset);

// The same, of the segment that the checkpoint of its block is of.
std::optional<SegmentStart> ReadSegmentStart(Bytes bytes, size_t offset,
                                             const Checkpoint& checkpoint);

// The same, of the head of a segment, where the checkpoint's block begins at `begin` and is one.
std::optional<SegmentStart> ReadHead(Bytes bytes, size_t begin, const FoundCheckpoint& checkpoint);

// False where this reader is too old to decode the segment's payloads.
bool IsSupported(const SegmentStart& start);

// A head, and the checkpoint that proves it.
struct ProvedHead {
  SegmentStart start;
  FoundCheckpoint checkpoint;
};

// The one that the bytes begin with, if it is supported.
std::optional<ProvedHead> ReadProvedHead(RangeSums& sums);

}  // namespace daybook
