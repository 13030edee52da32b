// What diff says where the first answer that comes to mind would be wrong, and what every verb says
// of a log that is given twice.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <string>
#include <string_view>

#include "program_runner.h"
#include "script.h"

namespace daybook {
namespace {

using std::string_view_literals::operator""sv;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class DiffAnswersTest : public ProgramRunner {};

constexpr char kDiff[] =
    "diff --log LOG --output csv --columns comm,change,old_count,count,"
    "old_running,running --sort comm ";

// Whoever names a period has the other one by default.
TEST_F(DiffAnswersTest, ADifferenceNamesThePeriodsThatItComparesUnlessTheyWereGiven) {
  {
    Script script(log_path_);
    script.Snapshot();
    script.log().At(30'000);
  }
  const std::string old_period = "2026-09-21 14:13:25 to 2026-09-21 14:13:30\n";
  const std::string given = "diff --log LOG -S '2026-09-21 14:13:30' ";
  const std::string both = given + "-U '2026-09-21 14:13:35' ";
  const std::string note = "compared 2026-09-21 14:13:30 to 2026-09-21 14:13:35 with " + old_period;
  EXPECT_THAT(Run(both).out, HasSubstr("-- " + note));
  EXPECT_THAT(Run(both + "--output csv").err, StartsWith("daybook: " + note));
  EXPECT_THAT(Run(given + "--old-since '2026-09-21 14:13:25'").out,
              HasSubstr("-- compared 2026-09-21 14:13:30 to now with " + old_period));
  EXPECT_THAT(Run("diff --log LOG --old-until '2026-09-21 14:13:30'").out,
              HasSubstr("-- compared the beginning to now with the beginning to "));
  EXPECT_EQ(
      Run(both + "--output json | jq -c .facts").out,
      R"({"since":"2026-09-21T14:13:30.000000+00:00","until":"2026-09-21T14:13:35.000000+00:00",)"
      R"("old_since":"2026-09-21T14:13:25.000000+00:00",)"
      R"("old_until":"2026-09-21T14:13:30.000000+00:00",)"
      R"("old_not_recorded_us":0,"not_recorded_us":0})"
      "\n");
  for (const std::string& all :
       {both + "--old-since '2026-09-21 14:13:20' --old-until '2026-09-21 14:13:25'",
        both + "--old-log LOG"}) {
    EXPECT_THAT(Run(all).out, Not(HasSubstr("-- compared 2026"))) << all;
  }
}

// One ends and is started again, one starts; both still run.
TEST_F(DiffAnswersTest, WhatStillRunsIsNotGoneAndNewFromItsStartOn) {
  {
    Script script(log_path_);
    script.Snapshot();
    script.Fork(6000, 200, 1, 0);
    script.Exec(6001, 200, 6000, "mydaemon", "mydaemon\0"sv);
    script.Fork(7000, 201, 1, 0);
    script.Exec(7001, 201, 7000, "oldone", "oldone\0"sv);
    script.Exit(8000, 201, 7000, {.comm = "oldone"});
    script.Exit(20'000, 200, 6000, {.comm = "mydaemon"});
    script.Fork(20'100, 202, 1, 0);
    script.Exec(20'101, 202, 20'100, "mydaemon", "mydaemon\0"sv);
    script.Fork(21'000, 203, 1, 0);
    script.Exec(21'001, 203, 21'000, "newdaemon", "newdaemon\0"sv);
    script.log().At(30'000);
  }
  const Answer answer =
      Run(kDiff + std::string("--since '2026-09-21 14:13:30' --old-since '2026-09-21 14:13:20'"));
  EXPECT_EQ(answer.out,
            "comm,change,old_count,count,old_running,running\n"
            "newdaemon,new,0,0,0,1\noldone,gone,1,0,0,0\n");
  EXPECT_EQ(answer.status, 1);
  const Answer later =
      Run(kDiff + std::string("--since '2026-09-21 14:13:36' --until '2026-09-21 14:13:37' "
                              "--old-since '2026-09-21 14:13:20'  --old-until "
                              "'2026-09-21 14:13:22' --all"));
  EXPECT_THAT(later.out, HasSubstr("\nmydaemon,,0,0,1,1\n")) << "by what came after each period";
}

TEST_F(DiffAnswersTest, ARebootMakesNothingGone) {
  const auto write = [&](uint8_t boot, int64_t realtime_ns) {
    ScriptedLog log(log_path_, boot, "web1", realtime_ns);
    log.Snapshot(5000);
    for (uint32_t pid = 200; pid < 204; ++pid) {
      log.Fork(6000, pid, 100, 2000);
      log.Exec(6001, pid, 6000, "bash", "/bin/bash", "bash\0"sv);
    }
    log.Exit(7000, 203, 6000, 0, "bash", 1000);
    log.At(10'000);
  };
  write(0xB0, kScriptRealtimeNs);
  write(0xB1, kScriptRealtimeNs + 3600 * int64_t{1'000'000'000});
  const Answer answer =
      Run(kDiff + std::string("--since '2026-09-21 15:00' --old-since '2026-09-21 14:00'"));
  EXPECT_EQ(answer.out, "comm,change,old_count,count,old_running,running\n");
  EXPECT_EQ(answer.status, 0);
}

// An hour, of which half an hour from 14:33:20 on has no recorder.
class PartlyRecordedTest : public ProgramRunner {
 protected:
  PartlyRecordedTest() {
    constexpr uint64_t kMinuteMs = 60'000;
    Script script(log_path_);
    script.Snapshot();
    script.log().At(kMinuteMs * 50 + 5000);
    script.log().writer().Append(
        RecordingGap{.first_time_ns = ScriptedLog::Ns(kMinuteMs * 20 + 5000),
                     .last_time_ns = ScriptedLog::Ns(kMinuteMs * 50 + 5000)});
    script.log().At(kMinuteMs * 60 + 5000);
    script.log().Filtered(std::nullopt);
  }

  Answer Diff(const std::string& since, const std::string& until, const std::string& old_since,
              const std::string& old_until, const std::string& rest = "") const {
    const auto at = [](const std::string& time) { return " '2026-09-21 " + time + "'"; };
    return Run("diff --log LOG -S" + at(since) + " -U" + at(until) + " --old-since" +
               at(old_since) + " --old-until" + at(old_until) + " " + rest);
  }
};

TEST_F(PartlyRecordedTest, WhatOfAPeriodIsNotInTheLogIsToldOfBoth) {
  const std::string gone = ", so that what is gone or less often may only seem so\n";
  const std::string fresh = ", so that what is new or more often may only seem so\n";
  EXPECT_THAT(
      Diff("15:05", "17:00", "14:15", "14:30").out,
      HasSubstr("\n-- of the new period the log tells only up to 2026-09-21 15:13:20" + gone));
  EXPECT_THAT(
      Diff("12:00", "14:30", "15:05", "15:10").out,
      HasSubstr("\n-- of the new period the log tells only from 2026-09-21 14:13:20 on" + gone));
  EXPECT_THAT(
      Diff("15:05", "15:10", "12:00", "14:30").out,
      HasSubstr("\n-- of the old period the log tells only from 2026-09-21 14:13:20 on" + fresh));
  EXPECT_THAT(
      Diff("15:05", "15:10", "15:10", "17:00").out,
      HasSubstr("\n-- of the old period the log tells only up to 2026-09-21 15:13:20" + fresh));
  const std::string all = Diff("12:00", "17:00", "14:15", "14:30").out;
  EXPECT_THAT(all, HasSubstr("\n-- of the new period the log tells only from 2026-09-21 14:13:20 "
                             "to 2026-09-21 15:13:20" +
                             gone));
  EXPECT_THAT(all, HasSubstr("\n-- nobody recorded 30m00s of the new period" + gone));
  EXPECT_THAT(
      Diff("15:05", "15:10", "14:20", "15:00").out,
      HasSubstr("\n-- of the old period the log tells only up to 2026-09-21 14:33:20" + fresh));
}

TEST_F(PartlyRecordedTest, WhatIsThereInWholeIsNotDoubted) {
  const std::string out = Diff("15:05", "15:10", "14:15", "14:30").out;
  EXPECT_THAT(out, Not(HasSubstr("only")));
  EXPECT_THAT(out, Not(HasSubstr("nobody recorded")));
}

TEST_F(PartlyRecordedTest, ProgramsAreToldHowLongNobodyRecorded) {
  EXPECT_EQ(Diff("15:05", "17:13:20", "14:20", "15:05",
                 "--output json | jq -c "
                 "'[.facts.not_recorded_us, .facts.old_not_recorded_us]'")
                .out,
            "[7200000000,1800000000]\n");
  EXPECT_EQ(Diff("15:05", "15:10", "14:15", "14:30",
                 "--output json | jq -c "
                 "'[.facts.not_recorded_us, .facts.old_not_recorded_us]'")
                .out,
            "[0,0]\n");
  EXPECT_THAT(Diff("15:05", "17:00", "14:15", "14:30", "--output csv").err,
              HasSubstr("of the new period the log tells only up to 2026-09-21 15:13:20"));
}

class GivenTwiceTest : public ProgramRunner {
 protected:
  GivenTwiceTest() {
    Script script(log_path_);
    script.Snapshot();
    script.Fork(6000, 200, 1, 0);
    script.Exit(8000, 50, 3000, {.comm = "cron"});
    script.log().Rotate(9000);
    script.Snapshot({{1, 0, 0, "systemd"}, {60, 3000, 1, "sshd"}, {200, 6000, 1, "systemd"}}, 9000);
    script.Exit(10'000, 60, 3000, {.comm = "sshd"});
    script.Exit(11'000, 200, 6000, {.comm = "systemd"});
    script.log().At(12'000);
  }

  const std::string kList = "list --columns pid,state,end_time --output csv --no-header --log LOG ";
};

TEST_F(GivenTwiceTest, NobodyComesBackToLifeByAnOldSnapshot) {
  const std::string once = Run(kList).out;
  EXPECT_EQ(std::ranges::count(once, '\n'), 4);
  EXPECT_THAT(once, Not(HasSubstr("lost")));
  EXPECT_EQ(Run(kList + "--log LOG").out, once);
  EXPECT_EQ(Run(kList + "--log LOG/daybook-00000001.dbk").out, once);
}

// A copy that was made while the segment was written has its beginning.
TEST_F(GivenTwiceTest, WhatOnlyTheLongerCopyHasIsNewAndTheRestIsNot) {
  const std::string once = Run(kList).out;
  const std::string copy = temp_ / "copy.dbk";
  const std::string whole = Slurp(log_path_ + "/daybook-00000002.dbk");
  for (const size_t bytes : {whole.size() / 4, whole.size() / 2, whole.size() * 3 / 4}) {
    std::ofstream(copy, std::ios::binary) << whole.substr(0, bytes);
    EXPECT_EQ(Run(kList + "--log " + copy).out, once) << bytes;
    EXPECT_EQ(Run("list --columns pid,state,end_time --output csv --no-header --log " + copy +
                  " --log LOG")
                  .out,
              once)
        << bytes;
  }
}

}  // namespace
}  // namespace daybook
