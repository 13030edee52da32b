// Records out of damaged parts, on request.
#include "salvage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "raw_log.h"
#include "support/log_builder.h"

namespace daybook {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

const ReaderOptions kSalvage{.salvage = true};

std::vector<uint8_t> PayloadOfExec(const Exec& exec) {
  std::vector<uint8_t> payload(MaxEncodedBytes(exec));
  const uint8_t* const end = Encode(exec, BlockBase{}, payload.data());
  payload.resize(static_cast<size_t>(end - payload.data()));
  return payload;
}

// Cut anywhere, what is left decodes, and says nothing that was not there.
TEST(CutToFitTest, APayloadThatIsCutAnywhereDecodesToWhatIsLeft) {
  const std::string exe(140, 'e');
  const std::string args(90, 'a');
  const Exec whole{.time_ns = 3'000'000,
                   .pid = 12,
                   .start_ns = 2'000'000,
                   .comm = "comm",
                   .exe_bytes = exe.size(),
                   .exe = exe,
                   .args_bytes = args.size(),
                   .args = args};
  const std::vector<uint8_t> payload = PayloadOfExec(whole);
  TypeRegistry types;
  for (size_t size = 0; size <= payload.size(); ++size) {
    std::vector<uint8_t> cut(payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(size));
    CutToFit(*types.Find(Schema<Exec>::kType), &cut);
    Exec exec;
    ASSERT_TRUE(Decode(cut, BlockBase{}, &exec)) << size;
    EXPECT_TRUE(exec.time_ns == whole.time_ns || exec.time_ns == 0) << size;
    EXPECT_TRUE(exec.pid == whole.pid || exec.pid == 0) << size;
    EXPECT_TRUE(exe.starts_with(exec.exe.value_or(""))) << size;
    EXPECT_TRUE(args.starts_with(exec.args.value_or(""))) << size;
    if (size == payload.size()) {
      EXPECT_EQ(exec, whole);
    }
    constexpr size_t kBehindArgs = 1;  // an unknown number
    if (size + kBehindArgs + 1 == payload.size()) {
      EXPECT_EQ(exec.args, args.substr(1)) << "as much as there is";
    }
  }
}

// Where a field of a later writer stands, nothing says which bytes are a length.
TEST(CutToFitTest, NothingIsCutBehindAFieldThatIsNotKnown) {
  const TypeInfo type{.type = 0x70,
                      .fields = {{.name = "known", .wire = Wire::kString},
                                 {.name = "later", .wire = static_cast<Wire>(10)},
                                 {.name = "text", .wire = Wire::kString}}};
  const std::vector<uint8_t> payload = {1, 'a', 3, 200, 200};
  std::vector<uint8_t> cut = payload;
  CutToFit(type, &cut);
  EXPECT_EQ(cut, payload);
}

struct Seen {
  std::vector<std::string> args;
  size_t cut = 0;
  size_t without_base = 0;
  std::vector<Gap> gaps;
};

Seen Read(const std::vector<uint8_t>& bytes) {
  Seen seen;
  SegmentReader reader(bytes, kSalvage);
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    if (const auto* gap = std::get_if<Gap>(&item)) {
      seen.gaps.push_back(*gap);
      continue;
    }
    const auto& record = std::get<RecordView>(item);
    if (!record.Is<Exec>()) continue;
    Exec exec;
    if (!record.has_base) {
      EXPECT_FALSE(record.As(&exec));
      ++seen.without_base;
      continue;
    }
    EXPECT_TRUE(record.As(&exec));
    seen.args.emplace_back(exec.args.value_or(""));
    seen.cut += !record.is_whole;
  }
  return seen;
}

// Of arguments that fill three records the middle one is destroyed.
TEST(SalvageTest, ARecordWhoseContinuationIsMissingIsCutAndNotLost) {
  LogBuilder log;
  const std::string args(700, 'a');
  ASSERT_TRUE(log.writer().Sync());
  const size_t begin = log.Segment().size();
  log.Add(Exec{.time_ns = kTestBootNs, .pid = 5, .args = args});
  log.Add(Exec{.time_ns = kTestBootNs, .pid = 6, .args = "next"});
  ASSERT_TRUE(log.writer().Close());
  std::vector<uint8_t> bytes = log.Segment();
  bytes[begin + kHeaderBytes + kMaxPayloadBytes] = 0;  // the cookie of the first continuation
  const Seen seen = Read(bytes);
  ASSERT_THAT(seen.args, SizeIs(2));
  EXPECT_GT(seen.args[0].size(), 200u);
  EXPECT_TRUE(args.starts_with(seen.args[0]));
  EXPECT_EQ(seen.args[1], "next");
  EXPECT_EQ(seen.cut, 1u);
  ASSERT_THAT(seen.gaps, SizeIs(1));
  EXPECT_EQ(seen.gaps[0].records_lost, 2u);
  EXPECT_EQ(seen.gaps[0].records_salvaged, 2u);
}

TEST(SalvageTest, ContinuationsAreAppendedAtEveryLength) {
  for (size_t size = 0; size < 1100; size += 3) {
    LogBuilder log;
    const std::string args(size, 'a');
    log.Add(TestFork(1));
    ASSERT_TRUE(log.writer().Sync());
    const size_t begin = log.Segment().size();
    log.Add(TestFork(2)).Add(Exec{.time_ns = kTestBootNs, .pid = 5, .args = args});
    log.Add(TestFork(3));
    ASSERT_TRUE(log.writer().Close());
    std::vector<uint8_t> bytes = log.Segment();
    bytes[begin] ^= 1;
    const Seen seen = Read(bytes);
    ASSERT_THAT(seen.args, SizeIs(1)) << size;
    EXPECT_EQ(seen.args[0], args) << size;
    EXPECT_EQ(seen.cut, 0u) << size;
  }
}

TEST(SalvageTest, NothingIsSalvagedUnlessAskedFor) {
  RawLog log;
  log.AddHead().Add(TestFork(1)).Add(TestFork(2)).Close();
  log.bytes()[log.size() - 70] ^= 1;
  const ReadBack read = ReadAll(log.bytes());
  ASSERT_THAT(read.gaps, SizeIs(1));
  EXPECT_THAT(read.unproved, IsEmpty());
  EXPECT_EQ(read.gaps[0].records_salvaged, 0u);
}

// Two blocks in one gap: the first one's checkpoint is destroyed, and the second one's block.
TEST(SalvageTest, ARecordHasABaseOnlyWhereSomethingSaysIt) {
  RawLog log;
  log.AddHead();
  log.next().last_pid = 40;
  log.Add(TestFork(1)).Close();
  log.next().last_pid = 70;
  for (uint32_t pid = 50; pid < 55; ++pid) log.Add(TestFork(pid));
  const size_t checkpoint = log.size();
  log.Close();
  const size_t second = log.size();
  for (uint32_t pid = 80; pid < 85; ++pid) log.Add(TestFork(pid));
  const size_t second_end = log.size();
  log.Close();
  std::vector<uint8_t> bytes = log.bytes();
  bytes[checkpoint + 9] ^= 1;
  bytes[second_end - 1] ^= 1;
  ReadBack read = ReadAll(bytes, kSalvage);
  ASSERT_THAT(read.gaps, SizeIs(1));
  ASSERT_THAT(read.unproved, SizeIs(10));
  for (const auto& record : read.unproved) {
    ASSERT_TRUE(record.base);
    EXPECT_EQ(record.base->pid, record.offset < second ? 40u : 70u);
    EXPECT_EQ(record.proof, Proof::kSalvaged);
  }
  // Without a checkpoint behind the second block nothing says what it is relative to.
  bytes.resize(second_end);
  bytes[checkpoint] ^= 1;
  read = ReadAll(bytes, kSalvage);
  ASSERT_THAT(read.unproved, SizeIs(10));
  for (const auto& record : read.unproved) {
    EXPECT_EQ(record.base.has_value(), record.offset < second);
    EXPECT_EQ(record.proof, Proof::kTail);
  }
}

// Its times would look as if they were known.
TEST(SalvageTest, WhatStandsBehindACompleteSegmentHasNoBase) {
  RawLog log;
  log.AddHead();
  log.next().last_pid = 40;
  log.Add(SegmentEnd{}).Close(kCheckpointLast);
  const size_t end = log.size();
  for (uint32_t pid = 50; pid < 55; ++pid) log.Add(TestFork(pid));
  const ReadBack read = ReadAll(log.bytes(), kSalvage);
  ASSERT_THAT(read.gaps, SizeIs(1));
  EXPECT_EQ(read.gaps[0].cause, GapCause::kTrailing);
  EXPECT_EQ(read.gaps[0].begin, end);
  ASSERT_THAT(read.unproved, SizeIs(5));
  for (const auto& record : read.unproved) EXPECT_FALSE(record.base);
}

// The log describes a type that this reader does not know.
TEST(SalvageTest, TypesAreThoseThatTheLogDescribes) {
  const auto make = [](bool described) {
    RawLog log;
    log.AddHead();
    if (described) {
      log.Add(SchemaRecord{.type = 0x70, .min_bytes = 1, .max_bytes = 50, .name = "later"});
    }
    log.Add(TestFork(1)).Close();
    log.AddPayload(0x70, std::vector<uint8_t>(20, 'x')).Add(TestFork(2)).Close();
    log.bytes()[log.size() - 60] ^= 1;
    return ReadAll(log.bytes(), kSalvage).unproved.size();
  };
  EXPECT_EQ(make(true), make(false) + 1);
}

TEST(SalvageTest, TheSegmentOfASalvagedRecordIsTheOneItStoodIn) {
  LogBuilder log;
  log.Add(TestFork(1)).Add(TestFork(2));
  ASSERT_TRUE(log.writer().Flush());
  std::vector<uint8_t> bytes = log.Segment(1);
  bytes[bytes.size() - 12] ^= 1;  // just before the MARK
  ASSERT_TRUE(log.writer().Rotate(EndReason::kSize));
  ASSERT_TRUE(log.writer().Close());
  const std::vector<uint8_t> second = log.Segment(2);
  bytes.insert(bytes.end(), second.begin(), second.end());
  SegmentReader reader(bytes, kSalvage);
  size_t salvaged = 0;
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    if (const auto* gap = std::get_if<Gap>(&item)) {
      EXPECT_EQ(reader.segment()->segment_no, 1u);
      EXPECT_EQ(gap->cause, GapCause::kTornTail);
      continue;
    }
    if (std::get<RecordView>(item).proof == Proof::kVerified) continue;
    ++salvaged;
    EXPECT_EQ(reader.segment()->segment_no, 1u);
  }
  EXPECT_GT(salvaged, 0u);
  EXPECT_EQ(reader.segment()->segment_no, 2u);
}

}  // namespace
}  // namespace daybook
