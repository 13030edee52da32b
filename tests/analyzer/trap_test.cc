// The traps that nights hold: daemons, orphans, pids that are given anew, clocks that are set,
// parts that are lost.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "night_script.h"
#include "program_runner.h"

namespace daybook {
namespace {

using testing::HasSubstr;

class TrapTest : public ProgramRunner {
 protected:
  std::string Rows(const std::string& arguments) const {
    return Run(arguments + " --log LOG --output csv").out;
  }
};

// A set-user-ID program acts as its owner, but its real user is still who called it.
TEST_F(TrapTest, WhoOnlyActsAsAnotherUserBecameThatOne) {
  {
    Script script(log_path_);
    script.Snapshot();
    script.Fork(6000, 200, 50, 3000, 1000);
    script.Fork(6010, 201, 200, 6000, 1000);
    script.Exit(6100, 201, 6010, {.comm = "ping", .uid = 1000, .euid = 0});
    script.Fork(6200, 202, 50, 3000);
    script.Exit(6300, 202, 6200, {.comm = "mixed", .uid = 33, .euid = 1000});
    script.Exit(6400, 200, 6000, {.comm = "bash", .uid = 1000, .euid = 1000});
  }
  EXPECT_EQ(Rows("identity --columns pid,from_uid,to_uid,change"),
            "pid,from_uid,to_uid,change\n"
            "201,1000,0,effective\n"
            "202,0,33,setuid\n"
            "202,0,1000,effective\n");
}

// Its intermediate parent is gone and its parent at the end is init, yet it is the shell's.
TEST_F(TrapTest, ADaemonThatForkedTwiceStaysWithItsOriginator) {
  {
    Script script(log_path_);
    script.Snapshot();
    RunBackup(script, 6000, 200);
  }
  EXPECT_EQ(Rows("list --filter 'descends_from(args =~ \"backup\")' --columns pid,exit_ppid "
                 "--sort pid"),
            "pid,exit_ppid\n202,201\n203,201\n204,1\n");
}

TEST_F(TrapTest, ASubreaperIsNoParent) {
  {
    Script script(log_path_);
    script.Snapshot();
    script.Fork(6000, 200, 1, 0);  // the subreaper
    script.Exec(6001, 200, 6000, "reaper", "reaper\0"sv);
    script.Fork(6100, 201, 50, 3000);
    script.Exec(6101, 201, 6100, "sh", "sh\0-c\0job\0"sv);
    script.Fork(6200, 202, 201, 6100);
    script.Exit(6300, 201, 6100, {.comm = "sh", .cpu_us = 10, .ppid = 50});
    script.Exit(6400, 202, 6200, {.comm = "sh", .cpu_us = 20, .ppid = 200});
    script.Exit(6500, 200, 6000, {.comm = "reaper", .cpu_us = 40, .ppid = 1});
  }
  EXPECT_EQ(Rows("jobs --columns job,processes,cpu_us,orphaned --filter 'cpu > 0'"),
            "job,processes,cpu_us,orphaned\nreaper,1,40,0\njob,2,30,1\n");
}

TEST_F(TrapTest, APidThatIsGivenAnewWithinASecondIsAnotherProcess) {
  {
    Script script(log_path_);
    script.Snapshot();
    for (uint64_t ms = 6000; ms < 6500; ms += 100) {
      script.Fork(ms, 200, ms % 200 == 0 ? 50 : 60, 3000);
      script.Fork(ms + 10, 201, 200, ms);
      script.Exit(ms + 20, 201, ms + 10, {.comm = "x", .cpu_us = 1, .ppid = 200});
      script.Exit(ms + 30, 200, ms, {.comm = "x", .cpu_us = 10, .ppid = 50});
    }
  }
  EXPECT_EQ(Rows("summary --by comm --columns comm,count,cpu_us --pid 200,201"),
            "comm,count,cpu_us\nx,10,55\n");
  EXPECT_EQ(Rows("list --filter 'descends_from(comm == \"cron\") && pid == 201' --columns "
                 "start_ns --sort start_ns"),
            "start_ns\n6010000000\n6210000000\n6410000000\n");
  EXPECT_EQ(Rows("why 201@@1790000001.015 --columns above,comm,start_time"),
            "above,comm,start_time\n"
            "0,x,2026-09-21T14:13:21.010000+00:00\n"
            "1,x,2026-09-21T14:13:21.000000+00:00\n"
            "2,cron,2026-09-21T14:13:18.000000+00:00\n"
            "3,systemd,2026-09-21T14:13:15.000000+00:00\n");
  EXPECT_THAT(Run("why 201 --log LOG").out, HasSubstr("-- the newest of 5 processes"));
}

TEST_F(TrapTest, AnEndWithoutABirthIsAProcessOfUnknownDescent) {
  {
    Script script(log_path_);
    script.Snapshot();
    script.Exit(6000, 900, 5500, {.comm = "lone", .cpu_us = 7});
  }
  EXPECT_EQ(Rows("list --pid 900 --columns comm,ppid,execs,cpu_us"),
            "comm,ppid,execs,cpu_us\nlone,,,7\n");
  EXPECT_EQ(Rows("jobs --columns job,processes,incomplete --filter 'pid == 900'"),
            "job,processes,incomplete\nlone,1,1\n");
  EXPECT_THAT(Run("why 900 --log LOG").out, HasSubstr("-- above it: the log does not tell\n"));
  EXPECT_EQ(Rows("spawn --columns spawner"), "spawner\n") << "no birth of it was seen";
  EXPECT_THAT(Run("list --log LOG --filter 'under(1)'").out,
              HasSubstr("; filtered 1, of these undecided 1;"));
}

TEST_F(TrapTest, AParentThatComesLaterInTheLogThanItsChildIsFound) {
  {
    Script script(log_path_);
    script.Fork(5500, 200, 50, 3000);
    script.Snapshot();  // as of 5000, but written behind the birth
    script.Exit(6000, 200, 5500, {.comm = "x", .cpu_us = 7, .ppid = 50});
  }
  EXPECT_EQ(Rows("list --filter 'descends_from(comm == \"cron\")' --columns pid"), "pid\n200\n");
}

// Boot time begins anew with each boot and on each host.
TEST_F(TrapTest, AJobOfTwoHostsBeginsAndEndsByTheWallClock) {
  const std::string other = temp_ / "other";
  {
    Script one(log_path_);
    one.Snapshot();
    one.Fork(6000, 200, 50, 3000);
    one.Exit(9000, 200, 6000, {.comm = "x", .cpu_us = 7, .ppid = 50});
    Script two(other, 0xB1);
    two.log().writer().Append(Clock{.time_ns = ScriptedLog::Ns(5000),
                                    .realtime_ns = kScriptRealtimeNs + 86'400'000'000'000,
                                    .monotonic_ns = ScriptedLog::Ns(5000),
                                    .reason = ClockReason::kStep});
    two.Snapshot();
    two.Fork(5500, 200, 50, 3000);
    two.Exit(7000, 200, 5500, {.comm = "x", .cpu_us = 7, .ppid = 50});
  }
  EXPECT_EQ(Rows("jobs --log " + other + " --columns job,start_time,end_time,runs --comm x"),
            "job,start_time,end_time,runs\n"
            "x,2026-09-21T14:13:21.000000+00:00,2026-09-22T14:13:22.000000+00:00,2\n");
}

// An exit-only log: no job has to be remembered for each.
TEST_F(TrapTest, ProcessesWithoutParentsAreJobsByTheirNames) {
  {
    Script script(log_path_);
    script.Exit(6000, 900, 5500, {.comm = "a", .cpu_us = 7});
    script.Exit(6100, 901, 5900, {.comm = "b", .cpu_us = 8});
    script.Exit(6500, 902, 5500, {.comm = "a", .cpu_us = 9});
  }
  EXPECT_EQ(Rows("jobs --runs --columns job,runs,mean_run_us,max_run_us,processes,cpu_us"),
            "job,runs,mean_run_us,max_run_us,processes,cpu_us\n"
            "a,2,750000,1000000,2,16\n"
            "b,1,200000,200000,1,8\n");
}

// Its children come when it is over, and are not more of the runs that it is one of.
TEST_F(TrapTest, AnOrphanOfAProcessWithoutParentsIsARunOfItsJob) {
  {
    Script script(log_path_);
    script.Exec(5900, 900, 5500, "a", "a\0"sv);
    script.Fork(6000, 901, 900, 5500);
    script.Fork(6100, 902, 901, 6000);
    script.Exit(6200, 900, 5500, {.comm = "a", .cpu_us = 7});
    script.Exit(6400, 902, 6100, {.comm = "b", .cpu_us = 8});
    script.Exit(6500, 901, 6000, {.comm = "b", .cpu_us = 9});
  }
  EXPECT_EQ(Rows("jobs --columns job,runs,max_run_us,processes,cpu_us"),
            "job,runs,max_run_us,processes,cpu_us\na,2,700000,3,24\n");
}

// Boot time never goes back: what is counted and who is whose child does not depend on the clock.
TEST_F(TrapTest, AClockThatIsSetBackByADayChangesNoCost) {
  {
    Script script(log_path_);
    script.Snapshot();
    script.Fork(6000, 200, 50, 3000);
    script.log().writer().Append(
        Clock{.time_ns = ScriptedLog::Ns(6500),
              .realtime_ns = kScriptRealtimeNs + 1'500'000'000 - 86'400'000'000'000,
              .monotonic_ns = ScriptedLog::Ns(6500),
              .reason = ClockReason::kStep});
    script.Exit(7000, 200, 6000, {.comm = "x", .cpu_us = 7, .ppid = 50});
  }
  EXPECT_EQ(Rows("list --pid 200 --columns start_time,end_time,elapsed_us"),
            "start_time,end_time,elapsed_us\n"
            "2026-09-21T14:13:21.000000+00:00,2026-09-20T14:13:22.000000+00:00,1000000\n");
  EXPECT_EQ(Rows("summary --by day --columns day,count --pid 200"), "day,count\n2026-09-21,1\n");
  EXPECT_EQ(Rows("jobs --columns job,mean_run_us,max_run_us --filter 'pid == 200'"),
            "job,mean_run_us,max_run_us\nx,1000000,1000000\n");
}

// In Berlin 02:30 comes twice on 2026-10-25.
TEST_F(TrapTest, OnADayWithAnHourTwiceNothingIsLost) {
  const int64_t first = 1'792'888'200'000'000'000;  // 02:30 summer time
  {
    Script script(log_path_);
    script.log().writer().Append(Clock{.time_ns = ScriptedLog::Ns(5000),
                                       .realtime_ns = first,
                                       .monotonic_ns = ScriptedLog::Ns(5000),
                                       .reason = ClockReason::kStep});
    for (uint32_t i = 0; i < 3; ++i) {
      const uint64_t ms = 6000 + i * 3'600'000;
      script.Fork(ms, 200 + i, 50, 3000);
      script.Exit(ms + 10, 200 + i, ms, {.comm = "x", .cpu_us = 7});
    }
  }
  const std::string berlin =
      "summary --columns hour,count --by hour --sort hour --output csv --log ";
  const std::string command =
      "TZ=Europe/Berlin " DAYBOOK_PROGRAM " " + berlin + log_path_ + " > " + (temp_ / "berlin");
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(Slurp(temp_ / "berlin"), "hour,count\n2026-10-25 02:00,2\n2026-10-25 03:00,1\n");
  EXPECT_EQ(Rows("summary --by hour --columns hour,count --sort hour"),
            "hour,count\n2026-10-25 00:00,1\n2026-10-25 01:00,1\n2026-10-25 02:00,1\n");
}

// As of two containers or cloned machines: one boot id, the same pids and the same starts.
TEST_F(TrapTest, TwoLogsWithOneBootIdAreNotMixedUp) {
  const std::string other = temp_ / "other";
  {
    Script one(log_path_);
    one.Snapshot();
    one.Fork(6000, 200, 50, 3000);
    one.Exit(7000, 200, 6000, {.comm = "x", .cpu_us = 7, .ppid = 50});
    Script two(other);
    two.Snapshot();
    two.Fork(6000, 200, 60, 3000);
    two.Exit(7000, 200, 6000, {.comm = "x", .cpu_us = 70, .ppid = 60});
  }
  EXPECT_EQ(Run("list --log LOG --log " + other +
                " --filter 'descends_from(comm == \"cron\")' --output csv --columns cpu_us")
                .out,
            "cpu_us\n7\n");
  EXPECT_EQ(
      Run("summary --log LOG --log " + other + " --comm x --output csv --columns count,cpu_us").out,
      "count,cpu_us\n2,77\n");
}

// The birth of the parent is lost: what is below it is shown and marked, not hidden.
TEST_F(TrapTest, WhatIsBelowALostParentIsIncomplete) {
  {
    Script script(log_path_);
    script.Snapshot();
    script.log().At(6000);
    script.log().writer().Append(daybook::Lost{
        .first_time_ns = ScriptedLog::Ns(5900), .last_time_ns = ScriptedLog::Ns(6000), .forks = 1});
    script.Fork(6100, 201, 200, 6000);
    script.Fork(6200, 202, 201, 6100);
    script.Exit(6300, 202, 6200, {.comm = "x", .cpu_us = 1, .ppid = 201});
    script.Exit(6400, 201, 6100, {.comm = "x", .cpu_us = 10, .ppid = 200});
  }
  const Answer answer =
      Run("jobs --log LOG --columns job,processes,cpu_us,incomplete "
          "--filter 'cpu > 0'");
  EXPECT_EQ(answer.status, 4);
  EXPECT_THAT(answer.out,
              HasSubstr("JOB  PROCESSES   CPU  INCOMPLETE\n"
                        "x            2  11us           2\n"
                        "-- processes of which the log does not tell all ancestors: 2\n"));
  EXPECT_THAT(Run("why 202 --log LOG").out,
              HasSubstr("-- above it: pid 200, of which the log does not tell\n"));
}

// What the log begins with may stand before the snapshot that tells who has been living.
TEST_F(TrapTest, WhoEndsAtTheBeginOfAPrunedLogHasItsParent) {
  {
    Script script(log_path_);
    script.Snapshot();
    script.log().Rotate(6000);
    script.Fork(6010, 200, 50, 3000);
    script.Exit(6020, 200, 6010, {.comm = "x", .ppid = 50});
    script.Snapshot({{1, 0, 0, "systemd"}, {50, 3000, 1, "cron"}}, 6030);
  }
  std::filesystem::remove(log_path_ + "/daybook-00000001.dbk");
  EXPECT_EQ(Rows("list --filter 'descends_from(comm == \"cron\")' --columns pid"), "pid\n200\n");
}

}  // namespace
}  // namespace daybook
