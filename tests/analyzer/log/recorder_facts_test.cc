// What the recorder says of its own work is in the coverage of every report.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>

#include "analyzer/report_runner.h"
#include "analyzer/scripted_log.h"
#include "daybook/abilities.h"
#include "output/coverage_text.h"
#include "output/output.h"
#include "time/local_zone.h"

namespace daybook {
namespace {

using testing::HasSubstr;
using testing::Not;

class RecorderFactsTest : public testing::Test {
 protected:
  // The kernel's count of forks, and the hooks'.
  void Start(uint64_t kernel, uint64_t seen, std::string_view abilities = "fork") {
    log_.writer().Append(
        Recorder{.kernel_forks = kernel, .forks_seen = seen, .abilities = abilities});
  }
  void TakeOver(uint64_t kernel, uint64_t seen) { Start(kernel, seen, "fork continued"); }
  void Stop(uint64_t kernel, uint64_t seen) {
    log_.writer().Append(
        Recorder{.event = RecorderEvent::kStop, .kernel_forks = kernel, .forks_seen = seen});
  }
  void Count(uint64_t kernel, uint64_t seen) {
    log_.writer().Append(Audit{.forks_seen = seen, .kernel_forks = kernel});
  }

  Coverage Read() {
    log_.Close();
    return RunReport(kDumpReport, Asked{.paths = {path_}}).coverage;
  }

  TempFolder temp_;
  std::string path_ = temp_ / "log";
  ScriptedLog log_{path_};
};

TEST_F(RecorderFactsTest, WhatTheKernelCountsBeyondTheHooksIsUnseen) {
  Start(100, 0);
  Count(150, 50);
  Count(170, 67);
  Count(180, 77);
  EXPECT_EQ(Read().unseen_forks, 3U);
}

TEST_F(RecorderFactsTest, EachRecorderCountsFromItsOwnStart) {
  Start(100, 0);
  Stop(150, 50);
  Start(200, 0);
  Count(230, 30);
  EXPECT_EQ(Read().unseen_forks, 0U);
}

TEST_F(RecorderFactsTest, WhoTakesOverCountsOn) {
  Start(100, 0);
  Count(150, 50);
  TakeOver(165, 63);
  Count(180, 78);
  TakeOver(200, 98);
  Stop(205, 102);
  EXPECT_EQ(Read().unseen_forks, 3U);
}

// Forks came without a pause.
TEST_F(RecorderFactsTest, TheStartOfWhoTakesOverMayTellTooMany) {
  Start(100, 0);
  TakeOver(165, 60);
  Count(170, 70);
  EXPECT_EQ(Read().unseen_forks, 0U);
}

TEST_F(RecorderFactsTest, WhereNothingIsLeftOfTheFirstOneTheNextIsTheBegin) {
  TakeOver(165, 60);
  Count(170, 62);
  EXPECT_EQ(Read().unseen_forks, 3U);
}

TEST_F(RecorderFactsTest, AMissingStartIsNoUnseenFork) {
  Start(100, 0);
  Count(150, 50);
  log_.Rotate(2000);
  Start(300, 0);
  log_.Rotate(3000);
  TakeOver(400, 100);
  Count(410, 110);
  log_.Close();
  std::filesystem::remove(path_ + "/daybook-00000002.dbk");
  const Coverage coverage = RunReport(kDumpReport, Asked{.paths = {path_}}).coverage;
  EXPECT_EQ(coverage.missing_records, 1U);
  EXPECT_EQ(coverage.unseen_forks, 0U);
}

TEST_F(RecorderFactsTest, WhatTheRecorderWasToLeaveOutIsTold) {
  const LocalZone utc = LocalZone::Utc();
  EXPECT_THAT(CoverageLine(Coverage(), utc), Not(HasSubstr("filter")));
  log_.writer().Append(Info{.key = kFilterInfo, .value = "--only-failed"});
  log_.writer().Append(Info{.key = kFilterInfo, .value = "--only-failed --only-uid \x1b"});
  const Coverage coverage = Read();
  EXPECT_THAT(CoverageLine(coverage, utc),
              HasSubstr("; filter of the recorder: --only-failed, --only-failed --only-uid \\x1b"));
  std::string json;
  AppendJsonCoverage(coverage, utc, &json);
  EXPECT_THAT(json, HasSubstr(R"("filter":"--only-failed, --only-failed --only-uid \u001b")"));
}

// Of a log that somebody has made up.
TEST_F(RecorderFactsTest, NoLogMakesTheLastLineEndless) {
  for (int i = 10'000; i < 10'100; ++i) {
    const std::string filter = "--only-uid " + std::to_string(i) + std::string(2000, 'x');
    log_.writer().Append(Info{.key = kFilterInfo, .value = filter});
  }
  const std::string line = CoverageLine(Read(), LocalZone::Utc());
  EXPECT_LT(line.size(), 10'000U);
  EXPECT_THAT(line, HasSubstr("; filter of the recorder: --only-uid 10000x"));
  EXPECT_THAT(line, HasSubstr("x, others, too many to tell"));
}

TEST_F(RecorderFactsTest, ThatOthersWereHiddenIsTold) {
  const LocalZone utc = LocalZone::Utc();
  EXPECT_THAT(CoverageLine(Coverage(), utc), Not(HasSubstr("hidden")));
  log_.writer().Append(Info{.key = kOthersHidden, .value = "hidepid"});
  const Coverage coverage = Read();
  EXPECT_TRUE(coverage.others_hidden);
  EXPECT_THAT(CoverageLine(coverage, utc),
              HasSubstr("; processes of others were hidden from the recorder"));
}

}  // namespace
}  // namespace daybook
