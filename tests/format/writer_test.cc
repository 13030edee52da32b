#include "daybook/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "support/log_builder.h"

namespace daybook {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// All numbered records of the log in order, those that stand twice only once: what a reader of the
// whole folder sees.
std::vector<ReadBack::Numbered> EventsOf(const FakeDisk& disk, size_t* gaps = nullptr) {
  std::vector<ReadBack::Numbered> events;
  for (const auto& [name, bytes] : disk.files) {
    const ReadBack read = ReadAll(bytes);
    if (gaps != nullptr) *gaps += read.gaps.size();
    for (const auto& event : read.events) {
      if (events.empty() || event.seq > events.back().seq) events.push_back(event);
    }
  }
  return events;
}

TEST(WriterTest, AnExistingFileIsNeverTouched) {
  auto disk = std::make_shared<FakeDisk>();
  disk->files["daybook-00000041.dbk"] = {};
  disk->files["daybook-00000042.dbk"] = {1, 2, 3};
  LogBuilder log({}, disk);
  EXPECT_EQ(log.writer().segment_no(), 43u);
  EXPECT_THAT(disk->files["daybook-00000042.dbk"], SizeIs(3));
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

TEST(WriterTest, RotationLeavesNoHoleInTheNumbers) {
  WriterOptions options;
  options.segment_bytes = 8192;
  LogBuilder log(options);
  for (uint32_t pid = 1; pid <= 2000; ++pid) {
    log.Add(TestFork(pid));
    if (const auto reason = log.writer().RotationDue(log.now_ns())) {
      ASSERT_EQ(reason, EndReason::kSize);
      ASSERT_TRUE(log.writer().Rotate(*reason));
    }
  }
  ASSERT_TRUE(log.writer().Close());
  EXPECT_GE(log.disk().files.size(), 5u);
  size_t gaps = 0;
  const auto events = EventsOf(log.disk(), &gaps);
  EXPECT_EQ(gaps, 0u);
  ASSERT_THAT(events, SizeIs(2000));
  for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].seq, i + 1);
}

TEST(WriterTest, RotationIsDueByAgeToo) {
  LogBuilder log;
  EXPECT_FALSE(log.writer().RotationDue(log.now_ns()));
  EXPECT_EQ(log.writer().RotationDue(log.now_ns() + WriterOptions{}.segment_age_ns),
            EndReason::kAge);
}

TEST(WriterTest, ShortWritesAreCompleted) {
  auto disk = std::make_shared<FakeDisk>();
  disk->write_limit = 7;
  LogBuilder log({}, disk);
  for (uint32_t pid = 1; pid <= 100; ++pid) log.Add(TestFork(pid));
  ASSERT_TRUE(log.writer().Close());
  const ReadBack read = ReadAll(log.Segment());
  EXPECT_THAT(read.events, SizeIs(100));
  EXPECT_THAT(read.gaps, IsEmpty());
  EXPECT_TRUE(read.complete);
}

TEST(WriterTest, SyncIsDueOnlyForEventsAndOnlyAfterTheInterval) {
  LogBuilder log;
  const uint64_t interval = WriterOptions{}.sync_interval_ns;
  EXPECT_FALSE(log.writer().SyncDue(log.now_ns() + 10 * interval)) << "nothing to sync";
  log.Add(Clock{.time_ns = log.now_ns()});
  EXPECT_FALSE(log.writer().SyncDue(log.now_ns() + 10 * interval)) << "a clock anchor can wait";
  log.Add(TestFork(1));
  EXPECT_FALSE(log.writer().SyncDue(log.now_ns()));
  EXPECT_TRUE(log.writer().SyncDue(log.now_ns() + interval));
  ASSERT_TRUE(log.writer().Sync());
  EXPECT_FALSE(log.writer().SyncPending());
}

TEST(WriterTest, ASyncedSegmentPromisesItInTheNextCheckpoint) {
  LogBuilder log;
  log.Add(TestFork(1));
  ASSERT_TRUE(log.writer().Sync());
  log.Add(TestFork(2));
  ASSERT_TRUE(log.writer().Sync());
  const std::vector<uint8_t> bytes = log.Segment();
  SegmentReader reader(bytes);
  std::vector<Checkpoint> checkpoints;
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    Checkpoint checkpoint;
    if (std::get<RecordView>(item).As(&checkpoint)) checkpoints.push_back(checkpoint);
  }
  ASSERT_GE(checkpoints.size(), 4u);
  const Checkpoint& first = checkpoints[checkpoints.size() - 2];
  const Checkpoint& second = checkpoints.back();
  EXPECT_EQ(first.unsynced_bytes, first.logical_offset + first.block_bytes) << "nothing yet";
  EXPECT_EQ(second.unsynced_bytes, second.block_bytes) << "only what came after the sync";
}

TEST(WriterTest, AFailedWriteEndsTheSegmentAndTheNextOneHoldsWhatWasInMemory) {
  auto disk = std::make_shared<FakeDisk>();
  LogBuilder log({}, disk);
  log.Add(TestFork(1));
  ASSERT_TRUE(log.writer().Flush());
  log.Add(TestFork(2));
  const size_t fail_at = disk->calls.size();
  disk->fault = [fail_at](std::string_view, size_t index) { return index == fail_at ? EIO : 0; };
  const Status flushed = log.writer().Flush();
  EXPECT_FALSE(flushed);
  EXPECT_EQ(log.writer().segment_no(), 2u);
  log.Add(TestFork(3));
  ASSERT_TRUE(log.writer().Close());
  EXPECT_THAT(EventsOf(*disk), SizeIs(3));
  EXPECT_TRUE(ReadAll(log.Segment(2)).complete);
}

// SQLite's method: the fault comes at the N-th operation, for every N until a run meets none.
TEST(WriterTest, AFaultAtAnyOperationLosesNothingThatASecondSegmentCanHold) {
  for (const int error : {EIO, ENOSPC}) {
    bool met = true;
    for (size_t n = 4; met; ++n) {  // the first operations are those of Open
      met = false;
      auto disk = std::make_shared<FakeDisk>();
      WriterOptions options;
      options.block_bytes = 128;
      options.retry_interval_ns = 0;
      LogBuilder log(options, disk);
      disk->write_limit = 100;
      disk->fault = [&met, n, error](std::string_view, size_t index) {
        if (index != n) return 0;
        met = true;
        return error;
      };
      for (uint32_t pid = 1; pid <= 30; ++pid) {
        log.Add(TestFork(pid));
        if (pid % 4 == 0) (void)log.writer().Flush();
        if (pid % 11 == 0) (void)log.writer().Sync();
        if (pid == 17) (void)log.writer().Rotate(EndReason::kSize);
      }
      if (!log.writer().Close()) (void)log.writer().Close();
      const auto events = EventsOf(*disk);
      ASSERT_THAT(events, SizeIs(30)) << "fault " << error << " at operation " << n;
      for (size_t i = 0; i < events.size(); ++i) {
        ASSERT_EQ(events[i].seq, i + 1) << n;
        ASSERT_EQ(events[i].pid, i + 1) << n;
      }
    }
  }
}

// A disk with little room: what was wholly written before it was full is not written again.
TEST(WriterTest, EachSegmentOnANearlyFullDiskGoesOnWhereTheLastOneEnded) {
  auto disk = std::make_shared<FakeDisk>();
  WriterOptions options;
  options.retry_interval_ns = 1'000'000'000;
  LogBuilder log(options, disk);
  size_t room = 0;
  disk->write_limit = 1000;
  disk->fault = [&room](std::string_view operation, size_t) {
    if (operation != "write") return 0;
    if (room == 0) return ENOSPC;
    --room;
    return 0;
  };
  for (uint32_t pid = 1; pid <= 5000; ++pid) log.Add(TestFork(pid));
  uint64_t last_seq = 0;
  for (int second = 0; second < 5; ++second) {
    room = 20;
    log.Advance(2 * options.retry_interval_ns);
    (void)log.writer().Flush();
    const auto events = EventsOf(*disk);
    ASSERT_FALSE(events.empty());
    EXPECT_GT(events.back().seq, last_seq) << "second " << second;
    last_seq = events.back().seq;
  }
  room = SIZE_MAX;
  log.Advance(2 * options.retry_interval_ns);
  (void)log.writer().Flush();
  ASSERT_TRUE(log.writer().Close());
  EXPECT_THAT(EventsOf(*disk), SizeIs(5000));
}

TEST(WriterTest, ClosingTriesOnceMoreWhateverThePause) {
  auto disk = std::make_shared<FakeDisk>();
  LogBuilder log({}, disk);
  disk->fault = [](std::string_view operation, size_t) { return operation == "write" ? EIO : 0; };
  log.Add(TestFork(1));
  EXPECT_FALSE(log.writer().Flush());
  disk->fault = [](std::string_view, size_t) { return 0; };
  EXPECT_TRUE(log.writer().Close());
  EXPECT_THAT(EventsOf(*disk), SizeIs(1));
}

TEST(WriterTest, ASecondWriterIsRefused) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("daybook_writer_test." + std::to_string(getpid()));
  std::filesystem::create_directories(path);
  const auto open = [&] {
    return LogWriter::Open(*OpenLogFolder(path), {}, [] { return Clock{.time_ns = 1}; });
  };
  {
    const auto first = open();
    ASSERT_TRUE(first);
    const auto second = open();
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message(), testing::HasSubstr("another recorder"));
  }
  EXPECT_TRUE(open()) << "the lock goes with its holder";
  std::filesystem::remove_all(path);
}

TEST(WriterTest, AnOldSegmentThatCannotBeReadDoesNotStopRecording) {
  class Unreadable : public FakeFolder {
   public:
    using FakeFolder::FakeFolder;
    Result<std::vector<uint8_t>> Read(const std::string&) override {
      return Error::FromErrno("read", EIO);
    }
  };
  auto disk = std::make_shared<FakeDisk>();
  disk->files["daybook-00000007.dbk"] = {1};
  const auto writer =
      LogWriter::Open(std::make_unique<Unreadable>(disk), {}, [] { return Clock{.time_ns = 1}; });
  ASSERT_TRUE(writer);
  EXPECT_EQ(writer->segment_no(), 8u);
}

TEST(WriterTest, WhileNothingCanBeWrittenRecordsAreKeptThenCountedAndToldAfterwards) {
  auto disk = std::make_shared<FakeDisk>();
  WriterOptions options;
  options.max_pending_bytes = 2000;
  options.retry_interval_ns = 1'000'000'000;
  LogBuilder log(options, disk);
  disk->fault = [](std::string_view operation, size_t) {
    return operation == "write" || operation == "create" ? ENOSPC : 0;
  };
  constexpr uint32_t kForks = 500;
  for (uint32_t pid = 1; pid <= kForks; ++pid) {
    log.Add(TestFork(pid));
    if (pid % 10 == 0) {
      EXPECT_FALSE(log.writer().Flush());
    }
  }
  const size_t files_when_full = disk->files.size();
  EXPECT_EQ(files_when_full, 1u) << "a full disk is not filled with empty files";
  disk->fault = [](std::string_view, size_t) { return 0; };
  log.Advance(2 * options.retry_interval_ns);
  ASSERT_TRUE(log.writer().Flush());
  ASSERT_TRUE(log.writer().Close());
  const std::vector<uint8_t> bytes = log.Segment(2);
  SegmentReader reader(bytes);
  uint64_t forks = 0;
  std::optional<uint64_t> lost;
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    const auto& record = std::get<RecordView>(item);
    Lost told;
    if (record.Is<Fork>()) ++forks;
    if (record.As(&told)) lost = told.records;
  }
  ASSERT_TRUE(lost);
  EXPECT_GT(forks, 0u);
  EXPECT_EQ(forks + *lost, kForks);
}

}  // namespace
}  // namespace daybook
