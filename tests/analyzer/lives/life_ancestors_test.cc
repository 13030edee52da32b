// A life is linked to its parent, and so to all its ancestors; forged ones make no ring.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "analyzer/life_records.h"
#include "analyzer/lives_fixture.h"
#include "lives/lives.h"

namespace daybook {
namespace {

using testing::ElementsAre;

std::vector<uint32_t> AncestorsOf(const Life& life) {
  std::vector<uint32_t> pids;
  for (const Life* at = life.parent.get(); at != nullptr; at = at->parent.get()) {
    pids.push_back(at->pid);
  }
  return pids;
}

Fork ChildOf(uint32_t ppid, uint64_t parent_start_ns, uint64_t time_ns, uint32_t pid) {
  return {.time_ns = time_ns, .pid = pid, .ppid = ppid, .parent_start_ns = parent_start_ns};
}

TEST_F(LivesTest, AParentIsKnownAlsoAfterItsEnd) {
  Take(ChildOf(1, 0, 10 * kSecond, 100), ChildOf(100, 10 * kSecond, 11 * kSecond, 101),
       ChildOf(101, 11 * kSecond, 12 * kSecond, 102), ExitAt(13 * kSecond, 11 * kSecond, 101),
       ExitAt(14 * kSecond, 12 * kSecond, 102));
  Finish();
  ASSERT_EQ(lives_.size(), 3U);
  EXPECT_THAT(AncestorsOf(lives_[1]), ElementsAre(101, 100));
  EXPECT_EQ(lives_[1].parent.get()->state, LifeState::kEnded);
}

TEST_F(LivesTest, OfTwoLivesWithOnePidTheRightOneIsTheParent) {
  Take(ChildOf(1, 0, 10 * kSecond, 100), ChildOf(100, 10 * kSecond, 11 * kSecond, 101),
       ExitAt(12 * kSecond, 10 * kSecond, 100), ChildOf(1, 0, 12 * kSecond + 1, 100),
       ChildOf(100, 12 * kSecond + 1, 13 * kSecond, 102));
  Finish();
  ASSERT_EQ(lives_.size(), 4U);
  EXPECT_EQ(lives_[1].pid, 101U);
  EXPECT_EQ(lives_[1].parent.get()->start_ns, 10 * kSecond);
  EXPECT_EQ(lives_[3].pid, 102U);
  EXPECT_EQ(lives_[3].parent.get()->start_ns, 12 * kSecond + 1);
}

TEST_F(LivesTest, AParentMayComeLaterInTheLogThanItsChild) {
  Take(ChildOf(100, 10 * kSecond, 11 * kSecond, 101));
  Snapshot(12 * kSecond, {{.pid = 101, .start_ns = 11 * kSecond},
                          {.pid = 100, .start_ns = 10 * kSecond, .ppid = 1}});
  Take(ExitAt(13 * kSecond, 11 * kSecond, 101));
  ASSERT_EQ(lives_.size(), 1U);
  EXPECT_THAT(AncestorsOf(lives_[0]), ElementsAre(100));
}

TEST_F(LivesTest, ParentsInARingAreForged) {
  Take(ChildOf(101, 11 * kSecond, 10 * kSecond, 100),
       ChildOf(100, 10 * kSecond, 11 * kSecond, 101));
  Finish();
  ASSERT_EQ(lives_.size(), 2U);
  EXPECT_THAT(AncestorsOf(lives_[0]), ElementsAre());
  EXPECT_THAT(AncestorsOf(lives_[1]), ElementsAre(100));
}

// Whether a link makes a ring is not looked for without end: only a forged log has such chains.
TEST_F(LivesTest, AParentFarBelowIsNotLinkedLate) {
  for (const uint32_t length : {500U, 1500U}) {
    lives_.clear();
    const uint32_t last = 10'000 + length - 1;
    Take(ChildOf(last, kSecond + length - 1, 2 * kSecond, 7),
         ChildOf(7, 2 * kSecond, 3 * kSecond, 8));
    for (uint32_t i = 0; i < length; ++i) {
      Take(ChildOf(9'999 + i, kSecond + i - 1, kSecond + i, 10'000 + i));
    }
    Finish();
    const auto life = std::ranges::find(lives_, 7U, &Life::pid);
    ASSERT_NE(life, lives_.end());
    EXPECT_EQ(AncestorsOf(*life).size(), length < kMaxAncestors ? length : 0U);
  }
}

TEST_F(LivesTest, AChainOfParentsMayBeLong) {
  constexpr uint32_t kLength = 200'000;
  LifeBuilder builder([](const Life&) {});
  for (uint32_t i = 0; i < kLength; ++i) {
    builder.Take(ChildOf(999 + i, kSecond + i - 1, kSecond + i, 1000 + i));
    if (i > 0) builder.Take(ExitAt(kSecond + i, kSecond + i - 1, 999 + i));
  }
  EXPECT_EQ(builder.living(), 1U);
  builder.Finish(LifeState::kRunning);
}

}  // namespace
}  // namespace daybook
