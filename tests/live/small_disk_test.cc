// Real file systems of a few megabytes, filled to the last byte while records are written.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "live/support/process.h"
#include "support/log_builder.h"
#include "support/temp_folder.h"
#include "system/clocks.h"

namespace daybook {
namespace {

constexpr uint64_t kDiskBytes = 8 << 20;

class SmallDiskTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      const char* const ci = std::getenv("CI");
      ASSERT_TRUE(ci == nullptr || *ci == '\0') << "CI must run this as root";
      GTEST_SKIP() << "only root may mount";
    }
    // Seen by this process only, and gone with it.
    ASSERT_EQ(unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    std::filesystem::create_directories(mounted_);
    if (GetParam() == "tmpfs") {
      ASSERT_EQ(mount("tmpfs", mounted_.c_str(), "tmpfs", 0, "size=8m"), 0);
    } else {
      std::ofstream(image_).close();
      std::filesystem::resize_file(image_, kDiskBytes);
      Run("mkfs.ext4 -q -F -m 0 " + image_);
      Run("mount -o loop " + image_ + " " + mounted_);
    }
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { umount2(mounted_.c_str(), MNT_DETACH); }

  static void Run(const std::string& command) {
    ASSERT_EQ(std::system(("PATH=$PATH:/usr/sbin " + command + " >&2").c_str()), 0) << command;
  }

  // Takes what is left, to the last byte, but no more than that.
  void Fill(uint64_t bytes) {
    const int fd = open(filler_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ASSERT_GE(fd, 0);
    const std::vector<uint8_t> chunk(4096, 0x55);
    for (size_t size = chunk.size(); size > 0 && bytes > 0;) {
      const ssize_t written = write(fd, chunk.data(), std::min<uint64_t>(size, bytes));
      if (written <= 0) size /= 2;
      if (written > 0) bytes -= static_cast<uint64_t>(written);
    }
    fsync(fd);
    close(fd);
  }

  TempFolder temp_;
  std::string image_ = temp_ / "image";
  std::string mounted_ = temp_ / "disk";
  std::string folder_ = mounted_ + "/log";
  std::string filler_ = mounted_ + "/filler";
};

TEST_P(SmallDiskTest, AFullDiskCostsOnlyWhatIsCounted) {
  Fill(3 << 20);
  WriterOptions options;
  options.ballast_bytes = 256 << 10;
  options.max_pending_bytes = 64 << 10;
  options.retry_interval_ns = 1'000'000;
  auto writer =
      LogWriter::Open(*OpenLogFolder(folder_), {}, ReadClocks, options, MakeThreadSyncer());
  ASSERT_TRUE(writer) << writer.error().message();
  uint32_t pid = 0;
  size_t failures = 0;
  const auto record = [&](uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      writer->Append(TestFork(++pid));
      if (pid % 500 != 0) continue;
      failures += !writer->Flush();
      if (pid % 2000 == 0) failures += !writer->BeginSync();
    }
  };
  record(20'000);
  EXPECT_EQ(failures, 0u) << "there was room";
  ASSERT_TRUE(writer->Sync());
  Fill(UINT64_MAX);
  record(200'000);
  EXPECT_GT(failures, 0u) << "the disk was not full";
  const uint64_t durable_seq = writer->durable_seq();
  EXPECT_GE(durable_seq, 20'001u);
  std::filesystem::remove(filler_);
  const bool back = Await([&] { return writer->Flush().has_value(); });
  ASSERT_TRUE(back) << "space was given back";
  record(1000);
  const Status closed = writer->Close();
  ASSERT_TRUE(closed) << closed.error().message();

  std::set<uint64_t> numbers, pids;
  uint64_t lost = 0;
  std::optional<LostReason> reason;
  const auto paths = FindSegments(folder_);
  ASSERT_TRUE(paths);
  for (const std::string& path : *paths) {
    auto reader = SegmentReader::Open(path);
    ASSERT_TRUE(reader);
    for (Item item = reader->Next(); !std::holds_alternative<End>(item); item = reader->Next()) {
      const auto* view = std::get_if<RecordView>(&item);
      if (view == nullptr || !view->seq) continue;
      const bool is_new = numbers.insert(*view->seq).second;
      Lost told;
      if (is_new && view->As(&told)) {
        lost += *told.records;
        reason = told.reason;
      }
      Fork fork;
      if (!view->As(&fork)) continue;
      EXPECT_EQ(pids.insert(fork.pid).second, is_new) << "as it was before";
    }
  }
  ASSERT_FALSE(numbers.empty());
  EXPECT_EQ(numbers.size(), *numbers.rbegin()) << "no number is missing";
  EXPECT_GE(*numbers.rbegin(), durable_seq - 1);
  EXPECT_GT(lost, 0u);
  EXPECT_EQ(reason, LostReason::kDiskFull);
  EXPECT_EQ(pids.size() + lost, pid) << "counted to the last one";
  std::printf("%s: %zu records written, %llu lost and told, in %zu segments\n", GetParam().c_str(),
              pids.size(), static_cast<unsigned long long>(lost), paths->size());
}

INSTANTIATE_TEST_SUITE_P(FileSystems, SmallDiskTest, testing::Values("tmpfs", "ext4"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace daybook
