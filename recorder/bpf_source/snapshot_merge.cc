#include "bpf_source/snapshot_merge.h"

namespace daybook {

void SeenProcesses::OnProcess(const SnapProc& process) {
  seen_.insert(process.pid);
  starts_[process.pid] = process.start_ns;
  if (process.ppid && process.parent_start_ns) starts_[*process.ppid] = *process.parent_start_ns;
  sink_.OnProcess(process);
}

std::optional<uint64_t> SeenProcesses::StartOf(uint32_t pid) const {
  const auto found = starts_.find(pid);
  return found == starts_.end() ? std::nullopt : std::optional(found->second);
}

void AddHidden(std::span<const uint32_t> pids, uint64_t listed_ns, const ProcScanOptions& options,
               const SeenProcesses& seen, const std::function<bool(const SnapProc&)>& is_wanted,
               SnapshotSink& sink) {
  for (const uint32_t pid : pids) {
    if (seen.Has(pid)) continue;
    auto process = ScanProcess(options, pid);
    if (!process || process->fields.start_ns > listed_ns) continue;
    if (!is_wanted(process->fields)) continue;
    if (const auto start = seen.StartOf(pid)) process->RefineStart(*start);
    process->fields.parent_start_ns = seen.StartOf(process->fields.ppid.value_or(0));
    sink.OnProcess(process->record());
  }
}

}  // namespace daybook
