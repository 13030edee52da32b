// What is appended, from memory into the current segment; and what becomes of it where that cannot
// be written.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "file.h"
#include "layout.h"
#include "log_writer_impl.h"
#include "segment_head.h"

namespace daybook {

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

void LogWriter::Impl::CountDropped(uint8_t type, Span span, uint64_t events, uint64_t told_lost) {
  if (!IsNumbered(type)) return;
  dropped_.first_time_ns =
      dropped_count_ == 0 ? span.first_ns : std::min(dropped_.first_time_ns, span.first_ns);
  dropped_.reason = room_.is_full() ? LostReason::kDiskFull : LostReason::kWriteError;
  dropped_count_ += told_lost != 0 ? told_lost : events;
  dropped_told_ += told_lost;
  unwritten_lost_ += told_lost == 0 ? events : 0;
  dropped_.last_time_ns = std::max(dropped_.last_time_ns, span.last_ns);
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

Status LogWriter::Impl::Flush() {
  if (Status synced = PollSyncs(); !synced) return synced;
  if (Status ready = EnsureFile(); !ready) return ready;
  if (options_.sync == SyncPolicy::kFlush && !SyncsPause()) return Sync();
  if (!InTrouble()) AppendDropped();
  current_.buffer.Seal();
  return WriteCurrent();
}

// The oldest go for the log's limits, durable or not: nobody asks any more whether they are.
void LogWriter::Impl::ForgetRemoved() {
  while (!closing_.empty() && closing_.front().number < room_.removed_before()) {
    closing_.pop_front();
  }
}

// For all that the current segment is to hold.
Status LogWriter::Impl::MakeRoom() {
  const uint64_t length = current_.buffer.logical_bytes();
  if (length <= current_.room_end) return Ok{};
  auto room_end = room_.MakeInSegment(current_.number, *current_.file, length);
  ForgetRemoved();
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

// A full disk spoils nothing of what it took before, nor does the limit of a file's length: it need
// not be taken twice.
void LogWriter::Impl::GiveUpWriting(const Error& error) {
  const bool is_head_only =
      current_.file != nullptr && current_.buffer.written().logical <= current_.head_end;
  if (is_head_only && TakeBackFile()) return GiveUp(error);
  const bool is_sound = IsDiskFull(error.error_number()) || error.error_number() == EFBIG;
  if (is_sound && options_.sync != SyncPolicy::kNone && current_.file != nullptr) {
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
    current_.buffer.Seal();
    Status written = MakeRoom();
    if (written) written = WriteOut(*current_.file, current_.buffer);
    if (written) pending_limit_.reset();
    if (!written) GiveUpWriting(written.error());
  }
  return error;
}

// Nothing was written, so nothing is cut: what waits and the segment's end go into the room that
// the ballast gives.
Status LogWriter::Impl::EndForWantOfRoom(Error error) {
  room_.NoteError(error);
  if (Status ended = SayEnd(EndReason::kSize); !ended) GiveUpWriting(ended.error());
  return error;
}

}  // namespace daybook
