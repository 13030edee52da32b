#include "container_stream.h"

#include <algorithm>

#include "crc32c.h"
#include "daybook/coding.h"
#include "layout.h"

namespace daybook {
namespace {

// Most parts are shorter.
constexpr size_t kShortPart = 512;
// Of an index, per frame, for the CLOCK records per byte of the content that they are in, and for
// everything else. A length that was hit by damage may be anything.
constexpr size_t kIndexBytesPerFrame = 512;
constexpr size_t kIndexBytesPerContentByte = 8;
constexpr size_t kOtherIndexBytes = size_t{1} << 20;

}  // namespace

Result<std::optional<ContainerPart>> ContainerStream::TakePart() {
  const std::optional<ContainerPart> none;
  auto bytes = read_(position_, kShortPart);
  if (!bytes) return std::move(bytes).error();
  Cursor cursor(*bytes);
  uint32_t magic = 0;
  uint32_t rest = 0;
  if (!cursor.GetFixed(&magic) || !cursor.GetFixed(&rest)) return none;
  const uint64_t size = uint64_t{rest} + kSkippableHeaderBytes;
  const uint64_t longest = kOtherIndexBytes + frames_.size() * kIndexBytesPerFrame +
                           content_end_ * kIndexBytesPerContentByte;
  if (size > longest) return none;
  if (size > bytes->size() && bytes->size() == kShortPart) {
    bytes = read_(position_, size);
    if (!bytes) return std::move(bytes).error();
  }
  part_ = *std::move(bytes);
  const auto part = ReadPart(part_, 0);
  if (!part) return none;
  position_ += part->end;
  entries_.push_back({.frame_bytes = part->end});
  return part;
}

Result<ContainerStream::Step> ContainerStream::Next() {
  if (!head_) {
    const auto part = TakePart();
    if (!part) return part.error();
    if (*part) head_ = DecodeHead(**part);
    if (!head_) return Step::kDamaged;
  }
  const uint64_t begin = position_;
  const auto part = TakePart();
  if (!part) return part.error();
  if (!*part) return Step::kDamaged;
  if (const auto frame = DecodeDescription(**part, tick_ns())) return TakeFrame(*frame);
  if (const auto index = DecodeIndex(**part, tick_ns())) return TakeEnd(*index, begin);
  return Step::kDamaged;
}

Result<ContainerStream::Step> ContainerStream::TakeFrame(const Frame& frame) {
  if (frame.offset != content_end_ || frame.raw_bytes > kMaxFrameBytes) return Step::kDamaged;
  if (frame.compressed_bytes > kMaxCompressedBytes) return Step::kDamaged;
  const auto bytes = read_(position_, frame.compressed_bytes);
  if (!bytes) return bytes.error();
  const bool described =
      bytes->size() == frame.compressed_bytes && Crc32c(*bytes) == frame.compressed_crc;
  if (!described || !HasZstdMagic(*bytes, 0)) return Step::kDamaged;
  const DecodedFrame decoded = decoder_.DecodeWhole(*bytes, kMaxFrameBytes, &content_);
  if (!decoded.whole || decoded.frame_bytes != bytes->size()) return Step::kDamaged;
  if (content_.size() != frame.raw_bytes) return Step::kDamaged;
  position_ += bytes->size();
  content_end_ += content_.size();
  content_crc_ = ExtendCrc32c(content_crc_, content_);
  frames_.push_back(frame);
  entries_.push_back({.frame_bytes = bytes->size(), .content_bytes = content_.size()});
  return Step::kFrame;
}

Result<ContainerStream::Step> ContainerStream::TakeEnd(const ContainerIndex& index,
                                                       uint64_t index_begin) {
  content_.clear();
  const Container& container = head_->container;
  const bool fits = index.container_bytes == index_begin && index.frames == frames_ &&
                    container.raw_bytes == content_end_ && container.raw_crc == content_crc_;
  if (!fits) return Step::kDamaged;
  const std::vector<uint8_t> right = EncodeSeekTable(entries_);
  const auto table = read_(position_, right.size() + 1);
  if (!table) return table.error();
  return *table == right ? Step::kEnd : Step::kDamaged;
}

}  // namespace daybook
