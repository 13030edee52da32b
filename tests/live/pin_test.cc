// With pins a recorder takes over from the one before it, and nothing is missing or there twice.

#include "live/support/pin_test.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "live/support/filter_test.h"

namespace daybook {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// So many in the project's checks; DAYBOOK_KILLS asks for another number.
int KillCount() {
  const char* const asked = std::getenv("DAYBOOK_KILLS");
  return asked != nullptr ? std::atoi(asked) : 20;
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
  ExpectEachUsageOnce(log);
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
  ExpectEachUsageOnce(log);
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
  constexpr std::string_view kUnseen = "\"unseen_forks\":";
  EXPECT_EQ(Daybookd(folder_, Options()).Stop(SIGUSR2), 0);
  const pid_t parent = SpawnActor({"forks", "100"});
  WaitFor(parent);
  EXPECT_EQ(Daybookd(folder_, Options()).Stop(), 0);
  const KeptLog log = ReadLog(folder_);
  ExpectEachChildOnce(log, parent, 100);
  EXPECT_THAT(log.All<RecordingGap>(), IsEmpty());
  EXPECT_TRUE(log.segments.at(0).complete);
  std::string unseen = InfoOf(folder_, "json");
  unseen.erase(0, unseen.find(kUnseen) + kUnseen.size());
  EXPECT_LE(std::stoull(unseen), kOthersWorkers);
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

// Of a user of its own: what others do meanwhile is not counted.
TEST_F(PinTest, TheLossesOfATimeWithoutARecorderAreToldOnce) {
  constexpr size_t kForks = 10'000;  // more than the ring has room for
  const auto options = With({"--ring", "1M", "--only-uid", std::to_string(kOneUser)});
  Daybookd(folder_, options).Stop(SIGKILL);
  const pid_t parent = SpawnAs(kOneUser, ACTOR_PROGRAM, {"forks", std::to_string(kForks)});
  WaitFor(parent);
  Daybookd(folder_, options).Stop(SIGKILL);
  Daybookd(folder_, options).Stop();
  const KeptLog log = ReadLog(folder_);
  uint64_t lost_forks = 0;
  for (const Lost& lost : log.All<Lost>()) lost_forks += lost.forks.value_or(0);
  EXPECT_GT(lost_forks, 0u);
  EXPECT_EQ(ChildrenOf(log, parent).size() + lost_forks, kForks);
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
