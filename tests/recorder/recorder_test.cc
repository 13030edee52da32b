#include "recorder.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <functional>

#include "recorder/recorder_fixture.h"
#include "support/temp_folder.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Optional;
using testing::SizeIs;
using std::string_view_literals::operator""sv;

// A disk that takes its time: the result is there when it is asked for the second time.
class LateSyncer : public Syncer {
 public:
  void Begin(std::function<Status()> task) override {
    task_ = std::move(task);
    polls_ = 0;
  }
  std::optional<Status> Poll() override {
    if (!task_ || ++polls_ < 2) return std::nullopt;
    return Wait();
  }
  Status Wait() override { return std::exchange(task_, nullptr)(); }

 private:
  std::function<Status()> task_;
  int polls_ = 0;
};

// ---- The frame ----

TEST_F(RecorderTest, ALogIsFramedByStartAndStop) {
  source_.Then(TestFork(10)).Then(TestExit(10));
  ASSERT_TRUE(Record());
  EXPECT_THAT(Types(),
              ElementsAre("clock", "recorder", "snap_begin", "snap_proc", "snap_proc", "snap_proc",
                          "snap_end", "fork", "exit", "recorder", "segment_end"));
  EXPECT_TRUE(Log().segments[0].complete);
  EXPECT_EQ(Log().All<SegmentEnd>().at(0).reason, EndReason::kShutdown);
}

TEST_F(RecorderTest, StartAndStopSayWhatWasSeen) {
  options_.args_limit_bytes = 1024;
  source_.counts = {.forks_seen = 5, .execs_seen = 6, .exits_seen = 7};
  source_.ThenDo([this](EventSink&) {
    source_.counts = {.forks_seen = 8, .execs_seen = 9, .exits_seen = 10};
    return size_t{0};
  });
  ASSERT_TRUE(Record());
  const KeptLog log = Log();
  const auto told = log.All<Recorder>();
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[0].event, RecorderEvent::kStart);
  EXPECT_EQ(told[0].source, "fake");
  EXPECT_EQ(told[0].version, "1.2.3");
  EXPECT_THAT(told[0].forks_seen, Optional(5));
  EXPECT_THAT(told[0].execs_seen, Optional(6));
  EXPECT_THAT(told[0].exits_seen, Optional(7));
  EXPECT_THAT(told[0].ring_bytes, Optional(65536));
  EXPECT_THAT(told[0].drain_interval_us, Optional(1000));
  EXPECT_THAT(told[0].args_limit_bytes, Optional(1024));
  EXPECT_NE(told[0].kernel_forks, std::nullopt);
  EXPECT_EQ(told[1].event, RecorderEvent::kStop);
  EXPECT_THAT(told[1].forks_seen, Optional(8));
  EXPECT_THAT(told[1].exits_seen, Optional(10));
}

// The kernel has counted 1000 when the hooks have seen at least 5, and at most 1000.
TEST_F(RecorderTest, WhereForksComeWithoutAPauseTheFirstCountIsNoLessThanItWas) {
  const TempFolder root;
  root.Put("proc/stat", "processes 1000\n");
  options_.root = root.path();
  source_.counts = {.forks_seen = 5};
  source_.forks_each_look = 1;
  source_.ThenDo([this](EventSink&) {
    log_.Advance(1'000 * kMs);
    return size_t{1};
  });
  source_.ThenDo([this](EventSink&) {
    source_.forks_each_look = 0;
    log_.Advance(1'000 * kMs);
    return size_t{1};
  });
  source_.ThenDo([this](EventSink&) {
    log_.Advance(1'000 * kMs);
    return size_t{1};
  });
  ASSERT_TRUE(Record());
  const Recorder start = Log().All<Recorder>().at(0);
  EXPECT_THAT(start.kernel_forks, Optional(1'000));
  EXPECT_GT(start.forks_seen, 5u) << "the last look is the best";
  const auto audits = Log().All<Audit>();
  ASSERT_THAT(audits, SizeIs(3));
  EXPECT_EQ(audits[0].kernel_forks, std::nullopt) << "an audit must not tell of unseen ones";
  ASSERT_TRUE(audits[1].kernel_forks) << "what START could not tell";
  EXPECT_EQ(*audits[1].kernel_forks - *audits[1].forks_seen, 1'000 - *source_.counts.forks_seen);
  EXPECT_EQ(audits[2].kernel_forks, std::nullopt) << "once is enough";
}

TEST_F(RecorderTest, BeforeTheFirstDrainNothingIsCountedAsRecorded) {
  source_.counts = {.forks_seen = 5};
  ASSERT_TRUE(Record());
  EXPECT_THAT(Log().All<Audit>(), IsEmpty());
}

TEST_F(RecorderTest, WhereTheSourceHasNoCountersTheKernelsIsLeftOut) {
  ASSERT_TRUE(Record());
  EXPECT_EQ(Log().All<Recorder>().at(0).kernel_forks, std::nullopt);
  EXPECT_EQ(Log().All<Recorder>().at(0).args_limit_bytes, std::nullopt);
}

TEST_F(RecorderTest, WhatIsLeftOutOnRequestIsToldAndCounted) {
  options_.filter = "--only-uid 7";
  source_.counts = {.forks_seen = 5, .filtered = FilteredEvents{}};
  source_.ThenDo([this](EventSink&) {
    source_.counts.filtered = {.forks = 1, .execs = 20, .exits = 300, .others = 4000};
    return size_t{0};
  });
  ASSERT_TRUE(Record());
  const KeptLog log = Log();
  EXPECT_THAT(log.All<Recorder>().at(0).filter, Optional("--only-uid 7"sv));
  EXPECT_THAT(log.All<Audit>().back().filtered, Optional(4321)) << "before STOP";
}

TEST_F(RecorderTest, WithoutAFilterNothingIsToldOfOne) {
  source_.counts = {.forks_seen = 5};
  source_.ThenDo([this](EventSink&) {
    log_.Advance(1'000 * kMs);
    return size_t{1};
  });
  ASSERT_TRUE(Record());
  EXPECT_EQ(Log().All<Recorder>().at(0).filter, std::nullopt);
  ASSERT_THAT(Log().All<Audit>(), SizeIs(1));
  EXPECT_EQ(Log().All<Audit>()[0].filtered, std::nullopt);
}

class RecorderAuditTest : public RecorderTest {
 protected:
  // The audit after a birth that the list of the living does not show.
  Audit Wrong() {
    options_.audit_interval_ns = 1;
    source_.counts = {.forks_seen = 1, .exits_seen = 1};
    source_.ThenDo([this](EventSink& sink) {
      sink.OnFork(TestFork(10));
      log_.Advance(kMs);
      return size_t{1};
    });
    EXPECT_TRUE(Record());
    return Log().All<Audit>().at(0);
  }
};

TEST_F(RecorderAuditTest, WhoLivesIsHeldAgainstTheLog) {
  const Audit audit = Wrong();
  EXPECT_THAT(audit.living, Optional(3));
  EXPECT_THAT(audit.living_in_log, Optional(4));
  EXPECT_THAT(Log().All<SnapEnd>(), SizeIs(Ge(2))) << "it is settled";
}

TEST_F(RecorderAuditTest, WhereSomeAreLeftOutItIsNot) {
  source_.tells_lives = false;
  const Audit audit = Wrong();
  EXPECT_EQ(audit.living, std::nullopt);
  EXPECT_EQ(audit.living_in_log, std::nullopt);
  EXPECT_THAT(Log().All<SnapEnd>(), SizeIs(1));
}

TEST_F(RecorderTest, WhatWaitsAtTheEndIsTaken) {
  source_.endless = true;
  options_.duration_ns = 1;
  source_.Then(TestFork(10));
  ASSERT_TRUE(Record());
  EXPECT_THAT(PidsOfForks(), ElementsAre(10));
}

// ---- When it stops ----

TEST_F(RecorderTest, TheDurationEndsIt) {
  source_.endless = true;
  options_.duration_ns = 20 * kMs;
  ASSERT_TRUE(Record());
  EXPECT_GT(source_.drains, 1);
  EXPECT_EQ(Log().All<Recorder>().back().event, RecorderEvent::kStop);
}

TEST_F(RecorderTest, SigtermAndSigintEndIt) {
  source_.endless = true;
  for (const int signal : {SIGTERM, SIGINT}) {
    LogBuilder log;
    RecorderLoop loop(source_, log.writer(), options_);
    ASSERT_TRUE(loop.Start());
    source_.ThenDo([signal](EventSink&) {
      raise(signal);
      return size_t{0};
    });
    ASSERT_TRUE(loop.Run());
    EXPECT_TRUE(ReadAll(log.Segment()).complete);
  }
}

// ---- Snapshots ----

class RecorderRotationTest : public RecorderTest {
 protected:
  RecorderRotationTest() : RecorderTest({.segment_bytes = 16384}) {}
};

TEST_F(RecorderRotationTest, EverySegmentHasACompleteSnapshotAndEveryEventIsThereOnce) {
  constexpr uint32_t kPerStep = 500;
  for (uint32_t step = 0; step < 20; ++step) {
    source_.ThenDo([step](EventSink& sink) {
      for (uint32_t i = 0; i < kPerStep; ++i) sink.OnFork(TestFork(step * kPerStep + i + 1));
      return size_t{kPerStep};
    });
  }
  ASSERT_TRUE(Record());
  const KeptLog log = Log();
  ASSERT_GE(log.segments.size(), 5u);
  EXPECT_EQ(log.GapCount(), 0u);
  EXPECT_EQ(source_.snapshots, static_cast<int>(log.segments.size()));
  for (const KeptSegment& segment : log.segments) {
    EXPECT_TRUE(segment.complete);
    EXPECT_THAT(segment.All<SnapBegin>(), SizeIs(1));
    EXPECT_THAT(segment.All<SnapProc>(), SizeIs(3));
    EXPECT_EQ(segment.All<SnapEnd>().at(0).process_count, 3u);
  }
  const auto forks = log.All<Fork>();
  ASSERT_THAT(forks, SizeIs(20 * kPerStep));
  for (uint32_t i = 0; i < forks.size(); ++i) EXPECT_EQ(forks[i].pid, i + 1);
}

// Else a segment that is smaller than the snapshot would be followed by snapshots for ever.
TEST_F(RecorderRotationTest, ASegmentHoldsAtLeastAsManyEventsAsProcesses) {
  source_.living.resize(2000);
  for (uint32_t i = 0; i < 2000; ++i) source_.living[i] = i + 1;
  source_.ThenDo([](EventSink& sink) {
    for (uint32_t pid = 1; pid <= 4500; ++pid) sink.OnFork(TestFork(pid));
    return size_t{4500};
  });
  ASSERT_TRUE(Record());
  const KeptLog log = Log();
  ASSERT_THAT(log.segments, SizeIs(3));
  EXPECT_THAT(log.segments[0].All<Fork>(), SizeIs(2000));
}

TEST_F(RecorderTest, AnAgedSegmentIsEndedWithoutEvents) {
  source_.ThenDo([this](EventSink&) {
    log_.Advance(3'600'000 * kMs);
    return size_t{0};
  });
  source_.Then(TestFork(10));
  ASSERT_TRUE(Record());
  ASSERT_THAT(Log().segments, SizeIs(2));
  EXPECT_EQ(Log().All<SegmentEnd>().at(0).reason, EndReason::kAge);
  EXPECT_THAT(Types(1), ElementsAre("clock", "snap_begin", "snap_proc", "snap_proc", "snap_proc",
                                    "snap_end", "fork", "recorder", "segment_end"));
}

// So that a window of whole hours is made of whole segments.
TEST_F(RecorderTest, TheEventThatIsTooLateForASegmentBeginsTheNextOne) {
  constexpr uint64_t kHourNs = 3'600'000 * kMs;
  const uint64_t round_ns =
      kTestBootNs + kHourNs - static_cast<uint64_t>(kTestRealtimeNs) % kHourNs;
  source_.ThenDo([&](EventSink& sink) {
    log_.Advance(round_ns + 200 * kMs - kTestBootNs);
    sink.OnFork(TestFork(10, round_ns - kMs));
    sink.OnFork(TestFork(11, round_ns + kMs));
    sink.OnFork(TestFork(12, round_ns + 2 * kMs));
    return size_t{3};
  });
  ASSERT_TRUE(Record());
  const KeptLog log = Log();
  ASSERT_THAT(log.segments, SizeIs(2));
  EXPECT_THAT(log.segments[0].All<Fork>(), SizeIs(1));
  EXPECT_LT(log.segments[0].All<SegmentEnd>().at(0).time_ns, round_ns);
  EXPECT_THAT(Types(1), ElementsAre("clock", "fork", "snap_begin", "snap_proc", "snap_proc",
                                    "snap_proc", "snap_end", "fork", "recorder", "segment_end"));
}

// What still waits in the source, a killed recorder does not write any more.
TEST_F(RecorderRotationTest, InTheMiddleOfABatchTheCountIsThatOfBefore) {
  source_.counts.forks_seen = 2;
  source_.ThenDo([this](EventSink& sink) {
    source_.counts.forks_seen = 4;
    log_.Advance(7'200'000 * kMs);
    sink.OnFork(TestFork(10, log_.now_ns()));
    sink.OnFork(TestFork(11, log_.now_ns()));
    return size_t{2};
  });
  ASSERT_TRUE(Record());
  const KeptLog log = Log();
  ASSERT_THAT(log.segments, SizeIs(2));
  const auto audits = log.segments[1].All<Audit>();
  ASSERT_THAT(audits, Not(IsEmpty()));
  EXPECT_EQ(audits[0].forks_seen, 2u);
  EXPECT_EQ(audits[0].time_ns, kTestBootNs);
}

TEST_F(RecorderRotationTest, EverySegmentTellsThePathsOfCgroupsBehindItsSnapshot) {
  source_.cgroups = {"/", "/a"};
  for (int i = 0; i < 200; ++i) source_.Then(TestFork(10), TestFork(11), TestFork(12));
  ASSERT_TRUE(Record());
  const KeptLog log = Log();
  ASSERT_THAT(log.segments, SizeIs(Ge(2)));
  for (size_t i = 0; i < log.segments.size(); ++i) {
    const std::vector<std::string_view> types = Types(i);
    const auto end = std::ranges::find(types, "snap_end");
    ASSERT_GE(types.end() - end, 3);
    EXPECT_THAT((std::vector{end[1], end[2]}), ElementsAre("cgroup", "cgroup"));
    const auto cgroups = log.segments[i].All<CgroupPath>();
    ASSERT_THAT(cgroups, SizeIs(2));
    EXPECT_EQ(cgroups[1].path, "/a");
  }
}

TEST_F(RecorderTest, ASnapshotThatFailsHasNoEndAndRecordingGoesOn) {
  source_.snapshot_error = true;
  source_.Then(TestFork(10));
  EXPECT_THAT(RecordAndListen(), HasSubstr("no snapshot today; going on"));
  const KeptLog log = Log();
  EXPECT_THAT(log.All<SnapBegin>(), SizeIs(1));
  EXPECT_THAT(log.All<SnapEnd>(), IsEmpty());
  EXPECT_THAT(PidsOfForks(), ElementsAre(10));
}

// ---- Losses ----

TEST_F(RecorderTest, ArgumentsAreWrittenAsTheyAreToBeKept) {
  options_.keep_args = [](std::string_view args) -> std::optional<std::string_view> {
    if (args == "none") return std::nullopt;
    return args.substr(1);
  };
  const auto exec_with = [](std::optional<std::string_view> args) {
    return Exec{.time_ns = kTestBootNs, .pid = 10, .args_bytes = 4, .args = args};
  };
  source_.living_args = "abc";
  source_.Then(exec_with("xyz"), exec_with("none"), exec_with(std::nullopt));
  ASSERT_TRUE(Record());
  const KeptLog log = Log();
  EXPECT_THAT(log.All<Exec>(),
              ElementsAre(exec_with("yz"), exec_with(std::nullopt), exec_with(std::nullopt)));
  for (const SnapProc& process : log.All<SnapProc>()) EXPECT_THAT(process.args, Optional("bc"sv));
}

TEST_F(RecorderTest, LossesAreToldWhereTheyHappenedAndOnce) {
  source_.Then(TestFork(10)).ThenDo([this](EventSink& sink) {
    log_.Advance(kMs);
    sink.OnFork(TestFork(11));
    source_.counts.lost.forks = 3;
    source_.counts.lost.execs = 2;
    source_.counts.lost.exits = 1;
    return size_t{1};
  });
  source_.Then(TestFork(12)).ThenDo([this](EventSink&) {
    log_.Advance(kMs);
    source_.counts.lost.exits = 5;
    return size_t{0};
  });
  ASSERT_TRUE(Record());
  EXPECT_THAT(Types(), ElementsAre("clock", "recorder", "snap_begin", "snap_proc", "snap_proc",
                                   "snap_proc", "snap_end", "fork", "fork", "lost", "fork", "lost",
                                   "recorder", "segment_end"));
  EXPECT_THAT(Log().All<Lost>(), ElementsAre(Lost{.first_time_ns = kTestBootNs,
                                                  .last_time_ns = kTestBootNs + kMs,
                                                  .reason = LostReason::kKernelRing,
                                                  .forks = 3,
                                                  .execs = 2,
                                                  .exits = 1},
                                             Lost{.first_time_ns = kTestBootNs + kMs,
                                                  .last_time_ns = kTestBootNs + 2 * kMs,
                                                  .reason = LostReason::kKernelRing,
                                                  .forks = 0,
                                                  .execs = 0,
                                                  .exits = 4}));
}

TEST_F(RecorderTest, LossesAreToldForEachCpuThatLost) {
  source_.ThenDo([this](EventSink&) {
    source_.counts.lost = {.forks = 3, .execs = 2, .exits = 1, .others = 5};
    source_.counts.lost_by_cpu = {{.forks = 3}, {}, {.execs = 2, .exits = 1, .others = 1}};
    return size_t{0};
  });
  source_.ThenDo([this](EventSink&) {
    source_.counts.lost.forks = 4;
    source_.counts.lost_by_cpu[0].forks = 4;
    return size_t{0};
  });
  ASSERT_TRUE(Record());
  const auto at_begin = [](Lost lost) {
    lost.first_time_ns = lost.last_time_ns = kTestBootNs;
    return lost;
  };
  const KeptLog log = Log();
  EXPECT_THAT(log.All<Lost>(),
              ElementsAre(at_begin({.forks = 3, .execs = 0, .exits = 0, .cpu = 0}),
                          at_begin({.forks = 0, .execs = 2, .exits = 1, .records = 1, .cpu = 2}),
                          at_begin({.forks = 0, .execs = 0, .exits = 0, .records = 4}),
                          at_begin({.forks = 1, .execs = 0, .exits = 0, .cpu = 0})));
  EXPECT_EQ(log.All<SegmentEnd>().at(0).lost_total, 12u);
}

TEST_F(RecorderTest, LossesAreInTheTotalsOfTheLog) {
  source_.ThenDo([this](EventSink&) {
    source_.counts.lost.forks = 7;
    return size_t{0};
  });
  ASSERT_TRUE(Record());
  const KeptLog log = Log();
  EXPECT_EQ(log.All<SegmentEnd>().at(0).lost_total, 7u);
  EXPECT_EQ(log.All<Checkpoint>().back().lost_total, 7u);
  EXPECT_EQ(log.All<Checkpoint>().front().lost_total, 0u);
}

TEST_F(RecorderTest, LossesThatASourceTellsOfArePassedOnAndCounted) {
  const Lost lost{.first_time_ns = kTestBootNs,
                  .last_time_ns = kTestBootNs + kMs,
                  .reason = LostReason::kDamagedLog,
                  .records = 9};
  source_.Then(TestFork(10), lost, TestFork(11));
  ASSERT_TRUE(Record());
  EXPECT_THAT(Log().All<Lost>(), ElementsAre(lost));
  EXPECT_EQ(Log().All<SegmentEnd>().at(0).lost_total, 9u);
}

TEST_F(RecorderTest, DoubtIsSettledByASnapshotAfterTheLoss) {
  source_.Then(TestFork(10)).ThenDo([this](EventSink&) {
    log_.Advance(1000 * kMs);
    source_.in_doubt = true;
    source_.counts.lost.others = 4;
    return size_t{1};
  });
  source_.Then(TestFork(12));
  ASSERT_TRUE(Record());
  EXPECT_EQ(source_.snapshots, 2);
  EXPECT_THAT(Types(),
              ElementsAre("clock", "recorder", "snap_begin", "snap_proc", "snap_proc", "snap_proc",
                          "snap_end", "fork", "lost", "snap_begin", "snap_proc", "snap_proc",
                          "snap_proc", "snap_end", "fork", "recorder", "segment_end"));
}

TEST_F(RecorderTest, ASourceThatLosesAgainAndAgainIsNotMadeSlowerBySnapshots) {
  for (int turn = 0; turn < 100; ++turn) {
    source_.ThenDo([this](EventSink&) {
      log_.Advance(25 * kMs);
      source_.in_doubt = true;
      return size_t{1};
    });
  }
  ASSERT_TRUE(Record());
  EXPECT_EQ(source_.snapshots, 1 + 2) << "at the start, and one in each second";
}

// ---- Sleep ----

class RecorderSleepTest : public RecorderTest {
 protected:
  RecorderSleepTest() {
    source_.can_sleep = true;
    source_.endless = true;
  }
};

TEST_F(RecorderSleepTest, WhileNothingHappensThereAreNoTurns) {
  options_.duration_ns = FakeSource::kNapNs / 2;
  ASSERT_TRUE(Record());
  EXPECT_EQ(source_.sleeps, 1);
  EXPECT_EQ(source_.drains, 2 + 1) << "two quiet turns, and what waits at the end";
}

TEST_F(RecorderSleepTest, AnEventWakesItAndTurnsComeAgain) {
  options_.duration_ns = 2 * FakeSource::kNapNs;
  source_.Then().Then().Then(TestFork(10)).Then(TestFork(11)).Then(TestFork(12));
  ASSERT_TRUE(Record());
  EXPECT_THAT(PidsOfForks(), ElementsAre(10, 11, 12));
  EXPECT_EQ(source_.sleeps, 2);
}

TEST_F(RecorderSleepTest, ItStaysAwakeWhileEventsCome) {
  options_.duration_ns = 20 * kMs;
  for (uint32_t pid = 1; pid <= 1000; ++pid) source_.Then(TestFork(pid));
  ASSERT_TRUE(Record());
  EXPECT_EQ(source_.sleeps, 0);
}

TEST_F(RecorderSleepTest, ItStaysAwakeWhileTheSourceIsInDoubt) {
  options_.duration_ns = 20 * kMs;
  source_.ThenDo([this](EventSink&) {
    source_.in_doubt = true;  // and no time passes
    return size_t{0};
  });
  ASSERT_TRUE(Record());
  EXPECT_EQ(source_.sleeps, 0);
}

TEST_F(RecorderSleepTest, ItStaysAwakeWhereEventsWaitAlready) {
  options_.duration_ns = 20 * kMs;
  source_.may_sleep = false;
  ASSERT_TRUE(Record());
  EXPECT_GT(source_.sleeps, 1);
  EXPECT_GT(source_.drains, source_.sleeps);
}

TEST_F(RecorderSleepTest, AClockAnchorIsWrittenInItsSleep) {
  options_.clock_interval_ns = 5 * kMs;
  options_.duration_ns = FakeSource::kNapNs - 3 * kMs;
  ASSERT_TRUE(Record());
  EXPECT_GT(source_.sleeps, 1) << "readiness to be woken is asked for again after each drain";
  EXPECT_EQ(source_.drains, source_.sleeps + 1 + 1) << "no turns in between";
  int periodic = 0;
  for (const Clock& clock : Log().All<Clock>()) periodic += clock.reason == ClockReason::kPeriodic;
  EXPECT_GE(periodic, 1);
  EXPECT_LE(source_.drains_asleep, periodic + 1);
}

TEST_F(RecorderSleepTest, WhatIsNotDurableIsMadeSoBefore) {
  options_.duration_ns = FakeSource::kNapNs / 2;
  source_.Then(TestFork(10));
  bool synced = false;
  log_.disk().fault = [&](std::string_view operation, size_t) {
    synced = synced || (operation == "sync" && source_.sleeps == 0);
    return 0;
  };
  ASSERT_TRUE(Record());
  EXPECT_TRUE(synced);
}

class RecorderLateSyncTest : public RecorderTest {
 protected:
  RecorderLateSyncTest() : RecorderTest({}, std::make_unique<LateSyncer>()) {
    source_.can_sleep = true;
    source_.endless = true;
  }
};

TEST_F(RecorderLateSyncTest, ASegmentThatAgedInItsSleepIsMadeDurableBeforeItSleepsAgain) {
  options_.clock_interval_ns = 5 * kMs;
  options_.duration_ns = FakeSource::kNapNs - 3 * kMs;
  bool aged = false;
  const FakeSource::Step age = [&](EventSink&) -> Result<size_t> {
    if (source_.sleeps == 0) {
      source_.ThenDo(age);
      return size_t{0};
    }
    log_.Advance(3'600'000 * kMs);
    aged = true;
    return size_t{0};
  };
  source_.ThenDo(age);
  ASSERT_TRUE(Record());
  ASSERT_TRUE(aged);
  EXPECT_GT(source_.sleeps, 1) << "and then again";
  EXPECT_EQ(source_.sleeps_unsynced, 0);
}

// ---- Trouble ----

TEST_F(RecorderTest, AFullDiskAtTheStartIsWaitedFor) {
  const auto give_room = [this] { log_.disk().fault = [](std::string_view, size_t) { return 0; }; };
  log_.disk().fault = [](std::string_view, size_t) { return ENOSPC; };
  source_.Then(TestFork(10)).ThenDo([&](EventSink& sink) {
    give_room();
    log_.Advance(2'000 * kMs);
    sink.OnFork(TestFork(11));
    return size_t{1};
  });
  source_.Then(TestFork(12));
  EXPECT_THAT(RecordAndListen(), HasSubstr("No space left on device; going on"));
  EXPECT_THAT(PidsOfForks(), ElementsAre(10, 11, 12));
}

TEST_F(RecorderTest, WhileSyncsKeepFailingThereIsOneSnapshotMoreAndOneComplaint) {
  for (uint32_t second = 1; second <= 300; ++second) {
    source_.ThenDo([this, second](EventSink& sink) {
      log_.disk().fault = [](std::string_view operation, size_t) {
        return operation == "sync" ? EIO : 0;
      };
      log_.Advance(1'000 * kMs);
      sink.OnFork(TestFork(second));
      return size_t{1};
    });
  }
  source_.ThenDo([this](EventSink&) {
    log_.disk().fault = [](std::string_view, size_t) { return 0; };
    log_.Advance(60'000 * kMs);
    return size_t{0};
  });
  source_.Then(TestFork(301));
  const std::string said = RecordAndListen();
  EXPECT_EQ(source_.snapshots, 2);
  EXPECT_EQ(said.find("going on"), said.rfind("going on")) << said;
  EXPECT_THAT(said, HasSubstr("recording again"));
  EXPECT_THAT(PidsOfForks(), SizeIs(301));
}

TEST_F(RecorderTest, AWriteThatFailsCostsNothingButTheSegment) {
  source_.Then(TestFork(10)).ThenDo([this](EventSink& sink) {
    log_.disk().fault = [failed = false](std::string_view operation, size_t) mutable {
      return operation == "write" && !std::exchange(failed, true) ? ENOSPC : 0;
    };
    sink.OnFork(TestFork(11));
    return size_t{1};
  });
  source_.Then(TestFork(12));
  const std::string said = RecordAndListen();
  EXPECT_THAT(said, HasSubstr("No space left on device; going on"));
  EXPECT_THAT(said, HasSubstr("recording again"));
  ASSERT_THAT(Log().segments, SizeIs(2));
  EXPECT_THAT(PidsOfForks(), ElementsAre(10, 11, 12));
  auto types = Types(1);  // the block that failed, and then
  types.erase(types.begin(), types.end() - 8);
  EXPECT_THAT(types, ElementsAre("snap_begin", "snap_proc", "snap_proc", "snap_proc", "snap_end",
                                 "fork", "recorder", "segment_end"));
}

TEST_F(RecorderTest, WhileTheDiskIsFullEventsWait) {
  source_.Then(TestFork(10)).ThenDo([this](EventSink& sink) {
    log_.disk().fault = [](std::string_view, size_t) { return ENOSPC; };
    sink.OnFork(TestFork(11));
    return size_t{1};
  });
  source_.Then(TestFork(12)).ThenDo([this](EventSink& sink) {
    log_.disk().fault = [](std::string_view, size_t) { return 0; };
    log_.Advance(2'000 * kMs);  // past the writer's retry interval
    sink.OnFork(TestFork(13));
    return size_t{1};
  });
  source_.ThenDo([this](EventSink&) {
    log_.Advance(1'000 * kMs);  // until the next sync, which must succeed too
    return size_t{0};
  });
  source_.Then(TestFork(14));
  const std::string said = RecordAndListen();
  EXPECT_THAT(PidsOfForks(), ElementsAre(10, 11, 12, 13, 14));
  const KeptLog log = Log();
  for (const KeptSegment& segment : log.segments) {
    EXPECT_THAT(segment.All<SnapEnd>(), Not(IsEmpty()));
  }
  EXPECT_THAT(said, HasSubstr("going on"));
  EXPECT_THAT(said, HasSubstr("recording again"));
}

TEST_F(RecorderSleepTest, ItDoesNotSleepWhileTheDiskRefusesRecords) {
  options_.duration_ns = 20 * kMs;
  source_.Then(TestFork(10)).ThenDo([this](EventSink& sink) {
    log_.disk().fault = [](std::string_view, size_t) { return ENOSPC; };
    sink.OnFork(TestFork(11));
    return size_t{1};
  });
  testing::internal::CaptureStderr();
  EXPECT_FALSE(Record()) << "the disk refuses to the end";
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(source_.sleeps, 0);
}

TEST_F(RecorderTest, ASourceThatFailsOnceIsAskedAgain) {
  source_.ThenDo([](EventSink&) -> Result<size_t> { return Error("no events today"); });
  source_.Then(TestFork(10));
  const std::string said = RecordAndListen();
  EXPECT_THAT(said, HasSubstr("no events today; going on"));
  EXPECT_THAT(PidsOfForks(), ElementsAre(10));
}

// Beside a disk that is well, once in each time of trouble.
TEST_F(RecorderTest, ASourceThatGoesOnFailingIsComplainedOfOnce) {
  const auto fail = [](EventSink&) -> Result<size_t> { return Error("no events today"); };
  source_.ThenDo(fail).ThenDo(fail).ThenDo(fail);
  source_.Then(TestFork(10));
  const std::string said = RecordAndListen();
  EXPECT_EQ(said, "daybookd: no events today; going on\ndaybookd: recording again\n");
}

// ---- What is told of it ----

class NotingObserver : public RecorderObserver {
 public:
  void OnReady(const RecorderStatus& status) override { Note("ready", status); }
  void OnStatus(const RecorderStatus& status) override { Note("status", status); }
  void OnAlive() override { ++alive; }
  void OnReload() override { told.push_back("reload"); }
  void OnStop() override { told.push_back("stop"); }

  std::vector<std::string> told;
  std::vector<RecorderStatus> statuses;
  int alive = 0;

 private:
  void Note(const std::string& what, const RecorderStatus& status) {
    told.push_back(what);
    statuses.push_back(status);
  }
};

class RecorderObserverTest : public RecorderTest {
 protected:
  RecorderObserverTest() { options_.observer = &observer_; }

  // A step after which the recorder's clock interval is over.
  FakeSource& ThenWaitForTheClock() {
    return source_.ThenDo([](EventSink&) {
      usleep(30'000);
      return size_t{0};
    });
  }

  NotingObserver observer_;
};

// That nobody listened in between is no loss of a buffer that is too small.
TEST_F(RecorderObserverTest, WhatWasNotListenedToBeforeIsNoLoss) {
  source_.is_continued = true;
  source_.continues_wholly = false;
  ASSERT_TRUE(Record());
  EXPECT_THAT(Log().All<Lost>(), SizeIs(1));
  for (const RecorderStatus& status : observer_.statuses) {
    EXPECT_EQ(status.others_lost, 0u);
    EXPECT_EQ(status.newly_lost, 0u);
  }
  EXPECT_EQ(Log().All<SegmentEnd>().at(0).lost_total, 0u);
}

TEST_F(RecorderObserverTest, ItIsReadyOnceTheSnapshotIsDurable) {
  source_.ThenDo([this](EventSink&) {
    EXPECT_THAT(observer_.told, ElementsAre("ready"));
    EXPECT_FALSE(log_.writer().SyncPending());
    return size_t{0};
  });
  ASSERT_TRUE(Record());
  EXPECT_THAT(observer_.told, ElementsAre("ready", "stop", "status"));
  EXPECT_TRUE(observer_.statuses[0].recording);
  EXPECT_EQ(observer_.statuses[0].source, "fake");
  EXPECT_EQ(observer_.statuses[0].version, "1.2.3");
  EXPECT_EQ(observer_.statuses[0].segment_no, 1u);
  EXPECT_NE(observer_.statuses[0].last_sync_realtime_ns, std::nullopt);
  EXPECT_FALSE(observer_.statuses[1].recording);
}

TEST_F(RecorderObserverTest, CountsAreTold) {
  source_.ThenDo([this](EventSink& sink) {
    sink.OnFork(TestFork(10));
    sink.OnFork(TestFork(11));
    source_.counts = {
        .forks_seen = 7, .lost = {.forks = 2, .exits = 3}, .filtered = FilteredEvents{.execs = 6}};
    log_.Advance(kMs);
    return size_t{2};
  });
  ASSERT_TRUE(Record());
  const RecorderStatus& last = observer_.statuses.back();
  EXPECT_EQ(last.events, 2u);
  EXPECT_THAT(last.forks_seen, Optional(7));
  EXPECT_EQ(last.forks_lost, 2u);
  EXPECT_EQ(last.exits_lost, 3u);
  EXPECT_THAT(last.filtered, Optional(6));
  EXPECT_EQ(last.newly_lost, 5u);
  EXPECT_GE(last.lag_us, 1000u);
  EXPECT_GT(last.events_per_second, 0u);
  EXPECT_NE(last.last_event_realtime_ns, std::nullopt);
}

TEST_F(RecorderObserverTest, AtTheClockItIsToldWhatIsNewAndOnceMoreThatNothingIs) {
  options_.clock_interval_ns = 10 * kMs;
  source_.Then(TestFork(10));
  for (int i = 0; i < 6; ++i) ThenWaitForTheClock();
  ASSERT_TRUE(Record());
  EXPECT_THAT(observer_.told, ElementsAre("ready", "status", "status", "stop", "status"));
  EXPECT_EQ(observer_.statuses[1].events, 1u);
  EXPECT_EQ(observer_.statuses[2].events_per_second, 0u);
  EXPECT_GT(observer_.alive, 3);
}

TEST_F(RecorderObserverTest, TheWatchdogWakesItOnlyWhereTheClockDoesNot) {
  options_.watchdog_interval_ns = 10 * kMs;
  for (int i = 0; i < 3; ++i) ThenWaitForTheClock();
  ASSERT_TRUE(Record());
  EXPECT_GE(observer_.alive, 2);
}

TEST_F(RecorderObserverTest, SighupEndsTheSegmentAndSigusr1Asks) {
  for (const int signal : {SIGHUP, SIGUSR1}) {
    source_.ThenDo([signal](EventSink&) {
      raise(signal);
      return size_t{0};
    });
  }
  for (int i = 0; i < 3; ++i) ThenWaitForTheClock();
  ASSERT_TRUE(Record());
  EXPECT_THAT(observer_.told, ElementsAre("ready", "reload", "ready", "status", "stop", "status"));
  ASSERT_THAT(Log().segments, SizeIs(2));
  EXPECT_EQ(Log().segments[0].All<SegmentEnd>().at(0).reason, EndReason::kRequest);
  EXPECT_THAT(Log().segments[1].All<SnapEnd>(), SizeIs(1));
}

}  // namespace
}  // namespace daybook
