#include "head_search.h"

#include <algorithm>
#include <map>

#include "layout.h"

namespace daybook {

FoundHead FindHead(RangeSums& sums) {
  struct Claim {
    uint64_t bytes = 0;
    std::optional<SegmentStart> head;
  };
  const Bytes bytes = sums.bytes();
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
    if (is_head && *begin == 0) return {.tag = start->tag, .segment = start};
    if (is_head && !is_copy) break;  // of another segment, behind ours
    Claim& claim = claims[checkpoint->record.tag];
    claim.bytes += checkpoint->end - *begin;
    if (is_head) claim.head = *start;
  }
  if (claims.empty()) return {};
  const auto most =
      std::ranges::max_element(claims, {}, [](const auto& claim) { return claim.second.bytes; });
  return {.tag = most->first, .segment = most->second.head};
}

}  // namespace daybook
