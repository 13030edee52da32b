// Whose parents a snapshot tells of that comes behind their ends.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "analyzer/life_records.h"
#include "analyzer/lives_fixture.h"
#include "daybook/whole_life.h"
#include "support/a_life.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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

// The snapshot has whom it was given to when its parent ended.
TEST_F(LivesTest, ABirthThatIsToldBehindASnapshotTellsTheBirthParent) {
  SnapProc orphan = SnapAt(10 * kSecond, 7);
  orphan.ppid = 1;
  orphan.parent_start_ns = 0;
  Snapshot(12 * kSecond, {SnapAt(0, 1), SnapAt(kSecond, 5), orphan});
  Take(ForkAt(10 * kSecond), ExitAt(13 * kSecond, 10 * kSecond));
  ASSERT_EQ(lives_.size(), 1U);
  ASSERT_NE(lives_[0].parent.get(), nullptr);
  EXPECT_EQ(lives_[0].parent.get()->pid, 5U);
}

// Whose child a parent is, by when its own child is handed out.
class GrandchildTest : public testing::Test {
 protected:
  GrandchildTest() { builder_.AwaitSnapshot(); }

  void TellOfTheFirst() {
    builder_.Take(SnapBegin{.time_ns = 20 * kSecond});
    builder_.Take(SnapAt(kSecond, 5));
    builder_.Take(SnapEnd{.time_ns = 20 * kSecond + kMs, .process_count = 1});
  }

  std::vector<uint32_t> over_;
  std::vector<uint32_t> topmost_;  // of each of them
  LifeBuilder builder_{[this](const Life& life) {
    const Life* top = &life;
    while (top->parent.get() != nullptr) top = top->parent.get();
    over_.push_back(life.pid);
    topmost_.push_back(top->pid);
  }};
};

Fork ForkOfSeven(uint64_t time_ns) {
  Fork fork = ForkAt(time_ns, 8);
  fork.ppid = 7;
  fork.parent_start_ns = 10 * kSecond;
  return fork;
}

TEST_F(GrandchildTest, WaitsForTheSnapshotThatTellsOfItsParentsParent) {
  builder_.Take(ForkAt(10 * kSecond));
  builder_.Take(ForkOfSeven(11 * kSecond));
  builder_.Take(ExitAt(12 * kSecond, 11 * kSecond, 8));
  EXPECT_THAT(over_, IsEmpty());
  TellOfTheFirst();
  EXPECT_THAT(over_, ElementsAre(8));
  EXPECT_THAT(topmost_, ElementsAre(5));
}

TEST_F(GrandchildTest, SoItDoesWhereItsParentIsOverToo) {
  builder_.Take(ForkAt(10 * kSecond));
  builder_.Take(ForkOfSeven(11 * kSecond));
  builder_.Take(ExitAt(12 * kSecond, 11 * kSecond, 8));
  builder_.Take(ExitAt(13 * kSecond, 10 * kSecond, 7));
  EXPECT_THAT(over_, IsEmpty());
  TellOfTheFirst();
  EXPECT_THAT(over_, ElementsAre(8, 7));
  EXPECT_THAT(topmost_, ElementsAre(5, 5));
}

// Nothing tells whose child the parent is, but that it was alive.
TEST_F(GrandchildTest, SoItDoesWhereItsParentIsOlderThanTheLog) {
  builder_.Take(ExecAt(10 * kSecond, 9 * kSecond, 7));
  Fork fork = ForkOfSeven(11 * kSecond);
  fork.parent_start_ns = 9 * kSecond;
  builder_.Take(fork);
  builder_.Take(ExitAt(12 * kSecond, 11 * kSecond, 8));
  EXPECT_THAT(over_, IsEmpty());
  builder_.Take(SnapBegin{.time_ns = 20 * kSecond});
  SnapProc parent = SnapAt(9 * kSecond, 7);
  parent.ppid = 5;
  parent.parent_start_ns = kSecond;
  builder_.Take(parent);
  builder_.Take(SnapAt(kSecond, 5));
  builder_.Take(SnapEnd{.time_ns = 20 * kSecond + kMs, .process_count = 2});
  EXPECT_THAT(topmost_, ElementsAre(5));
}

TEST_F(GrandchildTest, DoesNotWaitWhereAllAboveAreKnown) {
  builder_.Take(SnapAt(0, 1));
  Fork fork = ForkAt(10 * kSecond);
  fork.ppid = 1;
  fork.parent_start_ns = 0;
  builder_.Take(fork);
  builder_.Take(ForkOfSeven(11 * kSecond));
  builder_.Take(ExitAt(12 * kSecond, 11 * kSecond, 8));
  EXPECT_THAT(over_, ElementsAre(8));
  EXPECT_THAT(topmost_, ElementsAre(1));
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
