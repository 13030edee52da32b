#include "daybook/reader.h"

#include <algorithm>
#include <boost/iostreams/device/mapped_file.hpp>
#include <map>
#include <utility>

#include "block.h"
#include "container_reader.h"
#include "file.h"
#include "layout.h"

namespace daybook {

class SegmentReader::Impl {
 public:
  Impl(Bytes bytes, ReaderOptions options) : bytes_(bytes), options_(options) {}
  // A mapped_file_source is a handle: the copy keeps the mapping.
  Impl(const boost::iostreams::mapped_file_source& file, ReaderOptions options)
      : file_(file),
        bytes_(reinterpret_cast<const uint8_t*>(file_.data()), file_.size()),
        options_(options) {}
  Impl(std::vector<uint8_t> buffer, ReaderOptions options)
      : buffer_(std::move(buffer)), bytes_(buffer_), options_(options) {}
  Impl(DecodedContainer container, ReaderOptions options)
      : buffer_(std::move(container.content)),
        bytes_(buffer_),
        options_(options),
        frame_damage_(std::move(container.damage)) {}

  Item Next();
  const std::optional<SegmentStart>& segment() const { return segment_; }
  uint64_t file_bytes() const { return bytes_.size(); }
  const std::vector<FrameDamage>& frame_damage() const { return frame_damage_; }

 private:
  // What a block must continue in order to belong to the segment that is being read.
  struct Context {
    uint32_t tag = 0;
    uint64_t logical_end = 0;  // of the last block that was read or skipped, checkpoint included
    uint64_t file_end = 0;     // the same place in the file
  };

  Item NextRecord();
  void Assemble(RecordView* record);
  void FindHead();
  void OpenBlock();
  Item Resync();
  uint32_t TickAt(size_t block_begin) const;
  bool MayStartSegment(const FoundCheckpoint& checkpoint, size_t lowest) const;
  bool StartsSegment(const FoundCheckpoint& checkpoint, size_t block_begin);
  bool Continues(const FoundCheckpoint& checkpoint, size_t block_begin) const;
  bool MayFollow(const FoundCheckpoint& checkpoint) const;
  void Enter(const FoundCheckpoint& checkpoint, size_t block_begin);
  void Pass(const FoundCheckpoint& checkpoint);
  Gap GapUntil(size_t end, const FoundCheckpoint& next, uint64_t next_seq) const;
  Gap TailGap() const;

  boost::iostreams::mapped_file_source file_;
  std::vector<uint8_t> buffer_;
  Bytes bytes_;
  ReaderOptions options_;
  std::vector<FrameDamage> frame_damage_;

  std::optional<SegmentStart> segment_;
  std::optional<uint32_t> expected_tag_;  // of the first block, where the head is damaged
  std::optional<Context> context_;
  uint32_t tick_ns_ = kTickNs;
  size_t position_ = 0;  // of the next record, or of the next block
  size_t proved_ = 0;    // records before this place may be handed out
  BlockBase base_;       // of the block being handed out
  BlockBase next_base_;  // of the block after it
  uint64_t next_seq_ = 0;
  uint64_t last_time_ns_ = 0;
  size_t durable_end_ = 0;  // what stood before this place had been made durable
  bool begun_ = false;
  bool complete_ = false;
  bool damaged_ = false;  // at proved_ begins what could not be proved
  bool unsupported_ = false;
  std::vector<uint8_t> assembled_;
};

Item SegmentReader::Impl::Next() {
  if (!std::exchange(begun_, true)) FindHead();
  for (;;) {
    if (position_ < proved_) return NextRecord();
    if (damaged_) return Resync();
    if (position_ == bytes_.size()) return End{.complete = complete_};
    OpenBlock();
  }
}

Item SegmentReader::Impl::NextRecord() {
  const auto header = ReadHeader(bytes_.first(proved_), position_);
  // The checksum is right and the content is not: a forgery, or a writer's mistake.
  if (!header) {
    const Gap gap{.begin = position_, .end = proved_, .cause = GapCause::kDamaged};
    position_ = proved_;
    return gap;
  }
  RecordView record{
      .type = header->type,
      .payload = bytes_.subspan(header->payload_begin, header->end - header->payload_begin),
      .base = base_,
      .offset = position_,
      .size = 0,
      .seq = {}};
  position_ = header->end;
  if (record.payload.size() == kMaxPayloadBytes) Assemble(&record);
  record.size = position_ - record.offset;
  if (IsNumbered(record.type)) record.seq = next_seq_++;
  return record;
}

// Fragments follow each other without a hole, or the logical record ends early and will not decode.
void SegmentReader::Impl::Assemble(RecordView* record) {
  assembled_.assign(record->payload.begin(), record->payload.end());
  for (uint32_t index = 0; assembled_.size() <= kMaxLogicalBytes; ++index) {
    const auto header = ReadHeader(bytes_.first(proved_), position_);
    if (!header || header->type != Schema<Continuation>::kType) break;
    const Bytes fragment =
        bytes_.subspan(header->payload_begin, header->end - header->payload_begin);
    if (fragment.empty() || fragment[0] != (index & kFragmentIndexMask)) break;
    assembled_.insert(assembled_.end(), fragment.begin() + 1, fragment.end());
    position_ = header->end;
    if (fragment.size() < kMaxPayloadBytes) break;
  }
  record->payload = assembled_;
}

// What is known of the segment should be known before its first record. Where the head of the file
// is damaged, the tag is that under which most bytes are proved: blocks that were forged inside a
// program's arguments lie within larger ones of the segment itself. A copy of the head tells the
// rest.
void SegmentReader::Impl::FindHead() {
  struct Claim {
    uint64_t bytes = 0;
    std::optional<SegmentStart> head;
  };
  std::map<uint32_t, Claim> claims;
  for (size_t at = FindCheckpointHeader(bytes_, 0); at < bytes_.size();
       at = FindCheckpointHeader(bytes_, at + 1)) {
    // The tick is not known yet; only times depend on it.
    const auto checkpoint = ReadCheckpoint(bytes_, at, kTickNs);
    const auto begin = checkpoint ? ProveBlock(bytes_, *checkpoint, 0) : std::nullopt;
    if (!begin) continue;
    const auto start = ReadSegmentStart(bytes_, *begin);
    const bool is_head = start && start->tag == checkpoint->record.tag && IsSupported(*start);
    const bool is_copy = checkpoint->record.logical_offset != 0;
    if (is_head && *begin == 0) {
      expected_tag_ = start->tag;
      segment_ = *start;
      break;
    }
    if (is_head && !is_copy) break;  // of another segment, behind ours
    Claim& claim = claims[checkpoint->record.tag];
    claim.bytes += checkpoint->end - *begin;
    if (is_head) claim.head = *start;
  }
  if (!segment_ && !claims.empty()) {
    const auto most =
        std::ranges::max_element(claims, {}, [](const auto& claim) { return claim.second.bytes; });
    expected_tag_ = most->first;
    segment_ = most->second.head;
  }
  if (segment_) tick_ns_ = segment_->tick_ns;
}

// A block that begins a segment may have another tick than the one before it.
uint32_t SegmentReader::Impl::TickAt(size_t block_begin) const {
  const auto start = ReadSegmentStart(bytes_, block_begin);
  return start ? start->tick_ns : tick_ns_;
}

// Proves the block at position_; where that fails, the part of it that a MARK proves is handed out
// and what follows is damaged.
void SegmentReader::Impl::OpenBlock() {
  const size_t walk_end = WalkBlock(bytes_, position_);
  if (const auto checkpoint = ReadCheckpoint(bytes_, walk_end, TickAt(position_))) {
    const auto begin = ProveBlock(bytes_, *checkpoint, position_);
    if (begin == position_ &&
        (StartsSegment(*checkpoint, *begin) || Continues(*checkpoint, *begin))) {
      return Enter(*checkpoint, *begin);
    }
  }
  proved_ = position_;
  base_ = next_base_;
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

bool SegmentReader::Impl::StartsSegment(const FoundCheckpoint& checkpoint, size_t block_begin) {
  const auto start = ReadSegmentStart(bytes_, block_begin);
  if (!start || checkpoint.record.logical_offset != 0 || start->tag != checkpoint.record.tag) {
    return false;
  }
  unsupported_ = unsupported_ || !IsSupported(*start);
  return IsSupported(*start);
}

// After damage. While a segment has not ended, what looks like another one may be forged inside a
// program's arguments: only one of the same log is believed, since nobody can guess its id.
bool SegmentReader::Impl::MayStartSegment(const FoundCheckpoint& checkpoint, size_t lowest) const {
  const uint64_t block_bytes = checkpoint.record.block_bytes;
  if (checkpoint.record.logical_offset != 0 || block_bytes > checkpoint.begin - lowest)
    return false;
  const auto start = ReadSegmentStart(bytes_, checkpoint.begin - block_bytes);
  if (!start) return false;
  if (!context_ && !expected_tag_) return true;
  return complete_ || (segment_ && segment_->stream_id == start->stream_id);
}

bool SegmentReader::Impl::Continues(const FoundCheckpoint& checkpoint, size_t block_begin) const {
  if (!context_ || complete_) return false;
  return checkpoint.record.tag == context_->tag &&
         checkpoint.record.logical_offset == context_->logical_end &&
         block_begin == context_->file_end && checkpoint.record.first_seq == next_seq_;
}

// After damage, bytes may be missing or added before a block; but it never goes back, and a block
// of another segment, which may be a copy of old pages, is never taken for ours.
bool SegmentReader::Impl::MayFollow(const FoundCheckpoint& checkpoint) const {
  if (!context_) return checkpoint.record.tag == expected_tag_;
  return !complete_ && checkpoint.record.tag == context_->tag &&
         checkpoint.record.logical_offset >= context_->logical_end &&
         checkpoint.record.first_seq + checkpoint.record.seq_count >= next_seq_;
}

// The block is proved: from here its records are handed out.
void SegmentReader::Impl::Enter(const FoundCheckpoint& checkpoint, size_t block_begin) {
  if (StartsSegment(checkpoint, block_begin)) {
    segment_ = ReadSegmentStart(bytes_, block_begin);
    tick_ns_ = segment_->tick_ns;
    durable_end_ = block_begin;
  }
  Pass(checkpoint);
  position_ = block_begin;
  proved_ = checkpoint.end;
  base_ = {.time_ticks = checkpoint.record.base_time_ns / tick_ns_,
           .pid = static_cast<uint32_t>(checkpoint.record.base_pid),
           .tick_ns = tick_ns_};
  next_seq_ = checkpoint.record.first_seq;
}

// Takes over what the checkpoint says about the place after it, and goes there.
void SegmentReader::Impl::Pass(const FoundCheckpoint& checkpoint) {
  const Checkpoint& record = checkpoint.record;
  context_ = {.tag = record.tag,
              .logical_end =
                  record.logical_offset + (checkpoint.end - checkpoint.begin) + record.block_bytes,
              .file_end = checkpoint.end};
  next_base_ = {.time_ticks = record.last_time_ns / tick_ns_,
                .pid = static_cast<uint32_t>(record.last_pid),
                .tick_ns = tick_ns_};
  next_seq_ = record.first_seq + record.seq_count;
  last_time_ns_ = record.last_time_ns;
  if (record.unsynced_bytes <= checkpoint.begin) {
    durable_end_ = std::max<size_t>(durable_end_, checkpoint.begin - record.unsynced_bytes);
  }
  complete_ = (record.flags & kCheckpointLast) != 0;
  position_ = proved_ = checkpoint.end;
}

// What begins at position_ could not be proved. The next checkpoint whose own checksum is right
// ends the damage: before its block where that is proved, else behind the checkpoint itself.
// Candidates are tried one after the other, never skipped by what a candidate claims.
Item SegmentReader::Impl::Resync() {
  damaged_ = false;
  const size_t lowest = position_;
  for (size_t at = FindCheckpointHeader(bytes_, lowest); at < bytes_.size();
       at = FindCheckpointHeader(bytes_, at + 1)) {
    auto checkpoint = ReadCheckpoint(bytes_, at, tick_ns_);
    if (!checkpoint) continue;
    // Before the sum over the block, which costs most.
    const bool may_start = MayStartSegment(*checkpoint, lowest);
    if (!may_start && !MayFollow(*checkpoint)) continue;
    const auto begin = ProveBlock(bytes_, *checkpoint, lowest);
    if (may_start) {
      if (!begin || !StartsSegment(*checkpoint, *begin)) continue;
      checkpoint = ReadCheckpoint(bytes_, at, TickAt(*begin));
    }
    if (begin) {
      const Gap gap = GapUntil(*begin, *checkpoint, checkpoint->record.first_seq);
      Enter(*checkpoint, *begin);
      return gap;
    }
    const Gap gap = GapUntil(checkpoint->end, *checkpoint,
                             checkpoint->record.first_seq + checkpoint->record.seq_count);
    Pass(*checkpoint);
    return gap;
  }
  const Gap gap = TailGap();
  position_ = proved_ = bytes_.size();
  return gap;
}

Gap SegmentReader::Impl::GapUntil(size_t end, const FoundCheckpoint& next,
                                  uint64_t next_seq) const {
  Gap gap{.begin = position_, .end = end, .cause = GapCause::kDamaged};
  if (unsupported_) gap.cause = GapCause::kUnsupported;
  if (!context_ || next.record.tag != context_->tag) return gap;
  gap.records_lost = next_seq > next_seq_ ? next_seq - next_seq_ : 0;
  gap.first_time_ns = last_time_ns_;
  gap.last_time_ns = end == next.end ? next.record.last_time_ns : next.record.first_time_ns;
  return gap;
}

// Bytes that a checkpoint had called durable do not vanish in a crash, and nothing is written after
// the last checkpoint: that is damage. Otherwise the writer was stopped while writing.
Gap SegmentReader::Impl::TailGap() const {
  Gap gap{.begin = position_, .end = bytes_.size(), .cause = GapCause::kTornTail};
  if (complete_ || !context_ || position_ < durable_end_) gap.cause = GapCause::kDamaged;
  if (unsupported_) gap.cause = GapCause::kUnsupported;
  if (context_) gap.first_time_ns = last_time_ns_;
  return gap;
}

std::string_view GapCauseName(GapCause cause) {
  switch (cause) {
    case GapCause::kDamaged:
      return "damaged";
    case GapCause::kTornTail:
      return "torn_tail";
    case GapCause::kHole:
      return "hole";
    case GapCause::kTrailing:
      return "trailing";
    case GapCause::kLostBefore:
      return "lost_before";
    case GapCause::kUnsupported:
      return "unsupported_version";
  }
  return "unknown";
}

std::string_view TailKindName(TailKind kind) {
  switch (kind) {
    case TailKind::kNone:
      return "none";
    case TailKind::kCutRecord:
      return "cut_record";
    case TailKind::kZeroFill:
      return "zero_fill";
    case TailKind::kZeroSector:
      return "zero_sector";
    case TailKind::kGarbage:
      return "garbage";
  }
  return "unknown";
}

std::string_view ProofName(Proof proof) {
  switch (proof) {
    case Proof::kVerified:
      return "verified";
    case Proof::kSalvaged:
      return "salvaged";
    case Proof::kTail:
      return "tail";
  }
  return "unknown";
}

SegmentReader::SegmentReader(std::span<const uint8_t> bytes, ReaderOptions options)
    : impl_(std::make_unique<Impl>(bytes, options)) {}
SegmentReader::SegmentReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SegmentReader::SegmentReader(SegmentReader&&) noexcept = default;
SegmentReader& SegmentReader::operator=(SegmentReader&&) noexcept = default;
SegmentReader::~SegmentReader() = default;

Result<SegmentReader> SegmentReader::Open(const std::string& path, ReaderOptions options) {
  auto regular = IsRegularFileWithContent(path);
  if (!regular) return std::move(regular).error();
  if (*regular) {
    try {
      const boost::iostreams::mapped_file_source file(path);
      const Bytes mapped(reinterpret_cast<const uint8_t*>(file.data()), file.size());
      return SegmentReader(IsContainer(mapped)
                               ? std::make_unique<Impl>(DecodeContainer(mapped), options)
                               : std::make_unique<Impl>(file, options));
    } catch (const std::exception& error) {
      return Error("cannot map " + path + ": " + error.what());
    }
  }
  auto bytes = ReadWholeFile(path);
  if (!bytes) return std::move(bytes).error();
  if (IsContainer(*bytes)) {
    return SegmentReader(std::make_unique<Impl>(DecodeContainer(*bytes), options));
  }
  return SegmentReader(std::make_unique<Impl>(*std::move(bytes), options));
}

Item SegmentReader::Next() { return impl_->Next(); }
const std::optional<SegmentStart>& SegmentReader::segment() const { return impl_->segment(); }
uint64_t SegmentReader::file_bytes() const { return impl_->file_bytes(); }
const std::vector<FrameDamage>& SegmentReader::frame_damage() const {
  return impl_->frame_damage();
}

}  // namespace daybook
