#include "daybook/peek.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "block.h"
#include "compressed_index.h"
#include "container.h"
#include "file.h"
#include "layout.h"
#include "regular_file.h"

namespace daybook {
namespace {

// The head's own block is shorter than a page, and so is the block of SEGMENT_END.
constexpr size_t kPeekBytes = 16 * 1024;

std::optional<SegmentStart> ReadHead(Bytes bytes) {
  RangeSums sums(bytes);
  const auto start = ReadSegmentStart(bytes, 0);
  if (!start || !IsSupported(*start)) return std::nullopt;
  const auto checkpoint = ReadCheckpoint(bytes, WalkBlock(bytes, 0), start->tick_ns);
  if (!checkpoint || checkpoint->record.tag != start->tag) return std::nullopt;
  if (checkpoint->record.logical_offset != 0) return std::nullopt;
  return ProveBlock(sums, *checkpoint, 0) == size_t{0} ? start : std::nullopt;
}

// The SEGMENT_END in the block that begins at `begin`.
std::optional<SegmentEnd> FindEnd(Bytes bytes, size_t begin, const FoundCheckpoint& checkpoint,
                                  const SegmentStart& start) {
  const BlockBase base{.time_ticks = checkpoint.record.base_time_ns / start.tick_ns,
                       .pid = static_cast<uint32_t>(checkpoint.record.base_pid),
                       .tick_ns = start.tick_ns};
  for (size_t at = begin; at < checkpoint.begin;) {
    const auto header = ReadHeader(bytes, at);
    if (!header) break;
    SegmentEnd end;
    const Bytes payload = bytes.subspan(header->payload_begin, header->end - header->payload_begin);
    if (header->type == Schema<SegmentEnd>::kType && Decode(payload, base, &end)) return end;
    at = header->end;
  }
  return std::nullopt;
}

// `bytes` are the last ones of a file of `file_bytes`.
std::optional<SegmentEnd> ReadEnd(Bytes bytes, uint64_t file_bytes, const SegmentStart& start) {
  RangeSums sums(bytes);
  for (size_t at = FindCheckpointHeader(bytes, 0); at < bytes.size();
       at = FindCheckpointHeader(bytes, at + 1)) {
    const auto checkpoint = ReadCheckpoint(bytes, at, start.tick_ns);
    if (!checkpoint || checkpoint->end != bytes.size()) continue;
    const Checkpoint& record = checkpoint->record;
    const uint64_t checkpoint_bytes = checkpoint->end - checkpoint->begin;
    const bool ends_segment =
        record.tag == start.tag && (record.flags & kCheckpointLast) != 0 &&
        record.logical_offset + record.block_bytes + checkpoint_bytes == file_bytes;
    if (!ends_segment) continue;
    if (const auto begin = ProveBlock(sums, *checkpoint, 0)) {
      return FindEnd(bytes, *begin, *checkpoint, start);
    }
  }
  return std::nullopt;
}

// By its seek table: no byte was cut off, and no other container was appended.
bool IsOneContainer(const RegularFile& file, const Container& container) {
  const uint64_t size = std::min(file.size(), MostSeekTableBytes(container.raw_bytes));
  const auto tail = file.ReadAt(file.size() - size, size);
  return tail && SeekTableFileBytes(*tail) == file.size();
}

// What the head of a compressed segment says is enough, where it says what the index does.
std::optional<SegmentPeek> PeekContainerHead(const RegularFile& file) {
  constexpr uint64_t kHeadBytes = 224;
  const auto bytes = file.ReadAt(0, std::min<uint64_t>(file.size(), kHeadBytes));
  const auto part = bytes ? ReadPart(*bytes, 0) : std::nullopt;
  const auto head = part ? DecodeHead(*part) : std::nullopt;
  if (!head || !head->end || !IsSupported(*head->segment)) return std::nullopt;
  if (!IsOneContainer(file, head->container)) return std::nullopt;
  return SegmentPeek{.start = head->segment, .end = head->end, .clocks = {}};
}

// In doubt nothing.
SegmentPeek PeekCompressed(const RegularFile& file) {
  if (auto peek = PeekContainerHead(file)) return *std::move(peek);
  const auto index = ReadCompressedIndex(file);
  if (!index || !index->segment || !IsSupported(*index->segment)) return {};
  return {.start = index->segment, .end = EndOf(*index), .clocks = index->clocks};
}

bool BeginsContainer(Bytes bytes) {
  uint32_t magic = 0;
  return Cursor(bytes).GetFixed(&magic) && magic == kContainerMagic;
}

}  // namespace

Result<SegmentPeek> PeekSegment(const std::string& path) {
  const auto file = RegularFile::Open(path);
  if (!file) return file.error();
  const auto magic = file->ReadAt(0, std::min<uint64_t>(file->size(), sizeof(kContainerMagic)));
  if (!magic) return magic.error();
  if (BeginsContainer(*magic)) return PeekCompressed(*file);
  const auto size = static_cast<size_t>(std::min<uint64_t>(file->size(), kPeekBytes));
  const auto head = file->ReadAt(0, size);
  if (!head) return head.error();
  SegmentPeek peek{.start = ReadHead(*head), .end = {}, .clocks = {}};
  if (!peek.start) return peek;
  const auto tail = file->ReadAt(file->size() - size, size);
  if (!tail) return tail.error();
  peek.end = ReadEnd(*tail, file->size(), *peek.start);
  return peek;
}

std::optional<uint64_t> SegmentNumberOf(std::string_view path) {
  const auto segment = ParseSegmentName(path.substr(path.rfind('/') + 1));
  if (!segment) return std::nullopt;
  return segment->number;
}

}  // namespace daybook
