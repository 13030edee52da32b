// Of which segment records are missing, as info and verify tell it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "analyzer/report_runner.h"
#include "analyzer/scripted_log.h"
#include "support/temp_folder.h"

namespace daybook {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Gt;

constexpr uint64_t kSegmentMs = 60'000;

class SegmentLossesTest : public testing::Test {
 protected:
  // Each of a minute, of 3000 births in its first three seconds.
  SegmentLossesTest() {
    ScriptedLog log(folder_.path());
    for (uint32_t segment = 0; segment < 5; ++segment) {
      const uint64_t begin = 5000 + segment * kSegmentMs;
      if (segment > 0) log.Rotate(begin);
      for (uint32_t i = 0; i < 3000; ++i) log.Fork(begin + i, 10'000 * segment + i, 1, 0);
    }
  }

  std::string Segment(int number) const {
    return folder_ / ("daybook-0000000" + std::to_string(number) + ".dbk");
  }
  void Cut(int number) const {
    std::filesystem::resize_file(Segment(number), std::filesystem::file_size(Segment(number)) / 2);
  }
  void Spoil(int number) const {
    std::fstream file(Segment(number), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(Segment(number)) / 4));
    file.write("\xAA\xAA\xAA\xAA", 4);
  }
  // One file of several.
  std::string Concatenated(const std::vector<int>& numbers) const {
    const std::string path = one_file_ / "all.dbk";
    std::ofstream all(path, std::ios::binary);
    for (const int number : numbers)
      all << std::ifstream(Segment(number), std::ios::binary).rdbuf();
    return path;
  }
  std::string Copy(int number) const {
    const std::string path = one_file_ / "copy.dbk";
    std::filesystem::copy(Segment(number), path);
    return path;
  }
  // In the first of them.
  static Window TimeOf(int number) {
    const int64_t begin = kScriptRealtimeNs + (number - 1) * 1'000'000 * int64_t{kSegmentMs};
    return {.since_ns = begin + 50'000'000, .until_ns = begin + 100'000'000};
  }
  Ran Info(const LogSet::Options& options = {}) const { return InfoOf({folder_.path()}, options); }
  static Ran InfoOf(const std::vector<std::string>& paths, const LogSet::Options& options = {}) {
    Ran info = RunReport(kInfoReport, {.paths = paths, .log = options});
    for (const TextRow& row : info.rows) {
      EXPECT_LE(info.Number(row, "lost"), info.coverage.missing_records);
    }
    return info;
  }
  Ran Verify() const {
    return RunReport(kVerifyReport,
                     {.paths = {folder_.path()}, .log = {.repeats = LogSet::Repeats::kKeep}});
  }

  TempFolder folder_;
  TempFolder one_file_;
};

std::vector<uint64_t> Numbers(const Ran& ran, std::string_view column) {
  std::vector<uint64_t> numbers;
  for (const TextRow& row : ran.rows) numbers.push_back(ran.Number(row, column));
  return numbers;
}

// The one of a report in which there are gaps, too.
TextRow SegmentRowOf(const Ran& ran, std::string_view number) {
  for (const TextRow& row : ran.rows) {
    if (ran.At(row, "row") == "segment" && ran.At(row, "segment_no") == number) return row;
  }
  throw std::runtime_error("no segment " + std::string(number));
}

TEST_F(SegmentLossesTest, WhatASegmentLacksAtItsEndIsItsOwnLoss) {
  Cut(2);
  const Ran info = Info();
  EXPECT_THAT(Numbers(info, "segment_no"), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(Numbers(info, "lost"), ElementsAre(0, Gt(0U), 0, 0, 0));
  EXPECT_EQ(info.Sum("lost"), info.coverage.missing_records);
  const Ran verify = Verify();
  const TextRow row = SegmentRowOf(verify, "2");
  EXPECT_EQ(info.Sum("lost"), verify.Number(row, "lost"));
}

TEST_F(SegmentLossesTest, ThatIsSoWhereTheOneBehindItIsNotRead) {
  Cut(2);
  const Ran info = Info({.window = TimeOf(2), .skips = LogSet::Skips::kSegments});
  EXPECT_THAT(Numbers(info, "segment_no"), ElementsAre(2));
  EXPECT_EQ(info.Sum("lost"), info.coverage.missing_records);
  EXPECT_GT(info.Sum("lost"), 0U);
}

TEST_F(SegmentLossesTest, WhatIsMissingInTheMidstAndAtTheEndAddsUp) {
  Cut(4);
  Spoil(4);
  const Ran info = Info();
  EXPECT_THAT(Numbers(info, "lost"), ElementsAre(0, 0, 0, Gt(0U), 0));
  EXPECT_EQ(info.Sum("lost"), info.coverage.missing_records);
}

TEST_F(SegmentLossesTest, SegmentsThatNoFileHasAreARowOfTheirOwn) {
  std::filesystem::remove(Segment(2));
  std::filesystem::remove(Segment(3));
  const Ran info = Info();
  EXPECT_THAT(Numbers(info, "segment_no"), ElementsAre(1, 2, 4, 5));
  EXPECT_THAT(Numbers(info, "lost"), ElementsAre(0, Gt(0U), 0, 0));
  EXPECT_EQ(info.Sum("lost"), info.coverage.missing_records);
  const TextRow& missing = info.rows[1];
  EXPECT_EQ(info.At(missing, "file"), "-");
  EXPECT_EQ(info.At(missing, "bytes"), "-");
  EXPECT_EQ(info.At(missing, "complete"), "-");
  EXPECT_EQ(info.At(missing, "stream_id"), info.At(info.rows[0], "stream_id"));
  EXPECT_THAT(
      (std::vector{info.Number(missing, "start_time"), info.Number(missing, "end_time")}),
      ElementsAre(info.Number(info.rows[0], "end_time"), info.Number(info.rows[2], "start_time")));
}

TEST_F(SegmentLossesTest, SegmentsInOneFileLoseAsInSeveral) {
  std::filesystem::remove(Segment(2));
  const Ran several = Info();
  const Ran one = InfoOf({Concatenated({1, 3, 4, 5})});
  EXPECT_THAT(Numbers(one, "segment_no"), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_EQ(Numbers(one, "lost"), Numbers(several, "lost"));
  EXPECT_EQ(one.Sum("lost"), one.coverage.missing_records);
}

TEST_F(SegmentLossesTest, OneThatIsCutInAFileOfSeveralLosesItsOwnRecords) {
  Cut(2);
  const Ran info = InfoOf({Concatenated({1, 2, 3, 4, 5})});
  EXPECT_THAT(Numbers(info, "segment_no"), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(Numbers(info, "lost"), ElementsAre(0, Gt(0U), 0, 0, 0));
  EXPECT_EQ(info.Sum("lost"), info.coverage.missing_records);
}

TEST_F(SegmentLossesTest, WhatTwoDamagedCopiesLackIsLostOnce) {
  Spoil(2);
  const Ran one = Info();
  const Ran two = InfoOf({folder_.path(), Copy(2)});
  EXPECT_GT(one.coverage.missing_records, 0U);
  EXPECT_EQ(two.coverage.missing_records, one.coverage.missing_records);
  EXPECT_EQ(two.Sum("lost"), one.Sum("lost"));
}

// The one with fewer bytes damaged is read first.
TEST_F(SegmentLossesTest, WhatACopyHasIsNotLost) {
  const std::string sound = Copy(2);
  Spoil(2);
  const Ran info = InfoOf({folder_.path(), sound});
  EXPECT_EQ(info.coverage.missing_records, 0U);
  EXPECT_EQ(info.Sum("lost"), 0U);
}

TEST_F(SegmentLossesTest, WhatIsLostOfAJoinedLogIsInItsOwnRow) {
  const TempFolder other;
  constexpr uint64_t kBegin = 600'000;
  {
    ScriptedLog log(other.path(), 0xB0, "web1", kScriptRealtimeNs, kBegin);
    for (uint32_t segment = 0; segment < 4; ++segment) {
      const uint64_t begin = kBegin + segment * kSegmentMs;
      if (segment > 0) log.Rotate(begin);
      for (uint32_t i = 0; i < 3000; ++i) log.Fork(begin + i, 100'000 + 10'000 * segment + i, 1, 0);
    }
  }
  const std::string second = other / "daybook-00000002.dbk";
  std::filesystem::resize_file(second, std::filesystem::file_size(second) / 2);
  std::filesystem::remove(other / "daybook-00000003.dbk");
  const Ran info = InfoOf({folder_.path(), other.path()});
  EXPECT_EQ(info.coverage.boots, 1U);
  EXPECT_THAT(Numbers(info, "segment_no"), ElementsAre(1, 2, 3, 4, 5, 1, 2, 3, 4));
  EXPECT_THAT(Numbers(info, "lost"), ElementsAre(0, 0, 0, 0, 0, 0, 0, Gt(0U), 0));
  EXPECT_EQ(info.Sum("lost"), info.coverage.missing_records);
  EXPECT_EQ(info.At(info.rows[7], "stream_id"), info.At(info.rows[8], "stream_id"));
}

TEST_F(SegmentLossesTest, ThatRowIsOfItsTime) {
  std::filesystem::remove(Segment(3));
  const auto shown = [this](int number) {
    return Numbers(Info({.window = TimeOf(number), .skips = LogSet::Skips::kSegments}),
                   "segment_no");
  };
  EXPECT_THAT(shown(3), ElementsAre(3));
  EXPECT_THAT(shown(1), ElementsAre(1));
  EXPECT_THAT(shown(4), ElementsAre(4));
}

// What is damaged in the midst and what is torn off are two things, and what is not proved is both.
TEST_F(SegmentLossesTest, DamagedBytesAreTheSameInEveryReport) {
  Spoil(2);
  Cut(4);
  const Ran info = Info();
  const Coverage& coverage = info.coverage;
  EXPECT_EQ(info.Sum("damaged_bytes"), coverage.damaged_bytes);
  EXPECT_EQ(info.Sum("torn_bytes"), coverage.torn_bytes);
  EXPECT_THAT((std::vector{coverage.damaged_bytes, coverage.torn_bytes}), Each(Gt(0U)));
  const Ran verify = Verify();
  EXPECT_THROW((void)verify.ColumnOf("damaged_bytes"), std::runtime_error);
  uint64_t unproved = 0;
  for (const char* number : {"1", "2", "3", "4", "5"}) {
    unproved += verify.Number(SegmentRowOf(verify, number), "unproved_bytes");
  }
  EXPECT_EQ(unproved, coverage.damaged_bytes + coverage.torn_bytes);
}

}  // namespace
}  // namespace daybook
