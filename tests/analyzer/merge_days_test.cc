// Roll-ups have days: what ended, was lost or was not recorded is told of its day, and days may be
// missing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>

#include "daybook/abilities.h"
#include "merge_fixture.h"
#include "scripted_log.h"

namespace daybook {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

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

// Its days have no time in common, whatever the clock showed in which order.
TEST_F(MergeTest, AClockThatIsSetBackOverMidnightMakesNoTwoLogs) {
  {
    ScriptedLog log(log_path_);
    const auto set_clock = [&](uint64_t ms, uint64_t shown_ms) {
      log.At(ms);
      log.writer().Append(Clock{.time_ns = ScriptedLog::Ns(ms),
                                .realtime_ns = kScriptRealtimeNs - 5'000'000'000 +
                                               static_cast<int64_t>(ScriptedLog::Ns(shown_ms))});
    };
    log.Snapshot(5000);
    for (const int step : {0, 1, 2}) {
      const uint64_t ms = kMidnightMs + static_cast<uint64_t>(step) * 60'000;
      if (step != 0) set_clock(ms - 30'000, kMidnightMs - 30'000);
      log.Fork(ms - 20'000, 300, 100, 2000);
      log.Exit(ms - 10'000, 300, ms - 20'000, 0, "early", 1);
      log.Fork(ms + 10'000, 301, 100, 2000);
      log.Exit(ms + 20'000, 301, ms + 10'000, 0, "late", 1);
      log.Rotate(ms + 25'000);
    }
  }
  const std::string first = Partial("first", "--log LOG -S 2026-09-21 -U 2026-09-22");
  const std::string second = Partial("second", "--log LOG -S 2026-09-22 -U 2026-09-23");
  EXPECT_EQ(Out("merge --by day,comm --sort day --output csv --columns day,comm,count " + first +
                " " + second),
            "day,comm,count\n2026-09-21,early,3\n2026-09-22,late,3\n");
  EXPECT_EQ(CoverageOf("merge " + second + " " + first)["recorded_twice_us"], 0U);
  EXPECT_EQ(CoverageOf("list --log LOG")["recorded_twice_us"], 0U);
}

// Of 2026-09-22 23:59:59 and of the midnight behind it.
TEST_F(MergeTest, AProcessIsInTheDayOfItsEnd) {
  {
    ScriptedLog log(log_path_);
    log.Fork(6000, 10, 1, 0);
    log.Fork(6000, 11, 1, 0);
    log.Exit(kMidnightMs + kDayMs - 1, 10, 6000, 0, "early", 1);
    log.Exit(kMidnightMs + kDayMs, 11, 6000, 0, "late", 2);
  }
  const std::string all = Partial("all", std::string("--log LOG") + kWindow);
  EXPECT_EQ(Out("merge --by day,comm --sort day --output csv --columns day,comm,count " + all),
            "day,comm,count\n2026-09-22,early,1\n2026-09-23,late,1\n");
  // The order of days is that of time, of whatever cost.
  const std::string by_day = "merge --by day --output csv --no-header --columns day,cpu ";
  EXPECT_EQ(Out(by_day + all), "2026-09-22,1\n2026-09-23,2\n");
  EXPECT_EQ(Out(by_day + "--sort -cpu " + all), "2026-09-23,2\n2026-09-22,1\n");
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

// The boot goes on in another log at 2026-09-22 03:00.
TEST_F(MergeTest, ATimeBetweenTwoLogsOfOneBootIsToldOfTheDayOfItsEnd) {
  {
    ScriptedLog log(temp_ / "a");
    log.Fork(6000, 10, 1, 0);
  }
  {
    ScriptedLog log(temp_ / "b");
    log.Rotate(kMidnightMs + 3 * kHourMs);
    log.Fork(kMidnightMs + 4 * kHourMs, 11, 1, 0);
    log.RecorderStart();
    log.Rotate(kMidnightMs + kDayMs);
    log.RecorderStart();
  }
  std::filesystem::remove(temp_ / "b/daybook-00000001.dbk");
  const std::string both =
      Partial("both", "--log " + (temp_ / "a") + " --log " + (temp_ / "b") + kWindow);
  for (const auto& [day, next, gaps] :
       {std::tuple("21", "22", 0U), std::tuple("22", "23", 1U), std::tuple("23", "24", 0U)}) {
    const std::string window = std::string(" -S 2026-09-") + day + " -U 2026-09-" + next;
    EXPECT_EQ(CoverageOf("merge " + both + window).at("recording_gaps"), gaps) << day;
  }
}

// No order of the two files puts the second segment between the others.
TEST_F(MergeTest, RecordsOutOfOrderAreMissingOnTheirDay) {
  {
    ScriptedLog log(log_path_);
    for (uint64_t day = 0; day < 3; ++day) {
      const uint64_t ms = kMidnightMs + day * kDayMs;
      if (day != 0) log.Rotate(ms);
      log.Fork(ms + 1000, 10, 1, 0);
      log.Exit(ms + 1500, 10, ms + 1000, 0, "job", 1);
      log.Snapshot(ms + 2000);
    }
  }
  const std::string segment = log_path_ + "/daybook-0000000";
  std::ofstream(temp_ / "joined", std::ios::binary)
      << std::ifstream(segment + "1.dbk").rdbuf() << std::ifstream(segment + "3.dbk").rdbuf();
  const std::string logs = "--log " + (temp_ / "joined") + " --log " + segment + "2.dbk";
  EXPECT_EQ(Run("report " + logs + " -U 2026-09-25 --partial " + (temp_ / "p")).status, 4);
  const Answer merged = Run("merge --output json -S 2026-09-23 -U 2026-09-24 " + (temp_ / "p"));
  EXPECT_EQ(merged.status, 4);
  EXPECT_THAT(merged.out, HasSubstr("\"missing_records\":2,"));
  EXPECT_EQ(Run("merge -S 2026-09-22 -U 2026-09-23 " + (temp_ / "p")).status, 0);
}

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

TEST_F(MergeTest, WhatTheRecorderWasToLeaveOutIsToldOfItsDays) {
  {
    ScriptedLog log(log_path_);
    log.writer().Append(Info{.key = kFilterInfo, .value = "--only-failed"});
    log.At(7000);
    log.Filtered(std::nullopt);
    log.Rotate(kMidnightMs - 1000);
    log.At(kMidnightMs + 1000);
    log.Filtered(std::nullopt);
    log.At(2 * kMidnightMs);
    log.writer().Append(
        Recorder{.time_ns = ScriptedLog::Ns(2 * kMidnightMs), .filter = "--except-uid 4"});
  }
  const std::string first = Partial("1", "--log LOG -S 2026-09-21 -U 2026-09-22");
  const std::string second = Partial("2", "--log LOG -S 2026-09-22 -U 2026-09-23");
  EXPECT_THAT(Out("merge --output json " + first), HasSubstr("\"filter\":\"--only-failed\""));
  EXPECT_THAT(Out("merge --output json " + second), HasSubstr("\"filter\":\"--except-uid 4\""));
  EXPECT_THAT(Out("merge " + second + " " + first),
              HasSubstr("; filter of the recorder: --except-uid 4, --only-failed"));
  const std::string both = temp_ / "both";
  Out("merge --into " + both + " " + first + " " + second);
  EXPECT_THAT(Out("merge " + both), HasSubstr("; filter of the recorder: --except-uid 4, --only"));
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

TEST_F(MergeTest, WhatIsNotAskedForIsCountedOnceToo) {
  WriteRandomLog({.path = temp_ / "a", .host = "web1", .seed = 71});
  WriteRandomLog({.path = temp_ / "b", .host = "web2", .seed = 72});
  const std::string both =
      Partial("both", "--log " + (temp_ / "a") + " --log " + (temp_ / "b") + kWindow);
  const std::string copy = temp_ / "copy";
  std::filesystem::copy_file(both, copy);
  for (const std::string ask : {"merge --host web2 ", "merge -S '2026-09-22 12:00' "}) {
    auto once = CoverageOf(ask + both);
    auto twice = CoverageOf(ask + both + " " + copy);
    EXPECT_GT(std::exchange(twice.at("repeated_rollups"), 0), 0);
    EXPECT_EQ(once, twice) << ask;
  }
}

}  // namespace
}  // namespace daybook
