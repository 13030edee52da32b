// Of the lives below one cgroup the log tells, and of no others.

#include <pthread.h>
#include <sys/syscall.h>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>

#include "live/support/filter_test.h"
#include "live/support/live_test.h"
#include "live/support/test_cgroup.h"

namespace daybook {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

class CgroupFilterTest : public LiveTest {
 protected:
  static std::string Name(const std::string& suffix = "") {
    return "/daybook_test_" + std::to_string(getpid()) + suffix;
  }

  const KeptLog& Record(const std::string& path, const std::function<void()>& meanwhile) {
    Daybookd recorder(temp_ / "log", {"--only-cgroup", path});
    meanwhile();
    EXPECT_EQ(recorder.Stop(), 0);
    log_ = ReadLog(temp_ / "log");
    EXPECT_THAT(StartOf(log_).filter, Optional("--only-cgroup " + path));
    return log_;
  }

  TempFolder temp_;
  KeptLog log_;
};

TEST_F(CgroupFilterTest, WhatIsBelowACgroupIsTold) {
  const TestCgroup top(Version2(), Name());
  const TestCgroup below(Version2(), Name() + "/below");
  const TestCgroup beside(Version2(), Name("_beside"));
  const Shared<pid_t[3]> children;
  const auto spawn_in = [&children](const TestCgroup& cgroup, int index) {
    return Spawn([&] {
      cgroup.Enter();
      const pid_t child = fork();
      if (child == 0) Become("/bin/true", {"true"});
      WaitFor((*children)[index] = child);
    });
  };
  const pid_t outside = SpawnAs(0, "/bin/true");
  WaitFor(outside);
  pid_t parents[3] = {};
  const KeptLog& log = Record(Name(), [&] {
    parents[0] = spawn_in(top, 0);
    parents[1] = spawn_in(below, 1);
    parents[2] = spawn_in(beside, 2);
    for (const pid_t pid : parents) ASSERT_EQ(WaitFor(pid).status, 0);
  });
  for (const int index : {0, 1}) {
    EXPECT_THAT(LifeOf(log, (*children)[index]).execs, SizeIs(1));
    EXPECT_THAT(LifeOf(log, parents[index]).execs, IsEmpty()) << "it moved there";
  }
  EXPECT_THAT(PidsIn(log), SizeIs(4)) << "none beside, none outside, none in the snapshot";
}

TEST_F(CgroupFilterTest, WhoMovesAwayIsToldOfToItsEnd) {
  const TestCgroup top(Version2(), Name());
  const TestCgroup beside(Version2(), Name("_beside"));
  pid_t pid = 0;
  const KeptLog& log = Record(Name(), [&] {
    pid = Spawn([&] {
      top.Enter();
      Become("/bin/sh", {"sh", "-c", "echo $$ >" + beside.folder() + "/cgroup.procs; exit 7"});
    });
    WaitFor(pid);
  });
  EXPECT_THAT(LifeOf(log, pid).exit.wait_status, Optional(7 << 8));
}

TEST_F(CgroupFilterTest, ItIsTheLeadersThatCounts) {
  const TestCgroup top(Version2(), Name());
  const Shared<pid_t> child;
  const KeptLog& log = Record(Name(), [&] {
    WaitFor(Spawn([&] {
      top.Enter();
      const pid_t born = fork();
      if (born == 0) {
        const auto wait = [](void*) -> void* {
          usleep(20'000);
          syscall(SYS_exit_group, 5);
          return nullptr;
        };
        pthread_t thread;
        if (pthread_create(&thread, nullptr, wait, nullptr) != 0) _exit(97);
        syscall(SYS_exit, 0);  // the leader's alone
      }
      WaitFor(*child = born);
    }));
  });
  EXPECT_THAT(LifeOf(log, *child).exit.wait_status, Optional(5 << 8));
}

TEST_F(CgroupFilterTest, TheSnapshotIsOfThoseInIt) {
  const TestCgroup top(Version2(), Name());
  const Shared<std::atomic<bool>> is_in;
  const pid_t pid = Spawn([&] {
    top.Enter();
    *is_in = true;
    pause();
  });
  ASSERT_TRUE(Await([&] { return is_in->load(); }));
  const KeptLog& log = Record(Name(), [] {});
  EXPECT_THAT(log.All<SnapProc>(), SizeIs(1));
  EXPECT_EQ(CountOf<SnapProc>(log, pid), 1u);
  kill(pid, SIGKILL);
  WaitFor(pid);
}

TEST_F(CgroupFilterTest, InTheRootAreAll) {
  const pid_t pid = SpawnActor({"sleep"});
  const KeptLog& log = Record("/", [] {});
  EXPECT_EQ(CountOf<SnapProc>(log, pid), 1u);
  EXPECT_EQ(CountOf<SnapProc>(log, 1), 1u) << "also who is hidden from the kernel's list";
  kill(pid, SIGKILL);
  WaitFor(pid);
}

TEST_F(CgroupFilterTest, OneThatIsNotThereIsRefused) {
  try {
    Daybookd recorder(temp_ / "log", {"--source", "bpf", "--only-cgroup", "/not/there"});
    FAIL();
  } catch (const std::runtime_error& refusal) {
    EXPECT_THAT(refusal.what(), HasSubstr("cgroup /not/there"));
  }
}

}  // namespace
}  // namespace daybook
