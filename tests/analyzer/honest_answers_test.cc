// What the verbs say where the first answer that comes to mind would be wrong: of what still runs,
// of parts that are left out, of times that nobody recorded, and of names that nobody has.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "pacct/pacct.h"
#include "program_runner.h"
#include "script.h"

namespace daybook {
namespace {

using std::string_view_literals::operator""sv;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class HonestAnswersTest : public ProgramRunner {};

// ---- tree ----

class BuildTest : public HonestAnswersTest {
 protected:
  BuildTest() {
    Script script(log_path_);
    script.Snapshot();
    script.Fork(6000, 200, 60, 3000);
    script.Exec(6001, 200, 6000, "make", "make\0"sv);
    script.Fork(6100, 201, 200, 6000, 4242);
    script.Exec(6101, 201, 6100, "sh", "sh\0-c\0cc\0"sv, 4242);
    script.Fork(6200, 202, 201, 6100, 4343);
    script.Exec(6201, 202, 6200, "cc", "cc\0"sv, 4343);
    script.Exit(7200, 202, 6200,
                {.wait_status = 1 << 8,
                 .comm = "cc",
                 .cpu_us = 900'000,
                 .ppid = 201,
                 .uid = 4343,
                 .euid = 4343});
    script.Exit(7300, 201, 6100,
                {.comm = "sh", .cpu_us = 10'000, .ppid = 200, .uid = 4242, .euid = 4242});
    script.Exit(7400, 200, 6000, {.comm = "make", .cpu_us = 3000, .ppid = 60});
    script.Fork(8000, 210, 60, 3000);
    script.Exec(8001, 210, 8000, "cc", "cc\0"sv);
    script.Exit(8500, 210, 8000, {.comm = "cc", .cpu_us = 5, .ppid = 60});
    script.log().At(9000);
  }
};

TEST_F(BuildTest, WhatAProcessCostsWithAllBelowDoesNotDependOnWhoIsShown) {
  const std::string tree =
      "tree --log LOG --output csv --no-header --columns "
      "depth,comm,total_cpu,descendants ";
  EXPECT_EQ(Run(tree + "--comm make").out, "0,make,913000,2\n");
  EXPECT_EQ(Run(tree + "--pid 201,202,200").out, "0,make,913000,2\n1,sh,910000,1\n2,cc,900000,0\n");
  EXPECT_EQ(Run(tree + "--pid 200,202").out, "0,make,913000,2\n0,cc,900000,0\n");
  EXPECT_EQ(Run(tree + "--comm make --until '2026-09-21 14:13:21.05'").out, "0,make,913000,2\n")
      << "nor on when";
}

// A daemon forks twice, and both it and who began it run on where the log ends.
TEST_F(HonestAnswersTest, WhatIsBelowTheDeadBelongsToWhoeverIsAboveThem) {
  {
    Script script(log_path_);
    script.Snapshot();
    script.Fork(6000, 200, 60, 3000);
    script.Exec(6001, 200, 6000, "service", "service\0"sv);
    script.Fork(6100, 201, 200, 6000);
    script.Fork(6200, 202, 201, 6100);
    script.Exec(6201, 202, 6200, "daemon", "daemon\0"sv);
    script.Exit(6300, 201, 6100, {.comm = "service", .cpu_us = 100, .ppid = 200});
    script.Fork(6400, 203, 202, 6200);
    script.Exec(6401, 203, 6400, "worker", "worker\0"sv);
    script.Fork(6500, 204, 203, 6400);
    script.Exit(6600, 204, 6500, {.comm = "worker", .cpu_us = 5000, .ppid = 203});
    script.log().At(9000);
  }
  const std::string tree =
      "tree --log LOG --output csv --no-header --columns comm,total_cpu,descendants --pid ";
  EXPECT_EQ(Run(tree + "200").out, "service,5100,4\n");
  EXPECT_EQ(Run(tree + "201").out, "service,5100,3\n");
  EXPECT_EQ(Run(tree + "202").out, "daemon,5000,2\n");
  EXPECT_EQ(Run(tree + "203").out, "worker,5000,1\n");
}

// As of processes that were there before a recorder without exact starts. The forks in between are
// over before those who began them.
TEST_F(HonestAnswersTest, WhatIsBelowThoseOfOneTickIsOfAllWhoAreAboveIt) {
  {
    Script script(log_path_);
    LogWriter& writer = script.log().writer();
    writer.Append(SnapBegin{.time_ns = ScriptedLog::Ns(5000)});
    const auto show = [&writer](uint32_t pid, uint64_t start_ms, uint32_t ppid,
                                uint64_t parent_ms) {
      writer.Append(SnapProc{.pid = pid,
                             .start_ns = ScriptedLog::Ns(start_ms),
                             .flags = kProcCoarseStart,
                             .ppid = ppid,
                             .parent_start_ns = ScriptedLog::Ns(parent_ms),
                             .comm = "bash"});
    };
    show(1, 0, 0, 0);
    for (uint32_t pid = 200; pid < 205; ++pid) {
      show(pid, 3000, pid == 200 ? 1 : pid - 1, pid == 200 ? 0 : 3000);
    }
    writer.Append(SnapEnd{.time_ns = ScriptedLog::Ns(5000), .process_count = 6});
    script.Fork(6000, 300, 204, 3000);
    script.Fork(6100, 301, 300, 6000);
    script.Exit(6200, 300, 6000, {.comm = "bash", .cpu_us = 100, .ppid = 204});
    script.Exit(6300, 301, 6100, {.comm = "bash", .cpu_us = 1000, .ppid = 1});
    script.log().At(9000);
  }
  EXPECT_EQ(
      Run("tree --log LOG --output csv --no-header --columns pid,total_cpu_us,descendants").out,
      "1,1100,7\n200,1100,6\n201,1100,5\n202,1100,4\n203,1100,3\n204,1100,2\n"
      "300,1100,1\n301,1000,0\n");
}

// What both took is told at their ends.
TEST_F(HonestAnswersTest, WhatRunsHasNoCostAndNoLengthYet) {
  {
    Script script(log_path_);
    script.Snapshot();
    script.Fork(6000, 200, 50, 3000);
    script.Fork(6100, 201, 200, 6000);
    script.log().At(9000);
  }
  EXPECT_EQ(
      Run("tree --log LOG --output csv --no-header --pid 200,201 --columns pid,total_cpu,cpu").out,
      "200,,\n201,,\n");
  const std::string jobs = "jobs --log LOG --output csv --no-header --root 'pid == 200' ";
  EXPECT_EQ(Run(jobs + "--pid 200,201 --columns runs,running,mean_run,max_run").out, "1,2,,\n");
  {
    Script script(log_path_);
    script.Snapshot();
    script.Fork(6000, 200, 50, 3000);
    script.Fork(6100, 201, 200, 6000);
    script.Exit(6300, 201, 6100, {.comm = "cc", .cpu_us = 7000, .ppid = 200});
  }
  EXPECT_EQ(Run("tree --log LOG --output csv --no-header --pid 200 --columns total_cpu,cpu").out,
            "7000,\n");
}

// As snapshots show it: not what it took behind the moment that is asked for.
TEST_F(HonestAnswersTest, WhatRunsHasTheCpuTimeOfASnapshotBefore) {
  {
    Script script(log_path_);
    script.Snapshot({{1, 0, 0, "systemd"}, {50, 3000, 1, "mysqld", 1'500'000}}, 5000);
    script.log().Rotate(20'000);
    script.Snapshot({{1, 0, 0, "systemd"}, {50, 3000, 1, "mysqld", 4'000'000}}, 20'500);
    script.log().At(30'000);
  }
  const std::string columns =
      "--log LOG --comm mysqld --output csv --no-header --columns cpu_so_far_us,so_far_time ";
  const std::string last = "4000000,2026-09-21T14:13:35.500000+00:00\n";
  EXPECT_EQ(Run("ps " + columns).out, last);
  EXPECT_EQ(Run("ps " + columns + "--at '2026-09-21 14:13:40'").out, last);
  EXPECT_EQ(Run("ps " + columns + "--at '2026-09-21 14:13:30'").out,
            "1500000,2026-09-21T14:13:20.000000+00:00\n");
  EXPECT_EQ(Run("list " + columns + "--filter 'cpu_so_far > 3s'").out, last);
  EXPECT_EQ(Run("list " + columns + "--filter 'cpu_so_far > 4s'").out, "");
  const std::string gain =
      "list --log LOG --comm mysqld --output csv --no-header --columns cpu_within_us ";
  EXPECT_EQ(Run(gain).out, "2500000\n");
  const std::string there = gain + "--window existence ";
  EXPECT_EQ(Run(there + "-S '2026-09-21 14:13:25'").out, "2500000\n");
  EXPECT_EQ(Run(there + "-U '2026-09-21 14:13:25'").out, "\n") << "there is one snapshot";
  const std::string behind =
      "list --log LOG --comm mysqld --output csv --no-header --window "
      "existence -S '2026-09-21 14:13:35.2' --columns ";
  EXPECT_EQ(Run(behind + "cpu_within_us").out, "2500000\n");
  EXPECT_EQ(Run(behind + "cpu_within_us,args").out, "2500000,\n") << "whatever else is shown";
}

// Some end later, of which one is only not there any more when a recorder comes back.
TEST_F(HonestAnswersTest, WhoRanWhenTheTimeWasOverIsCountedAsRunningWhateverBecameOfIt) {
  {
    Script script(log_path_);
    script.Snapshot();
    script.Fork(6000, 200, 1, 0);
    script.Exec(6001, 200, 6000, "worker", "worker\0"sv);
    script.Exit(7000, 200, 6000, {.comm = "worker", .cpu_us = 1000});
    script.Fork(8000, 201, 1, 0);
    script.Exec(8001, 201, 8000, "worker", "worker\0"sv);
    script.Fork(9000, 202, 1, 0);
    script.Exec(9001, 202, 9000, "worker", "worker\0"sv);
    script.Fork(9500, 203, 1, 0);
    script.Exec(9501, 203, 9500, "worker", "worker\0"sv);
    script.Exit(20'000, 201, 8000, {.wait_status = 1 << 8, .comm = "worker", .cpu_us = 3000});
    script.Exec(21'000, 203, 9500, "worker", "worker\0"sv);
    script.log().At(30'000);
    script.Snapshot({{1, 0, 0, "systemd"}, {202, 9000, 1, "worker"}}, 30'000);
  }
  const std::string until = " --log LOG --comm worker -U '2026-09-21 14:13:30' ";
  const std::string bare = "--output csv --no-header --columns ";
  for (const std::string rule : {"existence", "start"}) {
    const std::string ask = until + "--window " + rule + " ";
    EXPECT_THAT(Run("list" + ask).out, HasSubstr("running 4,"));  // and systemd
    EXPECT_EQ(Run("summary" + ask + bare + "count,running,lost,failed,cpu").out, "4,3,0,1,4000\n");
    EXPECT_EQ(Run("jobs" + ask + bare + "processes,running,failed,cpu").out, "4,3,1,4000\n");
    EXPECT_EQ(Run("summary --per program" + ask + bare + "comm,count,running,lost").out,
              "systemd,4,0,0\nworker,5,3,1\n***other,0,0,0\n");
  }
  EXPECT_EQ(Run("summary --log LOG --comm worker " + bare + "count,running,lost").out, "4,1,1\n");
}

// Programs that asked for no more know that they have no more.
TEST_F(HonestAnswersTest, WhatALimitLeavesOutIsToldToPeople) {
  {
    Script script(log_path_);
    script.Snapshot();
    for (uint32_t i = 0; i < 12; ++i) {
      const uint64_t ms = 6000 + i * 100;
      const std::string comm = "program-" + std::to_string(i);
      script.Fork(ms, 200 + i, i % 2 == 0 ? 50 : 60, 3000);
      script.Exec(ms + 1, 200 + i, ms, comm, comm);
      script.Exit(ms + 50, 200 + i, ms, {.wait_status = 1 << 8, .comm = comm, .cpu_us = 1000});
    }
    script.log().At(30'000);
  }
  const std::string told = " rows are shown: --limit 1\n";
  for (const auto& [verb, rows] : {std::pair("list", "15"),
                                   {"tree", "15"},
                                   {"top", "15"},
                                   {"spawn", "2"},
                                   {"failures", "12"},
                                   {"jobs", "10"},
                                   {"diff --all --old-log LOG", "15"}}) {
    const std::string ask = std::string(verb) + " --log LOG -n 1";
    const std::string note = std::string("1 of ") + rows + told;
    EXPECT_THAT(Run(ask).out, HasSubstr("\n-- " + note)) << verb;
    EXPECT_THAT(Run(ask + " --output md").out, HasSubstr("\n\n" + note)) << verb;
    for (const std::string format : {"csv", "json"}) {
      const Answer answer = Run(ask + " --output " + format);
      EXPECT_EQ((answer.out + answer.err).find("are shown"), std::string::npos) << verb;
    }
    EXPECT_THAT(Run(std::string(verb) + " --log LOG -n 15").out, Not(HasSubstr("are shown")));
  }
  EXPECT_THAT(Run("top --log LOG").out, HasSubstr("\n-- 10 of 15 rows are shown: --limit 10\n"));
  EXPECT_THAT(Run("list --log LOG --sort none -n 1").out,
              AllOf(Not(HasSubstr("are shown")), HasSubstr("not read further")));
  const Answer summary = Run("summary --log LOG -n 1");
  EXPECT_THAT(summary.out, AllOf(HasSubstr("***other"), Not(HasSubstr("are shown"))));
}

// Of 25 hours where summer time ends, and of 23 where it begins.
TEST_F(HonestAnswersTest, ADayIsAsLongAsItIs) {
  for (const auto& [day, noon] : {std::pair("2026-10-25", int64_t{1'792'926'000}),
                                  std::pair("2026-03-29", int64_t{1'774'778'400})}) {
    const std::string path = temp_ / day;
    {
      ScriptedLog log(path, 0xB0, "web1", noon * 1'000'000'000);
      const auto at_ms = [](uint64_t minutes) { return 5000 + minutes * 60'000; };
      log.Fork(at_ms(690), 42, 1, 0);  // 23:30
      log.Exit(at_ms(690) + 10, 42, at_ms(690), 0, "sh", 1);
      log.Fork(at_ms(750), 43, 1, 0);  // 00:30
      log.Exit(at_ms(750) + 10, 43, at_ms(750), 0, "sh", 1);
    }
    const std::string berlin = std::string(day) + " --tz Europe/Berlin --log " + path;
    EXPECT_EQ(Run("why 42@" + berlin).status, 0) << day;
    EXPECT_EQ(Run("why 43@" + berlin).status, 1) << day;
    EXPECT_EQ(Run("why '42@" + std::string(day) + " UTC' --log " + path).status, 0) << day;
  }
}

TEST_F(BuildTest, ATreeHasAllColumnsOfList) {
  EXPECT_EQ(Run("tree --log LOG --comm sh --output csv --no-header --columns "
                "tree,uid,execs,orphaned,day,exe,user")
                .out,
            "sh,4242,1,false,2026-09-21,sh,\n");
}

// ---- report ----

TEST_F(HonestAnswersTest, APageOfATimeOfWhichNothingIsKnownSaysThatAndWhy) {
  for (const uint8_t boot : {uint8_t{0}, uint8_t{1}}) {
    Script script(log_path_, 0xB0 + boot,
                  kScriptRealtimeNs + boot * int64_t{4 * 86'400} * 1'000'000'000);
    script.Snapshot();
    script.Fork(6000, 200, 50, 3000);
    script.Exit(6001, 200, 6000, {.comm = "x"});
  }
  const std::pair<std::string, std::string> cases[] = {
      {"-S 2026-09-20 -U 2026-09-21", "\nnothing_before "},
      {"-S 2026-09-23 -U 2026-09-24", "\nrecorder_stopped "},
      {"-S 2026-09-30 -U 2026-10-01",
       "\n-- the log ends at 2026-09-25 14:13:21, before the time that is asked for\n"}};
  for (const auto& [window, why] : cases) {
    const std::string out = Run("report --log LOG " + window).out;
    EXPECT_THAT(out, HasSubstr("-- no process is known of this time\n")) << window;
    EXPECT_THAT(out, HasSubstr(why)) << window;
    EXPECT_THAT(out, Not(HasSubstr("compared with"))) << window;
    EXPECT_THAT(out, Not(HasSubstr("== Totals"))) << window;
    EXPECT_THAT(out, HasSubstr("; processes 0,")) << window;
    EXPECT_THAT(Run("report --output json --log LOG " + window).out,
                HasSubstr("\"section\":\"totals\""))
        << window;
  }
  EXPECT_THAT(Run("report --log LOG -S 2026-09-21 -U 2026-09-22").out,
              AllOf(HasSubstr("== Totals"), Not(HasSubstr("no process is known"))));
}

// ---- failures ----

TEST_F(BuildTest, AShareOfFailuresIsOneOfAllEnds) {
  const std::string failures =
      "failures --log LOG --output csv --no-header --columns comm,status,count,of,count_share ";
  const std::string all = "cc,1,1,2,50.00\n";
  EXPECT_EQ(Run(failures).out, all);
  for (const std::string filter :
       {"--status 1", "--failed", "--comm cc --status 1", "--filter '!ok && comm == \"cc\"'",
        "--filter 'exit_code == 1 || core'", "--signal KILL --filter '!known(signal)'"}) {
    const Answer answer = Run(failures + filter);
    EXPECT_EQ(answer.out, filter.starts_with("--signal") ? "" : all) << filter;
  }
  EXPECT_EQ(Run(failures + "--failed --uid 4343").status, 2);
  EXPECT_EQ(Run(failures + "--failed --filter 'uid == 4343'").out, "cc,1,1,1,100.00\n")
      << "but of those that may be among them";
}

TEST_F(HonestAnswersTest, WhereSuccessesAreLeftOutNoShareIsKnown) {
  const std::string folder = log_path_;
  for (const char* filter : {"--only-failed", "--min-lifetime 200ms", "--only-uid 1000"}) {
    log_path_ = folder + std::string(filter).substr(0, 10);
    {
      ScriptedLog log(log_path_);
      log.writer().Append(Recorder{.time_ns = ScriptedLog::Ns(5000), .filter = filter});
      log.Fork(6000, 200, 1, 0);
      log.Exit(6500, 200, 6000, 3 << 8, "evil", 1500);
    }
    const bool has_all = filter == std::string_view("--only-uid 1000");
    EXPECT_EQ(
        Run("failures --log LOG --output csv --no-header --columns comm,count,of,count_share").out,
        has_all ? "evil,1,1,100.00\n" : "evil,1,,\n")
        << filter;
  }
}

// Until it is known that the process is one of those that are asked for.
TEST_F(HonestAnswersTest, ABirthThatAFilterHasKeptIsToldBehindItsParentsEnd) {
  const std::string folder = log_path_;
  for (const char* filter :
       {"--only-uid 1000", "--except-uid 12", "--only-cgroup /a", "--min-lifetime 5ms"}) {
    log_path_ = folder + std::to_string(std::string_view(filter).size());
    {
      ScriptedLog log(log_path_);
      log.writer().Append(Recorder{.time_ns = ScriptedLog::Ns(5000), .filter = filter});
      log.Fork(6000, 200, 1, 0);
      log.Exec(6001, 200, 6000, "python3", "/usr/bin/python3", "python3 daemon.py");
      log.Exit(6100, 200, 6000, 0, "python3", 1500);
      log.Fork(6050, 201, 200, 6000);
      log.Exit(9000, 201, 6050, 3 << 8, "python3", 1500);
    }
    EXPECT_EQ(Run("list --log LOG --output csv --no-header --columns pid,exe "
                  "--filter 'descends_from(args =~ \"daemon.py\")'")
                  .out,
              "201,/usr/bin/python3\n")
        << filter;
  }
}

TEST_F(HonestAnswersTest, ATimeThatNobodyRecordedIsComparedWithNothing) {
  {
    ScriptedLog log(log_path_);
    log.RecorderStart();
    log.Snapshot(5000);
    log.Fork(6000, 200, 100, 2000);
    log.Exit(6500, 200, 6000, 0, "backup", 1500);
    log.At(20'000);
    log.writer().Append(RecordingGap{.first_time_ns = ScriptedLog::Ns(8000),
                                     .last_time_ns = ScriptedLog::Ns(18'000)});
    log.At(21'000);
  }
  const Answer answer =
      Run("diff --log LOG -S '2026-09-21 14:13:25' -U '2026-09-21 14:13:30' "
          "--old-since '2026-09-21 14:13:20' --old-until '2026-09-21 14:13:22' --output csv");
  EXPECT_EQ(answer.status, 4);
  EXPECT_THAT(answer.err,
              HasSubstr("compared with nothing: the log does not tell of the new period"));
  EXPECT_THAT(answer.out, Not(HasSubstr("gone")));
}

// ---- Users, groups and hosts ----

TEST_F(BuildTest, UsersWithoutANameAreToldFromEachOther) {
  const std::string summary = "summary --log LOG --by user --sort user --columns user,count ";
  EXPECT_THAT(Run(summary + "--output csv").out, HasSubstr("\n4242,1\n4343,1\n"));
  EXPECT_THAT(Run(summary + "--output tsv").out, HasSubstr("\n4242\t1\n4343\t1\n"));
  EXPECT_THAT(Run(summary + "--output jsonl").out,
              HasSubstr("{\"user\":\"4242\",\"count\":1}\n{\"user\":\"4343\",\"count\":1}\n"));
  EXPECT_THAT(Run("list --log LOG --pid 202 --output jsonl --columns uid,user").out,
              HasSubstr("{\"uid\":4343,\"user\":null}\n"));
  EXPECT_EQ(Run("list --log LOG --filter '!known(user)' --output csv --no-header --columns pid "
                "--sort pid")
                .out,
            "201\n202\n");
}

TEST_F(BuildTest, NamesThatThisHostDoesNotHaveAreRefused) {
  const Answer user = Run("list --log LOG --user rooot");
  EXPECT_EQ(user.status, 2);
  EXPECT_EQ(user.err, "daybook: --user: this host has no user 'rooot'; did you mean 'root'?\n");
  EXPECT_THAT(Run("list --log LOG --group roott").err, HasSubstr("no group 'roott'; did you mean"));
  EXPECT_THAT(Run("list --log LOG --filter 'user == \"rooot\"'").err,
              HasSubstr("no user 'rooot'; did you mean 'root'?\n  user == \"rooot\"\n"));
  const std::string count = "summary --log LOG --output csv --no-header --columns count ";
  EXPECT_EQ(Run(count + "--user 4242").out, "1\n");
  EXPECT_EQ(Run(count + "--by boot_id --user 0").out, Run(count + "--by boot_id --user root").out);
  EXPECT_THAT(Run(count + "--by boot_id --user 0").out, Not(testing::IsEmpty()));
  EXPECT_EQ(Run("list --log LOG --filter 'user =~ \"^rooot\"'").status, 0);
}

TEST_F(BuildTest, AHostThatNoRecordIsOfIsNamed) {
  EXPECT_THAT(Run("list --log LOG --host wbe1").out,
              HasSubstr("\n-- what was read tells of no host 'wbe1'; did you mean 'web1'?\n"));
  EXPECT_EQ(Run("list --log LOG --host wbe1 --output csv --no-header").err,
            "daybook: what was read tells of no host 'wbe1'; did you mean 'web1'?\n");
  EXPECT_THAT(Run("list --log LOG --host web1").out, Not(HasSubstr("of no host")));
}

// ---- The rest ----

TEST_F(BuildTest, ThatAJobIsNoFieldOfAProcessIsSaidWithAWayAround) {
  const Answer answer = Run("jobs --log LOG --filter 'job_kind == \"cron\"'");
  EXPECT_EQ(answer.status, 2);
  EXPECT_THAT(answer.err, StartsWith("daybook: --filter: 'job_kind' is no field, since "));
  EXPECT_THAT(answer.err, HasSubstr("--by job_kind groups by it, jobs --runs"));
}

TEST_F(BuildTest, WhatIsGivenTwiceIsSaidInOurWords) {
  EXPECT_EQ(Run("list --log LOG -n 1 -n 2").err,
            "daybook: list: --limit: may be given only once\n");
  EXPECT_EQ(Run("list --log LOG -n").err, "daybook: list: --limit: its value is missing\n");
}

TEST_F(HonestAnswersTest, ALongTextInTheMiddleLeavesTheColumnsAligned) {
  const std::string command = "a-command-of-more-than-forty-letters-in-its-name --all";
  {
    std::string args("sh\0-c\0"sv);
    args.append(command).push_back('\0');
    Script script(log_path_);
    script.Snapshot();
    script.Fork(6000, 200, 50, 3000);
    script.Exec(6001, 200, 6000, "sh", args);
    script.Exit(6500, 200, 6000, {.comm = "sh", .cpu_us = 10, .ppid = 50});
  }
  const std::string out = Run("jobs --log LOG --runs --columns job,kind").out;
  const size_t kind = out.substr(0, out.find('\n')).find("KIND");
  const size_t row = out.find(command);
  ASSERT_NE(row, out.npos);
  EXPECT_EQ(out.substr(row + kind, 4), "cron");
}

TEST_F(HonestAnswersTest, AnAccountingFileThatIsGivenTwiceIsReadOnce) {
  const std::string file = temp_ / "pacct";
  const auto record = EncodePacct({.pid = 7, .ppid = 1, .start_s = 1'700'000'000, .comm = "sh"});
  std::ofstream(file).write(reinterpret_cast<const char*>(record.data()),
                            static_cast<std::streamsize>(record.size()));
  const std::string link = temp_ / "link";
  std::filesystem::create_hard_link(file, link);
  const Answer answer = Run("import " + file + " " + link + " -o LOG --columns records");
  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(answer.out, "RECORDS\n      1\n-- given more than once, and read once: " + link + "\n");
  EXPECT_EQ(Run("list --log LOG --output csv --no-header --columns comm").out, "sh\n");
}

}  // namespace
}  // namespace daybook
