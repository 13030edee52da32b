// Makes the container of one segment, piece by piece: of the segment and of the container no more
// than one frame and the window of a walk are in memory.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "block.h"
#include "compression.h"
#include "container.h"
#include "daybook/result.h"
#include "layout.h"
#include "segment_walk.h"

namespace daybook {

// How a segment is cut into frames, and what the container says of it. Any bytes will do: what is
// in no block is cut by length alone.
struct SegmentPlan {
  Container container;
  std::optional<SegmentStart> segment;
  std::vector<uint8_t> segment_start;  // the record, or a copy of it, where a block has one
  std::vector<Frame> frames;           // what is known of each before it is compressed
  std::vector<Clock> clocks;           // of the segment's proved blocks
};

Result<SegmentPlan> PlanSegment(const ReadBytes& read, size_t frame_bytes);

class SegmentCompressor {
 public:
  // What `read` returns must not change.
  explicit SegmentCompressor(ReadBytes read, size_t frame_bytes = kFrameBytes);
  // `raw` must outlive this object.
  explicit SegmentCompressor(Bytes raw, size_t frame_bytes = kFrameBytes);

  // The next bytes of the file; empty behind its end.
  Result<std::vector<uint8_t>> Next();

 private:
  enum class Stage : uint8_t { kHead, kFrames, kDone };

  Result<std::vector<uint8_t>> Head();
  Result<std::vector<uint8_t>> DescribedFrame();
  std::vector<uint8_t> IndexAndSeekTable();
  void Count(size_t frame_bytes, uint64_t content_bytes);

  ReadBytes read_;
  size_t frame_target_;
  SegmentPlan plan_;
  uint32_t tick_ns_ = kTickNs;
  FrameCompressor compressor_;
  Stage stage_ = Stage::kHead;
  size_t next_frame_ = 0;
  uint64_t file_bytes_ = 0;
  std::vector<SeekEntry> entries_;
};

}  // namespace daybook
