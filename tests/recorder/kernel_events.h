// Events as the kernel side puts them into the ring.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "bpf/events.h"

namespace daybook {

using Bytes = std::vector<std::byte>;

// As the kernel side lays an event out: the fixed part, then its strings.
template <class KernelEvent>
Bytes Pack(KernelEvent event, std::string_view strings = {}) {
  event.header.bytes = static_cast<uint32_t>(sizeof(event) + strings.size());
  Bytes bytes(event.header.bytes);
  std::memcpy(bytes.data(), &event, sizeof(event));
  std::transform(strings.begin(), strings.end(), bytes.begin() + sizeof(event),
                 [](char byte) { return static_cast<std::byte>(byte); });
  return bytes;
}

inline fork_event AFork() {
  return {.header = {.type = EVENT_FORK},
          .start_ns = 1000,
          .parent_start_ns = 10,
          .pid = 42,
          .ppid = 7,
          .flags = PROCESS_KERNEL_THREAD,
          .uid = 1,
          .euid = 2,
          .gid = 3,
          .egid = 4,
          .sid = 5};
}

inline process_ids Ids() {
  return {.uid = 1,
          .euid = 2,
          .suid = 3,
          .gid = 4,
          .egid = 5,
          .sgid = 6,
          .login_uid = 1000,
          .sid = 7,
          .tty = 136u << 20 | 3,
          .cgroup_id = 99};
}

template <class KernelEvent>
void SetComm(KernelEvent& event, std::string_view comm) {
  std::memcpy(event.comm, comm.data(), comm.size());
}

inline exec_event AnExec(std::string_view exe, std::string_view args) {
  exec_event event{.header = {.type = EVENT_EXEC},
                   .time_ns = 2000,
                   .start_ns = 1000,
                   .pid = 42,
                   .old_tid = 43,
                   .ids = Ids(),
                   .exe_inode = 123,
                   .exe_device = 8u << 20 | 1,
                   .exe_captured = static_cast<uint32_t>(exe.size()),
                   .args_bytes = 500,
                   .args_captured = static_cast<uint32_t>(args.size()),
                   .args_known = 1};
  SetComm(event, "ls");
  return event;
}

inline exit_event AnExit() {
  exit_event event{.header = {.type = EVENT_EXIT},
                   .time_ns = 3000,
                   .start_ns = 1000,
                   .parent_start_ns = 10,
                   .pid = 42,
                   .ppid = 7,
                   .wait_status = 0x300,
                   .flags = PROCESS_OOM_KILLED,
                   .ids = Ids(),
                   .usage = {.utime_ns = 1'999,
                             .stime_ns = 2'000,
                             .cpu_ns = 3'999'000,
                             .minflt = 11,
                             .majflt = 12,
                             .nvcsw = 13,
                             .nivcsw = 14,
                             .rchar = 15,
                             .wchar = 16,
                             .read_bytes = USAGE_UNKNOWN,
                             .write_bytes = 0},
                   .maxrss_pages = 10,
                   .image_maxrss_pages = 5,
                   .children_cpu_ns = 6'000};
  SetComm(event, "ls");
  return event;
}

inline reap_event AReap(uint32_t pid = 42) {
  return {.header = {.type = EVENT_REAP},
          .time_ns = 9000,
          .start_ns = 1000,
          .pid = pid,
          .flags = PROCESS_USAGE_EXACT,
          .usage = {.utime_ns = 2'999,
                    .stime_ns = 3'000,
                    .cpu_ns = 4'500'000,
                    .minflt = 21,
                    .majflt = 22,
                    .nvcsw = 23,
                    .nivcsw = 24,
                    .rchar = 25,
                    .wchar = 26,
                    .read_bytes = 27,
                    .write_bytes = 28}};
}

inline snapshot_event ALiving(uint32_t pid, std::string_view exe = "", uint32_t args_bytes = 0) {
  snapshot_event event{.header = {.type = EVENT_SNAPSHOT},
                       .start_ns = 1000,
                       .parent_start_ns = 10,
                       .pid = pid,
                       .ppid = 7,
                       .ids = Ids(),
                       .flags = PROCESS_SUPERUSER,
                       .exe_captured = static_cast<uint32_t>(exe.size()),
                       .args_bytes = args_bytes};
  SetComm(event, "init");
  return event;
}

}  // namespace daybook
