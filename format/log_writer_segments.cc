// Segments: how one is begun, and how it is ended.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "file.h"
#include "layout.h"
#include "log_writer_impl.h"
#include "segment_head.h"

namespace daybook {
namespace {

// The first multiple of `age_ns` in wall-clock time behind the start of a segment, in boot time.
uint64_t RoundTimeBehind(const SegmentStart& start, uint64_t age_ns) {
  const uint64_t passed_ns = start.realtime_ns > 0 ? static_cast<uint64_t>(start.realtime_ns) : 0;
  const uint64_t rest_ns = age_ns - passed_ns % age_ns;
  return rest_ns > UINT64_MAX - start.time_ns ? UINT64_MAX : start.time_ns + rest_ns;
}

}  // namespace

// A name that is taken is left alone, whoever made it: the next number is as good.
Result<LogWriter::Impl::Segment> LogWriter::Impl::CreateFile(const Clock& clock) {
  constexpr uint64_t kAttempts = 100;
  for (uint64_t number = current_.number + 1;; ++number) {
    if (number > kMaxSegmentNo)
      return Error("there is no number behind " + SegmentName(number - 1));
    auto file = folder_->Create(SegmentName(number));
    if (file) {
      SegmentStart start = DescribeSegment(identity_, clock, previous_);
      start.segment_no = number;
      start.stream_id = stream_id_;
      start.first_seq = FirstKeptSeq();
      Segment segment(number, SegmentBuffer(start.tag, start.first_seq));
      segment.file = *std::move(file);
      has_created_ = true;
      start_ = start;
      round_ns_ = RoundTimeBehind(start_, options_.segment_age_ns);
      return segment;
    }
    const bool taken = file.error().error_number() == EEXIST;
    if (!taken || number == current_.number + kAttempts) return std::move(file).error();
  }
}

// Numbered records before it are on disk, or were forgotten because that took too long.
uint64_t LogWriter::Impl::FirstKeptSeq() const {
  return carried_.empty() ? current_.buffer.first_buffered_seq()
                          : carried_.front().first_buffered_seq();
}

size_t LogWriter::Impl::KeptBytes() const {
  size_t bytes = current_.buffer.buffered_bytes();
  for (const SegmentBuffer& buffer : carried_) bytes += buffer.buffered_bytes();
  for (const Segment& segment : closing_) bytes += segment.buffer.buffered_bytes();
  return bytes;
}

// What is ended and only not synced yet stands where it is.
DiskRoom::Waiting LogWriter::Impl::Waiting() const {
  DiskRoom::Waiting waiting;
  const auto add = [&waiting](const SegmentBuffer& buffer) {
    waiting.bytes += buffer.buffered_bytes();
    waiting.repeated_bytes += buffer.buffered_bytes() - buffer.Unwritten().size();
  };
  for (const SegmentBuffer& buffer : carried_) add(buffer);
  add(current_.buffer);
  return waiting;
}

// A disk that is full now may have room later; where no file can be made for another reason,
// somebody must act.
Status LogWriter::Impl::Start() {
  SyncEarlier();
  Status started = StartSegment();
  if (started) started = Flush();
  if (started || !IsDiskFull(started.error().error_number())) return started;
  if (Status able = CheckCreates(); !able) return able;
  BeginTrouble();
  return Ok{};
}

// For want of room no file may have been tried yet.
Status LogWriter::Impl::CheckCreates() {
  if (has_created_) return Ok{};
  auto created = CreateFile(read_clock_());
  if (created) return (void)folder_->Remove(SegmentName(created->number)), Ok{};
  return IsDiskFull(created.error().error_number()) ? Status(Ok{}) : std::move(created).error();
}

// What is still in memory from segments that were given up goes into this one, numbers unchanged. A
// file that cannot even take its head is removed, so that a full disk does not fill with empty
// files.
Status LogWriter::Impl::TryToStart() {
  Clock clock = read_clock_();
  clock.reason = ClockReason::kSegment;
  last_attempt_ns_ = clock.time_ns;
  Status room = room_.MakeForSegment(clock, Waiting());
  ForgetRemoved();
  auto created = room ? CreateFile(clock) : Result<Segment>(std::move(room).error());
  if (!created) {
    room_.NoteError(created.error());
    return std::move(created).error();
  }
  Segment& next = *created;
  next.buffer.AddLost(current_.buffer.lost_total());
  next.buffer.NoteMoment(clock.time_ns);
  if (next_info_) identity_.info = *std::exchange(next_info_, std::nullopt);
  AppendHead(next.buffer, identity_, start_, kCheckpointFirst);
  AppendAt(next.buffer, clock, clock.time_ns);
  next.buffer.NoteAnchor(clock);
  next.buffer.CloseHeadBlock(0);
  next.head_end = next.buffer.logical_bytes();
  next.room_end = room_.Step();
  Status ready = next.file->Reserve(next.room_end);
  if (ready) ready = WriteOut(*next.file, next.buffer);
  if (!ready) {
    (void)folder_->Remove(SegmentName(next.number));
    room_.NoteError(ready.error());
    return ready;
  }
  for (SegmentBuffer& buffer : carried_) next.buffer.TakeOver(std::move(buffer));
  next.buffer.TakeOver(std::move(current_.buffer));
  carried_.clear();
  current_ = std::move(next);
  next_copy_ = current_.buffer.logical_bytes() + kCopyIntervalBytes;
  last_sync_ns_ = clock.time_ns;
  AppendDropped();
  room_.NoteRoom();
  return Ok{};
}

Status LogWriter::Impl::EnsureFile() {
  if (current_.file != nullptr) return Ok{};
  if (read_clock_().time_ns - last_attempt_ns_ < options_.retry_interval_ns) {
    return refused_ ? *refused_ : Error("no segment can be written; retrying");
  }
  return StartSegment();
}

// Why it failed is said until it succeeds.
Status LogWriter::Impl::StartSegment() {
  Status started = TryToStart();
  refused_.reset();
  if (!started) refused_ = started.error();
  return started;
}

void LogWriter::Impl::NotePrevious(PreviousEnd end) {
  previous_ = {.number = current_.number,
               .tag = start_.tag,
               .end = end,
               .next_seq = current_.buffer.written().next_seq,
               .bytes = current_.buffer.written().logical,
               .synced_bytes = current_.buffer.synced().logical};
}

// A segment that is ended by its age was over at the round time, unless it tells of later.
uint64_t LogWriter::Impl::EndTime(EndReason reason) const {
  const uint64_t now_ns = read_clock_().time_ns;
  if (reason != EndReason::kAge) return now_ns;
  const uint64_t last_ns = current_.buffer.TimeSpan().last_time_ns.value_or(0);
  return std::min(now_ns, std::max(round_ns_ - 1, last_ns));
}

// Says the end and leaves the rest to the syncer.
Status LogWriter::Impl::SayEnd(EndReason reason) {
  SegmentBuffer& buffer = current_.buffer;
  AppendEnd(buffer, start_, reason, EndTime(reason));
  if (Status written = WriteOut(*current_.file, buffer); !written) return written;
  const uint64_t next_seq = buffer.next_seq();
  const uint64_t lost_total = buffer.lost_total();
  NotePrevious(PreviousEnd::kEnded);
  if (options_.sync == SyncPolicy::kNone) {
    (void)current_.file->Close();
  } else {
    closing_.push_back(std::move(current_));
  }
  current_ = Segment(previous_->number, SegmentBuffer(0, next_seq));
  current_.buffer.AddLost(lost_total);
  BeginTrouble();  // until the next one has begun
  BeginEndSync();
  return Ok{};
}

Status LogWriter::Impl::EndSegment(EndReason reason) {
  if (Status ready = EnsureFile(); !ready) return ready;
  AppendDropped();
  current_.buffer.CloseBlock();
  if (Status written = WriteCurrent(); !written) return written;
  Status ended = SayEnd(reason);
  if (ended) return ended;
  GiveUpWriting(ended.error());
  return BeginAnew(std::move(ended).error());
}

Status LogWriter::Impl::Rotate(EndReason reason) {
  if (Status ended = EndSegment(reason); !ended) return ended;
  if (Status started = StartSegment(); !started) return started;
  pending_limit_.reset();
  return PollSyncs();
}

Status LogWriter::Impl::EndAndWait() {
  if (Status ended = EndSegment(EndReason::kShutdown); !ended) return ended;
  return WaitForSyncs();
}

// What is in memory has no other chance: space may be back, and another segment may take it.
Status LogWriter::Impl::Close() {
  if (Status ended = EndAndWait(); ended) return ended;
  // For want of room it may have been ended all the same.
  if (WaitForSyncs() && KeptBytes() == 0 && dropped_count_ == 0) return Ok{};
  if (current_.file == nullptr) {
    if (Status started = StartSegment(); !started) return started;
  }
  return EndAndWait();
}

std::optional<EndReason> LogWriter::Impl::RotationDue(uint64_t now_ns) const {
  if (current_.file == nullptr || InTrouble()) return std::nullopt;
  if (current_.buffer.logical_bytes() >= options_.segment_bytes) return EndReason::kSize;
  // A copy can be replaced as long as it is the only one.
  if (sync_failing()) return std::nullopt;
  return now_ns >= round_ns_ ? std::optional(EndReason::kAge) : std::nullopt;
}

uint64_t LogWriter::Impl::first_unfinished_segment_no() const {
  if (!closing_.empty()) return closing_.front().number;
  return current_.file != nullptr ? current_.number : current_.number + 1;
}

}  // namespace daybook
