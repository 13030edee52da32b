// What is written for flame graphs and traces: of a build whose commands run side by side, and of
// what it leaves behind.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "groups/life_stacks.h"
#include "program_runner.h"
#include "script.h"

namespace daybook {
namespace {

using std::string_view_literals::operator""sv;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

class BuildTest : public ProgramRunner {
 protected:
  void SetUp() override {
    Script script(log_path_);
    script.Snapshot({{1, 0, 0, "systemd"}, {100, 3000, 1, "bash"}});
    Play(script);
    script.log().Close();
  }
  virtual void Play(Script& script) { RunBuild(script); }

  static void Begin(Script& script, uint64_t ms, uint32_t pid, uint32_t ppid, uint64_t parent_ms,
                    std::string_view comm) {
    script.Fork(ms, pid, ppid, parent_ms);
    script.Exec(ms, pid, ms, comm, comm);
  }

  static void RunBuild(Script& script) {
    Begin(script, 6000, 200, 100, 3000, "make");
    Begin(script, 6010, 201, 200, 6000, "sh");
    Begin(script, 6011, 202, 201, 6010, "cc");
    Begin(script, 6020, 203, 200, 6000, "cc");
    script.Exit(6500, 202, 6011, {.comm = "cc", .cpu_us = 300'000, .ppid = 201});
    script.Exit(6510, 201, 6010, {.comm = "sh", .cpu_us = 1000, .ppid = 200});
    Begin(script, 6520, 204, 200, 6000, "cc");
    script.Exit(6600, 203, 6020, {.comm = "cc", .cpu_us = 400'000, .ppid = 200});
    script.Exit(6700, 204, 6520,
                {.wait_status = 1 << 8, .comm = "cc", .cpu_us = 100'000, .ppid = 200});
    Begin(script, 6710, 205, 200, 6000, "daemon");
    script.Exit(6800, 200, 6000, {.comm = "make", .cpu_us = 5000, .ppid = 100});
    script.Exit(7000, 205, 6710, {.comm = "daemon", .cpu_us = 2000, .ppid = 1});
  }

  std::vector<std::string> Lines(const std::string& arguments) const {
    std::vector<std::string> lines;
    std::istringstream text(Run("export --log LOG " + arguments).out);
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
};

// ---- Folded stacks ----

class FoldedTest : public BuildTest {};

TEST_F(FoldedTest, CostsAreSummedByTheNamesOfAllAncestors) {
  const Answer answer = Run("export --format folded --log LOG");
  EXPECT_EQ(answer.out,
            "systemd;bash;make 5000\n"
            "systemd;bash;make;sh 1000\n"
            "systemd;bash;make;sh;cc 300000\n"
            "systemd;bash;make;cc 500000\n"
            "systemd;bash;make;daemon 2000\n");
  EXPECT_EQ(answer.err,
            "daybook: the cpu of 2 processes is not known: they are in no stack; 2 still run\n");
  EXPECT_EQ(answer.status, 0);
}

TEST_F(FoldedTest, OtherSumsAreNamed) {
  EXPECT_EQ(Run("export --format folded --weigh count --log LOG").out,
            "systemd 1\n"
            "systemd;bash 1\n"
            "systemd;bash;make 1\n"
            "systemd;bash;make;sh 1\n"
            "systemd;bash;make;sh;cc 1\n"
            "systemd;bash;make;cc 2\n"
            "systemd;bash;make;daemon 1\n");
  EXPECT_EQ(Run("export --format folded --weigh count --log LOG").err, "");
  EXPECT_THAT(Lines("--format folded --weigh elapsed"),
              IsSupersetOf({"systemd;bash;make 800000", "systemd;bash;make;cc 760000"}));
}

TEST_F(FoldedTest, FiltersAndWindowsChooseWhatIsCounted) {
  EXPECT_THAT(Lines("--format folded --failed"), ElementsAre("systemd;bash;make;cc 100000"));
  EXPECT_THAT(Lines("--format folded -U '2026-09-21 14:13:21.505'"),
              ElementsAre("systemd;bash;make;sh;cc 300000"));
  EXPECT_EQ(Run("export --format folded -U '2026-09-21 14:13:21.505' --log LOG").err, "");
  EXPECT_THAT(Lines("--format folded --weigh count --window start -S '2026-09-21 14:13:21.6'"),
              ElementsAre("systemd;bash;make;daemon 1"));
}

TEST_F(FoldedTest, WithLogsOfSeveralHostsTheHostIsTheRoot) {
  const std::string other = temp_ / "other";
  {
    ScriptedLog log(other, 0xB1, "web 2");
    log.Snapshot(5000);
    log.Fork(6000, 200, 100, 2000);
    log.Exit(6001, 200, 6000, 0, "bash", 70);
  }
  EXPECT_THAT(Lines("--format folded --filter 'cpu > 0' --log " + other),
              IsSupersetOf({"web1;systemd;bash;make 5000", "web\\x202;systemd;bash;bash 70"}));
}

TEST_F(FoldedTest, WrongWeightsAndFormatsAreTold) {
  const auto said = [&](const std::string& arguments) {
    const Answer answer = Run("export --log LOG " + arguments);
    EXPECT_EQ(answer.status, 2) << arguments;
    EXPECT_EQ(answer.out, "");
    return answer.err;
  };
  EXPECT_EQ(
      said("--format folded --weigh cput"),
      "daybook: --weigh: no weight 'cput'; did you mean 'cpu'?; there are cpu, elapsed, count, "
      "utime, stime, minflt, majflt, nvcsw, nivcsw, rchar, wchar, read, write\n");
  EXPECT_THAT(said("--format folded --weigh maxrss"), HasSubstr("no weight 'maxrss'"));
  EXPECT_EQ(said("--format trace --weigh count"),
            "daybook: --weigh: does not go with --format trace\n");
  EXPECT_EQ(said("--format pacct --weigh count"),
            "daybook: --weigh: does not go with --format pacct\n");
  EXPECT_EQ(
      said("--format fold"),
      "daybook: --format: no 'fold'; did you mean 'folded'?; there is pacct, folded, trace\n");
}

// It is called by another name where it stands for itself.
TEST_F(FoldedTest, AnAncestorHasTheNameThatItHadThen) {
  const std::string renamed = temp_ / "renamed";
  {
    Script script(renamed);
    script.Snapshot({{1, 0, 0, "systemd"}});
    Begin(script, 6000, 200, 1, 0, "sh");
    Begin(script, 6001, 201, 200, 6000, "env");
    script.Exit(6002, 201, 6001, {.comm = "env", .cpu_us = 1, .ppid = 200});
    script.Exec(6003, 200, 6000, "server", "server"sv);
    Begin(script, 6004, 202, 200, 6000, "worker");
    script.Exit(6005, 202, 6004, {.comm = "worker", .cpu_us = 2, .ppid = 200});
    script.Exit(6006, 200, 6000, {.comm = "server", .cpu_us = 3, .ppid = 1});
  }
  EXPECT_EQ(Run("export --format folded --filter ended --log " + renamed).out,
            "systemd;sh;env 1\n"
            "systemd;server 3\n"
            "systemd;server;worker 2\n");
}

TEST(LifeStacksTest, WhatIsMoreThanItsLimitIsSummedInOne) {
  constexpr size_t kMost = 2;
  LifeStacks stacks(LifeStacks::Hosts::kLeftOut, kMost);
  const Boot boot;
  uint64_t value = 1;
  for (const char* name : {"a", "b", "c", "d", "a", "e", "a"}) {
    Life life;
    life.pid = 1;
    life.identity.comm = name;
    stacks.Add(boot, life, value);
    value *= 10;
  }
  std::map<std::string, uint64_t> sums;
  stacks.ForEach([&](const std::string& stack, uint64_t sum) { sums[stack] = sum; });
  EXPECT_THAT(sums, ElementsAre(Pair("[other]", 1'101'100), Pair("a", 10'001), Pair("b", 10)));
}

// Neither may be taken for what nobody has lost.
TEST_F(FoldedTest, WhatTheLogDoesNotTellIsUnknown) {
  const std::string partial = temp_ / "partial";
  {
    Script script(partial);
    script.Snapshot({{1, 0, 0, "systemd"}});
    Begin(script, 6000, 201, 7777, 4000, "cc");
    script.Exit(6002, 201, 6000, {.comm = "cc", .cpu_us = 1, .ppid = 1});
    script.Fork(6003, 202, 1, 0);
    script.log().writer().Append(
        Exit{.time_ns = ScriptedLog::Ns(6004), .pid = 203, .start_ns = ScriptedLog::Ns(6003)});
  }
  EXPECT_EQ(Run("export --format folded --weigh count --log " + partial).out,
            "[unknown];cc 1\n"
            "[unknown];[unknown] 1\n"
            "systemd 1\n"
            "systemd;systemd 1\n");
}

// ---- Traces ----

class TraceTest : public BuildTest {
 protected:
  // "NAME LANE BEGIN+ELAPSED", in milliseconds since boot, of each bar as they come.
  std::vector<std::string> Bars(const std::string& arguments) const {
    std::vector<std::string> bars;
    for (const std::string& line : Lines("--format trace " + arguments)) {
      if (line.find("\"ph\":\"X\"") == line.npos) continue;
      constexpr int64_t kBootUs =
          kScriptRealtimeNs / 1000 - static_cast<int64_t>(kScriptBootNs) / 1000;
      const int64_t begin_us = std::stoll(After(line, "\"ts\":")) - kBootUs;
      const int64_t elapsed_us = std::stoll(After(line, "\"dur\":"));
      EXPECT_EQ(begin_us % 1000, 0);
      EXPECT_EQ(elapsed_us % 1000, 0);
      const std::string name = After(line, "{\"name\":\"");
      bars.push_back(name.substr(0, name.find('"')) + " " + After(line, "\"tid\":")[0] + " " +
                     std::to_string(begin_us / 1000) + "+" + std::to_string(elapsed_us / 1000));
    }
    return bars;
  }

  static std::string After(const std::string& line, const std::string& key) {
    return line.substr(line.find(key) + key.size());
  }
};

TEST_F(TraceTest, ChildrenLieWithinTheirParentsAndSiblingsSideBySide) {
  EXPECT_THAT(Bars("--filter ended"),
              ElementsAre("cc 1 6011+489", "sh 1 6010+500", "cc 2 6020+580", "cc 1 6520+180",
                          "make 1 6000+800", "daemon 2 6710+290"));
}

// Of bash nothing is drawn from the time before the log.
TEST_F(TraceTest, WhatRunsIsDrawnFromTheBeginToTheEndOfTheLog) {
  EXPECT_THAT(Bars("--filter running"), ElementsAre("systemd 1 5000+2000", "bash 2 5000+2000"));
  EXPECT_THAT(Bars("--comm bash,make"), ElementsAre("make 1 6000+800", "bash 1 5000+2000"));
  EXPECT_THAT(Run("export --format trace --comm bash --log LOG").out,
              HasSubstr(R"("start_time":"2026-09-21T14:13:18.000000+00:00","state":"running"}})"));
}

TEST_F(TraceTest, NothingIsDrawnOutsideOfTheWindow) {
  const std::string window =
      "-S '2026-09-21 14:13:21.400' -U '2026-09-21 14:13:21.650' --filter "
      "'comm != \"systemd\"' --window ";
  EXPECT_THAT(Bars(window + "end"), ElementsAre("cc 1 6400+100", "sh 1 6400+110", "cc 2 6400+200"));
  EXPECT_THAT(Bars(window + "existence"),
              ElementsAre("cc 1 6400+100", "sh 1 6400+110", "cc 2 6400+200", "cc 1 6520+130",
                          "make 1 6400+250", "bash 1 6400+250"));
}

TEST_F(TraceTest, ABarTellsWhatIsKnownOfTheProcess) {
  const std::vector<std::string> lines = Lines("--format trace --failed");
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_EQ(lines[0], R"({"displayTimeUnit":"ms","traceEvents":[)");
  EXPECT_EQ(lines[1],
            R"({"name":"process_name","ph":"M","pid":1,"tid":1,"args":{"name":"process: bash"}},)");
  EXPECT_EQ(lines[2],
            R"({"name":"thread_name","ph":"M","pid":1,"tid":1,"args":{"name":"lane 01"}},)");
  EXPECT_EQ(
      lines[3],
      R"({"name":"cc","cat":"process","ph":"X","ts":1790000001520000,"dur":180000,"pid":1,)"
      R"("tid":1,"args":{"pid":204,"ppid":200,"proc_id":"b0b0b0b0b0b0b0b0-637cc0-204",)"
      R"("parent_id":"b0b0b0b0b0b0b0b0-5b8d80-200","user":"root","exe":"cc","args":"cc",)"
      R"("start_time":"2026-09-21T14:13:21.520000+00:00","elapsed_us":180000,"cpu_us":100000,)"
      R"("status":"1","state":"ended"}})");
  EXPECT_EQ(lines[4], "],");
  EXPECT_THAT(lines[5], StartsWith(R"("otherData":{"coverage":{"first_time":)"));
}

TEST_F(TraceTest, WithoutAProcessItIsStillOne) {
  EXPECT_THAT(Run("export --format trace --comm nobody --log LOG").out,
              StartsWith("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n\n],\n\"otherData\":"));
}

// Whose second half lies behind the end of what it was drawn in.
TEST_F(TraceTest, WhoOutlivesItsParentMovesToALaneOfItsOwn) {
  const std::string log = temp_ / "outlives";
  {
    Script script(log);
    script.Snapshot({{1, 0, 0, "systemd"}});
    Begin(script, 6000, 200, 1, 0, "sh");
    Begin(script, 6010, 201, 200, 6000, "server");
    Begin(script, 6020, 202, 201, 6010, "worker");
    script.Exit(6030, 202, 6020, {.comm = "worker", .ppid = 201});
    script.Exit(6040, 200, 6000, {.comm = "sh", .ppid = 1});
    Begin(script, 6050, 203, 201, 6010, "worker");
    script.Exit(6060, 203, 6050, {.comm = "worker", .ppid = 201});
    script.Exit(6070, 201, 6010, {.comm = "server", .ppid = 1});
  }
  EXPECT_THAT(Lines("--format trace --log " + log), Not(IsEmpty()));
  const std::string only = log_path_;
  log_path_ = log;
  EXPECT_THAT(Bars("--filter ended"), ElementsAre("worker 1 6020+10", "sh 1 6000+40",
                                                  "worker 2 6050+10", "server 2 6010+60"));
  log_path_ = only;
}

// It was last seen when it bore a child, which lived longer: that bar does not lie within its own.
TEST_F(TraceTest, WhoIsLostIsDrawnUpToWhenItWasSeen) {
  const std::string log = temp_ / "lost";
  {
    Script script(log);
    script.Snapshot({{1, 0, 0, "systemd"}});
    Begin(script, 6000, 200, 1, 0, "sh");
    Begin(script, 6010, 201, 200, 6000, "cc");
    script.Exit(6500, 201, 6010, {.comm = "cc", .ppid = 200});
    Begin(script, 6600, 200, 1, 0, "next");
    Begin(script, 20'000, 202, 1, 0, "late");
    script.Exit(20'010, 202, 20'000, {.comm = "late", .ppid = 1});
  }
  log_path_ = log;
  EXPECT_THAT(Bars("--filter '!running'"),
              ElementsAre("cc 1 6010+490", "sh 2 6000+10", "late 3 20000+10"));
}

// Its bars stand and last as they did.
TEST_F(TraceTest, TheWallClockMayBeSet) {
  const std::string log = temp_ / "set";
  {
    Script script(log);
    script.Snapshot({{1, 0, 0, "systemd"}});
    Begin(script, 6000, 200, 1, 0, "sh");
    Begin(script, 6010, 201, 200, 6000, "first");
    script.Exit(6020, 201, 6010, {.comm = "first", .ppid = 200});
    script.log().At(6030);
    script.log().writer().Append(Clock{.time_ns = ScriptedLog::Ns(6030),
                                       .realtime_ns = kScriptRealtimeNs - 3'600'000'000'000});
    Begin(script, 6040, 202, 200, 6000, "second");
    script.Exit(6050, 202, 6040, {.comm = "second", .ppid = 200});
    script.Exit(6060, 200, 6000, {.comm = "sh", .ppid = 1});
  }
  log_path_ = log;
  EXPECT_THAT(Bars("--filter ended"),
              ElementsAre("first 1 6010+10", "second 1 6040+10", "sh 1 6000+60"));
  EXPECT_THAT(Run("export --format trace --comm second --log LOG").out,
              HasSubstr(R"("start_time":"2026-09-21T13:13:20.010000+00:00")"));
}

}  // namespace
}  // namespace daybook
