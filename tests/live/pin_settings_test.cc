// A recorder that takes over may record by other settings: nothing is missing in the log that it
// does not tell.

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>

#include "live/support/pin_test.h"
#include "live/support/pinned_maps_by_syscall.h"

namespace daybook {
namespace {

using testing::Contains;
using testing::Each;
using testing::Field;
using testing::IsEmpty;
using testing::Not;
using testing::Optional;
using testing::SizeIs;

class PinFilterTest : public PinTest {
 protected:
  static constexpr uid_t kOneUser = 2001;
  static constexpr uid_t kOtherUser = 2002;

  // Records until it is killed.
  void RecordOnly(const std::vector<std::string>& filter, const std::function<void()>& behave) {
    Daybookd recorder(folder_, With(filter));
    EXPECT_EQ(recorder.said_before(), "");
    behave();
    recorder.Stop(SIGKILL);
  }

  // Returns when it is that user's, and has executed its program.
  pid_t SpawnSleep(uid_t uid) {
    const pid_t pid = SpawnAs(uid, "/bin/sleep", {"600"});
    EXPECT_TRUE(Await([pid] {
      std::string comm;
      std::ifstream("/proc/" + std::to_string(pid) + "/comm") >> comm;
      return comm == "sleep";
    }));
    return pid;
  }
  static void End(pid_t pid) {
    kill(pid, SIGTERM);
    WaitFor(pid);
  }
};

TEST_F(PinFilterTest, AnotherFilterJudgesAnewFromThereOnAndWhatWaitedIsWritten) {
  pid_t one = 0;
  pid_t other = 0;
  RecordOnly({"--only-uid", "2001"}, [&] {
    one = SpawnSleep(kOneUser);
    other = SpawnSleep(kOtherUser);
  });
  const pid_t between = SpawnAs(kOneUser, "/bin/true");
  WaitFor(between);
  RecordOnly({"--only-uid", "2002"}, [&] {
    End(one);
    End(other);
    WaitFor(SpawnAs(kOneUser, "/bin/true"));
  });
  Daybookd(folder_, With({"--only-uid", "2002"})).Stop();
  const KeptLog log = ReadLog(folder_);
  ExpectNothingBetween(log);
  EXPECT_EQ(LifeOf(log, between).exit.uid, kOneUser);
  ASSERT_THAT(log.segments, SizeIs(3));
  EXPECT_THAT(log.All<Exec>(), Contains(Field(&Exec::pid, static_cast<uint32_t>(one))));
  const auto living = log.segments[1].All<SnapProc>();
  EXPECT_THAT(living, Contains(Field(&SnapProc::pid, static_cast<uint32_t>(other))));
  EXPECT_THAT(living, Each(Field(&SnapProc::uid, Optional(kOtherUser))));
  const auto exits = log.All<Exit>();
  EXPECT_THAT(exits, Contains(Field(&Exit::pid, static_cast<uint32_t>(other))));
  EXPECT_THAT(exits, Not(Contains(Field(&Exit::pid, static_cast<uint32_t>(one)))));
}

TEST_F(PinFilterTest, BirthsThatAnotherFilterHasKeptAreNotToldOfEndsThatFailed) {
  const Shared<std::atomic<bool>> go;
  pid_t failing = 0;
  RecordOnly({"--only-uid", "2001"}, [&] {
    failing = Spawn([&go] {
      while (!*go) usleep(1000);
      _exit(1);
    });
  });
  RecordOnly({"--only-failed"}, [&] {
    *go = true;
    WaitFor(failing);
  });
  Daybookd(folder_, With({"--only-failed"})).Stop();
  const KeptLog log = ReadLog(folder_);
  EXPECT_THAT(log.All<Exit>(), Contains(Field(&Exit::pid, static_cast<uint32_t>(failing))));
  EXPECT_THAT(log.All<Fork>(), Not(Contains(Field(&Fork::pid, static_cast<uint32_t>(failing)))));
}

TEST_F(PinFilterTest, AFilterWhereThereWasNoneTakesOverToo) {
  RecordOnly({}, [] {});
  const pid_t between = SpawnAs(kOtherUser, "/bin/true");
  WaitFor(between);
  pid_t other = 0;
  RecordOnly({"--only-uid", "2001"}, [&] {
    other = SpawnAs(kOtherUser, "/bin/true");
    WaitFor(other);
  });
  RecordOnly({}, [] {});
  Daybookd(folder_, Options()).Stop();
  const KeptLog log = ReadLog(folder_);
  ExpectNothingBetween(log);
  EXPECT_EQ(LifeOf(log, between).exit.uid, kOtherUser);
  EXPECT_THAT(log.All<Exit>(), Not(Contains(Field(&Exit::pid, static_cast<uint32_t>(other)))));
}

TEST_F(PinFilterTest, ARecorderThatCannotTakeOverLeavesAllAsItWas) {
  RecordOnly({"--only-uid", "2001"}, [] {});
  const shared_state before = ReadState(pins_ + "/state");
  // So that the verdicts cannot be replaced.
  const std::string next = pins_ + "/judged-next";
  PinAlsoAs(pins_ + "/judged", next);
  ASSERT_EQ(mount("/dev/null", next.c_str(), nullptr, MS_BIND, nullptr), 0) << strerror(errno);
  const auto other = With({"--only-uid", "2002", "--source", "bpf"});
  EXPECT_THROW(Daybookd(folder_, other), std::runtime_error);
  ASSERT_EQ(umount(next.c_str()), 0) << strerror(errno);
  const shared_state after = ReadState(pins_ + "/state");
  EXPECT_EQ(after.judging_filter, before.judging_filter);
  EXPECT_EQ(after.active_filter, before.active_filter);
  EXPECT_EQ(after.active, before.active);
  const auto is_links = [](const auto& entry) { return entry.is_directory(); };
  std::filesystem::directory_iterator entries(pins_);
  EXPECT_EQ(std::count_if(begin(entries), end(entries), is_links), 1);
  Daybookd(folder_, other).Stop();
  ExpectNothingBetween(ReadLog(folder_));
}

// It passed when it was judged, and would not pass now.
TEST_F(PinFilterTest, TheSameFilterKeepsItsVerdicts) {
  const Shared<std::atomic<int>> step;
  const pid_t changing = Spawn([&step] {
    while (*step == 0) usleep(1000);
    if (setuid(kOneUser) != 0) _exit(95);
    *step = 2;
    while (*step == 2) usleep(1000);
  });
  RecordOnly({"--only-uid", "0"}, [&] {
    *step = 1;
    ASSERT_TRUE(Await([&] { return *step == 2; }));
  });
  RecordOnly({"--only-uid", "0", "--events", "fork,exec,exit,comm"}, [&] {
    *step = 3;
    WaitFor(changing);
  });
  Daybookd(folder_, Options()).Stop();
  const auto exits = ReadLog(folder_).All<Exit>();
  EXPECT_THAT(exits, Contains(Field(&Exit::pid, static_cast<uint32_t>(changing))));
}

TEST_F(PinFilterTest, WhatTheOneBeforeHasLeftOutIsCountedAlsoWithoutFilters) {
  auto options = Options();
  options.insert(options.end(), {"--events", "exit"});
  Daybookd(folder_, options).Stop(SIGKILL);
  WaitFor(SpawnActor({"forks", "100"}));
  Daybookd(folder_, Options()).Stop();
  const auto audits = ReadLog(folder_).All<Audit>();
  ASSERT_THAT(audits, Not(IsEmpty()));
  ASSERT_TRUE(audits.back().filtered);
  EXPECT_GE(audits.back().filtered, 100u);
}

// Recorders that take over by other settings, and are gone before the log has their START.
class PinUntoldTest : public PinTest {
 protected:
  void FailAfterTakingOver(const std::vector<std::string>& settings) {
    auto options = With(settings);
    options.insert(options.end(), {"--source", "bpf", "--metrics-file", temp_ / "nowhere/metrics"});
    EXPECT_THROW(Daybookd(folder_, options), std::runtime_error);
  }

  void ExpectMissedOnce() const {
    const auto lost = ReadLog(folder_).All<Lost>();
    ASSERT_THAT(lost, SizeIs(1));
    EXPECT_EQ(lost[0].reason, LostReason::kNoRecorder);
    EXPECT_LT(lost[0].first_time_ns, lost[0].last_time_ns);
  }
};

TEST_F(PinUntoldTest, ChangesOfIdsThatNobodyListenedToAreToldAsLostWhereTheyWereToldBefore) {
  auto options = Options();
  Daybookd(folder_, options).Stop(SIGKILL);
  options.insert(options.end(), {"--id-events", "connector"});
  Daybookd(folder_, options).Stop(SIGKILL);
  EXPECT_THAT(ReadLog(folder_).All<Lost>(), IsEmpty());
  Daybookd(folder_, options).Stop();
  const auto lost = ReadLog(folder_).All<Lost>();
  ASSERT_THAT(lost, SizeIs(1));
  EXPECT_EQ(lost[0].reason, LostReason::kNoRecorder);
  EXPECT_LT(lost[0].first_time_ns, lost[0].last_time_ns);
}

// What it left out nobody tells of.
TEST_F(PinUntoldTest, ARecorderThatFailsAfterItTookOverByAnotherFilterHidesNothing) {
  Daybookd(folder_, Options()).Stop(SIGKILL);
  FailAfterTakingOver({});
  Daybookd(folder_, Options()).Stop(SIGKILL);
  EXPECT_THAT(ReadLog(folder_).All<Lost>(), IsEmpty()) << "it left out nothing";
  FailAfterTakingOver({"--events", "exec"});
  const pid_t parent = SpawnActor({"forks", "100"});
  WaitFor(parent);
  FailAfterTakingOver({});
  Daybookd(folder_, Options()).Stop(SIGKILL);
  Daybookd(folder_, Options()).Stop();
  EXPECT_THAT(ChildrenOf(ReadLog(folder_), parent), IsEmpty());
  ExpectMissedOnce();
}

TEST_F(PinUntoldTest, OneThatFailsAfterItTookOverWithoutArgumentsHidesNothing) {
  Daybookd(folder_, Options()).Stop(SIGKILL);
  FailAfterTakingOver({"--args", "none"});
  const pid_t executing = SpawnAs(0, "/bin/true", {"--now"});
  WaitFor(executing);
  FailAfterTakingOver({});
  Daybookd(folder_, Options()).Stop(SIGKILL);
  Daybookd(folder_, Options()).Stop();
  const auto& execs = LifeOf(ReadLog(folder_), executing).execs;
  ASSERT_THAT(execs, SizeIs(1));
  EXPECT_EQ(execs[0].args, std::nullopt);
  ExpectMissedOnce();
}

TEST_F(PinUntoldTest, OneThatFailsAfterItTookOverWithoutReapsHidesNothing) {
  Daybookd(folder_, Options()).Stop(SIGKILL);
  FailAfterTakingOver({"--usage", "fast"});
  const pid_t parent = SpawnActor({"forks", "10"});
  WaitFor(parent);
  Daybookd(folder_, Options()).Stop();
  const Exit exit = LifeOf(ReadLog(folder_), parent).exit;
  EXPECT_EQ(exit.flags & kProcUsageExact, 0U);
  ExpectMissedOnce();
}

// Nobody expects that.
TEST_F(PinUntoldTest, WhatOneThatFailsTellsMoreOfIsNotMissing) {
  const std::vector<std::string> less = {"--usage", "fast", "--args", "none"};
  Daybookd(folder_, With(less)).Stop(SIGKILL);
  FailAfterTakingOver({});
  Daybookd(folder_, With(less)).Stop();
  EXPECT_THAT(ReadLog(folder_).All<Lost>(), IsEmpty());
}

}  // namespace
}  // namespace daybook
