// Logs of random lives, and what roll-ups of them say.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "daybook/compress.h"
#include "program_runner.h"
#include "scripted_log.h"

namespace daybook {

inline constexpr uint64_t kHourMs = 3'600'000;
// The script's clock shows 14:13:20 at 5 s; so the first midnight is there.
inline constexpr uint64_t kMidnightMs = 5000 + 9 * kHourMs + 46 * 60'000 + 40'000;
inline constexpr uint64_t kDayMs = 24 * kHourMs;

struct RandomLog {
  std::string path;
  std::string host = "web1";
  uint32_t seed = 1;
  uint32_t processes = 300;
  uint32_t days = 3;
};

// Lives of all sorts in any order of births, ends in the order of the log, on some days.
inline void WriteRandomLog(const RandomLog& script) {
  std::mt19937 random(script.seed);
  const auto below = [&](uint32_t bound) { return random() % bound; };
  ScriptedLog log(script.path, static_cast<uint8_t>(0xB0 + script.seed % 16), script.host);
  log.RecorderStart();
  log.Snapshot(5000);
  log.writer().Append(CgroupPath{
      .time_ns = ScriptedLog::Ns(5000), .id = 77, .path = "/system.slice/nginx.service"});
  log.writer().Append(CgroupPath{.time_ns = ScriptedLog::Ns(5000), .id = 78, .path = "/"});
  const uint64_t step_ms = script.days * kDayMs / script.processes;
  for (uint32_t i = 0; i < script.processes; ++i) {
    const uint64_t end_ms = 6000 + i * step_ms + below(1000);
    const uint32_t pid = 1000 + i;
    const uint64_t start_ms = end_ms - 1 - below(900);
    log.Fork(start_ms, pid, 100, 2000);
    log.At(end_ms);
    const bool is_told = below(10) != 0;  // else it has an end, but little is known of it
    const auto known = [&](uint64_t value) {
      return is_told ? std::optional<uint64_t>(value) : std::nullopt;
    };
    const std::string comm = "job" + std::to_string(below(12));
    log.writer().Append(Exit{.time_ns = ScriptedLog::Ns(end_ms),
                             .pid = pid,
                             .start_ns = ScriptedLog::Ns(start_ms),
                             .ppid = 100,
                             .wait_status = below(4) == 0    ? below(3) << 8
                                            : below(16) == 0 ? 9
                                                             : 0,
                             .uid = 70'000 + below(3),
                             .cgroup_id = 77 + below(2),
                             .utime_us = known(below(500)),
                             .stime_us = known(below(500)),
                             .cpu_us = known(uint64_t{1} << below(40)),
                             .maxrss_kib = known(below(1'000'000)),
                             .minflt = known(below(1000)),
                             .majflt = known(below(3)),
                             .nvcsw = known(below(100)),
                             .nivcsw = known(below(100)),
                             .comm = comm,
                             .read_bytes = known(below(1 << 20)),
                             .write_bytes = known(below(1 << 20))});
  }
  // Both run on.
  log.Fork(script.days * kDayMs + 10'000, 90'000, 100, 2000);
  log.writer().Append(Clock{.time_ns = ScriptedLog::Ns(script.days * kDayMs + 20'000),
                            .realtime_ns = kScriptRealtimeNs +
                                           static_cast<int64_t>(script.days) * 86'400'000'000'000 +
                                           15'000'000'000});
}

class MergeTest : public ProgramRunner {
 protected:
  // Of all days of the scripts.
  static constexpr char kWindow[] = " -S 2026-09-21 -U 2026-09-26";
  static constexpr char kAllColumns[] =
      ",count,count_share,lost,failed,cpu,cpu_share,mean_cpu,p50_cpu,p95_cpu,p99_cpu,utime,stime,"
      "elapsed,mean_elapsed,p50_elapsed,p95_elapsed,p99_elapsed,maxrss,p50_maxrss,p95_maxrss,"
      "p99_maxrss,minflt,majflt,nvcsw,nivcsw,read_bytes,write_bytes,first_end,last_end";

  std::string Out(const std::string& arguments) const {
    const Answer answer = Run(arguments);
    EXPECT_EQ(answer.status, 0) << arguments << '\n' << answer.err;
    return answer.out;
  }
  std::string Partial(const std::string& name, const std::string& arguments) const {
    const std::string path = temp_ / name;
    Out("report --partial " + path + " " + arguments);
    return path;
  }
  // The boot of that day, in segments of four hours; each third process is lost.
  void WriteBoot(int day) const {
    ScriptedLog log(log_path_, static_cast<uint8_t>(0xC0 + day), "web1",
                    kScriptRealtimeNs + day * int64_t{86'400'000'000'000});
    for (uint32_t i = 0; i < 12; ++i) {
      const uint64_t ms = 6000 + i * kHourMs;
      if (i % 4 == 0) log.Rotate(ms);
      log.Fork(ms + 10, 1000 + i, 100, 2000);
      if (i % 3 != 0)
        log.Exit(ms + kHourMs / 3, 1000 + i, ms + 10, i % 2, "job", uint64_t{1000} * i);
    }
  }
  std::set<std::filesystem::path> Segments() const {
    std::set<std::filesystem::path> segments;
    for (const auto& entry : std::filesystem::directory_iterator(log_path_)) {
      if (entry.path().extension() == ".dbk") segments.insert(entry.path());
    }
    return segments;
  }
  // In one file.
  std::string JoinedSegments() const {
    const std::string path = temp_ / "joined";
    std::ofstream joined(path, std::ios::binary);
    for (const auto& segment : Segments()) joined << Slurp(segment);
    return path;
  }
  void CompressSegments() const {
    const size_t segments = Segments().size();
    const auto folder = OpenLogFolder(log_path_);
    for (uint64_t number = 1; number <= segments; ++number) {
      EXPECT_TRUE(CompressSegment(**folder, number));
    }
    EXPECT_TRUE(Segments().empty());
  }
  std::string RollupRecords(const std::string& path) const {
    std::istringstream lines(Out("dump --output jsonl --columns type,fields --log " + path));
    std::string records;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("{\"type\":\"rollup")) records += line + '\n';
    }
    EXPECT_FALSE(records.empty());
    return records;
  }
  // All columns. The order of rows with the same CPU time is that of the log, so it is undone.
  std::set<std::string> Rows(const std::string& arguments, const std::string& keys) const {
    std::istringstream lines(
        Out(arguments + " --by " + keys + " --output csv --columns " + keys + kAllColumns));
    std::set<std::string> rows;
    for (std::string line; std::getline(lines, line);) {
      EXPECT_TRUE(rows.insert(line).second) << line;
    }
    EXPECT_GT(rows.size(), 1);
    return rows;
  }
  // The numbers below a report.
  std::map<std::string, uint64_t> CoverageOf(const std::string& arguments) const {
    const std::string out = Out(arguments + " --output json");
    const std::string coverage = out.substr(out.find("\"coverage\":"));
    std::map<std::string, uint64_t> numbers;
    const std::regex number("\"([a-z_]+)\":([0-9]+)");
    for (std::sregex_iterator found(coverage.begin(), coverage.end(), number), end; found != end;
         ++found) {
      numbers[(*found)[1]] = std::stoull((*found)[2]);
    }
    return numbers;
  }
  std::set<std::string> Merged(const std::string& files, const std::string& keys) const {
    return Rows("merge " + files, keys);
  }
};

}  // namespace daybook
