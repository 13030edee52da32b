// Who has ended and is not reaped yet: what reports say of it does not go by when the reap is told.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "program_runner.h"
#include "script.h"

namespace daybook {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr uint32_t kFailed = 1 << 8;

class ZombiesTest : public ProgramRunner {
 protected:
  // Of a recorder that tells reaps.
  static void Begin(Script& script) {
    script.log().At(5000);
    script.log().RecorderStart("fork exec exit usage reap");
    script.Snapshot();
  }

  // 201, which failed, by its parent, which ends well.
  static void LeaveAZombie(Script& script) {
    script.Fork(6000, 200, 50, 3000);
    script.Fork(6010, 201, 200, 6000);
    script.Exit(6020, 201, 6010, {.wait_status = kFailed, .comm = "left"});
    script.Exit(6100, 200, 6000, {.comm = "sh", .flags = kProcUsageExact});
  }

  // How many failures were swallowed, by the name of who failed.
  std::string Swallowed() const {
    return Run("failures --log LOG --columns comm,swallowed --sort comm --output csv --no-header")
        .out;
  }
};

TEST_F(ZombiesTest, AZombieThatItsParentLeavesIsSwallowedByIt) {
  {
    Script script(log_path_);
    Begin(script);
    LeaveAZombie(script);
    script.Reap(6110, 201, 6010);
    script.Fork(7000, 210, 50, 3000);
    script.Fork(7010, 211, 210, 7000);
    script.Exit(7020, 211, 7010, {.wait_status = kFailed, .comm = "told"});
    script.Exit(7100, 210, 7000,
                {.wait_status = kFailed, .comm = "teller", .flags = kProcUsageExact});
    script.Reap(7110, 211, 7010);
  }
  EXPECT_EQ(Swallowed(), "left,1\nteller,0\ntold,0\n");
}

TEST_F(ZombiesTest, WhoNobodyEverReapsIsSwallowedAllTheSame) {
  {
    Script script(log_path_);
    Begin(script);
    LeaveAZombie(script);
    script.Fork(60'000, 202, 50, 3000);
  }
  EXPECT_EQ(Swallowed(), "left,1\n");
}

TEST_F(ZombiesTest, AParentThatIsAZombieItselfSwallowsWhatEndedBeforeItAlone) {
  {
    Script script(log_path_);
    Begin(script);
    script.Fork(6000, 200, 50, 3000);
    script.Fork(6010, 201, 200, 6000);
    script.Fork(6010, 202, 200, 6000);
    script.Exit(6020, 201, 6010, {.wait_status = kFailed, .comm = "child"});
    script.Exit(6100, 200, 6000, {.comm = "sh"});
    script.Reap(6110, 201, 6010);
    script.Exit(6200, 202, 6010,
                {.wait_status = kFailed, .comm = "orphan", .flags = kProcUsageExact});
    script.Reap(6300, 200, 6000);
  }
  EXPECT_EQ(Swallowed(), "child,1\norphan,0\n");
}

TEST_F(ZombiesTest, WhoIsNotReapedForLongIsCountedByEveryReport) {
  {
    Script script(log_path_);
    Begin(script);
    for (const uint32_t pid : {200, 201}) {
      script.Fork(6000, pid, 50, 3000);
      script.Exit(6020, pid, 6000, {.comm = "left", .cpu_us = 1});
    }
    script.Reap(15'000, 200, 6000, 2);
    script.Reap(17'000, 201, 6000, 2);
    script.Fork(17'000, 202, 50, 3000);
    script.Exit(17'020, 202, 17'000, {.comm = "left", .cpu_us = 1});
  }
  EXPECT_EQ(Run("list --log LOG --comm left --columns pid,cpu_us,exact --sort pid --output csv "
                "--no-header")
                .out,
            "200,2,true\n201,1,false\n202,1,false\n");
  for (const std::string report : {"list", "summary", "jobs"}) {
    EXPECT_THAT(Run(report + " --log LOG").out,
                HasSubstr(", ended unseen 0, reap late or unseen 1"))
        << report;
    EXPECT_THAT(Run(report + " --log LOG --output json").out, HasSubstr("\"unreaped\":1"))
        << report;
  }
  EXPECT_THAT(Run("report --log LOG --since 2026-09-21 --until 2026-09-22 --output json").out,
              HasSubstr("\"unreaped\":1"));
  EXPECT_THAT(Run("list --log LOG --since '2026-09-21 14:13:25'").out, Not(HasSubstr("reap late")));
  const std::string days[] = {temp_ / "1", temp_ / "2"};
  Run("report --log LOG --since 2026-09-21 --until 2026-09-22 --partial " + days[0]);
  Run("report --log LOG --since 2026-09-22 --until 2026-09-23 --partial " + days[1]);
  EXPECT_THAT(Run("merge " + days[0]).out, HasSubstr(", ended unseen 0, reap late or unseen 1;"));
  EXPECT_THAT(Run("merge --output json " + days[0] + " " + days[1]).out,
              HasSubstr("\"unreaped\":1,"));
  EXPECT_THAT(Run("merge " + days[1]).out, Not(HasSubstr("reap late")));
}

}  // namespace
}  // namespace daybook
