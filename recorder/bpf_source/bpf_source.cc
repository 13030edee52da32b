#include "bpf_source/bpf_source.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/membarrier.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bpf/events.h"
#include "bpf_source/bpf_counters.h"
#include "bpf_source/bpf_decode.h"
#include "bpf_source/bpf_pins.h"
#include "bpf_source/bpf_program.h"
#include "bpf_source/bpf_snapshot.h"
#include "bpf_source/event_detail.h"
#include "bpf_source/predecessor.h"
#include "bpf_source/ring_buffer.h"
#include "proc/cgroup_paths.h"
#include "proc/host.h"
#include "process.skel.h"
#include "system/clocks.h"
#include "system/file_descriptor.h"
#include "system/run_id.h"

namespace daybook {
namespace {

// Killed in between, the next recorder judges anew, whatever its filter is.
Status PinNewVerdicts(process_bpf& skeleton, const LoadPlan& plan, BpfPins& pins) {
  auto& shared = skeleton.bss->shared;
  const uint64_t judging_before = std::exchange(shared.judging_filter, 0);
  if (Status replaced = ReplaceVerdicts(pins, skeleton); !replaced) {
    shared.judging_filter = judging_before;
    return replaced;
  }
  shared.unjudged_filter = 0;
  shared.judging_filter = plan.judging_filter;
  return Ok{};
}

Status PinAll(process_bpf& skeleton, const LoadPlan& plan, BpfPins& pins,
              const Predecessor& predecessor) {
  if (Status pinned = PinHooks(pins, skeleton, plan.generation); !pinned) return pinned;
  if (predecessor.judges_alike()) return Ok{};
  if (predecessor.exists()) return PinNewVerdicts(skeleton, plan, pins);
  skeleton.bss->shared.judging_filter = plan.judging_filter;
  return PinMaps(pins, skeleton);
}

// From one moment to the next these hooks record, and those before them do not. Everything that
// this recorder needs stands by then, so that another one can take over at any moment.
Status Activate(process_bpf& skeleton, const LoadPlan& plan, uint32_t beside_types, BpfPins* pins,
                const Predecessor& predecessor, BpfCounters& counters) {
  auto& shared = skeleton.bss->shared;
  if (predecessor.exists()) {
    // From here on both are called, wherever something happens.
    const bool both_are_called = syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0;
    if (both_are_called) counters.ForgetTellers();
    shared.tells_apart = both_are_called ? 1 : 0;
  }
  if (pins != nullptr) {
    if (Status pinned = PinAll(skeleton, plan, *pins, predecessor); !pinned) return pinned;
  }
  // The log tells of both with START alone.
  if (predecessor.has_untold_filter()) shared.told_filter = 0;
  if (predecessor.tells_less_than_told()) shared.told_detail = kUnknownDetail;
  shared.active_filter = plan.filter;
  shared.active_detail = plan.detail;
  shared.beside_types |= beside_types;
  __atomic_store_n(&shared.active, plan.generation, __ATOMIC_RELEASE);
  if (pins == nullptr) return Ok{};
  // These record now, whatever is left of the older ones: to give up would leave nobody.
  if (Status removed = pins->RemoveLinks(plan.generation); !removed) {
    std::fprintf(stderr, "daybookd: %s; going on\n", removed.error().message().c_str());
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

// Which of each pair.
template <class State>  // volatile or not
uint64_t Holding(const State& state) {
  return state.committed % 2;
}

// The one that the filter follows, or of id 0.
Result<FoundCgroup> ChooseCgroups(const BpfSourceOptions& options) {
  auto hierarchies =
      options.cgroups ? std::vector{*options.cgroups} : FindCgroupHierarchies(options.proc_root);
  const std::string& path = options.filter.only_cgroup;
  if (!path.empty()) return FindCgroup(path, hierarchies);
  return FoundCgroup{.hierarchy = hierarchies.empty() ? CgroupHierarchy() : hierarchies.front()};
}

Result<LoadPlan> MakePlan(const BpfSourceOptions& options) {
  // Not how many there can be, which is smaller where numbers are left out.
  const auto cpu_numbers_end = CpuNumbersEnd();
  const int possible_cpus = libbpf_num_possible_cpus();
  if (!cpu_numbers_end || possible_cpus <= 0) {
    return Error("the kernel does not say which CPUs there can be: /sys must be there");
  }
  const auto cgroups = ChooseCgroups(options);
  if (!cgroups) return cgroups.error();
  const uint64_t followed_log_id = cgroups->hierarchy.ToLogId(cgroups->id);
  return LoadPlan{.ring_bytes = options.ring_bytes.value_or(
                      DefaultRingBytes(static_cast<unsigned>(possible_cpus))),
                  .cpu_numbers_end = *cpu_numbers_end,
                  .uses_group_dead = !options.assume_no_group_dead && KernelTellsGroupDead(),
                  .cgroups = cgroups->hierarchy,
                  .followed_cgroup_id = cgroups->id,
                  .max_judged = options.filter.LeavesOutProcesses() ? options.max_judged : 1,
                  .judging_filter = JudgingFilterHash(options.filter, followed_log_id),
                  .filter = FilterHash(options.filter, followed_log_id),
                  .detail = EventDetail(options)};
}

}  // namespace

class BpfSource::Impl {
 public:
  Impl(BpfSourceOptions options, const LoadPlan& plan, std::optional<BpfPins> pins,
       const Predecessor& predecessor, uint64_t since_ns, Skeleton skeleton, RingMapping ring,
       BpfCounters counters, FileDescriptor wakeups)
      : options_(std::move(options)),
        plan_(plan),
        pins_(std::move(pins)),
        leaves_pins_(predecessor.exists()),
        predecessor_(predecessor.state()),
        run_id_(predecessor_.committed != 0 ? predecessor_.run_id : NewRunId()),
        // Before its begin the log tells of nothing.
        lacks_what_was_asked_for_(
            (predecessor.has_untold_filter() || predecessor.tells_less_than_told()) &&
            predecessor_.committed != 0),
        continues_(predecessor.exists()),
        since_ns_(since_ns),
        skeleton_(std::move(skeleton)),
        ring_(std::move(ring)),
        reader_(ring_.reader()),
        counters_(std::move(counters)),
        wakeups_(std::move(wakeups)),
        snapshot_(options_, plan_.cgroups, bpf_link__fd(skeleton_->links.snapshot)),
        batch_(AwaitedReaps(TellsReaps(options_), continues_ ? BootTimeNs() : 0)),
        drain_(reader_, batch_),
        unsettled_before_drain_(LostOfLives()),
        settled_(unsettled_before_drain_) {}

  int wake_fd() const { return wakeups_.get(); }
  const LoadPlan& plan() const { return plan_; }
  const BpfSourceOptions& options() const { return options_; }
  bool continues() const { return continues_; }
  uint64_t since_ns() const { return since_ns_; }
  uint64_t run_id() const { return run_id_; }
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
    totals.lost.others += predecessor_.unwritten[Holding(predecessor_)] + damaged_ + missed_;
    // Also what the recorder before this one left out.
    const FilteredEvents filtered = {.forks = counters_.Sum(&cpu_counters::forks_filtered),
                                     .execs = counters_.Sum(&cpu_counters::execs_filtered),
                                     .exits = counters_.Sum(&cpu_counters::exits_filtered),
                                     .others = counters_.Sum(&cpu_counters::others_filtered)};
    if (options_.filter.LeavesOutAnything() || filtered.Sum() != 0) totals.filtered = filtered;
    return totals;
  }

  // One that never committed has written nothing.
  std::optional<uint64_t> uncommitted_seq() const {
    const uint64_t next_seq = predecessor_.committed / 2;
    return next_seq == 0 ? std::nullopt : std::optional(next_seq);
  }

  bool lacks_what_was_between() const {
    return lacks_what_was_asked_for_ || (predecessor_.beside_types & options_.beside_types) != 0;
  }

  // Killed in between, the next recorder looks for events and losses in the log in vain rather than
  // not at all.
  void Commit(const EventSource::Progress& progress) {
    // Who takes over must be told of both batches again, or of neither: else he would find reaps
    // whose ends he does not know.
    if (batch_.took_from_next()) return;
    auto& shared = skeleton_->bss->shared;
    const uint64_t now = Holding(shared);
    const uint64_t next = 1 - now;
    leaves_pins_ = leaves_pins_ || !is_stopped();
    if (progress.unwritten > shared.unwritten[now])
      Store(shared.unwritten[now], progress.unwritten);
    reader_.Commit();
    // Not before: until now what was taken has filled the ring.
    if (!has_more()) SetFlag(shared.high_water_armed, 1);
    shared.unwritten[next] = progress.unwritten;
    counters_.SetTold(next, progress.told.lost_by_cpu);
    const Id128& stream = progress.log.stream_id;
    if (stream != Id128{}) {  // START is written, too
      std::ranges::copy(stream.bytes, std::begin(shared.log_stream));
      shared.run_id = run_id_;
      shared.told_filter = plan_.filter;
      shared.told_detail = plan_.detail;
      shared.beside_types = options_.beside_types;
    }
    Store(shared.committed, 2 * progress.log.next_seq + next);
  }

  bool PrepareToSleep() {
    SetFlag(skeleton_->bss->shared.idle, 1);
    // The flag before the look at the ring: see wake_if_wanted() in process.bpf.c.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (reader_.WaitingBytes() == 0) return true;
    SetFlag(skeleton_->bss->shared.idle, 0);
    return false;
  }

  size_t Drain(EventSink& sink) {
    ForgetWakeup();
    SetFlag(skeleton_->bss->shared.idle, 0);
    unsettled_before_drain_ = LostOfLives();
    missed_ = MissedCalls(*skeleton_);
    const RingDrain::Drained drained = drain_.Next(sink);
    damaged_ += drained.damaged;
    return drained.count;
  }
  bool has_more() const { return drain_.has_more(); }

  // The hooks only: snapshots may still be taken. A recorder that found them inactive could not
  // know since when.
  void Stop() {
    Store(skeleton_->bss->shared.active, 0);
    // What a hook has begun to tell is in the ring then.
    syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
    DetachHooks(*skeleton_);
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

  // While it still loses it could not settle for long, and would add to the load.
  bool WantsResync() const {
    const uint64_t lost = LostOfLives();
    return lost != settled_ && lost == unsettled_before_drain_;
  }

  // What is lost while it is taken is in doubt after it, too.
  Status Snapshot(SnapshotSink& sink) {
    const uint64_t settled = unsettled_before_drain_;
    if (Status taken = snapshot_.Take(sink); !taken) return taken;
    settled_ = settled;
    return Ok{};
  }
  const BpfSnapshot& snapshot() const { return snapshot_; }

 private:
  static void SetFlag(volatile uint32_t& flag, uint32_t value) {
    __atomic_store_n(&flag, value, __ATOMIC_RELAXED);
  }

  // Events without which the log does not know who lives.
  uint64_t LostOfLives() const {
    return counters_.Sum(&cpu_counters::forks_lost) + counters_.Sum(&cpu_counters::exits_lost) +
           missed_;
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

  BpfSourceOptions options_;
  LoadPlan plan_;
  std::optional<BpfPins> pins_;
  // Unless it is stopped. One that ends before it has recorded leaves none of its own.
  bool leaves_pins_;
  shared_state predecessor_;
  uint64_t run_id_;
  bool lacks_what_was_asked_for_;
  bool continues_;
  uint64_t since_ns_;
  Skeleton skeleton_;
  RingMapping ring_;
  RingReader reader_;
  BpfCounters counters_;
  FileDescriptor wakeups_;
  BpfSnapshot snapshot_;
  EventBatch batch_;
  RingDrain drain_;
  uint64_t damaged_ = 0;
  uint64_t missed_ = 0;                  // as of the last Drain()
  uint64_t unsettled_before_drain_ = 0;  // LostOfLives() then
  uint64_t settled_ = 0;                 // the same, before the last Snapshot()
};

Result<std::unique_ptr<BpfSource>> BpfSource::Open(const BpfSourceOptions& options,
                                                   std::optional<BpfPins> pins) {
  if (const Status status = CheckRequirements(options); !status) return status.error();
  auto plan = MakePlan(options);
  if (!plan) return std::move(plan).error();
  BpfPins* const folder = pins ? &*pins : nullptr;
  const auto predecessor = Predecessor::Find(folder, options, *plan);
  if (!predecessor) return predecessor.error();
  Result<Skeleton> skeleton = Load(options, *plan, predecessor->maps());
  if (!skeleton) return skeleton.error();
  const int ring_fd = bpf_map__fd((*skeleton)->maps.events);
  Result<RingMapping> ring = RingMapping::Map(ring_fd, plan->ring_bytes);
  if (!ring) return ring.error();
  Result<BpfCounters> counters =
      BpfCounters::Map(bpf_map__fd((*skeleton)->maps.counters), plan->cpu_numbers_end,
                       Holding(predecessor->state()));
  if (!counters) return counters.error();
  Result<FileDescriptor> wakeups = WakeupsOf(ring_fd);
  if (!wakeups) return wakeups.error();
  if (const Status status = Attach(**skeleton); !status) return status.error();
  const uint64_t since_ns = BootTimeNs();
  if (const Status active =
          Activate(**skeleton, *plan, options.beside_types, folder, *predecessor, *counters);
      !active) {
    // As it was before.
    if (predecessor->exists()) (void)folder->RemoveLinks(predecessor->state().active);
    if (folder != nullptr && !predecessor->exists()) {
      (void)Predecessor::RemoveAll(*folder, **skeleton);
    }
    return active.error();
  }
  auto impl = std::make_unique<Impl>(options, *plan, std::move(pins), *predecessor, since_ns,
                                     *std::move(skeleton), *std::move(ring), *std::move(counters),
                                     *std::move(wakeups));
  return std::unique_ptr<BpfSource>(new BpfSource(std::move(impl)));
}

BpfSource::BpfSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BpfSource::~BpfSource() = default;

std::string_view BpfSource::name() const { return "bpf"; }
int BpfSource::wake_fd() const { return impl_->wake_fd(); }
bool BpfSource::PrepareToSleep() { return impl_->PrepareToSleep(); }
Result<size_t> BpfSource::Drain(EventSink& sink) { return impl_->Drain(sink); }
bool BpfSource::has_more() const { return impl_->has_more(); }
void BpfSource::Stop() { impl_->Stop(); }
void BpfSource::HandOver() { impl_->HandOver(); }
bool BpfSource::exhausted() const { return false; }
Status BpfSource::Snapshot(SnapshotSink& sink) { return impl_->Snapshot(sink); }
bool BpfSource::WantsResync() const { return impl_->WantsResync(); }
void BpfSource::TellCgroups(const std::function<void(const CgroupPath&)>& take) {
  impl_->snapshot().TellCgroups(take);
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

std::string_view BpfSource::lacks_where_others_are_hidden() const {
  return impl_->snapshot().has_iterator() ? std::string_view() : kLacksWhoWasThere;
}

uint64_t BpfSource::threads_seen() const {
  return impl_->counters().Sum(&cpu_counters::threads_seen);
}

SourceCounters BpfSource::counters() const { return impl_->Counters(); }
std::optional<uint64_t> BpfSource::recording_since_ns() const { return impl_->since_ns(); }
bool BpfSource::continues() const { return impl_->continues(); }
bool BpfSource::lacks_what_was_between() const { return impl_->lacks_what_was_between(); }
std::optional<uint64_t> BpfSource::run_id() const { return impl_->run_id(); }
std::optional<uint64_t> BpfSource::uncommitted_seq() const { return impl_->uncommitted_seq(); }
void BpfSource::Commit(const Progress& progress) { impl_->Commit(progress); }

}  // namespace daybook
