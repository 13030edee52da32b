#include "log/log_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <type_traits>
#include <vector>

#include "analyzer/scripted_log.h"
#include "daybook/compress.h"
#include "daybook/writer.h"
#include "life_log.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

class LogSetTest : public testing::Test {
 protected:
  struct Seen {
    std::vector<uint32_t> forked;
    Coverage coverage;
  };

  static Seen Read(const std::vector<std::string>& paths,
                   LogSet::Repeats repeats = LogSet::Repeats::kSkip) {
    auto log = LogSet::Open(paths, {.repeats = repeats});
    EXPECT_TRUE(log) << log.error().message();
    Seen seen;
    while (const auto item = log->Next()) {
      Fork fork;
      const auto* record = std::get_if<RecordView>(&*item);
      if (record != nullptr && record->As(&fork)) seen.forked.push_back(fork.pid);
    }
    seen.coverage = log->coverage();
    const Seen in_runs = ReadInRuns(paths, repeats);
    EXPECT_EQ(in_runs.forked, seen.forked);
    EXPECT_EQ(in_runs.coverage, seen.coverage);
    for (const size_t threads : {0, 1}) {
      const Seen decoded = ReadDecoded(paths, {.repeats = repeats, .threads = threads});
      EXPECT_EQ(decoded.forked, seen.forked) << threads;
      EXPECT_EQ(decoded.coverage, seen.coverage) << threads;
    }
    return seen;
  }

  // The same, but whatever can be had so in runs.
  static Seen ReadInRuns(const std::vector<std::string>& paths, LogSet::Repeats repeats) {
    auto log = LogSet::Open(paths, {.repeats = repeats});
    Seen seen;
    Fork fork;
    while (const auto item = log->Next()) {
      const auto* record = std::get_if<RecordView>(&*item);
      if (record != nullptr && record->As(&fork)) seen.forked.push_back(fork.pid);
      while (const RecordRun* const run = log->NextRun()) {
        for (const auto& [type, payload] : run->records) {
          if (type != Schema<Fork>::kType) continue;
          EXPECT_TRUE(Decode(payload, run->base, &fork));
          seen.forked.push_back(fork.pid);
        }
      }
    }
    seen.coverage = log->coverage();
    return seen;
  }

  // The same, but whatever tells of lives decoded.
  static Seen ReadDecoded(const std::vector<std::string>& paths, const LogSet::Options& options) {
    auto log = LogSet::Open(paths, options);
    log->DecodeLives();
    Seen seen;
    while (const auto item = log->Next()) {
      const auto* record = std::get_if<RecordView>(&*item);
      if (Fork fork; record != nullptr && record->As(&fork)) seen.forked.push_back(fork.pid);
      while (const LifeRun* const run = log->NextLives()) {
        for (size_t i = run->first; i < run->end; ++i) {
          run->records->Visit(i, [&seen](const auto& told) {
            if constexpr (std::is_same_v<decltype(told), const Fork&>) {
              seen.forked.push_back(told.pid);
            }
          });
        }
      }
    }
    seen.coverage = log->coverage();
    return seen;
  }

  static std::vector<LifeState> States(const std::vector<std::string>& paths) {
    auto log = LogSet::Open(paths, {});
    const LocalZone zone = LocalZone::Utc();
    std::vector<LifeState> states;
    ReadLives({.log = *log, .zone = zone, .filter = {}}, [&](const Boot&, const Life& life) {
      states.push_back(life.state);
      return LifeUse::kUsed;
    });
    return states;
  }

  // Three segments with one fork each.
  void WriteThreeSegments() {
    ScriptedLog log(folder_.path());
    log.Fork(6000, 201, 100, 2000);
    log.Rotate(7000);
    log.Fork(8000, 202, 100, 2000);
    log.Rotate(9000);
    log.Fork(10000, 203, 100, 2000);
  }
  std::string Segment(int number) const {
    return folder_ / ("daybook-0000000" + std::to_string(number) + ".dbk");
  }

  void Join(const std::vector<int>& numbers, const std::string& name) {
    std::ofstream joined(folder_ / name);
    for (const int number : numbers) joined << std::ifstream(Segment(number)).rdbuf();
  }

  TempFolder folder_;
};

TEST_F(LogSetTest, ReadsAFolderInOrder) {
  WriteThreeSegments();
  const Seen seen = Read({folder_.path()});
  EXPECT_THAT(seen.forked, ElementsAre(201, 202, 203));
  EXPECT_EQ(seen.coverage.segments, 3U);
  EXPECT_EQ(seen.coverage.boots, 1U);
  EXPECT_EQ(seen.coverage.hosts, 1U);
  EXPECT_FALSE(seen.coverage.incomplete());
  EXPECT_EQ(seen.coverage.first_ns, kScriptRealtimeNs);
  EXPECT_EQ(seen.coverage.last_ns, kScriptRealtimeNs + 5'000'000'000);
}

// A recorder does both while we read.
TEST_F(LogSetTest, WhatIsCompressedOrRemovedMeanwhileIsNoError) {
  WriteThreeSegments();
  std::filesystem::copy(Segment(1), folder_ / "daybook-00000000.dbk");
  auto log = LogSet::Open(std::vector<std::string>{folder_.path()}, {});
  ASSERT_TRUE(log);
  std::filesystem::remove(Segment(1));  // the next one
  auto folder = OpenLogFolder(folder_.path());
  ASSERT_TRUE(folder);
  ASSERT_TRUE(CompressSegment(**folder, 3));
  ASSERT_FALSE(std::filesystem::exists(Segment(3)));
  std::vector<uint32_t> forked;
  while (const auto item = log->Next()) {
    Fork fork;
    const auto* record = std::get_if<RecordView>(&*item);
    if (record != nullptr && record->As(&fork)) forked.push_back(fork.pid);
  }
  EXPECT_THAT(forked, ElementsAre(201, 202, 203));
  EXPECT_FALSE(log->coverage().incomplete());
}

TEST_F(LogSetTest, PutsFilesInTheOrderOfTheirNumbers) {
  WriteThreeSegments();
  const Seen seen = Read({Segment(3), Segment(1), Segment(2)});
  EXPECT_THAT(seen.forked, ElementsAre(201, 202, 203));
  EXPECT_FALSE(seen.coverage.incomplete());
}

TEST_F(LogSetTest, AMissingSegmentIsCountedByItsRecords) {
  WriteThreeSegments();
  const Seen seen = Read({Segment(1), Segment(3)});
  EXPECT_EQ(seen.coverage.missing_records, 1U);
  EXPECT_TRUE(seen.coverage.incomplete());
}

TEST_F(LogSetTest, WhatWasPrunedBeforeTheFirstSegmentIsNotMissing) {
  WriteThreeSegments();
  std::filesystem::remove(Segment(1));
  EXPECT_FALSE(Read({folder_.path()}).coverage.incomplete());
}

TEST_F(LogSetTest, WhatEachRecorderLeftOutAddsUp) {
  {
    ScriptedLog log(folder_.path());
    for (const std::optional<uint64_t> count : {10, 12}) log.Filtered(count);
    log.RecorderStart();
    for (const std::optional<uint64_t> count : {0, 100, 90, 105}) log.Filtered(count);
    log.Rotate(7000);
    log.Filtered(std::nullopt);
    log.Filtered(1105);
    log.RecorderStart();
    log.Filtered(20'000);
  }
  // Of the first one it is not known where it began.
  EXPECT_EQ(Read({folder_.path()}).coverage.dropped_events, 2u + 1105u + 20'000u);
}

TEST_F(LogSetTest, WhatARecorderThatTakesOverLeavesOutIsCountedOn) {
  {
    ScriptedLog log(folder_.path());
    log.RecorderStart();
    for (const uint64_t count : {0, 1000}) log.Filtered(count);
    log.RecorderStart("fork exit continued ids");
    for (const uint64_t count : {1000, 1100}) log.Filtered(count);
  }
  EXPECT_EQ(Read({folder_.path()}).coverage.dropped_events, 1100U);
}

TEST_F(LogSetTest, RepeatedRecordsAreDroppedOnce) {
  WriteThreeSegments();
  std::filesystem::copy(Segment(2), folder_ / "copy.dbk");
  const std::vector<std::string> paths{Segment(1), Segment(2), folder_ / "copy.dbk", Segment(3)};
  EXPECT_THAT(Read(paths).forked, ElementsAre(201, 202, 203));
  EXPECT_EQ(Read(paths).coverage.repeated_records, 1U);
  EXPECT_THAT(Read(paths, LogSet::Repeats::kKeep).forked, ElementsAre(201, 202, 202, 203));
}

TEST_F(LogSetTest, OfARunThatIsKnownInPartTheRestIsHandedOut) {
  {
    ScriptedLog log(folder_.path());
    for (uint32_t pid = 201; pid <= 204; ++pid) log.Fork(pid, pid, 100, 2000);
    log.Flush();
    std::filesystem::copy(Segment(1), folder_ / "begin.dbk");
    for (uint32_t pid = 205; pid <= 209; ++pid) log.Fork(pid, pid, 100, 2000);
  }
  const Seen seen = Read({folder_ / "begin.dbk", Segment(1)});
  EXPECT_THAT(seen.forked, ElementsAre(201, 202, 203, 204, 205, 206, 207, 208, 209));
  EXPECT_EQ(seen.coverage.repeated_records, 4U);
}

TEST_F(LogSetTest, ConcatenatedSegmentsAreReadAsIfTheyWereFiles) {
  WriteThreeSegments();
  Join({1, 2, 3}, "joined");
  const Seen seen = Read({folder_ / "joined"});
  EXPECT_THAT(seen.forked, ElementsAre(201, 202, 203));
  EXPECT_EQ(seen.coverage.segments, 3U);
  EXPECT_FALSE(seen.coverage.incomplete());
}

TEST_F(LogSetTest, ConcatenatedSegmentsAreReadInTheOrderOfTheirNumbers) {
  WriteThreeSegments();
  Join({3, 1, 2}, "joined");
  const Seen seen = Read({folder_ / "joined"});
  EXPECT_THAT(seen.forked, ElementsAre(201, 202, 203));
  EXPECT_EQ(seen.coverage, Read({folder_.path()}).coverage);
  EXPECT_EQ(seen.coverage.repeated_records, 0U);
  EXPECT_FALSE(seen.coverage.incomplete());
}

TEST_F(LogSetTest, OfConcatenatedSegmentsOnlyThoseThatAreThereTwiceAreRepeated) {
  WriteThreeSegments();
  Join({3, 2, 1, 2}, "joined");
  const Seen seen = Read({folder_ / "joined"});
  EXPECT_THAT(seen.forked, ElementsAre(201, 202, 203));
  EXPECT_EQ(seen.coverage.repeated_records, 1U);
  EXPECT_EQ(seen.coverage.unordered_records, 0U);
}

TEST_F(LogSetTest, CompressedSegmentsInOneFileAreReadInTheOrderOfTheirNumbers) {
  WriteThreeSegments();
  auto folder = OpenLogFolder(folder_.path());
  ASSERT_TRUE(folder);
  for (const uint64_t number : {1, 2}) ASSERT_TRUE(CompressSegment(**folder, number));
  std::ofstream joined(folder_ / "joined");
  for (const std::string& file : {Segment(2) + ".zst", Segment(1) + ".zst", Segment(3)}) {
    joined << std::ifstream(file).rdbuf();
  }
  joined.close();
  const Seen seen = Read({folder_ / "joined"});
  EXPECT_THAT(seen.forked, ElementsAre(201, 202, 203));
  EXPECT_EQ(seen.coverage.repeated_records, 0U);
  EXPECT_FALSE(seen.coverage.incomplete());
}

// Where each record stands in the file is told as before.
TEST_F(LogSetTest, OffsetsAreThoseInTheFileInWhateverOrderItIsRead) {
  WriteThreeSegments();
  Join({2, 1}, "joined");
  auto log = LogSet::Open(std::vector<std::string>{folder_ / "joined"}, {});
  ASSERT_TRUE(log);
  std::vector<uint64_t> heads;
  while (const auto item = log->Next()) {
    const auto* record = std::get_if<RecordView>(&*item);
    if (record != nullptr && record->Is<SegmentStart>()) heads.push_back(record->offset);
  }
  EXPECT_THAT(heads, ElementsAre(std::filesystem::file_size(Segment(2)), 0U));
}

// No order of whole files puts 2 between 1 and 3.
TEST_F(LogSetTest, WhatWasNotReadBeforeIsNotRepeatedButOutOfOrder) {
  WriteThreeSegments();
  Join({1, 3}, "joined");
  const Seen seen = Read({folder_ / "joined", Segment(2)});
  EXPECT_THAT(seen.forked, ElementsAre(201, 203));
  EXPECT_EQ(seen.coverage.repeated_records, 0U);
  EXPECT_EQ(seen.coverage.unordered_records, 1U);
  EXPECT_TRUE(seen.coverage.incomplete());
}

// Snapshots are not numbered: only the gap tells that a part of one is missing.
TEST_F(LogSetTest, AGapThatLostNoEventsIsIncomplete) {
  {
    ScriptedLog log(folder_.path());
    log.writer().Append(SnapBegin{.time_ns = kScriptBootNs});
    for (uint32_t i = 0; i < 5000; ++i) log.writer().Append(SnapProc{.pid = i, .start_ns = i});
    log.writer().Append(SnapEnd{.time_ns = kScriptBootNs, .process_count = 5000});
  }
  std::vector<uint64_t> block_ends;
  auto reader = SegmentReader::Open(Segment(1));
  ASSERT_TRUE(reader);
  for (Item item = reader->Next(); !std::holds_alternative<End>(item); item = reader->Next()) {
    const auto* record = std::get_if<RecordView>(&item);
    if (record->Is<Checkpoint>()) block_ends.push_back(record->offset + record->size);
  }
  ASSERT_GE(block_ends.size(), 4U);
  std::ostringstream bytes;
  bytes << std::ifstream(Segment(1)).rdbuf();
  const std::string rest = bytes.str().erase(block_ends[1], block_ends[2] - block_ends[1]);
  std::ofstream(Segment(1)) << rest;
  const Seen seen = Read({folder_.path()});
  EXPECT_EQ(seen.coverage.gaps, 1U);
  EXPECT_EQ(seen.coverage.damaged_bytes, 0U);
  EXPECT_EQ(seen.coverage.missing_records, 0U);
  EXPECT_TRUE(seen.coverage.incomplete());
}

TEST_F(LogSetTest, OneUnreadableFileDoesNotHideTheOthers) {
  WriteThreeSegments();
  auto log =
      LogSet::Open(std::vector<std::string>{Segment(1), folder_ / "nothing", Segment(2)}, {});
  ASSERT_TRUE(log);
  while (log->Next()) {
  }
  ASSERT_EQ(log->failures().size(), 1U);
  EXPECT_THAT(log->failures()[0].error.message(), testing::HasSubstr("nothing"));
  EXPECT_EQ(log->coverage().segments, 2U);
}

TEST_F(LogSetTest, NothingReadableIsAnError) {
  EXPECT_FALSE(LogSet::Open(std::vector<std::string>{folder_ / "nothing"}, {}));
}

// A host of containers makes very many of them.
TEST_F(LogSetTest, PathsOfCgroupsAreKeptForLivesOnly) {
  {
    ScriptedLog log(folder_.path());
    for (const uint64_t ms : {6000, 8000, 10'000}) {
      log.writer().Append(CgroupPath{.time_ns = ScriptedLog::Ns(ms), .id = 7, .path = "/a"});
      log.Rotate(ms + 1000);
    }
    log.writer().Append(CgroupPath{.time_ns = ScriptedLog::Ns(12'000), .id = 7, .path = "/b"});
  }
  auto for_records = LogSet::Open(std::vector<std::string>{folder_.path()}, {});
  while (for_records->Next() != nullptr) EXPECT_TRUE(for_records->boots().front().cgroups.empty());

  auto for_lives = LogSet::Open(std::vector<std::string>{folder_.path()}, {});
  for_lives->DecodeLives();
  while (for_lives->Next() != nullptr) {
    while (for_lives->NextLives() != nullptr) continue;
  }
  EXPECT_EQ(for_lives->boots().front().cgroups.at(7), "/b");
}

TEST_F(LogSetTest, WhatRanWhenTheBootEndedIsLost) {
  {
    ScriptedLog log(folder_.path(), 0xB1);
    log.Fork(6000, 201, 100, 2000);
  }
  EXPECT_THAT(States({folder_.path()}), ElementsAre(LifeState::kRunning));
  {
    ScriptedLog log(folder_.path(), 0xB2);
    log.Fork(6000, 201, 100, 2000);
  }
  EXPECT_THAT(States({folder_.path()}), ElementsAre(LifeState::kLost, LifeState::kRunning));
}

TEST_F(LogSetTest, TwoHostsDoNotMix) {
  TempFolder other;
  WriteThreeSegments();
  {
    ScriptedLog log(other.path(), 0xB1);
    log.Fork(6000, 201, 100, 2000);
    log.Exit(7000, 201, 6000, 0, "x", 1);
  }
  EXPECT_THAT(States({folder_.path(), other.path()}),
              UnorderedElementsAre(LifeState::kEnded, LifeState::kRunning, LifeState::kRunning,
                                   LifeState::kRunning));
}

TEST_F(LogSetTest, FilesThatChangedTheirNamesAreReadInTheOrderInWhichTheyWereWritten) {
  WriteThreeSegments();
  std::filesystem::rename(Segment(1), folder_ / "one");
  std::filesystem::rename(Segment(2), Segment(1));
  std::filesystem::rename(folder_ / "one", Segment(2));
  const Seen seen = Read({folder_.path()});
  EXPECT_THAT(seen.forked, ElementsAre(201, 202, 203));
  EXPECT_EQ(seen.coverage.repeated_records, 0U);
  EXPECT_FALSE(seen.coverage.incomplete());
}

// Whose it is, the segment behind it proves.
TEST_F(LogSetTest, AHeadlessSegmentBelongsToTheLogThatNamesIt) {
  WriteThreeSegments();
  std::fstream file(Segment(2), std::ios::in | std::ios::out);
  file.seekp(40).write("\0\0\0\0", 4);
  file.close();
  const Seen seen = Read({folder_.path()});
  EXPECT_THAT(seen.forked, ElementsAre(201, 202, 203));
  EXPECT_EQ(seen.coverage.missing_records, 0U);
  EXPECT_EQ(seen.coverage.boots, 1U);
  EXPECT_EQ(seen.coverage.segments, 3U);
  EXPECT_GT(seen.coverage.damaged_bytes, 0U);
  EXPECT_THAT(States({folder_.path()}),
              ElementsAre(LifeState::kRunning, LifeState::kRunning, LifeState::kRunning));
}

TEST_F(LogSetTest, WhatIsNoLogCountsNowhereElse) {
  WriteThreeSegments();
  std::ofstream(folder_ / "other") << std::string(5000, 'x');
  const Seen seen = Read({Segment(1), folder_ / "other", Segment(2), Segment(3)});
  EXPECT_EQ(seen.coverage.unreadable_files, 1U);
  EXPECT_EQ(seen.coverage.damaged_bytes, 0U);
  EXPECT_EQ(seen.coverage.segments, 3U);
}

TEST_F(LogSetTest, AHeadlessSegmentIsUsableWithoutHostAndBoot) {
  {
    ScriptedLog log(folder_.path());
    for (uint32_t i = 0; i < 2000; ++i) log.Fork(6000 + i, 1000 + i, 100, 2000);
  }
  // Spoil the first block.
  std::fstream file(Segment(1), std::ios::in | std::ios::out);
  file.seekp(40).write("\0\0\0\0", 4);
  file.close();
  auto log = LogSet::Open(std::vector<std::string>{folder_.path()}, {});
  const LocalZone zone = LocalZone::Utc();
  uint64_t lives = 0;
  const Coverage coverage =
      ReadLives({.log = *log, .zone = zone, .filter = {}}, [&](const Boot& boot, const Life& life) {
        EXPECT_EQ(boot.boot_id, std::nullopt);
        EXPECT_EQ(boot.host, std::nullopt);
        EXPECT_NE(boot.clock.ToRealtime(life.start_ns), std::nullopt) << "anchors stand elsewhere";
        ++lives;
        return LifeUse::kUsed;
      });
  EXPECT_GT(lives, 1500U);
  EXPECT_TRUE(coverage.incomplete());
  EXPECT_EQ(coverage.boots, 0U);
}

}  // namespace
}  // namespace daybook
