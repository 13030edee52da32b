#include "gap_cause.h"

#include <algorithm>
#include <array>

#include "layout.h"

namespace daybook {
namespace {

// Disks write these whole or not at all.
constexpr size_t kSectorBytes = 512;

bool HasZeroSector(Bytes bytes, size_t begin) {
  size_t sector = (begin + kSectorBytes - 1) / kSectorBytes * kSectorBytes;
  for (; sector + kSectorBytes <= bytes.size(); sector += kSectorBytes) {
    if (IsZero(bytes.subspan(sector, kSectorBytes))) return true;
  }
  return false;
}

// Headers follow each other from `begin` to the last record, which has not got all its bytes, or is
// the last that was written at all.
bool IsCut(Bytes bytes, size_t begin) {
  for (size_t at = begin;;) {
    if (at >= bytes.size()) return true;
    const Bytes rest = bytes.subspan(at);
    const size_t cookie_bytes = std::min(rest.size(), sizeof(kCookie));
    if (!std::equal(kCookie, kCookie + cookie_bytes, rest.begin())) return false;
    if (rest.size() < kHeaderBytes) return true;
    if (!IsValidType(rest[kTypeOffset])) return false;
    at += kHeaderBytes + rest[kLengthOffset];
  }
}

}  // namespace

bool IsZero(Bytes bytes) {
  return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; });
}

Outlook LookAhead(RangeSums& sums, size_t from, uint32_t tag,
                  const std::optional<SegmentStart>& segment) {
  const Bytes bytes = sums.bytes();
  Outlook outlook;
  for (size_t at = FindCheckpointHeader(bytes, from); at < bytes.size();
       at = FindCheckpointHeader(bytes, at + 1)) {
    outlook.end = at;
    const auto checkpoint = ReadCheckpoint(bytes, at, kTickNs);
    if (!checkpoint) continue;
    if (segment) {
      const auto claimed = ClaimedBegin(*checkpoint, from);
      const auto start = claimed ? ReadHead(bytes, *claimed, *checkpoint) : std::nullopt;
      const bool same_log = start && start->stream_id == segment->stream_id && IsSupported(*start);
      if (same_log && ProveBlock(sums, *checkpoint, from)) return outlook;
    }
    if (checkpoint->record.tag != tag) continue;
    outlook.durable_end = std::max(outlook.durable_end, DurableEnd(checkpoint->record));
    outlook.last_checkpoint = at;
    if ((checkpoint->record.flags & kCheckpointLast) != 0) return outlook;
  }
  outlook.end = bytes.size();
  return outlook;
}

TailKind KindOfTail(Bytes bytes, size_t begin) {
  if (begin < bytes.size() && IsZero(bytes.subspan(begin))) return TailKind::kZeroFill;
  if (IsCut(bytes, begin)) return TailKind::kCutRecord;
  return HasZeroSector(bytes, begin) ? TailKind::kZeroSector : TailKind::kGarbage;
}

}  // namespace daybook
