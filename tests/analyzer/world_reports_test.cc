// What reports say of random worlds adds up to all that there was, also over windows of time.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "columns/life_fields.h"
#include "process_world.h"
#include "random_worlds.h"
#include "report_runner.h"
#include "scripted_log.h"

namespace daybook {
namespace {

// ---- Nothing is counted twice, and nothing is left out ----

// What hangs below a life, itself included, by the parents that the log tells of.
struct Subtree {
  uint64_t lives = 0;
  uint64_t cpu_us = 0;
  std::set<uint32_t> pids_above;
};

std::map<Place, Subtree> SubtreesOf(const Worlds& worlds) {
  std::map<Place, const TrueLife*> told;
  worlds.ForEachTold([&](const ProcessWorld& world, uint8_t boot, const TrueLife& life) {
    told[PlaceOf(world, boot, life)] = &life;
  });
  std::map<Place, Subtree> subtrees;
  for (const auto& [place, life] : told) {
    Place above = place;
    for (auto at = told.find(above); at != told.end(); at = told.find(above)) {
      Subtree& subtree = subtrees[above];
      ++subtree.lives;
      subtree.cpu_us += life->told_cpu_us.value_or(0);
      if (above != place) subtrees[place].pids_above.insert(std::get<ProcessKey>(above).pid);
      if (!at->second->told_parent) break;
      std::get<ProcessKey>(above) = *at->second->told_parent;
    }
  }
  return subtrees;
}

using TreeRow = std::tuple<uint64_t, uint64_t, uint64_t, int64_t>;

struct Trees {
  std::multiset<TreeRow> expected;
  std::multiset<TreeRow> rows;
  uint64_t roots_us = 0;
  uint64_t all_us = 0;
};

Trees TreesOf(const Worlds& worlds) {
  Trees trees;
  for (const auto& [place, subtree] : SubtreesOf(worlds)) {
    const auto& [host, boot, key] = place;
    const ProcessWorld& world = worlds.all()[host == "web1" ? 0 : 1];
    trees.expected.emplace(key.pid, subtree.lives - 1, subtree.cpu_us,
                           world.WallNs(static_cast<uint8_t>(boot), key.start_ns));
  }
  const Ran ran = RunReport(kTreeReport, {.paths = worlds.paths()});
  for (const TextRow& row : ran.rows) {
    const uint64_t total_us = ran.Number(row, "total_cpu_us");
    trees.rows.emplace(ran.Number(row, "pid"), ran.Number(row, "descendants"), total_us,
                       ran.Number(row, "start_time"));
    if (ran.Number(row, "depth") == 0) trees.roots_us += total_us;
  }
  trees.all_us = ran.Sum("cpu_us");
  return trees;
}

RC_GTEST_PROP(WorldTest, ATreeRollsUpWhatEveryDescendantCost,
              (const Script& first, const Script& second)) {
  const Trees trees = TreesOf(Worlds(first, second));
  RC_ASSERT(trees.rows == trees.expected);
  RC_ASSERT(trees.roots_us == trees.all_us);
}

void ExpectWholeTrees(const Script& script) {
  const Trees trees = TreesOf(Worlds(script));
  EXPECT_EQ(trees.rows, trees.expected);
  EXPECT_EQ(trees.roots_us, trees.all_us);
}

// Of 200 nothing is told until it executes something, when its child is over already. That one has
// left somebody who still runs, and of whom the log tells last.
TEST(WorldTest, WhatAChildHasLeftIsAlsoBelowOneWhoIsToldOfLate) {
  Script script = {{.action = Action::kLose},
                   {.action = Action::kFork},
                   {.action = Action::kExit, .who = 1},
                   {.action = Action::kFork},
                   {.action = Action::kDaemonize, .who = 1},
                   {.action = Action::kExec, .who = 1}};
  for (const Action last : {Action::kPass, Action::kRotate}) {
    script.push_back({.action = last});
    ExpectWholeTrees(script);
  }
}

// Nor where a snapshot tells of him, and he ends before the one that is left.
TEST(WorldTest, WhatAChildHasLeftIsAlsoAboveOneWhoIsToldOfLate) {
  ExpectWholeTrees({{.action = Action::kLose},
                    {.action = Action::kFork},
                    {.action = Action::kDaemonize, .who = 2},
                    {.action = Action::kRotate},
                    {.action = Action::kExit, .who = 2}});
}

// The same of one who is over before that child is.
TEST(WorldTest, WhatAChildHasLeftIsAlsoBelowOneWhoIsToldOfLateAndHasEnded) {
  ExpectWholeTrees({{.action = Action::kLose},
                    {.action = Action::kFork},
                    {.action = Action::kFork, .who = 2},
                    {.action = Action::kExec, .who = 2},
                    {.action = Action::kExit, .who = 2},
                    {.action = Action::kFork, .who = 2},
                    {.action = Action::kExit, .who = 2}});
}

RC_GTEST_PROP(WorldTest, JobsAddUpToAllThatRan, (const Script& first, const Script& second)) {
  const Worlds worlds(first, second);
  const Ran all = RunReport(kListReport, {.paths = worlds.paths()});
  for (const char* root : {"", "comm == \"make\"", "pid == 201", "failed"}) {
    Wishes wishes;
    if (*root != '\0') wishes.Add("--root", {root});
    const Ran jobs = RunReport(kJobsReport, {.paths = worlds.paths(), .wishes = wishes});
    wishes.Add("--runs", {});
    const Ran runs = RunReport(kJobsReport, {.paths = worlds.paths(), .wishes = wishes});
    for (const Ran* ran : {&jobs, &runs}) {
      RC_ASSERT(ran->Sum("processes") == all.rows.size());
      RC_ASSERT(ran->Sum("cpu_us") == all.Sum("cpu_us"));
    }
    RC_ASSERT(jobs.Sum("runs") == runs.Sum("runs"));
    RC_ASSERT(jobs.Sum("failed") == runs.Sum("failed"));
  }
}

// By one process as the root: it and all that it has started, however late, orphans included. One
// below it that has its pid again is a part of it.
RC_GTEST_PROP(WorldTest, AJobHasEveryDescendantOfItsRoot, (Script script)) {
  std::erase_if(script, [](const Step& step) {
    return step.action == Action::kLose || step.action == Action::kPause;
  });
  const Worlds worlds(script);
  Wishes wishes = WishFor("--root", "pid == 100");
  wishes.Add("--runs", {});
  const Ran runs = RunReport(kJobsReport, {.paths = worlds.paths(), .wishes = wishes});
  std::multiset<std::pair<uint64_t, uint64_t>> expected;
  for (const auto& [place, subtree] : SubtreesOf(worlds)) {
    const bool is_root =
        std::get<ProcessKey>(place).pid == 100 && !subtree.pids_above.contains(100);
    if (is_root) expected.emplace(subtree.lives, subtree.cpu_us);
  }
  std::multiset<std::pair<uint64_t, uint64_t>> rows;
  for (const TextRow& row : runs.rows) {
    const bool is_root = runs.At(row, "kind") == "root";
    if (is_root) rows.emplace(runs.Number(row, "processes"), runs.Number(row, "cpu_us"));
  }
  RC_ASSERT(rows == expected);
}

RC_GTEST_PROP(WorldTest, EveryGroupingAddsUpToTheSame,
              (const Script& first, const Script& second)) {
  const Worlds worlds(first, second);
  const auto key = [] { return *rc::gen::inRange<size_t>(0, kLifeFieldCount); };
  const Ran all = RunReport(kListReport, {.paths = worlds.paths()});
  for (int round = 0; round < 4; ++round) {
    Wishes wishes;
    const std::string first_key(kLifeFields[key()].column.name);
    const std::string second_key(kLifeFields[key()].column.name);
    wishes.Add("--by", {first_key});
    if (second_key != first_key) wishes.Add("--by", {first_key, second_key});
    // Nobody can group by what a total is called.
    const Asked asked{.paths = worlds.paths(), .wishes = wishes};
    if (!kSummaryReport.columns_for(wishes)) continue;
    const Ran ran = RunReport(kSummaryReport, asked);
    RC_ASSERT(ran.Sum("count") == all.rows.size());
    RC_ASSERT(ran.Sum("cpu_us") == all.Sum("cpu_us"));
    for (const std::string_view column : {"count", "cpu_us", "failed", "running", "lost"}) {
      RC_ASSERT(ran.Sum(column) == ran.Number(ran.total, column));
    }
  }
}

// ---- Time ----

RC_GTEST_PROP(WorldTest, EveryVerbUsesOrFiltersEachLife,
              (const Script& first, const Script& second, bool is_by_start)) {
  const Worlds worlds(first, second);
  Asked asked{.paths = worlds.paths()};
  const uint32_t since = *rc::gen::inRange<uint32_t>(0, 1000);
  asked.log.window = {.since_ns = worlds.Moment(since),
                      .until_ns = worlds.Moment(since) + 40'000'000'000,
                      .rule = is_by_start ? WindowRule::kStart : WindowRule::kEnd};
  for (const Window& window : {Window{}, asked.log.window}) {
    asked.log.window = window;
    for (const auto& [name, coverage] : RunEveryVerb(asked, "100")) {
      RC_ASSERT(std::pair(name, coverage.used + coverage.filtered) ==
                std::pair(name, coverage.processes.value()));
      RC_ASSERT(coverage.missing_records == 0U);
      // It leaves out what lies outside its window, and counts what is lost in it.
      if (window.bounded() && name == "report") continue;
      RC_ASSERT(std::pair(name, coverage.processes.value()) ==
                std::pair(name, uint64_t{worlds.CountTold()}));
      RC_ASSERT(coverage.lost_events == worlds.CountLost());
    }
  }
}

RC_GTEST_PROP(WorldTest, WindowsThatFollowEachOtherAddUp,
              (const Script& first, const Script& second, bool is_by_start)) {
  const Worlds worlds(first, second);
  const int64_t a = worlds.Moment(*rc::gen::inRange<uint32_t>(0, 1000));
  const int64_t b = worlds.Moment(*rc::gen::inRange<uint32_t>(0, 1000));
  const WindowRule rule = is_by_start ? WindowRule::kStart : WindowRule::kEnd;
  const auto total = [&](const Window& window) {
    Asked asked{.paths = worlds.paths()};
    asked.log.window = window;
    asked.log.window.rule = rule;
    asked.log.skips = kSummaryReport.skips;
    const Ran ran = RunReport(kSummaryReport, asked);
    return std::pair(ran.Number(ran.total, "count"), ran.Number(ran.total, "cpu_us"));
  };
  const auto whole = total({});
  const auto before = total({.until_ns = std::min(a, b)});
  const auto between = total({.since_ns = std::min(a, b), .until_ns = std::max(a, b)});
  const auto after = total({.since_ns = std::max(a, b)});
  RC_ASSERT(before.first + between.first + after.first == whole.first);
  RC_ASSERT(before.second + between.second + after.second == whole.second);
}

RC_GTEST_PROP(WorldTest, BootsThatAreLeftOutChangeNoJob,
              (const Script& first, const Script& second)) {
  const Worlds worlds(first, second);
  const int64_t a = worlds.Moment(*rc::gen::inRange<uint32_t>(0, 1000));
  const int64_t b = worlds.Moment(*rc::gen::inRange<uint32_t>(0, 1000));
  Asked asked{.paths = worlds.paths()};
  asked.log.window = {.since_ns = std::min(a, b), .until_ns = std::max(a, b) + 1};
  asked.log.window.rule = *rc::gen::element(WindowRule::kStart, WindowRule::kEnd);
  asked.wishes.Add("--by", {"job_kind", "job"});
  for (const Report* report : {&kSummaryReport, &kFailuresReport, &kSpawnReport}) {
    asked.log.skips = LogSet::Skips::kNothing;
    const Ran all = RunReport(*report, asked);
    asked.log.skips = LogSet::Skips::kBoots;
    RC_ASSERT(Sorted(RunReport(*report, asked).rows) == Sorted(all.rows));
  }
}

// The clock was set back by a day, so that the next boot lies before the window, which the one
// before it does not.
TEST(WorldTest, ABootThatIsLeftOutTellsNothingOfTheOneBeforeIt) {
  const Worlds worlds({{.action = Action::kRotate},
                       {.action = Action::kSetClock},
                       {.action = Action::kFork},
                       {.action = Action::kReboot},
                       {.action = Action::kReboot}});
  Asked asked{.paths = worlds.paths()};
  asked.log.window = {.since_ns = worlds.all().front().WallNs(1, kScriptBootNs)};
  asked.log.window.rule = WindowRule::kEnd;
  const Ran all = RunReport(kListReport, asked);
  asked.log.skips = kListReport.skips;
  const Ran some = RunReport(kListReport, asked);
  EXPECT_EQ(some.coverage.skipped_segments, 1U);
  EXPECT_EQ(Sorted(some.rows), Sorted(all.rows));
}

// Of the first boot its beginning is left out, and what is left out behind it is of the second one.
TEST(WorldTest, ABootThatIsLeftOutMovesNoEndOfTheOneBeforeIt) {
  const Worlds worlds({{.action = Action::kRotate},
                       {.action = Action::kPass, .what = 1000},
                       {.action = Action::kRotate},
                       {.action = Action::kExec},
                       {.action = Action::kSetClock},
                       {.action = Action::kReboot},
                       {.action = Action::kReboot}});
  const ProcessWorld& world = worlds.all().front();
  Asked asked{.paths = worlds.paths()};
  const uint64_t executed_ns = kScriptBootNs + 1'001'000'000;
  asked.log.window = {.since_ns = world.WallNs(1, executed_ns)};
  asked.log.window.rule = WindowRule::kEnd;
  const Ran all = RunReport(kSummaryReport, asked);
  EXPECT_EQ(all.Number(all.total, "lost"), 1U);
  asked.log.skips = kSummaryReport.skips;
  const Ran some = RunReport(kSummaryReport, asked);
  EXPECT_EQ(some.coverage.skipped_segments, 2U);
  EXPECT_EQ(Sorted(some.rows), Sorted(all.rows));
}

// Where an end is lost, nobody can know, nor who lives on behind the end of the log.
RC_GTEST_PROP(WorldTest, PsShowsWhoWasThere, (const Script& first, const Script& second)) {
  const Worlds worlds(first, second);
  const int64_t at_s = worlds.Moment(*rc::gen::inRange<uint32_t>(0, 1000)) / 1'000'000'000;
  const int64_t at_ns = at_s * 1'000'000'000;
  std::set<std::pair<uint64_t, int64_t>> certain;
  std::set<std::pair<uint64_t, int64_t>> possible;
  worlds.ForEachTold([&](const ProcessWorld& world, uint8_t boot, const TrueLife& life) {
    const int64_t start_ns = world.WallNs(boot, life.key.start_ns);
    const bool runs = !life.end_ns && !life.is_end_proved;
    const bool is_known = life.is_end_told || (runs && at_ns <= world.last_wall_ns());
    if (start_ns > at_ns) return;
    if (is_known && life.end_ns && world.WallNs(boot, *life.end_ns) <= at_ns) return;
    possible.emplace(life.key.pid, start_ns);
    if (is_known) certain.emplace(life.key.pid, start_ns);
  });
  const Ran ran = RunReport(
      kPsReport, {.paths = worlds.paths(), .wishes = WishFor("--at", "@" + std::to_string(at_s))});
  std::set<std::pair<uint64_t, int64_t>> shown;
  for (const TextRow& row : ran.rows) {
    shown.emplace(ran.Number(row, "pid"), ran.Number(row, "start_time"));
  }
  RC_ASSERT(std::ranges::includes(shown, certain));
  RC_ASSERT(std::ranges::includes(possible, shown));
}

}  // namespace
}  // namespace daybook
