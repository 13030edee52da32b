#include "cascades.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "life_cells.h"

namespace daybook {
namespace {

// Others end a process that did nothing wrong.
bool IsUsualSignal(uint32_t signal) {
  return signal == SIGHUP || signal == SIGINT || signal == SIGTERM || signal == SIGPIPE;
}

Death DeathOf(const Boot& boot, const Life& life, std::shared_ptr<const JobRun> run) {
  Death death{.boot = &boot,
              .run = std::move(run),
              .pid = life.pid,
              .start_ns = life.start_ns,
              .end_ns = life.end_ns.value_or(life.last_seen_ns),
              .wait_status = life.wait_status.value_or(0),
              .flags = life.flags,
              .is_abnormal = IsAbnormal(life),
              .comm = life.identity.comm.value_or(""),
              .args = {}};
  const Cell cell = ArgumentsCell(life);
  if (const auto* text = std::get_if<Text>(&cell)) death.args.assign(text->bytes);
  return death;
}

}  // namespace

bool IsAbnormal(const Life& life) {
  const uint32_t status = life.wait_status.value_or(0);
  const uint32_t signal = status & kSignalMask;
  const bool is_oom_kill = (life.flags & kProcOomKilled) != 0;
  return is_oom_kill || (status & kCoreBit) != 0 || (signal != 0 && !IsUsualSignal(signal));
}

void Cascades::Take(const Boot& boot, const Life& life, std::shared_ptr<const JobRun> run) {
  if (!deaths_.empty() && deaths_.back().boot != &boot) Finish();
  Death death = DeathOf(boot, life, std::move(run));
  const auto place = std::ranges::upper_bound(deaths_, death.end_ns, {}, &Death::end_ns);
  deaths_.insert(place, std::move(death));
  SettleUntil(deaths_.back().end_ns);
}

void Cascades::Finish() {
  while (!deaths_.empty()) SettleFirst();
}

// Whatever is still to come is not of the time of those that are settled.
void Cascades::SettleUntil(uint64_t time_ns) {
  while (!deaths_.empty() && time_ns - deaths_.front().end_ns > 2 * kCascadeNs) SettleFirst();
}

void Cascades::SettleFirst() {
  Death first = std::move(deaths_.front());
  deaths_.pop_front();
  if (!first.is_abnormal || first.is_follower) return;
  std::vector<Death*> followers;
  for (Death& death : deaths_) {
    if (death.end_ns - first.end_ns > kCascadeNs) break;
    if (death.run == first.run && death.start_ns < first.end_ns) followers.push_back(&death);
  }
  if (followers.size() < kLeastFollowers) return;
  for (Death* follower : followers) follower->is_follower = true;
  const uint64_t last_ns = followers.back()->end_ns;
  found_.push_back({std::move(first), followers.size(), last_ns});
}

}  // namespace daybook
