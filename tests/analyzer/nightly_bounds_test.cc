// What is of the night, and what is only of the time before it or behind it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
      "processes,running,failed,cpu_us,cpu_within_us,utime_us,stime_us,maxrss_kib,read_bytes,"
      "write_bytes,host\n";
  const std::string totals = "report --log LOG --section totals --output csv ";
  EXPECT_THAT(Run(totals + "-S 2026-09-28 -U 2026-09-29").out, HasSubstr("\n10,2,1,"));
  EXPECT_EQ(Run(totals + "-S 2026-09-30 -U 2026-10-01").out, head + "0,0,0,,,,,,,,web1\n");
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
// Nobody says of it when it would have gone on.
TEST_F(NightlyTest, AnImportedLogHasNotStoppedNorHidesThatAnotherOneHas) {
  Worry();
  const std::string imported = temp_ / "imported";
  Run("export --format pacct --log LOG -o " + imported + ".pacct");
  Run("import " + imported + ".pacct -o " + imported);
  const std::string ask = "report --section coverage --output csv --no-header ";
  for (const std::string night : {"-S 2026-09-20 -U 2026-09-21", "-S 2026-09-28 -U 2026-09-29",
                                  "-S 2026-09-30 -U 2026-10-01"}) {
    EXPECT_EQ(Run(ask + night + " --log " + imported).out, "") << night;
    const std::string recorded = Run(ask + night + " --log LOG").out;
    EXPECT_NE(recorded, "") << night;
    EXPECT_EQ(Run(ask + night + " --log LOG --log " + imported).out, recorded) << night;
  }
}

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

TEST_F(NightlyTest, SegmentsThatAreGoneAreNoTimeInWhichNobodyRecorded) {
  Close();
  const std::string path = temp_ / "budget";
  ScriptedLog kept(path, 0xB3, "web4",
                   kScriptRealtimeNs + static_cast<int64_t>(kNightMs + kDayMs) * 1'000'000);
  kept.Rotate(60'000);
  kept.Rotate(120'000);
  kept.Close();
  std::filesystem::remove(path + "/daybook-00000001.dbk");
  const std::string since = "2026-09-28T00:00:00.000000+00:00,";
  // The log goes on behind the night, and in it.
  const std::string night = " -S 2026-09-28 -U 2026-09-29 --log " + path;
  EXPECT_EQ(Run("report --section coverage --output csv --no-header" + night).out,
            "segments_gone,1,0,0,86400000000," + since + "2026-09-29T00:00:00.000000+00:00,web4\n");
  EXPECT_THAT(Run("report --section coverage --output csv -S 2026-09-28 --log " + path).out,
              HasSubstr("\nsegments_gone,1,0,0,"));
  EXPECT_THAT(Run("list" + night).out, HasSubstr("-- on web4 older segments are gone until "));
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

// One that was killed before leaves a segment without an end, which alone is read then.
TEST_F(NightlyTest, AnOlderSegmentWithoutAnEndHidesNoOrderedStop) {
  week_.log().At(kNightMs + 21 * kHourMs);
  week_.log().writer().Append(
      Recorder{.time_ns = ScriptedLog::Ns(kNightMs + 21 * kHourMs), .event = RecorderEvent::kStop});
  week_.log().Close();
  constexpr size_t kEndBytes = 100;  // SEGMENT_END and its CHECKPOINT
  const std::string older = log_path_ + "/daybook-00000003.dbk";
  std::filesystem::resize_file(older, std::filesystem::file_size(older) - kEndBytes);
  const std::string behind = "report --log LOG -S '2026-09-28 21:01' -U '2026-09-28 21:02' ";
  EXPECT_THAT(Run(behind + "--section coverage --output csv --no-header").out,
              HasSubstr("recorder_stopped,1,0,0,120000000,"));
  EXPECT_EQ(Run(behind + "--fail-on stopped").status, 1);
}

// For three minutes one that was killed may be there still; later it is known that it was not.
TEST_F(NightlyTest, NobodyRecordsBehindTheLastRecordOfALogThatDidNotGoOn) {
  week_.log().At(kNightMs + 21 * kHourMs);
  week_.log().Filtered(std::nullopt);
  week_.log().Abandon();
  const std::string behind = "report --log LOG -S '2026-09-28 21:00:30' -U '2026-09-28 21:01:30' ";
  EXPECT_THAT(Run(behind + "--section coverage --output csv --no-header").out,
              HasSubstr("recorder_stopped,1,0,0,"));
  EXPECT_EQ(Run(behind + "--fail-on stopped").status, 1);
}

// However short the time is.
TEST_F(NightlyTest, ATimeOfWhichNothingIsRecordedIsAnException) {
  Close();
  const std::string before = "report --log LOG -S '2026-09-21 14:12:00' -U '2026-09-21 14:12:30' ";
  EXPECT_THAT(Run(before + "--section coverage --output csv --no-header").out,
              HasSubstr("nothing_before,1,0,0,30000000,"));
  EXPECT_EQ(Run(before + "--fail-on gap").status, 1);
  EXPECT_THAT(Run(before + "--only-exceptions").out, HasSubstr("nothing_before"));
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
