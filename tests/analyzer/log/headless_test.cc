#include "log/headless.h"

#include <gtest/gtest.h>

#include <vector>

namespace daybook {
namespace {

Id128 Id(uint8_t byte) {
  Id128 id;
  id.bytes.fill(byte);
  return id;
}

SegmentPeek Segment(uint64_t number, uint8_t boot, std::optional<EndReason> end) {
  SegmentPeek peek;
  const auto tag = static_cast<uint32_t>(number);
  peek.start = SegmentStart{.tag = 0xA0 + tag,
                            .segment_no = number,
                            .stream_id = Id(0x51),
                            .host_id = Id(0x05),
                            .boot_id = Id(boot),
                            .tick_ns = 1000,
                            .first_seq = number * 100,
                            .time_ns = number * 1000,
                            .realtime_ns = static_cast<int64_t>(number) * 1'000'000,
                            .previous_segment_no = number - 1,
                            .previous_tag = 0xA0 + tag - 1};
  if (end) peek.end = SegmentEnd{.reason = *end, .next_seq = (number + 1) * 100};
  return peek;
}

// Segment 2, of which the numbers from 230 on are left, from 2500 ns on.
HeadlessSegment Second(std::optional<EndReason> end) {
  HeadlessSegment headless{.tag = 0xA2, .first_seq = 230, .first_time_ns = 2500, .end = {}};
  if (end) headless.end = SegmentEnd{.reason = *end, .next_seq = 300};
  return headless;
}

TEST(HeadlessTest, TheNextSegmentTellsWhichOneItIs) {
  const std::vector<SegmentPeek> others{Segment(1, 0xB0, EndReason::kSize),
                                        Segment(3, 0xB0, EndReason::kSize)};
  const auto start = InferStart(Second(EndReason::kSize), others);
  ASSERT_TRUE(start);
  EXPECT_EQ(start->segment_no, 2U);
  EXPECT_EQ(start->tag, 0xA2U);
  EXPECT_EQ(start->stream_id, Id(0x51));
  EXPECT_EQ(start->boot_id, Id(0xB0));
  EXPECT_EQ(start->first_seq, 230U);
  EXPECT_EQ(start->time_ns, 2500U);
  EXPECT_EQ(start->realtime_ns, 1'001'500) << "1500 ns behind the one before it";
  EXPECT_FALSE(start->previous_tag);
}

TEST(HeadlessTest, TheEndOfTheSegmentBeforeItHasTheLatestTimeOfTheClock) {
  SegmentPeek first = Segment(1, 0xB0, EndReason::kSize);
  first.end->last_time_ns = 1900;
  first.end->last_realtime_ns = 7'000'000;
  const std::vector<SegmentPeek> others{first, Segment(3, 0xB0, EndReason::kSize)};
  EXPECT_EQ(InferStart(Second(EndReason::kSize), others)->realtime_ns, 7'000'600);
}

TEST(HeadlessTest, OfWhichNothingIsLeftItIsBetweenItsNeighbours) {
  HeadlessSegment nothing{.tag = 0xA2, .first_seq = {}, .first_time_ns = {}, .end = {}};
  const std::vector<SegmentPeek> others{Segment(1, 0xB0, EndReason::kSize),
                                        Segment(3, 0xB0, EndReason::kSize)};
  EXPECT_EQ(InferStart(nothing, others)->first_seq, 200U);
}

TEST(HeadlessTest, ASegmentThatNobodyNamesStaysUnknown) {
  EXPECT_FALSE(InferStart(Second(EndReason::kSize), {}));
  const std::vector<SegmentPeek> others{Segment(1, 0xB0, EndReason::kSize),
                                        Segment(4, 0xB0, EndReason::kSize)};
  EXPECT_FALSE(InferStart(Second(EndReason::kSize), others));
}

TEST(HeadlessTest, TheBootIsKnownOnlyWhereTheRecorderWentOn) {
  const auto boot = [](const SegmentPeek& previous, std::optional<EndReason> own) {
    const std::vector<SegmentPeek> others{previous, Segment(3, 0xB3, EndReason::kSize)};
    return InferStart(Second(own), others)->boot_id;
  };
  EXPECT_EQ(boot(Segment(1, 0xB1, EndReason::kAge), {}), Id(0xB1));
  EXPECT_EQ(boot(Segment(1, 0xB1, EndReason::kShutdown), EndReason::kSize), Id(0xB3));
  EXPECT_EQ(boot(Segment(1, 0xB3, {}), {}), Id(0xB3));
  EXPECT_EQ(boot(Segment(1, 0xB1, {}), {}), Id128{});
  EXPECT_EQ(boot(Segment(1, 0xB1, EndReason::kShutdown), EndReason::kShutdown), Id128{});
}

TEST(HeadlessTest, WithoutABootThereIsNoTime) {
  const std::vector<SegmentPeek> others{Segment(3, 0xB3, EndReason::kSize)};
  const auto start = InferStart(Second({}), others);
  ASSERT_TRUE(start);
  EXPECT_EQ(start->stream_id, Id(0x51));
  EXPECT_EQ(start->first_seq, 230U);
  EXPECT_EQ(start->host_id, Id128{});
  EXPECT_EQ(start->realtime_ns, 0);
}

}  // namespace
}  // namespace daybook
