// Somebody sets the wall clock while processes are born and end.

#include <sys/time.h>

#include <ctime>

#include "live/support/live_test.h"
#include "system/clocks.h"

namespace daybook {
namespace {

using testing::SizeIs;

constexpr int64_t kHour = 3600;

// Moves the wall clock of the machine, and back again at its end.
class ClockStep {
 public:
  explicit ClockStep(int64_t seconds) : seconds_(seconds) { Move(seconds); }
  ClockStep(const ClockStep&) = delete;
  ClockStep& operator=(const ClockStep&) = delete;
  ~ClockStep() { Move(-seconds_); }

 private:
  static void Move(int64_t seconds) {
    timespec now = {};
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += seconds;
    if (clock_settime(CLOCK_REALTIME, &now) != 0) throw std::runtime_error("clock_settime");
  }

  int64_t seconds_;
};

class ClockTest : public RecordedTest {
 protected:
  // A process that is born and ends while the clock is so far off.
  pid_t LiveWhileOff(int64_t seconds) {
    const ClockStep step(seconds);
    // The recorder takes note at once.
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    const pid_t pid = Spawn([] {});
    WaitFor(pid);
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    return pid;
  }
};

// The wall clock's offset that holds at that moment, by the anchor before it.
int64_t OffsetAt(const KeptLog& log, uint64_t time_ns) {
  int64_t offset = 0;
  for (const Clock& clock : log.All<Clock>()) {
    if (clock.time_ns > time_ns) break;
    offset = clock.realtime_ns - static_cast<int64_t>(clock.time_ns);
  }
  return offset;
}

int64_t Seconds(int64_t ns) { return (ns + 500'000'000) / 1'000'000'000; }

TEST_F(ClockTest, OrderAndDurationsAreThoseOfTheBootAndTheStepIsToldAtOnce) {
  const pid_t before = LiveWhileOff(0);
  const pid_t ahead = LiveWhileOff(kHour);
  const pid_t behind = LiveWhileOff(-kHour);
  const pid_t after = LiveWhileOff(0);
  const KeptLog& log = Stop();
  std::vector<uint64_t> births;
  for (const pid_t pid : {before, ahead, behind, after}) {
    const Life life = LifeOf(log, pid);
    births.push_back(life.fork.time_ns);
    EXPECT_LT(life.exit.time_ns - life.fork.time_ns, 1'000'000'000u);
  }
  EXPECT_TRUE(std::is_sorted(births.begin(), births.end()));
  size_t steps = 0;
  for (const Clock& clock : log.All<Clock>()) steps += clock.reason == ClockReason::kStep;
  EXPECT_GE(steps, 4u) << "there and back, twice";
  const int64_t right = OffsetAt(log, births[0]);
  EXPECT_EQ(Seconds(OffsetAt(log, births[1]) - right), kHour);
  EXPECT_EQ(Seconds(OffsetAt(log, births[2]) - right + 2 * kHour * 1'000'000'000), kHour);
  EXPECT_EQ(Seconds(OffsetAt(log, births[3]) - right), 0);
}

}  // namespace
}  // namespace daybook
