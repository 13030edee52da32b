// Of random worlds, of which everything is known, a log tells each life truly: pruned or not, and
// however it is stored.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "columns/life_programs.h"
#include "daybook/compress.h"
#include "life_log.h"
#include "process_world.h"
#include "random_worlds.h"
#include "report_runner.h"

namespace daybook {
namespace {

std::map<Place, std::vector<Life>> ReadAll(const Asked& asked, Rests rests = Rests::kOnBirth) {
  std::map<Place, std::vector<Life>> lives;
  LogSet log = OpenLogs(asked);
  const LocalZone zone = LocalZone::Utc();
  const auto take = [&](const Boot& boot, const Life& life) {
    lives[PlaceOf(boot, life)].push_back(life);
    return LifeUse::kUsed;
  };
  ReadLives({.log = log, .zone = zone, .filter = {}}, take, nullptr, rests);
  return lives;
}

std::optional<ProcessKey> ParentOf(const Life& life) {
  if (!life.ppid || !life.parent_start_ns) return std::nullopt;
  return ProcessKey{*life.ppid, *life.parent_start_ns};
}

void ExpectTruth(const TrueLife& truth, const Life& life) {
  RC_ASSERT(ParentOf(life) == truth.told_parent);
  const bool is_exec_untold = truth.has_execed && truth.told_execs == 0;
  if (life.execs) RC_ASSERT(life.execs == truth.told_execs);
  if (truth.is_birth_told && !truth.has_untold_exec) RC_ASSERT(life.execs.has_value());
  if (truth.is_end_told && is_exec_untold) RC_ASSERT(!life.execs);
  if (truth.told_comm) RC_ASSERT(life.identity.comm == truth.told_comm);
  RC_ASSERT(life.identity.uid == truth.told_uid);
  RC_ASSERT(life.usage.cpu_us == truth.told_cpu_us);
  if (truth.is_end_told) {
    RC_ASSERT(life.state == LifeState::kEnded);
    RC_ASSERT(life.end_ns == truth.end_ns);
    RC_ASSERT(life.wait_status == truth.wait_status);
  } else if (truth.is_end_proved) {
    RC_ASSERT(life.state == LifeState::kLost);
  } else if (!truth.end_ns) {
    RC_ASSERT(life.state == LifeState::kRunning);
  } else {
    RC_ASSERT(life.state != LifeState::kEnded);
  }
}

void ExpectTruth(const Worlds& worlds, const Asked& asked) {
  const auto lives = ReadAll(asked);
  worlds.ForEachTold([&](const ProcessWorld& world, uint8_t boot, const TrueLife& truth) {
    const auto told = lives.find(PlaceOf(world, boot, truth));
    RC_ASSERT(told != lives.end());
    RC_ASSERT(told->second.size() == 1U);
    ExpectTruth(truth, told->second.front());
  });
  RC_ASSERT(lives.size() == worlds.CountTold());
}

RC_GTEST_PROP(WorldTest, EachLifeIsToldOnceAndTruly, (const Script& first, const Script& second)) {
  const Worlds worlds(first, second);
  ExpectTruth(worlds, {.paths = worlds.paths()});
}

TEST(WorldTest, ShortLivesAreToldInOneRecordEach) {
  const Worlds worlds({{.action = Action::kLive, .who = 1, .what = 2 + 4},
                       {.action = Action::kFork, .who = 1},
                       {.action = Action::kLive, .who = 1, .what = 4}});
  const Ran dump = RunReport(kDumpReport, {.paths = worlds.paths(), .order = Order::kOfLog});
  const auto is_life = [&](const TextRow& row) { return dump.At(row, "type") == "life"; };
  EXPECT_EQ(std::ranges::count_if(dump.rows, is_life), 2);
}

// ---- The programs of a process ----

// Of nothing it is not known whether it was only not counted yet.
std::optional<uint64_t> UsedBetween(const std::optional<uint64_t>& before,
                                    const std::optional<uint64_t>& after) {
  const bool is_known = before && after && *before != *after;
  return is_known ? std::optional(*after - *before) : std::nullopt;
}

void ExpectTruePrograms(const TrueLife& truth, const Life& life) {
  LifePrograms reader;
  std::vector<RanProgram> programs;
  reader.ForEach(life, [&](const RanProgram& program) { programs.push_back(program); });
  RC_ASSERT(programs.size() == truth.told_programs.size() + 1);
  std::optional<uint64_t> before_us = 0;
  uint64_t sum_us = 0;
  bool is_all_told = truth.told_cpu_us.has_value();
  for (size_t i = 0; i < programs.size(); ++i) {
    const bool is_last = i + 1 == programs.size();
    const auto after_us = is_last ? truth.told_cpu_us : truth.told_programs[i].cpu_before_us;
    const auto& cpu_us = programs[i].life.usage.cpu_us;
    RC_ASSERT(cpu_us == UsedBetween(before_us, after_us));
    if (i != 0 && !is_last) {
      RC_ASSERT(programs[i].life.identity.comm == truth.told_programs[i - 1].comm);
    }
    sum_us += cpu_us.value_or(0);
    is_all_told = is_all_told && after_us;
    before_us = after_us;
  }
  if (is_all_told) RC_ASSERT(sum_us == truth.told_cpu_us);
  if (truth.is_birth_told && !truth.has_untold_exec) RC_ASSERT(programs[0].count == 1U);
}

RC_GTEST_PROP(WorldTest, TheProgramsOfAProcessAddUpToIt,
              (const Script& first, const Script& second)) {
  const Worlds worlds(first, second);
  const auto lives = ReadAll({.paths = worlds.paths()}, Rests::kOnAllPrograms);
  worlds.ForEachTold([&](const ProcessWorld& world, uint8_t boot, const TrueLife& truth) {
    const auto told = lives.find(PlaceOf(world, boot, truth));
    RC_ASSERT(told != lives.end() && told->second.size() == 1U);
    ExpectTruth(truth, told->second.front());
    ExpectTruePrograms(truth, told->second.front());
  });
  RC_ASSERT(lives.size() == worlds.CountTold());
}

// ---- What retention has removed ----

void ExpectTruthOfRest(const TrueLife& truth, uint64_t first_no, const std::vector<Life>& told) {
  RC_ASSERT(told.size() == 1U);
  const Life& life = told.front();
  RC_ASSERT((life.state == LifeState::kEnded) == (truth.end_told_in >= first_no));
  if (life.state == LifeState::kEnded) {
    RC_ASSERT(life.end_ns == truth.end_ns);
    RC_ASSERT(life.wait_status == truth.wait_status);
  }
  if (truth.told_comm) RC_ASSERT(life.identity.comm == truth.told_comm);
  if (life.execs) RC_ASSERT(life.execs == truth.told_execs);
}

RC_GTEST_PROP(WorldTest, OfAPrunedLogAllIsToldThatIsLeft, (const Script& script)) {
  const Worlds worlds(script);
  const uint64_t first_no = worlds.all().front().Prune(*rc::gen::inRange<uint32_t>(0, 1001));
  const Asked asked{.paths = worlds.paths()};
  const auto lives = ReadAll(asked);
  size_t left = 0;
  worlds.ForEachTold([&](const ProcessWorld& world, uint8_t boot, const TrueLife& truth) {
    if (truth.told_in < first_no) return;
    ++left;
    const auto told = lives.find(PlaceOf(world, boot, truth));
    RC_ASSERT(told != lives.end());
    ExpectTruthOfRest(truth, first_no, told->second);
  });
  RC_ASSERT(lives.size() == left);
  for (const auto& [name, coverage] : RunEveryVerb(asked, "100")) {
    RC_ASSERT(std::pair(name, coverage.used + coverage.filtered) ==
              std::pair(name, coverage.processes.value()));
    RC_ASSERT(std::pair(name, coverage.missing_records) == std::pair(name, uint64_t{0}));
  }
}

// ---- However the same records are stored ----

std::vector<std::string> FilesOf(const Worlds& worlds) {
  std::vector<std::string> files;
  for (const std::string& folder : worlds.paths()) {
    for (const std::string& file : OrThrow(FindSegments(folder))) files.push_back(file);
  }
  return files;
}

// All segments of a host in one file.
std::vector<std::string> Joined(const Worlds& worlds) {
  std::vector<std::string> files;
  for (const ProcessWorld& world : worlds.all()) {
    files.push_back(worlds.folder() / (world.host() + ".log"));
    std::ofstream whole(files.back(), std::ios::binary);
    for (const std::string& file : OrThrow(FindSegments(world.folder()))) {
      whole << std::ifstream(file, std::ios::binary).rdbuf();
    }
  }
  return files;
}

void Compress(const Worlds& worlds) {
  for (const std::string& path : worlds.paths()) {
    auto folder = OrThrow(OpenLogFolder(path));
    for (const uint64_t number : OrThrow(ListSegments(*folder))) {
      RC_ASSERT(CompressSegment(*folder, number, {.frame_bytes = 700}).has_value());
    }
  }
}

RC_GTEST_PROP(WorldTest, HowALogIsCutIntoFilesChangesNothing,
              (const Script& first, const Script& second)) {
  const Worlds worlds(first, second);
  const std::vector<std::string> files = FilesOf(worlds);
  const Ran whole = RunReport(kListReport, {.paths = worlds.paths()});
  const auto expect_whole = [&](const std::vector<std::string>& paths) {
    const Ran ran = RunReport(kListReport, {.paths = paths});
    RC_ASSERT(Sorted(ran.rows) == Sorted(whole.rows));
    RC_ASSERT(ran.coverage == whole.coverage);
  };
  expect_whole(files);
  expect_whole({files.rbegin(), files.rend()});
  expect_whole(Joined(worlds));
}

RC_GTEST_PROP(WorldTest, ThreadsAndCompressionChangeNothing,
              (const Script& first, const Script& second)) {
  const Worlds worlds(first, second);
  const auto run = [&](size_t threads) {
    Asked asked{.paths = worlds.paths()};
    asked.log.threads = threads;
    return RunReport(kListReport, asked);
  };
  const Ran one = run(0);
  const Ran two = run(2);
  RC_ASSERT(two.rows == one.rows);
  RC_ASSERT(two.coverage == one.coverage);
  Compress(worlds);
  for (const size_t threads : {0U, 2U}) {
    const Ran compressed = run(threads);
    RC_ASSERT(compressed.rows == one.rows);
    RC_ASSERT(compressed.coverage == one.coverage);
  }
}

}  // namespace
}  // namespace daybook
