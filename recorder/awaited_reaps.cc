#include "awaited_reaps.h"

#include <algorithm>
#include <utility>

namespace daybook {
namespace {

// So many of the newest zombies are remembered at least; the reaps of older ones are not told.
constexpr size_t kMinAwaited = 65536;

}  // namespace

// Another process that had the pid before has been reaped, whether that was seen or not.
void AwaitedReaps::Await(const exit_event& exit) {
  if (!reaps_are_told_) return;
  older_.erase(exit.pid);
  younger_[exit.pid] = exit.start_ns;
  last_start_ns_ = std::max(last_start_ns_, exit.start_ns);
  if (younger_.size() >= kMinAwaited) older_ = std::exchange(younger_, {});
}

bool AwaitedReaps::IsAwaited(const reap_event& reap) const {
  if (reap.start_ns > last_start_ns_) return false;
  for (const Starts* starts : {&younger_, &older_}) {
    const auto found = starts->find(reap.pid);
    if (found != starts->end() && found->second == reap.start_ns) return true;
  }
  return false;
}

bool AwaitedReaps::IsLate(const reap_event& reap) {
  if (!IsAwaited(reap)) return reap.start_ns < others_until_ns_;
  younger_.erase(reap.pid);
  older_.erase(reap.pid);
  return true;
}

}  // namespace daybook
