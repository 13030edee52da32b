// What is held in memory while lives are joined: the living, and of the others little.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/life_records.h"
#include "analyzer/lives_fixture.h"
#include "lives/lives.h"

namespace daybook {
namespace {

TEST_F(LivesTest, OnePidKeepsFewLivesWaiting) {
  for (uint64_t i = 0; i < 1000; ++i) Take(ForkAt(kSecond + i));
  EXPECT_EQ(builder_.living(), 16U);
  Finish();
  ASSERT_EQ(lives_.size(), 1000U);
  for (uint64_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(lives_[i].start_ns, kSecond + i);
    EXPECT_EQ(lives_[i].state, i < 999 ? LifeState::kLost : LifeState::kRunning);
  }
}

TEST_F(LivesTest, LivingOnesAreAllThatIsKept) {
  for (uint32_t i = 0; i < 100'000; ++i) {
    const uint64_t start = kSecond + i * kMs;
    Take(ForkAt(start, 100 + i % 1000), ExitAt(start + 1, start, 100 + i % 1000));
  }
  EXPECT_EQ(builder_.living(), 0U);
  EXPECT_EQ(lives_.size(), 100'000U);
}

TEST_F(LivesTest, WhoSeemedLostIsRememberedForItsLateEnd) {
  builder_.Take(Fork{.time_ns = kSecond, .pid = 7, .ppid = 1});
  Take(SnapBegin{.time_ns = 2 * kSecond}, SnapEnd{.time_ns = 2 * kSecond});
  for (uint32_t i = 0; i < 40'000; ++i) {
    const uint64_t start_ns = 2 * kSecond + i * (kSecond / 1000);
    builder_.Take(Fork{.time_ns = start_ns, .pid = 1000 + i, .ppid = 1});
    builder_.Take(Exit{.time_ns = start_ns + 1000, .pid = 1000 + i, .start_ns = start_ns});
  }
  builder_.Take(Exit{.time_ns = 60 * kSecond, .pid = 7, .start_ns = kSecond});
  Finish();
  EXPECT_EQ(std::ranges::count(lives_, 7U, &Life::pid), 1);
}

TEST_F(LivesTest, WhoIsLongOverIsForgotten) {
  constexpr uint32_t kMany = 200'000;
  for (uint32_t i = 1; i <= kMany; ++i) {
    const uint64_t start_ns = i * (kSecond / 100);
    builder_.Take(Fork{.time_ns = start_ns, .pid = i, .ppid = 1});
    builder_.Take(Exit{.time_ns = start_ns + 1000, .pid = i, .start_ns = start_ns});
  }
  EXPECT_EQ(lives_.size(), kMany);
  EXPECT_LT(builder_.remembered_pids(), kMany / 5);
}

// What else a program tells is not left out with it: who begins as what, and since when.
TEST(LivesKeptTest, PathsAndArgumentsThatNobodyAsksForAreLeftOut) {
  std::vector<Life> lives;
  LifeBuilder builder([&](const Life& life) { lives.push_back(life); },
                      LifeBuilder::Programs::kLeftOut);
  builder.Take(ForkAt(2 * kSecond));
  builder.Take(ExecAt(3 * kSecond, 2 * kSecond));
  builder.Take(Fork{
      .time_ns = 4 * kSecond, .pid = 8, .ppid = 7, .parent_start_ns = 2 * kSecond, .uid = 1000});
  builder.Take(ExitAt(5 * kSecond, 2 * kSecond));
  builder.Finish(LifeState::kRunning);
  ASSERT_EQ(lives.size(), 2U);
  for (const Life& life : lives) {
    ASSERT_TRUE(life.image);
    EXPECT_EQ(life.image->since_ns, 3 * kSecond);
    EXPECT_EQ(life.image->exe, std::nullopt);
    EXPECT_EQ(life.image->args, std::nullopt);
    EXPECT_EQ(life.identity.comm, "ls");
  }
}

}  // namespace
}  // namespace daybook
