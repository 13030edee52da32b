#include "log/previous_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "daybook/life_pack.h"
#include "daybook/reader.h"
#include "daybook/whole_life.h"
#include "daybook/writer.h"
#include "support/a_life.h"
#include "support/log_builder.h"
#include "support/temp_folder.h"

namespace daybook {
namespace {

class PreviousRunTest : public testing::Test {
 protected:
  // A segment of these records.
  template <class... Records>
  void Write(const Records&... records) {
    auto writer = LogWriter::Open(*OpenLogFolder(temp_.path()), {},
                                  [] { return Clock{.time_ns = kTestBootNs}; });
    ASSERT_TRUE(writer);
    (writer->Append(records), ...);
    ASSERT_TRUE(writer->Flush());
    next_seq_ = writer->next_seq();
  }

  PreviousRun Find(std::optional<uint64_t> since_seq = {}) {
    auto run = FindPreviousRun(temp_.path(), since_seq);
    EXPECT_TRUE(run);
    return run ? *std::move(run) : PreviousRun();
  }

  TempFolder temp_;
  uint64_t next_seq_ = 0;
};

TEST_F(PreviousRunTest, WhereNobodyHasWrittenThereIsNone) {
  EXPECT_FALSE(FindPreviousRun(temp_.path()));
  EXPECT_FALSE(FindPreviousRun(temp_ / "nowhere"));
}

TEST_F(PreviousRunTest, EventsFromThatNumberOnAreKept) {
  Write(TestFork(10), TestFork(11), TestFork(12));
  PreviousRun run = Find(next_seq_ - 1);
  EXPECT_FALSE(run.written.TakeOut(TestFork(10)));
  EXPECT_FALSE(run.written.TakeOut(TestFork(11)));
  EXPECT_TRUE(run.written.TakeOut(TestFork(12)));
  EXPECT_FALSE(Find(next_seq_).written.TakeOut(TestFork(12)));
  EXPECT_FALSE(Find().written.TakeOut(TestFork(12))) << "nothing was asked for";
}

TEST_F(PreviousRunTest, OfLivesThatShareARecordEachIsKept) {
  LifePacker packer;
  for (const uint32_t pid : {10U, 11U}) ASSERT_TRUE(packer.Add(*Join(ALife(pid, kTestBootNs))));
  Write(Recorder{.time_ns = kTestBootNs - 1,
                 .event = RecorderEvent::kStart,
                 .kernel_forks = 1000,
                 .forks_seen = 0},
        packer.lives());
  PreviousRun run = Find(next_seq_ - 1);
  for (const uint32_t pid : {10U, 11U}) {
    const LifeParts parts = ALife(pid, kTestBootNs);
    EXPECT_TRUE(run.written.TakeOut(parts.fork));
    EXPECT_TRUE(run.written.TakeOut(*parts.exec));
    EXPECT_TRUE(run.written.TakeOut(parts.exit));
    EXPECT_FALSE(run.written.TakeOut(parts.fork)) << "once";
  }
  EXPECT_EQ(run.kernel_forks, 1002U) << "they were born since";
  EXPECT_EQ(run.last_time_ns, ALife(11, kTestBootNs).exit.time_ns);
}

// A birth that a filter had kept is told long afterwards.
TEST_F(PreviousRunTest, HowLongAgoTheyHappenedDoesNotMatter) {
  Write(TestFork(10, kTestBootNs + 900'000'000'000));
  const uint64_t since_seq = next_seq_;
  Write(TestFork(11, kTestBootNs - 3'600'000'000'000), TestExit(11));
  PreviousRun run = Find(since_seq);
  EXPECT_TRUE(run.written.TakeOut(TestFork(11, kTestBootNs - 3'600'000'000'000)));
  EXPECT_TRUE(run.written.TakeOut(TestExit(11)));
  EXPECT_FALSE(run.written.TakeOut(TestFork(10, kTestBootNs + 900'000'000'000)));
}

TEST_F(PreviousRunTest, TheyMayStandInSeveralSegments) {
  Write(TestFork(10));
  const uint64_t since_seq = next_seq_;
  for (uint32_t pid = 11; pid < 20; ++pid) Write(TestFork(pid));
  PreviousRun run = Find(since_seq);
  EXPECT_FALSE(run.written.TakeOut(TestFork(10)));
  for (uint32_t pid = 11; pid < 20; ++pid) EXPECT_TRUE(run.written.TakeOut(TestFork(pid))) << pid;
}

TEST_F(PreviousRunTest, WhereOnlyAHeadWasWrittenNothingWasRecorded) {
  Write(TestFork(10));
  const uint64_t last_ns = Find().last_time_ns;
  const auto later = LogWriter::Open(*OpenLogFolder(temp_.path()), {}, [] {
    return Clock{.time_ns = kTestBootNs + 900'000'000'000};
  });
  ASSERT_TRUE(later);
  ASSERT_THAT(*FindSegments(temp_.path()), testing::SizeIs(2));
  EXPECT_EQ(Find().last_time_ns, last_ns);
  EXPECT_LT(last_ns, kTestBootNs + 900'000'000'000);
  EXPECT_TRUE(Find(1).written.TakeOut(TestFork(10)));
}

// Each write is proved by a MARK; checkpoints come later.
TEST_F(PreviousRunTest, ItCameAsFarAsItsLastRecord) {
  auto writer = LogWriter::Open(*OpenLogFolder(temp_.path()), {},
                                [] { return Clock{.time_ns = kTestBootNs}; });
  ASSERT_TRUE(writer);
  writer->Append(TestFork(10, kTestBootNs + 1'000'000));
  ASSERT_TRUE(writer->Sync());
  const auto append = [&](const auto& record) {
    writer->Append(record);
    ASSERT_TRUE(writer->Flush());
  };
  const auto far_ns = [this] { return Find().last_time_ns - kTestBootNs; };
  append(TestFork(11, kTestBootNs + 2'000'000));
  EXPECT_EQ(far_ns(), 2'000'000u);
  append(TestExit(10, kTestBootNs + 3'000'000));
  EXPECT_EQ(far_ns(), 3'000'000u);
  append(TestFork(12, kTestBootNs + 2'500'000));
  EXPECT_EQ(far_ns(), 3'000'000u) << "told late";
  append(Lost{.first_time_ns = kTestBootNs, .last_time_ns = kTestBootNs + 4'000'000});
  EXPECT_EQ(far_ns(), 4'000'000u);
  append(Clock{.time_ns = kTestBootNs + 5'000'000});
  EXPECT_EQ(far_ns(), 5'000'000u);
  append(SnapEnd{.time_ns = kTestBootNs + 6'000'000});
  ASSERT_TRUE(writer->Sync());
  EXPECT_EQ(far_ns(), 5'000'000u) << "what came during the snapshot waits";
}

// What stands far from the end is found only where it must be.
TEST_F(PreviousRunTest, OfALongSegmentTheEndsAreReadWhereTheyAreEnough) {
  constexpr uint32_t kForks = 20'000;
  constexpr size_t kEndBytes = 64 << 10;
  auto writer = LogWriter::Open(*OpenLogFolder(temp_.path()), {},
                                [] { return Clock{.time_ns = kTestBootNs}; });
  ASSERT_TRUE(writer);
  const auto time_of = [](uint32_t pid) { return kTestBootNs + pid * 1'000; };
  writer->Append(Audit{.forks_seen = 100, .kernel_forks = 6'600});
  std::vector<uint64_t> seqs;
  for (uint32_t pid = 1; pid <= kForks; ++pid) {
    // Only who reads that one counts by it.
    const uint64_t before_ns = time_of(pid - 1);
    if (pid == kForks / 2) {
      writer->Append(Audit{.time_ns = before_ns, .forks_seen = 200, .kernel_forks = 6'701});
    }
    if (pid == kForks - 9) writer->Append(Audit{.time_ns = before_ns, .forks_seen = 500});
    seqs.push_back(writer->next_seq());
    writer->Append(TestFork(pid, time_of(pid)));
  }
  ASSERT_TRUE(writer->Flush());
  const std::string path = FindSegments(temp_.path())->at(0);
  ASSERT_GT(std::filesystem::file_size(path), 4 * kEndBytes);
  auto find = [&](uint64_t since_seq, uint64_t kernel_forks) {
    auto run = FindPreviousRun(temp_.path(), since_seq, kEndBytes);
    EXPECT_TRUE(run);
    EXPECT_EQ(run->kernel_forks, kernel_forks);
    EXPECT_GT(run->last_time_ns, time_of(kForks - 1'000));
    return *std::move(run);
  };
  PreviousRun run = find(seqs[kForks - 2], 7'010);
  EXPECT_TRUE(run.written.TakeOut(TestFork(kForks, time_of(kForks))));
  EXPECT_TRUE(run.written.TakeOut(TestFork(kForks - 1, time_of(kForks - 1))));
  EXPECT_FALSE(run.written.TakeOut(TestFork(kForks - 2, time_of(kForks - 2))));
  EXPECT_TRUE(find(seqs[0], 7'011).written.TakeOut(TestFork(1, time_of(1))));
}

TEST_F(PreviousRunTest, NoMoreIsReadThanIsNeeded) {
  constexpr uint32_t kForks = 60'000;
  auto writer = LogWriter::Open(*OpenLogFolder(temp_.path()), {},
                                [] { return Clock{.time_ns = kTestBootNs}; });
  ASSERT_TRUE(writer);
  writer->Append(Audit{.forks_seen = 100, .kernel_forks = 6'600});
  for (uint32_t pid = 1; pid <= kForks; ++pid) {
    // Far from both ends: only who reads it counts by it.
    if (pid == kForks / 2) writer->Append(Audit{.forks_seen = 200, .kernel_forks = 6'701});
    if (pid == kForks - 9) writer->Append(Audit{.time_ns = kTestBootNs, .forks_seen = 500});
    writer->Append(TestFork(pid));
  }
  ASSERT_TRUE(writer->Flush());
  const std::string path = FindSegments(temp_.path())->at(0);
  ASSERT_GT(std::filesystem::file_size(path), size_t{1} << 20);
  EXPECT_EQ(Find(writer->next_seq() - 1).kernel_forks, 7'000u);
  EXPECT_EQ(Find(1).kernel_forks, 7'001u);
}

// Where a segment begins in the middle of a batch, its count has forks that stand behind it.
TEST_F(PreviousRunTest, EachForkIsCountedOnceWhereverTheCountStands) {
  constexpr uint64_t kCountNs = kTestBootNs + 5'000;
  Write(TestFork(9, kCountNs + 9'000),
        Audit{.time_ns = kCountNs, .forks_seen = 3, .kernel_forks = 103},
        TestFork(10, kCountNs - 3'000), TestFork(11, kCountNs), TestFork(12, kCountNs + 1'000));
  EXPECT_EQ(Find().kernel_forks, 103u + 2) << "9 and 12 are later";
}

// It waits in the kernel's buffer, which a killed recorder does not write any more.
TEST_F(PreviousRunTest, WhatARecorderHasSeenAtItsStartIsRecordedWhereItStandsInTheLog) {
  Recorder start{.time_ns = kTestBootNs + 9'000,
                 .event = RecorderEvent::kStart,
                 .kernel_forks = 150,
                 .forks_seen = 50};
  Write(start);
  EXPECT_EQ(Find().kernel_forks, 100u);
  Write(start, TestFork(10, kTestBootNs), TestFork(11, kTestBootNs + 10'000));
  EXPECT_EQ(Find().kernel_forks, 102u);
  Write(start, TestFork(10), Audit{.time_ns = kTestBootNs + 20'000, .forks_seen = 60});
  EXPECT_EQ(Find().kernel_forks, 160u);
  start.abilities = "fork continued";
  start.forks_seen = 80;
  start.kernel_forks = 180;
  Write(start);
  EXPECT_EQ(Find().kernel_forks, 160u) << "what waited is not written";
  start.abilities = "fork continued ids session ptrace";
  Write(start);
  EXPECT_EQ(Find().kernel_forks, 160u) << "words of the source beside may follow";
  start.abilities = "fork discontinued";
  Write(start);
  EXPECT_EQ(Find().kernel_forks, 100u);
}

// A sync that failed: of the first one nobody knows what is on the disk.
TEST_F(PreviousRunTest, WhatTwoSegmentsHaveIsThereOnce) {
  LogBuilder log;
  log.Add(TestFork(9)).Add(TestFork(10)).Add(Lost{.forks = 5});
  ASSERT_TRUE(log.writer().Flush());
  const std::vector<uint8_t> first = log.Segment(1);
  log.disk().fault = [](std::string_view operation, size_t) {
    return operation == "sync" ? EIO : 0;
  };
  ASSERT_FALSE(log.writer().Sync());
  log.Add(TestFork(11));
  ASSERT_TRUE(log.writer().Flush());
  ASSERT_THAT(ReadAll(first).events, testing::SizeIs(3));
  ASSERT_THAT(ReadAll(log.Segment(2)).events, testing::SizeIs(4));
  const auto put = [this](const char* name, const std::vector<uint8_t>& bytes) {
    temp_.Put(name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  };
  put("daybook-00000001.dbk", first);
  put("daybook-00000002.dbk", log.Segment(2));
  PreviousRun run = Find(1);
  for (const uint32_t pid : {9, 10, 11}) {
    EXPECT_TRUE(run.written.TakeOut(TestFork(pid))) << pid;
    EXPECT_FALSE(run.written.TakeOut(TestFork(pid))) << pid;
  }
  EXPECT_EQ(run.written.lost().forks, 5u);
}

TEST_F(PreviousRunTest, LossesAreKeptByCpu) {
  Write(Lost{.forks = 1, .cpu = 0});
  const uint64_t since_seq = next_seq_;
  Write(Lost{.forks = 2, .cpu = 1}, Lost{.exits = 3, .records = 4, .cpu = 1}, Lost{.records = 5},
        Lost{.reason = LostReason::kDiskFull, .records = 6});
  const WrittenEvents written = Find(since_seq).written;
  EXPECT_EQ(written.lost(), (LostCounts{.forks = 2, .exits = 3, .others = 9}));
  ASSERT_EQ(written.lost_by_cpu().size(), 2u);
  EXPECT_EQ(written.lost_by_cpu()[0], LostCounts());
  EXPECT_EQ(written.lost_by_cpu()[1], (LostCounts{.forks = 2, .exits = 3, .others = 4}));
}

}  // namespace
}  // namespace daybook
