#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "block.h"
#include "daybook/peek.h"
#include "daybook/salvage.h"
#include "daybook/schema.h"
#include "file.h"
#include "layout.h"
#include "log_state.h"
#include "segment_buffer.h"

namespace daybook {
namespace {

struct KeptRecord {
  uint8_t type = 0;
  std::vector<uint8_t> payload;
};

// How long it is with its continuations, as it is written: of one that was not whole that is more
// than it was in the input.
size_t BytesWritten(size_t payload_bytes) {
  if (payload_bytes < kMaxPayloadBytes) return kHeaderBytes + payload_bytes;
  const size_t continuations = (payload_bytes - kMaxPayloadBytes) / kFragmentBytes + 1;
  return kHeaderBytes + payload_bytes + continuations * (kHeaderBytes + 1);
}

// A block as it is gathered from the input.
struct KeptBlock {
  BlockBase base;
  bool proved = true;
  std::optional<uint64_t> first_seq;  // of its first numbered record
  uint64_t seq_count = 0;
  uint64_t bytes = 0;
  std::vector<KeptRecord> records;
  std::optional<Checkpoint> checkpoint;  // that closed it in the input
};

const TypeInfo* FindBuiltin(uint8_t type) {
  const auto found = std::ranges::find(BuiltinTypes(), type, &TypeInfo::type);
  return found != BuiltinTypes().end() ? &*found : nullptr;
}

// The moments that a block's records tell of, as a writer notes them: the times with which they
// begin.
void NoteMoments(const KeptBlock& block, SegmentBuffer* buffer) {
  for (const KeptRecord& record : block.records) {
    const TypeInfo* type = FindBuiltin(record.type);
    if (type == nullptr) continue;
    const DecodedFields decoded = DecodeFields(*type, record.payload, block.base);
    for (size_t i = 0; i < decoded.values.size() && type->fields[i].wire == Wire::kTime; ++i) {
      const auto* time = std::get_if<uint64_t>(&decoded.values[i]);
      if (time != nullptr) buffer->NoteMoment(*time);
    }
  }
}

// Puts another tag into the payload of a SEGMENT_START, whatever follows the fields known here.
void ReplaceTag(std::vector<uint8_t>* payload, uint32_t tag) {
  constexpr int kVarintsBeforeTag = 5;
  uint64_t number = 0;
  Cursor cursor(*payload);
  (void)cursor.GetFixed(&number);
  for (int i = 0; i < kVarintsBeforeTag; ++i) (void)cursor.GetVarint(&number);
  if (!cursor.ok() || cursor.remaining() < sizeof(tag)) return;
  PutFixed(payload->data() + (payload->size() - cursor.remaining()), tag);
}

std::optional<Clock> FindClock(const KeptBlock& block) {
  if (!block.proved) return std::nullopt;
  for (const KeptRecord& record : block.records) {
    Clock clock;
    if (record.type == Schema<Clock>::kType && Decode(record.payload, block.base, &clock)) {
      return clock;
    }
  }
  return std::nullopt;
}

bool BeginsSegment(const KeptBlock& block) {
  return block.proved && !block.records.empty() &&
         block.records.front().type == Schema<SegmentStart>::kType;
}

// False of a segment whose head is lost, and of which nothing tells what the wall clock was.
bool IsTimeKnown(const SegmentStart& start) { return start.realtime_ns != 0; }

// One segment's new file.
class NewSegment {
 public:
  NewSegment(std::unique_ptr<LogFile> file, const SegmentStart& start)
      : file_(std::move(file)), start_(start), buffer_(start.tag, start.first_seq) {}

  Status AppendHead();
  Status Append(const KeptBlock& block);
  // About the salvage itself. Numbers before `next_seq` that have not been written are lost.
  Status AppendInfo(const std::vector<std::pair<std::string, std::string>>& info,
                    uint64_t next_seq);
  Status Close();
  uint64_t bytes() const { return buffer_.logical_bytes(); }

 private:
  void AppendRecords(const KeptBlock& block);
  Status CloseBlock(uint32_t flags);
  Status Write();

  std::unique_ptr<LogFile> file_;
  SegmentStart start_;
  SegmentBuffer buffer_;
  BlockBase last_base_;
  bool begun_ = false;
};

// For a segment whose own head is lost.
Status NewSegment::AppendHead() {
  buffer_.PlaceBlock({.time_ticks = 0, .pid = 0, .tick_ns = start_.tick_ns}, start_.first_seq);
  buffer_.Append(start_);
  if (IsTimeKnown(start_)) buffer_.NoteMoment(start_.time_ns);
  return CloseBlock(0);
}

// Numbers that were there before are left out: they would be taken for damage.
void NewSegment::AppendRecords(const KeptBlock& block) {
  uint64_t seq = block.first_seq.value_or(0);
  for (const KeptRecord& record : block.records) {
    if (block.proved && IsNumbered(record.type) && seq++ < buffer_.next_seq()) continue;
    std::vector<uint8_t> payload = record.payload;
    if (block.proved && record.type == Schema<SegmentStart>::kType) {
      ReplaceTag(&payload, start_.tag);
    }
    uint8_t* const out = buffer_.BeginRecord(payload.size());
    buffer_.FinishRecord(record.type, out, PutBytes(out, payload.data(), payload.size()));
  }
}

Status NewSegment::Append(const KeptBlock& block) {
  const uint64_t expected_seq = buffer_.next_seq();
  uint64_t first_seq = expected_seq;
  uint32_t flags = block.proved ? 0 : kCheckpointSalvaged;
  if (block.proved) {
    if (block.checkpoint) {
      flags = block.checkpoint->flags & ~(kCheckpointSalvaged | kCheckpointAfterLoss);
      first_seq = block.checkpoint->first_seq;
    }
    first_seq = std::max(block.first_seq.value_or(first_seq), expected_seq);
    if (first_seq > expected_seq) flags |= kCheckpointAfterLoss;
  }
  buffer_.PlaceBlock(block.base, first_seq);
  last_base_ = block.base;
  AppendRecords(block);
  if (block.checkpoint) {
    buffer_.AddLost(block.checkpoint->lost_total - buffer_.lost_total());
    buffer_.NoteMoment(block.checkpoint->first_time_ns);
    buffer_.NoteMoment(block.checkpoint->last_time_ns);
    buffer_.NotePid(static_cast<uint32_t>(block.checkpoint->last_pid));
  } else {
    NoteMoments(block, &buffer_);
  }
  return CloseBlock(flags);
}

Status NewSegment::AppendInfo(const std::vector<std::pair<std::string, std::string>>& info,
                              uint64_t next_seq) {
  const bool has_lost = next_seq > buffer_.next_seq();
  buffer_.PlaceBlock(last_base_, std::max(next_seq, buffer_.next_seq()));
  for (const auto& [key, value] : info) buffer_.Append(Info{.key = key, .value = value});
  return CloseBlock(has_lost ? kCheckpointAfterLoss : 0);
}

// The file gets its name only when all of it is on disk, so no checkpoint ever stands before bytes
// that are not.
Status NewSegment::CloseBlock(uint32_t flags) {
  if (!std::exchange(begun_, true)) flags |= kCheckpointFirst;
  if (Status written = Write(); !written) return written;
  buffer_.Synced({.logical = buffer_.logical_bytes(), .next_seq = buffer_.next_seq()});
  buffer_.CloseBlock(flags);
  return Write();
}

Status NewSegment::Write() {
  while (!buffer_.Unwritten().empty()) {
    auto written = file_->Write(buffer_.Unwritten());
    if (!written) return std::move(written).error();
    if (*written == 0) return Error("cannot write the log: the file takes no more bytes");
    buffer_.Written(*written);
  }
  return Ok{};
}

Status NewSegment::Close() {
  if (Status synced = file_->Sync(); !synced) return synced;
  return file_->Close();
}

}  // namespace

// Blocks of a segment that is not known yet are held until the first CLOCK record: its new head
// must say what the wall clock was.
class LogSalvager::Impl {
 public:
  Impl(LogFolder* folder, SalvageOptions options) : folder_(folder), options_(options) {}

  Result<std::optional<SalvagedSegment>> Take(const Item& item, const std::string& path,
                                              const std::optional<SegmentStart>& segment);
  Status Finish() { return folder_->Sync(); }

 private:
  // The segment that is being read.
  struct Current {
    SalvagedSegment report;
    std::optional<SegmentStart> start;
    KeptBlock block;
    std::vector<KeptBlock> held;
    std::optional<KeptBlock> last;  // ends the segment: nothing may stand behind it
    std::optional<NewSegment> output;
    std::optional<uint64_t> next_seq;  // behind all numbers that were read, or are known to be lost
    bool is_changed = false;           // the output does not hold all that was in the input
  };

  void Begin(const std::string& path, const std::optional<SegmentStart>& segment);
  Result<std::optional<SalvagedSegment>> End();
  Status Take(const RecordView& record);
  static void TakeNumber(uint64_t seq, Current* current);
  void Take(const Gap& gap);
  bool IsToBeKept(const RecordView& record) const;
  bool FitsBlock(const RecordView& record, bool proved) const;
  Status EndBlock(std::optional<Checkpoint> checkpoint);
  Status Put(KeptBlock block);
  Status Start(std::optional<Clock> clock);
  SegmentStart MakeStart() const;
  uint64_t TakeFileNumber(uint64_t wanted);
  uint64_t FindFreeNumber() const;
  Status PutInfo();
  Status Discard(Status status);

  LogFolder* folder_;
  SalvageOptions options_;
  std::optional<Current> current_;
  std::set<uint64_t> numbers_;  // of the files in the folder
};

Result<std::optional<SalvagedSegment>> LogSalvager::Impl::Take(
    const Item& item, const std::string& path, const std::optional<SegmentStart>& segment) {
  std::optional<SalvagedSegment> finished;
  if (const auto* record = std::get_if<RecordView>(&item)) {
    const bool is_other =
        current_ && segment && (!current_->start || current_->start->tag != segment->tag);
    if (is_other) {
      auto ended = End();
      if (!ended) return ended;
      finished = *std::move(ended);
    }
    if (!current_) Begin(path, segment);
    if (Status taken = Discard(Take(*record)); !taken) return std::move(taken).error();
    return finished;
  }
  if (!current_) Begin(path, segment);
  if (const auto* gap = std::get_if<Gap>(&item)) {
    if (Status ended = Discard(EndBlock(std::nullopt)); !ended) return std::move(ended).error();
    Take(*gap);
    return finished;
  }
  return End();
}

void LogSalvager::Impl::Begin(const std::string& path, const std::optional<SegmentStart>& segment) {
  current_ = Current{};
  current_->report.path = path;
  current_->start = segment;
  if (segment) current_->next_seq = segment->first_seq;
}

// Before the first number, no gap tells how many are missing.
void LogSalvager::Impl::TakeNumber(uint64_t seq, Current* current) {
  if (current->next_seq && seq > *current->next_seq) {
    current->report.lost += seq - *current->next_seq;
    current->is_changed = true;
  }
  current->next_seq = std::max(seq + 1, current->next_seq.value_or(0));
}

// The checkpoint of a block is made anew; what only sealed a part of it is in it.
Status LogSalvager::Impl::Take(const RecordView& record) {
  KeptBlock& block = current_->block;
  const bool proved = record.proof == Proof::kVerified;
  if (Checkpoint checkpoint; record.As(&checkpoint)) return EndBlock(checkpoint);
  if (IsFraming(record.type)) return Ok{};
  if (!IsToBeKept(record)) {
    ++current_->report.left_out;
    current_->is_changed = true;
    return Ok{};
  }
  if (!FitsBlock(record, proved)) {
    if (Status ended = EndBlock(std::nullopt); !ended) return ended;
  }
  if (block.records.empty()) {
    block.base = record.base;
    block.proved = proved;
  }
  if (record.seq) {
    TakeNumber(*record.seq, &*current_);
    if (!block.first_seq) block.first_seq = record.seq;
    ++block.seq_count;
  }
  block.bytes += BytesWritten(record.payload.size());
  block.records.push_back(
      {.type = record.type, .payload = {record.payload.begin(), record.payload.end()}});
  ++(proved ? current_->report.verified : current_->report.salvaged);
  return Ok{};
}

// The head of a segment is believed where it is proved, or nowhere.
bool LogSalvager::Impl::IsToBeKept(const RecordView& record) const {
  if (record.proof == Proof::kVerified) return true;
  return options_.unproved && record.has_base && !record.Is<SegmentStart>();
}

// What is salvaged, or only sealed by MARKs, may be too long for a block, and so may be a block of
// the input with records that were not whole.
bool LogSalvager::Impl::FitsBlock(const RecordView& record, bool proved) const {
  const KeptBlock& block = current_->block;
  if (block.records.empty()) return true;
  if (block.proved != proved || block.base != record.base) return false;
  if (record.seq && block.first_seq && *record.seq != *block.first_seq + block.seq_count) {
    return false;
  }
  const size_t bytes = block.bytes + BytesWritten(record.payload.size());
  return bytes <= (proved ? kMaxBlockBytes : kMaxBlockTarget);
}

void LogSalvager::Impl::Take(const Gap& gap) {
  SalvagedSegment& report = current_->report;
  ++report.gaps;
  report.lost += gap.records_lost.value_or(0);
  if (gap.records_lost && gap.first_lost_seq) {
    current_->next_seq = *gap.first_lost_seq + *gap.records_lost;
  }
  report.unproved_bytes += gap.end - gap.begin;
  // Those that were lost before are announced in the input already.
  current_->is_changed = current_->is_changed || gap.cause != GapCause::kLostBefore;
}

Status LogSalvager::Impl::EndBlock(std::optional<Checkpoint> checkpoint) {
  KeptBlock block = std::exchange(current_->block, {});
  if (block.records.empty()) return Ok{};
  block.checkpoint = checkpoint;
  if (current_->output) return Put(std::move(block));
  const auto clock = FindClock(block);
  current_->held.push_back(std::move(block));
  const bool is_known =
      BeginsSegment(current_->held.front()) || (current_->start && IsTimeKnown(*current_->start));
  return is_known || clock ? Start(clock) : Status(Ok{});
}

Status LogSalvager::Impl::Put(KeptBlock block) {
  const bool is_last = block.checkpoint && (block.checkpoint->flags & kCheckpointLast) != 0;
  if (!is_last) return current_->output->Append(block);
  current_->last = std::move(block);
  return Ok{};
}

// The one that is wanted, where a file may have it and none does; 0 is none.
uint64_t LogSalvager::Impl::TakeFileNumber(uint64_t wanted) {
  const bool is_free = wanted != 0 && wanted <= kMaxSegmentNo && !numbers_.contains(wanted);
  const uint64_t number = is_free ? wanted : FindFreeNumber();
  numbers_.insert(number);
  return number;
}

// Behind all others, while there is one.
uint64_t LogSalvager::Impl::FindFreeNumber() const {
  if (numbers_.empty()) return 1;
  if (*numbers_.rbegin() < kMaxSegmentNo) return *numbers_.rbegin() + 1;
  uint64_t number = 1;
  while (numbers_.contains(number)) ++number;
  return number;
}

Status LogSalvager::Impl::Start(std::optional<Clock> clock) {
  SegmentStart start = current_->start ? *current_->start : MakeStart();
  if (clock && !IsTimeKnown(start)) {
    start.time_ns = clock->time_ns;
    start.realtime_ns = clock->realtime_ns;
  }
  const uint64_t number = TakeFileNumber(start.segment_no);
  if (!current_->start) start.segment_no = number;
  start.tag = std::random_device{}();
  current_->report.segment_no = start.segment_no;
  current_->report.name = SegmentName(number);
  auto file = folder_->Create(current_->report.name + kTemporarySuffix);
  if (!file) return std::move(file).error();
  current_->output.emplace(*std::move(file), start);
  if (!BeginsSegment(current_->held.front())) {
    if (Status begun = current_->output->AppendHead(); !begun) return begun;
  }
  for (KeptBlock& block : current_->held) {
    if (Status put = Put(std::move(block)); !put) return put;
  }
  current_->held.clear();
  return Ok{};
}

// What can be known of a segment without its head: the name of its file, and its own records.
SegmentStart LogSalvager::Impl::MakeStart() const {
  const KeptBlock& first = current_->held.front();
  SegmentStart start{.signature = kSignature,
                     .major_version = kMajorVersion,
                     .minor_version = kMinorVersion,
                     .segment_no = SegmentNumberOf(current_->report.path).value_or(0),
                     .stream_id = RandomId(),
                     .tick_ns = first.base.tick_ns};
  const auto proved = std::ranges::find(current_->held, true, &KeptBlock::proved);
  if (proved != current_->held.end()) {
    if (proved->checkpoint) start.first_seq = proved->checkpoint->first_seq;
    start.first_seq = proved->first_seq.value_or(start.first_seq);
  }
  return start;
}

Status LogSalvager::Impl::PutInfo() {
  if (!current_->is_changed) return Ok{};
  const SalvagedSegment& report = current_->report;
  return current_->output->AppendInfo({{"salvaged_from", report.path},
                                       {"salvaged_gaps", std::to_string(report.gaps)},
                                       {"salvaged_lost", std::to_string(report.lost)},
                                       {"salvaged_records", std::to_string(report.salvaged)},
                                       {"salvaged_left_out", std::to_string(report.left_out)}},
                                      current_->next_seq.value_or(0));
}

Result<std::optional<SalvagedSegment>> LogSalvager::Impl::End() {
  const auto finish = [this]() -> Status {
    if (Status ended = EndBlock(std::nullopt); !ended) return ended;
    if (!current_->output && !current_->held.empty()) {
      if (Status started = Start(std::nullopt); !started) return started;
    }
    if (!current_->output) return Ok{};
    if (Status told = PutInfo(); !told) return told;
    if (current_->last) {
      if (Status ended = current_->output->Append(*current_->last); !ended) return ended;
    }
    if (Status closed = current_->output->Close(); !closed) return closed;
    const std::string& name = current_->report.name;
    current_->report.bytes = current_->output->bytes();
    return folder_->Rename(name + kTemporarySuffix, name);
  };
  if (Status finished = Discard(finish()); !finished) return std::move(finished).error();
  SalvagedSegment report = std::move(current_->report);
  if (!report.segment_no && current_->start) report.segment_no = current_->start->segment_no;
  current_.reset();
  return std::optional(std::move(report));
}

// After an error no half of a file stays behind.
Status LogSalvager::Impl::Discard(Status status) {
  if (!status && current_->output) {
    current_->output.reset();
    (void)folder_->Remove(current_->report.name + kTemporarySuffix);
  }
  return status;
}

LogSalvager::LogSalvager(LogFolder* folder, SalvageOptions options)
    : impl_(std::make_unique<Impl>(folder, options)) {}
LogSalvager::LogSalvager(LogSalvager&&) noexcept = default;
LogSalvager& LogSalvager::operator=(LogSalvager&&) noexcept = default;
LogSalvager::~LogSalvager() = default;

Result<std::optional<SalvagedSegment>> LogSalvager::Take(
    const Item& item, const std::string& path, const std::optional<SegmentStart>& segment) {
  return impl_->Take(item, path, segment);
}

Status LogSalvager::Finish() { return impl_->Finish(); }

namespace {

// The folder's own entry in the one that it is in.
Status SyncEntryOf(const std::string& path) {
  const int parent = open((path + "/..").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent < 0) return Error::FromErrno("cannot open the folder of " + path, errno);
  const int error_number = fsync(parent) == 0 ? 0 : errno;
  close(parent);
  if (error_number == 0) return Ok{};
  return Error::FromErrno("cannot sync the folder of " + path, error_number);
}

}  // namespace

Result<std::unique_ptr<LogFolder>> CreateLogFolder(const std::string& path) {
  constexpr mode_t kMode = 0750;  // as the files: what only the log's group should read
  const bool is_new = mkdir(path.c_str(), kMode) == 0;
  if (!is_new && errno != EEXIST) return Error::FromErrno("cannot create " + path, errno);
  if (Status synced = is_new ? SyncEntryOf(path) : Ok{}; !synced) return std::move(synced).error();
  auto folder = OpenLogFolder(path);
  if (!folder) return folder;
  if (Status locked = (*folder)->Lock(); !locked) return std::move(locked).error();
  std::error_code unknown;
  if (!std::filesystem::is_empty(path, unknown)) {
    return Error("cannot write to " + path + ": the folder is not empty");
  }
  return folder;
}

}  // namespace daybook
