#include "log/segment_snapshots.h"

#include <cstdio>

#include "proc/living_pids.h"

namespace daybook {

void SegmentSnapshots::Take(const std::optional<Audit>& before_drain) {
  segment_no_ = writer_.segment_no();
  processes_ = 0;
  events_ = 0;
  taken_ns_ = source_.ReadClock().time_ns;
  auditor_.BeginSnapshot();
  writer_.Append(SnapBegin{.time_ns = taken_ns_});
  const Status taken = source_.Snapshot(*this);
  // Without its end, a reader does not take the snapshot for complete, and who is not in it for one
  // that has ended.
  if (taken && auditor_.ShowsAllLiving()) {
    writer_.Append(SnapEnd{.time_ns = source_.ReadClock().time_ns, .process_count = processes_});
  }
  // Behind its end: what is in it describes the segment alone, and has no number.
  source_.TellCgroups([this](const CgroupPath& cgroup) { writer_.Append(cgroup); });
  NoteTaken(taken);
  // So that each segment knows how far the kernel's count was at its begin. By START the first one
  // does: until it is drained, what the hooks have seen still waits.
  if (!before_drain) return;
  const Audit counts = auditor_.CountForksAt(*before_drain);
  if (counts.forks_seen) writer_.Append(counts);
}

void SegmentSnapshots::OnProcess(const SnapProc& process) {
  const bool is_coarse = (process.flags & kProcCoarseStart) != 0;
  auditor_.OnBirth(process.pid, is_coarse ? LivingPids::kAnyStart : process.start_ns);
  writer_.Append(WithKeptArgs(process, keep_args_));
  ++processes_;
}

// It says nothing of the disk, nor of the events.
void SegmentSnapshots::NoteTaken(const Status& taken) {
  if (!taken && !is_failing_) {
    std::fprintf(stderr, "daybookd: %s; going on without the living processes in the log\n",
                 taken.error().message().c_str());
  }
  is_failing_ = !taken;
}

}  // namespace daybook
