// What is left out on request is left out of the log, whole, and the log says so.

#include "live/support/filter_test.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "live/support/live_test.h"

namespace daybook {
namespace {

using testing::Each;
using testing::Field;
using testing::IsEmpty;
using testing::Not;
using testing::Optional;
using testing::SizeIs;
using testing::StartsWith;
using std::string_view_literals::operator""sv;

class FilterTest : public RecordedTest {
 protected:
  explicit FilterTest(std::vector<std::string> options) { recorder_options_ = std::move(options); }

  // The log says which filter it is under, and how much was left out, until the end.
  const KeptLog& StopFiltered() {
    const KeptLog& log = Stop();
    std::string text;
    for (const std::string& option : recorder_options_) {
      text += (text.empty() ? "" : " ") + option;
    }
    EXPECT_THAT(StartOf(log).filter, Optional(std::string_view(text)));
    const Audit audit = log.All<Audit>().back();
    EXPECT_NE(audit.filtered, std::nullopt);
    EXPECT_EQ(audit.forks_seen, log.All<Recorder>().back().forks_seen);
    EXPECT_THAT(log.All<Audit>(), Each(Field(&Audit::living, std::nullopt)));
    return log;
  }
};

class OnlyFailedTest : public FilterTest {
 protected:
  OnlyFailedTest() : FilterTest({"--only-failed"}) {}
};

// Lines "INDEX PID STATUS" of an actor that spawned.
std::map<uint32_t, uint32_t> StatusesIn(const std::string& path) {
  std::map<uint32_t, uint32_t> statuses;
  std::ifstream lines(path);
  for (uint32_t index = 0, pid = 0, status = 0; lines >> index >> pid >> status;) {
    statuses[pid] = status;
  }
  return statuses;
}

TEST_F(OnlyFailedTest, TheLogIsTheEndsThatFailedWithAllThatAReportNeeds) {
  const TempFolder temp;
  const pid_t actor = SpawnActor({"spawn", "0", "520"}, temp / "ends");
  ASSERT_EQ(WaitFor(actor).status, 0);
  const KeptLog& log = StopFiltered();
  EXPECT_GT(log.All<Audit>().back().filtered, 1000u);
  EXPECT_THAT(log.All<Fork>(), IsEmpty());
  EXPECT_THAT(log.All<Exec>(), IsEmpty());
  EXPECT_THAT(log.All<SnapProc>(), IsEmpty());
  EXPECT_THAT(log.All<Exit>(), Each(Field(&Exit::wait_status, Not(Optional(0)))));
  size_t failed = 0;
  for (const auto& [pid, status] : StatusesIn(temp / "ends")) {
    const auto exits = log.AllOf<Exit>(pid);
    ASSERT_THAT(exits, SizeIs(status == 0 ? 0 : 1)) << pid;
    if (exits.empty()) continue;
    ++failed;
    EXPECT_THAT(exits[0].wait_status, Optional(status));
    EXPECT_THAT(exits[0].comm, Optional("exe"sv));
    EXPECT_THAT(exits[0].uid, Optional(0));
    EXPECT_THAT(exits[0].ppid, Optional(actor));
    EXPECT_GT(exits[0].parent_start_ns, 0u);
    EXPECT_LT(exits[0].parent_start_ns, exits[0].start_ns);
    EXPECT_NE(exits[0].maxrss_kib, std::nullopt);
  }
  EXPECT_GT(failed, 500u);
}

TEST_F(OnlyFailedTest, AReapIsToldOfThemAlone) {
  const pid_t late = Spawn([] { _exit(3); });
  const pid_t fine = Spawn([] {});
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  WaitFor(late);
  WaitFor(fine);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const KeptLog& log = StopFiltered();
  EXPECT_EQ(CountOf<Exit>(log, late), 1u);
  EXPECT_EQ(CountOf<Reap>(log, late), 1u);
  EXPECT_FALSE(PidsIn(log).contains(static_cast<uint32_t>(fine)));
}

class OnlyUserTest : public FilterTest {
 protected:
  OnlyUserTest() : FilterTest({"--only-uid", "2001", "--only-uid", "2002"}) {}
};

TEST_F(OnlyUserTest, OnlyTheirProcessesAreTold) {
  const pid_t one = SpawnAs(kOneUser, "/bin/true");
  const pid_t other = SpawnAs(kOtherUser, "/bin/true");
  const pid_t root = SpawnAs(0, "/bin/true");
  const pid_t nobody = SpawnAs(65534, "/bin/true");
  for (const pid_t pid : {one, other, root, nobody}) WaitFor(pid);
  const KeptLog& log = StopFiltered();
  for (const pid_t pid : {one, other}) {
    const Life life = LifeOf(log, pid);
    EXPECT_THAT(life.fork.uid, Optional(0)) << "and became one of theirs later";
    EXPECT_THAT(life.execs, SizeIs(1));
  }
  for (const pid_t pid : {root, nobody}) {
    EXPECT_FALSE(PidsIn(log).contains(static_cast<uint32_t>(pid)));
  }
  for (const Exit& exit : log.All<Exit>()) {
    EXPECT_TRUE(exit.uid == kOneUser || exit.uid == kOtherUser);
  }
}

TEST_F(OnlyUserTest, WhoRunsAProgramAsOneIsToldOfToItsEnd) {
  const pid_t pid = Spawn([] {
    if (setresuid(kOneUser, 0, 0) != 0) _exit(95);
    Become(ACTOR_PROGRAM, {"actor", "becomes", "0"});
  });
  ASSERT_EQ(WaitFor(pid).status, 0);
  const Life life = LifeOf(StopFiltered(), pid);
  EXPECT_THAT(life.execs, SizeIs(1));
  EXPECT_THAT(life.exit.uid, Optional(0));
}

TEST_F(OnlyUserTest, WhoRunsNoProgramIsJudgedByItsEnd) {
  const pid_t theirs = Spawn([] {
    if (setuid(kOneUser) != 0) _exit(95);
  });
  const Shared<pid_t> child;
  const pid_t parent = Spawn([&child] {
    if (setresuid(kOneUser, kOneUser, 0) != 0) _exit(95);
    const pid_t born = fork();
    if (born == 0) _exit(setresuid(0, 0, 0) == 0 ? 0 : 95);
    WaitFor(*child = born);
  });
  for (const pid_t pid : {theirs, parent}) ASSERT_EQ(WaitFor(pid).status, 0);
  const KeptLog& log = StopFiltered();
  EXPECT_THAT(LifeOf(log, theirs).fork.uid, Optional(0));
  EXPECT_FALSE(PidsIn(log).contains(static_cast<uint32_t>(*child)));
}

class ExceptUserTest : public FilterTest {
 protected:
  ExceptUserTest() : FilterTest({"--except-uid", "0"}) {}
};

TEST_F(ExceptUserTest, TheirProcessesAreLeftOut) {
  const pid_t one = SpawnAs(kOneUser, "/bin/true");
  const pid_t root = SpawnAs(0, "/bin/true");
  for (const pid_t pid : {one, root}) WaitFor(pid);
  const KeptLog& log = StopFiltered();
  EXPECT_THAT(LifeOf(log, one).execs, SizeIs(1));
  EXPECT_FALSE(PidsIn(log).contains(static_cast<uint32_t>(root)));
  EXPECT_THAT(log.All<SnapProc>(), Each(Field(&SnapProc::uid, Not(Optional(0)))));
}

class SnapshotUserTest : public LiveTest {};

TEST_F(SnapshotUserTest, WhoIsInTheSnapshotIsToldOfToItsEnd) {
  const TempFolder temp;
  const Shared<std::atomic<bool>> go;
  const pid_t pid = Spawn([&go] {
    if (setresuid(kOneUser, kOneUser, 0) != 0) _exit(95);
    while (!*go) usleep(1000);
    _exit(setresuid(0, 0, 0) == 0 ? 0 : 95);
  });
  ASSERT_TRUE(Await([pid] {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("Uid:\t2001\t")) return true;
    }
    return false;
  }));
  Daybookd recorder(temp / "log", {"--only-uid", "2001"});
  *go = true;
  EXPECT_EQ(WaitFor(pid).status, 0);
  EXPECT_EQ(recorder.Stop(), 0);
  const KeptLog log = ReadLog(temp / "log");
  EXPECT_THAT(PidsIn(log), testing::ElementsAre(pid));
  EXPECT_EQ(CountOf<SnapProc>(log, pid), 1u);
  ASSERT_EQ(CountOf<Exit>(log, pid), 1u);
  EXPECT_THAT(log.All<Exit>()[0].uid, Optional(0));
}

class LifetimeTest : public FilterTest {
 protected:
  LifetimeTest() : FilterTest({"--min-lifetime", "300ms"}) {}
};

TEST_F(LifetimeTest, WhoLivedLongEnoughOrFailedIsTold) {
  const pid_t brief = Spawn([] {});
  const pid_t failed = Spawn([] { _exit(1); });
  const pid_t slow = Spawn([] { usleep(400'000); });
  const pid_t late = Spawn([] {
    usleep(400'000);
    Become("/bin/true", {"true"});
  });
  for (const pid_t pid : {brief, failed, slow, late}) WaitFor(pid);
  const KeptLog& log = StopFiltered();
  EXPECT_FALSE(PidsIn(log).contains(static_cast<uint32_t>(brief)));
  for (const pid_t pid : {failed, slow}) EXPECT_THAT(LifeOf(log, pid).execs, IsEmpty());
  EXPECT_THAT(LifeOf(log, late).execs, SizeIs(1)) << "it was old enough by then";
  EXPECT_EQ(CountOf<SnapProc>(log, getpid()), 1u);
}

// Else nobody could tell whose child it is until the parent's own end.
TEST_F(LifetimeTest, WhoIsToldOfComesBehindHisParentWhoIsTooYoung) {
  const Shared<pid_t> slow_child, failed_child, orphan;
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t old_parent = Spawn([&] {
    *slow_child = Spawn([] { usleep(400'000); });
    WaitFor(*slow_child);
  });
  const pid_t young_parent = Spawn([&] {
    *failed_child = Spawn([] { _exit(1); });
    WaitFor(*failed_child);
  });
  const pid_t left_parent = Spawn([&] { *orphan = Spawn([] { usleep(400'000); }); });
  for (const pid_t pid : {old_parent, young_parent, left_parent}) WaitFor(pid);
  close(ends[1]);
  char nothing = 0;
  EXPECT_EQ(read(ends[0], &nothing, 1), 0) << "the orphan has ended, too";
  close(ends[0]);
  const KeptLog& log = StopFiltered();
  std::vector<pid_t> births;
  for (const Fork& fork : log.All<Fork>()) births.push_back(static_cast<pid_t>(fork.pid));
  const auto comes_behind = [&births](pid_t child, pid_t parent) {
    return std::ranges::find(std::ranges::find(births, parent), births.end(), child) !=
           births.end();
  };
  EXPECT_TRUE(comes_behind(*slow_child, old_parent));
  EXPECT_TRUE(comes_behind(*failed_child, young_parent));
  for (const pid_t pid : {old_parent, young_parent}) LifeOf(log, pid);
  LifeOf(log, *orphan);
  EXPECT_FALSE(PidsIn(log).contains(static_cast<uint32_t>(left_parent))) << "nothing kept it";
}

class KernelThreadTest : public FilterTest {
 protected:
  KernelThreadTest() : FilterTest({"--no-kernel-threads"}) {}
};

TEST_F(KernelThreadTest, TheyAreLeftOutAndNobodyElse) {
  const TempFolder temp;
  const auto is_kernel_thread = [](const auto& record) {
    return (record.flags & kProcKernelThread) != 0;
  };
  const pid_t pid = SpawnAs(kOneUser, "/bin/true");
  WaitFor(pid);
  const KeptLog& log = Stop();
  EXPECT_THAT(StartOf(log).filter, Optional("--no-kernel-threads"sv));
  EXPECT_THAT(LifeOf(log, pid).execs, SizeIs(1));
  EXPECT_TRUE(std::ranges::none_of(log.All<SnapProc>(), is_kernel_thread));
  EXPECT_TRUE(std::ranges::none_of(log.All<Fork>(), is_kernel_thread));
  { Daybookd(temp / "log").Stop(); }
  const auto all = ReadLog(temp / "log").All<SnapProc>();
  EXPECT_TRUE(std::ranges::any_of(all, is_kernel_thread)) << "there are some";
}

class EventTypesTest : public FilterTest {
 protected:
  EventTypesTest() : FilterTest({"--events", "exec,exit"}) {}
};

TEST_F(EventTypesTest, OnlyThoseAreTold) {
  const pid_t pid = SpawnAs(kOneUser, "/bin/true");
  WaitFor(pid);
  const KeptLog& log = StopFiltered();
  EXPECT_THAT(StartOf(log).abilities, Optional(StartsWith("exec exit usage reap")));
  EXPECT_THAT(log.All<Fork>(), IsEmpty());
  EXPECT_THAT(log.All<CommChange>(), IsEmpty());
  EXPECT_THAT(log.All<CgroupPath>(), IsEmpty());
  EXPECT_EQ(CountOf<Exec>(log, pid), 1u);
  EXPECT_EQ(CountOf<Exit>(log, pid), 1u);
  EXPECT_EQ(CountOf<SnapProc>(log, getpid()), 1u) << "who lives is no event";
}

class AuditedFilterTest : public LiveTest {};

TEST_F(AuditedFilterTest, WhereAllLivesAreToldTheLivingAreHeldAgainstTheLog) {
  const TempFolder temp;
  Daybookd recorder(temp / "log", {"--events", "fork,exit", "--audit-interval", "1s"});
  // Somebody who is just being born or ending makes a difference for one audit.
  EXPECT_TRUE(Await([&] {
    WaitFor(Spawn([] {}));
    const auto audits = ReadLog(temp / "log").All<Audit>();
    return std::ranges::any_of(audits, [](const Audit& audit) {
      return audit.living && audit.living == audit.living_in_log;
    });
  }));
}

}  // namespace
}  // namespace daybook
