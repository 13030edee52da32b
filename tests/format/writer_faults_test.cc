// A disk that fails: what was appended goes into the next segment.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "daybook/writer.h"
#include "log_events.h"
#include "support/log_builder.h"

namespace daybook {
namespace {

using testing::SizeIs;

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

// Since the folder was listed it has another name.
TEST(WriterTest, ASegmentThatACompressorFinishesMeanwhileIsRemovedAllTheSame) {
  const std::string raw = "daybook-00000001.dbk";
  for (const bool is_begun : {false, true}) {
    auto disk = std::make_shared<FakeDisk>();
    WriterOptions options;
    options.retention.max_segments = 2;
    LogBuilder log(options, disk);
    ASSERT_TRUE(log.writer().Rotate(EndReason::kSize));
    if (is_begun) disk->files[raw + ".zst.tmp"] = {};
    disk->fault = [&](std::string_view operation, size_t) {
      if (operation == "remove" && disk->files.erase(raw) != 0) {
        disk->files.erase(raw + ".zst.tmp");
        disk->files[raw + ".zst"] = {};
      }
      return 0;
    };
    ASSERT_TRUE(log.writer().Rotate(EndReason::kSize));
    EXPECT_THAT(disk->files, SizeIs(2)) << disk->files.begin()->first;
  }
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

}  // namespace
}  // namespace daybook
