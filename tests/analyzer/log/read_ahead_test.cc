// Files that are read ahead by threads tell the same as one file after another.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "analyzer/scripted_log.h"
#include "daybook/compress.h"
#include "format/raw_log.h"
#include "life_log.h"
#include "log/log_set.h"

namespace daybook {
namespace {

using testing::ElementsAreArray;
using testing::Gt;
using testing::SizeIs;

std::string Text(const RecordView& record) {
  std::string text = std::to_string(record.type) + " at " + std::to_string(record.offset) + " of " +
                     std::to_string(record.size) + " no " +
                     (record.seq ? std::to_string(*record.seq) : "-") + " " +
                     std::string(ProofName(record.proof)) + (record.is_whole ? " " : " cut ");
  return text.append(record.payload.begin(), record.payload.end());
}

std::string Text(const Item& item) {
  if (const auto* record = std::get_if<RecordView>(&item)) return Text(*record);
  if (const auto* gap = std::get_if<Gap>(&item)) {
    return "gap " + std::to_string(gap->begin) + " to " + std::to_string(gap->end) + " " +
           std::string(GapCauseName(gap->cause));
  }
  return "end";
}

struct Told {
  std::vector<std::string> items;
  Coverage coverage;
};

class ReadAheadTest : public testing::TestWithParam<size_t> {
 protected:
  static constexpr uint32_t kLivesInSegment = 1500;

  // Whole, compressed, damaged, with arguments longer than a record, and with its end torn off.
  void SetUp() override {
    ScriptedLog log(folder_.path());
    for (uint32_t segment = 0; segment < 5; ++segment) {
      if (segment > 0) log.Rotate(segment * 100'000);
      for (uint32_t i = 0; i < kLivesInSegment; ++i) Live(log, segment * kLivesInSegment + i);
    }
    log.Abandon();
    Damage(Segment(3));
    std::filesystem::resize_file(Segment(5), std::filesystem::file_size(Segment(5)) - 1000);
    auto folder = OpenLogFolder(folder_.path());
    ASSERT_TRUE(folder);
    ASSERT_TRUE(CompressSegment(**folder, 2));
  }

  static void Live(ScriptedLog& log, uint32_t number) {
    const uint32_t pid = 300 + number;
    const uint64_t ms = 6000 + number * 10;
    log.Fork(ms, pid, 100, 2000);
    log.Exec(ms + 1, pid, ms, "cc", "/usr/bin/cc",
             number % 100 == 0 ? std::string(2000, 'x') : "cc -c a.c");
    log.Exit(ms + 5, pid, ms, number % 7 == 0 ? 256 : 0, "cc", 1000);
  }

  static void Damage(const std::string& path) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    for (const int at : {30'000, 90'000}) {
      file.seekp(at);
      file.put('\xA5');
    }
  }

  std::string Segment(int number) const {
    return folder_ / ("daybook-0000000" + std::to_string(number) + ".dbk");
  }

  Result<LogSet> Open(size_t threads, bool salvage = false) const {
    const std::vector<std::string> paths{folder_.path()};
    return LogSet::Open(paths, {.salvage = salvage, .threads = threads});
  }

  Told Read(size_t threads, bool salvage) const {
    auto log = Open(threads, salvage);
    if (!log) throw std::runtime_error(log.error().message());
    Told told;
    while (const Item* const item = log->Next()) {
      const std::string place = log->path() + " " +
                                std::to_string(log->segment() ? log->segment()->segment_no : 0) +
                                ": ";
      told.items.push_back(place + Text(*item));
    }
    told.coverage = log->coverage();
    return told;
  }

  TempFolder folder_;
};

TEST_P(ReadAheadTest, EveryRecordAndGapIsTheSame) {
  for (const bool salvage : {false, true}) {
    const Told expected = Read(0, salvage);
    ASSERT_THAT(expected.items, SizeIs(Gt(5 * 3 * kLivesInSegment - 400)));
    EXPECT_EQ(expected.coverage.gaps, 2U);
    const Told told = Read(GetParam(), salvage);
    EXPECT_THAT(told.items, ElementsAreArray(expected.items));
    EXPECT_EQ(told.coverage, expected.coverage);
  }
}

TEST_P(ReadAheadTest, EveryLifeIsTheSame) {
  const auto lives = [this](size_t threads) {
    auto log = Open(threads);
    const LocalZone zone = LocalZone::Utc();
    std::vector<std::string> all;
    ReadLives({.log = *log, .zone = zone, .filter = {}}, [&](const Boot&, const Life& life) {
      all.push_back(std::to_string(life.pid) + " " + life.identity.comm.value_or("?") + " " +
                    (life.image ? life.image->args.value_or("?") : "-") + " " +
                    std::to_string(life.wait_status.value_or(9999)) + " " +
                    std::to_string(life.usage.cpu_us.value_or(0)));
      return LifeUse::kUsed;
    });
    return all;
  };
  EXPECT_THAT(lives(GetParam()), ElementsAreArray(lives(0)));
}

// What was opened ahead and is not wanted must not be waited for for ever.
TEST_P(ReadAheadTest, WhoStopsEarlyWaitsForNobody) {
  for (int items = 0; items < 3; ++items) {
    auto log = Open(GetParam());
    ASSERT_TRUE(log);
    for (int i = 0; i < items; ++i) ASSERT_NE(log->Next(), nullptr);
  }
}

TEST_P(ReadAheadTest, AFileThatCannotBeReadIsToldAndTheOthersAreRead) {
  const std::vector<std::string> paths{Segment(1), folder_ / "nothing.dbk", Segment(4)};
  std::filesystem::create_symlink("nowhere", folder_ / "nothing.dbk");
  auto log = LogSet::Open(paths, {.threads = GetParam()});
  ASSERT_TRUE(log) << log.error().message();
  while (log->Next() != nullptr) continue;
  EXPECT_THAT(log->failures(), SizeIs(1));
  EXPECT_EQ(log->coverage().segments, 2U);
}

// An empty payload decodes well; its time is that of nothing.
TEST(ReadAheadOfOddRecordsTest, AnEmptyRecordHasNoTimeHoweverManyThreadsRead) {
  RawLog raw;
  raw.AddHead().Add(Clock{.time_ns = 10'000'000'000, .realtime_ns = 1'790'000'000'000'000'000});
  raw.AddPayload(Schema<Fork>::kType, {}).Close(kCheckpointLast);
  const TempFolder folder;
  const std::string path = folder / "odd.dbk";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(raw.bytes().data()),
             static_cast<std::streamsize>(raw.size()));
  for (const size_t threads : {size_t{0}, size_t{1}, size_t{8}}) {
    auto log = LogSet::Open({&path, 1}, {.threads = threads});
    ASSERT_TRUE(log) << log.error().message();
    size_t forks = 0;
    while (const Item* const item = log->Next()) {
      const auto* record = std::get_if<RecordView>(item);
      forks += record != nullptr && record->Is<Fork>() ? 1 : 0;
    }
    EXPECT_EQ(forks, 1U);
    EXPECT_EQ(log->coverage().first_ns, 1'790'000'000'000'000'000) << threads;
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, ReadAheadTest, testing::Values(1, 2, 8),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace daybook
