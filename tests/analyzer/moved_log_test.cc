// What the program tells where the folder of a log was moved away and its recorder started anew.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "merge_fixture.h"

namespace daybook {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// On the second day, from 10:00 to 11:00 by the clock of the host.
class MovedLogTest : public MergeTest {
 protected:
  static constexpr uint64_t kMovedMs = kMidnightMs + 10 * kHourMs;
  static constexpr uint64_t kAnewMs = kMidnightMs + 11 * kHourMs;

  MovedLogTest() {
    {
      ScriptedLog log(old_);
      log.RecorderStart();
      log.Snapshot(5000);
      log.Fork(6000, 200, 100, 2000);
      log.Fork(7000, 201, 100, 2000);
      log.Exit(8000, 201, 7000, 0, "short", 1);
      log.Fork(9000, 202, 100, 2000);
      log.Exit(kMidnightMs + kHourMs, 202, 9000, 0, "night", 2);
      log.At(kMovedMs);
      log.Filtered(std::nullopt);
    }
    ScriptedLog log(new_, 0xB0, "web1", kScriptRealtimeNs, kAnewMs);
    log.RecorderStart();
    log.writer().Append(SnapBegin{.time_ns = ScriptedLog::Ns(kAnewMs)});
    for (const auto& [pid, start_ms] : {std::pair(1U, 0U), {100U, 2000U}, {200U, 6000U}}) {
      log.writer().Append(SnapProc{.pid = pid, .start_ns = ScriptedLog::Ns(start_ms), .ppid = 0});
    }
    log.writer().Append(SnapEnd{.time_ns = ScriptedLog::Ns(kAnewMs), .process_count = 3});
    log.Fork(kAnewMs + 1000, 203, 100, 2000);
    log.Exit(kAnewMs + kHourMs, 200, 6000, 0, "long", 3);
    log.Exit(kAnewMs + 2 * kHourMs, 203, kAnewMs + 1000, 0, "short", 4);
    log.At(kMidnightMs + kDayMs + kHourMs);
    log.Filtered(std::nullopt);
  }

  const std::string old_ = temp_ / "old";
  const std::string new_ = temp_ / "new";
  const std::string both_ = "--log " + new_ + " --log " + old_;
};

TEST_F(MovedLogTest, APageTellsTheTimeBetweenThem) {
  const std::string ask = " -S 2026-09-22 -U 2026-09-23 --output csv --section coverage";
  EXPECT_THAT(Run("report " + both_ + ask).out,
              AllOf(HasSubstr("not_recorded,1,0,0,3600000000,2026-09-22T10:00:00.000000+00:00,"
                              "2026-09-22T11:00:00.000000+00:00,web1\n"),
                    Not(HasSubstr("recorded_twice"))));
}

// In that of its end, as in one log; and each log has its own.
TEST_F(MovedLogTest, AProcessIsInOneRollup) {
  const std::string window = " -S 2026-09-21 -U 2026-09-24";
  const std::string both = Partial("both", both_ + window);
  const std::string old = Partial("old.rollup", "--log " + old_ + window);
  const std::string anew = Partial("new.rollup", "--log " + new_ + window);
  for (const std::string& files : {both, old + " " + anew}) {
    const auto coverage = CoverageOf("merge " + files);
    EXPECT_EQ(coverage.at("used"), 4U) << files;
    EXPECT_EQ(coverage.at("running"), 2U) << files;
    EXPECT_EQ(coverage.at("processes"), 6U) << files;
    EXPECT_EQ(coverage.at("recorded_twice_us"), 0U) << files;
  }
  EXPECT_EQ(Merged(both, "day,comm"), Merged(old + " " + anew, "day,comm"));
  EXPECT_EQ(CoverageOf("merge " + both).at("recording_gaps"), 1U);
}

// So that those who have both are told.
TEST_F(MovedLogTest, RollupsOfBothAreThoseOfEach) {
  const std::string window = " -S 2026-09-21 -U 2026-09-22";
  const std::string both = Partial("both", both_ + window);
  const std::string old = Partial("old.rollup", "--log " + old_ + window);
  EXPECT_THAT(Out("merge " + both + " " + old), HasSubstr("given twice and counted once 1"));
  const std::string day = " -S 2026-09-22 -U 2026-09-23";
  const std::string second = Partial("second", both_ + day);
  const std::string anew = Partial("new.rollup", "--log " + new_ + day);
  const Answer answer = Run("merge " + second + " " + anew);
  EXPECT_EQ(answer.status, 3);
  EXPECT_THAT(answer.err, HasSubstr("in different ways"));
}

}  // namespace
}  // namespace daybook
