// What the verbs say of a time whose records are missing, in the middle of a log.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "program_runner.h"
#include "script.h"

namespace daybook {
namespace {

using std::string_view_literals::operator""sv;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Of four hours the third one is missing.
class MissingHourTest : public ProgramRunner {
 protected:
  MissingHourTest() { Write(0); }

  // At the begin of the fourth one the clock is set.
  void Write(int64_t clock_ns) const {
    Script script(log_path_);
    for (uint64_t hour = 0; hour < 4; ++hour) {
      const uint64_t begin_ms = hour == 0 ? 5000 : kHourMs * hour - 795'000;
      if (hour == 3) script.log().SetWallClock(clock_ns);
      if (hour != 0) script.log().Rotate(begin_ms);
      script.Snapshot({{1, 0, 0, "systemd"}}, begin_ms);
      script.Fork(begin_ms + 1000, 200, 1, 0);
      script.Exec(begin_ms + 1001, 200, begin_ms + 1000, "tick", "tick\0"sv);
      script.Exit(begin_ms + 2000, 200, begin_ms + 1000, {.comm = "tick"});
      script.log().At(begin_ms + kHourMs - 1000);
      script.log().Filtered(std::nullopt);
    }
    script.log().Close();
    std::filesystem::remove(log_path_ + "/daybook-00000003.dbk");
  }

  static constexpr uint64_t kHourMs = 3'600'000;
};

TEST_F(MissingHourTest, IsNotOneThatNobodyRecorded) {
  const std::string told =
      "-- on web1 records are missing from 2026-09-21 16:00:00 until 2026-09-21 17:00:00: who "
      "lived then is known only as far as it lived on\n";
  EXPECT_THAT(Run("ps --log LOG --at '2026-09-21 16:30'").out, HasSubstr(told));
  for (const std::string verb : {"list", "summary", "failures", "jobs", "spawn", "tree", "dump"}) {
    const std::string ask = verb + " --log LOG -S '2026-09-21 16:10' -U '2026-09-21 16:50'";
    EXPECT_THAT(Run(ask).out, AllOf(HasSubstr(told), Not(HasSubstr("nobody")))) << verb;
  }
  for (const std::string time : {"15:30", "17:30"}) {
    EXPECT_THAT(Run("ps --log LOG --at '2026-09-21 " + time + "'").out,
                Not(HasSubstr("are missing")));
  }
}

TEST_F(MissingHourTest, IsNoSecretWhereTheClockWasSetBackInIt) {
  log_path_ = temp_ / "back";
  Write(-8 * static_cast<int64_t>(kHourMs) * 1'000'000);
  EXPECT_THAT(Run("ps --log LOG --at '2026-09-21 16:30'").out, HasSubstr("records are missing"));
  const std::string window = "-S '2026-09-21 16:00' -U '2026-09-21 17:00'";
  EXPECT_THAT(Run("report --log LOG " + window).out, HasSubstr("\nmissing_records "));
  EXPECT_THAT(Run("diff --log LOG --min-count 1 " + window).out, Not(HasSubstr("gone")));
}

// The name of the host and what is behind them have not been read.
TEST_F(MissingHourTest, IsNotToldByTheFirstRowsOfADump) {
  const std::string ask = "dump --log LOG -S '2026-09-21 16:30' ";
  EXPECT_THAT(Run(ask + "-n 2").out, Not(HasSubstr("records are missing")));
}

TEST_F(MissingHourTest, HasNothingThatChanged) {
  const Answer answer =
      Run("diff --log LOG --min-count 1 -S '2026-09-21 16:00' -U '2026-09-21 17:00'");
  EXPECT_THAT(answer.out, HasSubstr("compared with nothing: the log does not tell of the new"));
  EXPECT_THAT(answer.out, Not(HasSubstr("gone")));
  EXPECT_THAT(Run("diff --log LOG --min-count 1 -S '2026-09-21 15:30'").out,
              HasSubstr("\n-- records of the new period are missing, so that what is gone or less "
                        "often may only seem so\n"));
}

TEST_F(MissingHourTest, StandsInADumpWhereItIsMissing) {
  const std::string ask = "dump --log LOG --output jsonl ";
  const std::string gap =
      R"("offset":null,"seq":null,"type":"gap","gap":{"begin":null,"end":null,"cause":"missing",)"
      R"("tail":null,"records_lost":4,"first_lost_seq":9,)";
  const std::string all = Run(ask + "| grep -A1 '\"gap\"'").out;
  EXPECT_THAT(all, HasSubstr(gap));
  EXPECT_THAT(all, HasSubstr("\"type\":\"segment_start\"")) << "which follows it";
  EXPECT_THAT(Run(ask + "-S '2026-09-21 16:10' -U '2026-09-21 16:50'").out, HasSubstr(gap));
  for (const char* time : {"-U '2026-09-21 15:30'", "-S '2026-09-21 17:30'"}) {
    EXPECT_THAT(Run(ask + time).out, Not(HasSubstr("missing"))) << time;
  }
}

TEST_F(MissingHourTest, HasItsTimeInAVerdict) {
  EXPECT_THAT(Run("verify --log LOG --output jsonl | grep '\"missing\"'").out,
              HasSubstr(R"("first_time":"2026-09-21T16:00:00.000000+00:00",)"
                        R"("last_time":"2026-09-21T17:00:00.000000+00:00")"));
}

// Of the second host the new hour is missing: nothing of it is gone. The first one is compared.
TEST_F(MissingHourTest, OfOneHostDoesNotEndTheComparisonOfTheOthers) {
  const std::string other = temp_ / "other";
  {
    Script script(other, 0xB7, kScriptRealtimeNs, "web2");
    for (uint64_t hour = 0; hour < 4; ++hour) {
      const uint64_t begin_ms = hour == 0 ? 5000 : kHourMs * hour - 795'000;
      script.Snapshot({{1, 0, 0, "systemd"}}, begin_ms);
      script.Fork(begin_ms + 1000, 200, 1, 0);
      script.Exec(begin_ms + 1001, 200, begin_ms + 1000, hour < 2 ? "old" : "fresh", "old\0"sv);
      script.Exit(begin_ms + 2000, 200, begin_ms + 1000, {.comm = hour < 2 ? "old" : "fresh"});
      script.log().At(begin_ms + kHourMs - 1000);
      script.log().Filtered(std::nullopt);
    }
  }
  const std::string ask = "diff --log LOG --log " + other +
                          " --min-count 1 -S '2026-09-21 16:00' -U '2026-09-21 17:00' --by ";
  const Answer by_host = Run(ask + "host,comm --output csv --columns host,comm,change --sort comm");
  EXPECT_EQ(by_host.out, "host,comm,change\nweb2,fresh,new\nweb2,old,gone\n");
  EXPECT_EQ(by_host.status, 1);
  EXPECT_EQ(Run(ask + "comm --output csv --no-header --columns comm,change --sort comm").out,
            "fresh,new\nold,gone\n");
  EXPECT_THAT(Run(ask + "comm").out,
              AllOf(HasSubstr("\n-- web1: compared with nothing: the log does not tell of the new"),
                    Not(HasSubstr("-- web2: "))));
  EXPECT_EQ(Run(ask + "comm --comm tick --output csv --no-header").status, 4);
  EXPECT_THAT(
      Run(ask + "comm --comm tick --all --output csv --no-header --columns comm,old_count").out,
      HasSubstr("tick,1\n"));
}

}  // namespace
}  // namespace daybook
