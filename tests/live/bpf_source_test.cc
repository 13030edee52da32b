// The source itself: when it wakes its reader, what its snapshots show, and that its counters are
// the kernel's.

#include "bpf_source/bpf_source.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <fstream>
#include <future>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "live/support/live_test.h"
#include "proc/host.h"
#include "proc/proc_scan.h"

namespace daybook {
namespace {

using testing::Ge;
using testing::HasSubstr;
using testing::Le;
using testing::Optional;
using std::string_view_literals::operator""sv;

class BpfSourceTest : public LiveTest {
 protected:
  void Open(const BpfSourceOptions& options = {}) {
    auto source = BpfSource::Open(options);
    ASSERT_TRUE(source) << source.error().message();
    source_ = *std::move(source);
    Drain();
  }

  size_t Drain() {
    KeptEvents events;
    const auto drained = source_->Drain(events);
    EXPECT_TRUE(drained);
    return drained ? *drained : 0;
  }

  void GoToSleep() {
    while (!source_->PrepareToSleep()) Drain();
  }

  // Whether the source wants to be drained within that time.
  bool Wakes(int limit_ms) const {
    pollfd wait{.fd = source_->wake_fd(), .events = POLLIN};
    return poll(&wait, 1, limit_ms) == 1;
  }

  static void Live() { WaitFor(SpawnActor({"exit", "0"})); }

  std::unique_ptr<BpfSource> source_;
};

// ---- Snapshots ----

// Its end is told while its memory is still to be freed, and /proc shows it running.
TEST_F(BpfSourceTest, WhoseEndIsToldIsInNoSnapshot) {
  constexpr size_t kBytes = size_t{256} << 20;
  Open();
  for (int round = 0; round < 3; ++round) {
    const pid_t pid = Spawn([] {
      void* const pages = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
      if (pages == MAP_FAILED) _exit(95);
    });
    KeptEvents events;
    const auto has_ended = [&] {
      EXPECT_TRUE(source_->Drain(events));
      const auto ends = events.All<Exit>();
      return std::ranges::any_of(
          ends, [pid](const Exit& exit) { return pid == static_cast<pid_t>(exit.pid); });
    };
    while (!has_ended()) usleep(100);
    KeptProcesses living;
    ASSERT_TRUE(source_->Snapshot(living));
    EXPECT_EQ(living.Find(static_cast<uint32_t>(pid)), nullptr) << round;
    EXPECT_EQ(WaitFor(pid).status, 0);
  }
}

// ---- Waking ----

TEST_F(BpfSourceTest, AReaderThatIsAwakeIsNotWoken) {
  Open();
  constexpr size_t kLives = 20;
  for (size_t i = 0; i < kLives; ++i) Live();
  EXPECT_FALSE(Wakes(50));
  EXPECT_FALSE(source_->PrepareToSleep()) << "events wait";
  EXPECT_GE(Drain(), 3 * kLives);
}

TEST_F(BpfSourceTest, TheFirstEventWakesASleeper) {
  Open();
  for (int round = 0; round < 300; ++round) {
    GoToSleep();
    const pid_t pid = SpawnActor({"exit", "0"});
    ASSERT_TRUE(Wakes(5000)) << round;
    WaitFor(pid);
    EXPECT_GE(Drain(), 1u);
  }
}

// Events happen at any moment of going to sleep, on the other processors.
TEST_F(BpfSourceTest, NoWakeupIsMissed) {
  Open();
  const pid_t actor = SpawnActor({"forks", "5000"});
  int status = 0;
  int sleeps = 0;
  while (waitpid(actor, &status, WNOHANG) == 0) {
    if (source_->PrepareToSleep()) {
      const bool woken = Wakes(2000);
      if (!woken && waitpid(actor, &status, WNOHANG) != 0) break;
      ASSERT_TRUE(woken) << "after " << sleeps << " sleeps";
      ++sleeps;
    }
    Drain();
  }
  EXPECT_EQ(status, 0);
  EXPECT_GT(sleeps, 10);
}

TEST_F(BpfSourceTest, ARingThatFillsWakesItsReaderInTime) {
  constexpr uint64_t kRing = 65536;
  Open({.ring_bytes = kRing});
  for (int round = 0; round < 3; ++round) {
    int lives = 0;
    while (!Wakes(0) && lives < 1000) {
      Live();
      ++lives;
    }
    EXPECT_LT(lives, 100) << "a quarter of the ring, by some 400 bytes for each";
    Drain();
    source_->Commit({});
    EXPECT_FALSE(Wakes(0));
  }
  EXPECT_EQ(source_->counters().lost.forks, 0u);
}

// ---- Snapshots ----

std::set<uint32_t> LivingByProc() {
  std::set<uint32_t> living;
  const auto pids = ListProcesses("/proc");
  for (const uint32_t pid : *pids) {
    if (ScanProcess({}, pid)) living.insert(pid);
  }
  return living;
}

TEST_F(BpfSourceTest, ASnapshotAgreesWithProc) {
  Open();
  const pid_t actor = SpawnActor({"sleep"});
  const auto exe = [actor] {
    return ScanProcess({}, static_cast<uint32_t>(actor))->exe.value_or("");
  };
  ASSERT_TRUE(Await([&exe] { return exe() == ACTOR_PROGRAM; }));
  const auto before = LivingByProc();
  KeptProcesses living;
  ASSERT_TRUE(source_->Snapshot(living));
  const auto after = LivingByProc();
  std::set<uint32_t> shown;
  for (const SnapProc& process : living.all) {
    EXPECT_TRUE(shown.insert(process.pid).second) << "twice: " << process;
  }
  for (const uint32_t pid : before) {
    if (after.contains(pid)) {
      EXPECT_TRUE(shown.contains(pid)) << "missing: " << pid;
    }
  }
  const SnapProc* const asleep = living.Find(static_cast<uint32_t>(actor));
  ASSERT_NE(asleep, nullptr);
  EXPECT_THAT(asleep->exe, Optional(std::string_view(ACTOR_PROGRAM)));
  EXPECT_THAT(asleep->args, Optional("actor\0sleep\0"sv));
  EXPECT_THAT(asleep->ppid, Optional(getpid()));
  EXPECT_FALSE(asleep->flags & kProcCoarseStart);
  kill(actor, SIGKILL);
  WaitFor(actor);
  const SnapProc* const self = living.Find(static_cast<uint32_t>(getpid()));
  ASSERT_NE(self, nullptr);
  EXPECT_THAT(self->ppid, Optional(getppid()));
  EXPECT_THAT(self->args, Optional(HasSubstr(program_invocation_short_name)));
}

// The page in which the caller's arguments begin.
uintptr_t PageOfOwnArgs() {
  std::string stat;
  std::getline(std::ifstream("/proc/self/stat"), stat);
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  constexpr int kArgStart = 48;
  std::string field;
  for (int number = 3; number <= kArgStart; ++number) fields >> field;
  const auto page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  return std::stoull(field) / page_bytes * page_bytes;
}

// It may be of a file system that gives a page when it likes, if ever: who asks for it waits, and
// cannot even be killed. What stands in it does not matter.
TEST_F(BpfSourceTest, NoPageOfAFileIsReadForASnapshot) {
  Open();
  const TempFolder files;
  const std::string path = files / "page";
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t pid = Spawn([&] {
    const auto bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    auto* const page = reinterpret_cast<char*>(PageOfOwnArgs());
    const int file = open(path.c_str(), O_RDWR | O_CREAT, 0600);
    if (write(file, page, bytes) != static_cast<ssize_t>(bytes)) _exit(97);
    const void* const mapped =
        mmap(page, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, 0);
    if (mapped != page || write(ready[1], "", 1) != 1) _exit(96);
    for (;;) pause();
  });
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  KeptProcesses living;
  ASSERT_TRUE(source_->Snapshot(living));
  const SnapProc* const process = living.Find(static_cast<uint32_t>(pid));
  ASSERT_NE(process, nullptr);
  EXPECT_EQ(process->args, std::nullopt);
  EXPECT_THAT(process->args_bytes, Optional(Ge(1u)));
  kill(pid, SIGKILL);
  WaitFor(pid);
  close(ready[0]);
  close(ready[1]);
}

TEST_F(BpfSourceTest, WhoOnlyCountsIsToldNoArguments) {
  struct Counting : KeptProcesses {
    bool wants_args() const override { return false; }
  };
  Open();
  Counting living;
  ASSERT_TRUE(source_->Snapshot(living));
  EXPECT_GE(living.all.size(), 2u);
  for (const SnapProc& process : living.all) EXPECT_EQ(process.args, std::nullopt) << process;
}

uint64_t OwnCpuUs() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000 +
         static_cast<uint64_t>(time.tv_nsec) / 1000;
}

void BurnCpu(uint64_t us) {
  for (const uint64_t end_us = OwnCpuUs() + us; OwnCpuUs() < end_us;) {
  }
}

// Also of threads that have left, and of those that have not.
TEST_F(BpfSourceTest, ASnapshotTellsTheCpuTimeOfAllThreads) {
  constexpr uint64_t kBurntUs = 100'000;
  constexpr uint64_t kTickUs = 10'000;  // so far behind is the count of who runs just now
  Open();
  std::thread([] { BurnCpu(kBurntUs); }).join();
  std::promise<void> burnt;
  std::promise<void> end;
  std::thread waiting([&] {
    BurnCpu(kBurntUs);
    burnt.set_value();
    end.get_future().wait();
  });
  burnt.get_future().wait();
  BurnCpu(kBurntUs);
  const uint64_t before_us = OwnCpuUs();
  KeptProcesses living;
  ASSERT_TRUE(source_->Snapshot(living));
  const uint64_t after_us = OwnCpuUs();
  end.set_value();
  waiting.join();
  const auto cpu_us = living.Find(static_cast<uint32_t>(getpid()))->cpu_us;
  EXPECT_THAT(cpu_us, Optional(Ge(before_us - kTickUs)));
  EXPECT_THAT(cpu_us, Optional(Le(after_us)));
}

TEST_F(BpfSourceTest, WhoHasOnlyLostItsLeaderLivesAndAZombieDoesNot) {
  Open();
  const pid_t leaderless = Spawn([] {
    pthread_t thread;
    const auto wait = [](void*) -> void* {
      for (;;) pause();
    };
    if (pthread_create(&thread, nullptr, wait, nullptr) != 0) _exit(97);
    syscall(SYS_exit, 0);
  });
  const pid_t zombie = Spawn([] {});
  siginfo_t info = {};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(zombie), &info, WEXITED | WNOWAIT), 0);
  const bool without_leader = Await([leaderless] {
    std::string line;
    std::getline(std::ifstream("/proc/" + std::to_string(leaderless) + "/stat"), line);
    return line.find(") Z ") != std::string::npos;
  });
  ASSERT_TRUE(without_leader);
  KeptProcesses living;
  ASSERT_TRUE(source_->Snapshot(living));
  EXPECT_NE(living.Find(static_cast<uint32_t>(leaderless)), nullptr);
  EXPECT_EQ(living.Find(static_cast<uint32_t>(zombie)), nullptr);
  kill(leaderless, SIGKILL);
  WaitFor(leaderless);
  WaitFor(zombie);
}

TEST_F(BpfSourceTest, SnapshotsOfAStormAreWhole) {
  Open();
  const pid_t actor = SpawnActor({"forks", "1000000"});
  for (int round = 0; round < 50; ++round) {
    KeptProcesses living;
    const Status taken = source_->Snapshot(living);
    EXPECT_TRUE(taken) << taken.error().message();
    std::set<uint32_t> pids;
    for (const SnapProc& process : living.all) EXPECT_TRUE(pids.insert(process.pid).second);
    EXPECT_TRUE(pids.contains(static_cast<uint32_t>(getpid())));
    EXPECT_TRUE(pids.contains(static_cast<uint32_t>(actor)));
    Drain();
  }
  kill(actor, SIGKILL);
  WaitFor(actor);
  EXPECT_EQ(source_->damaged_events(), 0u);
}

// ---- Counters ----

TEST_F(BpfSourceTest, ForksSeenAreThoseThatTheKernelCounts) {
  Open();
  // The difference of both counts, at a moment when none of them changes.
  const auto ahead = [this] {
    std::optional<uint64_t> difference;
    EXPECT_TRUE(Await([&] {
      const auto before = source_->counters().forks_seen;
      const auto kernel = KernelForks();
      if (before == source_->counters().forks_seen) difference = *kernel - *before;
      return difference.has_value();
    }));
    return difference;
  };
  const auto at_first = ahead();
  ASSERT_EQ(WaitFor(SpawnActor({"forks", "3000"})).status, 0);
  ASSERT_EQ(WaitFor(SpawnActor({"races", "500", "10"})).status, 0);
  EXPECT_EQ(ahead(), at_first);
  EXPECT_GE(source_->threads_seen(), 50u);
}

// ---- Refusals ----

std::string RefusalWithoutPrivileges() {
  const Shared<char[512]> message;
  WaitFor(Spawn([&message] {
    if (setuid(65534) != 0) _exit(95);
    const auto source = BpfSource::Open({});
    std::strncpy(*message, source ? "" : source.error().message().c_str(), sizeof(*message) - 1);
  }));
  return *message;
}

TEST_F(BpfSourceTest, WhoMayNotIsToldWhatIsMissing) {
  EXPECT_EQ(RefusalWithoutPrivileges(), "capability CAP_BPF is missing");
}

TEST_F(BpfSourceTest, ARingOfAnOddSizeIsRefused) {
  const auto source = BpfSource::Open({.ring_bytes = 5000});
  ASSERT_FALSE(source);
  EXPECT_THAT(source.error().message(), HasSubstr("5000 bytes"));
}

}  // namespace
}  // namespace daybook
