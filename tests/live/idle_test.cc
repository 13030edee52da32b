// While nothing happens daybookd sleeps.

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "clocks.h"
#include "live/support/live_test.h"

namespace daybook {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

// As long as a minute, but so that two clock anchors, a minute apart, cannot both be in it.
constexpr uint64_t kQuiet = 59 * kSecond;

// After an event there are two turns and a sync before it sleeps again.
constexpr uint64_t kSettle = 3 * kSecond;

constexpr uint64_t kGiveUp = 240 * kSecond;

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

struct Happening {
  uint64_t time_ns = 0;
  std::string what;
};

// What is in the log after that moment.
std::vector<Happening> HappeningsSince(const KeptLog& log, uint64_t begin_ns) {
  std::vector<Happening> all;
  for (const Fork& fork : log.All<Fork>()) {
    all.push_back({fork.time_ns, "birth of " + std::to_string(fork.pid)});
  }
  for (const Exec& exec : log.All<Exec>()) {
    all.push_back({exec.time_ns, "exec of " + std::string(exec.exe.value_or("?"))});
  }
  for (const Exit& exit : log.All<Exit>()) {
    all.push_back({exit.time_ns, "end of " + std::string(exit.comm.value_or("?"))});
  }
  for (const Reap& reap : log.All<Reap>()) {
    all.push_back({reap.time_ns, "reap of " + std::to_string(reap.pid)});
  }
  for (const CommChange& change : log.All<CommChange>()) {
    all.push_back({change.time_ns, "new name " + std::string(change.comm)});
  }
  for (const CgroupPath& cgroup : log.All<CgroupPath>()) {
    all.push_back({cgroup.time_ns, "cgroup " + std::string(cgroup.path)});
  }
  std::erase_if(all, [begin_ns](const Happening& one) { return one.time_ns < begin_ns; });
  return all;
}

uint64_t AnchorsSince(const KeptLog& log, uint64_t begin_ns) {
  const auto clocks = log.All<Clock>();
  return static_cast<uint64_t>(
      std::count_if(clocks.begin(), clocks.end(), [begin_ns](const Clock& clock) {
        return clock.reason == ClockReason::kPeriodic && clock.time_ns >= begin_ns;
      }));
}

class IdleTest : public RecordedTest {
 protected:
  void SetUp() override {
    RecordedTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    start_ns_ = BootTimeNs();
    switches_at_start_ = VoluntarySwitches(recorder().pid());
  }

  // For a machine that was never quiet for a minute: an event costs a wakeup, the turns after it
  // and a sync; a recorder that woke by itself would pass the sum of these.
  void ExpectWakesOnlyForWhatHappened() {
    constexpr uint64_t kSwitchesForAnEvent = 8;
    const uint64_t wakes = VoluntarySwitches(recorder().pid()) - switches_at_start_;
    const uint64_t minutes = (BootTimeNs() - start_ns_) / (60 * kSecond) + 1;
    const auto happenings = HappeningsSince(ReadLog(folder()), start_ns_);
    std::string what;
    for (const Happening& one : happenings) what += "  " + one.what + "\n";
    std::printf("never quiet: woken %llu times for %zu events\n",
                static_cast<unsigned long long>(wakes), happenings.size());
    EXPECT_LE(wakes, minutes + kSwitchesForAnEvent * happenings.size()) << what;
  }

 private:
  uint64_t start_ns_ = 0;
  uint64_t switches_at_start_ = 0;
};

// Other processes may disturb it: a stretch is looked for in which none did. Nothing in this loop
// makes a process.
TEST_F(IdleTest, WakesAtMostOnceAMinute) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer's own thread wakes all the time";
#endif
  const uint64_t give_up_ns = BootTimeNs() + kGiveUp;
  uint64_t begin_ns = BootTimeNs() + kSettle;
  std::optional<uint64_t> before;
  while (BootTimeNs() < give_up_ns) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    if (!before && BootTimeNs() >= begin_ns) {
      before = VoluntarySwitches(recorder().pid());
      begin_ns = BootTimeNs();
    }
    const auto happenings = HappeningsSince(ReadLog(folder()), begin_ns - kSettle / 2);
    if (!happenings.empty()) {
      begin_ns = BootTimeNs() + kSettle;
      before.reset();
      continue;
    }
    if (!before || BootTimeNs() - begin_ns < kQuiet) continue;
    const uint64_t wakes = VoluntarySwitches(recorder().pid()) - *before;
    const uint64_t anchors = AnchorsSince(ReadLog(folder()), begin_ns);
    std::printf("quiet for %llu s: woken %llu times, clock anchors %llu\n",
                static_cast<unsigned long long>((BootTimeNs() - begin_ns) / kSecond),
                static_cast<unsigned long long>(wakes), static_cast<unsigned long long>(anchors));
    EXPECT_LE(wakes, 1u);
    EXPECT_LE(anchors, 1u);
    EXPECT_GE(wakes, anchors) << "an anchor is what it wakes for";
    return;
  }
  ExpectWakesOnlyForWhatHappened();
}

}  // namespace
}  // namespace daybook
