// The proc connector as a source: it wakes its reader in time, tells each end once, and counts what
// it loses.

#include "connector/connector_source.h"

#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "live/support/connector_test.h"
#include "live/support/counting_sinks.h"
#include "live/support/live_test.h"
#include "proc/host.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::Ge;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

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

TEST_F(ConnectorSourceTest, OfWhomIsOnlyCountedNoArgumentsAreRead) {
  struct Counting : KeptProcesses {
    bool wants_args() const override { return false; }
  };
  Open();
  Counting living;
  ASSERT_TRUE(source_->Snapshot(living));
  EXPECT_GE(living.all.size(), 2u);
  for (const SnapProc& process : living.all) EXPECT_EQ(process.args_bytes, std::nullopt) << process;
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

TEST_F(ConnectorSourceTest, OfRenamesInARowTheLastIsTold) {
  Open();
  const pid_t pid = Spawn([] {
    for (const char* name : {"a", "b", "c"}) prctl(PR_SET_NAME, name);
    if (const pid_t child = fork(); child == 0) _exit(0);
    for (const char* name : {"d", "e"}) prctl(PR_SET_NAME, name);
  });
  WaitFor(pid);
  KeptEvents events;
  ASSERT_TRUE(source_->Drain(events));
  std::string names;
  for (const CommChange& change : events.All<CommChange>()) {
    if (change.pid == static_cast<uint32_t>(pid)) names += change.comm;
  }
  EXPECT_EQ(names, "ce");
}

TEST_F(ConnectorSourceTest, ASnapshotThatFailsLeavesTheDoubt) {
  const TempFolder temp;
  const std::string proc = temp / "proc";
  std::filesystem::create_symlink("/proc", proc);
  Open({.buffer_bytes = 65536, .proc = {.root = proc}});
  ASSERT_EQ(WaitFor(SpawnActor({"forks", "1000"})).status, 0);
  Drain();
  SendOnEveryProcessor();
  Drain();
  ASSERT_TRUE(source_->WantsResync());
  KeptProcesses living;
  std::filesystem::remove(proc);
  EXPECT_FALSE(source_->Snapshot(living));
  EXPECT_TRUE(source_->WantsResync());
  std::filesystem::create_symlink("/proc", proc);
  EXPECT_TRUE(source_->Snapshot(living));
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

}  // namespace
}  // namespace daybook
