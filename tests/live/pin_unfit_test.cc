// What is pinned and does not fit, or belongs to another log, is replaced, and the log tells the
// gap.

#include <filesystem>

#include "live/support/pin_test.h"
#include "live/support/pinned_maps_by_syscall.h"

namespace daybook {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

using PinUnfitTest = PinTest;

// Makes them look as if a recorder of another version had left them.
void ChangeLayout(const std::string& state_pin) {
  shared_state state = ReadState(state_pin);
  ASSERT_EQ(state.layout, EVENT_LAYOUT);
  ++state.layout;
  ASSERT_EQ(StateElement(BPF_MAP_UPDATE_ELEM, state_pin, &state), 0) << strerror(errno);
}

TEST_F(PinUnfitTest, WhatDoesNotFitIsReplacedAndTheGapIsTold) {
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
TEST_F(PinUnfitTest, WhatIsRemovedOnlyInPartIsNotTakenOver) {
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

TEST_F(PinUnfitTest, WhatAnotherVersionHasLeftIsReplacedAndTheGapIsTold) {
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

TEST_F(PinUnfitTest, OneFolderForTwoLogsHidesNoGap) {
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
TEST_F(PinUnfitTest, WhatIsOlderThanTheEndOfTheLogIsReplacedAndTheGapIsTold) {
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
TEST_F(PinUnfitTest, ASegmentWithItsHeadAloneIsNotTheEndOfTheLog) {
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

TEST_F(PinUnfitTest, ALogThatWasMovedIsTheSame) {
  Daybookd(folder_, Options()).Stop(SIGKILL);
  const pid_t parent = SpawnActor({"forks", "100"});
  WaitFor(parent);
  std::filesystem::rename(folder_, temp_ / "moved");
  Daybookd(temp_ / "moved", Options()).Stop();
  const KeptLog log = ReadLog(temp_ / "moved");
  ExpectEachChildOnce(log, parent, 100);
  ExpectNothingBetween(log);
}

TEST_F(PinUnfitTest, ANewLogInTheSameFolderIsAnotherOne) {
  Daybookd(folder_, Options()).Stop(SIGKILL);
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    std::filesystem::remove(entry);
  }
  const Daybookd recorder(folder_, Options());
  EXPECT_THAT(recorder.said_before(), HasSubstr("is of another log; replaced"));
}

// What was written into the other one meanwhile is nowhere else.
TEST_F(PinUnfitTest, ACopyThatLacksWhatIsWrittenHidesNoGap) {
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

}  // namespace
}  // namespace daybook
