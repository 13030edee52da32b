// Why a gap is there, what its bytes look like, and what hostile bytes may cost.
#include "content_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "raw_log.h"
#include "support/log_builder.h"

namespace daybook {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// Blocks of so many forks each, none of which is known to be on disk: `begins` is where they begin.
struct Blocks {
  RawLog log;
  std::vector<size_t> begins;
  std::vector<size_t> ends;  // where their checkpoints begin
};

Blocks UnsyncedBlocks(size_t count, size_t forks = 4) {
  Blocks blocks;
  RawLog& log = blocks.log;
  log.AddHead();
  for (size_t i = 0; i < count; ++i) {
    blocks.begins.push_back(log.size());
    for (size_t fork = 0; fork < forks; ++fork) log.Add(TestFork(static_cast<uint32_t>(i + 1)));
    blocks.ends.push_back(log.size());
    log.next().unsynced_bytes = log.size();
    log.next().last_time_ns += 1'000'000;
    log.Close();
  }
  return blocks;
}

Gap OnlyGap(const std::vector<uint8_t>& bytes) {
  const ReadBack read = ReadAll(bytes);
  EXPECT_THAT(read.gaps, SizeIs(1));
  return read.gaps.empty() ? Gap{} : read.gaps[0];
}

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

// ---- Headers that are not what they claim ----

// Bytes before the checkpoint look like the header of a record that would cover it.
TEST(CandidateTest, WhatACandidateClaimsToCoverIsLookedAtAllTheSame) {
  for (const uint8_t type : {Schema<Checkpoint>::kType, Schema<Exec>::kType}) {
    RawLog log;
    log.AddHead().Add(TestFork(1)).Close();
    const size_t begin = log.size();
    std::vector<uint8_t> payload(30, 'x');
    payload.insert(payload.end(), {kCookie[0], kCookie[1], type, 0x60});
    log.AddPayload(0x7E, payload);
    log.Close();
    const size_t end = log.size();
    for (uint32_t pid = 10; pid < 14; ++pid) log.Add(TestFork(pid)).Close();
    log.bytes()[begin + 6] ^= 1;
    const Gap gap = OnlyGap(log.bytes());
    EXPECT_EQ(gap.begin, begin);
    EXPECT_EQ(gap.end, end);
    EXPECT_EQ(gap.records_lost, 1u);
  }
}

// The same when the head of the file, and then the promises of its rest are looked for.
// A segment as somebody would put it into a program's arguments; behind it, bytes that are no
// log's. A record of it may hide the header of the CONT that our writer puts in between.
std::vector<uint8_t> HeadlessWith(const std::vector<uint8_t>& hidden) {
  RawLog forged;
  forged.AddHead().AddPayload(Schema<Info>::kType, hidden).Close();
  std::vector<uint8_t> bytes(100, 0xEE);
  bytes.insert(bytes.end(), forged.bytes().begin(), forged.bytes().end());
  bytes.insert(bytes.end(), 100, 0xEE);
  return bytes;
}

TEST(CandidateTest, WhereNothingElseIsLeftASegmentInArgumentsIsNotBelieved) {
  std::vector<uint8_t> payload(200, 'x');
  EXPECT_THAT(ReadAll(HeadlessWith(payload)).gaps, SizeIs(2)) << "of blocks that may be ours";
  const std::vector<uint8_t> cont = {kCookie[0], kCookie[1], Schema<Continuation>::kType, 255, 0};
  std::ranges::copy(cont, payload.begin() + 50);
  const ReadBack read = ReadAll(HeadlessWith(payload));
  ASSERT_THAT(read.gaps, SizeIs(1));
  EXPECT_EQ(read.gaps[0].begin, 0u);
  EXPECT_EQ(read.gaps[0].end, HeadlessWith(payload).size());
  payload.resize(10);
  EXPECT_THAT(ReadAll(HeadlessWith(payload)).gaps, SizeIs(1)) << "as long as a payload may be";
}

// The second of two copies of a segment says nothing against the first.
TEST(CandidateTest, WhatIsLeftOfASegmentIsReadAlsoBeforeAnotherOneOfTheSameTag) {
  Blocks blocks = UnsyncedBlocks(3);
  const std::vector<uint8_t> whole = blocks.log.bytes();
  blocks.log.AddBytes(whole);
  blocks.log.bytes()[3] ^= 1;  // in the first head
  const ReadBack read = ReadAll(blocks.log.bytes());
  EXPECT_THAT(read.events, SizeIs(24));
  ASSERT_THAT(read.gaps, testing::Not(IsEmpty()));
  EXPECT_EQ(read.gaps[0].end, blocks.begins[0]);
}

TEST(CandidateTest, ForgedHeadersHideNeitherTagNorPromise) {
  RawLog log;
  log.AddHead().Add(TestFork(1));
  log.next().unsynced_bytes = log.size();
  log.Close();
  const size_t begin = log.size();
  log.Add(TestFork(2));
  log.next().unsynced_bytes = log.size();
  log.Close();
  std::vector<uint8_t> payload(30, 'x');
  payload.insert(payload.end(), {kCookie[0], kCookie[1], Schema<Checkpoint>::kType, 0x60});
  log.next().unsynced_bytes = 0;
  log.AddPayload(0x7E, payload).Close().Add(TestFork(3)).next().unsynced_bytes = 1000;
  log.Close();
  std::vector<uint8_t> bytes = log.bytes();
  bytes[begin + 6] ^= 1;
  EXPECT_EQ(OnlyGap(bytes).cause, GapCause::kDamaged);

  // Only that block is left.
  RawLog alone;
  alone.next().logical_offset = 500;
  // Longer than what an argument can hold in a row.
  for (int i = 0; i < 8; ++i) alone.AddPayload(0x7E, payload);
  alone.Close().AddBytes(std::vector<uint8_t>(100, 'x'));
  EXPECT_THAT(ReadAll(alone.bytes()).events, SizeIs(8));
}

// ---- What hostile bytes may cost ----

// Reads everything and says what it took.
ContentReader::Work WorkOf(const std::vector<uint8_t>& bytes, bool salvage = false) {
  ContentReader reader(bytes, false, {.salvage = salvage});
  while (!std::holds_alternative<End>(reader.Next())) {
  }
  return reader.work();
}

constexpr size_t kHostileBytes = size_t{1} << 20;

void ExpectBounded(const std::vector<uint8_t>& bytes) {
  const ContentReader::Work work = WorkOf(bytes);
  // A walk ends where no block can reach, and may have been begun before the limit.
  constexpr uint64_t kSlack = 2 * kMaxBlockBytes;
  EXPECT_LE(work.summed_bytes, 24 * bytes.size());
  EXPECT_LE(work.walked_bytes, 16 * bytes.size() + kSlack);
  EXPECT_LE(work.looked_bytes, 17 * bytes.size());
}

TEST(HostileBytesTest, AnUndamagedLogIsSummedOnce) {
  LogBuilder log;
  for (uint32_t pid = 1; pid <= 5000; ++pid) log.Add(TestExit(pid));
  ASSERT_TRUE(log.writer().Close());
  const std::vector<uint8_t> bytes = log.Segment();
  const ContentReader::Work work = WorkOf(bytes);
  EXPECT_LE(work.summed_bytes, bytes.size() + 1000) << "the first block twice";
  EXPECT_EQ(work.walked_bytes, 0u);
  EXPECT_EQ(work.looked_bytes, 0u);
}

TEST(HostileBytesTest, AWalkEndsWhereNoBlockCanReach) {
  std::vector<uint8_t> pads;
  while (pads.size() < kHostileBytes) pads.insert(pads.end(), {0x2B, 0x91, 0x08, 0x00});
  const ContentReader::Work work = WorkOf(pads);
  EXPECT_GT(work.walked_bytes, 0u);
  EXPECT_LE(work.walked_bytes, kMaxBlockBytes + kHeaderBytes + kMaxPayloadBytes);
}

// Each of them claims all that may be claimed, and its sum is wrong.
TEST(HostileBytesTest, CheckpointsThatEachClaimTheLongestBlock) {
  for (const bool with_head : {false, true}) {
    RawLog log;
    if (with_head) log.AddHead();
    log.AddBytes(std::vector<uint8_t>(kMaxBlockBytes, 'x'));
    Checkpoint claim = log.next();
    claim.block_bytes = kMaxBlockBytes;
    claim.logical_offset = 1 << 20;
    while (log.size() < kHostileBytes) {
      ++claim.logical_offset;
      log.AddCheckpoint(claim);
    }
    ExpectBounded(log.bytes());
  }
}

// And here every sum is right.
TEST(HostileBytesTest, CheckpointsThatEachProveTheLongestBlock) {
  RawLog log;
  log.AddBytes(std::vector<uint8_t>(kMaxBlockBytes, 'x'));
  Checkpoint claim = log.next();
  claim.block_bytes = kMaxBlockBytes;
  claim.logical_offset = 1 << 20;
  while (log.size() < kHostileBytes) {
    ++claim.logical_offset;
    claim.block_crc = Crc32c(std::span(log.bytes()).last(kMaxBlockBytes));
    log.AddCheckpoint(claim);
  }
  ExpectBounded(log.bytes());
}

// Each checkpoint lies within the payload of a record, and behind each the walk goes on along the
// same records.
TEST(HostileBytesTest, CheckpointsWithinRecordsThatGoOnForLong) {
  RawLog log;
  log.AddHead();
  Checkpoint claim = log.next();
  while (log.size() < kHostileBytes) {
    RawLog inner;
    claim.logical_offset += 100;
    inner.AddCheckpoint(claim);
    log.AddPayload(0x08, inner.bytes());
  }
  const ContentReader::Work work = WorkOf(log.bytes());
  EXPECT_GT(work.walked_bytes, 16 * log.size()) << "so it would go on";
  ExpectBounded(log.bytes());
}

// Every segment has a gap, and says nothing of where it ends.
TEST(HostileBytesTest, SegmentsThatEachMustBeLookedThroughToTheEnd) {
  std::vector<uint8_t> bytes;
  uint32_t tag = 1;
  while (bytes.size() < kHostileBytes / 4) {
    RawLog log;
    log.next().tag = ++tag;
    log.AddHead(static_cast<uint8_t>(tag)).AddBytes({'x'});
    log.AddCheckpoint(log.next());
    bytes.insert(bytes.end(), log.bytes().begin(), log.bytes().end());
  }
  EXPECT_GT(WorkOf(bytes).looked_bytes, bytes.size());
  ExpectBounded(bytes);
}

}  // namespace
}  // namespace daybook
