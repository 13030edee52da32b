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

}  // namespace

std::optional<PreviousRun> FindPreviousRun(const std::string& log_dir) {
  auto paths = FindSegments(log_dir);
  if (!paths) return std::nullopt;
  std::optional<PreviousRun> run;
  const size_t looked_at = std::min(paths->size(), kMaxSegments);
  for (size_t i = 0; i < looked_at; ++i) {
    auto reader = SegmentReader::Open((*paths)[paths->size() - 1 - i]);
    if (!reader) continue;
    ForkCount count;
    uint64_t last_time_ns = 0;
    for (Item item = reader->Next(); !std::holds_alternative<End>(item); item = reader->Next()) {
      const auto* record = std::get_if<RecordView>(&item);
      if (record == nullptr || record->proof != Proof::kVerified) continue;
      count.Take(*record);
      if (Checkpoint checkpoint; record->As(&checkpoint)) {
        last_time_ns = std::max(last_time_ns, checkpoint.last_time_ns);
      }
    }
    const auto& segment = reader->segment();
    if (!segment) continue;
    if (!run) run = PreviousRun{.boot_id = segment->boot_id, .last_time_ns = last_time_ns};
    if (segment->boot_id != run->boot_id) break;
    // What an older segment counted lacks all that the newer ones recorded: too much looks missed.
    run->kernel_forks = count.forks();
    if (run->kernel_forks) break;
  }
  return run;
}

}  // namespace daybook
