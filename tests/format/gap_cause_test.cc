// Why a gap is there, what its bytes look like, and which one of them is wrong.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "content_reader.h"
#include "raw_log.h"
#include "support/log_builder.h"
#include "unsynced_blocks.h"

namespace daybook {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST(GapCauseTest, UndamagedBlocksHaveNoGap) {
  Blocks blocks = UnsyncedBlocks(5);
  const ReadBack read = ReadAll(blocks.log.bytes());
  EXPECT_THAT(read.gaps, IsEmpty());
  EXPECT_THAT(read.events, SizeIs(20));
}

TEST(GapCauseTest, WhatWasNotSyncedIsAHoleWhereBlocksFollow) {
  Blocks blocks = UnsyncedBlocks(5);
  blocks.log.bytes()[blocks.begins[2] + 6] ^= 1;
  const Gap gap = OnlyGap(blocks.log.bytes());
  EXPECT_EQ(gap.cause, GapCause::kHole);
  EXPECT_EQ(gap.tail, TailKind::kNone);
  EXPECT_EQ(gap.begin, blocks.begins[2]);
  EXPECT_EQ(gap.end, blocks.begins[3]);
  EXPECT_EQ(gap.records_lost, 4u);
  EXPECT_EQ(gap.first_lost_seq, 8u);
  EXPECT_EQ(gap.first_time_ns, 2'000'000u);
  EXPECT_EQ(gap.last_time_ns, 3'000'000u);
}

TEST(GapCauseTest, WhatALaterCheckpointPromisesToBeOnDiskIsDamaged) {
  Blocks blocks = UnsyncedBlocks(5);
  RawLog& log = blocks.log;
  log.Add(TestFork(9));
  // Up to here and not further.
  log.next().unsynced_bytes = log.size() - blocks.begins[3];
  log.Close();
  for (const size_t block : {1u, 2u, 3u, 4u}) {
    std::vector<uint8_t> bytes = log.bytes();
    bytes[blocks.begins[block] + 6] ^= 1;
    EXPECT_EQ(OnlyGap(bytes).cause, block < 3 ? GapCause::kDamaged : GapCause::kHole) << block;
  }
}

TEST(GapCauseTest, AllOfASegmentThatWasEndedInOrderIsOnDisk) {
  Blocks blocks = UnsyncedBlocks(5);
  RawLog& log = blocks.log;
  log.next().unsynced_bytes = log.size();
  log.Add(SegmentEnd{}).Close(kCheckpointLast);
  log.bytes()[blocks.begins[4] + 6] ^= 1;
  EXPECT_EQ(OnlyGap(log.bytes()).cause, GapCause::kDamaged);
}

TEST(GapCauseTest, AMissingBlockIsToldByTheSameRule) {
  Blocks blocks = UnsyncedBlocks(5);
  std::vector<uint8_t> bytes = blocks.log.bytes();
  const auto at = [&](size_t block) {
    return bytes.begin() + static_cast<std::ptrdiff_t>(blocks.begins[block]);
  };
  bytes.erase(at(2), at(3));
  const Gap gap = OnlyGap(bytes);
  EXPECT_EQ(gap.cause, GapCause::kHole);
  EXPECT_EQ(gap.begin, gap.end);
  EXPECT_EQ(gap.records_lost, 4u);
}

TEST(GapCauseTest, InDurableContentNothingIsTorn) {
  Blocks blocks = UnsyncedBlocks(3);
  std::vector<uint8_t> bytes = blocks.log.bytes();
  bytes.resize(bytes.size() - 5);
  ContentReader reader(bytes, /*is_durable=*/true, {});
  std::vector<Gap> gaps;
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    if (const auto* gap = std::get_if<Gap>(&item)) gaps.push_back(*gap);
  }
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_EQ(gaps[0].cause, GapCause::kDamaged);
  EXPECT_EQ(OnlyGap(bytes).cause, GapCause::kTornTail);
}

TEST(GapCauseTest, WithoutAnythingGoodBeforeItIsDamaged) {
  Blocks blocks = UnsyncedBlocks(3);
  blocks.log.bytes()[5] ^= 1;
  const Gap gap = OnlyGap(blocks.log.bytes());
  EXPECT_EQ(gap.cause, GapCause::kDamaged);
  EXPECT_EQ(gap.begin, 0u);
  EXPECT_EQ(gap.records_lost, std::nullopt);
}

TEST(GapCauseTest, BytesBehindACompleteSegmentAreTrailing) {
  Blocks blocks = UnsyncedBlocks(2);
  blocks.log.Add(SegmentEnd{}).Close(kCheckpointLast);
  blocks.log.AddBytes({1, 2, 3});
  EXPECT_EQ(OnlyGap(blocks.log.bytes()).cause, GapCause::kTrailing);
}

TEST(GapCauseTest, ASegmentOfALaterVersionIsUnsupported) {
  RawLog log;
  log.AddHead(1, kMajorVersion + 1).Add(TestFork(1)).Close();
  const ReadBack read = ReadAll(log.bytes());
  ASSERT_THAT(read.gaps, testing::Not(IsEmpty()));
  EXPECT_EQ(read.gaps[0].cause, GapCause::kUnsupported);
}

// A torn segment before another one of its log, which was synced and ended: that says nothing of
// the torn one.
TEST(GapCauseTest, TheNextSegmentPromisesNothingForTheTornOneBeforeIt) {
  Blocks torn = UnsyncedBlocks(3);
  torn.log.bytes().resize(torn.log.size() - 5);
  RawLog next;
  next.next().tag = torn.log.next().tag;  // even under the same tag
  next.next().first_seq = 100;
  next.AddHead().Add(TestFork(1)).Close().Add(SegmentEnd{}).Close(kCheckpointLast);
  const size_t end = torn.log.size();
  torn.log.AddBytes(next.bytes());
  const ReadBack read = ReadAll(torn.log.bytes());
  ASSERT_THAT(read.gaps, SizeIs(1));
  EXPECT_EQ(read.gaps[0].cause, GapCause::kTornTail);
  EXPECT_EQ(read.gaps[0].tail, TailKind::kCutRecord);
  EXPECT_EQ(read.gaps[0].end, end);
  EXPECT_TRUE(read.complete);
}

// Only this tells that the first one was not ended.
TEST(GapCauseTest, ATailThatEndsWithItsLastMarkIsEmpty) {
  RawLog torn;
  torn.AddHead().Add(TestFork(1)).AddMark();
  RawLog next;
  next.next().tag = kRawTag + 1;
  next.AddHead().Add(TestFork(2)).Close();
  const size_t end = torn.size();
  torn.AddBytes(next.bytes());
  const ReadBack read = ReadAll(torn.bytes());
  EXPECT_THAT(read.events, SizeIs(2));
  ASSERT_THAT(read.gaps, SizeIs(1));
  EXPECT_EQ(read.gaps[0].begin, end);
  EXPECT_EQ(read.gaps[0].end, end);
  EXPECT_EQ(read.gaps[0].cause, GapCause::kTornTail);
  EXPECT_EQ(read.gaps[0].tail, TailKind::kCutRecord);
}

// RawLog counts in ticks of a microsecond; this segment has another one.
TEST(GapCauseTest, TheTimesOfASegmentThatFollowsAreInItsOwnTicks) {
  RawLog log;
  log.next().first_time_ns = log.next().last_time_ns = 3'000'000;
  SegmentStart start{.signature = kSignature,
                     .major_version = kMajorVersion,
                     .tag = kRawTag,
                     .tick_ns = 2 * kTickNs,
                     .first_seq = 1};
  log.Add(start).Close(kCheckpointFirst);
  for (uint32_t pid = 1; pid < 9; ++pid) log.Add(TestFork(pid));
  log.Close();
  std::vector<uint8_t> bytes(20, 0xEE);
  bytes.insert(bytes.end(), log.bytes().begin(), log.bytes().end());
  bytes.push_back(0xEE);
  const ReadBack read = ReadAll(bytes);
  ASSERT_THAT(read.gaps, SizeIs(2));
  EXPECT_EQ(read.gaps[0].end, 20u);
  EXPECT_EQ(read.gaps[0].last_time_ns, 6'000'000u);
  EXPECT_EQ(read.gaps[1].first_time_ns, 6'000'000u);
}

TEST(GapCauseTest, AGapThatAnEarlierSalvageLeftIsSaidAndTheBlockIsProved) {
  Blocks blocks = UnsyncedBlocks(2);
  RawLog& log = blocks.log;
  const size_t begin = log.size();
  log.next().first_seq += 7;
  log.Add(TestFork(50)).Close(kCheckpointAfterLoss);
  const ReadBack read = ReadAll(log.bytes());
  ASSERT_THAT(read.gaps, SizeIs(1));
  EXPECT_EQ(read.gaps[0].cause, GapCause::kLostBefore);
  EXPECT_EQ(read.gaps[0].begin, begin);
  EXPECT_EQ(read.gaps[0].end, begin);
  EXPECT_EQ(read.gaps[0].records_lost, 7u);
  EXPECT_EQ(read.gaps[0].first_lost_seq, 8u);
  ASSERT_THAT(read.events, SizeIs(9));
  EXPECT_EQ(read.events[8].seq, 15u);
}

TEST(GapCauseTest, TheSameWithoutTheFlagIsDamage) {
  Blocks blocks = UnsyncedBlocks(2);
  blocks.log.next().first_seq += 7;
  blocks.log.next().unsynced_bytes = 0;
  blocks.log.Add(TestFork(50)).Close();
  const Gap gap = OnlyGap(blocks.log.bytes());
  EXPECT_EQ(gap.cause, GapCause::kDamaged);
  EXPECT_EQ(gap.records_lost, 7u);
}

TEST(SalvagedBlockTest, ItsRecordsAreMarkedAndHaveNoNumbers) {
  Blocks blocks = UnsyncedBlocks(1);
  RawLog& log = blocks.log;
  log.Add(TestFork(60)).Add(TestFork(61));
  log.next().seq_count = 0;
  log.Close(kCheckpointSalvaged);
  log.Add(TestFork(62)).Close();
  const ReadBack read = ReadAll(log.bytes());
  EXPECT_THAT(read.gaps, IsEmpty());
  ASSERT_THAT(read.unproved, SizeIs(2));
  EXPECT_EQ(read.unproved[0].proof, Proof::kSalvaged);
  EXPECT_TRUE(read.unproved[0].base);
  ASSERT_THAT(read.events, SizeIs(5));
  EXPECT_EQ(read.events[4].pid, 62u);
  EXPECT_EQ(read.events[4].seq, 4u);
}

// ---- What a torn tail looks like ----

std::vector<uint8_t> WithTail(const std::function<void(std::vector<uint8_t>&)>& append) {
  Blocks blocks = UnsyncedBlocks(2);
  append(blocks.log.bytes());
  return blocks.log.bytes();
}

TailKind TailOf(const std::vector<uint8_t>& bytes) {
  const Gap gap = OnlyGap(bytes);
  EXPECT_EQ(gap.cause, GapCause::kTornTail);
  return gap.tail;
}

TEST(TailKindTest, ARecordThatIsCutAtAnyPlace) {
  Blocks blocks = UnsyncedBlocks(2);
  const size_t begin = blocks.log.size();
  blocks.log.Add(TestFork(8)).Add(TestExit(8));
  for (size_t size = begin + 1; size <= blocks.log.size(); ++size) {
    std::vector<uint8_t> bytes = blocks.log.bytes();
    bytes.resize(size);
    EXPECT_EQ(TailOf(bytes), TailKind::kCutRecord) << size - begin;
  }
}

TEST(TailKindTest, NothingButZeros) {
  EXPECT_EQ(TailOf(WithTail([](auto& bytes) { bytes.resize(bytes.size() + 700); })),
            TailKind::kZeroFill);
}

TEST(TailKindTest, AZeroSectorAmongOtherBytes) {
  const auto sectors = [](size_t first_zero, size_t zeros) {
    return WithTail([=](auto& bytes) {
      bytes.resize(first_zero, 'x');
      bytes.resize(first_zero + zeros);
      bytes.resize(bytes.size() + 100, 'x');
    });
  };
  EXPECT_EQ(TailOf(sectors(1024, 512)), TailKind::kZeroSector);
  EXPECT_EQ(TailOf(sectors(1024, 511)), TailKind::kGarbage);
  EXPECT_EQ(TailOf(sectors(1025, 1022)), TailKind::kGarbage) << "no whole sector";
  EXPECT_EQ(TailOf(sectors(1025, 1023)), TailKind::kZeroSector);
}

TEST(TailKindTest, AnythingElse) {
  EXPECT_EQ(TailOf(WithTail([](auto& bytes) { bytes.resize(bytes.size() + 100, 'x'); })),
            TailKind::kGarbage);
  // Records that break off before the end.
  Blocks blocks = UnsyncedBlocks(2);
  blocks.log.Add(TestFork(8)).AddBytes({'x'});
  EXPECT_EQ(TailOf(blocks.log.bytes()), TailKind::kGarbage);
}

// ---- One wrong byte ----

TEST(WrongByteTest, EveryWrongByteOfABlockIsNamedAndNoneOfItsCheckpoint) {
  Blocks blocks = UnsyncedBlocks(4);
  const std::vector<uint8_t>& right = blocks.log.bytes();
  for (size_t at = blocks.begins[2]; at < blocks.begins[3]; ++at) {
    std::vector<uint8_t> bytes = right;
    bytes[at] ^= 0x24;
    std::optional<WrongByte> expected;
    if (at < blocks.ends[2]) expected = {.offset = at, .is = bytes[at], .was = right[at]};
    EXPECT_EQ(OnlyGap(bytes).wrong_byte, expected) << at;
  }
}

TEST(WrongByteTest, AlsoBehindWhatAMarkProves) {
  Blocks blocks = UnsyncedBlocks(2);
  RawLog& log = blocks.log;
  const size_t begin = log.size();
  log.Add(TestFork(8)).AddMark();
  const size_t marked = log.size();
  log.Add(TestFork(9)).AddMark().Add(TestFork(10));
  const size_t block_end = log.size();
  log.Close();
  for (size_t at = begin; at < block_end; ++at) {
    std::vector<uint8_t> bytes = log.bytes();
    bytes[at] ^= 0x81;
    const Gap gap = OnlyGap(bytes);
    EXPECT_EQ(gap.begin == begin, at < marked) << at;
    EXPECT_EQ(gap.wrong_byte, (WrongByte{.offset = at, .is = bytes[at], .was = log.bytes()[at]}));
  }
}

TEST(WrongByteTest, NoneIsNamedWhereMoreIsWrong) {
  Blocks blocks = UnsyncedBlocks(4);
  std::vector<uint8_t> bytes = blocks.log.bytes();
  bytes[blocks.begins[2] + 5] ^= 1;
  bytes[blocks.begins[2] + 50] ^= 1;
  EXPECT_EQ(OnlyGap(bytes).wrong_byte, std::nullopt);
}

}  // namespace
}  // namespace daybook
