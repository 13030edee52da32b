// Lives that share a record, beside the same lives that have one each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "daybook/life_pack.h"
#include "daybook/whole_life.h"
#include "program_runner.h"
#include "scripted_log.h"
#include "support/a_life.h"

namespace daybook {

// A record of a type that this version does not know.
template <uint8_t kNumber>
struct Stranger {
  uint64_t time_ns = 0;
};
template <uint8_t kNumber>
struct Schema<Stranger<kNumber>> {
  static constexpr uint8_t kType = kNumber;
  static constexpr std::string_view kName = "stranger";
  static constexpr std::string_view kText = "Unknown.";
  static constexpr auto kFields = FieldTable{
      Field{"time", &Stranger<kNumber>::time_ns, Wire::kTime, Unit::kNanoseconds, "When it was."}};
};
using Novelty = Stranger<0x7E>;  // an event of a newer version
using Foreign = Stranger<0x80>;  // of another program

namespace {

using testing::HasSubstr;
using testing::Not;

constexpr uint64_t kMs = 1'000'000;
constexpr uint32_t kLives = 60;

class PackedLivesTest : public ProgramRunner {
 protected:
  // The script's shell, which is process 100, bears all of them, two in each millisecond.
  static WholeLife LifeOf(uint32_t number) {
    const uint64_t start_ns = 6'000 * kMs + number * kMs / 2 / 1000 * 1000;
    LifeParts parts =
        number % 7 == 3 ? ALife(200 + number, start_ns) : ALifeWithoutExec(200 + number, start_ns);
    parts.fork.ppid = 100;
    parts.exit.ppid = 100;
    parts.fork.parent_start_ns = parts.exit.parent_start_ns = 2'000 * kMs;
    parts.exit.cpu_us = 1000 + number;
    parts.exit.wait_status = number % 5 == 0 ? 9 : 0;
    return Join(parts).value();
  }

  static void Write(const std::string& path, bool packs) {
    ScriptedLog log(path);
    log.Snapshot(5000);
    log.At(6500);
    for (uint32_t number = 0; number < kLives; ++number) {
      const WholeLife life = LifeOf(number);
      packs ? log.writer().AppendPacked(life) : log.writer().Append(life);
    }
    log.At(7000);
  }

  // But for how many records, and where, they are the same.
  static std::string WithoutPlaces(std::string text) {
    text = std::regex_replace(text, std::regex(R"("file":"[^"]*","offset":\d+,"seq":\d+,)"), "");
    text = std::regex_replace(text, std::regex(R"("records":\d+)"), "");
    return std::regex_replace(text, std::regex("records [0-9]+"), "");
  }
};

TEST_F(PackedLivesTest, EveryReportSaysTheSame) {
  Write(log_path_, true);
  const std::string plain = temp_ / "plain";
  Write(plain, false);
  ASSERT_THAT(Run("dump --log LOG --output tsv --columns type").out, HasSubstr("\nlives\n"));
  for (const std::string report :
       {"list --output json", "list --output csv --filter 'under(100)'", "summary --by comm,status",
        "jobs --output json", "tree", "why 250", "ps --at '2026-09-21 14:13:21.010'", "spawn",
        "failures --output json", "identity", "report --since @0 --until @1790000002 --output json",
        "list --since '2026-09-21 14:13:21.010' --until '2026-09-21 14:13:21.012' --output json",
        "list --filter 'descends_from(pid == 100) && !ok' --output json"}) {
    SCOPED_TRACE(report);
    const Answer packed = Run(report + " --log LOG");
    const Answer each = Run(report + " --log " + plain);
    EXPECT_EQ(packed.status, each.status) << packed.err;
    EXPECT_EQ(WithoutPlaces(packed.out), WithoutPlaces(each.out));
    EXPECT_GT(packed.out.size(), 100U);
  }
}

TEST_F(PackedLivesTest, DumpShowsTheRecordAndEachLifeAsOne) {
  Write(log_path_, true);
  const std::string plain = temp_ / "plain";
  Write(plain, false);
  const std::string ask = "dump --output jsonl --columns type,fields --log ";
  const std::string packed = Run(ask + log_path_).out;
  EXPECT_THAT(packed, HasSubstr("{\"type\":\"lives\",\"fields\":{\"time\":6000"));
  const auto lives_of = [](const std::string& text) {
    std::string lives;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("{\"type\":\"life\"")) lives += line + "\n";
    }
    return lives;
  };
  EXPECT_EQ(lives_of(packed), lives_of(Run(ask + plain).out));
  EXPECT_EQ(std::ranges::count(lives_of(packed), '\n'), kLives);
}

TEST_F(PackedLivesTest, DumpShowsOfAWindowOnlyTheLivesInIt) {
  Write(log_path_, true);
  const std::string out =
      Run("dump --log LOG --output tsv --columns type --since '2026-09-21 14:13:21.010' "
          "--until '2026-09-21 14:13:21.012'")
          .out;
  EXPECT_THAT(out, HasSubstr("lives\nlife\nlife\nlife\nlife\n"));
  EXPECT_THAT(out, Not(HasSubstr("life\nlife\nlife\nlife\nlife\n")));
}

TEST_F(PackedLivesTest, InfoCountsAllThatTheyTell) {
  Write(log_path_, true);
  const std::string plain = temp_ / "plain";
  Write(plain, false);
  const std::string ask = "info --output csv --columns events,start_time,end_time --log ";
  EXPECT_EQ(Run(ask + log_path_).out, Run(ask + plain).out);
  EXPECT_THAT(Run("info --log LOG").out, HasSubstr(", 60 processes ended: "));
}

// The last of them says more than it has; the others are there.
TEST_F(PackedLivesTest, OneThatIsMalformedIsCountedAndItsOthersAreUsed) {
  {
    ScriptedLog log(log_path_);
    log.Snapshot(5000);
    log.At(6500);
    LifePacker packer;
    ASSERT_TRUE(packer.Add(LifeOf(1)));
    ASSERT_TRUE(packer.Add(LifeOf(2)));
    Lives lives = packer.lives();
    ++lives.count;
    log.writer().Append(lives);
    log.At(7000);
  }
  const Answer answer = Run("list --log LOG --output csv --columns pid --sort pid");
  EXPECT_EQ(answer.out, "pid\n1\n100\n201\n202\n");
  EXPECT_EQ(answer.status, 4);
  EXPECT_THAT(Run("list --log LOG").out, HasSubstr(", malformed 1"));
  EXPECT_THAT(Run("dump --log LOG").out, HasSubstr(" count=3 execs=0 lives="));
}

TEST_F(PackedLivesTest, DumpShowsARecordThatHoldsNone) {
  {
    ScriptedLog log(log_path_);
    log.At(6000);
    log.writer().Append(Lives{.time_ns = 6'000 * kMs, .last_time_ns = 6'000 * kMs});
    log.At(7000);
  }
  EXPECT_THAT(Run("dump --log LOG").out, HasSubstr(" count=0 execs=0 lives="));
}

TEST_F(PackedLivesTest, EventsThatOnlyANewerVersionKnowsAreCounted) {
  {
    ScriptedLog log(log_path_);
    log.At(6000);
    log.writer().Append(Novelty{6'000 * kMs});
    log.writer().Append(Novelty{6'000 * kMs});
    log.writer().Append(Foreign{6'000 * kMs});
    log.At(7000);
  }
  const Answer list = Run("list --log LOG");
  EXPECT_EQ(list.status, 4);
  EXPECT_THAT(list.out, HasSubstr(", of a newer version 2"));
  const Answer report = Run("report --since @0 --section coverage --output csv --log LOG");
  EXPECT_EQ(report.status, 4);
  EXPECT_THAT(report.out, HasSubstr("\nunknown_records,1,2,0,,,,\n"));
  EXPECT_EQ(Run("report --since @0 --only-exceptions --fail-on lost --log LOG").status, 1);
  // What shows or keeps them, too, lacks nothing; it says how many.
  const Answer info = Run("info --log LOG --output json");
  EXPECT_EQ(info.status, 0);
  EXPECT_THAT(info.out, HasSubstr("\"unknown_records\":2,"));
  EXPECT_EQ(Run("dump --log LOG").status, 0);
  EXPECT_EQ(Run("verify --log LOG").status, 0);
}

}  // namespace
}  // namespace daybook
