// What a life's facts mean, as numbers, texts and cells.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lives/lives.h"
#include "log/log_set.h"
#include "table/table.h"

namespace daybook {

// Parts of a wait status, see wait(2).
inline constexpr uint32_t kSignalMask = 0x7F;
inline constexpr uint32_t kCoreBit = 0x80;
constexpr uint32_t ExitCodeOf(uint32_t wait_status) { return wait_status >> 8 & 0xFF; }

// Appends what names a process among all hosts and boots: the first 16 digits of the boot id, the
// start time in microseconds since boot (hexadecimal) and the pid, joined by '-'. 64 bits of the
// boot id, because pid 1 and the kernel's threads start at the same time on every host. False
// where the boot is not known.
bool AppendProcessId(const Boot& boot, uint32_t pid, uint64_t start_ns, std::string* out);

Cell PidCell(const Life& life);  // unknown where an imported record has none
Cell WallTimeCell(const Boot& boot, const std::optional<uint64_t>& boot_ns);
std::optional<uint64_t> ElapsedUs(const Life& life);  // unknown while it runs
// It cost about as much to make as it did: it is known to have lived less than 10 ms.
bool IsShortLived(const Life& life);
Cell CommCell(const Life& life);
Cell CpuSoFarCell(const Life& life);
Cell ExeCell(const Life& life);
Cell ArgumentsCell(const Life& life);
std::string_view ArgumentsOf(const Life& life);  // empty where they are unknown
Cell ExitCodeCell(const Life& life);             // unknown where a signal ended it
Cell SignalCell(const Life& life);               // unknown where it ended by itself
Cell CoreCell(const Life& life);
Cell StateCell(const Life& life);

}  // namespace daybook
