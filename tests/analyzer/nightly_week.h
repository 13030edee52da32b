// A week of days that are alike, for the page of the night behind them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "program_runner.h"
#include "script.h"

namespace daybook {

using std::string_view_literals::operator""sv;

inline constexpr uint32_t kUser = 4'000'000'000;  // without a name
inline constexpr uint32_t kNewUser = 4'000'000'001;
inline constexpr uint64_t kMinuteMs = 60'000;
inline constexpr uint64_t kHourMs = 60 * kMinuteMs;
inline constexpr uint64_t kDayMs = 24 * kHourMs;
// Milliseconds since boot of 2026-09-22 00:00.
inline constexpr uint64_t kFirstDayMs = 5000 + 35'200'000;

// Six whole days from 09-22 on, then the night: 09-28.
class Week {
 public:
  explicit Week(const std::string& path) : script_(path) {}

  ScriptedLog& log() { return script_.log(); }

  void Snapshot() { script_.Snapshot({{1, 0, 0, "systemd"}, {50, 0, 1, "cron"}}); }

  struct Run {
    uint32_t ppid = 1;
    std::string_view comm;
    std::string_view args;
    uint32_t wait_status = 0;
    uint64_t cpu_us = 1000;
    uint32_t uid = 0;
    uint32_t euid = 0;
    uint32_t birth_uid = 0;
    uint32_t flags = 0;
    std::optional<uint64_t> cgroup_id = {};
    uint64_t elapsed_ms = 100;
  };
  void Live(uint64_t ms, const Run& run) {
    const uint32_t pid = ++last_pid_;
    const std::string exe = "/usr/bin/" + std::string(run.comm);
    script_.Fork(ms, pid, run.ppid, 0, run.birth_uid);
    script_.Exec(
        ms + 1, pid, ms,
        {.comm = run.comm, .exe = exe, .args = run.args, .uid = run.uid, .euid = run.euid});
    script_.Exit(ms + run.elapsed_ms, pid, ms,
                 {.wait_status = run.wait_status,
                  .comm = run.comm,
                  .cpu_us = run.cpu_us,
                  .ppid = run.ppid,
                  .uid = run.uid,
                  .euid = run.euid,
                  .cgroup_id = run.cgroup_id,
                  .flags = run.flags});
  }

  // One that does not end.
  void Begin(uint64_t ms, uint32_t pid, std::string_view comm) {
    log().Fork(ms, pid, 1, 5000);
    Execute(ms, pid, ms + 1, comm);
  }
  void Execute(uint64_t start_ms, uint32_t pid, uint64_t ms, std::string_view comm) {
    log().Exec(ms, pid, start_ms, comm, "/usr/bin/" + std::string(comm), comm);
  }

  // What happens each day.
  void Day(uint64_t day) {
    const uint64_t begin = kFirstDayMs + day * kDayMs;
    Live(begin + 2 * kHourMs,
         {.ppid = 50, .comm = "backup", .args = "backup\0"sv, .cpu_us = 50'000});
    for (uint64_t i = 0; i < 5; ++i) {
      Live(begin + 8 * kHourMs + i * 200,
           {.comm = "cc", .args = "cc\0-c\0"sv, .uid = kUser, .euid = kUser, .birth_uid = kUser});
    }
    Live(begin + 9 * kHourMs, {.comm = "su", .args = "su\0"sv, .birth_uid = kUser});
    Live(begin + 10 * kHourMs, {.comm = "false", .args = "false\0"sv, .wait_status = 1 << 8});
  }

  // The same of a process that knows whose it is, and what it used.
  void ExecuteAs(uint64_t start_ms, uint32_t pid, uint64_t ms, std::string_view comm, uint32_t uid,
                 uint64_t cpu_us) {
    const std::string exe = "/usr/bin/" + std::string(comm);
    script_.Exec(
        ms, pid, start_ms,
        {.comm = comm, .exe = exe, .args = comm, .uid = uid, .euid = uid, .cpu_us = cpu_us});
  }

  // The program that becomes root's executes another one.
  void BecomeRoot(uint64_t ms, std::string_view by, std::string_view then) {
    const uint32_t pid = ++last_pid_;
    const std::string exe = "/usr/bin/" + std::string(by);
    const std::string then_exe = "/usr/bin/" + std::string(then);
    script_.Fork(ms, pid, 1, 0, kUser);
    script_.Exec(ms + 1, pid, ms, {.comm = by, .exe = exe, .args = by, .uid = kUser, .euid = 0});
    script_.Exec(ms + 2, pid, ms, {.comm = then, .exe = then_exe, .args = then});
    script_.Exit(ms + 100, pid, ms, {.comm = then, .cpu_us = 1000, .ppid = 1});
  }

 private:
  Script script_;
  uint32_t last_pid_ = 1000;
};

class NightlyTest : public ProgramRunner {
 protected:
  static constexpr uint64_t kNightMs = kFirstDayMs + 6 * kDayMs;
  const std::string kAsk = "report --log LOG -S 2026-09-28 -U 2026-09-29 ";

  NightlyTest() : week_(log_path_) {
    week_.Snapshot();
    for (uint64_t day = 0; day < 6; ++day) {
      week_.Day(day);
      week_.Live(kFirstDayMs + day * kDayMs + 11 * kHourMs,
                 {.comm = "rotate", .args = "rotate\0"sv});
      week_.log().Rotate(kFirstDayMs + (day + 1) * kDayMs - 1000);
    }
    week_.Day(6);
  }

  // The recorder is there until the end of the night.
  void Close() {
    week_.log().At(kNightMs + kDayMs - 1000);
    week_.log().Filtered(std::nullopt);
    week_.log().Close();
  }

  // Another log: six days with what `before` adds to each, and a night with what `now` adds.
  template <class Before, class Now>
  void WriteWeek(const std::string& name, const Before& before, const Now& now) {
    log_path_ = temp_ / name;
    Week week(log_path_);
    week.Snapshot();
    for (uint64_t day = 0; day < 6; ++day) before(week, kFirstDayMs + day * kDayMs);
    now(week, kNightMs);
    week.log().At(kNightMs + kDayMs - 1000);
    week.log().Filtered(std::nullopt);
    week.log().Close();
  }

  void Worry() {
    ScriptedLog& log = week_.log();
    log.At(kNightMs + 11 * kHourMs);
    log.writer().Append(Lost{.first_time_ns = ScriptedLog::Ns(kNightMs + 10 * kHourMs),
                             .last_time_ns = ScriptedLog::Ns(kNightMs + 11 * kHourMs),
                             .forks = 7,
                             .exits = 3});
    log.At(kNightMs + 12 * kHourMs);
    log.writer().Append(
        RecordingGap{.first_time_ns = ScriptedLog::Ns(kNightMs + 12 * kHourMs - 90'000),
                     .last_time_ns = ScriptedLog::Ns(kNightMs + 12 * kHourMs),
                     .missed_forks = 40});
    log.writer().Append(CgroupPath{.time_ns = ScriptedLog::Ns(kNightMs + 12 * kHourMs),
                                   .id = 70,
                                   .path = "/system.slice/app.service"});
    for (uint64_t i = 0; i < 6; ++i) {
      week_.Live(
          kNightMs + 13 * kHourMs + i * 500,
          {.comm = "app", .args = "app\0--serve\0"sv, .wait_status = 11 | 0x80, .cgroup_id = 70});
    }
    week_.Live(kNightMs + 14 * kHourMs, {.comm = "cc",
                                         .args = "cc\0big.c\0"sv,
                                         .wait_status = 9,
                                         .cpu_us = 3'000'000,
                                         .uid = kUser,
                                         .euid = kUser,
                                         .birth_uid = kUser,
                                         .flags = kProcOomKilled});
    for (uint64_t i = 0; i < 30; ++i) {
      week_.Live(
          kNightMs + 15 * kHourMs + i * 200,
          {.comm = "cc", .args = "cc\0-c\0"sv, .uid = kUser, .euid = kUser, .birth_uid = kUser});
    }
    week_.Live(kNightMs + 16 * kHourMs, {.ppid = 50,
                                         .comm = "miner",
                                         .args = "miner\0--fast\0"sv,
                                         .uid = kNewUser,
                                         .euid = 0,
                                         .birth_uid = kNewUser});
    log.At(kNightMs + 20 * kHourMs);
    log.Filtered(std::nullopt);
    log.Close();
  }

  Week week_;
};

}  // namespace daybook
