#include "compressed_index.h"

#include <algorithm>
#include <new>
#include <utility>

#include "clock_span.h"
#include "container.h"
#include "crc32c.h"
#include "layout.h"

namespace daybook {
namespace {

Result<ContainerHead> HeadOf(const std::optional<ContainerPart>& part) {
  const auto version = part ? VersionOf(*part) : std::nullopt;
  if (version && *version != kContainerVersion) {
    return Error("version " + std::to_string(*version) + " of compressed segments is not known");
  }
  auto head = part ? DecodeHead(*part) : std::nullopt;
  if (!head) return Error("the head of the compressed segment is damaged");
  return *head;
}

// From the first bytes of a file and its last ones, which begin at `tail_begin`.
Result<CompressedIndex> IndexOf(Bytes head_bytes, Bytes tail, uint64_t tail_begin) {
  const auto head_part = ReadPart(head_bytes, 0);
  const auto head = HeadOf(head_part);
  if (!head) return head.error();
  const uint32_t tick_ns = TickOf(head->segment);
  const auto seek_table = FindSeekTable(tail);
  const auto index_part = seek_table ? ReadPartBefore(tail, *seek_table) : std::nullopt;
  const auto index = index_part ? DecodeIndex(*index_part, tick_ns) : std::nullopt;
  if (!index) return Error("the index of the compressed segment is damaged");
  CompressedIndex result{
      .container = head->container, .segment = head->segment, .clocks = index->clocks};
  const Error misfit("the index of the compressed segment does not fit the file");
  const uint64_t end = tail_begin + index_part->begin;
  uint64_t begin = head_part->end;
  uint64_t content = 0;
  for (const Frame& frame : index->frames) {
    begin += EncodeDescription(frame, tick_ns).size();
    result.frames.push_back({.begin = begin, .description = frame});
    const bool fits = frame.offset == content && frame.raw_bytes <= kMaxFrameBytes &&
                      begin <= end && frame.compressed_bytes <= end - begin;
    if (!fits) return misfit;
    begin += frame.compressed_bytes;
    content += frame.raw_bytes;
  }
  const bool fits =
      begin == end && begin == index->container_bytes && content == head->container.raw_bytes;
  return fits ? Result<CompressedIndex>(std::move(result)) : misfit;
}

}  // namespace

Result<CompressedIndex> ReadCompressedIndex(Bytes file) { return IndexOf(file, file, 0); }

// What a damaged file claims, or all of a sparse one, may be more than there is memory.
Result<CompressedIndex> ReadCompressedIndex(const RegularFile& file) try {
  // A head has three records of 255 bytes at most, mostly much less; an index of 64 MiB, and its
  // seek table, 16 KiB. As little as may do, since each file of a log is looked at.
  constexpr uint64_t kHeadBytes = 1024;
  constexpr uint64_t kTailBytes = 2 * 1024;
  auto head = file.ReadAt(0, kHeadBytes / 4);
  if (head && !ReadPart(*head, 0)) head = file.ReadAt(0, kHeadBytes);
  if (!head) return head.error();
  if (const auto known = HeadOf(ReadPart(*head, 0)); !known) return known.error();
  for (uint64_t size = std::min(file.size(), kTailBytes);;
       size = std::min(file.size(), size * 16)) {
    const auto tail = file.ReadAt(file.size() - size, size);
    if (!tail) return tail.error();
    auto index = IndexOf(*head, *tail, file.size() - size);
    if (index || size == file.size()) return index;
  }
} catch (const std::bad_alloc&) {
  return Error("its index takes more memory than there is");
}

Result<CompressedIndex> ReadCompressedIndex(const std::string& path) {
  const auto file = RegularFile::Open(path);
  if (!file) return file.error();
  auto index = ReadCompressedIndex(*file);
  if (!index) return std::move(index).error().WithContext(path);
  return index;
}

bool IsSound(const CompressedIndex& index) {
  if (!index.segment || !IsSupported(*index.segment)) return false;
  uint64_t next_seq = index.segment->first_seq;
  for (const FramePlace& place : index.frames) {
    const Frame& frame = place.description;
    if (!frame.first_time_ns || !frame.last_time_ns || frame.first_seq != next_seq) return false;
    next_seq = frame.first_seq + frame.seq_count;
  }
  return true;
}

std::optional<SegmentEnd> EndOf(const CompressedIndex& index) {
  if (!index.segment) return std::nullopt;
  SegmentEnd end;
  uint64_t raw_bytes = 0;
  for (const FramePlace& place : index.frames) {
    const Frame& frame = place.description;
    if (!frame.first_time_ns || !frame.last_time_ns || frame.offset != raw_bytes) {
      return std::nullopt;
    }
    raw_bytes += frame.raw_bytes;
    end.first_time_ns = std::min(end.first_time_ns.value_or(UINT64_MAX), *frame.first_time_ns);
    end.last_time_ns = std::max(end.last_time_ns.value_or(0), *frame.last_time_ns);
    end.next_seq = std::max(end.next_seq, frame.first_seq + frame.seq_count);
  }
  if (raw_bytes != index.container.raw_bytes || !end.last_time_ns) return std::nullopt;
  std::vector<ClockAnchor> anchors{{index.segment->time_ns, index.segment->realtime_ns}};
  for (const Clock& clock : index.clocks) anchors.push_back({clock.time_ns, clock.realtime_ns});
  const auto realtime = FindRealtimeSpan(std::move(anchors), *end.first_time_ns, *end.last_time_ns);
  if (!realtime) return std::nullopt;
  end.first_realtime_ns = realtime->first_ns;
  end.last_realtime_ns = realtime->last_ns;
  end.time_ns = *end.last_time_ns;
  end.first_seq = index.segment->first_seq;
  return end;
}

Status DecodeFrame(Bytes bytes, const Frame& frame, FrameDecoder& decoder, Buffer* content) {
  if (bytes.size() != frame.compressed_bytes || Crc32c(bytes) != frame.compressed_crc) {
    return Error("it is damaged");
  }
  const DecodedFrame decoded = decoder.DecodeWhole(bytes, kMaxFrameBytes, content);
  const bool fits =
      decoded.whole && decoded.frame_bytes == bytes.size() && content->size() == frame.raw_bytes;
  return fits ? Status(Ok{}) : Error("it is not as it is described");
}

Result<std::vector<uint8_t>> DecodeFrames(Bytes file, const CompressedIndex& index,
                                          std::span<const size_t> frame_numbers) {
  FrameDecoder decoder;
  std::vector<uint8_t> contents;
  Buffer content;
  for (const size_t number : frame_numbers) {
    const std::string name = "frame " + std::to_string(number);
    if (number >= index.frames.size()) return Error(name + " is not in the compressed segment");
    const auto& [begin, frame] = index.frames[number];
    const Bytes rest = file.subspan(std::min<uint64_t>(begin, file.size()));
    const Bytes bytes = rest.first(std::min<uint64_t>(frame.compressed_bytes, rest.size()));
    if (Status decoded = DecodeFrame(bytes, frame, decoder, &content); !decoded) {
      return std::move(decoded).error().WithContext(name);
    }
    contents.insert(contents.end(), content.begin(), content.end());
  }
  return contents;
}

}  // namespace daybook
