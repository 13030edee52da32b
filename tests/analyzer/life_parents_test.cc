// Whose parents a snapshot tells of that comes behind their ends.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "daybook/whole_life.h"
#include "life_records.h"
#include "lives_fixture.h"
#include "support/a_life.h"

namespace daybook {
namespace {

TEST_F(LivesTest, WhoEndsBeforeTheFirstSnapshotIsTheChildOfWhomThatTellsOf) {
  builder_.AwaitSnapshot();
  Take(ForkAt(10 * kSecond), ExitAt(11 * kSecond, 10 * kSecond));
  EXPECT_TRUE(lives_.empty());
  Snapshot(12 * kSecond, {SnapAt(kSecond, 5)});
  ASSERT_EQ(lives_.size(), 1U);
  EXPECT_EQ(lives_[0].state, LifeState::kEnded);
  ASSERT_NE(lives_[0].parent.get(), nullptr);
  EXPECT_EQ(lives_[0].parent.get()->pid, 5U);
  Take(ForkAt(13 * kSecond), ExitAt(14 * kSecond, 13 * kSecond));
  EXPECT_EQ(lives_.size(), 2U) << "nobody waits for a second one";
}

TEST_F(LivesTest, SoIsWhoseWholeLifeIsOneRecord) {
  builder_.AwaitSnapshot();
  const LifeParts parts = ALife(42, 10 * kSecond);
  Take(*Join(parts));
  EXPECT_TRUE(lives_.empty());
  Snapshot(20 * kSecond, {SnapAt(*parts.fork.parent_start_ns, parts.fork.ppid)});
  ASSERT_EQ(lives_.size(), 1U);
  ASSERT_NE(lives_[0].parent.get(), nullptr);
  EXPECT_EQ(lives_[0].parent.get()->pid, parts.fork.ppid);
}

TEST_F(LivesTest, SoIsWhoEndsBehindAPartThatWasLeftOut) {
  Snapshot(5 * kSecond, {});
  builder_.NoteLeftOut();
  Exit exit = ExitAt(11 * kSecond, 10 * kSecond);
  exit.flags = kProcUsageExact;
  Take(ForkAt(10 * kSecond), exit);
  Snapshot(12 * kSecond, {SnapAt(kSecond, 5)});
  ASSERT_EQ(lives_.size(), 1U);
  ASSERT_NE(lives_[0].parent.get(), nullptr);
  EXPECT_EQ(lives_[0].parent.get()->pid, 5U);
}

TEST_F(LivesTest, ASnapshotThatDoesNotComeIsNotAwaitedForLong) {
  builder_.AwaitSnapshot();
  Take(ForkAt(10 * kSecond), ExitAt(11 * kSecond, 10 * kSecond));
  Take(ForkAt(20 * kSecond, 8));
  EXPECT_TRUE(lives_.empty());
  Take(ForkAt(22 * kSecond, 9));
  EXPECT_EQ(lives_.size(), 1U);
  Take(ExitAt(22 * kSecond, 22 * kSecond, 9));
  EXPECT_EQ(lives_.size(), 2U);
}

TEST_F(LivesTest, NorByManyOrBehindTheLastRecord) {
  builder_.AwaitSnapshot();
  constexpr uint32_t kMany = 10'000;
  for (uint32_t pid = 100; pid < 100 + kMany; ++pid) {
    Take(ForkAt(10 * kSecond, pid), ExitAt(11 * kSecond, 10 * kSecond, pid));
  }
  EXPECT_GT(lives_.size(), kMany / 2);
  Finish();
  EXPECT_EQ(lives_.size(), size_t{kMany});
  builder_.AwaitSnapshot();
  Take(ForkAt(30 * kSecond), ExitAt(31 * kSecond, 30 * kSecond));
  Finish();
  EXPECT_EQ(lives_.size(), size_t{kMany} + 1);
}

}  // namespace
}  // namespace daybook
