// What snapshots tell of the CPU time of those who live.

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "analyzer/life_records.h"
#include "analyzer/lives_fixture.h"

namespace daybook {
namespace {

class ShownCpuTest : public LivesTest {
 protected:
  // One life that takes 100 us in each second, shown at these seconds, and nothing follows.
  void ShowAt(const std::vector<std::pair<uint64_t, SnapshotPlace>>& snapshots) {
    SnapProc shown = SnapAt(2 * kSecond);
    for (const auto& [second, place] : snapshots) {
      builder_.SetSnapshotPlace(place);
      shown.cpu_us = second * 100;
      Snapshot(second * kSecond, {shown});
    }
    Finish();
  }
};

// Whatever the order in which they stand in the log.
TEST_F(ShownCpuTest, TheNewestSnapshotTellsTheCpuTimeSoFar) {
  SnapProc shown = SnapAt(2 * kSecond);
  Snapshot(10 * kSecond, {shown});
  shown.cpu_us = 700;
  Snapshot(30 * kSecond, {shown});
  shown.cpu_us = 500;
  Snapshot(20 * kSecond, {shown});
  Finish();
  ASSERT_EQ(lives_.size(), 1U);
  EXPECT_EQ(lives_[0].shown_cpu.cpu_us, 700U);
  EXPECT_EQ(lives_[0].shown_cpu.time_ns, 30 * kSecond);
  EXPECT_EQ(lives_[0].usage.cpu_us, std::nullopt);
}

TEST_F(ShownCpuTest, WhatRunsIsMeasuredFromTheLastSnapshotBeforeTheTimeToTheLastOneInIt) {
  ShowAt({{10, SnapshotPlace::kBefore},
          {20, SnapshotPlace::kBefore},
          {30, SnapshotPlace::kWithin},
          {40, SnapshotPlace::kWithin},
          {50, SnapshotPlace::kBehind}});
  ASSERT_EQ(lives_.size(), 1U);
  EXPECT_EQ(lives_[0].before_cpu.cpu_us, 2000U);
  EXPECT_EQ(lives_[0].shown_cpu.cpu_us, 4000U);
}

// The clock is set back in it: what the time before ends with, this one begins with.
TEST_F(ShownCpuTest, WhatIsBeforeTheTimeAgainIsTheBeginOfIt) {
  ShowAt({{10, SnapshotPlace::kBefore},
          {20, SnapshotPlace::kWithin},
          {30, SnapshotPlace::kBefore},
          {40, SnapshotPlace::kWithin}});
  ASSERT_EQ(lives_.size(), 1U);
  EXPECT_EQ(lives_[0].before_cpu.cpu_us, 3000U);
  EXPECT_EQ(lives_[0].shown_cpu.cpu_us, 4000U);
}

TEST_F(ShownCpuTest, TheFirstOneIsTheSameWhateverTimeIsAskedFor) {
  ShowAt({{10, SnapshotPlace::kBehind}, {20, SnapshotPlace::kBefore}});
  ASSERT_EQ(lives_.size(), 1U);
  EXPECT_EQ(lives_[0].first_cpu.cpu_us, 1000U);
  EXPECT_EQ(lives_[0].shown_cpu.cpu_us, 2000U);
}

// The beginning of the snapshot may be lost, and with it the time that it is of.
TEST_F(ShownCpuTest, ASnapshotOfAnUnknownTimeShowsNothing) {
  SnapProc shown = SnapAt(2 * kSecond);
  Snapshot(10 * kSecond, {shown});
  shown.cpu_us = 700;
  builder_.NoteGap();
  Take(shown);
  Finish();
  ASSERT_EQ(lives_.size(), 1U);
  EXPECT_EQ(lives_[0].shown_cpu.time_ns, 0U);
}

TEST_F(ShownCpuTest, WithoutASnapshotBeforeItIsKnownWhatTheFirstOneShows) {
  ShowAt({{10, SnapshotPlace::kWithin}, {20, SnapshotPlace::kWithin}});
  ASSERT_EQ(lives_.size(), 1U);
  EXPECT_EQ(lives_[0].before_cpu.time_ns, 0U);
  EXPECT_EQ(lives_[0].first_cpu.cpu_us, 1000U);
  EXPECT_EQ(lives_[0].shown_cpu.cpu_us, 2000U);
}

}  // namespace
}  // namespace daybook
