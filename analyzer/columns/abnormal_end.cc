#include "columns/abnormal_end.h"

#include <csignal>

#include "columns/life_cells.h"

namespace daybook {
namespace {

bool IsUsualSignal(uint32_t signal) {
  return signal == SIGHUP || signal == SIGINT || signal == SIGTERM || signal == SIGPIPE;
}

uint32_t SignalOf(const Life& life) { return life.wait_status.value_or(0) & kSignalMask; }

}  // namespace

bool IsAbnormal(const Life& life) {
  const bool is_oom_kill = (life.flags & kProcOomKilled) != 0;
  const bool has_dumped = (life.wait_status.value_or(0) & kCoreBit) != 0;
  const uint32_t signal = SignalOf(life);
  return is_oom_kill || has_dumped || (signal != 0 && !IsUsualSignal(signal));
}

bool EndedByUsualSignal(const Life& life) { return SignalOf(life) != 0 && !IsAbnormal(life); }

}  // namespace daybook
