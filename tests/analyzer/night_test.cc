// What the reports about causes say of a night whose truth is known, and of the traps that such
// nights hold: daemons, orphans, pids that are given anew, clocks that are set, parts that are
// lost.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "program_runner.h"
#include "script.h"

namespace daybook {
namespace {

using testing::HasSubstr;
using std::string_view_literals::operator""sv;

constexpr uint32_t kUser = 4'000'000'000;  // without a name

// A command of cron with a child that fails, which nobody notices, and a daemon that it leaves.
void RunBackup(Script& script, uint64_t ms, uint32_t pid) {
  script.Fork(ms, pid, 50, 3000);
  script.Fork(ms + 1, pid + 1, pid, ms);
  script.Exec(ms + 2, pid + 1, ms + 1, "sh", "sh\0-c\0backup --all\0"sv);
  script.Fork(ms + 10, pid + 2, pid + 1, ms + 1);
  script.Exec(ms + 11, pid + 2, ms + 10, "gzip", "gzip\0-1\0"sv);
  script.Exit(ms + 500, pid + 2, ms + 10,
              {.wait_status = 1 << 8, .comm = "gzip", .cpu_us = 100'000, .ppid = pid + 1});
  script.Fork(ms + 600, pid + 3, pid + 1, ms + 1);
  script.Fork(ms + 601, pid + 4, pid + 3, ms + 600);
  script.Exit(ms + 602, pid + 3, ms + 600, {.comm = "sh", .cpu_us = 1000, .ppid = pid + 1});
  script.Exec(ms + 603, pid + 4, ms + 601, "uploader", "uploader\0"sv);
  script.Exit(ms + 700, pid + 1, ms + 1, {.comm = "sh", .cpu_us = 2000, .ppid = pid});
  script.Exit(ms + 701, pid, ms, {.comm = "cron", .cpu_us = 500, .ppid = 50});
  script.Exit(ms + 3000, pid + 4, ms + 601, {.comm = "uploader", .cpu_us = 50'000, .ppid = 1});
}

void RunLogin(Script& script, uint64_t ms) {
  script.Fork(ms, 300, 60, 3000);
  script.Fork(ms + 1, 301, 300, ms, kUser);
  script.Exec(ms + 2, 301, ms + 1, "bash", "-bash\0"sv, kUser);
  script.Fork(ms + 100, 302, 301, ms + 1, kUser);
  script.Exec(ms + 101, 302, ms + 100, "sudo", "sudo\0id\0"sv);
  script.Exit(ms + 200, 302, ms + 100, {.comm = "sudo", .cpu_us = 4000, .ppid = 301});
  script.Exit(ms + 300, 301, ms + 1,
              {.comm = "bash", .cpu_us = 3000, .ppid = 300, .uid = kUser, .euid = kUser});
  script.Exit(ms + 301, 300, ms, {.comm = "sshd", .cpu_us = 1000, .ppid = 60});
}

// A service that is started anew each time, in a cgroup of its own.
void RunCrashLoop(Script& script, uint64_t ms) {
  for (uint32_t i = 0; i < 6; ++i) {
    const uint64_t start = ms + i * 100;
    script.Cgroup(start, 70 + i, "/system.slice/app.service");
    script.Fork(start, 400 + i, 1, 0);
    script.Exec(start + 1, 400 + i, start, "app", "app\0"sv);
    script.Exit(start + 50, 400 + i, start,
                {.wait_status = 11 | 0x80,
                 .comm = "app",
                 .cpu_us = 10'000,
                 .ppid = 1,
                 .cgroup_id = 70 + i});
  }
}

class NightTest : public ProgramRunner {
 protected:
  NightTest() {
    Script script(log_path_);
    script.Snapshot();
    RunBackup(script, 6000, 200);
    script.log().At(6999);
    RunCrashLoop(script, 10'000);
    RunBackup(script, 8000, 210);
    RunLogin(script, 12'000);
  }

  // Of every column of numbers that a report has.
  std::vector<uint64_t> ColumnSums(const std::string& report) const {
    std::istringstream csv(Run(report + " --log LOG --output csv").out);
    std::string line;
    std::getline(csv, line);
    std::vector<uint64_t> sums(1 + static_cast<size_t>(std::ranges::count(line, ',')));
    while (std::getline(csv, line)) {
      std::istringstream cells(line);
      std::string cell;
      for (uint64_t& sum : sums) {
        std::getline(cells, cell, ',');
        if (!cell.empty()) sum += std::stoull(cell);
      }
    }
    return sums;
  }
  static std::vector<uint64_t> Add(std::vector<uint64_t> a, const std::vector<uint64_t>& b) {
    std::ranges::transform(a, b, a.begin(), std::plus());
    return a;
  }
};

// ---- The reports ----

TEST_F(NightTest, JobsHaveTheCostOfAllDescendantsAlsoOfDaemons) {
  EXPECT_EQ(Run("jobs --log LOG").out, std::string(R"(
KIND     RUNS  OVERLAP  MEAN_RUN  MAX_RUN  PROCESSES  RUNNING  FAILED      CPU  CPU_SHARE  MAXRSS  JOB
cron        2        2     3.00s    3.00s          8        0       2  306.0ms     81.60%       -  backup --all
service     6        1    50.0ms   50.0ms          6        0       6   60.0ms     16.00%       -  app.service
login       1        1   299.0ms  299.0ms          2        0       0    7.0ms      1.87%       -  login of 4000000000
process     1        1     5.70s    5.70s          3        1       0    1.0ms      0.27%       -  cron
process     1        1     9.30s    9.30s          2        1       0    1.0ms      0.27%       -  sshd
process     1        1    10.50s   10.50s          1        1       0        -          -       -  systemd
-- 2026-09-21 14:13:20 to 2026-09-21 14:13:27; boots 1, segments 1, records 98; processes 22, running 3, ended unseen 0; lost 0, damaged 0 bytes
)")
                                           .substr(1));
}

TEST_F(NightTest, EachRunOfAJobHasARow) {
  EXPECT_EQ(Run("jobs --log LOG --runs --sort start --output csv --columns "
                "kind,job,pid,start_time,end_time,processes,failed,orphaned,incomplete "
                "--filter 'cpu > 0'")
                .out,
            std::string(R"(
kind,job,pid,start_time,end_time,processes,failed,orphaned,incomplete
process,cron,50,2026-09-21T14:13:21.000000+00:00,2026-09-21T14:13:23.701000+00:00,2,0,0,0
cron,backup --all,201,2026-09-21T14:13:21.001000+00:00,2026-09-21T14:13:24.000000+00:00,4,1,1,0
cron,backup --all,211,2026-09-21T14:13:23.001000+00:00,2026-09-21T14:13:26.000000+00:00,4,1,1,0
service,app.service,,2026-09-21T14:13:25.000000+00:00,2026-09-21T14:13:25.050000+00:00,1,1,0,0
service,app.service,,2026-09-21T14:13:25.100000+00:00,2026-09-21T14:13:25.150000+00:00,1,1,0,0
service,app.service,,2026-09-21T14:13:25.200000+00:00,2026-09-21T14:13:25.250000+00:00,1,1,0,0
service,app.service,,2026-09-21T14:13:25.300000+00:00,2026-09-21T14:13:25.350000+00:00,1,1,0,0
service,app.service,,2026-09-21T14:13:25.400000+00:00,2026-09-21T14:13:25.450000+00:00,1,1,0,0
service,app.service,,2026-09-21T14:13:25.500000+00:00,2026-09-21T14:13:25.550000+00:00,1,1,0,0
process,sshd,60,2026-09-21T14:13:27.000000+00:00,2026-09-21T14:13:27.301000+00:00,1,0,0,0
login,login of 4000000000,301,2026-09-21T14:13:27.001000+00:00,2026-09-21T14:13:27.300000+00:00,2,0,0,0
)")
                .substr(1));
}

// In a log so long that nobody keeps all of its runs.
TEST_F(NightTest, RunsAtOnceAreCountedHoweverManyThereWere) {
  constexpr uint64_t kRuns = 6000;
  const std::string path = temp_ / "runs";
  Script script(path);
  script.Snapshot();
  script.Fork(6000, 500, 1, 0);  // beside all others, which are one after the other
  script.Exec(6001, 500, 6000, "job", "job\0"sv);
  for (uint64_t i = 0; i < kRuns; ++i) {
    const uint64_t ms = 7000 + i * 100;
    script.Fork(ms, 501, 1, 0);
    script.Exec(ms + 1, 501, ms, "job", "job\0"sv);
    if (i == kRuns / 2) {  // but for one
      script.Fork(ms + 2, 502, 1, 0);
      script.Exit(ms + 50, 502, ms + 2, {.comm = "job", .ppid = 1});
    }
    script.Exit(ms + 90, 501, ms, {.comm = "job", .cpu_us = 1000, .ppid = 1});
  }
  script.Exit(7000 + kRuns * 100, 500, 6000, {.comm = "job", .cpu_us = 5000, .ppid = 1});
  script.log().Close();
  log_path_ = path;
  const std::string columns = " --columns runs,overlap,max_run_us,cpu_us,cpu_share --output csv ";
  EXPECT_EQ(Run("jobs --log LOG --filter 'comm == \"job\"'" + columns).out,
            "runs,overlap,max_run_us,cpu_us,cpu_share\n6002,3,601000000,6005000,100.00\n");
  EXPECT_EQ(
      Run("jobs --runs -n 2 --log LOG --filter 'comm == \"job\"'" + columns).out,
      "runs,overlap,max_run_us,cpu_us,cpu_share\n1,1,601000000,5000,0.08\n1,1,90000,1000,0.02\n");
}

// Which of the runs of a service are over is known at the end only, in whatever order.
TEST_F(NightTest, RunsOfAServiceAtOnceAreCountedHoweverManyThereWere) {
  constexpr uint32_t kRuns = 700;
  const std::string path = temp_ / "services";
  Script script(path);
  script.Snapshot();
  const auto begin = [&](uint64_t ms, uint32_t pid) {
    script.Cgroup(ms, 1000 + pid, "/system.slice/app.service");
    script.Fork(ms, pid, 1, 0);
    script.Exec(ms + 1, pid, ms, "app", "app\0"sv);
  };
  const auto end = [&](uint64_t ms, uint32_t pid, uint64_t start_ms) {
    script.Exit(ms, pid, start_ms, {.comm = "app", .ppid = 1, .cgroup_id = 1000 + pid});
  };
  begin(6000, 400);  // beside all others, which are one after the other but for two
  for (uint32_t i = 0; i < kRuns; ++i) {
    const uint64_t ms = 7000 + i * 1000;
    begin(ms, 500 + i);
    end(ms + (i == 650 ? 1500 : 500), 500 + i, ms);
  }
  end(7000 + kRuns * 1000 + 5000, 400, 6000);
  script.log().Close();
  log_path_ = path;
  EXPECT_EQ(
      Run("jobs --log LOG --filter 'comm == \"app\"' --columns runs,overlap --output csv").out,
      "runs,overlap\n701,3\n");
}

// It is there beside whatever begins later, whenever it was seen last.
TEST_F(NightTest, ARunThatStillRunsIsBesideThoseThatFollow) {
  const std::string path = temp_ / "running";
  Script script(path);
  script.Snapshot();
  script.Fork(6000, 500, 1, 0);
  script.Exec(6001, 500, 6000, "job", "job\0"sv);
  script.Fork(8000, 501, 1, 0);
  script.Exit(8500, 501, 8000, {.comm = "job", .ppid = 1});
  script.log().Close();
  log_path_ = path;
  EXPECT_EQ(Run("jobs --log LOG --filter 'comm == \"job\"' --columns runs,overlap,running "
                "--output csv")
                .out,
            "runs,overlap,running\n2,2,1\n");
}

// Whether a process is a root may be known only after all that is below it.
TEST_F(NightTest, RootsMayBeKnownByWhatIsToldAtTheirEnd) {
  const std::string columns = " --output csv --columns job,kind,runs,processes,cpu_us --log LOG";
  EXPECT_EQ(Run("jobs --root 'ok && elapsed > 600ms'" + columns).out,
            "job,kind,runs,processes,cpu_us\n"
            "cron,root,2,10,307000\n"
            "***other,none,1,12,68000\n");
  EXPECT_EQ(Run("jobs --root 'elapsed > 600ms && elapsed < 700ms'" + columns).out,
            "job,kind,runs,processes,cpu_us\n"
            "backup --all,root,2,8,306000\n"
            "***other,none,1,14,69000\n");
  EXPECT_EQ(Run("jobs --root running" + columns).out,
            "job,kind,runs,processes,cpu_us\nsystemd,root,1,22,375000\n");
}

TEST_F(NightTest, WhyTellsTheChainUpToTheFirst) {
  EXPECT_EQ(Run("why 204 --log LOG").out, std::string(R"(
ABOVE  PID  USER  START_TIME           ELAPSED  STATUS  ARGS
    0  204  root  2026-09-21 14:13:21    2.40s  0       uploader
    1  203  root  2026-09-21 14:13:21    2.0ms  0       sh -c 'backup --all'
    2  201  root  2026-09-21 14:13:21  699.0ms  0       sh -c 'backup --all'
    3  200  root  2026-09-21 14:13:21  701.0ms  0       -
    4   50  root  2026-09-21 14:13:18        -  -       -
    5    1  root  2026-09-21 14:13:15        -  -       -
-- 2026-09-21 14:13:20 to 2026-09-21 14:13:27; boots 1, segments 1, records 98; processes 22, running 3, ended unseen 0; filtered 16; lost 0, damaged 0 bytes
)")
                                              .substr(1));
  EXPECT_EQ(Run("why 302 --log LOG --output csv --columns above,pid,comm,user").out,
            std::string(R"(
above,pid,comm,user
0,302,sudo,root
1,301,bash,
2,300,sshd,root
3,60,sshd,root
4,1,systemd,root
)")
                .substr(1));
}

TEST_F(NightTest, PsShowsWhoWasThere) {
  EXPECT_EQ(Run("ps --log LOG --at '2026-09-21 14:13:22'").out, std::string(R"(
USER  PID  PPID  TTY   START_TIME               AGE  ARGS
root    1     0  -     2026-09-21 14:13:15    7.00s  -
root   50     1  -     2026-09-21 14:13:18    4.00s  -
root   60     1  -     2026-09-21 14:13:18    4.00s  -
root  204   203  none  2026-09-21 14:13:21  399.0ms  uploader
-- 2026-09-21 14:13:20 to 2026-09-21 14:13:27; boots 1, segments 1, records 98; processes 22, running 3, ended unseen 0; filtered 18; lost 0, damaged 0 bytes
)")
                                                                    .substr(1));
}

TEST_F(NightTest, SpawnSaysWhoMakesProcesses) {
  EXPECT_EQ(Run("spawn --log LOG").out, std::string(R"(
SPAWNER  BIRTHS  BIRTHS_SHARE  SHORT  FORKED_ONLY  FAILED      CPU  MEAN_CPU  MEAN_ELAPSED
sh            6        31.58%      2            0       2  302.0ms    50.3ms       963.7ms
systemd       6        31.58%      0            0       6   60.0ms    10.0ms        50.0ms
cron          4        21.05%      0            0       0    5.0ms     1.2ms       700.0ms
sshd          2        10.53%      0            0       0    4.0ms     2.0ms       300.0ms
bash          1         5.26%      0            0       0    4.0ms     4.0ms       100.0ms
TOTAL        19       100.00%      2            0       8  375.0ms    19.7ms       504.3ms
-- births: 19 in 7 s, at most 6 in a second: 2026-09-21 14:13:25
-- 2026-09-21 14:13:20 to 2026-09-21 14:13:27; boots 1, segments 1, records 98; processes 22, running 3, ended unseen 0; filtered 3; lost 0, damaged 0 bytes
)")
                                            .substr(1));
  EXPECT_EQ(Run("spawn --log LOG --view lifetimes --output csv --columns from_us,to_us,count").out,
            std::string(R"(
from_us,to_us,count
1024,2048,2
32768,65536,6
65536,131072,1
262144,524288,4
524288,1048576,4
2097152,4194304,2
)")
                .substr(1));
}

TEST_F(NightTest, FailuresKnowLoopsAndWhatParentsSwallow) {
  EXPECT_EQ(Run("failures --log LOG").out, std::string(R"(
COMM  STATUS   COUNT  OF  COUNT_SHARE  SWALLOWED  MOST_PER_MINUTE  LOOP      CPU  LAST_TIME            ARGS
app   SIGSEGV      6   6      100.00%          0                6  yes    60.0ms  2026-09-21 14:13:25  app
gzip  1            2   2      100.00%          2                2  no    200.0ms  2026-09-21 14:13:23  gzip -1
-- 2026-09-21 14:13:20 to 2026-09-21 14:13:27; boots 1, segments 1, records 98; processes 22, running 3, ended unseen 0; filtered 3; lost 0, damaged 0 bytes
)")
                                               .substr(1));
}

// They are of one job, which is no reason to take them for each other.
TEST_F(NightTest, WhatASiblingEndsWithSaysNothingOfItsParent) {
  const std::string path = temp_ / "siblings";
  Script script(path);
  script.Snapshot();
  script.Fork(6000, 500, 1, 0);
  script.Exec(6001, 500, 6000, "sh", "sh\0"sv);
  script.Fork(6010, 501, 500, 6000);
  script.Exit(6020, 501, 6010, {.wait_status = 1 << 8, .comm = "false", .ppid = 500});
  script.Fork(6030, 502, 500, 6000);
  script.Fork(6040, 503, 502, 6030);
  script.Exit(6050, 503, 6040, {.wait_status = 1 << 8, .comm = "cc", .ppid = 502});
  script.Exit(6060, 502, 6030, {.comm = "make", .ppid = 500});
  script.Exit(6070, 500, 6000, {.wait_status = 1 << 8, .comm = "sh", .ppid = 1});
  script.log().Close();
  log_path_ = path;
  EXPECT_EQ(Run("failures --log LOG --columns comm,swallowed --sort comm --output csv").out,
            "comm,swallowed\ncc,1\nfalse,0\nsh,0\n");
}

// A server of a database one of whose processes breaks: the others give up.
TEST_F(NightTest, OfACascadeTheFirstDeathIsNamed) {
  const std::string path = temp_ / "cascade";
  Script script(path);
  script.Snapshot();
  script.Fork(6000, 500, 1, 0);
  script.Exec(6001, 500, 6000, "postgres", "postgres\0"sv);
  for (uint32_t i = 1; i <= 6; ++i) script.Fork(6000 + i * 10, 500 + i, 500, 6000);
  script.Exit(9000, 503, 6030, {.wait_status = 11 | 0x80, .comm = "postgres", .ppid = 500});
  for (const uint32_t i : {1, 2, 4, 5, 6}) {
    script.Exit(9000 + i * 5, 500 + i, 6000 + i * 10,
                {.wait_status = 2 << 8, .comm = "postgres", .ppid = 500});
  }
  script.log().Close();
  log_path_ = path;
  EXPECT_THAT(Run("failures --log LOG").out,
              HasSubstr("\n-- cascades: 1; of the widest postgres (503) died first, SIGSEGV, and 5 "
                        "followed: --view cascades\n"));
  EXPECT_EQ(Run("failures --log LOG --view cascades").out, std::string(R"(
COMM      PID  STATUS   COUNT  KIND     JOB       FIRST_TIME           LAST_TIME            ARGS
postgres  503  SIGSEGV      5  process  postgres  2026-09-21 14:13:24  2026-09-21 14:13:24  postgres
-- 2026-09-21 14:13:20 to 2026-09-21 14:13:24; boots 1, segments 1, records 54; processes 10, running 4, ended unseen 0; filtered 4; lost 0, damaged 0 bytes
)")
                                                               .substr(1));
  EXPECT_EQ(Run("failures --log LOG --view cascades --output csv").out, std::string(R"(
job,kind,pid,comm,status,core,oom,count,first_time,last_time,args
postgres,process,503,postgres,SIGSEGV,true,false,5,2026-09-21T14:13:24.000000+00:00,2026-09-21T14:13:24.030000+00:00,postgres
)")
                                                                            .substr(1));
  EXPECT_EQ(Run("failures --log LOG --view cascades --by user").err,
            "daybook: --by: there are no groups in --view cascades\n");
  EXPECT_EQ(Run("failures --log LOG --view waves").err,
            "daybook: --view: no view 'waves'; there are groups, cascades\n");
}

TEST_F(NightTest, IdentityTellsWhoBecameWho) {
  EXPECT_EQ(Run("identity --log LOG").out, std::string(R"(
START_TIME           PID  FROM_USER   TO_USER  CHANGE  TTY   ANCESTORS                     ARGS
2026-09-21 14:13:27  302  4000000000  root     setuid  none  bash < sshd < sshd < systemd  sudo id
-- 2026-09-21 14:13:20 to 2026-09-21 14:13:27; boots 1, segments 1, records 98; processes 22, running 3, ended unseen 0; filtered 21; lost 0, damaged 0 bytes
)")
                                               .substr(1));
}

TEST_F(NightTest, DiffTellsWhatIsNewAndWhatHasChanged) {
  const Answer answer =
      Run("diff --log LOG --since '2026-09-21 14:13:24' --old-until '2026-09-21 14:13:22' "
          "--output csv --columns comm,change,old_count,count,old_failed,failed,old_cpu,cpu");
  EXPECT_EQ(answer.status, 1);
  EXPECT_EQ(answer.out, std::string(R"(
comm,change,old_count,count,old_failed,failed,old_cpu_us,cpu_us
gzip,gone,1,0,1,0,100000,
uploader,new,0,2,0,0,,100000
app,new,0,6,0,6,,60000
sudo,new,0,1,0,0,,4000
sh,gone,2,0,0,0,3000,
bash,new,0,1,0,0,,3000
sshd,new,0,1,0,0,,1000
cron,gone,1,0,0,0,500,
)")
                            .substr(1));
}

TEST_F(NightTest, FewAreNoDifference) {
  const std::string diff =
      "diff --log LOG --since '2026-09-21 14:13:24' --output csv --columns comm,change,count ";
  EXPECT_EQ(Run(diff + "--min-count 2").out,
            "comm,change,count\ngzip,gone,0\nuploader,new,2\napp,new,6\nsh,gone,0\ncron,gone,0\n")
      << "and not bash, sudo and sshd, which were there once";
  const Answer none = Run(diff + "--min-count 7");
  EXPECT_EQ(none.out, "comm,change,count\n");
  EXPECT_EQ(none.status, 0);
  EXPECT_EQ(Run(diff + "--min-count -1").err,
            "daybook: --min-count: '-1' is not a number; write for example 10\n");
  EXPECT_EQ(Run(diff + "--threshold nan").err,
            "daybook: --threshold: 'nan' is not a percentage; write for example 50%\n");
}

TEST_F(NightTest, PeriodsThatFollowEachOtherAddUp) {
  const std::string first = " --until '2026-09-21 14:13:22'";
  const std::string second = " --since '2026-09-21 14:13:22' --until '2026-09-21 14:13:25.2'";
  const std::string third = " --since '2026-09-21 14:13:25.2'";
  const std::string first_two = " --until '2026-09-21 14:13:25.2'";
  for (const std::string rule : {" --window start", " --window end"}) {
    for (const std::string report :
         {"summary --by pid --columns count,cpu_us", "jobs --columns processes,failed,cpu_us",
          "failures --columns count,cpu_us", "top -n 100 --columns pid,cpu_us",
          "identity --columns pid", "list --columns pid,cpu_us", "tree --columns pid,cpu_us"}) {
      const auto sums = [&](const std::string& window) {
        return ColumnSums(report + rule + window);
      };
      EXPECT_EQ(Add(sums(first), sums(second)), sums(first_two)) << report << rule;
      EXPECT_EQ(Add(sums(first_two), sums(third)), sums("")) << report << rule;
      EXPECT_GT(sums("").front(), 0U) << report << rule;
    }
  }
}

// These tell of costs, which are known at the end; others of what was there.
TEST_F(NightTest, WithoutARuleEachReportHasTheOneOfItsKind) {
  const std::string window = " --since '2026-09-21 14:13:22' --until '2026-09-21 14:13:23.2'";
  for (const std::string report : {"summary --by pid --columns count", "jobs --columns processes",
                                   "top --columns pid", "failures --columns count"}) {
    EXPECT_EQ(ColumnSums(report + window), ColumnSums(report + window + " --window end"));
    EXPECT_LT(ColumnSums(report + window), ColumnSums(report + window + " --window existence"));
  }
  for (const std::string report : {"list --columns pid", "tree --columns pid"}) {
    EXPECT_EQ(ColumnSums(report + window), ColumnSums(report + window + " --window existence"));
    EXPECT_GT(ColumnSums(report + window), ColumnSums(report + window + " --window end"));
  }
  EXPECT_EQ(Run("list --window banana --log LOG").err,
            "daybook: --window: no rule 'banana'; there are start, end, existence\n");
  EXPECT_EQ(Run("spawn --window end --log LOG").status, 2) << "it counts births";
}

TEST_F(NightTest, OnlyBirthsInsideTheWindowAreSpawned) {
  const std::string window = " --since '2026-09-21 14:13:23.5' --until '2026-09-21 14:13:25.2'";
  EXPECT_EQ(ColumnSums("spawn --columns births" + window).front(), 4U);
  EXPECT_EQ(ColumnSums("spawn --view rate --columns births" + window).front(), 4U);
  EXPECT_EQ(ColumnSums("spawn --view lifetimes --columns count" + window).front(), 4U);
}

TEST_F(NightTest, TopIsTheCostliest) {
  EXPECT_EQ(Run("top --log LOG -n 3").out, std::string(R"(
START_TIME           PID  USER  ELAPSED      CPU  CPU_PERCENT  MAXRSS  STATUS  ARGS
2026-09-21 14:13:21  202  root  490.0ms  100.0ms       20.40%       -  1       gzip -1
2026-09-21 14:13:23  212  root  490.0ms  100.0ms       20.40%       -  1       gzip -1
2026-09-21 14:13:21  204  root    2.40s   50.0ms        2.08%       -  0       uploader
-- 2026-09-21 14:13:20 to 2026-09-21 14:13:27; boots 1, segments 1, records 98; processes 22, running 3, ended unseen 0; lost 0, damaged 0 bytes
)")
                                               .substr(1));
}

TEST_F(NightTest, TheSameFieldsStandInEveryFormat) {
  for (const std::string report :
       {"jobs", "spawn", "failures", "identity", "top", "why 302", "diff --all --old-log LOG"}) {
    const std::string csv = Run(report + " --log LOG --output csv").out;
    const std::string tsv = Run(report + " --log LOG --output tsv").out;
    const std::string json = Run(report + " --log LOG --output jsonl").out;
    std::string heading = csv.substr(0, csv.find('\n'));
    std::string names;
    for (size_t at = 0, end = 0; at < heading.size(); at = end + 1) {
      end = std::min(heading.find(',', at), heading.size());
      const std::string name = heading.substr(at, end - at);
      EXPECT_THAT(json.substr(0, json.find('\n')), HasSubstr("\"" + name + "\":")) << report;
      names += (at == 0 ? "" : "\t") + name;
    }
    EXPECT_EQ(tsv.substr(0, tsv.find('\n')), names) << report;
  }
}

// ---- A world by chance, whose truth is known ----

// Processes that are born and end in any order, with pids that are given anew.
class World {
 public:
  explicit World(uint32_t seed) : random_(seed) {}

  void Run(Script& script, int steps) {
    script.Snapshot();
    for (int i = 0; i < steps; ++i) {
      ms_ += 1 + random_() % 3;
      if (living_.empty() || random_() % 5 < 3) {
        Birth(script);
      } else {
        End(script, random_() % living_.size());
      }
    }
    while (!living_.empty()) End(script, 0);
  }

  // Of each process that init has made, in the order of their births: pid, processes, CPU time.
  std::string Jobs() const {
    std::string rows;
    for (const Job& job : jobs_) {
      rows += fmt::format("{},{},{}\n", job.pid, job.processes, job.cpu_us);
    }
    return rows;
  }
  // The same of each outermost process that took more than that.
  std::string JobsAbove(uint64_t cpu_us) const {
    std::vector<const Past*> roots(past_.size());
    std::map<const Past*, Job> jobs;
    for (size_t i = 0; i < past_.size(); ++i) {  // parents stand before their children
      const Past& past = past_[i];
      if (past.parent != kNobody) roots[i] = roots[past.parent];
      if (roots[i] == nullptr && past.cpu_us > cpu_us) roots[i] = &past;
      if (roots[i] == nullptr) continue;
      ++jobs[roots[i]].processes;
      jobs[roots[i]].cpu_us += past.cpu_us;
    }
    std::string rows;
    for (const auto& [root, job] : jobs) {
      rows += fmt::format("{},{},{}\n", root->pid, job.processes, job.cpu_us);
    }
    return rows;
  }
  uint64_t cpu_us() const { return cpu_us_; }
  uint64_t births() const { return births_; }

 private:
  struct Process {
    uint32_t pid;
    uint64_t start_ms;
    size_t job;
    size_t past;  // its own
  };
  static constexpr size_t kNobody = SIZE_MAX;
  struct Past {
    uint32_t pid;
    size_t parent;
    uint64_t cpu_us = 0;
  };
  struct Job {
    uint32_t pid;
    uint64_t processes = 0;
    uint64_t cpu_us = 0;
  };

  uint32_t FreePid() {
    for (;;) {
      const auto pid = static_cast<uint32_t>(1000 + random_() % 40);
      if (std::ranges::find(living_, pid, &Process::pid) == living_.end()) return pid;
    }
  }
  void Birth(Script& script) {
    if (living_.size() == 30) return;
    Process child{.pid = FreePid(), .start_ms = ms_, .job = jobs_.size(), .past = past_.size()};
    past_.push_back({.pid = child.pid, .parent = kNobody});
    if (living_.empty() || random_() % 6 == 0) {
      jobs_.push_back({.pid = child.pid});
      script.Fork(ms_, child.pid, 1, 0);
    } else {
      const Process& parent = living_[random_() % living_.size()];
      child.job = parent.job;
      past_.back().parent = parent.past;
      script.Fork(ms_, child.pid, parent.pid, parent.start_ms);
    }
    ++jobs_[child.job].processes;
    ++births_;
    living_.push_back(child);
  }
  void End(Script& script, size_t index) {
    const Process process = living_[index];
    const uint64_t cpu_us = random_() % 100'000;
    script.Exit(++ms_, process.pid, process.start_ms, {.comm = "p", .cpu_us = cpu_us, .ppid = 1});
    jobs_[process.job].cpu_us += cpu_us;
    past_[process.past].cpu_us = cpu_us;
    cpu_us_ += cpu_us;
    living_.erase(living_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  std::mt19937 random_;
  uint64_t ms_ = 6000;
  std::vector<Process> living_;
  std::vector<Job> jobs_;
  std::vector<Past> past_;  // of all, in the order of their births
  uint64_t cpu_us_ = 0;
  uint64_t births_ = 0;
};

class WorldTest : public ProgramRunner {};

TEST_F(WorldTest, JobsTreesAndFiltersTellTheTruth) {
  for (uint32_t seed = 1; seed <= 5; ++seed) {
    log_path_ = temp_ / fmt::format("log{}", seed);
    World world(seed);
    {
      Script script(log_path_);
      world.Run(script, 600);
    }
    EXPECT_EQ(Run("jobs --runs --log LOG --sort start --output csv --columns pid,processes,cpu_us "
                  "--comm p")
                  .out,
              "pid,processes,cpu_us\n" + world.Jobs())
        << seed;
    std::string jobs =
        Run("jobs --runs --log LOG --sort start --output csv --columns pid,processes,cpu_us "
            "--root 'cpu > 80ms' --comm p")
            .out;
    const size_t others = jobs.find("\n,");
    jobs.erase(others, jobs.find('\n', others + 1) - others);
    EXPECT_EQ(jobs, "pid,processes,cpu_us\n" + world.JobsAbove(80'000)) << seed;
    EXPECT_THAT(Run("tree --log LOG --output csv --columns depth,total_cpu_us,descendants").out,
                HasSubstr(fmt::format("\n0,{},{}\n", world.cpu_us(), world.births() + 2)))
        << seed;
    EXPECT_THAT(Run("list --log LOG --filter 'descends_from(pid == 1) && comm == \"p\"'").out,
                HasSubstr(fmt::format("; filtered {};", 3)))
        << seed;
    EXPECT_THAT(Run("summary --log LOG --comm p --output csv --columns count,cpu_us").out,
                HasSubstr(fmt::format("\n{},{}\n", world.births(), world.cpu_us())))
        << seed;
  }
}

// ---- The traps ----

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

}  // namespace
}  // namespace daybook
