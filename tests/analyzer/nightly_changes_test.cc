// What the page for the morning calls a change, of a program that is known from the week before.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <sstream>
#include <string>
#include <string_view>

#include "nightly_week.h"

namespace daybook {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class NightlyChangesTest : public NightlyTest {
 protected:
  const std::string kChanges =
      "--section changes --output csv --no-header --log LOG -S 2026-09-28 -U 2026-09-29 ";

  NightlyChangesTest() { week_.Live(kNightMs + 11 * kHourMs, {.comm = "rotate"}); }
};

TEST_F(NightlyChangesTest, AProgramThatBeginsToFailIsAnException) {
  week_.Live(kNightMs + 12 * kHourMs, {.ppid = 50, .comm = "backup", .wait_status = 1 << 8});
  Close();
  EXPECT_EQ(Run("report " + kChanges).out,
            "backup,failing,1,2,46820,51000,0,1,100000,100000,web1\n");
  const Answer page = Run(kAsk + "--only-exceptions");
  EXPECT_THAT(page.out, HasSubstr(std::string(R"(
== More often, slower, costlier, failing or gone
COMM    CHANGE   EXPECTED  COUNT  EXPECTED_FAILED  FAILED  OLD_MEAN_ELAPSED  MEAN_ELAPSED  EXPECTED_CPU     CPU
backup  failing         1      2                0       1           100.0ms       100.0ms        46.8ms  51.0ms
)")));
  for (const std::string rule : {"failing", "change"}) {
    EXPECT_EQ(Run(kAsk + "--fail-on " + rule).status, 1) << rule;
  }
  EXPECT_EQ(Run(kAsk + "--fail-on 'failing>1'").status, 1) << "it is also a job of cron";
  EXPECT_EQ(Run(kAsk + "--fail-on 'failing>2'").status, 0);
}

// As diff has it, but for what is worth a line in the morning.
TEST_F(NightlyChangesTest, DiffSaysTheSame) {
  week_.Live(kNightMs + 12 * kHourMs, {.ppid = 50, .comm = "backup", .wait_status = 1 << 8});
  week_.Live(kNightMs + 13 * kHourMs, {.comm = "su", .elapsed_ms = 20'000});
  Close();
  EXPECT_THAT(
      Run("diff --log LOG -S 2026-09-28 -U 2026-09-29 --columns comm,change --output csv").out,
      AllOf(HasSubstr("failing"), HasSubstr("slower")));
  EXPECT_THAT(Run("report " + kChanges).out,
              AllOf(HasSubstr("backup,failing,"), HasSubstr("su,slower,")));
}

TEST_F(NightlyChangesTest, WhatFailsNowAndThenIsFailingOnlyWhereItDoesSoMuchMore) {
  const auto fails = [](Week& week, uint64_t ms, int failed) {
    for (int i = 0; i < 20; ++i) {
      week.Live(ms + kHourMs + static_cast<uint64_t>(i) * 200,
                {.comm = "grep", .wait_status = i < failed ? 1U << 8 : 0});
    }
  };
  const auto seldom = [&](Week& week, uint64_t ms) { fails(week, ms, 1); };
  for (const auto& [failed, is_failing] : {std::pair(1, false), {5, false}, {6, true}}) {
    WriteWeek("seldom" + std::to_string(failed), seldom,
              [&, failed = failed](Week& week, uint64_t ms) { fails(week, ms, failed); });
    EXPECT_EQ(Run("report " + kChanges).out.starts_with("grep,failing,"), is_failing) << failed;
  }
  const auto never = [&](Week& week, uint64_t ms) { fails(week, ms, 0); };
  for (const auto& [failed, is_failing] : {std::pair(0, false), {1, false}, {2, true}}) {
    WriteWeek("never" + std::to_string(failed), never,
              [&, failed = failed](Week& week, uint64_t ms) { fails(week, ms, failed); });
    EXPECT_EQ(Run("report " + kChanges).out.starts_with("grep,failing,"), is_failing) << failed;
  }
}

TEST_F(NightlyChangesTest, WhatNobodyReadsAnyMoreHasNotFailed) {
  const auto never = [](Week& week, uint64_t ms) { week.Live(ms + kHourMs, {.comm = "cut"}); };
  for (const auto& [signal, is_failing] : {std::pair(SIGPIPE, false), {SIGSEGV, true}}) {
    WriteWeek(
        "signal" + std::to_string(signal), never, [&, signal = signal](Week& week, uint64_t ms) {
          week.Live(ms + kHourMs, {.comm = "cut", .wait_status = static_cast<uint32_t>(signal)});
        });
    EXPECT_EQ(Run("report " + kChanges).out.starts_with("cut,failing,"), is_failing) << signal;
  }
}

// A clean history is no reason to look away: of so many runs none was to fail.
TEST_F(NightlyChangesTest, WhatNeverFailedIsNotJudgedMoreLenientlyThanWhatFailedOnce) {
  const auto runs = [](uint64_t count, uint64_t failed) {
    return [count, failed](Week& week, uint64_t ms) {
      for (uint64_t i = 0; i < count; ++i) {
        week.Live(ms + kHourMs + i * 200,
                  {.comm = "grep", .wait_status = i < failed ? 1U << 8 : 0});
      }
    };
  };
  struct Case {
    uint64_t count_before;
    uint64_t count;
    uint64_t failed;
    bool is_failing;
  };
  for (const Case& of : {Case{200, 200, 1, false}, Case{200, 200, 4, false},
                         Case{200, 200, 5, true}, Case{200, 200, 19, true},
                         // Nobody knows how often so few would have failed of so many.
                         Case{1, 200, 5, false}, Case{1, 200, 20, true}}) {
    const std::string name = fmt::format("{}-{}", of.count_before, of.failed);
    WriteWeek(name, runs(of.count_before, 0), runs(of.count, of.failed));
    const std::string changes = Run("report " + kChanges).out;
    EXPECT_EQ(changes.find("failing") != changes.npos, of.is_failing) << name << " " << changes;
  }
}

TEST_F(NightlyChangesTest, WhatTookAsLongOnceIsNotSlower) {
  const auto takes = [](uint64_t elapsed_ms) {
    return [elapsed_ms](Week& week, uint64_t ms) {
      week.Live(ms + kHourMs, {.comm = "rsync", .elapsed_ms = elapsed_ms});
    };
  };
  WriteWeek("slower", takes(1000), takes(3000));
  EXPECT_THAT(Run("report " + kChanges).out, HasSubstr("rsync,slower,"));
  WriteWeek("longer", takes(1000), takes(1900));
  EXPECT_EQ(Run("report " + kChanges).out, "");
  WriteWeek("short", takes(100), takes(1000));
  EXPECT_EQ(Run("report " + kChanges).out, "");
  const auto varies = [&](Week& week, uint64_t ms) {
    takes(ms == kFirstDayMs ? 4000 : 1000)(week, ms);
  };
  WriteWeek("varies", varies, takes(3500));
  EXPECT_EQ(Run("report " + kChanges).out, "");
}

TEST_F(NightlyChangesTest, ANewProgramSaysHowOftenItFailed) {
  for (uint64_t i = 0; i < 3; ++i) {
    week_.Live(kNightMs + 12 * kHourMs + i * 200,
               {.comm = "dbmaster", .wait_status = i == 0 ? 0 : 1U << 8});
  }
  Close();
  EXPECT_THAT(Run(kAsk + "--section new_programs").out,
              HasSubstr("PROGRAM            COUNT  FAILED    CPU"));
  EXPECT_EQ(Run(kAsk + "--section new_programs --output json | "
                       "jq -c '.sections[0].rows[] | [.count, .failed]'")
                .out,
            "[3,2]\n");
}

// It went on to be a program that is known.
TEST_F(NightlyChangesTest, WhatAProcessRanBeforeIsNewAndMadeItRoots) {
  week_.BecomeRoot(kNightMs + 12 * kHourMs, "intruder", "backup");
  Close();
  EXPECT_EQ(Run(kAsk + "--section new_programs,new_identities --output json | "
                       "jq -c '.sections[].rows[] | [.program, .comm, .count, .from_uid, .uid]'")
                .out,
            "[\"/usr/bin/intruder\",null,1,null,4000000000]\n"
            "[null,\"intruder\",1,4000000000,0]\n");
}

// Only what it did in the night is new, by the time when it did it, and of one process once.
TEST_F(NightlyChangesTest, WhatAnOlderProcessDoesInTheNightIsNewFromThenOn) {
  constexpr uint64_t kBirthMs = kNightMs - 2 * kHourMs;
  const auto nothing = [](Week&, uint64_t) {};
  const auto old_one = [](Week& week, uint64_t ms) {
    week.log().Fork(kBirthMs, 900, 1, 5000);
    week.ExecuteAs(kBirthMs, 900, ms - kHourMs, "before", 0, 1000);
    week.ExecuteAs(kBirthMs, 900, ms + 2 * kHourMs, "within", 0, 2000);
    week.ExecuteAs(kBirthMs, 900, ms + 3 * kHourMs, "within", 0, 5000);
    week.ExecuteAs(kBirthMs, 900, ms + 4 * kHourMs, "then", kUser, 9000);
    week.ExecuteAs(kBirthMs, 900, ms + 13 * kHourMs, "behind", 0, 10'000);
  };
  WriteWeek("older", nothing, old_one);
  const std::string ask = "report --log LOG -S 2026-09-28 -U '2026-09-28 12:00' --output csv ";
  EXPECT_THAT(Run(ask + "--section new_programs").out,
              AllOf(HasSubstr("/usr/bin/within,1,7000,2026-09-28T02:00:00"),
                    HasSubstr("/usr/bin/then,1,1000,2026-09-28T04:00:00"), Not(HasSubstr("before")),
                    Not(HasSubstr("behind"))));
  EXPECT_THAT(
      Run(ask + "--section new_identities").out,
      AllOf(HasSubstr("within,1,2026-09-28T03:00:00"), HasSubstr("then,1,2026-09-28T04:00:00")))
      << "the last one may have been in it";
}

// Its programs were executed before the night.
TEST_F(NightlyChangesTest, WhatAnOlderProcessDidBeforeTheNightIsNotNew) {
  const auto nothing = [](Week&, uint64_t) {};
  WriteWeek(
      "older",
      [](Week& week, uint64_t ms) {
        if (ms != kFirstDayMs + 5 * kDayMs) return;
        week.log().Fork(ms, 900, 1, 5000);
        week.log().Exec(ms + 1, 900, ms, "before", "/usr/bin/before", "before");
        week.log().Exec(ms + 2, 900, ms, "then", "/usr/bin/then", "then");
      },
      nothing);
  const std::string page = Run(kAsk + "--section new_programs").out;
  EXPECT_THAT(page, Not(HasSubstr("/usr/bin/")));
  EXPECT_THAT(page, HasSubstr("compared with 2026-09-21")) << "else nothing would be new";
}

// RFC 5322 knows no line of more than 998 bytes.
TEST_F(NightlyChangesTest, EveryLineFitsAMail) {
  const std::string name(4000, 'x');
  const std::string wide = "app " + std::string(300, '\x01');
  for (uint64_t i = 0; i < 5; ++i) {
    week_.Live(kNightMs + 12 * kHourMs + i * 200,
               {.ppid = 50,
                .comm = "\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07",
                .args = i == 4 ? std::string_view(wide) : std::string_view(name),
                .wait_status = 11});
  }
  Close();
  const auto longest_of = [](const std::string& text) {
    std::istringstream lines(text);
    size_t longest = 0;
    for (std::string line; std::getline(lines, line);) longest = std::max(longest, line.size());
    return longest;
  };
  const std::string page = Run(kAsk).out;
  EXPECT_LE(longest_of(page), 998U);
  EXPECT_THAT(page, AllOf(HasSubstr(name.substr(0, 230)), Not(HasSubstr(name.substr(0, 250)))));
  EXPECT_GT(longest_of(Run(kAsk + "--no-truncate").out), 998U);
  EXPECT_THAT(Run(kAsk + "--output json").out, HasSubstr(wide.substr(0, 4)));
}

}  // namespace
}  // namespace daybook
