#include "table/cell_text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace daybook {
namespace {

std::string TextOf(Kind kind, const Cell& cell) {
  ByteBuffer line;
  AppendCellText(kind, cell, LocalZone::Utc(), &line);
  return std::string(line.text());
}

TEST(CellTextTest, Durations) {
  EXPECT_EQ(TextOf(Kind::kMicroseconds, uint64_t{999}), "999us");
  EXPECT_EQ(TextOf(Kind::kMicroseconds, uint64_t{999'960}), "1000.0ms");
  EXPECT_EQ(TextOf(Kind::kMicroseconds, uint64_t{59'994'999}), "59.99s");
  EXPECT_EQ(TextOf(Kind::kMicroseconds, uint64_t{65'000'000}), "1m05s");
  EXPECT_EQ(TextOf(Kind::kMicroseconds, uint64_t{7'499'000'000}), "2h04m");
  EXPECT_EQ(TextOf(Kind::kMicroseconds, uint64_t{100'000'000'000}), "1d03h");
}

// Those in the middle of two decimals, too.
TEST(CellTextTest, QuotientsAreRoundedAsFmtRoundsThem) {
  for (uint64_t us = 1000; us < 1'000'000; us += 25) {
    const auto ms = static_cast<double>(us) / 1000;
    ASSERT_EQ(TextOf(Kind::kMicroseconds, us), fmt::format("{:.1f}ms", ms));
  }
  for (uint64_t us = 1'000'000; us < 60'000'000; us += 2'500) {
    const auto seconds = static_cast<double>(us) / 1'000'000;
    ASSERT_EQ(TextOf(Kind::kMicroseconds, us), fmt::format("{:.2f}s", seconds));
  }
  for (uint64_t bytes = 1024; bytes < 1024 * 1024; bytes += 64) {
    const auto kib = static_cast<double>(bytes) / 1024;
    ASSERT_EQ(TextOf(Kind::kBytes, bytes), fmt::format("{:.{}f}K", kib, kib < 100 ? 1 : 0));
  }
}

TEST(CellTextTest, Sizes) {
  EXPECT_EQ(TextOf(Kind::kBytes, uint64_t{1023}), "1023B");
  EXPECT_EQ(TextOf(Kind::kKibibytes, uint64_t{1536}), "1.5M");
  EXPECT_EQ(TextOf(Kind::kBytes, UINT64_MAX), "16.0E");
}

TEST(CellTextTest, OtherCells) {
  EXPECT_EQ(TextOf(Kind::kPercent, uint64_t{1205}), "12.05%");
  EXPECT_EQ(TextOf(Kind::kNumber, INT64_MIN), "-9223372036854775808");
  EXPECT_EQ(TextOf(Kind::kSignal, uint64_t{9}), "SIGKILL");
  EXPECT_EQ(TextOf(Kind::kBool, true), "yes");
  EXPECT_EQ(TextOf(Kind::kTime, int64_t{0}), "1970-01-01 00:00:00");
  EXPECT_EQ(TextOf(Kind::kNumber, Cell()), "-");
  EXPECT_EQ(TextOf(Kind::kString, Text{.bytes = "a\nb", .cut = true}), "a\\x0ab…");
}

}  // namespace
}  // namespace daybook
