// How far the recorder came that wrote the log before this one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "daybook/field.h"
#include "daybook/records.h"
#include "daybook/result.h"
#include "log/written_events.h"

namespace daybook {

struct PreviousRun {
  Id128 boot_id;
  uint64_t last_time_ns = 0;             // up to which it has recorded, in that boot's time
  std::optional<uint64_t> kernel_forks;  // the kernel's count, up to which it has recorded
  WrittenEvents written;                 // as far as asked for
};

// Reads the newest segments of the folder; of a long one only what is needed at its ends, where so
// many bytes suffice: events wait meanwhile. nullopt where no recorder has written there, or
// nothing of what it wrote can be read. Where its last records are lost the count is too low, so
// that more looks missed than was; as it is by what was under way, and by threads, since the last
// count in the log. Events that have this number or a later one, of the newest boot, are kept.
std::optional<PreviousRun> FindPreviousRun(const std::string& log_dir,
                                           std::optional<uint64_t> written_since_seq = {},
                                           size_t max_end_bytes = size_t{16} << 20);

// Between that run and the recorder that started so, whose events go back further than its START.
// After another boot it is counted from the boot on.
RecordingGap GapSince(const PreviousRun& run, const Id128& boot_id, const Recorder& start,
                      std::optional<uint64_t> recording_since_ns = {});

}  // namespace daybook
