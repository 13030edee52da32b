// A recorder that is started, stopped, held up or doubled while processes are born.

#include <sched.h>
#include <sys/prctl.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "live/support/live_test.h"

namespace daybook {
namespace {

using testing::Each;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// Of a process that bears children one after the other, which of them the log has the end of. The
// nth ends with n % 256.
std::vector<uint32_t> EndsOf(const KeptLog& log, pid_t parent) {
  std::vector<uint32_t> ends;
  for (const Exit& exit : log.All<Exit>()) {
    if (exit.ppid == static_cast<uint32_t>(parent)) ends.push_back(*exit.wait_status >> 8);
  }
  return ends;
}

// Nobody is missing between the first and the last.
void ExpectUnbroken(const std::vector<uint32_t>& ends) {
  ASSERT_THAT(ends, Not(IsEmpty()));
  for (size_t i = 1; i < ends.size(); ++i) ASSERT_EQ(ends[i], (ends[i - 1] + 1) % 256) << i;
}

// Every identity is born once, and ends once if it ends.
void ExpectWholeLives(const KeptLog& log) {
  using Process = std::pair<uint32_t, uint64_t>;
  std::set<Process> born, ended;
  for (const Fork& fork : log.All<Fork>()) {
    EXPECT_TRUE(born.emplace(fork.pid, fork.time_ns).second) << "born twice: " << fork;
  }
  // Who was there before, and who ended before the snapshot found him.
  const uint64_t begin_ns = log.All<Recorder>().at(0).time_ns;
  for (const Exit& exit : log.All<Exit>()) {
    EXPECT_TRUE(ended.emplace(exit.pid, exit.start_ns).second) << "ended twice: " << exit;
    EXPECT_TRUE(born.contains({exit.pid, exit.start_ns}) || exit.start_ns <= begin_ns) << exit;
  }
}

uint64_t Ahead(const auto& counts) { return *counts.kernel_forks - *counts.forks_seen; }

class EnduranceTest : public LiveTest {
 protected:
  const TempFolder temp_;
  const std::string folder_ = temp_ / "log";
};

TEST_F(EnduranceTest, StartedWhileAThousandAreBornItHasEachOnce) {
  const pid_t one = SpawnActor({"forks", "4000"});
  const pid_t other = SpawnActor({"forks", "4000"});
  Daybookd recorder(folder_);
  WaitFor(one);
  WaitFor(other);
  recorder.Stop();
  const KeptLog log = ReadLog(folder_);
  ExpectWholeLives(log);
  for (const pid_t parent : {one, other}) {
    const auto ends = EndsOf(log, parent);
    ExpectUnbroken(ends);
    EXPECT_EQ(ends.back(), 3999u % 256);
    EXPECT_GT(ends.size(), 500u) << "it was ready too late to show anything";
  }
}

TEST_F(EnduranceTest, StoppedWhileTheyAreBornItHasAllUntilThen) {
  Daybookd recorder(folder_);
  const pid_t parent = SpawnActor({"forks", "20000"});
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  recorder.Stop();
  kill(parent, SIGKILL);
  WaitFor(parent);
  const KeptLog log = ReadLog(folder_);
  ExpectWholeLives(log);
  const auto ends = EndsOf(log, parent);
  ExpectUnbroken(ends);
  EXPECT_EQ(ends.front(), 0u);
  EXPECT_THAT(log.All<Lost>(), IsEmpty());
  // It was stopped at one moment: what its hooks had seen by then is in the log.
  const Recorder stop = log.All<Recorder>().back();
  ASSERT_EQ(stop.event, RecorderEvent::kStop);
  EXPECT_EQ(log.All<Exit>().size(), *stop.exits_seen);
  EXPECT_EQ(log.All<Exec>().size(), *stop.execs_seen);
}

TEST_F(EnduranceTest, HeldUpForTenSecondsItLosesNothingThatTheRingHolds) {
  Daybookd recorder(folder_);
  kill(recorder.pid(), SIGSTOP);
  std::vector<pid_t> parents;
  for (int second = 0; second < 10; ++second) {
    parents.push_back(SpawnActor({"forks", "100"}));
    WaitFor(parents.back());
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
  kill(recorder.pid(), SIGCONT);
  recorder.Stop();
  const KeptLog log = ReadLog(folder_);
  EXPECT_THAT(log.All<Lost>(), IsEmpty());
  for (const pid_t parent : parents) EXPECT_THAT(ChildrenOf(log, parent), SizeIs(100));
  const auto told = log.All<Recorder>();
  EXPECT_GE(Ahead(told.back()), Ahead(told.front()));
  EXPECT_LE(Ahead(told.back()), Ahead(told.front()) + kOthersWorkers);
}

TEST_F(EnduranceTest, HeldUpForLongerItCountsWhatIsLost) {
  Daybookd recorder(folder_);
  kill(recorder.pid(), SIGSTOP);
  const pid_t parent = SpawnActor({"forks", "30000"});
  WaitFor(parent);
  kill(recorder.pid(), SIGCONT);
  recorder.Stop();
  const KeptLog log = ReadLog(folder_);
  uint64_t forks = log.All<Fork>().size();
  uint64_t exits = log.All<Exit>().size();
  EXPECT_THAT(log.All<Lost>(), Not(IsEmpty()));
  for (const Lost& lost : log.All<Lost>()) {
    forks += lost.forks.value_or(0);
    exits += lost.exits.value_or(0);
  }
  const auto told = log.All<Recorder>();
  EXPECT_GE(Ahead(told.back()), Ahead(told.front()));
  EXPECT_LE(Ahead(told.back()), Ahead(told.front()) + kOthersWorkers);
  EXPECT_EQ(exits, *told.back().exits_seen);
  // Threads are seen, too, and not told.
  EXPECT_GE(forks, 30'000u);
  EXPECT_LE(forks, *told.back().forks_seen);
}

TEST_F(EnduranceTest, TwoRecordersBothHaveEverything) {
  const std::string other_folder = temp_ / "other";
  Daybookd one(folder_);
  Daybookd other(other_folder);
  const pid_t parent = SpawnActor({"forks", "500"});
  WaitFor(parent);
  one.Stop();
  other.Stop();
  for (const std::string& folder : {folder_, other_folder}) {
    const KeptLog log = ReadLog(folder);
    EXPECT_THAT(ChildrenOf(log, parent), SizeIs(500));
    EXPECT_THAT(EndsOf(log, parent), SizeIs(500));
  }
}

TEST_F(EnduranceTest, TwoRecordersDoNotWriteOneLog) {
  Daybookd recorder(folder_);
  EXPECT_THROW(Daybookd{folder_}, std::runtime_error);
  const pid_t parent = SpawnActor({"forks", "50"});
  WaitFor(parent);
  EXPECT_EQ(recorder.Stop(), 0);
  EXPECT_THAT(ChildrenOf(ReadLog(folder_), parent), SizeIs(50));
}

// ---- Processors ----

class ProcessorTest : public EnduranceTest {
 protected:
  static constexpr char kOnline[] = "/sys/devices/system/cpu/cpu1/online";

  void TearDown() override { SetOnline(true); }

  static bool SetOnline(bool is_online) {
    std::ofstream file(kOnline);
    file << (is_online ? 1 : 0);
    file.close();
    return file.good();
  }
};

TEST_F(ProcessorTest, WhereProcessesRunMakesNoDifference) {
  Daybookd recorder(folder_);
  std::vector<pid_t> parents;
  for (int cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); ++cpu) {
    parents.push_back(Spawn([cpu] {
      cpu_set_t only;
      CPU_ZERO(&only);
      CPU_SET(cpu, &only);
      if (sched_setaffinity(0, sizeof(only), &only) != 0) _exit(97);
      Become(ACTOR_PROGRAM, {"actor", "forks", "300"});
    }));
  }
  for (const pid_t parent : parents) EXPECT_EQ(WaitFor(parent).status, 0);
  recorder.Stop();
  const KeptLog log = ReadLog(folder_);
  for (const pid_t parent : parents) EXPECT_THAT(ChildrenOf(log, parent), SizeIs(300));
}

// What a processor had counted when it went is not forgotten.
TEST_F(ProcessorTest, OneThatGoesAndComesBackCostsNothing) {
  if (!SetOnline(true)) return SkipButInCi("processors cannot be taken away here");
  Daybookd recorder(folder_);
  std::vector<pid_t> parents;
  for (const bool is_online : {true, false, true}) {
    ASSERT_TRUE(SetOnline(is_online));
    parents.push_back(SpawnActor({"forks", "500"}));
    WaitFor(parents.back());
  }
  recorder.Stop();
  const KeptLog log = ReadLog(folder_);
  for (const pid_t parent : parents) EXPECT_THAT(ChildrenOf(log, parent), SizeIs(500));
  const auto told = log.All<Recorder>();
  // The kernel's threads for a processor that comes back are counted by it and seen by the hook,
  // but for the idle one.
  EXPECT_LE(Ahead(told.back()) - Ahead(told.front()), 1u);
  EXPECT_EQ(log.All<Exit>().size(), *told.back().exits_seen);
}

}  // namespace
}  // namespace daybook
