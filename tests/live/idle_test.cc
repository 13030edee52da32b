// While nothing happens daybookd sleeps.

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <thread>

#include "live/support/live_test.h"

namespace daybook {
namespace {

// As long as a minute, but so that two clock anchors, a minute apart, cannot both be in it.
constexpr std::chrono::seconds kQuiet(59);

// What came before it records leaves two turns and a sync.
constexpr std::chrono::seconds kSettle(10);

// A sleep that is woken from ends in the next one: a voluntary context switch.
uint64_t VoluntarySwitches(pid_t pid) {
  uint64_t switches = 0;
  for (const auto& thread :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::ifstream file(thread.path() / "status");
    constexpr std::string_view kKey = "voluntary_ctxt_switches:";
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with(kKey)) switches += std::stoull(line.substr(kKey.size()));
    }
  }
  return switches;
}

class IdleTest : public LiveTest {
 protected:
  // In memory: to wait for a disk that is busy is no wakeup.
  const int is_in_memory_ = setenv("TMPDIR", "/dev/shm", 1);
  const TempFolder temp_;
};

TEST_F(IdleTest, WakesAtMostOnceAMinute) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer's own thread wakes all the time";
#endif
  // What other processes do is left out in the kernel: for this recorder nothing happens.
  Daybookd recorder(temp_ / "log", {"--events", "fork,exec,exit", "--only-uid", "4000000000",
                                    "--status-file", temp_ / "status"});
  // Until what it began with is synced, it looks now and then.
  std::this_thread::sleep_for(kSettle);
  const uint64_t before = VoluntarySwitches(recorder.pid());
  std::this_thread::sleep_for(kQuiet);
  EXPECT_LE(VoluntarySwitches(recorder.pid()) - before, 1U) << "the clock's anchor";
  EXPECT_EQ(recorder.Stop(), 0);
  const KeptLog log = ReadLog(temp_ / "log");
  EXPECT_EQ(log.All<Fork>().size() + log.All<Exec>().size() + log.All<Exit>().size(), 0U);
}

}  // namespace
}  // namespace daybook
