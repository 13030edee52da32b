#include <algorithm>
#include <memory>
#include <utility>

#include "daybook/writer.h"
#include "layout.h"
#include "log_writer_impl.h"

namespace daybook {
namespace {

WriterOptions Clamped(WriterOptions options) {
  constexpr uint64_t kShare = 8;  // so that what one segment takes is never most of the log
  options.block_bytes = std::min<uint64_t>(options.block_bytes, kMaxBlockTarget);
  const uint64_t most = options.retention.max_total_bytes / kShare;
  options.segment_bytes = std::min(options.segment_bytes, most);
  options.segment_age_ns = std::max<uint64_t>(options.segment_age_ns, 1);
  options.ballast_bytes = std::min(options.ballast_bytes, most);
  // Both may come together, and go into one segment behind a long one.
  options.max_pending_bytes = std::min(options.max_pending_bytes, most / 2);
  options.max_unsynced_bytes = std::min(options.max_unsynced_bytes, most / 2);
  return options;
}

}  // namespace

LogWriter::Impl::Impl(std::unique_ptr<LogFolder> folder, LogIdentity identity, ReadClock read_clock,
                      WriterOptions options, std::unique_ptr<Syncer> syncer, const LogState& state)
    : folder_(std::move(folder)),
      identity_(std::move(identity)),
      read_clock_(std::move(read_clock)),
      given_(options),
      options_(Clamped(options)),
      room_(*folder_, options_, identity_.boot_id),
      stream_id_(state.stream_id.value_or(RandomId())),
      previous_(state.newest),
      current_(state.last_segment_no, SegmentBuffer(0, state.next_seq)),
      syncer_(std::move(syncer)) {}

void LogWriter::Impl::SetLimits(const WriterOptions& options) {
  given_.segment_bytes = options.segment_bytes;
  given_.segment_age_ns = options.segment_age_ns;
  given_.retention = options.retention;
  options_ = Clamped(given_);
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

void LogWriter::AppendPacked(const WholeLife& life) {
  LifePacker& pack = impl_->pack();
  if (pack.Add(life)) return;
  const bool is_too_long = pack.count() == 0;
  ClosePack();
  if (!is_too_long && pack.Add(life)) return;
  pack.Clear();
  AppendAlone(life);
}

// One alone is shorter, and easier to read, as itself.
void LogWriter::ClosePack() {
  LifePacker& pack = impl_->pack();
  if (pack.count() == 0) return;
  if (pack.count() == 1) {
    AppendAlone(pack.last());
  } else {
    AppendAlone(pack.lives());
  }
  pack.Clear();
}

Status LogWriter::Flush() {
  ClosePack();
  return impl_->Flush();
}
Status LogWriter::BeginSync() {
  ClosePack();
  return impl_->BeginSync();
}
Status LogWriter::Sync() {
  ClosePack();
  return impl_->Sync();
}
bool LogWriter::SyncDue(uint64_t now_ns) const { return impl_->SyncDue(now_ns); }
bool LogWriter::SyncPending() const { return impl_->SyncPending(); }
std::optional<EndReason> LogWriter::RotationDue(uint64_t now_ns) const {
  return impl_->RotationDue(now_ns);
}
Status LogWriter::Rotate(EndReason reason) {
  ClosePack();
  return impl_->Rotate(reason);
}
Status LogWriter::Close() {
  ClosePack();
  return impl_->Close();
}
void LogWriter::SetInfo(std::vector<std::pair<std::string, std::string>> info) {
  impl_->SetInfo(std::move(info));
}
void LogWriter::SetLimits(const WriterOptions& options) { impl_->SetLimits(options); }
uint64_t LogWriter::segment_no() const { return impl_->segment_no(); }
Id128 LogWriter::stream_id() const { return impl_->stream_id(); }
uint64_t LogWriter::next_seq() const {
  return impl_->buffer().next_seq() + (impl_->pack().count() != 0 ? 1 : 0);
}
uint64_t LogWriter::durable_seq() const { return impl_->durable_seq(); }
bool LogWriter::sync_failing() const { return impl_->sync_failing(); }
uint64_t LogWriter::first_unfinished_segment_no() const {
  return impl_->first_unfinished_segment_no();
}
uint64_t LogWriter::unwritten_lost() const { return impl_->unwritten_lost(); }
void LogWriter::AddLost(uint64_t count) {
  ClosePack();
  impl_->buffer().AddLost(count);
}
const BlockBase& LogWriter::base() const { return impl_->buffer().base(); }
uint8_t* LogWriter::BeginRecord(size_t bytes) { return impl_->BeginRecord(bytes); }
void LogWriter::FinishRecord(uint8_t type, uint8_t* payload, uint8_t* end) {
  impl_->FinishRecord(type, payload, end);
}
void LogWriter::NoteMoment(uint64_t time_ns) { impl_->buffer().NoteMoment(time_ns); }
void LogWriter::NotePid(uint32_t pid) { impl_->buffer().NotePid(pid); }
void LogWriter::NoteAnchor(const Clock& clock) { impl_->buffer().NoteAnchor(clock); }
void LogWriter::CountDropped(uint8_t type, Span span, uint64_t events, uint64_t told_lost) {
  impl_->CountDropped(type, span, events, told_lost);
}

}  // namespace daybook
