// Tests of what outlives a recorder in the kernel, on a bpf file system of their own.
#pragma once

#include <sys/mount.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <set>

#include "live/support/live_test.h"

namespace daybook {

inline bool Continues(const Recorder& start) {
  return start.abilities.value_or("").ends_with(" continued");
}

inline std::vector<Recorder> Starts(const KeptLog& log) {
  std::vector<Recorder> starts;
  for (const Recorder& record : log.All<Recorder>()) {
    if (record.event == RecorderEvent::kStart) starts.push_back(record);
  }
  return starts;
}

class PinTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    if (HasFatalFailure() || IsSkipped()) return;
    std::filesystem::create_directory(mount_point_);
    ASSERT_EQ(mount("bpf", mount_point_.c_str(), "bpf", 0, "mode=0755"), 0) << strerror(errno);
  }
  void TearDown() override { umount(mount_point_.c_str()); }

  std::vector<std::string> Options() const { return {"--pin", pins_}; }
  std::vector<std::string> With(const std::vector<std::string>& more) const {
    std::vector<std::string> options = Options();
    options.insert(options.end(), more.begin(), more.end());
    return options;
  }

  // Of whom there is exactly one birth, and one end: the children of that child of ours. Numbers
  // are used again.
  static void ExpectEachChildOnce(const KeptLog& log, pid_t parent, size_t count) {
    using Process = std::pair<uint32_t, uint64_t>;
    std::map<Process, int> ends;
    for (const Exit& exit : log.All<Exit>()) ++ends[{exit.pid, exit.start_ns}];
    std::optional<uint64_t> parent_start_ns;
    for (const Fork& fork : ChildrenOf(log, getpid())) {
      if (fork.pid == static_cast<uint32_t>(parent)) parent_start_ns = fork.time_ns;
    }
    ASSERT_TRUE(parent_start_ns) << parent;
    std::set<Process> born;
    for (const Fork& fork : ChildrenOf(log, parent)) {
      if (fork.parent_start_ns != parent_start_ns) continue;
      EXPECT_TRUE(born.emplace(fork.pid, fork.time_ns).second) << "twice: " << fork;
      const int times = ends[{fork.pid, fork.time_ns}];
      EXPECT_EQ(times, 1) << fork;
    }
    EXPECT_THAT(born, testing::SizeIs(count));
  }

  // Every second one has executed a program, once.
  static void ExpectEverySecondExecuted(const KeptLog& log, pid_t parent, size_t count) {
    std::set<std::pair<uint32_t, uint64_t>> born;
    for (const Fork& fork : ChildrenOf(log, parent)) born.emplace(fork.pid, fork.time_ns);
    std::set<std::pair<uint32_t, uint64_t>> executed;
    for (const Exec& exec : log.All<Exec>()) {
      if (!born.contains({exec.pid, exec.start_ns})) continue;
      EXPECT_TRUE(executed.emplace(exec.pid, exec.start_ns).second) << "twice: " << exec;
    }
    EXPECT_THAT(executed, testing::SizeIs(count / 2));
  }

  // What a process used in all is told with its end, or by its reap, and never by both.
  static void ExpectEachUsageOnce(const KeptLog& log) {
    std::map<std::pair<uint32_t, uint64_t>, int> told;
    for (const Exit& exit : log.All<Exit>()) {
      if ((exit.flags & kProcUsageExact) != 0) ++told[{exit.pid, exit.start_ns}];
    }
    for (const Reap& reap : log.All<Reap>()) {
      const int times = ++told[{reap.pid, reap.start_ns}];
      EXPECT_EQ(times, 1) << "again: " << reap;
    }
  }

  // Each that follows another one goes on with its counts. Forks that the hooks counted twice, or
  // more than these that they did not, would be the takeover's fault.
  static void ExpectNothingBetween(const KeptLog& log) {
    EXPECT_THAT(log.All<Lost>(), testing::IsEmpty());
    EXPECT_THAT(log.All<RecordingGap>(), testing::IsEmpty());
    const auto starts = Starts(log);
    for (size_t i = 0; i < starts.size(); ++i) {
      EXPECT_EQ(Continues(starts[i]), i != 0);
      const uint64_t ahead = *starts[i].kernel_forks - *starts[i].forks_seen;
      const uint64_t ahead_at_first = *starts[0].kernel_forks - *starts[0].forks_seen;
      EXPECT_GE(ahead, ahead_at_first) << i;
      EXPECT_LE(ahead, ahead_at_first + kOthersWorkers) << i;
    }
  }

  const TempFolder temp_;
  const std::string folder_ = temp_ / "log";
  const std::string mount_point_ = temp_ / "bpf";
  const std::string pins_ = mount_point_ + "/daybook";
};

}  // namespace daybook
