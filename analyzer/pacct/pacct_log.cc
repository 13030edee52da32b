#include "pacct/pacct_log.h"

#include <algorithm>
#include <utility>

#include "log/log_set.h"
#include "pacct/pacct_lives.h"

namespace daybook {
namespace {

constexpr std::string_view kSource = "pacct";
// Words of what such files tell: ends, and what a process had used then.
constexpr std::string_view kAbilities = "exit usage comm";
constexpr uint64_t kRecordsInMemory = 1024;

// Segments end by their size alone: a file may tell of years.
WriterOptions ImportWriterOptions() {
  return {.segment_age_ns = UINT64_MAX, .sync = SyncPolicy::kNone};
}

}  // namespace

PacctLog::PacctLog(std::unique_ptr<LogFolder> folder, std::string host)
    : folder_(std::move(folder)), host_(std::move(host)) {}

Status PacctLog::Add(const PacctRecord& record) {
  const ImportedProcess process = ImportPacct(record, records_);
  now_ns_ = std::max(now_ns_, process.exit.time_ns);
  if (!writer_) {
    if (Status begun = Begin(); !begun) return begun;
  }
  writer_->Append(process.acct);
  writer_->Append(process.exit);
  ++records_;
  return records_ % kRecordsInMemory == 0 ? WriteOut() : Status(Ok{});
}

Status PacctLog::Close() {
  if (!writer_) return Ok{};
  writer_->Append(Recorder{.time_ns = now_ns_,
                           .event = RecorderEvent::kStop,
                           .source = kSource,
                           .version = DAYBOOK_VERSION,
                           .exits_seen = records_,
                           .abilities = kAbilities});
  if (Status written = WriteOut(); !written) return written;
  return writer_->Close();
}

Status PacctLog::Begin() {
  const auto read_clock = [this] {
    return Clock{.time_ns = now_ns_,
                 .realtime_ns = static_cast<int64_t>(now_ns_),
                 .monotonic_ns = now_ns_,
                 .uncertainty_ns = 1'000'000'000};
  };
  LogIdentity identity{.host_id = {},
                       .boot_id = RandomId(),
                       .info = {{std::string(kImportedFrom), std::string(kSource)}}};
  if (!host_.empty()) identity.info.emplace_back("hostname", host_);
  auto writer = LogWriter::Open(std::move(folder_), identity, read_clock, ImportWriterOptions());
  if (!writer) return std::move(writer).error();
  writer_.emplace(std::move(*writer));
  writer_->Append(Recorder{.time_ns = now_ns_,
                           .event = RecorderEvent::kStart,
                           .source = kSource,
                           .version = DAYBOOK_VERSION,
                           .abilities = kAbilities});
  return Ok{};
}

Status PacctLog::WriteOut() {
  if (Status written = writer_->Flush(); !written) return written;
  const auto reason = writer_->RotationDue(now_ns_);
  return reason ? writer_->Rotate(*reason) : Status(Ok{});
}

}  // namespace daybook
