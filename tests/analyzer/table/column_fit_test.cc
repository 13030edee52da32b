#include "table/column_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace daybook {
namespace {

using testing::ElementsAre;

std::vector<size_t> Fit(const std::vector<Column>& columns, const std::vector<size_t>& widths,
                        size_t line_width) {
  return FitColumns(columns, widths, line_width);
}

const std::vector<Column> kSums = {
    {"user", Kind::kUser}, {"count", Kind::kNumber}, {"cpu_us", Kind::kMicroseconds}};

TEST(ColumnFitTest, WhatHasRoomStaysAsItIs) {
  EXPECT_THAT(Fit(kSums, {8, 5, 7}, 8 + 2 + 5 + 2 + 7), ElementsAre(8, 5, 7));
}

TEST(ColumnFitTest, SumsGoFromTheRightAndTheirKeyStays) {
  EXPECT_THAT(Fit(kSums, {8, 5, 7}, 23), ElementsAre(8, 5, 0));
  EXPECT_THAT(Fit(kSums, {8, 5, 7}, 14), ElementsAre(8, 0, 0));
  EXPECT_THAT(Fit(kSums, {8, 5, 7}, 1), ElementsAre(8, 0, 0)) << "no number is cut";
}

TEST(ColumnFitTest, SharesGoBeforeTheTime) {
  const std::vector<Column> columns = {{"comm", Kind::kString},
                                       {"count", Kind::kNumber},
                                       {"count_share", Kind::kPercent},
                                       {"last_time", Kind::kTime}};
  EXPECT_THAT(Fit(columns, {8, 5, 11, 19}, 8 + 2 + 5 + 2 + 19), ElementsAre(8, 5, 0, 19));
}

TEST(ColumnFitTest, OfAProcessWhatTellsMostStays) {
  const std::vector<Column> columns = {{"start_time", Kind::kTime},
                                       {"pid", Kind::kNumber},
                                       {"ppid", Kind::kNumber},
                                       {"comm", Kind::kString},
                                       {"args", Kind::kArguments}};
  const std::vector<size_t> widths = {19, 5, 5, 6, 60};
  EXPECT_THAT(Fit(columns, widths, 120), ElementsAre(19, 5, 5, 6, 77)) << "the last text has more";
  EXPECT_THAT(Fit(columns, widths, 80), ElementsAre(19, 5, 5, 6, 37));
  EXPECT_THAT(Fit(columns, widths, 50), ElementsAre(19, 5, 0, 6, 14));
  EXPECT_THAT(Fit(columns, widths, 30), ElementsAre(0, 5, 0, 6, 15));
  EXPECT_THAT(Fit(columns, widths, 13), ElementsAre(0, 5, 0, 6, 0));
  EXPECT_THAT(Fit(columns, widths, 4), ElementsAre(0, 0, 0, 4, 0));
}

TEST(ColumnFitTest, AHeadingIsNotShortenedWhereOthersCanGo) {
  const std::vector<Column> columns = {{"longest_of_all", Kind::kString}, {"count", Kind::kNumber}};
  EXPECT_THAT(Fit(columns, {30, 5}, 21), ElementsAre(14, 5));
  EXPECT_THAT(Fit(columns, {30, 5}, 20), ElementsAre(20, 0));
}

}  // namespace
}  // namespace daybook
