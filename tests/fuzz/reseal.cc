#include "reseal.h"

#include <algorithm>

#include "block.h"
#include "crc32c.h"
#include "layout.h"

namespace daybook {
namespace {

class Sealer {
 public:
  Sealer(Bytes bytes, Reseal what) : bytes_(bytes), what_(what) {}

  std::vector<uint8_t> Run() {
    for (size_t at = 0; at < bytes_.size();) {
      const auto header = ReadHeader(bytes_, at);
      if (!header) {
        out_.push_back(bytes_[at++]);
        continue;
      }
      Take(*header, at);
      at = header->end;
    }
    return std::move(out_);
  }

 private:
  void Take(const RecordHeader& header, size_t at) {
    const Bytes payload = bytes_.subspan(header.payload_begin, header.end - header.payload_begin);
    Checkpoint checkpoint;
    const BlockBase base{.time_ticks = 0, .pid = 0, .tick_ns = kTickNs};
    if (header.type == Schema<Checkpoint>::kType && Decode(payload, base, &checkpoint)) {
      return Close(checkpoint);
    }
    Mark mark;
    if (header.type == Schema<Mark>::kType && Decode(payload, base, &mark)) return Seal(mark);
    const Bytes record = bytes_.subspan(at, header.end - at);
    out_.insert(out_.end(), record.begin(), record.end());
    if (IsNumbered(header.type)) ++numbered_;
  }

  template <class Record>
  void Append(const Record& record) {
    const BlockBase base{.time_ticks = 0, .pid = 0, .tick_ns = kTickNs};
    std::vector<uint8_t> payload(MaxEncodedBytes(record));
    const uint8_t* const end = Encode(record, base, payload.data());
    out_.insert(out_.end(), std::begin(kCookie), std::end(kCookie));
    out_.push_back(Schema<Record>::kType);
    out_.push_back(static_cast<uint8_t>(end - payload.data()));
    out_.insert(out_.end(), static_cast<const uint8_t*>(payload.data()), end);
  }

  void PutSum(uint32_t sum) { PutFixed(out_.data() + out_.size() - sizeof(sum), sum); }

  void Seal(const Mark& mark) {
    Append(mark);
    const Bytes summed = Bytes(out_).subspan(begin_, out_.size() - sizeof(uint32_t) - begin_);
    PutSum(ExtendCrc32c(PlaceCrc(place_), summed));
  }

  void Close(Checkpoint checkpoint) {
    const size_t at = out_.size();
    if (what_ == Reseal::kPlaces) {
      checkpoint.block_bytes = at - begin_;
      checkpoint.logical_offset = place_.logical_offset;
      checkpoint.first_seq = place_.first_seq;
      checkpoint.seq_count = numbered_;
    }
    const size_t length = static_cast<size_t>(std::min<uint64_t>(checkpoint.block_bytes, at));
    checkpoint.block_crc = Crc32c(Bytes(out_).subspan(at - length, length));
    Append(checkpoint);
    PutSum(Crc32c(Bytes(out_).subspan(at, out_.size() - sizeof(uint32_t) - at)));
    begin_ = out_.size();
    numbered_ = 0;
    place_ = {
        .tag = checkpoint.tag,
        .logical_offset = checkpoint.logical_offset + checkpoint.block_bytes + (out_.size() - at),
        .first_seq = checkpoint.first_seq + checkpoint.seq_count,
        .base = {.time_ticks = checkpoint.last_time_ns / kTickNs,
                 .pid = static_cast<uint32_t>(checkpoint.last_pid),
                 .tick_ns = kTickNs}};
  }

  const Bytes bytes_;
  const Reseal what_;
  std::vector<uint8_t> out_;
  size_t begin_ = 0;  // of the open block in out_
  uint64_t numbered_ = 0;
  BlockPlace place_;
};

}  // namespace

std::vector<uint8_t> Resealed(std::span<const uint8_t> bytes, Reseal what) {
  return Sealer(bytes, what).Run();
}

}  // namespace daybook
