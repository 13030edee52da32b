#include "segment_walk.h"

#include <algorithm>
#include <utility>

#include "content_reader.h"
#include "crc32c.h"
#include "head_search.h"
#include "layout.h"

namespace daybook {
namespace {

constexpr size_t kReadBytes = 256 * 1024;
// The longest block with its checkpoint, and a little more than can be walked without one.
constexpr size_t kBlockReach = kMaxBlockBytes + 2 * (kHeaderBytes + kMaxPayloadBytes);

// The part of the file that is held. It only moves forward, over every byte: so it can sum them.
class Window {
 public:
  explicit Window(const ReadBytes& read) : read_(read) {}

  // Holds [begin, end) of the file, or up to its end. What is before `begin` is let go.
  Status Hold(uint64_t begin, uint64_t end) {
    while (!at_end_ && End() < end) {
      Drop(begin);
      auto more = read_(End(), kReadBytes);
      if (!more) return std::move(more).error();
      at_end_ = more->size() < kReadBytes;
      crc_ = ExtendCrc32c(crc_, *more);
      bytes_.insert(bytes_.end(), more->begin(), more->end());
    }
    return Ok{};
  }
  // To the end of the file, for its sum.
  Status Pass() {
    while (!at_end_) {
      if (Status held = Hold(End(), End() + 1); !held) return held;
    }
    return Ok{};
  }

  uint64_t begin() const { return begin_; }
  uint64_t End() const { return begin_ + bytes_.size(); }
  bool at_end() const { return at_end_; }
  uint32_t crc() const { return crc_; }
  Bytes bytes() const { return bytes_; }

 private:
  void Drop(uint64_t begin) {
    const auto dropped =
        static_cast<std::ptrdiff_t>(std::min<uint64_t>(begin - begin_, bytes_.size()));
    bytes_.erase(bytes_.begin(), bytes_.begin() + dropped);
    begin_ += static_cast<uint64_t>(dropped);
  }

  const ReadBytes& read_;
  std::vector<uint8_t> bytes_;
  uint64_t begin_ = 0;
  bool at_end_ = false;
  uint32_t crc_ = 0;
};

// What ContentReader does where the file begins with the head of a segment that is the only one in
// it. kWhole: it is not, or may not be, so the file must be read whole.
class Walker {
 public:
  enum class Step : uint8_t { kGoOn, kEnd, kWhole };

  Walker(const ReadBytes& read, SegmentVisitor& visitor) : window_(read), visitor_(visitor) {}

  Result<Step> Begin();
  Result<Step> Next();

  Window& window() { return window_; }
  const SegmentStart& segment() const { return *segment_; }
  bool is_complete() const { return complete_; }

 private:
  // Places within the window are positions in the file without begin().
  size_t InWindow(uint64_t position) const {
    return static_cast<size_t>(position - window_.begin());
  }
  uint32_t tick() const { return segment_->tick_ns; }

  Step TakeBlock(const FoundCheckpoint& checkpoint, size_t begin);
  bool TakeRecords(size_t begin, size_t end, const BlockBase& base, bool is_salvaged);
  Result<Step> TakeDamage(size_t walk_end);
  Result<Step> Resync();
  std::optional<Step> TryEnding(const FoundCheckpoint& checkpoint);
  void TakeGap(uint64_t end, std::optional<uint64_t> next_seq);
  void Pass(const FoundCheckpoint& checkpoint);
  bool IsInPlace(const Checkpoint& checkpoint) const;

  Window window_;
  SegmentVisitor& visitor_;
  std::optional<SegmentStart> segment_;
  Checkpoint last_;           // the last one passed
  uint64_t logical_end_ = 0;  // behind it
  bool complete_ = false;
  uint64_t next_seq_ = 0;
  uint64_t position_ = 0;  // in the file
  uint64_t vain_bytes_ = 0;
  std::vector<uint8_t> assembled_;
};

Result<Walker::Step> Walker::Begin() {
  if (Status held = window_.Hold(0, kBlockReach); !held) return std::move(held).error();
  RangeSums sums(window_.bytes());
  const FoundHead found = FindHead(sums);
  if (!found.segment || found.next_begin) return Step::kWhole;
  const auto head = ReadProvedHead(sums);
  if (!head || head->start.tag != found.segment->tag) return Step::kWhole;
  segment_ = head->start;
  visitor_.Begin(segment_);
  return TakeBlock(head->checkpoint, 0);
}

// The next block, or what is there instead.
Result<Walker::Step> Walker::Next() {
  if (Status held = window_.Hold(position_, position_ + kBlockReach); !held) {
    return std::move(held).error();
  }
  const Bytes bytes = window_.bytes();
  const size_t begin = InWindow(position_);
  if (begin == bytes.size()) return Step::kEnd;
  RangeSums sums(bytes);
  const size_t walk_end = WalkBlock(bytes, begin);
  const auto checkpoint = ReadCheckpoint(bytes, walk_end, tick());
  if (!checkpoint || ProveBlock(sums, *checkpoint, begin) != begin) return TakeDamage(walk_end);
  if (ReadHead(bytes, begin, *checkpoint)) return Step::kWhole;
  const Checkpoint& record = checkpoint->record;
  const bool after_loss = (record.flags & kCheckpointAfterLoss) != 0;
  if (!IsInPlace(record) || record.first_seq < next_seq_ ||
      (record.first_seq > next_seq_ && !after_loss)) {
    return TakeDamage(walk_end);
  }
  if (record.first_seq > next_seq_) TakeGap(position_, record.first_seq);
  return TakeBlock(*checkpoint, begin);
}

bool Walker::IsInPlace(const Checkpoint& checkpoint) const {
  return !complete_ && checkpoint.tag == segment_->tag && checkpoint.logical_offset == logical_end_;
}

// Its checksum is right. Where its records are not, somebody made it so.
Walker::Step Walker::TakeBlock(const FoundCheckpoint& checkpoint, size_t begin) {
  next_seq_ = checkpoint.record.first_seq;
  const BlockBase base = BaseOf(checkpoint.record, tick());
  const bool is_salvaged = (checkpoint.record.flags & kCheckpointSalvaged) != 0;
  if (!TakeRecords(begin, checkpoint.begin, base, is_salvaged)) return Step::kWhole;
  if (!TakeRecords(checkpoint.begin, checkpoint.end, base, false)) return Step::kWhole;
  Pass(checkpoint);
  return Step::kGoOn;
}

bool Walker::TakeRecords(size_t begin, size_t end, const BlockBase& base, bool is_salvaged) {
  const Bytes bytes = window_.bytes().first(end);
  for (size_t at = begin; at < end;) {
    const auto header = ReadHeader(bytes, at);
    if (!header) return false;
    RecordView record{.type = header->type,
                      .payload = PayloadOf(bytes, *header),
                      .base = base,
                      .offset = window_.begin() + at,
                      .size = header->end - at,
                      .seq = {},
                      .is_in_place = true};
    if (record.payload.size() == kMaxPayloadBytes) {
      const Assembled whole = Assemble(bytes, *header, &assembled_);
      record.payload = assembled_;
      record.is_in_place = false;
      record.is_whole = whole.is_whole;
      record.size = whole.end - at;
    }
    if (is_salvaged) {
      record.proof = Proof::kSalvaged;
    } else if (IsNumbered(record.type)) {
      record.seq = next_seq_++;
    }
    visitor_.Take(record, bytes.subspan(at, record.size));
    at += record.size;
  }
  return true;
}

void Walker::Pass(const FoundCheckpoint& checkpoint) {
  last_ = checkpoint.record;
  logical_end_ = last_.logical_offset + (checkpoint.end - checkpoint.begin) + last_.block_bytes;
  next_seq_ = last_.first_seq + last_.seq_count;
  complete_ = (last_.flags & kCheckpointLast) != 0;
  position_ = window_.begin() + checkpoint.end;
}

// The part of the block that a MARK proves is good.
Result<Walker::Step> Walker::TakeDamage(size_t walk_end) {
  const size_t begin = InWindow(position_);
  vain_bytes_ += walk_end - begin;
  // What hostile bytes would cost beyond that is bounded where all of them are held.
  if (vain_bytes_ > kVainPasses * window_.End()) return Step::kWhole;
  if (!complete_) {
    const BlockPlace place{.tag = segment_->tag,
                           .logical_offset = logical_end_,
                           .first_seq = next_seq_,
                           .base = ProvisionalBase(last_, tick())};
    const size_t end = FindMarkedEnd(window_.bytes(), begin, walk_end, place);
    if (!TakeRecords(begin, end, place.base, false)) return Step::kWhole;
    position_ = window_.begin() + end;
  }
  if (window_.at_end() && position_ == window_.End()) return Step::kEnd;
  return Resync();
}

// Every place is tried where a checkpoint might stand. What is held reaches back to where the block
// before it may begin.
Result<Walker::Step> Walker::Resync() {
  constexpr size_t kLongest = kHeaderBytes + kMaxPayloadBytes;
  for (uint64_t at = position_;;) {
    const uint64_t lowest = std::max(position_, at - std::min<uint64_t>(at, kMaxBlockBytes));
    if (Status held = window_.Hold(lowest, at + kBlockReach); !held) {
      return std::move(held).error();
    }
    const Bytes bytes = window_.bytes();
    const size_t found = FindCheckpointHeader(bytes, InWindow(at));
    const uint64_t place = window_.begin() + found;
    if (!window_.at_end() && bytes.size() - found < kLongest) {
      // One that the end of the window cuts is looked at when all of it is there.
      at = found == bytes.size() ? std::max(at, place - kTypeOffset) : place;
      continue;
    }
    if (found == bytes.size()) break;
    if (const auto checkpoint = ReadCheckpoint(bytes, found, tick())) {
      if (const auto step = TryEnding(*checkpoint)) return *step;
    }
    at = place + 1;
  }
  TakeGap(window_.End(), std::nullopt);
  position_ = window_.End();
  return Step::kEnd;
}

// nullopt where it ends no damage.
std::optional<Walker::Step> Walker::TryEnding(const FoundCheckpoint& checkpoint) {
  const Bytes bytes = window_.bytes();
  const size_t lowest = InWindow(std::max(position_, window_.begin()));
  const auto claimed = ClaimedBegin(checkpoint, lowest);
  if (claimed && ReadHead(bytes, *claimed, checkpoint)) return Step::kWhole;
  const Checkpoint& record = checkpoint.record;
  const bool may_follow = !complete_ && record.tag == segment_->tag &&
                          record.logical_offset >= logical_end_ &&
                          record.first_seq + record.seq_count >= next_seq_;
  if (!may_follow) return std::nullopt;
  RangeSums sums(bytes);
  if (const auto begin = ProveBlock(sums, checkpoint, lowest)) {
    TakeGap(window_.begin() + *begin, record.first_seq);
    return TakeBlock(checkpoint, *begin);
  }
  if (claimed) vain_bytes_ += checkpoint.begin - *claimed;
  TakeGap(window_.begin() + checkpoint.end, record.first_seq + record.seq_count);
  Pass(checkpoint);
  return Step::kGoOn;
}

void Walker::TakeGap(uint64_t end, std::optional<uint64_t> next_seq) {
  Gap gap{.begin = position_, .end = end};
  if (next_seq) gap.records_lost = *next_seq - std::min(*next_seq, next_seq_);
  if (gap.records_lost.value_or(0) > 0) gap.first_lost_seq = next_seq_;
  visitor_.Take(gap);
}

Result<std::vector<uint8_t>> ReadWhole(const ReadBytes& read, uint64_t size) {
  std::vector<uint8_t> bytes;
  bytes.reserve(size);
  while (bytes.size() < size) {
    auto more = read(bytes.size(), std::min<uint64_t>(kReadBytes, size - bytes.size()));
    if (!more) return std::move(more).error();
    if (more->empty()) return Error("it became shorter while it was read");
    bytes.insert(bytes.end(), more->begin(), more->end());
  }
  return bytes;
}

// Returns true where the segment ends in order.
bool WalkWhole(Bytes bytes, SegmentVisitor& visitor, std::optional<SegmentStart>* segment) {
  ContentReader reader(bytes, false, {});
  for (bool begun = false;;) {
    const Item item = reader.Next();
    if (!std::exchange(begun, true)) {
      *segment = reader.segment();
      visitor.Begin(*segment);
    }
    if (const auto* end = std::get_if<End>(&item)) {
      return end->complete;
    } else if (const auto* gap = std::get_if<Gap>(&item)) {
      visitor.Take(*gap);
    } else {
      const RecordView& record = std::get<RecordView>(item);
      visitor.Take(record, bytes.subspan(record.offset, record.size));
    }
  }
}

}  // namespace

Result<WalkedSegment> WalkSegment(const ReadBytes& read, SegmentVisitor& visitor) {
  Walker walker(read, visitor);
  auto step = walker.Begin();
  while (step && *step == Walker::Step::kGoOn) step = walker.Next();
  if (!step) return std::move(step).error();
  if (Status passed = walker.window().Pass(); !passed) return std::move(passed).error();
  WalkedSegment walked{.segment = {},
                       .is_complete = walker.is_complete(),
                       .bytes = walker.window().End(),
                       .crc = walker.window().crc()};
  if (*step == Walker::Step::kEnd) {
    walked.segment = walker.segment();
    return walked;
  }
  const auto bytes = ReadWhole(read, walked.bytes);
  if (!bytes) return bytes.error();
  walked.is_complete = WalkWhole(*bytes, visitor, &walked.segment);
  return walked;
}

}  // namespace daybook
