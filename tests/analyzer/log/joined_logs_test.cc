// Logs of one boot that follow each other in time, as of a recorder whose folder was moved away
// before it was started anew: as one log in which a recorder follows another one.

#include "log/joined_logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "analyzer/report_runner.h"
#include "analyzer/script.h"
#include "daybook/compress.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr uint64_t kOldEndMs = 8000;
constexpr uint64_t kNewBeginMs = 20'000;
constexpr uint64_t kNewEndMs = 40'000;
constexpr uint64_t kThirdBeginMs = 50'000;

constexpr int64_t WallNs(uint64_t ms) {
  return kScriptRealtimeNs + static_cast<int64_t>(ms) * 1'000'000 -
         static_cast<int64_t>(kScriptBootNs);
}

void Tell(Script& script, uint64_t ms, RecorderEvent event, uint64_t kernel_forks,
          uint64_t forks_seen) {
  script.log().At(ms);
  script.log().writer().Append(Recorder{.time_ns = ScriptedLog::Ns(ms),
                                        .event = event,
                                        .kernel_forks = kernel_forks,
                                        .forks_seen = forks_seen,
                                        .abilities = "fork exit"});
}

// Of the recorder that finds another one's segments in its folder.
void TellGap(Script& script, uint64_t first_ms, uint64_t last_ms, uint64_t missed_forks) {
  script.log().At(last_ms);
  script.log().writer().Append(RecordingGap{.first_time_ns = ScriptedLog::Ns(first_ms),
                                            .last_time_ns = ScriptedLog::Ns(last_ms),
                                            .missed_forks = missed_forks});
}

enum class Place : uint8_t { kOwnFolder, kBehindAnother };

class JoinedLogsTest : public testing::Test {
 protected:
  // Of these, 200 lives across the change; the number of 202 is used again in it.
  static void WriteOld(const std::string& path, const std::string& host = "web1") {
    Script script(path, 0xB0, kScriptRealtimeNs, host);
    Tell(script, 5000, RecorderEvent::kStart, 990, 0);
    script.Snapshot();
    script.Fork(6000, 200, 50, 3000);
    script.Exec(6010, 200, 6000, "backup", "backup");
    script.Fork(6500, 201, 200, 6000);
    script.Fork(6600, 202, 60, 3000);
    script.log().Rotate(6800);
    script.Exit(7000, 201, 6500, {.comm = "backup", .cpu_us = 5, .ppid = 200});
    Tell(script, kOldEndMs, RecorderEvent::kStop, 1000, 10);
  }
  static void WriteNew(const std::string& path, Place place = Place::kOwnFolder,
                       const std::string& host = "web1") {
    Script script(path, 0xB0, kScriptRealtimeNs, host, kNewBeginMs);
    if (place == Place::kBehindAnother) TellGap(script, kOldEndMs, kNewBeginMs, 25);
    Tell(script, kNewBeginMs, RecorderEvent::kStart, 1025, 0);
    script.Snapshot({{1, 0, 0, "systemd"},
                     {50, 3000, 1, "cron"},
                     {60, 3000, 1, "sshd"},
                     {200, 6000, 50, "backup"},
                     {202, 15'000, 60, "sshd"}},
                    kNewBeginMs);
    script.Fork(21'000, 203, 200, 6000);
    script.Exit(32'000, 203, 21'000, {.comm = "backup", .cpu_us = 7, .ppid = 200});
    script.log().Rotate(35'000);
    script.Exit(36'000, 200, 6000, {.comm = "backup", .cpu_us = 9, .ppid = 50});
    Tell(script, kNewEndMs, RecorderEvent::kStop, 1030, 5);
  }
  static void WriteThird(const std::string& path, Place place = Place::kOwnFolder) {
    Script script(path, 0xB0, kScriptRealtimeNs, "web1", kThirdBeginMs);
    if (place == Place::kBehindAnother) TellGap(script, kNewEndMs, kThirdBeginMs, 3);
    Tell(script, kThirdBeginMs, RecorderEvent::kStart, 1033, 0);
    script.Snapshot({{1, 0, 0, "systemd"}, {50, 3000, 1, "cron"}}, kThirdBeginMs);
    script.Exit(65'000, 50, 3000, {.comm = "cron", .cpu_us = 3, .ppid = 1});
  }
  // As if nobody had moved a folder away.
  void WriteOne() const {
    WriteOld(one_);
    WriteNew(one_, Place::kBehindAnother);
  }
  void WriteBoth() const {
    WriteOld(old_);
    WriteNew(new_);
  }
  static void Compress(const std::string& path, size_t segments) {
    auto folder = OpenLogFolder(path);
    for (uint64_t number = 1; number <= segments; ++number) {
      EXPECT_TRUE(CompressSegment(**folder, number));
    }
  }

  // What only its record tells.
  static Coverage WithoutGap(Coverage coverage) {
    coverage.records = 0;
    coverage.missed_forks = 0;
    coverage.first_ns.reset();  // that of the gap, where nothing before it is read
    return coverage;
  }
  // What these tell is what the one log does.
  static void ExpectSame(const Asked& several, const Asked& one) {
    for (const Report* const report :
         {&kListReport, &kSummaryReport, &kTreeReport, &kJobsReport, &kTopReport, &kSpawnReport,
          &kFailuresReport, &kIdentityReport}) {
      const Ran told = RunReport(*report, several);
      const Ran expected = RunReport(*report, one);
      EXPECT_EQ(told.rows, expected.rows) << report->name;
      EXPECT_EQ(told.total, expected.total) << report->name;
      EXPECT_EQ(WithoutGap(told.coverage), WithoutGap(expected.coverage)) << report->name;
    }
  }
  static Coverage CoverageOf(const std::vector<std::string>& paths) {
    return RunReport(kSummaryReport, {.paths = paths}).coverage;
  }
  static std::vector<std::string> PidsIn(const std::vector<std::string>& paths) {
    const Ran ran = RunReport(kListReport, {.paths = paths});
    std::vector<std::string> pids;
    for (const TextRow& row : ran.rows) pids.emplace_back(ran.At(row, "pid"));
    return pids;
  }

  TempFolder temp_;
  const std::string one_ = temp_ / "one";
  const std::string old_ = temp_ / "old";
  const std::string new_ = temp_ / "new";
};

TEST_F(JoinedLogsTest, WhoLivesFromOneIntoTheNextIsOneProcess) {
  WriteBoth();
  EXPECT_THAT(PidsIn({old_, new_}),
              UnorderedElementsAre("1", "50", "60", "200", "201", "202", "202", "203"));
  const Coverage coverage = CoverageOf({old_, new_});
  EXPECT_EQ(coverage.processes, 8U);
  EXPECT_EQ(coverage.running, 4U);
  EXPECT_EQ(coverage.ended_unseen, 1U) << "202, whose number was used again";
  EXPECT_EQ(coverage.boots, 1U);
}

TEST_F(JoinedLogsTest, TheGapBetweenThemIsTold) {
  WriteBoth();
  const Coverage coverage = CoverageOf({old_, new_});
  EXPECT_EQ(coverage.recording_gaps, 1U);
  EXPECT_EQ(coverage.missed_forks, 25U) << "what the kernel had counted from STOP to START";
  EXPECT_EQ(coverage.recorded_twice_us, 0U);
}

TEST_F(JoinedLogsTest, EachReportTellsWhatItTellsOfOneLog) {
  WriteOne();
  WriteBoth();
  ExpectSame({.paths = {old_, new_}}, {.paths = {one_}});
}

TEST_F(JoinedLogsTest, TheOrderInWhichTheyAreGivenDoesNotMatter) {
  WriteOne();
  WriteBoth();
  ExpectSame({.paths = {new_, old_}}, {.paths = {one_}});
  std::vector<std::string> files;
  for (const std::string& folder : {new_, old_}) {
    for (const int number : {2, 1}) {
      files.push_back(folder + "/daybook-0000000" + std::to_string(number) + ".dbk");
    }
  }
  ExpectSame({.paths = files}, {.paths = {one_}});
}

TEST_F(JoinedLogsTest, WhatIsReadInThreadsIsTheSame) {
  WriteBoth();
  for (const size_t threads : {0, 3}) {
    ExpectSame({.paths = {old_, new_}, .log = {.threads = threads}}, {.paths = {old_, new_}});
  }
}

TEST_F(JoinedLogsTest, ThreeInARowAreOne) {
  const std::string third = temp_ / "third";
  WriteOne();
  WriteThird(one_, Place::kBehindAnother);
  WriteBoth();
  WriteThird(third);
  ExpectSame({.paths = {third, old_, new_}}, {.paths = {one_}});
  ExpectSame({.paths = {old_, third, new_}}, {.paths = {one_}});
  const Coverage coverage = CoverageOf({new_, third, old_});
  EXPECT_EQ(coverage.recording_gaps, 2U);
  EXPECT_EQ(coverage.missed_forks, 25U + 3U);
}

// As of a log that was written elsewhere for a while: where it goes on, its own GAP begins with its
// own end, and counts what the other one has seen.
TEST_F(JoinedLogsTest, ALogMayComeBackToItsFolder) {
  WriteOne();
  WriteThird(one_, Place::kBehindAnother);
  WriteBoth();
  {
    Script script(old_, 0xB0, kScriptRealtimeNs, "web1", kThirdBeginMs);
    TellGap(script, kOldEndMs, kThirdBeginMs, 33);
    Tell(script, kThirdBeginMs, RecorderEvent::kStart, 1033, 0);
    script.Snapshot({{1, 0, 0, "systemd"}, {50, 3000, 1, "cron"}}, kThirdBeginMs);
    script.Exit(65'000, 50, 3000, {.comm = "cron", .cpu_us = 3, .ppid = 1});
  }
  ExpectSame({.paths = {new_, old_}}, {.paths = {one_}});
  EXPECT_EQ(CoverageOf({new_, old_}).missed_forks, 25U + 3U);
}

TEST_F(JoinedLogsTest, OfARecorderThatWasKilledTheTimeOfTheGapIsTold) {
  {
    Script script(old_);
    Tell(script, 5000, RecorderEvent::kStart, 990, 0);
    script.Snapshot();
    script.Fork(6000, 200, 50, 3000);
    script.log().Abandon();
  }
  WriteNew(new_);
  const Coverage coverage = CoverageOf({new_, old_});
  EXPECT_EQ(coverage.processes, 6U);
  EXPECT_EQ(coverage.recording_gaps, 1U);
  EXPECT_EQ(coverage.missed_forks, 0U) << "not known";
}

// Before the boot that they share, and behind it.
TEST_F(JoinedLogsTest, OtherBootsStandBeforeAndBehind) {
  const auto write = [](const std::string& path, uint8_t boot, int day) {
    Script script(path, boot, kScriptRealtimeNs + day * int64_t{86'400'000'000'000});
    script.Snapshot({{1, 0, 0, "systemd"}, {static_cast<uint32_t>(boot), 3000, 1, "x"}});
  };
  for (const std::string& path : {one_, old_}) write(path, 0xAF, -1);
  WriteOne();
  WriteBoth();
  for (const std::string& path : {one_, new_}) write(path, 0xB1, 1);
  ExpectSame({.paths = {new_, old_}}, {.paths = {one_}});
  EXPECT_EQ(CoverageOf({new_, old_}).ended_unseen, 7U);
}

// As of one log, of which only what tells of the window is read.
TEST_F(JoinedLogsTest, WhatOfThemLiesOutsideTheWindowIsLeftOut) {
  WriteOne();
  WriteThird(one_, Place::kBehindAnother);
  WriteBoth();
  WriteThird(temp_ / "third");
  for (const bool is_compressed : {false, true}) {
    if (is_compressed) {
      Compress(one_, 5);
      Compress(old_, 2);
      Compress(new_, 2);
      Compress(temp_ / "third", 1);
    }
    for (const LogSet::Skips skips : {LogSet::Skips::kBoots, LogSet::Skips::kLives,
                                      LogSet::Skips::kEnds, LogSet::Skips::kSegments}) {
      for (const WindowRule rule : {WindowRule::kEnd, WindowRule::kExistence}) {
        for (const auto& [since_ms, until_ms] :
             {std::pair(5000, 6000), std::pair(6900, 7100), std::pair(10'000, 15'000),
              std::pair(22'000, 30'000), std::pair(35'500, 36'500), std::pair(60'000, 70'000)}) {
          Asked several{.paths = {temp_ / "third", new_, old_}};
          several.log = {.window = {.since_ns = WallNs(static_cast<uint64_t>(since_ms)),
                                    .until_ns = WallNs(static_cast<uint64_t>(until_ms)),
                                    .rule = rule},
                         .skips = skips};
          Asked one = several;
          one.paths = {one_};
          SCOPED_TRACE(testing::Message() << since_ms << ' ' << static_cast<int>(skips));
          ExpectSame(several, one);
        }
      }
    }
  }
}

TEST_F(JoinedLogsTest, TwoRecordersAtOnceStayApart) {
  WriteOld(old_);
  WriteNew(new_);
  const std::string other = temp_ / "other";
  {
    Script script(other, 0xB0, kScriptRealtimeNs, "web1", 7000);
    script.Snapshot({{1, 0, 0, "systemd"}}, 7000);
    script.Exit(9000, 1, 0, {.comm = "systemd"});
  }
  const Coverage coverage = CoverageOf({old_, other});
  EXPECT_EQ(coverage.processes, 6U + 1U);
  EXPECT_EQ(coverage.recorded_twice_us, 1'000'000U);
  EXPECT_EQ(CoverageOf({other, new_, old_}).processes, 6U + 1U + 6U)
      << "which of them went on nobody knows";
}

// Of a recorder that was killed nothing says so but its last record.
TEST_F(JoinedLogsTest, SoTheyDoWhereOneOfThemHasNoEnd) {
  {
    Script script(old_);
    script.Snapshot();
    script.Fork(25'000, 200, 50, 3000);
    script.log().Abandon();
  }
  WriteNew(new_);
  const Coverage coverage = CoverageOf({new_, old_});
  EXPECT_EQ(coverage.processes, 4U + 6U);
  EXPECT_EQ(coverage.recorded_twice_us, 5'000'000U);
}

// Cloned machines have one boot id, and perhaps one machine id.
TEST_F(JoinedLogsTest, OtherHostsWithThatBootIdStayApart) {
  WriteOld(old_, "web1");
  WriteNew(new_, Place::kOwnFolder, "web2");
  const Coverage coverage = CoverageOf({old_, new_});
  EXPECT_EQ(coverage.hosts, 2U);
  EXPECT_EQ(coverage.processes, 6U + 6U);
  EXPECT_EQ(coverage.recording_gaps, 0U);
}

// The segments of a log in one file, as of cat(1).
TEST_F(JoinedLogsTest, ALogInOneFileGoesOnToo) {
  WriteOne();
  WriteBoth();
  const std::string joined = temp_ / "joined";
  {
    std::ofstream file(joined, std::ios::binary);
    for (const char* const name : {"/daybook-00000001.dbk", "/daybook-00000002.dbk"}) {
      file << std::ifstream(old_ + name).rdbuf();
    }
  }
  ExpectSame({.paths = {new_, joined}}, {.paths = {one_}});
}

// By its log, its boot and when it begins.
std::optional<SegmentStart> FileOf(uint8_t log, uint8_t boot, uint64_t first_ns) {
  SegmentStart start;
  start.stream_id.bytes.fill(log);
  start.boot_id.bytes.fill(boot);
  start.host_id.bytes.fill(5);
  start.time_ns = first_ns;
  return start;
}

const std::optional<SegmentStart> kUnknown;

std::optional<uint64_t> EndsAtOnce(size_t) { return 0; }
std::string OfOneName(size_t) { return "web1"; }

TEST(JoinLogsTest, LogsWithoutABootInCommonAreReadAsTheyAreGiven) {
  const JoinedLogs joined =
      JoinLogs(std::vector{FileOf(1, 7, 50), FileOf(2, 8, 10)}, EndsAtOnce, OfOneName);
  EXPECT_THAT(joined.order, ElementsAre(0, 1));
  EXPECT_THAT(joined.log_of, IsEmpty());
}

TEST(JoinLogsTest, WhatDoesNotTellStaysBehindTheFileBeforeIt) {
  const JoinedLogs joined =
      JoinLogs(std::vector{FileOf(1, 7, 50), kUnknown, FileOf(2, 7, 10)}, EndsAtOnce, OfOneName);
  EXPECT_THAT(joined.order, ElementsAre(2, 0, 1));
}

TEST(JoinLogsTest, TheyAreOfOneHostByItsMachineIdAndByItsName) {
  std::vector files{FileOf(1, 7, 10), FileOf(2, 7, 50)};
  EXPECT_THAT(JoinLogs(files, EndsAtOnce, OfOneName).log_of, testing::SizeIs(2));
  EXPECT_THAT(JoinLogs(files, EndsAtOnce, [](size_t file) { return std::to_string(file); }).log_of,
              IsEmpty());
  files[1]->host_id.bytes.fill(6);
  EXPECT_THAT(JoinLogs(files, EndsAtOnce, OfOneName).log_of, IsEmpty());
}

TEST(JoinLogsTest, OfAnUnknownBootNothingIsKnown) {
  EXPECT_THAT(
      JoinLogs(std::vector{FileOf(1, 0, 10), FileOf(2, 0, 50)}, EndsAtOnce, OfOneName).log_of,
      IsEmpty());
}

// The soundest of them is first: the others may be torn.
TEST(JoinLogsTest, WhereSegmentsHaveCopiesAllOfThemTellWhenTheLogEnded) {
  const std::vector files{FileOf(1, 7, 10), FileOf(1, 7, 10), FileOf(2, 7, 50)};
  const auto join = [&files](uint64_t sound_end_ns) {
    return JoinLogs(
        files, [=](size_t file) { return file == 0 ? sound_end_ns : 20; },
        [](size_t file) { return file == 1 ? "" : "web1"; });
  };
  EXPECT_THAT(join(40).other_ended_ns, ElementsAre(testing::Pair(2, 40)));
  EXPECT_THAT(join(60).log_of, IsEmpty()) << "two recorders at once";
}

// Only forged ones say so: each has first what the other one has last.
TEST(JoinLogsTest, LogsWhoseBootsGoInACircleStayApart) {
  const JoinedLogs joined =
      JoinLogs(std::vector{FileOf(1, 7, 10), FileOf(1, 8, 10), FileOf(2, 8, 50), FileOf(2, 7, 50)},
               EndsAtOnce, OfOneName);
  EXPECT_THAT(joined.order, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(joined.log_of, IsEmpty());
}

}  // namespace
}  // namespace daybook
