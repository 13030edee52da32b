// What the recorder tells its observer, and when.

#include <cerrno>
#include <csignal>

#include "recorder/recorder_fixture.h"
#include "support/slow_syncer.h"

namespace daybook {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Optional;
using testing::SizeIs;

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
  explicit RecorderObserverTest(std::unique_ptr<Syncer> syncer = MakeInlineSyncer())
      : RecorderTest({}, std::move(syncer)) {
    options_.observer = &observer_;
  }

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

TEST_F(RecorderObserverTest, AtTheClockItIsToldAlsoThatNothingIsNew) {
  options_.clock_interval_ns = 10 * kMs;
  source_.Then(TestFork(10));
  for (int i = 0; i < 6; ++i) ThenWaitForTheClock();
  ASSERT_TRUE(Record());
  ASSERT_GT(observer_.told.size(), 6u);
  EXPECT_THAT(std::vector(observer_.told.begin() + 1, observer_.told.end() - 2), Each("status"));
  EXPECT_EQ(observer_.statuses[1].events, 1u);
  for (size_t i = 1; i < observer_.statuses.size(); ++i) {
    EXPECT_GT(observer_.statuses[i].written_realtime_ns,
              observer_.statuses[i - 1].written_realtime_ns);
  }
  EXPECT_EQ(observer_.statuses.back().events_per_second, 0u);
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

// What waits has overflowed: each loss is one more, and nothing else tells of them.
TEST_F(RecorderObserverTest, WhileNothingCanBeWrittenLossesAreToldEachSecond) {
  const auto add = [this](uint32_t forks) {
    return [this, forks](EventSink& sink) {
      log_.disk().fault = [](std::string_view operation, size_t) {
        return operation == "write" || operation == "create" ? ENOSPC : 0;
      };
      for (uint32_t i = 0; i < forks; ++i) sink.OnFork(TestFork(10));
      log_.Advance(250 * kMs);
      return size_t{forks};
    };
  };
  constexpr uint32_t kMoreThanWaits = 200'000;
  source_.ThenDo(add(1)).ThenDo(add(kMoreThanWaits));
  for (int i = 0; i < 8; ++i) source_.ThenDo(add(10));
  source_.ThenDo([this](EventSink&) {
    EXPECT_THAT(observer_.told, ElementsAre("ready", "status", "status", "status", "status"));
    for (size_t i = 2; i < observer_.statuses.size(); ++i) {
      EXPECT_TRUE(observer_.statuses[i].failing);
      EXPECT_GT(observer_.statuses[i].unwritten_lost, observer_.statuses[i - 1].unwritten_lost);
    }
    EXPECT_EQ(observer_.statuses.back().unwritten_lost, log_.writer().unwritten_lost());
    log_.disk().fault = [](std::string_view, size_t) { return 0; };
    log_.Advance(2'000 * kMs);
    return size_t{0};
  });
  RecordAndListen();
}

class RecorderSlowDiskTest : public RecorderObserverTest {
 protected:
  RecorderSlowDiskTest() : RecorderSlowDiskTest(std::make_shared<SlowSyncer::Hand>()) {}

  // With the drain of the reload and that of its turn.
  void ThenReload() {
    source_.ThenDo([](EventSink&) {
      raise(SIGHUP);
      return size_t{0};
    });
    source_.Then(TestFork(10)).Then(TestFork(11));
  }

  std::shared_ptr<SlowSyncer::Hand> disk_;

 private:
  explicit RecorderSlowDiskTest(std::shared_ptr<SlowSyncer::Hand> disk)
      : RecorderObserverTest(std::make_unique<SlowSyncer>(disk)), disk_(std::move(disk)) {}
};

TEST_F(RecorderSlowDiskTest, AfterSighupItRecordsOnAndIsReadyWhenTheEndedSegmentIsDurable) {
  ThenReload();
  source_.ThenDo([this](EventSink&) {
    EXPECT_TRUE(disk_->IsBusy());
    EXPECT_THAT(observer_.told, ElementsAre("ready", "reload"));
    disk_->Work();
    return size_t{0};
  });
  source_.ThenDo([this](EventSink&) {
    EXPECT_THAT(observer_.told, ElementsAre("ready", "reload", "ready"));
    EXPECT_EQ(observer_.statuses.back().segment_no, 2u);
    return size_t{0};
  });
  ASSERT_TRUE(Record());
  EXPECT_THAT(observer_.told, ElementsAre("ready", "reload", "ready", "stop", "status"));
  EXPECT_THAT(PidsOfForks(), ElementsAre(10, 11));
}

// Such a disk is asked ever more rarely.
TEST_F(RecorderSlowDiskTest, WhereTheDiskKeepsNothingItIsReadyAllTheSame) {
  source_.ThenDo([this](EventSink& sink) {
    log_.disk().fault = [](std::string_view operation, size_t) {
      return operation == "sync" ? EIO : 0;
    };
    sink.OnFork(TestFork(9));
    log_.Advance(2'000 * kMs);
    return size_t{1};
  });
  source_.ThenDo([this](EventSink&) {
    EXPECT_TRUE(disk_->IsBusy());
    disk_->Work();
    return size_t{0};
  });
  ThenReload();
  source_.ThenDo([this](EventSink&) {
    EXPECT_TRUE(log_.writer().sync_failing());
    EXPECT_EQ(observer_.told.back(), "ready");
    log_.disk().fault = [](auto, auto) { return 0; };
    return size_t{0};
  });
  RecordAndListen();
  EXPECT_THAT(PidsOfForks(), ElementsAre(9, 10, 11));
}

}  // namespace
}  // namespace daybook
