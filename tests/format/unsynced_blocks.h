// Logs of blocks that are not synced, and the one gap that damage makes in them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "raw_log.h"
#include "support/log_builder.h"

namespace daybook {

// Blocks of so many forks each, none of which is known to be on disk: `begins` is where they begin.
struct Blocks {
  RawLog log;
  std::vector<size_t> begins;
  std::vector<size_t> ends;  // where their checkpoints begin
};

inline Blocks UnsyncedBlocks(size_t count, size_t forks = 4) {
  Blocks blocks;
  RawLog& log = blocks.log;
  log.AddHead();
  for (size_t i = 0; i < count; ++i) {
    blocks.begins.push_back(log.size());
    for (size_t fork = 0; fork < forks; ++fork) log.Add(TestFork(static_cast<uint32_t>(i + 1)));
    blocks.ends.push_back(log.size());
    log.next().unsynced_bytes = log.size();
    log.next().last_time_ns += 1'000'000;
    log.Close();
  }
  return blocks;
}

inline Gap OnlyGap(const std::vector<uint8_t>& bytes) {
  const ReadBack read = ReadAll(bytes);
  EXPECT_THAT(read.gaps, testing::SizeIs(1));
  return read.gaps.empty() ? Gap{} : read.gaps[0];
}

}  // namespace daybook
