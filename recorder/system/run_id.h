// Recorders that went on with a log one after the other, without a gap: a number that the first of
// them has made, in the head of each of their segments.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daybook/writer.h"

namespace daybook {

inline constexpr std::string_view kRunInfo = "run";

uint64_t NewRunId();

// As the log has it.
std::string RunIdText(uint64_t id);

// Whether the last records of that log are of such a recorder.
bool IsLastRun(const LogEnd& log, uint64_t id);

}  // namespace daybook
