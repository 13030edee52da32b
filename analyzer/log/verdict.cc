#include "log/verdict.h"

#include <fmt/format.h>

#include <algorithm>

namespace daybook {
namespace {

bool HasGap(const SegmentFacts& segment, GapCause cause) {
  return std::ranges::find(segment.gaps, cause, &Gap::cause) != segment.gaps.end();
}

// True where what `next` knows of the records of its predecessor is about `segment`.
bool Follows(const SegmentFacts* next, const SegmentFacts& segment) {
  if (next == nullptr || !next->start || !segment.segment_no) return false;
  return next->start->previous_segment_no == segment.segment_no;
}

// The same of its bytes. One of which nothing is left is known by its number.
bool Knows(const SegmentFacts* next, const SegmentFacts& segment) {
  if (!Follows(next, segment)) return false;
  const auto tag = segment.start ? std::optional(segment.start->tag) : segment.tag;
  return !tag || next->start->previous_tag == tag;
}

// True where all of `segment` had been on disk.
bool WasSynced(const SegmentFacts& segment, const SegmentFacts* next) {
  return segment.is_synced_behind && Knows(next, segment) &&
         next->start->previous_end == PreviousEnd::kEnded;
}

// Where what could be read of the segment ends.
uint64_t ReadBytes(const SegmentFacts& segment) {
  const bool has_tail = !segment.gaps.empty() && segment.gaps.back().end == segment.end &&
                        segment.gaps.back().begin != segment.end;
  return (has_tail ? segment.gaps.back().begin : segment.end) - segment.begin;
}

Judgement JudgeEnd(const SegmentFacts& segment) {
  const bool is_torn = HasGap(segment, GapCause::kTornTail);
  if (segment.is_live) return {.verdict = Verdict::kLive, .severity = Severity::kClean};
  if (is_torn) {
    const TailKind kind = segment.gaps.back().tail;
    return {.verdict = Verdict::kTornTail,
            .severity = Severity::kUnclean,
            .detail = kind == TailKind::kNone ? "" : std::string(TailKindName(kind))};
  }
  if (segment.has_end) return {.verdict = Verdict::kComplete, .severity = Severity::kClean};
  if (segment.was_salvaged) return {.verdict = Verdict::kSalvaged, .severity = Severity::kUnclean};
  const bool is_empty = segment.end == segment.begin;
  return {.verdict = is_empty ? Verdict::kEmpty : Verdict::kOpen, .severity = Severity::kUnclean};
}

// What the segment after it says of its length.
std::optional<Judgement> JudgeLength(const SegmentFacts& segment, const SegmentFacts* next) {
  if (!Knows(next, segment) || segment.has_end) return std::nullopt;
  const uint64_t read = ReadBytes(segment);
  const uint64_t written = next->start->previous_bytes.value_or(0);
  const uint64_t synced =
      WasSynced(segment, next) ? written : next->start->previous_synced_bytes.value_or(0);
  if (read < synced) {
    const bool at_boundary = segment.begin + read == segment.end;
    return Judgement{
        .verdict = at_boundary ? Verdict::kTruncated : Verdict::kDamaged,
        .severity = Severity::kDamaged,
        .detail = fmt::format("{} bytes are left of {} that were on disk", read, synced)};
  }
  if (read < written && segment.begin + read == segment.end) {
    return Judgement{
        .verdict = Verdict::kTruncated,
        .severity = Severity::kUnclean,
        .detail = fmt::format("{} bytes are left of {} that were written", read, written)};
  }
  return std::nullopt;
}

Judgement JudgeRead(const SegmentFacts& segment, const SegmentFacts* next) {
  if (HasGap(segment, GapCause::kUnsupported)) {
    return {.verdict = Verdict::kUnsupported, .severity = Severity::kUnreadable};
  }
  if (HasGap(segment, GapCause::kDamaged)) {
    return {.verdict = Verdict::kDamaged, .severity = Severity::kDamaged};
  }
  // It had been checked and synced when it was compressed.
  if (segment.lost_bytes != 0) {
    return {.verdict = Verdict::kDamaged,
            .severity = Severity::kDamaged,
            .detail = fmt::format("{} bytes of its content are gone", segment.lost_bytes)};
  }
  if (auto judgement = JudgeLength(segment, next)) return *std::move(judgement);
  if (segment.has_damaged_frames) {
    return {.verdict = Verdict::kDamaged,
            .severity = Severity::kDamaged,
            .detail = "only the container is damaged"};
  }
  if (HasGap(segment, GapCause::kTrailing)) {
    return {.verdict = Verdict::kTrailing, .severity = Severity::kDamaged};
  }
  if (HasGap(segment, GapCause::kHole) && WasSynced(segment, next)) {
    return {.verdict = Verdict::kDamaged,
            .severity = Severity::kDamaged,
            .detail = "all of it had been on disk"};
  }
  if (HasGap(segment, GapCause::kHole)) {
    return {.verdict = Verdict::kHole, .severity = Severity::kUnclean};
  }
  return JudgeEnd(segment);
}

void AddDetail(std::string text, std::string* detail) {
  if (!detail->empty()) *detail += "; ";
  *detail += text;
}

// Losses that the log itself tells of.
void AddLosses(const SegmentFacts& segment, Judgement* judgement) {
  if (segment.lost_events != 0) {
    AddDetail(fmt::format("events that the recorder lost: {}", segment.lost_events),
              &judgement->detail);
  }
  const bool was_salvaged = segment.was_salvaged || HasGap(segment, GapCause::kLostBefore);
  if (was_salvaged) AddDetail("salvaged from a damaged one", &judgement->detail);
  if (segment.lost_at_begin != 0) {
    AddDetail(fmt::format("{} records lost at its beginning", segment.lost_at_begin),
              &judgement->detail);
  }
  const bool is_unclean = segment.lost_events != 0 || segment.lost_at_begin != 0 || was_salvaged;
  if (is_unclean) judgement->severity = std::max(judgement->severity, Severity::kUnclean);
}

}  // namespace

Judgement Judge(const SegmentFacts& segment, const SegmentFacts* next) {
  if (segment.access == SegmentFacts::Access::kUnreadable) {
    return {.verdict = Verdict::kUnreadable, .severity = Severity::kUnreadable};
  }
  if (segment.access == SegmentFacts::Access::kNoLog) {
    return {.verdict = Verdict::kNoLog, .severity = Severity::kUnreadable};
  }
  Judgement judgement = JudgeRead(segment, next);
  AddLosses(segment, &judgement);
  // A salvage writes the same records with another tag.
  const bool is_told = Knows(next, segment) || (segment.was_salvaged && Follows(next, segment));
  if (is_told && segment.next_seq && next->start->first_seq > *segment.next_seq) {
    judgement.lost_at_end = next->start->first_seq - *segment.next_seq;
    AddDetail(fmt::format("{} records lost at its end", judgement.lost_at_end), &judgement.detail);
  }
  return judgement;
}

std::optional<SegmentNumbers> NumbersBetween(uint64_t segment_no, const SegmentStart& next,
                                             bool is_record_missing) {
  if (next.segment_no <= segment_no + 1) return std::nullopt;
  const auto& previous = next.previous_segment_no;
  const bool is_missing = previous ? *previous > segment_no : is_record_missing;
  if (!is_missing) return std::nullopt;
  return SegmentNumbers{.first = segment_no + 1, .last = next.segment_no - 1};
}

std::optional<MissingSegments> FindMissing(const SegmentFacts& segment, const SegmentFacts& next) {
  if (!segment.segment_no || !next.start) return std::nullopt;
  const bool is_behind = segment.next_seq && next.start->first_seq > *segment.next_seq;
  const auto numbers = NumbersBetween(*segment.segment_no, *next.start, is_behind);
  if (!numbers) return std::nullopt;
  MissingSegments missing{.numbers = *numbers};
  if (is_behind) {
    missing.first_lost_seq = segment.next_seq;
    missing.records_lost = next.start->first_seq - *segment.next_seq;
  }
  return missing;
}

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kComplete:
      return "complete";
    case Verdict::kLive:
      return "live";
    case Verdict::kOpen:
      return "open";
    case Verdict::kEmpty:
      return "empty";
    case Verdict::kTornTail:
      return "torn_tail";
    case Verdict::kHole:
      return "hole";
    case Verdict::kTruncated:
      return "truncated";
    case Verdict::kSalvaged:
      return "salvaged";
    case Verdict::kTrailing:
      return "trailing";
    case Verdict::kDamaged:
      return "damaged";
    case Verdict::kMissing:
      return "missing";
    case Verdict::kUnsupported:
      return "unsupported";
    case Verdict::kUnreadable:
      return "unreadable";
    case Verdict::kNoLog:
      return "no_log";
  }
  return "unknown";
}

}  // namespace daybook
