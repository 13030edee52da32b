// Logs that daybookd records by the proc connector: lives, and what processes change about
// themselves.

#include "live/support/connector_test.h"

#include <linux/sched.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "live/support/live_test.h"

namespace daybook {
namespace {

using testing::Each;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;
using testing::StartsWith;
using std::string_view_literals::operator""sv;

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

// Of each child of that process, in the order of the log.
std::vector<std::string> StoriesOfChildren(const KeptLog& log, pid_t parent) {
  std::map<std::pair<uint32_t, uint64_t>, std::string> stories;
  for (const Fork& child : ChildrenOf(log, parent)) stories[{child.pid, child.time_ns}] = "";
  const auto tell = [&](uint32_t pid, std::optional<uint64_t> start_ns, std::string_view what) {
    const auto story = stories.find({pid, start_ns.value_or(0)});
    if (story != stories.end()) story->second += what;
  };
  for (const KeptSegment& segment : log.segments) {
    for (const auto& [seq, record] : segment.entries) {
      if (const auto* change = std::get_if<IdChange>(&record)) {
        tell(change->pid, change->start_ns, "change ");
      } else if (const auto* exit = std::get_if<Exit>(&record)) {
        tell(exit->pid, exit->start_ns, "end");
      }
    }
  }
  std::vector<std::string> told;
  for (const auto& [_, story] : stories) told.push_back(story);
  return told;
}

// Nothing but the changes tells of them, and they are told of those whose end is not told yet.
TEST_F(IdEventsTest, ChangesOfOneThatEndsAtOnceAreSeen) {
  constexpr int kLives = 20;
  const pid_t parent = SpawnActor({"changes", std::to_string(kLives)});
  ASSERT_EQ(WaitFor(parent).status, 0);
  const KeptLog& log = Stop();
  const auto children = ChildrenOf(log, parent);
  ASSERT_THAT(children, SizeIs(kLives));
  EXPECT_THAT(StoriesOfChildren(log, parent), Each("change change end"));
  const std::string rows = OutputOf(
      DAYBOOK_PROGRAM " identity --output jsonl --columns pid,from_uid,to_uid --log " + folder());
  for (const Fork& child : children) {
    const std::string row = "\"pid\":" + std::to_string(child.pid);
    EXPECT_THAT(rows, HasSubstr(row + ",\"from_uid\":0,\"to_uid\":2004"));
    EXPECT_THAT(rows, HasSubstr(row + ",\"from_uid\":2004,\"to_uid\":0"));
  }
}

class BusyIdEventsTest : public RecordedTest {
 protected:
  BusyIdEventsTest() {
    recorder_options_ = {"--id-events", "connector", "--drain-interval", "10ms"};
  }
};

// Some of them just while events are fetched.
TEST_F(BusyIdEventsTest, ChangesAreToldBeforeTheEndAtAnyMoment) {
  constexpr int kLives = 5000;
  const pid_t parent = SpawnActor({"changes", std::to_string(kLives)});
  ASSERT_EQ(WaitFor(parent).status, 0);
  const KeptLog& log = Stop();
  const auto stories = StoriesOfChildren(log, parent);
  EXPECT_THAT(stories, SizeIs(kLives));
  EXPECT_EQ(std::ranges::count(stories, "change change end"), kLives);
}

}  // namespace
}  // namespace daybook
