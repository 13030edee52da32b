#include "log/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace daybook {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kMib = 1 << 20;

class ProgressTest : public testing::Test {
 protected:
  // What is written there when so much has been read at that time.
  std::string At(uint64_t ms, uint64_t bytes) {
    now_ns_ = kBeganNs + ms * kMs;
    written_.clear();
    progress_.Read(bytes);
    return written_;
  }
  std::string Erased() {
    written_.clear();
    progress_.Erase();
    return written_;
  }

  static constexpr uint64_t kBeganNs = 5'000'000'000;
  uint64_t now_ns_ = kBeganNs;
  size_t columns_ = 80;
  std::string written_;
  Progress progress_{{.now_ns = [this] { return now_ns_; },
                      .columns = [this] { return columns_; },
                      .write = [this](std::string_view bytes) { written_ += bytes; }}};
};

TEST_F(ProgressTest, WhatIsReadWithinASecondIsNotShown) {
  progress_.Expect(10 * kMib);
  EXPECT_EQ(At(999, 9 * kMib), "");
  EXPECT_EQ(Erased(), "");
}

TEST_F(ProgressTest, ThenHowMuchHowFastAndHowLongStill) {
  progress_.Expect(10 * kMib);
  EXPECT_EQ(At(1000, 2 * kMib), "\rdaybook: read 2.0M of 10.0M (20%), 2.0M/s, 4s left");
}

TEST_F(ProgressTest, FourTimesASecondAtMost) {
  progress_.Expect(10 * kMib);
  EXPECT_NE(At(1100, kMib), "");
  EXPECT_EQ(At(1349, 2 * kMib), "");
  EXPECT_NE(At(1350, 2 * kMib), "");
}

TEST_F(ProgressTest, LogSetsThatAreReadOneAfterTheOtherAreOneWhole) {
  progress_.Expect(10 * kMib);
  progress_.Expect(30 * kMib);
  EXPECT_EQ(At(1000, 10 * kMib), "\rdaybook: read 10.0M of 40.0M (25%), 10.0M/s, 3s left");
  written_.clear();
  progress_.EndLogSet(10 * kMib);
  EXPECT_EQ(written_, "\r" + std::string(52, ' ') + "\r");
  EXPECT_EQ(At(2000, 10 * kMib), "\rdaybook: read 20.0M of 40.0M (50%), 10.0M/s, 2s left");
}

TEST_F(ProgressTest, OfOneThatHasAPipeTheWholeIsUnknown) {
  progress_.Expect(10 * kMib);
  progress_.Expect(std::nullopt);
  progress_.Expect(10 * kMib);
  EXPECT_EQ(At(1000, kMib), "\rdaybook: read 1.0M, 1.0M/s");
  progress_.ExpectNothing();
  progress_.Expect(2 * kMib);
  EXPECT_EQ(At(2000, kMib), "\rdaybook: read 1.0M of 2.0M (50%), 512K/s, 2s left");
}

TEST_F(ProgressTest, OfAPipeNobodyKnowsHowMuchThereIs) {
  EXPECT_EQ(At(2000, 4 * kMib), "\rdaybook: read 4.0M, 2.0M/s");
}

TEST_F(ProgressTest, ALogThatHasGrownHasNoPercentage) {
  progress_.Expect(3 * kMib);
  EXPECT_EQ(At(2000, 4 * kMib), "\rdaybook: read 4.0M, 2.0M/s");
}

TEST_F(ProgressTest, BeforeAnythingIsReadNobodyKnowsHowLongItTakes) {
  progress_.Expect(3 * kMib);
  EXPECT_EQ(At(2000, 0), "\rdaybook: read 0B, 0B/s");
}

TEST_F(ProgressTest, AShorterLineCoversALongerOne) {
  EXPECT_EQ(At(1000, 1023), "\rdaybook: read 1023B, 1023B/s");
  EXPECT_EQ(At(2000, 10), "\rdaybook: read 10B, 5B/s     ");
}

TEST_F(ProgressTest, ALineLeavesTheLastColumnFree) {
  columns_ = 14;
  EXPECT_EQ(At(1000, kMib), "\rdaybook: read");
  columns_ = 0;
  EXPECT_EQ(At(2000, kMib), "\r");
}

TEST_F(ProgressTest, WhatIsErasedStaysSo) {
  EXPECT_EQ(At(1000, 10), "\rdaybook: read 10B, 10B/s");
  EXPECT_EQ(Erased(), "\r                        \r");
  EXPECT_EQ(At(9000, 20), "");
  EXPECT_EQ(Erased(), "");
}

}  // namespace
}  // namespace daybook
