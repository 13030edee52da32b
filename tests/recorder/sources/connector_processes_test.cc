#include "sources/connector_processes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace daybook {
namespace {

using testing::Optional;

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kBirth = 1000 * kMs;
constexpr uint32_t kPid = 10;
constexpr uint32_t kParent = 5;

class ConnectorProcessesTest : public testing::Test {
 protected:
  ConnectorProcess& Begin(uint32_t pid = kPid, Delivery delivery = Delivery::kComplete) {
    return processes_.Begin(pid, kParent, ++now_ns_, delivery);
  }
  void Threads(std::initializer_list<uint32_t> tids) {
    for (const uint32_t tid : tids) processes_.AddThread(kPid, tid);
  }
  ConnectorProcess* Exec() { return processes_.Exec(kPid, ++now_ns_); }
  auto Leave(uint32_t tid, uint32_t code = 0) {
    return processes_.Leave(kPid, tid, code, ++now_ns_);
  }
  std::optional<uint32_t> StatusOf(const std::optional<ConnectorProcess>& ended) {
    return ended ? ended->WaitStatus() : std::nullopt;
  }

  ConnectorProcesses processes_;
  uint64_t now_ns_ = kBirth;
};

// ---- Who is last ----

TEST_F(ConnectorProcessesTest, OneThreadIsTheProcess) {
  const uint64_t start_ns = Begin().start_ns;
  const auto ended = Leave(kPid, 3 << 8);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->start_ns, start_ns);
  EXPECT_TRUE(ended->never_execed);
  EXPECT_THAT(ended->WaitStatus(), Optional(3 << 8));
  EXPECT_EQ(processes_.Find(kPid), nullptr);
}

TEST_F(ConnectorProcessesTest, TheLastThreadIsTheEndWhoeverItIs) {
  Begin();
  Threads({11, 12});
  EXPECT_FALSE(Leave(kPid, 9 << 8));
  EXPECT_FALSE(Leave(12));
  EXPECT_THAT(StatusOf(Leave(11, 3 << 8)), Optional(3 << 8));
  Begin();
  Threads({11, 12});
  EXPECT_FALSE(Leave(11));
  EXPECT_FALSE(Leave(12));
  EXPECT_THAT(StatusOf(Leave(kPid, 4 << 8)), Optional(4 << 8));
}

TEST_F(ConnectorProcessesTest, AThreadIsToldOnceAndLeavesOnce) {
  Begin();
  Threads({11, 11});
  EXPECT_FALSE(Leave(11));
  EXPECT_FALSE(Leave(11));
  EXPECT_FALSE(Leave(99)) << "nobody knows that one";
  EXPECT_TRUE(Leave(kPid));
  EXPECT_FALSE(Leave(kPid));
}

TEST_F(ConnectorProcessesTest, ACoreIsTheProcessesThoughOneThreadDumpsIt) {
  Begin();
  Threads({11});
  EXPECT_FALSE(Leave(kPid, 0x8b));
  EXPECT_THAT(StatusOf(Leave(11, 0x0b)), Optional(0x8b));
}

// ---- Exec ----

TEST_F(ConnectorProcessesTest, AnExecLeavesOneThread) {
  Begin();
  Threads({11, 12});
  EXPECT_FALSE(Leave(12, SIGKILL));
  ASSERT_NE(Exec(), nullptr);
  const auto ended = Leave(kPid, 0);
  ASSERT_TRUE(ended);
  EXPECT_FALSE(ended->never_execed);
}

TEST_F(ConnectorProcessesTest, AnExecByAnotherThreadMakesItTheLeader) {
  Begin();
  Threads({11});
  EXPECT_FALSE(Leave(kPid, SIGKILL)) << "the old leader";
  ASSERT_NE(Exec(), nullptr);
  EXPECT_THAT(StatusOf(Leave(kPid, 7 << 8)), Optional(7 << 8));
}

TEST_F(ConnectorProcessesTest, ThreadsThatLeaveBehindTheExecOfAnotherAreNoEnd) {
  Begin();
  Threads({11, 12});
  const uint64_t before_ns = ++now_ns_;
  ASSERT_NE(Exec(), nullptr);
  EXPECT_FALSE(processes_.Leave(kPid, kPid, SIGKILL, before_ns)) << "it lost its number since";
  EXPECT_FALSE(Leave(11, SIGKILL)) << "the old leader by its new number";
  EXPECT_FALSE(Leave(12, SIGKILL));
  EXPECT_THAT(StatusOf(Leave(kPid)), Optional(0));
}

TEST_F(ConnectorProcessesTest, AnExecOfNobodyKnownIsNobodys) {
  EXPECT_EQ(Exec(), nullptr);
  EXPECT_FALSE(Leave(kPid));
}

// ---- What is inherited ----

TEST_F(ConnectorProcessesTest, AChildOfOneThreadBeginsAsItsCopy) {
  ConnectorProcess& parent = Begin(kParent);
  parent.uid = 1000;
  parent.sid = 4;
  parent.comm = "sh";
  const ConnectorProcess& child = Begin();
  EXPECT_THAT(child.uid, Optional(1000));
  EXPECT_THAT(child.sid, Optional(4));
  EXPECT_THAT(child.comm, Optional(std::string("sh")));
}

TEST_F(ConnectorProcessesTest, OfSeveralThreadsItIsNotKnownWhoseChildItIs) {
  ConnectorProcess& parent = Begin(kParent);
  parent.uid = 1000;
  parent.sid = 4;
  parent.comm = "sh";
  processes_.AddThread(kParent, 6);
  const ConnectorProcess& child = Begin();
  EXPECT_EQ(child.uid, std::nullopt);
  EXPECT_EQ(child.comm, std::nullopt);
  EXPECT_THAT(child.sid, Optional(4)) << "a session is the whole process'";
}

TEST_F(ConnectorProcessesTest, AnExecForgetsTheNameAndSavesTheEffectiveIds) {
  ConnectorProcess& process = Begin();
  process.comm = "sh";
  process.euid = 7;
  process.egid = 8;
  Exec();
  EXPECT_EQ(process.comm, std::nullopt);
  EXPECT_THAT(process.suid, Optional(7));
  EXPECT_THAT(process.sgid, Optional(8));
}

// ---- The parent at the end ----

TEST_F(ConnectorProcessesTest, AParentThatLivesIsStillTheParent) {
  Begin(kParent);
  Begin();
  const auto ended = Leave(kPid);
  ASSERT_TRUE(ended);
  EXPECT_THAT(processes_.ParentOf(*ended), Optional(kParent));
}

TEST_F(ConnectorProcessesTest, AParentThatHasEndedOrIsTooYoungIsNot) {
  Begin(kParent);
  Begin();
  EXPECT_TRUE(processes_.Leave(kParent, kParent, 0, ++now_ns_));
  const auto ended = Leave(kPid);
  ASSERT_TRUE(ended);
  EXPECT_EQ(processes_.ParentOf(*ended), std::nullopt);
  Begin(kParent);
  EXPECT_EQ(processes_.ParentOf(*ended), std::nullopt);
}

// ---- Numbers that are used again ----

TEST_F(ConnectorProcessesTest, ALateEndIsTheOlderOnes) {
  const uint64_t first_ns = Begin().start_ns;
  const uint64_t second_ns = Begin().start_ns;
  const auto first = Leave(kPid, 1 << 8);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->start_ns, first_ns);
  const auto second = Leave(kPid, 2 << 8);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->start_ns, second_ns);
  EXPECT_THAT(second->WaitStatus(), Optional(2 << 8));
}

TEST_F(ConnectorProcessesTest, AfterALossTheEndOfTheOlderOneIsNotWaitedFor) {
  Begin();
  const uint64_t second_ns = Begin(kPid, Delivery::kLossy).start_ns;
  const auto ended = Leave(kPid);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->start_ns, second_ns);
}

// ---- Snapshots ----

ConnectorProcess InProc(uint64_t start_ns, std::initializer_list<uint32_t> threads = {}) {
  ConnectorProcess process;
  process.start_ns = start_ns;
  process.threads = threads;
  return process;
}

TEST_F(ConnectorProcessesTest, WhoWasThereBeforeIsKnownBySnapshot) {
  EXPECT_EQ(processes_.Found(kPid, InProc(20 * kMs, {11}), Delivery::kComplete), 20 * kMs);
  EXPECT_FALSE(Leave(kPid));
  const auto ended = Leave(11, 5 << 8);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->start_ns, 20 * kMs);
}

TEST_F(ConnectorProcessesTest, ALeaderThatHadLeftIsNotWaitedFor) {
  ConnectorProcess process = InProc(20 * kMs, {11});
  process.has_leader = false;
  processes_.Found(kPid, process, Delivery::kComplete);
  EXPECT_TRUE(Leave(11));
}

TEST_F(ConnectorProcessesTest, ABirthAfterItsSnapshotIsTheSameProcess) {
  processes_.Found(kPid, InProc(kBirth - 9 * kMs), Delivery::kComplete);
  const uint64_t start_ns = Begin().start_ns;
  EXPECT_EQ(start_ns, now_ns_);
  EXPECT_THAT(processes_.StartOf(kPid), Optional(start_ns));
  EXPECT_TRUE(Leave(kPid));
  EXPECT_FALSE(Leave(kPid)) << "there was one";
}

TEST_F(ConnectorProcessesTest, ASnapshotKeepsTheStartOfTheBirth) {
  const uint64_t start_ns = Begin().start_ns;
  EXPECT_EQ(processes_.Found(kPid, InProc(start_ns - 9 * kMs), Delivery::kComplete), start_ns);
}

TEST_F(ConnectorProcessesTest, ASnapshotSetsRightWhatALossHasHidden) {
  Begin();
  Threads({11, 12});
  processes_.Found(kPid, InProc(now_ns_, {12, 13}), Delivery::kLossy);
  EXPECT_FALSE(Leave(kPid));
  EXPECT_FALSE(Leave(12));
  EXPECT_TRUE(Leave(13));
}

TEST_F(ConnectorProcessesTest, AnotherProcessInASnapshotIsBelievedAfterALossOnly) {
  const uint64_t old_ns = Begin().start_ns;
  const uint64_t young_ns = old_ns + 500 * kMs;
  EXPECT_EQ(processes_.Found(kPid, InProc(young_ns), Delivery::kComplete), young_ns);
  EXPECT_THAT(processes_.StartOf(kPid), Optional(old_ns)) << "its end is on its way";
  EXPECT_EQ(processes_.Found(kPid, InProc(young_ns), Delivery::kLossy), young_ns);
  EXPECT_THAT(processes_.StartOf(kPid), Optional(young_ns));
  EXPECT_FALSE(Leave(kPid)) << "older than the young one's start: the old one's end";
}

TEST_F(ConnectorProcessesTest, WhoIsMissedTwiceIsForgotten) {
  Begin();
  processes_.EndSnapshot();
  processes_.EndSnapshot();
  EXPECT_EQ(processes_.size(), 1u) << "its end may be on its way";
  processes_.EndSnapshot();
  EXPECT_EQ(processes_.size(), 0u);
}

}  // namespace
}  // namespace daybook
