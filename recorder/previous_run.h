// How far the recorder came that wrote the log before this one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daybook/field.h"
#include "daybook/result.h"

namespace daybook {

struct PreviousRun {
  Id128 boot_id;
  uint64_t last_time_ns = 0;             // of its last record, in that boot's time
  std::optional<uint64_t> kernel_forks;  // the kernel's count, up to which it has recorded
};

// Reads the newest segments of the folder. nullopt where no recorder has written there, or nothing
// of what it wrote can be read. Where its last records are lost the count is too low, so that more
// looks missed than was.
std::optional<PreviousRun> FindPreviousRun(const std::string& log_dir);

}  // namespace daybook
