// The program itself: what it prints, where, and its exit status.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "program_runner.h"
#include "scripted_log.h"

namespace daybook {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using std::string_view_literals::operator""sv;

class ProgramTest : public ProgramRunner {
 protected:
  ProgramTest() { WriteLog(log_path_); }

  static void WriteLog(const std::string& path) {
    ScriptedLog log(path);
    log.Snapshot(5000);
    log.Fork(6000, 200, 100, 2000);
    log.Exec(6001, 200, 6000, "ls", "/bin/ls", "ls\0-l\0a b\0"sv);
    log.Exit(6500, 200, 6000, 0, "ls", 1500);
    log.Fork(7000, 201, 100, 2000);
    log.Exec(7001, 201, 7000, "evil", "/tmp/e\x1b[2J\n", "e\0\xff\0q\"uote\0"sv);
    log.Fork(7100, 202, 201, 7000);
    log.Exit(7200, 202, 7100, 3 << 8, "evil", 200'000);
    log.Exit(8000, 201, 7000, 9 | 0x80, "evil", 2'000'000);
    log.Fork(9000, 203, 100, 2000);
    log.At(10000);
  }
};

constexpr char kCoverage[] =
    "-- 2026-09-21 14:13:20 to 2026-09-21 14:13:25; boots 1, segments 1, records 50; "
    "processes 6, running 3, ended unseen 0; lost 0, damaged 0 bytes\n";

// ---- What the outputs look like ----

TEST_F(ProgramTest, ListAsText) {
  const Answer answer = Run("list --log LOG");
  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(answer.err, "");
  EXPECT_EQ(answer.out, std::string(R"(
START_TIME           PID  PPID  USER  TTY    ELAPSED      CPU  MAXRSS  STATE    EXIT_CODE  SIGNAL        COMM     ARGS
2026-09-21 14:13:24  203   100  root  -            -        -       -  running          -  -             bash     -bash
2026-09-21 14:13:17  100     1  root  pts/3        -        -       -  running          -  -             bash     -bash
2026-09-21 14:13:15    1     -  root  none         -        -       -  running          -  -             systemd  -
2026-09-21 14:13:22  201   100  root  pts/3    1.00s    2.00s    2.0M  ended            -  SIGKILL core  evil     e $'\xff' 'q"uote'
2026-09-21 14:13:22  202   201  root  pts/3  100.0ms  200.0ms    2.0M  ended            3  -             evil     e $'\xff' 'q"uote'
2026-09-21 14:13:21  200   100  root  pts/3  500.0ms    1.5ms    2.0M  ended            0  -             ls       ls -l 'a b'
)")
                                .substr(1) +
                            kCoverage);
}

TEST_F(ProgramTest, ListAsJsonLines) {
  const Answer answer = Run("list --log LOG --output jsonl --sort end_ns -n 2");
  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(answer.out, std::string(R"(
{"host":"web1","boot_id":"b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0","proc_id":"b0b0b0b0b0b0b0b0-5b8d80-200","pid":200,"start_time":"2026-09-21T14:13:21.000000+00:00","start_ns":6000000000,"end_time":"2026-09-21T14:13:21.500000+00:00","end_ns":6500000000,"elapsed_us":500000,"ppid":100,"parent_id":"b0b0b0b0b0b0b0b0-1e8480-100","exit_ppid":100,"comm":"ls","exe":"/bin/ls","args":["ls","-l","a b"],"uid":0,"euid":0,"gid":0,"user":"root","sid":100,"tty":"pts/3","cgroup":"77","wait_status":0,"exit_code":0,"signal":null,"core":false,"utime_us":375,"stime_us":750,"cpu_us":1500,"maxrss_kib":2048,"minflt":10,"majflt":0,"nvcsw":3,"nivcsw":1,"image_maxrss_kib":null,"rchar_bytes":null,"wchar_bytes":null,"read_bytes":null,"write_bytes":null,"zombie_us":null,"exact":false,"execs":1,"state":"ended","oom":false}
{"host":"web1","boot_id":"b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0","proc_id":"b0b0b0b0b0b0b0b0-6c5660-202","pid":202,"start_time":"2026-09-21T14:13:22.100000+00:00","start_ns":7100000000,"end_time":"2026-09-21T14:13:22.200000+00:00","end_ns":7200000000,"elapsed_us":100000,"ppid":201,"parent_id":"b0b0b0b0b0b0b0b0-6acfc0-201","exit_ppid":100,"comm":"evil","exe":"/tmp/e\u001b[2J\u000a","args":["e","\\xff","q\"uote"],"uid":0,"euid":0,"gid":0,"user":"root","sid":100,"tty":"pts/3","cgroup":"77","wait_status":768,"exit_code":3,"signal":null,"core":false,"utime_us":50000,"stime_us":100000,"cpu_us":200000,"maxrss_kib":2048,"minflt":10,"majflt":0,"nvcsw":3,"nivcsw":1,"image_maxrss_kib":null,"rchar_bytes":null,"wchar_bytes":null,"read_bytes":null,"write_bytes":null,"zombie_us":null,"exact":false,"execs":0,"state":"ended","oom":false}
)")
                            .substr(1));
}

TEST_F(ProgramTest, ListAsCsv) {
  const Answer answer =
      Run("list --log LOG --output csv --columns pid,end_time,exe,args,core,signal,user");
  EXPECT_EQ(answer.out, std::string(R"(
pid,end_time,exe,args,core,signal,user
203,,/bin/bash,-bash,,,root
100,,/bin/bash,-bash,,,root
1,,,,,,root
201,2026-09-21T14:13:23.000000+00:00,/tmp/e\x1b[2J\x0a,"e $'\xff' 'q""uote'",true,9,root
202,2026-09-21T14:13:22.200000+00:00,/tmp/e\x1b[2J\x0a,"e $'\xff' 'q""uote'",false,,root
200,2026-09-21T14:13:21.500000+00:00,/bin/ls,ls -l 'a b',false,,root
)")
                            .substr(1));
}

TEST_F(ProgramTest, SummaryAsText) {
  EXPECT_EQ(Run("summary --log LOG").out, std::string(R"(
COMM     COUNT  RUNNING  FAILED    CPU  CPU_SHARE  MEAN_CPU    UTIME  STIME  ELAPSED  MAXRSS  MINFLT  MAJFLT
evil         2        0       2  2.20s     99.93%     1.10s  550.0ms  1.10s    1.10s    2.0M      20       0
ls           1        0       0  1.5ms      0.07%     1.5ms    375us  750us  500.0ms    2.0M      10       0
systemd      1        1       0      -          -         -        -      -        -       -       -       -
bash         2        2       0      -          -         -        -      -        -       -       -       -
TOTAL        6        3       2  2.20s    100.00%   733.8ms  550.4ms  1.10s    1.60s    2.0M      30       0
)")
                                                  .substr(1) +
                                              kCoverage);
}

TEST_F(ProgramTest, SummaryBySeveralKeysWithTheRestInOneRow) {
  EXPECT_EQ(Run("summary --log LOG --by user,comm,status -n 1 --output csv "
                "--columns user,comm,status,count,cpu,cpu_share,p50_cpu,p99_elapsed")
                .out,
            std::string(R"(
user,comm,status,count,cpu_us,cpu_share,p50_cpu_us,p99_elapsed_us
root,evil,SIGKILL,1,2000000,90.85,2000000,1000000
***other,,,5,201500,9.15,1495,501759
)")
                .substr(1));
}

TEST_F(ProgramTest, SummaryAsOneJsonDocument) {
  EXPECT_EQ(Run("summary --log LOG --output json --columns comm,count,cpu_us -n 1").out,
            std::string(R"(
{"report":"summary","rows":[
{"comm":"evil","count":2,"cpu_us":2200000},
{"comm":"***other","count":4,"cpu_us":1500}
],
"total":{"comm":"TOTAL","count":6,"cpu_us":2201500},
"coverage":{"first_time":"2026-09-21T14:13:20.000000+00:00","last_time":"2026-09-21T14:13:25.000000+00:00","hosts":1,"boots":1,"segments":1,"records":50,"skipped_segments":0,"skipped_bytes":0,"processes":6,"running":3,"ended_unseen":0,"unreaped":0,"stopped_early":false,"used":6,"filtered":0,"undated":0,"undecided":0,"dropped_events":0,"lost_events":0,"recording_gaps":0,"missed_forks":0,"unseen_forks":0,"recorded_twice_us":0,"missing_records":0,"malformed_records":0,"repeated_records":0,"unordered_records":0,"unknown_records":0,"salvaged_records":0,"gaps":0,"damaged_bytes":0,"hole_bytes":0,"torn_bytes":0,"unreadable_files":0,"imported":false,"others_hidden":false,"filter":null}}
)")
                .substr(1));
}

TEST_F(ProgramTest, TreeAsText) {
  EXPECT_EQ(Run("tree --log LOG").out, std::string(R"(
PID  ELAPSED      CPU  TOTAL_CPU  EXIT_CODE  SIGNAL        TREE           ARGS
  1        -        -      2.20s          -  -             systemd        -
100        -        -      2.20s          -  -             └─ bash        -bash
200  500.0ms    1.5ms      1.5ms          0  -                ├─ ls       ls -l 'a b'
201    1.00s    2.00s      2.20s          -  SIGKILL core     ├─ evil     e $'\xff' 'q"uote'
202  100.0ms  200.0ms    200.0ms          3  -                │  └─ evil  e $'\xff' 'q"uote'
203        -        -          -          -  -                └─ bash     -bash
)")
                                               .substr(1) +
                                           kCoverage);
}

TEST_F(ProgramTest, TsvIsNeverQuoted) {
  EXPECT_EQ(Run("list --log LOG --output tsv --columns pid,tty,args --comm evil").out,
            "pid\ttty\targs\n"
            "201\tpts/3\te $'\\xff' 'q\"uote'\n"
            "202\tpts/3\te $'\\xff' 'q\"uote'\n");
}

TEST_F(ProgramTest, MarkdownIsATableWhoseCellsCannotBreakOut) {
  EXPECT_EQ(Run("summary --log LOG --by exe --output md --columns exe,count,cpu -n 2").out,
            std::string(R"(
| EXE | COUNT | CPU |
|---|---:|---:|
| /tmp/e\\x1b\[2J\\x0a | 2 | 2.20s |
| /bin/ls | 1 | 1.5ms |
| \*\*\*other | 3 | - |
| TOTAL | 6 | 2.20s |

2026-09-21 14:13:20 to 2026-09-21 14:13:25; boots 1, segments 1, records 50; processes 6, running 3, ended unseen 0; lost 0, damaged 0 bytes
)")
                .substr(1));
}

TEST_F(ProgramTest, InfoHasARowForEachSegment) {
  const Answer answer =
      Run("info --log LOG --output csv "
          "--columns segment_no,host,start_time,end_time,events,complete,kernel");
  EXPECT_EQ(answer.out, std::string(R"(
segment_no,host,start_time,end_time,events,complete,kernel
1,web1,2026-09-21T14:13:20.000000+00:00,2026-09-21T14:13:25.000000+00:00,9,true,6.1.0
)")
                            .substr(1));
}

TEST_F(ProgramTest, DumpShowsEveryFieldBySchema) {
  const Answer answer = Run("dump --log LOG --output jsonl --columns seq,type,fields");
  EXPECT_THAT(answer.out, HasSubstr(R"(
{"seq":1,"type":"fork","fields":{"time":6000000000,"pid":200,"ppid":100,"parent_start":2000000000,"flags":[],"uid":0,"euid":0,"gid":0,"egid":null,"sid":100,"namespace_level":null,"namespace_pid":null}}
)"));
  EXPECT_THAT(Run("dump --log LOG").out,
              HasSubstr("  fork           time=6000000000 pid=200 ppid=100 "));
  EXPECT_THAT(Run("dump --log LOG --output csv --columns seq,type,fields").out,
              HasSubstr("\n1,fork,time=6000000000 pid=200 ppid=100 "));
}

// ---- What can be asked ----

TEST_F(ProgramTest, WindowsShowWhatOverlapsThem) {
  const std::string columns = " --output csv --columns pid --sort pid";
  EXPECT_EQ(Run("list --log LOG -S '2026-09-21 14:13:21.6' -U '2026-09-21 14:13:23'" + columns).out,
            "pid\n1\n100\n201\n202\n");
  EXPECT_EQ(Run("list --log LOG --until @1790000000" + columns).out, "pid\n1\n100\n");
  EXPECT_THAT(Run("list --log LOG --until @1790000000").out, HasSubstr("; filtered 4; lost 0"));
}

TEST_F(ProgramTest, SortingAndLimiting) {
  const std::string columns = " --output csv --columns pid";
  EXPECT_EQ(Run("list --log LOG --sort -cpu_us -n 2" + columns).out, "pid\n201\n202\n");
  EXPECT_EQ(Run("list --log LOG --sort cpu_us --limit 1" + columns).out, "pid\n200\n");
  EXPECT_EQ(Run("list --log LOG --sort none --limit 1" + columns).out, "pid\n200\n");
}

TEST_F(ProgramTest, ReadsStandardInputAndWritesAFile) {
  const std::string file = temp_ / "answer";
  const Answer answer = Run("list --log - --output csv --columns pid --sort pid -o " + file,
                            " <" + log_path_ + "/daybook-00000001.dbk");
  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(answer.out, "");
  EXPECT_EQ(Slurp(file), "pid\n1\n100\n200\n201\n202\n203\n");
}

TEST_F(ProgramTest, MarkdownShowsWhatNamesSayAndNothingElse) {
  const std::string path = temp_ / "names";
  {
    ScriptedLog log(path);
    log.Exit(6000, 200, 5500, 0, "&lt;&&:ok:a:b", 1);
    log.Exit(6000, 201, 5500, 0, "$x$ @me a@ b://", 1);
  }
  EXPECT_THAT(Run("list --output md --columns comm --sort pid --log " + path).out,
              HasSubstr("| \\&lt;&&\\:ok:a:b |\n| \\$x\\$ \\@me a@ b\\:// |\n"));
}

TEST_F(ProgramTest, AStyleTakesNothingThatItWouldNotShow) {
  for (const std::string surplus : {"--by user", "--columns comm", "--sort none", "-n 1"}) {
    const Answer answer = Run("summary --style sa --log LOG " + surplus);
    EXPECT_EQ(answer.status, 2) << surplus;
    EXPECT_THAT(answer.err, HasSubstr(": does not go with --style sa\n"));
  }
}

TEST_F(ProgramTest, KeysAreNoOtherColumnsAndStandOnce) {
  EXPECT_EQ(Run("summary --by comm,comm --log LOG").err,
            "daybook: --by: 'comm' stands there twice\n");
  EXPECT_EQ(Run("summary --by user,cpu --log LOG").err,
            "daybook: --by: 'cpu_us' is another column here\n");
  EXPECT_EQ(Run("failures --by status --log LOG").err,
            "daybook: --by: 'status' is another column here\n");
  EXPECT_EQ(Run("diff --since now --by comm,user,comm --log LOG").err,
            "daybook: --by: 'comm' stands there twice\n");
}

// A clock may be anywhere: also before 1970, and right at the first moment that there is.
TEST_F(ProgramTest, TheRateOfBirthsIsThatOfAnyTime) {
  for (const int64_t realtime_ns : {int64_t{-90'500'000'000}, INT64_MIN}) {
    const std::string path = temp_ / std::to_string(realtime_ns);
    {
      ScriptedLog log(path, 0xB0, "web1", realtime_ns);
      for (const uint64_t ms : {5000, 5100, 5700, 5900}) {
        log.Fork(ms, static_cast<uint32_t>(ms), 1, 0);
        log.Exit(ms + 10, static_cast<uint32_t>(ms), ms, 0, "sh", 1);
      }
    }
    const Answer rate = Run("spawn --view rate --output json --log " + path);
    EXPECT_THAT(rate.out,
                HasSubstr(realtime_ns == INT64_MIN ? "\"peak_second\":3}" : "\"peak_second\":2}"));
    EXPECT_THAT(rate.out, HasSubstr("\"births\":4,"));
  }
}

TEST_F(ProgramTest, WhatRowsAreSortedByIsShown) {
  const auto head = [&](const std::string& ask) {
    const std::string out = Run(ask + " --log LOG").out;
    return out.substr(0, out.find('\n'));
  };
  EXPECT_EQ(head("top --sort -read"), head("top").insert(head("top").find("ARGS"), "READ  "));
  EXPECT_EQ(head("top --sort -maxrss"), head("top")) << "it is there already";
  EXPECT_EQ(head("top --sort -read --columns pid"), "PID");
  EXPECT_EQ(head("top --sort -read --output csv"), head("top --output csv"));
}

TEST_F(ProgramTest, NoColumnStandsTwice) {
  EXPECT_EQ(Run("list --columns pid,comm,pid --log LOG").err,
            "daybook: --columns: 'pid' stands there twice\n");
  EXPECT_EQ(Run("list --columns cpu,cpu_us --log LOG").err,
            "daybook: --columns: 'cpu_us' stands there twice\n");
}

TEST_F(ProgramTest, WhyAndExportTakeFilters) {
  EXPECT_EQ(Run("why 202 --failed --log LOG --output csv --columns pid").out,
            "pid\n202\n201\n100\n1\n");
  EXPECT_EQ(Run("why 202 --ok --log LOG").status, 1);
  const auto count = [&](const std::string& filter) {
    return Run("export --format pacct --log LOG " + filter).out.size();
  };
  EXPECT_EQ(count("--failed"), 2 * 64U);
  EXPECT_EQ(count(""), 3 * 64U);
}

TEST_F(ProgramTest, AnOldLogThatCannotBeReadIsThree) {
  const Answer answer = Run("diff --log LOG --old-log LOG --old-log /dev/null");
  EXPECT_EQ(answer.status, 3);
  EXPECT_EQ(answer.err, "daybook: /dev/null: not a daybook log\n");
  EXPECT_THAT(answer.out, HasSubstr("-- old: "));
}

// What is there then has not changed.
TEST_F(ProgramTest, ADifferenceFromAPeriodThatIsNotInTheLogIsNone) {
  const struct {
    std::string periods;
    std::string which;
    std::string also;
  } cases[] = {
      {"--since '2026-09-21 14:13:15' --until '2026-09-21 14:14'", "old", ""},
      {"--since '2026-09-21 14:13:15' --old-since 2026-09-01 --old-until 2026-09-02", "old", ""},
      {"--since 2026-09-22 --until 2026-09-23 --old-since 2026-09-21", "new",
       "daybook: the log ends at 2026-09-21 14:13:25, before the time that is asked for\n"},
  };
  for (const auto& [periods, which, also] : cases) {
    SCOPED_TRACE(periods);
    const std::string message =
        "compared with nothing: the log does not tell of the " + which + " period\n";
    const Answer text = Run("diff --log LOG " + periods);
    EXPECT_EQ(text.status, 4);
    EXPECT_THAT(text.out, HasSubstr("\n-- " + message));
    EXPECT_THAT(text.out, Not(HasSubstr(which == "old" ? "new  " : "gone")));
    const Answer csv =
        Run("diff --log LOG --all --output csv --columns comm,change -n 1 " + periods);
    EXPECT_EQ(csv.status, 4);
    EXPECT_EQ(csv.err, "daybook: " + message + also);
    EXPECT_THAT(csv.out, testing::EndsWith(",\n"));
  }
}

TEST_F(ProgramTest, ADifferenceFromAPeriodThatIsInTheLogInPartSaysSo) {
  const Answer answer =
      Run("diff --log LOG --since '2026-09-21 14:13:22' --until '2026-09-21 14:13:32'");
  EXPECT_THAT(answer.out,
              HasSubstr("-- of the old period the log tells only from 2026-09-21 14:13:20 on, so"));
  EXPECT_THAT(Run("diff --log LOG --old-log LOG").out, Not(HasSubstr("only from")));
}

TEST_F(ProgramTest, ReversedOldPeriodsAreRefused) {
  for (const std::string rest :
       {"--old-since today --old-until yesterday --old-log LOG", "--old-since now --since -1h"}) {
    const Answer answer = Run("diff --log LOG " + rest);
    EXPECT_EQ(answer.status, 2);
    EXPECT_THAT(answer.err, StartsWith("daybook: --old-since: is not before --"));
  }
}

TEST_F(ProgramTest, ADifferenceTellsInEachFormatWhatIsMissingInTheOldLog) {
  const std::string damaged = temp_ / "damaged";
  std::filesystem::copy(log_path_, damaged);
  {
    std::fstream file(damaged + "/daybook-00000001.dbk", std::ios::in | std::ios::out);
    file.seekp(-200, std::ios::end);
    file << "damage";
  }
  const std::string diff = "diff --log LOG --old-log " + damaged + " --output ";
  EXPECT_THAT(Run(diff + "text").out, testing::ContainsRegex("\n-- old: .*, damaged [1-9]"));
  EXPECT_THAT(Run(diff + "md").out, testing::ContainsRegex("\nold: .*, damaged [1-9]"));
  EXPECT_THAT(Run(diff + "json").out,
              testing::ContainsRegex("\"old_coverage\":[{].*\"damaged_bytes\":[1-9].*\n"
                                     "\"coverage\":[{].*\"damaged_bytes\":0"));
  for (const std::string format : {"jsonl", "csv", "tsv"}) {
    const Answer answer = Run(diff + format);
    EXPECT_THAT(answer.err, StartsWith("daybook: the old log is not complete -- ")) << format;
    EXPECT_THAT(answer.err, Not(HasSubstr("the log is not"))) << format;
    EXPECT_NE(answer.status, 0) << format;
  }
}

TEST_F(ProgramTest, HelpAndVersion) {
  EXPECT_EQ(Run("--help").status, 0);
  EXPECT_THAT(Run("--help").out, HasSubstr("summary"));
  EXPECT_EQ(Run("tree --help").status, 0);
  EXPECT_THAT(Run("tree --help").out, HasSubstr("  daybook tree --since -10min\n"));
  EXPECT_EQ(Run("--version").status, 0);
  EXPECT_THAT(Run("--version").out, StartsWith("daybook "));
}

// ---- Exit status ----

TEST_F(ProgramTest, WrongUsageIsTwoWithOneLineThatHelps) {
  const struct {
    std::string arguments;
    std::string message;
  } cases[] = {
      {"",
       "daybook: a verb is needed: report, list, summary, jobs, top, tree, why, ps, spawn, "
       "failures, "
       "diff, identity, follow, info, dump, verify, salvage, status, import, export, merge\n"},
      {"lits", "daybook: no verb 'lits'; did you mean 'list'?\n"},
      {"list --log LOG --columns pid,com",
       "daybook: list: no column 'com'; did you mean 'comm'?\n"},
      {"summary --log LOG --per program --sort -maxrss", "daybook: summary: no column 'maxrss'"},
      {"summary --log LOG --per program --columns utime", "daybook: summary: no column 'utime'"},
      {"list --log LOG --columns newest", "daybook: list: no column 'newest'"},
      {"list --log LOG --sort newest", "daybook: list: no column 'newest'"},
      {"diff --log LOG -S now --sort difference", "daybook: diff: no column 'difference'"},
      {"tree --log LOG --sort -totl_cpu_us",
       "daybook: tree: no column 'totl_cpu_us'; did you mean 'total_cpu_us'?\n"},
      {"dump --log LOG --sort offset",
       "daybook: dump: not expected: '--sort'; rows are in the order of the log, and cannot be "
       "sorted\n"},
      {"dump --log LOG -r",
       "daybook: dump: not expected: '-r'; rows are in the order of the log, and cannot be "
       "sorted\n"},
      {"list --log LOG --output jsnl",
       "daybook: --output: no format 'jsnl'; did you mean 'jsonl'?\n"},
      {"list --log LOG --since banana", "daybook: --since: 'banana' is not a time; write"},
      {"list --log LOG --since now --until -1h", "daybook: --since: is not before --until"},
      {"list --log LOG --limt 3",
       "daybook: list: not expected: '--limt'; did you mean '--limit'?\n"},
      {"list --log LOG --lim 3", "daybook: list: not expected: '--lim'; did you mean '--limit'?\n"},
      {"ps --log LOG -S 22:49", "daybook: ps: not expected: '-S'; other verbs take it\n"},
      {"list --log LOG --at now", "daybook: list: not expected: '--at'; ps takes it\n"},
      {"list --log LOG --per=program",
       "daybook: list: not expected: '--per=program'; summary takes it\n"},
      {"list --log LOG process", "daybook: list: not expected: 'process'\n"},
      {"list /", "daybook: list: not expected: '/'; a log is given by --log\n"},
      {"jobs --log LOG --by user",
       "daybook: jobs: not expected: '--by'; summary, spawn, failures, diff, merge take it\n"},
      {"--log LOG list", "daybook: list: not expected before the verb: '--log'\n"},
      {"-n 3 list --log LOG", "daybook: list: not expected before the verb: '-n'\n"},
      {"list --log LOG -n many", "daybook: --limit: 'many' is not a number of rows"},
      {"list --log LOG -n -1", "daybook: --limit: '-1' is not a number of rows"},
      {"list --log LOG -o /nowhere/file", "daybook: cannot create /nowhere/file: "},
  };
  for (const auto& [arguments, message] : cases) {
    const Answer answer = Run(arguments);
    EXPECT_EQ(answer.status, 2) << arguments;
    EXPECT_EQ(answer.out, "") << arguments;
    EXPECT_THAT(answer.err, StartsWith(message)) << arguments;
    EXPECT_EQ(std::ranges::count(answer.err, '\n'), 1) << answer.err;
  }
}

TEST_F(ProgramTest, WhatNoProcessCanBeIsNotAskedForInSilence) {
  const struct {
    std::string filters;
    std::string message;
  } cases[] = {
      {"--status 256", "daybook: --status: '256' is not a status: that is an exit code, 0 to 255,"},
      {"--failed --ok",
       "daybook: --ok: no process ends so and as --failed says; leave one of them out\n"},
      {"--status 0 --failed", "daybook: --failed: no process ends so and as --status says;"},
      {"--ok --signal KILL", "daybook: --ok: no process ends so and as --signal says;"},
      {"--signal KILL --status TERM,3",
       "daybook: --signal: no process ends so and as --status says;"},
      {"--failed --filter 'exit_code == 0'", "daybook: --failed: no process ends so and as "},
      {"--filter 'ok && failed'", "daybook: --filter: no process ends so, and none could be shown"},
      {"--filter 'exit_code == 300'", "daybook: --filter: no process ends so, and none could "},
      {"--filter running --failed",
       "daybook: --failed: no process ends so and as --filter says; leave one of them out\n"},
      {"--filter 'running && failed'", "daybook: --filter: no process ends so, and none could "},
  };
  for (const auto& [filters, message] : cases) {
    const Answer answer = Run("list --log LOG " + filters);
    EXPECT_EQ(answer.status, 2) << filters;
    EXPECT_THAT(answer.err, StartsWith(message)) << filters;
  }
  for (const std::string filters :
       {"--status 3,KILL --failed", "--status 03", "--signal SEGV --filter core",
        "--filter 'oom && signal == KILL'", "--ok --filter '!core || running'",
        "--filter '(ok && pid == 1) || (failed && pid == 2)'", "--filter '!known(status)'",
        "--failed --filter 'descends_from(ok)'", "--filter 'wait_status > 65535'",
        "--filter '!known(ok) && lost'"}) {
    const Answer answer = Run("list --log LOG " + filters);
    EXPECT_EQ(answer.status, 0) << filters << answer.err;
  }
}

TEST_F(ProgramTest, UnreadableInputIsThree) {
  for (const char* verb : {"list", "summary", "tree", "info", "dump"}) {
    const Answer answer = Run(std::string(verb) + " --log /nowhere/log");
    EXPECT_EQ(answer.status, 3) << verb;
    EXPECT_EQ(answer.out, "") << verb;
    EXPECT_THAT(answer.err, HasSubstr("/nowhere/log")) << verb;
  }
}

TEST_F(ProgramTest, ALogThatIsStillWrittenIsFine) {
  const std::string path = temp_ / "active";
  ScriptedLog log(path);
  log.Fork(6000, 200, 100, 2000);
  log.Abandon();
  EXPECT_EQ(Run("list --log " + path).status, 0);
}

TEST_F(ProgramTest, AClosedPipeIsSuccess) {
  const std::string path = temp_ / "long";
  {
    ScriptedLog log(path);
    for (uint32_t i = 0; i < 20'000; ++i) log.Fork(6000 + i, 1000 + i, 100, 2000);
  }
  const std::string err = temp_ / "err";
  for (const std::string verb : {"list", "dump", "tree"}) {
    FILE* pipe =
        popen(("exec " DAYBOOK_PROGRAM " " + verb + " --log " + path + " 2>" + err).c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    EXPECT_NE(std::fgetc(pipe), EOF);
    EXPECT_EQ(pclose(pipe), 0) << verb;
    EXPECT_EQ(Slurp(err), "") << verb;
  }
}

TEST_F(ProgramTest, AFullDiskIsAnError) {
  const Answer answer = Run("list --log LOG -o /dev/full");
  EXPECT_EQ(answer.status, 3);
  EXPECT_THAT(answer.err, StartsWith("daybook: cannot write to /dev/full: "));
}

// ---- Size ----

TEST_F(ProgramTest, AChainOfAHundredThousandForksIsATree) {
  const std::string path = temp_ / "chain";
  constexpr uint32_t kDepth = 100'000;
  {
    ScriptedLog log(path);
    for (uint32_t i = 0; i < kDepth; ++i) log.Fork(6000 + i, 1000 + i, 999 + i, 5999 + i);
  }
  const Answer answer = Run("tree --log " + path +
                            " --sort -depth -n 1 "
                            "--columns depth,tree --output csv");
  EXPECT_EQ(answer.out, "depth,tree\n99999,(depth 99999) -\n");
  EXPECT_EQ(Run("tree --log " + path + " --output csv --columns descendants -n 1").out,
            "descendants\n99999\n");
}

}  // namespace
}  // namespace daybook
