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

// The head's own block is shorter than a page, and so is the block of SEGMENT_END, as a rule.
constexpr size_t kPageBytes = 4 * 1024;
constexpr size_t kPeekBytes = 16 * 1024;

// The SEGMENT_END in the block that begins at `begin`.
std::optional<SegmentEnd> FindEnd(Bytes bytes, size_t begin, const FoundCheckpoint& checkpoint,
                                  const SegmentStart& start) {
  const BlockBase base = BaseOf(checkpoint.record, start.tick_ns);
  for (size_t at = begin; at < checkpoint.begin;) {
    const auto header = ReadHeader(bytes, at);
    if (!header) break;
    SegmentEnd end;
    const bool is_end = header->type == Schema<SegmentEnd>::kType;
    if (is_end && Decode(PayloadOf(bytes, *header), base, &end)) return end;
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

// The last bytes of a file; all of it where it is shorter.
Result<std::vector<uint8_t>> ReadTail(const RegularFile& file, uint64_t bytes) {
  const uint64_t size = std::min(file.size(), bytes);
  return file.ReadAt(file.size() - size, size);
}

// By its seek table: no byte was cut off, and no other container was appended.
bool IsOneContainer(const RegularFile& file) {
  const auto footer = ReadTail(file, kSeekFooterBytes);
  const auto table_bytes = footer ? SeekTableBytes(*footer) : std::nullopt;
  // That of a segment of 64 MiB has a quarter of it; longer ones are looked at in another way.
  if (!table_bytes || *table_bytes > kPeekBytes) return false;
  const auto table = ReadTail(file, *table_bytes);
  return table && SeekTableFileBytes(*table) == file.size();
}

// What the head of a compressed segment says is enough, where it says what the index does.
// `begin` are the file's first bytes. Each file of a log is looked at: not a byte more is read than
// is needed.
std::optional<SegmentPeek> PeekContainerHead(const RegularFile& file, Bytes begin) {
  const uint64_t head_bytes = ClaimedPartBytes(begin);
  if (head_bytes <= begin.size() || head_bytes > kPeekBytes) return std::nullopt;
  auto bytes = file.ReadAt(begin.size(), head_bytes - begin.size());
  if (!bytes) return std::nullopt;
  bytes->insert(bytes->begin(), begin.begin(), begin.end());
  const auto part = ReadPart(*bytes, 0);
  const auto head = part ? DecodeHead(*part) : std::nullopt;
  if (!head || !head->end || !IsSupported(*head->segment)) return std::nullopt;
  if (!IsOneContainer(file)) return std::nullopt;
  return SegmentPeek{.start = head->segment, .end = head->end, .clocks = {}};
}

// In doubt nothing.
SegmentPeek PeekCompressed(const RegularFile& file, Bytes begin) {
  if (auto peek = PeekContainerHead(file, begin)) return *std::move(peek);
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
  const auto begin = file->ReadAt(0, std::min<uint64_t>(file->size(), kSkippableHeaderBytes));
  if (!begin) return begin.error();
  if (BeginsContainer(*begin)) return PeekCompressed(*file, *begin);
  SegmentPeek peek;
  for (const size_t bytes : {kPageBytes, kPeekBytes}) {
    const auto begin_of_file = file->ReadAt(0, std::min<uint64_t>(file->size(), bytes));
    if (!begin_of_file) return begin_of_file.error();
    RangeSums sums(*begin_of_file);
    const auto head = ReadProvedHead(sums);
    if (head) peek.start = head->start;
    if (head) break;
  }
  for (const size_t bytes : {kPageBytes, kPeekBytes}) {
    if (!peek.start || peek.end) break;
    const auto tail = ReadTail(*file, bytes);
    if (!tail) return tail.error();
    peek.end = ReadEnd(*tail, file->size(), *peek.start);
  }
  return peek;
}

std::optional<uint64_t> SegmentNumberOf(std::string_view path) {
  const auto segment = ParseSegmentName(path.substr(path.rfind('/') + 1));
  if (!segment) return std::nullopt;
  return segment->number;
}

}  // namespace daybook
