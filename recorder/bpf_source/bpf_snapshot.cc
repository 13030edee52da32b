#include "bpf_source/bpf_snapshot.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "bpf_source/bpf_decode.h"
#include "bpf_source/snapshot_merge.h"
#include "daybook/cgroup_path.h"
#include "proc/proc_scan.h"
#include "sources/filter.h"
#include "system/clocks.h"
#include "system/file_descriptor.h"

namespace daybook {
namespace {

Result<FileDescriptor> OpenIterator(int link_fd) {
  FileDescriptor iterator(bpf_iter_create(link_fd));
  if (iterator.get() >= 0) return iterator;
  if (errno != EPERM) return Error::FromErrno("listing processes by BPF", errno);
  return Error(
      "this kernel lets only the privileged list processes by BPF (5.18 or older with "
      "kernel.unprivileged_bpf_disabled)");
}

Result<std::vector<std::byte>> ReadIterator(int link_fd) {
  constexpr size_t kChunkBytes = size_t{64} * 1024;
  const auto iterator = OpenIterator(link_fd);
  if (!iterator) return iterator.error();
  std::vector<std::byte> output;
  for (;;) {
    const size_t end = output.size();
    output.resize(end + kChunkBytes);
    const ssize_t count = read(iterator->get(), output.data() + end, kChunkBytes);
    output.resize(end + (count > 0 ? static_cast<size_t>(count) : 0));
    if (count == 0) return output;
    if (count < 0 && errno != EINTR && errno != EAGAIN) {
      return Error::FromErrno("listing processes by BPF", errno);
    }
  }
}

ProcScanOptions ScanOptions(const BpfSourceOptions& options) {
  return {.root = options.proc_root,
          .args_limit = options.args == ArgsCapture::kNone ? 0 : options.args_limit,
          .first_arg_only = options.args == ArgsCapture::kFirst};
}

std::string CgroupTop(const Filter& filter) {
  return filter.only_cgroup.empty() ? "/" : filter.only_cgroup;
}

// Passes processes on with their arguments. One that has another program since has those of that,
// whose exec is told; and where it has ended and its number is another one's by now, a moment
// later, that one's.
class AddingArgs : public SnapshotSink {
 public:
  AddingArgs(SnapshotSink& sink, const ProcScanOptions& options) : sink_(sink), options_(options) {}
  void OnProcess(const SnapProc& process) override {
    if (!process.args_bytes) return sink_.OnProcess(process);
    const auto first = ReadFirstArgs(options_, process.pid);
    SnapProc with_args = process;
    if (first) {
      with_args.args = first->args;
      if (first->bytes) with_args.args_bytes = first->bytes;
    }
    sink_.OnProcess(with_args);
  }

 private:
  SnapshotSink& sink_;
  const ProcScanOptions& options_;
};

// Passes processes on, and notes in which cgroups they are.
class NotingCgroups : public SnapshotSink {
 public:
  NotingCgroups(SnapshotSink& sink, CgroupPaths& cgroups) : sink_(sink), cgroups_(cgroups) {}
  void OnProcess(const SnapProc& process) override {
    cgroups_.Note(process);
    sink_.OnProcess(process);
  }

 private:
  SnapshotSink& sink_;
  CgroupPaths& cgroups_;
};

}  // namespace

BpfSnapshot::BpfSnapshot(const BpfSourceOptions& options, CgroupHierarchy hierarchy, int link_fd)
    : options_(options),
      link_fd_(link_fd),
      cgroups_(std::move(hierarchy), CgroupTop(options.filter), options.proc_root, {}) {}

bool BpfSnapshot::has_iterator() const { return OpenIterator(link_fd_).has_value(); }

Status BpfSnapshot::Take(SnapshotSink& sink) {
  // The folder first: what is born after the iterator's walk must not look hidden.
  const uint64_t listed_ns = BootTimeNs();
  const Result<std::vector<uint32_t>> pids = ListProcesses(options_.proc_root);
  if (!pids) return pids.error();
  // Where the kernel refuses the iterator to the unprivileged, /proc alone must do.
  const Result<std::vector<std::byte>> refused = std::vector<std::byte>();
  const Result<std::vector<std::byte>> iterated = ReadIterator(link_fd_);
  const Result<std::vector<std::byte>>& output = iterated ? iterated : refused;
  ProcScanOptions scan = ScanOptions(options_);
  if (!sink.wants_args()) scan.args_limit.reset();
  cgroups_.BeginSnapshot();
  NotingCgroups noting(sink, cgroups_);
  AddingArgs adding(noting, scan);
  SeenProcesses seen(scan.args_limit.value_or(0) != 0 ? static_cast<SnapshotSink&>(adding)
                                                      : noting);
  if (!DeliverSnapshot(*output, seen)) {
    return Error("listing processes by BPF: damaged output");
  }
  const auto is_wanted = [this, listed_ns](const SnapProc& process) {
    return IsWanted(process, listed_ns);
  };
  AddHidden(*pids, listed_ns, scan, seen, is_wanted, sink);
  return Ok{};
}

void BpfSnapshot::TellCgroups(const std::function<void(const CgroupPath&)>& take) const {
  if ((options_.filter.events & kTypeCgroup) != 0) cgroups_.Tell(BootTimeNs(), take);
}

// What the program decides of those that its iterator shows.
bool BpfSnapshot::IsWanted(const SnapProc& process, uint64_t now_ns) const {
  const Filter& filter = options_.filter;
  if (!Passes(filter, {.uid = process.uid,
                       .is_kernel_thread = (process.flags & kProcKernelThread) != 0,
                       .age_ns = now_ns - std::min(now_ns, process.start_ns)})) {
    return false;
  }
  if (filter.only_cgroup.empty()) return true;
  const auto cgroup = ReadCgroupOf(options_.proc_root, process.pid, cgroups_.hierarchy());
  return cgroup && IsInCgroup(*cgroup, filter.only_cgroup);
}

}  // namespace daybook
