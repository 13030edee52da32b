#include "compression.h"

#include <zstd.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace daybook {
namespace {

using Bytes = std::span<const uint8_t>;

// Nearly what level 9 finds, in a quarter of its memory: it counts as the recorder's. Stronger
// strategies save a twentieth more, for ten times the CPU time.
constexpr std::pair<ZSTD_cParameter, int> kParameters[] = {
    {ZSTD_c_contentSizeFlag, 1}, {ZSTD_c_checksumFlag, 1}, {ZSTD_c_strategy, ZSTD_lazy2},
    {ZSTD_c_searchLog, 5},       {ZSTD_c_minMatch, 4},     {ZSTD_c_targetLength, 32},
    {ZSTD_c_windowLog, 18},  // a frame's usual length
    {ZSTD_c_hashLog, 16},    // of entries of 4 bytes
    {ZSTD_c_chainLog, 16}};  // likewise, where the machine has no vectors

// Frames of others may want a window of gigabytes; ours have one of kMaxFrameBytes at most. Level
// 19 of zstd's own program takes this much.
constexpr int kWindowLogMax = 23;

// The byte behind the magic number describes the frame's header; this bit says that a checksum
// follows the content.
constexpr size_t kDescriptorOffset = 4;
constexpr uint8_t kChecksumBit = 1 << 2;

// Given more at a time, the library returns nothing of what it decoded before it met the damage.
// Byte for byte, every block before the damage comes out, and the last one, too, where only the
// checksum is wrong.
constexpr size_t kInputStep = 1;
constexpr size_t kOutputStep = 4096;

bool HasChecksum(Bytes frame) {
  return frame.size() > kDescriptorOffset && (frame[kDescriptorOffset] & kChecksumBit) != 0;
}

// nullopt where it does not say so.
std::optional<uint64_t> DeclaredBytes(Bytes frame) {
  const unsigned long long bytes = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (bytes == ZSTD_CONTENTSIZE_UNKNOWN || bytes == ZSTD_CONTENTSIZE_ERROR) return std::nullopt;
  return bytes;
}

constexpr char kNoMemory[] = "there is no memory for zstd";
// Whoever wants to can make such frames end anywhere.
constexpr char kProvesNothing[] = "it lacks the checksum, or the size, of its content";

std::string TooMuch(size_t max_bytes) {
  return "it holds more than " + std::to_string(max_bytes) + " bytes: daybook did not write it";
}

Error LibraryError(const std::string& what, size_t code) {
  return Error("cannot compress: " + what + ": " + ZSTD_getErrorName(code));
}

}  // namespace

struct FrameCompressor::Context {
  Context() : zstd(ZSTD_createCCtx()) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { ZSTD_freeCCtx(zstd); }

  Status Prepare() const {
    for (const auto& [parameter, value] : kParameters) {
      const size_t code = ZSTD_CCtx_setParameter(zstd, parameter, value);
      if (ZSTD_isError(code)) return LibraryError("parameters of zstd", code);
    }
    return Ok{};
  }

  ZSTD_CCtx* zstd;
};

FrameCompressor::FrameCompressor() : context_(std::make_unique<Context>()) {}
FrameCompressor::FrameCompressor(FrameCompressor&&) noexcept = default;
FrameCompressor& FrameCompressor::operator=(FrameCompressor&&) noexcept = default;
FrameCompressor::~FrameCompressor() = default;

Status FrameCompressor::Compress(Bytes content, std::vector<uint8_t>* out) {
  if (context_->zstd == nullptr) return Error("cannot compress: no memory for zstd");
  if (Status prepared = context_->Prepare(); !prepared) return prepared;
  const size_t begin = out->size();
  out->resize(begin + ZSTD_compressBound(content.size()));
  const size_t size = ZSTD_compress2(context_->zstd, out->data() + begin, out->size() - begin,
                                     content.data(), content.size());
  const bool failed = ZSTD_isError(size) != 0;
  out->resize(begin + (failed ? 0 : size));
  if (failed) return LibraryError("zstd", size);
  return Ok{};
}

struct FrameDecoder::Context {
  Context() : zstd(ZSTD_createDCtx()) {
    if (zstd != nullptr) ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, kWindowLogMax);
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { ZSTD_freeDCtx(zstd); }

  ZSTD_DCtx* zstd;
};

FrameDecoder::FrameDecoder() : context_(std::make_unique<Context>()) {}
FrameDecoder::FrameDecoder(FrameDecoder&&) noexcept = default;
FrameDecoder& FrameDecoder::operator=(FrameDecoder&&) noexcept = default;
FrameDecoder::~FrameDecoder() = default;

DecodedFrame FrameDecoder::DecodeWhole(Bytes bytes, size_t max_bytes, Buffer* content) {
  content->clear();
  if (context_->zstd == nullptr) return {.why = kNoMemory};
  const auto declared = DeclaredBytes(bytes);
  if (!declared || !HasChecksum(bytes)) return {.why = kProvesNothing};
  if (*declared > max_bytes) return {.why = TooMuch(max_bytes)};
  bytes = bytes.first(std::min(bytes.size(), kMaxCompressedBytes));
  // Walks the frame's blocks only; an error where one does not end before the bytes do.
  const size_t frame_bytes = ZSTD_findFrameCompressedSize(bytes.data(), bytes.size());
  if (ZSTD_isError(frame_bytes)) {
    return {.frame_bytes = bytes.size(), .why = ZSTD_getErrorName(frame_bytes)};
  }
  content->resize(*declared);
  const size_t size = ZSTD_decompressDCtx(context_->zstd, content->data(), content->size(),
                                          bytes.data(), frame_bytes);
  if (size == *declared) return {.whole = true, .frame_bytes = frame_bytes};
  content->clear();
  return {.frame_bytes = frame_bytes, .why = ZSTD_getErrorName(size), .vain_bytes = *declared};
}

DecodedFrame FrameDecoder::DecodePrefix(Bytes bytes, size_t max_bytes, Buffer* content) {
  content->clear();
  if (context_->zstd == nullptr) return {.why = kNoMemory};
  ZSTD_DCtx_reset(context_->zstd, ZSTD_reset_session_only);
  DecodedFrame frame;
  ZSTD_inBuffer in{.src = bytes.data(), .size = 0, .pos = 0};
  size_t produced = 0;
  for (;;) {
    if (in.pos == in.size) in.size = std::min(in.size + kInputStep, bytes.size());
    const size_t room = std::min(kOutputStep, max_bytes - produced);
    content->resize(produced + room);
    ZSTD_outBuffer out{.dst = content->data() + produced, .size = room, .pos = 0};
    const size_t before = in.pos;
    const size_t state = ZSTD_decompressStream(context_->zstd, &out, &in);
    if (ZSTD_isError(state)) {
      frame.why = ZSTD_getErrorName(state);
      break;
    }
    produced += out.pos;
    // The only proof of a frame's end: the library reports no error where its input ends early.
    if (state == 0) {
      frame.whole = HasChecksum(bytes) && DeclaredBytes(bytes).has_value();
      if (!frame.whole) frame.why = kProvesNothing;
      break;
    }
    if (in.pos != before || out.pos != 0) continue;
    frame.why = in.pos == bytes.size() ? "it ends too early" : TooMuch(max_bytes);
    break;
  }
  content->resize(produced);
  frame.frame_bytes = in.pos;
  return frame;
}

}  // namespace daybook
