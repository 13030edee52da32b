#include "status/announcer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "status/metrics.h"
#include "support/fake_folder.h"
#include "support/notify_socket.h"
#include "support/temp_folder.h"

namespace daybook {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string Read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

RecorderStatus Example() {
  return {.pid = 7,
          .source = "bpf",
          .last_sync_realtime_ns = 50'407'000'000'000,  // 14:00:07
          .events = 120,
          .events_per_second = 12,
          .lag_us = 1500,
          .forks_lost = 1,
          .unwritten_lost = 2};
}

TEST(StatusFileTest, ItIsReplacedAsAWholeWithItsMode) {
  const TempFolder temp;
  auto file = StatusFile::Open(temp / "status", 0640);
  ASSERT_TRUE(file);
  EXPECT_FALSE(std::filesystem::exists(temp / "status")) << "only written by Write()";
  ASSERT_TRUE(file->Write("a long content"));
  ASSERT_TRUE(file->Write("short"));
  EXPECT_EQ(Read(temp / "status"), "short");
  struct stat info = {};
  ASSERT_EQ(stat((temp / "status").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(temp.path()), {}), 1);
}

TEST(StatusFileTest, WhoElseWritesItIsSeenUntilHeEnds) {
  const TempFolder temp;
  const auto mine = StatusFile::Open(temp / "status", 0640);
  EXPECT_FALSE(mine->IsAnothers());
  {
    auto others = StatusFile::Open(temp / "status", 0640);
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(others->Write("1"));
      EXPECT_TRUE(mine->IsAnothers());
    }
  }
  EXPECT_FALSE(mine->IsAnothers());
}

TEST(StatusFileTest, AFolderThatIsNotThereIsNamed) {
  const auto file = StatusFile::Open("/no/such/folder/status", 0640);
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message(), HasSubstr("/no/such/folder/status"));
}

TEST(StatusFileTest, ALinkInThePlaceOfTheNewOneIsNotFollowed) {
  const TempFolder temp;
  temp.Put("victim", "untouched");
  std::filesystem::create_symlink(temp / "victim", temp / "status.new");
  auto file = StatusFile::Open(temp / "status", 0640);
  EXPECT_TRUE(file->Write("content"));
  EXPECT_EQ(Read(temp / "victim"), "untouched");
  EXPECT_EQ(Read(temp / "status"), "content");
}

// Whoever may write to the folder: neither does it stop the recorder, nor is it written to.
TEST(StatusFileTest, WhatSomebodyPutInThePlaceOfTheNewOneIsNotOpened) {
  const TempFolder temp;
  temp.Put("victim", "untouched");
  auto file = StatusFile::Open(temp / "status", 0640);
  std::filesystem::create_hard_link(temp / "victim", temp / "status.new");
  EXPECT_TRUE(file->Write("first"));
  EXPECT_EQ(Read(temp / "victim"), "untouched");
  EXPECT_EQ(Read(temp / "status"), "first");

  ASSERT_EQ(mkfifo((temp / "status.new").c_str(), 0600), 0);
  alarm(10);  // nobody reads it
  EXPECT_TRUE(file->Write("second"));
  alarm(0);
  EXPECT_EQ(Read(temp / "status"), "second");
}

TEST(StatusFileTest, WhatCannotBeRemovedFromItsPlaceIsAnError) {
  const TempFolder temp;
  auto file = StatusFile::Open(temp / "status", 0640);
  std::filesystem::create_directory(temp / "status.new");
  const Status written = file->Write("content");
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message(), HasSubstr("File exists"));
}

TEST(StatusFileTest, AFolderThatWasMissingForAWriteIsFoundAgain) {
  const TempFolder temp;
  const std::string folder = temp / "folder";
  std::filesystem::create_directory(folder);
  auto file = StatusFile::Open(folder + "/status", 0640);
  std::filesystem::remove_all(folder);
  for (int i = 0; i < 2; ++i) {
    const Status missed = file->Write("nowhere");
    ASSERT_FALSE(missed);
    EXPECT_THAT(missed.error().message(), HasSubstr("No such file or directory"));
  }
  std::filesystem::create_directory(folder);
  ASSERT_TRUE(file->Write("here"));
  EXPECT_EQ(Read(folder + "/status"), "here");
}

TEST(StatusLineTest, ItIsOneLineForPeople) {
  EXPECT_EQ(StatusLine(Example()), "bpf: 12 events/s, lost 3, last sync 14:00:07 UTC");
  RecorderStatus status = Example();
  status.failing = true;
  status.message = "cannot write /a\nb";
  EXPECT_THAT(StatusLine(status),
              AllOf(HasSubstr("; failing: cannot write /a b"), Not(HasSubstr("\n"))));
}

TEST(MetricsTest, WhatIsKnownIsThere) {
  const std::string text = StatusMetrics(Example());
  EXPECT_THAT(text, HasSubstr("# TYPE daybook_events_total counter\ndaybook_events_total 120\n"));
  EXPECT_THAT(text, HasSubstr("daybook_lost_events_total{kind=\"fork\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("daybook_lost_events_total{kind=\"unwritten\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("\ndaybook_lag_seconds 0.001500\n"));
  EXPECT_THAT(text, HasSubstr("\ndaybook_recording 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("forks_seen")));
  EXPECT_EQ(text.back(), '\n');
}

TEST(AnnouncerTest, ManagerAndFilesAreTold) {
  const TempFolder temp;
  const NotifySocket manager(temp / "notify");
  auto folder = std::make_unique<FakeFolder>(std::make_shared<FakeDisk>());
  Announcer announcer({.notifier = *Notifier::Connect(manager.address().c_str()),
                       .status = *StatusFile::Open(temp / "status", 0640),
                       .metrics = *StatusFile::Open(temp / "daybook.prom", 0644),
                       .folder = std::move(folder),
                       .limits = {.max_total_bytes = 1000, .min_free_bytes = 100}});
  announcer.OnReady(Example());
  EXPECT_EQ(manager.Receive(), "READY=1\nSTATUS=" + StatusLine(Example()));
  announcer.OnAlive();
  EXPECT_EQ(manager.Receive(), "WATCHDOG=1");
  announcer.OnReload();
  EXPECT_THAT(manager.Receive(), testing::StartsWith("RELOADING=1\nMONOTONIC_USEC="));
  announcer.OnStop();
  EXPECT_EQ(manager.Receive(), "STOPPING=1");
  const auto status = ParseStatus(Read(temp / "status"));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->events, 120u);
  EXPECT_EQ(status->max_bytes, 1000u);
  EXPECT_EQ(status->min_free_bytes, 100u);
  EXPECT_NE(status->log_bytes, std::nullopt);
  EXPECT_THAT(Read(temp / "daybook.prom"), HasSubstr("daybook_log_max_bytes 1000\n"));
}

TEST(AnnouncerTest, AFolderThatWasMadeAnewIsMeasured) {
  const TempFolder temp;
  const std::string log = temp / "log";
  std::filesystem::create_directory(log);
  Announcer announcer({.notifier = {},
                       .status = *StatusFile::Open(temp / "status", 0640),
                       .metrics = std::nullopt,
                       .folder = *OpenLogFolder(log),
                       .limits = {}});
  std::filesystem::remove_all(log);
  std::filesystem::create_directory(log);
  auto writer = LogWriter::Open(*OpenLogFolder(log), {}, [] { return Clock{.time_ns = 1}; });
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->Close());
  announcer.OnReady(Example());
  const auto status = ParseStatus(Read(temp / "status"));
  ASSERT_TRUE(status);
  EXPECT_GT(status->log_bytes, 0u);
}

}  // namespace
}  // namespace daybook
