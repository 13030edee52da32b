// Headers that are not what they claim, and what hostile bytes may cost.

#include "content_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <variant>
#include <vector>

#include "raw_log.h"
#include "support/log_builder.h"
#include "unsynced_blocks.h"

namespace daybook {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

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

// The same when the head of the file, and then the promises of its rest are looked for.
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

// One record of that length, with its continuations.
std::vector<uint8_t> LongRecord(size_t payload_bytes) {
  RawLog log;
  log.AddPayload(0x7E, std::vector<uint8_t>(kMaxPayloadBytes, 'x'));
  size_t rest = payload_bytes - kMaxPayloadBytes;
  for (uint32_t index = 0;; ++index) {
    std::vector<uint8_t> fragment(1 + std::min(rest, kFragmentBytes), 'x');
    fragment[0] = static_cast<uint8_t>(index & kFragmentIndexMask);
    log.AddPayload(Schema<Continuation>::kType, fragment);
    rest -= fragment.size() - 1;
    if (fragment.size() < kMaxPayloadBytes) return log.bytes();
  }
}

// No writer of ours makes one, nor could it write one again.
TEST(CandidateTest, APayloadThatIsLongerThanAnyIsCut) {
  std::vector<uint8_t> payload;
  for (size_t size = kMaxLogicalBytes - 2; size < kMaxLogicalBytes + 600; ++size) {
    const std::vector<uint8_t> bytes = LongRecord(size);
    const Assembled read = Assemble(bytes, *ReadHeader(bytes, 0), &payload);
    EXPECT_EQ(read.is_whole, size <= kMaxLogicalBytes) << size;
    EXPECT_LE(payload.size(), kMaxLogicalBytes) << size;
    EXPECT_EQ(payload.size() == size, read.is_whole) << size;
    EXPECT_EQ(read.end == bytes.size(), read.is_whole) << size;
  }
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
