// Whether each segment is as it was written, and if not, what happened to it and what is lost.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exit_status.h"
#include "log/read_segments.h"
#include "log/verdict.h"
#include "report.h"
#include "text/names.h"

namespace daybook {
namespace {

constexpr Column kColumns[] = {
    {"segment", Kind::kString, 1, Shown::kToPeople},
    {"file", Kind::kString},
    {"segment_no", Kind::kNumber, 2},
    {"stream_id", Kind::kString},
    {"row", Kind::kString},
    {"verdict", Kind::kString, 3},
    {"begin", Kind::kNumber, 5},
    {"end", Kind::kNumber, 6},
    {"file_begin", Kind::kNumber},
    {"file_end", Kind::kNumber},
    {"verified_bytes", Kind::kNumber},
    {"unproved_bytes", Kind::kNumber, 8},
    {"records", Kind::kNumber, 9},
    {"lost", Kind::kNumber, 4},
    {"salvageable", Kind::kNumber, 10},
    {"salvageable_records", Kind::kNumber},
    {"first_lost_seq", Kind::kNumber},
    {"last_lost_seq", Kind::kNumber},
    {"first_time", Kind::kTime},
    {"last_time", Kind::kTime},
    {"wrong_byte", Kind::kNumber},
    {"byte_is", Kind::kNumber},
    {"byte_was", Kind::kNumber},
    {"detail", Kind::kString, 7},
};

// A row under construction; what its cells point to lives as long as the row.
struct Row {
  std::string segment;
  std::string file;
  std::optional<uint64_t> segment_no;
  std::string stream_id;
  std::string_view kind;
  std::string_view verdict;
  std::optional<uint64_t> begin;
  std::optional<uint64_t> end;
  std::optional<uint64_t> file_begin;
  std::optional<uint64_t> file_end;
  std::optional<uint64_t> verified_bytes;
  std::optional<uint64_t> unproved_bytes;
  std::optional<uint64_t> records;
  std::optional<uint64_t> lost;
  std::optional<uint64_t> salvageable;
  std::optional<uint64_t> salvageable_records;
  std::optional<uint64_t> first_lost_seq;
  std::optional<uint64_t> last_lost_seq;
  std::optional<int64_t> first_ns;
  std::optional<int64_t> last_ns;
  std::optional<WrongByte> wrong_byte;
  std::string detail;
};

std::array<Cell, std::size(kColumns)> Cells(const Row& row) {
  const auto& wrong = row.wrong_byte;
  return {TextCell(row.segment),
          TextCell(row.file),
          OptionalCell(row.segment_no),
          TextCell(row.stream_id),
          TextCell(row.kind),
          TextCell(row.verdict),
          OptionalCell(row.begin),
          OptionalCell(row.end),
          OptionalCell(row.file_begin),
          OptionalCell(row.file_end),
          OptionalCell(row.verified_bytes),
          OptionalCell(row.unproved_bytes),
          OptionalCell(row.records),
          OptionalCell(row.lost),
          OptionalCell(row.salvageable),
          OptionalCell(row.salvageable_records),
          OptionalCell(row.first_lost_seq),
          OptionalCell(row.last_lost_seq),
          OptionalCell(row.first_ns),
          OptionalCell(row.last_ns),
          wrong ? Cell(wrong->offset) : Cell(),
          wrong ? Cell(uint64_t{wrong->is}) : Cell(),
          wrong ? Cell(uint64_t{wrong->was}) : Cell(),
          TextCell(row.detail)};
}

class SegmentJudge {
 public:
  SegmentJudge(LogSet& log, Table& table)
      : segments_(ReadSegments(log)), log_(log), table_(table) {}

  // Adds all rows; returns how bad the worst of them is.
  Severity JudgeAll();

 private:
  using Log = std::map<uint64_t, ReadSegment*>;  // by number

  void LinkSegments();
  static void PlaceByName(ReadSegment* segment, std::map<Id128, Log>* logs);
  void LinkLog(const Log& log);
  void AddMissing(const ReadSegment& segment, const ReadSegment& next);
  void AddSegment(const ReadSegment& segment, const Judgement& judgement);
  void AddGap(const ReadSegment& segment, const Gap& gap, uint64_t salvageable_records);
  void AddFrame(const ReadSegment& segment, const FrameDamage& frame);

  std::vector<ReadSegment> segments_;
  const LogSet& log_;
  Table& table_;
  // The segment with the next number in the same log.
  std::map<const ReadSegment*, const ReadSegment*> next_;
  std::map<const ReadSegment*, const ReadSegment*> previous_;
};

// Several files may have one number: copies.
void SegmentJudge::LinkSegments() {
  std::map<Id128, Log> logs;
  for (ReadSegment& segment : segments_) {
    const auto& start = segment.facts.start;
    if (start) logs[start->stream_id].try_emplace(start->segment_no, &segment);
  }
  for (ReadSegment& segment : segments_) {
    if (!segment.facts.start && segment.facts.segment_no) PlaceByName(&segment, &logs);
  }
  for (auto& [unused, log] : logs) LinkLog(log);
  for (ReadSegment& segment : segments_) {
    if (!segment.facts.start) continue;
    const Log& log = logs[segment.facts.start->stream_id];
    const auto original = log.find(segment.facts.start->segment_no);
    if (original->second == &segment) continue;
    segment.facts.is_synced_behind = original->second->facts.is_synced_behind;
    const auto next = next_.find(original->second);
    if (next != next_.end()) next_[&segment] = next->second;
  }
}

// A file of which nothing is left that tells whose it is: by its name, where the segment after it
// in the same folder names one with that number, and no other file has it.
void SegmentJudge::PlaceByName(ReadSegment* segment, std::map<Id128, Log>* logs) {
  const auto folder = std::filesystem::path(segment->path).parent_path();
  for (auto& [unused, log] : *logs) {
    const auto next = log.upper_bound(*segment->facts.segment_no);
    if (next == log.end() || !next->second->facts.start) continue;
    const SegmentStart& start = *next->second->facts.start;
    const bool fits = start.previous_segment_no == segment->facts.segment_no &&
                      (!segment->facts.tag || segment->facts.tag == start.previous_tag) &&
                      std::filesystem::path(next->second->path).parent_path() == folder;
    if (fits && log.try_emplace(*segment->facts.segment_no, segment).second) return;
  }
}

void SegmentJudge::LinkLog(const Log& log) {
  ReadSegment* previous = nullptr;
  for (const auto& [unused, segment] : log) {
    if (previous != nullptr) {
      next_[previous] = segment;
      previous_[segment] = previous;
      if (!segment->facts.next_seq) segment->facts.next_seq = previous->facts.next_seq;
    }
    previous = segment;
  }
  bool is_synced_behind = false;
  for (auto entry = log.rbegin(); entry != log.rend(); ++entry) {
    entry->second->facts.is_synced_behind = is_synced_behind;
    is_synced_behind = is_synced_behind || entry->second->facts.is_synced;
  }
}

Severity SegmentJudge::JudgeAll() {
  LinkSegments();
  Severity worst = Severity::kClean;
  for (const ReadSegment& segment : segments_) {
    if (const auto previous = previous_.find(&segment); previous != previous_.end()) {
      if (FindMissing(previous->second->facts, segment.facts)) {
        AddMissing(*previous->second, segment);
        worst = std::max(worst, Severity::kDamaged);
      }
    }
    const auto next = next_.find(&segment);
    const Judgement judgement =
        Judge(segment.facts, next == next_.end() ? nullptr : &next->second->facts);
    worst = std::max(worst, judgement.severity);
    AddSegment(segment, judgement);
    if (segment.facts.access != SegmentFacts::Access::kRead) continue;
    for (size_t i = 0; i < segment.facts.gaps.size(); ++i) {
      AddGap(segment, segment.facts.gaps[i], segment.salvageable[i]);
    }
    for (const FrameDamage& frame : segment.frames) AddFrame(segment, frame);
  }
  return worst;
}

std::optional<int64_t> WallTime(const ReadSegment& segment,
                                const std::optional<uint64_t>& boot_ns) {
  if (!boot_ns || segment.boot == nullptr) return std::nullopt;
  return segment.boot->clock.ToRealtime(*boot_ns);
}

std::optional<int64_t> Earliest(std::optional<int64_t> a, std::optional<int64_t> b) {
  return a && b ? std::min(a, b) : std::max(a, b);
}

// What all rows of a segment have.
Row RowOf(const ReadSegment& segment, std::string_view kind) {
  Row row{.file = segment.path, .segment_no = segment.facts.segment_no, .kind = kind};
  if (segment.facts.start) row.stream_id = HexId(segment.facts.start->stream_id);
  return row;
}

void SegmentJudge::AddMissing(const ReadSegment& segment, const ReadSegment& next) {
  const MissingSegments missing = *FindMissing(segment.facts, next.facts);
  Row row{.segment = "-", .segment_no = missing.numbers.first, .kind = "missing"};
  row.stream_id = HexId(next.facts.start->stream_id);
  row.verdict = VerdictName(Verdict::kMissing);
  row.lost = missing.records_lost;
  if (missing.first_lost_seq) {
    row.first_lost_seq = missing.first_lost_seq;
    row.last_lost_seq = *missing.first_lost_seq + missing.records_lost - 1;
  }
  for (const LogSet::Missing& numbers : log_.missing()) {
    const bool is_same = numbers.path == next.path && numbers.first_seq &&
                         numbers.first_seq == missing.first_lost_seq;
    if (!is_same) continue;
    row.first_ns = numbers.first_ns;
    row.last_ns = numbers.last_ns;
  }
  const auto [first, last] = missing.numbers;
  row.detail = first == last ? fmt::format("segment {}", first)
                             : fmt::format("segments {} to {}", first, last);
  table_.Add(Cells(row));
}

void SegmentJudge::AddSegment(const ReadSegment& segment, const Judgement& judgement) {
  Row row = RowOf(segment, "segment");
  row.segment = segment.path;
  row.verdict = VerdictName(judgement.verdict);
  row.detail = judgement.detail;
  if (segment.facts.access == SegmentFacts::Access::kRead) {
    row.begin = segment.facts.begin;
    row.end = segment.facts.end;
    row.unproved_bytes = row.salvageable = row.salvageable_records = 0;
    for (const uint64_t records : segment.salvageable) *row.salvageable_records += records;
    row.lost = judgement.lost_at_end + segment.facts.lost_at_begin;
    row.records = segment.records;
    for (const Gap& gap : segment.facts.gaps) {
      *row.unproved_bytes += gap.end - gap.begin;
      *row.lost += gap.records_lost.value_or(0);
      *row.salvageable += gap.records_salvaged;
      row.first_ns = Earliest(row.first_ns, WallTime(segment, gap.first_time_ns));
      row.last_ns = std::max(row.last_ns, WallTime(segment, gap.last_time_ns));
    }
    row.verified_bytes = *row.end - *row.begin - *row.unproved_bytes;
    *row.unproved_bytes += segment.facts.lost_bytes;
  }
  table_.Add(Cells(row));
}

void SegmentJudge::AddGap(const ReadSegment& segment, const Gap& gap,
                          uint64_t salvageable_records) {
  Row row = RowOf(segment, "gap");
  row.segment = "  gap";
  row.verdict = GapCauseName(gap.cause);
  row.begin = gap.begin;
  row.end = gap.end;
  row.unproved_bytes = gap.end - gap.begin;
  row.lost = gap.records_lost;
  row.salvageable = gap.records_salvaged;
  row.salvageable_records = salvageable_records;
  if (gap.first_lost_seq && gap.records_lost.value_or(0) != 0) {
    row.first_lost_seq = gap.first_lost_seq;
    row.last_lost_seq = *gap.first_lost_seq + *gap.records_lost - 1;
  }
  row.first_ns = WallTime(segment, gap.first_time_ns);
  row.last_ns = WallTime(segment, gap.last_time_ns);
  row.wrong_byte = gap.wrong_byte;
  if (gap.tail != TailKind::kNone) row.detail = TailKindName(gap.tail);
  if (const auto& wrong = gap.wrong_byte) {
    row.detail = fmt::format("byte {} is {:02x}, was {:02x}", wrong->offset, wrong->is, wrong->was);
  }
  table_.Add(Cells(row));
}

void SegmentJudge::AddFrame(const ReadSegment& segment, const FrameDamage& frame) {
  Row row = RowOf(segment, "frame");
  row.segment = "  frame";
  row.verdict = GapCauseName(GapCause::kDamaged);
  row.begin = frame.raw_begin;
  row.end = frame.raw_end;
  row.file_begin = frame.begin;
  row.file_end = frame.end;
  row.unproved_bytes = frame.lost_bytes;
  row.detail = fmt::format("bytes {} to {} of the file: {}", frame.begin, frame.end, frame.cause);
  table_.Add(Cells(row));
}

int ExitStatusOf(Severity severity) {
  switch (severity) {
    case Severity::kClean:
      return kExitFine;
    case Severity::kUnclean:
      return kExitFound;
    case Severity::kDamaged:
      return kExitIncomplete;
    case Severity::kUnreadable:
      return kExitUnreadable;
  }
  return kExitUnreadable;
}

Result<Answer> RunVerify(const Question& question, Table& table) {
  SegmentJudge judge(question.log, table);
  const Severity worst = judge.JudgeAll();
  Answer answer{.coverage = question.log.coverage(), .exit_status = ExitStatusOf(worst)};
  answer.coverage.tells_unknown = true;
  return answer;
}

}  // namespace

constinit const Report kVerifyReport{
    .name = "verify",
    .summary = "Checks every segment to its end: is it whole, and if not, what happened to it?",
    .examples =
        "  daybook verify\n"
        "  daybook verify daybook-00000007.dbk\n"
        "  daybook verify --log /backup/web1 --output jsonl | jq 'select(.row == \"gap\")'\n",
    .columns = kColumns,
    .default_sort = "",
    .repeats = LogSet::Repeats::kKeep,
    .has_window = false,
    .counts_salvaged = true,
    .takes_paths = true,
    .run = RunVerify,
};

}  // namespace daybook
