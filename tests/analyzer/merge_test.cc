// Roll-ups, as a user has them: parts add up to the whole, to the last digit.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "merge_fixture.h"
#include "scripted_log.h"

namespace daybook {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(MergeTest, MergeSaysWhatSummarySays) {
  for (uint32_t seed = 1; seed <= 3; ++seed) {
    const std::string log = temp_ / ("log" + std::to_string(seed));
    WriteRandomLog({.path = log, .seed = seed});
    const std::string partial =
        Partial("p" + std::to_string(seed), "--log " + log + std::string(kWindow));
    for (const char* keys : {"comm", "uid", "service", "status", "ok,uid", "host,comm", "signal"}) {
      EXPECT_EQ(Merged(partial, keys), Rows("summary --log " + log + kWindow, keys))
          << "seed " << seed << " by " << keys;
    }
  }
}

// The line at the end means what it means below the same log's other reports.
TEST_F(MergeTest, ItsCoverageAddsUpToThatOfTheLog) {
  WriteRandomLog({.path = log_path_});
  const auto of_log = CoverageOf(std::string("summary --log LOG") + kWindow);
  ASSERT_GT(of_log.at("running"), 1);
  std::string days;
  for (int day = 21; day < 26; ++day) {
    const auto name = [](int number) { return "2026-09-" + std::to_string(number); };
    days += " " + Partial(name(day), "--log LOG -S " + name(day) + " -U " + name(day + 1));
  }
  for (const std::string& files : {Partial("all", std::string("--log LOG") + kWindow), days}) {
    const auto merged = CoverageOf("merge " + files);
    for (const char* name : {"records", "processes", "running", "ended_unseen"}) {
      EXPECT_EQ(merged.at(name), of_log.at(name)) << name << files;
    }
    EXPECT_EQ(merged.at("used") + merged.at("filtered"), merged.at("processes"));
    EXPECT_EQ(merged.at("filtered"), merged.at("running")) << "they are in no group";
  }
}

// What was living where one log of a host ended lives on in the next one.
TEST_F(MergeTest, WhoeverRunsInTwoLogsOfAHostRunsOnce) {
  WriteRandomLog({.path = temp_ / "old", .days = 1});
  WriteRandomLog({.path = temp_ / "new", .seed = 2, .days = 2});
  WriteRandomLog({.path = temp_ / "other", .host = "web2", .seed = 3, .days = 1});
  const std::string earlier =
      Partial("earlier", "-S 2026-09-21 -U 2026-09-22 --log " + (temp_ / "old"));
  const std::string later =
      Partial("later", "-S 2026-09-22 -U 2026-09-25 --log " + (temp_ / "new"));
  const std::string other =
      Partial("other.rollup", "-S 2026-09-21 -U 2026-09-25 --log " + (temp_ / "other"));
  const auto running = [&](const std::string& files) {
    return CoverageOf("merge " + files).at("running");
  };
  EXPECT_GT(running(earlier), 0);
  EXPECT_EQ(running(earlier + " " + later), running(later));
  EXPECT_EQ(running(later + " " + earlier + " " + other), running(later) + running(other));
}

TEST_F(MergeTest, PeriodsAndHostsAddUpToTheWhole) {
  const std::string logs[] = {temp_ / "a", temp_ / "b"};
  WriteRandomLog({.path = logs[0], .host = "web1", .seed = 11});
  WriteRandomLog({.path = logs[1], .host = "web2", .seed = 12, .processes = 200, .days = 4});
  const std::string both = "--log " + logs[0] + " --log " + logs[1];
  const std::string whole = Partial("whole", both + kWindow);
  std::string parts;
  int number = 0;
  const char* const bounds[] = {"2026-09-21", "'2026-09-21 18:30'",    "2026-09-22",
                                "2026-09-24", "'2026-09-24 00:00:01'", "2026-09-26"};
  for (const std::string& log : logs) {
    for (size_t i = 0; i + 1 < std::size(bounds); ++i) {
      parts += " " + Partial("part" + std::to_string(number++),
                             "--log " + log + " -S " + bounds[i] + " -U " + bounds[i + 1]);
    }
  }
  for (const char* keys : {"comm", "host,day", "month", "day,comm,uid", "host,wait_status"}) {
    EXPECT_EQ(Merged(parts, keys), Merged(whole, keys)) << keys;
  }
  EXPECT_EQ(Merged(whole, "comm"), Rows("summary " + both + kWindow, "comm"));
}

TEST_F(MergeTest, WhatIsFoldedIsInTheTotals) {
  WriteRandomLog({.path = log_path_, .seed = 21});
  const std::string small = Partial("small", std::string("--groups 3 --log LOG") + kWindow);
  const std::string large = Partial("large", std::string("--log LOG") + kWindow);
  // Exact, since no key of it was given up.
  EXPECT_EQ(Merged(small, "host,day"), Merged(large, "host,day"));
  const std::string json = " --by comm --output json --columns comm,count,cpu,failed,p95_cpu";
  const std::string folded = Out("merge " + small + json);
  const std::string exact = Out("merge " + large + json);
  const auto total = [](const std::string& text) {
    return text.substr(text.find("\"total\""), text.find("\"facts\"") - text.find("\"total\""));
  };
  EXPECT_THAT(total(folded), StartsWith("\"total\":{\"comm\":\"TOTAL\",\"count\":300,"));
  EXPECT_EQ(total(folded), total(exact));
  EXPECT_THAT(folded, HasSubstr("{\"comm\":\"***other\",\"count\":"));
  EXPECT_EQ(folded.find("***other"), folded.rfind("***other"));
  // With a limit, too, what is not shown stands in one row.
  const std::string limited = Out("merge " + small + json + " -n 1");
  EXPECT_EQ(limited.find("***other"), limited.rfind("***other"));
  EXPECT_EQ(total(limited), total(exact));
}

TEST_F(MergeTest, WrittenAgainTheyAreTheSame) {
  WriteRandomLog({.path = log_path_, .seed = 31});
  const std::string partial = Partial("p", std::string("--groups 5 --log LOG") + kWindow);
  const std::string joined = temp_ / "joined";
  const std::string into = temp_ / "again";
  const std::string first = Out("merge " + partial + " --output csv --into " + joined);
  EXPECT_EQ(Out("merge " + joined + " --output csv --into " + into), first);
  EXPECT_EQ(Merged(into, "host,day,comm"), Merged(partial, "host,day,comm"));
}

TEST_F(MergeTest, RowsAreTheSameInWhateverOrderTheFilesAre) {
  std::string files;
  std::string reversed;
  for (uint32_t host = 1; host <= 3; ++host) {
    const std::string number = std::to_string(host);
    const std::string log = temp_ / ("log" + number);
    WriteRandomLog({.path = log, .host = "web" + number, .seed = 90 + host, .processes = 40});
    const std::string partial = Partial("p" + number, "--log " + log + kWindow);
    files += " " + partial;
    reversed.insert(0, " " + partial);
  }
  for (const char* keys : {"comm,uid", "host,day,status", "user"}) {
    const std::string table =
        std::string(" --sort majflt --output csv --by ") + keys + " --columns majflt,count," + keys;
    EXPECT_EQ(Out("merge" + files + table), Out("merge" + reversed + table)) << keys;
  }
}

// They were made behind the time that is asked for, which says nothing of who recorded then.
TEST_F(MergeTest, WhenRollUpsWereMadeIsNotWhenSomebodyRecorded) {
  WriteRandomLog({.path = log_path_, .seed = 35});
  const std::string partial = Partial("p", std::string("--log LOG") + kWindow);
  const std::string out = Out("merge " + partial + " -U 2026-09-22");
  EXPECT_THAT(out, Not(HasSubstr("nobody recorded")));
}

// Not when they were made, which is now.
TEST_F(MergeTest, WhereTheyEndIsWhereTheirDataEnds) {
  WriteRandomLog({.path = log_path_, .seed = 37});
  const std::string partial = Partial("p", std::string("--log LOG") + kWindow);
  for (const char* since : {"2026-09-26", "2099-01-01"}) {
    EXPECT_THAT(
        Out("merge " + partial + " -S " + since),
        HasSubstr("-- the log ends at 2026-09-24 14:13:35, before the time that is asked for\n"))
        << since;
  }
  EXPECT_THAT(Out("merge " + partial + " -S 2026-09-24"), Not(HasSubstr("the log ends")));
}

TEST_F(MergeTest, TheSameGivenTwiceIsCountedOnce) {
  WriteRandomLog({.path = log_path_, .seed = 41});
  const std::string one = Partial("one", "--log LOG -S 2026-09-21 -U 2026-09-22");
  const std::string more = Partial("more", std::string("--log LOG") + kWindow);
  const std::string copy = temp_ / "copy";
  std::filesystem::copy_file(one, copy);
  const std::string joined = temp_ / "joined";
  EXPECT_EQ(Merged(one + " " + copy, "comm"), Merged(one, "comm"));
  EXPECT_EQ(Merged(one + " " + more + " --into " + joined, "comm"), Merged(more, "comm"));
  EXPECT_EQ(Merged(joined + " " + one, "comm"), Merged(more, "comm"));
  EXPECT_THAT(Out("merge " + more + " " + one), HasSubstr("given twice and counted once 1"));
}

// They are not refused: both recorders may have seen what the other one did not.
TEST_F(MergeTest, TwoLogsOfOneBootAreToldAsCountedTwice) {
  WriteRandomLog({.path = temp_ / "a", .seed = 1});
  WriteRandomLog({.path = temp_ / "b", .seed = 17});  // the same boot
  const std::string logs = "--log " + (temp_ / "a") + " --log " + (temp_ / "b") + kWindow;
  const uint64_t of_log_us = CoverageOf("summary " + logs).at("recorded_twice_us");
  const std::string one = Partial("one", "--log " + (temp_ / "a") + kWindow);
  const std::string other = Partial("other", "--log " + (temp_ / "b") + kWindow);
  EXPECT_EQ(CoverageOf("merge " + one).at("recorded_twice_us"), 0);
  for (const std::string& files : {Partial("both", logs), one + " " + other}) {
    const uint64_t merged_us = CoverageOf("merge " + files).at("recorded_twice_us");
    EXPECT_LE(merged_us, of_log_us);
    EXPECT_GT(merged_us, of_log_us / 10 * 9) << "but for what is before and behind a day's records";
  }
}

TEST_F(MergeTest, TwoThatOverlapAreRefused) {
  WriteRandomLog({.path = log_path_, .seed = 51});
  const std::string one = Partial("one", "--log LOG -S 2026-09-21 -U 2026-09-22");
  const std::string half = Partial("half", "--log LOG -S '2026-09-21 18:00' -U 2026-09-22");
  const std::string some = Partial("some", "--log LOG -S 2026-09-21 -U 2026-09-22 --failed");
  for (const std::string& other : {half, some}) {
    const Answer answer = Run("merge " + one + " " + other);
    EXPECT_EQ(answer.status, 3);
    EXPECT_EQ(answer.err, "daybook: " + one + " and " + other +
                              " tell of the same time of web1 on 2026-09-21 in different ways, so "
                              "that processes would be counted twice; give only one of them\n");
  }
}

TEST_F(MergeTest, AnEmptyNightIsARollupToo) {
  { ScriptedLog log(log_path_); }
  const std::string night = Partial("night", "--log LOG -S 2026-09-19 -U 2026-09-20");
  EXPECT_EQ(Out("verify --output csv --columns verdict --log " + night), "verdict\ncomplete\n");
  const std::string json = Out("merge --output json " + night);
  EXPECT_THAT(json, HasSubstr("\"rows\":[\n]"));
  EXPECT_THAT(json, HasSubstr("\"rollups\":1,\"days\":0,\"missing_days\":0,"));
}

// As of one file, of which nothing can be skipped.
TEST_F(MergeTest, WhatOfOtherBootsIsSkippedDoesNotMatter) {
  for (int boot = 0; boot < 3; ++boot) WriteBoot(boot);
  const std::string joined = JoinedSegments();
  const std::string some = temp_ / "some";
  const std::string all = temp_ / "all";
  for (const bool is_compressed : {false, true}) {
    if (is_compressed) CompressSegments();
    for (const char* window :
         {" -S 2026-09-21 -U 2026-09-22", " -S 2026-09-22 -U 2026-09-23",
          " -S '2026-09-22 15:00' -U '2026-09-23 01:00'", " -S 2026-09-24 -U 2026-09-25"}) {
      const std::string write = std::string(window) + " --output json --replace --partial ";
      EXPECT_THAT(Out("report --log LOG" + write + some), Not(HasSubstr("\"skipped_segments\":0")));
      Out("report --log " + joined + write + all);
      EXPECT_EQ(RollupRecords(some), RollupRecords(all)) << window;
    }
  }
}

TEST_F(MergeTest, AFilterIsTold) {
  WriteRandomLog({.path = temp_ / "a", .host = "web1", .seed = 81});
  WriteRandomLog({.path = temp_ / "b", .host = "web2", .seed = 82});
  const std::string a =
      Partial("1", "--log " + (temp_ / "a") + kWindow + " --failed --comm job1,job2");
  const std::string b = Partial("2", "--log " + (temp_ / "b") + kWindow);
  EXPECT_EQ(Merged(a, "comm"),
            Rows("summary --failed --comm job1,job2 --log " + (temp_ / "a") + kWindow, "comm"));
  EXPECT_THAT(Out("merge " + a + " " + b), HasSubstr(", not all made with the same filter\n"));
  EXPECT_THAT(Out("dump --log " + a), HasSubstr(" filter='--comm=job1 --comm=job2 --failed' "));
}

TEST_F(MergeTest, AHostOfWhichThereIsNoRollupIsNamed) {
  WriteRandomLog({.path = temp_ / "a", .host = "web1", .seed = 81});
  const std::string a = Partial("1", "--log " + (temp_ / "a") + kWindow);
  EXPECT_THAT(Out("merge " + a + " --host wbe1"),
              HasSubstr("-- no roll-up is of host 'wbe1'; did you mean 'web1'?\n"));
  EXPECT_THAT(Out("merge " + a + " --host web1"), testing::Not(HasSubstr("no roll-up")));
}

TEST_F(MergeTest, FilesThatCouldNotBeReadAreTold) {
  { ScriptedLog log(log_path_); }
  std::ofstream(temp_ / "text") << "text";
  const std::string partial = temp_ / "partial";
  const Answer answer =
      Run("report --log LOG --log " + (temp_ / "text") + kWindow + " --partial " + partial);
  EXPECT_EQ(answer.status, 3);
  EXPECT_EQ(answer.err, "daybook: " + (temp_ / "text") + ": not a daybook log\n");
  const Answer merged = Run("merge --output json " + partial);
  EXPECT_EQ(merged.status, 4);
  EXPECT_THAT(merged.out, HasSubstr("\"unreadable_files\":1,"));
}

}  // namespace
}  // namespace daybook
