#include "totals/job_totals.h"

#include <algorithm>

namespace daybook {
namespace {

bool HasAllAncestors(const Life& life) {
  const Life* at = &life;
  for (size_t steps = 0; steps < kMaxAncestors && at->parent.get() != nullptr; ++steps) {
    at = at->parent.get();
  }
  return IsFirst(*at);
}

}  // namespace

void RunSpan::Add(const RunSpan& other) {
  first_ns = std::min(first_ns, other.first_ns);
  last_ns = std::max(last_ns, other.last_ns);
}

void RunTimes::Add(const Boot& boot, const RunSpan& span, bool is_over) {
  RunTimes one{.runs = 1, .us = {}, .longest_us = {}, .first_ns = {}, .last_ns = {}};
  if (is_over) one.longest_us = (span.last_ns - std::min(span.first_ns, span.last_ns)) / 1000;
  one.us.Add(one.longest_us);
  one.first_ns = boot.clock.ToRealtime(span.first_ns);
  one.last_ns = boot.clock.ToRealtime(span.last_ns);
  Merge(one);
}

void RunTimes::Merge(const RunTimes& other) {
  runs += other.runs;
  us.Merge(other.us);
  longest_us = std::max(longest_us, other.longest_us);  // unknown is less than any
  if (other.first_ns) first_ns = std::min(first_ns.value_or(*other.first_ns), *other.first_ns);
  last_ns = std::max(last_ns, other.last_ns);
}

void JobTotals::Add(const Life& life) {
  totals.Add(life);
  orphaned += life.ppid && life.exit_ppid && *life.ppid != *life.exit_ppid;
  incomplete += !HasAllAncestors(life);
}

void JobTotals::Merge(const JobTotals& other) {
  totals.Merge(other.totals);
  orphaned += other.orphaned;
  incomplete += other.incomplete;
}

void RunTotals::Add(const Boot& boot, const Life& life, bool is_alone) {
  JobTotals::Add(life);
  const RunSpan of_life{.first_ns = life.start_ns,
                        .last_ns = life.end_ns.value_or(life.last_seen_ns)};
  if (is_alone) {
    alone.Add(boot, of_life, life.state != LifeState::kRunning);
    alone_at_once.Add(of_life.first_ns, of_life.last_ns);
  } else {
    span.Add(of_life);
  }
}

void RunTotals::Join(const RunTotals& part) {
  Merge(part);
  span.Add(part.span);
  alone.Merge(part.alone);
  alone_at_once.Add(part.alone_at_once);
}

void Job::Add(const Boot& boot, const RunTotals& run) {
  totals_.Merge(run);
  times_.Merge(run.alone);
  if (run.alone.runs != 0) at_once_[&boot].Add(run.alone_at_once);
  if (run.span.empty()) return;
  const bool is_over = run.totals.running == 0;
  times_.Add(boot, run.span, is_over);
  at_once_[&boot].Add(run.span.first_ns, is_over ? run.span.last_ns : UINT64_MAX);
}

void Job::Merge(const Job& other) {
  totals_.Merge(other.totals_);
  times_.Merge(other.times_);
  at_once_.insert(other.at_once_.begin(), other.at_once_.end());
}

uint64_t Job::MostAtOnce() const {
  uint64_t most = 1;
  for (const auto& [boot, at_once] : at_once_) most = std::max(most, at_once.Most());
  return most;
}

bool Job::is_large(const Boot& boot) const {
  const auto at_once = at_once_.find(&boot);
  return at_once != at_once_.end() && at_once->second.is_large();
}

void Job::Forget(const Boot& boot, uint64_t settled_ns, std::span<const uint64_t> open_ends) {
  at_once_[&boot].Forget(settled_ns, open_ends);
}

}  // namespace daybook
