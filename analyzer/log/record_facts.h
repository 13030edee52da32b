// What a record of a log tells by its type, and the keys of what a log says of itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "daybook/reader.h"

namespace daybook {

// Key of an INFO that stands at the head of each segment that was imported.
inline constexpr std::string_view kImportedFrom = "imported_from";
// And of one that stands at the head of a segment of roll-ups, with this value.
inline constexpr std::string_view kHolds = "holds";
inline constexpr std::string_view kRollups = "rollups";

// What happened at a moment tells when; other records have no time of their own.
std::optional<uint64_t> TimeOf(const RecordView& record);

// True where it is of those that most records are, and tells of a process only.
bool IsOfLife(const RecordView& record);

// True where it is of those that only a newer version knows, and tells of what is recorded.
bool IsUnknown(const RecordView& record);

// True where it is of a snapshot: these have no numbers.
bool IsOfSnapshot(const RecordView& record);

}  // namespace daybook
