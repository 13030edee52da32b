#include "log/verdict.h"

#include <gtest/gtest.h>

namespace daybook {
namespace {

// Segment 7 of a log, 10000 bytes, with the numbers 100 to 199.
SegmentFacts Whole() {
  SegmentFacts segment;
  segment.segment_no = 7;
  segment.start = SegmentStart{.tag = 0xAA, .segment_no = 7, .first_seq = 100};
  segment.end = 10'000;
  segment.has_end = true;
  segment.next_seq = 200;
  return segment;
}

SegmentFacts Open() {
  SegmentFacts segment = Whole();
  segment.has_end = false;
  return segment;
}

SegmentFacts WithGap(SegmentFacts segment, GapCause cause, uint64_t begin, uint64_t end,
                     TailKind tail = TailKind::kNone) {
  segment.gaps.push_back({.begin = begin, .end = end, .cause = cause, .tail = tail});
  return segment;
}

// The one after it, with what its writer knew of segment 7.
SegmentFacts Next(uint64_t previous_bytes, uint64_t previous_synced_bytes) {
  SegmentFacts next;
  next.segment_no = 8;
  next.start = SegmentStart{.tag = 0xBB,
                            .segment_no = 8,
                            .first_seq = 200,
                            .previous_segment_no = 7,
                            .previous_tag = 0xAA,
                            .previous_end = PreviousEnd::kOpen,
                            .previous_next_seq = 200,
                            .previous_bytes = previous_bytes,
                            .previous_synced_bytes = previous_synced_bytes};
  next.has_end = true;
  next.next_seq = 300;
  return next;
}

void ExpectVerdict(const Judgement& judgement, Verdict verdict, Severity severity) {
  EXPECT_EQ(VerdictName(judgement.verdict), VerdictName(verdict));
  EXPECT_EQ(static_cast<int>(judgement.severity), static_cast<int>(severity));
}

TEST(VerdictTest, AnEndThatWasReadIsComplete) {
  ExpectVerdict(Judge(Whole(), nullptr), Verdict::kComplete, Severity::kClean);
  const SegmentFacts next = Next(10'000, 10'000);
  ExpectVerdict(Judge(Whole(), &next), Verdict::kComplete, Severity::kClean);
}

TEST(VerdictTest, DamageBeforeTheDurableEndIsMediaDamage) {
  ExpectVerdict(Judge(WithGap(Whole(), GapCause::kDamaged, 4000, 8000), nullptr), Verdict::kDamaged,
                Severity::kDamaged);
}

TEST(VerdictTest, DamageThatNothingGoodFollowsIsATornTail) {
  const Judgement judgement =
      Judge(WithGap(Open(), GapCause::kTornTail, 9000, 10'000, TailKind::kZeroFill), nullptr);
  ExpectVerdict(judgement, Verdict::kTornTail, Severity::kUnclean);
  EXPECT_EQ(judgement.detail, "zero_fill");
}

TEST(VerdictTest, ATornTailThatHadBeenOnDiskIsDamage) {
  const SegmentFacts torn = WithGap(Open(), GapCause::kTornTail, 9000, 10'000, TailKind::kZeroFill);
  SegmentFacts next = Next(12'000, 9000);
  ExpectVerdict(Judge(torn, &next), Verdict::kTornTail, Severity::kUnclean);
  next = Next(12'000, 9001);
  const Judgement judgement = Judge(torn, &next);
  ExpectVerdict(judgement, Verdict::kDamaged, Severity::kDamaged);
  EXPECT_EQ(judgement.detail, "9000 bytes are left of 9001 that were on disk");
}

TEST(VerdictTest, DamageBehindTheDurableEndWithGoodBlocksBehindItIsAHole) {
  ExpectVerdict(Judge(WithGap(Open(), GapCause::kHole, 4000, 8000), nullptr), Verdict::kHole,
                Severity::kUnclean);
}

TEST(VerdictTest, AnEndBetweenTwoBlocksIsATruncationIfTheNextSegmentKnowsMore) {
  SegmentFacts next = Next(10'001, 10'000);
  ExpectVerdict(Judge(Open(), &next), Verdict::kTruncated, Severity::kUnclean);
  next = Next(10'001, 10'001);
  ExpectVerdict(Judge(Open(), &next), Verdict::kTruncated, Severity::kDamaged);
  next = Next(10'000, 10'000);
  ExpectVerdict(Judge(Open(), &next), Verdict::kOpen, Severity::kUnclean);
}

// A copy, or a salvaged segment: of its bytes the next one knows nothing.
TEST(VerdictTest, WhatTheNextSegmentSaysOfAnotherTagDoesNotCount) {
  SegmentFacts next = Next(20'000, 20'000);
  next.start->previous_tag = 0xCC;
  ExpectVerdict(Judge(Open(), &next), Verdict::kOpen, Severity::kUnclean);
}

// Nobody knows whether its recorder was stopped. Its records are numbered as they were.
TEST(VerdictTest, OfASalvagedSegmentWithoutAnEndTheNextOneTellsWhatIsLost) {
  SegmentFacts next = Next(20'000, 20'000);
  next.start->previous_tag = 0xCC;
  next.start->first_seq = 217;
  SegmentFacts salvaged = Open();
  salvaged.was_salvaged = true;
  ExpectVerdict(Judge(salvaged, &next), Verdict::kSalvaged, Severity::kUnclean);
  EXPECT_EQ(Judge(salvaged, &next).lost_at_end, 17U);
  EXPECT_EQ(Judge(Open(), &next).lost_at_end, 0U);
  ExpectVerdict(Judge(salvaged, nullptr), Verdict::kSalvaged, Severity::kUnclean);
}

TEST(VerdictTest, RecordsThatOnlyTheNextSegmentTellsOfAreLostAtTheEnd) {
  SegmentFacts next = Next(12'000, 9000);
  next.start->first_seq = 217;
  EXPECT_EQ(Judge(Open(), &next).lost_at_end, 17U);
  next.start->first_seq = 190;  // written again after an error
  EXPECT_EQ(Judge(Open(), &next).lost_at_end, 0U);
}

TEST(VerdictTest, WithoutAnEndItIsLiveOrWasLeftOpen) {
  SegmentFacts segment = Open();
  ExpectVerdict(Judge(segment, nullptr), Verdict::kOpen, Severity::kUnclean);
  segment.is_live = true;
  ExpectVerdict(Judge(segment, nullptr), Verdict::kLive, Severity::kClean);
  // A block that was being written while it was read.
  segment = WithGap(segment, GapCause::kTornTail, 9000, 10'000, TailKind::kCutRecord);
  ExpectVerdict(Judge(segment, nullptr), Verdict::kLive, Severity::kClean);
  segment = WithGap(segment, GapCause::kDamaged, 4000, 5000);
  ExpectVerdict(Judge(segment, nullptr), Verdict::kDamaged, Severity::kDamaged);
}

TEST(VerdictTest, AFileWithoutAByteIsEmptyUnlessSomethingWasInIt) {
  SegmentFacts segment;
  segment.segment_no = 7;
  ExpectVerdict(Judge(segment, nullptr), Verdict::kEmpty, Severity::kUnclean);
}

TEST(VerdictTest, BytesBehindTheEndAreTrailing) {
  ExpectVerdict(Judge(WithGap(Whole(), GapCause::kTrailing, 9000, 10'000), nullptr),
                Verdict::kTrailing, Severity::kDamaged);
}

TEST(VerdictTest, LossesThatTheLogTellsOfAreUnclean) {
  SegmentFacts segment = Whole();
  segment.lost_events = 5;
  Judgement judgement = Judge(segment, nullptr);
  ExpectVerdict(judgement, Verdict::kComplete, Severity::kUnclean);
  EXPECT_EQ(judgement.detail, "events that the recorder lost: 5");
  judgement = Judge(WithGap(Whole(), GapCause::kLostBefore, 4000, 4000), nullptr);
  ExpectVerdict(judgement, Verdict::kComplete, Severity::kUnclean);
  EXPECT_EQ(judgement.detail, "salvaged from a damaged one");
}

TEST(VerdictTest, TheWorstOfSeveralGapsDecides) {
  SegmentFacts segment = WithGap(Open(), GapCause::kHole, 1000, 2000);
  segment = WithGap(segment, GapCause::kDamaged, 3000, 4000);
  segment = WithGap(segment, GapCause::kTornTail, 9000, 10'000, TailKind::kGarbage);
  ExpectVerdict(Judge(segment, nullptr), Verdict::kDamaged, Severity::kDamaged);
}

TEST(VerdictTest, ADamagedContainerIsDamageAlsoWhereTheContentIsWhole) {
  SegmentFacts segment = Whole();
  segment.has_damaged_frames = true;
  ExpectVerdict(Judge(segment, nullptr), Verdict::kDamaged, Severity::kDamaged);
}

TEST(VerdictTest, OfALostFrameTheContentIsDamagedWhateverIsKnownOfItsLength) {
  SegmentFacts segment = Open();
  segment.has_damaged_frames = true;
  const SegmentFacts next = Next(20'000, 9000);
  ExpectVerdict(Judge(segment, &next), Verdict::kTruncated, Severity::kUnclean);
  segment.lost_bytes = 10'000;
  const Judgement judgement = Judge(segment, &next);
  ExpectVerdict(judgement, Verdict::kDamaged, Severity::kDamaged);
  EXPECT_EQ(judgement.detail, "10000 bytes of its content are gone");
}

// A rotation does not wait for the sync, so what it says of it is too little.
TEST(VerdictTest, WhatALaterSegmentHasOnDiskProvesThatTheOnesBeforeItWereToo) {
  SegmentFacts torn = WithGap(Open(), GapCause::kTornTail, 9000, 10'000, TailKind::kZeroFill);
  SegmentFacts hole = WithGap(Whole(), GapCause::kHole, 4000, 8000);
  SegmentFacts next = Next(10'000, 0);
  next.start->previous_end = PreviousEnd::kEnded;
  ExpectVerdict(Judge(torn, &next), Verdict::kTornTail, Severity::kUnclean);
  ExpectVerdict(Judge(hole, &next), Verdict::kHole, Severity::kUnclean);
  torn.is_synced_behind = hole.is_synced_behind = true;
  ExpectVerdict(Judge(torn, &next), Verdict::kDamaged, Severity::kDamaged);
  ExpectVerdict(Judge(hole, &next), Verdict::kDamaged, Severity::kDamaged);
  next.start->previous_end = PreviousEnd::kOpen;  // after a crash: nobody ended it
  ExpectVerdict(Judge(torn, &next), Verdict::kTornTail, Severity::kUnclean);
  ExpectVerdict(Judge(hole, &next), Verdict::kHole, Severity::kUnclean);
}

TEST(VerdictTest, OfAFileWithNothingLeftTheNextSegmentTellsWhatItHad) {
  SegmentFacts empty;
  empty.segment_no = 7;
  empty.next_seq = 100;  // behind the segment before it
  const SegmentFacts next = Next(10'000, 10'000);
  const Judgement judgement = Judge(empty, &next);
  ExpectVerdict(judgement, Verdict::kTruncated, Severity::kDamaged);
  EXPECT_EQ(judgement.lost_at_end, 100U);
}

TEST(VerdictTest, RecordsBeforeTheFirstOneAreLost) {
  SegmentFacts segment = Whole();
  segment.lost_at_begin = 5;
  const Judgement judgement = Judge(segment, nullptr);
  ExpectVerdict(judgement, Verdict::kComplete, Severity::kUnclean);
  EXPECT_EQ(judgement.detail, "5 records lost at its beginning");
}

TEST(VerdictTest, WhatASalvageWroteIsUncleanAlsoWhereNoNumberIsMissing) {
  SegmentFacts segment = Whole();
  segment.was_salvaged = true;
  ExpectVerdict(Judge(segment, nullptr), Verdict::kComplete, Severity::kUnclean);
}

TEST(VerdictTest, WhatCannotBeReadIsWorst) {
  ExpectVerdict(Judge(WithGap(Whole(), GapCause::kUnsupported, 0, 10'000), nullptr),
                Verdict::kUnsupported, Severity::kUnreadable);
  SegmentFacts segment;
  segment.access = SegmentFacts::Access::kUnreadable;
  ExpectVerdict(Judge(segment, nullptr), Verdict::kUnreadable, Severity::kUnreadable);
  segment.access = SegmentFacts::Access::kNoLog;
  ExpectVerdict(Judge(segment, nullptr), Verdict::kNoLog, Severity::kUnreadable);
}

// ---- Segments that no file has ----

TEST(VerdictTest, ASegmentThatTheNextOneNamesIsMissingWithItsNumbers) {
  SegmentFacts next = Next(10'000, 10'000);
  next.segment_no = next.start->segment_no = 10;
  next.start->previous_segment_no = 9;
  next.start->first_seq = 450;
  const auto missing = FindMissing(Whole(), next);
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->numbers.first, 8U);
  EXPECT_EQ(missing->numbers.last, 9U);
  EXPECT_EQ(missing->first_lost_seq, 200U);
  EXPECT_EQ(missing->records_lost, 250U);
}

TEST(VerdictTest, ANumberThatWasNeverUsedIsNotMissing) {
  SegmentFacts next = Next(10'000, 10'000);
  next.segment_no = next.start->segment_no = 10;
  EXPECT_FALSE(FindMissing(Whole(), next));
  EXPECT_FALSE(FindMissing(Whole(), Next(10'000, 10'000)));
}

TEST(VerdictTest, WithoutAWordOfThePredecessorTheNumbersTell) {
  SegmentFacts next = Next(10'000, 10'000);
  next.segment_no = next.start->segment_no = 9;
  next.start->previous_segment_no.reset();
  EXPECT_FALSE(FindMissing(Whole(), next));
  next.start->first_seq = 201;
  ASSERT_TRUE(FindMissing(Whole(), next));
  EXPECT_EQ(FindMissing(Whole(), next)->records_lost, 1U);
}

}  // namespace
}  // namespace daybook
