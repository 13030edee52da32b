// What daybookd is allowed once it records, and what it leaves when it ends.

#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "live/support/live_test.h"

namespace daybook {
namespace {

using testing::Optional;
using testing::SizeIs;

class PrivilegesTest : public RecordedTest {
 protected:
  // Lines of /proc/PID/status, by name.
  std::map<std::string, std::string> RecorderStatus() {
    std::map<std::string, std::string> lines;
    std::ifstream file("/proc/" + std::to_string(recorder().pid()) + "/status");
    for (std::string line; std::getline(file, line);) {
      const size_t colon = line.find(":\t");
      if (colon != line.npos) lines[line.substr(0, colon)] = line.substr(colon + 2);
    }
    return lines;
  }

  static const passwd& Account() {
    const passwd* account = getpwnam("daybook");
    return account != nullptr ? *account : *getpwnam("nobody");
  }

  static std::string FourTimes(uint32_t id) {
    const std::string text = std::to_string(id);
    return text + "\t" + text + "\t" + text + "\t" + text;
  }

  // The log ends in order, with the recorder's own stop.
  void ExpectComplete() const {
    const KeptLog log = ReadLog(folder());
    EXPECT_EQ(log.GapCount(), 0u);
    EXPECT_TRUE(log.segments.back().complete);
    const auto told = log.All<Recorder>();
    ASSERT_THAT(told, SizeIs(2));
    EXPECT_EQ(told[0].event, RecorderEvent::kStart);
    EXPECT_EQ(told[1].event, RecorderEvent::kStop);
    std::optional<uint64_t> last_seq;
    for (const auto& entry : log.segments.back().entries) {
      if (!entry.seq) continue;
      EXPECT_TRUE(!last_seq || *entry.seq == *last_seq + 1);
      last_seq = entry.seq;
    }
    EXPECT_THAT(log.All<SegmentEnd>().back().next_seq, *last_seq + 1);
  }
};

TEST_F(PrivilegesTest, NoneAreLeft) {
  auto status = RecorderStatus();
  EXPECT_EQ(status["Uid"], FourTimes(Account().pw_uid));
  EXPECT_EQ(status["Gid"], FourTimes(Account().pw_gid));
  EXPECT_THAT(status["Groups"], testing::AnyOf("", " "));
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_EQ(status[set], "0000000000000000") << set;
  }
  EXPECT_EQ(status["NoNewPrivs"], "1");
  EXPECT_EQ(status["Seccomp"], "2") << "system calls are filtered";
}

TEST_F(PrivilegesTest, TheLogIsTheAccountsAndNotForEverybody) {
  struct stat info = {};
  ASSERT_EQ(stat(folder().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode, S_IFDIR | 0750u);
  EXPECT_EQ(info.st_uid, Account().pw_uid);
  const auto paths = FindSegments(folder());
  ASSERT_TRUE(paths);
  for (const std::string& path : *paths) {
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode, S_IFREG | 0640u);
    EXPECT_EQ(info.st_uid, Account().pw_uid);
    EXPECT_EQ(info.st_gid, Account().pw_gid);
  }
}

TEST_F(PrivilegesTest, SnapshotsAreTakenWithoutPrivileges) {
  const KeptLog& log = Stop();
  EXPECT_EQ(log.All<SnapEnd>().at(0).process_count, log.All<SnapProc>().size());
  const auto all = log.All<SnapProc>();
  const auto self = std::find_if(all.begin(), all.end(), [](const SnapProc& process) {
    return process.pid == static_cast<uint32_t>(getpid());
  });
  ASSERT_NE(self, all.end());
  EXPECT_TRUE(self->exe) << "the test runs as root, and daybookd does not";
  EXPECT_TRUE(self->args);
  EXPECT_FALSE(self->flags & kProcCoarseStart);
}

// ---- Ends ----

TEST_F(PrivilegesTest, SigtermEndsTheLogInOrder) {
  EXPECT_EQ(recorder().Stop(SIGTERM), 0);
  ExpectComplete();
}

TEST_F(PrivilegesTest, SigintEndsTheLogInOrder) {
  EXPECT_EQ(recorder().Stop(SIGINT), 0);
  ExpectComplete();
}

class DurationTest : public PrivilegesTest {
 protected:
  DurationTest() { recorder_options_ = {"--duration", "1s"}; }
};

TEST_F(DurationTest, ItsEndEndsTheLogInOrder) {
  EXPECT_EQ(recorder().Wait(), 0);
  ExpectComplete();
}

class PrivilegesKillTest : public PrivilegesTest {
 protected:
  PrivilegesKillTest() { recorder_options_ = {"--drain-interval", "10ms"}; }
};

TEST_F(PrivilegesKillTest, WhatWasFlushedIsReadAndARestartContinues) {
  const pid_t first = Spawn([] { _exit(5); });
  WaitFor(first);
  ASSERT_TRUE(
      Await([&] { return !ReadLog(folder()).AllOf<Exit>(static_cast<uint32_t>(first)).empty(); }));
  EXPECT_EQ(recorder().Stop(SIGKILL), SIGKILL);
  const KeptLog killed = ReadLog(folder());
  ASSERT_THAT(killed.segments, SizeIs(1));
  EXPECT_FALSE(killed.segments[0].complete);
  EXPECT_EQ(killed.GapCount(), 0u);
  EXPECT_THAT(LifeOf(killed, first).exit.wait_status, Optional(5 << 8));

  Daybookd again(folder());
  const pid_t second = Spawn([] { _exit(6); });
  WaitFor(second);
  EXPECT_EQ(again.Stop(), 0);
  const KeptLog log = ReadLog(folder());
  ASSERT_THAT(log.segments, SizeIs(2));
  EXPECT_TRUE(log.segments[1].complete);
  EXPECT_THAT(LifeOf(log, first).exit.wait_status, Optional(5 << 8));
  EXPECT_THAT(LifeOf(log, second).exit.wait_status, Optional(6 << 8));
  uint64_t next_seq = 1;
  for (const KeptSegment& segment : log.segments) {
    for (const auto& entry : segment.entries) {
      if (!entry.seq) continue;
      EXPECT_EQ(*entry.seq, next_seq);
      next_seq = *entry.seq + 1;
    }
  }
}

}  // namespace
}  // namespace daybook
