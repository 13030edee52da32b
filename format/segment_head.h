// What a segment says of itself: at its beginning, in the copies of that, and at its end.
#pragma once

#include <cstdint>
#include <optional>

#include "daybook/records.h"
#include "daybook/writer.h"
#include "log_state.h"
#include "segment_buffer.h"

namespace daybook {

// As LogWriter::Append, for what the writer itself has to say.
template <class Record>
void AppendAt(SegmentBuffer& buffer, const Record& record, uint64_t time_ns) {
  buffer.Append(record);
  buffer.NoteMoment(time_ns);
}

// The beginning of a segment behind that one, with a tag of its own. Its numbers are the caller's
// to say.
SegmentStart DescribeSegment(const LogIdentity& identity, const Clock& clock,
                             const std::optional<PreviousSegment>& previous);

// Appends that and the descriptions of all record types, in closed blocks with these flags.
void AppendHead(SegmentBuffer& buffer, const LogIdentity& identity, const SegmentStart& start,
                uint32_t flags);

// Closes what is open and appends SEGMENT_END, in the segment's last block.
void AppendEnd(SegmentBuffer& buffer, const SegmentStart& start, EndReason reason, uint64_t now_ns);

}  // namespace daybook
