#include "resync.h"

#include <algorithm>
#include <optional>

#include "cookie.h"

namespace daybook {
namespace {

// A place where a record may begin, and the chain that follows from it.
struct Candidate {
  size_t begin = 0;
  size_t chain_end = 0;
  size_t records = 0;
  size_t last_begin = 0;  // of the last record of the chain
};

class ChainFinder {
 public:
  ChainFinder(Bytes bytes, const DamagedRange& range, const LengthBounds& bounds)
      : bytes_(bytes.first(range.end)), range_(range), bounds_(bounds) {
    FindCandidates();
    LinkCandidates();
  }

  std::vector<Chain> Choose();

 private:
  void FindCandidates();
  void LinkCandidates();
  size_t IndexAt(size_t position) const;
  std::optional<Chain> ToEnd(size_t begin) const;
  bool IsIsland(const Candidate& candidate, size_t end) const;
  std::vector<Chain> ChooseIslands(size_t begin, size_t end) const;

  Bytes bytes_;
  const DamagedRange& range_;
  const LengthBounds& bounds_;
  std::vector<Candidate> candidates_;  // in order
  size_t first_end_ = 0;               // of the chain from the beginning
};

// Every place is tried, whatever a candidate before it claims to cover.
void ChainFinder::FindCandidates() {
  for (size_t at = FindCookie(bytes_, range_.begin, range_.end); at < range_.end;
       at = FindCookie(bytes_, at + 1, range_.end)) {
    const auto header = ReadHeader(bytes_, at);
    if (!header || !bounds_.Allow(*header)) continue;
    candidates_.push_back({.begin = at, .chain_end = header->end, .records = 1, .last_begin = at});
  }
}

// Backwards, so that what follows a candidate is known when it is reached.
void ChainFinder::LinkCandidates() {
  for (size_t i = candidates_.size(); i-- > 0;) {
    Candidate& candidate = candidates_[i];
    const size_t next = IndexAt(candidate.chain_end);
    if (next == candidates_.size() || candidates_[next].begin != candidate.chain_end) continue;
    candidate.records += candidates_[next].records;
    candidate.chain_end = candidates_[next].chain_end;
    candidate.last_begin = candidates_[next].last_begin;
  }
}

// The first candidate at or behind `position`.
size_t ChainFinder::IndexAt(size_t position) const {
  const auto found = std::ranges::lower_bound(candidates_, position, {}, &Candidate::begin);
  return static_cast<size_t>(found - candidates_.begin());
}

// What stands behind the chain from the beginning may begin within its last record, see above.
std::vector<Chain> ChainFinder::Choose() {
  std::vector<Chain> chains;
  size_t begin = range_.begin;
  first_end_ = begin;
  if (range_.begins_at_record && !candidates_.empty() && candidates_[0].begin == begin) {
    const Candidate& first = candidates_[0];
    chains.push_back({begin, first.chain_end, first.records});
    begin = first.last_begin + 1;
    first_end_ = first.chain_end;
  }
  const std::optional<Chain> last = ToEnd(begin);
  const std::vector<Chain> islands = ChooseIslands(begin, last ? last->begin : range_.end);
  chains.insert(chains.end(), islands.begin(), islands.end());
  if (last) chains.push_back(*last);
  return chains;
}

// The earliest one that arrives exactly at the end; none where the first one does.
std::optional<Chain> ChainFinder::ToEnd(size_t begin) const {
  if (!range_.ends_at_record || first_end_ == range_.end) return std::nullopt;
  for (size_t i = IndexAt(begin); i < candidates_.size(); ++i) {
    if (candidates_[i].chain_end != range_.end) continue;
    return Chain{candidates_[i].begin, range_.end, candidates_[i].records};
  }
  return std::nullopt;
}

// One that lies within the last record of the first chain is most likely a part of its payload.
bool ChainFinder::IsIsland(const Candidate& candidate, size_t end) const {
  if (candidate.chain_end > end || candidate.chain_end <= first_end_) return false;
  if (range_.ends_at_record) return candidate.records >= kIslandRecords;
  const bool to_end = candidate.chain_end == range_.end;
  return candidate.records >= (to_end ? kTailRecordsToEnd : kTailRecords);
}

// Of overlapping chains, those that together cover the most: from the back, what can best be had
// from each candidate on.
std::vector<Chain> ChainFinder::ChooseIslands(size_t begin, size_t end) const {
  const size_t first = IndexAt(begin);
  const size_t last = IndexAt(end);
  struct Best {
    size_t bytes = 0;
    bool taken = false;
  };
  std::vector<Best> best(last - first + 1);
  const auto best_from = [&](size_t position) {
    return best[std::min(IndexAt(position), last) - first].bytes;
  };
  for (size_t i = last; i-- > first;) {
    const Candidate& candidate = candidates_[i];
    Best& here = best[i - first];
    here.bytes = best[i - first + 1].bytes;
    if (!IsIsland(candidate, end)) continue;
    const size_t taken = candidate.chain_end - candidate.begin + best_from(candidate.chain_end);
    if (taken >= here.bytes) here = {.bytes = taken, .taken = true};
  }
  std::vector<Chain> islands;
  for (size_t i = first; i < last;) {
    if (!best[i - first].taken) {
      ++i;
      continue;
    }
    islands.push_back({candidates_[i].begin, candidates_[i].chain_end, candidates_[i].records});
    i = IndexAt(candidates_[i].chain_end);
  }
  return islands;
}

}  // namespace

LengthBounds::LengthBounds(const TypeRegistry& types) {
  for (size_t type = 0; type < bounds_.size(); ++type) {
    const TypeInfo* const info = types.Find(static_cast<uint8_t>(type));
    if (info != nullptr) bounds_[type] = {.min = info->min_bytes, .max = info->max_bytes};
  }
}

std::vector<Chain> FindChains(Bytes bytes, const DamagedRange& range, const LengthBounds& bounds) {
  return ChainFinder(bytes, range, bounds).Choose();
}

}  // namespace daybook
