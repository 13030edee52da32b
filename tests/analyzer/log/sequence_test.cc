#include "log/sequence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <utility>

namespace daybook {
namespace {

using testing::Eq;
using testing::Optional;

// From 10 on all are seen up to 20, and from 30 up to 40.
Sequence WithAHole() {
  Sequence sequence;
  (void)sequence.GoOnWith(10);
  sequence.SeeUpTo(20);
  (void)sequence.GoOnWith(30);
  sequence.SeeUpTo(40);
  return sequence;
}

Gap Lost(uint64_t first_seq, uint64_t records) {
  Gap gap;
  gap.first_lost_seq = first_seq;
  gap.records_lost = records;
  return gap;
}

TEST(SequenceTest, NothingIsMissingBeforeTheFirstNumber) {
  Sequence sequence;
  EXPECT_EQ(sequence.next(), std::nullopt);
  const auto jump = sequence.GoOnWith(1000);
  ASSERT_TRUE(jump);
  EXPECT_EQ(jump->records, 0U);
  EXPECT_THAT(sequence.next(), Optional(Eq(1000U)));
}

TEST(SequenceTest, AJumpIsMissing) {
  Sequence sequence;
  (void)sequence.GoOnWith(10);
  sequence.SeeUpTo(20);
  const auto jump = sequence.GoOnWith(25);
  ASSERT_TRUE(jump);
  EXPECT_EQ(jump->records, 5U);
  EXPECT_EQ(jump->first_seq, 20U);
  EXPECT_EQ(jump->untold(), 5U);
}

TEST(SequenceTest, OfAJumpWhatAGapHasToldIsToldOnce) {
  for (const uint64_t lost : {3, 5, 9}) {
    Sequence sequence;
    (void)sequence.GoOnWith(10);
    sequence.SeeUpTo(20);
    sequence.TakeLost(Lost(20, lost));
    const auto jump = sequence.GoOnWith(25);
    ASSERT_TRUE(jump);
    EXPECT_EQ(jump->told_by_gaps, lost);
    EXPECT_EQ(jump->untold(), lost < 5 ? 5 - lost : 0) << lost;
    sequence.SeeUpTo(26);
    EXPECT_EQ(sequence.GoOnWith(27)->untold(), 1U) << "the gap was before";
  }
}

TEST(SequenceTest, ALateNumberIsNoJump) {
  Sequence sequence = WithAHole();
  EXPECT_FALSE(sequence.GoOnWith(39));
  EXPECT_THAT(sequence.next(), Optional(Eq(40U)));
  EXPECT_TRUE(sequence.GoOnWith(40));
}

TEST(SequenceTest, OfLateNumbersThoseThatWereSeenAreRepeated) {
  const Sequence sequence = WithAHole();
  const auto late = [&](uint64_t first_seq, uint64_t end_seq) {
    const Sequence::Late late = sequence.CountLate(first_seq, end_seq);
    return std::pair(late.repeated, late.unordered);
  };
  EXPECT_EQ(late(12, 15), std::pair(3UL, 0UL));
  EXPECT_EQ(late(22, 25), std::pair(0UL, 3UL)) << "they were missing";
  EXPECT_EQ(late(18, 32), std::pair(4UL, 10UL));
  EXPECT_EQ(late(5, 12), std::pair(2UL, 5UL)) << "from before the first one";
  EXPECT_EQ(late(2, 4), std::pair(0UL, 2UL));
}

TEST(SequenceTest, AnUnreadNumberTellsNoPlace) {
  const Sequence sequence = WithAHole();
  EXPECT_THAT(sequence.PlaceOf(13, 12), Optional(13U));
  EXPECT_EQ(sequence.PlaceOf(23, 22), std::nullopt);
  EXPECT_EQ(sequence.PlaceOf(6, 5), std::nullopt);
  EXPECT_THAT(sequence.PlaceOf(51, 50), Optional(51U)) << "nothing behind it was seen";
}

TEST(SequenceTest, WhatIsLeftOutIsNotMissing) {
  Sequence sequence = WithAHole();
  sequence.LeaveOutUpTo(60);
  EXPECT_EQ(sequence.GoOnWith(60)->records, 0U);
  sequence.LeaveOutUpTo(50);
  EXPECT_THAT(sequence.next(), Optional(Eq(60U)));
}

TEST(SequenceTest, OfAGapWhatHasBeenSeenIsNotLost) {
  const Sequence sequence = WithAHole();
  EXPECT_EQ(sequence.LostIn(Lost(30, 5)), 0U);
  EXPECT_EQ(sequence.LostIn(Lost(38, 5)), 3U);
  EXPECT_EQ(sequence.LostIn(Lost(40, 5)), 5U);
  Gap unplaced;
  unplaced.records_lost = 7;
  EXPECT_EQ(sequence.LostIn(unplaced), 7U);
}

TEST(SequenceTest, WhatAGapHasToldIsNotLostInAnotherOne) {
  Sequence sequence = WithAHole();
  const auto lose = [&](uint64_t first_seq, uint64_t records) {
    const uint64_t lost = sequence.LostIn(Lost(first_seq, records));
    sequence.TakeLost(Lost(first_seq, records));
    return lost;
  };
  EXPECT_EQ(lose(40, 5), 5U);
  EXPECT_EQ(lose(40, 5), 0U) << "as in a copy of the segment";
  EXPECT_EQ(lose(42, 5), 2U);
  EXPECT_EQ(sequence.GoOnWith(40)->told_by_gaps, 7U);
  EXPECT_EQ(lose(42, 5), 5U) << "a copy has what is before it";
}

}  // namespace
}  // namespace daybook
