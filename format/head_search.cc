#include "head_search.h"

#include <algorithm>
#include <map>

#include "layout.h"

namespace daybook {

namespace {

// Blocks of one tag. A run of them that follow each other longer than any payload was not forged in
// a program's arguments: there a header of ours would stand in between. Shorter ones prove nothing.
struct Claim {
  std::optional<SegmentStart> head;
  uint64_t bytes = 0;  // in runs that are long enough
  size_t run_begin = 0;
  size_t run_end = 0;
  bool run_starts_segment = false;

  void Add(size_t begin, size_t end, bool starts_segment) {
    if (begin != run_end || starts_segment) {
      run_begin = begin;
      run_starts_segment = starts_segment;
    }
    const bool was_long = begin - run_begin > kMaxPayloadBytes;
    run_end = end;
    if (IsLong()) bytes += end - (was_long ? begin : run_begin);
  }
  bool IsLong() const { return run_end - run_begin > kMaxPayloadBytes; }
};

}  // namespace

FoundHead FindHead(RangeSums& sums) {
  const Bytes bytes = sums.bytes();
  FoundHead found;
  std::map<uint32_t, Claim> claims;
  for (size_t at = FindCheckpointHeader(bytes, 0); at < bytes.size();
       at = FindCheckpointHeader(bytes, at + 1)) {
    // The tick is not known yet; only times depend on it.
    const auto checkpoint = ReadCheckpoint(bytes, at, kTickNs);
    const auto begin = checkpoint ? ProveBlock(sums, *checkpoint, 0) : std::nullopt;
    if (!begin) continue;
    const auto start = ReadSegmentStart(bytes, *begin, checkpoint->record);
    const bool is_head = start && IsSupported(*start);
    const bool is_copy = checkpoint->record.logical_offset != 0;
    if (is_head && *begin == 0) return {.tag = start->tag, .segment = start, .next_begin = {}};
    Claim& claim = claims[checkpoint->record.tag];
    claim.Add(*begin, checkpoint->end, is_head && !is_copy);
    if (is_head) claim.head = *start;
    if (claim.IsLong() && claim.run_starts_segment) {  // of another segment, behind ours
      found.next_begin = claim.run_begin;
      break;
    }
  }
  uint64_t most = 0;
  for (const auto& [tag, claim] : claims) {
    if (claim.bytes <= most || claim.run_begin == found.next_begin) continue;
    most = claim.bytes;
    found.tag = tag;
    found.segment = claim.head;
  }
  return found;
}

}  // namespace daybook
