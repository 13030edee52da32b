#include "block.h"

#include <algorithm>
#include <array>
#include <limits>

#include "cookie.h"
#include "crc32c.h"
#include "layout.h"

namespace daybook {
namespace {

constexpr size_t kCrcBytes = sizeof(Checkpoint::self_crc);
static_assert(kCrcBytes == sizeof(Mark::crc));

// Decodes a record that is frozen. It must be exactly what this version writes: anything else would
// be outside its checksum, or ambiguous.
template <class Record>
bool DecodeExactly(Bytes payload, Record* record, const BlockBase& base = {}) {
  std::array<uint8_t, kMaxPayloadBytes> encoded;
  static_assert(Schema<Record>::kFields.kSize * kMaxVarintBytes <=
                std::tuple_size_v<decltype(encoded)>);
  if (!Decode(payload, base, record)) return false;
  const uint8_t* const end = Encode(*record, base, encoded.data());
  return std::ranges::equal(payload, Bytes(encoded.data(), end));
}

}  // namespace

std::optional<FoundCheckpoint> ReadCheckpoint(Bytes bytes, size_t offset, uint32_t tick_ns) {
  const auto header = ReadHeader(bytes, offset);
  if (!header || header->type != Schema<Checkpoint>::kType) return std::nullopt;
  const Bytes payload = PayloadOf(bytes, *header);
  const BlockBase base{.time_ticks = 0, .pid = 0, .tick_ns = tick_ns};
  FoundCheckpoint found{.record = {}, .begin = offset, .end = header->end};
  if (!DecodeExactly(payload, &found.record, base)) return std::nullopt;
  if (Crc32c(bytes.subspan(offset, header->end - kCrcBytes - offset)) != found.record.self_crc) {
    return std::nullopt;
  }
  return found;
}

BlockBase BaseOf(const Checkpoint& checkpoint, uint32_t tick_ns) {
  return {.time_ticks = checkpoint.base_time_ns / tick_ns,
          .pid = static_cast<uint32_t>(checkpoint.base_pid),
          .tick_ns = tick_ns};
}

BlockBase ProvisionalBase(const Checkpoint& checkpoint, uint32_t tick_ns) {
  return {.time_ticks = checkpoint.last_time_ns / tick_ns,
          .pid = static_cast<uint32_t>(checkpoint.last_pid),
          .tick_ns = tick_ns};
}

std::optional<size_t> ClaimedBegin(const FoundCheckpoint& checkpoint, size_t lowest) {
  const uint64_t block_bytes = checkpoint.record.block_bytes;
  if (checkpoint.begin < lowest || block_bytes > checkpoint.begin - lowest) return std::nullopt;
  if (block_bytes > kMaxBlockBytes) return std::nullopt;
  return checkpoint.begin - block_bytes;
}

std::optional<size_t> ProveBlock(RangeSums& sums, const FoundCheckpoint& checkpoint,
                                 size_t lowest) {
  const auto begin = ClaimedBegin(checkpoint, lowest);
  if (!begin || sums.Sum(*begin, checkpoint.begin) != checkpoint.record.block_crc) {
    return std::nullopt;
  }
  return begin;
}

uint64_t DurableEnd(const Checkpoint& checkpoint) {
  if ((checkpoint.flags & kCheckpointLast) != 0) return std::numeric_limits<uint64_t>::max();
  const uint64_t written = checkpoint.logical_offset + checkpoint.block_bytes;
  return written - std::min(written, checkpoint.unsynced_bytes);
}

size_t FindCheckpointHeader(Bytes bytes, size_t from) {
  return FindCookieOfType(bytes, from, Schema<Checkpoint>::kType);
}

size_t WalkBlock(Bytes bytes, size_t begin) {
  // A longer walk leads to no block: hostile bytes must not make every walk go to the end.
  constexpr size_t kLongestWalk = kMaxBlockBytes + kHeaderBytes + kMaxPayloadBytes;
  bytes = bytes.first(begin + std::min(bytes.size() - begin, kLongestWalk));
  // Each header tells where the next one is, so nothing else asks for it before it is needed.
  constexpr size_t kAhead = 1024;
  size_t offset = begin;
  for (;;) {
    const auto header = ReadHeader(bytes, offset);
    if (!header || header->type == Schema<Checkpoint>::kType) return offset;
    offset = header->end;
    __builtin_prefetch(bytes.data() + std::min(offset + kAhead, bytes.size()));
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
      if (!DecodeExactly(PayloadOf(bytes, *header), &mark) || mark.crc != crc) break;
      marked_end = header->end;
      crc = ExtendCrc32c(crc, bytes.subspan(crc_begin, kCrcBytes));
      summed_end = header->end;
    }
    offset = header->end;
  }
  return marked_end;
}

// The last fragment is shorter than the others. One that would make the payload longer than any is
// not taken.
Assembled Assemble(Bytes bytes, const RecordHeader& header, std::vector<uint8_t>* payload) {
  const Bytes head = PayloadOf(bytes, header);
  payload->assign(head.begin(), head.end());
  size_t end = header.end;
  for (uint32_t index = 0;; ++index) {
    const auto next = ReadHeader(bytes, end);
    if (!next || next->type != Schema<Continuation>::kType) break;
    const Bytes fragment = PayloadOf(bytes, *next);
    if (fragment.empty() || fragment[0] != (index & kFragmentIndexMask)) break;
    if (payload->size() + fragment.size() - 1 > kMaxLogicalBytes) break;
    payload->insert(payload->end(), fragment.begin() + 1, fragment.end());
    end = next->end;
    if (fragment.size() < kMaxPayloadBytes) return {.end = end, .is_whole = true};
  }
  return {.end = end, .is_whole = false};
}

std::optional<SegmentStart> ReadSegmentStart(Bytes bytes, size_t offset) {
  const auto header = ReadHeader(bytes, offset);
  if (!header || header->type != Schema<SegmentStart>::kType) return std::nullopt;
  // The time is in ticks of the length that the record itself declares: decode twice.
  SegmentStart start;
  const Bytes payload = PayloadOf(bytes, *header);
  if (!Decode(payload, {}, &start) || start.signature != kSignature || start.tick_ns == 0) {
    return std::nullopt;
  }
  const BlockBase base{.time_ticks = 0, .pid = 0, .tick_ns = start.tick_ns};
  if (!Decode(payload, base, &start)) return std::nullopt;
  return start;
}

std::optional<SegmentStart> ReadSegmentStart(Bytes bytes, size_t offset,
                                             const Checkpoint& checkpoint) {
  auto start = ReadSegmentStart(bytes, offset);
  if (start && start->tag != checkpoint.tag) start.reset();
  return start;
}

// Times are in ticks of the segment's own length; those of a real head fit.
std::optional<SegmentStart> ReadHead(Bytes bytes, size_t begin, const FoundCheckpoint& checkpoint) {
  if (checkpoint.record.logical_offset != 0) return std::nullopt;
  auto start = ReadSegmentStart(bytes, begin, checkpoint.record);
  if (start && !ReadCheckpoint(bytes, checkpoint.begin, start->tick_ns)) start.reset();
  return start;
}

bool IsSupported(const SegmentStart& start) {
  return start.major_version == kMajorVersion && start.min_reader <= kMinorVersion &&
         start.incompat_flags == 0;
}

std::optional<ProvedHead> ReadProvedHead(RangeSums& sums) {
  const Bytes bytes = sums.bytes();
  const auto checkpoint = ReadCheckpoint(bytes, WalkBlock(bytes, 0), kTickNs);
  if (!checkpoint || ProveBlock(sums, *checkpoint, 0) != size_t{0}) return std::nullopt;
  const auto start = ReadHead(bytes, 0, *checkpoint);
  if (!start || !IsSupported(*start)) return std::nullopt;
  return ProvedHead{.start = *start,
                    .checkpoint = *ReadCheckpoint(bytes, checkpoint->begin, start->tick_ns)};
}

}  // namespace daybook
