// What of a configuration that is read again holds at once, and what is told to wait.

#include "options/reload.h"

#include <gtest/gtest.h>

namespace daybook {
namespace {

TEST(ReloadTest, NothingHasChanged) {
  EXPECT_EQ(DifferentSettings(Options(), Options()), "");
  EXPECT_EQ(DifferentSettings(TakenOver(Options(), Options()), Options()), "");
}

TEST(ReloadTest, TheLimitsOfTheLogAndTheMaskAreTakenOver) {
  Options now;
  now.segment_bytes = 1 << 20;
  now.segment_age_ns = 60'000'000'000;
  now.max_bytes = 1 << 24;
  now.min_free_bytes = 1 << 22;
  now.max_age_ns = 3'600'000'000'000;
  now.mask_words = {"geheim"};
  EXPECT_EQ(DifferentSettings(Options(), now),
            "segment-size, segment-age, max-bytes, min-free, max-age, mask");
  EXPECT_EQ(DifferentSettings(TakenOver(Options(), now), now), "");
}

TEST(ReloadTest, OfArgumentsLessMayBeKeptAtOnceAndMoreMayNot) {
  Options now;
  now.args = ArgsMode::kNone;
  now.args_max_bytes = 100;
  EXPECT_EQ(DifferentSettings(TakenOver(Options(), now), now), "");
  now.args = ArgsMode::kFull;
  now.args_max_bytes = 10'000;
  const Options next = TakenOver(Options(), now);
  EXPECT_EQ(next.args, ArgsMode::kMasked);
  EXPECT_EQ(DifferentSettings(next, now), "args, args-max");
}

TEST(ReloadTest, WhatTakesANewStartStaysAndIsNamed) {
  Options now;
  now.log_dir = "/elsewhere";
  now.usage = UsageMode::kFast;
  now.ring_bytes = 1 << 20;
  now.filter.only_failed = true;
  now.max_bytes = 1 << 24;
  const Options next = TakenOver(Options(), now);
  EXPECT_EQ(next.log_dir, Options().log_dir);
  EXPECT_EQ(next.usage, UsageMode::kExact);
  EXPECT_EQ(next.max_bytes, now.max_bytes);
  EXPECT_EQ(DifferentSettings(next, now), "log-dir, ring, usage, only-failed");
}

}  // namespace
}  // namespace daybook
