// The recorder sleeps while nothing happens, and not while anything is left to do.

#include <cerrno>
#include <functional>

#include "recorder/recorder_fixture.h"

namespace daybook {
namespace {

using testing::ElementsAre;

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

}  // namespace
}  // namespace daybook
