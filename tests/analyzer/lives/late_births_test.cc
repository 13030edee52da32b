// Whose birth is told when the parent is over: where a recorder's filter has kept it until then.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "analyzer/life_records.h"
#include "analyzer/lives_fixture.h"
#include "daybook/whole_life.h"
#include "support/a_life.h"

namespace daybook {
namespace {

class LateBirthsTest : public LivesTest {
 protected:
  // A program that is born, forks while it lives, and ends.
  void LiveParent(uint64_t start_ns, uint32_t pid) {
    Take(Fork{.time_ns = start_ns, .pid = pid, .ppid = 1, .parent_start_ns = 0, .uid = 1000},
         ExecAt(start_ns + kMs, start_ns, pid), ExitAt(start_ns + 10 * kMs, start_ns, pid));
  }

  void LiveChild(uint64_t start_ns, uint32_t pid, uint64_t parent_start_ns, uint32_t parent) {
    Take(Fork{.time_ns = start_ns,
              .pid = pid,
              .ppid = parent,
              .parent_start_ns = parent_start_ns,
              .uid = 1000},
         Exit{.time_ns = start_ns + kSecond,
              .pid = pid,
              .start_ns = start_ns,
              .ppid = 1,
              .flags = kProcUsageExact | kProcNeverExeced});
  }

  const Life& Last() const { return lives_.back(); }
};

TEST_F(LateBirthsTest, AParentThatIsOverIsItsParent) {
  builder_.RememberParents();
  LiveParent(kSecond, 20);
  ASSERT_EQ(lives_.size(), 1U);
  LiveChild(kSecond + 5 * kMs, 30, kSecond, 20);
  ASSERT_EQ(lives_.size(), 2U);
  ASSERT_NE(Last().parent.get(), nullptr);
  EXPECT_EQ(Last().parent.get()->pid, 20U);
  EXPECT_EQ(Last().parent.get()->state, LifeState::kEnded);
  ASSERT_NE(Last().image, nullptr);
  EXPECT_EQ(Last().image->exe, "/bin/ls") << "it runs the program that its parent had at the fork";
  EXPECT_EQ(Last().identity.comm, "ls");
}

TEST_F(LateBirthsTest, SoIsOneWhoseWholeLifeWasOneRecord) {
  builder_.RememberParents();
  const LifeParts parts = ALife(42, 10 * kSecond);
  Take(*Join(parts));
  LiveChild(parts.fork.time_ns + 1000, 30, parts.fork.time_ns, parts.fork.pid);
  ASSERT_NE(Last().parent.get(), nullptr);
  EXPECT_EQ(Last().parent.get()->pid, parts.fork.pid);
}

TEST_F(LateBirthsTest, AlsoManySecondsLater) {
  builder_.RememberParents();
  LiveParent(kSecond, 20);
  for (uint32_t i = 0; i < 4000; ++i) LiveParent((i + 2) * kSecond, 1000 + i);
  LiveChild(kSecond + 5 * kMs, 30, kSecond, 20);
  ASSERT_NE(Last().parent.get(), nullptr);
  EXPECT_EQ(Last().parent.get()->pid, 20U);
}

TEST_F(LateBirthsTest, AnotherOneThatHadItsPidIsNot) {
  builder_.RememberParents();
  LiveParent(kSecond, 20);
  LiveParent(3 * kSecond, 20);
  LiveChild(3 * kSecond + 5 * kMs, 30, 2 * kSecond, 20);
  EXPECT_EQ(Last().parent.get(), nullptr);
}

TEST_F(LateBirthsTest, AnOlderOneThatIsClosedLaterDoesNotTakeItsPlace) {
  builder_.RememberParents();
  Take(Fork{.time_ns = kSecond, .pid = 20, .ppid = 1, .parent_start_ns = 0, .uid = 1000});
  LiveParent(3 * kSecond, 20);  // so that the end of the first one was lost
  LiveParent(30 * kSecond, 99);
  ASSERT_EQ(lives_.size(), 3U);
  LiveChild(3 * kSecond + 5 * kMs, 30, 3 * kSecond, 20);
  ASSERT_NE(Last().parent.get(), nullptr);
  EXPECT_EQ(Last().parent.get()->start_ns, 3 * kSecond);
}

TEST_F(LateBirthsTest, WhoIsForgottenIsNoParent) {
  builder_.RememberParents();
  LiveParent(kSecond, 20);
  builder_.ForgetParents();
  LiveChild(kSecond + 5 * kMs, 30, kSecond, 20);
  EXPECT_EQ(Last().parent.get(), nullptr);
}

TEST_F(LateBirthsTest, ALateChildMovesNothingOfAParentThatIsOver) {
  builder_.RememberParents();
  LiveParent(kSecond, 20);
  const uint64_t last_seen_ns = lives_.front().last_seen_ns;
  LiveChild(kSecond + 500 * kMs, 30, kSecond, 20);  // only a forged log has that
  ASSERT_NE(Last().parent.get(), nullptr);
  EXPECT_EQ(Last().parent.get()->last_seen_ns, last_seen_ns);
}

TEST_F(LateBirthsTest, OfManyThatAreOverTheLastOnesAreRemembered) {
  builder_.RememberParents();
  constexpr uint32_t kMany = 60'000;
  for (uint32_t i = 0; i < kMany; ++i) LiveParent((i + 1) * kSecond, 1000 + i);
  LiveChild(kSecond + 5 * kMs, 30, kSecond, 1000);
  EXPECT_EQ(Last().parent.get(), nullptr);
  LiveChild(kMany * kSecond + 5 * kMs, 31, kMany * kSecond, 1000 + kMany - 1);
  EXPECT_NE(Last().parent.get(), nullptr);
  EXPECT_LT(builder_.remembered_pids(), kMany / 2);
  EXPECT_EQ(builder_.living(), 0U);
}

TEST_F(LateBirthsTest, OtherLogsTellOfBirthsInTime) {
  LiveParent(kSecond, 20);
  LiveChild(kSecond + 5 * kMs, 30, kSecond, 20);
  EXPECT_EQ(Last().parent.get(), nullptr);
}

}  // namespace
}  // namespace daybook
