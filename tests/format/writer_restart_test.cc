// A log that is continued: what a segment says of the one before it, and numbers that are not used
// again.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "daybook/compress.h"
#include "daybook/writer.h"
#include "log_events.h"
#include "support/log_builder.h"

namespace daybook {
namespace {

using testing::SizeIs;

// The stream that a writer goes on with where `count` reads fail, from the one with that index on.
// Nothing is changed by it.
Id128 StreamWhereReadsFail(FakeDisk& disk, size_t first, size_t count, int error) {
  auto copy = std::make_shared<FakeDisk>();
  copy->files = disk.files;
  size_t seen = 0;
  copy->fault = [&](std::string_view operation, size_t) {
    if (operation != "read") return 0;
    const size_t index = seen++;
    return index >= first && index < first + count ? error : 0;
  };
  const Id128 stream_id = LogBuilder({}, copy).writer().stream_id();
  EXPECT_GE(seen, first + count);
  return stream_id;
}

TEST(WriterTest, ARestartContinuesNumbersAndStream) {
  auto disk = std::make_shared<FakeDisk>();
  {
    LogBuilder log({}, disk);
    log.Add(TestFork(1)).Add(TestExit(1));
    ASSERT_TRUE(log.writer().Close());
  }
  LogBuilder log({}, disk);
  EXPECT_EQ(log.writer().segment_no(), 2u);
  EXPECT_EQ(log.writer().next_seq(), 3u);
  log.Add(TestFork(2));
  ASSERT_TRUE(log.writer().Flush());
  EXPECT_EQ(ReadAll(log.Segment(1)).segment->stream_id, ReadAll(log.Segment(2)).segment->stream_id);
  EXPECT_THAT(EventsOf(*disk), SizeIs(3));
}

TEST(WriterTest, ARestartAfterACrashContinuesAfterTheLastProvedRecord) {
  auto disk = std::make_shared<FakeDisk>();
  {
    LogBuilder log({}, disk);
    log.Add(TestFork(1));
    ASSERT_TRUE(log.writer().Flush());
  }
  disk->files["daybook-00000001.dbk"].insert(disk->files["daybook-00000001.dbk"].end(), 50, 0);
  LogBuilder log({}, disk);
  EXPECT_EQ(log.writer().next_seq(), 2u);
}

TEST(WriterTest, ASegmentSaysHowTheOneBeforeItEnded) {
  auto disk = std::make_shared<FakeDisk>();
  {
    LogBuilder log({}, disk);
    EXPECT_FALSE(ReadAll(log.Segment()).segment->previous_segment_no);
    log.Add(TestFork(1));
    ASSERT_TRUE(log.writer().Sync());
    log.Add(TestFork(2));
    ASSERT_TRUE(log.writer().Rotate(EndReason::kSize));
    log.Add(TestFork(3));
    ASSERT_TRUE(log.writer().Sync());
    log.Add(TestFork(4));
    ASSERT_TRUE(log.writer().Flush());
  }
  const SegmentStart first = *ReadAll(disk->files["daybook-00000001.dbk"]).segment;
  const SegmentStart second = *ReadAll(disk->files["daybook-00000002.dbk"]).segment;
  EXPECT_EQ(second.previous_segment_no, 1u);
  EXPECT_EQ(second.previous_tag, first.tag);
  EXPECT_EQ(second.previous_end, PreviousEnd::kEnded);
  EXPECT_EQ(second.previous_next_seq, 3u);
  EXPECT_EQ(second.previous_bytes, disk->files["daybook-00000001.dbk"].size());
  EXPECT_LT(*second.previous_synced_bytes, *second.previous_bytes) << "its end was at work";
  EXPECT_GT(*second.previous_synced_bytes, 0u);

  const size_t whole = disk->files["daybook-00000002.dbk"].size();
  disk->files["daybook-00000002.dbk"].resize(whole + 30);
  LogBuilder after_crash({}, disk);
  const SegmentStart third = *ReadAll(after_crash.Segment(3)).segment;
  EXPECT_EQ(third.previous_end, PreviousEnd::kOpen);
  EXPECT_EQ(third.previous_tag, second.tag);
  EXPECT_EQ(third.previous_bytes, whole);
  EXPECT_LT(*third.previous_synced_bytes, whole);
  EXPECT_EQ(third.previous_next_seq, 5u);

  disk->files["daybook-00000004.dbk"] = {1, 2, 3};
  LogBuilder after_damage({}, disk);
  const SegmentStart fifth = *ReadAll(after_damage.Segment(5)).segment;
  EXPECT_EQ(fifth.previous_segment_no, 4u);
  EXPECT_EQ(fifth.previous_end, PreviousEnd::kUnreadable);
  EXPECT_FALSE(fifth.previous_tag);
}

// The newest segment may have ended before it had repeated all that the one before it holds.
TEST(WriterTest, NumbersOfASegmentThatWasGivenUpAreNotUsedAgain) {
  auto disk = std::make_shared<FakeDisk>();
  {
    LogBuilder log({}, disk);
    for (uint32_t pid = 1; pid <= 50; ++pid) {
      log.Add(TestFork(pid));
      ASSERT_TRUE(log.writer().Flush());
    }
    size_t seen = 0;
    disk->fault = [&](std::string_view operation, size_t) {
      return operation == "write" && seen++ == 0 ? EIO : 0;
    };
    log.Add(TestFork(51));
    EXPECT_FALSE(log.writer().Flush());
  }
  disk->fault = [](std::string_view, size_t) { return 0; };
  auto& newest = disk->files["daybook-00000002.dbk"];
  newest.resize(newest.size() - 500);
  ASSERT_LT(ReadAll(newest).events.size(), 50u);
  EXPECT_EQ(LogBuilder({}, disk).writer().next_seq(), 51u);
  disk->files.erase("daybook-00000001.dbk");
  disk->files.erase("daybook-00000003.dbk");
  EXPECT_EQ(LogBuilder({}, disk).writer().next_seq(), 51u) << "it is told in the second, too";
}

// Nobody knows which numbers it holds: the same ones in the same stream would be taken for repeats.
TEST(WriterTest, BehindASegmentThatCannotBeReadAnotherStreamBegins) {
  auto disk = std::make_shared<FakeDisk>();
  for (const uint32_t pid : {1, 2}) {
    LogBuilder({}, disk).Add(TestFork(pid)).writer().Close().value();
  }
  const Id128 stream_id = ReadAll(disk->files["daybook-00000001.dbk"]).segment->stream_id;
  EXPECT_EQ(StreamWhereReadsFail(*disk, 0, 0, EIO), stream_id);
  EXPECT_NE(StreamWhereReadsFail(*disk, 0, 1, EIO), stream_id);
  EXPECT_NE(StreamWhereReadsFail(*disk, 0, 1, EACCES), stream_id);
  EXPECT_EQ(StreamWhereReadsFail(*disk, 0, 1, ENOENT), stream_id) << "it is not there any more";
  FakeFolder folder(disk);
  ASSERT_TRUE(CompressSegment(folder, 2));
  EXPECT_EQ(StreamWhereReadsFail(*disk, 0, 0, EIO), stream_id);
  EXPECT_NE(StreamWhereReadsFail(*disk, 1, 2, EIO), stream_id) << "behind that of the raw file";
}

// The newest segment may be empty after a power loss, and the one before it compressed already.
TEST(WriterTest, ACompressedSegmentTellsTheNextWriterAllThatItToldRaw) {
  const std::string raw_name = "daybook-00000001.dbk";
  const std::string compressed_name = raw_name + ".zst";
  auto disk = std::make_shared<FakeDisk>();
  {
    LogBuilder log({}, disk);
    for (uint32_t pid = 1; pid <= 50; ++pid) log.Add(TestFork(pid));
    ASSERT_TRUE(log.writer().Close());
  }
  const std::vector<uint8_t> raw = disk->files[raw_name];
  LogBuilder after_raw({}, disk);
  const SegmentStart by_raw = *ReadAll(after_raw.Segment(2)).segment;
  EXPECT_EQ(by_raw.previous_end, PreviousEnd::kEnded);
  disk->files = {{raw_name, raw}};
  FakeFolder folder(disk);
  ASSERT_TRUE(CompressSegment(folder, 1));
  ASSERT_FALSE(disk->files.contains(raw_name));
  const std::vector<uint8_t> whole = disk->files[compressed_name];
  std::vector<uint8_t> damaged = whole;
  damaged.back() ^= 1;
  for (const std::vector<uint8_t>& file : {whole, damaged}) {
    disk->files = {{compressed_name, file}};
    LogBuilder after_compressed({}, disk);
    const SegmentStart start = *ReadAll(after_compressed.Segment(2)).segment;
    EXPECT_EQ(start.stream_id, by_raw.stream_id);
    EXPECT_EQ(start.first_seq, by_raw.first_seq);
    EXPECT_EQ(start.previous_end, by_raw.previous_end);
    EXPECT_EQ(start.previous_tag, by_raw.previous_tag);
    EXPECT_EQ(start.previous_next_seq, by_raw.previous_next_seq);
  }
  disk->files = {{compressed_name, whole}, {"daybook-00000002.dbk", {}}};
  EXPECT_EQ(LogBuilder({}, disk).writer().next_seq(), 51u);
}

// Two in a row were given up before they had repeated it all: only the third-newest holds the last
// numbers.
TEST(WriterTest, NumbersAreLookedForAsFarBackAsTheyAreRepeated) {
  auto disk = std::make_shared<FakeDisk>();
  WriterOptions options;
  options.block_bytes = 128;
  options.retry_interval_ns = 0;
  {
    LogBuilder log(options, disk);
    for (uint32_t pid = 1; pid <= 200; ++pid) {
      log.Add(TestFork(pid));
      ASSERT_TRUE(log.writer().Flush());
    }
    disk->write_limit = 100;
    bool first = true;
    disk->fault = [&](std::string_view operation, size_t) {
      if (operation != "write") return 0;
      if (std::exchange(first, false)) return EIO;
      constexpr size_t kMoreThanItsHead = 6000;
      return disk->files.rbegin()->second.size() > kMoreThanItsHead ? EIO : 0;
    };
    log.Add(TestFork(201));
    EXPECT_FALSE(log.writer().Flush());
    EXPECT_EQ(log.writer().segment_no(), 2u);
    EXPECT_FALSE(log.writer().Flush());
  }
  disk->fault = [](std::string_view, size_t) { return 0; };
  ASSERT_TRUE(disk->files.contains("daybook-00000003.dbk"));
  const ReadBack third = ReadAll(disk->files["daybook-00000003.dbk"]);
  ASSERT_LT(*third.segment->previous_next_seq, 201u);
  const Id128 stream_id = third.segment->stream_id;
  EXPECT_EQ(StreamWhereReadsFail(*disk, 0, 0, EIO), stream_id);
  constexpr size_t kReadsOfTheOthers = 2;
  EXPECT_NE(StreamWhereReadsFail(*disk, kReadsOfTheOthers, 1, EIO), stream_id);
  EXPECT_EQ(LogBuilder({}, disk).writer().next_seq(), 201u);
}

TEST(WriterTest, ACompressedSegmentTellsItsNumbersToo) {
  auto disk = std::make_shared<FakeDisk>();
  LogBuilder({}, disk).Add(TestFork(1)).writer().Close().value();
  LogBuilder({}, disk).Add(TestFork(2)).writer().Close().value();
  const SegmentStart raw = *ReadAll(disk->files["daybook-00000002.dbk"]).segment;
  const size_t raw_bytes = disk->files["daybook-00000002.dbk"].size();
  FakeFolder folder(disk);
  ASSERT_TRUE(CompressSegment(folder, 2));
  ASSERT_FALSE(disk->files.contains("daybook-00000002.dbk"));
  LogBuilder log({}, disk);
  EXPECT_EQ(log.writer().next_seq(), 3u);
  const SegmentStart start = *ReadAll(log.Segment(3)).segment;
  EXPECT_EQ(start.previous_tag, raw.tag);
  EXPECT_EQ(start.previous_end, PreviousEnd::kEnded);
  EXPECT_EQ(start.previous_bytes, raw_bytes);
}

}  // namespace
}  // namespace daybook
