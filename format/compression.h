// One zstd frame to and from bytes: the only place that knows the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "buffer.h"
#include "daybook/result.h"
#include "layout.h"

namespace daybook {

// What zstd makes of content that cannot be compressed is hardly longer than that: no frame of ours
// is longer than this.
inline constexpr size_t kMaxCompressedBytes = 2 * kMaxFrameBytes;

// Makes independent frames with content size and checksum. Keeps its working memory between them.
class FrameCompressor {
 public:
  FrameCompressor();
  FrameCompressor(FrameCompressor&&) noexcept;
  FrameCompressor& operator=(FrameCompressor&&) noexcept;
  ~FrameCompressor();

  // Appends the frame that holds `content` to `out`; on an error nothing.
  Status Compress(std::span<const uint8_t> content, std::vector<uint8_t>* out);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

struct DecodedFrame {
  // The frame was decoded to its end, its size is the one it declares, its checksum is right.
  bool whole = false;
  size_t frame_bytes = 0;  // of the input: the frame's length where it is whole, else what was fed
  std::string why;         // it is not whole
  size_t vain_bytes = 0;   // of content that were decoded, or set aside, and are not handed out
};

class FrameDecoder {
 public:
  FrameDecoder();
  FrameDecoder(FrameDecoder&&) noexcept;
  FrameDecoder& operator=(FrameDecoder&&) noexcept;
  ~FrameDecoder();

  // Both replace `content` by that of the frame at the beginning of `bytes`, which may go on behind
  // it, and by no more than `max_bytes`. This one is quick, and gives all or nothing, of frames
  // of at most kMaxCompressedBytes.
  DecodedFrame DecodeWhole(std::span<const uint8_t> bytes, size_t max_bytes, Buffer* content);

  // What can be decoded of the frame's beginning.
  DecodedFrame DecodePrefix(std::span<const uint8_t> bytes, size_t max_bytes, Buffer* content);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace daybook
