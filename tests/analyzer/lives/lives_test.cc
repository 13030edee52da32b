// Records that are told in any order, late, twice or not at all are joined to lives.

#include "lives/lives.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/life_records.h"
#include "analyzer/lives_fixture.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::Optional;

TEST_F(LivesTest, ForkExecAndExitAreOneLife) {
  Take(ForkAt(10 * kSecond), ExecAt(11 * kSecond, 10 * kSecond),
       ExitAt(12 * kSecond, 10 * kSecond));
  ASSERT_EQ(lives_.size(), 1U);
  const Life& life = lives_[0];
  EXPECT_EQ(life.state, LifeState::kEnded);
  EXPECT_EQ(life.start_ns, 10 * kSecond);
  EXPECT_THAT(life.end_ns, Optional(12 * kSecond));
  EXPECT_THAT(life.ppid, Optional(5U));
  EXPECT_THAT(life.exit_ppid, Optional(1U));
  EXPECT_THAT(life.execs, Optional(1U));
  EXPECT_THAT(life.image->exe, Optional(std::string("/bin/ls")));
  EXPECT_THAT(life.usage.cpu_us, Optional(42U));
  EXPECT_THAT(life.wait_status, Optional(0x300U));
  Finish();
  EXPECT_EQ(lives_.size(), 1U);
}

// The kernel takes it from all of a session when the session's leader ends.
TEST_F(LivesTest, ATerminalThatIsGoneAtTheEndIsKept) {
  constexpr uint32_t kTty = 0x8803;
  const auto tty_of = [&](uint32_t sid_at_end) {
    Exec exec = ExecAt(11 * kSecond, 10 * kSecond);
    exec.sid = 5;
    exec.tty = kTty;
    Exit exit = ExitAt(12 * kSecond, 10 * kSecond);
    exit.sid = sid_at_end;
    exit.tty = 0;
    Take(ForkAt(10 * kSecond), exec, exit);
    const auto tty = lives_.back().identity.tty;
    Finish();
    return tty;
  };
  EXPECT_THAT(tty_of(5), Optional(kTty));
  EXPECT_THAT(tty_of(7), Optional(0U)) << "it has left for a session of its own";
}

// What is known in the end does not depend on the order, as long as the end comes last.
TEST_F(LivesTest, SnapshotForkAndExecJoinInEveryOrder) {
  std::vector<int> order{0, 1, 2};
  do {
    for (const int step : order) {
      if (step == 0) Take(ForkAt(10 * kSecond));
      if (step == 1) Take(ExecAt(11 * kSecond, 10 * kSecond));
      if (step == 2) Snapshot(12 * kSecond, {SnapAt(10 * kSecond)});
    }
    Take(ExitAt(13 * kSecond, 10 * kSecond));
    Finish();
    ASSERT_EQ(lives_.size(), 1U);
    const Life& life = lives_[0];
    EXPECT_EQ(life.state, LifeState::kEnded);
    EXPECT_THAT(life.ppid, Optional(5U)) << "the birth parent";
    EXPECT_THAT(life.parent_start_ns, Optional(kSecond));
    EXPECT_THAT(life.execs, Optional(1U));
    EXPECT_THAT(life.image->exe, Optional(std::string("/bin/ls")));
    EXPECT_THAT(life.identity.comm, Optional(std::string("ls")));
    lives_.clear();
  } while (std::ranges::next_permutation(order).found);
}

TEST_F(LivesTest, OlderThanTheLogHasNoExecCountAndItsFirstKnownParent) {
  Snapshot(10 * kSecond, {SnapAt(2 * kSecond)});
  SnapProc later = SnapAt(2 * kSecond);
  later.ppid = 99;
  Snapshot(20 * kSecond, {later});
  Take(ExecAt(21 * kSecond, 2 * kSecond));
  Finish();
  ASSERT_EQ(lives_.size(), 1U);
  EXPECT_EQ(lives_[0].state, LifeState::kRunning);
  EXPECT_THAT(lives_[0].ppid, Optional(1U));
  EXPECT_EQ(lives_[0].execs, std::nullopt);
  EXPECT_THAT(lives_[0].identity.comm, Optional(std::string("ls")));
}

TEST_F(LivesTest, RepeatedSnapshotsDoNotDouble) {
  for (uint64_t second = 10; second < 60; ++second) {
    Snapshot(second * kSecond, {SnapAt(2 * kSecond, 7), SnapAt(3 * kSecond, 8)});
  }
  EXPECT_EQ(builder_.living(), 2U);
  Finish();
  EXPECT_EQ(lives_.size(), 2U);
}

TEST_F(LivesTest, SnapshotWrittenAfterTheExitDoesNotReopen) {
  Take(ForkAt(10 * kSecond), ExitAt(12 * kSecond, 10 * kSecond));
  Snapshot(11 * kSecond, {SnapAt(10 * kSecond)});
  Take(SnapAt(10 * kSecond + 3 * kMs, 7, kProcCoarseStart));
  Finish();
  EXPECT_THAT(States(), ElementsAre(LifeState::kEnded));
}

TEST_F(LivesTest, ReusedPidMakesTwoLives) {
  Take(ForkAt(10 * kSecond), ExitAt(11 * kSecond, 10 * kSecond));
  Take(ForkAt(20 * kSecond), ExitAt(21 * kSecond, 20 * kSecond));
  Finish();
  EXPECT_THAT(States(), ElementsAre(LifeState::kEnded, LifeState::kEnded));
}

TEST_F(LivesTest, ReusedPidProvesAnUnseenEnd) {
  Take(ForkAt(10 * kSecond));
  Take(ForkAt(20 * kSecond));
  Take(ExitAt(41 * kSecond, 20 * kSecond));
  Finish();
  ASSERT_EQ(lives_.size(), 2U);
  EXPECT_EQ(lives_[0].state, LifeState::kLost);
  EXPECT_EQ(lives_[0].start_ns, 10 * kSecond);
  EXPECT_EQ(lives_[0].end_ns, std::nullopt);
  EXPECT_EQ(lives_[1].state, LifeState::kEnded);
}

TEST_F(LivesTest, LateExitOfTheFormerOwnerOfAPidIsStillItsOwn) {
  Take(ForkAt(10 * kSecond));
  Snapshot(20 * kSecond, {SnapAt(15 * kSecond)});
  Take(ExitAt(14 * kSecond, 10 * kSecond), ExitAt(21 * kSecond, 15 * kSecond));
  Finish();
  ASSERT_EQ(lives_.size(), 2U);
  EXPECT_THAT(States(), ElementsAre(LifeState::kEnded, LifeState::kEnded));
  EXPECT_EQ(lives_[0].start_ns, 10 * kSecond);
}

TEST_F(LivesTest, MissingFromACompleteSnapshotIsLost) {
  Take(ForkAt(10 * kSecond, 7), ForkAt(10 * kSecond, 8));
  Snapshot(20 * kSecond, {SnapAt(10 * kSecond, 8)});
  EXPECT_TRUE(lives_.empty()) << "its exit may still follow";
  Take(ForkAt(40 * kSecond, 9));
  ASSERT_EQ(lives_.size(), 1U);
  EXPECT_EQ(lives_[0].pid, 7U);
  EXPECT_EQ(lives_[0].state, LifeState::kLost);
  Finish();
  EXPECT_EQ(lives_.size(), 3U);
}

TEST_F(LivesTest, ExitMayFollowTheSnapshotThatMissedIt) {
  Take(ForkAt(10 * kSecond));
  Snapshot(20 * kSecond, {});
  Take(ExitAt(19 * kSecond, 10 * kSecond));
  Finish();
  EXPECT_THAT(States(), ElementsAre(LifeState::kEnded));
}

TEST_F(LivesTest, BornDuringTheSnapshotNeedNotBeInIt) {
  Take(SnapBegin{.time_ns = 20 * kSecond}, ForkAt(20 * kSecond + 1));
  Take(SnapEnd{.time_ns = 21 * kSecond, .process_count = 0});
  Finish();
  EXPECT_THAT(States(), ElementsAre(LifeState::kRunning));
}

TEST_F(LivesTest, AnIncompleteSnapshotProvesNothing) {
  Take(ForkAt(10 * kSecond));
  Take(SnapEnd{.time_ns = 15 * kSecond, .process_count = 0});  // no beginning
  Take(SnapBegin{.time_ns = 20 * kSecond});
  builder_.NoteGap();
  Take(SnapEnd{.time_ns = 21 * kSecond, .process_count = 0});
  Take(SnapBegin{.time_ns = 30 * kSecond});
  Take(SnapEnd{.time_ns = 31 * kSecond, .process_count = 1});  // one is missing
  Finish();
  EXPECT_THAT(States(), ElementsAre(LifeState::kRunning));
}

TEST_F(LivesTest, CoarseStartMatchesTheExactOneAndIsReplacedByIt) {
  const uint64_t exact = 10 * kSecond + 7'654'321;
  for (const bool snapshot_first : {true, false}) {
    if (snapshot_first) Snapshot(20 * kSecond, {SnapAt(10 * kSecond, 7, kProcCoarseStart)});
    Take(ExecAt(21 * kSecond, exact));
    if (!snapshot_first) Snapshot(20 * kSecond, {SnapAt(10 * kSecond, 7, kProcCoarseStart)});
    Take(ExitAt(22 * kSecond, exact));
    Finish();
    ASSERT_EQ(lives_.size(), 1U);
    EXPECT_EQ(lives_[0].start_ns, exact);
    EXPECT_EQ(lives_[0].state, LifeState::kEnded);
    lives_.clear();
  }
}

// As where the next recorder has another source.
TEST_F(LivesTest, ACoarseBirthIsNoExactStartThoughOtherRecordsRepeatIt) {
  const uint64_t coarse = 10 * kSecond + 40'000;
  Fork fork = ForkAt(coarse);
  fork.flags = kProcCoarseStart;
  Take(fork, ExecAt(11 * kSecond, coarse));
  Snapshot(20 * kSecond, {SnapAt(10 * kSecond)});
  Take(ExitAt(22 * kSecond, 10 * kSecond));
  Finish();
  ASSERT_EQ(lives_.size(), 1U);
  EXPECT_EQ(lives_[0].start_ns, 10 * kSecond);
  EXPECT_EQ(lives_[0].state, LifeState::kEnded);
}

TEST_F(LivesTest, ExactStartsThatDifferAreDifferentProcesses) {
  Snapshot(20 * kSecond, {SnapAt(10 * kSecond)});
  Take(ExitAt(22 * kSecond, 10 * kSecond + 5 * kMs));
  Finish();
  EXPECT_EQ(lives_.size(), 2U);
}

TEST_F(LivesTest, ForkTellsTheParentsExactStart) {
  Snapshot(5 * kSecond, {SnapAt(990 * kMs, 5, kProcCoarseStart)});
  Take(ForkAt(10 * kSecond));
  Finish();
  ASSERT_EQ(lives_.size(), 2U);
  EXPECT_EQ(lives_[0].pid, 5U);
  EXPECT_EQ(lives_[0].start_ns, kSecond);
}

TEST_F(LivesTest, ChildHasItsParentsProgramUntilItExecs) {
  Take(ForkAt(kSecond, 5), ExecAt(2 * kSecond, kSecond, 5), ForkAt(3 * kSecond));
  Finish();
  ASSERT_EQ(lives_.size(), 2U);
  EXPECT_EQ(lives_[1].pid, 7U);
  EXPECT_THAT(lives_[1].identity.comm, Optional(std::string("ls")));
  EXPECT_THAT(lives_[1].image->exe, Optional(std::string("/bin/ls")));
  EXPECT_THAT(lives_[1].execs, Optional(0U));
}

// A filter may have left it out.
TEST_F(LivesTest, OfAnExecThatIsNotToldNothingIsKnown) {
  Take(ForkAt(kSecond, 5), ExecAt(2 * kSecond, kSecond, 5), ForkAt(3 * kSecond),
       ForkAt(3 * kSecond, 8));
  Exit forked_only = ExitAt(4 * kSecond, 3 * kSecond);
  forked_only.flags = kProcNeverExeced;
  Take(forked_only, ExitAt(4 * kSecond, 3 * kSecond, 8));
  ASSERT_EQ(lives_.size(), 2U);
  EXPECT_THAT(lives_[0].execs, Optional(0U));
  EXPECT_THAT(lives_[0].image->exe, Optional(std::string("/bin/ls")));
  EXPECT_TRUE(lives_[1].birth_seen);
  EXPECT_EQ(lives_[1].execs, std::nullopt);
  EXPECT_EQ(lives_[1].image, nullptr);
}

TEST_F(LivesTest, AProgramThatASnapshotFindsIsNotTheParents) {
  Take(ForkAt(kSecond, 5), ExecAt(2 * kSecond, kSecond, 5), ForkAt(3 * kSecond),
       ForkAt(3 * kSecond, 8));
  Snapshot(4 * kSecond,
           {SnapAt(kSecond, 5), SnapAt(3 * kSecond, 7, kProcNeverExeced), SnapAt(3 * kSecond, 8)});
  Finish();
  ASSERT_EQ(lives_.size(), 3U);
  EXPECT_THAT(lives_[1].execs, Optional(0U));
  EXPECT_THAT(lives_[1].image->exe, Optional(std::string("/bin/ls")));
  EXPECT_EQ(lives_[2].execs, std::nullopt);
  EXPECT_THAT(lives_[2].image->exe, Optional(std::string("/snap")));
}

TEST_F(LivesTest, ChildDoesNotHaveWhatItsParentExecsLater) {
  Take(ForkAt(kSecond, 5), ExecAt(4 * kSecond, kSecond, 5), ForkAt(3 * kSecond));
  Finish();
  EXPECT_EQ(lives_[1].identity.comm, std::nullopt);
  EXPECT_EQ(lives_[1].image, nullptr);
}

// As the connector tells of who has ended before anybody asked for its name.
TEST_F(LivesTest, AProgramWithoutANameDoesNotHaveTheNameThatWasThereBefore) {
  const Fork parent = ForkAt(2 * kSecond, 5);
  const Exec named = ExecAt(3 * kSecond, 2 * kSecond, 5);
  Exec unnamed = ExecAt(11 * kSecond, 10 * kSecond);
  unnamed.comm.reset();
  unnamed.exe.reset();
  Exit end = ExitAt(12 * kSecond, 10 * kSecond);
  end.comm.reset();
  Fork fork = ForkAt(10 * kSecond);
  fork.parent_start_ns = 2 * kSecond;
  Take(parent, named, fork, unnamed, end);
  ASSERT_EQ(lives_.size(), 1U);
  EXPECT_EQ(lives_[0].identity.comm, std::nullopt);
  EXPECT_EQ(lives_[0].image->exe, std::nullopt);

  fork.pid = unnamed.pid = end.pid = 8;
  Take(unnamed, fork, end);
  ASSERT_EQ(lives_.size(), 2U);
  EXPECT_EQ(lives_[1].identity.comm, std::nullopt) << "nor where the birth is told late";

  fork.pid = unnamed.pid = end.pid = 9;
  Take(fork, ExecAt(10'500 * kMs, 10 * kSecond, 9), unnamed, end);
  ASSERT_EQ(lives_.size(), 3U);
  EXPECT_EQ(lives_[2].identity.comm, std::nullopt) << "nor the name of its last program";

  fork.pid = unnamed.pid = end.pid = 10;
  Take(fork);
  Snapshot(11'500 * kMs, {SnapAt(10 * kSecond, 10)});
  Take(unnamed, end);
  ASSERT_EQ(lives_.size(), 4U);
  EXPECT_THAT(lives_[3].identity.comm, Optional(std::string("snap"))) << "what was seen since";

  fork.pid = end.pid = 11;
  Take(fork, end);
  ASSERT_EQ(lives_.size(), 5U);
  EXPECT_THAT(lives_[4].identity.comm, Optional(std::string("ls"))) << "of its parent's program";
}

TEST_F(LivesTest, CpuTimeOfWhichNothingWasCountedAtTheEndIsUnknown) {
  Exit end = ExitAt(12 * kSecond, 10 * kSecond);
  end.cpu_us = end.utime_us = end.stime_us = 0;
  Take(ForkAt(10 * kSecond), end);
  end.pid = 8;
  end.flags = kProcUsageExact;
  Take(ForkAt(10 * kSecond, 8), end);
  end.pid = 9;
  end.flags = 0;
  end.cpu_us = 3;
  Take(ForkAt(10 * kSecond, 9), end);
  Finish();
  std::map<uint32_t, Usage> usages;
  for (const Life& life : lives_) usages[life.pid] = life.usage;
  EXPECT_EQ(usages[7].cpu_us, std::nullopt);
  EXPECT_EQ(usages[7].stime_us, std::nullopt);
  EXPECT_THAT(usages[8].cpu_us, Optional(0U));
  EXPECT_THAT(usages[9].cpu_us, Optional(3U)) << "so much at least";
  EXPECT_THAT(usages[9].utime_us, Optional(0U));
}

TEST_F(LivesTest, UnseenBirthsAreOpenedByWhatFollows) {
  Take(ExecAt(11 * kSecond, 10 * kSecond, 7), ExitAt(12 * kSecond, 9 * kSecond, 8));
  Finish();
  ASSERT_EQ(lives_.size(), 2U);
  EXPECT_EQ(lives_[0].pid, 8U);
  EXPECT_EQ(lives_[0].ppid, std::nullopt);
  EXPECT_EQ(lives_[0].execs, std::nullopt);
  EXPECT_EQ(lives_[1].state, LifeState::kRunning);
}

// It may be another one than that of its birth.
TEST_F(LivesTest, TheParentAtTheEndIsNotTakenForThatOfTheBirth) {
  Exit exit = ExitAt(12 * kSecond, 9 * kSecond, 8);
  exit.parent_start_ns = 3 * kSecond;
  Take(exit);
  Finish();
  ASSERT_EQ(lives_.size(), 1U);
  EXPECT_EQ(lives_[0].ppid, std::nullopt);
  EXPECT_THAT(lives_[0].exit_ppid, Optional(1U));
}

// A filter may have kept it until the process executed its program.
TEST_F(LivesTest, ABirthMayBeToldLongAfterItAndASnapshotThatLeftItOut) {
  Snapshot(20 * kSecond, {SnapAt(kSecond, 5)});
  Snapshot(40 * kSecond, {SnapAt(kSecond, 5)});
  Take(ForkAt(10 * kSecond), ExecAt(50 * kSecond, 10 * kSecond));
  Snapshot(60 * kSecond, {SnapAt(kSecond, 5), SnapAt(10 * kSecond)});
  Take(ExitAt(90 * kSecond, 10 * kSecond));
  ASSERT_EQ(lives_.size(), 1U);
  EXPECT_EQ(lives_[0].state, LifeState::kEnded);
  EXPECT_THAT(lives_[0].ppid, Optional(5U));
  EXPECT_THAT(lives_[0].execs, Optional(1U));
}

TEST_F(LivesTest, WhatIsOpenWhenTheBootIsOverIsLost) {
  Take(ForkAt(10 * kSecond));
  Finish(LifeState::kLost);
  EXPECT_THAT(States(), ElementsAre(LifeState::kLost));
}

TEST_F(LivesTest, ASnapshotDoesNotReplaceWhatANewerExecTold) {
  Take(ForkAt(10 * kSecond), SnapBegin{.time_ns = 20 * kSecond},
       ExecAt(20 * kSecond + kMs, 10 * kSecond), SnapAt(10 * kSecond));
  Finish();
  EXPECT_THAT(lives_[0].identity.comm, Optional(std::string("ls")));
}

TEST_F(LivesTest, WhoIsNotThereAnyMoreBehindAPartThatWasLeftOutEndedInThatPart) {
  Take(ForkAt(10 * kSecond), ForkAt(11 * kSecond, 8));
  Snapshot(12 * kSecond, {SnapAt(10 * kSecond, 7)});
  builder_.NoteLeftOut();
  Snapshot(90 * kSecond, {});
  Finish();
  EXPECT_THAT(States(), ElementsAre(LifeState::kLost, LifeState::kLost));
  EXPECT_EQ(lives_[0].last_seen_ns, 11 * kSecond) << "it was lost before";
  EXPECT_EQ(lives_[1].last_seen_ns, 12 * kSecond + kMs);
}

TEST_F(LivesTest, AnImportedLifeDoesNotWaitForAReapBehindAPartThatWasLeftOut) {
  builder_.NoteLeftOut();
  Take(Acct{.time_ns = 12 * kSecond, .pid = 7, .start_ns = 10 * kSecond},
       ExitAt(12 * kSecond, 10 * kSecond));
  EXPECT_THAT(States(), ElementsAre(LifeState::kEnded));
}

TEST_F(LivesTest, AnImportedLifeHasWhatItsAccountingRecordSays) {
  Exit exit = ExitAt(12 * kSecond, 10 * kSecond);
  exit.cpu_us.reset();
  exit.utime_us = 30'000;
  exit.stime_us = 20'000;
  const Acct acct{.time_ns = 12 * kSecond, .pid = 7, .start_ns = 10 * kSecond, .memory_kib = 99};
  Take(acct, exit);
  ASSERT_EQ(lives_.size(), 1U);
  EXPECT_EQ(lives_[0].state, LifeState::kEnded);
  EXPECT_THAT(lives_[0].acct, Optional(acct));
  EXPECT_THAT(lives_[0].usage.cpu_us, Optional(50'000U));
}

TEST_F(LivesTest, AnAccountingRecordWhoseExitIsLostStillTellsOfAnEnd) {
  Take(Acct{.time_ns = 12 * kSecond, .pid = 7, .start_ns = 10 * kSecond});
  Finish();
  ASSERT_EQ(lives_.size(), 1U);
  EXPECT_EQ(lives_[0].state, LifeState::kLost);
}

TEST_F(LivesTest, WhatAReapDoesNotKnowOfIoItsEndHasTold) {
  builder_.Take(Recorder{.time_ns = kSecond,
                         .event = RecorderEvent::kStart,
                         .abilities = "fork exec exit usage reap"});
  Exit exit = ExitAt(12 * kSecond, 10 * kSecond);
  exit.rchar_bytes = 15;
  exit.write_bytes = 18;
  Take(exit, Reap{.time_ns = 13 * kSecond,
                  .pid = 7,
                  .start_ns = 10 * kSecond,
                  .cpu_us = 50,
                  .write_bytes = 28});
  ASSERT_EQ(lives_.size(), 1U);
  EXPECT_EQ(lives_[0].usage.rchar_bytes, 15U);
  EXPECT_EQ(lives_[0].usage.write_bytes, 28U);
  EXPECT_EQ(lives_[0].usage.cpu_us, 50U);
}

// What the hooks of the one before it saw is told behind its START.
TEST_F(LivesTest, WhoTakesOverMayTellReapsThatItsOwnHooksDoNot) {
  const auto start = [](std::string_view abilities) {
    return Recorder{
        .time_ns = 20 * kSecond, .event = RecorderEvent::kStart, .abilities = abilities};
  };
  Take(start("fork exec exit usage continued"), ExitAt(12 * kSecond, 10 * kSecond, 7),
       ExitAt(13 * kSecond, 10 * kSecond, 8), ExitAt(21 * kSecond, 10 * kSecond, 9));
  ASSERT_EQ(lives_.size(), 1u);
  EXPECT_EQ(lives_[0].pid, 9u) << "it has ended since: there will be no reap";
  Take(Reap{.time_ns = 13 * kSecond, .pid = 7, .start_ns = 10 * kSecond, .cpu_us = 50});
  ASSERT_EQ(lives_.size(), 2u);
  EXPECT_THAT(lives_[1].usage.cpu_us, Optional(50));
  Take(ExitAt(22 * kSecond, 10 * kSecond, 10));
  EXPECT_EQ(lives_.size(), 3u) << "that reap was the other one's";
  Take(start("fork exec exit usage"), ExitAt(14 * kSecond, 10 * kSecond, 11));
  EXPECT_EQ(lives_.size(), 4u) << "there was nobody before it";
}

// Of who ended at 3 s and was reaped at that time; the log goes on to 20 s.
bool IsUnreaped(std::string_view abilities, uint64_t reaped_ns) {
  bool is_unreaped = false;
  LifeBuilder builder([&](const Life& life) { is_unreaped = is_unreaped || life.is_unreaped; });
  builder.Take(Recorder{.time_ns = kSecond, .abilities = abilities});
  builder.Take(ExitAt(3 * kSecond, 2 * kSecond));
  builder.Take(Reap{.time_ns = reaped_ns, .pid = 7, .start_ns = 2 * kSecond, .cpu_us = 50});
  builder.Take(ForkAt(20 * kSecond, 8));
  builder.Take(ExitAt(20 * kSecond, 20 * kSecond, 8));  // and that is all that the log tells
  builder.Finish(LifeState::kRunning);
  return is_unreaped;
}

TEST_F(LivesTest, ChangesOfIdsAndSessionsAreKnownAtOnce) {
  const auto change = [](uint64_t time_ns, uint32_t uid) {
    return IdChange{.time_ns = time_ns,
                    .pid = 7,
                    .start_ns = 10 * kSecond,
                    .uid = uid,
                    .euid = uid,
                    .gid = uid + 1};
  };
  Take(ForkAt(10 * kSecond), ExecAt(11 * kSecond, 10 * kSecond));
  Take(change(13 * kSecond, 33));
  Take(change(12 * kSecond, 44));  // told late
  Take(Session{.time_ns = 14 * kSecond, .pid = 7, .start_ns = 10 * kSecond});
  Finish();
  const Identity& identity = lives_.at(0).identity;
  EXPECT_THAT(identity.uid, Optional(33U));
  EXPECT_THAT(identity.euid, Optional(33U));
  EXPECT_THAT(identity.gid, Optional(34U));
  EXPECT_THAT(identity.sid, Optional(7U));
  EXPECT_TRUE(lives_[0].user_changes.empty()) << "kept where all programs are";
}

TEST(RecorderAbilitiesTest, WhoWasNotReapedInTimeIsKnown) {
  EXPECT_FALSE(IsUnreaped("fork exec exit usage reap", 12 * kSecond));
  EXPECT_TRUE(IsUnreaped("fork exec exit usage reap", 14 * kSecond));
}

TEST_F(LivesTest, WhereNobodyTellsReapsNoneIsMissed) {
  builder_.NoteLeftOut();
  Take(ExitAt(3 * kSecond, 2 * kSecond), ForkAt(20 * kSecond, 8));
  ASSERT_EQ(lives_.size(), 1U);
  EXPECT_FALSE(lives_[0].is_unreaped);
}

// One whose parent waits for it late.
std::optional<uint64_t> CpuOfZombie(std::string_view abilities) {
  std::optional<uint64_t> cpu_us;
  LifeBuilder builder([&](const Life& life) { cpu_us = life.usage.cpu_us; });
  builder.Take(Recorder{.time_ns = kSecond, .abilities = abilities});
  builder.Take(ExitAt(3 * kSecond, 2 * kSecond));
  builder.Take(Reap{.time_ns = 4 * kSecond, .pid = 7, .start_ns = 2 * kSecond, .cpu_us = 50});
  builder.Finish(LifeState::kRunning);
  return cpu_us;
}

TEST(RecorderAbilitiesTest, TheFirstReapIsAwaitedWhereTheRecorderTellsReaps) {
  EXPECT_THAT(CpuOfZombie("fork exec exit usage reap"), Optional(50U));
  EXPECT_THAT(CpuOfZombie("fork exec exit usage reaper"), Optional(42U));
}

}  // namespace
}  // namespace daybook
