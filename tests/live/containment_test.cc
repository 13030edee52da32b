// Ends that come from outside: limits, namespaces, tracers, reapers, the kernel's own helpers.

#include <grp.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "live/support/live_test.h"

namespace daybook {
namespace {

using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

using ContainmentTest = RecordedTest;

const auto kSelf = static_cast<uint32_t>(getpid());
constexpr uid_t kNobody = 65534;

void WriteTo(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) throw std::runtime_error("writing " + text + " to " + path);
}

std::string ReadFrom(const std::string& path) {
  std::string line;
  std::getline(std::ifstream(path), line);
  return line;
}

// A control group with this controller, of either version; gone with the test.
class ControlGroup {
 public:
  explicit ControlGroup(const std::string& controller) {
    const std::string root = "/sys/fs/cgroup/";
    const bool is_first = std::filesystem::exists(root + controller);
    path_ = root + (is_first ? controller + "/" : "") + "daybook-" + std::to_string(getpid());
    std::filesystem::create_directory(path_);
  }
  ControlGroup(const ControlGroup&) = delete;
  ControlGroup& operator=(const ControlGroup&) = delete;
  ~ControlGroup() {
    Await([this] { return rmdir(path_.c_str()) == 0; }, std::chrono::seconds(5));
  }

  // The first of the files that is there.
  void Set(std::initializer_list<const char*> files, const std::string& value) const {
    for (const char* file : files) {
      if (std::filesystem::exists(path_ + "/" + file)) return WriteTo(path_ + "/" + file, value);
    }
    throw std::runtime_error(path_ + " has no such limit");
  }
  // In a child.
  void Enter() const { WriteTo(path_ + "/cgroup.procs", std::to_string(getpid())); }

 private:
  std::string path_;
};

// In a child.
void LimitCores(rlim_t bytes) {
  rlimit limit = {};
  getrlimit(RLIMIT_CORE, &limit);
  limit.rlim_cur = std::min(bytes, limit.rlim_max);
  setrlimit(RLIMIT_CORE, &limit);
}

// ---- Signals ----

class CoreTest : public ContainmentTest {
 protected:
  pid_t Quit(rlim_t core_bytes) {
    return Spawn([&] {
      std::filesystem::current_path(files_.path());
      LimitCores(core_bytes);
      signal(SIGQUIT, SIG_DFL);
      raise(SIGQUIT);
    });
  }

  static constexpr uint32_t kDumped = 0x80;

  TempFolder files_;
};

TEST_F(CoreTest, OnlyACoreThatWasWrittenIsTold) {
  const pid_t with = Quit(RLIM_INFINITY);
  const Ended with_core = WaitFor(with);
  const pid_t without = Quit(0);
  const Ended without_core = WaitFor(without);
  const KeptLog& log = Stop();
  EXPECT_EQ(LifeOf(log, with).exit.wait_status, static_cast<uint32_t>(with_core.status));
  EXPECT_EQ(LifeOf(log, without).exit.wait_status, static_cast<uint32_t>(without_core.status));
  EXPECT_THAT(LifeOf(log, without).exit.wait_status, Optional(SIGQUIT));
  EXPECT_THAT(LifeOf(log, with).exit.wait_status, Optional(SIGQUIT | kDumped));
}

TEST_F(ContainmentTest, WhoIsKilledForMemoryIsToldFromWhoIsKilled) {
  const ControlGroup group("memory");
  constexpr size_t kLimit = 16 << 20;
  group.Set({"memory.max", "memory.limit_in_bytes"}, std::to_string(kLimit));
  const pid_t greedy = Spawn([&group] {
    group.Enter();
    std::vector<char> much(8 * kLimit, 'x');
    _exit(much.back());
  });
  const Ended ended = WaitFor(greedy);
  const pid_t killed = Spawn([] { kill(getpid(), SIGKILL); });
  WaitFor(killed);
  ASSERT_EQ(ended.status, SIGKILL);
  const KeptLog& log = Stop();
  EXPECT_THAT(LifeOf(log, greedy).exit.wait_status, Optional(SIGKILL));
  EXPECT_TRUE(LifeOf(log, greedy).exit.flags & kProcOomKilled);
  EXPECT_FALSE(LifeOf(log, killed).exit.flags & kProcOomKilled);
}

// ---- Forks that fail ----

TEST_F(ContainmentTest, ForksThatALimitRefusesAreNone) {
  const ControlGroup group("pids");
  group.Set({"pids.max"}, "8");
  const Shared<int> born;
  const pid_t bomb = Spawn([&] {
    group.Enter();
    for (int i = 0; i < 100; ++i) {
      const pid_t child = fork();
      if (child == 0) _exit(pause());
      *born += child > 0;
    }
    kill(0, SIGCONT);
    std::ifstream procs("/proc/self/task/" + std::to_string(getpid()) + "/children");
    for (pid_t child; procs >> child;) kill(child, SIGKILL);
    while (wait(nullptr) > 0) {
    }
  });
  WaitFor(bomb);
  ASSERT_GT(*born, 0);
  ASSERT_LT(*born, 8);
  const KeptLog& log = Stop();
  EXPECT_THAT(ChildrenOf(log, bomb), SizeIs(*born));
  for (const Fork& fork : ChildrenOf(log, bomb)) {
    EXPECT_THAT(LifeOf(log, static_cast<pid_t>(fork.pid)).exit.wait_status, Optional(SIGKILL));
  }
}

// ---- Namespaces ----

TEST_F(ContainmentTest, WhenThePidNamespacesInitEndsAllOfItEnds) {
  const Shared<pid_t> started;
  const pid_t outside = Spawn([&started] {
    if (unshare(CLONE_NEWPID) != 0) _exit(97);
    const pid_t init = fork();
    if (init == 0) {
      for (int i = 0; i < 3; ++i) {
        if (fork() == 0) {
          __atomic_add_fetch(&*started, 1, __ATOMIC_SEQ_CST);
          for (;;) pause();
        }
      }
      while (__atomic_load_n(&*started, __ATOMIC_SEQ_CST) < 3) {
      }
      _exit(5);
    }
    WaitFor(init);
  });
  ASSERT_EQ(WaitFor(outside).status, 0);
  const KeptLog& log = Stop();
  const auto inits = ChildrenOf(log, outside);
  ASSERT_THAT(inits, SizeIs(1));
  EXPECT_THAT(inits[0].namespace_level, Optional(1));
  EXPECT_THAT(inits[0].namespace_pid, Optional(1));
  const auto inner = ChildrenOf(log, static_cast<pid_t>(inits[0].pid));
  ASSERT_THAT(inner, SizeIs(3));
  for (size_t i = 0; i < inner.size(); ++i) {
    EXPECT_THAT(inner[i].namespace_pid, Optional(i + 2));
    EXPECT_THAT(LifeOf(log, static_cast<pid_t>(inner[i].pid)).exit.wait_status, Optional(SIGKILL));
  }
}

TEST_F(ContainmentTest, IdsAreThoseOfTheFirstUserNamespace) {
  const pid_t pid = Spawn([] {
    if (setgroups(0, nullptr) != 0 || setgid(kNobody) != 0 || setuid(kNobody) != 0) _exit(97);
    prctl(PR_SET_DUMPABLE, 1);  // else the files below are root's
    if (unshare(CLONE_NEWUSER) != 0) _exit(96);
    WriteTo("/proc/self/setgroups", "deny");
    WriteTo("/proc/self/uid_map", "0 65534 1");
    if (getuid() != 0) _exit(95);
    _exit(0);
  });
  ASSERT_EQ(WaitFor(pid).status, 0);
  EXPECT_THAT(LifeOf(Stop(), pid).exit.uid, Optional(kNobody));
}

TEST_F(ContainmentTest, ASetuidProgramHasItsOwnersIdsFromItsExecOn) {
  const TempFolder files;
  chmod(files.path().c_str(), 0755);
  const std::string path = files / "setuid";
  std::filesystem::copy_file(ACTOR_PROGRAM, path);
  ASSERT_EQ(chmod(path.c_str(), 04755), 0);
  const pid_t pid = Spawn([&path] {
    if (setgroups(0, nullptr) != 0 || setgid(kNobody) != 0 || setuid(kNobody) != 0) _exit(97);
    Become(path, {"setuid", "exit", "0"});
  });
  ASSERT_EQ(WaitFor(pid).status, 0);
  const Life life = LifeOf(Stop(), pid);
  ASSERT_THAT(life.execs, SizeIs(1));
  EXPECT_THAT(life.execs[0].uid, Optional(kNobody));
  EXPECT_THAT(life.execs[0].euid, Optional(0));
  EXPECT_THAT(life.execs[0].suid, Optional(0));
  EXPECT_THAT(life.exit.uid, Optional(kNobody));
  EXPECT_THAT(life.exit.euid, Optional(0));
}

// ---- Tracers and reapers ----

TEST_F(ContainmentTest, ATracerIsNotAParent) {
  const pid_t traced = Spawn([] {
    for (;;) pause();
  });
  const pid_t tracer = Spawn([traced] {
    if (ptrace(PTRACE_ATTACH, traced, nullptr, nullptr) != 0) _exit(97);
    if (waitpid(traced, nullptr, __WALL) != traced) _exit(96);
    kill(traced, SIGKILL);
    int status = 0;
    if (waitpid(traced, &status, __WALL) != traced) _exit(95);
  });
  ASSERT_EQ(WaitFor(tracer).status, 0);
  WaitFor(traced);
  const Life life = LifeOf(Stop(), traced);
  EXPECT_EQ(life.fork.ppid, kSelf);
  EXPECT_THAT(life.exit.ppid, Optional(kSelf));
  EXPECT_THAT(life.exit.wait_status, Optional(SIGKILL));
}

// outer (a reaper) > inner (a reaper) > middle > orphan: first middle ends, then inner.
TEST_F(ContainmentTest, AnOrphanEndsUnderTheNearestReaperThatIsLeft) {
  struct Pids {
    pid_t inner = 0;
    pid_t middle = 0;
    pid_t orphan = 0;
  };
  const Shared<Pids> pids;
  const auto await_parent = [](pid_t parent) {
    while (getppid() == parent) {
    }
  };
  const pid_t outer = Spawn([&] {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pids->inner = Spawn([&] {
      prctl(PR_SET_CHILD_SUBREAPER, 1);
      pids->middle = Spawn([&] {
        const pid_t middle = getpid();
        pids->orphan = Spawn([&] {
          await_parent(middle);
          await_parent(pids->inner);
          _exit(6);
        });
      });
      WaitFor(pids->middle);
    });
    WaitFor(pids->inner);
    WaitFor(pids->orphan);
  });
  ASSERT_EQ(WaitFor(outer).status, 0);
  const KeptLog& log = Stop();
  const Life orphan = LifeOf(log, pids->orphan);
  EXPECT_EQ(orphan.fork.ppid, static_cast<uint32_t>(pids->middle));
  EXPECT_THAT(orphan.exit.ppid, Optional(static_cast<uint32_t>(outer)));
  EXPECT_THAT(orphan.exit.wait_status, Optional(6 << 8));
}

TEST_F(ContainmentTest, AZombieThatNobodyWaitsForIsReapedAfterItsParent) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const Shared<pid_t> zombie;
  const pid_t parent = Spawn([&zombie] {
    *zombie = Spawn([] { _exit(8); });
    std::this_thread::sleep_for(std::chrono::milliseconds(600));
  });
  WaitFor(parent);
  WaitFor(*zombie);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const KeptLog& log = Stop();
  const Exit exit = LifeOf(log, *zombie).exit;
  EXPECT_THAT(exit.wait_status, Optional(8 << 8));
  EXPECT_LT(exit.time_ns + 400'000'000, LifeOf(log, parent).exit.time_ns) << "told at once";
  const auto reaps = log.AllOf<Reap>(static_cast<uint32_t>(*zombie));
  ASSERT_THAT(reaps, SizeIs(1));
  EXPECT_GT(reaps[0].time_ns + 20'000'000, LifeOf(log, parent).exit.time_ns);
}

// ---- Programs late, or without a path ----

TEST_F(ContainmentTest, AnExecLongAfterTheForkIsThatProcesss) {
  const pid_t pid = Spawn([] {
    // Turns of the recorder pass, and the parent bears others.
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    Become("/bin/true", {"true"});
  });
  const pid_t other = Spawn([] {});
  WaitFor(other);
  WaitFor(pid);
  const Life life = LifeOf(Stop(), pid);
  ASSERT_THAT(life.execs, SizeIs(1));
  EXPECT_GT(life.execs[0].time_ns, life.fork.time_ns + 600'000'000);
  EXPECT_EQ(life.execs[0].start_ns, life.fork.time_ns);
}

TEST_F(ContainmentTest, AProgramInMemoryOrDeletedIsKnownByItsFile) {
  const auto run = [](int fd) {
    return Spawn([fd] {
      char name[] = "actor", exit_word[] = "exit", code[] = "3";
      char* argv[] = {name, exit_word, code, nullptr};
      char* envp[] = {nullptr};
      fexecve(fd, argv, envp);
      _exit(97);
    });
  };
  const TempFolder files;
  const std::string path = files / "deleted";
  std::filesystem::copy_file(ACTOR_PROGRAM, path);
  const int deleted = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::filesystem::remove(path);
  const int memory = memfd_create("actor", 0);
  ASSERT_GE(memory, 0);
  std::ifstream program(ACTOR_PROGRAM, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(program), {});
  ASSERT_EQ(write(memory, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  // Only one that is not open for writing can be executed.
  const int readable =
      open(("/proc/self/fd/" + std::to_string(memory)).c_str(), O_RDONLY | O_CLOEXEC);
  close(memory);
  std::map<pid_t, ino_t> inodes;
  for (const int fd : {deleted, readable}) {
    struct stat about {};
    ASSERT_EQ(fstat(fd, &about), 0);
    const pid_t pid = run(fd);
    ASSERT_EQ(WaitFor(pid).status, 3 << 8);
    inodes[pid] = about.st_ino;
    close(fd);
  }
  const KeptLog& log = Stop();
  for (const auto& [pid, inode] : inodes) {
    const Life life = LifeOf(log, pid);
    ASSERT_THAT(life.execs, SizeIs(1));
    EXPECT_THAT(life.execs[0].exe_inode, Optional(inode));
    EXPECT_THAT(life.execs[0].exe, Optional(testing::StartsWith("/dev/fd/")));
  }
}

// ---- The kernel's own ----

// Of each end there is a birth, or the process was there before, perhaps not long enough for the
// first snapshot.
void ExpectNoEndWithoutBegin(const KeptLog& log) {
  const uint64_t start_ns = log.All<Recorder>().at(0).time_ns;
  std::set<uint32_t> known;
  for (const SnapProc& process : log.All<SnapProc>()) known.insert(process.pid);
  for (const Fork& fork : log.All<Fork>()) known.insert(fork.pid);
  for (const Exit& exit : log.All<Exit>()) {
    EXPECT_TRUE(known.contains(exit.pid) || exit.start_ns < start_ns) << exit;
  }
}

// The kernel makes threads for it, which no hook sees.
TEST_F(ContainmentTest, WorkersOfIoUringAreNoProcesses) {
  const pid_t pid = Spawn([] {
    io_uring_params params = {};
    const long ring = syscall(SYS_io_uring_setup, 8, &params);
    if (ring < 0) _exit(97);
    const auto map = [&](size_t bytes, off_t offset) {
      return static_cast<std::byte*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                          MAP_SHARED | MAP_POPULATE, static_cast<int>(ring),
                                          offset));
    };
    std::byte* const queue = map(params.sq_off.array + 8 * sizeof(uint32_t), IORING_OFF_SQ_RING);
    std::byte* const entries = map(8 * sizeof(io_uring_sqe), IORING_OFF_SQES);
    io_uring_sqe entry = {};
    entry.opcode = IORING_OP_NOP;
    entry.flags = IOSQE_ASYNC;  // by a worker
    std::memcpy(entries, &entry, sizeof(entry));
    const uint32_t zero = 0, one = 1;
    std::memcpy(queue + params.sq_off.array, &zero, sizeof(zero));
    std::memcpy(queue + params.sq_off.tail, &one, sizeof(one));
    if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0) != 1) _exit(96);
  });
  ASSERT_EQ(WaitFor(pid).status, 0);
  const KeptLog& log = Stop();
  EXPECT_THAT(ChildrenOf(log, pid), IsEmpty());
  LifeOf(log, pid);
  ExpectNoEndWithoutBegin(log);
}

class HelperTest : public ContainmentTest {
 protected:
  void TearDown() override {
    WriteTo(kPattern, pattern_);
    ContainmentTest::TearDown();
  }

  const std::string kPattern = "/proc/sys/kernel/core_pattern";
  const std::string pattern_ = ReadFrom(kPattern);
};

TEST_F(HelperTest, AProgramThatTheKernelStartsIsAProcessAndItsOwnThreadsAreMarked) {
  WriteTo(kPattern, "|" ACTOR_PROGRAM " exit 0");
  const pid_t crashed = Spawn([] {
    LimitCores(RLIM_INFINITY);
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
  });
  WaitFor(crashed);
  const KeptLog& log = Stop();
  const auto execs = log.All<Exec>();
  const auto helper = std::find_if(execs.begin(), execs.end(), [](const Exec& exec) {
    return exec.exe == std::string_view(ACTOR_PROGRAM);
  });
  ASSERT_NE(helper, execs.end());
  const Life life = LifeOf(log, static_cast<pid_t>(helper->pid));
  EXPECT_FALSE(life.exit.flags & kProcKernelThread);
  EXPECT_THAT(life.exit.wait_status, Optional(0));
  ExpectNoEndWithoutBegin(log);
}

}  // namespace
}  // namespace daybook
