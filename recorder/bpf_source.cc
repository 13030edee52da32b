#include "bpf_source.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bpf/events.h"
#include "bpf_decode.h"
#include "bpf_load_error.h"
#include "proc_scan.h"
#include "process.skel.h"
#include "reap_join.h"
#include "ring_buffer.h"
#include "snapshot_merge.h"

namespace daybook {
namespace {

static_assert(kMaxArgsLimit == ARGS_LIMIT);

constexpr char kKernelTypes[] = "/sys/kernel/btf/vmlinux";

// Ended but not yet reaped processes, on kernels before 6.16. Beyond that an end may be told twice.
constexpr uint32_t kMaxExitClaims = 65536;

struct SkeletonDeleter {
  void operator()(process_bpf* skeleton) const { process_bpf__destroy(skeleton); }
};
using Skeleton = std::unique_ptr<process_bpf, SkeletonDeleter>;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// The counters' pages: one cpu_counters for each possible CPU.
class CountersMapping {
 public:
  static Result<CountersMapping> Map(int map_fd, size_t cpus) {
    void* pages = mmap(nullptr, cpus * sizeof(cpu_counters), PROT_READ, MAP_SHARED, map_fd, 0);
    if (pages == MAP_FAILED) return Error::FromErrno("mapping the counters", errno);
    return CountersMapping(static_cast<const cpu_counters*>(pages), cpus);
  }
  CountersMapping(CountersMapping&& other) noexcept
      : counters_(std::exchange(other.counters_, nullptr)), cpus_(other.cpus_) {}
  CountersMapping& operator=(CountersMapping&&) = delete;
  ~CountersMapping() {
    if (counters_ == nullptr) return;
    munmap(const_cast<cpu_counters*>(counters_), cpus_ * sizeof(cpu_counters));
  }

  uint64_t Sum(uint64_t cpu_counters::*counter) const {
    uint64_t sum = 0;
    for (const cpu_counters& cpu : std::span(counters_, cpus_)) {
      sum += __atomic_load_n(&(cpu.*counter), __ATOMIC_RELAXED);
    }
    return sum;
  }

 private:
  CountersMapping(const cpu_counters* counters, size_t cpus) : counters_(counters), cpus_(cpus) {}

  const cpu_counters* counters_;
  size_t cpus_;
};

// ---- Loading, and saying why it failed ----

// Keeps what libbpf says instead of letting it print.
class LibbpfLog {
 public:
  LibbpfLog() : previous_(libbpf_set_print(&Append)) { current_ = &text_; }
  LibbpfLog(const LibbpfLog&) = delete;
  LibbpfLog& operator=(const LibbpfLog&) = delete;
  ~LibbpfLog() {
    current_ = nullptr;
    libbpf_set_print(previous_);
  }

  std::string_view text() const { return text_; }

 private:
  static int Append(libbpf_print_level level, const char* format, va_list arguments) {
    if (level == LIBBPF_DEBUG || current_ == nullptr) return 0;
    char* line = nullptr;
    const int length = vasprintf(&line, format, arguments);
    if (length > 0) current_->append(line, static_cast<size_t>(length));
    if (length >= 0) free(line);
    return 0;
  }

  static inline thread_local std::string* current_ = nullptr;  // libbpf passes no context
  libbpf_print_fn_t previous_;
  std::string text_;
};

bool HasCapability(int capability) {
  __user_cap_header_struct header{};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) return false;
  const auto bit = static_cast<uint32_t>(capability);
  return (data[bit / 32].effective >> (bit % 32)) & 1;
}

// The causes that can be told before trying.
Status CheckRequirements(const BpfSourceOptions& options) {
  if (access(kKernelTypes, R_OK) != 0) {
    return Error("the kernel describes no types (BTF): no " + std::string(kKernelTypes) +
                 "; it needs CONFIG_DEBUG_INFO_BTF");
  }
  const bool all = HasCapability(CAP_SYS_ADMIN);
  if (!all && !HasCapability(CAP_BPF)) return Error("capability CAP_BPF is missing");
  if (!all && !HasCapability(CAP_PERFMON)) return Error("capability CAP_PERFMON is missing");
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  if (options.ring_bytes && !IsRingSize(*options.ring_bytes, page)) {
    return Error("ring of " + std::to_string(*options.ring_bytes) +
                 " bytes: must be a power of two and at least a page");
  }
  return Ok{};
}

// Whether the kernel describes that type, and in it, where one is named, that member.
bool KernelHas(const char* name, uint32_t kind, std::string_view wanted = {}) {
  btf* types = btf__load_vmlinux_btf();
  if (types == nullptr) return false;
  const int id = btf__find_by_name_kind(types, name, kind);
  bool found = id > 0 && wanted.empty();
  if (id > 0 && !wanted.empty()) {
    const btf_type* type = btf__type_by_id(types, static_cast<uint32_t>(id));
    for (const btf_member& member : std::span(btf_members(type), btf_vlen(type))) {
      const char* member_name = btf__name_by_offset(types, member.name_off);
      found = found || (member_name != nullptr && member_name == wanted);
    }
  }
  btf__free(types);
  return found;
}

// The same question that the program asks at its load (is_group_end() in process.bpf.c), for the
// choice of what else to load.
bool KernelTellsGroupDead() {
  return KernelHas("trace_event_raw_sched_process_exit", BTF_KIND_STRUCT, "group_dead");
}

uint32_t KernelArgsMode(ArgsCapture args) {
  switch (args) {
    case ArgsCapture::kNone:
      return ARGS_NONE;
    case ArgsCapture::kFirst:
      return ARGS_FIRST;
    case ArgsCapture::kAll:
      return ARGS_ALL;
  }
  return ARGS_NONE;
}

enum class SnapshotProgram { kWithArgs, kWithoutArgs };

struct LoadPlan {
  uint64_t ring_bytes;
  uint32_t cpus;
  bool uses_group_dead;
  SnapshotProgram snapshot;
};

void Configure(process_bpf& skeleton, const BpfSourceOptions& options, const LoadPlan& plan) {
  skeleton.rodata->args_mode = KernelArgsMode(options.args);
  skeleton.rodata->args_limit = options.args_limit;
  skeleton.rodata->usage_exact = options.exact_usage ? 1 : 0;
  skeleton.rodata->high_water_bytes = plan.ring_bytes / 4;
  skeleton.rodata->assume_no_group_dead = options.assume_no_group_dead ? 1 : 0;
  skeleton.bss->high_water_armed = 1;
  bpf_map__set_max_entries(skeleton.maps.events, static_cast<uint32_t>(plan.ring_bytes));
  bpf_map__set_max_entries(skeleton.maps.counters, plan.cpus);
  bpf_map__set_max_entries(skeleton.maps.exit_claims, plan.uses_group_dead ? 1 : kMaxExitClaims);
  const bool with_args = plan.snapshot == SnapshotProgram::kWithArgs;
  bpf_program__set_autoload(skeleton.progs.on_free, options.exact_usage || !plan.uses_group_dead);
  // Without CONFIG_CGROUPS there is none.
  bpf_program__set_autoload(skeleton.progs.on_cgroup,
                            KernelHas("btf_trace_cgroup_mkdir", BTF_KIND_TYPEDEF));
  bpf_program__set_autoload(skeleton.progs.snapshot_with_args, with_args);
  bpf_program__set_autoload(skeleton.progs.snapshot_without_args, !with_args);
}

Result<Skeleton> Load(const BpfSourceOptions& options, const LoadPlan& plan) {
  LibbpfLog log;
  Skeleton skeleton(process_bpf__open());
  if (!skeleton) return LoadError(log.text(), errno);
  Configure(*skeleton, options, plan);
  if (const int error = process_bpf__load(skeleton.get())) return LoadError(log.text(), -error);
  return skeleton;
}

// Where the kernel does not load the sleeping iterator, snapshots have no arguments.
Result<Skeleton> LoadBest(const BpfSourceOptions& options, LoadPlan plan) {
  if (options.args != ArgsCapture::kNone) {
    plan.snapshot = SnapshotProgram::kWithArgs;
    Result<Skeleton> skeleton = Load(options, plan);
    if (skeleton) return skeleton;
  }
  plan.snapshot = SnapshotProgram::kWithoutArgs;
  return Load(options, plan);
}

// Ends before births: a process that is born during this must not stay without an end. What lived
// already is told by the snapshot. The skeleton owns the links.
Status Attach(process_bpf& skeleton) {
  LibbpfLog log;
  const std::pair<bpf_program*, bpf_link**> order[] = {
      {skeleton.progs.on_free, &skeleton.links.on_free},
      {skeleton.progs.on_exit, &skeleton.links.on_exit},
      {skeleton.progs.on_exec, &skeleton.links.on_exec},
      {skeleton.progs.on_fork, &skeleton.links.on_fork},
      {skeleton.progs.on_rename, &skeleton.links.on_rename},
      {skeleton.progs.on_cgroup, &skeleton.links.on_cgroup},
      {skeleton.progs.snapshot_with_args, &skeleton.links.snapshot_with_args},
      {skeleton.progs.snapshot_without_args, &skeleton.links.snapshot_without_args}};
  for (const auto& [program, link] : order) {
    if (!bpf_program__autoload(program)) continue;
    *link = bpf_program__attach(program);
    if (*link == nullptr) {
      return Error::FromErrno(
          "attaching the BPF program " + std::string(bpf_program__name(program)), errno);
    }
  }
  return Ok{};
}

// The ring is always readable while it holds anything; edge-triggered it is so only after a wakeup.
Result<FileDescriptor> WakeupsOf(int ring_fd) {
  FileDescriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  epoll_event interest{};
  interest.events = EPOLLIN | EPOLLET;
  if (epoll.get() < 0 || epoll_ctl(epoll.get(), EPOLL_CTL_ADD, ring_fd, &interest) != 0) {
    return Error::FromErrno("waiting for the ring", errno);
  }
  return epoll;
}

// ---- Snapshot ----

uint64_t BootTimeNs() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

Result<std::vector<std::byte>> ReadIterator(int link_fd) {
  constexpr size_t kChunkBytes = size_t{64} * 1024;
  const FileDescriptor iterator(bpf_iter_create(link_fd));
  if (iterator.get() < 0 && errno == EPERM) {
    return Error(
        "this kernel lets only the privileged list processes by BPF (5.18 or older with "
        "kernel.unprivileged_bpf_disabled)");
  }
  if (iterator.get() < 0) return Error::FromErrno("listing processes by BPF", errno);
  std::vector<std::byte> output;
  for (;;) {
    const size_t end = output.size();
    output.resize(end + kChunkBytes);
    const ssize_t count = read(iterator.get(), output.data() + end, kChunkBytes);
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

}  // namespace

class BpfSource::Impl {
 public:
  Impl(BpfSourceOptions options, const LoadPlan& plan, Skeleton skeleton, RingMapping ring,
       CountersMapping counters, FileDescriptor wakeups)
      : options_(std::move(options)),
        plan_(plan),
        skeleton_(std::move(skeleton)),
        ring_(std::move(ring)),
        reader_(ring_.reader()),
        counters_(std::move(counters)),
        wakeups_(std::move(wakeups)),
        reaps_(options_.exact_usage) {}

  int wake_fd() const { return wakeups_.get(); }
  const LoadPlan& plan() const { return plan_; }
  bool exact_usage() const { return options_.exact_usage; }
  const CountersMapping& counters() const { return counters_; }
  uint64_t damaged() const { return damaged_; }

  bool PrepareToSleep() {
    SetFlag(skeleton_->bss->idle, 1);
    // The flag before the look at the ring: see wake_if_wanted() in process.bpf.c.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!reader_.HasData()) return true;
    SetFlag(skeleton_->bss->idle, 0);
    return false;
  }

  size_t Drain(EventSink& sink) {
    ForgetWakeup();
    SetFlag(skeleton_->bss->idle, 0);
    if (options_.exact_usage) {
      reader_.Peek([this](std::span<const std::byte> event) { NoteReap(event, reaps_); });
    }
    const size_t count = reader_.Peek([this, &sink](std::span<const std::byte> event) {
      if (!DeliverEvent(event, reaps_, sink)) ++damaged_;
    });
    reaps_.EndBatch();
    reader_.Commit();
    SetFlag(skeleton_->bss->high_water_armed, 1);
    return count;
  }

  // The hooks only: snapshots may still be taken.
  void Stop() {
    auto& links = skeleton_->links;
    for (bpf_link** link : {&links.on_fork, &links.on_exec, &links.on_exit, &links.on_free,
                            &links.on_rename, &links.on_cgroup}) {
      bpf_link__destroy(std::exchange(*link, nullptr));
    }
  }

  Status Snapshot(SnapshotSink& sink) {
    // The folder first: what is born after the iterator's walk must not look hidden.
    const uint64_t listed_ns = BootTimeNs();
    const Result<std::vector<uint32_t>> pids = ListProcesses(options_.proc_root);
    if (!pids) return pids.error();
    // Where the kernel refuses the iterator to the unprivileged, /proc alone must do.
    const Result<std::vector<std::byte>> refused = std::vector<std::byte>();
    const Result<std::vector<std::byte>> iterated = ReadIterator(IteratorLink());
    const Result<std::vector<std::byte>>& output = iterated ? iterated : refused;
    const auto args =
        options_.args == ArgsCapture::kFirst ? SnapshotArgs::kFirst : SnapshotArgs::kAll;
    SeenProcesses seen(sink);
    if (!DeliverSnapshot(*output, args, seen)) {
      return Error("listing processes by BPF: damaged output");
    }
    AddHidden(*pids, listed_ns, ScanOptions(options_), seen, sink);
    return Ok{};
  }

 private:
  static void SetFlag(volatile uint32_t& flag, uint32_t value) {
    __atomic_store_n(&flag, value, __ATOMIC_RELAXED);
  }

  // Before the ring is read, so that a wakeup during it stays.
  void ForgetWakeup() {
    epoll_event ignored;
    epoll_wait(wakeups_.get(), &ignored, 1, 0);
  }

  int IteratorLink() const {
    const bpf_link* with_args = skeleton_->links.snapshot_with_args;
    return bpf_link__fd(with_args ? with_args : skeleton_->links.snapshot_without_args);
  }

  BpfSourceOptions options_;
  LoadPlan plan_;
  Skeleton skeleton_;
  RingMapping ring_;
  RingReader reader_;
  CountersMapping counters_;
  FileDescriptor wakeups_;
  ReapJoin reaps_;
  uint64_t damaged_ = 0;
};

Result<std::unique_ptr<BpfSource>> BpfSource::Open(const BpfSourceOptions& options) {
  if (const Status status = CheckRequirements(options); !status) return status.error();
  const auto cpus = static_cast<uint32_t>(libbpf_num_possible_cpus());
  const LoadPlan plan = {.ring_bytes = options.ring_bytes.value_or(DefaultRingBytes(cpus)),
                         .cpus = cpus,
                         .uses_group_dead = !options.assume_no_group_dead && KernelTellsGroupDead(),
                         .snapshot = SnapshotProgram::kWithArgs};
  Result<Skeleton> skeleton = LoadBest(options, plan);
  if (!skeleton) return skeleton.error();
  const int ring_fd = bpf_map__fd((*skeleton)->maps.events);
  Result<RingMapping> ring = RingMapping::Map(ring_fd, plan.ring_bytes);
  if (!ring) return ring.error();
  Result<CountersMapping> counters =
      CountersMapping::Map(bpf_map__fd((*skeleton)->maps.counters), cpus);
  if (!counters) return counters.error();
  Result<FileDescriptor> wakeups = WakeupsOf(ring_fd);
  if (!wakeups) return wakeups.error();
  if (const Status status = Attach(**skeleton); !status) return status.error();
  auto impl = std::make_unique<Impl>(options, plan, *std::move(skeleton), *std::move(ring),
                                     *std::move(counters), *std::move(wakeups));
  return std::unique_ptr<BpfSource>(new BpfSource(std::move(impl)));
}

BpfSource::BpfSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BpfSource::~BpfSource() = default;

std::string_view BpfSource::name() const { return "bpf"; }
int BpfSource::wake_fd() const { return impl_->wake_fd(); }
bool BpfSource::PrepareToSleep() { return impl_->PrepareToSleep(); }
Result<size_t> BpfSource::Drain(EventSink& sink) { return impl_->Drain(sink); }
void BpfSource::Stop() { impl_->Stop(); }
bool BpfSource::exhausted() const { return false; }
Status BpfSource::Snapshot(SnapshotSink& sink) { return impl_->Snapshot(sink); }
std::optional<uint64_t> BpfSource::ring_bytes() const { return impl_->plan().ring_bytes; }
uint64_t BpfSource::damaged_events() const { return impl_->damaged(); }
bool BpfSource::uses_group_dead() const { return impl_->plan().uses_group_dead; }

std::string BpfSource::abilities() const {
  std::string words(kTellsLives);
  for (const std::string_view word : {kTellsUsage, kTellsComm, kTellsCgroups}) {
    words.append(" ").append(word);
  }
  if (impl_->exact_usage()) words.append(" ").append(kTellsReaps);
  return words;
}

uint64_t BpfSource::threads_seen() const {
  return impl_->counters().Sum(&cpu_counters::threads_seen);
}

SourceCounters BpfSource::counters() const {
  const CountersMapping& counters = impl_->counters();
  SourceCounters totals;
  totals.forks_seen = counters.Sum(&cpu_counters::forks_seen);
  totals.execs_seen = counters.Sum(&cpu_counters::execs_seen);
  totals.exits_seen = counters.Sum(&cpu_counters::exits_seen);
  totals.forks_lost = counters.Sum(&cpu_counters::forks_lost);
  totals.execs_lost = counters.Sum(&cpu_counters::execs_lost);
  totals.exits_lost = counters.Sum(&cpu_counters::exits_lost);
  totals.others_lost = damaged_events() + counters.Sum(&cpu_counters::others_lost);
  return totals;
}

}  // namespace daybook
