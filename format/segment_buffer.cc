#include "segment_buffer.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "block.h"
#include "clock_span.h"
#include "crc32c.h"
#include "layout.h"

namespace daybook {
namespace {

uint8_t* PutHeader(uint8_t* out, uint8_t type, size_t payload_bytes) {
  assert(payload_bytes <= kMaxPayloadBytes);
  out = PutBytes(out, kCookie, sizeof(kCookie));
  *out++ = type;
  *out++ = static_cast<uint8_t>(payload_bytes);
  return out;
}

}  // namespace

SegmentBuffer::SegmentBuffer(uint32_t tag, uint64_t first_seq)
    : tag_(tag), written_position_{0, first_seq}, synced_{0, first_seq} {
  open_.first_seq = first_seq;
  BeginBlock(open_);
}

// A block follows `previous` and is relative to its last time and pid.
void SegmentBuffer::BeginBlock(const Block& previous) {
  Block next;
  next.begin = next.summed_end = bytes_.size();
  next.base = {
      .time_ticks = previous.last_time_ticks, .pid = previous.last_pid, .tick_ns = kTickNs};
  next.first_seq = previous.first_seq + previous.seq_count;
  next.last_pid = previous.last_pid;
  next.mark_crc = PlaceCrc({.tag = tag_,
                            .logical_offset = start_offset_ + next.begin,
                            .first_seq = next.first_seq,
                            .base = next.base});
  open_ = next;
}

// Grows the buffer by `bytes` and returns where they begin. Pointers into the buffer are void
// after.
uint8_t* SegmentBuffer::Room(size_t bytes) {
  const size_t size = bytes_.size();
  bytes_.resize(size + bytes);
  return bytes_.data() + size;
}

uint8_t* SegmentBuffer::BeginRecord(size_t max_payload_bytes) {
  return Room(kHeaderBytes + max_payload_bytes) + kHeaderBytes;
}

void SegmentBuffer::FinishRecord(uint8_t type, uint8_t* payload, uint8_t* end) {
  const size_t payload_bytes = static_cast<size_t>(end - payload);
  assert(payload_bytes <= kMaxLogicalBytes);
  const size_t head_bytes = std::min(payload_bytes, kMaxPayloadBytes);
  if (head_bytes == kMaxPayloadBytes) scratch_.assign(payload + head_bytes, end);
  PutHeader(payload - kHeaderBytes, type, head_bytes);
  bytes_.resize(static_cast<size_t>(payload - bytes_.data()) + head_bytes);
  if (head_bytes == kMaxPayloadBytes) AppendFragments(scratch_);
  if (!IsFraming(type)) ++open_.record_count;
  if (IsNumbered(type)) ++open_.seq_count;
}

// The last fragment is shorter than the others, perhaps empty: that is how its reader knows it.
void SegmentBuffer::AppendFragments(std::span<const uint8_t> payload) {
  for (uint32_t index = 0;; ++index) {
    const size_t bytes = std::min(payload.size(), kFragmentBytes);
    uint8_t* out = Room(kHeaderBytes + 1 + bytes);
    out = PutHeader(out, Schema<Continuation>::kType, 1 + bytes);
    *out++ = static_cast<uint8_t>(index & kFragmentIndexMask);
    PutBytes(out, payload.data(), bytes);
    payload = payload.subspan(bytes);
    if (bytes < kFragmentBytes) return;
  }
}

void SegmentBuffer::NoteMoment(uint64_t time_ns) {
  const uint64_t ticks = internal::ToTicks(time_ns, open_.base.tick_ns);
  open_.first_time_ticks = open_.has_moment ? std::min(open_.first_time_ticks, ticks) : ticks;
  open_.last_time_ticks = open_.has_moment ? std::max(open_.last_time_ticks, ticks) : ticks;
  open_.has_moment = true;
}

void SegmentBuffer::NoteAnchor(const Clock& clock) {
  anchors_.push_back({.logical = start_offset_ + open_.begin,
                      .time_ns = clock.time_ns / kTickNs * kTickNs,
                      .realtime_ns = clock.realtime_ns});
}

// Every byte is summed once for each sum, however many MARKs there are.
void SegmentBuffer::SumOpenBlock(size_t end) {
  const auto unsummed = std::span(bytes_).subspan(open_.summed_end, end - open_.summed_end);
  open_.block_crc = ExtendCrc32c(open_.block_crc, unsummed);
  open_.mark_crc = ExtendCrc32c(open_.mark_crc, unsummed);
  open_.summed_end = end;
}

void SegmentBuffer::Seal() {
  if (bytes_.size() == open_.summed_end) return;
  Append(Mark{.record_count = open_.record_count, .crc = 0});
  const size_t crc_begin = bytes_.size() - sizeof(Mark::crc);
  SumOpenBlock(crc_begin);
  PutFixed(bytes_.data() + crc_begin, open_.mark_crc);
  SumOpenBlock(bytes_.size());
  sealed_ = bytes_.size();
}

void SegmentBuffer::CloseHeadBlock(uint32_t flags) {
  open_.is_head = true;
  CloseBlock(flags);
}

void SegmentBuffer::PlaceBlock(const BlockBase& base, uint64_t first_seq) {
  assert(open_block_bytes() == 0);
  open_.base = base;
  open_.first_seq = first_seq;
}

void SegmentBuffer::CloseBlock(uint32_t flags) {
  if (open_block_bytes() == 0 && flags == 0) return;
  // What nothing proved has no numbers.
  if ((flags & kCheckpointSalvaged) != 0) open_.seq_count = 0;
  const uint64_t tick_ns = open_.base.tick_ns;
  if (!open_.has_moment) open_.first_time_ticks = open_.last_time_ticks = open_.base.time_ticks;
  const size_t begin = bytes_.size();
  SumOpenBlock(begin);
  Checkpoint checkpoint{.flags = flags,
                        .tag = tag_,
                        .block_bytes = open_block_bytes(),
                        .logical_offset = start_offset_ + open_.begin,
                        .first_seq = open_.first_seq,
                        .seq_count = open_.seq_count,
                        .record_count = open_.record_count,
                        .base_time_ns = open_.base.time_ticks * tick_ns,
                        .first_time_ns = open_.first_time_ticks * tick_ns,
                        .last_time_ns = open_.last_time_ticks * tick_ns,
                        .base_pid = open_.base.pid,
                        .last_pid = open_.last_pid,
                        .lost_total = lost_total_,
                        .unsynced_bytes = start_offset_ + begin - synced_.logical,
                        .block_crc = open_.block_crc,
                        .self_crc = 0};
  open_.end = begin;
  open_.flags = flags;
  Append(checkpoint);
  const size_t crc_begin = bytes_.size() - sizeof(checkpoint.self_crc);
  PutFixed(bytes_.data() + crc_begin, Crc32c(std::span(bytes_).subspan(begin, crc_begin - begin)));

  sealed_ = bytes_.size();
  NoteSpan(open_);
  closed_.push_back(open_);
  record_count_ += open_.record_count;
  BeginBlock(open_);
}

void SegmentBuffer::NoteSpan(const Block& block) {
  if (!block.has_moment) return;
  first_time_ticks_ = std::min(first_time_ticks_.value_or(UINT64_MAX), block.first_time_ticks);
  last_time_ticks_ = std::max(last_time_ticks_.value_or(0), block.last_time_ticks);
}

std::span<const uint8_t> SegmentBuffer::Unwritten() const {
  return std::span(bytes_).subspan(written_);
}

// Where the block behind that one begins.
size_t SegmentBuffer::EndOf(size_t block) const {
  return block + 1 == closed_.size() ? open_.begin : closed_[block + 1].begin;
}

void SegmentBuffer::Written(size_t bytes) {
  written_ += bytes;
  assert(written_ <= bytes_.size());
  NoteWritten();
}

void SegmentBuffer::NoteWritten() {
  if (written_ >= sealed_ && sealed_ == bytes_.size()) {
    written_position_ = {.logical = logical_bytes(), .next_seq = next_seq()};
    return;
  }
  for (size_t i = 0; i < closed_.size() && EndOf(i) <= written_; ++i) {
    const uint64_t end = start_offset_ + EndOf(i);
    if (end <= written_position_.logical) continue;
    written_position_ = {.logical = end, .next_seq = closed_[i].first_seq + closed_[i].seq_count};
  }
}

// A block of which a part may be lost stays as a whole, the open one always: it would have to be
// written again as a whole.
void SegmentBuffer::Synced(const Position& position) {
  synced_ = position;
  size_t blocks = 0;
  while (blocks < closed_.size() && start_offset_ + EndOf(blocks) <= position.logical) ++blocks;
  DropBlocks(blocks);
}

void SegmentBuffer::ForgetWritten(size_t keep_bytes) {
  size_t blocks = 0;
  size_t dropped = 0;
  while (blocks < closed_.size() && EndOf(blocks) <= written_ &&
         bytes_.size() - dropped > keep_bytes) {
    dropped = EndOf(blocks++);
  }
  DropBlocks(blocks);
}

void SegmentBuffer::DropBlocks(size_t count) {
  if (count == 0) return;
  const size_t dropped = EndOf(count - 1);
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(dropped));
  closed_.erase(closed_.begin(), closed_.begin() + static_cast<std::ptrdiff_t>(count));
  for (Block& block : closed_) {
    block.begin -= dropped;
    block.end -= dropped;
  }
  start_offset_ += dropped;
  written_ -= dropped;
  sealed_ -= dropped;
  open_.begin -= dropped;
  open_.summed_end -= dropped;
}

size_t SegmentBuffer::WrittenBlocks() const {
  size_t blocks = 0;
  while (blocks < closed_.size() && EndOf(blocks) <= written_) ++blocks;
  return blocks;
}

SegmentBuffer SegmentBuffer::TakeUnwritten() {
  const size_t blocks = WrittenBlocks();
  const size_t end = blocks == 0 ? 0 : EndOf(blocks - 1);
  SegmentBuffer rest(0, blocks < closed_.size() ? closed_[blocks].first_seq : open_.first_seq);
  rest.lost_total_ = lost_total_;
  rest.TakeOverFrom(*this, blocks);
  closed_.resize(blocks);
  bytes_.resize(end);
  written_ = sealed_ = end;
  open_ = {};
  open_.begin = open_.summed_end = end;
  open_.first_seq = rest.first_buffered_seq();
  return rest;
}

// Its memory is free again at once.
void SegmentBuffer::TakeOver(SegmentBuffer&& other) {
  const SegmentBuffer taken = std::move(other);
  TakeOverFrom(taken, 0);
}

void SegmentBuffer::TakeOverFrom(const SegmentBuffer& other, size_t first_block) {
  bytes_.reserve(bytes_.size() + other.bytes_.size());
  auto take = [&](const Block& block, size_t end) {
    CloseBlock();
    const size_t begin = bytes_.size();
    PutBytes(Room(end - block.begin), other.bytes_.data() + block.begin, end - block.begin);
    open_ = block;
    open_.begin = open_.summed_end = begin;
    open_.end = 0;
    open_.block_crc = 0;
    for (const Anchor& anchor : other.anchors_) {
      if (anchor.logical != other.start_offset_ + block.begin) continue;
      anchors_.push_back(anchor);
      anchors_.back().logical = start_offset_ + begin;
    }
    CloseBlock();
  };
  for (size_t i = first_block; i < other.closed_.size(); ++i) {
    if (!other.closed_[i].is_head) take(other.closed_[i], other.closed_[i].end);
  }
  if (other.open_block_bytes() != 0) take(other.open_, other.bytes_.size());
}

// Between two anchors the wall clock runs as boot time does, so its extremes are at the ends of
// these stretches.
SegmentBuffer::Span SegmentBuffer::TimeSpan() const {
  Span span;
  uint64_t first = first_time_ticks_.value_or(UINT64_MAX);
  uint64_t last = last_time_ticks_.value_or(0);
  if (open_.has_moment) {
    first = std::min(first, open_.first_time_ticks);
    last = std::max(last, open_.last_time_ticks);
  }
  if (first > last) return span;
  first *= open_.base.tick_ns;
  last *= open_.base.tick_ns;
  span.first_time_ns = first;
  span.last_time_ns = last;
  std::vector<ClockAnchor> anchors;
  for (const Anchor& anchor : anchors_) anchors.push_back({anchor.time_ns, anchor.realtime_ns});
  if (const auto realtime = FindRealtimeSpan(std::move(anchors), first, last)) {
    span.first_realtime_ns = realtime->first_ns;
    span.last_realtime_ns = realtime->last_ns;
  }
  return span;
}

}  // namespace daybook
