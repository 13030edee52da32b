// Compressing the segments of a folder: whatever fails, and whenever it is stopped, no record is
// lost and none is there twice.
#include "daybook/compress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <new>
#include <set>

#include "file.h"
#include "support/compressed_log.h"
#include "support/crash_model.h"

namespace daybook {
namespace {

using File = std::vector<uint8_t>;

const std::string kRawName = "daybook-00000001.dbk";
const std::string kCompressedName = "daybook-00000001.dbk.zst";
const std::string kUnfinishedName = "daybook-00000001.dbk.zst.tmp";
const CompressOptions kSmallFrames = {.frame_bytes = 300};

class CompressTest : public testing::Test {
 protected:
  CompressTest() { disk_->files[kRawName] = raw_; }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : disk_->files) names.push_back(name);
    return names;
  }

  // Of the segment, as a reader of the folder sees it: raw before compressed, once.
  size_t EventsOf(const std::map<std::string, File>& files) const {
    const auto raw = files.find(kRawName);
    if (raw != files.end()) return ReadAll(raw->second).events.size();
    const auto compressed = files.find(kCompressedName);
    if (compressed == files.end()) return 0;
    return ReadAll(Decompress(compressed->second).content).events.size();
  }

  void FailAt(size_t index) {
    disk_->fault = [index](auto, size_t at) { return at == index ? EIO : 0; };
  }
  void FailFrom(size_t index) {
    disk_->fault = [index](auto, size_t at) { return at >= index ? EIO : 0; };
  }
  void FailNoMore() {
    disk_->fault = [](auto, auto) { return 0; };
    disk_->calls.clear();
  }

  const File raw_ = LogOfLives(60, true);
  const size_t events_ = ReadAll(raw_).events.size();
  std::shared_ptr<FakeDisk> disk_ = std::make_shared<FakeDisk>();
  FakeFolder folder_{disk_};
};

TEST_F(CompressTest, TheCompressedSegmentStandsInThePlaceOfTheRawOne) {
  ASSERT_TRUE(CompressSegment(folder_, 1));
  EXPECT_THAT(Names(), testing::ElementsAre(kCompressedName));
  const File& file = disk_->files[kCompressedName];
  EXPECT_LT(file.size(), raw_.size() / 2);
  const Decompressed decoded = Decompress(file);
  EXPECT_EQ(decoded.content, raw_);
  EXPECT_TRUE(decoded.damage.empty());
}

// What is on the disk in which order decides what a crash leaves.
TEST_F(CompressTest, TheRawOneIsRemovedLast) {
  disk_->write_limit = 1 << 20;
  ASSERT_TRUE(CompressSegment(folder_, 1));
  // However many reads one file takes.
  const auto repeated = std::unique(disk_->calls.begin(), disk_->calls.end(),
                                    [](const std::string& one, const std::string& next) {
                                      return one == "read" && next == "read";
                                    });
  disk_->calls.erase(repeated, disk_->calls.end());
  EXPECT_THAT(disk_->calls, testing::ElementsAre("list", "read", "create", "write", "read", "write",
                                                 "write", "sync", "close", "read", "rename",
                                                 "sync_folder", "remove", "sync_folder"));
}

TEST_F(CompressTest, ShortWritesAreContinued) {
  disk_->write_limit = 7;
  ASSERT_TRUE(CompressSegment(folder_, 1, kSmallFrames));
  EXPECT_EQ(Decompress(disk_->files[kCompressedName]).content, raw_);
}

TEST_F(CompressTest, OtherFilesAreLeftAlone) {
  const std::vector<std::string> others = {"daybook-00000002.dbk", "daybook-00000003.dbk.zst",
                                           "daybook-00000003.dbk.zst.tmp.old", "notes.tmp"};
  for (const std::string& name : others) disk_->files[name] = {1, 2, 3};
  ASSERT_TRUE(CompressSegment(folder_, 1));
  ASSERT_TRUE(CleanUp(folder_));
  for (const std::string& name : others) EXPECT_EQ(disk_->files[name], (File{1, 2, 3})) << name;
}

TEST_F(CompressTest, ASegmentThatIsNotThereIsAnError) {
  const Status status = CompressSegment(folder_, 9);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message(), testing::HasSubstr("cannot compress daybook-00000009.dbk"));
  EXPECT_THAT(Names(), testing::ElementsAre(kRawName));
}

TEST_F(CompressTest, AnyFailureIsToldLosesNothingAndTheNextAttemptSucceeds) {
  ASSERT_TRUE(CompressSegment(folder_, 1, kSmallFrames));
  const size_t operations = disk_->calls.size();
  ASSERT_GT(operations, 20u);
  for (size_t index = 0; index < operations; ++index) {
    disk_->files = {{kRawName, raw_}};
    disk_->calls.clear();
    FailAt(index);
    const Status status = CompressSegment(folder_, 1, kSmallFrames);
    EXPECT_FALSE(status) << index;
    EXPECT_FALSE(disk_->files.contains(kUnfinishedName)) << index;
    EXPECT_EQ(EventsOf(disk_->files), events_) << index;
    FailNoMore();
    if (disk_->files.contains(kRawName)) {
      EXPECT_EQ(disk_->files[kRawName], raw_);
      EXPECT_TRUE(CompressSegment(folder_, 1, kSmallFrames)) << index;
    }
    EXPECT_THAT(Names(), testing::ElementsAre(kCompressedName)) << index;
    EXPECT_EQ(EventsOf(disk_->files), events_) << index;
  }
}

TEST_F(CompressTest, AProcessStoppedAnywhereLeavesWhatCleanUpSettles) {
  ASSERT_TRUE(CompressSegment(folder_, 1, kSmallFrames));
  const size_t operations = disk_->calls.size();
  for (size_t index = 0; index < operations; ++index) {
    disk_->files = {{kRawName, raw_}};
    disk_->calls.clear();
    FailFrom(index);
    EXPECT_FALSE(CompressSegment(folder_, 1, kSmallFrames)) << index;
    EXPECT_EQ(EventsOf(disk_->files), events_) << index;
    FailNoMore();
    EXPECT_TRUE(CleanUp(folder_)) << index;
    EXPECT_EQ(disk_->files.size(), 1u) << index;
    EXPECT_FALSE(disk_->files.contains(kUnfinishedName)) << index;
    EXPECT_EQ(EventsOf(disk_->files), events_) << index;
  }
}

TEST_F(CompressTest, APowerLossAnywhereLeavesWhatCleanUpSettles) {
  disk_->journal.clear();
  ASSERT_TRUE(CompressSegment(folder_, 1, {.frame_bytes = 1500}));
  const std::vector<DiskOperation> journal = disk_->journal;
  size_t states = 0;
  for (size_t length = 0; length <= journal.size(); ++length) {
    // Whole files or nothing of them: which part of an unfinished one is there is all the same.
    const CrashModel model({{kRawName, raw_}}, std::span(journal).first(length), 1 << 20);
    model.EachState(500, [&](const DiskFiles& files) {
      ++states;
      ASSERT_EQ(EventsOf(files), events_) << length;
      disk_->files = files;
      ASSERT_TRUE(CleanUp(folder_)) << length;
      ASSERT_EQ(disk_->files.size(), 1u) << length;
      ASSERT_EQ(EventsOf(disk_->files), events_) << length;
    });
  }
  EXPECT_GT(states, 100u);
}

TEST_F(CompressTest, OneThatIsCompressedAlreadyIsLeftAlone) {
  ASSERT_TRUE(CompressSegment(folder_, 1));
  const File file = disk_->files[kCompressedName];
  ASSERT_TRUE(CompressSegment(folder_, 1, kSmallFrames));
  EXPECT_EQ(disk_->files[kCompressedName], file);
}

TEST_F(CompressTest, ARawOneThatRetentionRemovesMeanwhileIsNoError) {
  disk_->fault = [this](std::string_view operation, auto) {
    if (operation == "remove") disk_->files.erase(kRawName);
    return 0;
  };
  EXPECT_TRUE(CompressSegment(folder_, 1));
  EXPECT_THAT(Names(), testing::IsEmpty()) << "it must not stand before newer ones that went, too";
}

// Retention removes the files that it found when it looked: the unfinished one may be among them.
TEST_F(CompressTest, ASegmentThatIsRemovedMeanwhileDoesNotComeBack) {
  ASSERT_TRUE(CompressSegment(folder_, 1, kSmallFrames));
  const size_t operations = disk_->calls.size();
  for (const bool with_unfinished : {false, true}) {
    for (size_t index = 1; index < operations; ++index) {
      disk_->files = {{kRawName, raw_}};
      disk_->calls.clear();
      disk_->fault = [&](auto, size_t at) {
        if (at != index) return 0;
        disk_->files.erase(kRawName);
        if (with_unfinished) disk_->files.erase(kUnfinishedName);
        return 0;
      };
      const Status status = CompressSegment(folder_, 1, kSmallFrames);
      EXPECT_TRUE(status) << index << status.error().message();
      // At the very last operation there is no raw one any more, and nothing was removed.
      if (index + 1 < operations) {
        EXPECT_THAT(Names(), testing::IsEmpty()) << index;
      }
    }
  }
}

TEST_F(CompressTest, WhatIsToStayFreeStaysFree) {
  disk_->capacity = 20'000'000;
  disk_->others_bytes = disk_->capacity - raw_.size() - 5000;
  const CompressOptions options = {.frame_bytes = 300, .min_free_bytes = 4500};
  uint64_t least = UINT64_MAX;
  disk_->changed = [&] { least = std::min(least, disk_->FreeBytes()); };
  const Status status = CompressSegment(folder_, 1, options);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message(), testing::HasSubstr("4500 are to stay free"));
  EXPECT_GE(least, 4500u);
  EXPECT_THAT(Names(), testing::ElementsAre(kRawName));
  disk_->others_bytes = 0;
  EXPECT_TRUE(CompressSegment(folder_, 1, options));
}

// Each as the thread that compresses sees it: no exception leaves.
TEST_F(CompressTest, WantOfMemoryIsAnErrorAndLosesNothing) {
  disk_->files[kCompressedName] = Compressed(raw_, 300);
  const auto both = disk_->files;
  disk_->fault = [](std::string_view operation, auto) -> int {
    if (operation == "read") throw std::bad_alloc();
    return 0;
  };
  EXPECT_FALSE(CompressSegment(folder_, 1));
  EXPECT_FALSE(CleanUp(folder_));
  EXPECT_EQ(disk_->files, both);
}

TEST_F(CompressTest, CleanUpCanBeStopped) {
  disk_->files[kCompressedName] = Compressed(raw_, 300);
  const auto both = disk_->files;
  std::stop_source source;
  source.request_stop();
  EXPECT_FALSE(CleanUp(folder_, source.get_token()));
  EXPECT_EQ(disk_->files, both);
}

TEST_F(CompressTest, CleanUpThatFailsLosesNothing) {
  const std::map<std::string, File> both = {
      {kRawName, raw_}, {kCompressedName, Compressed(raw_, 300)}, {kUnfinishedName, File{1, 2, 3}}};
  disk_->files = both;
  ASSERT_TRUE(CleanUp(folder_));
  EXPECT_THAT(Names(), testing::ElementsAre(kCompressedName));
  const size_t operations = disk_->calls.size();
  for (size_t index = 0; index < operations; ++index) {
    disk_->files = both;
    disk_->calls.clear();
    FailAt(index);
    EXPECT_FALSE(CleanUp(folder_)) << index;
    EXPECT_EQ(EventsOf(disk_->files), events_) << index;
    FailNoMore();
    EXPECT_TRUE(CleanUp(folder_)) << index;
    EXPECT_THAT(Names(), testing::ElementsAre(kCompressedName)) << index;
    EXPECT_EQ(EventsOf(disk_->files), events_) << index;
  }
}

TEST_F(CompressTest, ACompressedSegmentThatIsDamagedGivesWayToTheRawOne) {
  const File whole = Compressed(raw_, 300);
  for (size_t position = 0; position < whole.size(); position += 11) {
    File damaged = whole;
    damaged[position] ^= 4;
    disk_->files = {{kRawName, raw_}, {kCompressedName, damaged}};
    EXPECT_TRUE(CleanUp(folder_)) << position;
    EXPECT_THAT(Names(), testing::ElementsAre(kRawName)) << position;
    disk_->files[kCompressedName] = damaged;
    EXPECT_TRUE(CompressSegment(folder_, 1)) << position;
    EXPECT_THAT(Names(), testing::ElementsAre(kCompressedName)) << position;
    EXPECT_EQ(EventsOf(disk_->files), events_) << position;
  }
}

TEST_F(CompressTest, TwoThatAreBothInOrderAndDifferAreKept) {
  File changed = raw_;
  changed[raw_.size() / 2] ^= 1;
  const std::map<std::string, File> both = {{kRawName, changed},
                                            {kCompressedName, Compressed(raw_, 300)}};
  disk_->files = both;
  const Status cleaned = CleanUp(folder_);
  ASSERT_FALSE(cleaned);
  EXPECT_THAT(cleaned.error().message(), testing::HasSubstr("both are kept"));
  EXPECT_FALSE(CompressSegment(folder_, 1));
  EXPECT_EQ(disk_->files, both);
}

TEST_F(CompressTest, WhatIsReadBackAndIsNotWhatWasWrittenIsNotKept) {
  // A disk that loses a bit.
  disk_->fault = [this](std::string_view operation, auto) {
    if (operation == "close") disk_->files[kUnfinishedName][100] ^= 1;
    return 0;
  };
  const Status status = CompressSegment(folder_, 1);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message(), testing::HasSubstr("read back"));
  EXPECT_THAT(Names(), testing::ElementsAre(kRawName));
}

TEST_F(CompressTest, ItCanBeStoppedBeforeEachFrame) {
  std::stop_source source;
  size_t writes = 0;
  disk_->fault = [&](std::string_view operation, auto) {
    if (operation == "write" && ++writes == 3) source.request_stop();
    return 0;
  };
  const Status status =
      CompressSegment(folder_, 1, {.frame_bytes = 300, .stop = source.get_token()});
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message(), testing::HasSubstr("stopped"));
  EXPECT_EQ(writes, 3u);
  EXPECT_THAT(Names(), testing::ElementsAre(kRawName));
  EXPECT_EQ(disk_->files[kRawName], raw_);
}

TEST_F(CompressTest, AnUnfinishedFileOfBeforeIsReplaced) {
  disk_->files[kUnfinishedName] = {1, 2, 3};
  ASSERT_TRUE(CompressSegment(folder_, 1));
  EXPECT_THAT(Names(), testing::ElementsAre(kCompressedName));
  EXPECT_EQ(EventsOf(disk_->files), events_);
}

// Its index, which repeats them, is longer than that of any other segment.
TEST_F(CompressTest, ASegmentThatIsNearlyAllClocksIsCompressedToo) {
  LogBuilder log;
  for (uint64_t i = 1; i <= 60'000; ++i) {
    const uint64_t time_ns = kTestBootNs + i * uint64_t{60'000'000'000};
    log.Add(Clock{.time_ns = time_ns, .realtime_ns = kTestRealtimeNs, .monotonic_ns = time_ns});
  }
  ASSERT_TRUE(log.writer().Close());
  disk_->files = {{kRawName, log.Segment()}};
  const Status compressed = CompressSegment(folder_, 1);
  ASSERT_TRUE(compressed) << compressed.error().message();
  EXPECT_EQ(Decompress(disk_->files[kCompressedName]).content, log.Segment());
}

TEST_F(CompressTest, SegmentsThatAreNoLogsAreCompressedAllTheSame) {
  for (const File& raw : {File{}, File(3000, 0), File{1, 2, 3}}) {
    disk_->files = {{kRawName, raw}};
    ASSERT_TRUE(CompressSegment(folder_, 1));
    EXPECT_EQ(Decompress(disk_->files[kCompressedName]).content, raw);
  }
}

}  // namespace
}  // namespace daybook
