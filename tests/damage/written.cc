#include "written.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "layout.h"

namespace daybook::damage {
namespace {

void Demand(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "the segment under test is not as it should be: %s\n", what);
  std::abort();
}

// Hops over one segment.
class Parser {
 public:
  explicit Parser(Written* written) : written_(*written), bytes_(written->bytes) {}

  void Run() {
    Demand(Read(0, {}, &written_.start), "it does not begin with a SEGMENT_START");
    tick_ns_ = written_.start.tick_ns;
    next_seq_ = written_.start.first_seq;
    BeginBlock(BlockBase{.time_ticks = 0, .pid = 0, .tick_ns = tick_ns_});
    for (size_t at = 0; at < bytes_.size();) at = Take(at);
    block_.checkpoint = block_.end = bytes_.size();
    if (block_.begin != bytes_.size()) written_.blocks.push_back(block_);
  }

 private:
  template <class Record>
  bool Read(size_t at, const BlockBase& base, Record* record) const {
    const auto header = ReadHeader(bytes_, at);
    return header && header->type == Schema<Record>::kType &&
           Decode(Payload(*header), base, record);
  }

  Bytes Payload(const RecordHeader& header) const {
    return bytes_.subspan(header.payload_begin, header.end - header.payload_begin);
  }

  void BeginBlock(const BlockBase& base) {
    const size_t begin = block_.end;
    block_ = {.begin = begin, .checkpoint = begin, .end = begin, .record = {}, .mark_ends = {}};
    base_ = base;
  }

  size_t Take(size_t at) {
    const auto header = ReadHeader(bytes_, at);
    Demand(header.has_value(), "a header is missing");
    WrittenRecord record{.offset = at,
                         .size = header->end - at,
                         .type = header->type,
                         .payload = {},
                         .seq = {},
                         .base = base_,
                         .block = written_.blocks.size()};
    const Bytes payload = Payload(*header);
    record.payload.assign(payload.begin(), payload.end());
    if (payload.size() == kMaxPayloadBytes) record.size = Assemble(header->end, &record) - at;
    if (IsNumbered(record.type)) record.seq = next_seq_++;
    if (record.type == Schema<SegmentStart>::kType && at == block_.begin) block_.has_start = true;
    const size_t end = at + record.size;
    if (record.type == Schema<Mark>::kType) block_.mark_ends.push_back(end);
    const bool closes = record.type == Schema<Checkpoint>::kType;
    written_.records.push_back(std::move(record));
    if (closes) CloseBlock(at, end);
    return end;
  }

  size_t Assemble(size_t at, WrittenRecord* record) const {
    for (;;) {
      const auto header = ReadHeader(bytes_, at);
      Demand(header && header->type == Schema<Continuation>::kType, "a fragment is missing");
      const Bytes fragment = Payload(*header);
      record->payload.insert(record->payload.end(), fragment.begin() + 1, fragment.end());
      at = header->end;
      if (fragment.size() < kMaxPayloadBytes) return at;
    }
  }

  void CloseBlock(size_t at, size_t end) {
    Checkpoint checkpoint;
    const BlockBase ticks{.time_ticks = 0, .pid = 0, .tick_ns = tick_ns_};
    Demand(Read(at, ticks, &checkpoint), "a checkpoint cannot be decoded");
    Demand(checkpoint.block_bytes == at - block_.begin, "a checkpoint has another block's length");
    Demand(checkpoint.logical_offset == block_.begin, "a checkpoint has another block's place");
    block_.checkpoint = at;
    block_.end = end;
    block_.record = checkpoint;
    written_.block_of_self_crc[checkpoint.self_crc] = written_.blocks.size();
    // The base is only known now.
    const BlockBase base{.time_ticks = checkpoint.base_time_ns / tick_ns_,
                         .pid = static_cast<uint32_t>(checkpoint.base_pid),
                         .tick_ns = tick_ns_};
    for (auto record = written_.records.rbegin();
         record != written_.records.rend() && record->block == written_.blocks.size(); ++record) {
      record->base = base;
    }
    written_.blocks.push_back(block_);
    BeginBlock({.time_ticks = checkpoint.last_time_ns / tick_ns_,
                .pid = static_cast<uint32_t>(checkpoint.last_pid),
                .tick_ns = tick_ns_});
  }

  Written& written_;
  const Bytes bytes_;
  uint32_t tick_ns_ = 0;
  uint64_t next_seq_ = 0;
  WrittenBlock block_;
  BlockBase base_;
};

}  // namespace

size_t Written::RecordAt(size_t offset) const {
  const auto found = std::lower_bound(
      records.begin(), records.end(), offset,
      [](const WrittenRecord& record, size_t value) { return record.offset < value; });
  if (found == records.end() || found->offset != offset) return records.size();
  return static_cast<size_t>(found - records.begin());
}

Written TakeApart(std::vector<uint8_t> bytes) {
  Written written;
  written.bytes = std::move(bytes);
  Parser(&written).Run();
  return written;
}

}  // namespace daybook::damage
