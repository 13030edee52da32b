// Where a log was left: found by reading, never by a manifest that could contradict the files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daybook/records.h"
#include "daybook/result.h"
#include "daybook/writer.h"

namespace daybook {

// What a SEGMENT_START says of the segment before it.
struct PreviousSegment {
  uint64_t number = 0;
  std::optional<uint32_t> tag;
  PreviousEnd end = PreviousEnd::kUnreadable;
  std::optional<uint64_t> next_seq;
  std::optional<uint64_t> bytes;
  std::optional<uint64_t> synced_bytes;
};

struct LogState {
  uint64_t last_segment_no = 0;
  uint64_t next_seq = 1;
  std::optional<Id128> stream_id;  // that can be gone on with
  std::optional<PreviousSegment> newest;
  // Keys and values, of the newest segment that has numbered records.
  std::vector<std::pair<std::string, std::string>> info;
};

// Reads the newest segments; changes nothing.
Result<LogState> FindLogState(LogFolder& folder);

}  // namespace daybook
