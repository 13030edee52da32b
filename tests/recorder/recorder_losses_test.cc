// What is lost on the way into the log is told there, where it happened and once.

#include "recorder/recorder_fixture.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::Optional;
using std::string_view_literals::operator""sv;

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

}  // namespace
}  // namespace daybook
