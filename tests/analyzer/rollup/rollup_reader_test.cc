// Files of roll-ups, sound and damaged.

#include "rollup/rollup_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "rollup/rollup_file.h"
#include "support/temp_folder.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kNowNs = 1'790'000'000'000'000'000;

RollupFacts Facts(const std::string& day, uint64_t used) {
  RollupFacts facts;
  facts.host = "web1";
  facts.day = day;
  facts.zone = "UTC";
  facts.numbers.stream_id.bytes.fill(0x77);
  facts.numbers.from_ns = *DayNumber(day) * 86'400'000'000'000;
  facts.numbers.until_ns = facts.numbers.from_ns + 86'400'000'000'000;
  facts.numbers.processes = used;
  facts.numbers.used = used;
  facts.numbers.records = 1;
  facts.numbers.class_bits = Quantiles::kBits;
  facts.numbers.unreaped = 0;
  return facts;
}

std::vector<KeyedTotals> Groups(size_t count) {
  std::vector<KeyedTotals> groups;
  for (size_t i = 0; i < count; ++i) {
    KeyedTotals& group = groups.emplace_back();
    group.key.comm = "command" + std::to_string(i);
    group.totals.count = 1;
    group.totals.cpu_us = {.total = 5, .terms = 1};
    group.totals.cpu_quantiles.Add(5);
  }
  return groups;
}

class RollupReaderTest : public testing::Test {
 protected:
  struct Reading {
    std::optional<Error> error;
    uint64_t processes = 0;
    Coverage coverage;
    std::vector<Error> failures;
    RollupCoverage rollups() const { return coverage.rollups.value_or(RollupCoverage{}); }
  };

  // Two days with so many groups each.
  void Write(size_t groups) {
    auto file = RollupFile::Create(path_, Replace::kYes, kNowNs);
    ASSERT_TRUE(file) << file.error().message();
    ASSERT_TRUE(file->Append(Facts("2026-09-21", groups), Groups(groups)));
    ASSERT_TRUE(file->Append(Facts("2026-09-22", groups), Groups(groups)));
    ASSERT_TRUE(file->Close());
    std::ifstream in(path_, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(in), {});
  }
  void Put(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }
  Reading Read() const { return Read({path_}); }
  static Reading Read(const std::vector<std::string>& paths) {
    Reading reading;
    auto log = LogSet::Open(paths, {.repeats = LogSet::Repeats::kKeep, .window = {}, .threads = 0});
    if (!log) {
      reading.error = log.error();
      return reading;
    }
    RollupReader reader(*log, {}, [&](const RollupFacts&, std::span<const KeyedTotals> groups) {
      for (const KeyedTotals& group : groups) reading.processes += group.totals.count;
      return Status(Ok{});
    });
    if (Status read = reader.Read(); !read) reading.error = read.error();
    reading.coverage = reader.coverage();
    reading.failures = reader.failures();
    for (const LogSet::Failure& failure : log->failures())
      reading.failures.push_back(failure.error);
    return reading;
  }
  // What is not there is told, whatever the damage.
  void ExpectTold(const Reading& reading, uint64_t whole, size_t at) const {
    EXPECT_LE(reading.processes, whole) << at;
    if (reading.error || !reading.failures.empty()) return;
    if (reading.processes == whole) return;
    EXPECT_TRUE(reading.coverage.incomplete()) << at;
    if (reading.rollups().unknown_rollups == 0 && reading.rollups().rollups == 2) {
      EXPECT_EQ(reading.processes + reading.rollups().missing_processes, whole) << at;
    }
  }
  // Zeroes a block in which that stands, but for the checkpoint behind it.
  void Damage(const std::string& text, size_t bytes) {
    const size_t at = bytes_.find(text);
    ASSERT_NE(at, std::string::npos);
    std::string damaged = bytes_;
    damaged.replace(at, bytes, bytes, '\0');
    Put(damaged);
  }

  TempFolder temp_;
  std::string path_ = temp_ / "file";
  std::string bytes_;
};

TEST_F(RollupReaderTest, ASoundFileIsReadWhole) {
  Write(3);
  const Reading reading = Read();
  EXPECT_FALSE(reading.error);
  EXPECT_EQ(reading.processes, 6);
  EXPECT_EQ(reading.rollups(), (RollupCoverage{.rollups = 2, .days = 2}));
  EXPECT_FALSE(reading.coverage.incomplete());
  EXPECT_EQ(reading.coverage.used, 6);
}

TEST_F(RollupReaderTest, WhateverByteIsWrongWhatIsMissingIsTold) {
  Write(3);
  for (size_t at = 0; at < bytes_.size(); at += 3) {
    std::string damaged = bytes_;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x24);
    Put(damaged);
    ExpectTold(Read(), 6, at);
  }
}

TEST_F(RollupReaderTest, WhereverItEndsWhatIsMissingIsTold) {
  Write(3);
  size_t read_in_part = 0;
  for (size_t size = 0; size < bytes_.size(); size += 7) {
    Put(bytes_.substr(0, size));
    const Reading reading = Read();
    EXPECT_LE(reading.processes, 6);
    EXPECT_TRUE(reading.error || !reading.failures.empty() || reading.coverage.incomplete())
        << size;
    read_in_part += reading.processes == 3;
  }
  EXPECT_GT(read_in_part, 0);
}

TEST_F(RollupReaderTest, ClassesOfAnotherKindAreRefused) {
  RollupFacts facts = Facts("2026-09-21", 1);
  facts.numbers.class_bits = Quantiles::kBits + 1;
  auto file = RollupFile::Create(path_, Replace::kYes, kNowNs);
  ASSERT_TRUE(file->Append(facts, Groups(1)));
  ASSERT_TRUE(file->Close());
  const Reading reading = Read();
  ASSERT_TRUE(reading.error);
  EXPECT_EQ(reading.error->message(),
            path_ +
                ": its classes are of another kind, class_bits 7 and not 6; merge it with the "
                "version of daybook that wrote it");
  EXPECT_EQ(reading.processes, 0);
}

// Blocks have about 4 KiB: some of its groups are in each.
TEST_F(RollupReaderTest, OfADamagedRollupTheRestIsUsed) {
  Write(400);
  Damage("command200", 20);
  const Reading reading = Read();
  EXPECT_FALSE(reading.error);
  EXPECT_LT(reading.processes, 800);
  EXPECT_GT(reading.processes, 600);
  EXPECT_EQ(reading.rollups().missing_processes, 800 - reading.processes);
  EXPECT_TRUE(reading.coverage.incomplete());
}

TEST_F(RollupReaderTest, AGroupNeedsOnlyOneOfItsRollups) {
  Write(400);
  Damage("2026-09-21", 10);  // of the first one
  const Reading reading = Read();
  EXPECT_EQ(reading.rollups().rollups, 2);
  EXPECT_EQ(reading.rollups().unknown_rollups, 0);
  EXPECT_EQ(reading.processes + reading.rollups().missing_processes, 800);
}

TEST_F(RollupReaderTest, WithoutBothNobodyKnowsOfWhenTheyAre) {
  Write(400);
  std::string damaged = bytes_;
  for (size_t at = 0; (at = damaged.find("2026-09-22", at)) != std::string::npos; ++at) {
    damaged[at] = 'x';
  }
  Put(damaged);
  const Reading reading = Read();
  EXPECT_EQ(reading.rollups().rollups, 1);
  EXPECT_EQ(reading.rollups().unknown_rollups, 1);
  EXPECT_TRUE(reading.coverage.incomplete());
}

TEST_F(RollupReaderTest, FilesOneBehindTheOtherAreReadAsMany) {
  Write(3);
  const std::string first = bytes_;
  Write(3);
  Put(first + bytes_);
  const Reading reading = Read();
  EXPECT_EQ(reading.processes, 6);
  EXPECT_EQ(reading.rollups().repeated_rollups, 2);
}

TEST_F(RollupReaderTest, AFileBehindItselfIsCountedOnce) {
  auto file = RollupFile::Create(path_, Replace::kYes, kNowNs);
  ASSERT_TRUE(file->Append(Facts("2026-09-21", 3), Groups(3)));
  ASSERT_TRUE(file->Close());
  std::ifstream in(path_, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(in), {});
  Put(bytes + bytes);
  const Reading reading = Read();
  EXPECT_EQ(reading.processes, 3);
  EXPECT_EQ(reading.rollups().rollups, 1);
  EXPECT_EQ(reading.rollups().repeated_rollups, 1);
}

TEST_F(RollupReaderTest, WhatOnlyANewerVersionTellsOfTheSameIsUsedInWhateverOrder) {
  RollupFacts facts = Facts("2026-09-21", 3);
  const std::string newer = temp_ / "newer";
  for (const auto& [path, unreaped] : {std::pair(path_, std::optional<uint64_t>()), {newer, 2}}) {
    facts.numbers.unreaped = unreaped;
    facts.numbers.flags = unreaped ? kRollupOthersHidden : 0;
    if (unreaped) facts.recorder_filters = std::string("--only-failed\0", 14);
    auto file = RollupFile::Create(path, Replace::kYes, kNowNs);
    ASSERT_TRUE(file->Append(facts, Groups(3)));
    ASSERT_TRUE(file->Close());
  }
  EXPECT_EQ(Read().coverage.unreaped, 0);
  EXPECT_EQ(Read().rollups().without_unreaped, 1);
  EXPECT_TRUE(Read().coverage.filters.empty());
  for (const std::vector<std::string>& paths : {std::vector{path_, newer}, {newer, path_}}) {
    const Reading reading = Read(paths);
    EXPECT_FALSE(reading.error);
    EXPECT_EQ(reading.coverage.unreaped, 2);
    EXPECT_TRUE(reading.coverage.others_hidden);
    EXPECT_EQ(reading.coverage.filters.Packed(), *facts.recorder_filters);
    EXPECT_EQ(reading.rollups().without_unreaped, 0);
  }
}

TEST_F(RollupReaderTest, OfTwoTheWholeOneCountsInWhateverOrder) {
  Write(400);
  const std::string backup = temp_ / "backup";
  std::filesystem::copy_file(path_, backup);
  Damage("command200", 20);
  for (const std::vector<std::string>& paths : {std::vector{path_, backup}, {backup, path_}}) {
    const Reading reading = Read(paths);
    EXPECT_FALSE(reading.error);
    EXPECT_EQ(reading.processes, 800);
    EXPECT_EQ(reading.rollups().rollups, 2);
    EXPECT_EQ(reading.rollups().repeated_rollups, 2);
    EXPECT_EQ(reading.rollups().missing_processes, 0);
  }
}

TEST_F(RollupReaderTest, OfTwoDamagedOnesThatOfWhichMoreIsLeftCounts) {
  Write(400);
  const std::string worse = temp_ / "worse";
  Damage("command200", 20);
  const Reading better = Read();
  std::filesystem::copy_file(path_, worse);
  std::filesystem::resize_file(worse, bytes_.size() / 4);
  EXPECT_LT(Read({worse}).processes, better.processes);
  for (const std::vector<std::string>& paths : {std::vector{path_, worse}, {worse, path_}}) {
    const Reading reading = Read(paths);
    EXPECT_EQ(reading.processes, better.processes);
    EXPECT_EQ(reading.processes + reading.rollups().missing_processes, 800);
  }
}

TEST_F(RollupReaderTest, TwoThatAreWholeAndDifferAreRefused) {
  const auto write = [](const std::string& path, const std::string& comm) {
    std::vector<KeyedTotals> groups = Groups(1);
    groups[0].key.comm = comm;
    auto file = RollupFile::Create(path, Replace::kYes, kNowNs);
    ASSERT_TRUE(file->Append(Facts("2026-09-21", 1), groups));
    ASSERT_TRUE(file->Close());
  };
  const std::string other = temp_ / "other";
  write(path_, "cc1");
  write(other, "cat");
  const Reading reading = Read({path_, other});
  ASSERT_TRUE(reading.error);
  EXPECT_EQ(reading.error->message(),
            path_ + " and " + other +
                " say the same of web1 on 2026-09-21, but their groups differ; give only the right "
                "one of them");
}

TEST_F(RollupReaderTest, AFileIsNotReplacedUnlessThatIsAskedFor) {
  Write(1);
  const auto refused = RollupFile::Create(path_, Replace::kNo, kNowNs);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(),
            "cannot create " + path_ + ": it is there already; --replace puts a new one there");
}

TEST_F(RollupReaderTest, WhatIsNotFinishedLeavesNothing) {
  { ASSERT_TRUE(RollupFile::Create(path_, Replace::kNo, kNowNs)); }
  EXPECT_TRUE(std::filesystem::is_empty(std::filesystem::path(path_).parent_path()));
}

// Made by another one meanwhile.
TEST_F(RollupReaderTest, AFileThatAppearedMeanwhileStays) {
  auto file = RollupFile::Create(path_, Replace::kNo, kNowNs);
  ASSERT_TRUE(file);
  Put("other");
  const Status closed = file->Close();
  ASSERT_FALSE(closed);
  EXPECT_THAT(closed.error().message(), HasSubstr("it is there already"));
  EXPECT_EQ(std::filesystem::file_size(path_), 5);
}

TEST_F(RollupReaderTest, OfAFolderAllFilesButHiddenOnes) {
  std::filesystem::create_directory(temp_ / "folder");
  std::filesystem::create_directory(temp_ / "folder/folder");
  for (const char* name : {"folder/b", "folder/a", "folder/.c.123.tmp", "d"}) {
    std::ofstream(temp_ / name) << name;
  }
  const std::string paths[] = {temp_ / "d", temp_ / "folder"};
  EXPECT_THAT(*FindRollupFiles(paths),
              ElementsAre(temp_ / "d", temp_ / "folder/a", temp_ / "folder/b"));
  const std::string empty[] = {temp_ / "folder/folder"};
  EXPECT_FALSE(FindRollupFiles(empty));
}

}  // namespace
}  // namespace daybook
