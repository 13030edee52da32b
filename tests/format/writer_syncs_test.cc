// Durability beside the writing: what is promised when, and what a failed sync costs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <map>

#include "daybook/writer.h"
#include "log_events.h"
#include "support/log_builder.h"
#include "support/slow_syncer.h"

namespace daybook {
namespace {

using testing::SizeIs;

class SlowSyncTest : public testing::Test {
 protected:
  void Open(WriterOptions options = {}) {
    log_.emplace(options, disk_, std::make_unique<SlowSyncer>(hand_));
  }
  void Kill() {
    log_.reset();
    *hand_ = {};
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
  uint64_t ToldLost() const {
    uint64_t told = 0;
    for (const auto& [name, bytes] : disk_->files) {
      if (!name.ends_with(".dbk")) continue;
      SegmentReader reader(bytes);
      for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
        const auto* record = std::get_if<RecordView>(&item);
        if (Lost lost; record != nullptr && record->As(&lost)) told += lost.records.value_or(0);
      }
    }
    return told;
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

// One that was killed while the disk was slow leaves several that nobody has synced.
TEST_F(SlowSyncTest, WhatAnEarlierWriterLeftUnsyncedIsSyncedBeforeItIsCalledDurable) {
  Open();
  for (const uint32_t pid : {1, 2}) {
    AddAndFlush(pid);
    ASSERT_TRUE(writer().Rotate(EndReason::kSize));
  }
  AddAndFlush(3);
  Kill();
  EXPECT_TRUE(disk_->synced_bytes.empty());
  const auto left = disk_->files;
  Open();
  EXPECT_EQ(writer().durable_seq(), 4u);
  for (const auto& [name, bytes] : left) EXPECT_EQ(disk_->synced_bytes[name], bytes.size()) << name;
}

TEST_F(SlowSyncTest, WhereThatFailsNothingIsCalledDurableAndRecordingGoesOn) {
  Open();
  AddAndFlush(1);
  Kill();
  FailNext("sync_file");
  Open();
  EXPECT_EQ(writer().durable_seq(), 0u);
  AddAndFlush(2);
  ASSERT_TRUE(writer().Close());
  EXPECT_EQ(writer().durable_seq(), 3u);
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

// On a disk that is slower than what comes: neither is it trouble, nor written again behind newer
// ones.
TEST_F(SlowSyncTest, WhatRetentionTakesBeforeItsSyncIsNotMissed) {
  WriterOptions options;
  options.retention.max_total_bytes = 1 << 20;
  Open(options);
  uint32_t pid = 0;
  while (disk_->files.contains("daybook-00000002.dbk") || writer().segment_no() < 3) {
    AddAndFlush(++pid);
    if (writer().RotationDue(log_->now_ns())) {
      ASSERT_TRUE(writer().Rotate(EndReason::kSize));
    }
  }
  ASSERT_TRUE(hand_->IsBusy());
  hand_->Work();
  AddAndFlush(++pid);
  EXPECT_FALSE(writer().sync_failing());
  EXPECT_GT(writer().first_unfinished_segment_no(), 2u);
  ASSERT_TRUE(writer().Close());
  EXPECT_EQ(writer().durable_seq(), pid + 1u);
  uint64_t last_seq = 0;
  for (const auto& [name, bytes] : disk_->files) {
    for (const auto& event : ReadAll(bytes).events) {
      if (last_seq != 0) {
        ASSERT_EQ(event.seq, last_seq + 1) << name;
      }
      last_seq = event.seq;
    }
  }
  EXPECT_EQ(last_seq, pid);
}

// What is to be synced stands there already.
TEST_F(SlowSyncTest, ForWhatIsNotSyncedNoOldSegmentGoes) {
  WriterOptions options;
  options.retention.max_total_bytes = 2 << 20;
  Open(options);
  uint32_t pid = 0;
  while (writer().segment_no() < 20) {
    AddAndFlush(++pid);
    if (!writer().RotationDue(log_->now_ns())) continue;
    ASSERT_TRUE(writer().Rotate(EndReason::kSize));
    if (writer().segment_no() > 8) {
      EXPECT_GT(disk_->UsedBytes(), options.retention.max_total_bytes / 2);
    }
  }
}

// The smallest budget that a recorder takes: what waits must not be what leaves no room.
TEST_F(SlowSyncTest, ASmallBudgetHasRoomForWhatCameTogetherWhileTheDiskFailed) {
  constexpr uint64_t kBudget = 4 << 20;
  WriterOptions options;
  options.ballast_bytes = 1 << 20;
  options.retention.max_total_bytes = kBudget;
  Open(options);
  const std::string args(1000, 'x');
  auto add = [&, pid = 0U](size_t bytes) mutable {
    for (size_t added = 0; added < bytes; added += args.size()) {
      Exec exec;
      exec.time_ns = log_->now_ns();
      exec.pid = ++pid;
      exec.args = args;
      log_->Add(exec);
      (void)writer().Flush();
      if (writer().RotationDue(log_->now_ns())) (void)writer().Rotate(EndReason::kSize);
    }
  };
  add(kBudget / 2);
  disk_->fault = [](std::string_view operation, size_t) {
    return operation == "sync" || operation == "create" ? EIO : 0;
  };
  ASSERT_TRUE(hand_->IsBusy());
  hand_->Work();
  add(2 * kBudget);
  EXPECT_FALSE(writer().Flush());
  disk_->fault = [](std::string_view, size_t) { return 0; };
  log_->Advance(options.retry_interval_ns);
  const Status flushed = writer().Flush();
  EXPECT_TRUE(flushed) << flushed.error().message();
  ASSERT_TRUE(writer().Close());
  EXPECT_LE(disk_->UsedBytes(), kBudget);
  EXPECT_GT(writer().unwritten_lost(), 0u);
  EXPECT_EQ(ToldLost(), writer().unwritten_lost());
}

// Killed then, it would be gone, and nobody else knows of it.
TEST_F(SlowSyncTest, ALossThatBeginsASegmentIsProvedAtOnce) {
  WriterOptions options;
  options.segment_bytes = 64 << 10;
  options.max_pending_bytes = 4000;
  Open(options);
  AddAndFlush(1);
  ASSERT_TRUE(writer().BeginSync());
  disk_->fault = [](std::string_view operation, size_t) {
    return operation == "list" ? EMFILE : 0;
  };
  for (uint32_t pid = 2; writer().unwritten_lost() == 0; ++pid) {
    ASSERT_LT(pid, 10'000u);
    log_->Add(TestFork(pid));
    (void)writer().Flush();
  }
  FailNext("sync");
  hand_->Work();
  EXPECT_FALSE(writer().Flush());
  ASSERT_EQ(writer().segment_no(), 2u);
  EXPECT_EQ(ToldLost(), writer().unwritten_lost());
  EXPECT_THAT(ReadAll(log_->Segment(2)).unproved, testing::IsEmpty());
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

}  // namespace
}  // namespace daybook
