#include "compression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <random>
#include <string>

#include "layout.h"

namespace daybook {
namespace {

using testing::HasSubstr;

using Content = std::vector<uint8_t>;

// Text-like: half of it can be compressed.
Content SomeContent(size_t size) {
  std::mt19937 random(1);
  Content content(size);
  for (uint8_t& byte : content) byte = static_cast<uint8_t>('a' + random() % 16);
  return content;
}

Content Compressed(const Content& content) {
  Content frame;
  FrameCompressor compressor;
  EXPECT_TRUE(compressor.Compress(content, &frame));
  return frame;
}

// A frame of somebody else, with these parameters.
Content OthersFrame(const Content& content, int has_checksum, int has_size) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, has_checksum);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, has_size);
  Content frame(ZSTD_compressBound(content.size()));
  frame.resize(ZSTD_compress2(context, frame.data(), frame.size(), content.data(), content.size()));
  ZSTD_freeCCtx(context);
  return frame;
}

// The decoder, for memory that can be compared.
class Decoder {
 public:
  DecodedFrame DecodeWhole(std::span<const uint8_t> bytes, size_t max_bytes, Content* content) {
    Buffer buffer(content->begin(), content->end());
    const DecodedFrame frame = decoder_.DecodeWhole(bytes, max_bytes, &buffer);
    content->assign(buffer.begin(), buffer.end());
    return frame;
  }
  DecodedFrame DecodePrefix(std::span<const uint8_t> bytes, size_t max_bytes, Content* content) {
    Buffer buffer(content->begin(), content->end());
    const DecodedFrame frame = decoder_.DecodePrefix(bytes, max_bytes, &buffer);
    content->assign(buffer.begin(), buffer.end());
    return frame;
  }

 private:
  FrameDecoder decoder_;
};

// As of a build: each command line is one of many, with another file and something of its own.
Content CommandLines(size_t size) {
  std::mt19937 random(1);
  std::string lines;
  while (lines.size() < size) {
    const uint32_t file = random() % 400;
    lines += "/usr/lib/gcc/x86_64-linux-gnu/12/cc1plus -quiet -I /home/somebody/project_" +
             std::to_string(file % 20) + "/include -D NDEBUG -O2 -o /tmp/cc" +
             std::to_string(random()) + ".s source_" + std::to_string(file) + ".cc";
    for (int number = 0; number < 3; ++number) lines += static_cast<char>(random());
  }
  return {lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(size)};
}

TEST(CompressionTest, CommandLinesTakeLessThanByTheLibrarysOwnChoice) {
  const Content content = CommandLines(kFrameBytes);
  EXPECT_LT(Compressed(content).size(), OthersFrame(content, 1, 1).size() * 19 / 20);
}

TEST(CompressionTest, FramesOfAllSizesComeBack) {
  FrameCompressor compressor;
  Decoder decoder;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{255}, size_t{4096}, kFrameBytes,
                            kMaxFrameBytes - 1, kMaxFrameBytes}) {
    const Content content = SomeContent(size);
    Content frame = {1, 2, 3};
    ASSERT_TRUE(compressor.Compress(content, &frame));
    frame.push_back(0);  // what follows is not the frame's
    const std::span bytes = std::span(frame).subspan(3);
    Content decoded = {9};
    const DecodedFrame whole = decoder.DecodeWhole(bytes, kMaxFrameBytes, &decoded);
    EXPECT_TRUE(whole.whole) << size << whole.why;
    EXPECT_EQ(whole.frame_bytes, bytes.size() - 1);
    EXPECT_EQ(decoded, content);
    const DecodedFrame steps = decoder.DecodePrefix(bytes, kMaxFrameBytes, &decoded);
    EXPECT_TRUE(steps.whole) << size << steps.why;
    EXPECT_EQ(steps.frame_bytes, bytes.size() - 1);
    EXPECT_EQ(decoded, content);
  }
}

TEST(CompressionTest, TheFrameSaysItsSizeAndHasAChecksum) {
  const Content frame = Compressed(SomeContent(1000));
  EXPECT_EQ(ZSTD_getFrameContentSize(frame.data(), frame.size()), 1000u);
  EXPECT_EQ(frame[4] & 4, 4);
  EXPECT_EQ(ZSTD_getDictID_fromFrame(frame.data(), frame.size()), 0u);
}

TEST(CompressionTest, ATruncatedFrameIsNeverWhole) {
  const Content content = SomeContent(3000);
  const Content frame = Compressed(content);
  Decoder decoder;
  Content decoded;
  for (size_t size = 0; size < frame.size(); ++size) {
    const std::span cut = std::span(frame).first(size);
    EXPECT_FALSE(decoder.DecodeWhole(cut, kMaxFrameBytes, &decoded).whole) << size;
    EXPECT_TRUE(decoded.empty());
    const DecodedFrame prefix = decoder.DecodePrefix(cut, kMaxFrameBytes, &decoded);
    EXPECT_FALSE(prefix.whole) << size;
    EXPECT_FALSE(prefix.why.empty());
    EXPECT_TRUE(std::equal(decoded.begin(), decoded.end(), content.begin())) << size;
  }
  // The last four bytes are the checksum: all of the content is there without them.
  EXPECT_FALSE(
      decoder.DecodePrefix(std::span(frame).first(frame.size() - 1), kMaxFrameBytes, &decoded)
          .whole);
  EXPECT_EQ(decoded, content);
}

TEST(CompressionTest, AChangedByteIsNeverAWholeFrameOfOtherContent) {
  const Content content = SomeContent(3000);
  const Content frame = Compressed(content);
  Decoder decoder;
  Content decoded;
  for (size_t position = 0; position < frame.size(); ++position) {
    for (int bit = 0; bit < 8; ++bit) {
      Content damaged = frame;
      damaged[position] = static_cast<uint8_t>(damaged[position] ^ (1 << bit));
      for (const bool in_steps : {false, true}) {
        const DecodedFrame result = in_steps
                                        ? decoder.DecodePrefix(damaged, kMaxFrameBytes, &decoded)
                                        : decoder.DecodeWhole(damaged, kMaxFrameBytes, &decoded);
        // One bit of the header means nothing.
        EXPECT_TRUE(!result.whole || decoded == content) << position << " " << bit;
        EXPECT_EQ(result.whole, result.why.empty());
      }
      if (position >= frame.size() - 4) {
        EXPECT_EQ(decoded, content) << "only the checksum is wrong";
      }
    }
  }
}

TEST(CompressionTest, WhatStandsBeforeTheDamageIsDecoded) {
  const Content content = SomeContent(kMaxFrameBytes);
  const Content frame = Compressed(content);
  Decoder decoder;
  Content decoded;
  for (const size_t quarter : {1u, 2u, 3u}) {
    Content damaged = frame;
    const size_t position = frame.size() * quarter / 4;
    std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(position), 100, 0xFF);
    EXPECT_FALSE(decoder.DecodePrefix(damaged, kMaxFrameBytes, &decoded).whole);
    const auto [first_wrong, unused] =
        std::mismatch(decoded.begin(), decoded.end(), content.begin());
    const auto right = static_cast<size_t>(first_wrong - decoded.begin());
    // zstd's blocks hold 128 KiB at most.
    EXPECT_GE(right + 128 * 1024, content.size() * quarter / 4) << quarter;
  }
}

TEST(CompressionTest, FramesThatProveNothingAreNotWhole) {
  const Content content = SomeContent(3000);
  Decoder decoder;
  for (const auto& [has_checksum, has_size] : {std::pair(0, 1), std::pair(1, 0)}) {
    const Content frame = OthersFrame(content, has_checksum, has_size);
    Content decoded;
    EXPECT_FALSE(decoder.DecodeWhole(frame, kMaxFrameBytes, &decoded).whole);
    const DecodedFrame result = decoder.DecodePrefix(frame, kMaxFrameBytes, &decoded);
    EXPECT_FALSE(result.whole);
    EXPECT_THAT(result.why, HasSubstr("lacks the checksum"));
    EXPECT_EQ(decoded, content);
  }
}

TEST(CompressionTest, NoMoreIsDecodedThanIsAllowed) {
  const Content content(kMaxFrameBytes + 1, 'x');
  Decoder decoder;
  for (const int has_size : {0, 1}) {
    const Content frame = OthersFrame(content, 1, has_size);
    ASSERT_LT(frame.size(), 200u) << "a bomb";
    Content decoded;
    EXPECT_FALSE(decoder.DecodeWhole(frame, kMaxFrameBytes, &decoded).whole);
    EXPECT_TRUE(decoded.empty());
    const DecodedFrame result = decoder.DecodePrefix(frame, kMaxFrameBytes, &decoded);
    EXPECT_FALSE(result.whole);
    EXPECT_THAT(result.why, HasSubstr("more than 1048576 bytes"));
    EXPECT_EQ(decoded.size(), kMaxFrameBytes);
    EXPECT_TRUE(decoder.DecodePrefix(frame, kMaxFrameBytes + 1, &decoded).frame_bytes > 0);
  }
}

TEST(CompressionTest, TheEndOfAFrameIsNotLookedForBehindWhereItCanBe) {
  // Magic number; a header with size and checksum; blocks of a byte each, and none is the last.
  Content frame = {0x28, 0xB5, 0x2F, 0xFD, 0x84, 0x00, 0xE8, 0x03, 0x00, 0x00};
  const Content block = {0x0A, 0x00, 0x00, 0x41};
  while (frame.size() < 2 * kMaxCompressedBytes) {
    frame.insert(frame.end(), block.begin(), block.end());
  }
  Content decoded;
  const DecodedFrame result = Decoder().DecodeWhole(frame, kMaxFrameBytes, &decoded);
  EXPECT_FALSE(result.whole);
  EXPECT_EQ(result.frame_bytes, kMaxCompressedBytes);
}

TEST(CompressionTest, AWindowOfGigabytesIsNotAllocated) {
  // Magic number; a header without size or checksum; the window descriptor of 2^41 bytes.
  const Content frame = {0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xF8, 0x01, 0x00, 0x00};
  Decoder decoder;
  Content decoded;
  const DecodedFrame result = decoder.DecodePrefix(frame, kMaxFrameBytes, &decoded);
  EXPECT_FALSE(result.whole);
  EXPECT_THAT(result.why, HasSubstr("memory"));
}

}  // namespace
}  // namespace daybook
