#include "log/folder_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "support/temp_folder.h"

namespace daybook {
namespace {

using Waking = FolderWatch::Waking;
constexpr int64_t kShortNs = 20'000'000;

TEST(FolderWatchTest, WakesForWhatIsWritten) {
  const TempFolder folder;
  FolderWatch watch(folder.path());
  EXPECT_FALSE(watch.problem());
  folder.Put("a", "");
  EXPECT_EQ(watch.Wait({}), Waking::kChange);
  folder.Put("a", "more");
  EXPECT_EQ(watch.Wait({}), Waking::kChange);
  std::filesystem::rename(folder / "a", folder / "b");
  EXPECT_EQ(watch.Wait({}), Waking::kChange);
  EXPECT_EQ(watch.Wait({.wait_ns = kShortNs}), Waking::kTime);
}

TEST(FolderWatchTest, WakesWhenTheFolderIsGone) {
  const TempFolder parent;
  for (const auto looks : {FolderWatch::Looks::kWhenTold, FolderWatch::Looks::kEachSecond}) {
    const std::string folder = parent / "log";
    std::filesystem::create_directory(folder);
    FolderWatch watch(folder, looks);
    std::filesystem::remove(folder);
    EXPECT_EQ(watch.Wait({}), Waking::kRemoved);
  }
}

TEST(FolderWatchTest, WakesForWhatElseHappens) {
  const TempFolder folder;
  FolderWatch watch(folder.path());
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(pipe(pipe_ends.data()), 0);
  EXPECT_EQ(watch.Wait({.output = pipe_ends[1], .wait_ns = kShortNs}), Waking::kTime);
  ASSERT_EQ(write(pipe_ends[1], "x", 1), 1);
  EXPECT_EQ(watch.Wait({.interrupts = pipe_ends[0]}), Waking::kInterrupt);
  close(pipe_ends[0]);
  EXPECT_EQ(watch.Wait({.output = pipe_ends[1]}), Waking::kNoReader);
  close(pipe_ends[1]);
  EXPECT_EQ(watch.Wait({.wait_ns = -1}), Waking::kTime);
}

TEST(FolderWatchTest, LooksOnceASecondWhereInotifyCannotAndSaysWhy) {
  const TempFolder parent;
  FolderWatch watch(parent / "none");
  ASSERT_TRUE(watch.problem());
  EXPECT_EQ(watch.problem()->message(),
            "cannot watch " + (parent / "none") + " by inotify: No such file or directory");
  std::filesystem::create_directory(parent / "none");
  EXPECT_EQ(watch.Wait({}), Waking::kChange);
  EXPECT_EQ(watch.Wait({.wait_ns = kShortNs}), Waking::kTime);
}

}  // namespace
}  // namespace daybook
