#include "bpf_source.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
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
#include "bpf_counters.h"
#include "bpf_decode.h"
#include "bpf_load_error.h"
#include "bpf_pins.h"
#include "cgroup_paths.h"
#include "file_descriptor.h"
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

// Living processes that a filter may judge anew.
constexpr uint32_t kMaxJudged = 65536;

struct SkeletonDeleter {
  void operator()(process_bpf* skeleton) const { process_bpf__destroy(skeleton); }
};
using Skeleton = std::unique_ptr<process_bpf, SkeletonDeleter>;

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
  CgroupHierarchy cgroups;
  uint64_t followed_cgroup_id;  // 0 is none
  bool judges_anew;             // Filter::JudgesAnew()
  SnapshotProgram snapshot;
  uint64_t generation = 1;
};

void SizeMaps(const process_bpf& skeleton, const LoadPlan& plan) {
  bpf_map__set_max_entries(skeleton.maps.events, static_cast<uint32_t>(plan.ring_bytes));
  bpf_map__set_max_entries(skeleton.maps.counters, plan.cpus);
  bpf_map__set_max_entries(skeleton.maps.exit_claims, plan.uses_group_dead ? 1 : kMaxExitClaims);
  bpf_map__set_max_entries(skeleton.maps.judged_processes, plan.judges_anew ? kMaxJudged : 1);
}

// Reaps are told of ends that are told.
bool TellsReaps(const BpfSourceOptions& options) {
  return options.exact_usage && (options.filter.events & kTypeExit) != 0;
}

uint32_t FilterBits(const Filter& filter) {
  const std::pair<uint32_t, bool> bits[] = {{FILTER_EVENTS, filter.events != kAllTypes},
                                            {FILTER_FAILED, filter.only_failed},
                                            {FILTER_USERS, !UsersOf(filter).uids.empty()},
                                            {FILTER_CGROUP, !filter.only_cgroup.empty()},
                                            {FILTER_LIFETIME, filter.min_lifetime_ns != 0},
                                            {FILTER_KERNEL_THREADS, filter.no_kernel_threads}};
  uint32_t sum = 0;
  for (const auto& [bit, holds] : bits) sum |= holds ? bit : 0;
  return sum;
}

uint32_t LeftOutEvents(uint32_t told) {
  const std::pair<uint32_t, uint32_t> events[] = {{kTypeFork, EVENT_FORK},
                                                  {kTypeExec, EVENT_EXEC},
                                                  {kTypeExit, EVENT_EXIT},
                                                  {kTypeComm, EVENT_COMM},
                                                  {kTypeCgroup, EVENT_CGROUP}};
  uint32_t left_out = 0;
  for (const auto& [type, event] : events) left_out |= told & type ? 0 : 1u << event;
  return left_out;
}

void ConfigureFilter(process_bpf& skeleton, const Filter& filter, uint64_t followed_cgroup_id) {
  const UserFilter users = UsersOf(filter);
  skeleton.rodata->filters = FilterBits(filter);
  skeleton.rodata->left_out_events = LeftOutEvents(filter.events);
  skeleton.rodata->least_lifetime_ns = filter.min_lifetime_ns;
  skeleton.rodata->users_are_left_out = users.are_left_out ? 1 : 0;
  skeleton.rodata->followed_cgroup_id = followed_cgroup_id;
  bpf_map__set_max_entries(skeleton.maps.filtered_users,
                           static_cast<uint32_t>(std::max<size_t>(1, users.uids.size())));
}

Status FillUsers(process_bpf& skeleton, const Filter& filter) {
  constexpr uint8_t kListed = 1;
  for (const uint32_t uid : UsersOf(filter).uids) {
    const int error = bpf_map__update_elem(skeleton.maps.filtered_users, &uid, sizeof(uid),
                                           &kListed, sizeof(kListed), BPF_ANY);
    if (error != 0) return Error::FromErrno("listing users for the BPF program", -error);
  }
  return Ok{};
}

void ConfigureCgroups(process_bpf& skeleton, const CgroupHierarchy& cgroups) {
  static_assert(CgroupHierarchy::kNumberShift == CGROUP_NUMBER_SHIFT);
  skeleton.rodata->cgroup_hierarchy = cgroups.number;
  if (cgroups.controller == "pids") skeleton.rodata->cgroups_by = CGROUPS_OF_PIDS;
  if (cgroups.controller == "memory") skeleton.rodata->cgroups_by = CGROUPS_OF_MEMORY;
}

void Configure(process_bpf& skeleton, const BpfSourceOptions& options, const LoadPlan& plan) {
  skeleton.rodata->args_mode = KernelArgsMode(options.args);
  skeleton.rodata->args_limit = options.args_limit;
  skeleton.rodata->usage_exact = TellsReaps(options) ? 1 : 0;
  skeleton.rodata->high_water_bytes = plan.ring_bytes / 4;
  skeleton.rodata->assume_no_group_dead = options.assume_no_group_dead ? 1 : 0;
  skeleton.rodata->generation = plan.generation;
  skeleton.bss->shared.layout = EVENT_LAYOUT;
  skeleton.bss->shared.high_water_armed = 1;
  SizeMaps(skeleton, plan);
  ConfigureFilter(skeleton, options.filter, plan.followed_cgroup_id);
  ConfigureCgroups(skeleton, plan.cgroups);
  const bool with_args = plan.snapshot == SnapshotProgram::kWithArgs;
  bpf_program__set_autoload(skeleton.progs.on_free, TellsReaps(options) || !plan.uses_group_dead);
  // Without CONFIG_CGROUPS there is none.
  bpf_program__set_autoload(skeleton.progs.on_cgroup,
                            KernelHas("btf_trace_cgroup_mkdir", BTF_KIND_TYPEDEF));
  bpf_program__set_autoload(skeleton.progs.snapshot_with_args, with_args);
  bpf_program__set_autoload(skeleton.progs.snapshot_without_args, !with_args);
}

// ---- Taking over from another recorder ----

// What outlives a recorder; its links are replaced.
struct KeptMap {
  const char* pin;
  bpf_map* map;
};
std::array<KeptMap, 5> KeptMaps(const process_bpf& skeleton) {
  return {KeptMap{"events", skeleton.maps.events}, KeptMap{"counters", skeleton.maps.counters},
          KeptMap{"exit_claims", skeleton.maps.exit_claims},
          KeptMap{"judged", skeleton.maps.judged_processes}, KeptMap{"state", skeleton.maps.bss}};
}

bool IsLike(const bpf_map* wanted, int fd) {
  bpf_map_info found = {};
  uint32_t bytes = sizeof(found);
  return bpf_obj_get_info_by_fd(fd, &found, &bytes) == 0 && found.type == bpf_map__type(wanted) &&
         found.key_size == bpf_map__key_size(wanted) &&
         found.value_size == bpf_map__value_size(wanted) &&
         found.max_entries == bpf_map__max_entries(wanted) &&
         found.map_flags == bpf_map__map_flags(wanted);
}

std::optional<uint64_t> RingBytesOf(int fd) {
  bpf_map_info found = {};
  uint32_t bytes = sizeof(found);
  if (bpf_obj_get_info_by_fd(fd, &found, &bytes) != 0) return std::nullopt;
  return found.max_entries;
}

// The maps of the recorder before this one. Its hooks still write into them.
class PinnedMaps {
 public:
  // None where there are no pins, or something of them is missing.
  static Result<PinnedMaps> Find(const BpfPins& pins, const process_bpf& skeleton) {
    PinnedMaps pinned;
    for (const auto& [pin, map] : KeptMaps(skeleton)) {
      auto found = pins.Find(pin);
      if (!found) return std::move(found).error();
      if (*found) pinned.fds_.push_back(**std::move(found));
    }
    pinned.is_any_ = !pinned.fds_.empty();
    if (pinned.fds_.size() != KeptMaps(skeleton).size()) pinned.fds_.clear();
    return pinned;
  }

  bool is_any() const { return is_any_; }
  bool is_complete() const { return !fds_.empty(); }

  std::optional<uint64_t> ring_bytes() const { return RingBytesOf(fds_.front().get()); }

  std::optional<shared_state> state() const {
    const uint32_t zero = 0;
    shared_state state = {};
    if (bpf_map_lookup_elem(fds_.back().get(), &zero, &state) != 0) return std::nullopt;
    return state;
  }

  // The skeleton is open, not loaded.
  bool Fit(const process_bpf& skeleton) const {
    const auto wanted = KeptMaps(skeleton);
    for (size_t i = 0; i < fds_.size(); ++i) {
      if (!IsLike(wanted[i].map, fds_[i].get())) return false;
    }
    return true;
  }

  Status GiveTo(process_bpf& skeleton) const {
    const auto wanted = KeptMaps(skeleton);
    for (size_t i = 0; i < fds_.size(); ++i) {
      if (bpf_map__reuse_fd(wanted[i].map, fds_[i].get()) == 0) continue;
      return Error::FromErrno("taking over the map " + std::string(wanted[i].pin), errno);
    }
    return Ok{};
  }

 private:
  std::vector<FileDescriptor> fds_;  // as KeptMaps() has them
  bool is_any_ = false;
};

// Where the hooks of another recorder tell of everything until this one's do. What does not fit
// this one is done away with: what it still held is missing in the log, which the gap between both
// tells.
class Predecessor {
 public:
  // Sets what of the plan follows from it.
  static Result<Predecessor> Find(BpfPins* pins, const BpfSourceOptions& options, LoadPlan& plan) {
    Predecessor found;
    if (pins == nullptr) return found;
    const Skeleton skeleton(process_bpf__open());
    if (!skeleton) return Error::FromErrno("opening the BPF programs", errno);
    auto maps = PinnedMaps::Find(*pins, *skeleton);
    if (!maps) return std::move(maps).error();
    const bool is_any = maps->is_any();
    plan.generation = pins->NewestGeneration() + 1;
    if (maps->is_complete()) found.Adopt(*pins, *std::move(maps), *skeleton, options, plan);
    if (found.exists_) return found;
    if (Status removed = RemoveAll(*pins, *skeleton); !removed) return std::move(removed).error();
    if (is_any) {
      std::fprintf(
          stderr,
          "daybookd: what is pinned in %s does not fit this version or these options; replaced\n",
          pins->path().c_str());
    }
    return found;
  }

  static Status RemoveAll(BpfPins& pins, const process_bpf& skeleton) {
    // The links first: what they would still tell has no place to go.
    if (Status removed = pins.RemoveLinks(); !removed) return removed;
    for (const auto& [pin, map] : KeptMaps(skeleton)) {
      if (Status removed = pins.RemoveMap(pin); !removed) return removed;
    }
    return Ok{};
  }

  bool exists() const { return exists_; }
  const PinnedMaps& maps() const { return maps_; }
  // What it wrote last; all 0 where there is none.
  const shared_state& state() const { return state_; }

 private:
  void Adopt(const BpfPins& pins, PinnedMaps maps, const process_bpf& skeleton,
             const BpfSourceOptions& options, LoadPlan& plan) {
    const auto ring_bytes = maps.ring_bytes();
    if (!ring_bytes || *ring_bytes != options.ring_bytes.value_or(*ring_bytes)) return;
    LoadPlan its_plan = plan;
    its_plan.ring_bytes = *ring_bytes;
    SizeMaps(skeleton, its_plan);
    const auto state = maps.Fit(skeleton) ? maps.state() : std::nullopt;
    if (!state || state->layout != EVENT_LAYOUT || !pins.HasLinks(state->active)) return;
    plan = its_plan;
    maps_ = std::move(maps);
    state_ = *state;
    exists_ = true;
  }

  PinnedMaps maps_;
  shared_state state_ = {};
  bool exists_ = false;
};

Result<Skeleton> Load(const BpfSourceOptions& options, const LoadPlan& plan,
                      const PinnedMaps& pinned) {
  LibbpfLog log;
  Skeleton skeleton(process_bpf__open());
  if (!skeleton) return LoadError(log.text(), errno);
  Configure(*skeleton, options, plan);
  if (Status given = pinned.GiveTo(*skeleton); !given) return std::move(given).error();
  if (const int error = process_bpf__load(skeleton.get())) return LoadError(log.text(), -error);
  if (Status filled = FillUsers(*skeleton, options.filter); !filled) {
    return std::move(filled).error();
  }
  return skeleton;
}

// Where the kernel does not load the sleeping iterator, snapshots have no arguments.
Result<Skeleton> LoadBest(const BpfSourceOptions& options, LoadPlan plan,
                          const PinnedMaps& pinned) {
  if (options.args != ArgsCapture::kNone) {
    plan.snapshot = SnapshotProgram::kWithArgs;
    Result<Skeleton> skeleton = Load(options, plan, pinned);
    if (skeleton) return skeleton;
  }
  plan.snapshot = SnapshotProgram::kWithoutArgs;
  return Load(options, plan, pinned);
}

// They do nothing until they are made active. The skeleton owns the links.
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

Status PinHooks(BpfPins& pins, const process_bpf& skeleton, uint64_t generation) {
  const std::pair<const char*, bpf_link*> hooks[] = {
      {"on_fork", skeleton.links.on_fork},     {"on_exec", skeleton.links.on_exec},
      {"on_exit", skeleton.links.on_exit},     {"on_free", skeleton.links.on_free},
      {"on_rename", skeleton.links.on_rename}, {"on_cgroup", skeleton.links.on_cgroup}};
  for (const auto& [name, link] : hooks) {
    if (link == nullptr) continue;
    Status pinned = pins.PinLink(generation, name, bpf_link__fd(link));
    if (!pinned) return pinned;
  }
  return Ok{};
}

Status PinMaps(BpfPins& pins, const process_bpf& skeleton) {
  for (const auto& [pin, map] : KeptMaps(skeleton)) {
    if (Status pinned = pins.PinMap(pin, bpf_map__fd(map)); !pinned) return pinned;
  }
  return Ok{};
}

// From one moment to the next these hooks record, and those before them do not. Everything that
// this recorder needs stands by then, so that another one can take over at any moment.
Status Activate(process_bpf& skeleton, uint64_t generation, BpfPins* pins,
                const Predecessor& predecessor) {
  if (pins != nullptr) {
    Status pinned = PinHooks(*pins, skeleton, generation);
    if (pinned && !predecessor.exists()) pinned = PinMaps(*pins, skeleton);
    if (!pinned) return pinned;
  }
  __atomic_store_n(&skeleton.bss->shared.active, generation, __ATOMIC_RELEASE);
  return pins == nullptr ? Ok{} : pins->RemoveLinks(generation);
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

// The one that the filter follows, or of id 0.
Result<FoundCgroup> ChooseCgroups(const BpfSourceOptions& options) {
  auto hierarchies =
      options.cgroups ? std::vector{*options.cgroups} : FindCgroupHierarchies(options.proc_root);
  const std::string& path = options.filter.only_cgroup;
  if (!path.empty()) return FindCgroup(path, hierarchies);
  return FoundCgroup{.hierarchy = hierarchies.empty() ? CgroupHierarchy() : hierarchies.front()};
}

std::string CgroupTop(const Filter& filter) {
  return filter.only_cgroup.empty() ? "/" : filter.only_cgroup;
}

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

class BpfSource::Impl {
 public:
  Impl(BpfSourceOptions options, const LoadPlan& plan, std::optional<BpfPins> pins,
       const Predecessor& predecessor, Skeleton skeleton, RingMapping ring, BpfCounters counters,
       FileDescriptor wakeups)
      : options_(std::move(options)),
        plan_(plan),
        pins_(std::move(pins)),
        leaves_pins_(predecessor.exists()),
        predecessor_(predecessor.state()),
        continues_(predecessor.exists()),
        skeleton_(std::move(skeleton)),
        ring_(std::move(ring)),
        reader_(ring_.reader()),
        counters_(std::move(counters)),
        wakeups_(std::move(wakeups)),
        cgroups_(plan_.cgroups, CgroupTop(options_.filter), options_.proc_root, {}),
        reaps_(TellsReaps(options_), continues_ ? BootTimeNs() : 0) {}

  int wake_fd() const { return wakeups_.get(); }
  const LoadPlan& plan() const { return plan_; }
  const BpfSourceOptions& options() const { return options_; }
  bool continues() const { return continues_; }
  const BpfCounters& counters() const { return counters_; }
  uint64_t damaged() const { return damaged_; }

  // What the log does not tell of yet.
  SourceCounters Counters() const {
    SourceCounters totals;
    totals.forks_seen = counters_.Sum(&cpu_counters::forks_seen);
    totals.execs_seen = counters_.Sum(&cpu_counters::execs_seen);
    totals.exits_seen = counters_.Sum(&cpu_counters::exits_seen);
    totals.lost_by_cpu = counters_.Lost();
    for (const LostCounts& lost : totals.lost_by_cpu) totals.lost += lost;
    totals.lost.others += predecessor_.unwritten + damaged_;
    if (options_.filter.LeavesOutAnything()) {
      totals.filtered = {.forks = counters_.Sum(&cpu_counters::forks_filtered),
                         .execs = counters_.Sum(&cpu_counters::execs_filtered),
                         .exits = counters_.Sum(&cpu_counters::exits_filtered),
                         .others = counters_.Sum(&cpu_counters::others_filtered)};
    }
    return totals;
  }

  std::optional<uint64_t> OldestWaitingNs() {
    std::optional<uint64_t> oldest;
    reader_.Peek([&oldest](std::span<const std::byte> event) {
      const auto time_ns = EventTimeNs(event);
      if (time_ns) oldest = std::min(oldest.value_or(*time_ns), *time_ns);
    });
    return oldest;
  }

  // Killed in between, the next recorder tells a loss twice rather than not at all, and looks for
  // events in the log in vain rather than not at all.
  void Commit(const SourceCounters& told, uint64_t unwritten) {
    auto& shared = skeleton_->bss->shared;
    leaves_pins_ = leaves_pins_ || !is_stopped();
    if (unwritten > shared.unwritten) Store(shared.unwritten, unwritten);
    reader_.Commit();
    Store(shared.unwritten, unwritten);
    counters_.SetTold(told.lost_by_cpu);
  }

  bool PrepareToSleep() {
    SetFlag(skeleton_->bss->shared.idle, 1);
    // The flag before the look at the ring: see wake_if_wanted() in process.bpf.c.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!reader_.HasData()) return true;
    SetFlag(skeleton_->bss->shared.idle, 0);
    return false;
  }

  size_t Drain(EventSink& sink) {
    ForgetWakeup();
    SetFlag(skeleton_->bss->shared.idle, 0);
    if (TellsReaps(options_)) {
      reader_.Peek([this](std::span<const std::byte> event) { NoteReap(event, reaps_); });
    }
    const size_t count = reader_.Peek([this, &sink](std::span<const std::byte> event) {
      if (!DeliverEvent(event, reaps_, sink)) ++damaged_;
    });
    reaps_.EndBatch();
    reader_.Take();
    SetFlag(skeleton_->bss->shared.high_water_armed, 1);
    return count;
  }

  // The hooks only: snapshots may still be taken. A recorder that found them inactive could not
  // know since when.
  void Stop() {
    Store(skeleton_->bss->shared.active, 0);
    // What a hook has begun to tell is in the ring then.
    syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
    auto& links = skeleton_->links;
    for (bpf_link** link : {&links.on_fork, &links.on_exec, &links.on_exit, &links.on_free,
                            &links.on_rename, &links.on_cgroup}) {
      bpf_link__destroy(std::exchange(*link, nullptr));
    }
    leaves_pins_ = false;
  }

  void HandOver() {
    if (!pins_) Stop();
  }

  // At the latest moment: until then a recorder that follows finds what this one has not written.
  ~Impl() {
    if (!pins_ || leaves_pins_) return;
    if (Status removed = Predecessor::RemoveAll(*pins_, *skeleton_); !removed) {
      std::fprintf(stderr, "daybookd: %s\n", removed.error().message().c_str());
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

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
    cgroups_.BeginSnapshot();
    NotingCgroups noting(sink, cgroups_);
    SeenProcesses seen(noting);
    if (!DeliverSnapshot(*output, args, seen)) {
      return Error("listing processes by BPF: damaged output");
    }
    const auto is_wanted = [this, listed_ns](const SnapProc& process) {
      return IsWanted(process, listed_ns);
    };
    AddHidden(*pids, listed_ns, ScanOptions(options_), seen, is_wanted, sink);
    return Ok{};
  }

  void TellCgroups(const std::function<void(const CgroupPath&)>& take) const {
    if ((options_.filter.events & kTypeCgroup) != 0) cgroups_.Tell(BootTimeNs(), take);
  }

 private:
  static void SetFlag(volatile uint32_t& flag, uint32_t value) {
    __atomic_store_n(&flag, value, __ATOMIC_RELAXED);
  }

  // What the program decides of those that its iterator shows.
  bool IsWanted(const SnapProc& process, uint64_t now_ns) const {
    const Filter& filter = options_.filter;
    if (!Passes(filter, {.uid = process.uid,
                         .is_kernel_thread = (process.flags & kProcKernelThread) != 0,
                         .age_ns = now_ns - std::min(now_ns, process.start_ns)})) {
      return false;
    }
    if (filter.only_cgroup.empty()) return true;
    const auto cgroup = ReadCgroupOf(options_.proc_root, process.pid, plan_.cgroups);
    return cgroup && IsInCgroup(*cgroup, filter.only_cgroup);
  }

  bool is_stopped() const { return skeleton_->bss->shared.active == 0; }

  // What is stored later is seen later.
  static void Store(volatile uint64_t& to, uint64_t value) {
    __atomic_store_n(&to, value, __ATOMIC_SEQ_CST);
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
  std::optional<BpfPins> pins_;
  // Unless it is stopped. One that ends before it has recorded leaves none of its own.
  bool leaves_pins_;
  shared_state predecessor_;
  bool continues_;
  Skeleton skeleton_;
  RingMapping ring_;
  RingReader reader_;
  BpfCounters counters_;
  FileDescriptor wakeups_;
  CgroupPaths cgroups_;
  ReapJoin reaps_;
  uint64_t damaged_ = 0;
};

Result<std::unique_ptr<BpfSource>> BpfSource::Open(const BpfSourceOptions& options,
                                                   std::optional<BpfPins> pins) {
  if (const Status status = CheckRequirements(options); !status) return status.error();
  const auto cpus = static_cast<uint32_t>(libbpf_num_possible_cpus());
  const auto cgroups = ChooseCgroups(options);
  if (!cgroups) return cgroups.error();
  LoadPlan plan = {.ring_bytes = options.ring_bytes.value_or(DefaultRingBytes(cpus)),
                   .cpus = cpus,
                   .uses_group_dead = !options.assume_no_group_dead && KernelTellsGroupDead(),
                   .cgroups = cgroups->hierarchy,
                   .followed_cgroup_id = cgroups->id,
                   .judges_anew = options.filter.JudgesAnew(),
                   .snapshot = SnapshotProgram::kWithArgs};
  BpfPins* const folder = pins ? &*pins : nullptr;
  const auto predecessor = Predecessor::Find(folder, options, plan);
  if (!predecessor) return predecessor.error();
  Result<Skeleton> skeleton = LoadBest(options, plan, predecessor->maps());
  if (!skeleton) return skeleton.error();
  const int ring_fd = bpf_map__fd((*skeleton)->maps.events);
  Result<RingMapping> ring = RingMapping::Map(ring_fd, plan.ring_bytes);
  if (!ring) return ring.error();
  Result<BpfCounters> counters = BpfCounters::Map(bpf_map__fd((*skeleton)->maps.counters), cpus);
  if (!counters) return counters.error();
  Result<FileDescriptor> wakeups = WakeupsOf(ring_fd);
  if (!wakeups) return wakeups.error();
  if (const Status status = Attach(**skeleton); !status) return status.error();
  if (const Status active = Activate(**skeleton, plan.generation, folder, *predecessor); !active) {
    // As it was before.
    if (predecessor->exists()) (void)folder->RemoveLinks(predecessor->state().active);
    if (folder != nullptr && !predecessor->exists()) {
      (void)Predecessor::RemoveAll(*folder, **skeleton);
    }
    return active.error();
  }
  auto impl =
      std::make_unique<Impl>(options, plan, std::move(pins), *predecessor, *std::move(skeleton),
                             *std::move(ring), *std::move(counters), *std::move(wakeups));
  return std::unique_ptr<BpfSource>(new BpfSource(std::move(impl)));
}

BpfSource::BpfSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BpfSource::~BpfSource() = default;

std::string_view BpfSource::name() const { return "bpf"; }
int BpfSource::wake_fd() const { return impl_->wake_fd(); }
bool BpfSource::PrepareToSleep() { return impl_->PrepareToSleep(); }
Result<size_t> BpfSource::Drain(EventSink& sink) { return impl_->Drain(sink); }
void BpfSource::Stop() { impl_->Stop(); }
void BpfSource::HandOver() { impl_->HandOver(); }
bool BpfSource::exhausted() const { return false; }
Status BpfSource::Snapshot(SnapshotSink& sink) { return impl_->Snapshot(sink); }
void BpfSource::TellCgroups(const std::function<void(const CgroupPath&)>& take) {
  impl_->TellCgroups(take);
}
std::optional<uint64_t> BpfSource::ring_bytes() const { return impl_->plan().ring_bytes; }
bool BpfSource::tells_every_life() const { return impl_->options().filter.TellsEveryLife(); }
uint64_t BpfSource::damaged_events() const { return impl_->damaged(); }
bool BpfSource::uses_group_dead() const { return impl_->plan().uses_group_dead; }

std::string BpfSource::abilities() const {
  std::string words(kTellsLives);
  for (const std::string_view word : {kTellsUsage, kTellsComm, kTellsCgroups}) {
    words.append(" ").append(word);
  }
  if (impl_->options().exact_usage) words.append(" ").append(kTellsReaps);
  words = AbilitiesLeft(words, impl_->options().filter);
  const std::string& controller = impl_->plan().cgroups.controller;
  if (!controller.empty()) words.append(" ").append(kCgroupsAreOfV1).append(controller);
  if (impl_->continues()) words.append(" ").append(kContinues);
  return words;
}

uint64_t BpfSource::threads_seen() const {
  return impl_->counters().Sum(&cpu_counters::threads_seen);
}

SourceCounters BpfSource::counters() const { return impl_->Counters(); }
bool BpfSource::continues() const { return impl_->continues(); }
std::optional<uint64_t> BpfSource::OldestWaitingNs() { return impl_->OldestWaitingNs(); }
void BpfSource::Commit(const SourceCounters& told, uint64_t unwritten) {
  impl_->Commit(told, unwritten);
}

}  // namespace daybook
