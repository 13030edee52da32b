// What the reports about causes say of a night whose truth is known.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "analyzer/night_script.h"
#include "analyzer/program_runner.h"

namespace daybook {
namespace {

using testing::HasSubstr;

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

TEST_F(NightTest, JobsHaveTheCostOfAllDescendantsAlsoOfDaemons) {
  EXPECT_EQ(Run("jobs --log LOG").out, std::string(R"(
KIND     RUNS  OVERLAP  MEAN_RUN  MAX_RUN  PROCESSES  RUNNING  FAILED      CPU  CPU_SHARE  MAXRSS  JOB
cron        2        2     3.00s    3.00s          8        0       2  306.0ms     81.60%       -  backup --all
service     6        1    50.0ms   50.0ms          6        0       6   60.0ms     16.00%       -  app.service
login       1        1   299.0ms  299.0ms          2        0       0    7.0ms      1.87%       -  login of 4000000000
process     1        1         -        -          3        1       0    1.0ms      0.27%       -  cron
process     1        1         -        -          2        1       0    1.0ms      0.27%       -  sshd
process     1        1         -        -          1        1       0        -          -       -  systemd
-- 2026-09-21 14:13:20 to 2026-09-21 14:13:27; boots 1, segments 1, records 100; processes 22, running 3, ended unseen 0; lost 0, damaged 0 bytes
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
ABOVE  PID  USER  START_TIME           ELAPSED  STATUS  COMM      ARGS
    0  204  root  2026-09-21 14:13:21    2.40s  0       uploader  uploader
    1  203  root  2026-09-21 14:13:21    2.0ms  0       sh        sh -c 'backup --all'
    2  201  root  2026-09-21 14:13:21  699.0ms  0       sh        sh -c 'backup --all'
    3  200  root  2026-09-21 14:13:21  701.0ms  0       cron      -
    4   50  root  2026-09-21 14:13:18        -  -       cron      -
    5    1  root  2026-09-21 14:13:15        -  -       systemd   -
-- 2026-09-21 14:13:20 to 2026-09-21 14:13:27; boots 1, segments 1, records 100; processes 22, running 3, ended unseen 0; filtered 16; lost 0, damaged 0 bytes
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
USER  PID  PPID  TTY   START_TIME               AGE  CPU_SO_FAR  COMM      ARGS
root    1     0  -     2026-09-21 14:13:15    7.00s           -  systemd   -
root   50     1  -     2026-09-21 14:13:18    4.00s           -  cron      -
root   60     1  -     2026-09-21 14:13:18    4.00s           -  sshd      -
root  204   203  none  2026-09-21 14:13:21  399.0ms           -  uploader  uploader
-- 2026-09-21 14:13:20 to 2026-09-21 14:13:27; boots 1, segments 1, records 100; processes 22, running 3, ended unseen 0; filtered 18; lost 0, damaged 0 bytes
)")
                                                                    .substr(1));
}

TEST_F(NightTest, SpawnSaysWhoMakesProcesses) {
  EXPECT_EQ(Run("spawn --log LOG").out, std::string(R"(
SPAWNER  BIRTHS  BIRTHS_SHARE  SHORT  FORKED_ONLY  FAILED      CPU  MEAN_CPU  MEAN_ELAPSED
sh            6        31.58%      2            2       2  302.0ms    50.3ms       963.7ms
systemd       6        31.58%      0            0       6   60.0ms    10.0ms        50.0ms
cron          4        21.05%      0            2       0    5.0ms     1.2ms       700.0ms
sshd          2        10.53%      0            1       0    4.0ms     2.0ms       300.0ms
bash          1         5.26%      0            0       0    4.0ms     4.0ms       100.0ms
TOTAL        19       100.00%      2            5       8  375.0ms    19.7ms       504.3ms
-- births: 19 in 7 s, at most 6 in a second: 2026-09-21 14:13:25
-- 2026-09-21 14:13:20 to 2026-09-21 14:13:27; boots 1, segments 1, records 100; processes 22, running 3, ended unseen 0; filtered 3; lost 0, damaged 0 bytes
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
COMM  STATUS        COUNT  OF  COUNT_SHARE  SWALLOWED  MOST_PER_MINUTE  LOOP      CPU  LAST_TIME            ARGS
app   SIGSEGV core      6   6      100.00%          0                6  yes    60.0ms  2026-09-21 14:13:25  app
gzip  1                 2   2      100.00%          2                2  no    200.0ms  2026-09-21 14:13:23  gzip -1
-- 2026-09-21 14:13:20 to 2026-09-21 14:13:27; boots 1, segments 1, records 100; processes 22, running 3, ended unseen 0; filtered 3; lost 0, damaged 0 bytes
)")
                                               .substr(1));
}

TEST_F(NightTest, WhatNotesSayIsToldToPrograms) {
  const struct {
    std::string report;
    std::string facts;
    std::string note;
  } cases[] = {
      {"spawn",
       R"({"births":19,"seconds":7,"peak_second":6,"peak_time":"2026-09-21T14:13:25.000000+00:00"})",
       "births: 19 in 7 s, at most 6 in a second: 2026-09-21 14:13:25"},
      {"why 999999", R"({"candidates":0,"left_out":0})", "no process 999999 in the log"},
      {"jobs", R"({"incomplete_processes":0})", ""},
  };
  for (const auto& [report, facts, note] : cases) {
    EXPECT_THAT(Run(report + " --log LOG --output json").out, HasSubstr("\"facts\":" + facts));
    for (const std::string format : {"csv", "tsv", "jsonl"}) {
      const Answer answer = Run(report + " --log LOG --output " + format);
      EXPECT_EQ(answer.err, note.empty() ? "" : "daybook: " + note + "\n") << report;
    }
  }
  EXPECT_THAT(Run("info --log LOG --output json").out,
              testing::ContainsRegex(R"("facts":[{]"bytes":[0-9]+,"ended_processes":19,)"
                                     R"("bytes_per_process":[0-9]+[}])"));
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
  for (const uint32_t i : {1u, 2u, 4u, 5u, 6u}) {
    script.Exit(9000 + i * 5, 500 + i, 6000 + i * 10,
                {.wait_status = 2 << 8, .comm = "postgres", .ppid = 500});
  }
  script.log().Close();
  log_path_ = path;
  EXPECT_THAT(Run("failures --log LOG").out,
              HasSubstr("\n-- cascades: 1; of the widest postgres (503) died first, SIGSEGV, and 5 "
                        "followed: --view cascades\n"));
  EXPECT_EQ(Run("failures --log LOG --view cascades").out, std::string(R"(
COMM      PID  STATUS        COUNT  KIND     JOB       FIRST_TIME           LAST_TIME            ARGS
postgres  503  SIGSEGV core      5  process  postgres  2026-09-21 14:13:24  2026-09-21 14:13:24  postgres
-- 2026-09-21 14:13:20 to 2026-09-21 14:13:24; boots 1, segments 1, records 56; processes 10, running 4, ended unseen 0; filtered 4; lost 0, damaged 0 bytes
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
START_TIME           PID  FROM_USER   TO_USER  CHANGE  CHANGED_BY  TTY   ANCESTORS                     ARGS
2026-09-21 14:13:27  302  4000000000  root     setuid  sudo        none  bash < sshd < sshd < systemd  sudo id
-- 2026-09-21 14:13:20 to 2026-09-21 14:13:27; boots 1, segments 1, records 100; processes 22, running 3, ended unseen 0; filtered 21; lost 0, damaged 0 bytes
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
uploader,more_often,0,2,0,0,,100000
app,new,0,6,0,6,,60000
sudo,new,0,1,0,0,,4000
sh,gone,2,0,0,0,3000,
bash,new,0,1,0,0,,3000
)")
                            .substr(1));
}

TEST_F(NightTest, FewAreNoDifference) {
  const std::string diff =
      "diff --log LOG --since '2026-09-21 14:13:24' --output csv --columns comm,change,count ";
  EXPECT_EQ(Run(diff + "--min-count 2").out,
            "comm,change,count\ngzip,gone,0\napp,new,6\nsh,gone,0\ncron,less_often,0\n")
      << "and not bash and sudo, which were there once";
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
START_TIME           PID  USER  ELAPSED      CPU  CPU_PERCENT  MAXRSS  STATUS  COMM      ARGS
2026-09-21 14:13:21  202  root  490.0ms  100.0ms       20.40%       -  1       gzip      gzip -1
2026-09-21 14:13:23  212  root  490.0ms  100.0ms       20.40%       -  1       gzip      gzip -1
2026-09-21 14:13:21  204  root    2.40s   50.0ms        2.08%       -  0       uploader  uploader
-- 3 of 22 rows are shown: --limit 3
-- 2026-09-21 14:13:20 to 2026-09-21 14:13:27; boots 1, segments 1, records 100; processes 22, running 3, ended unseen 0; lost 0, damaged 0 bytes
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

}  // namespace
}  // namespace daybook
