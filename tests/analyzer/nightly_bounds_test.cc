// What is of the night, and what is only of the time before it or behind it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "nightly_week.h"
#include "scripted_log.h"

namespace daybook {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST_F(NightlyTest, ANightOfWhichTheLogHasNothingIsAnException) {
  Worry();
  std::filesystem::remove(log_path_ + "/daybook-00000007.dbk");
  EXPECT_EQ(Run(kAsk + "--section coverage --output csv").out, std::string(R"(
what,times,lost,bytes,duration_us,first_time,last_time,host
recorder_stopped,1,0,0,86401000000,2026-09-27T23:59:59.000000+00:00,2026-09-29T00:00:00.000000+00:00,web1
)")
                                                                   .substr(1));
}

TEST_F(NightlyTest, DamageInTheNightIsAnExceptionAndOlderDamageIsNot) {
  Worry();
  for (const auto& [number, is_exception] : {std::pair(7, true), std::pair(3, false)}) {
    const std::string path = log_path_ + "/daybook-0000000" + std::to_string(number) + ".dbk";
    const std::string whole = Slurp(path);
    std::string damaged = whole;
    damaged[damaged.size() * 3 / 4] ^= 0x10;
    std::ofstream(path, std::ios::binary) << damaged;
    const std::string out = Run(kAsk + "--section coverage").out;
    EXPECT_EQ(out.find("\ndamaged ") != std::string::npos, is_exception) << out;
    EXPECT_EQ(Run(kAsk + "--fail-on damage").status, is_exception ? 1 : 4);
    std::ofstream(path, std::ios::binary) << whole;
  }
}

TEST_F(NightlyTest, AMissingSegmentIsAnExceptionOfItsOwnTimeOnly) {
  Close();
  std::filesystem::remove(log_path_ + "/daybook-00000004.dbk");
  const std::string ask = " --section coverage --output csv";
  for (const char* day : {"-S 2026-09-23 -U 2026-09-24", "-S 2026-09-27 -U 2026-09-28",
                          "-S '2026-09-25 23:59:59' -U 2026-09-27"}) {
    const std::string out = Run("report --log LOG " + std::string(day) + ask).out;
    EXPECT_THAT(out, Not(HasSubstr("missing_records"))) << day;
  }
  const std::string told =
      "missing_records,1,27,0,86400000000,2026-09-24T23:59:59.000000+00:00,"
      "2026-09-25T23:59:59.000000+00:00,web1\n";
  for (const char* time : {"-S 2026-09-25 -U 2026-09-26", "-S 2026-09-24 -U '2026-09-25 12:00'",
                           "-S '2026-09-25 12:00' -U 2026-09-27", "-S 2026-09-23 -U 2026-09-28"}) {
    const std::string report = "report --log LOG " + std::string(time);
    const std::string out = Run(report + ask + " --no-header").out;
    EXPECT_EQ(out, told) << time << ": the recorder was there";
    EXPECT_EQ(Run(report + " --fail-on stopped,gap").status, 4) << time;
  }
  // Where the whole log is in one file, nothing is left out: what is missing is the same.
  std::ofstream joined(temp_ / "joined", std::ios::binary);
  const auto segments = FindSegments(log_path_);
  for (const std::string& path : *segments) joined << std::ifstream(path).rdbuf();
  joined.close();
  log_path_ = temp_ / "joined";
  EXPECT_THAT(Run("report --log LOG -S 2026-09-23 -U 2026-09-24" + ask).out,
              Not(HasSubstr("missing_records")));
  EXPECT_THAT(Run("report --log LOG -S 2026-09-25 -U 2026-09-26" + ask).out,
              HasSubstr("missing_records"));
}

// Of the second half of a segment, of its middle, or of all of it.
TEST_F(NightlyTest, NothingHasChangedOfWhichRecordsAreMissing) {
  Close();
  const std::string path = log_path_ + "/daybook-00000004.dbk";
  const std::string whole = Slurp(path);
  std::string damaged = whole;
  std::fill(damaged.begin() + static_cast<std::ptrdiff_t>(whole.size() * 2 / 5),
            damaged.begin() + static_cast<std::ptrdiff_t>(whole.size() * 4 / 5), '\xAA');
  const std::string report = "report --log LOG -S 2026-09-25 -U 2026-09-26 ";
  const std::string all = "compared with nothing: nearly all records of this time are missing";
  const std::string some = "records of this time are missing: nothing of it is said to be gone";
  const std::pair<std::string, std::string> cases[] = {
      {whole.substr(0, whole.size() / 2), all}, {damaged, some}, {"", all}};
  for (const auto& [left, why] : cases) {
    std::ofstream(path, std::ios::binary) << left;
    if (left.empty()) std::filesystem::remove(path);
    EXPECT_EQ(Run(report + "--section changes,job_changes,new_programs --output jsonl").out, "");
    const Answer page = Run(report + "--only-exceptions --fail-on change,stopped,gap");
    EXPECT_EQ(page.status, 4);
    EXPECT_THAT(page.out, HasSubstr("\n-- " + why + "\n"));
  }
}

// The gap does not tell how many records it held, but the next one does.
TEST_F(NightlyTest, NothingIsGoneWhereTheBeginOfASegmentIsDamaged) {
  WriteWeek(
      "headless",
      [](Week& week, uint64_t begin) { week.Live(begin + 2 * kHourMs, {.comm = "backup"}); },
      [](Week& week, uint64_t begin) {
        week.log().Rotate(begin);
        week.Live(begin + 2 * kHourMs, {.comm = "backup"});
        for (uint64_t i = 0; i < 200; ++i) {
          week.Live(begin + 3 * kHourMs + i * 5 * kMinuteMs, {.comm = "tick"});
          week.log().Flush();
        }
        week.log().Rotate(begin + kDayMs - 2000);
      });
  const std::string path = log_path_ + "/daybook-00000002.dbk";
  std::string headless = Slurp(path);
  std::fill_n(headless.begin(), headless.size() / 2, '\xAA');
  std::ofstream(path, std::ios::binary) << headless;
  const Answer page = Run(kAsk + "--only-exceptions --fail-on stopped,gap");
  EXPECT_EQ(page.status, 4);
  EXPECT_THAT(page.out, AllOf(HasSubstr("\n-- records of this time are missing"),
                              HasSubstr("\nmissing_records "), Not(HasSubstr("  gone"))));
  EXPECT_THAT(Run("ps --log LOG --at '2026-09-28 02:30'").out,
              HasSubstr("-- on web1 records are missing from 2026-09-2"));
}

// Nothing is missing of which there is a sound copy as well.
TEST_F(NightlyTest, ADamagedCopyOfASegmentTakesNothingAway) {
  for (uint64_t i = 0; i < 500; ++i) {
    week_.Live(kNightMs + 11 * kHourMs + i * 60'000, {.comm = "cc", .args = "cc\0-c\0"sv});
  }
  Close();
  std::string damaged = Slurp(log_path_ + "/daybook-00000007.dbk");
  std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(damaged.size() / 4), damaged.size() / 2,
              '\xAA');
  const std::string copy = temp_ / "copy.dbk";
  std::ofstream(copy, std::ios::binary) << damaged;
  const std::string both = kAsk + "--log " + copy;
  EXPECT_THAT(Run("report -S 2026-09-28 -U 2026-09-29 --log " + copy).out,
              Not(HasSubstr("lost 0")));
  EXPECT_THAT(Run(both).out, AllOf(HasSubstr("; lost 0,"), Not(HasSubstr("records of"))));
  EXPECT_EQ(Run(both + " --fail-on lost").status, 4) << "there is damage";
  for (const std::string& logs : {"--log LOG --log " + copy, "--log " + copy + " --log LOG"}) {
    EXPECT_THAT(
        Run("ps --at '2026-09-28 16:00' " + logs).out,
        AllOf(HasSubstr("; lost 0,"), Not(HasSubstr("missing")), Not(HasSubstr("out of order"))))
        << logs;
  }
}

TEST_F(NightlyTest, NothingIsGoneWhereSomeRecordsAreMissing) {
  WriteWeek(
      "some",
      [](Week& week, uint64_t begin) {
        for (const char* comm : {"backup", "tick"}) week.Live(begin + 8 * kHourMs, {.comm = comm});
      },
      [](Week& week, uint64_t begin) {
        week.log().Rotate(begin + 7 * kHourMs);
        week.Live(begin + 8 * kHourMs, {.comm = "tock"});
        week.log().Rotate(begin + 9 * kHourMs);
        for (uint64_t i = 0; i < 30; ++i) {
          week.Live(begin + 10 * kHourMs + i * 200, {.comm = "tick"});
        }
      });
  const std::string changes = kAsk + "--section changes --output csv";
  EXPECT_THAT(Run(changes).out, HasSubstr("\nbackup,gone,"));
  std::filesystem::remove(log_path_ + "/daybook-00000002.dbk");
  EXPECT_THAT(Run(changes).out, AllOf(HasSubstr("\ntick,more_often,"), Not(HasSubstr("gone"))));
  EXPECT_THAT(Run(kAsk).out, HasSubstr("\n-- records of this time are missing: nothing of it is "
                                       "said to be gone\n"));
}

// Of the day before, two hours are missing in which a program ran.
TEST_F(NightlyTest, WhatIsMissingOfTheTimeBeforeDoesNotEndTheComparison) {
  const auto day = [](Week& week, uint64_t begin) {
    week.Live(begin + 2 * kHourMs, {.comm = "tick"});
    week.log().Rotate(begin + 3 * kHourMs);
    week.Live(begin + 4 * kHourMs, {.comm = "backup"});
    week.log().Rotate(begin + 5 * kHourMs);
  };
  WriteWeek("before", day, day);
  const std::string ask = kAsk + "--baseline 1d ";
  const std::string note =
      "\n-- records of the time before are missing: what is new or more often may only seem so\n";
  EXPECT_THAT(Run(ask).out, Not(HasSubstr("records of")));
  std::filesystem::remove(log_path_ + "/daybook-00000012.dbk");
  EXPECT_THAT(Run(ask).out, AllOf(HasSubstr("\ncompared with 2026-09-27 00:00:00 to "),
                                  HasSubstr(note), HasSubstr("\n/usr/bin/backup")));
  EXPECT_THAT(Run(kAsk).out, AllOf(HasSubstr(note), Not(HasSubstr("New programs"))));
  // The most of it.
  std::filesystem::remove(log_path_ + "/daybook-00000013.dbk");
  EXPECT_THAT(Run(ask).out,
              AllOf(HasSubstr("\n-- compared with nothing: the log has too little of"),
                    Not(HasSubstr("new"))));
}

// Only its end is told, so that its path is not known.
TEST_F(NightlyTest, AProgramWhoseBeginIsLostIsNotNew) {
  for (const auto& [pid, comm] : {std::pair(4000, "backup"), std::pair(4001, "fresh")}) {
    week_.log().Exit(kNightMs + 12 * kHourMs, pid, kNightMs + 11 * kHourMs, 0, comm, 1000);
  }
  Close();
  const std::string rows = Run(kAsk + "--section new_programs --output csv --no-header").out;
  EXPECT_THAT(rows, AllOf(HasSubstr("fresh,1,"), Not(HasSubstr("backup,"))));
}

// No order of the two files puts the second segment between the others.
TEST_F(NightlyTest, RecordsThatWereLeftOutSinceTheyWereOutOfOrderAreAnException) {
  Close();
  const std::string other = temp_ / "other";
  {
    ScriptedLog log(other);
    for (uint64_t i = 0; i < 3; ++i) {
      if (i != 0) log.Rotate(kNightMs + i * kHourMs);
      log.Fork(kNightMs + i * kHourMs + 1000, 300, 1, 5000);
    }
  }
  const std::string segment = other + "/daybook-0000000";
  std::ofstream(temp_ / "joined", std::ios::binary)
      << std::ifstream(segment + "1.dbk").rdbuf() << std::ifstream(segment + "3.dbk").rdbuf();
  const std::string ask = "report -S 2026-09-28 -U 2026-09-29 --section coverage --log " +
                          (temp_ / "joined") + " --log " + segment + "2.dbk";
  const Answer answer = Run(ask + " --output csv");
  EXPECT_EQ(answer.status, 4);
  EXPECT_THAT(answer.out, HasSubstr("\nunordered_records,1,1,0,,,,\n"));
  EXPECT_EQ(Run(ask + " --only-exceptions --fail-on lost").status, 1);
  EXPECT_EQ(Run(ask + " --only-exceptions --fail-on damage").status, 4);
}

TEST_F(NightlyTest, WhereTwoLogsTellOfOneBootItIsRecordedTwice) {
  Close();
  const std::string other = temp_ / "other";
  {
    ScriptedLog log(other);  // the same boot of the same host
    log.At(kNightMs + 2 * kHourMs);
    log.Filtered(std::nullopt);
  }
  const std::string ask = kAsk + "--section coverage --output csv --log ";
  const std::string out = Run(ask + other).out;
  EXPECT_THAT(out, HasSubstr("recorded_twice,1,0,0,7200000000,2026-09-28T00:00:00.000000+00:00,"
                             "2026-09-28T02:00:00.000000+00:00,web1\n"));
  EXPECT_THAT(out, Not(HasSubstr("between_boots")));
  EXPECT_THAT(Run(ask + log_path_).out, Not(HasSubstr("recorded_twice")));
  const std::string told = "told by two logs and counted twice: 2h00m";
  const std::string both = "-S 2026-09-28 -U 2026-09-29 --log LOG --log " + other;
  for (const std::string verb : {"report ", "summary ", "jobs ", "dump "}) {
    EXPECT_THAT(Run(verb + both).out, HasSubstr(told)) << verb;
    const Answer alone = Run(verb + "-S 2026-09-28 -U 2026-09-29 --log LOG");
    EXPECT_THAT(alone.out, Not(HasSubstr("counted twice"))) << verb;
  }
  for (const std::string ask_rows : {"summary --output csv ", "summary --style sa "}) {
    EXPECT_EQ(Run(ask_rows + both).err, "daybook: of the log some time is " + told + "\n");
  }
  const std::string partial = temp_ / "partial";
  EXPECT_THAT(Run("report --partial " + partial + " " + both).out, HasSubstr(told));
}

TEST_F(NightlyTest, WhoRanAtTheEndOfALogIsNotKnownToRunDaysLater) {
  Close();
  const std::string head =
      "processes,running,failed,cpu_us,utime_us,stime_us,maxrss_kib,read_bytes,"
      "write_bytes,host\n";
  const std::string totals = "report --log LOG --section totals --output csv ";
  EXPECT_THAT(Run(totals + "-S 2026-09-28 -U 2026-09-29").out, HasSubstr("\n10,2,1,"));
  EXPECT_EQ(Run(totals + "-S 2026-09-30 -U 2026-10-01").out, head + "0,0,0,,,,,,,web1\n");
  EXPECT_THAT(Run("report --log LOG -S 2026-09-30 -U 2026-10-01 --output json").out,
              AllOf(HasSubstr("\"records\":0,"), HasSubstr("\"processes\":0,\"running\":0,"),
                    HasSubstr("\"used\":0,\"filtered\":0,")))
      << "of what is read for the time before nothing is counted";
  // Nor where the host goes on in another log, in which it is not new.
  const std::string other = temp_ / "other";
  {
    ScriptedLog log(other, 0xB1, "web1", kScriptRealtimeNs + 9 * int64_t{86'400'000'000'000});
    log.Exit(6000, 50, 5000, 0, "cron", 1);
  }
  EXPECT_THAT(Run(totals + "-S 2026-09-30 -U 2026-10-01 --log " + other).out,
              HasSubstr("\n1,0,0,1,"));
  EXPECT_THAT(Run("report -S 2026-09-30 -U 2026-10-01 --log LOG --log " + other +
                  " --section new_programs --output csv")
                  .out,
              Not(HasSubstr("cron")));
}

class LoopTest : public NightlyTest {
 protected:
  // So many ends of a service that is started anew at once, one a second, before midnight and from
  // there on.
  LoopTest(uint64_t before, uint64_t behind) {
    Close();
    Week week(path_);
    week.Snapshot();
    for (uint64_t i = 0; i < before + behind; ++i) {
      week.Live(kNightMs + 1000 * i - 1000 * before, {.comm = "app", .wait_status = 11 | 0x80});
    }
    week.log().At(kNightMs + 60'000);
    week.log().Filtered(std::nullopt);
  }
  std::string Loops(const std::string& ask) const {
    return Run("report --section crash_loops --output csv --log " + path_ + ask).out;
  }

  const std::string path_ = temp_ / "loop";
  const std::string kHead =
      "comm,parent,status,count,most_per_minute,first_time,last_time,args,host\n";
  const std::string kFirst = " -S 2026-09-27 -U 2026-09-28";
  const std::string kSecond = " -S 2026-09-28 -U 2026-09-29";
};

class LoopThatBeginsBeforeMidnightTest : public LoopTest {
 protected:
  LoopThatBeginsBeforeMidnightTest() : LoopTest(4, 4) {}
};

TEST_F(LoopThatBeginsBeforeMidnightTest, IsToldOnTheDayOnWhichItIsOne) {
  EXPECT_EQ(Loops(kFirst), kHead);
  const std::string told = kHead +
                           "app,systemd,SIGSEGV,4,8,2026-09-28T00:00:00.100000+00:00,"
                           "2026-09-28T00:00:03.100000+00:00,,web1\n";
  EXPECT_EQ(Loops(kSecond), told);
  EXPECT_EQ(Loops(kSecond + " --baseline 0"), told);
  EXPECT_EQ(Loops(" -S '2026-09-28 00:00:10' -U 2026-09-29"), kHead) << "nothing of it goes on";
}

TEST_F(LoopThatBeginsBeforeMidnightTest, FailuresTellItToo) {
  const std::string ask =
      "failures --log " + path_ + " --columns comm,count,most_per_minute,loop --output csv";
  EXPECT_EQ(Run(ask + kFirst).out, "comm,count,most_per_minute,loop\napp,4,4,false\n");
  EXPECT_EQ(Run(ask + kSecond).out, "comm,count,most_per_minute,loop\napp,4,8,true\n");
  EXPECT_EQ(Run(ask + kSecond + " --comm none").out, "comm,count,most_per_minute,loop\n");
  EXPECT_EQ(Run(ask + " -S '2026-09-28 00:00:10' -U 2026-09-29").out,
            "comm,count,most_per_minute,loop\n");
}

class LoopThatGoesOnTest : public LoopTest {
 protected:
  LoopThatGoesOnTest() : LoopTest(6, 1) {}
};

TEST_F(LoopThatGoesOnTest, IsToldOnBothDays) {
  EXPECT_EQ(Loops(kFirst), kHead +
                               "app,systemd,SIGSEGV,6,6,2026-09-27T23:59:54.100000+00:00,"
                               "2026-09-27T23:59:59.100000+00:00,,web1\n");
  EXPECT_EQ(Loops(kSecond), kHead +
                                "app,systemd,SIGSEGV,1,7,2026-09-28T00:00:00.100000+00:00,"
                                "2026-09-28T00:00:00.100000+00:00,,web1\n");
}

TEST_F(NightlyTest, WhatWasLostBeforeIsNotThisNightsAffair) {
  week_.Live(kNightMs + 11 * kHourMs, {.comm = "rotate"});
  week_.log().writer().Append(Lost{.first_time_ns = ScriptedLog::Ns(kNightMs - 3000),
                                   .last_time_ns = ScriptedLog::Ns(kNightMs - 2000),
                                   .forks = 7});
  Close();
  const Answer answer = Run(kAsk + "--only-exceptions --fail-on lost");
  EXPECT_EQ(answer.out, "");
  EXPECT_EQ(answer.status, 0);
}

TEST_F(NightlyTest, WhatEndedUnseenBeforeIsNotThisNightsAffair) {
  for (const uint64_t days : {3, 2}) week_.Begin(kNightMs - days * kDayMs, 90'000, "lost");
  Close();
  const std::string unseen = " --output json | jq .coverage.ended_unseen";
  EXPECT_EQ(Run(kAsk + unseen).out, "0\n");
  EXPECT_EQ(Run("report --log LOG -S 2026-09-25 -U 2026-09-26" + unseen).out, "1\n");
}

TEST_F(NightlyTest, TimesWithoutARecorderMakeTheTimeBeforeShorter) {
  week_.log().writer().Append(RecordingGap{.first_time_ns = ScriptedLog::Ns(kNightMs - 5 * kDayMs),
                                           .last_time_ns = ScriptedLog::Ns(kNightMs - 2 * kDayMs)});
  Worry();
  const std::string out = Run(kAsk + "--section changes --output csv --no-header").out;
  EXPECT_THAT(out, HasSubstr("cc,\"more_often,costlier\",7,"))
      << "30 in 3 of the 6 days, for 20 hours";
}

TEST_F(NightlyTest, AHostThatWasRenamedHasNotStopped) {
  week_.log().At(kNightMs + 12 * kHourMs);
  week_.log().Filtered(std::nullopt);
  week_.log().Close();
  const std::string path = temp_ / "renamed";
  std::filesystem::copy(log_path_, path);  // whose writer is still there
  ScriptedLog renamed(path, 0xB1, "web2");
  renamed.At(kNightMs + kDayMs - 1000);
  renamed.Filtered(std::nullopt);
  renamed.Close();
  log_path_ = path;
  EXPECT_EQ(Run(kAsk + "--section coverage --only-exceptions").out, "");
}

TEST_F(NightlyTest, AHostThatStoppedBeforeTheNightIsAnException) {
  Close();
  const std::string silent_path = temp_ / "silent";
  ScriptedLog silent(silent_path, 0xB2, "web3");
  silent.At(kNightMs - kDayMs);
  silent.Filtered(std::nullopt);
  silent.Close();
  EXPECT_EQ(Run(kAsk + "--log " + silent_path + " --section coverage --output csv --no-header").out,
            "recorder_stopped,1,0,0,172800000000,2026-09-27T00:00:00.000000+00:00,"
            "2026-09-29T00:00:00.000000+00:00,web3\n");
  EXPECT_EQ(Run(kAsk + "--log " + silent_path + " --fail-on stopped").status, 1);
}

// The first night after installing: a recorder that was not there yet has not stopped.
TEST_F(NightlyTest, ALogThatBeginsAfterTheNightHasNotStopped) {
  Close();
  const std::string path = temp_ / "young";
  ScriptedLog young(path, 0xB3, "web4",
                    kScriptRealtimeNs + static_cast<int64_t>(kNightMs + kDayMs) * 1'000'000);
  for (const uint64_t ms : {60'000, 120'000}) {
    young.Rotate(ms);
    young.At(ms + 1000);
    young.Filtered(std::nullopt);
  }
  young.Close();
  const std::string ask = "report -S 2026-09-28 -U 2026-09-29 --log " + path;
  EXPECT_EQ(Run(ask + " --section coverage --output csv --no-header").out,
            "nothing_before,1,0,0,86400000000,2026-09-28T00:00:00.000000+00:00,"
            "2026-09-29T00:00:00.000000+00:00,web4\n");
  EXPECT_EQ(Run(ask + " --fail-on stopped").status, 0);
  // What was there before and is there again was not there in between.
  EXPECT_EQ(Run("report -S 2026-09-30 -U 2026-10-01 --fail-on stopped --log " + path).status, 1);
}

// For three minutes a log without a new record may be one in which nothing happens, but not where
// its recorder says that it ends.
TEST_F(NightlyTest, BehindAnOrderedStopNobodyRecords) {
  week_.Begin(kNightMs + 20 * kHourMs, 90'000, "daemon");
  week_.log().At(kNightMs + 21 * kHourMs);
  week_.log().writer().Append(
      Recorder{.time_ns = ScriptedLog::Ns(kNightMs + 21 * kHourMs), .event = RecorderEvent::kStop});
  week_.log().Close();
  const std::string across = "report --log LOG -S '2026-09-28 19:00' -U '2026-09-28 21:01' ";
  const std::string behind = "report --log LOG -S '2026-09-28 21:01' -U '2026-09-28 21:02' ";
  for (const std::string& ask : {across, behind}) {
    EXPECT_EQ(Run(ask + "--fail-on stopped").status, 1) << ask;
  }
  EXPECT_THAT(Run(behind + "--section coverage --output csv --no-header").out,
              HasSubstr("recorder_stopped,1,0,0,120000000,"));
  EXPECT_EQ(Run(across + "--section totals --output json | jq .sections[0].rows[0].running").out,
            "3\n");
  EXPECT_EQ(Run(behind + "--section totals --output json | jq .sections[0].rows[0].running").out,
            "0\n");
  EXPECT_EQ(Run("ps --log LOG --at '2026-09-28 21:01' --output csv --no-header").out, "");
  EXPECT_EQ(Run("list --log LOG --existed-at '2026-09-28 21:01' --output csv --no-header").out, "");
  EXPECT_THAT(Run("list --log LOG -S '2026-09-28 21:01'").out, HasSubstr("the log ends at"));
}

// Where it is there again a moment later it has only been started anew.
TEST_F(NightlyTest, AfterTheStopOfARecorderTheNextOneGoesOn) {
  const uint64_t stop_ms = kNightMs + 23 * kHourMs + 59 * kMinuteMs;
  week_.Begin(kNightMs + 20 * kHourMs, 90'000, "daemon");
  ScriptedLog& log = week_.log();
  log.At(stop_ms);
  log.writer().Append(Recorder{.time_ns = ScriptedLog::Ns(stop_ms), .event = RecorderEvent::kStop});
  log.Rotate(kNightMs + kDayMs + 1000);
  log.RecorderStart();
  log.At(kNightMs + kDayMs + kMinuteMs);
  log.Filtered(std::nullopt);
  log.Close();
  EXPECT_EQ(Run(kAsk + "--fail-on stopped").status, 0);
  EXPECT_THAT(Run("ps --log LOG --at '2026-09-29 00:02'").out, HasSubstr("daemon"));
}

TEST_F(NightlyTest, DamageBeforeItInTheSameFileIsNotThisNightsAffair) {
  for (uint64_t i = 0; i < 500; ++i) {
    week_.Live(kNightMs + 11 * kHourMs + i * 200, {.comm = "cc", .args = "cc\0-c\0"sv});
  }
  Close();
  const std::string path = log_path_ + "/daybook-00000007.dbk";
  std::string damaged = Slurp(path);
  damaged[damaged.size() / 2] ^= 0x10;
  std::ofstream(path, std::ios::binary) << damaged;
  const std::string ask = "--section coverage --fail-on lost,damage --only-exceptions";
  EXPECT_EQ(Run(kAsk + ask).status, 1);
  const Answer later = Run("report --log LOG -S '2026-09-28 12:00' -U 2026-09-29 " + ask);
  EXPECT_EQ(later.out, "");
  EXPECT_EQ(later.status, 0);
}

// They have no counterpart in the time before, where each counts when it has ended.
TEST_F(NightlyTest, WhoStillRunsIsNotMoreOften) {
  for (uint32_t i = 0; i < 30; ++i) week_.Begin(kNightMs + 11 * kHourMs + i, 90'000 + i, "cc");
  week_.Live(kNightMs + 12 * kHourMs, {.comm = "rotate"});
  Close();
  EXPECT_EQ(Run(kAsk + "--section changes --output csv --no-header").out, "");
}

TEST_F(NightlyTest, ABirthIsOfOneNight) {
  Close();
  const std::string ask = "report --log LOG --section spawners --output csv --no-header ";
  EXPECT_THAT(Run(ask + "-S 2026-09-28 -U '2026-09-28 02:00:00.05'").out, HasSubstr("cron,1,"));
  EXPECT_THAT(Run(ask + "-S '2026-09-28 02:00:00.05' -U 2026-09-29").out, Not(HasSubstr("cron")));
}

TEST_F(NightlyTest, ANewProgramOfAnOlderProcessIsNew) {
  const uint64_t ms = kNightMs + 12 * kHourMs;
  week_.Begin(ms, 90'000, "sh");
  week_.Execute(ms, 90'000, ms + 2 * kHourMs, "miner");
  Close();
  EXPECT_THAT(Run("report --log LOG --section new_programs --output csv -S '2026-09-28 13:00' "
                  "-U 2026-09-29")
                  .out,
              HasSubstr("/usr/bin/miner"));
}

TEST_F(NightlyTest, WhatEndsLaterStillRunsAndCostsNothingYet) {
  Close();
  const std::string first = "-S 2026-09-28 -U '2026-09-28 02:00:00.05' ";
  const std::string second = "-S '2026-09-28 02:00:00.05' -U 2026-09-29 ";
  for (const auto& [window, row] :
       {std::pair(first, "backup,1,0,,"), std::pair(second, "backup,1,0,50000,")}) {
    EXPECT_THAT(Run("report --log LOG --section programs --output csv " + window).out,
                HasSubstr(row));
  }
}

}  // namespace
}  // namespace daybook
