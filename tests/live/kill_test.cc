// daybookd is killed at any moment, again and again, and the log goes on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>

#include "live/support/live_test.h"
#include "support/log_builder.h"

namespace daybook {
namespace {

constexpr uint32_t kForks = 60'000;

// What stands in the source for that pid, so that a record that was never there shows.
Fork SourceFork(uint32_t pid) { return TestFork(pid, kTestBootNs + uint64_t{pid} * 7'000); }

void WriteSource(const std::string& folder) {
  std::filesystem::create_directories(folder);
  auto writer =
      LogWriter::Open(*OpenLogFolder(folder), {}, [] { return Clock{.time_ns = kTestBootNs}; });
  ASSERT_TRUE(writer);
  for (uint32_t pid = 1; pid <= kForks; ++pid) writer->Append(SourceFork(pid));
  ASSERT_TRUE(writer->Close());
}

struct Told {
  std::map<uint64_t, uint32_t> pids;  // by number
  size_t segments = 0;
  bool complete = false;
};

Told ReadWhole(const std::string& folder) {
  Told told;
  const auto paths = FindSegments(folder);
  if (!paths) throw std::runtime_error(paths.error().message());
  for (const std::string& path : *paths) {
    auto reader = SegmentReader::Open(path);
    if (!reader) throw std::runtime_error(reader.error().message());
    ++told.segments;
    for (;;) {
      const Item item = reader->Next();
      if (const auto* end = std::get_if<End>(&item)) {
        told.complete = end->complete;
        break;
      }
      const auto* view = std::get_if<RecordView>(&item);
      if (view == nullptr || !view->seq) continue;
      Fork fork;
      const uint32_t pid = view->As(&fork) ? fork.pid : 0;
      EXPECT_TRUE(pid == 0 || fork == SourceFork(pid)) << fork.pid;
      const auto known = told.pids.emplace(*view->seq, pid).first;
      EXPECT_EQ(known->second, pid) << "number " << *view->seq << " is used twice";
    }
  }
  return told;
}

TEST(KillTest, TheLogGoesOnAfterEveryKill) {
  TempFolder temp;
  const std::string source = temp / "source";
  const std::string folder = temp / "log";
  WriteSource(source);
  if (testing::Test::HasFatalFailure()) return;
  std::vector<std::string> arguments = {"--source", "replay:" + source, "--segment-size", "256K"};
  if (geteuid() == 0) arguments.insert(arguments.end(), {"--user", "root"});
  constexpr int kKills = 30;
  std::mt19937 random(20);
  uint64_t last_seq = 0;
  for (int i = 0; i < kKills; ++i) {
    {
      Daybookd recorder(folder, arguments);
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 120'000));
      kill(recorder.pid(), SIGKILL);
    }
    if (i % 10 != 0) continue;
    const Told told = ReadWhole(folder);
    ASSERT_FALSE(told.pids.empty());
    EXPECT_GE(told.pids.rbegin()->first, last_seq);
    last_seq = told.pids.rbegin()->first;
    if (testing::Test::HasFailure()) return;
  }
  Daybookd last(folder, arguments);
  EXPECT_EQ(last.Wait(), 0);
  const Told told = ReadWhole(folder);
  EXPECT_TRUE(told.complete);
  EXPECT_EQ(told.pids.begin()->first, 1u);
  EXPECT_EQ(told.pids.size(), told.pids.rbegin()->first) << "no number is missing";
  EXPECT_GT(told.pids.size(), kForks) << "the last one replayed all";
  std::printf("%d kills: %zu records in %zu segments\n", kKills, told.pids.size(), told.segments);
}

}  // namespace
}  // namespace daybook
