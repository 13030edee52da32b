#include <algorithm>
#include <cassert>
#include <cerrno>
#include <random>
#include <utility>

#include "daybook/reader.h"
#include "daybook/schema.h"
#include "daybook/writer.h"
#include "file.h"
#include "layout.h"
#include "segment_buffer.h"

namespace daybook {
namespace {

// Where a log was left: found by reading, never by a manifest that could contradict the files.
struct LogState {
  uint64_t last_segment_no = 0;
  uint64_t next_seq = 1;
  std::optional<Id128> stream_id;
};

Id128 RandomId() {
  std::random_device random;
  Id128 id;
  for (uint8_t& byte : id.bytes) byte = static_cast<uint8_t>(random());
  return id;
}

// Reads the stream id and the last sequence number of one segment.
void ReadSegmentState(std::span<const uint8_t> bytes, LogState* state) {
  SegmentReader reader(bytes);
  for (;;) {
    const Item item = reader.Next();
    if (std::holds_alternative<End>(item)) break;
    const auto* record = std::get_if<RecordView>(&item);
    if (record != nullptr && record->seq) {
      state->next_seq = std::max(state->next_seq, *record->seq + 1);
    }
  }
  if (!reader.segment()) return;
  state->stream_id = reader.segment()->stream_id;
  state->next_seq = std::max(state->next_seq, reader.segment()->first_seq);
}

// The newest segment tells; where it cannot (a crash may leave one empty), the one before it.
Result<LogState> FindLogState(LogFolder& folder) {
  auto files = folder.List();
  if (!files) return std::move(files).error();
  std::vector<uint64_t> numbers;
  for (const FileInfo& file : *files) {
    if (const auto segment = ParseSegmentName(file.name)) numbers.push_back(segment->number);
  }
  std::sort(numbers.rbegin(), numbers.rend());
  LogState state;
  if (!numbers.empty()) state.last_segment_no = numbers.front();
  for (const uint64_t number : numbers) {
    // An old segment that cannot be read is no reason not to record.
    const auto bytes = folder.Read(SegmentName(number));
    if (bytes) ReadSegmentState(*bytes, &state);
    if (state.stream_id) break;
  }
  return state;
}

WriterOptions Clamped(WriterOptions options) {
  options.block_bytes = std::min<uint64_t>(options.block_bytes, kMaxBlockTarget);
  return options;
}

}  // namespace

class LogWriter::Impl {
 public:
  Impl(std::unique_ptr<LogFolder> folder, LogIdentity identity, ReadClock read_clock,
       WriterOptions options, const LogState& state)
      : folder_(std::move(folder)),
        identity_(std::move(identity)),
        read_clock_(std::move(read_clock)),
        options_(Clamped(options)),
        stream_id_(state.stream_id.value_or(RandomId())),
        segment_no_(state.last_segment_no),
        buffer_(0, state.next_seq) {}

  Status StartSegment();
  Status Flush();
  Status Sync();
  Status EndSegment(EndReason reason);
  Status Rotate(EndReason reason);
  Status Close();
  bool SyncDue(uint64_t now_ns) const;
  std::optional<EndReason> RotationDue(uint64_t now_ns) const;
  bool SyncPending() const {
    return options_.sync != SyncPolicy::kNone && file_ != nullptr && buffer_.has_unsynced_events();
  }

  uint8_t* BeginRecord(size_t max_payload_bytes);
  void FinishRecord(uint8_t type, uint8_t* payload, uint8_t* end);
  void CountDropped(uint8_t type, uint64_t time_ns, uint64_t told_lost);

  SegmentBuffer& buffer() { return buffer_; }
  uint64_t segment_no() const { return segment_no_; }

 private:
  struct NewFile {
    uint64_t segment_no = 0;
    std::unique_ptr<LogFile> file;
  };

  Result<NewFile> CreateFile();
  SegmentStart DescribeSegment(uint64_t segment_no, const Clock& clock) const;
  void AppendHead(SegmentBuffer& buffer, const SegmentStart& start, uint32_t flags) const;
  void AppendDropped();
  static Status WriteAll(LogFile& file, SegmentBuffer& buffer);
  Status SyncFile();
  Status ContinueAfter(Error error);
  Status EnsureFile();

  std::unique_ptr<LogFolder> folder_;
  LogIdentity identity_;
  ReadClock read_clock_;
  WriterOptions options_;
  Id128 stream_id_;
  uint64_t segment_no_;
  SegmentStart start_;      // of the current segment
  uint64_t next_copy_ = 0;  // its head is copied at this logical offset
  uint64_t last_sync_ns_ = 0;
  uint64_t last_attempt_ns_ = 0;
  std::unique_ptr<LogFile> file_;  // null while no segment can be written
  SegmentBuffer buffer_;
  Lost dropped_{.reason = LostReason::kWriteError};
  uint64_t dropped_count_ = 0;
  uint64_t dropped_told_ = 0;  // of these, what AddLost has counted already
};

namespace {

// As LogWriter::Append, for what the writer itself has to say.
template <class Record>
void AppendAt(SegmentBuffer& buffer, const Record& record, uint64_t time_ns) {
  buffer.Append(record);
  buffer.NoteMoment(time_ns);
}

}  // namespace

// A name that is taken is left alone, whoever made it: the next number is as good.
Result<LogWriter::Impl::NewFile> LogWriter::Impl::CreateFile() {
  constexpr uint64_t kAttempts = 100;
  for (uint64_t number = segment_no_ + 1;; ++number) {
    auto file = folder_->Create(SegmentName(number));
    if (file) return NewFile{.segment_no = number, .file = *std::move(file)};
    const bool taken = file.error().error_number() == EEXIST;
    if (!taken || number == segment_no_ + kAttempts) return std::move(file).error();
  }
}

SegmentStart LogWriter::Impl::DescribeSegment(uint64_t segment_no, const Clock& clock) const {
  return {.signature = kSignature,
          .major_version = kMajorVersion,
          .minor_version = kMinorVersion,
          .min_reader = 0,
          .compat_flags = 0,
          .incompat_flags = 0,
          .tag = std::random_device{}(),
          .segment_no = segment_no,
          .stream_id = stream_id_,
          .host_id = identity_.host_id,
          .boot_id = identity_.boot_id,
          .tick_ns = kTickNs,
          .first_seq = buffer_.first_buffered_seq(),
          .time_ns = clock.time_ns,
          .realtime_ns = clock.realtime_ns};
}

// Who wrote the segment stands in a block of its own, so that damage to the descriptions behind it
// does not hide it.
void LogWriter::Impl::AppendHead(SegmentBuffer& buffer, const SegmentStart& start,
                                 uint32_t flags) const {
  buffer.Append(start);
  for (const auto& [key, value] : identity_.info) buffer.Append(Info{.key = key, .value = value});
  buffer.CloseBlock(flags);
  for (const TypeInfo& type : BuiltinTypes()) {
    const std::vector<uint8_t> payload = EncodeSchema(type);
    uint8_t* out = buffer.BeginRecord(payload.size());
    buffer.FinishRecord(Schema<SchemaRecord>::kType, out,
                        PutBytes(out, payload.data(), payload.size()));
  }
  buffer.CloseBlock(flags & kCheckpointCopy);
}

// What is still in memory from the segment before goes into this one, numbers unchanged. A file
// that cannot even take its head is removed, so that a full disk does not fill with empty files.
Status LogWriter::Impl::StartSegment() {
  Clock clock = read_clock_();
  clock.reason = ClockReason::kSegment;
  last_attempt_ns_ = clock.time_ns;
  auto created = CreateFile();
  if (!created) return std::move(created).error();
  const SegmentStart start = DescribeSegment(created->segment_no, clock);
  SegmentBuffer next(start.tag, start.first_seq);
  next.NoteMoment(start.time_ns);
  AppendHead(next, start, kCheckpointFirst);
  AppendAt(next, clock, clock.time_ns);
  next.CloseBlock();
  Status ready = WriteAll(*created->file, next);
  if (ready && options_.sync != SyncPolicy::kNone) ready = folder_->Sync();
  if (!ready) {
    (void)folder_->Remove(SegmentName(created->segment_no));
    return ready;
  }
  next.TakeOver(buffer_);
  buffer_ = std::move(next);
  file_ = std::move(created->file);
  segment_no_ = created->segment_no;
  start_ = start;
  next_copy_ = buffer_.logical_bytes() + kCopyIntervalBytes;
  last_sync_ns_ = clock.time_ns;
  AppendDropped();
  return Ok{};
}

void LogWriter::Impl::AppendDropped() {
  if (dropped_count_ == 0) return;
  dropped_.records = dropped_count_;
  AppendAt(buffer_, dropped_, dropped_.last_time_ns);
  buffer_.AddLost(dropped_count_ - dropped_told_);
  dropped_ = {.reason = LostReason::kWriteError};
  dropped_count_ = 0;
  dropped_told_ = 0;
}

Status LogWriter::Impl::WriteAll(LogFile& file, SegmentBuffer& buffer) {
  while (!buffer.Unwritten().empty()) {
    auto written = file.Write(buffer.Unwritten());
    if (!written) return std::move(written).error();
    if (*written == 0) return Error("cannot write the log: the file takes no more bytes");
    buffer.Written(*written);
  }
  return Ok{};
}

// After an error nothing more is written to that segment, and it is not synced again: the kernel
// may have dropped the pages that it could not write and would then report success.
Status LogWriter::Impl::ContinueAfter(Error error) {
  file_.reset();
  if (Status started = StartSegment(); started) {
    if (Status written = WriteAll(*file_, buffer_); !written) file_.reset();
  }
  return error;
}

Status LogWriter::Impl::EnsureFile() {
  if (file_ != nullptr) return Ok{};
  if (read_clock_().time_ns - last_attempt_ns_ < options_.retry_interval_ns) {
    return Error("no segment can be written; retrying");
  }
  return StartSegment();
}

Status LogWriter::Impl::Flush() {
  if (Status ready = EnsureFile(); !ready) return ready;
  if (options_.sync == SyncPolicy::kFlush) return Sync();
  buffer_.Seal();
  if (Status written = WriteAll(*file_, buffer_); !written)
    return ContinueAfter(std::move(written).error());
  return Ok{};
}

Status LogWriter::Impl::SyncFile() {
  if (Status written = WriteAll(*file_, buffer_); !written) return written;
  last_sync_ns_ = read_clock_().time_ns;
  if (options_.sync == SyncPolicy::kNone) return Ok{};
  if (Status synced = file_->Sync(); !synced) return synced;
  buffer_.Synced();
  return Ok{};
}

Status LogWriter::Impl::Sync() {
  if (Status ready = EnsureFile(); !ready) return ready;
  buffer_.CloseBlock();
  if (Status synced = SyncFile(); !synced) return ContinueAfter(std::move(synced).error());
  return Ok{};
}

Status LogWriter::Impl::EndSegment(EndReason reason) {
  if (Status ready = EnsureFile(); !ready) return ready;
  const uint64_t now_ns = read_clock_().time_ns;
  buffer_.CloseBlock();
  AppendAt(buffer_,
           SegmentEnd{.time_ns = now_ns,
                      .reason = reason,
                      .record_count = buffer_.record_count(),
                      .first_seq = start_.first_seq,
                      .next_seq = buffer_.next_seq(),
                      .lost_total = buffer_.lost_total()},
           now_ns);
  buffer_.CloseBlock(kCheckpointLast);
  if (Status synced = SyncFile(); !synced) return synced;
  Status closed = file_->Close();
  file_.reset();
  return closed;
}

// What is in memory has no other chance: space may be back, and another segment may take it.
Status LogWriter::Impl::Close() {
  if (file_ != nullptr) {
    if (Status ended = EndSegment(EndReason::kShutdown); ended) return ended;
    file_.reset();
  }
  if (Status started = StartSegment(); !started) return started;
  return EndSegment(EndReason::kShutdown);
}

Status LogWriter::Impl::Rotate(EndReason reason) {
  if (Status ended = EndSegment(reason); !ended) return ContinueAfter(std::move(ended).error());
  return StartSegment();
}

bool LogWriter::Impl::SyncDue(uint64_t now_ns) const {
  return SyncPending() && now_ns - last_sync_ns_ >= options_.sync_interval_ns;
}

std::optional<EndReason> LogWriter::Impl::RotationDue(uint64_t now_ns) const {
  if (file_ == nullptr) return std::nullopt;
  if (buffer_.logical_bytes() >= options_.segment_bytes) return EndReason::kSize;
  // Events of the past are no reason: they may be older than the segment.
  const bool aged = now_ns > start_.time_ns && now_ns - start_.time_ns >= options_.segment_age_ns;
  return aged ? std::optional(EndReason::kAge) : std::nullopt;
}

uint8_t* LogWriter::Impl::BeginRecord(size_t max_payload_bytes) {
  const bool full = file_ == nullptr && buffer_.buffered_bytes() >= options_.max_pending_bytes;
  if (full || max_payload_bytes > kMaxLogicalBytes) return nullptr;
  return buffer_.BeginRecord(max_payload_bytes);
}

void LogWriter::Impl::FinishRecord(uint8_t type, uint8_t* payload, uint8_t* end) {
  buffer_.FinishRecord(type, payload, end);
  if (buffer_.open_block_bytes() < options_.block_bytes) return;
  buffer_.CloseBlock();
  if (file_ == nullptr || buffer_.logical_bytes() < next_copy_) return;
  AppendHead(buffer_, start_, kCheckpointCopy);
  next_copy_ = buffer_.logical_bytes() + kCopyIntervalBytes;
}

void LogWriter::Impl::CountDropped(uint8_t type, uint64_t time_ns, uint64_t told_lost) {
  if (!IsNumbered(type)) return;
  if (dropped_count_ == 0) dropped_.first_time_ns = time_ns;
  dropped_count_ += std::max<uint64_t>(told_lost, 1);
  dropped_told_ += told_lost;
  dropped_.last_time_ns = std::max(dropped_.last_time_ns, time_ns);
}

Result<LogWriter> LogWriter::Open(std::unique_ptr<LogFolder> folder, LogIdentity identity,
                                  ReadClock read_clock, WriterOptions options) {
  if (Status locked = folder->Lock(); !locked) return std::move(locked).error();
  auto state = FindLogState(*folder);
  if (!state) return std::move(state).error();
  auto impl = std::make_unique<Impl>(std::move(folder), std::move(identity), std::move(read_clock),
                                     options, *state);
  if (Status started = impl->StartSegment(); !started) return std::move(started).error();
  if (Status written = impl->Flush(); !written) return std::move(written).error();
  return LogWriter(std::move(impl));
}

LogWriter::LogWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LogWriter::LogWriter(LogWriter&&) noexcept = default;
LogWriter& LogWriter::operator=(LogWriter&&) noexcept = default;
LogWriter::~LogWriter() = default;

Status LogWriter::Flush() { return impl_->Flush(); }
Status LogWriter::Sync() { return impl_->Sync(); }
bool LogWriter::SyncDue(uint64_t now_ns) const { return impl_->SyncDue(now_ns); }
bool LogWriter::SyncPending() const { return impl_->SyncPending(); }
std::optional<EndReason> LogWriter::RotationDue(uint64_t now_ns) const {
  return impl_->RotationDue(now_ns);
}
Status LogWriter::Rotate(EndReason reason) { return impl_->Rotate(reason); }
Status LogWriter::Close() { return impl_->Close(); }
uint64_t LogWriter::segment_no() const { return impl_->segment_no(); }
uint64_t LogWriter::next_seq() const { return impl_->buffer().next_seq(); }
void LogWriter::AddLost(uint64_t count) { impl_->buffer().AddLost(count); }
const BlockBase& LogWriter::base() const { return impl_->buffer().base(); }
uint8_t* LogWriter::BeginRecord(size_t bytes) { return impl_->BeginRecord(bytes); }
void LogWriter::FinishRecord(uint8_t type, uint8_t* payload, uint8_t* end) {
  impl_->FinishRecord(type, payload, end);
}
void LogWriter::NoteMoment(uint64_t time_ns) { impl_->buffer().NoteMoment(time_ns); }
void LogWriter::NotePid(uint32_t pid) { impl_->buffer().NotePid(pid); }
void LogWriter::CountDropped(uint8_t type, uint64_t time_ns, uint64_t told_lost) {
  impl_->CountDropped(type, time_ns, told_lost);
}

}  // namespace daybook
