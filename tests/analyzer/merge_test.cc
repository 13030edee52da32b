// Roll-ups, as a user has them: parts add up to the whole, to the last digit.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "daybook/abilities.h"
#include "daybook/compress.h"
#include "program_runner.h"
#include "scripted_log.h"

namespace daybook {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

constexpr uint64_t kHourMs = 3'600'000;
// The script's clock shows 14:13:20 at 5 s; so the first midnight is there.
constexpr uint64_t kMidnightMs = 5000 + 9 * kHourMs + 46 * 60'000 + 40'000;
constexpr uint64_t kDayMs = 24 * kHourMs;

struct Script {
  std::string path;
  std::string host = "web1";
  uint32_t seed = 1;
  uint32_t processes = 300;
  uint32_t days = 3;
};

// Lives of all sorts in any order of births, ends in the order of the log, on some days.
void WriteRandomLog(const Script& script) {
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

TEST_F(MergeTest, MergeSaysWhatSummarySays) {
  for (uint32_t seed = 1; seed <= 3; ++seed) {
    const std::string log = temp_ / ("log" + std::to_string(seed));
    WriteRandomLog({.path = log, .seed = seed});
    const std::string partial =
        Partial("p" + std::to_string(seed), "--log " + log + std::string(kWindow));
    for (const char* keys : {"comm", "uid", "service", "status", "ok,uid", "host,comm", "signal"}) {
      EXPECT_EQ(Merged(partial, keys), Rows("summary --log " + log + kWindow, keys))
          << "seed " << seed << " by " << keys;
    }
  }
}

// The line at the end means what it means below the same log's other reports.
TEST_F(MergeTest, ItsCoverageAddsUpToThatOfTheLog) {
  WriteRandomLog({.path = log_path_});
  const auto of_log = CoverageOf(std::string("summary --log LOG") + kWindow);
  ASSERT_GT(of_log.at("running"), 1);
  std::string days;
  for (int day = 21; day < 26; ++day) {
    const auto name = [](int number) { return "2026-09-" + std::to_string(number); };
    days += " " + Partial(name(day), "--log LOG -S " + name(day) + " -U " + name(day + 1));
  }
  for (const std::string& files : {Partial("all", std::string("--log LOG") + kWindow), days}) {
    const auto merged = CoverageOf("merge " + files);
    for (const char* name : {"records", "processes", "running", "ended_unseen"}) {
      EXPECT_EQ(merged.at(name), of_log.at(name)) << name << files;
    }
    EXPECT_EQ(merged.at("used") + merged.at("filtered"), merged.at("processes"));
    EXPECT_EQ(merged.at("filtered"), merged.at("running")) << "they are in no group";
  }
}

// What was living where one log of a host ended lives on in the next one.
TEST_F(MergeTest, WhoeverRunsInTwoLogsOfAHostRunsOnce) {
  WriteRandomLog({.path = temp_ / "old", .days = 1});
  WriteRandomLog({.path = temp_ / "new", .seed = 2, .days = 2});
  WriteRandomLog({.path = temp_ / "other", .host = "web2", .seed = 3, .days = 1});
  const std::string earlier =
      Partial("earlier", "-S 2026-09-21 -U 2026-09-22 --log " + (temp_ / "old"));
  const std::string later =
      Partial("later", "-S 2026-09-22 -U 2026-09-25 --log " + (temp_ / "new"));
  const std::string other =
      Partial("other.rollup", "-S 2026-09-21 -U 2026-09-25 --log " + (temp_ / "other"));
  const auto running = [&](const std::string& files) {
    return CoverageOf("merge " + files).at("running");
  };
  EXPECT_GT(running(earlier), 0);
  EXPECT_EQ(running(earlier + " " + later), running(later));
  EXPECT_EQ(running(later + " " + earlier + " " + other), running(later) + running(other));
}

TEST_F(MergeTest, PeriodsAndHostsAddUpToTheWhole) {
  const std::string logs[] = {temp_ / "a", temp_ / "b"};
  WriteRandomLog({.path = logs[0], .host = "web1", .seed = 11});
  WriteRandomLog({.path = logs[1], .host = "web2", .seed = 12, .processes = 200, .days = 4});
  const std::string both = "--log " + logs[0] + " --log " + logs[1];
  const std::string whole = Partial("whole", both + kWindow);
  std::string parts;
  int number = 0;
  const char* const bounds[] = {"2026-09-21", "'2026-09-21 18:30'",    "2026-09-22",
                                "2026-09-24", "'2026-09-24 00:00:01'", "2026-09-26"};
  for (const std::string& log : logs) {
    for (size_t i = 0; i + 1 < std::size(bounds); ++i) {
      parts += " " + Partial("part" + std::to_string(number++),
                             "--log " + log + " -S " + bounds[i] + " -U " + bounds[i + 1]);
    }
  }
  for (const char* keys : {"comm", "host,day", "month", "day,comm,uid", "host,wait_status"}) {
    EXPECT_EQ(Merged(parts, keys), Merged(whole, keys)) << keys;
  }
  EXPECT_EQ(Merged(whole, "comm"), Rows("summary " + both + kWindow, "comm"));
}

TEST_F(MergeTest, WhatIsFoldedIsInTheTotals) {
  WriteRandomLog({.path = log_path_, .seed = 21});
  const std::string small = Partial("small", std::string("--groups 3 --log LOG") + kWindow);
  const std::string large = Partial("large", std::string("--log LOG") + kWindow);
  // Exact, since no key of it was given up.
  EXPECT_EQ(Merged(small, "host,day"), Merged(large, "host,day"));
  const std::string json = " --by comm --output json --columns comm,count,cpu,failed,p95_cpu";
  const std::string folded = Out("merge " + small + json);
  const std::string exact = Out("merge " + large + json);
  const auto total = [](const std::string& text) {
    return text.substr(text.find("\"total\""), text.find("\"coverage\"") - text.find("\"total\""));
  };
  EXPECT_THAT(total(folded), StartsWith("\"total\":{\"comm\":\"TOTAL\",\"count\":300,"));
  EXPECT_EQ(total(folded), total(exact));
  EXPECT_THAT(folded, HasSubstr("{\"comm\":\"***other\",\"count\":"));
  EXPECT_EQ(folded.find("***other"), folded.rfind("***other"));
  // With a limit, too, what is not shown stands in one row.
  const std::string limited = Out("merge " + small + json + " -n 1");
  EXPECT_EQ(limited.find("***other"), limited.rfind("***other"));
  EXPECT_EQ(total(limited), total(exact));
}

TEST_F(MergeTest, WrittenAgainTheyAreTheSame) {
  WriteRandomLog({.path = log_path_, .seed = 31});
  const std::string partial = Partial("p", std::string("--groups 5 --log LOG") + kWindow);
  const std::string joined = temp_ / "joined";
  const std::string into = temp_ / "again";
  const std::string first = Out("merge " + partial + " --output csv --into " + joined);
  EXPECT_EQ(Out("merge " + joined + " --output csv --into " + into), first);
  EXPECT_EQ(Merged(into, "host,day,comm"), Merged(partial, "host,day,comm"));
}

TEST_F(MergeTest, RowsAreTheSameInWhateverOrderTheFilesAre) {
  std::string files;
  std::string reversed;
  for (uint32_t host = 1; host <= 3; ++host) {
    const std::string number = std::to_string(host);
    const std::string log = temp_ / ("log" + number);
    WriteRandomLog({.path = log, .host = "web" + number, .seed = 90 + host, .processes = 40});
    const std::string partial = Partial("p" + number, "--log " + log + kWindow);
    files += " " + partial;
    reversed.insert(0, " " + partial);
  }
  for (const char* keys : {"comm,uid", "host,day,status", "user"}) {
    const std::string table =
        std::string(" --sort majflt --output csv --by ") + keys + " --columns majflt,count," + keys;
    EXPECT_EQ(Out("merge" + files + table), Out("merge" + reversed + table)) << keys;
  }
}

TEST_F(MergeTest, TheSameGivenTwiceIsCountedOnce) {
  WriteRandomLog({.path = log_path_, .seed = 41});
  const std::string one = Partial("one", "--log LOG -S 2026-09-21 -U 2026-09-22");
  const std::string more = Partial("more", std::string("--log LOG") + kWindow);
  const std::string copy = temp_ / "copy";
  std::filesystem::copy_file(one, copy);
  const std::string joined = temp_ / "joined";
  EXPECT_EQ(Merged(one + " " + copy, "comm"), Merged(one, "comm"));
  EXPECT_EQ(Merged(one + " " + more + " --into " + joined, "comm"), Merged(more, "comm"));
  EXPECT_EQ(Merged(joined + " " + one, "comm"), Merged(more, "comm"));
  EXPECT_THAT(Out("merge " + more + " " + one), HasSubstr("given twice and counted once 1"));
}

TEST_F(MergeTest, TwoThatOverlapAreRefused) {
  WriteRandomLog({.path = log_path_, .seed = 51});
  const std::string one = Partial("one", "--log LOG -S 2026-09-21 -U 2026-09-22");
  const std::string half = Partial("half", "--log LOG -S '2026-09-21 18:00' -U 2026-09-22");
  const std::string some = Partial("some", "--log LOG -S 2026-09-21 -U 2026-09-22 --failed");
  for (const std::string& other : {half, some}) {
    const Answer answer = Run("merge " + one + " " + other);
    EXPECT_EQ(answer.status, 3);
    EXPECT_EQ(answer.err, "daybook: " + one + " and " + other +
                              " tell of the same time of web1 on 2026-09-21 in different ways, so "
                              "that processes would be counted twice; give only one of them\n");
  }
}

TEST_F(MergeTest, DaysThatAreMissingAreTold) {
  WriteRandomLog({.path = log_path_, .seed = 61, .days = 4});
  std::string files;
  for (const char* day : {"21", "23", "25"}) {
    const std::string number = std::to_string(std::stoi(day) + 1);
    files +=
        " " + Partial(day, std::string("--log LOG -S 2026-09-") + day + " -U 2026-09-" + number);
  }
  const std::string text = Out("merge" + files);
  EXPECT_THAT(text, HasSubstr("\n-- web1: nothing of 2026-09-22, 2026-09-24\n"));
  EXPECT_THAT(text, HasSubstr("; roll-ups 3, days with records 3, missing days 2\n"));
  EXPECT_THAT(Out("merge --output json" + files), HasSubstr("\"days\":3,\"missing_days\":2,"));
}

TEST_F(MergeTest, AnEmptyNightIsARollupToo) {
  { ScriptedLog log(log_path_); }
  const std::string night = Partial("night", "--log LOG -S 2026-09-19 -U 2026-09-20");
  EXPECT_EQ(Out("verify --output csv --columns verdict --log " + night), "verdict\ncomplete\n");
  const std::string json = Out("merge --output json " + night);
  EXPECT_THAT(json, HasSubstr("\"rows\":[\n]"));
  EXPECT_THAT(json, HasSubstr("\"rollups\":1,\"days\":0,\"missing_days\":0,"));
}

TEST_F(MergeTest, WithoutABeginEachLogHasItsOwnDays) {
  WriteRandomLog({.path = temp_ / "a", .host = "web1", .seed = 1, .days = 1});
  WriteRandomLog({.path = temp_ / "b", .host = "web2", .seed = 2, .days = 4});
  const std::string both =
      Partial("both", "--log " + (temp_ / "a") + " --log " + (temp_ / "b") + " -U 2026-10-30");
  std::istringstream lines(Out("dump --output jsonl --log " + both));
  std::map<std::string, std::set<std::string>> days;
  const auto value = [](const std::string& line, const std::string& name) {
    const size_t at = line.find("\"" + name + "\":\"") + name.size() + 4;
    return line.substr(at, line.find('"', at) - at);
  };
  for (std::string line; std::getline(lines, line);) {
    if (value(line, "type") == "rollup") days[value(line, "host")].insert(value(line, "day"));
  }
  EXPECT_THAT(days["web1"], ElementsAre("2026-09-21", "2026-09-22"));
  EXPECT_THAT(days["web2"],
              ElementsAre("2026-09-21", "2026-09-22", "2026-09-23", "2026-09-24", "2026-09-25"));
}

TEST_F(MergeTest, AClockThatWasWrongMakesNoThousandsOfDays) {
  constexpr int64_t kTimes[] = {1'000'000'000, std::numeric_limits<int64_t>::min() + 2'000'000'000};
  for (const int64_t time : kTimes) {
    const std::string log_path = temp_ / std::to_string(time);
    {
      ScriptedLog log(log_path);
      log.writer().Append(Clock{.time_ns = ScriptedLog::Ns(7000), .realtime_ns = time});
      log.Fork(8000, 10, 1, 0);
      log.Exit(8500, 10, 8000, 0, "job", 1);
    }
    const Answer answer =
        Run("report --log " + log_path + " -U 2027-01-01 --partial " + (temp_ / "p"));
    EXPECT_EQ(answer.status, 3);
    EXPECT_THAT(answer.err,
                MatchesRegex("daybook: web1: the days until [-0-9]+ are more than 3660, "
                             "as where a clock was wrong; give --since and --until\n"));
    Partial(std::to_string(time) + ".rollup", "--log " + log_path + kWindow);
  }
}

// As of one file, of which nothing can be skipped.
TEST_F(MergeTest, WhatOfOtherBootsIsSkippedDoesNotMatter) {
  for (int boot = 0; boot < 3; ++boot) WriteBoot(boot);
  const std::string joined = JoinedSegments();
  const std::string some = temp_ / "some";
  const std::string all = temp_ / "all";
  for (const bool is_compressed : {false, true}) {
    if (is_compressed) CompressSegments();
    for (const char* window :
         {" -S 2026-09-21 -U 2026-09-22", " -S 2026-09-22 -U 2026-09-23",
          " -S '2026-09-22 15:00' -U '2026-09-23 01:00'", " -S 2026-09-24 -U 2026-09-25"}) {
      const std::string write = std::string(window) + " --output json --replace --partial ";
      EXPECT_THAT(Out("report --log LOG" + write + some), Not(HasSubstr("\"skipped_segments\":0")));
      Out("report --log " + joined + write + all);
      EXPECT_EQ(RollupRecords(some), RollupRecords(all)) << window;
    }
  }
}

// Of 2026-09-22 23:59:59 and of the midnight behind it.
TEST_F(MergeTest, AProcessIsInTheDayOfItsEnd) {
  {
    ScriptedLog log(log_path_);
    log.Fork(6000, 10, 1, 0);
    log.Fork(6000, 11, 1, 0);
    log.Exit(kMidnightMs + kDayMs - 1, 10, 6000, 0, "early", 1);
    log.Exit(kMidnightMs + kDayMs, 11, 6000, 0, "late", 1);
  }
  const std::string all = Partial("all", std::string("--log LOG") + kWindow);
  EXPECT_EQ(Out("merge --by day,comm --sort day --output csv --columns day,comm,count " + all),
            "day,comm,count\n2026-09-22,early,1\n2026-09-23,late,1\n");
  // The zone's midnight counts.
  const std::string tokyo =
      Partial("tokyo", "--tz Asia/Tokyo --log LOG -S 2026-09-22 -U 2026-09-25");
  EXPECT_EQ(Out("merge --by day,comm --sort comm --output csv --columns day,comm,count " + tokyo),
            "day,comm,count\n2026-09-23,early,1\n2026-09-23,late,1\n");
}

TEST_F(MergeTest, WhatTheLogIsMissingIsToldOfItsDay) {
  {
    ScriptedLog log(log_path_);
    log.At(7000);
    log.writer().Append(Lost{
        .first_time_ns = ScriptedLog::Ns(6000), .last_time_ns = ScriptedLog::Ns(7000), .forks = 5});
    log.At(kMidnightMs + 5000);
    log.writer().Append(RecordingGap{.first_time_ns = ScriptedLog::Ns(kMidnightMs),
                                     .last_time_ns = ScriptedLog::Ns(kMidnightMs + 5000),
                                     .missed_forks = 40});
  }
  EXPECT_EQ(Run("report --log LOG -S 2026-09-21 -U 2026-09-22 --partial " + (temp_ / "1")).status,
            4);
  Partial("2", "--log LOG -S 2026-09-22 -U 2026-09-23");
  EXPECT_THAT(Run("merge --output json " + (temp_ / "1")).out,
              HasSubstr("\"lost_events\":5,\"recording_gaps\":0,\"missed_forks\":0,"));
  EXPECT_THAT(Out("merge --output json " + (temp_ / "2")),
              HasSubstr("\"lost_events\":0,\"recording_gaps\":1,\"missed_forks\":40,"));
  const Answer both = Run("merge --output json " + (temp_ / "1") + " " + (temp_ / "2"));
  EXPECT_EQ(both.status, 4);
  EXPECT_THAT(both.out, HasSubstr("\"lost_events\":5,\"recording_gaps\":1,\"missed_forks\":40,"));
}

// Each segment says it, of the days on which it has records.
TEST_F(MergeTest, ThatOthersWereHiddenIsToldOfItsDays) {
  {
    ScriptedLog log(log_path_);
    log.writer().Append(Info{.key = kOthersHidden, .value = "hidepid"});
    log.At(7000);
    log.Filtered(std::nullopt);
    log.Rotate(kMidnightMs - 1000);
    log.At(kMidnightMs + 1000);
    log.Filtered(std::nullopt);
  }
  const std::string first = Partial("1", "--log LOG -S 2026-09-21 -U 2026-09-22");
  const std::string second = Partial("2", "--log LOG -S 2026-09-22 -U 2026-09-23");
  EXPECT_THAT(Out("merge --output json " + first),
              HasSubstr("\"imported\":false,\"others_hidden\":true,"));
  EXPECT_THAT(Out("merge --output json " + second),
              HasSubstr("\"imported\":false,\"others_hidden\":false,"));
  EXPECT_THAT(Out("merge " + second + " " + first),
              HasSubstr("; processes of others were hidden from the recorder"));
  const std::string both = temp_ / "both";
  Out("merge --into " + both + " " + first + " " + second);
  EXPECT_THAT(Out("merge --output json " + both), HasSubstr("\"others_hidden\":true,"));
}

// So that days that are added up one by one say what all of them say together.
TEST_F(MergeTest, ATimeWithoutARecorderAndASegmentAreOfOneDay) {
  {
    ScriptedLog log(log_path_);
    log.Rotate(kMidnightMs - 3'600'000);
    log.At(kMidnightMs + 5000);
    log.writer().Append(RecordingGap{.first_time_ns = ScriptedLog::Ns(kMidnightMs - 60'000),
                                     .last_time_ns = ScriptedLog::Ns(kMidnightMs + 5000),
                                     .missed_forks = 40});
    log.At(kMidnightMs + 6000);
    log.Filtered(std::nullopt);
  }
  const std::string first = Partial("1", "--log LOG -S 2026-09-21 -U 2026-09-22");
  const std::string second = Partial("2", "--log LOG -S 2026-09-22 -U 2026-09-23");
  EXPECT_THAT(Out("merge --output json " + first),
              AllOf(HasSubstr("\"segments\":2,"), HasSubstr("\"recording_gaps\":0,")));
  EXPECT_THAT(
      Out("merge --output json " + second),
      AllOf(HasSubstr("\"segments\":0,"), HasSubstr("\"recording_gaps\":1,\"missed_forks\":40,")));
  EXPECT_THAT(
      Out("merge --output json " + first + " " + second),
      AllOf(HasSubstr("\"segments\":2,"), HasSubstr("\"recording_gaps\":1,\"missed_forks\":40,")));
}

TEST_F(MergeTest, OnlyOfATimeAndOfAHost) {
  WriteRandomLog({.path = temp_ / "a", .host = "web1", .seed = 71});
  WriteRandomLog({.path = temp_ / "b", .host = "web2", .seed = 72});
  const std::string both =
      Partial("both", "--log " + (temp_ / "a") + " --log " + (temp_ / "b") + kWindow);
  const std::string count = " --by host,day --output csv --columns host,day --sort host ";
  EXPECT_EQ(Out("merge --host web2 -S 2026-09-22 -U 2026-09-24" + count + both),
            "host,day\nweb2,2026-09-22\nweb2,2026-09-23\n");
  const auto part = CoverageOf("merge -S '2026-09-22 12:00' -U 2026-09-24 " + both);
  EXPECT_EQ(part.at("partly_outside"), 2);
  EXPECT_EQ(part.at("used") + part.at("filtered"), part.at("processes"));
  EXPECT_EQ(part.at("processes") - part.at("running"), 600);
}

TEST_F(MergeTest, AFilterIsTold) {
  WriteRandomLog({.path = temp_ / "a", .host = "web1", .seed = 81});
  WriteRandomLog({.path = temp_ / "b", .host = "web2", .seed = 82});
  const std::string a =
      Partial("1", "--log " + (temp_ / "a") + kWindow + " --failed --comm job1,job2");
  const std::string b = Partial("2", "--log " + (temp_ / "b") + kWindow);
  EXPECT_EQ(Merged(a, "comm"),
            Rows("summary --failed --comm job1,job2 --log " + (temp_ / "a") + kWindow, "comm"));
  EXPECT_THAT(Out("merge " + a + " " + b), HasSubstr(", not all made with the same filter\n"));
  EXPECT_THAT(Out("dump --log " + a), HasSubstr(" filter='--comm=job1 --comm=job2 --failed' "));
}

TEST_F(MergeTest, FilesThatCouldNotBeReadAreTold) {
  { ScriptedLog log(log_path_); }
  std::ofstream(temp_ / "text") << "text";
  const std::string partial = temp_ / "partial";
  const Answer answer =
      Run("report --log LOG --log " + (temp_ / "text") + kWindow + " --partial " + partial);
  EXPECT_EQ(answer.status, 3);
  EXPECT_EQ(answer.err, "daybook: " + (temp_ / "text") + ": not a daybook log\n");
  const Answer merged = Run("merge --output json " + partial);
  EXPECT_EQ(merged.status, 4);
  EXPECT_THAT(merged.out, HasSubstr("\"unreadable_files\":1,"));
}

}  // namespace
}  // namespace daybook
