// Compressed segments in memory, for tests.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <vector>

#include "container_reader.h"
#include "segment_compressor.h"
#include "support/log_builder.h"

namespace daybook {

inline std::vector<uint8_t> Compressed(std::span<const uint8_t> raw, size_t frame_bytes) {
  std::vector<uint8_t> file;
  SegmentCompressor compressor(raw, frame_bytes);
  for (;;) {
    const auto piece = compressor.Next();
    if (!piece) throw std::runtime_error(piece.error().message());
    if (piece->empty()) return file;
    file.insert(file.end(), piece->begin(), piece->end());
  }
}

struct Decompressed {
  std::vector<uint8_t> content;
  std::vector<FrameDamage> damage;
  bool is_whole = false;
};

inline Decompressed Decompress(std::span<const uint8_t> file) {
  DecodedContainer decoded = DecodeContainer(file);
  return {.content = {decoded.content.begin(), decoded.content.end()},
          .damage = std::move(decoded.damage),
          .is_whole = decoded.is_whole};
}

// As a message of a failed test.
inline std::string Causes(const std::vector<FrameDamage>& damage) {
  std::string text;
  for (const FrameDamage& one : damage) {
    text += "[" + std::to_string(one.begin) + ", " + std::to_string(one.end) + ") raw [" +
            std::to_string(one.raw_begin) + ", " + std::to_string(one.raw_end) + "): " + one.cause +
            "\n";
  }
  return text;
}

// `pids` lives and what else a recorder writes, in blocks of 256 bytes; ended in order or not.
inline std::vector<uint8_t> LogOfLives(uint32_t pids, bool closed) {
  WriterOptions options;
  options.block_bytes = 256;
  LogBuilder log(options);
  for (uint32_t pid = 1; pid <= pids; ++pid) {
    const uint64_t time_ns = kTestBootNs + pid * uint64_t{1'000'000};
    log.Add(TestFork(pid, time_ns)).Add(TestExit(pid, time_ns + 500'000));
    if (pid % 10 == 0) {
      log.Add(Clock{.time_ns = time_ns, .realtime_ns = kTestRealtimeNs, .monotonic_ns = time_ns});
      EXPECT_TRUE(log.writer().Flush());
    }
    if (pid % 20 == 0) {
      EXPECT_TRUE(log.writer().Sync());
    }
  }
  if (closed) {
    EXPECT_TRUE(log.writer().Close());
  } else {
    EXPECT_TRUE(log.writer().Flush());
  }
  return log.Segment();
}

}  // namespace daybook
