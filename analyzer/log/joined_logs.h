// Logs of one boot that follow each other in time, as of a recorder that was told to write
// elsewhere, or whose folder was moved away before it was started anew: they are read as one. Pure
// logic over what their heads and ends say; where that is not plain, they stay apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daybook/records.h"

namespace daybook {

// By the id of each log that is joined with others: that of the first one of them.
using JoinedIds = std::map<Id128, Id128>;

// As which log one is read: itself, unless it is joined with others.
Id128 IdOf(const Id128& stream_id, const JoinedIds& joined);

struct JoinedLogs {
  JoinedIds log_of;
  // In which the files are to be read: each log's in their order, and those of a boot without
  // others in between.
  std::vector<size_t> order;
  // Of a file before which another log of the boot ends: when, in the time of the boot.
  std::map<size_t, uint64_t> other_ended_ns;
};

// When the last record of a file was, in the time of its boot; nullopt where it holds more than its
// first segment tells of. Asked of few: all of it may have to be read for that.
using AskEnd = std::function<std::optional<uint64_t>(size_t file)>;
// What its host was called when it was begun. Asked of few.
using AskHostName = std::function<std::string(size_t file)>;

// `files`: their first segments, each log's in order of their numbers. One that is not known stays
// behind the file before it. Of logs that have boots in common all are joined, or none where some
// of them overlap, as those of two recorders at once.
JoinedLogs JoinLogs(std::span<const std::optional<SegmentStart>> files, const AskEnd& end_of,
                    const AskHostName& host_name_of);

}  // namespace daybook
