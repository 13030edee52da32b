// Scripts of processes with users, programs and ends of all kinds.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scripted_log.h"

namespace daybook {

// Times are milliseconds since boot: 5000 is 14:13:20.
class Script {
 public:
  explicit Script(const std::string& path, uint8_t boot = 0xB0) : log_(path, boot) {}
  Script(const std::string& path, uint8_t boot, int64_t realtime_ns,
         const std::string& host = "web1", uint64_t begin_ms = 5000)
      : log_(path, boot, host, realtime_ns, begin_ms) {}

  ScriptedLog& log() { return log_; }

  struct Alive {
    uint32_t pid = 0;
    uint64_t start_ms = 0;
    uint32_t ppid = 0;
    std::string_view comm = {};
    std::optional<uint64_t> cpu_us;
  };
  void Snapshot(const std::vector<Alive>& processes = {{1, 0, 0, "systemd"},
                                                       {50, 3000, 1, "cron"},
                                                       {60, 3000, 1, "sshd"}},
                uint64_t ms = 5000) {
    log_.At(ms);
    log_.writer().Append(SnapBegin{.time_ns = ScriptedLog::Ns(ms)});
    for (const Alive& process : processes) {
      log_.writer().Append(SnapProc{.pid = process.pid,
                                    .start_ns = ScriptedLog::Ns(process.start_ms),
                                    .ppid = process.ppid,
                                    .parent_start_ns = 0,
                                    .uid = 0,
                                    .euid = 0,
                                    .comm = process.comm,
                                    .cpu_us = process.cpu_us});
    }
    log_.writer().Append(
        SnapEnd{.time_ns = ScriptedLog::Ns(ms), .process_count = processes.size()});
  }

  void Cgroup(uint64_t ms, uint64_t id, std::string_view path) {
    log_.At(ms);
    log_.writer().Append(CgroupPath{.time_ns = ScriptedLog::Ns(ms), .id = id, .path = path});
  }

  void Fork(uint64_t ms, uint32_t pid, uint32_t ppid, uint64_t parent_ms, uint32_t uid = 0) {
    log_.At(ms);
    log_.writer().Append(daybook::Fork{.time_ns = ScriptedLog::Ns(ms),
                                       .pid = pid,
                                       .ppid = ppid,
                                       .parent_start_ns = ScriptedLog::Ns(parent_ms),
                                       .uid = uid,
                                       .euid = uid});
    forked_only_.insert({pid, ms});
  }

  struct Program {
    std::string_view comm = {};
    std::string_view exe = {};
    std::string_view args = {};
    uint32_t uid = 0;
    uint32_t euid = 0;
    std::optional<uint32_t> tty = {};
    std::optional<uint64_t> cpu_us;
  };
  void Exec(uint64_t ms, uint32_t pid, uint64_t start_ms, const Program& program) {
    forked_only_.erase({pid, start_ms});
    log_.At(ms);
    log_.writer().Append(daybook::Exec{.time_ns = ScriptedLog::Ns(ms),
                                       .pid = pid,
                                       .start_ns = ScriptedLog::Ns(start_ms),
                                       .uid = program.uid,
                                       .euid = program.euid,
                                       .tty = program.tty,
                                       .comm = program.comm,
                                       .exe = program.exe,
                                       .args_bytes = program.args.size(),
                                       .args = program.args,
                                       .cpu_us = program.cpu_us});
  }
  void Exec(uint64_t ms, uint32_t pid, uint64_t start_ms, std::string_view comm,
            std::string_view args, uint32_t uid = 0) {
    Exec(ms, pid, start_ms,
         {.comm = comm, .exe = comm, .args = args, .uid = uid, .euid = uid, .tty = 0});
  }

  struct End {
    uint32_t wait_status = 0;
    std::string_view comm = {};
    uint64_t cpu_us = 0;
    uint32_t ppid = 100;
    uint32_t uid = 0;
    uint32_t euid = 0;
    std::optional<uint64_t> cgroup_id = 1;
    uint32_t flags = 0;
    std::optional<uint64_t> minflt = {};
  };
  void Exit(uint64_t ms, uint32_t pid, uint64_t start_ms, const End& end) {
    const uint32_t forked_only = forked_only_.contains({pid, start_ms}) ? kProcNeverExeced : 0;
    log_.At(ms);
    log_.writer().Append(daybook::Exit{.time_ns = ScriptedLog::Ns(ms),
                                       .pid = pid,
                                       .start_ns = ScriptedLog::Ns(start_ms),
                                       .ppid = end.ppid,
                                       .wait_status = end.wait_status,
                                       .flags = end.flags | forked_only,
                                       .uid = end.uid,
                                       .euid = end.euid,
                                       .cgroup_id = end.cgroup_id,
                                       .cpu_us = end.cpu_us,
                                       .minflt = end.minflt,
                                       .comm = end.comm});
  }

  // One that its end could not tell.
  void Reap(uint64_t ms, uint32_t pid, uint64_t start_ms, uint64_t cpu_us = 0) {
    log_.At(ms);
    log_.writer().Append(daybook::Reap{.time_ns = ScriptedLog::Ns(ms),
                                       .pid = pid,
                                       .start_ns = ScriptedLog::Ns(start_ms),
                                       .flags = kProcUsageExact,
                                       .cpu_us = cpu_us});
  }

 private:
  ScriptedLog log_;
  std::set<std::pair<uint32_t, uint64_t>> forked_only_;  // pid and start, in milliseconds
};

}  // namespace daybook
