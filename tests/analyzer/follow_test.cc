// A log is followed while it is written: nothing is missed, told twice or told too early.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "daybook/compress.h"
#include "follow_fixture.h"
#include "scripted_log.h"

namespace daybook {
namespace {

using testing::HasSubstr;

TEST_F(FollowTest, ShowsWhatEndsFromNowOnUntilItIsAskedToEnd) {
  for (const int signal : {SIGINT, SIGTERM}) {
    std::filesystem::remove_all(log_path_);
    ScriptedLog log(log_path_);
    log.Snapshot(5000);
    Live(log, 6000, 200, "before");
    Followed followed({"--log", log_path_, "--columns", "pid,comm,args,status"});
    EXPECT_EQ(followed.Line(), "    PID  COMM      ARGS  STATUS");
    Live(log, 7000, 201, "first", 1 << 8);
    EXPECT_EQ(followed.Line(), "    201  first     first  1");
    Live(log, 8000, 202, "the-longest");
    EXPECT_EQ(followed.Line(), "    202  the-longest  the-longest  0");
    Live(log, 9000, 203, "last");
    EXPECT_EQ(followed.Line(), "    203  last         last         0");
    followed.Signal(signal);
    EXPECT_THAT(followed.Line(),
                HasSubstr("processes 6, running 2, ended unseen 0; filtered 3; lost 0"));
    EXPECT_EQ(followed.Line(), "(end)");
    EXPECT_EQ(followed.End(), 0);
  }
}

TEST_F(FollowTest, BeginsEarlierAndEndsAfterSoManyOnRequest) {
  ScriptedLog log(log_path_);
  log.Snapshot(5000);
  Live(log, 6000, 200, "too-old");
  Live(log, 9000, 201, "old");
  Followed followed(Asking({"--since", "2026-09-21 14:13:24", "-n", "2"}));
  ExpectReady(followed);
  EXPECT_EQ(followed.Line(), "201,old");
  Live(log, 10'000, 202, "new");
  EXPECT_EQ(followed.Line(), "202,new");
  EXPECT_EQ(followed.Line(), "(end)");
  EXPECT_EQ(followed.End(), 0);
}

// A zombie's end, whose reap may be far away.
class FollowedZombieTest : public FollowTest {
 protected:
  FollowedZombieTest() {
    log_.RecorderStart("fork exec exit usage reap");
    log_.Snapshot(5000);
    log_.Flush();
  }
  std::vector<std::string> AskingForExact(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"--log", log_path_, "--output", "csv", "--columns", "pid,exact"});
    return more;
  }

  static std::vector<std::string> Sorted(const std::string& text) {
    std::istringstream lines(text);
    std::vector<std::string> sorted;
    for (std::string line; std::getline(lines, line);) sorted.push_back(line);
    std::ranges::sort(sorted);
    return sorted;
  }

  ScriptedLog log_{log_path_};
};

TEST_F(FollowedZombieTest, IsShownSoonWhereTheLogIsQuiet) {
  Followed followed(AskingForExact());
  EXPECT_EQ(followed.Line(), "pid,exact");
  Live(log_, 6000, 200, "zombie");
  EXPECT_EQ(followed.Line(), "200,false");
  Live(log_, 6100, 201, "zombie");
  EXPECT_EQ(followed.Line(), "201,false");
}

TEST_F(FollowedZombieTest, IsShownADrainLaterWhereTheLogGrows) {
  Followed followed(AskingForExact());
  EXPECT_EQ(followed.Line(), "pid,exact");
  Live(log_, 6000, 200, "zombie");
  log_.Fork(6300, 201, 100, 2000);
  log_.Flush();
  EXPECT_EQ(followed.Line(), "200,false");
  log_.writer().Append(Reap{.time_ns = ScriptedLog::Ns(6300),
                            .pid = 200,
                            .start_ns = ScriptedLog::Ns(6000),
                            .cpu_us = 7});
  log_.Exit(6400, 201, 6300, 0, "next", 1);
  log_.writer().Append(Reap{.time_ns = ScriptedLog::Ns(6400),
                            .pid = 201,
                            .start_ns = ScriptedLog::Ns(6300),
                            .flags = kProcUsageExact,
                            .cpu_us = 7});
  log_.Flush();
  EXPECT_EQ(followed.Line(), "201,true");
  followed.Signal(SIGINT);
  EXPECT_EQ(followed.Line(), "(end)");
}

TEST_F(FollowedZombieTest, WhoseReapIsNotWaitedForIsCounted) {
  Followed followed({"--log", log_path_, "--columns", "pid,exact"});
  EXPECT_EQ(followed.Line(), "    PID  EXACT");
  Live(log_, 6000, 200, "zombie");
  EXPECT_EQ(followed.Line(), "    200  no");
  log_.Fork(6300, 201, 100, 2000);
  log_.Exit(6400, 201, 6300, 0, "next", 1);
  log_.writer().Append(Reap{.time_ns = ScriptedLog::Ns(6400),
                            .pid = 201,
                            .start_ns = ScriptedLog::Ns(6300),
                            .flags = kProcUsageExact,
                            .cpu_us = 7});
  log_.Flush();
  EXPECT_EQ(followed.Line(), "    201  yes");
  followed.Signal(SIGINT);
  EXPECT_THAT(followed.Line(), HasSubstr("ended unseen 0, reap late or unseen 1;"));
  EXPECT_EQ(followed.Line(), "(end)");
}

TEST_F(FollowedZombieTest, AtTheEndAllIsShownThatListShows) {
  Live(log_, 6000, 200, "zombie");
  log_.Fork(6100, 201, 100, 2000);
  log_.Fork(6200, 201, 100, 2000);  // the one before has ended unseen
  Live(log_, 6300, 202, "zombie");
  const std::string ask = " --log LOG --columns pid,start,end,state,exact ";
  const std::string listed = Run("list --filter '!running' --sort pid --output csv" + ask).out;
  EXPECT_THAT(listed, HasSubstr("201,2026-09-21T14:13:21.100000+00:00,,lost,\n"));
  const Answer followed = Run("follow --since @0 --until +100ms --output csv" + ask);
  EXPECT_EQ(Sorted(followed.out), Sorted(listed));
  EXPECT_THAT(
      Run("follow --since @0 --until +100ms" + ask).out,
      HasSubstr("processes 6, running 3, ended unseen 1, reap late or unseen 1; filtered 3; lost "
                "0"));
}

TEST_F(FollowTest, TakesFilters) {
  ScriptedLog log(log_path_);
  log.Snapshot(5000);
  log.Flush();
  Followed followed(Asking({"--failed", "--filter", "comm =~ 'x'", "-n", "1"}));
  ExpectReady(followed);
  Live(log, 6000, 200, "x-fine");
  Live(log, 6100, 201, "y-bad", 1 << 8);
  Live(log, 6200, 202, "x-bad", 1 << 8);
  EXPECT_EQ(followed.Line(), "202,x-bad");
  EXPECT_EQ(followed.End(), 0);
}

TEST_F(FollowTest, SurvivesRotationCompressionAndPruning) {
  ScriptedLog log(log_path_);
  log.Snapshot(5000);
  log.Flush();
  Followed followed(Asking({}));
  ExpectReady(followed);
  auto folder = OpenLogFolder(log_path_);
  ASSERT_TRUE(folder);
  for (uint32_t i = 0; i < 20; ++i) {
    const uint64_t ms = 6000 + i * 1000;
    log.Fork(ms, 300 + i, 100, 2000);  // lives on beyond the rotation
    Live(log, ms + 100, 200 + i, "one");
    if (i != 0) log.Exit(ms + 200, 299 + i, ms - 1000, 0, "long", 1);
    log.Rotate(ms + 300);
    log.Snapshot(ms + 301);
    log.Flush();
    EXPECT_TRUE(CompressSegment(**folder, i + 1));
    if (i >= 5) std::filesystem::remove(fmt::format("{}/daybook-{:08}.dbk.zst", log_path_, i - 4));
    EXPECT_EQ(followed.Line(), fmt::format("{},one", 200 + i));
    if (i == 0) continue;
    EXPECT_EQ(followed.Line(), fmt::format("{},long", 299 + i));
  }
  followed.Signal(SIGINT);
  EXPECT_EQ(followed.Line(), "319,bash");  // lost: the last snapshot does not have it
  EXPECT_EQ(followed.Line(), "(end)");
  EXPECT_EQ(followed.End(), 0);
}

TEST_F(FollowTest, SurvivesARecorderThatIsKilledAndItsTornTailIsNoDamage) {
  std::optional<ScriptedLog> log(log_path_);
  log->Snapshot(5000);
  Live(*log, 6000, 200, "before");
  Followed followed(Asking({}));
  ExpectReady(followed);
  Live(*log, 7000, 201, "last");
  log->Abandon();
  log.reset();
  std::ofstream(log_path_ + "/daybook-00000001.dbk", std::ios::app) << "+\x91\x20\x30"
                                                                    << "torn";
  EXPECT_EQ(followed.Line(), "201,last");
  log.emplace(log_path_);
  log->Snapshot(8000);
  Live(*log, 9000, 202, "after");
  EXPECT_EQ(followed.Line(), "202,after");
  followed.Signal(SIGINT);
  EXPECT_EQ(followed.Line(), "(end)");
  EXPECT_EQ(followed.End(), 0);
}

TEST_F(FollowTest, AWriterThatIsAsFastAsItCanLosesNothing) {
  constexpr uint32_t kLives = 3000;
  ScriptedLog log(log_path_);
  log.Snapshot(5000);
  log.Flush();
  Followed followed(Asking({"-n", std::to_string(kLives)}));
  ExpectReady(followed);
  std::thread writer([&] {
    for (uint32_t i = 0; i < kLives; ++i) {
      Live(log, 6000 + 20 * i, 1000 + i, "fast");
      if (i % 500 == 499) log.Rotate(6015 + 20 * i);
    }
  });
  for (uint32_t i = 0; i < kLives; ++i) {
    ASSERT_EQ(followed.Line(), std::to_string(1000 + i) + ",fast");
  }
  EXPECT_EQ(followed.End(), 0);
  writer.join();
}

TEST_F(FollowTest, SleepsWhileNothingHappens) {
  ScriptedLog log(log_path_);
  log.Snapshot(5000);
  log.Flush();
  Followed followed(Asking({}));
  ExpectReady(followed);
  Live(log, 6000, 200, "one");
  EXPECT_EQ(followed.Line(), "200,one");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const std::string before = followed.Sleeps();
  EXPECT_THAT(before, HasSubstr("voluntary_ctxt_switches"));
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  EXPECT_EQ(followed.Sleeps(), before);
}

TEST_F(FollowTest, LooksEachSecondOnRequest) {
  ScriptedLog log(log_path_);
  log.Snapshot(5000);
  log.Flush();
  Followed followed(Asking({"--poll", "-n", "1"}));
  ExpectReady(followed);
  Live(log, 6000, 200, "one");
  EXPECT_EQ(followed.Line(), "200,one");
  EXPECT_EQ(followed.End(), 0);
}

TEST_F(FollowTest, EveryFormatStreams) {
  ScriptedLog log(log_path_);
  log.Snapshot(5000);
  Live(log, 6000, 200, "one");
  Live(log, 7000, 201, "a,b", 9);
  const std::string ask =
      "follow --log LOG --since @0 -n 2 --columns pid,comm,end,cpu,signal --output ";
  EXPECT_EQ(Run(ask + "csv").out,
            "pid,comm,end_time,cpu_us,signal\n"
            "200,one,2026-09-21T14:13:21.010000+00:00,1500,\n"
            "201,\"a,b\",2026-09-21T14:13:22.010000+00:00,1500,9\n");
  EXPECT_EQ(Run(ask + "tsv").out,
            "pid\tcomm\tend_time\tcpu_us\tsignal\n"
            "200\tone\t2026-09-21T14:13:21.010000+00:00\t1500\t\n"
            "201\ta,b\t2026-09-21T14:13:22.010000+00:00\t1500\t9\n");
  EXPECT_EQ(Run(ask + "jsonl").out,
            R"({"pid":200,"comm":"one","end_time":"2026-09-21T14:13:21.010000+00:00",)"
            R"("cpu_us":1500,"signal":null})"
            "\n"
            R"({"pid":201,"comm":"a,b","end_time":"2026-09-21T14:13:22.010000+00:00",)"
            R"("cpu_us":1500,"signal":9})"
            "\n");
  EXPECT_EQ(Run(ask + "text").out, std::string(R"(
PID  COMM  END_TIME               CPU  SIGNAL
200  one   2026-09-21 14:13:21  1.5ms  -
201  a,b   2026-09-21 14:13:22  1.5ms  SIGKILL
-- 2026-09-21 14:13:20 to 2026-09-21 14:13:22; boots 1, segments 1, records 45; processes 2, running 0, ended unseen 0, not read further than was asked for; lost 0, damaged 0 bytes
)")
                                       .substr(1));
  EXPECT_THAT(Run(ask + "md").out,
              testing::StartsWith("| PID | COMM | END\\_TIME | CPU | SIGNAL |\n"
                                  "|---:|---|---|---:|---|\n"
                                  "| 200 | one | 2026-09-21 14:13:21 | 1.5ms | - |\n"));
  EXPECT_THAT(Run(ask + "json").out, testing::StartsWith(R"({"report":"follow","rows":[)"
                                                         "\n"
                                                         R"({"pid":200,"comm":"one",)"));
}

}  // namespace
}  // namespace daybook
