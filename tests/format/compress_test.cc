// Compressing the segments of a folder: whatever fails, and whenever it is stopped, no record is
// lost and none is there twice.
#include "daybook/compress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "file.h"
#include "support/compressed_log.h"
#include "support/fake_folder.h"

namespace daybook {
namespace {

using File = std::vector<uint8_t>;

const std::string kRawName = "daybook-00000001.dbk";
const std::string kCompressedName = "daybook-00000001.dbk.zst";
const std::string kUnfinishedName = "daybook-00000001.dbk.zst.tmp";
const CompressOptions kSmallFrames = {.frame_bytes = 300};

// Also asked before what only reads or removes.
class AskingFolder : public FakeFolder {
 public:
  explicit AskingFolder(std::shared_ptr<FakeDisk> disk) : FakeFolder(disk), disk_(disk) {}

  Status Remove(const std::string& name) override {
    if (const int error = disk_->Ask("remove")) return Error::FromErrno("remove", error);
    if (!disk_->files.contains(name)) return Error::FromErrno("remove", ENOENT);
    return FakeFolder::Remove(name);
  }
  Result<std::vector<FileInfo>> List() override {
    if (const int error = disk_->Ask("list")) return Error::FromErrno("list", error);
    return FakeFolder::List();
  }
  Result<File> Read(const std::string& name) override {
    if (const int error = disk_->Ask("read")) return Error::FromErrno("read", error);
    if (!disk_->files.contains(name)) return Error::FromErrno("read", ENOENT);
    return FakeFolder::Read(name);
  }

 private:
  std::shared_ptr<FakeDisk> disk_;
};

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
  AskingFolder folder_{disk_};
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
  EXPECT_THAT(disk_->calls, testing::ElementsAre("list", "read", "create", "write", "write",
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

// The disk as it is and as it was last made durable; what a power loss leaves of it.
class DurableFolder : public AskingFolder {
 public:
  explicit DurableFolder(std::shared_ptr<FakeDisk> disk) : AskingFolder(disk), disk_(disk) {
    (void)DurableFolder::Sync();
  }

  Result<std::unique_ptr<LogFile>> Create(const std::string& name) override {
    auto file = AskingFolder::Create(name);
    if (file) synced_[name] = false;
    if (!file) return file;
    return std::unique_ptr<LogFile>(std::make_unique<SyncedFile>(*std::move(file), &synced_[name]));
  }
  Status Rename(const std::string& from, const std::string& to) override {
    Status status = AskingFolder::Rename(from, to);
    if (status) synced_[to] = synced_[from];
    if (status) steps_.push_back(disk_->files);
    return status;
  }
  Status Remove(const std::string& name) override {
    Status status = AskingFolder::Remove(name);
    if (status) steps_.push_back(disk_->files);
    return status;
  }
  Status Sync() override {
    Status status = AskingFolder::Sync();
    if (status) steps_ = {disk_->files};
    return status;
  }

  // The names are those of any moment since the last sync of the folder; the content of a file that
  // was not synced is gone.
  std::vector<std::map<std::string, File>> AfterPowerLoss() const {
    std::vector<std::map<std::string, File>> disks = steps_;
    disks.push_back(disk_->files);
    for (auto& disk : disks) {
      for (auto& [name, bytes] : disk) {
        const auto synced = synced_.find(name);
        if (synced != synced_.end() && !synced->second) std::fill(bytes.begin(), bytes.end(), 0);
      }
    }
    return disks;
  }

 private:
  class SyncedFile : public LogFile {
   public:
    SyncedFile(std::unique_ptr<LogFile> file, bool* synced)
        : file_(std::move(file)), synced_(synced) {}
    Result<size_t> Write(Bytes bytes) override { return file_->Write(bytes); }
    Status Sync() override {
      Status status = file_->Sync();
      if (status) *synced_ = true;
      return status;
    }
    Status Close() override { return file_->Close(); }

   private:
    std::unique_ptr<LogFile> file_;
    bool* synced_;
  };

  std::shared_ptr<FakeDisk> disk_;
  std::map<std::string, bool> synced_;
  std::vector<std::map<std::string, File>> steps_;
};

TEST_F(CompressTest, APowerLossAnywhereLeavesWhatCleanUpSettles) {
  ASSERT_TRUE(CompressSegment(folder_, 1, kSmallFrames));
  const size_t operations = disk_->calls.size();
  for (size_t index = 0; index <= operations; ++index) {
    disk_->files = {{kRawName, raw_}};
    FailNoMore();
    DurableFolder folder(disk_);
    disk_->calls.clear();
    FailFrom(index);
    EXPECT_EQ(CompressSegment(folder, 1, kSmallFrames).has_value(), index == operations);
    FailNoMore();
    for (const auto& files : folder.AfterPowerLoss()) {
      EXPECT_EQ(EventsOf(files), events_) << index;
      disk_->files = files;
      EXPECT_TRUE(CleanUp(folder_)) << index;
      EXPECT_EQ(disk_->files.size(), 1u) << index;
      EXPECT_EQ(EventsOf(disk_->files), events_) << index;
    }
  }
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

TEST_F(CompressTest, SegmentsThatAreNoLogsAreCompressedAllTheSame) {
  for (const File& raw : {File{}, File(3000, 0), File{1, 2, 3}}) {
    disk_->files = {{kRawName, raw}};
    ASSERT_TRUE(CompressSegment(folder_, 1));
    EXPECT_EQ(Decompress(disk_->files[kCompressedName]).content, raw);
  }
}

}  // namespace
}  // namespace daybook
