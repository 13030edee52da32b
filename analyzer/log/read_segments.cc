#include "log/read_segments.h"

#include <filesystem>
#include <optional>
#include <utility>

#include "log/recorder_lock.h"
#include "log/segment_ends.h"

namespace daybook {
namespace {

class SegmentCollector {
 public:
  explicit SegmentCollector(LogSet& log) : log_(log) {}

  std::vector<ReadSegment> Collect();

 private:
  void Take(const RecordView& record);
  void TakeRun(const RecordRun& run);
  void TakeUnproved(const RecordView& record);
  void EndSegment();
  void EndFile(const End& end);
  void TellEnds();
  bool IsLive() const;
  void TakeFailures();
  void Begin(uint64_t offset);

  LogSet& log_;
  std::vector<ReadSegment> segments_;
  std::optional<ReadSegment> current_;
  size_t first_of_file_ = 0;  // in segments_
  size_t failures_ = 0;
};

std::vector<ReadSegment> SegmentCollector::Collect() {
  while (const Item* const item = log_.Next()) {
    if (!current_) TakeFailures();
    if (log_.is_new_segment()) {
      if (current_) EndSegment();
      Begin(SegmentBegin(*item));
    }
    if (const auto* record = std::get_if<RecordView>(item)) {
      if (record->proof == Proof::kVerified) {
        Take(*record);
      } else {
        TakeUnproved(*record);
      }
    } else if (const auto* gap = std::get_if<Gap>(item)) {
      SegmentFacts& facts = current_->facts;
      facts.gaps.push_back(*gap);
      current_->salvageable.push_back(0);
      if (gap->records_lost && gap->first_lost_seq) {
        facts.next_seq = *gap->first_lost_seq + *gap->records_lost;
      }
    } else {
      EndFile(std::get<End>(*item));
    }
    while (const RecordRun* const run = log_.NextRun()) TakeRun(*run);
  }
  TakeFailures();
  return std::move(segments_);
}

void SegmentCollector::Begin(uint64_t offset) {
  current_.emplace();
  current_->path = log_.path();
  current_->boot = &log_.boot();
  current_->facts.begin = offset;
  current_->facts.start = log_.segment();
  current_->facts.tag = log_.tag();
  if (log_.segment()) current_->facts.next_seq = log_.segment()->first_seq;
}

bool PromisesSync(const Checkpoint& checkpoint) {
  return checkpoint.unsynced_bytes < checkpoint.logical_offset + checkpoint.block_bytes;
}

// Behind the first number, gaps tell of all that are missing.
void TakeNumber(uint64_t seq, SegmentFacts* facts) {
  if (facts->next_seq && seq > *facts->next_seq) facts->lost_at_begin += seq - *facts->next_seq;
  facts->next_seq = seq + 1;
}

void SegmentCollector::Take(const RecordView& record) {
  ReadSegment& segment = *current_;
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

// Behind the item before it, in the same segment.
void SegmentCollector::TakeRun(const RecordRun& run) {
  ReadSegment& segment = *current_;
  segment.records += run.records.size();
  TakeNumber(run.first_seq, &segment.facts);
  segment.facts.next_seq = run.first_seq + run.records.size();
  segment.facts.has_end = false;
}

// What a salvage would write.
void SegmentCollector::TakeUnproved(const RecordView& record) {
  const bool is_salvageable = record.has_base && !record.Is<SegmentStart>();
  if (is_salvageable && !current_->salvageable.empty()) ++current_->salvageable.back();
}

void SegmentCollector::EndSegment() {
  ReadSegment segment = *std::exchange(current_, std::nullopt);
  segment.facts.segment_no = segment.facts.start ? std::optional(segment.facts.start->segment_no)
                                                 : SegmentNumberOf(segment.path);
  segments_.push_back(std::move(segment));
}

void SegmentCollector::EndFile(const End& end) {
  ReadSegment& segment = *current_;
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
    ReadSegment& segment = segments_.emplace_back();
    segment.path = failure.path;
    segment.facts.access = SegmentFacts::Access::kUnreadable;
    segment.facts.segment_no = SegmentNumberOf(failure.path);
  }
}

}  // namespace

std::vector<ReadSegment> ReadSegments(LogSet& log) { return SegmentCollector(log).Collect(); }

}  // namespace daybook
