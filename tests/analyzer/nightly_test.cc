// The page for the morning, of a night whose truth is known and of the week before it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "nightly_week.h"

namespace daybook {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(NightlyTest, ANightLikeTheOthersHasNoExceptions) {
  week_.Live(kNightMs + 11 * kHourMs, {.comm = "rotate", .args = "rotate\0"sv});
  Close();
  EXPECT_EQ(Run(kAsk).out, std::string(R"(
daybook report: web1, 2026-09-28 00:00:00 to 2026-09-29 00:00:00
compared with 2026-09-21 14:13:20 to 2026-09-28 00:00:00

-- no exceptions

== Totals
PROCESSES  RUNNING  FAILED  CPU_WITHIN     CPU  UTIME  STIME  MAXRSS  READ  WRITE
       11        2       1      58.0ms  58.0ms      -      -       -     -      -

== Failed
COMM   STATUS  COUNT  OF  LAST_TIME            ARGS
false  1           1   1  2026-09-28 10:00:00  false

== Programs by CPU time
COMM     COUNT  FAILED  CPU_WITHIN  WITHIN_SHARE  MEAN_CPU  MAXRSS
backup       1       0      50.0ms        86.21%    50.0ms       -
cc           5       0       5.0ms         8.62%     1.0ms       -
false        1       1       1.0ms         1.72%     1.0ms       -
rotate       1       0       1.0ms         1.72%     1.0ms       -
su           1       0       1.0ms         1.72%     1.0ms       -
cron         1       0           -             -         -       -
systemd      1       0           -             -         -       -

== Users by CPU time
USER        COUNT  FAILED  CPU_WITHIN  WITHIN_SHARE
root            6       1      53.0ms        91.38%
4000000000      5       0       5.0ms         8.62%

== Jobs by CPU time
KIND     RUNS  PROCESSES  FAILED  CPU_WITHIN  WITHIN_SHARE  JOB
cron        1          1       0      50.0ms        86.21%  backup
process     5          5       0       5.0ms         8.62%  cc
process     1          1       1       1.0ms         1.72%  false
process     1          1       0       1.0ms         1.72%  rotate
process     1          1       0       1.0ms         1.72%  su
process     1          1       0           -             -  cron
process     1          1       0           -             -  systemd

== Who makes processes
SPAWNER  BIRTHS  BIRTHS_SHARE  SHORT  FAILED     CPU
systemd       8        88.89%      0       1   8.0ms
cron          1        11.11%      0       0  50.0ms

-- 2026-09-27 23:59:59 to 2026-09-28 23:59:59; boots 1, segments 1, records 65, outside the time and not read: segments 6; processes 11, running 2, ended unseen 0; lost 0, damaged 0 bytes
)")
                               .substr(1));
  const Answer silent = Run(kAsk +
                            "--only-exceptions --fail-on lost,gap,stopped,damage,signal,core,"
                            "oom,crash-loop,new-program,new-user,change,identity");
  EXPECT_EQ(silent.out, "");
  EXPECT_EQ(silent.err, "");
  EXPECT_EQ(silent.status, 0);
}

TEST_F(NightlyTest, ExceptionsComeFirst) {
  Worry();
  const Answer answer = Run(kAsk);
  EXPECT_EQ(answer.out, std::string(R"(
daybook report: web1, 2026-09-28 00:00:00 to 2026-09-29 00:00:00
compared with 2026-09-21 14:13:20 to 2026-09-28 00:00:00

== Not in the log
WHAT              TIMES  LOST  BYTES  DURATION  FIRST_TIME           LAST_TIME            HOST
lost                  1    10     0B         -  2026-09-28 10:00:00  2026-09-28 11:00:00  web1
not_recorded          1    40     0B     1m30s  2026-09-28 11:58:30  2026-09-28 12:00:00  web1
recorder_stopped      1     0     0B     4h00m  2026-09-28 20:00:00  2026-09-29 00:00:00  web1

== Ended by a signal, with a core dump or without memory
COMM  JOB          STATUS   CORE  OOM  COUNT  LAST_TIME            ARGS
app   app.service  SIGSEGV  yes   no       6  2026-09-28 13:00:02  app --serve
cc    cc           SIGKILL  no    yes      1  2026-09-28 14:00:00  cc big.c

== Crash loops
COMM  PARENT   STATUS   COUNT  MOST_PER_MINUTE  FIRST_TIME           LAST_TIME            ARGS
app   systemd  SIGSEGV      6                6  2026-09-28 13:00:00  2026-09-28 13:00:02  app --serve

== New programs
PROGRAM         COUNT  FAILED    CPU  FIRST_TIME           USER        PARENT   ARGS
/usr/bin/app        6       6  6.0ms  2026-09-28 13:00:00  root        systemd  app --serve
/usr/bin/miner      1       0  1.0ms  2026-09-28 16:00:00  4000000001  cron     miner --fast

== New users
USER        COUNT    CPU  FIRST_TIME           COMM
4000000001      1  1.0ms  2026-09-28 16:00:00  miner

== More often, slower, costlier, failing or gone
COMM    CHANGE               EXPECTED  COUNT  EXPECTED_FAILED  FAILED  OLD_MEAN_ELAPSED  MEAN_ELAPSED  EXPECTED_CPU    CPU
cc      more_often,costlier         4     36                0       1           100.0ms       100.0ms         3.9ms  3.04s
rotate  gone                        1      0                0       0           100.0ms             -         779us      -

== New changes of identity
CHANGE     FROM_USER   USER  COMM   COUNT  FIRST_TIME           ANCESTORS
effective  4000000001  root  miner      1  2026-09-28 16:00:00  cron < systemd

== Totals
PROCESSES  RUNNING  FAILED  CPU_WITHIN    CPU  UTIME  STIME  MAXRSS  READ  WRITE
       48        2       8       3.09s  3.09s      -      -       -     -      -

== Failed
COMM   STATUS   COUNT  OF  LAST_TIME            ARGS
app    SIGSEGV      6   6  2026-09-28 13:00:02  app --serve
cc     SIGKILL      1  36  2026-09-28 14:00:00  cc big.c
false  1            1   1  2026-09-28 10:00:00  false

== Programs by CPU time
COMM     COUNT  FAILED  CPU_WITHIN  WITHIN_SHARE  MEAN_CPU  MAXRSS
cc          36       1       3.04s        98.09%    84.3ms       -
backup       1       0      50.0ms         1.62%    50.0ms       -
app          6       6       6.0ms         0.19%     1.0ms       -
false        1       1       1.0ms         0.03%     1.0ms       -
miner        1       0       1.0ms         0.03%     1.0ms       -
su           1       0       1.0ms         0.03%     1.0ms       -
cron         1       0           -             -         -       -
systemd      1       0           -             -         -       -

== Users by CPU time
USER        COUNT  FAILED  CPU_WITHIN  WITHIN_SHARE
4000000000     36       1       3.04s        98.09%
root           11       7      58.0ms         1.87%
4000000001      1       0       1.0ms         0.03%

== Jobs by CPU time
KIND     RUNS  PROCESSES  FAILED  CPU_WITHIN  WITHIN_SHARE  JOB
process    36         36       1       3.04s        98.09%  cc
cron        1          1       0      50.0ms         1.62%  backup
service     1          6       6       6.0ms         0.19%  app.service
cron        1          1       0       1.0ms         0.03%  miner --fast
process     1          1       1       1.0ms         0.03%  false
process     1          1       0       1.0ms         0.03%  su
process     1          1       0           -             -  cron
process     1          1       0           -             -  systemd

== Who makes processes
SPAWNER  BIRTHS  BIRTHS_SHARE  SHORT  FAILED     CPU
systemd      44        95.65%      0       8   3.04s
cron          2         4.35%      0       0  51.0ms

-- 2026-09-27 23:59:59 to 2026-09-28 20:00:00; boots 1, segments 1, records 180, outside the time and not read: segments 6; processes 48, running 2, ended unseen 0; lost 10, damaged 0 bytes; not recorded: times 1, forks 40
)")
                            .substr(1));
  EXPECT_EQ(answer.status, 4) << "events were lost";
}

TEST_F(NightlyTest, OnlyExceptionsIsNothingElse) {
  Worry();
  const std::string out = Run(kAsk + "--only-exceptions").out;
  EXPECT_THAT(out, AllOf(HasSubstr("== Not in the log\n"), HasSubstr("== New users\n"),
                         Not(HasSubstr("== Totals"))));
  EXPECT_EQ(Run(kAsk + "--only-exceptions --section crash_loops").out, std::string(R"(
daybook report: web1, 2026-09-28 00:00:00 to 2026-09-29 00:00:00
compared with 2026-09-21 14:13:20 to 2026-09-28 00:00:00

-- exceptions in sections that were not asked for: coverage, abnormal_ends, new_programs, new_users, changes, new_identities

== Crash loops
COMM  PARENT   STATUS   COUNT  MOST_PER_MINUTE  FIRST_TIME           LAST_TIME            ARGS
app   systemd  SIGSEGV      6                6  2026-09-28 13:00:00  2026-09-28 13:00:02  app --serve

-- 2026-09-27 23:59:59 to 2026-09-28 20:00:00; boots 1, segments 1, records 180, outside the time and not read: segments 6; processes 48, running 2, ended unseen 0; lost 10, damaged 0 bytes; not recorded: times 1, forks 40
)")
                                                                           .substr(1));
  // What is not chosen is no exception.
  EXPECT_EQ(Run(kAsk + "--only-exceptions --section jobs").out, "");
}

TEST_F(NightlyTest, EveryFormatHasTheSameSections) {
  Worry();
  const std::string ask = kAsk + "--section coverage,changes,users --output ";
  EXPECT_EQ(Run(ask + "md").out, std::string(R"(
# daybook report: web1, 2026-09-28 00:00:00 to 2026-09-29 00:00:00

compared with 2026-09-21 14:13:20 to 2026-09-28 00:00:00

exceptions in sections that were not asked for: abnormal\_ends, crash\_loops, new\_programs, new\_users, new\_identities

## Not in the log

| WHAT | TIMES | LOST | BYTES | DURATION | FIRST\_TIME | LAST\_TIME | HOST |
|---|---:|---:|---:|---:|---|---|---|
| lost | 1 | 10 | 0B | - | 2026-09-28 10:00:00 | 2026-09-28 11:00:00 | web1 |
| not\_recorded | 1 | 40 | 0B | 1m30s | 2026-09-28 11:58:30 | 2026-09-28 12:00:00 | web1 |
| recorder\_stopped | 1 | 0 | 0B | 4h00m | 2026-09-28 20:00:00 | 2026-09-29 00:00:00 | web1 |

## More often, slower, costlier, failing or gone

| COMM | CHANGE | EXPECTED | COUNT | EXPECTED\_FAILED | FAILED | OLD\_MEAN\_ELAPSED | MEAN\_ELAPSED | EXPECTED\_CPU | CPU |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|
| cc | more\_often,costlier | 4 | 36 | 0 | 1 | 100.0ms | 100.0ms | 3.9ms | 3.04s |
| rotate | gone | 1 | 0 | 0 | 0 | 100.0ms | - | 779us | - |

## Users by CPU time

| USER | COUNT | FAILED | CPU\_WITHIN | WITHIN\_SHARE |
|---|---:|---:|---:|---:|
| 4000000000 | 36 | 1 | 3.04s | 98.09% |
| root | 11 | 7 | 58.0ms | 1.87% |
| 4000000001 | 1 | 0 | 1.0ms | 0.03% |

2026-09-27 23:59:59 to 2026-09-28 20:00:00; boots 1, segments 1, records 180, outside the time and not read: segments 6; processes 48, running 2, ended unseen 0; lost 10, damaged 0 bytes; not recorded: times 1, forks 40
)")
                                     .substr(1));
  EXPECT_EQ(Run(ask + "json --fail-on core,'oom>5'").out, std::string(R"page(
{"report":"report","hosts":["web1"],"since":"2026-09-28T00:00:00.000000+00:00","until":"2026-09-29T00:00:00.000000+00:00","baseline_since":"2026-09-21T14:13:20.000000+00:00","baseline_until":"2026-09-28T00:00:00.000000+00:00","sections":[
{"section":"coverage","rows":[
{"what":"lost","times":1,"lost":10,"bytes":0,"duration_us":null,"first_time":"2026-09-28T10:00:00.000000+00:00","last_time":"2026-09-28T11:00:00.000000+00:00","host":"web1"},
{"what":"not_recorded","times":1,"lost":40,"bytes":0,"duration_us":90000000,"first_time":"2026-09-28T11:58:30.000000+00:00","last_time":"2026-09-28T12:00:00.000000+00:00","host":"web1"},
{"what":"recorder_stopped","times":1,"lost":0,"bytes":0,"duration_us":14400000000,"first_time":"2026-09-28T20:00:00.000000+00:00","last_time":"2026-09-29T00:00:00.000000+00:00","host":"web1"}
]}
,{"section":"changes","rows":[
{"comm":"cc","change":"more_often,costlier","expected":4,"count":36,"expected_cpu_us":3897,"cpu_us":3035000,"expected_failed":0,"failed":1,"old_mean_elapsed_us":100000,"mean_elapsed_us":100000,"host":"web1"},
{"comm":"rotate","change":"gone","expected":1,"count":0,"expected_cpu_us":779,"cpu_us":null,"expected_failed":0,"failed":0,"old_mean_elapsed_us":100000,"mean_elapsed_us":null,"host":"web1"}
]}
,{"section":"users","rows":[
{"user":null,"uid":4000000000,"count":36,"failed":1,"cpu_within_us":3035000,"within_share":98.09,"cpu_us":3035000,"cpu_share":98.09,"host":"web1"},
{"user":"root","uid":0,"count":11,"failed":7,"cpu_within_us":58000,"within_share":1.87,"cpu_us":58000,"cpu_share":1.87,"host":"web1"},
{"user":null,"uid":4000000001,"count":1,"failed":0,"cpu_within_us":1000,"within_share":0.03,"cpu_us":1000,"cpu_share":0.03,"host":"web1"}
]}
],
"failed_on":["core (6)"],
"notes":["exceptions in sections that were not asked for: abnormal_ends, crash_loops, new_programs, new_users, new_identities"],
"coverage":{"first_time":"2026-09-27T23:59:59.000000+00:00","last_time":"2026-09-28T20:00:00.000000+00:00","hosts":1,"boots":1,"segments":1,"records":180,"skipped_segments":6,"skipped_bytes":0,"processes":48,"running":2,"ended_unseen":0,"unreaped":0,"stopped_early":false,"used":48,"filtered":0,"undated":0,"undecided":0,"dropped_events":0,"lost_events":10,"recording_gaps":1,"missed_forks":40,"unseen_forks":0,"recorded_twice_us":0,"missing_records":0,"malformed_records":0,"repeated_records":0,"unordered_records":0,"unknown_records":0,"salvaged_records":0,"gaps":0,"damaged_bytes":0,"hole_bytes":0,"torn_bytes":0,"unreadable_files":0,"imported":false,"others_hidden":false,"filter":null}}
)page")
                                                              .substr(1));
  EXPECT_EQ(Run(ask + "jsonl").out, std::string(R"(
{"section":"coverage","what":"lost","times":1,"lost":10,"bytes":0,"duration_us":null,"first_time":"2026-09-28T10:00:00.000000+00:00","last_time":"2026-09-28T11:00:00.000000+00:00","host":"web1"}
{"section":"coverage","what":"not_recorded","times":1,"lost":40,"bytes":0,"duration_us":90000000,"first_time":"2026-09-28T11:58:30.000000+00:00","last_time":"2026-09-28T12:00:00.000000+00:00","host":"web1"}
{"section":"coverage","what":"recorder_stopped","times":1,"lost":0,"bytes":0,"duration_us":14400000000,"first_time":"2026-09-28T20:00:00.000000+00:00","last_time":"2026-09-29T00:00:00.000000+00:00","host":"web1"}
{"section":"changes","comm":"cc","change":"more_often,costlier","expected":4,"count":36,"expected_cpu_us":3897,"cpu_us":3035000,"expected_failed":0,"failed":1,"old_mean_elapsed_us":100000,"mean_elapsed_us":100000,"host":"web1"}
{"section":"changes","comm":"rotate","change":"gone","expected":1,"count":0,"expected_cpu_us":779,"cpu_us":null,"expected_failed":0,"failed":0,"old_mean_elapsed_us":100000,"mean_elapsed_us":null,"host":"web1"}
{"section":"users","user":null,"uid":4000000000,"count":36,"failed":1,"cpu_within_us":3035000,"within_share":98.09,"cpu_us":3035000,"cpu_share":98.09,"host":"web1"}
{"section":"users","user":"root","uid":0,"count":11,"failed":7,"cpu_within_us":58000,"within_share":1.87,"cpu_us":58000,"cpu_share":1.87,"host":"web1"}
{"section":"users","user":null,"uid":4000000001,"count":1,"failed":0,"cpu_within_us":1000,"within_share":0.03,"cpu_us":1000,"cpu_share":0.03,"host":"web1"}
)")
                                        .substr(1));
  EXPECT_EQ(Run(kAsk + "--section changes --output csv").out, std::string(R"(
comm,change,expected,count,expected_cpu_us,cpu_us,expected_failed,failed,old_mean_elapsed_us,mean_elapsed_us,host
cc,"more_often,costlier",4,36,3897,3035000,0,1,100000,100000,web1
rotate,gone,1,0,779,,0,0,100000,,web1
)")
                                                                  .substr(1));
  EXPECT_EQ(Run(kAsk + "--section changes --output tsv").out, std::string(R"(
comm	change	expected	count	expected_cpu_us	cpu_us	expected_failed	failed	old_mean_elapsed_us	mean_elapsed_us	host
cc	more_often,costlier	4	36	3897	3035000	0	1	100000	100000	web1
rotate	gone	1	0	779		0	0	100000		web1
)")
                                                                  .substr(1));
}

TEST_F(NightlyTest, EachRuleFailsByWhatItIsFor) {
  Worry();
  for (const std::string rule :
       {"lost", "gap", "stopped", "signal", "core", "oom", "crash-loop", "new-program", "new-user",
        "change", "identity", "failed", "'failed>7'", "'lost>9'", "damage,core"}) {
    const Answer answer = Run(kAsk + "--only-exceptions --fail-on " + rule);
    EXPECT_EQ(answer.status, 1) << rule;
    EXPECT_THAT(answer.out, HasSubstr("-- exit status 1 since this applies: ")) << rule;
  }
  for (const std::string rule : {"damage", "'failed>8'", "'lost>10'", "'core>6'"}) {
    EXPECT_EQ(Run(kAsk + "--fail-on " + rule).status, 4) << rule;
  }
}

TEST_F(NightlyTest, WhatARuleFailsOnIsShown) {
  Worry();
  const struct {
    std::string rules;
    std::string title;
  } cases[] = {{"lost,gap,stopped", "Not in the log"},
               {"signal,core,oom", "Ended by a signal, with a core dump or without memory"},
               {"crash-loop", "Crash loops"},
               {"new-program", "New programs"},
               {"new-user", "New users"},
               {"change", "More often, slower, costlier, failing or gone"},
               {"identity", "New changes of identity"},
               {"failed", "Failed"}};
  for (const auto& [rules, title] : cases) {
    EXPECT_THAT(Run(kAsk + "--only-exceptions --fail-on " + rules).out,
                HasSubstr("== " + title + "\n"));
  }
}

// Programs as grep answer no: that is worth a look only to who asks for it.
TEST_F(NightlyTest, FailuresAreExceptionsWhereARuleAppliesToThem) {
  week_.Live(kNightMs + 11 * kHourMs, {.comm = "rotate"});
  Close();
  EXPECT_EQ(Run(kAsk + "--only-exceptions --fail-on 'failed>1'").out, "");
  for (const std::string rule : {"failed", "'failed>0'"}) {
    const Answer answer = Run(kAsk + "--only-exceptions --fail-on " + rule);
    EXPECT_EQ(answer.status, 1);
    EXPECT_THAT(answer.out,
                AllOf(HasSubstr("== Failed\n"
                                "COMM   STATUS  COUNT  OF  LAST_TIME            ARGS\n"
                                "false  1           1   1  2026-09-28 10:00:00  false\n"),
                      Not(HasSubstr("no exceptions")),
                      HasSubstr("-- exit status 1 since this applies: failed (1)\n")));
  }
}

TEST_F(NightlyTest, ExceptionsThatAreNotShownAreTold) {
  Worry();
  EXPECT_THAT(Run(kAsk + "--section jobs,crash_loops").out,
              AllOf(HasSubstr("-- exceptions in sections that were not asked for: coverage, "
                              "abnormal_ends, new_programs, new_users, changes, new_identities\n"),
                    Not(HasSubstr("no exceptions"))));
}

// A table has no place for it.
TEST_F(NightlyTest, WhereOnlyATableIsWantedTheRuleIsToldBesideIt) {
  Worry();
  const Answer answer = Run(kAsk + "--section jobs --output csv --fail-on signal,oom");
  EXPECT_EQ(answer.status, 1);
  EXPECT_THAT(answer.err,
              EndsWith("\ndaybook: this applies: signal (7)\ndaybook: this applies: oom (1)\n"));
  const Answer incomplete = Run(kAsk + "--section jobs --output csv");
  EXPECT_EQ(incomplete.status, 4);
  EXPECT_THAT(incomplete.err, HasSubstr("the log is not complete"));
}

// What changes how its rows are to be read, in each format.
TEST_F(NightlyTest, WhatThePageSaysBesidesItsTablesIsToldInEachFormat) {
  Worry();
  const std::string ask = kAsk + "--section jobs --baseline 1h --output ";
  const std::string short_baseline = "compared with nothing: --baseline is shorter than this time";
  const std::string hidden =
      "exceptions in sections that were not asked for: coverage, abnormal_ends, crash_loops";
  const Answer text = Run(ask + "text");
  EXPECT_THAT(text.out, HasSubstr("-- " + short_baseline + "\n\n-- " + hidden + "\n"));
  EXPECT_EQ(text.err, "");
  const Answer markdown = Run(ask + "md");
  EXPECT_THAT(markdown.out, HasSubstr("\n" + short_baseline + "\n\nexceptions in sections that " +
                                      "were not asked for: coverage, abnormal\\_ends, "));
  EXPECT_EQ(markdown.err, "");
  for (const std::string format : {"csv", "tsv", "jsonl"}) {
    EXPECT_THAT(Run(ask + format).err,
                StartsWith("daybook: " + short_baseline + "\ndaybook: " + hidden + "\n"));
  }
  EXPECT_EQ(Run(ask + "json | jq -r .notes[]").out, short_baseline + "\n" + hidden + "\n");
  EXPECT_EQ(Run(ask + "json").err, "");
}

// Empty tables say that by themselves.
TEST_F(NightlyTest, WhereThereIsNothingToSayProgramsAreToldNothing) {
  week_.Live(kNightMs + 11 * kHourMs, {.comm = "rotate", .args = "rotate\0"sv});
  Close();
  EXPECT_EQ(Run(kAsk + "--output jsonl").err, "");
  EXPECT_EQ(Run(kAsk + "--output json | jq -c .notes").out, "[]\n");
}

TEST_F(NightlyTest, WithoutALongEnoughTimeBeforeNothingIsNew) {
  Worry();
  for (const std::string& ask : {kAsk + "--baseline 0", kAsk + "--baseline 1h",
                                 std::string("report --log LOG -S 2026-09-22 -U 2026-09-23")}) {
    const std::string out = Run(ask).out;
    EXPECT_THAT(out, AllOf(Not(HasSubstr("== New")), Not(HasSubstr("== More often")),
                           Not(HasSubstr("compared with 2026")), HasSubstr("== Totals")))
        << ask;
  }
  EXPECT_THAT(Run(kAsk + "--baseline 1d").out,
              HasSubstr("compared with 2026-09-27 00:00:00 to 2026-09-28 00:00:00\n"));
}

TEST_F(NightlyTest, AFilterHoldsForBothPeriods) {
  Worry();
  const std::string out = Run(kAsk +
                              "--comm cc --output json | jq -c '[.sections[] | "
                              "select(.section == (\"changes\", \"programs\")).rows[] | "
                              "[.comm, .expected, .count]]'")
                              .out;
  EXPECT_EQ(out, "[[\"cc\",4,36],[\"cc\",null,36]]\n");
}

TEST_F(NightlyTest, ProgramsAreShownAllRows) {
  std::vector<std::string> names(20, "program-");
  for (uint64_t i = 0; i < names.size(); ++i) {
    names[i] += std::to_string(i);
    week_.Live(kNightMs + 11 * kHourMs + i * 200, {.comm = names[i]});
  }
  Close();
  const std::string ask = kAsk + "--section new_programs --output ";
  EXPECT_EQ(Run(ask + "json | jq '.sections[0].rows | length'").out, "20\n");
  EXPECT_THAT(Run(ask + "text").out, HasSubstr("-- and 10 more\n"));
}

TEST_F(NightlyTest, APageOfAnyLengthIsOneDocument) {
  for (uint64_t i = 0; i < 2000; ++i) {
    const std::string comm = "program-" + std::to_string(i);
    week_.Live(kNightMs + 11 * kHourMs + i * 200, {.comm = comm, .args = comm});
  }
  Close();
  const std::string ask = kAsk + "-n 2000 --output json | jq '[.sections[].rows | length] | add'";
  // Each is a new program, a program and a job.
  EXPECT_GT(std::stoi(Run(ask).out), 6000);
}

TEST_F(NightlyTest, MistakesAreNamed) {
  Close();
  const struct {
    std::string arguments;
    std::string message;
  } cases[] = {
      {"--fail-on sgnal", "daybook: --fail-on: no rule 'sgnal'; did you mean 'signal'?\n"},
      {"--fail-on 'failed>x'",
       "daybook: --fail-on: 'x' is no number; write for example failed>10\n"},
      {"--section jbs", "daybook: --section: no section 'jbs'; did you mean 'jobs'?\n"},
      {"--baseline soon", "daybook: --baseline: 'soon' is no span of time; write for example 7d\n"},
      {"--baseline 59s",
       "daybook: --baseline: '59s' is less than a minute, which tells of nothing; write for "
       "example "
       "7d, or 0 to compare with nothing\n"},
      {"--output csv", "daybook: --output: csv holds one table; say which by --section\n"},
      {"--output tsv --section jobs,users",
       "daybook: --output: tsv holds one table; say which by --section\n"}};
  for (const auto& [arguments, message] : cases) {
    const Answer answer = Run("report --log LOG " + arguments);
    EXPECT_EQ(answer.status, 2) << arguments;
    EXPECT_EQ(answer.err, message);
    EXPECT_EQ(answer.out, "");
  }
  const Answer pipe = Run("report --log - <LOG/daybook-00000001.dbk");
  EXPECT_EQ(pipe.status, 3);
  EXPECT_EQ(pipe.err, "daybook: report: a pipe can be read only once; give a log in files\n");
}

}  // namespace
}  // namespace daybook
