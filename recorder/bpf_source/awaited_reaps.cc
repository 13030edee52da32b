#include "bpf_source/awaited_reaps.h"

#include <algorithm>
#include <utility>

namespace daybook {
namespace {

// So many of the newest zombies are remembered at least; the reaps of older ones are not told, and
// reports count their ends among those whose reap is late or unseen. Twice as many at most, in 3
// MiB.
constexpr size_t kMinAwaited = 32768;

}  // namespace

void AwaitedReaps::Await(const exit_event& exit) {
  if (!reaps_are_told_) return;
  younger_.insert({exit.start_ns, exit.pid});
  last_start_ns_ = std::max(last_start_ns_, exit.start_ns);
  if (younger_.size() >= kMinAwaited) older_ = std::exchange(younger_, {});
}

bool AwaitedReaps::IsAwaited(const reap_event& reap) const {
  if (reap.start_ns > last_start_ns_) return false;
  const Process process{reap.start_ns, reap.pid};
  return younger_.contains(process) || older_.contains(process);
}

bool AwaitedReaps::IsLate(const reap_event& reap) {
  if (!IsAwaited(reap)) return reap.start_ns < others_until_ns_;
  const Process process{reap.start_ns, reap.pid};
  younger_.erase(process);
  older_.erase(process);
  return true;
}

}  // namespace daybook
