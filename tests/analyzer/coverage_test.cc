// Every report counts what it rests on: what was used, filtered and lost is what was written.

#include "coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "life_log.h"
#include "report.h"
#include "scripted_log.h"

namespace daybook {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr uint64_t kLiving = 2;
constexpr uint64_t kBorn = 10;
constexpr uint64_t kBecameRoot = 3;
constexpr uint64_t kOlder = 3000;  // each is one record: its end

class NoRows : public RowSink {
 public:
  void Row(std::span<const Cell>) override {}
  bool closed() const override { return false; }
};

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

  LogSet Open(const Window& window = {}) const {
    auto log = LogSet::Open(std::vector<std::string>{path_}, {.window = window});
    EXPECT_TRUE(log);
    return *std::move(log);
  }

  Coverage RunTable(const Report& report, const Window& window, const Wishes& wishes,
                    TableView view = {}) {
    LogSet log = Open(window);
    NoRows rows;
    Table table(std::move(view), &rows);
    const auto answer = report.run(
        {.log = log, .zone = zone_, .filter = {}, .wishes = wishes, .paths = std::span(&path_, 1)},
        table);
    EXPECT_TRUE(answer);
    return answer->coverage;
  }

  Coverage RunStyle(const Style& style, const Window& window) {
    LogSet log = Open(window);
    auto file = OutputFile::Create("/dev/null");
    const auto answer =
        style.write({.log = log, .zone = zone_, .filter = {}, .wishes = {}}, zone_, *file);
    EXPECT_TRUE(answer);
    return answer->coverage;
  }

  // Of every verb that tells of lives, and of every form that it has; but for the one that does not
  // end.
  std::map<std::string, Coverage> RunAll(const Window& window) {
    std::map<std::string, Coverage> all;
    for (const Report* report : Reports()) {
      const bool tells_of_lives = report->has_filter || report->has_window_rule;
      if (report->run != nullptr && !report->is_live && tells_of_lives) {
        all[std::string(report->name)] = RunTable(*report, window, WishesOf(*report));
      }
      for (const Style& style : report->styles) {
        all[std::string(style.name)] = RunStyle(style, window);
      }
    }
    for (const std::string view : {"rate", "lifetimes"}) {
      Wishes wishes;
      wishes.Add("--view", {view});
      all["spawn " + view] = RunTable(kSpawnReport, window, wishes);
    }
    return all;
  }

  TempFolder temp_;
  std::string path_ = temp_ / "log";
  const LocalZone zone_ = LocalZone::Utc();

 private:
  // What they cannot do without.
  Wishes WishesOf(const Report& report) const {
    Wishes wishes;
    if (report.name == "why") wishes.Add("process", {"205"});
    if (report.name == "diff") wishes.Add("--old-log", {path_});
    return wishes;
  }
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
      {"summary", kLiving + ended},
      {"jobs", kLiving + ended},
      {"top", kLiving + ended},
      {"tree", kLiving + ended},
      {"diff", kLiving + ended},
      {"why", 3},
      {"ps", kLiving},
      {"spawn", kBorn},
      {"spawn rate", kBorn},
      {"spawn lifetimes", kBorn},
      {"failures", ended},
      {"identity", kBecameRoot},
      {"lastcomm", ended},
      {"sa", ended},
      {"sa-users", ended},
      {"pacct", ended},
  };
  for (const auto& [name, coverage] : all) {
    const auto expected = used.find(name);
    ASSERT_NE(expected, used.end()) << name << ": say here what it uses";
    EXPECT_EQ(coverage.used, expected->second) << name;
  }
}

TEST_F(CoverageTest, ADumpUsesOrFiltersEveryRecord) {
  for (const Window& window : {Window{}, Window{.since_ns = kScriptRealtimeNs + 1'005'000'000}}) {
    const Coverage coverage = RunTable(kDumpReport, window, {});
    EXPECT_EQ(coverage.used + coverage.filtered, coverage.records);
    EXPECT_EQ(coverage.filtered != 0, window.bounded());
  }
}

TEST_F(CoverageTest, OfWhatWasNotReadNothingIsSaid) {
  const Coverage coverage = RunTable(kListReport, {}, {}, {.limit = 5});
  EXPECT_TRUE(coverage.stopped_early);
  EXPECT_EQ(coverage.processes, 5U);
  EXPECT_EQ(coverage.used, 5U);
  EXPECT_EQ(coverage.running, 0U) << "they may have ended later";
  EXPECT_FALSE(RunTable(kListReport, {}, {}).stopped_early);
}

TEST_F(CoverageTest, WhatRunsAtTheEndOfTheWindowIsCounted) {
  const auto at = [](int64_t ms) { return kScriptRealtimeNs + (ms - 5000) * int64_t{1'000'000}; };
  for (const WindowRule rule : {WindowRule::kStart, WindowRule::kEnd, WindowRule::kExistence}) {
    const auto running = [&](Window window) {
      window.rule = rule;
      return RunTable(kSummaryReport, window, {}).running;
    };
    EXPECT_EQ(running({}), kLiving);
    EXPECT_EQ(running({.until_ns = at(6004)}), kLiving + 4);
    EXPECT_EQ(running({.until_ns = at(7004)}), kLiving + 6);
    EXPECT_EQ(running({.since_ns = at(7004)}), kLiving);
  }
}

}  // namespace
}  // namespace daybook
