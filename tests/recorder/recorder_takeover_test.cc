// What a recorder leaves to the one after it, and what it makes of what it was left.

#include <csignal>

#include "recorder.h"
#include "recorder/recorder_fixture.h"
#include "support/a_life.h"
#include "support/temp_folder.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class RecorderTakeoverTest : public RecorderTest {
 protected:
  // As if a recorder before this one had written that.
  template <class... Records>
  void Left(const Records&... records) {
    options_.previous_run = PreviousRun{.boot_id = {}, .kernel_forks = 1, .written = {}};
    (options_.previous_run->written.Add(records), ...);
    source_.is_continued = true;
  }
};

TEST_F(RecorderTakeoverTest, WhatWasDrainedIsGivenBackOnceItIsWritten) {
  std::vector<size_t> in_the_log;
  source_.on_commit = [&] { in_the_log.push_back(PidsOfForks().size()); };
  source_.Then(TestFork(10)).Then(TestFork(11), TestFork(12));
  ASSERT_TRUE(Record());
  EXPECT_THAT(in_the_log, ElementsAre(0, 1, 3, 3));
  for (const auto& commit : source_.commits) EXPECT_EQ(commit.unwritten, 0u);
}

TEST_F(RecorderTakeoverTest, OfALongDrainEachPartIsGivenBackOnceItIsWritten) {
  std::vector<size_t> in_the_log;
  source_.on_commit = [&] { in_the_log.push_back(PidsOfForks().size()); };
  source_.ThenAsAPart(TestFork(10), TestFork(11)).ThenAsAPart(TestFork(12)).Then(TestFork(13));
  ASSERT_TRUE(Record());
  EXPECT_THAT(in_the_log, ElementsAre(0, 2, 3, 4, 4, 4)) << "and the last one before the turn ends";
}

// Its successor will look for all of it in what the recorder before this one has written.
TEST_F(RecorderTakeoverTest, OfWhatWasLeftNothingIsGivenBackBeforeAllIsLookedFor) {
  Left(TestFork(10), TestFork(11));
  std::vector<size_t> in_the_log;
  source_.on_commit = [&] { in_the_log.push_back(PidsOfForks().size()); };
  source_.ThenAsAPart(TestFork(10)).ThenAsAPart(TestFork(11), TestFork(12)).Then(TestFork(13));
  ASSERT_TRUE(Record());
  EXPECT_THAT(PidsOfForks(), ElementsAre(12, 13));
  EXPECT_THAT(in_the_log, ElementsAre(2, 2));
}

TEST_F(RecorderTakeoverTest, WhatTheDiskRefusesIsSaidWithIt) {
  source_.Then(TestFork(10)).ThenDo([this](EventSink& sink) {
    log_.disk().fault = [](std::string_view, size_t) { return ENOSPC; };
    sink.OnFork(TestFork(11));
    return size_t{1};
  });
  source_.Then(TestFork(12), TestFork(13)).ThenDo([this](EventSink&) {
    log_.disk().fault = [](std::string_view, size_t) { return 0; };
    log_.Advance(2'000 * kMs);
    return size_t{0};
  });
  RecordAndListen();
  ASSERT_THAT(source_.commits, SizeIs(6));
  EXPECT_EQ(source_.commits[1].unwritten, 0u);
  EXPECT_EQ(source_.commits[2].unwritten, 1u);
  EXPECT_EQ(source_.commits[3].unwritten, 3u);
  EXPECT_EQ(source_.commits[4].unwritten, 0u);
  const auto written_until = [this](size_t i) { return source_.commits[i].log.next_seq; };
  EXPECT_EQ(written_until(2), written_until(1));
  EXPECT_EQ(written_until(3), written_until(1));
  EXPECT_GT(written_until(4), written_until(1));
}

TEST_F(RecorderTakeoverTest, TheLossesThatTheLogTellsOfAreSaidWithIt) {
  source_.ThenDo([this](EventSink&) {
    source_.counts.lost.exits = 7;
    return size_t{0};
  });
  ASSERT_TRUE(Record());
  ASSERT_THAT(source_.commits, SizeIs(3));
  EXPECT_EQ(source_.commits[1].told.lost.exits, 7u);
}

TEST_F(RecorderTakeoverTest, FromWhichNumberOnTheLogMayHaveWhatIsNotGivenBackIsSaid) {
  std::vector<uint64_t> last_seqs;
  source_.on_commit = [&] {
    uint64_t last_seq = 0;
    for (const KeptSegment& segment : Log().segments) {
      for (const auto& entry : segment.entries) last_seq = entry.seq.value_or(last_seq);
    }
    last_seqs.push_back(last_seq);
  };
  source_.Then(TestFork(10)).Then(TestFork(11), TestFork(12));
  ASSERT_TRUE(Record());
  ASSERT_THAT(source_.commits, SizeIs(4));
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(source_.commits[i].log.next_seq, last_seqs[i] + 1) << i;
}

TEST_F(RecorderTakeoverTest, WhichLogItIsIsSaidOnceThereIsOne) {
  log_.disk().fault = [](std::string_view, size_t) { return ENOSPC; };
  source_.Then(TestFork(10)).ThenDo([this](EventSink&) {
    log_.disk().fault = [](std::string_view, size_t) { return 0; };
    log_.Advance(2'000 * kMs);
    return size_t{0};
  });
  RecordAndListen();
  ASSERT_THAT(source_.commits, SizeIs(4));
  EXPECT_EQ(source_.commits[1].log.stream_id, Id128());
  EXPECT_EQ(source_.commits[1].log.next_seq, 1u);
  EXPECT_EQ(source_.commits[3].log.stream_id,
            Log().segments.at(0).All<SegmentStart>().at(0).stream_id);
}

TEST_F(RecorderTakeoverTest, LossesThatAreWrittenButNotSaidToBeAreNotToldAgain) {
  Left(Lost{.forks = 5, .exits = 1, .cpu = 1}, Lost{.records = 2});
  source_.counts.lost = {.forks = 9, .exits = 1, .others = 2};
  source_.counts.lost_by_cpu = {{.forks = 3}, {.forks = 6, .exits = 1}};
  ASSERT_TRUE(Record());
  const auto lost = Log().All<Lost>();
  ASSERT_THAT(lost, SizeIs(2));
  EXPECT_EQ(lost[0].cpu, 0u);
  EXPECT_EQ(lost[0].forks, 3u);
  EXPECT_EQ(lost[1].cpu, 1u);
  EXPECT_EQ(LostEvents(lost[1]), 1u);
}

TEST_F(RecorderTakeoverTest, WhatNobodyRecordedInBetweenIsToldAsLost) {
  Left();
  options_.previous_run->last_time_ns = kTestBootNs - 5 * kMs;
  source_.continues_wholly = false;
  ASSERT_TRUE(Record());
  EXPECT_THAT(Log().All<Lost>(), ElementsAre(Lost{.first_time_ns = kTestBootNs - 5 * kMs,
                                                  .last_time_ns = kTestBootNs,
                                                  .reason = LostReason::kNoRecorder}));
}

TEST_F(RecorderTakeoverTest, WhatWasLeftIsTakenFirstAndWithoutWhatIsWritten) {
  Left(TestFork(10), TestFork(11));
  source_.Then(TestFork(10), TestFork(11), TestFork(12)).Then(TestFork(13));
  ASSERT_TRUE(Record());
  EXPECT_THAT(PidsOfForks(), ElementsAre(12, 13));
  EXPECT_THAT(Types(),
              ElementsAre("clock", "recorder", "fork", "snap_begin", "snap_proc", "snap_proc",
                          "snap_proc", "snap_end", "fork", "recorder", "segment_end"));
}

TEST_F(RecorderTakeoverTest, WhatTheHooksOfBothHaveToldIsThereOnce) {
  source_.is_continued = true;
  const Exec exec{.time_ns = kTestBootNs + 5'000, .pid = 10, .start_ns = kTestBootNs};
  Exec again = exec;
  again.time_ns += 3'000;
  Exec another = exec;
  another.time_ns += 900'000;
  source_.Then(TestFork(10), TestFork(10), exec, again, another, TestExit(10), TestExit(10));
  ASSERT_TRUE(Record());
  EXPECT_THAT(PidsOfForks(), ElementsAre(10));
  EXPECT_THAT(Log().All<Exec>(), SizeIs(2));
  EXPECT_THAT(Log().All<Exit>(), SizeIs(1));
}

TEST_F(RecorderTakeoverTest, NamesThatChangeTwiceInAMicrosecondAreAllThere) {
  source_.is_continued = true;
  const CommChange change{.time_ns = kTestBootNs, .pid = 10, .comm = "a"};
  source_.Then(change, change);
  ASSERT_TRUE(Record());
  EXPECT_THAT(Log().All<CommChange>(), SizeIs(2));
}

TEST_F(RecorderTakeoverTest, LossesThatTheDiskRefusedAreNotSaidToBeTold) {
  source_.ThenDo([this](EventSink&) {
    log_.disk().fault = [](std::string_view, size_t) { return ENOSPC; };
    source_.counts.lost.exits = 7;
    return size_t{0};
  });
  testing::internal::CaptureStderr();
  EXPECT_FALSE(Record()) << "the disk refuses to the end";
  testing::internal::GetCapturedStderr();
  for (const auto& commit : source_.commits) EXPECT_EQ(commit.told.lost.exits, 0u);
}

TEST_F(RecorderTakeoverTest, OnlyWhatWaitedThenCanBeWrittenAlready) {
  Left(TestFork(11));
  source_.Then(TestFork(10)).Then(TestFork(11));
  ASSERT_TRUE(Record());
  EXPECT_THAT(PidsOfForks(), ElementsAre(10, 11));
}

TEST_F(RecorderTakeoverTest, AnEndThatNowComesWithItsReapIsNotWrittenAgainButTheReapIs) {
  Left(TestExit(10));
  Exit exit = TestExit(10);
  exit.flags |= kProcUsageExact;
  source_.Then(exit);
  ASSERT_TRUE(Record());
  EXPECT_THAT(Log().All<Exit>(), IsEmpty());
  ASSERT_THAT(Log().All<Reap>(), SizeIs(1));
  EXPECT_EQ(Log().All<Reap>()[0].pid, 10u);
}

TEST_F(RecorderTakeoverTest, ThereIsNoGap) {
  source_.counts.forks_seen = 5;
  Left(TestFork(10));
  ASSERT_TRUE(Record());
  EXPECT_THAT(Log().All<RecordingGap>(), IsEmpty());
}

TEST_F(RecorderTakeoverTest, WhereItDidNotTakeOverThereIsOne) {
  source_.counts.forks_seen = 5;
  Left(TestFork(10));
  source_.is_continued = false;
  ASSERT_TRUE(Record());
  EXPECT_THAT(Log().All<RecordingGap>(), SizeIs(1));
}

// START comes later: what happened since waits for it.
TEST_F(RecorderTakeoverTest, TheGapEndsWhereTheSourceBegan) {
  source_.since_ns = kTestBootNs - 3 * kMs;
  Left(TestFork(10));
  source_.is_continued = false;
  options_.previous_run->last_time_ns = kTestBootNs - 5 * kMs;
  ASSERT_TRUE(Record());
  const auto gaps = Log().All<RecordingGap>();
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_EQ(gaps[0].first_time_ns, kTestBootNs - 5 * kMs);
  EXPECT_EQ(gaps[0].last_time_ns, kTestBootNs - 3 * kMs);
}

// By a recorder that takes over and is killed before the disk has taken anything.
uint64_t UnwrittenAfter(uint64_t unwritten_before, const Fork& fork) {
  LogBuilder log;
  FakeSource source(log);
  source.is_continued = true;
  source.counts.lost_by_cpu = {{.others = 2}};
  source.counts.lost.others = 2 + unwritten_before;
  source.Then(fork);
  RecorderLoop loop(source, log.writer(), {.clock_interval_ns = 0});
  log.disk().fault = [](std::string_view, size_t) { return ENOSPC; };
  testing::internal::CaptureStderr();
  EXPECT_TRUE(loop.Start());
  testing::internal::GetCapturedStderr();
  return source.commits.empty() ? 0 : source.commits.back().unwritten;
}

TEST(RecorderOnAFullDiskTest, WhatThoseBeforeCouldNotWriteEitherIsSaidToBeUnwritten) {
  const uint64_t unwritten = UnwrittenAfter(7, TestFork(10));
  EXPECT_EQ(unwritten, 8u);
  EXPECT_EQ(UnwrittenAfter(unwritten, TestFork(11)), 9u);
}

class RecorderEndTest : public RecorderTakeoverTest {
 protected:
  void RecordUntil(int signal) {
    source_.endless = true;
    source_.ThenDo([signal](EventSink&) {
      raise(signal);
      return size_t{0};
    });
    ASSERT_TRUE(Record());
  }
};

TEST_F(RecorderEndTest, OnSigusr2ItHandsOver) {
  RecordUntil(SIGUSR2);
  EXPECT_EQ(source_.handovers, 1);
  EXPECT_EQ(source_.stops, 0);
}

TEST_F(RecorderEndTest, OnSigtermItStops) {
  RecordUntil(SIGTERM);
  EXPECT_EQ(source_.handovers, 0);
  EXPECT_EQ(source_.stops, 1);
}

// The one that follows may be unable to take over what waits then.
TEST_F(RecorderEndTest, ForksThatAreSeenAfterTheLastDrainAreNotSaidToBeRecorded) {
  const TempFolder root;  // this machine's count goes on
  root.Put("proc/stat", "processes 1000\n");
  options_.root = root.path();
  for (const int signal : {SIGUSR2, SIGTERM}) {
    source_.counts = {.forks_seen = 5};
    source_.Then().ThenDo([signal](EventSink&) {
      raise(signal);
      return size_t{0};
    });
    source_.ThenDo([this](EventSink&) {
      source_.counts.forks_seen = 8;
      return size_t{0};
    });
    source_.endless = true;
    LogBuilder log;
    RecorderLoop loop(source_, log.writer(), options_);
    ASSERT_TRUE(loop.Start());
    ASSERT_TRUE(loop.Run());
    const auto records = KeepSegment(SegmentReader(log.Segment(1))).All<Recorder>();
    ASSERT_THAT(records, SizeIs(2));
    EXPECT_EQ(records[1].event, RecorderEvent::kStop);
    EXPECT_EQ(records[1].forks_seen, signal == SIGUSR2 ? 5u : 8u) << signal;
    EXPECT_EQ(*records[1].kernel_forks - *records[1].forks_seen,
              *records[0].kernel_forks - *records[0].forks_seen);
  }
}

// Of a life that comes at once, some may be written already.
TEST_F(RecorderTakeoverTest, OfAWholeLifeOnlyWhatIsNotWrittenIsWritten) {
  Left(ALife(10).fork);
  source_.Then(ALife(10), ALife(11));
  ASSERT_TRUE(Record());
  EXPECT_THAT(Log().All<Fork>(), ElementsAre(ALife(11).fork));
  EXPECT_THAT(Log().All<Exec>(), SizeIs(2));
  EXPECT_THAT(Log().All<Exit>(), SizeIs(2));
}

TEST_F(RecorderTakeoverTest, AWholeLifeThatIsWrittenIsNotWrittenAgain) {
  Left(*Join(ALife(10)));
  source_.Then(ALife(10).fork, *ALife(10).exec, ALife(11), ALife(10).exit);
  ASSERT_TRUE(Record());
  EXPECT_THAT(Log().All<Fork>(), ElementsAre(ALife(11).fork));
  EXPECT_THAT(Log().All<Exit>(), ElementsAre(ALife(11).exit));
}

}  // namespace
}  // namespace daybook
