#include "previous_run.h"

#include <algorithm>
#include <utility>

#include "daybook/reader.h"
#include "daybook/records.h"

namespace daybook {
namespace {

// So many segments are looked at: the recorder counts at the begin of each.
constexpr size_t kMaxSegments = 4;

// Follows the counts through one segment.
class ForkCount {
 public:
  void Take(const RecordView& record) {
    Recorder recorder;
    Audit audit;
    if (record.As(&recorder)) {
      Note(recorder.kernel_forks, recorder.forks_seen);
    } else if (record.As(&audit)) {
      Note(audit.kernel_forks, audit.forks_seen);
    } else if (record.Is<Fork>() && forks_) {
      ++*forks_;  // since the last count; of threads nothing is told
    }
  }

  std::optional<uint64_t> forks() const { return forks_; }

 private:
  // The hook's own count goes on from the last one of the kernel's.
  void Note(std::optional<uint64_t> kernel, std::optional<uint64_t> seen) {
    if (kernel && seen) base_ = *kernel - *seen;
    if (base_ && seen) forks_ = *base_ + *seen;
  }

  std::optional<uint64_t> base_;
  std::optional<uint64_t> forks_;
};

template <class... Records>
void KeepIfOneOf(const RecordView& view, WrittenEvents* written) {
  const auto keep = [&]<class Record>(Record record) {
    if (view.As(&record)) written->Add(record);
  };
  (keep(Records()), ...);
}

// What one segment tells.
struct Reading {
  std::optional<SegmentStart> segment;
  uint64_t last_time_ns = 0;
  ForkCount count;
};

Reading Read(SegmentReader reader, uint64_t since_seq, WrittenEvents* written) {
  Reading reading;
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    const auto* record = std::get_if<RecordView>(&item);
    if (record == nullptr || record->proof != Proof::kVerified) continue;
    reading.count.Take(*record);
    if (record->seq && *record->seq >= since_seq) {
      KeepIfOneOf<Fork, Exec, Exit, Reap, CommChange, CgroupPath, Lost>(*record, written);
    }
    if (Checkpoint checkpoint; record->As(&checkpoint)) {
      reading.last_time_ns = std::max(reading.last_time_ns, checkpoint.last_time_ns);
    }
  }
  reading.segment = reader.segment();
  return reading;
}

}  // namespace

std::optional<PreviousRun> FindPreviousRun(const std::string& log_dir,
                                           std::optional<uint64_t> written_since_seq) {
  auto paths = FindSegments(log_dir);
  if (!paths) return std::nullopt;
  const uint64_t since_seq = written_since_seq.value_or(UINT64_MAX);
  std::optional<PreviousRun> run;
  for (size_t i = 0; i < paths->size(); ++i) {
    auto reader = SegmentReader::Open((*paths)[paths->size() - 1 - i]);
    if (!reader) continue;
    WrittenEvents written;
    Reading reading = Read(*std::move(reader), since_seq, run ? &run->written : &written);
    if (!reading.segment) continue;
    if (!run) {
      run = PreviousRun{.boot_id = reading.segment->boot_id,
                        .last_time_ns = reading.last_time_ns,
                        .kernel_forks = {},
                        .written = std::move(written)};
    }
    if (reading.segment->boot_id != run->boot_id) break;
    // What an older segment counted lacks all that the newer ones recorded: too much looks missed.
    if (!run->kernel_forks) run->kernel_forks = reading.count.forks();
    const bool is_counted = run->kernel_forks || i + 1 >= kMaxSegments;
    if (is_counted && reading.segment->first_seq <= since_seq) break;
  }
  return run;
}

}  // namespace daybook
