// What the page for the morning says of jobs that run each night, whose programs are shells and
// interpreters.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "nightly_week.h"

namespace daybook {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class NightlyJobsTest : public NightlyTest {
 protected:
  const std::string kJobs =
      "report --section job_changes --output csv --no-header --log LOG "
      "-S 2026-09-28 -U 2026-09-29 ";

  struct JobRun {
    std::string_view command = "backup.py 1";
    uint32_t status = 0;
    uint32_t status_within = 0;
    uint64_t elapsed_ms = 500;
  };
  // A shell of cron that runs a script of python.
  void RunJob(Week& week, uint64_t ms, const JobRun& run) {
    ScriptedLog& log = week.log();
    const uint32_t pid = last_pid_ += 2;
    const std::string args = std::string("/bin/sh\0-c\0"sv).append(run.command).append(1, '\0');
    log.Fork(ms, pid, 50, 0);
    log.Exec(ms + 1, pid, ms, "sh", "/bin/sh", args);
    log.Fork(ms + 2, pid + 1, pid, ms);
    log.Exec(ms + 3, pid + 1, ms + 2, "python3", "/usr/bin/python3", "python3\0backup.py\0"sv);
    log.Exit(ms + 10, pid + 1, ms + 2, run.status_within, "python3", 1000);
    log.Exit(ms + run.elapsed_ms, pid, ms, run.status, "sh", 1000);
  }
  // As many at once, of which the last `failed` ones fail, among many shells that do not.
  auto Runs(int count, int failed) {
    return [=, this](Week& week, uint64_t ms) {
      for (int i = 0; i < 15; ++i) {
        RunJob(week, ms + kHourMs + static_cast<uint64_t>(i) * 1000, {.command = "true"});
      }
      for (int i = 0; i < count; ++i) {
        const uint32_t status = i < count - failed ? 0 : 1 << 8;
        RunJob(week, ms + 2 * kHourMs + static_cast<uint64_t>(i) * 1000,
               {.status = status, .status_within = status});
      }
    };
  }
  template <class Life>
  static auto Lives(const Life& life) {
    return [life](Week& week, uint64_t ms) { week.Live(ms + kHourMs, life); };
  }
  static void Nothing(Week&, uint64_t) {}

  // Nights with so many runs, of which so many failed, as the baseline has them in all.
  bool IsTold(std::pair<int, int> before, std::pair<int, int> now) {
    const std::string name = "week" + std::to_string(++weeks_);
    WriteWeek(
        name,
        [&](Week& week, uint64_t ms) {
          const auto night = static_cast<int>((ms - kFirstDayMs) / kDayMs);
          const int failed = before.second * (night + 1) / 6 - before.second * night / 6;
          Runs(before.first / 6, failed)(week, ms);
        },
        Runs(now.first, now.second));
    return !Run(kJobs).out.empty();
  }

  uint32_t last_pid_ = 20'000;
  int weeks_ = 0;
};

TEST_F(NightlyJobsTest, AJobThatBeginsToFailIsAnExceptionWhateverItsProgramIs) {
  WriteWeek("fails", Runs(1, 0), Runs(1, 1));
  const std::string pid = std::to_string(last_pid_);
  const Answer page = Run(kAsk + "--only-exceptions");
  EXPECT_THAT(page.out,
              AllOf(HasSubstr("== Jobs that are failing, slower or gone\n"
                              "KIND  CHANGE   OLD_RUNS  OLD_FAILED  RUNS  FAILED  STATUS"),
                    HasSubstr("  backup.py 1\n"), Not(HasSubstr("== More often"))));
  EXPECT_EQ(Run(kJobs).out, "cron,backup.py 1,failing,6,0,1,1,1," + pid +
                                ",2026-09-28T02:00:00.500000+00:00,500000,500000,web1\n");
  EXPECT_THAT(Run("why " + pid + " --log LOG").out, HasSubstr("backup.py 1"));
  for (const std::string rule : {"failing", "change"}) {
    EXPECT_EQ(Run(kAsk + "--fail-on " + rule).status, 1) << rule;
  }
  EXPECT_EQ(Run(kAsk + "--fail-on 'failing>1'").status, 0);
  EXPECT_EQ(Run(kAsk + "--section job_changes --output json | "
                       "jq -c '.sections[0].rows[] | [.kind, .job, .old_failed, .failed]'")
                .out,
            "[\"cron\",\"backup.py 1\",0,1]\n");
}

TEST_F(NightlyJobsTest, AJobThatFailsAsOftenAsBeforeIsNot) {
  EXPECT_FALSE(IsTold({6, 6}, {1, 1}));
  EXPECT_FALSE(IsTold({6, 3}, {1, 1}));
  EXPECT_TRUE(IsTold({6, 2}, {1, 1}));
  EXPECT_FALSE(IsTold({6, 0}, {1, 0}));
  // Of what runs each hour and fails now and then, a few more do so.
  EXPECT_FALSE(IsTold({144, 6}, {24, 5}));
  EXPECT_TRUE(IsTold({144, 6}, {24, 6}));
  EXPECT_TRUE(IsTold({144, 0}, {24, 1}));
}

TEST_F(NightlyJobsTest, WhatAJobAsksMayAnswerNo) {
  WriteWeek("grep", Runs(1, 0), [this](Week& week, uint64_t ms) {
    Runs(0, 0)(week, ms);
    RunJob(week, ms + 2 * kHourMs, {.status_within = 1 << 8});
  });
  EXPECT_EQ(Run(kJobs).out, "");
}

TEST_F(NightlyJobsTest, WithoutALongEnoughTimeBeforeNothingIsTold) {
  WriteWeek("fails", Runs(1, 0), Runs(1, 1));
  EXPECT_NE(Run(kJobs).out, "");
  for (const std::string ask : {"--baseline 0 ", "--baseline 1h "}) {
    EXPECT_EQ(Run(kJobs + ask).out, "") << ask;
    EXPECT_EQ(Run(kJobs + ask + "--fail-on failing,change").status, 0) << ask;
  }
}

// As where the recorder leaves out what succeeds.
TEST_F(NightlyJobsTest, WhereSuccessesAreNotRecordedNothingIsTold) {
  WriteWeek("failed-only", Nothing, [this](Week& week, uint64_t ms) {
    week.log().At(ms);
    week.log().writer().Append(Recorder{.time_ns = ScriptedLog::Ns(ms), .filter = "--only-failed"});
    Runs(1, 1)(week, ms);
  });
  EXPECT_EQ(Run(kJobs).out, "");
}

// The shell may have come less far than ever, and so have another name.
TEST_F(NightlyJobsTest, WhatCronHasNeverStartedBeforeShouldNotFailEither) {
  WriteWeek("new", Nothing, Runs(1, 1));
  EXPECT_THAT(Run(kJobs).out, StartsWith("cron,backup.py 1,failing,0,0,1,1,1,"));
}

TEST_F(NightlyJobsTest, AServiceFailsAsWhatItsManagerStartsDoes) {
  const auto service = [](uint32_t status) {
    return [status](Week& week, uint64_t ms) {
      week.log().At(ms);
      week.log().writer().Append(CgroupPath{
          .time_ns = ScriptedLog::Ns(ms), .id = 70, .path = "/system.slice/sync.service"});
      week.Live(ms + kHourMs, {.comm = "sh", .wait_status = status, .cgroup_id = 70});
    };
  };
  WriteWeek("fails", service(0), service(1 << 8));
  EXPECT_THAT(Run(kJobs).out, StartsWith("service,sync.service,failing,6,0,1,1,1,"));
  WriteWeek("stopped", service(0), service(15));
  EXPECT_EQ(Run(kJobs).out, "");
  WriteWeek("crashes", service(0), service(11));
  EXPECT_THAT(Run(kJobs).out, StartsWith("service,sync.service,failing,6,0,1,1,SIGSEGV,"));
  WriteWeek("fails-always", service(1 << 8), service(1 << 8));
  EXPECT_EQ(Run(kJobs).out, "");
  WriteWeek("connection", Nothing, service(1 << 8));
  EXPECT_EQ(Run(kJobs).out, "") << "it may be another one each time";
  WriteWeek("gone", service(0), Nothing);
  EXPECT_THAT(Run(kJobs).out, StartsWith("service,sync.service,gone,6,0,0,0,,,,100000,,"));
}

TEST_F(NightlyJobsTest, AJobThatDidNotRunIsGone) {
  WriteWeek("gone", Runs(1, 0), Runs(0, 0));
  EXPECT_EQ(Run(kJobs).out, "cron,backup.py 1,gone,6,0,0,0,,,,500000,,web1\n");
  EXPECT_EQ(Run(kJobs + "--fail-on change").status, 1);
  EXPECT_EQ(Run(kJobs + "--fail-on failing").status, 0);
  // One that ran on one day only.
  WriteWeek(
      "once", [this](Week& week, uint64_t ms) { Runs(ms == kFirstDayMs ? 7 : 0, 0)(week, ms); },
      Runs(0, 0));
  EXPECT_EQ(Run(kJobs).out, "");
  WriteWeek("running", Runs(1, 0), [this](Week& week, uint64_t ms) {
    Runs(0, 0)(week, ms);
    week.log().Fork(ms + 2 * kHourMs, 19'000, 50, 0);
    week.log().Exec(ms + 2 * kHourMs + 1, 19'000, ms + 2 * kHourMs, "sh", "/bin/sh",
                    "sh\0-c\0backup.py 1\0"sv);
  });
  EXPECT_EQ(Run(kJobs).out, "");
}

TEST_F(NightlyJobsTest, AJobThatTakesLongerThanEverIsSlower) {
  const auto takes = [this](uint64_t elapsed_ms) {
    return [=, this](Week& week, uint64_t ms) {
      RunJob(week, ms + 2 * kHourMs, {.elapsed_ms = elapsed_ms});
    };
  };
  WriteWeek("slower", takes(1000), takes(3000));
  EXPECT_THAT(Run(kJobs).out, StartsWith("cron,backup.py 1,slower,6,0,1,0,,,,1000000,3000000,"));
  WriteWeek("longer", takes(1000), takes(1900));
  EXPECT_EQ(Run(kJobs).out, "");
}

// A service that is not there for one task ends when somebody stops it.
TEST_F(NightlyJobsTest, AServiceThatRanLongIsNotSlower) {
  const auto daemon = [](uint64_t elapsed_ms) {
    return [=](Week& week, uint64_t ms) {
      if (ms != kFirstDayMs && ms != kNightMs) return;
      week.log().At(ms);
      week.log().writer().Append(CgroupPath{
          .time_ns = ScriptedLog::Ns(ms), .id = 70, .path = "/system.slice/web.service"});
      week.Live(ms + kHourMs, {.comm = "web", .cgroup_id = 70, .elapsed_ms = elapsed_ms});
    };
  };
  WriteWeek("daemon", daemon(1000), daemon(3000));
  EXPECT_EQ(Run(kJobs).out, "");
}

// A program that fails again and again is a loop where its parent starts it anew, and none where
// that only asks it something.
TEST_F(NightlyJobsTest, WhatASupervisorStartsAgainIsACrashLoop) {
  const auto restarts = [](std::string_view parent, std::string_view comm) {
    return [=](Week& week, uint64_t ms) {
      week.Begin(ms, 19'000, parent);
      for (uint32_t i = 1; i <= 5; ++i) {
        const uint64_t start_ms = ms + i * 1000;
        week.log().Fork(start_ms, 19'000 + i, 19'000, ms);
        week.Execute(start_ms, 19'000 + i, start_ms + 1, comm);
        week.log().Exit(start_ms + 100, 19'000 + i, start_ms, 1 << 8, comm, 1000);
      }
    };
  };
  const std::string ask = kAsk + "--section crash_loops --output csv --no-header";
  for (const std::string parent :
       {"runsv", "supervise-daemo", "supervisord", "PM2 v5.3.0: God", "systemd"}) {
    WriteWeek("week" + std::to_string(++weeks_), Nothing, restarts(parent, "app"));
    EXPECT_THAT(Run(ask).out, StartsWith("app," + parent + ",1,5,5,")) << parent;
  }
  for (const std::string parent : {"bash", "python3"}) {
    WriteWeek(parent, Nothing, restarts(parent, "grep"));
    EXPECT_EQ(Run(ask).out, "") << parent;
  }
}

// Names are what users make them.
TEST_F(NightlyJobsTest, WhereThereAreTooManyJobsThoseThatAreKnownAreCompared) {
  const auto many = [this](Week& week, uint64_t ms) {
    Runs(1, 0)(week, ms);
    for (uint64_t i = 0; ms == kFirstDayMs && i < 70'000; ++i) {
      const std::string name = "job " + std::to_string(i);
      week.Live(ms + 3 * kHourMs + i * 200, {.ppid = 50, .comm = "job", .args = name});
    }
  };
  WriteWeek("many", many, [this](Week& week, uint64_t ms) {
    Runs(1, 1)(week, ms);
    RunJob(week, ms + 3 * kHourMs, {.command = "new", .status = 1 << 8});
  });
  EXPECT_THAT(Run(kJobs).out,
              AllOf(StartsWith("cron,backup.py 1,failing,6,0,1,1,1,"), Not(HasSubstr("new"))));
}

}  // namespace
}  // namespace daybook
