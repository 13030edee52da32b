// With pins a recorder takes over from the one before it, and nothing is missing or there twice.

#include <linux/bpf.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "bpf/events.h"
#include "file_descriptor.h"
#include "host.h"
#include "live/support/live_test.h"

namespace daybook {
namespace {

using testing::Contains;
using testing::Each;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Optional;
using testing::SizeIs;

// So many in the project's checks; DAYBOOK_KILLS asks for another number.
int KillCount() {
  const char* const asked = std::getenv("DAYBOOK_KILLS");
  return asked != nullptr ? std::atoi(asked) : 20;
}

bool Continues(const Recorder& start) {
  return start.abilities.value_or("").ends_with(" continued");
}

std::vector<Recorder> Starts(const KeptLog& log) {
  std::vector<Recorder> starts;
  for (const Recorder& record : log.All<Recorder>()) {
    if (record.event == RecorderEvent::kStart) starts.push_back(record);
  }
  return starts;
}

// bpf(2) itself: the recorder's own way to its pins is what is tested.
long Bpf(bpf_cmd command, bpf_attr attributes) {
  return syscall(SYS_bpf, command, &attributes, sizeof(attributes));
}

template <class Pointer>
uint64_t AddressOf(Pointer* pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

FileDescriptor MapAt(const std::string& pin) {
  bpf_attr attributes = {};
  attributes.pathname = AddressOf(pin.c_str());
  return FileDescriptor(static_cast<int>(Bpf(BPF_OBJ_GET, attributes)));
}

// Gives the pinned map another name, too.
void PinAlsoAs(const std::string& pin, const std::string& name) {
  const FileDescriptor map = MapAt(pin);
  bpf_attr attributes = {};
  attributes.pathname = AddressOf(name.c_str());
  attributes.bpf_fd = static_cast<uint32_t>(map.get());
  ASSERT_EQ(Bpf(BPF_OBJ_PIN, attributes), 0) << strerror(errno);
}

long StateElement(bpf_cmd command, const std::string& state_pin, shared_state* state) {
  const FileDescriptor map = MapAt(state_pin);
  const uint32_t zero = 0;
  bpf_attr element = {};
  element.map_fd = static_cast<uint32_t>(map.get());
  element.key = AddressOf(&zero);
  element.value = AddressOf(state);
  return Bpf(command, element);
}

shared_state ReadState(const std::string& state_pin) {
  shared_state state = {};
  EXPECT_EQ(StateElement(BPF_MAP_LOOKUP_ELEM, state_pin, &state), 0) << strerror(errno);
  return state;
}

// Makes them look as if a recorder of another version had left them.
void ChangeLayout(const std::string& state_pin) {
  shared_state state = ReadState(state_pin);
  ASSERT_EQ(state.layout, EVENT_LAYOUT);
  ++state.layout;
  ASSERT_EQ(StateElement(BPF_MAP_UPDATE_ELEM, state_pin, &state), 0) << strerror(errno);
}

// Lives from its making on, at full speed.
class StormOfLives {
 public:
  explicit StormOfLives(std::string output)
      : output_(std::move(output)), pid_(SpawnActor({"storm"}, output_)) {}
  StormOfLives(const StormOfLives&) = delete;
  StormOfLives& operator=(const StormOfLives&) = delete;
  ~StormOfLives() {
    if (!is_over_) End();
  }

  pid_t pid() const { return pid_; }

  // How many there were.
  size_t End() {
    is_over_ = true;
    kill(pid_, SIGTERM);
    WaitFor(pid_);
    size_t count = 0;
    std::ifstream(output_) >> count;
    return count;
  }

 private:
  std::string output_;
  pid_t pid_;
  bool is_over_ = false;
};

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
    EXPECT_THAT(born, SizeIs(count));
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
    EXPECT_THAT(executed, SizeIs(count / 2));
  }

  // Each that follows another one goes on with its counts.
  static void ExpectNothingBetween(const KeptLog& log) {
    EXPECT_THAT(log.All<Lost>(), IsEmpty());
    EXPECT_THAT(log.All<RecordingGap>(), IsEmpty());
    const auto starts = Starts(log);
    for (size_t i = 0; i < starts.size(); ++i) {
      EXPECT_EQ(Continues(starts[i]), i != 0);
      EXPECT_EQ(*starts[i].kernel_forks - *starts[i].forks_seen,
                *starts[0].kernel_forks - *starts[0].forks_seen)
          << i;
    }
  }

  const TempFolder temp_;
  const std::string folder_ = temp_ / "log";
  const std::string mount_point_ = temp_ / "bpf";
  const std::string pins_ = mount_point_ + "/daybook";
};

TEST_F(PinTest, KilledAgainAndAgainUnderLoadNothingIsMissingAndNothingIsThereTwice) {
  const int kills = KillCount();
  constexpr int kForksBetween = 400;
  std::mt19937 random(41);
  std::vector<pid_t> parents;
  for (int i = 0; i <= kills; ++i) {
    Daybookd recorder(folder_, Options());
    // The first one's parent is born under it.
    parents.push_back(SpawnActor({"forks", std::to_string(kForksBetween)}));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 300'000));
    if (i == kills) {
      for (const pid_t parent : parents) WaitFor(parent);
      EXPECT_EQ(recorder.Stop(), 0);
    } else {
      kill(recorder.pid(), SIGKILL);
    }
  }
  const KeptLog log = ReadLog(folder_);
  for (const pid_t parent : parents) ExpectEachChildOnce(log, parent, kForksBetween);
  ExpectNothingBetween(log);
  EXPECT_THAT(Starts(log), SizeIs(kills + 1));
  std::printf("%d kills, %zu forks by the test: each there once\n", kills,
              parents.size() * kForksBetween);
}

// Here hooks take the place of others while something happens.
TEST_F(PinTest, UnderAStormThatGoesThroughAllTakeoversNothingIsMissingAndNothingIsThereTwice) {
  const int kills = KillCount();
  auto options = Options();
  options.insert(options.end(), {"--ring", "64M"});
  std::mt19937 random(42);
  // Born under the first one.
  std::optional<Daybookd> recorder(std::in_place, folder_, options);
  StormOfLives storm(temp_ / "storm");
  StormOfLives other(temp_ / "other");
  for (int i = 0; i < kills; ++i) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 50'000));
    kill(recorder->pid(), SIGKILL);
    recorder.emplace(folder_, options);
  }
  const size_t count = storm.End();
  const size_t other_count = other.End();
  EXPECT_EQ(recorder->Stop(), 0);
  const KeptLog log = ReadLog(folder_);
  ExpectNothingBetween(log);
  EXPECT_THAT(Starts(log), SizeIs(kills + 1));
  ExpectEachChildOnce(log, storm.pid(), count);
  ExpectEachChildOnce(log, other.pid(), other_count);
  ExpectEverySecondExecuted(log, storm.pid(), count);
  ExpectEverySecondExecuted(log, other.pid(), other_count);
  std::printf("%d kills, %zu lives through all of them: each there once\n", kills,
              count + other_count);
}

TEST_F(PinTest, WhatHappensWithoutARecorderIsToldByTheNext) {
  Daybookd(folder_, Options()).Stop(SIGKILL);
  const pid_t parent = SpawnActor({"forks", "1000"});
  WaitFor(parent);
  Daybookd(folder_, Options()).Stop();
  const KeptLog log = ReadLog(folder_);
  ExpectEachChildOnce(log, parent, 1000);
  EXPECT_THAT(log.All<RecordingGap>(), IsEmpty());
}

TEST_F(PinTest, OnSigusr2ItHandsOver) {
  EXPECT_EQ(Daybookd(folder_, Options()).Stop(SIGUSR2), 0);
  const pid_t parent = SpawnActor({"forks", "100"});
  WaitFor(parent);
  EXPECT_EQ(Daybookd(folder_, Options()).Stop(), 0);
  const KeptLog log = ReadLog(folder_);
  ExpectEachChildOnce(log, parent, 100);
  EXPECT_THAT(log.All<RecordingGap>(), IsEmpty());
  EXPECT_TRUE(log.segments.at(0).complete);
}

TEST_F(PinTest, StoppedItLeavesNothingInTheKernel) {
  EXPECT_EQ(Daybookd(folder_, Options()).Stop(), 0);
  EXPECT_TRUE(std::filesystem::is_empty(pins_));
  WaitFor(SpawnActor({"forks", "100"}));
  EXPECT_EQ(Daybookd(folder_, Options()).Stop(), 0);
  const auto gaps = ReadLog(folder_).All<RecordingGap>();
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_GE(gaps[0].missed_forks, 100u);
}

TEST_F(PinTest, TheLossesOfATimeWithoutARecorderAreToldOnce) {
  // More than the ring has room for.
  Daybookd(folder_, Options()).Stop(SIGKILL);
  const pid_t parent = SpawnActor({"forks", "30000"});
  WaitFor(parent);
  Daybookd(folder_, Options()).Stop(SIGKILL);
  Daybookd(folder_, Options()).Stop();
  const KeptLog log = ReadLog(folder_);
  uint64_t lost_forks = 0;
  for (const Lost& lost : log.All<Lost>()) lost_forks += lost.forks.value_or(0);
  EXPECT_GT(lost_forks, 0u);
  const size_t told = ChildrenOf(log, parent).size();
  EXPECT_GE(told + lost_forks, 30'000u);
  EXPECT_LT(told + lost_forks, 31'000u) << "also others than ours are among them";
}

TEST_F(PinTest, TwoRecordersDoNotShareThem) {
  Daybookd recorder(folder_, Options());
  try {
    const Daybookd other(temp_ / "other", {"--pin", pins_, "--source", "bpf"});
    FAIL() << "it records";
  } catch (const std::runtime_error& refused) {
    EXPECT_THAT(refused.what(), HasSubstr("another recorder is at work with the pins in"));
  }
  EXPECT_EQ(recorder.Stop(), 0);
}

TEST_F(PinTest, WhatDoesNotFitIsReplacedAndTheGapIsTold) {
  Daybookd(folder_, Options()).Stop(SIGKILL);
  std::filesystem::remove(pins_ + "/counters");
  WaitFor(SpawnActor({"forks", "100"}));
  {
    Daybookd recorder(folder_, Options());
    EXPECT_THAT(recorder.said_before(), HasSubstr("is incomplete; replaced"));
    EXPECT_TRUE(std::filesystem::exists(pins_ + "/counters"));
    recorder.Stop();
  }
  const KeptLog log = ReadLog(folder_);
  ASSERT_THAT(log.All<RecordingGap>(), SizeIs(1));
  EXPECT_GE(log.All<RecordingGap>()[0].missed_forks, 100u);
}

// Of the half that is left the one after it must not make a whole.
TEST_F(PinTest, WhatIsRemovedOnlyInPartIsNotTakenOver) {
  auto other_ring = Options();
  other_ring.insert(other_ring.end(), {"--ring", "64M", "--source", "bpf"});
  Daybookd(folder_, Options()).Stop(SIGKILL);
  std::vector<std::string> hooks;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(pins_)) {
    if (entry.path().parent_path() != pins_) hooks.push_back(entry.path());
  }
  ASSERT_THAT(hooks, Not(IsEmpty()));
  // It cannot be removed.
  const std::string kept = hooks.back();
  ASSERT_EQ(mount("/dev/null", kept.c_str(), nullptr, MS_BIND, nullptr), 0) << strerror(errno);
  EXPECT_THROW(Daybookd(folder_, other_ring), std::runtime_error);
  ASSERT_EQ(umount(kept.c_str()), 0) << strerror(errno);
  WaitFor(SpawnActor({"forks", "100"}));
  {
    Daybookd recorder(folder_, Options());
    EXPECT_THAT(recorder.said_before(), HasSubstr("is incomplete; replaced"));
    recorder.Stop();
  }
  const auto gaps = ReadLog(folder_).All<RecordingGap>();
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_GE(gaps[0].missed_forks, 100u);
}

TEST_F(PinTest, WhatAnotherVersionHasLeftIsReplacedAndTheGapIsTold) {
  Daybookd(folder_, Options()).Stop(SIGKILL);
  ChangeLayout(pins_ + "/state");
  WaitFor(SpawnActor({"forks", "100"}));
  {
    Daybookd recorder(folder_, Options());
    EXPECT_EQ(recorder.said_before(),
              "daybookd: what is pinned in " + pins_ + " is of another version; replaced\n");
    recorder.Stop(SIGKILL);
  }
  Daybookd(folder_, Options()).Stop();
  const KeptLog log = ReadLog(folder_);
  ASSERT_THAT(log.All<RecordingGap>(), SizeIs(1)) << "the third one has followed the second";
  EXPECT_GE(log.All<RecordingGap>()[0].missed_forks, 100u);
}

TEST_F(PinTest, OneFolderForTwoLogsHidesNoGap) {
  Daybookd(folder_, Options()).Stop(SIGKILL);
  WaitFor(SpawnActor({"forks", "100"}));
  {
    Daybookd other(temp_ / "other", Options());
    EXPECT_EQ(other.said_before(),
              "daybookd: what is pinned in " + pins_ + " is of another log; replaced\n");
    WaitFor(SpawnActor({"forks", "50"}));
    other.Stop(SIGKILL);
  }
  Daybookd(folder_, Options()).Stop();
  EXPECT_THAT(ReadLog(temp_ / "other").All<RecordingGap>(), IsEmpty()) << "it was new";
  const auto gaps = ReadLog(folder_).All<RecordingGap>();
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_GE(gaps[0].missed_forks, 150u);
}

// What waits there was recorded by others, too.
TEST_F(PinTest, WhatIsOlderThanTheEndOfTheLogIsReplacedAndTheGapIsTold) {
  Daybookd(folder_, Options()).Stop(SIGKILL);
  pid_t parent = 0;
  {
    Daybookd without_pins(folder_);
    parent = SpawnActor({"forks", "100"});
    WaitFor(parent);
    without_pins.Stop();
  }
  WaitFor(SpawnActor({"forks", "50"}));
  {
    Daybookd recorder(folder_, Options());
    EXPECT_EQ(recorder.said_before(), "daybookd: what is pinned in " + pins_ +
                                          " is older than the end of this log; replaced\n");
    recorder.Stop(SIGKILL);
  }
  EXPECT_EQ(Daybookd(folder_, Options()).Stop(), 0);
  const KeptLog log = ReadLog(folder_);
  ExpectEachChildOnce(log, parent, 100);
  EXPECT_THAT(log.All<Lost>(), IsEmpty());
  const auto gaps = log.All<RecordingGap>();
  ASSERT_THAT(gaps, SizeIs(2)) << "the last one has followed the third";
  EXPECT_GE(gaps[1].missed_forks, 50u);
}

// One that wrote a head and nothing else has recorded nothing.
TEST_F(PinTest, ASegmentWithItsHeadAloneIsNotTheEndOfTheLog) {
  auto options = Options();
  options.insert(options.end(), {"--user", "root"});  // who can read that segment
  Daybookd(folder_, options).Stop(SIGKILL);
  ASSERT_TRUE(
      LogWriter::Open(*OpenLogFolder(folder_), {.info = {{"run", "1"}}}, [] { return Clock(); }));
  const pid_t parent = SpawnActor({"forks", "100"});
  WaitFor(parent);
  Daybookd(folder_, options).Stop();
  const KeptLog log = ReadLog(folder_);
  ExpectEachChildOnce(log, parent, 100);
  ExpectNothingBetween(log);
}

TEST_F(PinTest, ALogThatWasMovedIsTheSame) {
  Daybookd(folder_, Options()).Stop(SIGKILL);
  const pid_t parent = SpawnActor({"forks", "100"});
  WaitFor(parent);
  std::filesystem::rename(folder_, temp_ / "moved");
  Daybookd(temp_ / "moved", Options()).Stop();
  const KeptLog log = ReadLog(temp_ / "moved");
  ExpectEachChildOnce(log, parent, 100);
  ExpectNothingBetween(log);
}

TEST_F(PinTest, ANewLogInTheSameFolderIsAnotherOne) {
  Daybookd(folder_, Options()).Stop(SIGKILL);
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    std::filesystem::remove(entry);
  }
  const Daybookd recorder(folder_, Options());
  EXPECT_THAT(recorder.said_before(), HasSubstr("is of another log; replaced"));
}

// What was written into the other one meanwhile is nowhere else.
TEST_F(PinTest, ACopyThatLacksWhatIsWrittenHidesNoGap) {
  auto options = Options();
  options.insert(options.end(), {"--user", "root"});  // whom copies belong to
  Daybookd(folder_, options).Stop(SIGKILL);
  std::filesystem::copy(folder_, temp_ / "copy");
  std::filesystem::copy(folder_, temp_ / "whole_copy");
  Daybookd(temp_ / "whole_copy", options).Stop(SIGKILL);
  WaitFor(SpawnActor({"forks", "100"}));
  {
    Daybookd recorder(temp_ / "copy", options);
    EXPECT_EQ(recorder.said_before(),
              "daybookd: what is pinned in " + pins_ + " goes further than this log; replaced\n");
    recorder.Stop();
  }
  ExpectNothingBetween(ReadLog(temp_ / "whole_copy"));
  const auto gaps = ReadLog(temp_ / "copy").All<RecordingGap>();
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_GE(gaps[0].missed_forks, 100u);
}

TEST_F(PinTest, WhatTheOneBeforeHasLeftOutIsCountedAlsoWithoutFilters) {
  auto options = Options();
  options.insert(options.end(), {"--events", "exit"});
  Daybookd(folder_, options).Stop(SIGKILL);
  WaitFor(SpawnActor({"forks", "100"}));
  Daybookd(folder_, Options()).Stop();
  const auto audits = ReadLog(folder_).All<Audit>();
  ASSERT_THAT(audits, Not(IsEmpty()));
  ASSERT_TRUE(audits.back().filtered);
  EXPECT_GE(audits.back().filtered, 100u);
}

// ---- Other filters ----

class PinFilterTest : public PinTest {
 protected:
  static constexpr uid_t kOneUser = 2001;
  static constexpr uid_t kOtherUser = 2002;

  // Records until it is killed.
  void RecordOnly(const std::vector<std::string>& filter, const std::function<void()>& behave) {
    Daybookd recorder(folder_, With(filter));
    EXPECT_EQ(recorder.said_before(), "");
    behave();
    recorder.Stop(SIGKILL);
  }

  // Returns when it is that user's, and has executed its program.
  pid_t SpawnSleep(uid_t uid) {
    const pid_t pid = SpawnAs(uid, "/bin/sleep", {"600"});
    EXPECT_TRUE(Await([pid] {
      std::string comm;
      std::ifstream("/proc/" + std::to_string(pid) + "/comm") >> comm;
      return comm == "sleep";
    }));
    return pid;
  }
  static void End(pid_t pid) {
    kill(pid, SIGTERM);
    WaitFor(pid);
  }

  std::vector<std::string> With(const std::vector<std::string>& filter) const {
    std::vector<std::string> options = Options();
    options.insert(options.end(), filter.begin(), filter.end());
    return options;
  }
};

TEST_F(PinFilterTest, AnotherFilterJudgesAnewFromThereOnAndWhatWaitedIsWritten) {
  pid_t one = 0;
  pid_t other = 0;
  RecordOnly({"--only-uid", "2001"}, [&] {
    one = SpawnSleep(kOneUser);
    other = SpawnSleep(kOtherUser);
  });
  const pid_t between = SpawnAs(kOneUser, "/bin/true");
  WaitFor(between);
  RecordOnly({"--only-uid", "2002"}, [&] {
    End(one);
    End(other);
    WaitFor(SpawnAs(kOneUser, "/bin/true"));
  });
  Daybookd(folder_, With({"--only-uid", "2002"})).Stop();
  const KeptLog log = ReadLog(folder_);
  ExpectNothingBetween(log);
  EXPECT_EQ(LifeOf(log, between).exit.uid, kOneUser);
  ASSERT_THAT(log.segments, SizeIs(3));
  EXPECT_THAT(log.All<Exec>(), Contains(Field(&Exec::pid, static_cast<uint32_t>(one))));
  const auto living = log.segments[1].All<SnapProc>();
  EXPECT_THAT(living, Contains(Field(&SnapProc::pid, static_cast<uint32_t>(other))));
  EXPECT_THAT(living, Each(Field(&SnapProc::uid, Optional(kOtherUser))));
  const auto exits = log.All<Exit>();
  EXPECT_THAT(exits, Contains(Field(&Exit::pid, static_cast<uint32_t>(other))));
  EXPECT_THAT(exits, Not(Contains(Field(&Exit::pid, static_cast<uint32_t>(one)))));
}

TEST_F(PinFilterTest, BirthsThatAnotherFilterHasKeptAreNotToldOfEndsThatFailed) {
  const Shared<std::atomic<bool>> go;
  pid_t failing = 0;
  RecordOnly({"--only-uid", "2001"}, [&] {
    failing = Spawn([&go] {
      while (!*go) usleep(1000);
      _exit(1);
    });
  });
  RecordOnly({"--only-failed"}, [&] {
    *go = true;
    WaitFor(failing);
  });
  Daybookd(folder_, With({"--only-failed"})).Stop();
  const KeptLog log = ReadLog(folder_);
  EXPECT_THAT(log.All<Exit>(), Contains(Field(&Exit::pid, static_cast<uint32_t>(failing))));
  EXPECT_THAT(log.All<Fork>(), Not(Contains(Field(&Fork::pid, static_cast<uint32_t>(failing)))));
}

TEST_F(PinFilterTest, AFilterWhereThereWasNoneTakesOverToo) {
  RecordOnly({}, [] {});
  const pid_t between = SpawnAs(kOtherUser, "/bin/true");
  WaitFor(between);
  pid_t other = 0;
  RecordOnly({"--only-uid", "2001"}, [&] {
    other = SpawnAs(kOtherUser, "/bin/true");
    WaitFor(other);
  });
  RecordOnly({}, [] {});
  Daybookd(folder_, Options()).Stop();
  const KeptLog log = ReadLog(folder_);
  ExpectNothingBetween(log);
  EXPECT_EQ(LifeOf(log, between).exit.uid, kOtherUser);
  EXPECT_THAT(log.All<Exit>(), Not(Contains(Field(&Exit::pid, static_cast<uint32_t>(other)))));
}

TEST_F(PinFilterTest, ARecorderThatCannotTakeOverLeavesAllAsItWas) {
  RecordOnly({"--only-uid", "2001"}, [] {});
  const shared_state before = ReadState(pins_ + "/state");
  // So that the verdicts cannot be replaced.
  const std::string next = pins_ + "/judged-next";
  PinAlsoAs(pins_ + "/judged", next);
  ASSERT_EQ(mount("/dev/null", next.c_str(), nullptr, MS_BIND, nullptr), 0) << strerror(errno);
  const auto other = With({"--only-uid", "2002", "--source", "bpf"});
  EXPECT_THROW(Daybookd(folder_, other), std::runtime_error);
  ASSERT_EQ(umount(next.c_str()), 0) << strerror(errno);
  const shared_state after = ReadState(pins_ + "/state");
  EXPECT_EQ(after.judging_filter, before.judging_filter);
  EXPECT_EQ(after.active_filter, before.active_filter);
  EXPECT_EQ(after.active, before.active);
  const auto is_links = [](const auto& entry) { return entry.is_directory(); };
  std::filesystem::directory_iterator entries(pins_);
  EXPECT_EQ(std::count_if(begin(entries), end(entries), is_links), 1);
  Daybookd(folder_, other).Stop();
  ExpectNothingBetween(ReadLog(folder_));
}

// It passed when it was judged, and would not pass now.
TEST_F(PinFilterTest, TheSameFilterKeepsItsVerdicts) {
  const Shared<std::atomic<int>> step;
  const pid_t changing = Spawn([&step] {
    while (*step == 0) usleep(1000);
    if (setuid(kOneUser) != 0) _exit(95);
    *step = 2;
    while (*step == 2) usleep(1000);
  });
  RecordOnly({"--only-uid", "0"}, [&] {
    *step = 1;
    ASSERT_TRUE(Await([&] { return *step == 2; }));
  });
  RecordOnly({"--only-uid", "0", "--events", "fork,exec,exit,comm"}, [&] {
    *step = 3;
    WaitFor(changing);
  });
  Daybookd(folder_, Options()).Stop();
  const auto exits = ReadLog(folder_).All<Exit>();
  EXPECT_THAT(exits, Contains(Field(&Exit::pid, static_cast<uint32_t>(changing))));
}

TEST_F(PinTest, ChangesOfIdsThatNobodyListenedToAreToldAsLostWhereTheyWereToldBefore) {
  auto options = Options();
  Daybookd(folder_, options).Stop(SIGKILL);
  options.insert(options.end(), {"--id-events", "connector"});
  Daybookd(folder_, options).Stop(SIGKILL);
  EXPECT_THAT(ReadLog(folder_).All<Lost>(), IsEmpty());
  Daybookd(folder_, options).Stop();
  const auto lost = ReadLog(folder_).All<Lost>();
  ASSERT_THAT(lost, SizeIs(1));
  EXPECT_EQ(lost[0].reason, LostReason::kNoRecorder);
  EXPECT_LT(lost[0].first_time_ns, lost[0].last_time_ns);
}

// What it left out nobody tells of.
TEST_F(PinTest, ARecorderThatFailsAfterItTookOverByAnotherFilterHidesNothing) {
  const auto fail = [this](const std::vector<std::string>& filter) {
    auto options = Options();
    options.insert(options.end(), {"--source", "bpf", "--metrics-file", temp_ / "nowhere/metrics"});
    options.insert(options.end(), filter.begin(), filter.end());
    EXPECT_THROW(Daybookd(folder_, options), std::runtime_error);
  };
  Daybookd(folder_, Options()).Stop(SIGKILL);
  fail({});
  Daybookd(folder_, Options()).Stop(SIGKILL);
  EXPECT_THAT(ReadLog(folder_).All<Lost>(), IsEmpty()) << "it left out nothing";
  fail({"--events", "exec"});
  const pid_t parent = SpawnActor({"forks", "100"});
  WaitFor(parent);
  fail({});
  Daybookd(folder_, Options()).Stop(SIGKILL);
  Daybookd(folder_, Options()).Stop();
  const KeptLog log = ReadLog(folder_);
  EXPECT_THAT(ChildrenOf(log, parent), IsEmpty());
  const auto lost = log.All<Lost>();
  ASSERT_THAT(lost, SizeIs(1)) << "told once";
  EXPECT_EQ(lost[0].reason, LostReason::kNoRecorder);
  EXPECT_LT(lost[0].first_time_ns, lost[0].last_time_ns);
}

TEST_F(PinTest, AFolderElsewhereIsRefusedWithWhatToDo) {
  try {
    const Daybookd recorder(folder_, {"--pin", temp_ / "elsewhere", "--source", "bpf"});
    FAIL() << "it records";
  } catch (const std::runtime_error& refused) {
    EXPECT_THAT(refused.what(), HasSubstr("is not on a bpf file system: mount one there"));
  }
  // Where the source is not named, either, recording is worth more.
  Daybookd recorder(folder_, {"--pin", temp_ / "elsewhere"});
  EXPECT_THAT(recorder.said_before(), HasSubstr("recording without pins"));
  EXPECT_EQ(recorder.Stop(), 0);
  EXPECT_FALSE(std::filesystem::exists(temp_ / "elsewhere"));
}

TEST_F(PinTest, AFolderThatOthersMayWriteToIsRefused) {
  std::filesystem::create_directory(pins_);
  std::filesystem::permissions(pins_, std::filesystem::perms(0777));
  EXPECT_THROW(Daybookd(folder_, {"--pin", pins_, "--source", "bpf"}), std::runtime_error);
}

// As a service it is that user from its start.
TEST_F(PinTest, TheUserThatItBecameCanTakeThemOver) {
  auto options = Options();
  options.insert(options.end(), {"--user", "nobody"});
  Daybookd(folder_, options).Stop(SIGKILL);
  struct stat about {};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(pins_)) {
    ASSERT_EQ(lstat(entry.path().c_str(), &about), 0);
    EXPECT_NE(about.st_uid, 0u) << entry.path();
  }
  Daybookd(folder_, options).Stop();
  EXPECT_THAT(Starts(ReadLog(folder_)), SizeIs(2));
}

}  // namespace
}  // namespace daybook
