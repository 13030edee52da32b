#include "log/segment_skips.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "lives/lives.h"
#include "time/clock_map.h"

namespace daybook {
namespace {

// Wall-clock times of a segment's moments.
struct WallSpan {
  int64_t first_ns = 0;
  int64_t last_ns = 0;
};

// So many nanoseconds later; the numbers come from a file.
int64_t Later(int64_t time_ns, uint64_t by_ns) {
  constexpr auto kLast = std::numeric_limits<int64_t>::max();
  const uint64_t room = static_cast<uint64_t>(kLast) - static_cast<uint64_t>(time_ns);
  return by_ns > room ? kLast : static_cast<int64_t>(static_cast<uint64_t>(time_ns) + by_ns);
}

// Up to `until_boot_ns`, where that is later than the last moment of the segment itself.
std::optional<WallSpan> SpanOf(const SegmentPeek& peek, uint64_t until_boot_ns) {
  if (!peek.start || !peek.end) return std::nullopt;
  const SegmentEnd& end = *peek.end;
  if (!end.last_time_ns || !end.first_realtime_ns || !end.last_realtime_ns) return std::nullopt;
  const uint64_t last_ns = std::max(end.time_ns, until_boot_ns);
  const uint64_t rest = last_ns > *end.last_time_ns ? last_ns - *end.last_time_ns : 0;
  return WallSpan{.first_ns = *end.first_realtime_ns,
                  .last_ns = Later(*end.last_realtime_ns, rest)};
}

bool IsBefore(const WallSpan& span, const Window& window) {
  return window.since_ns && span.last_ns < *window.since_ns;
}

bool IsAfter(const WallSpan& span, const Window& window) {
  return window.until_ns && span.first_ns >= *window.until_ns;
}

int64_t OffsetOf(int64_t realtime_ns, uint64_t boot_ns) {
  return static_cast<int64_t>(static_cast<uint64_t>(realtime_ns) - boot_ns);
}

bool IsNear(int64_t offset_ns, int64_t realtime_ns, uint64_t boot_ns) {
  return IsOneClock({.time_ns = 0, .realtime_ns = offset_ns},
                    {.time_ns = boot_ns, .realtime_ns = realtime_ns});
}

// The same of all that a segment with a known span tells of. One that is not compressed does not
// say whether its clock was set and set back.
bool IsDatedBy(int64_t offset_ns, const SegmentPeek& peek) {
  const auto is_near = [&](const Clock& clock) {
    return IsNear(offset_ns, clock.realtime_ns, clock.time_ns);
  };
  if (!std::ranges::all_of(peek.clocks, is_near)) return false;
  const SegmentEnd& end = *peek.end;
  return end.first_time_ns && IsNear(offset_ns, *end.first_realtime_ns, *end.first_time_ns) &&
         IsNear(offset_ns, *end.last_realtime_ns, *end.last_time_ns);
}

// The files of one boot, one behind the other.
class BootFiles {
 public:
  BootFiles(std::span<const PeekedFile> all, size_t begin) : all_(all), begin_(begin), end_(begin) {
    while (end_ < all_.size() && IsSameBoot(all_[begin_].peek, all_[end_].peek)) ++end_;
    // A file without a beginning is a boot of its own.
    end_ = std::max(end_, begin_ + 1);
  }

  size_t begin() const { return begin_; }
  size_t end() const { return end_; }

  // In its log another boot follows, which ends all that still ran.
  bool IsFollowed() const {
    if (end_ == all_.size() || !all_[end_].peek.start) return false;
    return all_[end_].peek.start->stream_id == all_[begin_].peek.start->stream_id;
  }

  // No life of it ends in the window or later.
  bool AllBefore(const Window& window) const {
    return All([&](size_t, const WallSpan& span) { return IsBefore(span, window); });
  }

  // No life of it, however old, begins before the end of the window.
  bool AllAfter(const Window& window) const {
    return All([&](size_t i, const WallSpan& span) {
      const SegmentStart& start = *all_[i].peek.start;
      const auto boot_moment =
          static_cast<int64_t>(static_cast<uint64_t>(start.realtime_ns) - start.time_ns);
      return IsAfter({.first_ns = std::min(boot_moment, span.first_ns)}, window);
    });
  }

  // How many of its first files lie before the window, with another one behind them, and are dated
  // by the clock of that.
  size_t CountBefore(const Window& window) const {
    const SegmentPeek& first = all_[begin_].peek;
    if (!first.start) return 0;
    const int64_t offset = OffsetOf(first.start->realtime_ns, first.start->time_ns);
    size_t at = begin_;
    for (; at + 1 < end_; ++at) {
      const SegmentStart& next = *all_[at + 1].peek.start;
      const auto span = SpanOf(all_[at].peek, 0);
      const bool is_left_out = span && IsBefore(*span, window) &&
                               IsDatedBy(offset, all_[at].peek) &&
                               IsNear(offset, next.realtime_ns, next.time_ns);
      if (!is_left_out) break;
    }
    return at - begin_;
  }

  // Elsewhere among the files there is no more of it.
  bool IsInOnePlace() const {
    for (size_t i = 0; i < all_.size(); ++i) {
      const bool is_here = i >= begin_ && i < end_;
      if (!is_here && IsSameBoot(all_[begin_].peek, all_[i].peek)) return false;
    }
    return true;
  }

 private:
  static bool IsSameBoot(const SegmentPeek& a, const SegmentPeek& b) {
    return a.start && b.start && a.start->stream_id == b.start->stream_id &&
           a.start->boot_id == b.start->boot_id;
  }

  // Until the next segment begins, late events are told the time by the clock of this one.
  template <class Predicate>
  bool All(Predicate&& predicate) const {
    for (size_t i = begin_; i < end_; ++i) {
      const uint64_t next_ns = i + 1 < end_ ? all_[i + 1].peek.start->time_ns : 0;
      const auto span = SpanOf(all_[i].peek, next_ns);
      if (!span || !predicate(i, *span)) return false;
    }
    return true;
  }

  std::span<const PeekedFile> all_;
  size_t begin_;
  size_t end_;
};

// Leaves out the files from `begin` to `end` that lie behind the window, but for the heads of those
// that follow one which is read: for as long as events may be late, and one that is whole. What
// comes before that is read, since who is not in it may have ended there.
void LeaveOutAfter(std::span<const PeekedFile> files, const Window& window, size_t begin,
                   size_t end, const HeadCheck& is_head_whole, std::vector<Part>* parts) {
  std::optional<uint64_t> head_until_ns;
  bool is_told = false;
  for (size_t i = begin; i < end; ++i) {
    const SegmentPeek& peek = files[i].peek;
    const auto span = SpanOf(peek, 0);
    if (!span || !IsAfter(*span, window)) {
      head_until_ns.reset();
      is_told = false;
      continue;
    }
    if (!head_until_ns) head_until_ns = peek.start->time_ns + kMaxLatenessNs;
    if (is_told) {
      (*parts)[i] = peek.start->time_ns < *head_until_ns ? Part::kHead : Part::kNothing;
    } else if (is_head_whole(i)) {
      (*parts)[i] = Part::kHead;
      is_told = true;
    }
  }
}

}  // namespace

std::vector<bool> SegmentsOutside(std::span<const PeekedFile> files, const Window& window) {
  std::vector<bool> outside(files.size(), false);
  for (size_t i = 0; i < files.size(); ++i) {
    const auto span = SpanOf(files[i].peek, 0);
    outside[i] = span && (IsBefore(*span, window) || IsAfter(*span, window));
  }
  return outside;
}

std::vector<bool> FramesInside(const CompressedIndex& index, const Window& window) {
  std::vector<bool> inside(index.frames.size(), true);
  if (!index.segment) return inside;
  ClockMap clock;
  clock.Add(index.segment->time_ns, index.segment->realtime_ns);
  for (const Clock& anchor : index.clocks) clock.Add(anchor.time_ns, anchor.realtime_ns);
  const std::vector<BootInterval> intervals = clock.ToBootTimes(window);
  uint64_t base_ns = index.segment->time_ns;
  for (size_t i = 0; i < inside.size(); ++i) {
    const Frame& frame = index.frames[i].description;
    if (!frame.first_time_ns || !frame.last_time_ns) continue;
    inside[i] = Overlaps(intervals, std::min(base_ns, *frame.first_time_ns),
                         std::max(base_ns, *frame.last_time_ns));
    base_ns = *frame.last_time_ns;
  }
  return inside;
}

std::vector<bool> BootsOutside(std::span<const PeekedFile> files, const Window& window) {
  std::vector<bool> outside(files.size(), false);
  // What else such a file holds could be of any boot.
  if (!std::ranges::all_of(files, &PeekedFile::holds_one_segment)) return outside;
  for (size_t begin = 0; begin < files.size();) {
    const BootFiles boot(files, begin);
    begin = boot.end();
    if (!boot.IsInOnePlace()) continue;
    if (boot.AllBefore(window) && boot.IsFollowed()) {
      for (size_t i = boot.begin(); i < boot.end(); ++i) outside[i] = true;
    } else if (boot.AllAfter(window)) {
      for (size_t i = boot.begin() + 1; i < boot.end(); ++i) outside[i] = true;
    }
  }
  return outside;
}

std::vector<Part> PartsForLives(std::span<const PeekedFile> files, const Window& window,
                                size_t kept_before, const HeadCheck& is_head_whole) {
  std::vector<Part> parts;
  for (const bool is_outside : BootsOutside(files, window)) {
    parts.push_back(is_outside ? Part::kNothing : Part::kAll);
  }
  if (!std::ranges::all_of(files, &PeekedFile::holds_one_segment)) return parts;
  for (size_t begin = 0; begin < files.size();) {
    const BootFiles boot(files, begin);
    const size_t before = boot.CountBefore(window);
    // While a segment is being written nobody knows whether its head is whole.
    const size_t kept = files[begin + before].peek.end ? kept_before : 1;
    size_t first = begin + before - std::min(before, kept);
    if (boot.IsInOnePlace()) {
      while (first > begin && !is_head_whole(first)) --first;
      std::fill_n(parts.begin() + static_cast<std::ptrdiff_t>(begin), first - begin,
                  Part::kNothing);
      if (window.rule == WindowRule::kEnd) {
        LeaveOutAfter(files, window, first, boot.end(), is_head_whole, &parts);
      }
    }
    begin = boot.end();
  }
  return parts;
}

static_assert(kMaxLatenessNs < kHeadNs, "the first frame has to do");

std::vector<bool> FramesOfHead(const CompressedIndex& index) {
  std::vector<bool> is_of_head;
  for (const FramePlace& place : index.frames) {
    const auto& first_ns = place.description.first_time_ns;
    is_of_head.push_back(!index.segment || !first_ns ||
                         *first_ns < index.segment->time_ns + kMaxLatenessNs);
  }
  return is_of_head;
}

}  // namespace daybook
