// The page for the morning of hosts that are not always on, and of several of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <tuple>

#include "program_runner.h"
#include "script.h"

namespace daybook {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using std::string_view_literals::operator""sv;

constexpr int64_t kMinute = 60;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;
constexpr int64_t kMidnight = 1'790'035'200;  // 2026-09-22

class NightlyBootsTest : public ProgramRunner {
 protected:
  // In seconds since 2026-09-22 00:00.
  struct Boot {
    uint8_t id = 0xB0;
    int64_t begin = 0;
    int64_t recorded = 0;  // from then on
    int64_t end = 0;
    std::string host = "web1";
    int64_t every = kHour;  // a process begins so often
    std::string_view comm = "tick";
    uint32_t wait_status = 0;
  };
  // Of the same host one after the other.
  void Write(const Boot& boot) {
    const std::string path = boot.host == "web1" ? log_path_ : temp_ / boot.host;
    // 5 s after the boot, at which a scripted log begins.
    ScriptedLog log(path, boot.id, boot.host, (kMidnight + boot.begin + 5) * 1'000'000'000);
    const auto ms = [&](int64_t time) { return static_cast<uint64_t>(time - boot.begin) * 1000; };
    if (boot.recorded > boot.begin + 5) {
      log.At(ms(boot.recorded));
      log.writer().Append(RecordingGap{.first_time_ns = 0,
                                       .last_time_ns = ScriptedLog::Ns(ms(boot.recorded)),
                                       .missed_forks = 40});
    }
    uint32_t pid = 1000;
    for (int64_t time = boot.recorded + 10; time < boot.end; time += boot.every) {
      ++pid;
      log.Fork(ms(time), pid, 1, 0);
      log.Exec(ms(time) + 1, pid, ms(time), boot.comm, "/usr/bin/" + std::string(boot.comm),
               boot.comm);
      log.Exit(ms(time) + 100, pid, ms(time), boot.wait_status, boot.comm, 1000);
    }
    log.At(ms(boot.end));
    log.Filtered(std::nullopt);
    log.Close();
  }

  // Of the second boot, which begins at 20:00, the segment of 30:00 to 32:00 is missing.
  void WriteWithoutASegment() {
    Write({.id = 0xB1, .begin = 0, .recorded = 0, .end = 4 * kHour, .every = kMinute});
    ScriptedLog log(log_path_, 0xB2, "web1", (kMidnight + 20 * kHour) * 1'000'000'000);
    for (uint64_t minute = 1; minute < 20 * 60; ++minute) {
      if (minute == 10 * 60 || minute == 12 * 60) log.Rotate(minute * 60'000);
      log.Fork(minute * 60'000, 200, 1, 0);
      log.Exit(minute * 60'000 + 100, 200, minute * 60'000, 0, "tick", 1000);
    }
    log.Close();
    std::filesystem::remove(log_path_ + "/daybook-00000003.dbk");
  }

  std::string Rows(const std::string& window, const std::string& section) const {
    return Run("report --log LOG --output csv --no-header --section " + section + " " + window).out;
  }
};

// Whatever it was called when that was lost.
TEST_F(NightlyBootsTest, AHostThatWasRenamedIsOneInWhatIsMissing) {
  for (const auto& [id, host, begin] : {std::tuple(0xB1, "old", 0L), std::tuple(0xB2, "new", 1L)}) {
    ScriptedLog log(log_path_, static_cast<uint8_t>(id), host,
                    (kMidnight + begin * kHour) * 1'000'000'000);
    for (uint64_t ms = 6000; ms < kHour * 1000; ms += 60'000) log.Fork(ms, 200, 1, 0);
    const uint64_t now_ns = ScriptedLog::Ns(kHour * 1000);
    log.writer().Append(Lost{.first_time_ns = now_ns - 1, .last_time_ns = now_ns, .forks = 3});
    log.writer().Append(RecordingGap{.first_time_ns = ScriptedLog::Ns(7000),
                                     .last_time_ns = ScriptedLog::Ns(8000)});
  }
  const std::string rows = Rows("-S 2026-09-22 -U '2026-09-22 02:00'", "coverage");
  EXPECT_THAT(rows, AllOf(HasSubstr("lost,2,6,0,"), HasSubstr("not_recorded,2,")));
  EXPECT_THAT(rows, AllOf(Not(HasSubstr(",old")), HasSubstr(",new\n")));
  const std::string page = Run("report --log LOG -S 2026-09-22 -U '2026-09-22 02:00'").out;
  EXPECT_THAT(page, Not(HasSubstr("2 hosts")));
  EXPECT_THAT(Run("list --log LOG").out, AllOf(HasSubstr("boots 2"), Not(HasSubstr("2 hosts"))));
}

TEST_F(NightlyBootsTest, ATimeBetweenTwoBootsIsNotInTheLog) {
  Write({.id = 0xB1, .begin = -kHour, .recorded = 2 * kHour, .end = 4 * kHour});
  Write({.id = 0xB2, .begin = 20 * kHour, .recorded = 21 * kHour, .end = kDay});
  const std::string off =
      "between_boots,1,0,0,57600000000,2026-09-22T04:00:00.000000+00:00,"
      "2026-09-22T20:00:00.000000+00:00,web1\n";
  EXPECT_THAT(Rows("-S 2026-09-22 -U 2026-09-23", "coverage"), HasSubstr(off));
  EXPECT_EQ(Run("report --log LOG -S 2026-09-22 -U 2026-09-23 --fail-on 'gap>2'").status, 1);
  EXPECT_EQ(Run("report --log LOG -S 2026-09-22 -U 2026-09-23 --fail-on stopped").status, 0);
  // Cut to the time that is asked for; who was not there at its end has stopped.
  EXPECT_THAT(Rows("-S 2026-09-22 -U '2026-09-22 12:00'", "coverage"),
              HasSubstr("recorder_stopped,1,0,0,28800000000,2026-09-22T04:00:00.000000+00:00,"));
  EXPECT_THAT(Rows("-S '2026-09-22 12:00' -U 2026-09-23", "coverage"),
              HasSubstr("between_boots,1,0,0,28800000000,2026-09-22T12:00:00.000000+00:00,"
                        "2026-09-22T20:00:00.000000+00:00,web1\n"));
}

// The first log ends before the window, and is not read.
TEST_F(NightlyBootsTest, BetweenTwoLogsOfABootNobodyRecorded) {
  Write({.id = 0xB1, .begin = 0, .recorded = 0, .end = 4 * kHour});
  const std::string other = temp_ / "other";
  {
    ScriptedLog log(other, 0xB1, "web1", (kMidnight + 5) * 1'000'000'000);
    log.Rotate(20 * kHour * 1000);
    log.At(kDay * 1000 - 1000);
    log.Filtered(std::nullopt);
  }
  std::filesystem::remove(other + "/daybook-00000001.dbk");
  const struct {
    std::string window;
    std::string told;
  } cases[] = {
      {"-S '2026-09-22 12:00' -U 2026-09-23 --log " + other,
       "not_recorded,1,0,0,28800000000,2026-09-22T12:00:00.000000+00:00,"
       "2026-09-22T20:00:00.000000+00:00,web1\n"},
      {"-S 2026-09-22 -U 2026-09-23 --log " + other,
       "not_recorded,1,0,0,57600000000,2026-09-22T04:00:00.000000+00:00,"
       "2026-09-22T20:00:00.000000+00:00,web1\n"},
  };
  for (const auto& [window, told] : cases) {
    EXPECT_EQ(Rows(window, "coverage"), told);
    EXPECT_THAT(Run("report --log LOG " + window).out, HasSubstr("; not recorded: times 1, "));
  }
}

// What is missing of a later boot tells nothing of the time before it.
TEST_F(NightlyBootsTest, BetweenTwoBootsNobodyRecordedWhateverIsMissingLater) {
  WriteWithoutASegment();
  EXPECT_THAT(Run("ps --log LOG --at '2026-09-22 10:00'").out,
              HasSubstr("-- on web1 nobody recorded from 2026-09-22 04:00:00 until 2026-09-22 20"));
  const Answer answer =
      Run("diff --log LOG -S '2026-09-22 08:00' -U '2026-09-22 12:00' --old-since 2026-09-22 "
          "--old-until '2026-09-22 04:00'");
  EXPECT_THAT(answer.out, AllOf(HasSubstr("compared with nothing"), Not(HasSubstr("gone"))));
}

TEST_F(NightlyBootsTest, WhatIsMissingBehindItsEndDoesNotMeanThatARecorderIsThere) {
  WriteWithoutASegment();
  const std::string window = "-S 2026-09-22 -U '2026-09-22 12:00'";
  EXPECT_EQ(Rows(window, "coverage"),
            "recorder_stopped,1,0,0,28800000000,2026-09-22T04:00:00.000000+00:00,"
            "2026-09-22T12:00:00.000000+00:00,web1\n");
  EXPECT_EQ(Run("report --log LOG --fail-on stopped " + window).status, 1);
}

// Nobody knows how long they were written: they touch the time behind the last record before them.
TEST_F(NightlyBootsTest, WhatIsMissingBeforeAClockThatWasSetBackIsTold) {
  Write({.id = 0xB1, .begin = 0, .recorded = 0, .end = 4 * kHour});
  Write({.id = 0xB2, .begin = 4 * kHour, .recorded = 4 * kHour, .end = 6 * kHour});
  Write({.id = 0xB3, .begin = -2 * kHour, .recorded = -2 * kHour, .end = 8 * kHour});
  std::filesystem::remove(log_path_ + "/daybook-00000002.dbk");
  EXPECT_THAT(Rows("-S '2026-09-22 04:00' -U '2026-09-22 06:00'", "coverage"),
              HasSubstr("missing_records,1,"));
}

// The last ones before a host goes off are lost: nobody knows when they were, but it is not all of
// the time until it is on again.
TEST_F(NightlyBootsTest, ATornTailBeforeARebootIsOfNoTime) {
  {
    ScriptedLog log(log_path_, 0xB1, "web1", kMidnight * 1'000'000'000);
    for (uint64_t hour = 1; hour < 5; ++hour) {
      for (uint64_t ms = hour * 3'600'000; ms < hour * 3'600'000 + 100; ++ms) {
        log.Fork(ms, static_cast<uint32_t>(ms), 1, 0);
      }
      log.Flush();
    }
    log.Abandon();
  }
  Write({.id = 0xB2, .begin = 20 * kHour, .recorded = 20 * kHour, .end = kDay});
  const std::string path = log_path_ + "/daybook-00000001.dbk";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 100);
  EXPECT_THAT(Rows("-S 2026-09-22 -U 2026-09-23", "coverage"),
              AllOf(HasSubstr("between_boots,1,0,0,57"),
                    testing::ContainsRegex("missing_records,1,[1-9][0-9]*,0,,2026-09-22T0")));
}

TEST_F(NightlyBootsTest, AHostThatIsOnlyStartedAnewIsNoException) {
  Write({.id = 0xB1, .begin = -kHour, .recorded = -kHour, .end = 4 * kHour});
  Write({.id = 0xB2,
         .begin = 4 * kHour + 2 * kMinute,
         .recorded = 4 * kHour + 2 * kMinute,
         .end = kDay});
  const Answer answer =
      Run("report --log LOG -S 2026-09-22 -U 2026-09-23 --only-exceptions --fail-on gap,stopped");
  EXPECT_EQ(answer.out, "");
  EXPECT_EQ(answer.status, 0);
}

TEST_F(NightlyBootsTest, ATimeWithoutARecorderIsToldOnEachDayAndItsForksOnTheLast) {
  Write({.id = 0xB1, .begin = 23 * kHour, .recorded = kDay + kHour, .end = 2 * kDay});
  EXPECT_THAT(Rows("-S '2026-09-22 22:00' -U 2026-09-23", "coverage"),
              HasSubstr("not_recorded,1,0,0,3600000000,2026-09-22T23:00:00.000000+00:00,"
                        "2026-09-23T00:00:00.000000+00:00,web1\n"));
  EXPECT_EQ(Rows("-S 2026-09-23 -U 2026-09-24", "coverage"),
            "not_recorded,1,40,0,3600000000,2026-09-23T00:00:00.000000+00:00,"
            "2026-09-23T01:00:00.000000+00:00,web1\n");
}

// 8 of 24 hours, each day.
TEST_F(NightlyBootsTest, AHostThatIsOffAtNightIsComparedWithTheTimesInWhichItWasOn) {
  for (int64_t day = 0; day < 3; ++day) {
    Write({.id = static_cast<uint8_t>(0xB1 + day),
           .begin = day * kDay + 8 * kHour,
           .recorded = day * kDay + 8 * kHour,
           .end = day * kDay + 16 * kHour});
  }
  const std::string window = "-S 2026-09-24 -U 2026-09-25 ";
  EXPECT_EQ(
      Run("report --log LOG --baseline 2d --section changes,new_programs --output jsonl " + window)
          .out,
      "");
  EXPECT_THAT(Run("report --log LOG --baseline 2d " + window).out,
              HasSubstr("compared with 2026-09-22 08:00:05 to 2026-09-24 00:00:00\n"));
}

TEST_F(NightlyBootsTest, AHostThatWasOffAtTheBeginOfTheTimeBeforeIsComparedWithAllOfIt) {
  for (int64_t day = 0; day < 3; ++day) {
    Write({.id = static_cast<uint8_t>(0xB1 + day),
           .begin = day * kDay + 8 * kHour,
           .recorded = day * kDay + 8 * kHour,
           .end = day * kDay + 16 * kHour,
           .comm = day == 2 ? "fresh" : "tick"});
  }
  const std::string page = Run("report --log LOG -S 2026-09-24 -U 2026-09-25 --baseline 1d").out;
  EXPECT_THAT(page, AllOf(HasSubstr("compared with 2026-09-23 00:00:00 to 2026-09-24 00:00:00\n"),
                          HasSubstr("/usr/bin/fresh"), HasSubstr("gone")));
  // The log has no more of the day before than these hours.
  EXPECT_THAT(Run("report --log LOG -S 2026-09-23 -U 2026-09-24 --baseline 1d").out,
              HasSubstr("-- compared with nothing"));
}

// Day 4 and day 5 are a weekend.
TEST_F(NightlyBootsTest, WhatRanOnEachDayOnWhichTheHostWasOnIsGone) {
  const auto write = [this](int64_t day, std::string_view comm) {
    Write({.id = static_cast<uint8_t>(0xB1 + day),
           .begin = day * kDay + 8 * kHour,
           .recorded = day * kDay + 8 * kHour,
           .end = day * kDay + 16 * kHour,
           .comm = comm});
  };
  for (const int64_t day : {0, 1, 2, 3}) write(day, "backup");
  write(6, "tick");
  const std::string window = "-S 2026-09-28 -U 2026-09-29";
  EXPECT_THAT(Rows(window, "changes"), HasSubstr("backup,gone,"));
  write(7, "tick");
  EXPECT_EQ(Rows("-S 2026-09-29 -U 2026-09-30", "changes"), "") << "it was not there on day 6";
}

TEST_F(NightlyBootsTest, WhatIsGoneIsSaidAlsoOfADayThatIsLongerThanOthers) {
  for (int64_t day = 0; day < 8; ++day) {
    const bool is_long = day == 7;
    Write({.id = static_cast<uint8_t>(0xB1 + day),
           .begin = day * kDay + 8 * kHour,
           .recorded = day * kDay + 8 * kHour,
           .end = day * kDay + (is_long ? 24 * kHour - 1 : 12 * kHour),
           .comm = is_long ? "tick" : "backup"});
  }
  EXPECT_THAT(Rows("-S 2026-09-29 -U 2026-09-30", "changes"), HasSubstr("backup,gone,"));
}

TEST_F(NightlyBootsTest, WhereLittleWasRecordedNothingIsCompared) {
  Write({.id = 0xB1, .begin = 0, .recorded = 0, .end = 30});
  Write({.id = 0xB2, .begin = kDay, .recorded = kDay + 5, .end = kDay + kHour, .every = kMinute});
  const std::string out =
      Run("report --log LOG -S 2026-09-23 -U '2026-09-23 01:00' --baseline 1d").out;
  EXPECT_THAT(out, AllOf(HasSubstr("-- compared with nothing"), Not(HasSubstr("more_often"))));
}

TEST_F(NightlyBootsTest, HostsAreToldApart) {
  for (const std::string host : {"web1", "web2"}) {
    Write({.id = host == "web1" ? uint8_t{0xB1} : uint8_t{0xB2},
           .begin = -kHour,
           .recorded = -kHour,
           .end = kDay + 5 * kHour,
           .host = host});
  }
  // What is old on the one may be new on the other.
  Write({.id = 0xC1,
         .begin = kDay + 6 * kHour,
         .recorded = kDay + 6 * kHour,
         .end = 2 * kDay,
         .comm = "tick"});
  Write({.id = 0xC2,
         .begin = kDay + 6 * kHour,
         .recorded = kDay + 6 * kHour,
         .end = 2 * kDay,
         .host = "web2",
         .comm = "app",
         .wait_status = 11});
  const std::string both = "--log LOG --log " + (temp_ / "web2") + " -S 2026-09-23 -U 2026-09-24 ";
  const std::string page = Run("report " + both).out;
  EXPECT_THAT(page, AllOf(HasSubstr("daybook report: web1, web2, 2026-09-23 00:00:00 to "),
                          HasSubstr("\nHOST  COMM  JOB  STATUS   CORE  OOM  COUNT"),
                          HasSubstr("\nweb2  app   app  SIGSEGV  no    no      18"),
                          HasSubstr("\nweb2  /usr/bin/app"), Not(HasSubstr("\nweb1  /usr/bin")),
                          HasSubstr("\nweb1  process"), HasSubstr("\nweb2  process")));
  EXPECT_EQ(Run("report " + both + "--output json | jq -c '.hosts'").out, "[\"web1\",\"web2\"]\n");
  EXPECT_EQ(Run("jobs " + both + "--columns host,job,runs --sort host --output csv").out,
            "host,job,runs\nweb1,tick,23\nweb2,app,18\nweb2,tick,5\n");
  EXPECT_THAT(Run("jobs " + both).out, HasSubstr("HOST  KIND     RUNS"));
  // Of one host only programs are told which.
  const std::string one = "--log LOG -S 2026-09-23 -U 2026-09-24 ";
  EXPECT_THAT(Run("report " + one).out, Not(HasSubstr("HOST  ")));
  EXPECT_THAT(Run("jobs " + one).out, Not(HasSubstr("HOST")));
  EXPECT_THAT(Run("jobs " + one + "--output json").out, HasSubstr("\"host\":\"web1\""));
  EXPECT_THAT(Rows(one, "programs"), HasSubstr(",web1\n"));
}

}  // namespace
}  // namespace daybook
