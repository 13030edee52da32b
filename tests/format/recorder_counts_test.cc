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
  EXPECT_THAT(counts.Take(Begins(1000)).unseen_forks, Optional(0U));
  EXPECT_THAT(counts.Take(Counts(1100, 97)).unseen_forks, Optional(3U));
  EXPECT_THAT(counts.Take(Counts(1200, 197)).unseen_forks, Optional(0U));
  EXPECT_THAT(counts.Take(Counts(1300, 296)).unseen_forks, Optional(1U));
}

TEST(RecorderCountsTest, ForksBetweenTwoRecordersAreNoneOfTheirs) {
  RecorderCounts counts;
  (void)counts.Take(Begins(1000));
  (void)counts.Take(Counts(1100, 100));
  EXPECT_THAT(counts.Take(Begins(5000)).unseen_forks, Optional(0U));
  EXPECT_THAT(counts.Take(Counts(5010, 8)).unseen_forks, Optional(2U));
}

TEST(RecorderCountsTest, OneThatTakesOverCountsOn) {
  RecorderCounts counts;
  (void)counts.Take(Begins(1000));
  (void)counts.Take(Counts(1100, 100));
  EXPECT_THAT(counts.Take(Begins(1203, "fork exec exit continued")).unseen_forks, Eq(std::nullopt))
      << "3 of them are of the time since its hooks were counted";
  EXPECT_THAT(counts.Take(Counts(1300, 299)).unseen_forks, Optional(1U));
}

TEST(RecorderCountsTest, WhereItsElderIsNotKnownItsStartIsTheFirstCount) {
  RecorderCounts counts;
  EXPECT_THAT(counts.Take(Begins(1203, "fork exec exit continued")).unseen_forks, Optional(0U));
}

TEST(RecorderCountsTest, BehindMissingRecordsForksAreCountedAnew) {
  RecorderCounts counts;
  (void)counts.Take(Begins(1000));
  counts.ForgetForks();
  EXPECT_THAT(counts.Take(Counts(9000, 10)).unseen_forks, Optional(0U));
  EXPECT_THAT(counts.Take(Counts(9010, 18)).unseen_forks, Optional(2U));
}

TEST(RecorderCountsTest, WithoutOneOfBothCountsThereIsNothing) {
  RecorderCounts counts;
  EXPECT_THAT(counts.Take(Audit{.forks_seen = 5}).unseen_forks, Eq(std::nullopt));
  EXPECT_THAT(counts.Take(Audit{.kernel_forks = 5}).unseen_forks, Eq(std::nullopt));
}

TEST(RecorderCountsTest, WhatWasFilteredAddsUpOverRecorders) {
  RecorderCounts counts;
  (void)counts.Take(Begins(1000));
  EXPECT_THAT(counts.Take(Filtered(40)).filtered, Optional(40U));
  EXPECT_THAT(counts.Take(Filtered(38)).filtered, Optional(0U)) << "two were judged, and pass";
  EXPECT_THAT(counts.Take(Filtered(41)).filtered, Optional(1U));
  (void)counts.Take(Begins(2000));
  EXPECT_THAT(counts.Take(Filtered(7)).filtered, Optional(7U));
  EXPECT_THAT(counts.Take(Audit{}).filtered, Eq(std::nullopt));
}

TEST(RecorderCountsTest, BehindMissingRecordsOneThatHasSeenLessIsAnother) {
  RecorderCounts counts;
  (void)counts.Take(Begins(1000));
  const auto take = [&counts](uint64_t forks_seen, uint64_t filtered) {
    return counts.Take(Audit{.forks_seen = forks_seen, .filtered = filtered}).filtered;
  };
  EXPECT_THAT(take(500, 1000), Optional(1000U));
  counts.ForgetForks();
  EXPECT_THAT(take(20, 7), Optional(7U));
  EXPECT_THAT(take(900, 907), Optional(900U));
  counts.ForgetForks();
  EXPECT_THAT(take(901, 908), Optional(1U)) << "the same one, as far as can be seen";
}

TEST(RecorderCountsTest, WhatWasFilteredWhereNobodyLookedIsNotToldLater) {
  RecorderCounts counts;
  (void)counts.Take(Begins(1000));
  counts.Forget();
  EXPECT_THAT(counts.Take(Filtered(40)).filtered, Optional(0U));
  EXPECT_THAT(counts.Take(Filtered(41)).filtered, Optional(1U));
}

}  // namespace
}  // namespace daybook
