#include "groups/cascades.h"

#include <algorithm>
#include <utility>

#include "columns/abnormal_end.h"
#include "columns/life_cells.h"

namespace daybook {
namespace {

Death DeathOf(const Boot& boot, const Life& life, LocalPointer<const JobRun> run) {
  return {.boot = &boot,
          .run = std::move(run),
          .pid = life.pid,
          .start_ns = life.start_ns,
          .end_ns = life.end_ns.value_or(life.last_seen_ns),
          .wait_status = life.wait_status.value_or(0),
          .flags = life.flags,
          .is_abnormal = IsAbnormal(life),
          .comm = life.identity.comm.value_or(""),
          .args = std::string(ArgumentsOf(life))};
}

}  // namespace

void Cascades::Take(const Boot& boot, const Life& life, LocalPointer<const JobRun> run) {
  if (!deaths_.empty() && deaths_.begin()->second.boot != &boot) Finish();
  RunDeaths& of_run = runs_[run.get()];
  Death death = DeathOf(boot, life, std::move(run));
  ++of_run.count;
  Add({death.start_ns, death.end_ns}, &of_run);
  deaths_.emplace(death.end_ns, std::move(death));
  SettleUntil(deaths_.rbegin()->first);
}

void Cascades::Finish() {
  while (!deaths_.empty()) SettleFirst();
}

// Whatever is still to come is not of the time of those that are settled.
void Cascades::SettleUntil(uint64_t time_ns) {
  while (!deaths_.empty() && time_ns - deaths_.begin()->first > 2 * kCascadeNs) SettleFirst();
}

void Cascades::SettleFirst() {
  Death first = std::move(deaths_.extract(deaths_.begin()).mapped());
  const auto run = runs_.find(first.run.get());
  Judge(&first, &run->second);
  if (--run->second.count == 0) runs_.erase(run);
}

void Cascades::Add(const Span& span, RunDeaths* run) {
  if (span.end_ns <= run->near_until_ns) {
    run->near.push(span);
  } else {
    run->far.emplace(span.end_ns, span.start_ns);
  }
}

// Each death comes near once, and is born once.
void Cascades::MoveTo(uint64_t time_ns, RunDeaths* run) {
  run->near_until_ns =
      std::max(run->near_until_ns, time_ns + std::min(kCascadeNs, UINT64_MAX - time_ns));
  while (!run->far.empty() && run->far.begin()->first <= run->near_until_ns) {
    const auto [end_ns, start_ns] = *run->far.begin();
    run->far.erase(run->far.begin());
    run->near.push({start_ns, end_ns});
  }
  for (; !run->near.empty() && run->near.top().start_ns < time_ns; run->near.pop()) {
    const uint64_t end_ns = run->near.top().end_ns;
    if (end_ns >= time_ns) run->followers.insert(end_ns);
  }
}

// One that was alive when a cascade began follows its first death; of two that began before, the
// later one is nearer and had more of them.
void Cascades::Judge(Death* first, RunDeaths* run) {
  const uint64_t time_ns = first->end_ns;
  MoveTo(time_ns, run);
  const auto own = run->followers.find(time_ns);
  if (first->start_ns < time_ns && own != run->followers.end()) run->followers.erase(own);
  const bool is_follower = run->cascade_ns && first->start_ns < *run->cascade_ns &&
                           time_ns - *run->cascade_ns <= kCascadeNs;
  if (!first->is_abnormal || is_follower || run->followers.size() < kLeastFollowers) return;
  run->cascade_ns = time_ns;
  found_.push_back({std::move(*first), run->followers.size(), *run->followers.rbegin()});
}

}  // namespace daybook
