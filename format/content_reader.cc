#include "content_reader.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "head_search.h"
#include "layout.h"
#include "syndrome.h"

namespace daybook {

ContentReader::ContentReader(Bytes bytes, bool is_durable, ReaderOptions options,
                             std::vector<Jump> jumps)
    : bytes_(bytes),
      is_durable_(is_durable),
      jumps_(std::move(jumps)),
      options_(std::move(options)),
      sums_(bytes) {
  if (options_.salvage) types_.emplace();
}

ContentReader::Work ContentReader::work() const {
  return {.summed_bytes = sums_.summed_bytes(),
          .walked_bytes = walked_bytes_,
          .looked_bytes = looked_bytes_};
}

void ContentReader::NextOfTurns(Item* item) {
  while (turning_ || position_ >= proved_) {
    if (const auto turn = NextTurn()) {
      *item = *turn;
      return;
    }
  }
  NextRecord(item);
}

// One step towards the next record: the item that comes before it, if one does.
std::optional<Item> ContentReader::NextTurn() {
  if (!begun_) Begin();
  if (salvager_) {
    RecordView record;
    if (salvager_->Next(&record)) return record;
    salvager_.reset();
  }
  if (next_segment_) BeginSegment();
  turning_ = false;
  if (position_ < proved_) return std::nullopt;
  if (damaged_) return Resync();
  if (const auto skip = TakeJump()) return *skip;
  if (position_ == bytes_.size()) return End{.complete = complete_};
  return OpenBlock();
}

Gap ContentReader::GapAtEnd(std::optional<uint64_t> next_seq,
                            const std::optional<SegmentStart>& start) const {
  Gap gap{.begin = bytes_.size(), .end = bytes_.size(), .cause = GapCause::kDamaged};
  gap.first_time_ns = last_time_ns_;
  if (!context_ && !start) return gap;
  const uint64_t first = context_ ? next_seq_ : start->first_seq;
  if (!next_seq || *next_seq < first) return gap;
  gap.records_lost = *next_seq - first;
  if (*next_seq > first) gap.first_lost_seq = first;
  return gap;
}

// What is known of the segment should be known before its first record.
void ContentReader::Begin() {
  begun_ = true;
  const FoundHead head = FindHead(sums_);
  expected_tag_ = head.tag;
  segment_ = head.segment;
  next_begin_ = head.next_begin;
  if (segment_) tick_ns_ = segment_->tick_ns;
}

void ContentReader::NextRecord(Item* item) {
  const auto header = ReadHeader(bytes_.first(proved_), position_);
  // The checksum is right and the content is not: a forgery, or a writer's mistake.
  if (!header) {
    *item = Gap{.begin = position_, .end = proved_, .cause = GapCause::kDamaged};
    position_ = proved_;
    next_seq_ = block_next_seq_.value_or(next_seq_);
    return;
  }
  auto* record = std::get_if<RecordView>(item);
  if (record == nullptr) record = &item->emplace<RecordView>();
  const bool is_salvaged = position_ < salvaged_end_;
  // One by one: a whole record that is copied here would cost three times as much as all the rest.
  record->type = header->type;
  record->payload = PayloadOf(bytes_, *header);
  record->base = base_;
  record->offset = position_;
  record->size = header->end - position_;
  record->seq.reset();
  if (!is_salvaged && IsNumbered(header->type)) record->seq = next_seq_++;
  record->proof = is_salvaged ? Proof::kSalvaged : Proof::kVerified;
  record->has_base = true;
  record->is_whole = true;
  record->is_in_place = true;
  position_ = header->end;
  if (record->payload.size() == kMaxPayloadBytes) AssembleRest(*header, record);
  if (position_ == proved_) next_seq_ = block_next_seq_.value_or(next_seq_);
  if (types_) Learn(*record);
}

// Up to the first that is of another type, goes on in continuations, or is none.
bool ContentReader::NextRun(const RecordTypes& types, RecordRun* run, size_t most) {
  if (turning_ || position_ < salvaged_end_) return false;
  run_.clear();
  const size_t begin = position_;
  const Bytes proved = bytes_.first(proved_);
  while (run_.size() < most) {
    const auto header = ReadHeader(proved, position_);
    if (!header || !types[header->type]) break;
    assert(IsNumbered(header->type));
    const Bytes payload = PayloadOf(bytes_, *header);
    if (payload.size() == kMaxPayloadBytes) break;
    run_.push_back({.type = header->type, .payload = payload});
    position_ = header->end;
  }
  if (run_.empty()) return false;
  *run = {.records = run_, .base = base_, .offset = begin, .first_seq = next_seq_};
  next_seq_ += run_.size();
  if (position_ == proved_) next_seq_ = block_next_seq_.value_or(next_seq_);
  return true;
}

void ContentReader::AssembleRest(const RecordHeader& header, RecordView* record) {
  const Assembled whole = Assemble(bytes_.first(proved_), header, &assembled_);
  position_ = whole.end;
  record->payload = assembled_;
  record->size = position_ - record->offset;
  record->is_whole = whole.is_whole;
  record->is_in_place = false;
}

void ContentReader::Learn(const RecordView& record) {
  SchemaRecord schema;
  if (record.As(&schema)) types_->Learn(schema);
}

// Where damage reaches over the jump, what ends the damage tells where it stands.
std::optional<Skip> ContentReader::TakeJump() {
  if (next_jump_ == jumps_.size() || position_ < jumps_[next_jump_].at) return std::nullopt;
  const Jump& jump = jumps_[next_jump_++];
  if (context_ && context_->file_end == jump.at) {
    context_->logical_end += jump.logical_bytes;
    next_seq_ = jump.next_seq;
  }
  const uint64_t begin = jump.at + jumped_bytes_;
  jumped_bytes_ += jump.bytes;
  return Skip{.begin = begin, .end = begin + jump.bytes, .next_seq = jump.next_seq};
}

// Proves the block at position_; where that fails, the part of it that a MARK proves is handed out
// and what follows is damaged.
std::optional<Gap> ContentReader::OpenBlock() {
  const size_t walk_end = Walk();
  const auto checkpoint = ReadCheckpoint(bytes_, walk_end, tick_ns_);
  if (!checkpoint || ProveBlock(sums_, *checkpoint, position_) != position_) {
    OpenPart(walk_end);
    return std::nullopt;
  }
  auto head = ReadHead(bytes_, position_, *checkpoint);
  if (head && IsInsideOurs(*head)) head.reset();
  if (head && !IsSupported(*head)) unsupported_ = head->stream_id;
  const bool starts = head && IsSupported(*head);
  if (starts || (IsInPlace(*checkpoint) && checkpoint->record.first_seq == next_seq_)) {
    Enter(*checkpoint, position_);
    return std::nullopt;
  }
  const bool after_loss = (checkpoint->record.flags & kCheckpointAfterLoss) != 0;
  if (after_loss && IsInPlace(*checkpoint) && checkpoint->record.first_seq > next_seq_) {
    Gap gap{.begin = position_, .end = position_, .cause = GapCause::kLostBefore};
    TellLoss({.checkpoint = *checkpoint, .block_begin = position_}, &gap);
    Enter(*checkpoint, position_);
    return gap;
  }
  OpenPart(walk_end);
  return std::nullopt;
}

// To the checkpoint that closes the block at position_, or the first place without a header.
size_t ContentReader::Walk() {
  if (walked_bytes_ > kVainPasses * bytes_.size()) return position_;
  return WalkBlock(bytes_, position_);
}

void ContentReader::OpenPart(size_t walk_end) {
  walked_bytes_ += walk_end - position_;
  proved_ = position_;
  salvaged_end_ = 0;
  base_ = next_base_;
  block_next_seq_.reset();
  // Without the checkpoint before it, the place of an open block is unknown.
  if (context_ && !complete_) {
    const BlockPlace place{.tag = context_->tag,
                           .logical_offset = context_->logical_end,
                           .first_seq = next_seq_,
                           .base = next_base_};
    proved_ = FindMarkedEnd(bytes_, position_, walk_end, place);
  }
  damaged_ = proved_ < bytes_.size();
}

// Continues what has been read, in the segment and in the file.
bool ContentReader::IsInPlace(const FoundCheckpoint& checkpoint) const {
  return context_ && !complete_ && checkpoint.record.tag == context_->tag &&
         checkpoint.record.logical_offset == context_->logical_end &&
         position_ == context_->file_end;
}

// After damage, bytes may be missing or added before a block; but it never goes back, and a block
// of another segment, which may be a copy of old pages, is never taken for ours.
bool ContentReader::MayFollow(const FoundCheckpoint& checkpoint) const {
  // What this reader cannot decode is not handed out.
  if (unsupported_) return false;
  if (!context_) return checkpoint.record.tag == expected_tag_;
  return !complete_ && checkpoint.record.tag == context_->tag &&
         checkpoint.record.logical_offset >= context_->logical_end &&
         checkpoint.record.first_seq + checkpoint.record.seq_count >= next_seq_;
}

// After damage. While a segment has not ended, what looks like another one may be forged inside a
// program's arguments: only one of the same log is believed, since nobody can guess its id. A
// segment that cannot be decoded is never searched for another one of some other log.
std::optional<ContentReader::Ending> ContentReader::TryStart(const FoundCheckpoint& checkpoint) {
  const auto claimed = ClaimedBegin(checkpoint, position_);
  const auto head = claimed ? ReadHead(bytes_, *claimed, checkpoint) : std::nullopt;
  if (!head) return std::nullopt;
  const bool is_next = !context_ && !expected_tag_ && claimed == next_begin_;
  const bool is_same_log =
      head->stream_id == unsupported_ || (segment_ && segment_->stream_id == head->stream_id);
  if (!complete_ && !is_next && !is_same_log) return std::nullopt;
  if (!ProveBlock(sums_, checkpoint, position_)) return std::nullopt;
  if (!IsSupported(*head)) {
    unsupported_ = head->stream_id;
    return std::nullopt;
  }
  return Ending{.checkpoint = checkpoint, .block_begin = claimed};
}

void ContentReader::EnterSegment(const SegmentStart& start) {
  next_segment_ = start;
  turning_ = true;
  // Where no segment is known, what stands before this one may as well belong to it.
  if (!segment_) segment_ = start;
  tick_ns_ = start.tick_ns;
  durable_end_ = 0;
  outlook_.reset();
  unsupported_.reset();
}

// What stood before it has been handed out.
void ContentReader::BeginSegment() {
  segment_ = std::exchange(next_segment_, std::nullopt);
  if (types_) types_.emplace();
}

// The segment that the proved block starts, if it does.
std::optional<SegmentStart> ContentReader::StartOf(const FoundCheckpoint& checkpoint,
                                                   size_t block_begin) const {
  auto head = ReadHead(bytes_, block_begin, checkpoint);
  if (head && !IsSupported(*head)) head.reset();
  return head;
}

// The block is proved: from here its records are handed out.
void ContentReader::Enter(FoundCheckpoint checkpoint, size_t block_begin) {
  if (const auto start = StartOf(checkpoint, block_begin)) {
    EnterSegment(*start);
    checkpoint = *ReadCheckpoint(bytes_, checkpoint.begin, start->tick_ns);
  }
  Pass(checkpoint);
  position_ = block_begin;
  base_ = BaseOf(checkpoint.record, tick_ns_);
  block_next_seq_ = next_seq_;
  next_seq_ = checkpoint.record.first_seq;
  const bool was_salvaged = (checkpoint.record.flags & kCheckpointSalvaged) != 0;
  salvaged_end_ = was_salvaged ? checkpoint.begin : 0;
}

// Takes over what the checkpoint says about the place after it, and goes there.
void ContentReader::Pass(const FoundCheckpoint& checkpoint) {
  const Checkpoint& record = checkpoint.record;
  context_ = {.tag = record.tag,
              .logical_end =
                  record.logical_offset + (checkpoint.end - checkpoint.begin) + record.block_bytes,
              .file_end = checkpoint.end};
  next_base_ = ProvisionalBase(record, tick_ns_);
  next_seq_ = record.first_seq + record.seq_count;
  last_time_ns_ = record.last_time_ns;
  durable_end_ = std::max(durable_end_, DurableEnd(record));
  complete_ = (record.flags & kCheckpointLast) != 0;
  position_ = proved_ = checkpoint.end;
}

// What begins at position_ could not be proved. The next checkpoint whose own checksum is right
// ends the damage: before its block where that is proved, else behind the checkpoint itself.
Item ContentReader::Resync() {
  damaged_ = false;
  const auto ending = FindEnding();
  size_t end = bytes_.size();
  if (ending) end = ending->block_begin.value_or(ending->checkpoint.end);
  Gap gap = GapUntil(end, ending);
  Salvage(ending, &gap);
  if (!ending) {
    position_ = proved_ = end;
  } else if (ending->block_begin) {
    Enter(ending->checkpoint, *ending->block_begin);
  } else {
    Pass(ending->checkpoint);
  }
  return gap;
}

// Candidates are tried one after the other, never skipped by what a candidate claims.
std::optional<ContentReader::Ending> ContentReader::FindEnding() {
  for (size_t at = FindCheckpointHeader(bytes_, position_); at < bytes_.size();
       at = FindCheckpointHeader(bytes_, at + 1)) {
    const auto checkpoint = ReadCheckpoint(bytes_, at, tick_ns_);
    if (!checkpoint) continue;
    if (auto start = TryStart(*checkpoint)) return start;
    if (!MayFollow(*checkpoint)) continue;
    return Ending{.checkpoint = *checkpoint,
                  .block_begin = ProveBlock(sums_, *checkpoint, position_)};
  }
  return std::nullopt;
}

Gap ContentReader::GapUntil(size_t end, const std::optional<Ending>& ending) {
  Gap gap{.begin = position_, .end = end};
  gap.cause = CauseOf(gap);
  if (gap.cause == GapCause::kTornTail) gap.tail = KindOfTail(bytes_.first(end), gap.begin);
  gap.first_time_ns = last_time_ns_;
  if (!ending) return gap;
  TellLoss(*ending, &gap);
  // Behind a frame that is not whole, no byte is one of the medium's.
  if (!ending->block_begin && !is_durable_) {
    gap.wrong_byte = FindWrongByteOf(ending->checkpoint, gap);
  }
  return gap;
}

// What the numbers and times on both sides say of what is missing between them. Those of another
// segment have nothing to do with ours.
void ContentReader::TellLoss(const Ending& ending, Gap* gap) const {
  Checkpoint next = ending.checkpoint.record;
  gap->first_time_ns = last_time_ns_;
  if (context_ && next.tag != context_->tag) return;
  const auto start =
      ending.block_begin ? StartOf(ending.checkpoint, *ending.block_begin) : std::nullopt;
  if (start) next = ReadCheckpoint(bytes_, ending.checkpoint.begin, start->tick_ns)->record;
  gap->last_time_ns = ending.block_begin ? next.first_time_ns : next.last_time_ns;
  if (!context_) return;
  const uint64_t next_seq = next.first_seq + (ending.block_begin ? 0 : next.seq_count);
  gap->records_lost = next_seq > next_seq_ ? next_seq - next_seq_ : 0;
  if (gap->records_lost > 0u) gap->first_lost_seq = next_seq_;
}

Outlook ContentReader::LookFrom(size_t begin) {
  if (!outlook_ && looked_bytes_ <= kVainPasses * bytes_.size()) {
    outlook_ = LookAhead(sums_, begin, context_->tag, segment_);
    looked_bytes_ += outlook_->end - begin;
  }
  return outlook_.value_or(Outlook{});
}

// The head of another log at position_, but behind it our segment goes on: it stands in a program's
// arguments, and what was before it in the record is missing.
bool ContentReader::IsInsideOurs(const SegmentStart& head) {
  if (!context_ || complete_) return false;
  if (segment_ && segment_->stream_id == head.stream_id) return false;
  return LookFrom(position_).last_checkpoint >= position_;
}

// Bytes that a checkpoint had called durable do not vanish in a crash: that is damage. Others the
// writer was about to write when it was stopped.
GapCause ContentReader::CauseOf(const Gap& gap) {
  if (unsupported_) return GapCause::kUnsupported;
  if (!context_) return GapCause::kDamaged;
  if (complete_) return GapCause::kTrailing;
  if (is_durable_) return GapCause::kDamaged;
  const Outlook outlook = LookFrom(gap.begin);
  const uint64_t logical_begin = context_->logical_end + (gap.begin - context_->file_end);
  if (logical_begin < std::max(durable_end_, outlook.durable_end)) return GapCause::kDamaged;
  return outlook.last_checkpoint >= gap.begin ? GapCause::kHole : GapCause::kTornTail;
}

// Where the gap is one block, but for what a MARK proves of it, of which all but its sum is right.
std::optional<WrongByte> ContentReader::FindWrongByteOf(const FoundCheckpoint& checkpoint,
                                                        const Gap& gap) const {
  const auto begin = ClaimedBegin(checkpoint, 0);
  const size_t expected = context_ ? context_->file_end : gap.begin;
  if (begin != expected) return std::nullopt;
  if (context_ && checkpoint.record.logical_offset != context_->logical_end) return std::nullopt;
  const Bytes block = bytes_.subspan(*begin, checkpoint.begin - *begin);
  const auto found = FindWrongByte(block, checkpoint.record.block_crc);
  if (!found || *begin + found->offset < gap.begin) return std::nullopt;
  return WrongByte{.offset = *begin + found->offset, .is = block[found->offset], .was = found->was};
}

void ContentReader::Salvage(const std::optional<Ending>& ending, Gap* gap) {
  if (!types_ || unsupported_) return;
  SalvageScope scope{.range = {.begin = gap->begin,
                               .end = gap->end,
                               .begins_at_record = true,
                               .ends_at_record = ending.has_value()},
                     .proof = ending ? Proof::kSalvaged : Proof::kTail};
  // Nothing continues a segment that was ended in order.
  if (context_ && !complete_) scope.first_base = next_base_;
  if (ending && !ending->block_begin) {
    const FoundCheckpoint& checkpoint = ending->checkpoint;
    scope.range.end = checkpoint.begin;
    scope.last_base = BaseOf(checkpoint.record, tick_ns_);
    const uint64_t block_bytes = checkpoint.record.block_bytes;
    scope.last_base_begin = checkpoint.begin - std::min(checkpoint.begin, block_bytes);
  }
  salvager_.emplace(bytes_, scope, *types_);
  turning_ = true;
  gap->records_salvaged = salvager_->numbered();
}

}  // namespace daybook
