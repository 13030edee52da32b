// What the verbs say of moments: of all that is written so, and of those of which nobody recorded
// anything.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "program_runner.h"
#include "script.h"

namespace daybook {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class MomentAnswersTest : public ProgramRunner {};

TEST_F(MomentAnswersTest, ATimeStandsForAllThatIsWrittenSo) {
  const std::string columns = " --output csv --no-header --columns above,pid -n 1";
  {
    Script script(temp_ / "fractions");
    script.Snapshot();
    script.Fork(6250, 300, 1, 0);
    script.Exit(6750, 300, 6250, {.comm = "one", .ppid = 1});
    script.Fork(9250, 300, 1, 0);
    script.Exit(9500, 300, 9250, {.comm = "two", .ppid = 1});
    script.log().At(20'000);
  }
  log_path_ = temp_ / "fractions";
  for (const std::string time : {"2026-09-21 14:13:21", "2026-09-21 14:13:21.2",
                                 "2026-09-21T14:13:21Z", "@1790000001", "2026-09-21 14:13:21.5"}) {
    EXPECT_EQ(Run("why '300@" + time + "' --log LOG" + columns).out, "0,300\n") << time;
  }
  EXPECT_THAT(Run("why '300@2026-09-21 14:13' --log LOG").out,
              HasSubstr("the newest of 2 processes with this pid"));
  EXPECT_EQ(
      Run("why '300@2026-09-21 14:13:22' --log LOG --output csv --no-header").err,
      "daybook: no process 300 at that time: the one before lived from 2026-09-21 14:13:21 to "
      "2026-09-21 14:13:21, the next one lived from 2026-09-21 14:13:24 to "
      "2026-09-21 14:13:24\n");
  EXPECT_EQ(Run("why '999@2026-09-21 14:13:22' --log LOG --output csv --no-header").err,
            "daybook: no process 999 at that time\n");
  EXPECT_EQ(
      Run("why 300 --log LOG --output csv --no-header -S '2026-09-21 14:14'").err,
      "daybook: 2 processes with the pid 300, the newest of which lived from 2026-09-21 14:13:24 "
      "to 2026-09-21 14:13:24, are not among those that were asked for\n");
  for (const std::string left_out : {"'300@2026-09-21 14:13:24' -S '2026-09-21 14:14'",
                                     "'300@2026-09-21 14:13:24' --comm three"}) {
    EXPECT_EQ(
        Run("why --log LOG --output csv --no-header " + left_out).err,
        "daybook: process 300, which lived from 2026-09-21 14:13:24 to 2026-09-21 14:13:24, is "
        "not among those that were asked for\n");
  }
}

TEST_F(MomentAnswersTest, WhatNobodyRecordedIsSaid) {
  {
    ScriptedLog log(log_path_);
    log.RecorderStart();
    log.Snapshot(5000);
    log.Fork(6000, 200, 100, 2000);
    log.At(20'000);
    log.writer().Append(RecordingGap{.first_time_ns = ScriptedLog::Ns(8000),
                                     .last_time_ns = ScriptedLog::Ns(18'000)});
    log.Exit(20'000, 200, 6000, 0, "ls", 1500);
  }
  { ScriptedLog(log_path_, 0xB1, "web1", kScriptRealtimeNs + 3600 * int64_t{1'000'000'000}); }
  const struct {
    std::string time;
    std::string from;
    std::string until;
  } cases[] = {
      {"2026-09-21 14:13:19", "", "until 2026-09-21 14:13:20"},
      {"2026-09-21 14:13:26", "from 2026-09-21 14:13:23 ", "until 2026-09-21 14:13:33"},
      {"2026-09-21 14:30:00", "from 2026-09-21 14:13:35 ", "until 2026-09-21 15:13:20"},
  };
  for (const auto& [time, from, until] : cases) {
    const std::string begin = "\n-- on web1 nobody recorded ";
    const std::string end = until + ": who lived then is known only as far as it lived on\n";
    EXPECT_THAT(Run("ps --log LOG --at '" + time + "'").out, HasSubstr(begin + from + end));
    // Files that it does not read may tell of a later beginning.
    const std::string list = Run("list --log LOG -S '" + time + "' -U '" + time + ".5'").out;
    EXPECT_THAT(list, AllOf(HasSubstr(begin), HasSubstr(end))) << time;
  }
  for (const std::string time : {"2026-09-21 14:13:22", "2026-09-21 14:13:34"}) {
    EXPECT_THAT(Run("ps --log LOG --at '" + time + "'").out, Not(HasSubstr("nobody"))) << time;
    EXPECT_THAT(Run("list --log LOG -S '" + time + "' -U '" + time + ".5'").out,
                Not(HasSubstr("nobody")))
        << time;
  }
}

// Whoever ran when a recorder ended in order is in no period behind that. Where it was killed, they
// are still in the last one, so that periods add up.
TEST_F(MomentAnswersTest, NobodyIsKnownToRunBehindTheOrderedEndOfARecorder) {
  const auto write = [](const std::string& path, bool stops) {
    Script script(path);
    script.log().RecorderStart();
    script.Snapshot({{1, 0, 0, "systemd"}});
    script.Fork(6000, 200, 1, 0);
    script.log().At(9000);
    if (stops) {
      script.log().writer().Append(
          Recorder{.time_ns = ScriptedLog::Ns(9000), .event = RecorderEvent::kStop});
    } else {
      script.log().Filtered(std::nullopt);
    }
  };
  write(log_path_, true);
  const std::string killed = temp_ / "killed";
  write(killed, false);
  for (const std::string verb :
       {"summary --by boot_id --columns count",
        "summary --per program --by boot_id --columns count", "jobs --columns processes",
        "top --columns pid -n 1", "list --columns pid -n 1 --window end",
        "list --columns pid -n 1"}) {
    const std::string ask = verb + " --output csv --no-header ";
    EXPECT_EQ(Run(ask + "--log LOG -S '2026-09-21 14:13:40'").out, "") << verb;
    EXPECT_NE(Run(ask + "--log LOG -S '2026-09-21 14:13:22'").out, "") << verb;
    EXPECT_NE(Run(ask + "--log " + killed + " -S '2026-09-21 14:13:40'").out, "") << verb;
  }
  EXPECT_THAT(Run("summary --log LOG -S '2026-09-21 14:13:40'").out, HasSubstr(" running 0,"));
}

// Segments that are not read for a window tell nevertheless when somebody recorded before it.
TEST_F(MomentAnswersTest, EveryVerbKnowsSinceWhenNobodyRecorded) {
  {
    Script script(log_path_);
    script.Snapshot();
    script.Fork(6000, 200, 1, 0);
    script.log().Rotate(30'000);
    script.log().writer().Append(RecordingGap{.first_time_ns = ScriptedLog::Ns(6000),
                                              .last_time_ns = ScriptedLog::Ns(30'000)});
    script.Snapshot({{1, 0, 0, "systemd"}}, 30'000);
  }
  const std::string told = "-- on web1 nobody recorded from 2026-09-21 14:13:21 until 2026-09-21 ";
  for (const std::string verb : {"list", "summary", "failures", "jobs", "spawn", "diff"}) {
    const std::string ask = verb + " --log LOG -S '2026-09-21 14:13:30' -U '2026-09-21 14:13:35'";
    EXPECT_THAT(Run(ask).out, HasSubstr(told)) << verb;
  }
}

}  // namespace
}  // namespace daybook
