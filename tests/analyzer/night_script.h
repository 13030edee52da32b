// What happens in a night: the parts of scripts.
#pragma once

#include <string_view>

#include "script.h"

namespace daybook {

using std::string_view_literals::operator""sv;

inline constexpr uint32_t kUser = 4'000'000'000;  // without a name

// A command of cron with a child that fails, which nobody notices, and a daemon that it leaves.
inline void RunBackup(Script& script, uint64_t ms, uint32_t pid) {
  script.Fork(ms, pid, 50, 3000);
  script.Fork(ms + 1, pid + 1, pid, ms);
  script.Exec(ms + 2, pid + 1, ms + 1, "sh", "sh\0-c\0backup --all\0"sv);
  script.Fork(ms + 10, pid + 2, pid + 1, ms + 1);
  script.Exec(ms + 11, pid + 2, ms + 10, "gzip", "gzip\0-1\0"sv);
  script.Exit(ms + 500, pid + 2, ms + 10,
              {.wait_status = 1 << 8, .comm = "gzip", .cpu_us = 100'000, .ppid = pid + 1});
  script.Fork(ms + 600, pid + 3, pid + 1, ms + 1);
  script.Fork(ms + 601, pid + 4, pid + 3, ms + 600);
  script.Exit(ms + 602, pid + 3, ms + 600, {.comm = "sh", .cpu_us = 1000, .ppid = pid + 1});
  script.Exec(ms + 603, pid + 4, ms + 601, "uploader", "uploader\0"sv);
  script.Exit(ms + 700, pid + 1, ms + 1, {.comm = "sh", .cpu_us = 2000, .ppid = pid});
  script.Exit(ms + 701, pid, ms, {.comm = "cron", .cpu_us = 500, .ppid = 50});
  script.Exit(ms + 3000, pid + 4, ms + 601, {.comm = "uploader", .cpu_us = 50'000, .ppid = 1});
}

inline void RunLogin(Script& script, uint64_t ms) {
  script.Fork(ms, 300, 60, 3000);
  script.Fork(ms + 1, 301, 300, ms, kUser);
  script.Exec(ms + 2, 301, ms + 1, "bash", "-bash\0"sv, kUser);
  script.Fork(ms + 100, 302, 301, ms + 1, kUser);
  script.Exec(
      ms + 101, 302, ms + 100,
      {.comm = "sudo", .exe = "sudo", .args = "sudo\0id\0"sv, .uid = kUser, .euid = 0, .tty = 0});
  script.Exit(ms + 200, 302, ms + 100, {.comm = "sudo", .cpu_us = 4000, .ppid = 301});
  script.Exit(ms + 300, 301, ms + 1,
              {.comm = "bash", .cpu_us = 3000, .ppid = 300, .uid = kUser, .euid = kUser});
  script.Exit(ms + 301, 300, ms, {.comm = "sshd", .cpu_us = 1000, .ppid = 60});
}

// A process that goes through a hundred programs, each of 10 ms and 2 ms of CPU time.
inline void RunManyPrograms(Script& script, uint64_t ms) {
  script.Fork(ms, 600, 50, 3000);
  for (uint64_t i = 1; i < 100; ++i) {
    script.Exec(ms + 10 * i, 600, ms, {.comm = "step", .exe = "/bin/step", .cpu_us = 2000 * i});
  }
  script.Exit(ms + 1000, 600, ms,
              {.comm = "step", .cpu_us = 200'000, .ppid = 50, .flags = kProcUsageExact});
}

// A login whose shell becomes root's, and that a backup, of one process.
inline void RunChain(Script& script, uint64_t ms) {
  script.Fork(ms, 500, 60, 3000);
  script.Exec(ms + 1, 500, ms, "bash", "-bash\0"sv, kUser);
  script.Fork(ms + 100, 501, 500, ms, kUser);
  script.Exec(ms + 101, 501, ms + 100,
              {.comm = "sudo",
               .exe = "/usr/bin/sudo",
               .args = "sudo\0-s\0"sv,
               .uid = kUser,
               .euid = 0,
               .cpu_us = 300});
  script.Exec(ms + 110, 501, ms + 100,
              {.comm = "bash", .exe = "/bin/bash", .args = "bash\0"sv, .cpu_us = 4300});
  script.Exec(
      ms + 900, 501, ms + 100,
      {.comm = "backup", .exe = "/usr/bin/backup", .args = "backup\0--all\0"sv, .cpu_us = 6300});
  script.Exit(ms + 3000, 501, ms + 100, {.comm = "backup", .cpu_us = 1'506'300, .ppid = 500});
}

// A service that is started anew each time, in a cgroup of its own.
inline void RunCrashLoop(Script& script, uint64_t ms) {
  for (uint32_t i = 0; i < 6; ++i) {
    const uint64_t start = ms + i * 100;
    script.Cgroup(start, 70 + i, "/system.slice/app.service");
    script.Fork(start, 400 + i, 1, 0);
    script.Exec(start + 1, 400 + i, start, "app", "app\0"sv);
    script.Exit(start + 50, 400 + i, start,
                {.wait_status = 11 | 0x80,
                 .comm = "app",
                 .cpu_us = 10'000,
                 .ppid = 1,
                 .cgroup_id = 70 + i});
  }
}

}  // namespace daybook
