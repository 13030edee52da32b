#include "daybook/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "layout.h"
#include "segment_buffer.h"
#include "support/log_builder.h"

namespace daybook {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST(ReaderTest, AClosedSegmentReadsBackWholeAndComplete) {
  LogBuilder log;
  for (uint32_t pid = 100; pid < 1100; ++pid) log.Add(TestFork(pid)).Add(TestExit(pid));
  ASSERT_TRUE(log.writer().Close());
  const ReadBack read = ReadAll(log.Segment());
  EXPECT_TRUE(read.complete);
  EXPECT_THAT(read.gaps, IsEmpty());
  ASSERT_THAT(read.events, SizeIs(2000));
  for (size_t i = 0; i < read.events.size(); ++i) {
    EXPECT_EQ(read.events[i].seq, i + 1);
    EXPECT_EQ(read.events[i].pid, 100 + i / 2);
  }
}

TEST(ReaderTest, WhatWasFlushedIsReadableWhileTheSegmentIsOpen) {
  LogBuilder log;
  log.Add(TestFork(7));
  ASSERT_TRUE(log.writer().Flush());
  log.Add(TestExit(7));
  ReadBack read = ReadAll(log.Segment());
  EXPECT_THAT(read.events, SizeIs(1));
  EXPECT_THAT(read.gaps, IsEmpty());
  EXPECT_FALSE(read.complete);
  ASSERT_TRUE(log.writer().Flush());
  read = ReadAll(log.Segment());
  EXPECT_THAT(read.events, SizeIs(2));
  EXPECT_THAT(read.gaps, IsEmpty());
}

TEST(ReaderTest, TheSegmentSaysWhoseItIs) {
  LogBuilder log;
  const auto segment = ReadAll(log.Segment()).segment;
  ASSERT_TRUE(segment);
  EXPECT_EQ(segment->segment_no, 1u);
  EXPECT_EQ(segment->tick_ns, 1000u);
  EXPECT_EQ(segment->boot_id.bytes[0], 0xB0);
  EXPECT_EQ(segment->time_ns, kTestBootNs);
}

TEST(ReaderTest, RecordsDecodeToWhatWasAppended) {
  LogBuilder log;
  Exec exec{.time_ns = kTestBootNs + 5'000, .pid = 12, .start_ns = kTestBootNs, .uid = 0};
  exec.comm = "sh";
  exec.exe = "/bin/sh";
  const std::string_view args("sh\0-c\0true\0", 11);
  exec.args = args;
  log.Add(exec);
  ASSERT_TRUE(log.writer().Flush());
  const std::vector<uint8_t> bytes = log.Segment();
  SegmentReader reader(bytes);
  Exec read;
  bool found = false;
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    if (std::get<RecordView>(item).As(&read)) {
      found = true;
      EXPECT_EQ(read, exec);
    }
  }
  EXPECT_TRUE(found);
}

// Every length around each boundary between head, fragments and the end.
TEST(ReaderTest, LongRecordsComeBackAtEveryLength) {
  WriterOptions options;
  options.block_bytes = 512;
  LogBuilder log(options);
  std::vector<std::string> arguments;
  for (size_t size = 0; size < 1300; ++size) arguments.emplace_back(size, 'x');
  arguments.emplace_back(60'000, 'y');
  for (size_t i = 0; i < arguments.size(); ++i) {
    log.Add(Exec{.time_ns = kTestBootNs, .pid = static_cast<uint32_t>(i), .args = arguments[i]});
  }
  ASSERT_TRUE(log.writer().Close());
  const std::vector<uint8_t> bytes = log.Segment();
  SegmentReader reader(bytes);
  size_t next = 0;
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    ASSERT_TRUE(std::holds_alternative<RecordView>(item));
    Exec exec;
    if (!std::get<RecordView>(item).As(&exec)) continue;
    ASSERT_LT(next, arguments.size());
    EXPECT_EQ(exec.args, arguments[next]) << next;
    ++next;
  }
  EXPECT_EQ(next, arguments.size());
}

TEST(ReaderTest, NoBytesAreALogWithoutRecords) {
  const ReadBack read = ReadAll({});
  EXPECT_THAT(read.gaps, IsEmpty());
  EXPECT_EQ(read.records, 0u);
  EXPECT_FALSE(read.complete);
}

TEST(ReaderTest, BytesThatAreNoLogAreOneGap) {
  std::vector<uint8_t> bytes(10'000, 'x');
  const ReadBack read = ReadAll(bytes);
  EXPECT_EQ(read.records, 0u);
  ASSERT_THAT(read.gaps, SizeIs(1));
  EXPECT_EQ(read.gaps[0].begin, 0u);
  EXPECT_EQ(read.gaps[0].end, bytes.size());
}

TEST(ReaderTest, ConcatenatedSegmentsReadAsBoth) {
  LogBuilder log;
  log.Add(TestFork(1));
  ASSERT_TRUE(log.writer().Rotate(EndReason::kSize));
  log.Add(TestFork(2));
  ASSERT_TRUE(log.writer().Close());
  std::vector<uint8_t> both = log.Segment(1);
  const std::vector<uint8_t> second = log.Segment(2);
  both.insert(both.end(), second.begin(), second.end());
  const ReadBack read = ReadAll(both);
  EXPECT_THAT(read.events, SizeIs(2));
  EXPECT_THAT(read.gaps, IsEmpty());
  EXPECT_TRUE(read.complete);
  EXPECT_EQ(read.segment->segment_no, 2u);
}

// Long enough for two copies of the head.
std::vector<uint8_t> LongSegment() {
  LogBuilder log;
  for (uint32_t pid = 1; pid <= 60'000; ++pid) log.Add(TestExit(pid));
  EXPECT_TRUE(log.writer().Close());
  EXPECT_GT(log.Segment().size(), size_t{2} << 20);
  return log.Segment();
}

TEST(ReaderTest, ASegmentWithoutItsHeadIsKnownByACopy) {
  std::vector<uint8_t> bytes = LongSegment();
  const auto whole = ReadAll(bytes).segment;
  bytes.erase(bytes.begin(), bytes.begin() + 5000);
  SegmentReader reader(bytes);
  (void)reader.Next();
  EXPECT_EQ(reader.segment(), whole) << "known before the first record";
  const ReadBack read = ReadAll(bytes);
  EXPECT_THAT(read.gaps, SizeIs(1));
  EXPECT_EQ(read.segment, whole);
}

TEST(ReaderTest, CopiesOfTheHeadCostLessThanHalfAPercentAndNoNumbers) {
  const std::vector<uint8_t> bytes = LongSegment();
  SegmentReader reader(bytes);
  uint64_t copies = 0;
  uint64_t copied_bytes = 0;
  uint64_t next_seq = 1;
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    const auto& record = std::get<RecordView>(item);
    if (record.offset > 10'000) copies += record.Is<SegmentStart>();
    if (record.offset > 10'000 && (record.Is<SegmentStart>() || record.Is<SchemaRecord>())) {
      copied_bytes += record.size;
    }
    if (record.seq) {
      EXPECT_EQ(*record.seq, next_seq++);
    }
  }
  EXPECT_EQ(copies, 2u);
  EXPECT_LT(copied_bytes * 200, bytes.size());
}

TEST(ReaderTest, AHeadlessSegmentBeforeAnotherIsNotTakenForIt) {
  std::vector<uint8_t> bytes;
  {
    LogBuilder log;
    for (uint32_t pid = 1; pid <= 300; ++pid) log.Add(TestExit(pid));
    EXPECT_TRUE(log.writer().Close());
    bytes = log.Segment();
    bytes.erase(bytes.begin(), bytes.begin() + 5000);
  }
  LogBuilder other;
  ASSERT_TRUE(other.writer().Close());
  const std::vector<uint8_t> second = other.Segment();
  bytes.insert(bytes.end(), second.begin(), second.end());
  SegmentReader reader(bytes);
  (void)reader.Next();
  EXPECT_EQ(reader.segment(), std::nullopt);
  const ReadBack read = ReadAll(bytes);
  EXPECT_GT(read.events.size(), 150u) << "its records are not lost for that";
  EXPECT_TRUE(read.segment);
}

TEST(ReaderTest, BytesAfterTheEndOfASegmentAreTrailing) {
  LogBuilder log;
  ASSERT_TRUE(log.writer().Close());
  std::vector<uint8_t> bytes = log.Segment();
  bytes.insert(bytes.end(), 100, 0);
  const ReadBack read = ReadAll(bytes);
  ASSERT_THAT(read.gaps, SizeIs(1));
  EXPECT_EQ(read.gaps[0].cause, GapCause::kTrailing);
  EXPECT_EQ(read.gaps[0].end - read.gaps[0].begin, 100u);
}

TEST(ReaderTest, AnEmptyFileAndAFolderAreToldApart) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("daybook_reader_test." + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "empty.dbk").close();
  auto empty = SegmentReader::Open(folder / "empty.dbk");
  ASSERT_TRUE(empty);
  EXPECT_TRUE(std::holds_alternative<End>(empty->Next()));
  EXPECT_FALSE(SegmentReader::Open(folder));
  EXPECT_FALSE(SegmentReader::Open(folder / "missing.dbk"));
  std::filesystem::remove_all(folder);
}

// A whole segment with one birth, by a writer whose features may be unknown to us.
std::vector<uint8_t> SegmentWithFeatures(uint64_t incompat_flags, uint32_t tag,
                                         uint8_t stream = 1) {
  SegmentStart start{.signature = kSignature,
                     .major_version = kMajorVersion,
                     .incompat_flags = incompat_flags,
                     .tag = tag,
                     .tick_ns = kTickNs,
                     .first_seq = 1};
  start.stream_id.bytes.fill(stream);
  SegmentBuffer buffer(tag, start.first_seq);
  buffer.Append(start);
  buffer.CloseBlock(kCheckpointFirst);
  buffer.Append(TestFork(tag));
  buffer.CloseBlock(kCheckpointLast);
  return {buffer.Unwritten().begin(), buffer.Unwritten().end()};
}

TEST(ReaderTest, ASegmentOfAnUnknownVersionIsAGapWhereverItStands) {
  const std::vector<uint8_t> known = SegmentWithFeatures(0, 5);
  const std::vector<uint8_t> unknown = SegmentWithFeatures(1, 6);
  const auto expect_gap = [&](const ReadBack& read, size_t begin, size_t events) {
    EXPECT_THAT(read.events, SizeIs(events));
    ASSERT_THAT(read.gaps, SizeIs(1));
    EXPECT_EQ(read.gaps[0].cause, GapCause::kUnsupported);
    EXPECT_EQ(read.gaps[0].begin, begin);
    EXPECT_EQ(read.gaps[0].end, begin + unknown.size());
  };
  expect_gap(ReadAll(unknown), 0, 0);
  std::vector<uint8_t> both = unknown;
  both.insert(both.end(), known.begin(), known.end());
  expect_gap(ReadAll(both), 0, 1);
  both = known;
  both.insert(both.end(), unknown.begin(), unknown.end());
  both.insert(both.end(), known.begin(), known.end());
  expect_gap(ReadAll(both), known.size(), 2);
}

// A mapped file would end the program with SIGBUS here.
TEST(ReaderTest, AFileThatShrinksWhileItIsReadDoesNoHarm) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("daybook_shrinking." + std::to_string(getpid()));
  const std::vector<uint8_t> bytes = LongSegment();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  auto reader = SegmentReader::Open(path);
  ASSERT_TRUE(reader);
  uint64_t events = 0;
  for (Item item = reader->Next(); !std::holds_alternative<End>(item); item = reader->Next()) {
    if (++events == 10) std::filesystem::resize_file(path, 1000);
    EXPECT_TRUE(std::holds_alternative<RecordView>(item));
  }
  EXPECT_GT(events, 60'000u);
  EXPECT_EQ(reader->file_bytes(), bytes.size());
  // The next one to open it finds a shorter file.
  auto shorter = SegmentReader::Open(path);
  ASSERT_TRUE(shorter);
  EXPECT_EQ(shorter->file_bytes(), 1000u);
  std::filesystem::remove(path);
}

// It might be a part of a program's arguments: its blocks are not followed.
TEST(ReaderTest, BehindASegmentOfAnUnknownVersionNoOtherLogIsBelieved) {
  std::vector<uint8_t> both = SegmentWithFeatures(1, 6);
  const std::vector<uint8_t> other = SegmentWithFeatures(0, 5, /*stream=*/2);
  both.insert(both.end(), other.begin(), other.end());
  const ReadBack read = ReadAll(both);
  EXPECT_THAT(read.events, IsEmpty());
  ASSERT_THAT(read.gaps, SizeIs(1));
  EXPECT_EQ(read.gaps[0].cause, GapCause::kUnsupported);
  EXPECT_EQ(read.gaps[0].end, both.size());
}

// Where a record loses its beginning, what a program was given as arguments may stand behind a
// checkpoint. But for that a segment that was not ended may have another log behind it.
TEST(ReaderTest, TheHeadOfAnotherLogIsNotBelievedInsideASegmentThatGoesOn) {
  LogBuilder builder({.block_bytes = 200});
  for (uint32_t pid = 100; pid < 130; ++pid) builder.Add(TestFork(pid));
  ASSERT_TRUE(builder.writer().Sync());
  const std::vector<uint8_t> ours = builder.Segment();
  std::vector<size_t> ends;
  SegmentReader reader{ours};
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    const auto& record = std::get<RecordView>(item);
    if (record.Is<Checkpoint>()) ends.push_back(record.offset + record.size);
  }
  ASSERT_GT(ends.size(), 4U);
  const size_t all = ReadAll(ours).events.size();
  for (const unsigned features : {0U, 1U}) {
    const std::vector<uint8_t> other = SegmentWithFeatures(features, 5, /*stream=*/2);
    std::vector<uint8_t> bytes = ours;
    bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(ends[ends.size() - 3]), other.begin(),
                 other.end());
    const ReadBack read = ReadAll(bytes);
    EXPECT_THAT(read.events, SizeIs(all));
    ASSERT_THAT(read.gaps, SizeIs(1));
    EXPECT_EQ(read.gaps[0].end - read.gaps[0].begin, other.size());
  }
  std::vector<uint8_t> both = ours;
  const std::vector<uint8_t> other = SegmentWithFeatures(0, 5, /*stream=*/2);
  both.insert(both.end(), other.begin(), other.end());
  EXPECT_THAT(ReadAll(both).events, SizeIs(all + 1));
}

}  // namespace
}  // namespace daybook
