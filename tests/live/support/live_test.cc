#include "live/support/live_test.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "bpf_source/bpf_source.h"

namespace daybook {
namespace {

using testing::IsEmpty;

uint64_t Microseconds(timeval time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000 + static_cast<uint64_t>(time.tv_usec);
}

}  // namespace

std::string WhyNotLive() {
  const auto source = BpfSource::Open({});
  return source ? "" : source.error().message();
}

void SkipButInCi(const std::string& reason) {
  const char* const ci = std::getenv("CI");
  ASSERT_TRUE(ci == nullptr || *ci == '\0') << "CI must run this, but: " << reason;
  GTEST_SKIP() << reason;
}

void LiveTest::SetUp() {
  rlimit cores = {};
  getrlimit(RLIMIT_CORE, &cores);
  cores.rlim_cur = 0;
  setrlimit(RLIMIT_CORE, &cores);
  const std::string reason = WhyNotLive();
  if (reason.empty()) return;
  SkipButInCi(reason);
}

Life LifeOf(const KeptLog& log, pid_t pid) {
  const auto number = static_cast<uint32_t>(pid);
  Life life;
  std::string order;
  std::vector<uint64_t> starts;
  const auto note = [&](char event, uint64_t start_ns) {
    order += event;
    starts.push_back(start_ns);
  };
  for (const KeptSegment& segment : log.segments) {
    for (const KeptSegment::Entry& entry : segment.entries) {
      if (const auto* fork = std::get_if<Fork>(&entry.record); fork && fork->pid == number) {
        life.fork = *fork;
        note('f', fork->time_ns);
      }
      if (const auto* exec = std::get_if<Exec>(&entry.record); exec && exec->pid == number) {
        life.execs.push_back(*exec);
        note('x', exec->start_ns);
      }
      if (const auto* exit = std::get_if<Exit>(&entry.record); exit && exit->pid == number) {
        life.exit = *exit;
        note('e', exit->start_ns);
      }
    }
  }
  if (order != "f" + std::string(life.execs.size(), 'x') + "e") {
    throw std::runtime_error("forks, execs and exits of " + std::to_string(pid) + ": " + order);
  }
  EXPECT_THAT(starts, testing::Each(life.fork.time_ns)) << "of one process";
  for (const Exec& exec : life.execs) {
    EXPECT_GE(exec.time_ns, life.fork.time_ns);
    EXPECT_LE(exec.time_ns, life.exit.time_ns);
  }
  EXPECT_GE(life.exit.time_ns, life.fork.time_ns);
  return life;
}

uint64_t StartOf(const KeptLog& log, pid_t pid) {
  for (const SnapProc& process : log.segments.at(0).All<SnapProc>()) {
    if (process.pid == static_cast<uint32_t>(pid)) return process.start_ns;
  }
  throw std::runtime_error("not in the first snapshot: " + std::to_string(pid));
}

std::vector<Fork> ChildrenOf(const KeptLog& log, pid_t pid) {
  std::vector<Fork> children;
  for (const Fork& fork : log.All<Fork>()) {
    if (fork.ppid == static_cast<uint32_t>(pid)) children.push_back(fork);
  }
  return children;
}

// A recorder may compress a segment between the listing of the folder and its opening.
KeptLog ReadLog(const std::string& folder) {
  KeptLog log;
  const auto is_read = [&] {
    log = {};
    const auto paths = FindSegments(folder);
    if (!paths) throw std::runtime_error(paths.error().message());
    for (const std::string& path : *paths) {
      auto reader = SegmentReader::Open(path);
      if (!reader && reader.error().error_number() == ENOENT) return false;
      if (!reader) throw std::runtime_error(reader.error().message());
      log.segments.push_back(KeepSegment(*std::move(reader)));
    }
    return true;
  };
  if (!Await(is_read)) throw std::runtime_error("its segments vanish again and again: " + folder);
  return log;
}

std::string OutputOf(const std::string& command) {
  FILE* const program = popen(command.c_str(), "r");
  if (program == nullptr) throw std::runtime_error("popen");
  std::string text;
  char chunk[4096];
  while (const size_t count = fread(chunk, 1, sizeof(chunk), program)) text.append(chunk, count);
  EXPECT_EQ(pclose(program), 0) << command;
  return text;
}

std::string InfoOf(const std::string& folder, const std::string& format) {
  return OutputOf(DAYBOOK_PROGRAM " info --output " + format + " --log " + folder);
}

// The kernel counts on until the end is waited for, so its processor time is an upper bound.
void ExpectAgrees(const Exit& exit, const Ended& ended) {
  constexpr uint64_t kRoundingUs = 2000;
  EXPECT_EQ(exit.wait_status, static_cast<uint32_t>(ended.status)) << exit;
  EXPECT_EQ(exit.maxrss_kib, static_cast<uint64_t>(ended.usage.ru_maxrss)) << exit;
  EXPECT_EQ(exit.minflt, static_cast<uint64_t>(ended.usage.ru_minflt)) << exit;
  EXPECT_EQ(exit.majflt, static_cast<uint64_t>(ended.usage.ru_majflt)) << exit;
  const uint64_t total_us = Microseconds(ended.usage.ru_utime) + Microseconds(ended.usage.ru_stime);
  EXPECT_LE(exit.cpu_us, total_us + kRoundingUs) << exit;
}

// --duration ends it where the test cannot, because it was killed.
Daybookd::Daybookd(const std::string& folder, const std::vector<std::string>& options) {
  const bool has_config = std::find(options.begin(), options.end(), "--config") != options.end();
  std::vector<std::string> arguments = {"daybookd", "--log-dir", folder};
  if (!has_config) arguments.emplace_back("--no-config");
  arguments.insert(arguments.end(), options.begin(), options.end());
  if (std::find(options.begin(), options.end(), "--duration") == options.end()) {
    arguments.insert(arguments.end(), {"--duration", "10min"});
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  stderr_ = ends[0];
  pid_ = Spawn([&] {
    dup2(ends[1], STDERR_FILENO);
    Become(DAYBOOKD_PROGRAM, std::move(arguments));
  });
  close(ends[1]);
  const std::string ready = "recording to";
  const std::string said = ReadStderr(ready);
  const size_t ready_at = said.find(ready);
  if (ready_at == std::string::npos) {
    End();
    throw std::runtime_error(said);
  }
  said_before_ = said.substr(0, ready_at);
  if (said.back() != '\n') ReadStderr("\n");
}

Daybookd::~Daybookd() { End(); }

void Daybookd::End() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    WaitFor(std::exchange(pid_, -1));
  }
  close(stderr_);
}

void Daybookd::Await(std::string_view text) {
  const std::string said = ReadStderr(text);
  if (said.find(text) == std::string::npos) throw std::runtime_error("it ended, and said: " + said);
}

int Daybookd::Stop(int signal) {
  kill(pid_, signal);
  return Wait();
}

int Daybookd::Wait() {
  EXPECT_EQ(ReadStderr(""), "");
  return WaitFor(std::exchange(pid_, -1)).status;
}

// Until that text, or where it is empty until it closes the stream.
std::string Daybookd::ReadStderr(std::string_view until) {
  constexpr int kLimitMs = 60'000;
  std::string text;
  for (;;) {
    pollfd wait{.fd = stderr_, .events = POLLIN};
    if (poll(&wait, 1, kLimitMs) == 0) throw std::runtime_error("daybookd does nothing: " + text);
    char chunk[4096];
    const ssize_t count = read(stderr_, chunk, sizeof(chunk));
    if (count <= 0) return text;
    text.append(chunk, static_cast<size_t>(count));
    if (!until.empty() && text.find(until) != std::string::npos) return text;
  }
}

void RecordedTest::SetUp() {
  LiveTest::SetUp();
  if (HasFatalFailure() || IsSkipped()) return;
  recorder_.emplace(folder_, recorder_options_);
}

const KeptLog& RecordedTest::Stop() {
  EXPECT_EQ(recorder_->Stop(), 0);
  log_ = ReadLog(folder_);
  EXPECT_EQ(log_.GapCount(), 0u);
  EXPECT_THAT(log_.All<Lost>(), IsEmpty());
  return log_;
}

}  // namespace daybook
