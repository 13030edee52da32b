#include "daybook/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <map>

#include "daybook/compress.h"
#include "support/a_life.h"
#include "support/log_builder.h"
#include "support/temp_folder.h"

namespace daybook {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// All numbered records of the log in order, those that stand twice only once: what a reader of the
// whole folder sees.
std::vector<ReadBack::Numbered> EventsOf(const FakeDisk& disk, size_t* gaps = nullptr) {
  std::map<uint64_t, ReadBack::Numbered> by_seq;
  for (const auto& [name, bytes] : disk.files) {
    if (!name.ends_with(".dbk")) continue;
    const ReadBack read = ReadAll(bytes);
    if (gaps != nullptr) *gaps += read.gaps.size();
    for (const auto& event : read.events) {
      EXPECT_EQ(by_seq.emplace(event.seq, event).first->second, event) << "told differently";
    }
  }
  std::vector<ReadBack::Numbered> events;
  for (const auto& [seq, event] : by_seq) events.push_back(event);
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

// SQLite's method: the fault comes at the N-th operation of a kind, for every N until a run meets
// none. After a failed sync the disk has forgotten what was not synced.
struct Fault {
  std::string_view operation;
  int error;
};

class FaultTest : public testing::TestWithParam<Fault> {
 protected:
  // A life with every operation in it.
  static void Live(LogBuilder& log) {
    for (uint32_t pid = 1; pid <= 60; ++pid) {
      log.Add(TestFork(pid));
      if (pid % 4 == 0) (void)log.writer().Flush();
      if (pid % 11 == 0) (void)log.writer().BeginSync();
      if (pid % 17 == 0) (void)log.writer().Rotate(EndReason::kSize);
    }
    if (!log.writer().Close()) (void)log.writer().Close();
  }
};

TEST_P(FaultTest, NothingIsLostThatASecondSegmentCanHold) {
  size_t faults = 0;
  for (bool met = true; met; ++faults) {
    met = false;
    auto disk = std::make_shared<FakeDisk>();
    WriterOptions options;
    options.block_bytes = 128;
    options.retry_interval_ns = 0;
    options.ballast_bytes = 1000;
    options.retention.max_segments = 100;
    LogBuilder log(options, disk);
    disk->write_limit = 100;
    size_t seen = 0;
    disk->fault = [&](std::string_view operation, size_t) {
      if (operation != GetParam().operation || seen++ != faults) return 0;
      met = true;
      return GetParam().error;
    };
    Live(log);
    SCOPED_TRACE(testing::Message() << GetParam().operation << " number " << faults);
    const auto events = EventsOf(*disk);
    ASSERT_THAT(events, SizeIs(60));
    for (size_t i = 0; i < events.size(); ++i) {
      ASSERT_EQ(events[i].seq, i + 1);
      ASSERT_EQ(events[i].pid, i + 1);
    }
    EXPECT_EQ(log.writer().durable_seq(), 61u);
  }
  EXPECT_GT(faults, 1u) << "never met";
}

INSTANTIATE_TEST_SUITE_P(
    Operations, FaultTest,
    testing::Values(Fault{"write", EIO}, Fault{"write", EINTR}, Fault{"write", ENOSPC},
                    Fault{"write", EDQUOT}, Fault{"reserve", ENOSPC}, Fault{"reserve", EIO},
                    Fault{"create", EIO}, Fault{"create", ENOSPC}, Fault{"create", EMFILE},
                    Fault{"sync", EIO}, Fault{"sync", ENOSPC}, Fault{"sync", EINTR},
                    Fault{"sync_folder", EIO}, Fault{"close", EIO}, Fault{"list", EIO}),
    [](const auto& test) {
      return std::string(test.param.operation) + std::to_string(test.param.error);
    });

// Where old segments go, too.
TEST(WriterTest, AFaultWhileOldSegmentsAreRemovedLosesNoneOfTheOthers) {
  size_t faults = 0;
  for (bool met = true; met; ++faults) {
    met = false;
    auto disk = std::make_shared<FakeDisk>();
    WriterOptions options;
    options.retry_interval_ns = 0;
    options.retention.max_segments = 3;
    LogBuilder log(options, disk);
    size_t seen = 0;
    disk->fault = [&](std::string_view operation, size_t) {
      if (operation != "remove" || seen++ != faults) return 0;
      met = true;
      return EIO;
    };
    for (uint32_t pid = 1; pid <= 60; ++pid) {
      log.Add(TestFork(pid));
      (void)log.writer().Flush();
      if (pid % 5 == 0) (void)log.writer().Rotate(EndReason::kSize);
    }
    if (!log.writer().Close()) (void)log.writer().Close();
    const auto events = EventsOf(*disk);
    ASSERT_FALSE(events.empty());
    for (size_t i = 0; i < events.size(); ++i) ASSERT_EQ(events[i].seq, events[0].seq + i);
    EXPECT_EQ(events.back().seq, 60u);
    EXPECT_LE(disk->files.size(), 4u);
  }
  EXPECT_GT(faults, 5u);
}

// A syncer whose tasks wait until the test lets them.
class SlowSyncer : public Syncer {
 public:
  struct Hand {
    std::function<Status()> task;
    std::optional<Status> result;
    bool IsBusy() const { return task != nullptr; }
    void Work() { result = std::exchange(task, nullptr)(); }
  };
  explicit SlowSyncer(std::shared_ptr<Hand> hand) : hand_(std::move(hand)) {}
  void Begin(std::function<Status()> task) override {
    EXPECT_FALSE(hand_->IsBusy() || hand_->result) << "one after the other";
    hand_->task = std::move(task);
  }
  std::optional<Status> Poll() override { return std::exchange(hand_->result, std::nullopt); }
  Status Wait() override {
    if (hand_->IsBusy()) hand_->Work();
    return *Poll();
  }

 private:
  std::shared_ptr<Hand> hand_;
};

class SlowSyncTest : public testing::Test {
 protected:
  void Open(WriterOptions options = {}) {
    log_.emplace(options, disk_, std::make_unique<SlowSyncer>(hand_));
  }
  LogWriter& writer() { return log_->writer(); }
  void AddAndFlush(uint32_t pid) {
    log_->Add(TestFork(pid));
    ASSERT_TRUE(writer().Flush());
  }
  void FailNext(std::string_view operation, int error = EIO) {
    disk_->fault = [=, done = false](std::string_view one, size_t) mutable {
      return one == operation && !std::exchange(done, true) ? error : 0;
    };
  }
  void ExpectWhole(uint32_t count) {
    const auto events = EventsOf(*disk_);
    ASSERT_THAT(events, SizeIs(count));
    for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].pid, i + 1);
  }

  std::shared_ptr<FakeDisk> disk_ = std::make_shared<FakeDisk>();
  std::shared_ptr<SlowSyncer::Hand> hand_ = std::make_shared<SlowSyncer::Hand>();
  std::optional<LogBuilder> log_;
};

TEST_F(SlowSyncTest, NothingIsPromisedBeforeTheDiskHasAnswered) {
  Open();
  AddAndFlush(1);
  ASSERT_TRUE(writer().BeginSync());
  ASSERT_TRUE(hand_->IsBusy());
  AddAndFlush(2);
  ASSERT_TRUE(writer().BeginSync()) << "another is not begun";
  EXPECT_EQ(writer().durable_seq(), 1u);
  EXPECT_TRUE(writer().SyncPending());
  EXPECT_FALSE(writer().SyncDue(log_->now_ns() + 10'000'000'000)) << "one is at work";
  hand_->Work();
  EXPECT_EQ(writer().durable_seq(), 1u) << "not seen yet";
  ASSERT_TRUE(writer().Flush());
  EXPECT_EQ(writer().durable_seq(), 2u) << "the second record came later";
  EXPECT_TRUE(writer().SyncPending());
  ASSERT_TRUE(writer().Sync());
  EXPECT_EQ(writer().durable_seq(), 3u);
  EXPECT_FALSE(writer().SyncPending());
}

TEST_F(SlowSyncTest, RotationDoesNotWaitForTheDisk) {
  Open();
  AddAndFlush(1);
  ASSERT_TRUE(writer().Rotate(EndReason::kSize));
  AddAndFlush(2);
  ASSERT_TRUE(writer().Rotate(EndReason::kSize));
  AddAndFlush(3);
  EXPECT_EQ(writer().segment_no(), 3u);
  EXPECT_EQ(writer().first_unfinished_segment_no(), 1u);
  EXPECT_EQ(writer().durable_seq(), 1u);
  hand_->Work();
  ASSERT_TRUE(writer().Flush());
  EXPECT_EQ(writer().first_unfinished_segment_no(), 2u);
  EXPECT_EQ(writer().durable_seq(), 2u);
  ASSERT_TRUE(writer().Close());
  EXPECT_EQ(writer().durable_seq(), 4u);
  ExpectWhole(3);
}

// The pages are gone, and the segments behind it have begun: all of it is written once more.
TEST_F(SlowSyncTest, AnEndThatIsNotSyncedIsRepeatedWithAllThatCameAfter) {
  Open();
  AddAndFlush(1);
  ASSERT_TRUE(writer().Rotate(EndReason::kSize));
  AddAndFlush(2);
  ASSERT_TRUE(writer().Rotate(EndReason::kSize));
  AddAndFlush(3);
  FailNext("sync");
  hand_->Work();
  const Status flushed = writer().Flush();
  ASSERT_FALSE(flushed);
  EXPECT_THAT(flushed.error().message(), testing::HasSubstr("sync"));
  EXPECT_TRUE(writer().Flush()) << "said once";
  const ReadBack repeated = ReadAll(log_->Segment(4));
  ASSERT_THAT(repeated.events, SizeIs(3));
  EXPECT_EQ(repeated.events[0].seq, 1u);
  EXPECT_EQ(repeated.segment->previous_segment_no, 3u);
  EXPECT_EQ(repeated.segment->previous_end, PreviousEnd::kAbandoned);
  ASSERT_TRUE(writer().Close());
  disk_->files.erase("daybook-00000001.dbk");
  disk_->files.erase("daybook-00000002.dbk");
  disk_->files.erase("daybook-00000003.dbk");
  ExpectWhole(3);
}

// For minutes: neither is old, good history given for copies, nor are there more and more of them.
TEST_F(SlowSyncTest, WhileSyncsKeepFailingTheLogDoesNotFillWithCopies) {
  constexpr uint64_t kSecond = 1'000'000'000;
  WriterOptions options;
  options.segment_bytes = 64 << 10;
  options.retention.max_total_bytes = 1 << 20;
  Open(options);
  uint32_t pid = 0;
  while (!disk_->files.empty() && disk_->files.contains("daybook-00000001.dbk")) {
    AddAndFlush(++pid);
    if (writer().RotationDue(log_->now_ns())) {
      ASSERT_TRUE(writer().Rotate(EndReason::kSize));
      ASSERT_TRUE(writer().Sync());
    }
  }
  ASSERT_TRUE(writer().Sync());
  const auto before = disk_->files;
  int failures = 0;
  disk_->fault = [&failures](std::string_view operation, size_t) {
    return operation == "sync" ? ++failures, EIO : 0;
  };
  const uint32_t first_pid = pid + 1;
  for (int second = 0; second < 600; ++second) {
    log_->Advance(kSecond);
    log_->Add(TestFork(++pid, log_->now_ns()));
    (void)writer().Flush();
    if (writer().SyncDue(log_->now_ns())) (void)writer().BeginSync();
    if (hand_->IsBusy()) hand_->Work();
  }
  (void)writer().Flush();
  EXPECT_TRUE(writer().sync_failing());
  EXPECT_GT(failures, 5);
  EXPECT_LT(failures, 20) << "ever more rarely";
  EXPECT_LE(disk_->files.size(), before.size() + 1);
  for (const auto& [name, bytes] : before) EXPECT_TRUE(disk_->files.contains(name)) << name;
  disk_->fault = [](std::string_view, size_t) { return 0; };
  log_->Advance(61 * kSecond);
  ASSERT_TRUE(writer().SyncDue(log_->now_ns()));
  ASSERT_TRUE(writer().Sync());
  EXPECT_FALSE(writer().sync_failing());
  EXPECT_EQ(writer().durable_seq(), pid + 1u);
  std::map<uint64_t, uint32_t> pids;
  for (const auto& event : EventsOf(*disk_)) pids[event.seq] = event.pid;
  for (uint32_t one = first_pid; one <= pid; ++one) EXPECT_EQ(pids[one], one);
}

// Where more comes than is kept in memory, a copy holds what nobody else does, and it stays.
TEST_F(SlowSyncTest, WhileSyncsFailNothingThatIsForgottenIsRemoved) {
  WriterOptions options;
  options.max_unsynced_bytes = 20'000;
  Open(options);
  disk_->fault = [](std::string_view operation, size_t) { return operation == "sync" ? EIO : 0; };
  uint32_t pid = 0;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 3000; ++i) {
      log_->Add(TestFork(++pid));
      (void)writer().Flush();
    }
    log_->Advance(61'000'000'000);
    (void)writer().BeginSync();
    // As a disk that keeps its pages.
    if (hand_->IsBusy()) {
      hand_->task = nullptr;
      hand_->result = Error::FromErrno("sync", EIO);
    }
    (void)writer().Flush();
  }
  disk_->fault = [](std::string_view, size_t) { return 0; };
  ASSERT_TRUE(writer().Close());
  ExpectWhole(pid);
  size_t bytes = 0;
  for (const auto& [name, content] : disk_->files) bytes += content.size();
  EXPECT_LT(bytes, pid * 40u);
}

TEST_F(SlowSyncTest, AWriteThatFailsMeanwhileDoesNotConfuseIt) {
  Open();
  AddAndFlush(1);
  ASSERT_TRUE(writer().BeginSync());
  log_->Add(TestFork(2));
  FailNext("write");
  EXPECT_FALSE(writer().Flush());
  EXPECT_EQ(writer().segment_no(), 2u);
  hand_->Work();  // of the segment that was given up
  AddAndFlush(3);
  EXPECT_EQ(writer().durable_seq(), 1u) << "what is new is not synced";
  ASSERT_TRUE(writer().Close());
  EXPECT_EQ(writer().durable_seq(), 4u);
  ExpectWhole(3);
}

TEST_F(SlowSyncTest, WhatIsKeptForASlowDiskIsBounded) {
  WriterOptions options;
  options.max_unsynced_bytes = 20'000;
  Open(options);
  for (uint32_t pid = 1; pid <= 3000; ++pid) AddAndFlush(pid);
  EXPECT_TRUE(hand_->IsBusy()) << "begun by the amount";
  FailNext("sync");
  hand_->Work();
  EXPECT_FALSE(writer().Flush());
  const ReadBack repeated = ReadAll(log_->Segment(2));
  EXPECT_EQ(repeated.events.back().pid, 3000u);
  EXPECT_GT(repeated.events.size(), 200u);
  EXPECT_LT(log_->Segment(2).size(), 2 * options.max_unsynced_bytes);
}

TEST(WriterTest, AThreadSyncsWhileTheWriterGoesOn) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("daybook_sync_test." + std::to_string(getpid()));
  std::filesystem::create_directories(path);
  {
    WriterOptions options;
    options.segment_bytes = 64 << 10;
    auto writer = LogWriter::Open(
        *OpenLogFolder(path), {}, [] { return Clock{.time_ns = kTestBootNs}; }, options,
        MakeThreadSyncer());
    ASSERT_TRUE(writer);
    for (uint32_t pid = 1; pid <= 20'000; ++pid) {
      writer->Append(TestFork(pid));
      if (pid % 100 == 0) {
        ASSERT_TRUE(writer->BeginSync());
      }
      if (const auto reason = writer->RotationDue(kTestBootNs)) {
        ASSERT_TRUE(writer->Rotate(*reason));
      }
    }
    ASSERT_TRUE(writer->Close());
    EXPECT_EQ(writer->durable_seq(), 20'001u);
  }
  const auto paths = FindSegments(path);
  ASSERT_TRUE(paths);
  uint64_t next_seq = 1;
  for (const std::string& one : *paths) {
    auto reader = SegmentReader::Open(one);
    ASSERT_TRUE(reader);
    for (Item item = reader->Next(); !std::holds_alternative<End>(item); item = reader->Next()) {
      const auto& record = std::get<RecordView>(item);
      if (!record.seq) continue;
      ASSERT_EQ(*record.seq, next_seq);
      ++next_seq;
    }
  }
  EXPECT_EQ(next_seq, 20'001u);
  std::filesystem::remove_all(path);
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

class FullDiskTest : public testing::Test {
 protected:
  FullDiskTest() {
    options_.segment_bytes = 1 << 20;
    options_.ballast_bytes = 64 << 10;
    options_.max_pending_bytes = 10'000;
    options_.retry_interval_ns = 1'000'000;
    disk_->capacity = 1 << 20;
  }
  uint32_t FillUp(LogBuilder& log) {
    uint32_t pid = 0;
    while (pid < 200'000) {
      for (int i = 0; i < 100; ++i) log.Add(TestFork(++pid));
      if (!log.writer().Flush()) return pid;
    }
    ADD_FAILURE() << "never full";
    return pid;
  }

  WriterOptions options_;
  std::shared_ptr<FakeDisk> disk_ = std::make_shared<FakeDisk>();
};

TEST_F(FullDiskTest, TheEndIsSaidAndWhatIsLostMeanwhileIsToldWhenSpaceIsBack) {
  LogBuilder log(options_, disk_);
  ASSERT_TRUE(disk_->files.contains("daybook.ballast"));
  const uint32_t written = FillUp(log);
  EXPECT_FALSE(disk_->files.contains("daybook.ballast")) << "it gave its room";
  EXPECT_TRUE(ReadAll(log.Segment()).complete) << "ended in order";
  EXPECT_THAT(ReadAll(log.Segment()).events, SizeIs(written)) << "nothing that was appended";
  uint32_t pid = written;
  uint64_t dropped_first_ns = 0;
  for (int i = 0; i < 2000; ++i) {
    log.Advance(1'000'000);
    if (log.writer().next_seq() == 1u + pid) dropped_first_ns = log.now_ns();
    log.Add(TestFork(++pid, log.now_ns()));
    EXPECT_FALSE(log.writer().Flush());
  }
  EXPECT_THAT(disk_->files, SizeIs(1)) << "no empty files";
  disk_->capacity = 100 << 20;
  log.Advance(1'000'000'000);
  ASSERT_TRUE(log.writer().Flush());
  log.Add(TestExit(1));
  ASSERT_TRUE(log.writer().Close());
  EXPECT_TRUE(disk_->files.contains("daybook.ballast")) << "made again";

  uint64_t forks = 0;
  std::optional<Lost> lost;
  const std::vector<uint8_t> bytes = log.Segment(2);
  SegmentReader reader(bytes);
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    const auto& record = std::get<RecordView>(item);
    Lost told;
    if (record.Is<Fork>()) {
      EXPECT_FALSE(lost) << "what was kept comes first";
      ++forks;
    }
    if (record.As(&told)) lost = told;
  }
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->reason, LostReason::kDiskFull);
  EXPECT_EQ(written + forks + *lost->records, pid);
  EXPECT_GE(lost->first_time_ns, dropped_first_ns);
  EXPECT_LE(lost->last_time_ns, kTestBootNs + 2000 * 1'000'000);
}

TEST_F(FullDiskTest, ABallastThatSomebodyRemovedIsMadeAgain) {
  options_.segment_bytes = 100 << 10;
  LogBuilder log(options_, disk_);
  ASSERT_EQ(disk_->files.erase("daybook.ballast"), 1u);
  log.Add(TestFork(1));
  ASSERT_TRUE(log.writer().Rotate(EndReason::kRequest));
  log.Add(TestFork(2));
  ASSERT_TRUE(log.writer().Flush());
  EXPECT_EQ(disk_->files["daybook.ballast"].size(), options_.ballast_bytes);
}

TEST_F(FullDiskTest, OldSegmentsGoFirst) {
  options_.segment_bytes = 100 << 10;
  LogBuilder log(options_, disk_);
  uint32_t pid = 0;
  for (int turn = 0; turn < 3000; ++turn) {
    for (int i = 0; i < 20; ++i) log.Add(TestFork(++pid));
    ASSERT_TRUE(log.writer().Flush());
    if (const auto reason = log.writer().RotationDue(log.now_ns())) {
      ASSERT_TRUE(log.writer().Rotate(*reason));
    }
  }
  ASSERT_TRUE(log.writer().Close());
  EXPECT_FALSE(disk_->files.contains("daybook-00000001.dbk"));
  const auto events = EventsOf(*disk_);
  for (size_t i = 0; i < events.size(); ++i) ASSERT_EQ(events[i].seq, events[0].seq + i);
  EXPECT_EQ(events.back().seq, pid);
}

// Nothing says it beforehand: a file system that reserves nothing.
TEST_F(FullDiskTest, AWriteThatIsCutByAFullDiskIsNotRepeated) {
  options_.retention.max_segments = 1000;
  LogBuilder log(options_, disk_);
  disk_->fault = [this, writes = 0](std::string_view operation, size_t) mutable {
    disk_->write_limit = 3000;
    return operation == "write" && ++writes > 20 ? ENOSPC : 0;
  };
  for (uint32_t pid = 1; pid <= 3000; ++pid) {
    log.Add(TestFork(pid));
    if (pid % 100 == 0) (void)log.writer().Flush();
  }
  disk_->fault = [](std::string_view, size_t) { return 0; };
  log.Advance(1'000'000'000);
  ASSERT_TRUE(log.writer().Close());
  const uint64_t first_durable = ReadAll(log.Segment(1)).events.back().seq;
  const ReadBack second = ReadAll(log.Segment(2));
  EXPECT_GT(first_durable, 300u);
  EXPECT_LE(second.events.front().seq, first_durable + 1);
  EXPECT_GT(second.events.front().seq + 200, first_durable) << "one block, not all";
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

// It can be begun, and nothing behind its head: memory stays bounded, and no such heads pile up.
TEST(WriterTest, WhereOnlyHeadsCanBeWrittenMemoryIsBoundedAndNoneStays) {
  auto disk = std::make_shared<FakeDisk>();
  WriterOptions options;
  options.max_pending_bytes = 4000;
  LogBuilder log(options, disk);
  const size_t head_bytes = log.Segment().size();
  log.Add(TestFork(1));
  ASSERT_TRUE(log.writer().Sync());
  disk->fault = [&](std::string_view operation, size_t) {
    return operation == "write" && disk->files.rbegin()->second.size() >= head_bytes ? EIO : 0;
  };
  uint32_t pid = 1;
  for (int second = 0; second < 50; ++second) {
    for (int i = 0; i < 200; ++i) log.Add(TestFork(++pid));
    log.Advance(options.retry_interval_ns);
    EXPECT_FALSE(log.writer().Flush());
  }
  EXPECT_THAT(disk->files, SizeIs(1));
  EXPECT_LT(log.writer().next_seq(), 1000u) << "kept no more than once";
  disk->fault = [](std::string_view, size_t) { return 0; };
  log.Advance(options.retry_interval_ns);
  ASSERT_TRUE(log.writer().Flush());
  ASSERT_TRUE(log.writer().Close());
  const auto events = EventsOf(*disk);
  EXPECT_EQ(events.back().seq, events.size()) << "no hole";
}

// What is not known is no full disk: nothing is ended or given up for it, and nothing written.
TEST_F(FullDiskTest, AnErrorOfAnotherKindIsNoFullDisk) {
  options_.segment_bytes = 64 << 10;
  LogBuilder log(options_, disk_);
  disk_->fault = [](std::string_view operation, size_t) {
    return operation == "list" ? EMFILE : 0;
  };
  uint32_t pid = 0;
  bool failed = false;
  for (int turn = 0; turn < 100; ++turn) {
    for (int i = 0; i < 100; ++i) log.Add(TestFork(++pid));
    failed |= !log.writer().Flush();
  }
  ASSERT_TRUE(failed);
  EXPECT_EQ(log.writer().segment_no(), 1u);
  EXPECT_TRUE(disk_->files.contains("daybook.ballast"));
  EXPECT_FALSE(ReadAll(log.Segment()).complete);
  EXPECT_LE(log.Segment().size(), 16u << 10) << "the room that was made";
  EXPECT_LT(log.writer().next_seq(), pid) << "memory is bounded";
  disk_->fault = [](std::string_view, size_t) { return 0; };
  ASSERT_TRUE(log.writer().Flush());
  ASSERT_TRUE(log.writer().Close());
  const std::vector<uint8_t> bytes = log.Segment(1);
  SegmentReader reader(bytes);
  uint64_t told = 0;
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    const auto& record = std::get<RecordView>(item);
    Lost lost;
    if (record.Is<Fork>()) ++told;
    if (!record.As(&lost)) continue;
    EXPECT_EQ(lost.reason, LostReason::kWriteError);
    told += *lost.records;
  }
  EXPECT_EQ(told, pid);
}

TEST(WriterTest, AFullDiskAtTheStartIsWaitedFor) {
  auto disk = std::make_shared<FakeDisk>();
  disk->capacity = 0;
  LogBuilder log({}, disk);
  log.Add(TestFork(1));
  EXPECT_FALSE(log.writer().Flush());
  EXPECT_THAT(disk->files, IsEmpty());
  disk->capacity = 100 << 20;
  log.Advance(WriterOptions{}.retry_interval_ns);
  EXPECT_TRUE(log.writer().Flush());
  ASSERT_TRUE(log.writer().Close());
  EXPECT_THAT(EventsOf(*disk), SizeIs(1));
}

TEST(WriterTest, AFolderThatTakesNoFilesIsAnErrorAtTheStart) {
  for (const int error : {EACCES, EROFS, EMFILE}) {
    auto disk = std::make_shared<FakeDisk>();
    disk->fault = [error](std::string_view operation, size_t) {
      return operation == "create" ? error : 0;
    };
    EXPECT_FALSE(LogWriter::Open(std::make_unique<FakeFolder>(disk), {},
                                 [] { return Clock{.time_ns = 1}; }));
  }
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

TEST(WriterTest, TheBallastCannotBeCompressed) {
  WriterOptions options;
  options.ballast_bytes = 64 << 10;
  LogBuilder log(options);
  std::map<uint8_t, size_t> counts;
  for (const uint8_t byte : log.disk().files.at("daybook.ballast")) ++counts[byte];
  for (const auto& [byte, count] : counts) EXPECT_LT(count, 512u) << "twice its share";
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

// RLIMIT_FSIZE, or a file system that takes no longer ones.
TEST(WriterTest, WhereFilesMayBeSoLongOnlyTheNextSegmentGoesOn) {
  auto disk = std::make_shared<FakeDisk>();
  WriterOptions options;
  options.retry_interval_ns = 1'000'000'000;
  LogBuilder log(options, disk);
  disk->write_limit = 1000;
  disk->fault = [writes = 0](std::string_view operation, size_t) mutable {
    if (operation == "create") writes = 0;
    return operation == "write" && ++writes > 20 ? EFBIG : 0;
  };
  constexpr uint32_t kForks = 3000;
  for (uint32_t pid = 1; pid <= kForks; ++pid) {
    log.Add(TestFork(pid));
    if (pid % 100 != 0) continue;
    log.Advance(2 * options.retry_interval_ns);
    (void)log.writer().Flush();
  }
  (void)log.writer().Close();
  EXPECT_GT(disk->files.size(), 3u);
  EXPECT_LT(disk->files.size(), 10u) << "no segment is written twice";
  const auto events = EventsOf(*disk);
  ASSERT_THAT(events, SizeIs(kForks));
  for (size_t i = 0; i < events.size(); ++i) ASSERT_EQ(events[i].seq, i + 1);
}

TEST(WriterTest, WhereNoFileCanBeMadeItDoesNotWaitForRoom) {
  auto disk = std::make_shared<FakeDisk>();
  disk->capacity = 1000;
  const auto open = [&disk] {
    WriterOptions options;
    options.retention.min_free_bytes = 1 << 20;
    return LogWriter::Open(
        std::make_unique<FakeFolder>(disk), {}, [] { return Clock(); }, options);
  };
  EXPECT_TRUE(open()) << "room may come";
  EXPECT_THAT(disk->files, IsEmpty());
  for (const int error : {EROFS, EACCES}) {
    disk->fault = [error](std::string_view operation, size_t) {
      return operation == "create" ? error : 0;
    };
    const auto writer = open();
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().error_number(), error);
  }
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
  EXPECT_THAT(disk->files, IsEmpty()) << "a full disk is not filled with mere heads";
  disk->fault = [](std::string_view, size_t) { return 0; };
  log.Advance(2 * options.retry_interval_ns);
  ASSERT_TRUE(log.writer().Flush());
  ASSERT_TRUE(log.writer().Close());
  const std::vector<uint8_t> bytes = log.Segment(1);
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

TEST(WriterTest, OfALifeThatCannotBeWrittenAllThatItStandsForIsLost) {
  auto disk = std::make_shared<FakeDisk>();
  WriterOptions options;
  options.max_pending_bytes = 2000;
  LogBuilder log(options, disk);
  disk->fault = [](std::string_view operation, size_t) {
    return operation == "write" || operation == "create" ? ENOSPC : 0;
  };
  const auto lost_with = [&](const WholeLife& life) {
    const uint64_t before = log.writer().unwritten_lost();
    log.Add(life);
    return log.writer().unwritten_lost() - before;
  };
  for (uint32_t pid = 1; log.writer().unwritten_lost() == 0; ++pid) {
    ASSERT_LT(pid, 1000u);
    log.Add(TestFork(pid));
    if (pid % 10 == 0) (void)log.writer().Flush();
  }
  EXPECT_EQ(lost_with(*Join(ALife())), 3u);
  EXPECT_EQ(lost_with(*Join(ALifeWithoutExec())), 2u);
}

}  // namespace
}  // namespace daybook
