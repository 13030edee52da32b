#include "bpf_source/bpf_program.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "bpf/events.h"
#include "bpf_source/bpf_load_error.h"
#include "bpf_source/ring_buffer.h"
#include "proc/namespaces.h"
#include "process.skel.h"
#include "sources/filter.h"

namespace daybook {
namespace {

static_assert(kMaxArgsLimit == ARGS_LIMIT);

constexpr char kKernelTypes[] = "/sys/kernel/btf/vmlinux";

// Ended but not yet reaped processes, on kernels before 6.16. Beyond that an end may be told twice.
constexpr uint32_t kMaxExitClaims = 65536;

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

void ConfigureFilter(process_bpf& skeleton, const Filter& filter, const LoadPlan& plan) {
  const UserFilter users = UsersOf(filter);
  skeleton.rodata->filters = FilterBits(filter);
  skeleton.rodata->left_out_events = LeftOutEvents(filter.events);
  skeleton.rodata->least_lifetime_ns = filter.min_lifetime_ns;
  skeleton.rodata->users_are_left_out = users.are_left_out ? 1 : 0;
  skeleton.rodata->followed_cgroup_id = plan.followed_cgroup_id;
  skeleton.rodata->judging_filter = plan.judging_filter;
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
  skeleton.rodata->may_stay_on_cpu = KernelHas("bpf_preempt_disable", BTF_KIND_FUNC) ? 1 : 0;
  skeleton.bss->shared.layout = EVENT_LAYOUT;
  skeleton.bss->shared.high_water_armed = 1;
  SizeMaps(skeleton, plan);
  ConfigureFilter(skeleton, options.filter, plan);
  ConfigureCgroups(skeleton, plan.cgroups);
  bpf_program__set_autoload(skeleton.progs.on_free, TellsReaps(options) || !plan.uses_group_dead);
  // Without CONFIG_CGROUPS there is none.
  bpf_program__set_autoload(skeleton.progs.on_cgroup,
                            KernelHas("btf_trace_cgroup_mkdir", BTF_KIND_TYPEDEF));
}

struct Hook {
  bpf_program* program;
  bpf_link** link;
};

// In the order in which they are attached: ends first, so that no birth is told without its end.
std::array<Hook, 6> HooksOf(process_bpf& skeleton) {
  auto& programs = skeleton.progs;
  auto& links = skeleton.links;
  return {Hook{programs.on_free, &links.on_free},     Hook{programs.on_exit, &links.on_exit},
          Hook{programs.on_exec, &links.on_exec},     Hook{programs.on_fork, &links.on_fork},
          Hook{programs.on_rename, &links.on_rename}, Hook{programs.on_cgroup, &links.on_cgroup}};
}

Status AttachAll(std::span<const Hook> hooks) {
  for (const auto& [program, link] : hooks) {
    if (!bpf_program__autoload(program)) continue;
    *link = bpf_program__attach(program);
    if (*link == nullptr) {
      return Error::FromErrno(
          "attaching the BPF program " + std::string(bpf_program__name(program)), errno);
    }
  }
  return Ok{};
}

}  // namespace

Status CheckRequirements(const BpfSourceOptions& options) {
  if (Status here = CheckNamespaces(options.proc_root); !here) return here;
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

bool KernelTellsGroupDead() {
  return KernelHas("trace_event_raw_sched_process_exit", BTF_KIND_STRUCT, "group_dead");
}

bool TellsReaps(const BpfSourceOptions& options) {
  return options.exact_usage && (options.filter.events & kTypeExit) != 0;
}

void SizeMaps(const process_bpf& skeleton, const LoadPlan& plan) {
  bpf_map__set_max_entries(skeleton.maps.events, static_cast<uint32_t>(plan.ring_bytes));
  bpf_map__set_max_entries(skeleton.maps.counters, plan.cpu_numbers_end);
  bpf_map__set_max_entries(skeleton.maps.exit_claims, plan.uses_group_dead ? 1 : kMaxExitClaims);
  bpf_map__set_max_entries(skeleton.maps.judged_processes, 2 * plan.max_judged);
}

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

void SkeletonDeleter::operator()(process_bpf* skeleton) const { process_bpf__destroy(skeleton); }

Status Attach(process_bpf& skeleton) {
  const LibbpfLog log;
  if (Status attached = AttachAll(HooksOf(skeleton)); !attached) return attached;
  return AttachAll(std::array{Hook{skeleton.progs.snapshot, &skeleton.links.snapshot}});
}

Status PinHooks(BpfPins& pins, process_bpf& skeleton, uint64_t generation) {
  for (const auto& [program, link] : HooksOf(skeleton)) {
    if (*link == nullptr) continue;
    Status pinned = pins.PinLink(generation, bpf_program__name(program), bpf_link__fd(*link));
    if (!pinned) return pinned;
  }
  return Ok{};
}

void DetachHooks(process_bpf& skeleton) {
  for (const Hook& hook : HooksOf(skeleton)) bpf_link__destroy(std::exchange(*hook.link, nullptr));
}

uint64_t MissedCalls(process_bpf& skeleton) {
  uint64_t missed = 0;
  for (const Hook& hook : HooksOf(skeleton)) {
    bpf_prog_info info{};
    uint32_t bytes = sizeof(info);
    const int program = bpf_program__fd(hook.program);  // negative where it is not loaded
    if (program >= 0 && bpf_obj_get_info_by_fd(program, &info, &bytes) == 0) {
      missed += info.recursion_misses;
    }
  }
  return missed;
}

}  // namespace daybook
