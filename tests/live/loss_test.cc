// A ring that is too small loses events, and says exactly how many.

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "bpf_source/bpf_source.h"
#include "live/support/counting_sinks.h"
#include "live/support/filter_test.h"
#include "live/support/live_test.h"
#include "recorder.h"
#include "system/clocks.h"

namespace daybook {
namespace {

constexpr uint64_t kTinyRing = 65536;  // about 150 lives
constexpr char kChildren[] = "2000";

class LossTest : public LiveTest {
 protected:
  static std::unique_ptr<BpfSource> OpenTiny(Filter filter = {}) {
    auto source = BpfSource::Open({.ring_bytes = kTinyRing, .filter = std::move(filter)});
    if (!source) throw std::runtime_error(source.error().message());
    return *std::move(source);
  }

  // More than the ring holds, and nobody reads it.
  static void Overflow() {
    ASSERT_EQ(WaitFor(SpawnActor({"forks", kChildren})).status, 0);
    ASSERT_EQ(WaitFor(SpawnActor({"spawn", "0", "500"})).status, 0);
  }

  // Whether the same events were seen before and after: then nothing happened in between.
  static bool Same(const SourceCounters& a, const SourceCounters& b) {
    return a.forks_seen == b.forks_seen && a.execs_seen == b.execs_seen &&
           a.exits_seen == b.exits_seen;
  }
};

TEST_F(LossTest, WhatWasSeenWasDeliveredOrCountedAsLost) {
  const auto source = OpenTiny();
  CountedEvents events;
  for (int round = 0; round < 3; ++round) {
    Overflow();
    ASSERT_TRUE(source->Drain(events));
  }
  const bool quiet = Await([&] {
    const SourceCounters before = source->counters();
    EXPECT_TRUE(source->Drain(events));
    return Same(before, source->counters());
  });
  ASSERT_TRUE(quiet);
  const SourceCounters counted = source->counters();
  EXPECT_GT(counted.lost.forks, 1000u);
  EXPECT_GT(counted.lost.execs, 100u);
  EXPECT_GT(counted.lost.exits, 1000u);
  EXPECT_EQ(*counted.forks_seen - source->threads_seen(), events.forks + counted.lost.forks);
  EXPECT_EQ(*counted.execs_seen, events.execs + counted.lost.execs);
  EXPECT_EQ(*counted.exits_seen, events.exits + counted.lost.exits);
  EXPECT_EQ(source->damaged_events(), 0u);
}

TEST_F(LossTest, ALossThatIsOverLeavesADoubtOfWhoLives) {
  const auto source = OpenTiny();
  CountedEvents events;
  ASSERT_TRUE(source->Drain(events));
  EXPECT_FALSE(source->WantsResync());
  Overflow();
  EXPECT_FALSE(source->WantsResync()) << "perhaps it goes on";
  const auto wants = [&] {
    EXPECT_TRUE(source->Drain(events));
    return source->WantsResync();
  };
  ASSERT_TRUE(Await(wants));
  KeptProcesses living;
  ASSERT_TRUE(source->Snapshot(living));
  EXPECT_FALSE(source->WantsResync());
}

TEST_F(LossTest, ASnapshotThatFailsLeavesTheDoubt) {
  const TempFolder temp;
  const std::string proc = temp / "proc";
  std::filesystem::create_symlink("/proc", proc);
  const auto source = BpfSource::Open({.ring_bytes = kTinyRing, .proc_root = proc});
  ASSERT_TRUE(source) << source.error().message();
  CountedEvents events;
  Overflow();
  const auto wants = [&] {
    EXPECT_TRUE((*source)->Drain(events));
    return (*source)->WantsResync();
  };
  ASSERT_TRUE(Await(wants));
  KeptProcesses living;
  std::filesystem::remove(proc);
  EXPECT_FALSE((*source)->Snapshot(living));
  EXPECT_TRUE((*source)->WantsResync());
  std::filesystem::create_symlink("/proc", proc);
  EXPECT_TRUE((*source)->Snapshot(living));
  EXPECT_FALSE((*source)->WantsResync());
}

struct CountedReaps : CountedEvents {
  void OnExit(const Exit& exit) override { reaps += (exit.flags & kProcUsageExact) != 0 ? 1 : 0; }
  void OnReap(const Reap&) override { ++reaps; }

  uint64_t reaps = 0;
};

// Of a user of its own: what others do meanwhile takes no room. What is told here is never given
// back, and goes on filling the ring.
TEST_F(LossTest, ReapsLeaveRoomForBirthsAndEnds) {
  constexpr uint64_t kAfterwards = 25;
  const auto source = OpenTiny({.only_uids = {kOneUser}});
  CountedReaps told;
  uint64_t lives = 0;
  // Returns when all are reaped, and the kernel has freed them: where it calls no hook for some,
  // when it has long come to rest.
  const auto live = [&](uint64_t count) {
    using Clock = std::chrono::steady_clock;
    const auto parent = SpawnAs(kOneUser, ACTOR_PROGRAM, {"forks", std::to_string(count)});
    EXPECT_EQ(WaitFor(parent).status, 0);
    lives += count + 1;
    uint64_t seen = 0;
    Clock::time_point since = Clock::now();
    return Await([&] {
      EXPECT_TRUE(source->Drain(told));
      const uint64_t now = told.reaps + source->counters().lost.others;
      if (std::exchange(seen, now) != now) since = Clock::now();
      return seen >= lives || Clock::now() - since > std::chrono::seconds(1);
    });
  };
  while (source->counters().lost.others == 0 && lives < 1000) ASSERT_TRUE(live(10));
  const uint64_t lost_before = source->counters().lost.others;
  ASSERT_GT(lost_before, 0u) << "three quarters are full";
  const uint64_t told_before = told.reaps;
  ASSERT_TRUE(live(kAfterwards));
  EXPECT_EQ(told.reaps, told_before);
  const LostCounts lost = source->counters().lost;
  EXPECT_GE(lost.others, lost_before + kAfterwards - 2);
  EXPECT_LE(lost.others, lost_before + kAfterwards + 1);
  EXPECT_EQ(lost.forks, 0u);
  EXPECT_EQ(lost.exits, 0u);
}

TEST_F(LossTest, TheLogSaysHowManyAndWhen) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const TempFolder temp;
  const auto source = OpenTiny();
  auto folder = OpenLogFolder(temp.path());
  ASSERT_TRUE(folder);
  auto writer = LogWriter::Open(*std::move(folder), source->identity(), ReadClocks);
  ASSERT_TRUE(writer);
  RecorderLoop loop(*source, *writer, {.drain_interval_ns = 5'000'000'000, .duration_ns = 1});
  ASSERT_TRUE(loop.Start());
  const uint64_t begin_ns = BootTimeNs();
  Overflow();
  const SourceCounters before = source->counters();
  const uint64_t threads_before = source->threads_seen();
  ASSERT_TRUE(loop.Run());
  const uint64_t threads_after = source->threads_seen();

  const KeptLog log = ReadLog(temp.path());
  EXPECT_EQ(log.GapCount(), 0u);
  Lost lost{.forks = 0, .execs = 0, .exits = 0};
  uint64_t reaps = 0;
  std::map<uint32_t, LostCounts> by_cpu;
  for (const Lost& record : log.All<Lost>()) {
    EXPECT_EQ(record.reason, LostReason::kKernelRing);
    EXPECT_LE(record.first_time_ns, begin_ns);
    EXPECT_LE(record.last_time_ns, BootTimeNs());
    *lost.forks += record.forks.value_or(0);
    *lost.execs += record.execs.value_or(0);
    *lost.exits += record.exits.value_or(0);
    reaps += record.records.value_or(0);
    ASSERT_TRUE(record.cpu);
    by_cpu[*record.cpu] += {.forks = record.forks.value_or(0),
                            .execs = record.execs.value_or(0),
                            .exits = record.exits.value_or(0),
                            .others = record.records.value_or(0)};
  }
  // Nothing is counted any more.
  const auto counted = source->counters().lost_by_cpu;
  for (uint32_t cpu = 0; cpu < counted.size(); ++cpu) EXPECT_EQ(by_cpu[cpu], counted[cpu]) << cpu;
  EXPECT_GT(*lost.forks, 1000u);
  EXPECT_GT(*lost.exits, 1000u);
  EXPECT_EQ(log.All<SegmentEnd>().back().lost_total,
            *lost.forks + *lost.execs + *lost.exits + reaps);

  // Delivered and lost are what was seen: at least before Run(), at most when it stopped.
  const Recorder stop = log.All<Recorder>().back();
  ASSERT_EQ(stop.event, RecorderEvent::kStop);
  const uint64_t forks = log.All<Fork>().size() + *lost.forks;
  EXPECT_GE(forks, *before.forks_seen - threads_before);
  EXPECT_LE(forks, *stop.forks_seen - threads_before);
  EXPECT_GE(threads_after, threads_before);
  const uint64_t execs = log.All<Exec>().size() + *lost.execs;
  EXPECT_GE(execs, *before.execs_seen);
  EXPECT_LE(execs, *stop.execs_seen);
  const uint64_t exits = log.All<Exit>().size() + *lost.exits;
  EXPECT_GE(exits, *before.exits_seen);
  EXPECT_LE(exits, *stop.exits_seen);
}

}  // namespace
}  // namespace daybook
