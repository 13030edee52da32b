// What the nightly page says where records of the night, or of the time before it, are missing or
// damaged: that they are, and nothing else that may only seem so.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "nightly_week.h"
#include "scripted_log.h"

namespace daybook {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST_F(NightlyTest, DamageInTheNightIsAnExceptionAndOlderDamageIsNot) {
  Worry();
  for (const auto& [number, is_exception] : {std::pair(7, true), std::pair(3, false)}) {
    const std::string path = log_path_ + "/daybook-0000000" + std::to_string(number) + ".dbk";
    const std::string whole = Slurp(path);
    std::string damaged = whole;
    damaged[damaged.size() * 3 / 4] ^= 0x10;
    std::ofstream(path, std::ios::binary) << damaged;
    const std::string out = Run(kAsk + "--section coverage").out;
    EXPECT_EQ(out.find("\ndamaged ") != std::string::npos, is_exception) << out;
    EXPECT_EQ(Run(kAsk + "--fail-on damage").status, is_exception ? 1 : 4);
    std::ofstream(path, std::ios::binary) << whole;
  }
}

TEST_F(NightlyTest, AMissingSegmentIsAnExceptionOfItsOwnTimeOnly) {
  Close();
  std::filesystem::remove(log_path_ + "/daybook-00000004.dbk");
  const std::string ask = " --section coverage --output csv";
  for (const char* day : {"-S 2026-09-23 -U 2026-09-24", "-S 2026-09-27 -U 2026-09-28",
                          "-S '2026-09-25 23:59:59' -U 2026-09-27"}) {
    const std::string out = Run("report --log LOG " + std::string(day) + ask).out;
    EXPECT_THAT(out, Not(HasSubstr("missing_records"))) << day;
  }
  const std::string told =
      "missing_records,1,27,0,86400000000,2026-09-24T23:59:59.000000+00:00,"
      "2026-09-25T23:59:59.000000+00:00,web1\n";
  for (const char* time : {"-S 2026-09-25 -U 2026-09-26", "-S 2026-09-24 -U '2026-09-25 12:00'",
                           "-S '2026-09-25 12:00' -U 2026-09-27", "-S 2026-09-23 -U 2026-09-28"}) {
    const std::string report = "report --log LOG " + std::string(time);
    const std::string out = Run(report + ask + " --no-header").out;
    EXPECT_EQ(out, told) << time << ": the recorder was there";
    EXPECT_EQ(Run(report + " --fail-on stopped,gap").status, 4) << time;
  }
  // Where the whole log is in one file, nothing is left out: what is missing is the same.
  std::ofstream joined(temp_ / "joined", std::ios::binary);
  const auto segments = FindSegments(log_path_);
  for (const std::string& path : *segments) joined << std::ifstream(path).rdbuf();
  joined.close();
  log_path_ = temp_ / "joined";
  EXPECT_THAT(Run("report --log LOG -S 2026-09-23 -U 2026-09-24" + ask).out,
              Not(HasSubstr("missing_records")));
  EXPECT_THAT(Run("report --log LOG -S 2026-09-25 -U 2026-09-26" + ask).out,
              HasSubstr("missing_records"));
}

// Of the second half of a segment, of its middle, or of all of it.
TEST_F(NightlyTest, NothingHasChangedOfWhichRecordsAreMissing) {
  Close();
  const std::string path = log_path_ + "/daybook-00000004.dbk";
  const std::string whole = Slurp(path);
  std::string damaged = whole;
  std::fill(damaged.begin() + static_cast<std::ptrdiff_t>(whole.size() * 2 / 5),
            damaged.begin() + static_cast<std::ptrdiff_t>(whole.size() * 4 / 5), '\xAA');
  const std::string report = "report --log LOG -S 2026-09-25 -U 2026-09-26 ";
  const std::string all = "compared with nothing: nearly all records of this time are missing";
  const std::string some = "records of this time are missing: nothing of it is said to be gone";
  const std::pair<std::string, std::string> cases[] = {
      {whole.substr(0, whole.size() / 2), all}, {damaged, some}, {"", all}};
  for (const auto& [left, why] : cases) {
    std::ofstream(path, std::ios::binary) << left;
    if (left.empty()) std::filesystem::remove(path);
    EXPECT_EQ(Run(report + "--section changes,job_changes,new_programs --output jsonl").out, "");
    const Answer page = Run(report + "--only-exceptions --fail-on change,stopped,gap");
    EXPECT_EQ(page.status, 4);
    EXPECT_THAT(page.out, HasSubstr("\n-- " + why + "\n"));
  }
}

// The gap does not tell how many records it held, but the next one does.
TEST_F(NightlyTest, NothingIsGoneWhereTheBeginOfASegmentIsDamaged) {
  WriteWeek(
      "headless",
      [](Week& week, uint64_t begin) { week.Live(begin + 2 * kHourMs, {.comm = "backup"}); },
      [](Week& week, uint64_t begin) {
        week.log().Rotate(begin);
        week.Live(begin + 2 * kHourMs, {.comm = "backup"});
        for (uint64_t i = 0; i < 200; ++i) {
          week.Live(begin + 3 * kHourMs + i * 5 * kMinuteMs, {.comm = "tick"});
          week.log().Flush();
        }
        week.log().Rotate(begin + kDayMs - 2000);
      });
  const std::string path = log_path_ + "/daybook-00000002.dbk";
  std::string headless = Slurp(path);
  std::fill_n(headless.begin(), headless.size() / 2, '\xAA');
  std::ofstream(path, std::ios::binary) << headless;
  const Answer page = Run(kAsk + "--only-exceptions --fail-on stopped,gap");
  EXPECT_EQ(page.status, 4);
  EXPECT_THAT(page.out, AllOf(HasSubstr("\n-- records of this time are missing"),
                              HasSubstr("\nmissing_records "), Not(HasSubstr("  gone"))));
  EXPECT_THAT(Run("ps --log LOG --at '2026-09-28 02:30'").out,
              HasSubstr("-- on web1 records are missing from 2026-09-2"));
}

// Nothing is missing of which there is a sound copy as well.
TEST_F(NightlyTest, ADamagedCopyOfASegmentTakesNothingAway) {
  for (uint64_t i = 0; i < 500; ++i) {
    week_.Live(kNightMs + 11 * kHourMs + i * 60'000, {.comm = "cc", .args = "cc\0-c\0"sv});
  }
  Close();
  std::string damaged = Slurp(log_path_ + "/daybook-00000007.dbk");
  std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(damaged.size() / 4), damaged.size() / 2,
              '\xAA');
  const std::string copy = temp_ / "copy.dbk";
  std::ofstream(copy, std::ios::binary) << damaged;
  const std::string both = kAsk + "--log " + copy;
  EXPECT_THAT(Run("report -S 2026-09-28 -U 2026-09-29 --log " + copy).out,
              Not(HasSubstr("lost 0")));
  EXPECT_THAT(Run(both).out, AllOf(HasSubstr("; lost 0,"), Not(HasSubstr("records of"))));
  EXPECT_EQ(Run(both + " --fail-on lost").status, 4) << "there is damage";
  for (const std::string& logs : {"--log LOG --log " + copy, "--log " + copy + " --log LOG"}) {
    EXPECT_THAT(
        Run("ps --at '2026-09-28 16:00' " + logs).out,
        AllOf(HasSubstr("; lost 0,"), Not(HasSubstr("missing")), Not(HasSubstr("out of order"))))
        << logs;
  }
}

TEST_F(NightlyTest, NothingIsGoneWhereSomeRecordsAreMissing) {
  WriteWeek(
      "some",
      [](Week& week, uint64_t begin) {
        for (const char* comm : {"backup", "tick"}) week.Live(begin + 8 * kHourMs, {.comm = comm});
      },
      [](Week& week, uint64_t begin) {
        week.log().Rotate(begin + 7 * kHourMs);
        week.Live(begin + 8 * kHourMs, {.comm = "tock"});
        week.log().Rotate(begin + 9 * kHourMs);
        for (uint64_t i = 0; i < 30; ++i) {
          week.Live(begin + 10 * kHourMs + i * 200, {.comm = "tick"});
        }
      });
  const std::string changes = kAsk + "--section changes --output csv";
  EXPECT_THAT(Run(changes).out, HasSubstr("\nbackup,gone,"));
  std::filesystem::remove(log_path_ + "/daybook-00000002.dbk");
  EXPECT_THAT(Run(changes).out, AllOf(HasSubstr("\ntick,more_often,"), Not(HasSubstr("gone"))));
  EXPECT_THAT(Run(kAsk).out, HasSubstr("\n-- records of this time are missing: nothing of it is "
                                       "said to be gone\n"));
}

// Of the day before, two hours are missing in which a program ran.
TEST_F(NightlyTest, WhatIsMissingOfTheTimeBeforeDoesNotEndTheComparison) {
  const auto day = [](Week& week, uint64_t begin) {
    week.Live(begin + 2 * kHourMs, {.comm = "tick"});
    week.log().Rotate(begin + 3 * kHourMs);
    week.Live(begin + 4 * kHourMs, {.comm = "backup"});
    week.log().Rotate(begin + 5 * kHourMs);
  };
  WriteWeek("before", day, day);
  const std::string ask = kAsk + "--baseline 1d ";
  const std::string note =
      "\n-- records of the time before are missing: what is new or more often may only seem so\n";
  EXPECT_THAT(Run(ask).out, Not(HasSubstr("records of")));
  std::filesystem::remove(log_path_ + "/daybook-00000012.dbk");
  EXPECT_THAT(Run(ask).out, AllOf(HasSubstr("\ncompared with 2026-09-27 00:00:00 to "),
                                  HasSubstr(note), HasSubstr("\n/usr/bin/backup")));
  EXPECT_THAT(Run(kAsk).out, AllOf(HasSubstr(note), Not(HasSubstr("New programs"))));
  // The most of it.
  std::filesystem::remove(log_path_ + "/daybook-00000013.dbk");
  EXPECT_THAT(Run(ask).out,
              AllOf(HasSubstr("\n-- compared with nothing: the log has too little of"),
                    Not(HasSubstr("new"))));
}

// Only its end is told, so that its path is not known.
TEST_F(NightlyTest, AProgramWhoseBeginIsLostIsNotNew) {
  for (const auto& [pid, comm] : {std::pair(4000, "backup"), std::pair(4001, "fresh")}) {
    week_.log().Exit(kNightMs + 12 * kHourMs, pid, kNightMs + 11 * kHourMs, 0, comm, 1000);
  }
  Close();
  const std::string rows = Run(kAsk + "--section new_programs --output csv --no-header").out;
  EXPECT_THAT(rows, AllOf(HasSubstr("fresh,1,"), Not(HasSubstr("backup,"))));
}

// No order of the two files puts the second segment between the others.
TEST_F(NightlyTest, RecordsThatWereLeftOutSinceTheyWereOutOfOrderAreAnException) {
  Close();
  const std::string other = temp_ / "other";
  {
    ScriptedLog log(other);
    for (uint64_t i = 0; i < 3; ++i) {
      if (i != 0) log.Rotate(kNightMs + i * kHourMs);
      log.Fork(kNightMs + i * kHourMs + 1000, 300, 1, 5000);
    }
  }
  const std::string segment = other + "/daybook-0000000";
  std::ofstream(temp_ / "joined", std::ios::binary)
      << std::ifstream(segment + "1.dbk").rdbuf() << std::ifstream(segment + "3.dbk").rdbuf();
  const std::string ask = "report -S 2026-09-28 -U 2026-09-29 --section coverage --log " +
                          (temp_ / "joined") + " --log " + segment + "2.dbk";
  const Answer answer = Run(ask + " --output csv");
  EXPECT_EQ(answer.status, 4);
  EXPECT_THAT(answer.out, HasSubstr("\nunordered_records,1,1,0,,,,\n"));
  EXPECT_EQ(Run(ask + " --only-exceptions --fail-on lost").status, 1);
  EXPECT_EQ(Run(ask + " --only-exceptions --fail-on damage").status, 4);
}

}  // namespace
}  // namespace daybook
