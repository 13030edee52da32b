// The end of a process is the end of its last thread, and told once.

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <fstream>
#include <map>

#include "bpf_source/bpf_source.h"
#include "live/support/counting_sinks.h"
#include "live/support/live_test.h"
#include "system/clocks.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::Ge;
using testing::IsEmpty;
using testing::Optional;
using testing::Pair;
using testing::SizeIs;
using std::string_view_literals::operator""sv;

using ThreadsTest = RecordedTest;

// In a child: what a thread does. Small stacks: there may be hundreds.
template <class Function>
void StartThread(Function* behave) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, size_t{256} * 1024);
  pthread_t thread;
  const int failed = pthread_create(
      &thread, &attributes,
      [](void* function) -> void* {
        (*static_cast<Function*>(function))();
        return nullptr;
      },
      behave);
  if (failed != 0) _exit(97);
}

// Ends this thread alone. Whose status becomes the process' depends on the kernel's version.
void LeaveThread(int status) { syscall(SYS_exit, status); }

// Until the leader's thread is gone: a zombie with threads left.
void AwaitLeadersEnd() {
  const std::string path = "/proc/self/task/" + std::to_string(getpid()) + "/stat";
  for (;;) {
    std::string line;
    std::getline(std::ifstream(path), line);
    if (line.find(") Z ") != std::string::npos) return;
  }
}

TEST_F(ThreadsTest, WithoutItsLeaderAProcessRunsOn) {
  const Shared<uint64_t> leader_left_ns;
  const pid_t pid = Spawn([&leader_left_ns] {
    auto worker = [&leader_left_ns] {
      prctl(PR_SET_NAME, "worker");
      AwaitLeadersEnd();
      *leader_left_ns = BootTimeNs();
      LeaveThread(3);
    };
    prctl(PR_SET_NAME, "leader (x) y");
    StartThread(&worker);
    LeaveThread(9);
  });
  const Ended ended = WaitFor(pid);
  const Life life = LifeOf(Stop(), pid);
  EXPECT_GE(life.exit.time_ns + 1000, *leader_left_ns) << "times are cut to ticks of 1 us";
  EXPECT_THAT(life.exit.comm, Optional("leader (x) y"sv));
  EXPECT_EQ(life.exit.wait_status, static_cast<uint32_t>(ended.status));
}

TEST_F(ThreadsTest, AnyThreadMayEndTheProcess) {
  const pid_t pid = Spawn([] {
    auto worker = [] { _exit(7); };
    StartThread(&worker);
    for (;;) pause();
  });
  WaitFor(pid);
  EXPECT_THAT(LifeOf(Stop(), pid).exit.wait_status, Optional(7 << 8));
}

TEST_F(ThreadsTest, AnExecByAnyThreadIsNoEnd) {
  const Shared<pid_t> worker_tid;
  const pid_t pid = Spawn([&worker_tid] {
    auto worker = [&worker_tid] {
      *worker_tid = static_cast<pid_t>(syscall(SYS_gettid));
      Become("/bin/true", {"true", "from-worker"});
    };
    StartThread(&worker);
    for (;;) pause();
  });
  const Ended ended = WaitFor(pid);
  const KeptLog& log = Stop();
  const Life life = LifeOf(log, pid);
  ASSERT_THAT(life.execs, SizeIs(1));
  EXPECT_THAT(life.execs[0].old_tid, Optional(*worker_tid));
  EXPECT_THAT(life.execs[0].args, Optional("true\0from-worker\0"sv));
  EXPECT_EQ(life.exit.wait_status, static_cast<uint32_t>(ended.status));
  EXPECT_THAT(log.AllOf<Exit>(static_cast<uint32_t>(*worker_tid)), IsEmpty());
}

TEST_F(ThreadsTest, ManyThreadsThatLeaveAtOnceAreOneEnd) {
  const long threads = 10 * sysconf(_SC_NPROCESSORS_ONLN);
  std::map<pid_t, Ended> ended;
  for (int round = 0; round < 20; ++round) {
    const pid_t pid = Spawn([threads] {
      pthread_barrier_t gate;
      pthread_barrier_init(&gate, nullptr, static_cast<unsigned>(threads) + 1);
      auto worker = [&gate] {
        pthread_barrier_wait(&gate);
        LeaveThread(0);
      };
      for (long i = 0; i < threads; ++i) StartThread(&worker);
      pthread_barrier_wait(&gate);
      LeaveThread(5);
    });
    ended[pid] = WaitFor(pid);
  }
  const KeptLog& log = Stop();
  for (const auto& [pid, end] : ended) {
    EXPECT_EQ(LifeOf(log, pid).exit.wait_status, static_cast<uint32_t>(end.status));
  }
}

TEST_F(ThreadsTest, AThousandThreadsAreOneEndWithAllTheirUsage) {
  const pid_t pid = Spawn([] {
    auto worker = [] { pause(); };
    for (int i = 0; i < 1000; ++i) StartThread(&worker);
    _exit(2);
  });
  const Ended ended = WaitFor(pid);
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  const KeptLog& log = Stop();
  const Life life = LifeOf(log, pid);
  EXPECT_THAT(life.exit.wait_status, Optional(2 << 8));
  const auto reaps = log.AllOf<Reap>(static_cast<uint32_t>(pid));
  EXPECT_TRUE((life.exit.flags & kProcUsageExact) != 0 || reaps.size() == 1);
  const auto minflt = reaps.empty() ? life.exit.minflt : reaps[0].minflt;
  EXPECT_THAT(minflt, Optional(static_cast<uint64_t>(ended.usage.ru_minflt)));
}

// Both ways of finding the last thread: as the kernel says it, and as before 6.16.
class GroupEndTest : public LiveTest, public testing::WithParamInterface<bool> {};

TEST_P(GroupEndTest, TwoThreadsThatRaceAreOneEnd) {
  constexpr int kEnough = 500;
  auto source = BpfSource::Open({.args = ArgsCapture::kNone, .assume_no_group_dead = GetParam()});
  ASSERT_TRUE(source) << source.error().message();
  if (GetParam()) {
    EXPECT_FALSE((*source)->uses_group_dead());
  }
  const pid_t actor = SpawnActor({"races", "5000", "10"});
  CountedEnds ends(actor);
  int status = 0;
  const bool done = Await([&] {
    EXPECT_TRUE((*source)->Drain(ends));
    return waitpid(actor, &status, WNOHANG) == actor;
  });
  ASSERT_TRUE(done) << "too slow";
  ASSERT_EQ(status, 0);
  EXPECT_TRUE((*source)->Drain(ends));
  EXPECT_THAT(ends.Histogram(), ElementsAre(Pair(1, Ge(kEnough))));
  EXPECT_EQ((*source)->damaged_events(), 0u);
}

INSTANTIATE_TEST_SUITE_P(, GroupEndTest, testing::Bool(), [](const auto& chosen) {
  return chosen.param ? "AsBefore6_16" : "AsTheKernelSays";
});

}  // namespace
}  // namespace daybook
