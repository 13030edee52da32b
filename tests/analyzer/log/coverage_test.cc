// Every report counts what it rests on: what was used, filtered and lost is what was written.

#include "log/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "analyzer/report_runner.h"
#include "analyzer/scripted_log.h"

namespace daybook {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr uint64_t kLiving = 2;
constexpr uint64_t kBorn = 10;
constexpr uint64_t kBecameRoot = 3;
constexpr uint64_t kOlder = 3000;  // each is one record: its end

class CoverageTest : public testing::Test {
 protected:
  CoverageTest() {
    Write();
    std::fstream file(path_ + "/daybook-00000001.dbk", std::ios::in | std::ios::out);
    file.seekp(20'000).put('!');
  }

  void Write() {
    ScriptedLog log(path_);
    log.Snapshot(5000);
    for (uint32_t i = 0; i < kOlder; ++i) log.Exit(5100, 1000 + i, 4000, 0, "old", 1);
    for (uint32_t i = 0; i < kBorn; ++i) {
      log.Fork(6000 + i, 200 + i, 100, 2000);
      log.At(7000 + i);
      log.writer().Append(Exit{.time_ns = ScriptedLog::Ns(7000 + i),
                               .pid = 200 + i,
                               .start_ns = ScriptedLog::Ns(6000 + i),
                               .wait_status = 1,
                               .uid = 0,
                               .euid = i < kBecameRoot ? 5 : 0,
                               .comm = "new"});
    }
  }

  Asked In(const Window& window) const {
    Asked asked{.paths = {path_}};
    asked.log.window = window;
    return asked;
  }
  std::map<std::string, Coverage> RunAll(const Window& window) const {
    return RunEveryVerb(In(window), "205");
  }

  TempFolder temp_;
  std::string path_ = temp_ / "log";
};

TEST_F(CoverageTest, WhatIsUsedFilteredAndLostIsWhatWasWritten) {
  const Window windows[] = {{},
                            {.since_ns = kScriptRealtimeNs + 1'005'000'000},
                            {.until_ns = kScriptRealtimeNs + 1'005'000'000}};
  for (const Window& whole : windows) {
    for (const WindowRule rule : {WindowRule::kStart, WindowRule::kEnd, WindowRule::kExistence}) {
      Window window = whole;
      window.rule = rule;
      for (const auto& [name, coverage] : RunAll(window)) {
        if (window.bounded() && name == "report") {  // tells what is missing from its window only
          EXPECT_EQ(coverage.used + coverage.filtered, coverage.processes);
          continue;
        }
        EXPECT_GT(coverage.missing_records, 10U) << name;
        EXPECT_EQ(coverage.used + coverage.filtered + coverage.missing_records,
                  kLiving + kOlder + kBorn)
            << name;
      }
    }
  }
}

TEST_F(CoverageTest, EachVerbTellsHowManyLivesItRestsOn) {
  const auto all = RunAll({});
  const uint64_t ended = kOlder - all.at("list").missing_records + kBorn;
  const std::map<std::string, uint64_t> used = {
      {"list", kLiving + ended},
      {"list programs", kLiving + ended},
      {"summary", kLiving + ended},
      {"summary programs", kLiving + ended},
      {"jobs", kLiving + ended},
      {"top", kLiving + ended},
      {"tree", kLiving + ended},
      {"diff", kLiving + ended},
      {"why", 3},
      {"why programs", 3},
      {"ps", kLiving},
      {"spawn", kBorn},
      {"spawn rate", kBorn},
      {"spawn lifetimes", kBorn},
      {"failures", ended},
      {"failures cascades", ended},
      {"identity", kBecameRoot},
      {"report", kLiving + ended},
      {"lastcomm", ended},
      {"sa", ended},
      {"sa-users", ended},
      {"pacct", ended},
      {"folded", ended - kBorn},  // of these it is not known what they cost
      {"trace", kLiving + ended},
  };
  for (const auto& [name, coverage] : all) {
    const auto expected = used.find(name);
    ASSERT_NE(expected, used.end()) << name << ": say here what it uses";
    EXPECT_EQ(coverage.used, expected->second) << name;
  }
}

TEST_F(CoverageTest, EachVerbTellsHowLongTwoLogsTellOfTheSame) {
  const std::string other = temp_ / "other";
  {
    ScriptedLog log(other);  // the same boot of the same host
    log.Snapshot(5000);
    log.Exit(6500, 100, 2000, 0, "bash", 1);
  }
  for (const auto& [name, coverage] : RunAll({})) EXPECT_EQ(coverage.recorded_twice_us, 0) << name;
  Asked asked = In({});
  asked.paths.push_back(other);
  for (const auto& [name, coverage] : RunEveryVerb(asked, "205")) {
    EXPECT_EQ(coverage.recorded_twice_us, 1'500'000) << name;
  }
  asked.log.window = {.since_ns = kScriptRealtimeNs + 1'000'000'000};
  EXPECT_EQ(RunReport(kSummaryReport, asked).coverage.recorded_twice_us, 500'000);
  EXPECT_EQ(RunReport(kDumpReport, asked).coverage.recorded_twice_us, 500'000);
}

TEST_F(CoverageTest, ADumpUsesOrFiltersEveryRecord) {
  for (const Window& window : {Window{}, Window{.since_ns = kScriptRealtimeNs + 1'005'000'000}}) {
    const Coverage coverage = RunReport(kDumpReport, In(window)).coverage;
    EXPECT_EQ(coverage.used + coverage.filtered, coverage.records);
    EXPECT_EQ(coverage.filtered != 0, window.bounded());
  }
}

TEST_F(CoverageTest, OfWhatWasNotReadNothingIsSaid) {
  Asked asked = In({});
  asked.limit = 5;
  asked.order = Order::kOfLog;
  const Coverage coverage = RunReport(kListReport, asked).coverage;
  EXPECT_TRUE(coverage.stopped_early);
  EXPECT_EQ(coverage.processes, 5U);
  EXPECT_EQ(coverage.used, 5U);
  EXPECT_EQ(coverage.running, 0U) << "they may have ended later";
  EXPECT_FALSE(RunReport(kListReport, In({})).coverage.stopped_early);
}

TEST_F(CoverageTest, WhatRunsAtTheEndOfTheWindowIsCounted) {
  const auto at = [](int64_t ms) { return kScriptRealtimeNs + (ms - 5000) * int64_t{1'000'000}; };
  for (const WindowRule rule : {WindowRule::kStart, WindowRule::kEnd, WindowRule::kExistence}) {
    const auto running = [&](Window window) {
      window.rule = rule;
      return RunReport(kSummaryReport, In(window)).coverage.running;
    };
    EXPECT_EQ(running({}), kLiving);
    EXPECT_EQ(running({.until_ns = at(6004)}), kLiving + 4);
    EXPECT_EQ(running({.until_ns = at(7004)}), kLiving + 6);
    EXPECT_EQ(running({.since_ns = at(7004)}), kLiving);
  }
}

}  // namespace
}  // namespace daybook
