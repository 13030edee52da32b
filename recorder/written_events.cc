#include "written_events.h"

#include <functional>

namespace daybook {

size_t WrittenEvents::Hash::operator()(const Key& key) const {
  return std::hash<uint64_t>()(key.time_us ^ (key.who << 40) ^ (uint64_t{key.type} << 32));
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
