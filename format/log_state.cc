#include "log_state.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "block.h"
#include "container_reader.h"
#include "container_stream.h"
#include "daybook/reader.h"
#include "file.h"
#include "gap_cause.h"
#include "segment_walk.h"

namespace daybook {
namespace {

struct ReadSegment {
  PreviousSegment facts;
  std::optional<SegmentStart> start;
  uint64_t next_seq = 0;
  std::vector<std::pair<std::string, std::string>> info;
  bool is_unreadable = false;  // it is there, and may hold anything

  bool is_proved() const { return start || facts.bytes; }  // some of it
  bool has_records() const { return start && next_seq > start->first_seq; }
};

void Note(const RecordView& record, ReadSegment* segment) {
  segment->facts.bytes = record.offset + record.size;
  if (record.seq) segment->next_seq = std::max(segment->next_seq, *record.seq + 1);
  if (Info info; record.As(&info)) segment->info.emplace_back(info.key, info.value);
  Checkpoint checkpoint;
  if (!record.As(&checkpoint)) return;
  const uint64_t end = checkpoint.logical_offset + checkpoint.block_bytes;
  const uint64_t synced = end - std::min(end, checkpoint.unsynced_bytes);
  segment->facts.synced_bytes = std::max(segment->facts.synced_bytes.value_or(0), synced);
}

// Numbers of records that are known to be lost are taken, too. Those of another version are not
// known.
void Note(const Gap& gap, ReadSegment* segment) {
  segment->is_unreadable |= gap.cause == GapCause::kUnsupported;
  const uint64_t first = gap.first_lost_seq.value_or(segment->next_seq);
  segment->next_seq = std::max(segment->next_seq, first + gap.records_lost.value_or(0));
}

class Noter : public SegmentVisitor {
 public:
  explicit Noter(uint64_t number) { segment_.facts.number = number; }

  void Begin(const std::optional<SegmentStart>& start) override {
    *this = Noter(segment_.facts.number);
    segment_.start = start;
  }
  void Take(const RecordView& record, Bytes) override { Note(record, &segment_); }
  void Take(const Gap& gap) override { Note(gap, &segment_); }

  const ReadSegment& segment() const { return segment_; }

 private:
  ReadSegment segment_;
};

// The content of a compressed segment, read in order, or again from its beginning. An error where
// the container is not as it was written.
class CompressedContent {
 public:
  explicit CompressedContent(ReadBytes read) : read_(std::move(read)), stream_(read_) {}

  Result<std::vector<uint8_t>> Read(uint64_t offset, size_t bytes) {
    std::vector<uint8_t> part;
    if (offset < stream_.content_begin()) {
      stream_ = ContainerStream(read_);
      at_end_ = false;
    }
    while (part.size() < bytes) {
      const uint64_t at = offset + part.size();
      if (at >= stream_.content_end()) {
        if (at_end_) break;
        const auto step = stream_.Next();
        if (!step) return step.error();
        if (*step == ContainerStream::Step::kDamaged) return Error("the container is damaged");
        at_end_ = *step == ContainerStream::Step::kEnd;
        continue;
      }
      Bytes rest = stream_.content().subspan(at - stream_.content_begin());
      rest = rest.first(std::min(rest.size(), bytes - part.size()));
      part.insert(part.end(), rest.begin(), rest.end());
    }
    return part;
  }

 private:
  ReadBytes read_;
  ContainerStream stream_;
  bool at_end_ = false;
};

ReadBytes ReaderOf(LogFolder& folder, std::string name) {
  return [&folder, name = std::move(name)](uint64_t offset, size_t bytes) {
    return folder.ReadAt(name, offset, bytes);
  };
}

ReadBytes ReaderOf(Bytes content) {
  return [content](uint64_t offset, size_t bytes) -> Result<std::vector<uint8_t>> {
    const Bytes rest = content.subspan(std::min<uint64_t>(offset, content.size()));
    const Bytes part = rest.first(std::min(bytes, rest.size()));
    return std::vector<uint8_t>(part.begin(), part.end());
  };
}

// True where the file holds what a crash leaves of one that was just begun: the first records up to
// where they were cut, zeros, or nothing. Its first block, which has no numbers, was not closed.
Result<bool> IsJustBegun(const ReadBytes& read) {
  constexpr size_t kStepBytes = size_t{256} << 10;
  const auto first = read(0, kStepBytes);
  if (!first) return first.error();
  const size_t walk_end = WalkBlock(*first, 0);
  if (ReadHeader(*first, walk_end)) return false;  // a checkpoint, which proves nothing
  bool is_last = first->size() < kStepBytes;
  if (is_last && KindOfTail(*first, walk_end) == TailKind::kCutRecord) return true;
  if (!IsZero(Bytes(*first).subspan(walk_end))) return false;
  for (uint64_t offset = kStepBytes; !is_last; offset += kStepBytes) {
    const auto next = read(offset, kStepBytes);
    if (!next) return next.error();
    if (!IsZero(*next)) return false;
    is_last = next->size() < kStepBytes;
  }
  return true;
}

Result<ReadSegment> ReadFrom(uint64_t number, const ReadBytes& read) {
  Noter noter(number);
  const auto walked = WalkSegment(read, noter);
  if (!walked) return walked.error();
  ReadSegment segment = noter.segment();
  if (!segment.is_proved()) {
    const auto is_just_begun = IsJustBegun(read);
    if (!is_just_begun) return is_just_begun.error();
    segment.is_unreadable |= !*is_just_begun;
  }
  const bool is_complete = walked->is_complete;
  if (!segment.start) return segment;
  segment.next_seq = std::max(segment.next_seq, segment.start->first_seq);
  segment.facts.tag = segment.start->tag;
  segment.facts.end = is_complete ? PreviousEnd::kEnded : PreviousEnd::kOpen;
  segment.facts.next_seq = segment.next_seq;
  if (is_complete) segment.facts.synced_bytes = segment.facts.bytes;
  return segment;
}

// What the content lacks had numbers, too. It was synced when it was compressed: what is missing is
// no crash's doing.
void NoteDamage(const DecodedContainer& decoded, ReadSegment* segment) {
  if (!decoded.is_whole && !segment->is_proved()) segment->is_unreadable = true;
  if (!decoded.missing_tail) return;
  const auto& next_seq = decoded.missing_tail->next_seq;
  if (!next_seq) segment->is_unreadable = true;
  segment->next_seq = std::max(segment->next_seq, next_seq.value_or(0));
  if (segment->start) segment->facts.next_seq = segment->next_seq;
}

// Only a container that is damaged must be read whole.
Result<ReadSegment> ReadCompressed(LogFolder& folder, uint64_t number) {
  const std::string name = SegmentName(number, SegmentForm::kCompressed);
  CompressedContent content(ReaderOf(folder, name));
  auto segment = ReadFrom(
      number, [&content](uint64_t offset, size_t bytes) { return content.Read(offset, bytes); });
  if (segment) return segment;
  const auto file = folder.Read(name);
  if (!file) return file.error();
  const DecodedContainer decoded = DecodeContainer(*file);
  segment = ReadFrom(number, ReaderOf(decoded.content));
  if (segment) NoteDamage(decoded, &*segment);
  return segment;
}

bool IsMissing(const Error& error) { return error.error_number() == ENOENT; }

// An old segment that cannot be read is no reason not to record; nor is one that takes more memory
// than there is.
ReadSegment Read(LogFolder& folder, uint64_t number) {
  ReadSegment unread;
  unread.facts.number = number;
  unread.is_unreadable = true;
  try {
    auto raw = ReadFrom(number, ReaderOf(folder, SegmentName(number)));
    if (raw) return *std::move(raw);
    auto compressed = ReadCompressed(folder, number);
    if (compressed) return *std::move(compressed);
    unread.is_unreadable = !IsMissing(raw.error()) || !IsMissing(compressed.error());
  } catch (const std::bad_alloc&) {
  }
  return unread;
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

// The newest segment tells; where it cannot (a crash may leave one empty, or with its head alone),
// or began by repeating what others hold, those before it. Where one of these cannot be read, or
// not decoded, another stream begins: it may hold numbers that would be used again.
Result<LogState> FindLogState(LogFolder& folder) {
  auto numbers = ListSegments(folder);
  if (!numbers) return std::move(numbers).error();
  std::reverse(numbers->begin(), numbers->end());
  LogState state;
  if (!numbers->empty()) state.last_segment_no = numbers->front();
  bool is_any_unreadable = false;
  for (const uint64_t number : *numbers) {
    const ReadSegment segment = Read(folder, number);
    if (!state.newest) state.newest = segment.facts;
    state.next_seq = std::max(state.next_seq, segment.next_seq);
    is_any_unreadable |= segment.is_unreadable;
    if (!segment.start) continue;
    if (!state.stream_id) state.stream_id = segment.start->stream_id;
    state.next_seq = std::max(state.next_seq, segment.start->previous_next_seq.value_or(0));
    if (!segment.has_records()) continue;
    if (state.info.empty()) state.info = segment.info;
    if (!RepeatsOlder(*segment.start)) break;
  }
  if (is_any_unreadable) state.stream_id.reset();
  return state;
}

Result<LogEnd> FindLogEnd(const std::string& path) {
  auto folder = OpenLogFolder(path);
  if (!folder && folder.error().error_number() == ENOENT) return LogEnd{};
  if (!folder) return std::move(folder).error();
  const auto state = FindLogState(**folder);
  if (!state) return state.error();
  // A segment that has its head alone was left by one that has recorded nothing.
  if (!state->stream_id || state->next_seq == LogEnd{}.next_seq) return LogEnd{};
  return LogEnd{.stream_id = *state->stream_id, .next_seq = state->next_seq, .info = state->info};
}

}  // namespace daybook
