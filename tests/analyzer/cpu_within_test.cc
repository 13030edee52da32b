// What processes took in a time, those that still run and those that are far older included.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "program_runner.h"
#include "script.h"

namespace daybook {
namespace {

using std::string_literals::operator""s;
using testing::HasSubstr;
using testing::Not;

class CpuWithinTest : public ProgramRunner {
 protected:
  using CpuByComm = std::map<std::string, uint64_t>;

  // Three segments, at whose heads snapshots are; CPU time in milliseconds.
  CpuWithinTest() {
    Script script(log_path_);
    script.Snapshot({{1, 0, 0, "init"}, {50, 3000, 1, "old", kOldMs * 1000}}, 5000);
    script.Fork(7000, 200, 1, 0);
    script.Exec(7001, 200, 7000, "young", "young");
    script.Fork(8000, 201, 1, 0);
    script.Exit(9000, 201, 8000, {.comm = "short", .cpu_us = 100'000});
    script.Exit(12'000, 203, 11'000, {.comm = "unborn", .cpu_us = 50'000});
    script.Exit(13'000, 204, 2000, {.comm = "stranger", .cpu_us = 70'000});
    script.Fork(18'000, 202, 1, 0);
    script.Exec(18'001, 202, 18'000, "crossing", "crossing");
    script.log().Rotate(20'000);
    script.Snapshot({{1, 0, 0, "init"},
                     {50, 3000, 1, "old", 4'000'000},
                     {200, 7000, 1, "young", 2'000'000},
                     {202, 18'000, 1, "crossing", 200'000}},
                    20'000);
    script.Exit(22'000, 202, 18'000, {.comm = "crossing", .cpu_us = 300'000});
    script.log().Rotate(35'000);
    script.Snapshot(
        {{1, 0, 0, "init"}, {50, 3000, 1, "old", 9'000'000}, {200, 7000, 1, "young", 3'000'000}},
        35'000);
    script.Exit(40'000, 50, 3000, {.comm = "old", .cpu_us = kOldEndMs * 1000});
    script.log().At(45'000);
  }

  static constexpr uint64_t kOldMs = 1500;
  static constexpr uint64_t kOldEndMs = 10'000;
  const CpuByComm kAll = {{"old", (kOldEndMs - kOldMs) * 1000},
                          {"young", 3'000'000},
                          {"short", 100'000},
                          {"unborn", 50'000},
                          {"crossing", 300'000}};

  // Of 14:13:15 at boot.
  static std::string Moment(unsigned second) {
    return fmt::format("'2026-09-21 14:{:02}:{:02}'", 13 + (second + 15) / 60, (second + 15) % 60);
  }

  CpuByComm Ask(const std::string& how) const {
    std::istringstream csv(Run(how + " --log LOG --output csv --no-header").out);
    CpuByComm cpu;
    for (std::string line; std::getline(csv, line);) {
      const size_t comma = line.find(',');
      if (comma + 1 < line.size())
        cpu[line.substr(0, comma)] += std::stoull(line.substr(comma + 1));
    }
    return cpu;
  }

  // Up to that moment, and from it on.
  CpuByComm AskInTwo(std::string_view how, unsigned second) const {
    const std::string ask = fmt::format("{} --window existence ", how);
    CpuByComm sum = Ask(ask + "-U " + Moment(second));
    for (const auto& [comm, cpu_us] : Ask(ask + "-S " + Moment(second))) sum[comm] += cpu_us;
    std::erase_if(sum, [](const auto& entry) { return entry.second == 0; });
    return sum;
  }
};

// What older ones took before the log begins is known to nobody, and in none. A birth may be
// missing in the log, as with --events exit.
TEST_F(CpuWithinTest, IsFromTheFirstMomentAtWhichItIsKnownToTheLastOne) {
  EXPECT_EQ(Ask("list --columns comm,cpu_within"), kAll);
  EXPECT_EQ(Ask("summary --columns comm,cpu_within"), kAll);
  EXPECT_EQ(Ask("tree --columns comm,cpu_within"), kAll);
  EXPECT_EQ(Ask("top --columns comm,cpu_within"), kAll);
  EXPECT_EQ(Ask("jobs --columns job,cpu_within"), kAll);
  EXPECT_EQ(Ask("summary --columns comm,cpu_within --filter 'cpu_within > 2s'"),
            (CpuByComm{{"old", 8'500'000}, {"young", 3'000'000}}));
}

// Wherever one ends and the other begins.
TEST_F(CpuWithinTest, OfTimesThatFollowEachOtherItAddsUp) {
  for (const std::string_view how :
       {"summary --columns comm,cpu_within", "list --columns comm,cpu_within",
        "jobs --columns job,cpu_within"}) {
    for (unsigned second = 5; second < 46; ++second) {
      EXPECT_EQ(AskInTwo(how, second), kAll) << how << ", " << second;
    }
  }
}

// Where the clock is set back some moments come twice. One is born while a snapshot is taken; of
// one nobody waited for all that it took.
TEST_F(CpuWithinTest, ItAddsUpWhateverTheClockDoesAndWhoeverIsBornWhen) {
  const std::string path = temp_ / "stepped";
  {
    Script script(path);
    uint64_t ms = 5000;
    for (uint64_t segment = 0; segment < 4; ++segment) {
      if (segment == 2) script.log().SetWallClock(-25'000'000'000);
      if (segment != 0) script.log().Rotate(ms);
      script.Snapshot({{50, 3000, 1, "old", 1'000'000 * (segment + 1)},
                       {60, 5000, 1, "born", 300'000 * (segment + 1)}},
                      ms);
      if (segment == 0) script.Fork(5000, 60, 1, 0);
      ms += 12'000;
    }
    script.Exit(ms - 10'000, 60, 5000, {.comm = "born", .cpu_us = 1'100'000});
    script.log().At(ms);
  }
  log_path_ = path;
  const CpuByComm all = {{"old", 3'000'000}, {"born", 1'200'000}};
  EXPECT_EQ(Ask("list --columns comm,cpu_within"), all);
  for (unsigned second = 6; second < 50; ++second) {  // it is born before all of these
    EXPECT_EQ(AskInTwo("summary --columns comm,cpu_within", second), all) << second;
  }
}

TEST_F(CpuWithinTest, IsNotWhatWasTakenBefore) {
  const std::string ask = "summary --columns comm,cpu_within --window existence ";
  EXPECT_EQ(Ask(ask + "-S " + Moment(21) + " -U " + Moment(36)),
            (CpuByComm{{"old", 5'000'000}, {"young", 1'000'000}, {"crossing", 100'000}}));
  EXPECT_EQ(Ask(ask + "-S " + Moment(36)), (CpuByComm{{"old", 1'000'000}}));
}

// What the CPU time of those that ended does not tell, where that is considerable.
TEST_F(CpuWithinTest, WhatProcessesTookThatHadNotEndedIsToldBesideTheOthers) {
  const auto note = [](const std::string& time) {
    return "-- processes that had not ended took CPU time that is not told here: " + time + ";";
  };
  const std::string yesterday = " --log LOG -S " + Moment(21) + " -U " + Moment(36);
  for (const std::string verb : {"top", "summary", "jobs"}) {
    EXPECT_THAT(Run(verb + " --log LOG").out, HasSubstr(note("3.00s"))) << "young";
    EXPECT_THAT(Run(verb + yesterday).out, HasSubstr(note("6.00s"))) << "that, and old";
    EXPECT_THAT(Run(verb + yesterday + " --comm old").out, HasSubstr(note("5.00s")));
    EXPECT_THAT(Run(verb + yesterday + " --comm short").out, Not(HasSubstr("had not ended")));
    EXPECT_THAT(Run(verb + yesterday + " --window start").out, Not(HasSubstr("had not ended")));
    EXPECT_THAT(Run(verb + yesterday + " --window existence").out, HasSubstr(note("1.00s")))
        << "what old took in all is told";
    const std::string within = " --columns cpu,cpu_within";
    EXPECT_THAT(Run(verb + yesterday + within).out, Not(HasSubstr("had not ended")));
    EXPECT_THAT(Run(verb + " --log LOG --output csv").err, HasSubstr(note("3.00s").substr(3)));
    EXPECT_EQ(Run(verb + yesterday + " --output json | jq .facts.unended_cpu_us").out, "6000000\n");
  }
  EXPECT_THAT(Run("summary --per program --log LOG").out, Not(HasSubstr("had not ended")));
}

// Of little beside it nothing is said.
TEST_F(CpuWithinTest, WhatIsLittleBesideTheOthersIsNotTold) {
  log_path_ = temp_ / "little";
  {
    Script script(log_path_);
    script.Snapshot({{50, 3000, 1, "old", 1'000'000}}, 5000);
    script.Exit(6000, 200, 5500, {.comm = "much", .cpu_us = 1'000'000});
    script.log().Rotate(20'000);
    script.Snapshot({{50, 3000, 1, "old", 1'010'000}}, 20'000);
    script.Exit(21'000, 201, 20'500, {.comm = "more", .cpu_us = 1000});
  }
  EXPECT_THAT(Run("summary --log LOG").out, Not(HasSubstr("had not ended")));
  EXPECT_THAT(Run("summary --log LOG --comm more,old").out, HasSubstr("had not ended"));
}

// Who ran for months is no more than one night of it, and who still runs is there.
TEST_F(CpuWithinTest, ThePageForTheMorningTellsWhatTheNightTook) {
  const std::string ask =
      "report --baseline 0 --log LOG -S " + Moment(21) + " -U " + Moment(36) + " --section ";
  EXPECT_EQ(Run(ask + "programs --output csv --no-header").out,
            "old,1,0,5000000,81.97,,,,,web1\n"
            "young,1,0,1000000,16.39,,,,,web1\n"
            "crossing,1,0,100000,1.64,300000,100.00,300000,,web1\n"
            "init,1,0,,,,,,,web1\n");
  EXPECT_EQ(Run(ask + "totals --output csv --no-header").out, "4,3,0,300000,6100000,,,,,,web1\n");
}

// Programs are ended by execs and not by snapshots.
TEST_F(CpuWithinTest, OfProgramsItIsNotTold) {
  const std::string ask = "summary --log LOG --per program --columns ";
  EXPECT_EQ(Run(ask + "cpu").status, 0);
  EXPECT_THAT(Run(ask + "cpu_within").err, HasSubstr("no column 'cpu_within'"));
}

}  // namespace
}  // namespace daybook
