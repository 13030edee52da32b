#include "log/auditor.h"

#include <string_view>

#include "proc/host.h"
#include "proc/proc_scan.h"
#include "system/clocks.h"

namespace daybook {
namespace {

// A crash leaves the forks of so long uncounted.
constexpr uint64_t kCountIntervalNs = 1'000'000'000;

class Counting : public SnapshotSink {
 public:
  void OnProcess(const SnapProc&) override { ++count; }
  bool wants_args() const override { return false; }
  uint64_t count = 0;
};

bool IsSameMoment(const SourceCounters& before, const SourceCounters& after) {
  return before.forks_seen == after.forks_seen && before.exits_seen == after.exits_seen;
}

uint64_t AheadOf(const Audit& audit) { return *audit.kernel_forks - *audit.forks_seen; }

}  // namespace

bool Auditor::ShowsAllLiving() const {
  const std::string_view missing = source_.lacks_where_others_are_hidden();
  return missing.empty() || CheckShowsOthers(missing, root_ + "/proc").has_value();
}

Audit Auditor::Count() const {
  const SourceCounters counters = source_.counters();
  return {.time_ns = source_.ReadClock().time_ns,
          .forks_seen = counters.forks_seen,
          .execs_seen = counters.execs_seen,
          .exits_seen = counters.exits_seen,
          .filtered = counters.filtered ? std::optional(counters.filtered->Sum()) : std::nullopt};
}

// The kernel counts a fork just before its tracepoint, and perhaps more of them after the hooks'
// count was read: the smallest difference is the right one, or the nearest. On large machines one
// look takes milliseconds, in which nobody may wait for the source.
Audit Auditor::CountForks(Otherwise otherwise) {
  constexpr uint64_t kPatienceNs = 5'000'000;
  constexpr int kEnough = 3;
  Audit best = Count();
  if (!best.forks_seen) return best;
  int moments = 0;
  const uint64_t end_ns = BootTimeNs() + kPatienceNs;
  do {
    Audit audit = Count();
    audit.kernel_forks = KernelForks(root_);
    if (!audit.kernel_forks) return audit;
    if (!best.kernel_forks || AheadOf(audit) < AheadOf(best)) best = audit;
    if (source_.counters().forks_seen == audit.forks_seen) ++moments;
  } while (moments < kEnough && BootTimeNs() < end_ns);
  if (moments > 0) is_ahead_known_ = true;
  if (moments == 0 && otherwise == Otherwise::kUnknown) best.kernel_forks.reset();
  return best;
}

// The kernel's count differs from the hooks' by the same number at any moment.
Audit Auditor::WithKernelForks(Audit moment, const Audit& counted) {
  if (counted.kernel_forks && moment.forks_seen) {
    moment.kernel_forks = *counted.kernel_forks + (*moment.forks_seen - *counted.forks_seen);
  }
  return moment;
}

Audit Auditor::CountForksAt(const Audit& earlier) { return WithKernelForks(earlier, CountForks()); }

// The same until it is known once: how far the kernel's count is ahead never changes.
Audit Auditor::CountForksOnceAt(const Audit& earlier) {
  return is_ahead_known_ ? earlier : CountForksAt(earlier);
}

// Not while who lives is about to be settled anyway.
std::optional<Audit> Auditor::CountIfDue(uint64_t now_ns, const Audit& before_drain) {
  if (!source_.counters().forks_seen || source_.WantsResync()) return std::nullopt;
  std::optional<Audit> audit;
  if (is_unaudited_ && now_ns - last_audit_ns_ >= audit_interval_ns_) {
    audit = CountAll();
    last_audit_ns_ = last_count_ns_ = now_ns;
    is_uncounted_ = is_unaudited_ = false;
  } else if (is_uncounted_ && now_ns - last_count_ns_ >= kCountIntervalNs) {
    last_count_ns_ = now_ns;
    is_uncounted_ = false;
    audit = CountForksOnceAt(before_drain);
  }
  return audit;
}

// And the living processes, by the kernel and by the log; unknown where a filter leaves out some of
// them, or some are hidden.
Audit Auditor::CountAll() {
  Audit audit = CountForks();
  if (!source_.tells_every_life() || !ShowsAllLiving()) return audit;
  if (const auto living = CountLiving()) {
    audit.living = living->by_kernel;
    audit.living_in_log = living->by_log;
  }
  return audit;
}

// A process that is just ending may be in one of them alone: only what is seen again counts.
std::optional<Auditor::Living> Auditor::CountLiving() {
  constexpr int kAttempts = 5;
  std::optional<Living> seen;
  for (int i = 0; i < kAttempts; ++i) {
    const SourceCounters before = source_.counters();
    if (!before.exits_seen) return std::nullopt;
    drain_();
    if (source_.WantsResync()) return std::nullopt;  // which a snapshot that is not kept would end
    Counting kernel;
    if (!source_.Snapshot(kernel)) return std::nullopt;
    drain_();
    if (!IsSameMoment(before, source_.counters())) continue;
    const Living now{.by_kernel = kernel.count, .by_log = living_.size()};
    const bool is_again = seen && seen->by_kernel - seen->by_log == now.by_kernel - now.by_log;
    if (now.by_kernel == now.by_log || is_again) return now;
    seen = now;
  }
  return std::nullopt;
}

}  // namespace daybook
