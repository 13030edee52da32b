#include <algorithm>
#include <cassert>
#include <cerrno>
#include <deque>
#include <utility>

#include "daybook/writer.h"
#include "disk_room.h"
#include "file.h"
#include "layout.h"
#include "log_state.h"
#include "segment_buffer.h"
#include "segment_head.h"

namespace daybook {
namespace {

// However often syncs fail, one is tried again after so long.
constexpr uint64_t kMaxSyncPauseNs = 60'000'000'000;

WriterOptions Clamped(WriterOptions options) {
  constexpr uint64_t kShare = 8;  // so that what one segment takes is never most of the log
  options.block_bytes = std::min<uint64_t>(options.block_bytes, kMaxBlockTarget);
  const uint64_t most = options.retention.max_total_bytes / kShare;
  options.segment_bytes = std::min(options.segment_bytes, most);
  options.segment_age_ns = std::max<uint64_t>(options.segment_age_ns, 1);
  options.ballast_bytes = std::min(options.ballast_bytes, most);
  return options;
}

// The first multiple of `age_ns` in wall-clock time behind the start of a segment, in boot time.
uint64_t RoundTimeBehind(const SegmentStart& start, uint64_t age_ns) {
  const uint64_t passed_ns = start.realtime_ns > 0 ? static_cast<uint64_t>(start.realtime_ns) : 0;
  const uint64_t rest_ns = age_ns - passed_ns % age_ns;
  return rest_ns > UINT64_MAX - start.time_ns ? UINT64_MAX : start.time_ns + rest_ns;
}

}  // namespace

class LogWriter::Impl {
 public:
  Impl(std::unique_ptr<LogFolder> folder, LogIdentity identity, ReadClock read_clock,
       WriterOptions options, std::unique_ptr<Syncer> syncer, const LogState& state)
      : folder_(std::move(folder)),
        identity_(std::move(identity)),
        read_clock_(std::move(read_clock)),
        options_(Clamped(options)),
        room_(*folder_, options_, identity_.boot_id),
        stream_id_(state.stream_id.value_or(RandomId())),
        previous_(state.newest),
        durable_seq_(state.next_seq),
        current_(state.last_segment_no, SegmentBuffer(0, state.next_seq)),
        syncer_(std::move(syncer)) {}

  Status Start();
  Status StartSegment();
  Status Flush();
  Status BeginSync();
  Status Sync();
  Status Rotate(EndReason reason);
  Status Close();
  bool SyncDue(uint64_t now_ns) const;
  bool SyncPending() const;
  std::optional<EndReason> RotationDue(uint64_t now_ns) const;
  const Id128& stream_id() const { return stream_id_; }
  uint64_t durable_seq() const { return durable_seq_; }
  bool sync_failing() const { return failed_syncs_ != 0; }
  uint64_t unwritten_lost() const { return unwritten_lost_; }
  uint64_t first_unfinished_segment_no() const;

  uint8_t* BeginRecord(size_t max_payload_bytes);
  void FinishRecord(uint8_t type, uint8_t* payload, uint8_t* end);
  void CountDropped(uint8_t type, uint64_t time_ns, uint64_t told_lost);

  SegmentBuffer& buffer() { return current_.buffer; }
  uint64_t segment_no() const { return current_.number; }

 private:
  // A segment of which something is not known to be on disk.
  struct Segment {
    Segment(uint64_t segment_no, SegmentBuffer kept)
        : number(segment_no), buffer(std::move(kept)) {}
    uint64_t number;
    std::shared_ptr<LogFile> file;  // null while it cannot be written
    SegmentBuffer buffer;
    uint64_t head_end = 0;  // logical; what comes behind it is of use to somebody
    uint64_t room_end = 0;  // the file may be written up to here
    bool is_named = false;  // the folder's entry is on disk
  };
  // What the syncer is at.
  struct SyncAtWork {
    std::shared_ptr<LogFile> file;  // a number may be used again, this not
    SegmentBuffer::Position position;
    bool ends_segment = false;
    uint64_t removals = 0;
  };

  Result<Segment> CreateFile(const Clock& clock);
  void AppendDropped();
  void BeginTrouble();
  bool InTrouble() const { return pending_limit_.has_value(); }
  uint64_t FirstKeptSeq() const;
  size_t KeptBytes() const;
  size_t WrittenBytes() const;

  Status MakeRoom();
  static Status WriteOut(LogFile& file, SegmentBuffer& buffer);
  Status WriteCurrent();
  void ForgetExcess();
  Status SayEnd(EndReason reason);
  Status EndSegment(EndReason reason);
  uint64_t EndTime(EndReason reason) const;
  Status EndForWantOfRoom(Error error);
  Status EndAndWait();
  Status EnsureFile();
  Status TryToStart();

  void BeginSyncOf(Segment& segment, const SegmentBuffer::Position& position, bool ends_segment);
  void BeginEndSync();
  Segment* FindUnsynced(const std::shared_ptr<LogFile>& file);
  bool SyncsPause() const;
  Status NoteSync(Status result);
  Status NoteFailedSync(Error error);
  Status PollSyncs();
  Status WaitForSyncs();
  void GiveUp(const Error& error);
  void GiveUpWriting(const Error& error);
  bool TakeBackFile();
  Status BeginAnew(Error error);
  void NotePrevious(PreviousEnd end);

  std::unique_ptr<LogFolder> folder_;
  LogIdentity identity_;
  ReadClock read_clock_;
  WriterOptions options_;
  DiskRoom room_;
  Id128 stream_id_;
  std::optional<PreviousSegment> previous_;
  uint64_t durable_seq_;
  SegmentStart start_;      // of the current segment
  uint64_t round_ns_ = 0;   // from which on that is as old as it may be
  uint64_t next_copy_ = 0;  // its head is copied at this logical offset
  uint64_t last_sync_ns_ = 0;
  uint64_t last_attempt_ns_ = 0;
  std::optional<Error> refused_;  // why there is no file, where one was tried for
  // Of segments that were given up: what the next one begins with, in order.
  std::vector<SegmentBuffer> carried_;
  std::deque<Segment> closing_;  // ended, but that is not on disk yet; in order
  Segment current_;
  std::optional<SyncAtWork> at_work_;
  // Of the buffer, from a failure until all that waits is written: set once, however often it is
  // tried meanwhile.
  std::optional<size_t> pending_limit_;
  unsigned failed_syncs_ = 0;  // in a row
  uint64_t next_sync_ns_ = 0;  // none is begun before, but those that are waited for
  Lost dropped_;
  uint64_t dropped_count_ = 0;
  uint64_t unwritten_lost_ = 0;     // of these and of earlier ones, what AddLost has not
  uint64_t dropped_told_ = 0;       // of these, what AddLost has counted already
  std::unique_ptr<Syncer> syncer_;  // goes first: its task uses the folder
};

// A name that is taken is left alone, whoever made it: the next number is as good.
Result<LogWriter::Impl::Segment> LogWriter::Impl::CreateFile(const Clock& clock) {
  constexpr uint64_t kAttempts = 100;
  for (uint64_t number = current_.number + 1;; ++number) {
    auto file = folder_->Create(SegmentName(number));
    if (file) {
      SegmentStart start = DescribeSegment(identity_, clock, previous_);
      start.segment_no = number;
      start.stream_id = stream_id_;
      start.first_seq = FirstKeptSeq();
      Segment segment(number, SegmentBuffer(start.tag, start.first_seq));
      segment.file = *std::move(file);
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

// Of what goes into the next segment, so much stands in those that were given up.
size_t LogWriter::Impl::WrittenBytes() const {
  size_t bytes = current_.buffer.buffered_bytes() - current_.buffer.Unwritten().size();
  for (const SegmentBuffer& buffer : carried_) {
    bytes += buffer.buffered_bytes() - buffer.Unwritten().size();
  }
  return bytes;
}

// A disk that is full now may have room later; where no file can be made for another reason,
// somebody must act.
Status LogWriter::Impl::Start() {
  Status started = TryToStart();
  if (started) started = Flush();
  if (started || !IsDiskFull(started.error().error_number())) return started;
  BeginTrouble();
  return Ok{};
}

// What is still in memory from segments that were given up goes into this one, numbers unchanged. A
// file that cannot even take its head is removed, so that a full disk does not fill with empty
// files.
Status LogWriter::Impl::StartSegment() {
  Clock clock = read_clock_();
  clock.reason = ClockReason::kSegment;
  last_attempt_ns_ = clock.time_ns;
  Status room =
      room_.MakeForSegment(clock, {.bytes = KeptBytes(), .repeated_bytes = WrittenBytes()});
  auto created = room ? CreateFile(clock) : Result<Segment>(std::move(room).error());
  if (!created) {
    room_.NoteError(created.error());
    return std::move(created).error();
  }
  Segment& next = *created;
  next.buffer.AddLost(current_.buffer.lost_total());
  next.buffer.NoteMoment(clock.time_ns);
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

void LogWriter::Impl::AppendDropped() {
  if (dropped_count_ == 0) return;
  dropped_.records = dropped_count_;
  AppendAt(current_.buffer, dropped_, dropped_.last_time_ns);
  current_.buffer.AddLost(dropped_count_ - dropped_told_);
  dropped_ = {};
  dropped_count_ = 0;
  dropped_told_ = 0;
}

// For all that the current segment is to hold.
Status LogWriter::Impl::MakeRoom() {
  const uint64_t length = current_.buffer.logical_bytes();
  if (length <= current_.room_end) return Ok{};
  auto room_end = room_.MakeInSegment(current_.number, *current_.file, length);
  if (!room_end) return std::move(room_end).error();
  current_.room_end = *room_end;
  return Ok{};
}

Status LogWriter::Impl::WriteOut(LogFile& file, SegmentBuffer& buffer) {
  while (!buffer.Unwritten().empty()) {
    auto written = file.Write(buffer.Unwritten());
    if (!written) return std::move(written).error();
    if (*written == 0) return Error("cannot write the log: the file takes no more bytes");
    buffer.Written(*written);
  }
  return Ok{};
}

// Everything that is sealed, into the current segment.
Status LogWriter::Impl::WriteCurrent() {
  if (Status room = MakeRoom(); !room) {
    if (IsDiskFull(room.error().error_number())) return EndForWantOfRoom(std::move(room).error());
    // Whether there is room is not known: nothing is spoilt yet, and it is looked at again.
    return BeginTrouble(), std::move(room);
  }
  if (Status written = WriteOut(*current_.file, current_.buffer); !written) {
    GiveUpWriting(written.error());
    return BeginAnew(std::move(written).error());
  }
  pending_limit_.reset();
  ForgetExcess();
  return Ok{};
}

// Where nothing is to be synced, what is written is gone from here; else the oldest, where a disk
// is so slow that too much has come together.
void LogWriter::Impl::ForgetExcess() {
  if (options_.sync == SyncPolicy::kNone) return current_.buffer.ForgetWritten(0);
  size_t kept = KeptBytes();
  const auto forget_from = [&](SegmentBuffer& buffer) {
    if (kept <= options_.max_unsynced_bytes) return;
    const size_t bytes = buffer.buffered_bytes();
    const size_t excess = std::min(bytes, kept - options_.max_unsynced_bytes);
    buffer.ForgetWritten(bytes - excess);
    kept -= bytes - buffer.buffered_bytes();
  };
  if (kept > options_.max_unsynced_bytes / 2 && !at_work_ && closing_.empty() && !SyncsPause()) {
    BeginSyncOf(current_, current_.buffer.written(), false);
  }
  for (Segment& segment : closing_) forget_from(segment.buffer);
  forget_from(current_.buffer);
}

// After an error nothing more is written to that segment, and one whose sync failed is not synced
// again: the kernel may have dropped the pages that it could not write and would then report
// success.
void LogWriter::Impl::GiveUp(const Error& error) {
  room_.NoteError(error);
  if (current_.file != nullptr) NotePrevious(PreviousEnd::kAbandoned);
  current_.file.reset();
  BeginTrouble();
}

void LogWriter::Impl::BeginTrouble() {
  if (!InTrouble()) pending_limit_ = current_.buffer.buffered_bytes() + options_.max_pending_bytes;
}

// Removes the current file, of which nothing is missed: the next one takes its number.
bool LogWriter::Impl::TakeBackFile() {
  if (!folder_->Remove(SegmentName(current_.number))) return false;
  current_.file.reset();
  --current_.number;
  return true;
}

// A full disk spoils nothing of what it took before: it need not take that twice.
void LogWriter::Impl::GiveUpWriting(const Error& error) {
  const bool is_head_only =
      current_.file != nullptr && current_.buffer.written().logical <= current_.head_end;
  if (is_head_only && TakeBackFile()) return GiveUp(error);
  const bool keep = IsDiskFull(error.error_number()) && options_.sync != SyncPolicy::kNone;
  if (keep && current_.file != nullptr) {
    NotePrevious(PreviousEnd::kAbandoned);
    SegmentBuffer rest = current_.buffer.TakeUnwritten();
    const uint64_t number = current_.number;
    closing_.push_back(std::move(current_));
    current_ = Segment(number, std::move(rest));
    BeginEndSync();
  }
  GiveUp(error);
}

// What was given up goes into a new segment at once, where one can be written.
Status LogWriter::Impl::BeginAnew(Error error) {
  if (Status started = StartSegment(); started) {
    Status written = MakeRoom();
    if (written) written = WriteOut(*current_.file, current_.buffer);
    if (written) pending_limit_.reset();
    if (!written) GiveUpWriting(written.error());
  }
  return error;
}

void LogWriter::Impl::NotePrevious(PreviousEnd end) {
  previous_ = {.number = current_.number,
               .tag = start_.tag,
               .end = end,
               .next_seq = current_.buffer.written().next_seq,
               .bytes = current_.buffer.written().logical,
               .synced_bytes = current_.buffer.synced().logical};
}

// Nothing was written, so nothing is cut: what waits and the segment's end go into the room that
// the ballast gives.
Status LogWriter::Impl::EndForWantOfRoom(Error error) {
  room_.NoteError(error);
  if (Status ended = SayEnd(EndReason::kSize); !ended) GiveUpWriting(ended.error());
  return error;
}

Status LogWriter::Impl::EnsureFile() {
  if (current_.file != nullptr) return Ok{};
  if (read_clock_().time_ns - last_attempt_ns_ < options_.retry_interval_ns) {
    return refused_ ? *refused_ : Error("no segment can be written; retrying");
  }
  return TryToStart();
}

// Why it failed is said until it succeeds.
Status LogWriter::Impl::TryToStart() {
  Status started = StartSegment();
  refused_.reset();
  if (!started) refused_ = started.error();
  return started;
}

Status LogWriter::Impl::Flush() {
  if (Status synced = PollSyncs(); !synced) return synced;
  if (Status ready = EnsureFile(); !ready) return ready;
  if (options_.sync == SyncPolicy::kFlush && !SyncsPause()) return Sync();
  if (!InTrouble()) AppendDropped();
  current_.buffer.Seal();
  return WriteCurrent();
}

Status LogWriter::Impl::BeginSync() {
  if (Status synced = PollSyncs(); !synced) return synced;
  if (Status ready = EnsureFile(); !ready) return ready;
  if (!InTrouble()) AppendDropped();
  current_.buffer.CloseBlock();
  if (Status written = WriteCurrent(); !written) return written;
  if (at_work_ || current_.file == nullptr || options_.sync == SyncPolicy::kNone) return Ok{};
  if (SyncsPause()) return Ok{};
  BeginSyncOf(current_, current_.buffer.written(), false);
  return PollSyncs();
}

Status LogWriter::Impl::Sync() {
  if (Status idle = WaitForSyncs(); !idle) return idle;
  if (Status begun = BeginSync(); !begun) return begun;
  return WaitForSyncs();
}

// The file's entry in the folder, and the removal of older ones, go to the disk with it.
void LogWriter::Impl::BeginSyncOf(Segment& segment, const SegmentBuffer::Position& position,
                                  bool ends_segment) {
  at_work_ = {.file = segment.file,
              .position = position,
              .ends_segment = ends_segment,
              .removals = room_.removals()};
  last_sync_ns_ = read_clock_().time_ns;
  LogFolder* const folder =
      segment.is_named && room_.removals() == room_.synced_removals() ? nullptr : folder_.get();
  syncer_->Begin([file = segment.file, folder, ends_segment]() -> Status {
    if (folder != nullptr) {
      if (Status named = folder->Sync(); !named) return named;
    }
    if (Status synced = file->Sync(); !synced) return synced;
    return ends_segment ? file->Close() : Status(Ok{});
  });
}

// The ends of segments reach the disk in their order.
void LogWriter::Impl::BeginEndSync() {
  if (at_work_ || closing_.empty() || SyncsPause()) return;
  BeginSyncOf(closing_.front(), closing_.front().buffer.written(), true);
}

LogWriter::Impl::Segment* LogWriter::Impl::FindUnsynced(const std::shared_ptr<LogFile>& file) {
  if (current_.file == file) return &current_;
  if (!closing_.empty() && closing_.front().file == file) return &closing_.front();
  return nullptr;
}

bool LogWriter::Impl::SyncsPause() const { return read_clock_().time_ns < next_sync_ns_; }

Status LogWriter::Impl::NoteSync(Status result) {
  const SyncAtWork done = *std::exchange(at_work_, std::nullopt);
  Segment* const segment = FindUnsynced(done.file);
  if (segment == nullptr) return BeginEndSync(), Ok{};  // given up meanwhile
  if (!result) return NoteFailedSync(std::move(result).error());
  failed_syncs_ = 0;
  next_sync_ns_ = 0;
  segment->is_named = true;
  room_.NoteSynced(done.removals);
  segment->buffer.Synced(done.position);
  durable_seq_ = std::max(durable_seq_, done.position.next_seq);
  if (done.ends_segment) closing_.pop_front();
  BeginEndSync();
  return Ok{};
}

// Where the sync of one segment fails, those behind it are given up too: what the next one repeats
// must come before what they hold. A disk on which syncs keep failing is asked ever more rarely,
// and does not fill with copies: the next one takes the place of the last, or, where that holds
// more than is still in memory, repeats nothing.
Status LogWriter::Impl::NoteFailedSync(Error error) {
  ++failed_syncs_;
  const uint64_t doublings = std::min(failed_syncs_ - 1, 16U);
  next_sync_ns_ =
      read_clock_().time_ns + std::min(options_.retry_interval_ns << doublings, kMaxSyncPauseNs);
  const bool again = failed_syncs_ > 1;
  if (!again) {
    for (Segment& ended : closing_) carried_.push_back(std::move(ended.buffer));
  }
  const bool is_copy =
      again && closing_.empty() && current_.file != nullptr && current_.buffer.is_whole();
  closing_.clear();
  if (is_copy && TakeBackFile()) {
    BeginTrouble();
    return BeginAnew(std::move(error));
  }
  if (again) current_.buffer.ForgetWritten(0);
  GiveUp(error);
  return BeginAnew(std::move(error));
}

Status LogWriter::Impl::PollSyncs() {
  while (at_work_) {
    auto result = syncer_->Poll();
    if (!result) break;
    if (Status noted = NoteSync(*std::move(result)); !noted) return noted;
  }
  BeginEndSync();
  return Ok{};
}

Status LogWriter::Impl::WaitForSyncs() {
  next_sync_ns_ = 0;
  BeginEndSync();
  while (at_work_) {
    if (Status noted = NoteSync(syncer_->Wait()); !noted) return noted;
  }
  return Ok{};
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

bool LogWriter::Impl::SyncPending() const {
  if (options_.sync == SyncPolicy::kNone) return false;
  if (at_work_ || !closing_.empty()) return true;
  if (current_.file == nullptr) return false;
  return current_.buffer.has_unsynced_events() || sync_failing();
}

bool LogWriter::Impl::SyncDue(uint64_t now_ns) const {
  return SyncPending() && !at_work_ && now_ns >= next_sync_ns_ &&
         now_ns - last_sync_ns_ >= options_.sync_interval_ns;
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

uint8_t* LogWriter::Impl::BeginRecord(size_t max_payload_bytes) {
  const bool full = InTrouble() && current_.buffer.buffered_bytes() >= *pending_limit_;
  if (full || max_payload_bytes > kMaxLogicalBytes) return nullptr;
  return current_.buffer.BeginRecord(max_payload_bytes);
}

void LogWriter::Impl::FinishRecord(uint8_t type, uint8_t* payload, uint8_t* end) {
  SegmentBuffer& buffer = current_.buffer;
  buffer.FinishRecord(type, payload, end);
  if (buffer.open_block_bytes() < options_.block_bytes) return;
  buffer.CloseBlock();
  if (current_.file == nullptr || buffer.logical_bytes() < next_copy_) return;
  AppendHead(buffer, identity_, start_, kCheckpointCopy);
  next_copy_ = buffer.logical_bytes() + kCopyIntervalBytes;
}

void LogWriter::Impl::CountDropped(uint8_t type, uint64_t time_ns, uint64_t told_lost) {
  if (!IsNumbered(type)) return;
  if (dropped_count_ == 0) dropped_.first_time_ns = time_ns;
  dropped_.reason = room_.is_full() ? LostReason::kDiskFull : LostReason::kWriteError;
  dropped_count_ += std::max<uint64_t>(told_lost, 1);
  dropped_told_ += told_lost;
  unwritten_lost_ += told_lost == 0 ? 1 : 0;
  dropped_.last_time_ns = std::max(dropped_.last_time_ns, time_ns);
}

Result<LogWriter> LogWriter::Open(std::unique_ptr<LogFolder> folder, LogIdentity identity,
                                  ReadClock read_clock, WriterOptions options,
                                  std::unique_ptr<Syncer> syncer) {
  if (Status locked = folder->Lock(); !locked) return std::move(locked).error();
  auto state = FindLogState(*folder);
  if (!state) return std::move(state).error();
  auto impl = std::make_unique<Impl>(std::move(folder), std::move(identity), std::move(read_clock),
                                     options, std::move(syncer), *state);
  if (Status started = impl->Start(); !started) return std::move(started).error();
  return LogWriter(std::move(impl));
}

LogWriter::LogWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LogWriter::LogWriter(LogWriter&&) noexcept = default;
LogWriter& LogWriter::operator=(LogWriter&&) noexcept = default;
LogWriter::~LogWriter() = default;

Status LogWriter::Flush() { return impl_->Flush(); }
Status LogWriter::BeginSync() { return impl_->BeginSync(); }
Status LogWriter::Sync() { return impl_->Sync(); }
bool LogWriter::SyncDue(uint64_t now_ns) const { return impl_->SyncDue(now_ns); }
bool LogWriter::SyncPending() const { return impl_->SyncPending(); }
std::optional<EndReason> LogWriter::RotationDue(uint64_t now_ns) const {
  return impl_->RotationDue(now_ns);
}
Status LogWriter::Rotate(EndReason reason) { return impl_->Rotate(reason); }
Status LogWriter::Close() { return impl_->Close(); }
uint64_t LogWriter::segment_no() const { return impl_->segment_no(); }
Id128 LogWriter::stream_id() const { return impl_->stream_id(); }
uint64_t LogWriter::next_seq() const { return impl_->buffer().next_seq(); }
uint64_t LogWriter::durable_seq() const { return impl_->durable_seq(); }
bool LogWriter::sync_failing() const { return impl_->sync_failing(); }
uint64_t LogWriter::first_unfinished_segment_no() const {
  return impl_->first_unfinished_segment_no();
}
uint64_t LogWriter::unwritten_lost() const { return impl_->unwritten_lost(); }
void LogWriter::AddLost(uint64_t count) { impl_->buffer().AddLost(count); }
const BlockBase& LogWriter::base() const { return impl_->buffer().base(); }
uint8_t* LogWriter::BeginRecord(size_t bytes) { return impl_->BeginRecord(bytes); }
void LogWriter::FinishRecord(uint8_t type, uint8_t* payload, uint8_t* end) {
  impl_->FinishRecord(type, payload, end);
}
void LogWriter::NoteMoment(uint64_t time_ns) { impl_->buffer().NoteMoment(time_ns); }
void LogWriter::NotePid(uint32_t pid) { impl_->buffer().NotePid(pid); }
void LogWriter::NoteAnchor(const Clock& clock) { impl_->buffer().NoteAnchor(clock); }
void LogWriter::CountDropped(uint8_t type, uint64_t time_ns, uint64_t told_lost) {
  impl_->CountDropped(type, time_ns, told_lost);
}

}  // namespace daybook
