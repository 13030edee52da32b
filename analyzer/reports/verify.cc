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
#include "names.h"
#include "recorder_lock.h"
#include "report.h"
#include "segment_ends.h"
#include "verdict.h"

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
    {"damaged_bytes", Kind::kNumber, 8},
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
  std::optional<uint64_t> damaged_bytes;
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

Cell TextCell(std::string_view text) { return text.empty() ? Cell() : Cell(Text{text}); }

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
          OptionalCell(row.damaged_bytes),
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

// A segment as it was read, with what only its row tells.
struct Segment {
  SegmentFacts facts;
  std::string path;
  const Boot* boot = nullptr;
  uint64_t records = 0;
  std::vector<FrameDamage> frames;
  std::vector<uint64_t> salvageable;  // records of each gap, numbered or not
};

// Reads everything: what the next segment knows of one is learnt only then.
class SegmentCollector {
 public:
  explicit SegmentCollector(LogSet& log) : log_(log) {}

  std::vector<Segment> Collect();

 private:
  void Take(const RecordView& record);
  void TakeUnproved(const RecordView& record);
  void EndSegment();
  void EndFile(const End& end);
  void TellEnds();
  bool IsLive() const;
  void TakeFailures();
  Segment& Current(uint64_t offset);

  LogSet& log_;
  std::vector<Segment> segments_;
  std::optional<Segment> current_;
  size_t first_of_file_ = 0;  // in segments_
  size_t failures_ = 0;
};

std::vector<Segment> SegmentCollector::Collect() {
  while (const Item* const item = log_.Next()) {
    if (!current_) TakeFailures();
    if (const auto* record = std::get_if<RecordView>(item)) {
      if (record->proof == Proof::kVerified) {
        Take(*record);
      } else {
        TakeUnproved(*record);
      }
    } else if (const auto* gap = std::get_if<Gap>(item)) {
      SegmentFacts& facts = Current(gap->begin).facts;
      facts.gaps.push_back(*gap);
      current_->salvageable.push_back(0);
      if (gap->records_lost && gap->first_lost_seq) {
        facts.next_seq = *gap->first_lost_seq + *gap->records_lost;
      }
    } else {
      EndFile(std::get<End>(*item));
    }
  }
  TakeFailures();
  return std::move(segments_);
}

Segment& SegmentCollector::Current(uint64_t offset) {
  if (current_) return *current_;
  current_.emplace();
  current_->path = log_.path();
  current_->boot = &log_.boot();
  current_->facts.begin = offset;
  current_->facts.start = log_.segment();
  current_->facts.tag = log_.tag();
  if (log_.segment()) current_->facts.next_seq = log_.segment()->first_seq;
  return *current_;
}

bool PromisesSync(const Checkpoint& checkpoint) {
  return checkpoint.unsynced_bytes < checkpoint.logical_offset + checkpoint.block_bytes;
}

// Behind the first number, gaps tell of all that are missing.
void TakeNumber(uint64_t seq, SegmentFacts* facts) {
  if (facts->next_seq && seq > *facts->next_seq) facts->lost_at_begin += seq - *facts->next_seq;
  facts->next_seq = seq + 1;
}

// One file may hold several segments, one after another.
void SegmentCollector::Take(const RecordView& record) {
  const auto& start = log_.segment();
  if (current_ && start && (!current_->facts.start || current_->facts.start->tag != start->tag)) {
    EndSegment();
  }
  Segment& segment = Current(record.offset);
  ++segment.records;
  if (record.seq) TakeNumber(*record.seq, &segment.facts);
  if (Lost lost; record.As(&lost)) segment.facts.lost_events += LostEvents(lost);
  if (Info info; record.As(&info) && info.key == "salvaged_from") {
    segment.facts.was_salvaged = true;
  }
  Checkpoint checkpoint;
  const bool closes_block = record.As(&checkpoint);
  segment.facts.has_end = closes_block && (checkpoint.flags & kCheckpointLast) != 0;
  if (closes_block && PromisesSync(checkpoint)) segment.facts.is_synced = true;
}

// What a salvage would write.
void SegmentCollector::TakeUnproved(const RecordView& record) {
  const bool is_salvageable = record.has_base && !record.Is<SegmentStart>();
  if (is_salvageable && current_ && !current_->salvageable.empty()) {
    ++current_->salvageable.back();
  }
}

void SegmentCollector::EndSegment() {
  Segment segment = *std::exchange(current_, std::nullopt);
  segment.facts.segment_no = segment.facts.start ? std::optional(segment.facts.start->segment_no)
                                                 : SegmentNumberOf(segment.path);
  segments_.push_back(std::move(segment));
}

void SegmentCollector::EndFile(const End& end) {
  Segment& segment = Current(0);
  segment.frames = log_.frame_damage();
  segment.facts.has_damaged_frames = !segment.frames.empty();
  for (const FrameDamage& frame : segment.frames) segment.facts.lost_bytes += frame.lost_bytes;
  segment.facts.is_synced = segment.facts.is_synced || log_.is_compressed();
  segment.facts.has_end = segment.facts.has_end || end.complete;
  segment.facts.is_live = !segment.facts.has_end && IsLive();
  const auto& failures = log_.failures();
  if (failures.size() > failures_ && failures[failures_].is_readable) {
    segment.facts.access = SegmentFacts::Access::kNoLog;
    ++failures_;
  }
  EndSegment();
  TellEnds();
}

void SegmentCollector::TellEnds() {
  std::vector<uint64_t> begins;
  for (size_t i = first_of_file_; i < segments_.size(); ++i) {
    begins.push_back(segments_[i].facts.begin);
  }
  for (const uint64_t end : SegmentEnds(begins, log_.file_bytes())) {
    segments_[first_of_file_++].facts.end = end;
  }
}

// The newest file of a folder in which a recorder is at work.
bool SegmentCollector::IsLive() const {
  const std::filesystem::path path = log_.path();
  const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
  bool is_newest = log_.is_newest_file();
  if (!is_newest && SegmentNumberOf(log_.path())) {
    const auto files = FindSegments(folder);
    is_newest = files && std::filesystem::path(files->back()).filename() == path.filename();
  }
  return is_newest && IsBeingRecorded(folder);
}

void SegmentCollector::TakeFailures() {
  for (; failures_ < log_.failures().size(); ++failures_) {
    const LogSet::Failure& failure = log_.failures()[failures_];
    if (failure.is_readable) return;  // the file that ends now
    Segment& segment = segments_.emplace_back();
    segment.path = failure.path;
    segment.facts.access = SegmentFacts::Access::kUnreadable;
    segment.facts.segment_no = SegmentNumberOf(failure.path);
  }
}

class SegmentJudge {
 public:
  SegmentJudge(std::vector<Segment> segments, Table& table)
      : segments_(std::move(segments)), table_(table) {}

  // Adds all rows; returns how bad the worst of them is.
  Severity JudgeAll();

 private:
  using Log = std::map<uint64_t, Segment*>;  // by number

  void LinkSegments();
  static void PlaceByName(Segment* segment, std::map<Id128, Log>* logs);
  void LinkLog(const Log& log);
  void AddMissing(const Segment& segment, const Segment& next);
  void AddSegment(const Segment& segment, const Judgement& judgement);
  void AddGap(const Segment& segment, const Gap& gap, uint64_t salvageable_records);
  void AddFrame(const Segment& segment, const FrameDamage& frame);

  std::vector<Segment> segments_;
  Table& table_;
  // The segment with the next number in the same log.
  std::map<const Segment*, const Segment*> next_;
  std::map<const Segment*, const Segment*> previous_;
};

// Several files may have one number: copies.
void SegmentJudge::LinkSegments() {
  std::map<Id128, Log> logs;
  for (Segment& segment : segments_) {
    const auto& start = segment.facts.start;
    if (start) logs[start->stream_id].try_emplace(start->segment_no, &segment);
  }
  for (Segment& segment : segments_) {
    if (!segment.facts.start && segment.facts.segment_no) PlaceByName(&segment, &logs);
  }
  for (auto& [unused, log] : logs) LinkLog(log);
  for (Segment& segment : segments_) {
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
void SegmentJudge::PlaceByName(Segment* segment, std::map<Id128, Log>* logs) {
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
  Segment* previous = nullptr;
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
  for (const Segment& segment : segments_) {
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

std::optional<int64_t> WallTime(const Segment& segment, const std::optional<uint64_t>& boot_ns) {
  if (!boot_ns || segment.boot == nullptr) return std::nullopt;
  return segment.boot->clock.ToRealtime(*boot_ns);
}

std::optional<int64_t> Earliest(std::optional<int64_t> a, std::optional<int64_t> b) {
  return a && b ? std::min(a, b) : std::max(a, b);
}

// What all rows of a segment have.
Row RowOf(const Segment& segment, std::string_view kind) {
  Row row{.file = segment.path, .segment_no = segment.facts.segment_no, .kind = kind};
  if (segment.facts.start) row.stream_id = HexId(segment.facts.start->stream_id);
  return row;
}

void SegmentJudge::AddMissing(const Segment& segment, const Segment& next) {
  const MissingSegments missing = *FindMissing(segment.facts, next.facts);
  Row row{.segment = "-", .segment_no = missing.first_no, .kind = "missing"};
  row.stream_id = HexId(next.facts.start->stream_id);
  row.verdict = VerdictName(Verdict::kMissing);
  row.lost = missing.records_lost;
  if (missing.first_lost_seq) {
    row.first_lost_seq = missing.first_lost_seq;
    row.last_lost_seq = *missing.first_lost_seq + missing.records_lost - 1;
  }
  row.detail = missing.first_no == missing.last_no
                   ? fmt::format("segment {}", missing.first_no)
                   : fmt::format("segments {} to {}", missing.first_no, missing.last_no);
  table_.Add(Cells(row));
}

void SegmentJudge::AddSegment(const Segment& segment, const Judgement& judgement) {
  Row row = RowOf(segment, "segment");
  row.segment = segment.path;
  row.verdict = VerdictName(judgement.verdict);
  row.detail = judgement.detail;
  if (segment.facts.access == SegmentFacts::Access::kRead) {
    row.begin = segment.facts.begin;
    row.end = segment.facts.end;
    row.damaged_bytes = row.salvageable = row.salvageable_records = 0;
    for (const uint64_t records : segment.salvageable) *row.salvageable_records += records;
    row.lost = judgement.lost_at_end + segment.facts.lost_at_begin;
    row.records = segment.records;
    for (const Gap& gap : segment.facts.gaps) {
      *row.damaged_bytes += gap.end - gap.begin;
      *row.lost += gap.records_lost.value_or(0);
      *row.salvageable += gap.records_salvaged;
      row.first_ns = Earliest(row.first_ns, WallTime(segment, gap.first_time_ns));
      row.last_ns = std::max(row.last_ns, WallTime(segment, gap.last_time_ns));
    }
    row.verified_bytes = *row.end - *row.begin - *row.damaged_bytes;
    *row.damaged_bytes += segment.facts.lost_bytes;
  }
  table_.Add(Cells(row));
}

void SegmentJudge::AddGap(const Segment& segment, const Gap& gap, uint64_t salvageable_records) {
  Row row = RowOf(segment, "gap");
  row.segment = "  gap";
  row.verdict = GapCauseName(gap.cause);
  row.begin = gap.begin;
  row.end = gap.end;
  row.damaged_bytes = gap.end - gap.begin;
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

void SegmentJudge::AddFrame(const Segment& segment, const FrameDamage& frame) {
  Row row = RowOf(segment, "frame");
  row.segment = "  frame";
  row.verdict = GapCauseName(GapCause::kDamaged);
  row.begin = frame.raw_begin;
  row.end = frame.raw_end;
  row.file_begin = frame.begin;
  row.file_end = frame.end;
  row.damaged_bytes = frame.lost_bytes;
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
  SegmentJudge judge(SegmentCollector(question.log).Collect(), table);
  const Severity worst = judge.JudgeAll();
  return Answer{.coverage = question.log.coverage(), .exit_status = ExitStatusOf(worst)};
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
