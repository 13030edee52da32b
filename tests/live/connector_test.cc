// The proc connector on the running kernel: what it tells, that it counts what it loses, and why it
// is refused.

#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "connector_source.h"
#include "host.h"
#include "live/support/live_test.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;
using testing::Pair;
using testing::SizeIs;
using testing::StartsWith;
using std::string_view_literals::operator""sv;

// Where the kernel refuses it, these tests are reported as skipped.
class ConnectorTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto source = ConnectorSource::Open({});
    if (!source) SkipButInCi(source.error().message());
  }
};

// daybookd records by it during the whole test.
class ConnectorLogTest : public ConnectorTest {
 protected:
  void SetUp() override {
    ConnectorTest::SetUp();
    if (HasFatalFailure() || IsSkipped()) return;
    recorder_.emplace(folder_, std::vector<std::string>{"--source", "connector"});
  }

  const KeptLog& Stop() {
    EXPECT_EQ(recorder_->Stop(), 0);
    log_ = ReadLog(folder_);
    EXPECT_EQ(log_.GapCount(), 0u);
    EXPECT_THAT(log_.All<Lost>(), IsEmpty());
    return log_;
  }

  // What a process that is `pid` and began with `life` changed about itself.
  template <class Record>
  std::vector<Record> ChangesOf(pid_t pid) {
    return log_.AllOf<Record>(static_cast<uint32_t>(pid));
  }

 private:
  TempFolder temp_;
  std::string folder_ = temp_ / "log";
  std::optional<Daybookd> recorder_;
  KeptLog log_;
};

// ---- Lives ----

TEST_F(ConnectorLogTest, EveryLifeOfABusyWorkloadIsWhole) {
  constexpr size_t kLives = 400;
  const TempFolder temp;
  const pid_t actor = SpawnActor({"spawn", "0", std::to_string(kLives)}, temp / "ends");
  ASSERT_EQ(WaitFor(actor).status, 0);
  const KeptLog& log = Stop();
  std::ifstream ends(temp / "ends");
  size_t lives = 0;
  for (uint32_t index = 0, status = 0; true; ++lives) {
    pid_t pid = 0;
    if (!(ends >> index >> pid >> status)) break;
    const Life life = LifeOf(log, pid);
    EXPECT_EQ(life.fork.ppid, static_cast<uint32_t>(actor));
    EXPECT_TRUE(life.fork.flags & kProcCoarseStart);
    EXPECT_THAT(life.execs, SizeIs(1));
    EXPECT_THAT(life.exit.wait_status, Optional(status));
    EXPECT_THAT(life.exit.ppid, Optional(actor));
    EXPECT_THAT(life.exit.uid, Optional(0));
    EXPECT_FALSE(life.exit.flags & kProcNeverExeced);
  }
  EXPECT_EQ(lives, kLives);
  EXPECT_EQ(ChildrenOf(log, actor).size(), kLives);
}

TEST_F(ConnectorLogTest, WhoLivesUntilItIsReadHasAName) {
  const pid_t pid = SpawnActor({"sleep"});
  std::this_thread::sleep_for(std::chrono::seconds(1));
  kill(pid, SIGKILL);
  WaitFor(pid);
  const Life life = LifeOf(Stop(), pid);
  ASSERT_THAT(life.execs, SizeIs(1));
  EXPECT_THAT(life.execs[0].comm, Optional("daybook_actor"sv));
  EXPECT_THAT(life.execs[0].args, Optional("actor\0sleep\0"sv));
  EXPECT_THAT(life.exit.comm, Optional("daybook_actor"sv));
  EXPECT_THAT(life.exit.wait_status, Optional(SIGKILL));
}

TEST_F(ConnectorLogTest, WhoWasThereBeforeEndsWithTheStartOfItsSnapshot) {
  const TempFolder temp;
  const pid_t pid = SpawnActor({"sleep"});
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  Daybookd later(temp / "log", {"--source", "connector"});
  kill(pid, SIGTERM);
  WaitFor(pid);
  EXPECT_EQ(later.Stop(), 0);
  const KeptLog log = ReadLog(temp / "log");
  const auto exits = log.AllOf<Exit>(static_cast<uint32_t>(pid));
  ASSERT_THAT(exits, SizeIs(1));
  EXPECT_EQ(exits[0].start_ns, StartOf(log, pid));
  EXPECT_THAT(exits[0].wait_status, Optional(SIGTERM));
  EXPECT_THAT(exits[0].comm, Optional("daybook_actor"sv));
}

TEST_F(ConnectorLogTest, TheLogSaysWhatItCanTell) {
  const auto told = Stop().All<Recorder>();
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[0].source, "connector");
  EXPECT_THAT(told[0].abilities,
              Optional("fork exec exit ids session ptrace comm names_by_proc"sv));
  EXPECT_TRUE(told[0].ring_bytes);
  EXPECT_TRUE(told[0].kernel_forks);
}

// A child with that number; -1 where somebody else has it.
pid_t SpawnWithNumber(pid_t number, int status) {
  clone_args arguments = {
      .exit_signal = SIGCHLD, .set_tid = reinterpret_cast<uint64_t>(&number), .set_tid_size = 1};
  const long pid = syscall(SYS_clone3, &arguments, sizeof(arguments));
  if (pid == 0) _exit(status);
  return static_cast<pid_t>(pid);
}

// The parent may bear the next one of that number before the kernel has told of the end.
TEST_F(ConnectorLogTest, AReusedNumberIsAnotherProcess) {
  constexpr int kLives = 20;
  pid_t pid = -1;
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
  for (uint32_t life = 0; life < kLives; ++life) {
    EXPECT_EQ(exits[life].start_ns, forks[life].time_ns);
    EXPECT_THAT(exits[life].wait_status, Optional(life << 8));
  }
}

// ---- Threads ----

template <class Function>
void StartThread(Function* behave) {
  pthread_t thread;
  const int failed = pthread_create(
      &thread, nullptr,
      [](void* function) -> void* {
        (*static_cast<Function*>(function))();
        return nullptr;
      },
      behave);
  if (failed != 0) _exit(97);
}

void LeaveThread(int status) { syscall(SYS_exit, status); }

TEST_F(ConnectorLogTest, WithoutItsLeaderAProcessRunsOn) {
  const pid_t pid = Spawn([] {
    auto worker = [] {
      usleep(600'000);
      LeaveThread(3);
    };
    StartThread(&worker);
    LeaveThread(9);
  });
  const Ended ended = WaitFor(pid);
  const Life life = LifeOf(Stop(), pid);
  EXPECT_GE(life.exit.time_ns, life.fork.time_ns + 600'000'000);
  EXPECT_EQ(life.exit.wait_status, static_cast<uint32_t>(ended.status));
}

TEST_F(ConnectorLogTest, AnyThreadMayEndTheProcess) {
  const pid_t pid = Spawn([] {
    auto worker = [] { _exit(7); };
    StartThread(&worker);
    for (;;) pause();
  });
  WaitFor(pid);
  EXPECT_THAT(LifeOf(Stop(), pid).exit.wait_status, Optional(7 << 8));
}

TEST_F(ConnectorLogTest, AnExecByAnyThreadIsNoEnd) {
  constexpr int kRounds = 30;
  std::map<pid_t, Ended> ended;
  for (int round = 0; round < kRounds; ++round) {
    const pid_t pid = Spawn([round] {
      auto sleeper = [] {
        for (;;) pause();
      };
      auto worker = [round] { Become(ACTOR_PROGRAM, {"actor", "exit", std::to_string(round)}); };
      StartThread(&sleeper);
      StartThread(&worker);
      for (;;) pause();
    });
    ended[pid] = WaitFor(pid);
  }
  const KeptLog& log = Stop();
  for (const auto& [pid, end] : ended) {
    const Life life = LifeOf(log, pid);
    EXPECT_THAT(life.execs, SizeIs(1));
    EXPECT_EQ(life.exit.wait_status, static_cast<uint32_t>(end.status));
  }
}

// How often each child of one process ended, by what a source tells.
class CountedEnds : public EventSink {
 public:
  explicit CountedEnds(pid_t parent) : parent_(static_cast<uint32_t>(parent)) {}

  void OnFork(const Fork& fork) override {
    if (fork.ppid == parent_) ends_[{fork.pid, fork.time_ns}];
  }
  void OnExec(const Exec&) override {}
  void OnExit(const Exit& exit) override {
    if (exit.ppid == parent_) ++ends_[{exit.pid, exit.start_ns}];
  }
  void OnLost(const Lost&) override {}

  // {how often: children}
  std::map<int, int> Histogram() const {
    std::map<int, int> histogram;
    for (const auto& [who, count] : ends_) ++histogram[count];
    return histogram;
  }

 private:
  uint32_t parent_;
  std::map<std::pair<uint32_t, uint64_t>, int> ends_;
};

class ConnectorSourceTest : public ConnectorTest {
 protected:
  void Open(const ConnectorSourceOptions& options = {}) {
    auto source = ConnectorSource::Open(options);
    ASSERT_TRUE(source) << source.error().message();
    source_ = *std::move(source);
    KeptProcesses living;
    ASSERT_TRUE(source_->Snapshot(living));
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

  bool Wakes(int limit_ms) const {
    pollfd wait{.fd = source_->wake_fd(), .events = POLLIN, .revents = 0};
    return poll(&wait, 1, limit_ms) == 1;
  }

  std::unique_ptr<ConnectorSource> source_;
};

TEST_F(ConnectorSourceTest, TwoThreadsThatRaceAreOneEnd) {
  constexpr int kEnough = 200;
  Open();
  const pid_t actor = SpawnActor({"races", "5000", "5"});
  CountedEnds ends(actor);
  int status = 0;
  const bool done = Await([&] {
    EXPECT_TRUE(source_->Drain(ends));
    return waitpid(actor, &status, WNOHANG) == actor;
  });
  ASSERT_TRUE(done) << "too slow";
  ASSERT_EQ(status, 0);
  // The parent learns of an end before the connector tells it.
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_TRUE(source_->Drain(ends));
  EXPECT_THAT(ends.Histogram(), ElementsAre(Pair(1, Ge(kEnough))));
}

// ---- Changes ----

TEST_F(ConnectorLogTest, ChangesOfIdsSessionAndNameAreTold) {
  const pid_t pid = Spawn([] {
    prctl(PR_SET_NAME, "re (named)");
    setsid();
    if (setresgid(1001, 1002, 1003) != 0 || setresuid(2001, 2002, 2003) != 0) _exit(95);
  });
  ASSERT_EQ(WaitFor(pid).status, 0);
  const Life life = LifeOf(Stop(), pid);
  const auto ids = ChangesOf<IdChange>(pid);
  ASSERT_THAT(ids, SizeIs(2));
  EXPECT_THAT(ids[0].gid, Optional(1001));
  EXPECT_THAT(ids[0].egid, Optional(1002));
  EXPECT_EQ(ids[0].uid, std::nullopt);
  EXPECT_THAT(ids[1].uid, Optional(2001));
  EXPECT_THAT(ids[1].euid, Optional(2002));
  EXPECT_EQ(ids[1].gid, std::nullopt);
  const auto sessions = ChangesOf<Session>(pid);
  ASSERT_THAT(sessions, SizeIs(1));
  const auto names = ChangesOf<CommChange>(pid);
  ASSERT_THAT(names, SizeIs(1));
  EXPECT_EQ(names[0].comm, "re (named)");
  for (const auto& start : {ids[0].start_ns, sessions[0].start_ns, names[0].start_ns}) {
    EXPECT_THAT(start, Optional(life.fork.time_ns));
  }
  EXPECT_THAT(life.exit.uid, Optional(2001));
  EXPECT_THAT(life.exit.euid, Optional(2002));
  EXPECT_THAT(life.exit.gid, Optional(1001));
  EXPECT_THAT(life.exit.sid, Optional(pid));
  EXPECT_THAT(life.exit.comm, Optional("re (named)"sv));
}

TEST_F(ConnectorLogTest, TracingIsToldFromItsBeginToItsEnd) {
  const pid_t pid = Spawn([] {
    for (;;) pause();
  });
  ASSERT_EQ(ptrace(PTRACE_ATTACH, pid, nullptr, nullptr), 0);
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  ASSERT_EQ(ptrace(PTRACE_DETACH, pid, nullptr, nullptr), 0);
  kill(pid, SIGKILL);
  WaitFor(pid);
  const Life life = LifeOf(Stop(), pid);
  const auto traced = ChangesOf<Ptrace>(pid);
  ASSERT_THAT(traced, SizeIs(2));
  EXPECT_THAT(traced[0].tracer_pid, Optional(getpid()));
  EXPECT_EQ(traced[1].tracer_pid, std::nullopt);
  EXPECT_THAT(traced[0].start_ns, Optional(life.fork.time_ns));
}

// ---- Beside BPF ----

class IdEventsTest : public RecordedTest {
 protected:
  IdEventsTest() { recorder_options_ = {"--id-events", "connector"}; }
};

TEST_F(IdEventsTest, ChangesHaveTheStartsThatBpfTells) {
  const pid_t pid = Spawn([] {
    setsid();
    if (setgid(1004) != 0 || setuid(2004) != 0) _exit(95);
  });
  ASSERT_EQ(WaitFor(pid).status, 0);
  const KeptLog& log = Stop();
  const Life life = LifeOf(log, pid);
  const auto number = static_cast<uint32_t>(pid);
  ASSERT_THAT(log.AllOf<IdChange>(number), SizeIs(2));
  for (const IdChange& change : log.AllOf<IdChange>(number)) {
    EXPECT_THAT(change.start_ns, Optional(life.fork.time_ns));
  }
  ASSERT_THAT(log.AllOf<Session>(number), SizeIs(1));
  EXPECT_THAT(log.AllOf<Session>(number)[0].start_ns, Optional(life.fork.time_ns));
  const Recorder told = log.All<Recorder>().at(0);
  EXPECT_EQ(told.source, "bpf+connector");
  EXPECT_THAT(told.abilities, Optional(StartsWith("fork exec exit usage comm cgroup reap")));
  EXPECT_THAT(told.abilities, Optional(EndsWith(" ids session ptrace")));
}

// ---- Waking ----

void LiveOnce() { WaitFor(SpawnActor({"exit", "0"})); }

TEST_F(ConnectorSourceTest, AReaderThatIsAwakeIsNotWoken) {
  Open();
  constexpr size_t kLives = 20;
  for (size_t i = 0; i < kLives; ++i) LiveOnce();
  EXPECT_FALSE(Wakes(50));
  EXPECT_FALSE(source_->PrepareToSleep()) << "events wait";
  EXPECT_GE(Drain(), 3 * kLives);
}

TEST_F(ConnectorSourceTest, TheFirstEventWakesASleeper) {
  Open();
  for (int round = 0; round < 100; ++round) {
    GoToSleep();
    const pid_t pid = SpawnActor({"exit", "0"});
    ASSERT_TRUE(Wakes(5000)) << round;
    WaitFor(pid);
    EXPECT_GE(Drain(), 1u);
    EXPECT_FALSE(Wakes(0));
  }
}

// 150 messages, that is 8 ms of a busy machine: the recorder's turns would be too late.
TEST_F(ConnectorSourceTest, ASmallBufferWakesItsReaderInTime) {
  Open({.buffer_bytes = 65536});
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(Wakes(200)) << round;
    Drain();
  }
}

TEST_F(ConnectorSourceTest, WhatCountingHasReceivedKeepsItAwake) {
  Open();
  GoToSleep();
  LiveOnce();
  const auto forks = source_->counters().forks_seen;
  ASSERT_TRUE(forks);
  EXPECT_FALSE(source_->PrepareToSleep());
  EXPECT_GE(Drain(), 3u);
}

// Events happen at any moment of going to sleep, on the other processors.
TEST_F(ConnectorSourceTest, NoWakeupIsMissed) {
  Open();
  const pid_t actor = SpawnActor({"forks", "3000"});
  int status = 0;
  while (waitpid(actor, &status, WNOHANG) == 0) {
    if (source_->PrepareToSleep()) {
      const bool woken = Wakes(2000);
      if (!woken && waitpid(actor, &status, WNOHANG) != 0) break;
      ASSERT_TRUE(woken);
    }
    Drain();
  }
  EXPECT_EQ(status, 0);
}

// ---- Counting ----

TEST_F(ConnectorSourceTest, ForksSeenAreThoseThatTheKernelCounts) {
  Open();
  const auto ahead = [this] {
    std::optional<uint64_t> difference;
    EXPECT_TRUE(Await([&] {
      const auto before = source_->counters().forks_seen;
      const auto kernel = KernelForks();
      if (before == source_->counters().forks_seen) difference = *kernel - *before;
      Drain();
      return difference.has_value();
    }));
    return difference;
  };
  const auto at_first = ahead();
  ASSERT_EQ(WaitFor(SpawnActor({"forks", "2000"})).status, 0);
  ASSERT_EQ(WaitFor(SpawnActor({"races", "100", "10"})).status, 0);
  EXPECT_EQ(ahead(), at_first);
}

// Every processor sends something: only the next message shows that some before it are missing.
void SendOnEveryProcessor() {
  cpu_set_t all;
  ASSERT_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &all)) continue;
    WaitFor(Spawn([cpu] {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(cpu, &one);
      sched_setaffinity(0, sizeof(one), &one);
      prctl(PR_SET_NAME, "here");
    }));
  }
}

TEST_F(ConnectorSourceTest, WhatABufferCannotHoldIsCounted) {
  constexpr uint64_t kTiny = 65536;
  auto whole = ConnectorSource::Open({});
  ASSERT_TRUE(whole);
  Open({.buffer_bytes = kTiny});
  KeptEvents ignored;
  ASSERT_TRUE((*whole)->Drain(ignored));
  size_t delivered = Drain();
  EXPECT_FALSE(source_->WantsResync());
  size_t expected = 0;
  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(WaitFor(SpawnActor({"forks", "1000"})).status, 0);
    delivered += Drain();
    SendOnEveryProcessor();
    delivered += Drain();
    const auto drained = (*whole)->Drain(ignored);
    ASSERT_TRUE(drained);
    expected += *drained;
  }
  EXPECT_EQ((*whole)->counters().lost.others, 0u);
  const uint64_t lost = source_->counters().lost.others;
  delivered += Drain();
  EXPECT_GT(lost, 1000u);
  // Both do not begin and end at the same event.
  EXPECT_NEAR(static_cast<double>(delivered + lost), static_cast<double>(expected), 100);
  EXPECT_TRUE(source_->WantsResync());
  KeptProcesses living;
  ASSERT_TRUE(source_->Snapshot(living));
  EXPECT_FALSE(source_->WantsResync());
}

TEST_F(ConnectorSourceTest, AFilteredOneKnowsThatItLostSomething) {
  auto source = ConnectorSource::Open({.events = ConnectorEvents::kIds, .buffer_bytes = 4096});
  ASSERT_TRUE(source);
  WaitFor(Spawn([] {
    for (int i = 0; i < 500; ++i) {
      if (setegid(static_cast<gid_t>(1 + i % 2)) != 0) _exit(95);
    }
  }));
  KeptEvents events;
  ASSERT_TRUE((*source)->Drain(events));
  EXPECT_THAT(events.All<Fork>(), IsEmpty());
  const auto lost = events.All<Lost>();
  ASSERT_THAT(lost, SizeIs(1));
  EXPECT_EQ(lost[0].records, std::nullopt);
  EXPECT_LT(lost[0].first_time_ns, lost[0].last_time_ns);
  EXPECT_FALSE((*source)->WantsResync());
}

// ---- Who may, and who may not ----

template <class Function>
std::string SaidAfter(Function prepare) {
  const Shared<char[512]> said;
  WaitFor(Spawn([&] {
    prepare();
    const auto source = ConnectorSource::Open({});
    std::strncpy(*said, source ? "opened" : source.error().message().c_str(), sizeof(*said) - 1);
  }));
  return *said;
}

TEST_F(ConnectorTest, NobodyMayRecord) {
  const Shared<size_t> lives;
  WaitFor(Spawn([&lives] {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(95);
    const auto source = ConnectorSource::Open({});
    if (!source) return;
    const pid_t pid = Spawn([] { _exit(3); });
    WaitFor(pid);
    usleep(100'000);
    KeptEvents events;
    if (!(*source)->Drain(events)) return;
    for (const Exit& exit : events.All<Exit>()) {
      if (exit.pid == static_cast<uint32_t>(pid) && exit.wait_status == 3u << 8) ++*lives;
    }
  }));
  EXPECT_EQ(*lives, 1u);
}

TEST_F(ConnectorTest, AnotherNetworkNamespaceIsNamedAsTheCause) {
  EXPECT_THAT(SaidAfter([] {
                if (unshare(CLONE_NEWNET) != 0) _exit(95);
              }),
              HasSubstr("network namespace"));
}

TEST_F(ConnectorTest, AnotherUserNamespaceIsNamedAsTheCause) {
  EXPECT_THAT(SaidAfter([] {
                if (unshare(CLONE_NEWUSER) != 0) _exit(95);
              }),
              HasSubstr("user namespace"));
}

TEST_F(ConnectorTest, AnotherPidNamespaceIsNamedAsTheCause) {
  const Shared<char[512]> said;
  WaitFor(Spawn([&said] {
    if (unshare(CLONE_NEWPID) != 0) _exit(95);
    WaitFor(Spawn([&said] {
      const auto source = ConnectorSource::Open({});
      std::strncpy(*said, source ? "opened" : source.error().message().c_str(), sizeof(*said) - 1);
    }));
  }));
  EXPECT_THAT(std::string(*said), HasSubstr("pid namespace"));
}

}  // namespace
}  // namespace daybook
