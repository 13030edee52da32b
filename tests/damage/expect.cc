// The block-by-block walk of oracle.h.
#include <algorithm>
#include <cstring>
#include <map>

#include "layout.h"
#include "oracle.h"

namespace daybook::damage {

bool HidesCont(Bytes bytes, size_t begin, size_t end) {
  constexpr uint8_t kCont[] = {kCookie[0], kCookie[1], Schema<Continuation>::kType};
  for (size_t at = begin; at < end;) {
    const size_t next = at + kHeaderBytes + bytes[at + kLengthOffset];
    const Bytes record = bytes.subspan(at + 1, next - at - 1);
    const auto found =
        std::search(record.begin(), record.end(), std::begin(kCont), std::end(kCont));
    if (found != record.end()) return true;
    at = next;
  }
  return false;
}

namespace {

// A checkpoint that was written, found again.
struct Anchor {
  const Written* segment = nullptr;
  size_t block = 0;
  size_t begin = 0;
  size_t end = 0;
  bool intact = false;  // its whole block stands before it

  const WrittenBlock& written() const { return segment->blocks[block]; }
  const Checkpoint& record() const { return *written().record; }
  size_t block_bytes() const { return written().checkpoint - written().begin; }
  size_t block_begin() const { return begin - block_bytes(); }  // of an intact one
  bool starts_segment() const { return written().has_start && record().logical_offset == 0; }
};

bool SameBytes(Bytes bytes, size_t at, const Written& segment, Range range) {
  const size_t size = range.end - range.begin;
  return at <= bytes.size() && bytes.size() - at >= size &&
         std::equal(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                    bytes.begin() + static_cast<std::ptrdiff_t>(at + size),
                    segment.bytes.begin() + static_cast<std::ptrdiff_t>(range.begin));
}

class Walk {
 public:
  Walk(const Kind& kind, Bytes bytes) : bytes_(bytes) {
    known_ = kind.genuine;
    known_.insert(known_.end(), kind.forged.begin(), kind.forged.end());
    FindAnchors();
    FindHead();
  }

  Expected Run() {
    while (at_ < bytes_.size()) {
      if (const Anchor* next = NextInPlace()) {
        Enter(*next);
        continue;
      }
      const size_t proved = ProvedByMarks();
      if (proved != 0) TakeMarked(proved);
      if (at_ < bytes_.size()) Resync();
    }
    expected_.complete = complete_;
    // A head that stands further on ends what a promise is looked for in.
    const bool is_one = std::none_of(anchors_.begin(), anchors_.end(), [](const Anchor& anchor) {
      return anchor.starts_segment() && anchor.intact && anchor.block_begin() != 0;
    });
    expected_.causes_known = is_one && SegmentsFound() <= 1;
    return std::move(expected_);
  }

 private:
  struct Context {
    const Written* segment = nullptr;
    size_t logical_end = 0;
    size_t file_end = 0;
  };

  size_t SegmentsFound() const {
    std::vector<const Written*> segments;
    for (const Anchor& anchor : anchors_) segments.push_back(anchor.segment);
    std::sort(segments.begin(), segments.end());
    return static_cast<size_t>(std::unique(segments.begin(), segments.end()) - segments.begin());
  }

  void FindAnchors() {
    constexpr uint8_t kStart[] = {kCookie[0], kCookie[1], Schema<Checkpoint>::kType};
    for (auto at = bytes_.begin();; ++at) {
      at = std::search(at, bytes_.end(), std::begin(kStart), std::end(kStart));
      if (at == bytes_.end()) return;
      AddAnchor(static_cast<size_t>(at - bytes_.begin()));
    }
  }

  void AddAnchor(size_t at) {
    if (bytes_.size() - at < kHeaderBytes) return;
    const size_t size = kHeaderBytes + bytes_[at + kLengthOffset];
    if (bytes_.size() - at < size || size < kHeaderBytes + sizeof(uint32_t)) return;
    Cursor cursor(bytes_.subspan(at + size - sizeof(uint32_t), sizeof(uint32_t)));
    uint32_t self_crc = 0;
    if (!cursor.GetFixed(&self_crc)) return;
    for (const Written* segment : known_) {
      const auto found = segment->block_of_self_crc.find(self_crc);
      if (found == segment->block_of_self_crc.end()) continue;
      const WrittenBlock& block = segment->blocks[found->second];
      if (!SameBytes(bytes_, at, *segment, {block.checkpoint, block.end})) continue;
      Anchor anchor{.segment = segment, .block = found->second, .begin = at, .end = at + size};
      const size_t length = anchor.block_bytes();
      anchor.intact =
          at >= length && SameBytes(bytes_, at - length, *segment, {block.begin, block.checkpoint});
      anchors_.push_back(anchor);
      return;
    }
  }

  // What is not longer than a payload may have been forged in one: it neither counts, nor does it
  // begin another segment.
  void FindHead() {
    struct Claim {
      size_t bytes = 0;
      const Written* head = nullptr;
      std::vector<const Anchor*> run;  // blocks that follow each other
      size_t Length() const { return run.back()->end - run.front()->block_begin(); }
    };
    std::map<const Written*, Claim> claims;
    for (const Anchor& anchor : anchors_) {
      if (!anchor.intact || HidesCont(bytes_, anchor.block_begin(), anchor.end)) continue;
      if (anchor.written().has_start && anchor.block_begin() == 0) {
        tag_of_ = segment_ = anchor.segment;
        return;
      }
      Claim& claim = claims[anchor.segment];
      if (anchor.written().has_start) claim.head = anchor.segment;
      const bool goes_on = !claim.run.empty() && claim.run.back()->end == anchor.block_begin() &&
                           !anchor.starts_segment();
      if (!goes_on) claim.run.clear();
      const bool was_long = goes_on && claim.Length() > kMaxPayloadBytes;
      claim.run.push_back(&anchor);
      if (claim.Length() <= kMaxPayloadBytes) continue;
      if (claim.run.front()->starts_segment()) {
        next_begin_ = claim.run.front()->block_begin();
        break;
      }
      claim.bytes += was_long ? anchor.end - anchor.block_begin() : claim.Length();
    }
    size_t most = 0;
    for (const auto& [segment, claim] : claims) {
      if (claim.bytes <= most) continue;
      most = claim.bytes;
      tag_of_ = segment;
      segment_ = claim.head;
    }
  }

  bool MayStart(const Anchor& anchor, size_t lowest) const {
    if (!anchor.starts_segment() || !anchor.intact) return false;
    if (anchor.block_bytes() > anchor.begin - lowest) return false;
    if (!context_ && tag_of_ == nullptr && anchor.block_begin() == next_begin_) return true;
    return complete_ ||
           (segment_ != nullptr && segment_->start.stream_id == anchor.segment->start.stream_id);
  }

  bool MayFollow(const Anchor& anchor) const {
    if (!context_) return anchor.segment == tag_of_;
    return !complete_ && anchor.segment == context_->segment &&
           anchor.record().logical_offset >= context_->logical_end &&
           anchor.record().first_seq + anchor.record().seq_count >= next_seq_;
  }

  bool IsInsideOurs(const Anchor& start) const {
    if (!context_ || complete_) return false;
    if (segment_ != nullptr && segment_->start.stream_id == start.segment->start.stream_id) {
      return false;
    }
    return std::ranges::any_of(anchors_, [&](const Anchor& anchor) {
      return anchor.begin >= at_ && anchor.segment == context_->segment;
    });
  }

  // The block that begins exactly here and belongs here.
  const Anchor* NextInPlace() const {
    for (const Anchor& anchor : anchors_) {
      if (!anchor.intact || anchor.begin - anchor.block_bytes() != at_) continue;
      if (anchor.starts_segment() && !IsInsideOurs(anchor)) return &anchor;
      const bool continues = context_ && !complete_ && anchor.segment == context_->segment &&
                             anchor.record().logical_offset == context_->logical_end &&
                             at_ == context_->file_end && anchor.record().first_seq == next_seq_;
      if (continues) return &anchor;
    }
    return nullptr;
  }

  void Enter(const Anchor& anchor) {
    const size_t begin = anchor.begin - anchor.block_bytes();
    if (anchor.starts_segment()) segment_ = anchor.segment;
    expected_.pieces.push_back({.segment = anchor.segment,
                                .begin = begin,
                                .end = anchor.end,
                                .written_begin = anchor.written().begin});
    Pass(anchor);
  }

  void Pass(const Anchor& anchor) {
    context_ = Context{
        .segment = anchor.segment, .logical_end = anchor.written().end, .file_end = anchor.end};
    next_seq_ = anchor.record().first_seq + anchor.record().seq_count;
    last_time_ns_ = anchor.record().last_time_ns;
    complete_ = (anchor.record().flags & kCheckpointLast) != 0;
    marked_ = 0;
    at_ = anchor.end;
  }

  // How far the bytes from here are, unchanged, what was written next, up to a MARK.
  size_t ProvedByMarks() const {
    if (!context_ || complete_) return 0;
    const Written& segment = *context_->segment;
    const auto block =
        std::find_if(segment.blocks.begin(), segment.blocks.end(),
                     [&](const WrittenBlock& one) { return one.begin == context_->logical_end; });
    if (block == segment.blocks.end()) return 0;
    size_t proved = 0;
    for (const size_t mark_end : block->mark_ends) {
      if (!SameBytes(bytes_, at_, segment, {block->begin, mark_end})) break;
      proved = mark_end - block->begin;
    }
    return proved;
  }

  void TakeMarked(size_t bytes) {
    const size_t begin = context_->logical_end;
    expected_.pieces.push_back(
        {.segment = context_->segment, .begin = at_, .end = at_ + bytes, .written_begin = begin});
    for (const WrittenRecord& record : context_->segment->records) {
      if (record.offset >= begin && record.offset < begin + bytes && record.seq) ++next_seq_;
    }
    at_ += bytes;
    marked_ = bytes;
  }

  void Resync() {
    Gap gap{.begin = at_, .end = bytes_.size(), .cause = CauseHere()};
    if (context_) gap.first_time_ns = last_time_ns_;
    for (const Anchor& anchor : anchors_) {
      if (anchor.begin < at_) continue;
      const bool starts = MayStart(anchor, at_);
      if (!starts && !MayFollow(anchor)) continue;
      EndAt(anchor, &gap);
      return;
    }
    at_ = bytes_.size();
    expected_.gaps.push_back(gap);
  }

  void EndAt(const Anchor& anchor, Gap* gap) {
    const Checkpoint& record = anchor.record();
    const size_t length = anchor.block_bytes();
    const bool proved = anchor.intact && length <= anchor.begin - at_;
    gap->end = proved ? anchor.begin - length : anchor.end;
    const uint64_t next = record.first_seq + (proved ? 0 : record.seq_count);
    const bool same = context_ && context_->segment == anchor.segment;
    if (same || !context_) gap->last_time_ns = proved ? record.first_time_ns : record.last_time_ns;
    if (same) {
      gap->records_lost = next > next_seq_ ? next - next_seq_ : 0;
      if (*gap->records_lost != 0) gap->first_lost_seq = next_seq_;
    }
    expected_.gaps.push_back(*gap);
    proved ? Enter(anchor) : Pass(anchor);
  }

  GapCause CauseHere() const {
    if (!context_) return GapCause::kDamaged;
    if (complete_) return GapCause::kTrailing;
    uint64_t durable = 0;
    bool follows = false;
    for (const Anchor& anchor : anchors_) {
      if (anchor.segment != context_->segment) continue;
      const Checkpoint& record = anchor.record();
      const uint64_t promised = record.logical_offset + record.block_bytes - record.unsynced_bytes;
      durable = std::max(durable, (record.flags & kCheckpointLast) != 0 ? UINT64_MAX : promised);
      follows |= anchor.begin >= at_;
    }
    if (context_->logical_end + marked_ < durable) return GapCause::kDamaged;
    return follows ? GapCause::kHole : GapCause::kTornTail;
  }

  const Bytes bytes_;
  std::vector<const Written*> known_;
  std::vector<Anchor> anchors_;  // in file order
  Expected expected_;

  const Written* tag_of_ = nullptr;   // the segment whose tag is expected
  const Written* segment_ = nullptr;  // whose SEGMENT_START is known
  std::optional<size_t> next_begin_;  // of a segment behind one of which nothing is left
  std::optional<Context> context_;
  uint64_t next_seq_ = 0;
  uint64_t last_time_ns_ = 0;
  size_t marked_ = 0;  // bytes that MARKs proved behind the context's end
  bool complete_ = false;
  size_t at_ = 0;
};

}  // namespace

Expected Expect(const Kind& kind, const Damaged& damaged) {
  return Walk(kind, damaged.bytes).Run();
}

}  // namespace daybook::damage
