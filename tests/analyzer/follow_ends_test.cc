// When following a log ends, with which status, and what cannot be followed at all.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <optional>
#include <string>

#include "follow_fixture.h"
#include "scripted_log.h"

namespace daybook {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(FollowTest, EndsWhenNobodyReadsAnyMoreAlsoWhereNothingHappens) {
  ScriptedLog log(log_path_);
  log.Snapshot(5000);
  log.Flush();
  Followed followed(Asking({}));
  ExpectReady(followed);
  followed.StopReading();
  EXPECT_EQ(followed.End(), 0);
}

TEST_F(FollowTest, EndsAtOnceWhereItIsAskedToAlsoWhileItsReaderStalls) {
  for (const std::string format : {"csv", "text"}) {
    std::filesystem::remove_all(log_path_);
    ScriptedLog log(log_path_);
    log.Snapshot(5000);
    log.Flush();
    Followed followed({"--log", log_path_, "--output", format});
    EXPECT_NE(followed.Line(), "(end)");
    for (uint32_t i = 0; i < 2000; ++i) Live(log, 6000 + 20 * i, 1000 + i, "stalled");
    followed.AwaitFullPipe();
    followed.Signal(SIGINT);
    ASSERT_TRUE(followed.EndsSoon()) << format;
    EXPECT_EQ(followed.End(), 0);
  }
}

TEST_F(FollowTest, EndsAtATime) {
  ScriptedLog log(log_path_);
  log.Snapshot(5000);
  log.Flush();
  Followed followed(Asking({"--until", "+1s"}));
  ExpectReady(followed);
  EXPECT_EQ(followed.Line(), "(end)");
  EXPECT_EQ(followed.End(), 0);
}

// It reads the newest segments only.
TEST_F(FollowTest, OfATimeBeforeItDoesNotSayThatNobodyRecorded) {
  {
    ScriptedLog log(log_path_);
    log.Snapshot(5000);
    for (uint64_t ms = 20'000; ms < 60'000; ms += 10'000) {
      log.Rotate(ms);
      log.Snapshot(ms);
    }
  }
  const Answer answer = Run("follow --log LOG -U '2026-09-21 14:13:25'");
  EXPECT_EQ(answer.status, 0);
  EXPECT_THAT(answer.out, Not(HasSubstr("nobody recorded")));
  EXPECT_THAT(Run("follow --log LOG -S '2026-09-21 14:00' -U '2026-09-21 14:01'").out,
              HasSubstr("-- on web1 nobody recorded until 2026-09-21 14:13:20"));
}

TEST_F(FollowTest, EndsWithAnErrorWhereTheFolderIsRemoved) {
  std::optional<ScriptedLog> log(log_path_);
  log->Snapshot(5000);
  log.reset();
  Followed followed(Asking({}));
  ExpectReady(followed);
  std::filesystem::remove_all(log_path_);
  EXPECT_EQ(followed.End(), 3);
}

// Its segment is still open then, by us and by the recorder; and a new recorder may make it anew.
TEST_F(FollowTest, EndsWithAnErrorWhereTheFolderOfAnUnfinishedSegmentIsRemoved) {
  for (const bool is_made_anew : {false, true}) {
    ScriptedLog log(log_path_);
    log.Snapshot(5000);
    log.Flush();
    Followed followed(Asking({}));
    ExpectReady(followed);
    std::filesystem::remove_all(log_path_);
    if (is_made_anew) std::filesystem::create_directory(log_path_);
    EXPECT_EQ(followed.End(), 3);
    std::filesystem::remove_all(log_path_);
  }
}

TEST_F(FollowTest, OnlyOneFolderCanBeFollowed) {
  const ScriptedLog log(log_path_);
  for (const std::string rest : {"--log LOG/daybook-00000001.dbk", "--log LOG --log LOG"}) {
    const Answer answer = Run("follow " + rest);
    EXPECT_EQ(answer.status, 3);
    EXPECT_EQ(answer.err,
              "daybook: follow: one folder that is written to can be followed; list reads anything "
              "else\n");
  }
  const Answer answer = Run("follow --log LOG --sort pid");
  EXPECT_EQ(answer.status, 2);
  EXPECT_THAT(answer.err, HasSubstr("not expected: '--sort'"));
}

}  // namespace
}  // namespace daybook
