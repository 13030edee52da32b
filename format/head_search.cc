#include "head_search.h"

#include <algorithm>
#include <map>

#include "cookie.h"
#include "layout.h"

namespace daybook {
namespace {

// Blocks of one tag that follow each other.
struct Run {
  size_t begin = 0;
  size_t end = 0;
  bool starts_segment = false;

  // What stands in a payload is never longer in a row: there a CONT header of ours comes in
  // between.
  bool IsLong() const { return end - begin > kMaxPayloadBytes; }
};

struct Claim {
  Run run;             // the last one
  uint64_t bytes = 0;  // of all that are long
  // Where the last head or copy of one begins: whose tag has long runs is whose head this is,
  // however short its own run.
  std::optional<size_t> head;

  void Add(size_t begin, size_t end, bool is_head, bool starts_segment) {
    if (begin != run.end || starts_segment) {
      run = {.begin = begin, .end = begin, .starts_segment = starts_segment};
    }
    const size_t counted = run.IsLong() ? run.end : run.begin;
    run.end = end;
    if (is_head) head = begin;
    if (run.IsLong() && !run.starts_segment) bytes += end - counted;
  }
};

// By tag. Forged ones may be as many as there are checkpoints.
class Claims {
 public:
  // Of the tag of a block whose checkpoint stands at that place.
  Claim& Of(uint32_t tag, size_t checkpoint_begin) {
    if (claims_.size() >= room_) Forget(checkpoint_begin);
    return claims_[tag];
  }
  const std::map<uint32_t, Claim>& all() const { return claims_; }

 private:
  // Those that claim nothing, and whose run no block reaches any more.
  void Forget(size_t checkpoint_begin) {
    std::erase_if(claims_, [checkpoint_begin](const auto& entry) {
      const Claim& claim = entry.second;
      return claim.bytes == 0 && !claim.head && claim.run.end + kMaxBlockBytes < checkpoint_begin;
    });
    room_ = std::max(kLeastRoom, 2 * claims_.size());
  }

  static constexpr size_t kLeastRoom = 1024;
  std::map<uint32_t, Claim> claims_;
  size_t room_ = kLeastRoom;
};

class HeadSearch {
 public:
  explicit HeadSearch(RangeSums& sums) : sums_(sums) {}

  FoundHead Run();

 private:
  std::optional<size_t> ProvedBegin(const FoundCheckpoint& checkpoint);
  bool IsOurs(size_t begin, const FoundCheckpoint& checkpoint);

  RangeSums& sums_;
  uint64_t walked_in_vain_ = 0;
};

std::optional<size_t> HeadSearch::ProvedBegin(const FoundCheckpoint& checkpoint) {
  if (walked_in_vain_ > kVainPasses * sums_.bytes().size()) return std::nullopt;
  const auto begin = ProveBlock(sums_, checkpoint, 0);
  return begin && IsOurs(*begin, checkpoint) ? begin : std::nullopt;
}

// Nothing else speaks for its tag yet: it could be forged, and the CONT headers that our writer put
// into a program's arguments be hidden inside its records.
bool HeadSearch::IsOurs(size_t begin, const FoundCheckpoint& checkpoint) {
  const Bytes bytes = sums_.bytes();
  size_t at = begin;
  while (at < checkpoint.end) {
    const auto header = ReadHeader(bytes, at);
    if (!header || (header->type == Schema<Checkpoint>::kType && at != checkpoint.begin)) break;
    const size_t end = header->end;
    if (FindCookieOfType(bytes.first(end), at + 1, Schema<Continuation>::kType) < end) break;
    at = end;
  }
  if (at == checkpoint.end) return true;
  walked_in_vain_ += at - begin;
  return false;
}

FoundHead HeadSearch::Run() {
  const Bytes bytes = sums_.bytes();
  std::optional<size_t> next_begin;
  Claims claims;
  for (size_t at = FindCheckpointHeader(bytes, 0); at < bytes.size();
       at = FindCheckpointHeader(bytes, at + 1)) {
    // The tick is not known yet; only times depend on it.
    const auto checkpoint = ReadCheckpoint(bytes, at, kTickNs);
    const auto begin = checkpoint ? ProvedBegin(*checkpoint) : std::nullopt;
    if (!begin) continue;
    auto start = ReadSegmentStart(bytes, *begin, checkpoint->record);
    if (start && !IsSupported(*start)) start.reset();
    if (start && *begin == 0) return {.tag = start->tag, .segment = start, .next_begin = {}};
    Claim& claim = claims.Of(checkpoint->record.tag, at);
    claim.Add(*begin, checkpoint->end, start.has_value(),
              start && checkpoint->record.logical_offset == 0);
    if (claim.run.IsLong() && claim.run.starts_segment) {  // another segment, behind ours
      next_begin = claim.run.begin;
      break;
    }
  }
  FoundHead found{.tag = {}, .segment = {}, .next_begin = next_begin};
  uint64_t most = 0;
  for (const auto& [tag, claim] : claims.all()) {
    if (claim.bytes <= most) continue;
    most = claim.bytes;
    found.tag = tag;
    found.segment = claim.head ? ReadSegmentStart(bytes, *claim.head) : std::nullopt;
  }
  return found;
}

}  // namespace

FoundHead FindHead(RangeSums& sums) { return HeadSearch(sums).Run(); }

}  // namespace daybook
