// A recorder that is held up has much to drain, and is killed before or while it does: the next one
// tells what is left, and nothing twice.

#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "live/support/pin_test.h"

namespace daybook {
namespace {

using std::chrono::milliseconds;
using testing::SizeIs;

// Of the newest segment, as soon as it is seen.
class LogGrowth {
 public:
  explicit LogGrowth(const std::string& folder) : path_(FindSegments(folder)->back()) {}

  void Await() {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (std::filesystem::file_size(path_) == bytes_) {
      if (std::chrono::steady_clock::now() > give_up) throw std::runtime_error("nothing written");
    }
    bytes_ = std::filesystem::file_size(path_);
  }

 private:
  std::string path_;
  uintmax_t bytes_ = std::filesystem::file_size(path_);
};

class PinHeldTest : public PinTest {
 protected:
  // Begins to bear children one after the other.
  void BearChildren() { parents_.push_back(SpawnActor({"forks", std::to_string(kChildren)})); }
  void AwaitParents(size_t begin = 0) const {
    for (size_t i = begin; i < parents_.size(); ++i) WaitFor(parents_[i]);
  }

  void ExpectEverythingOnce(size_t recorders) const {
    const KeptLog log = ReadLog(folder_);
    EXPECT_THAT(Starts(log), SizeIs(recorders));
    for (const pid_t parent : parents_) ExpectEachChildOnce(log, parent, kChildren);
    ExpectNothingBetween(log);
    ExpectEachUsageOnce(log);
  }

  static constexpr int kChildren = 1000;
  std::vector<pid_t> parents_;
};

TEST_F(PinHeldTest, HeldUpUnderLoadAndKilledNothingIsMissingAndNothingIsThereTwice) {
  constexpr int kRounds = 8;
  std::optional<Daybookd> recorder(std::in_place, folder_, Options());
  BearChildren();
  kill(recorder->pid(), SIGSTOP);
  for (int i = 0; i < kRounds; ++i) {
    BearChildren();
    std::this_thread::sleep_for(milliseconds(250));
  }
  BearChildren();
  kill(recorder->pid(), SIGKILL);
  recorder.emplace(folder_, Options());
  AwaitParents();
  EXPECT_EQ(recorder->Stop(), 0);
  ExpectEverythingOnce(2);
}

// What it catches up with is several batches, of which some are written when it is killed.
TEST_F(PinHeldTest, KilledWhileItCatchesUpNothingIsMissingAndNothingIsThereTwice) {
  constexpr int kKills = 5;
  constexpr int kParentsPerKill = 6;
  std::optional<Daybookd> recorder(std::in_place, folder_, Options());
  for (int i = 0; i < kKills; ++i) {
    kill(recorder->pid(), SIGSTOP);
    const size_t begin = parents_.size();
    for (int parent = 0; parent < kParentsPerKill; ++parent) BearChildren();
    AwaitParents(begin);
    LogGrowth growth(folder_);
    kill(recorder->pid(), SIGCONT);
    for (int batch = 0; batch <= i % 2; ++batch) growth.Await();
    kill(recorder->pid(), SIGKILL);
    recorder.emplace(folder_, Options());
  }
  EXPECT_EQ(recorder->Stop(), 0);
  ExpectEverythingOnce(kKills + 1);
}

}  // namespace
}  // namespace daybook
