// Births, programs and ends of ordinary processes.

#include <sched.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <ctime>
#include <map>

#include "live/support/live_test.h"

extern char** environ;

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;
using std::string_view_literals::operator""sv;

using LivesTest = RecordedTest;

const auto kSelf = static_cast<uint32_t>(getpid());

// ---- Programs ----

TEST_F(LivesTest, AProgramIsOneForkOneExecOneExit) {
  const pid_t pid = Spawn([] { Become("/bin/true", {"true"}); });
  const Ended ended = WaitFor(pid);
  const KeptLog& log = Stop();
  const Life life = LifeOf(log, pid);
  ASSERT_THAT(life.execs, SizeIs(1));
  EXPECT_EQ(life.fork.ppid, kSelf);
  EXPECT_THAT(life.fork.parent_start_ns, Optional(StartOf(log, getpid())));
  EXPECT_THAT(life.execs[0].exe, Optional("/bin/true"sv));
  EXPECT_THAT(life.execs[0].args, Optional("true\0"sv));
  EXPECT_THAT(life.execs[0].comm, Optional("true"sv));
  EXPECT_EQ(life.execs[0].old_tid, std::nullopt);
  EXPECT_THAT(life.exit.comm, Optional("true"sv));
  EXPECT_THAT(life.exit.ppid, Optional(kSelf));
  EXPECT_THAT(life.exit.parent_start_ns, life.fork.parent_start_ns);
  EXPECT_FALSE(life.exit.flags & kProcNeverExeced);
  ExpectAgrees(life.exit, ended);
}

// But for those that were living when the ring was drained.
TEST_F(LivesTest, MostShortLivesAreOneRecord) {
  constexpr size_t kLives = 100;
  std::vector<pid_t> pids;
  for (size_t i = 0; i < kLives; ++i) {
    pids.push_back(Spawn([i] { i % 2 == 0 ? Become("/bin/true", {"true"}) : _exit(0); }));
    WaitFor(pids.back());
  }
  const KeptLog& log = Stop();
  size_t whole_lives = 0;
  for (const KeptSegment& segment : log.segments) whole_lives += segment.whole_lives;
  EXPECT_GE(whole_lives, kLives / 2);
  for (size_t i = 0; i < kLives; ++i) EXPECT_THAT(LifeOf(log, pids[i]).execs, SizeIs(1 - i % 2));
}

TEST_F(LivesTest, AnExecThatFailsIsNone) {
  const pid_t pid = Spawn([] { Become("/does/not/exist", {"x"}); });
  WaitFor(pid);
  const Life life = LifeOf(Stop(), pid);
  EXPECT_THAT(life.execs, IsEmpty());
  EXPECT_THAT(life.exit.wait_status, Optional(127 << 8));
  EXPECT_TRUE(life.exit.flags & kProcNeverExeced);
}

TEST_F(LivesTest, AProcessMayRunSeveralPrograms) {
  const pid_t pid = Spawn([] { Become("/bin/sh", {"sh", "-c", "exec env true"}); });
  const Ended ended = WaitFor(pid);
  const Life life = LifeOf(Stop(), pid);
  std::vector<std::string_view> names;
  for (const Exec& exec : life.execs) names.push_back(exec.comm.value_or(""));
  EXPECT_THAT(names, ElementsAre("sh", "env", "true"));
  ExpectAgrees(life.exit, ended);
}

TEST_F(LivesTest, ProcessorTimeIsMeasuredAlsoWithoutAProgram) {
  const pid_t pid = Spawn([] {
    const clock_t end = clock() + CLOCKS_PER_SEC / 5;
    while (clock() < end) {
    }
  });
  const Ended ended = WaitFor(pid);
  const Life life = LifeOf(Stop(), pid);
  EXPECT_GE(life.exit.cpu_us, 190'000u);
  EXPECT_TRUE(life.exit.flags & kProcNeverExeced);
  ExpectAgrees(life.exit, ended);
}

// ---- Ends ----

TEST_F(LivesTest, ExitStatusesAreWhatTheParentIsTold) {
  std::map<pid_t, Ended> ended;
  for (const int code : {0, 1, 3, 126, 127, 255}) {
    const pid_t pid = Spawn([code] { _exit(code); });
    ended[pid] = WaitFor(pid);
    ASSERT_EQ(ended[pid].status, code << 8);
  }
  const KeptLog& log = Stop();
  for (const auto& [pid, end] : ended) ExpectAgrees(LifeOf(log, pid).exit, end);
}

TEST_F(LivesTest, SignalsAreWhatTheParentIsTold) {
  std::map<pid_t, Ended> ended;
  for (const int number : {SIGKILL, SIGTERM, SIGSEGV, SIGABRT, SIGRTMIN + 3}) {
    const pid_t pid = Spawn([number] {
      signal(number, SIG_DFL);
      kill(getpid(), number);
    });
    ended[pid] = WaitFor(pid);
    ASSERT_EQ(ended[pid].status, number);
  }
  const KeptLog& log = Stop();
  for (const auto& [pid, end] : ended) ExpectAgrees(LifeOf(log, pid).exit, end);
}

TEST_F(LivesTest, AZombieHasEnded) {
  const pid_t pid = Spawn([] { _exit(4); });
  siginfo_t info = {};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  EXPECT_THAT(LifeOf(Stop(), pid).exit.wait_status, Optional(4 << 8));
  WaitFor(pid);
}

// ---- Parents ----

TEST_F(LivesTest, ADaemonKeepsItsBirthParentAndEndsUnderItsReaper) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const Shared<pid_t> daemon;
  const pid_t parent = Spawn([&daemon] {
    const pid_t self = getpid();
    const pid_t born = fork();
    if (born != 0) {
      *daemon = born;
      _exit(0);
    }
    while (getppid() == self) {
    }
    _exit(21);
  });
  WaitFor(parent);
  const Ended ended = WaitFor(*daemon);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  const KeptLog& log = Stop();
  const Life life = LifeOf(log, *daemon);
  EXPECT_EQ(life.fork.ppid, static_cast<uint32_t>(parent));
  EXPECT_THAT(life.fork.parent_start_ns, Optional(LifeOf(log, parent).fork.time_ns));
  EXPECT_THAT(life.exit.ppid, Optional(kSelf));
  EXPECT_THAT(life.exit.parent_start_ns, Optional(StartOf(log, getpid())));
  ExpectAgrees(life.exit, ended);
}

TEST_F(LivesTest, AChildMadeWithCloneParentIsItsCreatorsSibling) {
  const Shared<pid_t> sibling;
  const pid_t creator = Spawn([&sibling] {
    const long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
    if (pid == 0) _exit(11);
    *sibling = static_cast<pid_t>(pid);
  });
  WaitFor(creator);
  const Ended ended = WaitFor(*sibling);
  const KeptLog& log = Stop();
  const Life life = LifeOf(log, *sibling);
  EXPECT_EQ(life.fork.ppid, kSelf);
  EXPECT_THAT(life.fork.parent_start_ns, Optional(StartOf(log, getpid())));
  EXPECT_THAT(life.exit.ppid, Optional(kSelf));
  EXPECT_EQ(life.exit.wait_status, static_cast<uint32_t>(ended.status));
}

pid_t VforkAndRun(const char* path) {
  const pid_t pid = vfork();
  if (pid != 0) return pid;
  execl(path, "vforked", nullptr);
  _exit(33);
}

TEST_F(LivesTest, VforkThenExec) {
  const pid_t pid = VforkAndRun("/bin/true");
  const Ended ended = WaitFor(pid);
  const Life life = LifeOf(Stop(), pid);
  EXPECT_EQ(life.fork.ppid, kSelf);
  ASSERT_THAT(life.execs, SizeIs(1));
  EXPECT_THAT(life.execs[0].args, Optional("vforked\0"sv));
  EXPECT_EQ(life.exit.wait_status, static_cast<uint32_t>(ended.status));
}

TEST_F(LivesTest, VforkThenExit) {
  const pid_t pid = VforkAndRun("/does/not/exist");
  WaitFor(pid);
  const Life life = LifeOf(Stop(), pid);
  EXPECT_EQ(life.fork.ppid, kSelf);
  EXPECT_THAT(life.execs, IsEmpty());
  EXPECT_THAT(life.exit.wait_status, Optional(33 << 8));
  EXPECT_TRUE(life.exit.flags & kProcNeverExeced);
}

TEST_F(LivesTest, PosixSpawn) {
  pid_t pid = 0;
  char name[] = "spawned";
  char* argv[] = {name, nullptr};
  ASSERT_EQ(posix_spawn(&pid, "/bin/true", nullptr, nullptr, argv, environ), 0);
  WaitFor(pid);
  const Life life = LifeOf(Stop(), pid);
  EXPECT_EQ(life.fork.ppid, kSelf);
  ASSERT_THAT(life.execs, SizeIs(1));
  EXPECT_THAT(life.execs[0].args, Optional("spawned\0"sv));
  EXPECT_THAT(life.exit.wait_status, Optional(0));
}

}  // namespace
}  // namespace daybook
