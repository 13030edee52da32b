// Where segments stand in their file, as info and verify tell it, in whatever order they are read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "analyzer/report_runner.h"
#include "analyzer/scripted_log.h"
#include "support/temp_folder.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

class SegmentPlacesTest : public testing::Test {
 protected:
  // Three segments of different sizes, in one file.
  std::string Joined(const std::vector<int>& numbers) {
    {
      ScriptedLog log(folder_.path());
      for (uint32_t segment = 0; segment < 3; ++segment) {
        if (segment > 0) log.Rotate(6000 + 2000 * segment);
        for (uint32_t i = 0; i <= segment * 10; ++i) {
          log.Fork(7000 + 2000 * segment, 200 + 100 * segment + i, 100, 2000);
        }
      }
    }
    std::string joined = folder_ / "joined";
    std::ofstream file(joined);
    for (const int number : numbers) file << std::ifstream(Segment(number)).rdbuf();
    return joined;
  }
  std::string Segment(int number) const {
    return folder_ / ("daybook-0000000" + std::to_string(number) + ".dbk");
  }
  std::string SizeOf(int number) const {
    return std::to_string(std::filesystem::file_size(Segment(number)));
  }

  TempFolder folder_;
};

std::vector<std::string> Column(const Ran& ran, std::string_view name) {
  std::vector<std::string> cells;
  for (const TextRow& row : ran.rows) cells.emplace_back(ran.At(row, name));
  return cells;
}

TEST_F(SegmentPlacesTest, InfoTellsTheBytesOfEachAlsoOutOfOrder) {
  for (const std::vector<int>& order : {std::vector{1, 2, 3}, {3, 1, 2}, {3, 2, 1}, {2, 1, 3}}) {
    const Ran ran = RunReport(kInfoReport, {.paths = {Joined(order)}});
    EXPECT_THAT(Column(ran, "segment_no"), ElementsAre("1", "2", "3"));
    EXPECT_THAT(Column(ran, "bytes"), ElementsAre(SizeOf(1), SizeOf(2), SizeOf(3)));
  }
}

TEST_F(SegmentPlacesTest, VerifyTellsWhereEachStandsAlsoOutOfOrder) {
  for (const std::vector<int>& order : {std::vector{1, 2, 3}, {3, 1, 2}, {3, 2, 1}, {2, 1, 3}}) {
    const std::string joined = Joined(order);
    const Ran ran = RunReport(kVerifyReport, {.paths = {joined}, .order = Order::kOfLog});
    ASSERT_THAT(ran.rows, SizeIs(3));
    uint64_t begin = 0;
    for (const int number : order) {
      const TextRow& row = ran.rows[static_cast<size_t>(number - 1)];
      EXPECT_EQ(ran.Number(row, "segment_no"), static_cast<uint64_t>(number));
      EXPECT_EQ(ran.Number(row, "begin"), begin);
      EXPECT_EQ(ran.At(row, "verified_bytes"), SizeOf(number));
      begin = ran.Number(row, "end");
    }
    EXPECT_EQ(begin, std::filesystem::file_size(joined));
  }
}

}  // namespace
}  // namespace daybook
