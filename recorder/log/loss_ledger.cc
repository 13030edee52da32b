#include "log/loss_ledger.h"

#include <algorithm>
#include <utility>

namespace daybook {
namespace {

// By that CPU, since `before` was counted.
LostCounts LostSince(const SourceCounters& before, const SourceCounters& now, size_t cpu) {
  LostCounts lost = now.lost_by_cpu[cpu];
  if (cpu < before.lost_by_cpu.size()) lost -= before.lost_by_cpu[cpu];
  return lost;
}

// The part of which no CPU is known.
LostCounts LostOfNoCpuSince(const SourceCounters& before, const SourceCounters& now) {
  LostCounts lost = now.lost;
  lost -= before.lost;
  for (size_t cpu = 0; cpu < now.lost_by_cpu.size(); ++cpu) lost -= LostSince(before, now, cpu);
  return lost;
}

LostCounts Smaller(const LostCounts& a, const LostCounts& b) {
  return {.forks = std::min(a.forks, b.forks),
          .execs = std::min(a.execs, b.execs),
          .exits = std::min(a.exits, b.exits),
          .others = std::min(a.others, b.others)};
}

}  // namespace

// Never more than there are, whatever stands in the log.
void LossLedger::Inherit(const WrittenEvents& written) {
  told_ = source_.counters();
  told_.lost = Smaller(told_.lost, written.lost());
  const auto& by_cpu = written.lost_by_cpu();
  for (size_t cpu = 0; cpu < told_.lost_by_cpu.size(); ++cpu) {
    LostCounts& told = told_.lost_by_cpu[cpu];
    told = Smaller(told, cpu < by_cpu.size() ? by_cpu[cpu] : LostCounts());
  }
  written_ = told_;
}

// One record for each CPU that has lost something, and one for the rest.
void LossLedger::Append(uint64_t since_ns) {
  SourceCounters now = source_.counters();
  if (now.lost == told_.lost) return;
  const uint64_t now_ns = source_.ReadClock().time_ns;
  for (size_t cpu = 0; cpu < now.lost_by_cpu.size(); ++cpu) {
    AppendOne(LostSince(told_, now, cpu), static_cast<uint32_t>(cpu), since_ns, now_ns);
  }
  AppendOne(LostOfNoCpuSince(told_, now), std::nullopt, since_ns, now_ns);
  told_ = std::move(now);
}

void LossLedger::AppendOne(const LostCounts& lost, std::optional<uint32_t> cpu, uint64_t since_ns,
                           uint64_t now_ns) {
  if (lost.Sum() == 0) return;
  Lost record{.first_time_ns = since_ns,
              .last_time_ns = now_ns,
              .reason = LostReason::kKernelRing,
              .forks = lost.forks,
              .execs = lost.execs,
              .exits = lost.exits,
              .cpu = cpu};
  if (lost.others != 0) record.records = lost.others;
  writer_.Append(record);
  writer_.AddLost(lost.Sum());
}

uint64_t LossLedger::inherited_unwritten() const {
  return LostOfNoCpuSince(written_, told_).others;
}

}  // namespace daybook
