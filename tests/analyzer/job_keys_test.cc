// Jobs as keys and columns of the reports that are about something else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "daybook/reader.h"
#include "night_script.h"
#include "program_runner.h"

namespace daybook {
namespace {

using testing::HasSubstr;
using testing::Not;

class JobKeysTest : public ProgramRunner {
 protected:
  void WriteNight() {
    Script script(log_path_);
    script.Snapshot();
    RunBackup(script, 6000, 200);
    RunCrashLoop(script, 10'000);
    RunBackup(script, 8000, 210);
    RunLogin(script, 12'000);
  }

  // A boot of one run of cron that goes on through all of its segments, each of ten seconds.
  void WriteLongBoot(uint8_t boot, int64_t realtime_ns) {
    constexpr uint64_t kSegmentMs = 10'000;
    constexpr uint64_t kSegments = 5;
    Script script(log_path_, boot, realtime_ns);
    script.Snapshot();
    script.Fork(6000, 200, 50, 3000);
    script.Exec(6001, 200, 6000, "sh", "sh\0-c\0backup --all\0"sv);
    for (uint64_t i = 1; i <= kSegments; ++i) {
      const uint64_t ms = i * kSegmentMs;
      const auto pid = static_cast<uint32_t>(300 + i);
      script.Fork(ms, pid, 200, 6000);
      script.Exec(ms + 1, pid, ms, "gzip", "gzip\0"sv);
      script.Exit(ms + 5, pid, ms, {.wait_status = 1 << 8, .comm = "gzip", .ppid = 200});
      if (i == kSegments) break;
      script.log().Rotate(ms + 100);
      script.Snapshot({{1, 0, 0, "systemd"}, {50, 3000, 1, "cron"}, {200, 6000, 50, "sh"}},
                      ms + 100);
    }
    script.log().Close();
  }

  // All segments in one file, of which none is left out.
  std::string Joined() const {
    std::string whole = temp_ / "joined.log";
    std::ofstream file(whole, std::ios::binary);
    const auto segments = FindSegments(log_path_);
    for (const std::string& path : *segments) file << std::ifstream(path, std::ios::binary).rdbuf();
    return whole;
  }
};

// As jobs has them: nobody is in two, and nobody in none.
TEST_F(JobKeysTest, GroupsAreJobsAsJobsHasThem) {
  WriteNight();
  const std::string by_job = " --log LOG --by job_kind,job --sort -cpu --no-header --output csv ";
  EXPECT_EQ(Run("summary" + by_job + "--columns job_kind,job,count,failed,cpu").out,
            Run("jobs --log LOG --sort -cpu --no-header --output csv "
                "--columns kind,job,processes,failed,cpu")
                .out);
  EXPECT_EQ(Run("failures" + by_job + "--columns job_kind,job,status,count,of").out,
            "cron,backup --all,1,2,8\nservice,app.service,SIGSEGV,6,6\n");
  EXPECT_EQ(Run("diff --log LOG --old-log LOG --all --by job --sort job --columns job,count "
                "--output csv")
                .out,
            "job,count\napp.service,6\nbackup --all,8\ncron,3\nlogin of 4000000000,2\nsshd,2\n"
            "systemd,1\n");
  EXPECT_EQ(Run("summary --log LOG --by job_knd").err,
            "daybook: --by: no key 'job_knd'; did you mean 'job_kind'?\n");
}

// A log is of one host, by the name that it has last; another one may have its old name by now.
TEST_F(JobKeysTest, AHostThatWasRenamedHasEachJobOnce) {
  constexpr int64_t kHourNs = 3'600'000'000'000;
  const auto run_tick = [](const std::string& path, uint8_t boot, const std::string& host,
                           int64_t realtime_ns) {
    ScriptedLog log(path, boot, host, realtime_ns);
    log.Snapshot(5000);
    log.Fork(6000, 200, 1, 0);
    log.Exec(6001, 200, 6000, "tick", "/usr/bin/tick", "tick");
    log.Exit(8000, 200, 6000, 0, "tick", 1000);
  };
  run_tick(log_path_, 0xB1, "web1", kScriptRealtimeNs);
  run_tick(log_path_, 0xB2, "web2", kScriptRealtimeNs + kHourNs);
  run_tick(temp_ / "other", 0xB3, "web1", kScriptRealtimeNs + 2 * kHourNs);
  const std::string ask = "jobs --log LOG --log " + (temp_ / "other") + " --no-header --sort host ";
  EXPECT_EQ(Run(ask + "--root 'comm == \"tick\"' --filter 'comm == \"tick\"' --output csv "
                      "--columns host,job,runs,overlap,processes,cpu,pid")
                .out,
            "web1,tick,1,1,1,1000,200\nweb2,tick,2,1,2,2000,\n");
}

// A log of ends only, as of imported process accounting: each process is a run.
TEST_F(JobKeysTest, RunsWithoutAParentThatAreThereAtOnceOverlap) {
  constexpr uint32_t kRuns = 3000;  // more than are kept
  {
    ScriptedLog log(log_path_);
    for (uint32_t i = 0; i < kRuns; ++i) {
      const uint64_t ms = 20'000 + i * 100;
      log.Exit(ms, 1000 + i, ms - 250, 0, "tick", 0);  // beside the two before it
    }
    log.Exit(20'000 + kRuns * 100, 900, 10'000, 0, "tick", 0);  // beside all of them
  }
  EXPECT_EQ(Run("jobs --log LOG --no-header --output csv --columns job,runs,overlap").out,
            "tick,3001,4\n");
}

TEST_F(JobKeysTest, BirthsAreGroupedByJobs) {
  WriteNight();
  EXPECT_EQ(
      Run("spawn --log LOG --by job,spawner --output csv --columns job,spawner,births,failed").out,
      std::string(R"(
job,spawner,births,failed
backup --all,sh,6,2
app.service,systemd,6,6
backup --all,cron,2,0
cron,cron,2,0
login of 4000000000,bash,1,0
login of 4000000000,sshd,1,0
sshd,sshd,1,0
)")
          .substr(1));
  EXPECT_EQ(Run("spawn --log LOG --by job --view rate").err,
            "daybook: --by: there are no groups in --view rate\n");
  EXPECT_EQ(Run("spawn --log LOG --by whatever_else").err,
            "daybook: --by: no key 'whatever_else'; --filter help lists them, and there are job, "
            "job_kind "
            "and spawner\n");
}

TEST_F(JobKeysTest, TheCostliestProcessesAreShownWithTheirJobs) {
  WriteNight();
  EXPECT_EQ(Run("top --log LOG -n 3 --output csv --columns pid,comm,job_kind,job").out,
            std::string(R"(
pid,comm,job_kind,job
202,gzip,cron,backup --all
212,gzip,cron,backup --all
204,uploader,cron,backup --all
)")
                .substr(1));
  EXPECT_THAT(Run("top --log LOG -n 3 --output csv").out, Not(HasSubstr("job")));
  EXPECT_EQ(Run("top --log LOG --sort job -n 1 --output csv --columns comm").out, "comm\napp\n");
}

// What job a process belongs to is told before the window, where the rows by something else need
// not look.
TEST_F(JobKeysTest, JobsOfAWindowAreAsWhenAllIsRead) {
  constexpr int64_t kHourNs = 3'600'000'000'000;
  WriteLongBoot(0xB0, kScriptRealtimeNs - kHourNs);
  WriteLongBoot(0xB1, kScriptRealtimeNs);
  const std::string window = " -S '2026-09-21 14:13:46' -U '2026-09-21 14:13:57' --log ";
  for (const std::string verb :
       {"summary --by job_kind,job", "failures --by job_kind,job",
        "spawn --by job_kind,job,spawner", "top --columns job_kind,job,pid",
        "diff --all --by job_kind,job --old-since '2026-09-21 14:13:20'"}) {
    const Answer some = Run(verb + window + "LOG --output csv");
    EXPECT_EQ(some.out, Run(verb + window + Joined() + " --output csv").out) << verb;
    EXPECT_THAT(some.out, HasSubstr("\ncron,backup --all,")) << verb;
  }
  EXPECT_THAT(Run("summary --by job" + window + "LOG").out,
              HasSubstr("segments 5, records 227, outside the time and not read: segments 5;"));
  EXPECT_THAT(Run("summary --by comm" + window + "LOG").out,
              HasSubstr("segments 2, records 90, outside the time and not read: segments 8;"));
}

}  // namespace
}  // namespace daybook
