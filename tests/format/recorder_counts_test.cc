#include "daybook/recorder_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace daybook {
namespace {

using testing::Eq;
using testing::Optional;

Recorder Begins(uint64_t kernel_forks, std::string_view abilities = kTellsLives) {
  return {.event = RecorderEvent::kStart,
          .kernel_forks = kernel_forks,
          .forks_seen = 0,
          .abilities = abilities};
}

Audit Counts(uint64_t kernel_forks, uint64_t forks_seen) {
  return {.forks_seen = forks_seen, .kernel_forks = kernel_forks};
}

Audit Filtered(uint64_t events) { return {.filtered = events}; }

TEST(RecorderCountsTest, ForksThatNoHookSawAreCountedOnce) {
  RecorderCounts counts;
  EXPECT_THAT(counts.TakeForks(Begins(1000)), Optional(0U));
  EXPECT_THAT(counts.TakeForks(Counts(1100, 97)), Optional(3U));
  EXPECT_THAT(counts.TakeForks(Counts(1200, 197)), Optional(0U));
  EXPECT_THAT(counts.TakeForks(Counts(1300, 296)), Optional(1U));
}

TEST(RecorderCountsTest, ForksBetweenTwoRecordersAreNoneOfTheirs) {
  RecorderCounts counts;
  (void)counts.TakeForks(Begins(1000));
  (void)counts.TakeForks(Counts(1100, 100));
  EXPECT_THAT(counts.TakeForks(Begins(5000)), Optional(0U));
  EXPECT_THAT(counts.TakeForks(Counts(5010, 8)), Optional(2U));
}

TEST(RecorderCountsTest, OneThatTakesOverCountsOn) {
  RecorderCounts counts;
  (void)counts.TakeForks(Begins(1000));
  (void)counts.TakeForks(Counts(1100, 100));
  EXPECT_THAT(counts.TakeForks(Begins(1203, "fork exec exit continued")), Eq(std::nullopt))
      << "3 of them are of the time since its hooks were counted";
  EXPECT_THAT(counts.TakeForks(Counts(1300, 299)), Optional(1U));
}

TEST(RecorderCountsTest, WhereItsElderIsNotKnownItsStartIsTheFirstCount) {
  RecorderCounts counts;
  EXPECT_THAT(counts.TakeForks(Begins(1203, "fork exec exit continued")), Optional(0U));
}

TEST(RecorderCountsTest, BehindMissingRecordsForksAreCountedAnew) {
  RecorderCounts counts;
  (void)counts.TakeForks(Begins(1000));
  counts.ForgetForks();
  EXPECT_THAT(counts.TakeForks(Counts(9000, 10)), Optional(0U));
  EXPECT_THAT(counts.TakeForks(Counts(9010, 18)), Optional(2U));
}

TEST(RecorderCountsTest, WithoutOneOfBothCountsThereIsNothing) {
  RecorderCounts counts;
  EXPECT_THAT(counts.TakeForks(Audit{.forks_seen = 5}), Eq(std::nullopt));
  EXPECT_THAT(counts.TakeForks(Audit{.kernel_forks = 5}), Eq(std::nullopt));
}

TEST(RecorderCountsTest, WhatWasFilteredAddsUpOverRecorders) {
  RecorderCounts counts;
  (void)counts.TakeForks(Begins(1000));
  EXPECT_THAT(counts.TakeFiltered(Filtered(40)), Optional(40U));
  EXPECT_THAT(counts.TakeFiltered(Filtered(38)), Optional(0U)) << "two were judged, and pass";
  EXPECT_THAT(counts.TakeFiltered(Filtered(41)), Optional(1U));
  (void)counts.TakeForks(Begins(2000));
  EXPECT_THAT(counts.TakeFiltered(Filtered(7)), Optional(7U));
  EXPECT_THAT(counts.TakeFiltered(Audit{}), Eq(std::nullopt));
}

TEST(RecorderCountsTest, WhatWasFilteredWhereNobodyLookedIsNotToldLater) {
  RecorderCounts counts;
  (void)counts.TakeForks(Begins(1000));
  counts.Forget();
  EXPECT_THAT(counts.TakeFiltered(Filtered(40)), Optional(0U));
  EXPECT_THAT(counts.TakeFiltered(Filtered(41)), Optional(1U));
}

}  // namespace
}  // namespace daybook
