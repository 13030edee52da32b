#include "segment_head.h"

#include <random>
#include <vector>

#include "daybook/schema.h"
#include "layout.h"

namespace daybook {

SegmentStart DescribeSegment(const LogIdentity& identity, const Clock& clock,
                             const std::optional<PreviousSegment>& previous) {
  SegmentStart start{.signature = kSignature,
                     .major_version = kMajorVersion,
                     .minor_version = kMinorVersion,
                     .min_reader = 0,
                     .compat_flags = 0,
                     .incompat_flags = 0,
                     .tag = std::random_device{}(),
                     .segment_no = 0,
                     .stream_id = {},
                     .host_id = identity.host_id,
                     .boot_id = identity.boot_id,
                     .tick_ns = kTickNs,
                     .first_seq = 0,
                     .time_ns = clock.time_ns,
                     .realtime_ns = clock.realtime_ns};
  if (!previous) return start;
  start.previous_segment_no = previous->number;
  start.previous_tag = previous->tag;
  start.previous_end = previous->end;
  start.previous_next_seq = previous->next_seq;
  start.previous_bytes = previous->bytes;
  start.previous_synced_bytes = previous->synced_bytes;
  return start;
}

namespace {

void AppendSchemas(SegmentBuffer& buffer, const std::vector<TypeInfo>& types) {
  for (const TypeInfo& type : types) {
    const std::vector<uint8_t> payload = EncodeSchema(type);
    uint8_t* out = buffer.BeginRecord(payload.size());
    buffer.FinishRecord(Schema<SchemaRecord>::kType, out,
                        PutBytes(out, payload.data(), payload.size()));
  }
}

}  // namespace

// Who wrote the segment stands in a block of its own, so that damage to the descriptions behind it
// does not hide it.
void AppendHead(SegmentBuffer& buffer, const LogIdentity& identity, const SegmentStart& start,
                uint32_t flags) {
  buffer.Append(start);
  for (const auto& [key, value] : identity.info) buffer.Append(Info{.key = key, .value = value});
  buffer.CloseHeadBlock(flags);
  AppendSchemas(buffer, LogTypes());
  if (identity.holds_rollups) AppendSchemas(buffer, RollupTypes());
  buffer.CloseHeadBlock(flags & kCheckpointCopy);
}

void AppendEnd(SegmentBuffer& buffer, const SegmentStart& start, EndReason reason,
               uint64_t now_ns) {
  buffer.CloseBlock();
  buffer.NoteMoment(now_ns);
  const SegmentBuffer::Span span = buffer.TimeSpan();
  AppendAt(buffer,
           SegmentEnd{.time_ns = now_ns,
                      .reason = reason,
                      .record_count = buffer.record_count(),
                      .first_seq = start.first_seq,
                      .next_seq = buffer.next_seq(),
                      .lost_total = buffer.lost_total(),
                      .first_time_ns = span.first_time_ns,
                      .last_time_ns = span.last_time_ns,
                      .first_realtime_ns = span.first_realtime_ns,
                      .last_realtime_ns = span.last_realtime_ns},
           now_ns);
  buffer.CloseHeadBlock(kCheckpointLast);
}

}  // namespace daybook
