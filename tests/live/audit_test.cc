// Every fork that the kernel counts is in the log, or told of as missed.

#include "host.h"
#include "live/support/live_test.h"

namespace daybook {
namespace {

using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

constexpr uint64_t kForks = 3000;

void MakeForks(uint64_t count) {
  ASSERT_EQ(WaitFor(SpawnActor({"forks", std::to_string(count)})).status, 0);
}

Recorder About(const KeptLog& log, RecorderEvent event, size_t number = 0) {
  std::vector<Recorder> found;
  for (const Recorder& record : log.All<Recorder>()) {
    if (record.event == event) found.push_back(record);
  }
  return found.at(number);
}

uint64_t Ahead(const auto& counts) { return *counts.kernel_forks - *counts.forks_seen; }

class AuditTest : public LiveTest {
 protected:
  const TempFolder temp_;
  const std::string folder_ = temp_ / "log";
};

TEST_F(AuditTest, TheHooksCountIsTheKernels) {
  Daybookd recorder(folder_);
  const pid_t one = SpawnActor({"forks", "20000"});
  const pid_t other = SpawnActor({"forks", "20000"});
  WaitFor(one);
  WaitFor(other);
  recorder.Stop();
  const KeptLog log = ReadLog(folder_);
  EXPECT_THAT(log.All<Lost>(), IsEmpty());
  const Recorder start = About(log, RecorderEvent::kStart);
  const Recorder stop = About(log, RecorderEvent::kStop);
  EXPECT_GE(*stop.forks_seen - *start.forks_seen, 40'000u);
  EXPECT_EQ(Ahead(stop), Ahead(start));
  // Processes in the log, and threads that were only counted.
  EXPECT_GE(log.All<Fork>().size(), 40'000u);
  const auto audits = log.All<Audit>();
  EXPECT_THAT(audits, testing::Not(IsEmpty()));
  for (const Audit& audit : audits) {
    if (!audit.kernel_forks) continue;
    EXPECT_EQ(Ahead(audit), Ahead(start));
  }
}

TEST_F(AuditTest, WhatHappenedBetweenTwoRecordersIsCounted) {
  { Daybookd(folder_).Stop(); }
  const uint64_t before = *KernelForks();
  MakeForks(kForks);
  const uint64_t after = *KernelForks();
  { Daybookd(folder_).Stop(); }
  const KeptLog log = ReadLog(folder_);
  const auto gaps = log.All<RecordingGap>();
  ASSERT_THAT(gaps, SizeIs(1));
  const uint64_t expected =
      Ahead(About(log, RecorderEvent::kStart, 1)) - *About(log, RecorderEvent::kStop).kernel_forks;
  EXPECT_THAT(gaps[0].missed_forks, Optional(expected));
  EXPECT_GE(gaps[0].missed_forks, after - before);
  EXPECT_LT(gaps[0].missed_forks, after - before + 100) << "the two programs' own threads";
  EXPECT_LE(gaps[0].first_time_ns, gaps[0].last_time_ns);
}

TEST_F(AuditTest, AfterACrashTheGapIsWhatIsNotInTheLog) {
  pid_t parent = 0;
  {
    Daybookd recorder(folder_);
    parent = SpawnActor({"forks", std::to_string(kForks)});
    std::this_thread::sleep_for(std::chrono::milliseconds(40));
    recorder.Stop(SIGKILL);
    ASSERT_EQ(WaitFor(parent).status, 0);
  }
  { Daybookd(folder_).Stop(); }
  const KeptLog log = ReadLog(folder_);
  const auto gaps = log.All<RecordingGap>();
  ASSERT_THAT(gaps, SizeIs(1));
  const uint64_t recorded = ChildrenOf(log, parent).size();
  EXPECT_GE(gaps[0].missed_forks, kForks - recorded);
  EXPECT_LT(gaps[0].missed_forks, kForks - recorded + 100) << "of others";
}

TEST_F(AuditTest, TheFirstRecorderOfALogHasMissedNothing) {
  { Daybookd(folder_).Stop(); }
  EXPECT_THAT(ReadLog(folder_).All<RecordingGap>(), IsEmpty());
}

}  // namespace
}  // namespace daybook
