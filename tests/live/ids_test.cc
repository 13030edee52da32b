// Who a process is: the ids that it acts under, and that a reused number is somebody else.

#include <linux/sched.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>

#include "live/support/live_test.h"

namespace daybook {
namespace {

using testing::Optional;
using testing::SizeIs;

using IdsTest = RecordedTest;

void SetIds() {
  if (setresgid(1001, 1002, 1003) != 0 || setresuid(2001, 2002, 2003) != 0) _exit(95);
}

TEST_F(IdsTest, AChildIsBornWithItsParentsIdsAndEndsWithItsOwn) {
  const pid_t pid = Spawn(SetIds);
  ASSERT_EQ(WaitFor(pid).status, 0);
  const Life life = LifeOf(Stop(), pid);
  EXPECT_THAT(life.fork.uid, Optional(0));
  EXPECT_THAT(life.fork.euid, Optional(0));
  EXPECT_THAT(life.fork.gid, Optional(0));
  EXPECT_THAT(life.exit.uid, Optional(2001));
  EXPECT_THAT(life.exit.euid, Optional(2002));
  EXPECT_THAT(life.exit.suid, Optional(2003));
  EXPECT_THAT(life.exit.gid, Optional(1001));
  EXPECT_THAT(life.exit.egid, Optional(1002));
  EXPECT_THAT(life.exit.sgid, Optional(1003));
}

TEST_F(IdsTest, AnExecMakesTheEffectiveIdsTheSavedOnes) {
  const pid_t pid = Spawn([] {
    SetIds();
    Become("/bin/true", {"true"});
  });
  ASSERT_EQ(WaitFor(pid).status, 0);
  const Life life = LifeOf(Stop(), pid);
  ASSERT_THAT(life.execs, SizeIs(1));
  EXPECT_THAT(life.execs[0].uid, Optional(2001));
  EXPECT_THAT(life.execs[0].euid, Optional(2002));
  EXPECT_THAT(life.execs[0].suid, Optional(2002));
  EXPECT_THAT(life.execs[0].gid, Optional(1001));
  EXPECT_THAT(life.execs[0].egid, Optional(1002));
  EXPECT_THAT(life.execs[0].sgid, Optional(1002));
}

TEST_F(IdsTest, AChildInheritsItsParentsIds) {
  const Shared<pid_t> child;
  const pid_t pid = Spawn([&child] {
    if (setgid(1004) != 0 || setuid(2004) != 0) _exit(95);
    const pid_t born = fork();
    if (born == 0) _exit(0);
    WaitFor(*child = born);
  });
  ASSERT_EQ(WaitFor(pid).status, 0);
  const Life life = LifeOf(Stop(), *child);
  EXPECT_THAT(life.fork.uid, Optional(2004));
  EXPECT_THAT(life.fork.euid, Optional(2004));
  EXPECT_THAT(life.fork.gid, Optional(1004));
  EXPECT_THAT(life.fork.egid, Optional(1004));
}

TEST_F(IdsTest, ASessionIsItsLeaders) {
  const pid_t pid = Spawn([] { setsid(); });
  WaitFor(pid);
  const Life life = LifeOf(Stop(), pid);
  EXPECT_THAT(life.fork.sid, Optional(getsid(0)));
  EXPECT_THAT(life.exit.sid, Optional(pid));
}

// A child with that number; -1 where somebody else has it.
pid_t SpawnWithNumber(pid_t number, int status) {
  clone_args arguments = {
      .exit_signal = SIGCHLD, .set_tid = reinterpret_cast<uint64_t>(&number), .set_tid_size = 1};
  const long pid = syscall(SYS_clone3, &arguments, sizeof(arguments));
  if (pid == 0) _exit(status);
  return static_cast<pid_t>(pid);
}

TEST_F(IdsTest, AReusedNumberIsAnotherProcess) {
  constexpr int kLives = 3;
  pid_t pid = -1;
  // Other processes may take the number in between: then another one is tried.
  const bool reused = Await([&pid] {
    pid = Spawn([] { _exit(0); });
    WaitFor(pid);
    for (int life = 1; life < kLives; ++life) {
      if (SpawnWithNumber(pid, life) != pid) return false;
      WaitFor(pid);
    }
    return true;
  });
  ASSERT_TRUE(reused) << std::strerror(errno);
  const KeptLog& log = Stop();
  const auto forks = log.AllOf<Fork>(static_cast<uint32_t>(pid));
  const auto exits = log.AllOf<Exit>(static_cast<uint32_t>(pid));
  ASSERT_THAT(forks, SizeIs(kLives));
  ASSERT_THAT(exits, SizeIs(kLives));
  for (size_t life = 0; life < kLives; ++life) {
    EXPECT_EQ(exits[life].start_ns, forks[life].time_ns);
    EXPECT_THAT(exits[life].wait_status, Optional(life << 8));
    if (life > 0) {
      EXPECT_GT(forks[life].time_ns, forks[life - 1].time_ns);
    }
  }
}

}  // namespace
}  // namespace daybook
