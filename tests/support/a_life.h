// A life of which one record can tell.
#pragma once

#include <cstdint>
#include <string_view>

#include "daybook/whole_life.h"

namespace daybook {

inline LifeParts ALife(uint32_t pid = 42, uint64_t start_ns = 5'000'000'000) {
  constexpr uint64_t kUs = 1000;
  LifeParts parts;
  parts.fork = {.time_ns = start_ns,
                .pid = pid,
                .ppid = 7,
                .parent_start_ns = 3'000'000,
                .flags = 0,
                .uid = 1,
                .euid = 2,
                .gid = 3,
                .egid = 4,
                .sid = 5,
                .namespace_level = 1,
                .namespace_pid = 17};
  parts.exec = {.time_ns = start_ns + 20 * kUs,
                .pid = pid,
                .start_ns = start_ns,
                .old_tid = 43,
                .uid = 1,
                .euid = 2,
                .suid = 6,
                .gid = 3,
                .egid = 4,
                .sgid = 8,
                .login_uid = 1000,
                .sid = 5,
                .tty = 9,
                .cgroup_id = 99,
                .exe_device = 10,
                .exe_inode = 11,
                .comm = "ls",
                .exe_bytes = 7,
                .exe = "/bin/ls",
                .args_bytes = 6,
                .args = std::string_view("ls\0-l\0", 6),
                .cpu_us = 12};
  parts.exit = {.time_ns = start_ns + 300 * kUs,
                .pid = pid,
                .start_ns = start_ns,
                .ppid = 7,
                .parent_start_ns = 3'000'000,
                .wait_status = 0x300,
                .flags = kProcUsageExact,
                .uid = 1,
                .euid = 2,
                .suid = 6,
                .gid = 3,
                .egid = 4,
                .sgid = 8,
                .login_uid = 1000,
                .sid = 5,
                .tty = 9,
                .cgroup_id = 99,
                .utime_us = 13,
                .stime_us = 14,
                .cpu_us = 15,
                .maxrss_kib = 16,
                .minflt = 17,
                .majflt = 18,
                .nvcsw = 19,
                .nivcsw = 20,
                .comm = "ls",
                .image_maxrss_kib = 21,
                .rchar_bytes = 22,
                .wchar_bytes = 23,
                .read_bytes = 24,
                .write_bytes = 25,
                .children_cpu_us = 26,
                .zombie_us = 27,
                .audit_session = 28};
  return parts;
}

// The same of one that never executed a program.
inline LifeParts ALifeWithoutExec(uint32_t pid = 42, uint64_t start_ns = 5'000'000'000) {
  LifeParts parts = ALife(pid, start_ns);
  parts.exec.reset();
  parts.exit.flags |= kProcNeverExeced;
  return parts;
}

}  // namespace daybook
