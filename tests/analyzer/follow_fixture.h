// Runs `daybook follow` beside a test that writes the log.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "program_runner.h"
#include "scripted_log.h"

namespace daybook {

// `daybook follow` that runs beside the test.
class Followed {
 public:
  explicit Followed(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {DAYBOOK_PROGRAM, "follow"});
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      close(ends[0]);
      close(ends[1]);
      setenv("TZ", "UTC", 1);
      execv(DAYBOOK_PROGRAM, words.data());
      _exit(127);
    }
    close(ends[1]);
    output_ = ends[0];
  }
  Followed(const Followed&) = delete;
  Followed& operator=(const Followed&) = delete;
  ~Followed() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      (void)End();
    }
    StopReading();
  }

  pid_t pid() const { return pid_; }

  // The next line; "(end)" at the end, "(late)" where none comes.
  std::string Line() {
    constexpr int kPatienceMs = 60'000;
    for (size_t end = 0; (end = text_.find('\n')) == std::string::npos;) {
      pollfd file{.fd = output_, .events = POLLIN, .revents = 0};
      if (poll(&file, 1, kPatienceMs) <= 0) return "(late)";
      std::array<char, 4096> buffer;
      const ssize_t got = read(output_, buffer.data(), buffer.size());
      if (got <= 0) return "(end)";
      text_.append(buffer.data(), static_cast<size_t>(got));
    }
    const size_t end = text_.find('\n');
    std::string line = text_.substr(0, end);
    text_.erase(0, end + 1);
    return line;
  }

  void Signal(int signal) const { kill(pid_, signal); }
  void StopReading() {
    if (output_ >= 0) close(std::exchange(output_, -1));
  }
  // Returns when it has filled the pipe as far as it can.
  void AwaitFullPipe() const {
    constexpr int kMuch = 32 << 10;
    int before = 0;
    for (int same = 0; before < kMuch || same < 30;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      int bytes = 0;
      ioctl(output_, FIONREAD, &bytes);
      same = bytes == before ? same + 1 : 0;
      before = bytes;
    }
  }
  // True when it has ended by now, or does so soon.
  bool EndsSoon() const {
    for (int i = 0; i < 3000; ++i) {
      siginfo_t end{};
      waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOHANG | WNOWAIT);
      if (end.si_pid == pid_) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  // Its exit status.
  int End() {
    int status = 0;
    waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  // How often it went to sleep so far.
  std::string Sleeps() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/status");
    std::string line;
    while (std::getline(file, line) && !line.starts_with("voluntary_ctxt_switches")) continue;
    return line;
  }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string text_;
};

class FollowTest : public ProgramRunner {
 protected:
  // A life of 10 ms, written at once.
  static void Live(ScriptedLog& log, uint64_t ms, uint32_t pid, std::string_view comm,
                   uint32_t wait_status = 0) {
    log.Fork(ms, pid, 100, 2000);
    log.Exec(ms + 1, pid, ms, comm, comm, comm);
    log.Exit(ms + 10, pid, ms, wait_status, comm, 1500);
    log.Flush();
  }
  std::vector<std::string> Asking(std::vector<std::string> more) const {
    more.insert(more.begin(), {"--log", log_path_, "--output", "csv", "--columns", "pid,comm"});
    return more;
  }
  // A program that is there to be followed, and has read what there is.
  static void ExpectReady(Followed& followed) { EXPECT_EQ(followed.Line(), "pid,comm"); }
};

}  // namespace daybook
