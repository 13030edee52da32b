// Roll-ups tell what was taken on their days, also by who has not ended on them.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/merge_fixture.h"
#include "analyzer/script.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

class RollupCpuTest : public MergeTest {
 protected:
  using CpuByDay = std::map<std::string, std::map<std::string, uint64_t>>;  // of each comm

  // Four days, begun in the afternoon, with a snapshot every six hours and one at midnight itself:
  // "old" is older than the log, "database" runs from the first evening on, "batch" over the first
  // midnight, "worker" becomes "renamed" on the second day, "idle" takes nothing.
  RollupCpuTest() {
    Script script(log_path_);
    const uint64_t born_ms = 3 * kHourMs;
    script.Fork(born_ms, 60, 1, 0);
    script.Exec(born_ms + 1, 60, born_ms, "database", "database");
    script.Fork(born_ms, 61, 1, 0);
    script.Exec(born_ms + 1, 61, born_ms, "worker", "worker");
    uint64_t ms = 5 * kHourMs;
    for (uint32_t no = 0; no < 13; ++no) {
      if (no != 0) script.log().Rotate(ms);
      std::vector<Script::Alive> alive = {
          {1, 0, 0, "init", 0},
          {50, 3000, 1, "old", 90'000'000 + no * 1'000'000},
          {51, 3000, 1, "idle", 7000},
          {60, born_ms, 1, "database", (no + 1) * 500'000},
          {61, born_ms, 1, no < 4 ? "worker" : "renamed", no * no * 10'000}};
      if (no == 1) alive.push_back({62, ms - kHourMs, 1, "batch", 250'000});
      script.Snapshot(alive, ms);
      if (no == 0) {
        ms = kMidnightMs - kHourMs;
        script.Fork(ms, 62, 1, 0);
        script.Exec(ms + 1, 62, ms, "batch", "batch");
        ms = kMidnightMs;
      } else {
        if (no == 1) {
          script.Exit(ms + 5000, 62, ms - kHourMs, {.comm = "batch", .cpu_us = 400'000});
        }
        if (no == 4) script.Exec(ms - 1000, 61, born_ms, "renamed", "renamed");
        script.Fork(ms + 10'000, 70, 1, 0);
        script.Exit(ms + 12'000, 70, ms + 10'000,
                    {.wait_status = no % 3 << 8, .comm = "short", .cpu_us = no * 100});
        ms += 6 * kHourMs;
      }
    }
    script.Exit(ms - kHourMs, 50, 3000, {.comm = "old", .cpu_us = 120'000'000});
    script.log().At(ms);
  }

  static std::string DayFrom(int day) {
    return fmt::format(" -S 2026-09-{} -U 2026-09-{}", day, day + 1);
  }

  // Of rows of a day, a comm and a number.
  CpuByDay Ask(const std::string& arguments, const std::string& day = "") const {
    std::istringstream csv(Out(arguments + " --output csv --no-header"));
    CpuByDay cpu;
    for (std::string line; std::getline(csv, line);) {
      if (!day.empty()) line.insert(0, day + ",");
      std::vector<std::string> cells;
      std::istringstream cut(line);
      for (std::string cell; std::getline(cut, cell, ',');) cells.push_back(cell);
      if (cells.size() == 3) cpu[cells[0]][cells[1]] += std::stoull(cells[2]);
    }
    for (auto& [unused, by_comm] : cpu) {
      std::erase_if(by_comm, [](const auto& entry) { return entry.second == 0; });
    }
    return cpu;
  }

  // What summary says of each day by itself.
  CpuByDay AskSummaryOfDays(const std::string& filter = "") const {
    CpuByDay all;
    for (int day = 21; day <= 25; ++day) {
      all.merge(Ask(
          "summary --log LOG --window existence --columns comm,cpu_within" + DayFrom(day) + filter,
          fmt::format("2026-09-{}", day)));
    }
    return all;
  }

  // summary knows it by its newest name alone.
  static CpuByDay UnderItsLastName(CpuByDay days) {
    for (auto& [unused, by_comm] : days) {
      const auto worker = by_comm.extract("worker");
      if (worker) by_comm["renamed"] += worker.mapped();
    }
    return days;
  }

  CpuByDay Merge(const std::string& files, const std::string& columns = "day,comm,cpu_within") {
    return Ask("merge --by day,comm --columns " + columns + " " + files);
  }
};

constexpr char kDays[] = " -S 2026-09-21 -U 2026-09-26";

TEST_F(RollupCpuTest, ADayHasWhatWasTakenOnIt) {
  const CpuByDay days = Merge(Partial("all", std::string("--log LOG") + kDays));
  EXPECT_EQ(UnderItsLastName(days), AskSummaryOfDays());
  EXPECT_THAT(
      days.at("2026-09-22"),
      ElementsAre(Pair("batch", 150'000), Pair("database", 2'000'000), Pair("old", 4'000'000),
                  Pair("renamed", 90'000 + 70'000), Pair("short", 1000), Pair("worker", 80'000)));
}

TEST_F(RollupCpuTest, DayByDayItIsTheSameAsOfAllDaysAtOnce) {
  std::string files;
  for (int day = 21; day <= 25; ++day) {
    files += " " + Partial(std::to_string(day), "--log LOG" + DayFrom(day));
  }
  const std::string all = Partial("all", std::string("--log LOG") + kDays);
  EXPECT_EQ(Merge(files), Merge(all));
  // Each is there twice, and none contradicts another one.
  EXPECT_EQ(Merge(files + " " + all), Merge(all));
  const std::string joined = temp_ / "joined";
  Out("merge --into " + joined + files);
  EXPECT_EQ(Merge(joined), Merge(all));
}

TEST_F(RollupCpuTest, WhoHasNotEndedIsInNoOtherNumber) {
  const std::string all = Partial("all", std::string("--log LOG") + kDays);
  const std::string ask =
      "merge --by comm --output csv --no-header --columns comm,count,failed,cpu";
  EXPECT_THAT(Out(ask + ",elapsed,cpu_within --sort comm " + all),
              "batch,1,0,400000,3605000000,400000\n"
              "database,0,0,,,6500000\n"
              "old,1,0,120000000,290802000000,30000000\n"
              "renamed,0,0,,,1350000\n"
              "short,12,8,7800,24000000,7800\n"
              "worker,0,0,,,90000\n");
}

TEST_F(RollupCpuTest, TheTableIsInTheOrderOfWhatWasTaken) {
  const std::string text = Out("merge " + Partial("all", std::string("--log LOG") + kDays));
  EXPECT_THAT(text, HasSubstr("CPU_WITHIN"));
  EXPECT_LT(text.find("\nold "), text.find("\ndatabase "));
  EXPECT_LT(text.find("\ndatabase "), text.find("\nbatch "));
  EXPECT_THAT(text, Not(HasSubstr("idle")));
}

// As summary does it of a day on which they run.
TEST_F(RollupCpuTest, AFilterGoesByWhatTheyAreThen) {
  for (const std::string filter : {" --filter 'comm == \"database\"'", " --filter 'uid == 0'"}) {
    const std::string name = filter.find("uid") == filter.npos ? "comm" : "uid";
    EXPECT_EQ(UnderItsLastName(Merge(Partial(name, std::string("--log LOG") + kDays + filter))),
              AskSummaryOfDays(filter));
  }
}

// Its path stands behind the snapshot that shows it first.
TEST_F(RollupCpuTest, TheServiceIsThatOfACgroupWhosePathComesLater) {
  log_path_ = temp_ / "services";
  {
    ScriptedLog log(log_path_);
    log.At(5000);
    log.writer().Append(SnapBegin{.time_ns = ScriptedLog::Ns(5000)});
    log.writer().Append(SnapEnd{.time_ns = ScriptedLog::Ns(5000), .process_count = 0});
    log.Rotate(20'000);
    log.writer().Append(SnapBegin{.time_ns = ScriptedLog::Ns(20'000)});
    log.writer().Append(SnapProc{.pid = 7,
                                 .start_ns = ScriptedLog::Ns(9000),
                                 .uid = 0,
                                 .cgroup_id = 77,
                                 .comm = "server",
                                 .cpu_us = 4000});
    log.writer().Append(SnapEnd{.time_ns = ScriptedLog::Ns(20'000), .process_count = 1});
    log.writer().Append(CgroupPath{
        .time_ns = ScriptedLog::Ns(20'000), .id = 77, .path = "/system.slice/nginx.service"});
    log.At(30'000);
  }
  const std::string by = " --by service --columns service,cpu_within --output csv --no-header ";
  EXPECT_EQ(Out("merge" + by + Partial("all", std::string("--log LOG") + kDays)),
            "nginx.service,4000\n");
  EXPECT_EQ(Out("merge" + by + Partial("nginx", std::string("--log LOG --service nginx") + kDays)),
            "nginx.service,4000\n");
}

// Those that are given up first took least, on the day or until they ended.
TEST_F(RollupCpuTest, FoldedGroupsKeepTheirSum) {
  const std::string few = Partial("few", std::string("--log LOG --groups 2") + kDays);
  const std::string all = Partial("all", std::string("--log LOG") + kDays);
  const std::string ask = "merge --by day --output csv --columns day,count,cpu,cpu_within ";
  EXPECT_EQ(Out(ask + few), Out(ask + all));
  EXPECT_THAT(Merge(few).at("2026-09-23"), testing::Contains(Pair("old", 4'000'000)));
}

// What a process that runs has taken is known from the log's segments, and they may be compressed.
TEST_F(RollupCpuTest, CompressedSegmentsTellTheSame) {
  const CpuByDay raw = Merge(Partial("raw", std::string("--log LOG") + kDays));
  CompressSegments();
  EXPECT_EQ(Merge(Partial("packed", std::string("--log LOG") + kDays)), raw);
}

TEST_F(RollupCpuTest, WithoutSnapshotsItIsWhatEndedTook) {
  log_path_ = temp_ / "random";
  WriteRandomLog({.path = log_path_, .days = 2});
  const std::string all = Partial("all", std::string("--log LOG") + kDays);
  EXPECT_EQ(Merge(all), Merge(all, "day,comm,cpu"));
  EXPECT_THAT(Merge(all), Not(IsEmpty()));
}

}  // namespace
}  // namespace daybook
