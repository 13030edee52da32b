// What the program says of logs that are damaged or not all there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <memory>
#include <string>

#include "program_runner.h"
#include "scripted_log.h"

namespace daybook {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ProgramDamageTest : public ProgramRunner {
 protected:
  // In the first segment of that log.
  static void Damage(const std::string& log, std::initializer_list<std::streamoff> places) {
    std::fstream file(log + "/daybook-00000001.dbk", std::ios::in | std::ios::out);
    for (const std::streamoff place : places) file.seekp(place).put('!');
  }
};

TEST_F(ProgramDamageTest, DamageIsFourAndEverythingElseIsShown) {
  const std::string path = temp_ / "damaged";
  {
    ScriptedLog log(path);
    for (uint32_t i = 0; i < 2000; ++i) log.Fork(6000 + i, 1000 + i, 100, 2000);
  }
  Damage(path, {20'000});
  const Answer answer = Run("list --output json --columns pid --log " + path);
  EXPECT_EQ(answer.status, 4);
  EXPECT_EQ(answer.err, "");
  EXPECT_THAT(answer.out, HasSubstr("{\"pid\":1000}"));
  EXPECT_THAT(answer.out, HasSubstr("{\"pid\":2999}"));
  EXPECT_THAT(answer.out, HasSubstr(",\"gaps\":1,"));
  const Answer lines = Run("list --output jsonl --log " + path);
  EXPECT_EQ(lines.status, 4);
  EXPECT_THAT(lines.err, StartsWith("daybook: the log is not complete -- "));
  EXPECT_THAT(lines.err, HasSubstr(" bytes, gaps 1\n"));
  EXPECT_THAT(Run("dump --output jsonl --columns type,fields,gap --log " + path).out,
              HasSubstr("{\"type\":\"gap\",\"gap\":{\"begin\":"));
  EXPECT_THAT(Run("dump --output jsonl --columns gap --log " + path).out, StartsWith("{}\n{}\n"))
      << "of what no column tells";
}

// Nobody knows of which time it is: it may be of any.
TEST_F(ProgramDamageTest, DamageAtTheHeadOfTheOnlySegmentIsInEachPageAndRollUp) {
  const std::string path = temp_ / "headless";
  {
    ScriptedLog log(path);
    for (uint32_t pid = 1000; pid < 1400; ++pid) {
      log.Fork(6000, pid, 1, 0);
      log.Exit(6100, pid, 6000, 0, "sh", 1);
    }
  }
  for (const auto& file : std::filesystem::directory_iterator(path)) {
    std::fstream segment(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    segment << std::string(600, '\xAA');
  }
  for (const std::string day : {"-S 2026-09-21 -U 2026-09-22", "-S 2026-10-30 -U 2026-10-31"}) {
    const Answer page = Run("report --fail-on damage --log " + path + " " + day);
    EXPECT_EQ(page.status, 1) << day;
    EXPECT_THAT(page.out, HasSubstr("Not in the log"));
    const std::string partial = temp_ / day;
    EXPECT_EQ(
        Run("report --quiet --log " + path + " " + day + " --partial '" + partial + "'").status, 4);
    const Answer merged = Run("merge --output json '" + partial + "'");
    EXPECT_THAT(merged.out, Not(HasSubstr("\"damaged_bytes\":0,"))) << merged.out;
    EXPECT_EQ(merged.status, 4);
  }
}

TEST_F(ProgramDamageTest, EventsThatTheRecorderLostAreFour) {
  const std::string path = temp_ / "lossy";
  {
    ScriptedLog log(path);
    log.writer().Append(Lost{.first_time_ns = ScriptedLog::Ns(6000),
                             .last_time_ns = ScriptedLog::Ns(7000),
                             .forks = 2,
                             .exits = 3});
  }
  const Answer answer = Run("summary --log " + path);
  EXPECT_EQ(answer.status, 4);
  EXPECT_THAT(answer.out, HasSubstr("; lost 5, damaged 0 bytes\n"));
}

// ---- verify ----

constexpr char kVerdicts[] = " --output csv --columns row,segment_no,verdict,lost";

// Three segments with one fork each.
void WriteThreeSegments(const std::string& path) {
  ScriptedLog log(path);
  log.Fork(6000, 201, 100, 2000);
  log.Rotate(7000);
  log.Fork(8000, 202, 100, 2000);
  log.Rotate(9000);
  log.Fork(10000, 203, 100, 2000);
}

TEST_F(ProgramDamageTest, VerifySaysThatASegmentIsMissingAndWhatItHeld) {
  const std::string path = temp_ / "three";
  WriteThreeSegments(path);
  EXPECT_EQ(Run("verify --log " + path).status, 0);
  std::filesystem::remove(path + "/daybook-00000002.dbk");
  const Answer answer = Run("verify --log " + path + kVerdicts);
  EXPECT_EQ(answer.status, 4);
  EXPECT_EQ(answer.out,
            "row,segment_no,verdict,lost\n"
            "segment,1,complete,0\n"
            "missing,2,missing,1\n"
            "segment,3,complete,0\n");
  std::filesystem::remove(path + "/daybook-00000001.dbk");
  EXPECT_EQ(Run("verify --log " + path).status, 0) << "it was pruned";
}

TEST_F(ProgramDamageTest, VerifyKnowsASegmentThatIsStillWritten) {
  const std::string path = temp_ / "live";
  auto log = std::make_unique<ScriptedLog>(path);
  log->Fork(6000, 201, 100, 2000);
  log->Rotate(7000);
  log->Fork(8000, 202, 100, 2000);
  log->Flush();
  const std::string live = "row,segment_no,verdict,lost\nsegment,1,complete,0\nsegment,2,live,0\n";
  Answer answer = Run("verify --log " + path + kVerdicts);
  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(answer.out, live);
  const std::string files =
      " --log " + path + "/daybook-00000001.dbk --log " + path + "/daybook-00000002.dbk";
  EXPECT_EQ(Run("verify" + files + kVerdicts).out, live);
  log->Abandon();
  log.reset();
  answer = Run("verify --log " + path + kVerdicts);
  EXPECT_EQ(answer.status, 1);
  EXPECT_THAT(answer.out, HasSubstr("segment,2,open,0\n"));
}

TEST_F(ProgramDamageTest, VerifyKnowsBytesThatOnlyTheNextSegmentTellsOf) {
  const std::string path = temp_ / "cut";
  {
    ScriptedLog log(path);
    log.Fork(6000, 201, 100, 2000);
    log.Flush();
    log.Fork(7000, 202, 100, 2000);
    log.Abandon();
  }
  ScriptedLog(path).Close();
  EXPECT_THAT(Run("verify --log " + path + kVerdicts).out, HasSubstr("segment,1,open,0\n"));
  // Behind the first MARK.
  const std::string dump = Run("dump --output csv --columns offset,seq,type --log " + path).out;
  const size_t fork = dump.find(",2,fork");
  ASSERT_NE(fork, std::string::npos);
  const size_t line = dump.rfind('\n', fork) + 1;
  std::filesystem::resize_file(path + "/daybook-00000001.dbk",
                               std::stoul(dump.substr(line, fork - line)));
  const Answer answer = Run("verify --log " + path + kVerdicts + ",detail");
  EXPECT_THAT(answer.out, HasSubstr("segment,1,truncated,1,"));
  EXPECT_THAT(answer.out, HasSubstr("bytes are left of"));
  EXPECT_EQ(answer.status, 1) << "nobody had promised that they were on disk";
}

TEST_F(ProgramDamageTest, VerifyFindsEveryGapAndGoesOnToTheEnd) {
  const std::string path = temp_ / "gaps";
  {
    ScriptedLog log(path);
    for (uint32_t i = 0; i < 3000; ++i) log.Fork(6000 + i, 1000 + i, 100, 2000);
  }
  Damage(path, {20'000, 40'000});
  const Answer answer = Run("verify --output json --log " + path);
  EXPECT_EQ(answer.status, 4);
  EXPECT_EQ(answer.err, "");
  EXPECT_THAT(answer.out, HasSubstr("\"wrong_byte\":20000,\"byte_is\":33,"));
  EXPECT_THAT(answer.out, HasSubstr("\"detail\":\"byte 40000 is 21, was "));
  EXPECT_EQ(Run("verify --log " + path + " -o /dev/null").status, 4);
}

// ---- salvage, and what is proved by nothing ----

TEST_F(ProgramDamageTest, SalvagedLivesAreMarkedAndChangeNoOther) {
  const std::string path = temp_ / "damaged";
  {
    ScriptedLog log(path);
    for (uint32_t i = 0; i < 2000; ++i) {
      log.Fork(6000 + i, 1000 + i, 100, 2000);
      log.Exit(6000 + i, 1000 + i, 6000 + i, 0, "x", 1);
    }
  }
  Damage(path, {20'000});
  const std::string columns = " --output csv --sort pid --columns pid,state,end_time,proof";
  const std::string without = Run("list --log " + path + columns).out;
  std::string with = Run("list --salvaged --log " + path + columns).out;
  EXPECT_THAT(without, Not(HasSubstr("salvaged")));
  uint64_t salvaged = 0;
  for (size_t at = 0; (at = with.find(",salvaged\n")) != std::string::npos;) {
    const size_t begin = with.rfind('\n', at) + 1;
    with.erase(begin, with.find('\n', at) + 1 - begin);
    ++salvaged;
  }
  EXPECT_EQ(with, without);
  EXPECT_GT(salvaged, 20U);
  // Only with it the column stands there by itself, and totals are the same.
  EXPECT_THAT(Run("list --salvaged --output csv --log " + path).out,
              HasSubstr("state,oom,proof\n"));
  EXPECT_THAT(Run("list --output csv --log " + path).out, Not(HasSubstr("proof")));
  EXPECT_THAT(Run("dump --salvaged --output csv --log " + path).out,
              HasSubstr("file,offset,seq,proof,type,fields,gap\n"));
  const std::string line = Run("list --log " + path).out;
  const std::string salvaged_line = Run("list --salvaged --log " + path).out;
  EXPECT_THAT(salvaged_line, HasSubstr(", salvaged and not counted "));
  const auto processes = [](const std::string& text) {
    const size_t at = text.find("; processes ");
    return text.substr(at, text.find(", gaps", at) - at);
  };
  EXPECT_EQ(processes(salvaged_line), processes(line));
}

TEST_F(ProgramDamageTest, ASalvageIsALogWithoutTheDamage) {
  const std::string path = temp_ / "damaged";
  WriteThreeSegments(path);
  const std::string out = temp_ / "salvaged";
  Answer answer = Run("salvage " + path + " -o " + out + " --output csv");
  EXPECT_EQ(answer.status, 0) << answer.err;
  EXPECT_THAT(answer.out, HasSubstr(",3,daybook-00000003.dbk,"));
  EXPECT_EQ(Run("list --output jsonl --log " + out).out,
            Run("list --output jsonl --log " + path).out);
  EXPECT_EQ(Run("verify --log " + out).status, 0);

  const std::string torn = path + "/daybook-00000003.dbk";
  std::filesystem::resize_file(torn, std::filesystem::file_size(torn) - 10);
  answer = Run("salvage " + torn + " -o " + (temp_ / "once"));
  EXPECT_EQ(answer.status, 4);
  EXPECT_EQ(Run("verify --log " + (temp_ / "once")).status, 1);
  EXPECT_EQ(Run("list --log " + (temp_ / "once")).status, 0);
}

TEST_F(ProgramDamageTest, ASalvageWritesOnlyIntoAnEmptyFolder) {
  const std::string path = temp_ / "log3";
  WriteThreeSegments(path);
  const std::string before = Run("dump --output jsonl --log " + path).out;
  EXPECT_EQ(Run("salvage " + path + " -o " + path).status, 2);
  EXPECT_EQ(Run("salvage " + path + " -o " + path + "/inside").status, 2);
  EXPECT_FALSE(std::filesystem::exists(path + "/inside"));
  EXPECT_EQ(Run("salvage " + path + " -o " + path + "/daybook-00000001.dbk").status, 2);
  EXPECT_EQ(Run("salvage " + path + " -o /nowhere/out").status, 2);
  EXPECT_EQ(Run("salvage " + path).status, 2);
  EXPECT_EQ(Run("salvage -o " + (temp_ / "new")).status, 2);
  EXPECT_EQ(Run("salvage /nowhere/log -o " + (temp_ / "new")).status, 3);
  EXPECT_FALSE(std::filesystem::exists(temp_ / "new"));
  EXPECT_EQ(Run("dump --output jsonl --log " + path).out, before);
}

}  // namespace
}  // namespace daybook
