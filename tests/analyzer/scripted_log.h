// A log folder on disk with a script of processes, written by the real writer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daybook/writer.h"
#include "support/temp_folder.h"

namespace daybook {

// 5 s after boot it is 2026-09-21 14:13:20 UTC.
inline constexpr uint64_t kScriptBootNs = 5'000'000'000;
inline constexpr int64_t kScriptRealtimeNs = 1'790'000'000'000'000'000;

// Times are milliseconds since boot, of the script's own clock.
class ScriptedLog {
 public:
  explicit ScriptedLog(const std::string& path, uint8_t boot = 0xB0,
                       const std::string& host = "web1", int64_t realtime_ns = kScriptRealtimeNs,
                       uint64_t begin_ms = kScriptBootNs / 1'000'000)
      : realtime_ns_(realtime_ns),
        now_ns_(Ns(begin_ms)),
        writer_(Open(path, boot, host, &realtime_ns_, &now_ns_)) {}
  ~ScriptedLog() {
    if (!closed_) Close();
  }
  ScriptedLog(const ScriptedLog&) = delete;
  ScriptedLog& operator=(const ScriptedLog&) = delete;

  LogWriter& writer() { return writer_; }

  void Fork(uint64_t ms, uint32_t pid, uint32_t ppid, uint64_t parent_ms) {
    At(ms);
    writer_.Append(daybook::Fork{.time_ns = now_ns_,
                                 .pid = pid,
                                 .ppid = ppid,
                                 .parent_start_ns = Ns(parent_ms),
                                 .uid = 0,
                                 .euid = 0,
                                 .gid = 0,
                                 .sid = 100});
    forked_only_.insert({pid, ms});
  }
  void Exec(uint64_t ms, uint32_t pid, uint64_t start_ms, std::string_view comm,
            std::string_view exe, std::string_view args) {
    forked_only_.erase({pid, start_ms});
    At(ms);
    writer_.Append(daybook::Exec{.time_ns = now_ns_,
                                 .pid = pid,
                                 .start_ns = Ns(start_ms),
                                 .uid = 0,
                                 .euid = 0,
                                 .gid = 0,
                                 .sid = 100,
                                 .tty = 136U << 20 | 3,
                                 .cgroup_id = 77,
                                 .comm = comm,
                                 .exe = exe,
                                 .args_bytes = args.size(),
                                 .args = args});
  }
  void Exit(uint64_t ms, uint32_t pid, uint64_t start_ms, uint32_t wait_status,
            std::string_view comm, uint64_t cpu_us) {
    At(ms);
    writer_.Append(
        daybook::Exit{.time_ns = now_ns_,
                      .pid = pid,
                      .start_ns = Ns(start_ms),
                      .ppid = 100,
                      .wait_status = wait_status,
                      .flags = forked_only_.contains({pid, start_ms}) ? kProcNeverExeced : 0,
                      .uid = 0,
                      .euid = 0,
                      .gid = 0,
                      .sid = 100,
                      .tty = 136U << 20 | 3,
                      .cgroup_id = 77,
                      .utime_us = cpu_us / 4,
                      .stime_us = cpu_us / 2,
                      .cpu_us = cpu_us,
                      .maxrss_kib = 2048,
                      .minflt = 10,
                      .majflt = 0,
                      .nvcsw = 3,
                      .nivcsw = 1,
                      .comm = comm});
  }
  // pid 1 and the shell 100, living since before the log.
  void Snapshot(uint64_t ms) {
    At(ms);
    writer_.Append(SnapBegin{.time_ns = now_ns_});
    writer_.Append(SnapProc{.pid = 1, .start_ns = 0, .uid = 0, .tty = 0, .comm = "systemd"});
    writer_.Append(SnapProc{.pid = 100,
                            .start_ns = Ns(2000),
                            .ppid = 1,
                            .parent_start_ns = 0,
                            .uid = 0,
                            .tty = 136U << 20 | 3,
                            .comm = "bash",
                            .exe = "/bin/bash",
                            .args_bytes = 6,
                            .args = std::string_view("-bash\0", 6)});
    writer_.Append(SnapEnd{.time_ns = now_ns_, .process_count = 2});
  }

  void RecorderStart(std::string_view abilities = "fork exit") {
    writer_.Append(Recorder{.time_ns = now_ns_, .abilities = abilities});
  }
  void Filtered(std::optional<uint64_t> count) {
    writer_.Append(Audit{.time_ns = now_ns_, .filtered = count});
  }

  void At(uint64_t ms) { now_ns_ = Ns(ms); }
  void SetWallClock(int64_t by_ns) { realtime_ns_ += by_ns; }
  void Rotate(uint64_t ms) {
    At(ms);
    Check(writer_.Rotate(EndReason::kSize));
  }
  void Flush() { Check(writer_.Flush()); }
  void Close() {
    closed_ = true;
    Check(writer_.Close());
  }
  // Leaves what a killed recorder would leave.
  void Abandon() {
    closed_ = true;
    Flush();
  }

  static uint64_t Ns(uint64_t ms) { return ms * 1'000'000; }

 private:
  static void Check(const Status& status) {
    if (!status) throw std::runtime_error(status.error().message());
  }
  static LogWriter Open(const std::string& path, uint8_t boot, const std::string& host,
                        const int64_t* realtime_ns, const uint64_t* now_ns) {
    LogIdentity identity;
    identity.boot_id.bytes.fill(boot);
    identity.host_id.bytes.fill(0x05);
    identity.info = {{"hostname", host}, {"kernel", "6.1.0"}};
    const auto clock = [realtime_ns, now_ns] {
      const auto since = static_cast<int64_t>(*now_ns) - static_cast<int64_t>(kScriptBootNs);
      return Clock{
          .time_ns = *now_ns, .realtime_ns = *realtime_ns + since, .monotonic_ns = *now_ns};
    };
    std::filesystem::create_directory(path);
    auto folder = OpenLogFolder(path);
    if (!folder) throw std::runtime_error(folder.error().message());
    auto writer = LogWriter::Open(*std::move(folder), identity, clock,
                                  WriterOptions{.sync = SyncPolicy::kNone});
    if (!writer) throw std::runtime_error(writer.error().message());
    return *std::move(writer);
  }

  int64_t realtime_ns_;  // 5 s after boot
  uint64_t now_ns_;
  bool closed_ = false;
  std::set<std::pair<uint32_t, uint64_t>> forked_only_;  // pid and start, in milliseconds
  LogWriter writer_;
};

}  // namespace daybook
