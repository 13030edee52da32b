// What became of a segment, concluded from what was read of it and from what the segment after it
// knows. Pure logic.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daybook/reader.h"

namespace daybook {

enum class Verdict : uint8_t {
  kComplete,
  kLive,         // a recorder is at work on it
  kOpen,         // ends in order but for its SEGMENT_END: the recorder was stopped
  kEmpty,        // a file without a byte, as a crash leaves it
  kTornTail,     // the recorder was stopped while writing
  kHole,         // a power loss took pages that had not been on disk yet
  kTruncated,    // ends between two blocks, and had been longer
  kSalvaged,     // nothing was left of the end of the one that it was salvaged from
  kTrailing,     // something stands behind its end
  kDamaged,      // bytes that had been on disk are changed or gone
  kMissing,      // no file has it
  kUnsupported,  // of a newer version of the format
  kUnreadable,
  kNoLog,
};

// In ascending order; a log is as bad as the worst of its segments.
enum class Severity : uint8_t { kClean, kUnclean, kDamaged, kUnreadable };

// What was read of one segment.
struct SegmentFacts {
  enum class Access : uint8_t { kRead, kUnreadable, kNoLog };

  Access access = Access::kRead;
  std::optional<uint64_t> segment_no;  // by its head, else by the name of its file
  std::optional<SegmentStart> start;
  std::optional<uint32_t> tag;  // also where the start is not known
  uint64_t begin = 0;           // in its file
  uint64_t end = 0;
  bool has_end = false;  // its last checkpoint was read
  bool is_live = false;
  std::vector<Gap> gaps;
  std::optional<uint64_t> next_seq;  // behind the last number that it is known to have had
  uint64_t lost_at_begin = 0;        // numbers before the first one, of which no gap tells
  uint64_t lost_events = 0;          // told by LOST records
  bool has_damaged_frames = false;
  uint64_t lost_bytes = 0;  // of the content, which damaged frames held
  bool was_salvaged = false;
  // A checkpoint of it says that something of it is on disk, or it was compressed: the recorder
  // syncs one segment after the other, so all of those that it ended before are on disk, too.
  bool is_synced = false;
  bool is_synced_behind = false;  // that is so of a later segment of the same log
};

struct Judgement {
  Verdict verdict = Verdict::kComplete;
  Severity severity = Severity::kClean;
  uint64_t lost_at_end = 0;  // numbered records that only the segment after it tells of
  std::string detail;        // for people; empty where the verdict says all
};

// `next` is the segment with the next number in the same log, nullptr where there is none.
Judgement Judge(const SegmentFacts& segment, const SegmentFacts* next);

struct SegmentNumbers {
  uint64_t first = 0;
  uint64_t last = 0;
};
// Of the segments between that one and `next` that no file has. A jump in the numbers alone means
// nothing where no record is missing between them: a name may have been taken when the segment was
// made.
std::optional<SegmentNumbers> NumbersBetween(uint64_t segment_no, const SegmentStart& next,
                                             bool is_record_missing);

// Segments between `segment` and `next` that no file has.
struct MissingSegments {
  SegmentNumbers numbers;
  std::optional<uint64_t> first_lost_seq;
  uint64_t records_lost = 0;
};
std::optional<MissingSegments> FindMissing(const SegmentFacts& segment, const SegmentFacts& next);

// "torn_tail"
std::string_view VerdictName(Verdict verdict);

}  // namespace daybook
