// Blocks put together byte by byte: also such as no writer of ours makes.
#pragma once

#include <cstdint>
#include <vector>

#include "block.h"
#include "crc32c.h"
#include "daybook/codec.h"
#include "layout.h"

namespace daybook {

inline constexpr uint32_t kRawTag = 0x7A91'03F5;

class RawLog {
 public:
  RawLog() { next_.tag = kRawTag; }

  // What the next checkpoint will say, but for the sums and lengths.
  Checkpoint& next() { return next_; }
  std::vector<uint8_t>& bytes() { return bytes_; }
  size_t size() const { return bytes_.size(); }

  RawLog& AddBytes(const std::vector<uint8_t>& bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }

  RawLog& AddPayload(uint8_t type, const std::vector<uint8_t>& payload) {
    AddBytes({kCookie[0], kCookie[1], type, static_cast<uint8_t>(payload.size())});
    next_.record_count += IsFraming(type) ? 0 : 1;
    next_.seq_count += IsNumbered(type) ? 1 : 0;
    return AddBytes(payload);
  }

  template <class Record>
  RawLog& Add(const Record& record) {
    std::vector<uint8_t> payload(MaxEncodedBytes(record));
    const uint8_t* const end = Encode(record, base(), payload.data());
    payload.resize(static_cast<size_t>(end - payload.data()));
    return AddPayload(Schema<Record>::kType, payload);
  }

  // Head of a segment in a block of its own.
  RawLog& AddHead(uint8_t stream = 1, uint32_t major_version = kMajorVersion) {
    SegmentStart start{.signature = kSignature,
                       .major_version = major_version,
                       .tag = next_.tag,
                       .segment_no = 1,
                       .tick_ns = kTickNs,
                       .first_seq = next_.first_seq};
    start.stream_id.bytes.fill(stream);
    return Add(start).Close(kCheckpointFirst);
  }

  // Closes the block as its checkpoint `next()` says.
  RawLog& Close(uint32_t flags = 0) {
    next_.flags = flags;
    next_.block_bytes = size() - block_begin_;
    next_.block_crc = Crc32c(std::span(bytes_).subspan(block_begin_));
    AddCheckpoint(next_);
    next_.logical_offset += size() - block_begin_;
    next_.first_seq += next_.seq_count;
    next_.seq_count = next_.record_count = 0;
    next_.base_time_ns = next_.last_time_ns;
    next_.base_pid = next_.last_pid;
    block_begin_ = size();
    return *this;
  }

  // One that claims what it likes; its own sum is right.
  RawLog& AddCheckpoint(Checkpoint checkpoint) {
    const size_t begin = size();
    const BlockBase zero{.time_ticks = 0, .pid = 0, .tick_ns = kTickNs};
    std::vector<uint8_t> payload(MaxEncodedBytes(checkpoint));
    payload.resize(static_cast<size_t>(Encode(checkpoint, zero, payload.data()) - payload.data()));
    AddPayload(Schema<Checkpoint>::kType, payload);
    const size_t crc_begin = size() - sizeof(checkpoint.self_crc);
    PutFixed(bytes_.data() + crc_begin,
             Crc32c(std::span(bytes_).subspan(begin, crc_begin - begin)));
    return *this;
  }

  RawLog& AddMark() {
    const BlockPlace place{.tag = next_.tag,
                           .logical_offset = next_.logical_offset,
                           .first_seq = next_.first_seq,
                           .base = base()};
    Add(Mark{.record_count = next_.record_count, .crc = 0});
    const size_t crc_begin = size() - sizeof(Mark::crc);
    const auto summed = std::span(bytes_).subspan(block_begin_, crc_begin - block_begin_);
    PutFixed(bytes_.data() + crc_begin, ExtendCrc32c(PlaceCrc(place), summed));
    return *this;
  }

 private:
  BlockBase base() const {
    return {.time_ticks = next_.base_time_ns / kTickNs,
            .pid = static_cast<uint32_t>(next_.base_pid),
            .tick_ns = kTickNs};
  }

  std::vector<uint8_t> bytes_;
  Checkpoint next_;
  size_t block_begin_ = 0;
};

}  // namespace daybook
