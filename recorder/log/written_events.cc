#include "log/written_events.h"

#include <algorithm>
#include <functional>

#include "daybook/whole_life.h"

namespace daybook {
namespace {

// More than any kernel has: whatever stands in the log, memory for so many is enough.
constexpr uint32_t kMaxCpus = 65536;

}  // namespace

size_t WrittenEvents::Hash::operator()(const Key& key) const {
  return std::hash<uint64_t>()(key.time_us ^ (key.who << 40) ^ (uint64_t{key.type} << 32));
}

void WrittenEvents::Add(const WholeLife& life) {
  const LifeParts parts = PartsOf(life);
  Add(parts.fork);
  if (parts.exec) Add(*parts.exec);
  Add(parts.exit);
}

void WrittenEvents::Add(const Lost& lost) {
  if (lost.reason != LostReason::kKernelRing) return;
  const LostCounts counts{.forks = lost.forks.value_or(0),
                          .execs = lost.execs.value_or(0),
                          .exits = lost.exits.value_or(0),
                          .others = lost.records.value_or(0)};
  lost_ += counts;
  if (lost.cpu && *lost.cpu < kMaxCpus) AddLost(*lost.cpu, counts);
}

void WrittenEvents::AddLost(size_t cpu, const LostCounts& counts) {
  if (lost_by_cpu_.size() <= cpu) lost_by_cpu_.resize(cpu + 1);
  lost_by_cpu_[cpu] += counts;
}

void WrittenEvents::Add(const WrittenEvents& others) {
  for (const auto& [key, count] : others.count_) count_[key] += count;
  for (const auto& [key, has_reap] : others.exact_) exact_[key] = has_reap;
  lost_ += others.lost_;
  for (size_t cpu = 0; cpu < others.lost_by_cpu_.size(); ++cpu) {
    AddLost(cpu, others.lost_by_cpu_[cpu]);
  }
}

bool WrittenEvents::TakeOutKey(const Key& key) {
  const auto found = count_.find(key);
  if (found == count_.end() || found->second == 0) return false;
  --found->second;
  return true;
}

bool WrittenEvents::TakeOut(const Reap& reap) {
  if (TakeOutKey(KeyOf(reap))) return true;
  const auto end = exact_.find(KeyOf(Exit{.pid = reap.pid, .start_ns = reap.start_ns}));
  return end != exact_.end() && end->second;
}

// Loading a program takes longer.
bool WrittenEvents::TakeOut(const Exec& exec) {
  constexpr uint64_t kSameExecUs = 20;
  Key key = KeyOf(exec);
  const uint64_t last_us = key.time_us + kSameExecUs;
  key.time_us -= std::min(key.time_us, kSameExecUs);
  for (; key.time_us <= last_us; ++key.time_us) {
    if (TakeOutKey(key)) return true;
  }
  return false;
}

std::optional<Reap> WrittenEvents::MissingReap(const Exit& exit) const {
  const auto found = exact_.find(KeyOf(exit));
  const bool has_reap = (exit.flags & kProcUsageExact) != 0;
  if (found == exact_.end() || found->second || !has_reap) return std::nullopt;
  return Reap{.time_ns = exit.time_ns + exit.zombie_us.value_or(0) * 1000,
              .pid = exit.pid,
              .start_ns = exit.start_ns,
              .flags = exit.flags,
              .utime_us = exit.utime_us,
              .stime_us = exit.stime_us,
              .cpu_us = exit.cpu_us,
              .minflt = exit.minflt,
              .majflt = exit.majflt,
              .nvcsw = exit.nvcsw,
              .nivcsw = exit.nivcsw,
              .rchar_bytes = exit.rchar_bytes,
              .wchar_bytes = exit.wchar_bytes,
              .read_bytes = exit.read_bytes,
              .write_bytes = exit.write_bytes};
}

}  // namespace daybook
