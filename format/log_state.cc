#include "log_state.h"

#include <algorithm>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "container_reader.h"
#include "daybook/reader.h"
#include "file.h"

namespace daybook {
namespace {

struct ReadSegment {
  PreviousSegment facts;
  std::optional<SegmentStart> start;
  uint64_t next_seq = 0;
};

void Note(const RecordView& record, ReadSegment* segment) {
  segment->facts.bytes = record.offset + record.size;
  if (record.seq) segment->next_seq = std::max(segment->next_seq, *record.seq + 1);
  Checkpoint checkpoint;
  if (!record.As(&checkpoint)) return;
  const uint64_t end = checkpoint.logical_offset + checkpoint.block_bytes;
  const uint64_t synced = end - std::min(end, checkpoint.unsynced_bytes);
  segment->facts.synced_bytes = std::max(segment->facts.synced_bytes.value_or(0), synced);
}

// Numbers of records that are known to be lost are taken, too.
void Note(const Gap& gap, ReadSegment* segment) {
  const uint64_t first = gap.first_lost_seq.value_or(segment->next_seq);
  segment->next_seq = std::max(segment->next_seq, first + gap.records_lost.value_or(0));
}

ReadSegment Read(uint64_t number, std::span<const uint8_t> bytes) {
  ReadSegment segment;
  segment.facts.number = number;
  SegmentReader reader(bytes);
  bool is_complete = false;
  for (;;) {
    const Item item = reader.Next();
    if (const auto* end = std::get_if<End>(&item)) {
      is_complete = end->complete;
      break;
    }
    if (const auto* record = std::get_if<RecordView>(&item)) Note(*record, &segment);
    if (const auto* gap = std::get_if<Gap>(&item)) Note(*gap, &segment);
  }
  segment.start = reader.segment();
  if (!segment.start) return segment;
  segment.next_seq = std::max(segment.next_seq, segment.start->first_seq);
  segment.facts.tag = segment.start->tag;
  segment.facts.end = is_complete ? PreviousEnd::kEnded : PreviousEnd::kOpen;
  segment.facts.next_seq = segment.next_seq;
  if (is_complete) segment.facts.synced_bytes = segment.facts.bytes;
  return segment;
}

// The segment's bytes, raw: those that its compressed file holds where there is no other.
Result<std::vector<uint8_t>> ReadRaw(LogFolder& folder, uint64_t number) {
  auto raw = folder.Read(SegmentName(number));
  if (raw) return raw;
  const auto compressed = folder.Read(SegmentName(number, SegmentForm::kCompressed));
  if (!compressed) return raw;
  std::vector<uint8_t> content;
  ReadContainer(*compressed, [&content](Bytes part) {
    content.insert(content.end(), part.begin(), part.end());
  });
  return content;
}

// True where the segment repeats numbers of the one before it, which may go further than it does.
bool RepeatsOlder(const SegmentStart& start) {
  return start.previous_next_seq && *start.previous_next_seq > start.first_seq;
}

}  // namespace

Id128 RandomId() {
  std::random_device random;
  Id128 id;
  for (uint8_t& byte : id.bytes) byte = static_cast<uint8_t>(random());
  return id;
}

// The newest segment tells; where it cannot (a crash may leave one empty), or began by repeating
// what others hold, those before it.
Result<LogState> FindLogState(LogFolder& folder) {
  auto numbers = ListSegments(folder);
  if (!numbers) return std::move(numbers).error();
  std::reverse(numbers->begin(), numbers->end());
  LogState state;
  if (!numbers->empty()) state.last_segment_no = numbers->front();
  for (const uint64_t number : *numbers) {
    // An old segment that cannot be read is no reason not to record.
    const auto bytes = ReadRaw(folder, number);
    ReadSegment segment;
    segment.facts.number = number;
    if (bytes) segment = Read(number, *bytes);
    if (!state.newest) state.newest = segment.facts;
    state.next_seq = std::max(state.next_seq, segment.next_seq);
    if (!segment.start) continue;
    if (!state.stream_id) state.stream_id = segment.start->stream_id;
    state.next_seq = std::max(state.next_seq, segment.start->previous_next_seq.value_or(0));
    if (!RepeatsOlder(*segment.start)) break;
  }
  return state;
}

}  // namespace daybook
