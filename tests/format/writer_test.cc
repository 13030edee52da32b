#include "daybook/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "log_events.h"
#include "support/log_builder.h"
#include "support/temp_folder.h"

namespace daybook {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST(WriterTest, AnExistingFileIsNeverTouched) {
  auto disk = std::make_shared<FakeDisk>();
  disk->files["daybook-00000041.dbk"] = {};
  disk->files["daybook-00000042.dbk"] = {1, 2, 3};
  LogBuilder log({}, disk);
  EXPECT_EQ(log.writer().segment_no(), 43u);
  EXPECT_THAT(disk->files["daybook-00000042.dbk"], SizeIs(3));
}

TEST(WriterTest, ANumberBehindWhichThereIsNoneIsNoSegments) {
  auto disk = std::make_shared<FakeDisk>();
  disk->files["daybook-00000041.dbk"] = disk->files["daybook-18446744073709551615.dbk"] = {};
  EXPECT_EQ(LogBuilder({}, disk).writer().segment_no(), 42u);
  disk->files["daybook-1000000000000000000.dbk"] = {};
  const auto writer =
      LogWriter::Open(std::make_unique<FakeFolder>(disk), {}, [] { return Clock(); });
  ASSERT_FALSE(writer) << "nobody would find what it writes";
  EXPECT_THAT(writer.error().message(), testing::HasSubstr("1000000000000000000"));
}

TEST(WriterTest, HowFarALogGoesItsFolderTells) {
  const TempFolder temp;
  const std::string path = temp / "log";
  EXPECT_EQ(FindLogEnd(path)->stream_id, Id128());
  std::filesystem::create_directory(path);
  EXPECT_EQ(FindLogEnd(path)->stream_id, Id128());
  EXPECT_EQ(FindLogEnd(path)->next_seq, 1u);
  const LogIdentity identity{.info = {{"run", "first"}}};
  auto writer = LogWriter::Open(*OpenLogFolder(path), identity, [] { return Clock(); });
  ASSERT_TRUE(writer) << writer.error().message();
  EXPECT_EQ(FindLogEnd(path)->stream_id, Id128()) << "it has its head alone";
  writer->Append(TestFork(1));
  ASSERT_TRUE(writer->Flush());
  EXPECT_EQ(FindLogEnd(path)->stream_id, writer->stream_id());
  EXPECT_EQ(FindLogEnd(path)->next_seq, 2u);
  EXPECT_EQ(FindLogEnd(path)->info, identity.info);
  const auto stream_id = writer->stream_id();
  writer = Error("closed");
  const LogIdentity other{.info = {{"run", "second"}}};
  auto next = LogWriter::Open(*OpenLogFolder(path), other, [] { return Clock(); });
  ASSERT_TRUE(next) << next.error().message();
  EXPECT_EQ(FindLogEnd(path)->info, identity.info) << "the second one has its head alone";
  EXPECT_EQ(FindLogEnd(path)->stream_id, stream_id);
  next->Append(TestFork(1));
  ASSERT_TRUE(next->Flush());
  EXPECT_EQ(FindLogEnd(path)->info, other.info);
  EXPECT_FALSE(FindLogEnd("/dev/null"));
}

TEST(WriterTest, LimitsThatAreSetLaterHoldFromThenOn) {
  WriterOptions options;
  options.segment_bytes = 1 << 20;
  options.retention.max_total_bytes = 64 << 20;
  LogBuilder log(options);
  const auto write = [&log](uint32_t records) {
    for (uint32_t i = 0; i < records; ++i) log.writer().Append(TestFork(i));
    EXPECT_TRUE(log.writer().Flush());
  };
  write(3000);
  EXPECT_EQ(log.writer().RotationDue(0), std::nullopt);
  options.segment_bytes = 16 << 10;
  options.retention.max_total_bytes = 300 << 10;
  log.writer().SetLimits(options);
  EXPECT_EQ(log.writer().RotationDue(0), EndReason::kSize);
  for (int i = 0; i < 40; ++i) {
    EXPECT_TRUE(log.writer().Rotate(EndReason::kSize));
    write(600);
  }
  uint64_t bytes = 0;
  for (const auto& [name, content] : log.disk().files) bytes += content.size();
  EXPECT_LE(bytes, options.retention.max_total_bytes);
  EXPECT_GT(bytes, options.retention.max_total_bytes / 4);
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

TEST(WriterTest, RotationByAgeIsDueAtRoundTimesOfTheWallClock) {
  constexpr uint64_t kAge = 1'000'000'000'000;
  LogBuilder log({.segment_age_ns = kAge});
  const uint64_t rest = kAge - static_cast<uint64_t>(kTestRealtimeNs) % kAge;
  EXPECT_FALSE(log.writer().RotationDue(kTestBootNs + rest - 1));
  EXPECT_EQ(log.writer().RotationDue(kTestBootNs + rest), EndReason::kAge);
}

uint64_t EndTimeOf(const std::vector<uint8_t>& segment) {
  SegmentReader reader(segment);
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    SegmentEnd end;
    if (std::get<RecordView>(item).As(&end)) return end.time_ns;
  }
  return 0;
}

TEST(WriterTest, ASegmentEndsByAgeBeforeTheRoundTimeUnlessItTellsOfLater) {
  constexpr uint64_t kAge = 1'000'000'000'000;
  const uint64_t round_ns = kTestBootNs + kAge - static_cast<uint64_t>(kTestRealtimeNs) % kAge;
  for (const uint64_t event_ns : {round_ns - 5'000, round_ns + 5'000}) {
    LogBuilder log({.segment_age_ns = kAge});
    log.Add(TestFork(7, event_ns));
    log.Advance(round_ns + 90'000 - kTestBootNs);
    ASSERT_TRUE(log.writer().Rotate(EndReason::kAge));
    ASSERT_TRUE(log.writer().Close());
    EXPECT_EQ(EndTimeOf(log.Segment()), std::max(round_ns - 1'000, event_ns));
  }
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

SegmentEnd EndOf(std::span<const uint8_t> bytes) {
  SegmentReader reader(bytes);
  SegmentEnd end;
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    const auto* record = std::get_if<RecordView>(&item);
    if (record != nullptr && record->As(&end)) return end;
  }
  ADD_FAILURE() << "no end";
  return end;
}

TEST(WriterTest, TheEndTellsTheSpanAlsoByAClockThatWasSetBack) {
  constexpr uint64_t kSecond = 1'000'000'000;
  constexpr auto kSecondSigned = static_cast<int64_t>(kSecond);
  LogBuilder log;
  log.Add(TestFork(1, kTestBootNs - kSecond));
  log.Advance(10 * kSecond);
  log.Add(Clock{.time_ns = log.now_ns(),
                .realtime_ns = kTestRealtimeNs - 100 * kSecondSigned,
                .reason = ClockReason::kStep});
  log.Add(TestFork(2, log.now_ns() + kSecond));
  log.Advance(2 * kSecond);
  ASSERT_TRUE(log.writer().Close());
  const SegmentEnd end = EndOf(log.Segment());
  EXPECT_EQ(end.first_time_ns, kTestBootNs - kSecond);
  EXPECT_EQ(end.last_time_ns, kTestBootNs + 12 * kSecond);
  EXPECT_EQ(end.first_realtime_ns, kTestRealtimeNs - 100 * kSecondSigned);
  EXPECT_EQ(end.last_realtime_ns, kTestRealtimeNs + 10 * kSecondSigned) << "before the step";
}

TEST(WriterTest, ARecordThatIsTooLongIsToldAsLostAtOnce) {
  LogBuilder log;
  log.Add(TestFork(1));
  log.Add(Exec{.time_ns = log.now_ns(), .pid = 1, .args = std::string(70'000, 'a')});
  log.Add(TestExit(1));
  ASSERT_TRUE(log.writer().Close());
  const std::vector<uint8_t> bytes = log.Segment();
  SegmentReader reader(bytes);
  std::optional<Lost> lost;
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    Lost told;
    if (std::get<RecordView>(item).As(&told)) lost = told;
  }
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->records, 1u);
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

}  // namespace
}  // namespace daybook
