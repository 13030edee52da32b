// What is written goes to the disk, beside the recording.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "file.h"
#include "log_writer_impl.h"

namespace daybook {
namespace {

// However often syncs fail, one is tried again after so long.
constexpr uint64_t kMaxSyncPauseNs = 60'000'000'000;

}  // namespace

// A writer that was killed leaves it to the kernel to write what it had not synced: several
// segments, where the disk was slow. What an error costs here is told by the segments behind: each
// says how long the one before it was.
void LogWriter::Impl::SyncEarlier() {
  if (options_.sync == SyncPolicy::kNone) return;
  const auto numbers = ListSegments(*folder_);
  if (!numbers) return;
  for (const uint64_t number : *numbers) {
    Status synced = folder_->SyncFile(SegmentName(number));
    if (!synced && synced.error().error_number() != ENOENT) return;
  }
  if (!numbers->empty() && !folder_->Sync()) return;
  durable_seq_ = current_.buffer.next_seq();
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

bool LogWriter::Impl::SyncPending() const {
  if (options_.sync == SyncPolicy::kNone) return false;
  if (at_work_ || !closing_.empty()) return true;
  if (current_.file == nullptr) return false;
  return pack_.count() != 0 || current_.buffer.has_unsynced_events() || sync_failing();
}

bool LogWriter::Impl::SyncDue(uint64_t now_ns) const {
  return SyncPending() && !at_work_ && now_ns >= next_sync_ns_ &&
         now_ns - last_sync_ns_ >= options_.sync_interval_ns;
}

}  // namespace daybook
