// The operating system's folder of a log: when somebody removes it while it is in use, when it
// holds what is no log's, and when the system does not do at once what it is asked for.

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>

#include "daybook/compress.h"
#include "daybook/writer.h"
#include "support/temp_folder.h"

namespace {

int interrupted_reservations = 0;
int entries_before_error = -1;  // none

}  // namespace

// These two stand in the place of the C library's.
extern "C" int fallocate(int fd, int mode, off_t offset, off_t bytes) {
  if (interrupted_reservations > 0) {
    --interrupted_reservations;
    errno = EINTR;
    return -1;
  }
  return static_cast<int>(syscall(SYS_fallocate, fd, mode, offset, bytes));
}

extern "C" dirent* readdir(DIR* folder) {
  static const auto real = reinterpret_cast<dirent* (*)(DIR*)>(dlsym(RTLD_NEXT, "readdir"));
  if (entries_before_error < 0 || entries_before_error-- > 0) return real(folder);
  errno = EIO;
  return nullptr;
}

namespace daybook {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

// Nobody writes to it: whoever opened it would wait for ever.
TEST(PosixFolderTest, APipeUnderTheNameOfASegmentIsNotWaitedFor) {
  const TempFolder temp;
  const auto clock = [] { return Clock(); };
  const auto stream_id = [&] {
    auto writer = LogWriter::Open(*OpenLogFolder(temp.path()), {}, clock);
    writer->Append(Fork{.time_ns = 1'000, .pid = 7});
    EXPECT_TRUE(writer->Close());
    return writer->stream_id();
  };
  const Id128 first = stream_id();
  const auto folder = *OpenLogFolder(temp.path());
  const std::string raw = "daybook-00000001.dbk";
  ASSERT_TRUE(CompressSegment(*folder, 1));
  ASSERT_EQ(mkfifo((temp / raw).c_str(), 0600), 0);
  EXPECT_EQ(folder->Read(raw).error().error_number(), ENOENT);
  EXPECT_EQ(folder->ReadFirst(raw, 1).error().error_number(), ENOENT);
  EXPECT_EQ(folder->SyncFile(raw).error().error_number(), ENOENT);
  EXPECT_EQ(stream_id(), first) << "the compressed one tells";
}

TEST(PosixFolderTest, AFolderThatCannotBeReadToItsEndIsNotHalfListed) {
  const TempFolder temp;
  for (const char* name : {"a", "b", "c"}) temp.Put(name, "");
  const auto folder = *OpenLogFolder(temp.path());
  EXPECT_THAT(*folder->List(), SizeIs(3));
  for (const int entries : {0, 2}) {
    entries_before_error = entries;
    const auto files = folder->List();
    entries_before_error = -1;
    ASSERT_FALSE(files) << entries;
    EXPECT_EQ(files.error().error_number(), EIO);
  }
}

TEST(PosixFolderTest, RoomIsReservedThoughASignalComesInBetween) {
  constexpr uint64_t kBytes = 1 << 20;
  const TempFolder temp;
  const auto folder = *OpenLogFolder(temp.path());
  const auto file = *folder->Create("a");
  interrupted_reservations = 2;
  ASSERT_TRUE(file->Reserve(kBytes));
  EXPECT_EQ(interrupted_reservations, 0);
  EXPECT_GE(folder->List()->front().bytes, kBytes);
}

class RemovedFolderTest : public testing::Test {
 protected:
  RemovedFolderTest() { std::filesystem::create_directory(target_); }

  std::unique_ptr<LogFolder> Open(const std::string& path) { return *OpenLogFolder(path); }

  void Remove() { std::filesystem::remove_all(target_); }
  void MakeAnew() {
    Remove();
    std::filesystem::create_directory(target_);
  }

  static std::string WhyNotCreated(LogFolder& folder) {
    const auto file = folder.Create("a");
    return file ? "" : file.error().message();
  }

  TempFolder temp_;
  const std::string target_ = temp_ / "target";
};

TEST_F(RemovedFolderTest, TheOneThatIsMadeInItsPlaceIsTaken) {
  const auto folder = Open(target_);
  MakeAnew();
  EXPECT_TRUE(folder->Create("a"));
  EXPECT_TRUE(std::filesystem::exists(target_ + "/a"));
}

TEST_F(RemovedFolderTest, BehindALinkItIsFoundAgainToo) {
  const std::string link = temp_ / "link";
  std::filesystem::create_directory_symlink(target_, link);
  const auto folder = Open(link);
  MakeAnew();
  EXPECT_EQ(WhyNotCreated(*folder), "");
  EXPECT_TRUE(std::filesystem::exists(target_ + "/a"));
}

TEST_F(RemovedFolderTest, WhereThereIsNoneTheErrorSaysThatItWasRemoved) {
  const auto folder = Open(target_);
  Remove();
  EXPECT_THAT(WhyNotCreated(*folder), HasSubstr(target_ + " was removed"));
  EXPECT_THAT(WhyNotCreated(*folder), HasSubstr("No such file or directory"));
}

TEST_F(RemovedFolderTest, WhereAnotherRecorderHasTakenItTheErrorSaysSo) {
  const auto folder = Open(target_);
  ASSERT_TRUE(folder->Lock());
  MakeAnew();
  const auto other = Open(target_);
  ASSERT_TRUE(other->Lock());
  EXPECT_THAT(WhyNotCreated(*folder), HasSubstr("another recorder is writing to " + target_));
  EXPECT_FALSE(std::filesystem::exists(target_ + "/a"));
}

}  // namespace
}  // namespace daybook
