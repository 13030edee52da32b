#include "switches.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <span>
#include <utility>

#include "bpf/events.h"
#include "bpf_source/bpf_counters.h"
#include "bpf_source/bpf_program.h"
#include "bpf_source/bpf_source.h"
#include "bpf_source/event_detail.h"
#include "bpf_source/pinned_maps.h"
#include "bpf_source/ring_buffer.h"
#include "connector/connector_socket.h"
#include "connector/connector_source.h"
#include "proc/cgroup_paths.h"
#include "proc/host.h"
#include "process.skel.h"
#include "sources/filter.h"
#include "sources/source.h"
#include "system/file_descriptor.h"

namespace daybook {
namespace {

class Accounting : public Switch {
 public:
  static Result<std::unique_ptr<Switch>> Make(const std::string& file) {
    const FileDescriptor made(open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (made.get() < 0) return Error::FromErrno(file, errno);
    return std::unique_ptr<Switch>(new Accounting(file));
  }

  Accounting(const Accounting&) = delete;
  Accounting& operator=(const Accounting&) = delete;
  ~Accounting() override { (void)acct(nullptr); }

  Status On() override { return Call(file_.c_str()); }
  Status Off() override { return Call(nullptr); }

 private:
  explicit Accounting(std::string file) : file_(std::move(file)) {}

  static Status Call(const char* file) {
    if (acct(file) != 0) return Error::FromErrno("acct", errno);
    return Ok{};
  }

  std::string file_;
};

class Connector : public Switch {
 public:
  Status On() override {
    auto socket =
        ConnectorSocket::Open(ConnectorSocket::kUnfiltered, ConnectorSourceOptions().buffer_bytes);
    if (!socket) return socket.error();
    socket_.emplace(*std::move(socket));
    return Ok{};
  }

  Status Off() override {
    socket_->Stop();
    return Ok{};
  }

  Result<uint64_t> TakeEvents() override {
    uint64_t events = 0;
    const auto all = socket_->Receive([&events](const ConnectorEvent&) { ++events; });
    if (!all) return all.error();
    if (!*all) return Error("the connector's buffer was full");
    return events;
  }

 private:
  std::optional<ConnectorSocket> socket_;
};

Result<LoadPlan> MakePlan(const BpfSourceOptions& options) {
  const auto cpu_numbers_end = CpuNumbersEnd();
  const int possible_cpus = libbpf_num_possible_cpus();
  if (!cpu_numbers_end || possible_cpus <= 0) {
    return Error("the kernel does not say which CPUs there can be");
  }
  const auto hierarchies = FindCgroupHierarchies();
  return LoadPlan{.ring_bytes = DefaultRingBytes(static_cast<unsigned>(possible_cpus)),
                  .cpu_numbers_end = *cpu_numbers_end,
                  .uses_group_dead = KernelTellsGroupDead(),
                  .cgroups = hierarchies.empty() ? CgroupHierarchy() : hierarchies.front(),
                  .followed_cgroup_id = 0,
                  .max_judged = options.filter.LeavesOutProcesses() ? options.max_judged : 1,
                  .judging_filter = JudgingFilterHash(options.filter, 0),
                  .filter = FilterHash(options.filter, 0),
                  .detail = EventDetail(options)};
}

enum class Activity { kActive, kNotYetActive };

class Hooks : public Switch {
 public:
  static Result<std::unique_ptr<Switch>> Make(const BpfSourceOptions& options, Activity activity) {
    const auto plan = MakePlan(options);
    if (!plan) return plan.error();
    auto skeleton = Load(options, *plan, PinnedMaps());
    if (!skeleton) return skeleton.error();
    auto ring = RingMapping::Map(bpf_map__fd((*skeleton)->maps.events), plan->ring_bytes);
    if (!ring) return ring.error();
    auto counters =
        BpfCounters::Map(bpf_map__fd((*skeleton)->maps.counters), plan->cpu_numbers_end, 0);
    if (!counters) return counters.error();
    if (activity == Activity::kActive) (*skeleton)->bss->shared.active = plan->generation;
    return std::unique_ptr<Switch>(
        new Hooks(*std::move(skeleton), *std::move(ring), *std::move(counters)));
  }

  // All that is loaded but the iterator, which is no hook.
  Status On() override {
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, skeleton_->obj) {
      if (!IsHook(program)) continue;
      links_.emplace_back(bpf_program__attach(program));
      if (!links_.back()) return Error::FromErrno(bpf_program__name(program), errno);
    }
    return Ok{};
  }

  Status Off() override {
    links_.clear();
    return Ok{};
  }

  Result<uint64_t> TakeEvents() override {
    const auto peeked = reader_.Peek(UINT64_MAX, [](std::span<const std::byte>) {});
    reader_.Take();
    reader_.Commit();
    // Else the hooks would have less to look at from now on.
    if (std::exchange(skeleton_->bss->shared.high_water_armed, 1) == 0) {
      return Error("a quarter of the ring was full");
    }
    for (const LostCounts& lost : counters_.Lost()) {
      if (lost.Sum() != 0) return Error("the ring was full");
    }
    return peeked.count;
  }

  std::vector<ProgramTime> ProgramTimes() const override {
    std::vector<ProgramTime> times;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, skeleton_->obj) {
      bpf_prog_info info{};
      uint32_t info_bytes = sizeof(info);
      if (!IsHook(program) ||
          bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &info_bytes) != 0) {
        continue;
      }
      times.push_back({bpf_program__name(program), info.run_cnt, info.run_time_ns});
    }
    return times;
  }

 private:
  struct LinkDeleter {
    void operator()(bpf_link* link) const { bpf_link__destroy(link); }
  };

  Hooks(Skeleton skeleton, RingMapping ring, BpfCounters counters)
      : skeleton_(std::move(skeleton)),
        ring_(std::move(ring)),
        reader_(ring_.reader()),
        counters_(std::move(counters)) {}

  static bool IsHook(const bpf_program* program) {
    return bpf_program__autoload(program) &&
           std::string_view(bpf_program__section_name(program)).starts_with("tp_btf/");
  }

  Skeleton skeleton_;
  RingMapping ring_;
  RingReader reader_;
  BpfCounters counters_;
  std::vector<std::unique_ptr<bpf_link, LinkDeleter>> links_;
};

}  // namespace

Result<std::unique_ptr<Switch>> MakeSwitch(std::string_view setting, const std::string& folder) {
  if (setting == "acct") return Accounting::Make(folder + "/pacct");
  if (setting == "connector") return std::unique_ptr<Switch>(std::make_unique<Connector>());
  BpfSourceOptions options;
  if (setting == "attached") return Hooks::Make(options, Activity::kNotYetActive);
  if (setting == "fast") {
    options.exact_usage = false;
  } else if (setting == "exits") {
    options.filter.events = kTypeExit;
  } else if (setting == "failed") {
    options.filter.only_failed = true;
  } else if (setting == "noargs") {
    options.args = ArgsCapture::kNone;
    options.args_limit = 0;
  } else if (setting != "exact") {
    return Error("no such setting");
  }
  return Hooks::Make(options, Activity::kActive);
}

}  // namespace daybook
