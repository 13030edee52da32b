#include "retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "support/log_builder.h"

namespace daybook {
namespace {

constexpr uint64_t kHour = 3'600'000'000'000;

Id128 Boot(uint8_t number) {
  Id128 id;
  id.bytes.fill(number);
  return id;
}

// Segments of one boot, begun an hour apart; each of 100 bytes.
Store HourlyStore(size_t count) {
  Store store;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t time_ns = kHour * (i + 1);
    store.segments.push_back({.number = i + 1,
                              .bytes = 100,
                              .names = {},
                              .begun = Store::Segment::Begun{
                                  .boot_id = Boot(1),
                                  .time_ns = time_ns,
                                  .realtime_ns = kTestRealtimeNs + static_cast<int64_t>(time_ns)}});
    store.used_bytes += 100;
  }
  store.free_bytes = 1000;
  return store;
}

Clock ClockAt(uint64_t hours, int64_t ahead_hours = 0) {
  return {.time_ns = hours * kHour,
          .realtime_ns = kTestRealtimeNs +
                         (static_cast<int64_t>(hours) + ahead_hours) * static_cast<int64_t>(kHour)};
}

TEST(PlanRemovalTest, TheOldestGoUntilWhatIsNeededFits) {
  const Store store = HourlyStore(5);
  const Removal removal = PlanRemoval(store, {.max_total_bytes = 550}, {.bytes = 201});
  EXPECT_EQ(removal.segments, 2u);
  EXPECT_TRUE(removal.is_enough);
  EXPECT_EQ(PlanRemoval(store, {.max_total_bytes = 550}, {.bytes = 50}).segments, 0u);
  EXPECT_EQ(PlanRemoval(store, {.max_total_bytes = 550}, {.bytes = 51}).segments, 1u);
}

TEST(PlanRemovalTest, FreeSpaceIsLeftToOthers) {
  const Store store = HourlyStore(5);
  EXPECT_EQ(PlanRemoval(store, {.min_free_bytes = 900}, {.bytes = 100}).segments, 0u);
  EXPECT_EQ(PlanRemoval(store, {.min_free_bytes = 900}, {.bytes = 301}).segments, 3u);
}

TEST(PlanRemovalTest, WhatIsSpareIsLeftFreeToo) {
  const Store store = HourlyStore(5);  // 1500 bytes in all
  EXPECT_EQ(PlanRemoval(store, {.min_free_bytes = 700}, {.bytes = 100}).segments, 0u);
  EXPECT_EQ(
      PlanRemoval(store, {.min_free_bytes = 700}, {.bytes = 100, .spare_bytes = 300}).segments, 1u);
  const Removal most =
      PlanRemoval(store, {.min_free_bytes = 700}, {.bytes = 100, .spare_bytes = 100'000});
  EXPECT_EQ(most.segments, 2u) << "never more than a quarter of a small disk";
  EXPECT_TRUE(most.is_enough);
}

TEST(PlanRemovalTest, TheActiveSegmentStaysWhateverIsNeeded) {
  const Store store = HourlyStore(5);
  const Removal removal =
      PlanRemoval(store, {.max_total_bytes = 200}, {.bytes = 1000, .active_no = 5});
  EXPECT_EQ(removal.segments, 4u);
  EXPECT_FALSE(removal.is_enough);
}

TEST(PlanRemovalTest, TooManyGoToo) {
  EXPECT_EQ(PlanRemoval(HourlyStore(5), {.max_segments = 4}, {.segments = 1}).segments, 2u);
}

TEST(CountAgedTest, ASegmentIsAsOldAsTheBeginningOfTheNextOne) {
  const Store store = HourlyStore(5);  // the second begins at hour 2
  EXPECT_EQ(CountAged(store, 4 * kHour, ClockAt(6), Boot(1)), 0u);
  EXPECT_EQ(CountAged(store, 4 * kHour - 1, ClockAt(6), Boot(1)), 1u);
  EXPECT_EQ(CountAged(store, 1, ClockAt(100), Boot(1)), 4u) << "the newest never";
  EXPECT_EQ(CountAged(store, 0, ClockAt(100), Boot(1)), 0u) << "no limit";
}

TEST(CountAgedTest, AClockThatRunsAheadDeletesNothing) {
  const Store store = HourlyStore(5);
  EXPECT_EQ(CountAged(store, kHour, ClockAt(6, 1), Boot(1)), 4u) << "an hour is tolerated";
  EXPECT_EQ(CountAged(store, kHour, ClockAt(6, 1000), Boot(1)), 0u);
  Clock kept = ClockAt(6, 1000);
  kept.max_error_us = 1000;
  EXPECT_EQ(CountAged(store, kHour, kept, Boot(1)), 4u) << "a time service keeps it";
}

TEST(CountAgedTest, AStepThatIsInTheLogAlreadyIsNotBelievedEither) {
  Store store = HourlyStore(5);
  store.segments.back().begun->realtime_ns += 1000 * static_cast<int64_t>(kHour);
  EXPECT_EQ(CountAged(store, kHour, ClockAt(6, 1000), Boot(1)), 0u);
}

TEST(CountAgedTest, AnotherBootIsHeldAgainstTheTimeSinceItBegan) {
  const Store store = HourlyStore(5);
  Clock now = ClockAt(6);
  now.time_ns = kHour;  // up for an hour, at hour 6
  EXPECT_EQ(CountAged(store, kHour, now, Boot(2)), 3u);
  now.realtime_ns += 100 * static_cast<int64_t>(kHour);
  EXPECT_EQ(CountAged(store, kHour, now, Boot(2)), 0u);
}

TEST(CountAgedTest, AClockThatWasSetBackForAWhileMakesNothingOld) {
  Store store = HourlyStore(5);
  store.segments[2].begun->realtime_ns = 0;
  EXPECT_EQ(CountAged(store, 5 * kHour, ClockAt(6), Boot(1)), 0u);
}

TEST(CountAgedTest, TimesThatNoClockHasAreBorne) {
  Store store = HourlyStore(3);
  store.segments[0].begun->realtime_ns = INT64_MIN;
  store.segments[1].begun->realtime_ns = INT64_MIN;
  store.segments[2].begun->realtime_ns = INT64_MIN;
  Clock now = ClockAt(6);
  now.realtime_ns = INT64_MAX;
  now.max_error_us = 1;
  EXPECT_EQ(CountAged(store, kHour, now, Boot(1)), 2u);
  for (auto& segment : store.segments) segment.begun->realtime_ns = INT64_MAX;
  now.max_error_us.reset();
  EXPECT_EQ(CountAged(store, kHour, now, Boot(1)), 0u);
  store.segments[0].begun->time_ns = UINT64_MAX;
  EXPECT_FALSE(RunsAhead(store, now, Boot(1)));
}

// Age is told by bytes whose checksum is right, or not at all.
TEST(StoreTest, NoDamagedHeadIsBelieved) {
  LogBuilder log;
  const std::vector<uint8_t> head = log.Segment();
  const auto begun = ReadBegun(head);
  ASSERT_TRUE(begun);
  EXPECT_EQ(begun->realtime_ns, kTestRealtimeNs);
  constexpr size_t kStartBytes = 100;
  ASSERT_GT(head.size(), kStartBytes);
  for (size_t i = 0; i < kStartBytes; ++i) {
    std::vector<uint8_t> damaged = head;
    damaged[i] ^= 0x10;
    EXPECT_FALSE(ReadBegun(damaged)) << "byte " << i;
  }
}

TEST(StoreTest, EverythingOfTheLogCountsAndGoesByNumber) {
  auto disk = std::make_shared<FakeDisk>();
  disk->files["daybook-00000002.dbk"].resize(10);
  disk->files["daybook-00000002.dbk.zst.tmp"].resize(20);
  disk->files["daybook-00000001.dbk.zst"].resize(30);
  disk->files["daybook-00000001.dbk.damaged"].resize(40);
  disk->files["daybook.ballast"].resize(50);
  disk->files["notes.txt"].resize(1000);
  FakeFolder folder(disk);
  const auto store = ReadStore(folder);
  ASSERT_TRUE(store);
  EXPECT_EQ(store->used_bytes, 150u);
  EXPECT_EQ(store->ballast_bytes, 50u);
  ASSERT_THAT(store->segments, testing::SizeIs(2));
  EXPECT_EQ(store->segments[0].bytes, 30u);
  EXPECT_EQ(store->segments[1].bytes, 30u);
  EXPECT_THAT(store->segments[1].names, testing::SizeIs(2));
}

// At each step of a random life: the log keeps to its budget, leaves others their room, and nothing
// newer goes before something older.
class BudgetTest : public testing::TestWithParam<uint32_t> {};

TEST_P(BudgetTest, HoldsAtEveryStep) {
  std::mt19937 random(GetParam());
  constexpr uint64_t kBudget = 512 << 10;
  constexpr uint64_t kMinFree = 100 << 10;
  auto disk = std::make_shared<FakeDisk>();
  disk->capacity = 800 << 10;
  WriterOptions options;
  options.segment_bytes = 1 << 20;  // clamped
  options.ballast_bytes = 16 << 10;
  options.max_pending_bytes = 64 << 10;
  options.retry_interval_ns = 1'000'000;
  options.retention = {.max_total_bytes = kBudget,
                       .min_free_bytes = kMinFree,
                       .max_age_ns = GetParam() % 2 == 0 ? kHour : 0};
  uint64_t steps = 0, removals = 0;
  uint64_t others = 0;
  disk->changed = [&] {
    ++steps;
    ASSERT_LE(disk->UsedBytes(), kBudget);
    // Others may take what they like: then the log adds nothing.
    if (others <= disk->capacity - kBudget - kMinFree) {
      ASSERT_GE(disk->FreeBytes(), kMinFree);
    }
    if (disk->journal.empty()) return;
    const DiskOperation& last = disk->journal.back();
    // A new one fits as a whole, and so does what a compressor makes of the one before it.
    if (last.kind == DiskOperation::Kind::kCreate && last.name.ends_with(".dbk")) {
      ASSERT_LE(disk->UsedBytes() + 2 * (kBudget / 8), kBudget);
    }
    if (last.kind != DiskOperation::Kind::kRemove || !last.name.ends_with(".dbk")) return;
    const auto next = disk->files.lower_bound("daybook-0");
    if (next != disk->files.end() && next->first < last.name) FAIL() << last.name;
    ++removals;
  };
  uint32_t pid = 0;
  for (int life = 0; life < 6 && !HasFatalFailure(); ++life) {
    others = 0;
    disk->others_bytes = 0;
    LogBuilder log(options, disk);
    const size_t turns = 20 + random() % 60;
    for (size_t turn = 0; turn < turns && !HasFatalFailure(); ++turn) {
      const size_t count = random() % 10 == 0 ? 3000 : random() % 300;
      for (size_t i = 0; i < count; ++i) {
        Fork fork = TestFork(++pid, log.now_ns());
        log.Add(fork);
        if (const auto reason = log.writer().RotationDue(log.now_ns())) {
          (void)log.writer().Rotate(*reason);
        }
      }
      (void)log.writer().Flush();
      if (random() % 3 == 0) (void)log.writer().BeginSync();
      log.Advance(random() % 20 == 0 ? 3 * kHour : random() % 1'000'000'000);
      if (random() % 15 == 0) {
        others = random() % (disk->capacity - kBudget);
        disk->others_bytes = others;
      }
    }
    if (random() % 2 == 0) (void)log.writer().Close();
  }
  EXPECT_GT(steps, 100u);
  EXPECT_GT(removals, 5u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, BudgetTest, testing::Range(1u, 25u));

}  // namespace
}  // namespace daybook
