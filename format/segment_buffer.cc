#include "segment_buffer.h"

#include <algorithm>
#include <cassert>

#include "block.h"
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
    : tag_(tag), synced_seq_(first_seq), written_seq_(first_seq) {
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
  const uint64_t ticks = time_ns / open_.base.tick_ns;
  open_.first_time_ticks = open_.has_moment ? std::min(open_.first_time_ticks, ticks) : ticks;
  open_.last_time_ticks = open_.has_moment ? std::max(open_.last_time_ticks, ticks) : ticks;
  open_.has_moment = true;
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
                        .unsynced_bytes = start_offset_ + begin - synced_offset_,
                        .block_crc = open_.block_crc,
                        .self_crc = 0};
  open_.end = begin;
  open_.flags = flags;
  Append(checkpoint);
  const size_t crc_begin = bytes_.size() - sizeof(checkpoint.self_crc);
  PutFixed(bytes_.data() + crc_begin, Crc32c(std::span(bytes_).subspan(begin, crc_begin - begin)));

  closed_.push_back(open_);
  record_count_ += open_.record_count;
  BeginBlock(open_);
}

std::span<const uint8_t> SegmentBuffer::Unwritten() const {
  return std::span(bytes_).subspan(written_);
}

void SegmentBuffer::Written(size_t bytes) {
  written_ += bytes;
  assert(written_ <= bytes_.size());
  if (written_ == bytes_.size()) written_seq_ = next_seq();
  DropWrittenBlocks();
}

// A block that is not wholly written stays, the open one always: should the next write fail, it is
// written again as a whole.
void SegmentBuffer::DropWrittenBlocks() {
  size_t blocks = 0;
  size_t dropped = 0;
  for (; blocks < closed_.size(); ++blocks) {
    const bool is_last = blocks + 1 == closed_.size();
    const size_t next_begin = is_last ? open_.begin : closed_[blocks + 1].begin;
    if (next_begin > written_) break;
    dropped = next_begin;
  }
  if (blocks == 0) return;
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(dropped));
  closed_.erase(closed_.begin(), closed_.begin() + static_cast<std::ptrdiff_t>(blocks));
  for (Block& block : closed_) {
    block.begin -= dropped;
    block.end -= dropped;
  }
  start_offset_ += dropped;
  written_ -= dropped;
  open_.begin -= dropped;
  open_.summed_end -= dropped;
}

void SegmentBuffer::Synced() {
  synced_offset_ = start_offset_ + written_;
  synced_seq_ = written_seq_;
}

void SegmentBuffer::TakeOver(const SegmentBuffer& other) {
  lost_total_ += other.lost_total_;
  auto take = [&](const Block& block, size_t end) {
    CloseBlock();
    const size_t begin = bytes_.size();
    PutBytes(Room(end - block.begin), other.bytes_.data() + block.begin, end - block.begin);
    open_ = block;
    open_.begin = open_.summed_end = begin;
    open_.end = 0;
    open_.block_crc = 0;
    CloseBlock();
  };
  for (const Block& block : other.closed_) {
    if (block.flags == 0) take(block, block.end);
  }
  if (other.open_block_bytes() != 0) take(other.open_, other.bytes_.size());
}

}  // namespace daybook
