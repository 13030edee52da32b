#include "head_search.h"

#include <map>

#include "layout.h"

namespace daybook {
namespace {

// So many bytes for each byte there is may be walked in vain; damage never comes near.
constexpr uint64_t kPasses = 16;

// Blocks of one tag that follow each other.
struct Run {
  size_t begin = 0;
  size_t end = 0;
  bool starts_segment = false;
  std::optional<SegmentStart> head;  // of the segment, or a copy of it

  // What stands in a payload is never longer in a row: there a header of ours comes in between, and
  // from that on going from header to header leads only to checkpoints of ours. So this was not
  // forged in a program's arguments.
  bool IsLong() const { return end - begin > kMaxPayloadBytes; }
};

struct Claim {
  Run run;             // the last one
  uint64_t bytes = 0;  // of all that are long
  std::optional<SegmentStart> head;

  void Add(size_t begin, size_t end, const std::optional<SegmentStart>& start,
           bool starts_segment) {
    if (begin != run.end || starts_segment) {
      run = {.begin = begin, .end = begin, .starts_segment = starts_segment, .head = {}};
    }
    const size_t counted = run.IsLong() ? run.end : run.begin;
    run.end = end;
    if (start) run.head = start;
    if (!run.IsLong() || run.starts_segment) return;
    bytes += end - counted;
    if (run.head) head = run.head;
  }
};

class HeadSearch {
 public:
  explicit HeadSearch(RangeSums& sums) : sums_(sums) {}

  FoundHead Run();

 private:
  std::optional<size_t> ProvedBegin(const FoundCheckpoint& checkpoint);

  RangeSums& sums_;
  uint64_t walked_in_vain_ = 0;
};

// Of a block that is one from header to header: nothing else speaks for its tag yet.
std::optional<size_t> HeadSearch::ProvedBegin(const FoundCheckpoint& checkpoint) {
  if (walked_in_vain_ > kPasses * sums_.bytes().size()) return std::nullopt;
  const auto begin = ProveBlock(sums_, checkpoint, 0);
  if (!begin) return std::nullopt;
  const size_t end = WalkBlock(sums_.bytes(), *begin);
  if (end == checkpoint.begin) return begin;
  walked_in_vain_ += end - *begin;
  return std::nullopt;
}

FoundHead HeadSearch::Run() {
  const Bytes bytes = sums_.bytes();
  std::optional<size_t> next_begin;
  std::map<uint32_t, Claim> claims;
  for (size_t at = FindCheckpointHeader(bytes, 0); at < bytes.size();
       at = FindCheckpointHeader(bytes, at + 1)) {
    // The tick is not known yet; only times depend on it.
    const auto checkpoint = ReadCheckpoint(bytes, at, kTickNs);
    const auto begin = checkpoint ? ProvedBegin(*checkpoint) : std::nullopt;
    if (!begin) continue;
    auto start = ReadSegmentStart(bytes, *begin, checkpoint->record);
    if (start && !IsSupported(*start)) start.reset();
    if (start && *begin == 0) return {.tag = start->tag, .segment = start, .next_begin = {}};
    Claim& claim = claims[checkpoint->record.tag];
    claim.Add(*begin, checkpoint->end, start, start && checkpoint->record.logical_offset == 0);
    if (claim.run.IsLong() && claim.run.starts_segment) {  // another segment, behind ours
      next_begin = claim.run.begin;
      break;
    }
  }
  FoundHead found{.tag = {}, .segment = {}, .next_begin = next_begin};
  uint64_t most = 0;
  for (const auto& [tag, claim] : claims) {
    if (claim.bytes <= most) continue;
    most = claim.bytes;
    found.tag = tag;
    found.segment = claim.head;
  }
  return found;
}

}  // namespace

FoundHead FindHead(RangeSums& sums) { return HeadSearch(sums).Run(); }

}  // namespace daybook
