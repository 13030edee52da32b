// The operating system's folder of a log, when somebody removes it while it is in use.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "daybook/writer.h"
#include "support/temp_folder.h"

namespace daybook {
namespace {

using testing::HasSubstr;

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
