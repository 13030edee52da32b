// Writes a log of so many lives, as a script that builds something makes them: a shell after the
// other, each of which starts programs one by one; some children execute nothing. The same numbers
// make the same log.
//   write_lives FOLDER LIVES [DAYS [packed]]     spread over so many days, 1 by default; all
//   segments
//                                                raw, or all but the last one compressed
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "daybook/compress.h"
#include "daybook/whole_life.h"
#include "daybook/writer.h"

namespace daybook {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr int64_t kFirstMoment = 1'790'000'000 * int64_t{1'000'000'000};  // of CLOCK_REALTIME

struct Program {
  const char* comm;
  const char* exe;
  const char* args;
  uint64_t cpu_us;  // on average
};
constexpr Program kPrograms[] = {
    {"cc1plus", "/usr/lib/gcc/x86_64-linux-gnu/12/cc1plus", "cc1plus -quiet -O2 main.cc", 400'000},
    {"as", "/usr/bin/x86_64-linux-gnu-as", "as --64 -o main.o /tmp/ccJq2.s", 20'000},
    {"sh", "/usr/bin/dash", "/bin/sh -c test -f main.o", 600},
    {"sed", "/usr/bin/sed", "sed -e s/a/b/ Makefile", 900},
    {"grep", "/usr/bin/grep", "grep -q pattern config.log", 800},
    {"cat", "/usr/bin/cat", "cat conftest.c", 500},
    {"make", "/usr/bin/make", "make -j2 all", 30'000},
    {"python3", "/usr/bin/python3.11", "python3 gen.py --out tables.h", 45'000}};

class World {
 public:
  World(LogWriter writer, uint64_t step_ns, uint64_t* now_ns)
      : writer_(std::move(writer)), step_ns_(step_ns), now_ns_(*now_ns) {}

  // A shell, then its programs, until there were so many lives.
  void Live(uint64_t lives) {
    Snapshot();
    while (lives > 0) {
      lives -= LiveShell(lives);
      if (!writer_.Flush()) std::exit(EXIT_FAILURE);
    }
  }
  bool Close() { return static_cast<bool>(writer_.Close()); }

 private:
  struct Process {
    uint32_t pid;
    uint64_t start_ns;
  };

  uint64_t Below(uint64_t limit) { return random_() % limit; }
  uint32_t NextPid() { return pid_ = pid_ >= 4'000'000 ? 300 : pid_ + 1; }

  void Pass(uint64_t most_ns) {
    now_ns_ += 1'000 + Below(most_ns);
    RotateIfDue();
  }

  void RotateIfDue() {
    const auto reason = writer_.RotationDue(now_ns_);
    if (!reason) return;
    if (!writer_.Rotate(*reason)) std::exit(EXIT_FAILURE);
    Snapshot();
  }

  void Snapshot() {
    writer_.Append(SnapBegin{.time_ns = now_ns_});
    writer_.Append(SnapProc{.pid = 1, .start_ns = 0, .ppid = 0, .uid = 0, .comm = "init"});
    const Process init{.pid = 1, .start_ns = 0};
    for (const auto& [process, parent] :
         {std::pair(shell_, init), {child_, shell_.value_or(init)}}) {
      if (!process) continue;
      writer_.Append(SnapProc{.pid = process->pid,
                              .start_ns = process->start_ns,
                              .ppid = parent.pid,
                              .parent_start_ns = parent.start_ns,
                              .uid = 1000,
                              .comm = "sh"});
    }
    const uint64_t living = 1U + (shell_ ? 1U : 0U) + (child_ ? 1U : 0U);
    writer_.Append(SnapEnd{.time_ns = now_ns_, .process_count = living});
  }

  static Process ProcessOf(const Fork& fork) { return {.pid = fork.pid, .start_ns = fork.time_ns}; }

  Fork Born(const Process& parent) {
    Fork fork;
    fork.time_ns = now_ns_;
    fork.pid = NextPid();
    fork.ppid = parent.pid;
    fork.parent_start_ns = parent.start_ns;
    fork.uid = fork.euid = fork.gid = fork.egid = 1000;
    fork.sid = 2000;
    return fork;
  }

  Exec Run(const Process& process, const Program& program) {
    Exec exec;
    exec.time_ns = now_ns_;
    exec.pid = process.pid;
    exec.start_ns = process.start_ns;
    exec.uid = exec.euid = exec.suid = exec.gid = exec.egid = exec.sgid = 1000;
    exec.login_uid = 1000;
    exec.sid = 2000;
    exec.tty = 0;
    exec.cgroup_id = 4711;
    exec.exe_device = 8U << 20 | 1;
    exec.exe_inode = 100'000 + static_cast<uint64_t>(&program - kPrograms);
    exec.comm = program.comm;
    exec.exe = program.exe;
    exec.exe_bytes = exec.exe->size();
    args_ = program.args + (" " + std::to_string(Below(100'000)));
    exec.args = args_;
    exec.args_bytes = exec.args->size();
    exec.cpu_us = 150 + Below(100);
    return exec;
  }

  Exit End(const Process& process, const Process& parent, const char* comm, uint64_t cpu_us) {
    Exit exit;
    exit.time_ns = now_ns_;
    exit.pid = process.pid;
    exit.start_ns = process.start_ns;
    exit.ppid = parent.pid;
    exit.parent_start_ns = parent.start_ns;
    exit.wait_status = Below(50) == 0 ? 256 : 0;
    exit.flags = kProcUsageExact;
    exit.uid = exit.euid = exit.suid = exit.gid = exit.egid = exit.sgid = 1000;
    exit.login_uid = 1000;
    exit.sid = 2000;
    exit.tty = 0;
    exit.cgroup_id = 4711;
    exit.cpu_us = cpu_us;
    exit.utime_us = cpu_us * 3 / 4;
    exit.stime_us = cpu_us / 4;
    exit.maxrss_kib = exit.image_maxrss_kib = 2000 + Below(4000);
    exit.minflt = 100 + Below(400);
    exit.majflt = 0;
    exit.nvcsw = 1 + Below(5);
    exit.nivcsw = Below(3);
    exit.rchar_bytes = Below(60'000);
    exit.wchar_bytes = Below(2'000);
    exit.read_bytes = 0;
    exit.write_bytes = 0;
    exit.children_cpu_us = 0;
    exit.zombie_us = 20 + Below(200);
    exit.comm = comm;
    return exit;
  }

  uint64_t LiveShell(uint64_t lives) {
    constexpr uint64_t kChildren = 40;
    const Process init{.pid = 1, .start_ns = 0};
    const Fork birth = Born(init);
    const Process shell = ProcessOf(birth);
    writer_.Append(birth);
    shell_ = shell;
    writer_.Append(Run(shell, kPrograms[2]));
    const uint64_t children = std::min(lives - 1, Below(kChildren));
    for (uint64_t i = 0; i < children; ++i) {
      LiveProgram(shell);
    }
    Pass(step_ns_);
    shell_.reset();
    writer_.Append(End(shell, init, "sh", 5'000));
    return children + 1;
  }

  void LiveProgram(const Process& shell) {
    constexpr uint64_t kOneInForksOnly = 5;
    Pass(step_ns_);
    LifeParts life;
    life.fork = Born(shell);
    const Process child = ProcessOf(life.fork);
    child_ = child;
    const bool executes = Below(kOneInForksOnly) != 0;
    const Program& program = executes ? kPrograms[Below(std::size(kPrograms))] : kPrograms[2];
    if (executes) life.exec = Run(child, program);
    Pass(step_ns_);
    child_.reset();
    life.exit = End(child, shell, program.comm, program.cpu_us / 2 + Below(program.cpu_us));
    Write(life);
  }

  // In one record, perhaps with others, where all of it is drained at once, as the recorder does.
  void Write(const LifeParts& life) {
    constexpr uint64_t kDrainNs = 250'000'000;
    const bool is_one_drain = life.fork.time_ns / kDrainNs == life.exit.time_ns / kDrainNs;
    const auto whole = is_one_drain ? Join(life) : std::nullopt;
    if (whole) return writer_.AppendPacked(*whole);
    writer_.Append(life.fork);
    if (life.exec) writer_.Append(*life.exec);
    writer_.Append(life.exit);
  }

  LogWriter writer_;
  uint64_t step_ns_;
  uint64_t& now_ns_;
  uint32_t pid_ = 300;
  std::string args_;
  std::optional<Process> shell_;  // that lives
  std::optional<Process> child_;  // the same
  std::mt19937_64 random_{20261126};
};

// As the recorder does with those that are finished.
bool Pack(const std::string& path) {
  auto folder = OpenLogFolder(path);
  if (!folder) return false;
  const auto segments = ListSegments(**folder);
  if (!segments) return false;
  for (const uint64_t number : *segments) {
    if (number != segments->back() && !CompressSegment(**folder, number)) return false;
  }
  return true;
}

int Write(const std::string& path, uint64_t lives, uint64_t days) {
  std::filesystem::create_directories(path);
  auto folder = OpenLogFolder(path);
  if (!folder)
    return std::fprintf(stderr, "write_lives: %s\n", folder.error().message().c_str()), 1;
  uint64_t now_ns = 3600 * kSecond;
  const auto read_clock = [&now_ns] {
    return Clock{.time_ns = now_ns,
                 .realtime_ns = kFirstMoment + static_cast<int64_t>(now_ns),
                 .monotonic_ns = now_ns};
  };
  LogIdentity identity;
  identity.host_id.bytes[0] = identity.boot_id.bytes[0] = 1;
  const WriterOptions options{.sync = SyncPolicy::kNone};
  auto writer = LogWriter::Open(*std::move(folder), identity, read_clock, options);
  if (!writer)
    return std::fprintf(stderr, "write_lives: %s\n", writer.error().message().c_str()), 1;
  World world(*std::move(writer), std::max<uint64_t>(days * 86'400 * kSecond / lives, 1), &now_ns);
  world.Live(lives);
  return world.Close() ? 0 : 1;
}

}  // namespace
}  // namespace daybook

int main(int argc, char** argv) {
  const uint64_t lives = argc >= 3 ? std::strtoull(argv[2], nullptr, 10) : 0;
  const bool is_packed = argc == 5 && argv[4] == std::string("packed");
  if (lives == 0 || (argc > 4 && !is_packed)) {
    std::fprintf(stderr, "usage: write_lives FOLDER LIVES [DAYS [packed]]\n");
    return 2;
  }
  const uint64_t days = argc >= 4 ? std::strtoull(argv[3], nullptr, 10) : 1;
  const int status = daybook::Write(argv[1], lives, days);
  if (status == 0 && is_packed && !daybook::Pack(argv[1])) return 1;
  return status;
}
