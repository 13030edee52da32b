#include "time/clock_map.h"

#include <algorithm>
#include <limits>

namespace daybook {
namespace {

// Adds the part of [first, last] that lies within `piece`.
void AddPart(const BootInterval& piece, uint64_t first_ns, uint64_t last_ns,
             std::vector<BootInterval>* intervals) {
  first_ns = std::max(first_ns, piece.first_ns);
  last_ns = std::min(last_ns, piece.last_ns);
  if (first_ns > last_ns) return;
  const bool adjoins = !intervals->empty() && intervals->back().last_ns + 1 == first_ns;
  if (adjoins) {
    intervals->back().last_ns = last_ns;
  } else {
    intervals->push_back({first_ns, last_ns});
  }
}

}  // namespace

bool Overlaps(std::span<const BootInterval> intervals, uint64_t first_ns, uint64_t last_ns) {
  const auto at = std::ranges::lower_bound(intervals, first_ns, {}, &BootInterval::last_ns);
  return at != intervals.end() && at->first_ns <= last_ns;
}

void ClockMap::Add(uint64_t boot_ns, int64_t realtime_ns) {
  // Wraps instead of overflowing: the numbers come from a file.
  const auto offset = static_cast<int64_t>(static_cast<uint64_t>(realtime_ns) - boot_ns);
  const auto after = std::ranges::upper_bound(anchors_, boot_ns, {}, &Anchor::boot_ns);
  if (after != anchors_.begin() && std::prev(after)->offset_ns == offset) return;
  const auto added = anchors_.insert(after, Anchor{.boot_ns = boot_ns, .offset_ns = offset});
  const auto first = static_cast<size_t>(added - anchors_.begin());
  for (size_t i = std::max<size_t>(first, 1); i < anchors_.size(); ++i) NoteLatest(i);
}

// Before the first one it showed nothing that would be later than at it.
void ClockMap::NoteLatest(size_t anchor) {
  Anchor& at = anchors_[anchor];
  at.latest_before_ns = anchors_[anchor - 1].latest_before_ns;
  if (at.boot_ns == 0) return;
  at.latest_before_ns = std::max(at.latest_before_ns, *ToRealtime(at.boot_ns - 1));
}

// A log is read in order: most moments that are asked for are behind the last anchor there is.
const ClockMap::Anchor& ClockMap::AnchorOf(uint64_t boot_ns) const {
  if (anchors_.back().boot_ns <= boot_ns) return anchors_.back();
  const auto after = std::ranges::upper_bound(anchors_, boot_ns, {}, &Anchor::boot_ns);
  return after != anchors_.begin() ? *std::prev(after) : anchors_.front();
}

std::optional<int64_t> ClockMap::ToRealtime(uint64_t boot_ns) const {
  if (anchors_.empty()) return std::nullopt;
  return static_cast<int64_t>(boot_ns + static_cast<uint64_t>(AnchorOf(boot_ns).offset_ns));
}

std::optional<int64_t> ClockMap::LatestUpTo(uint64_t boot_ns) const {
  if (anchors_.empty()) return std::nullopt;
  return std::max(*ToRealtime(boot_ns), AnchorOf(boot_ns).latest_before_ns);
}

std::vector<BootInterval> ClockMap::ToBootTimes(const Window& window) const {
  constexpr auto kFirst = std::numeric_limits<int64_t>::min();
  constexpr auto kLast = std::numeric_limits<int64_t>::max();
  std::vector<BootInterval> intervals;
  if (window.until_ns == kFirst) return intervals;
  const auto since = static_cast<uint64_t>(window.since_ns.value_or(kFirst));
  const auto last = static_cast<uint64_t>(window.until_ns ? *window.until_ns - 1 : kLast);
  if (window.since_ns > static_cast<int64_t>(last)) return intervals;
  for (size_t i = 0; i < anchors_.size(); ++i) {
    const bool is_last = i + 1 == anchors_.size();
    // Two anchors of one moment: the later one counts from there.
    if (!is_last && i != 0 && anchors_[i].boot_ns == anchors_[i + 1].boot_ns) continue;
    if (!is_last && anchors_[i + 1].boot_ns == 0) continue;
    const BootInterval piece{.first_ns = i == 0 ? 0 : anchors_[i].boot_ns,
                             .last_ns = is_last ? UINT64_MAX : anchors_[i + 1].boot_ns - 1};
    // The window's moments are in a row modulo 2^64, as ToRealtime counts.
    const auto offset = static_cast<uint64_t>(anchors_[i].offset_ns);
    const uint64_t piece_since = since - offset;
    const uint64_t piece_last = last - offset;
    if (piece_since <= piece_last) {
      AddPart(piece, piece_since, piece_last, &intervals);
    } else {
      AddPart(piece, 0, piece_last, &intervals);
      AddPart(piece, piece_since, UINT64_MAX, &intervals);
    }
  }
  return intervals;
}

}  // namespace daybook
