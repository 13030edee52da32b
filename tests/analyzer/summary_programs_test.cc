// What a summary of programs adds up to, and what it does not claim.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "night_script.h"
#include "program_runner.h"

namespace daybook {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class SummaryProgramsTest : public ProgramRunner {
 protected:
  // The log stands there once the script is closed.
  template <class Function>
  void Record(Function function) const {
    Script script(log_path_);
    script.Snapshot();
    function(script);
    script.log().At(20'000);
    script.log().Close();
  }
  std::string Csv(const std::string& options) const {
    return Run("summary --log LOG --per program --output csv " + options).out;
  }
};

// Of what it was born with and of "sh" the time is not known, of "make" it is.
void RunUnsplit(Script& script) {
  script.Fork(6000, 700, 50, 3000);
  script.Exec(6001, 700, 6000, {.comm = "sh", .exe = "/bin/sh"});
  script.Exec(6100, 700, 6000, {.comm = "make", .exe = "/bin/make", .cpu_us = 5000});
  script.Exit(6500, 700, 6000,
              {.comm = "make", .cpu_us = 9000, .ppid = 50, .flags = kProcUsageExact});
}

TEST_F(SummaryProgramsTest, CpuTimeOfNoKnownProgramIsInTheTotal) {
  Record(RunUnsplit);
  EXPECT_THAT(Csv("--columns comm,count,cpu,cpu_share"),
              AllOf(HasSubstr("make,1,4000,44.44\n"), HasSubstr("sh,1,,\n"),
                    HasSubstr("***other,0,5000,55.56\n")));
  EXPECT_THAT(Run("summary --log LOG --per program").out,
              HasSubstr("-- processes of which it is not known which program used the CPU time: 1, "
                        "in ***other\n"));
  EXPECT_THAT(Run("summary --log LOG --per program --output json").out,
              HasSubstr("\"unsplit_processes\":1,\"unsplit_cpu_us\":5000"));
}

TEST_F(SummaryProgramsTest, WhatOneThatStillRunsRanBeforeTheWindowIsNotInIt) {
  Record([](Script& script) {
    script.Fork(6000, 700, 50, 3000);
    script.Exec(6001, 700, 6000, {.comm = "setup", .exe = "/bin/setup", .cpu_us = 1000});
    script.Exec(9000, 700, 6000, {.comm = "server", .exe = "/bin/server", .cpu_us = 2'001'000});
  });
  const std::string columns = " --columns comm,count,cpu";
  EXPECT_THAT(Csv(columns), HasSubstr("setup,1,2000000\n"));
  EXPECT_THAT(Csv("-S '2026-09-21 14:13:23'" + columns), HasSubstr("setup,1,2000000\n"));
  EXPECT_THAT(Csv("-S '2026-09-21 14:13:25'" + columns),
              AllOf(HasSubstr("server,1,\n"), Not(HasSubstr("setup"))));
}

TEST_F(SummaryProgramsTest, WhatMayBeOfSeveralIsNoSample) {
  Record([](Script& script) {
    script.Exec(6000, 50, 3000, {.comm = "next", .exe = "/bin/next", .cpu_us = 8000});
    script.Exit(6500, 50, 3000,
                {.comm = "next", .cpu_us = 9000, .ppid = 1, .flags = kProcUsageExact});
  });
  EXPECT_THAT(Csv("--columns comm,count,cpu,mean_cpu,p50_cpu"),
              AllOf(HasSubstr("cron,1,8000,,\n"), HasSubstr("next,1,1000,1000,1000\n")));
}

// Only in a tick the kernel counts: those that met one have the time of all.
TEST_F(SummaryProgramsTest, WhatTookLessThanIsCountedIsInTheMean) {
  Record([](Script& script) {
    script.Fork(6000, 700, 50, 3000);
    script.Exec(6001, 700, 6000, {.comm = "loop", .exe = "/bin/loop", .cpu_us = 0});
    script.Exec(6002, 700, 6000, {.comm = "loop", .exe = "/bin/loop", .cpu_us = 0});
    script.Exec(6003, 700, 6000, {.comm = "loop", .exe = "/bin/loop", .cpu_us = 4000});
    script.Exec(6004, 700, 6000, {.comm = "end", .exe = "/bin/end", .cpu_us = 4000});
    script.Exit(6500, 700, 6000,
                {.comm = "end", .cpu_us = 5000, .ppid = 50, .flags = kProcUsageExact});
  });
  EXPECT_THAT(Csv("--columns comm,count,cpu,mean_cpu,p50_cpu"),
              AllOf(HasSubstr("loop,3,4000,1333,4000\n"), HasSubstr("end,1,1000,1000,1000\n")));
}

// Of "cron" all that is known may be of several; then it takes less than is counted.
TEST_F(SummaryProgramsTest, WithoutASampleThereIsNoMean) {
  Record([](Script& script) {
    script.Exec(6000, 50, 3000, {.comm = "cron", .exe = "/bin/cron", .cpu_us = 8000});
    script.Exec(6100, 50, 3000, {.comm = "next", .exe = "/bin/next", .cpu_us = 8000});
  });
  EXPECT_THAT(Csv("--columns comm,count,cpu,mean_cpu"), HasSubstr("cron,2,8000,\n"));
}

TEST_F(SummaryProgramsTest, WhatIsOnlyToldOfProcessesIsNoKey) {
  Record(RunUnsplit);
  for (const std::string key : {"maxrss", "zombie", "execs", "exact"}) {
    EXPECT_THAT(Run("summary --log LOG --per program --by " + key).err,
                AllOf(HasSubstr("daybook: --by: '" + key), HasSubstr("' is not told of programs")));
  }
  EXPECT_THAT(Csv("--by exe,user --columns exe,user,count"), HasSubstr("/bin/make,"));
}

TEST_F(SummaryProgramsTest, AProcessIsFoundByAnyProgramThatItRan) {
  Record(RunUnsplit);
  const auto pids = [&](const std::string& filter) {
    return Run("list --log LOG --no-header --output csv --columns pid --filter '" + filter + "'")
        .out;
  };
  EXPECT_EQ(pids("comm == \"sh\""), "");
  EXPECT_EQ(pids("ran(comm == \"sh\")"), "700\n");
  EXPECT_EQ(pids("ran(exe =~ \"make\" && cpu > 3ms)"), "700\n");
  EXPECT_EQ(pids("ran(exe =~ \"make\" && cpu > 5ms)"), "");
  EXPECT_EQ(pids("ran(ok)"), "700\n");
  EXPECT_EQ(pids("!ran(failed) && pid == 700"), "700\n") << "who went on did not fail";
  EXPECT_EQ(pids("!ran(comm == \"sh\") && pid == 50"), "") << "older than the log: who knows";
  EXPECT_THAT(Run("jobs --log LOG --output csv --root 'ran(comm == \"sh\")'").out,
              HasSubstr("root,"));
}

// How a program ended is how its process did, so that those that did not fail still count.
TEST_F(SummaryProgramsTest, WhatFailedIsAPartOfAllThatEnded) {
  Record([](Script& script) {
    for (const uint32_t pid : {700U, 701U}) {
      script.Fork(6000, pid, 50, 3000);
      script.Exec(6001, pid, 6000, {.comm = "job", .exe = "/bin/job"});
      script.Exit(6500, pid, 6000, {.wait_status = (pid - 700) << 8, .comm = "job", .ppid = 50});
    }
  });
  for (const std::string filter : {"failed", "ran(failed)"}) {
    EXPECT_THAT(
        Run("failures --log LOG --output csv --columns comm,count,of --filter '" + filter + "'")
            .out,
        HasSubstr("job,1,2\n"))
        << filter;
  }
}

}  // namespace
}  // namespace daybook
