// Reads a container that is exactly as it was written, frame by frame: what is not, or is of
// another version, is for ReadContainer, which needs all of it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "buffer.h"
#include "compression.h"
#include "container.h"
#include "daybook/result.h"
#include "segment_walk.h"

namespace daybook {

class ContainerStream {
 public:
  enum class Step : uint8_t {
    kFrame,    // the next one is in content()
    kEnd,      // behind the last one, and nothing was wrong: its index, its sum and its end neither
    kDamaged,  // this or anything before it is not as it was written; here it ends
  };

  explicit ContainerStream(ReadBytes read) : read_(std::move(read)) {}

  // Errors are only those of `read`.
  Result<Step> Next();

  Bytes content() const { return content_; }
  uint64_t content_begin() const { return content_end_ - content_.size(); }
  uint64_t content_end() const { return content_end_; }

 private:
  // The part at position_, which it moves on; nullopt where none stands there.
  Result<std::optional<ContainerPart>> TakePart();
  Result<Step> TakeFrame(const Frame& frame);
  Result<Step> TakeEnd(const ContainerIndex& index, uint64_t index_begin);
  uint32_t tick_ns() const { return TickOf(head_->segment); }

  ReadBytes read_;
  uint64_t position_ = 0;
  std::vector<uint8_t> part_;
  std::optional<ContainerHead> head_;
  std::vector<Frame> frames_;
  std::vector<SeekEntry> entries_;
  FrameDecoder decoder_;
  Buffer content_;
  uint64_t content_end_ = 0;
  uint32_t content_crc_ = 0;
};

}  // namespace daybook
