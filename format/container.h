// The container of a compressed segment without the compression: its skippable frames, its index
// and its seek table, as pure functions over the bytes of a file. layout.h says how it is made up.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "block.h"
#include "daybook/codec.h"
#include "daybook/compress.h"
#include "daybook/records.h"
#include "layout.h"

namespace daybook {

// A few bytes can claim to be a megabyte: no more content than this is decoded, in vain or not,
// whatever a file of that length claims. A segment of zeros may be smaller than a thousandth, so
// small files may grow more.
inline constexpr uint64_t kContentPerByte = 64;
constexpr uint64_t ContentLimit(uint64_t file_bytes) {
  constexpr uint64_t kLeast = 256 << 20;
  return kLeast + kContentPerByte * file_bytes;
}

// One of our skippable frames: its checksum is right.
struct ContainerPart {
  Bytes records;
  size_t begin = 0;
  size_t end = 0;
};

// What the numbers of a container's records are relative to.
constexpr BlockBase ContainerBase(uint32_t tick_ns) {
  return {.time_ticks = 0, .pid = 0, .tick_ns = tick_ns};
}

// Collects the records of one part.
class PartBuilder {
 public:
  explicit PartBuilder(uint32_t tick_ns) : base_(ContainerBase(tick_ns)), bytes_(kBegin) {}

  template <class Record>
  PartBuilder& Add(const Record& record) {
    uint8_t payload[kMaxPayloadBytes];
    assert(MaxEncodedBytes(record) < sizeof(payload));
    AddRecord(Schema<Record>::kType, Bytes(payload, Encode(record, base_, payload)));
    return *this;
  }

  // One that is encoded already, header included.
  PartBuilder& AddEncoded(Bytes record);

  std::vector<uint8_t> Finish() &&;

 private:
  static constexpr size_t kBegin = kSkippableHeaderBytes;

  void AddRecord(uint8_t type, Bytes payload);

  BlockBase base_;
  std::vector<uint8_t> bytes_;
};

// nullopt where none stands at `offset`, or its checksum is wrong.
std::optional<ContainerPart> ReadPart(Bytes file, size_t offset);

// The same of the part that ends at `end`.
std::optional<ContainerPart> ReadPartBefore(Bytes file, size_t end);

// What a part says of its length in its first kSkippableHeaderBytes; 0 where none of ours begins
// so.
uint64_t ClaimedPartBytes(Bytes begin);

// The version of the container whose head the part would be; nullopt where it is no head.
std::optional<uint64_t> VersionOf(const ContainerPart& part);

// What the parts hold. nullopt where it is another part, one that no writer of ours made, or the
// head of a container of another version, of which all parts may be others.
struct ContainerHead {
  Container container;
  std::optional<SegmentStart> segment;
  std::optional<SegmentEnd> end;  // what the index says of the segment, where it says so little
};
std::optional<ContainerHead> DecodeHead(const ContainerPart& part);
std::optional<Frame> DecodeDescription(const ContainerPart& part, uint32_t tick_ns);

struct ContainerIndex {
  uint64_t container_bytes = 0;
  std::vector<Frame> frames;
  std::vector<Clock> clocks;
};
std::optional<ContainerIndex> DecodeIndex(const ContainerPart& part, uint32_t tick_ns);

std::vector<uint8_t> EncodeDescription(const Frame& frame, uint32_t tick_ns);

// The tick of a container's times.
inline uint32_t TickOf(const std::optional<SegmentStart>& segment) {
  return segment ? segment->tick_ns : kTickNs;
}

// One frame of the file, skippable ones included: those have no content.
struct SeekEntry {
  uint64_t frame_bytes = 0;
  uint64_t content_bytes = 0;
};
std::vector<uint8_t> EncodeSeekTable(std::span<const SeekEntry> entries);

// True where what looks like a seek table reaches from `offset` to the end of the file. It has no
// checksum.
bool IsSeekTable(Bytes file, size_t offset);

// Where the one ends that begins at `offset`, whatever follows it.
std::optional<size_t> SeekTableEnd(Bytes file, size_t offset);

// True where the bytes begin or end as a seek table does: it may be damaged, or cut.
bool MayBeSeekTable(Bytes bytes);

// Where the seek table begins that the file ends with; nullopt where it does not.
std::optional<size_t> FindSeekTable(Bytes file);

// Length of the table that ends with these bytes; nullopt where none does.
inline constexpr size_t kSeekFooterBytes = 4 + 1 + 4;
std::optional<uint64_t> SeekTableBytes(Bytes footer);

// Length of the file by the table that it ends with: that of all its frames and of the table.
std::optional<uint64_t> SeekTableFileBytes(Bytes tail);

bool HasZstdMagic(Bytes file, size_t offset);

// Finds what a reader can go on with behind damage. Hostile bytes may be full of places that are
// checked in vain: the work for those is bounded.
class PartFinder {
 public:
  explicit PartFinder(Bytes file);

  // The first place at or after `from` where a part of ours stands, or a seek table, or a zstd
  // frame might; the file's length where there is none. Less than an earlier `from` is not allowed.
  size_t Next(size_t from);

  // The first seek table at or after `from` that says how long all is that stands between `begin`
  // and it, wherever the file ends; nullopt where there is none. What else looks like one may be
  // of the content.
  std::optional<size_t> FindSeekTable(size_t begin, size_t from);

  // The part at `offset`, as ReadPart reads it.
  std::optional<ContainerPart> PartAt(size_t offset);

  // So many bytes were read in vain.
  void Charge(size_t bytes);
  // No more such work: only small parts are still found.
  bool exhausted() const { return budget_ == 0; }

 private:
  size_t FindSkippable(size_t from);

  Bytes file_;
  uint64_t budget_;
  size_t next_skippable_ = 0;  // at or after the last `from`
  size_t next_zstd_ = 0;
  bool searched_ = false;
};

}  // namespace daybook
