#include "recorder.h"

#include <algorithm>
#include <csignal>

#include "daybook/abilities.h"
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

class RecorderReloadTest : public RecorderTest {
 protected:
  RecorderReloadTest() {
    options_.args_limit_bytes = 1024;
    options_.filter = "--only-failed";
    source_.counts = {.forks_seen = 5};
  }

  // A step after which so much is kept of arguments.
  void ThenReload(std::optional<uint64_t> args_limit_bytes) {
    source_.ThenDo([this, args_limit_bytes](EventSink&) {
      options_of_reload_.args_limit_bytes = args_limit_bytes;
      raise(SIGHUP);
      return size_t{0};
    });
    source_.Then().Then();
  }

  KeptLog Recorded() {
    options_.reload = [this] { return std::optional(options_of_reload_); };
    EXPECT_TRUE(Record());
    return Log();
  }

  Reloaded options_of_reload_;
};

// Without, a field that is missing from then on would be taken for one that the process did not
// have.
TEST_F(RecorderReloadTest, WhereLessIsKeptOfArgumentsTheLogSaysSoBeforeTheSnapshot) {
  source_.is_continued = true;
  ThenReload(0);
  ThenReload(1024);
  const KeptLog log = Recorded();
  const std::vector<Recorder> told = log.All<Recorder>();
  ASSERT_THAT(told, SizeIs(4));
  EXPECT_THAT(told[0].args_limit_bytes, Optional(1024));
  EXPECT_EQ(told[1].event, RecorderEvent::kStart);
  EXPECT_THAT(told[1].args_limit_bytes, Optional(0));
  EXPECT_THAT(told[2].args_limit_bytes, Optional(1024));
  EXPECT_THAT(told[3].args_limit_bytes, Optional(1024)) << "STOP";
  EXPECT_THAT(Types(1), ElementsAre("clock", "recorder", "snap_begin", "snap_proc", "snap_proc",
                                    "snap_proc", "snap_end", "audit", "segment_end"));
}

TEST_F(RecorderReloadTest, ThatRecordIsAsOfARecorderThatCountsOn) {
  options_.previous_run =
      PreviousRun{.boot_id = {}, .last_time_ns = 1, .kernel_forks = 1, .written = {}};
  ThenReload(0);
  const KeptLog log = Recorded();
  const std::vector<Recorder> told = log.All<Recorder>();
  ASSERT_THAT(told, SizeIs(3));
  EXPECT_TRUE(HasAbility(told[1], kContinues));
  EXPECT_FALSE(HasAbility(told[2], kContinues));
  EXPECT_THAT(told[1].forks_seen, Optional(5));
  EXPECT_NE(told[1].kernel_forks, std::nullopt);
  EXPECT_THAT(told[1].filter, Optional("--only-failed"sv));
  EXPECT_THAT(log.All<RecordingGap>(), SizeIs(1)) << "before START alone";
}

TEST_F(RecorderReloadTest, WhereAsMuchIsKeptAsBeforeTheLogSaysNothing) {
  ThenReload(1024);
  EXPECT_THAT(Recorded().All<Recorder>(), SizeIs(2));
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

TEST_F(RecorderAuditTest, WhoOnlyCountsReadsNoArguments) {
  (void)Wrong();
  const int in_log = static_cast<int>(Log().All<SnapBegin>().size());
  EXPECT_GT(source_.argless_snapshots, 0);
  EXPECT_EQ(source_.snapshots - source_.argless_snapshots, in_log);
}

TEST_F(RecorderAuditTest, WhereSomeAreLeftOutItIsNot) {
  source_.tells_lives = false;
  const Audit audit = Wrong();
  EXPECT_EQ(audit.living, std::nullopt);
  EXPECT_EQ(audit.living_in_log, std::nullopt);
  EXPECT_THAT(Log().All<SnapEnd>(), SizeIs(1));
}

TEST_F(RecorderAuditTest, WhereOthersAreHiddenItIsNot) {
  const TempFolder root;
  options_.root = root.path();
  source_.lacks_hidden = kLacksWhoWasThere;
  EXPECT_EQ(Wrong().living, std::nullopt);
  EXPECT_THAT(Log().All<SnapBegin>(), SizeIs(1)) << "nobody is missed";
}

// The audit's own look at who lives is not kept, and would have ended the doubt.
TEST_F(RecorderAuditTest, ADoubtThatBeginsMeanwhileIsSettledBehindIt) {
  options_.audit_interval_ns = 1;
  source_.counts = {.forks_seen = 1, .exits_seen = 1};
  source_.ThenDo([this](EventSink&) {
    log_.Advance(2'000 * kMs);
    return size_t{1};
  });
  source_.ThenDo([this](EventSink&) {
    source_.in_doubt = true;
    ++*source_.counts.exits_seen;
    return size_t{0};
  });
  ASSERT_TRUE(Record());
  EXPECT_EQ(Log().All<Audit>().at(0).living, std::nullopt);
  EXPECT_THAT(Log().All<SnapEnd>(), SizeIs(2));
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
  options_.duration_ns = 200 * kMs;
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

// The network or an administrator names a host when it has long been recorded.
TEST_F(RecorderTest, ASegmentTellsTheNameThatTheHostHasWhenItBegins) {
  std::string name = "localhost";
  options_.identity = [&name] { return LogIdentity{.info = {{"hostname", name}}}; };
  source_.ThenDo([&](EventSink&) {
    name = "web-7";
    log_.Advance(3'600'000 * kMs);
    return size_t{0};
  });
  source_.ThenDo([&](EventSink&) {
    name = "web-8";
    raise(SIGHUP);
    return size_t{0};
  });
  source_.Then(TestFork(10)).Then(TestFork(11));
  ASSERT_TRUE(Record());
  const KeptLog log = Log();
  ASSERT_THAT(log.segments, SizeIs(3));
  EXPECT_EQ(log.segments[1].All<Info>().at(0).value, "web-7") << "ended by its age";
  EXPECT_EQ(log.segments[2].All<Info>().at(0).value, "web-8") << "ended on request";
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

// /proc shows none of them, and the source asks it who lives.
TEST_F(RecorderTest, WhereOthersAreHiddenNoSnapshotIsAListOfAll) {
  const TempFolder root;
  options_.root = root.path();
  source_.lacks_hidden = kLacksWhoWasThere;
  source_.Then(TestFork(10));
  ASSERT_TRUE(Record());
  EXPECT_THAT(Log().All<SnapProc>(), SizeIs(3));
  EXPECT_THAT(Log().All<SnapEnd>(), IsEmpty());
}

TEST_F(RecorderTest, WhereOthersAreShownItIs) {
  const TempFolder root;
  root.Put("proc/1/status", "Name:\tinit\n");
  options_.root = root.path();
  source_.lacks_hidden = kLacksWhoWasThere;
  source_.Then(TestFork(10));
  ASSERT_TRUE(Record());
  EXPECT_THAT(Log().All<SnapEnd>(), SizeIs(1));
}

}  // namespace
}  // namespace daybook
