// Where there is no room: what goes first, what is kept, and what is told afterwards.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <map>

#include "daybook/writer.h"
#include "log_events.h"
#include "support/a_life.h"
#include "support/log_builder.h"

namespace daybook {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

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

// As where more are living than the budget has room for: the newest stays whatever it takes.
TEST_F(FullDiskTest, BehindASegmentThatTookMostOfTheBudgetAnotherOneBegins) {
  disk_->capacity = 100 << 20;
  options_.ballast_bytes = 1 << 20;
  options_.max_pending_bytes = 2 << 20;
  options_.retention.max_total_bytes = 4 << 20;
  LogBuilder log(options_, disk_);
  FillUp(log);
  EXPECT_GT(log.Segment().size(), options_.retention.max_total_bytes / 2);
  for (uint32_t pid = 1; log.writer().unwritten_lost() == 0; ++pid) {
    ASSERT_LT(pid, 1'000'000u);
    log.Add(TestFork(pid));
  }
  log.Advance(options_.retry_interval_ns);
  const Status flushed = log.writer().Flush();
  EXPECT_TRUE(flushed) << flushed.error().message();
  ASSERT_TRUE(log.writer().Close());
  EXPECT_LE(disk_->UsedBytes(), options_.retention.max_total_bytes);
}

TEST_F(FullDiskTest, WhyNoSegmentFollowsIsSaidUntilOneDoes) {
  options_.retry_interval_ns = 1'000'000'000;
  LogBuilder log(options_, disk_);
  log.Add(TestFork(1));
  disk_->fault = [](std::string_view operation, size_t) {
    return operation == "create" ? EMFILE : 0;
  };
  const Status rotated = log.writer().Rotate(EndReason::kRequest);
  ASSERT_FALSE(rotated);
  log.Add(TestFork(2));
  const Status flushed = log.writer().Flush();
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().message(), rotated.error().message());
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

TEST(WriterTest, TheBallastCannotBeCompressed) {
  WriterOptions options;
  options.ballast_bytes = 64 << 10;
  LogBuilder log(options);
  std::map<uint8_t, size_t> counts;
  for (const uint8_t byte : log.disk().files.at("daybook.ballast")) ++counts[byte];
  for (const auto& [byte, count] : counts) EXPECT_LT(count, 512u) << "twice its share";
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
  constexpr uint64_t told_ns = 1'000'000;
  log.Add(Lost{.first_time_ns = told_ns, .last_time_ns = 2 * told_ns, .forks = 3});
  const uint64_t before = log.writer().unwritten_lost();
  log.writer().AppendPacked(*Join(ALife(10)));
  const LifeParts last = ALifeWithoutExec(11, ALife().fork.time_ns + 1'000'000);
  log.writer().AppendPacked(*Join(last));
  (void)log.writer().Flush();
  EXPECT_EQ(log.writer().unwritten_lost() - before, 5u) << "of several, all that they stand for";
  disk->fault = [](std::string_view, size_t) { return 0; };
  log.Advance(3'600'000'000'000);
  ASSERT_TRUE(log.writer().Close());
  std::optional<Lost> lost;
  for (const auto& [name, bytes] : disk->files) {
    SegmentReader reader(bytes);
    for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
      const auto* record = std::get_if<RecordView>(&item);
      if (Lost found; record != nullptr && record->As(&found)) lost = found;
    }
  }
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->last_time_ns, last.exit.time_ns);
  EXPECT_EQ(lost->first_time_ns, told_ns) << "of a LOST that was dropped, its begin";
}

}  // namespace
}  // namespace daybook
