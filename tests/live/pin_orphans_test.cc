// Hooks that a recorder has pinned and never recorded by do not stay: it was killed in between.

#include <fcntl.h>
#include <sys/ptrace.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "live/support/pin_test.h"
#include "live/support/pinned_maps_by_syscall.h"

namespace daybook {
namespace {

using testing::ElementsAre;

// daybookd, which stops before and after each of its system calls.
class SteppedRecorder {
 public:
  SteppedRecorder(const std::string& folder, const std::string& pins, std::string messages)
      : messages_(std::move(messages)) {
    pid_ = Spawn([&] {
      dup2(open(messages_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), STDERR_FILENO);
      ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      Become(DAYBOOKD_PROGRAM, {"daybookd", "--no-config", "--log-dir", folder, "--pin", pins,
                                "--source", "bpf", "--duration", "10min"});
    });
    int status = 0;
    waitpid(pid_, &status, 0);
    ptrace(PTRACE_SETOPTIONS, pid_, nullptr, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
  }
  SteppedRecorder(const SteppedRecorder&) = delete;
  SteppedRecorder& operator=(const SteppedRecorder&) = delete;
  ~SteppedRecorder() {
    kill(pid_, SIGKILL);
    WaitFor(pid_);
  }

  void Step() {
    constexpr int kSystemCall = SIGTRAP | 0x80;
    for (int signal = 0; signal != kSystemCall;) {
      ptrace(PTRACE_SYSCALL, pid_, nullptr, signal);
      int status = 0;
      if (waitpid(pid_, &status, 0) != pid_ || !WIFSTOPPED(status)) {
        throw std::runtime_error("it ended, and said: " + Said());
      }
      signal = WSTOPSIG(status);
    }
  }

  bool IsRecording() const { return Said().find("recording to") != std::string::npos; }

 private:
  std::string Said() const {
    std::ostringstream said;
    said << std::ifstream(messages_).rdbuf();
    return said.str();
  }

  std::string messages_;
  pid_t pid_;
};

class PinOrphansTest : public PinTest {
 protected:
  // Names of folders of links.
  std::vector<std::string> Generations() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(pins_)) {
      if (entry.is_directory()) names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  // Kills a recorder so many stops after its hooks begin to be pinned; false where it records then.
  bool KillAt(int stop) const {
    const auto before = Generations();
    const auto is_new = [&before](const std::string& generation) {
      return std::ranges::find(before, generation) == before.end();
    };
    SteppedRecorder recorder(folder_, pins_, temp_ / "messages");
    while (std::ranges::none_of(Generations(), is_new)) recorder.Step();
    for (; stop > 0; --stop) recorder.Step();
    return !recorder.IsRecording();
  }
};

TEST_F(PinOrphansTest, TheNextRecorderRemovesThem) {
  Daybookd(folder_, Options()).Stop(SIGKILL);
  ASSERT_THAT(Generations(), ElementsAre("links-1"));
  for (const std::string generation : {"/links-4", "/links-7"}) {
    std::filesystem::create_directory(pins_ + generation);
    for (const auto& hook : std::filesystem::directory_iterator(pins_ + "/links-1")) {
      PinAlsoAs(hook.path(), pins_ + generation + "/" + hook.path().filename().string());
    }
  }
  const pid_t parent = SpawnActor({"forks", "100"});
  WaitFor(parent);
  {
    Daybookd recorder(folder_, Options());
    EXPECT_EQ(recorder.said_before(), "");
    EXPECT_THAT(Generations(), ElementsAre("links-8")) << "no number is used twice";
    recorder.Stop(SIGKILL);
  }
  Daybookd(folder_, Options()).Stop();
  EXPECT_TRUE(std::filesystem::is_empty(pins_));
  const KeptLog log = ReadLog(folder_);
  ExpectEachChildOnce(log, parent, 100);
  ExpectNothingBetween(log);
}

TEST_F(PinOrphansTest, KilledAtAnyStepOfATakeoverNothingIsMissingAndNothingStays) {
  // By then all of its own hooks are pinned, and those before it removed.
  constexpr int kTakenOver = 180;
  std::optional<Daybookd> first(std::in_place, folder_, Options());
  std::vector<pid_t> parents = {SpawnActor({"forks", "20"})};
  WaitFor(parents.back());
  first.reset();
  size_t orphans = 0;
  int stop = 0;
  while (KillAt(stop)) {
    EXPECT_LE(Generations().size(), 2U) << "those of the recorder before are there still";
    if (Generations().size() == 2) ++orphans;
    parents.push_back(SpawnActor({"forks", "20"}));
    WaitFor(parents.back());
    stop += stop < kTakenOver ? 20 : stop / 2;
  }
  EXPECT_GT(orphans, 3U) << "of none it is known whether they are removed";
  Daybookd last(folder_, Options());
  EXPECT_EQ(last.said_before(), "");
  EXPECT_EQ(Generations().size(), 1U);
  EXPECT_EQ(last.Stop(), 0);
  EXPECT_TRUE(std::filesystem::is_empty(pins_));
  const KeptLog log = ReadLog(folder_);
  for (const pid_t parent : parents) ExpectEachChildOnce(log, parent, 20);
  ExpectNothingBetween(log);
  std::printf(
      "killed at %zu of the first %d stops, at %zu of them with hooks that never recorded\n",
      parents.size() - 1, stop, orphans);
}

}  // namespace
}  // namespace daybook
