#include "block.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "crc32c.h"
#include "layout.h"

namespace daybook {
namespace {

constexpr size_t kCrcBytes = sizeof(Checkpoint::self_crc);
static_assert(kCrcBytes == sizeof(Mark::crc));

Bytes Payload(Bytes bytes, const RecordHeader& header) {
  return bytes.subspan(header.payload_begin, header.end - header.payload_begin);
}

// Decodes a record that is frozen. It must be exactly what this version writes: anything else would
// be outside its checksum, or ambiguous.
template <class Record>
bool DecodeExactly(Bytes payload, Record* record, const BlockBase& base = {}) {
  std::array<uint8_t, kMaxPayloadBytes> encoded;
  static_assert(std::tuple_size_v<decltype(Schema<Record>::kFields)> * kMaxVarintBytes <=
                std::tuple_size_v<decltype(encoded)>);
  if (!Decode(payload, base, record)) return false;
  const uint8_t* const end = Encode(*record, base, encoded.data());
  return std::ranges::equal(payload, Bytes(encoded.data(), end));
}

}  // namespace

std::optional<RecordHeader> ReadHeader(Bytes bytes, size_t offset) {
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

std::optional<FoundCheckpoint> ReadCheckpoint(Bytes bytes, size_t offset, uint32_t tick_ns) {
  const auto header = ReadHeader(bytes, offset);
  if (!header || header->type != Schema<Checkpoint>::kType) return std::nullopt;
  const Bytes payload = Payload(bytes, *header);
  const BlockBase base{.time_ticks = 0, .pid = 0, .tick_ns = tick_ns};
  FoundCheckpoint found{.record = {}, .begin = offset, .end = header->end};
  if (!DecodeExactly(payload, &found.record, base)) return std::nullopt;
  if (Crc32c(bytes.subspan(offset, header->end - kCrcBytes - offset)) != found.record.self_crc) {
    return std::nullopt;
  }
  return found;
}

std::optional<size_t> ProveBlock(Bytes bytes, const FoundCheckpoint& checkpoint, size_t lowest) {
  const uint64_t block_bytes = checkpoint.record.block_bytes;
  if (checkpoint.begin < lowest || block_bytes > checkpoint.begin - lowest) return std::nullopt;
  if (block_bytes > kMaxBlockBytes) return std::nullopt;
  const size_t begin = checkpoint.begin - block_bytes;
  if (Crc32c(bytes.subspan(begin, block_bytes)) != checkpoint.record.block_crc) return std::nullopt;
  return begin;
}

// The cookie's second byte is looked for, since the first is an ordinary "+" in text.
size_t FindCheckpointHeader(Bytes bytes, size_t from) {
  size_t search = from + 1;
  while (search < bytes.size()) {
    const void* hit = std::memchr(bytes.data() + search, kCookie[1], bytes.size() - search);
    if (hit == nullptr) break;
    const size_t second = static_cast<size_t>(static_cast<const uint8_t*>(hit) - bytes.data());
    const size_t begin = second - 1;
    const auto header = ReadHeader(bytes, begin);
    if (header && header->type == Schema<Checkpoint>::kType) return begin;
    search = second + 1;
  }
  return bytes.size();
}

size_t WalkBlock(Bytes bytes, size_t begin) {
  // A longer walk leads to no block: hostile bytes must not make every walk go to the end.
  constexpr size_t kLongestWalk = kMaxBlockBytes + kHeaderBytes + kMaxPayloadBytes;
  bytes = bytes.first(begin + std::min(bytes.size() - begin, kLongestWalk));
  size_t offset = begin;
  for (;;) {
    const auto header = ReadHeader(bytes, offset);
    if (!header || header->type == Schema<Checkpoint>::kType) return offset;
    offset = header->end;
  }
}

uint32_t PlaceCrc(const BlockPlace& place) {
  std::array<uint8_t, sizeof(place.tag) + sizeof(place.logical_offset) + sizeof(place.first_seq) +
                          sizeof(place.base.time_ticks) + sizeof(place.base.pid)>
      bytes;
  uint8_t* out = PutFixed(bytes.data(), place.tag);
  out = PutFixed(out, place.logical_offset);
  out = PutFixed(out, place.first_seq);
  out = PutFixed(out, place.base.time_ticks);
  PutFixed(out, place.base.pid);
  return Crc32c(bytes);
}

size_t FindMarkedEnd(Bytes bytes, size_t begin, size_t end, const BlockPlace& place) {
  size_t marked_end = begin;
  size_t summed_end = begin;
  uint32_t crc = PlaceCrc(place);
  for (size_t offset = begin; offset < end;) {
    const auto header = ReadHeader(bytes.first(end), offset);
    if (!header) break;
    if (header->type == Schema<Mark>::kType) {
      const size_t crc_begin = header->end - std::min(kCrcBytes, header->end - offset);
      crc = ExtendCrc32c(crc, bytes.subspan(summed_end, crc_begin - summed_end));
      Mark mark;
      // Later ones sum the same wrong bytes.
      if (!DecodeExactly(Payload(bytes, *header), &mark) || mark.crc != crc) break;
      marked_end = header->end;
      crc = ExtendCrc32c(crc, bytes.subspan(crc_begin, kCrcBytes));
      summed_end = header->end;
    }
    offset = header->end;
  }
  return marked_end;
}

std::optional<SegmentStart> ReadSegmentStart(Bytes bytes, size_t offset) {
  const auto header = ReadHeader(bytes, offset);
  if (!header || header->type != Schema<SegmentStart>::kType) return std::nullopt;
  // The time is in ticks of the length that the record itself declares: decode twice.
  SegmentStart start;
  const Bytes payload = Payload(bytes, *header);
  if (!Decode(payload, {}, &start) || start.signature != kSignature || start.tick_ns == 0) {
    return std::nullopt;
  }
  const BlockBase base{.time_ticks = 0, .pid = 0, .tick_ns = start.tick_ns};
  if (!Decode(payload, base, &start)) return std::nullopt;
  return start;
}

bool IsSupported(const SegmentStart& start) {
  return start.major_version == kMajorVersion && start.min_reader <= kMinorVersion &&
         start.incompat_flags == 0;
}

}  // namespace daybook
