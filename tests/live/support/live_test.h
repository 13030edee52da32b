// Tests on the running kernel: daybookd records, the test makes processes, and the log is read.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "live/support/process.h"
#include "recorder/kept.h"
#include "support/temp_folder.h"

namespace daybook {

// What keeps these tests from running here; empty where nothing does.
std::string WhyNotLive();

// Fails where tests must run (in CI), and marks them as skipped elsewhere.
void SkipButInCi(const std::string& reason);

// Fails where they must run (in CI) and cannot; skips elsewhere. No cores are dumped.
class LiveTest : public testing::Test {
 protected:
  void SetUp() override;
};

// The kernel counts more forks than there are hooks for: the workers of whoever uses io_uring or
// vhost meanwhile.
inline constexpr uint64_t kOthersWorkers = 10;

// One life as the log has it: FORK, EXEC..., EXIT, in this order and of one start.
struct Life {
  Fork fork;
  std::vector<Exec> execs;
  Exit exit;
};

// Throws where there is not exactly one life of that number.
Life LifeOf(const KeptLog& log, pid_t pid);

// When a process that was there before the recorder was born.
uint64_t StartOf(const KeptLog& log, pid_t pid);

// Who was born of that process, in order.
std::vector<Fork> ChildrenOf(const KeptLog& log, pid_t pid);

KeptLog ReadLog(const std::string& folder);

// What a command prints; it must succeed.
std::string OutputOf(const std::string& command);

// What `daybook info` prints of it.
std::string InfoOf(const std::string& folder, const std::string& format = "text");

// The log against what wait4(2) told.
void ExpectAgrees(const Exit& exit, const Ended& ended);

// daybookd as a child of the test.
class Daybookd {
 public:
  // Returns when it records. Throws with what it said where it does not.
  explicit Daybookd(const std::string& folder, const std::vector<std::string>& options = {});
  Daybookd(const Daybookd&) = delete;
  Daybookd& operator=(const Daybookd&) = delete;
  ~Daybookd();

  pid_t pid() const { return pid_; }

  // Before it recorded.
  const std::string& said_before() const { return said_before_; }

  // Until it has said that; throws where it does not. What it says up to then is not checked.
  void Await(std::string_view text);

  // Both return its wait status. What it said on the way is checked to be nothing.
  int Stop(int signal = SIGTERM);
  int Wait();

 private:
  std::string ReadStderr(std::string_view until);
  void End();

  pid_t pid_ = -1;
  int stderr_ = -1;
  std::string said_before_;
};

// Records during the whole test.
class RecordedTest : public LiveTest {
 protected:
  void SetUp() override;

  // Ends recording; the log stays here.
  const KeptLog& Stop();

  const std::string& folder() const { return folder_; }
  Daybookd& recorder() { return *recorder_; }

  // Set before SetUp(), in the constructor of a fixture.
  std::vector<std::string> recorder_options_;

 private:
  TempFolder temp_;
  std::string folder_ = temp_ / "log";
  std::optional<Daybookd> recorder_;
  KeptLog log_;
};

}  // namespace daybook
