// Every fork that the kernel counts is in the log, or told of as missed.

#include "live/support/live_test.h"
#include "proc/host.h"

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

// What the kernel counted from the hooks of the first recorder to those of the second, less what
// the first has recorded. Of threads only their count is in the log, and the last of them in none.
uint64_t NotRecorded(const KeptLog& log) {
  const uint64_t all =
      Ahead(About(log, RecorderEvent::kStart, 1)) - Ahead(About(log, RecorderEvent::kStart));
  const auto forks = log.segments.at(0).All<Fork>();
  const auto audits = log.segments.at(0).All<Audit>();
  if (audits.empty()) return all - forks.size();
  const Audit& last = audits.back();
  const auto counted = std::ranges::count_if(
      forks, [&last](const Fork& fork) { return fork.time_ns <= last.time_ns; });
  const uint64_t threads = *last.forks_seen - static_cast<uint64_t>(counted);
  return all - forks.size() - threads;
}

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
  EXPECT_THAT(gaps[0].missed_forks, Optional(NotRecorded(log)));
}

// When it happened, of all that is recorded as it happens.
std::vector<uint64_t> TimesOfEvents(const KeptSegment& segment) {
  std::vector<uint64_t> times;
  for (const KeptSegment::Entry& entry : segment.entries) {
    std::visit(
        [&times]<class Record>(const Record& record) {
          using R = Record;
          if constexpr (std::is_same_v<R, Fork> || std::is_same_v<R, Exec> ||
                        std::is_same_v<R, Exit> || std::is_same_v<R, Reap> ||
                        std::is_same_v<R, CommChange>) {
            times.push_back(record.time_ns);
          }
        },
        entry.record);
  }
  return times;
}

TEST_F(AuditTest, UnderAStormTheGapHasExactlyWhatIsNotInTheLog) {
  std::vector<pid_t> storm;
  {
    Daybookd recorder(folder_);
    for (int i = 0; i < 2; ++i) storm.push_back(SpawnActor({"forks", "30000"}));
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    recorder.Stop(SIGKILL);
  }
  Daybookd second(folder_);
  for (const pid_t parent : storm) ASSERT_EQ(WaitFor(parent).status, 0);
  second.Stop();
  const KeptLog log = ReadLog(folder_);
  ASSERT_THAT(log.segments, SizeIs(2));
  EXPECT_THAT(log.All<Lost>(), IsEmpty());
  const auto gaps = log.All<RecordingGap>();
  ASSERT_THAT(gaps, SizeIs(1));
  uint64_t missing = 0;
  for (const pid_t parent : storm) missing += 30'000 - ChildrenOf(log, parent).size();
  EXPECT_GT(missing, 0u) << "the storm was over before";
  EXPECT_GE(gaps[0].missed_forks, missing);
  EXPECT_THAT(gaps[0].missed_forks, Optional(NotRecorded(log)));
  const auto before = TimesOfEvents(log.segments[0]);
  const auto after = TimesOfEvents(log.segments[1]);
  ASSERT_FALSE(before.empty() || after.empty());
  EXPECT_LE(std::ranges::max(before), gaps[0].first_time_ns);
  // The kernel notes when a process is born before it tells of it.
  constexpr uint64_t kMostOfABirthNs = 5'000'000;
  EXPECT_GE(std::ranges::min(after) + kMostOfABirthNs, gaps[0].last_time_ns);
}

TEST_F(AuditTest, TheFirstRecorderOfALogHasMissedNothing) {
  { Daybookd(folder_).Stop(); }
  EXPECT_THAT(ReadLog(folder_).All<RecordingGap>(), IsEmpty());
}

}  // namespace
}  // namespace daybook
