// Of a log that several recorders wrote, a replay tells what each of them says of itself and the
// time between them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "daybook/abilities.h"
#include "recorder.h"
#include "recorder/kept.h"
#include "recorder/replay_fixture.h"
#include "sources/replay_source.h"
#include "support/a_life.h"
#include "support/fake_folder.h"
#include "support/log_builder.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::Optional;
using testing::SizeIs;
using testing::UnorderedElementsAre;

SnapProc Shown(uint32_t pid, uint64_t start_ns) {
  SnapProc process = Init();
  process.pid = pid;
  process.start_ns = start_ns;
  return process;
}

void AddSnapshot(LogBuilder& log, uint64_t time_ns, const std::vector<SnapProc>& processes) {
  log.Add(SnapBegin{.time_ns = time_ns});
  for (const SnapProc& process : processes) log.Add(process);
  log.Add(SnapEnd{.time_ns = time_ns, .process_count = processes.size()});
}

// A recorder that was killed, and one that follows it: 10 has ended meanwhile, and 12 was born.
class ReplayedGapTest : public ReplayTest {
 protected:
  static constexpr RecordingGap kGap{.first_time_ns = kTestBootNs + 5 * kMs,
                                     .last_time_ns = kTestBootNs + 90 * kMs,
                                     .missed_forks = 2};

  void Fill(LogBuilder& log) const {
    log.Add(Recorder{.time_ns = kTestBootNs, .event = RecorderEvent::kStart, .source = "bpf"});
    AddSnapshot(log, kTestBootNs, {Init()});
    log.Add(TestFork(10, kTestBootNs + 2 * kMs)).Add(TestFork(11, kTestBootNs + 5 * kMs));
    FillFollowing(log);
  }

  void FillFollowing(LogBuilder& log) const {
    log.Add(kGap);
    log.Add(Recorder{
        .time_ns = kTestBootNs + 90 * kMs, .event = RecorderEvent::kStart, .source = "bpf"});
    AddSnapshot(log, kTestBootNs + 91 * kMs,
                {Init(), Shown(11, kTestBootNs + 5 * kMs), Shown(12, kTestBootNs + 80 * kMs)});
    log.Add(TestFork(13, kTestBootNs + 95 * kMs));
  }

  KeptSegment Recorded(ReplaySource& source) const {
    auto disk = std::make_shared<FakeDisk>();
    auto writer = LogWriter::Open(std::make_unique<FakeFolder>(disk), source.identity(),
                                  [&source] { return source.ReadClock(); });
    EXPECT_TRUE(writer);
    RecorderLoop loop(source, *writer, {.clock_interval_ns = 0, .version = "1"});
    EXPECT_TRUE(loop.Start());
    EXPECT_TRUE(loop.Run());
    return KeepSegment(SegmentReader(disk->files.begin()->second));
  }
};

TEST_F(ReplayedGapTest, ComesBetweenTheEvents) {
  LogBuilder log;
  Fill(log);
  ASSERT_TRUE(log.writer().Close());
  Save(log.Segment());
  const auto source = Open();
  KeptEvents events;
  ASSERT_TRUE(DrainAll(*source, events));
  EXPECT_THAT(events.events, ElementsAre(Event(TestFork(10, kTestBootNs + 2 * kMs)),
                                         Event(TestFork(11, kTestBootNs + 5 * kMs)), Event(kGap),
                                         Event(TestFork(13, kTestBootNs + 95 * kMs))));
  EXPECT_EQ(events.resyncs, 1u);
}

TEST_F(ReplayedGapTest, TheNewLogHasItAndWhoLivedThen) {
  LogBuilder log;
  Fill(log);
  ASSERT_TRUE(log.writer().Close());
  Save(log.Segment());
  const KeptSegment second = Recorded(*Open());
  EXPECT_THAT(second.All<RecordingGap>(), ElementsAre(kGap));
  const auto begins = second.All<SnapBegin>();
  ASSERT_THAT(begins, SizeIs(2));
  EXPECT_EQ(begins[1].time_ns, kTestBootNs + 91 * kMs);
  std::vector<uint32_t> shown;
  for (const SnapProc& process : second.All<SnapProc>()) shown.push_back(process.pid);
  EXPECT_THAT(shown, ElementsAre(1, 1, 11, 12));
}

// As where the older segments are gone.
TEST_F(ReplayedGapTest, MayComeFirst) {
  LogBuilder log;
  FillFollowing(log);
  ASSERT_TRUE(log.writer().Close());
  Save(log.Segment());
  const KeptSegment second = Recorded(*Open());
  EXPECT_THAT(second.All<RecordingGap>(), ElementsAre(kGap));
  EXPECT_THAT(second.All<Fork>(), SizeIs(1));
  std::vector<uint32_t> shown;
  for (const SnapProc& process : second.All<SnapProc>()) shown.push_back(process.pid);
  EXPECT_THAT(shown, ElementsAre(1, 11, 12)) << "once, before the first event";
}

// Each recorder counts from its own start, but for one that took over.
TEST_F(ReplayTest, WhatWasLeftOutOnRequestIsCountedOn) {
  LogBuilder log;
  const Recorder start{.event = RecorderEvent::kStart, .source = "bpf"};
  Recorder follower = start;
  follower.abilities = kContinues;
  log.Add(start).Add(Audit{.filtered = 5}).Add(Audit{.filtered = 4}).Add(Audit{.filtered = 7});
  log.Add(follower).Add(Audit{.filtered = 9});
  log.Add(start).Add(Audit{.filtered = 2});
  ASSERT_TRUE(log.writer().Close());
  Save(log.Segment());
  const auto source = Open();
  KeptEvents events;
  ASSERT_TRUE(DrainAll(*source, events));
  ASSERT_TRUE(source->counters().filtered);
  EXPECT_EQ(source->counters().filtered->Sum(), 11u);
}

// All of what `source` tells, by a recorder that says what it says of its host.
KeptLog RecordAll(ReplaySource& source) {
  auto disk = std::make_shared<FakeDisk>();
  auto writer = LogWriter::Open(std::make_unique<FakeFolder>(disk), source.identity(),
                                [&source] { return source.ReadClock(); });
  EXPECT_TRUE(writer);
  RecorderLoop loop(source, *writer,
                    {.clock_interval_ns = 0, .version = "1", .identity = [&source] {
                       return source.identity();
                     }});
  EXPECT_TRUE(loop.Start());
  EXPECT_TRUE(loop.Run());
  KeptLog log;
  for (const auto& [name, bytes] : disk->files) {
    log.segments.push_back(KeepSegment(SegmentReader(bytes)));
  }
  return log;
}

void ExpectNewNameAndFilter(const KeptLog& replayed) {
  ASSERT_EQ(replayed.segments.size(), 2u);
  const KeptSegment& before = replayed.segments[0];
  const KeptSegment& after = replayed.segments[1];
  EXPECT_THAT(before.All<Info>(), ElementsAre(Info{.key = "hostname", .value = "test"}));
  EXPECT_THAT(after.All<Info>(), ElementsAre(Info{.key = "hostname", .value = "renamed"},
                                             Info{.key = "filter", .value = "--only-failed"}));
  EXPECT_THAT(before.All<Fork>(), ElementsAre(TestFork(10), TestFork(11, kTestBootNs + 5 * kMs),
                                              TestFork(12, kTestBootNs + 6 * kMs)));
  EXPECT_THAT(after.All<Fork>(), ElementsAre(TestFork(13, kTestBootNs + 7 * kMs)));
  std::vector<uint32_t> shown;
  for (const SnapProc& process : after.All<SnapProc>()) shown.push_back(process.pid);
  EXPECT_THAT(shown, UnorderedElementsAre(1, 11, 12, 13));
}

// The host was renamed, and a recorder with a filter went on with its log.
TEST_F(ReplayTest, WhatALaterSegmentSaysOfItsRecorderHoldsFromThereOn) {
  LogBuilder log;
  Fill(log);
  log.writer().SetInfo({{"hostname", "test"}, {"run", "5"}});
  ASSERT_TRUE(log.writer().Rotate(EndReason::kAge));
  log.Add(TestFork(12, kTestBootNs + 6 * kMs));
  log.writer().SetInfo({{"hostname", "renamed"}, {"filter", "--only-failed"}});
  ASSERT_TRUE(log.writer().Rotate(EndReason::kAge));
  log.Add(TestFork(13, kTestBootNs + 7 * kMs));
  ASSERT_TRUE(log.writer().Close());
  std::vector<uint8_t> first_two = log.Segment(1);
  const std::vector<uint8_t> second = log.Segment(2);
  first_two.insert(first_two.end(), second.begin(), second.end());
  const std::vector<uint8_t> third = log.Segment(3);
  std::vector<uint8_t> all = first_two;
  all.insert(all.end(), third.begin(), third.end());
  Save(first_two, 1);
  Save(third, 2);
  const auto in_files = Open();
  ExpectNewNameAndFilter(RecordAll(*in_files));
  std::filesystem::remove(folder_ / "daybook-00000002.dbk");
  Save(all, 1);
  const auto in_one_file = Open();
  ExpectNewNameAndFilter(RecordAll(*in_one_file));
}

// As reports add them up: from the start of each recorder that does not take over.
TEST_F(ReplayTest, ForksThatNoHookSawAreUnseenInTheNewLogToo) {
  LogBuilder log;
  Recorder start{.event = RecorderEvent::kStart,
                 .source = "bpf",
                 .kernel_forks = 100,
                 .forks_seen = 0,
                 .abilities = "fork exit usage"};
  log.Add(start).Add(TestFork(10));
  log.Add(Audit{.forks_seen = 50, .kernel_forks = 150});
  log.Add(Audit{.forks_seen = 67, .kernel_forks = 170});
  start.kernel_forks = 300;
  start.abilities = "fork";
  log.Add(start).Add(Audit{.forks_seen = 10, .kernel_forks = 315}).Add(TestFork(11));
  log.Add(Recorder{.event = RecorderEvent::kStop, .kernel_forks = 316, .forks_seen = 10});
  ASSERT_TRUE(log.writer().Close());
  Save(log.Segment());
  const auto source = Open();
  const KeptLog replayed = RecordAll(*source);
  EXPECT_THAT(replayed.All<Audit>(), ElementsAre(Audit{.forks_seen = 100, .kernel_forks = 100},
                                                 Audit{.forks_seen = 150, .kernel_forks = 150},
                                                 Audit{.forks_seen = 167, .kernel_forks = 170},
                                                 Audit{.forks_seen = 297, .kernel_forks = 300},
                                                 Audit{.forks_seen = 307, .kernel_forks = 315},
                                                 Audit{.forks_seen = 307, .kernel_forks = 316}));
}

// A recorder with `--usage fast` went on with the log of one that told reaps: whose end comes
// without one since has not been left without it. A third one tells the same as the second.
TEST_F(ReplayTest, WhatEachRecorderCouldTellIsToldFromThereOn) {
  LogBuilder log;
  Recorder start{.time_ns = kTestBootNs,
                 .event = RecorderEvent::kStart,
                 .source = "bpf",
                 .abilities = "fork exec exit usage reap"};
  log.Add(start).Add(TestFork(10));
  start.time_ns += kMs;
  start.abilities = "fork exec exit usage";
  start.filter = "--only-uid 7";
  log.Add(start).Add(TestExit(10));
  start.time_ns += kMs;
  start.abilities = "fork exec exit usage continued";
  log.Add(start).Add(TestFork(11, start.time_ns));
  ASSERT_TRUE(log.writer().Close());
  Save(log.Segment());
  const KeptLog replayed = RecordAll(*Open());
  const auto told = replayed.All<Recorder>();
  ASSERT_THAT(told, SizeIs(3));
  EXPECT_EQ(told[0].abilities, "fork exec exit usage reap");
  EXPECT_EQ(told[1].event, RecorderEvent::kStart);
  EXPECT_EQ(told[1].source, "replay");
  EXPECT_EQ(told[1].time_ns, kTestBootNs + kMs);
  EXPECT_EQ(told[1].abilities, "fork exec exit usage continued") << "it counts on";
  EXPECT_EQ(told[2].event, RecorderEvent::kStop);
  std::vector<std::string> order;
  for (const KeptSegment::Entry& entry : replayed.segments.at(0).entries) {
    if (std::holds_alternative<Recorder>(entry.record)) order.emplace_back("recorder");
    if (std::holds_alternative<Fork>(entry.record)) order.emplace_back("fork");
    if (std::holds_alternative<Exit>(entry.record)) order.emplace_back("exit");
  }
  EXPECT_THAT(order, ElementsAre("recorder", "fork", "recorder", "exit", "fork", "recorder"));
}

// Where the first segments are gone, so is its START.
TEST_F(ReplayTest, WhatTheFirstRecorderCouldTellMayNotBeKnown) {
  LogBuilder log;
  log.Add(TestFork(10));
  log.Add(Recorder{.event = RecorderEvent::kStart, .source = "bpf", .abilities = "fork exit"});
  log.Add(TestExit(10));
  ASSERT_TRUE(log.writer().Close());
  Save(log.Segment());
  const KeptLog replayed = RecordAll(*Open());
  const auto told = replayed.All<Recorder>();
  ASSERT_THAT(told, SizeIs(3));
  EXPECT_EQ(told[0].abilities, "");
  EXPECT_EQ(told[1].abilities, "fork exit continued");
}

// As the kernel's own flag has it, which no birth tells.
TEST_F(ReplayTest, OfWhoOnlyForkedTheNewSnapshotSaysSo) {
  LogBuilder log;
  log.Add(Recorder{.event = RecorderEvent::kStart, .abilities = "fork exec exit"});
  log.Add(TestFork(10)).Add(TestFork(11)).Add(TestExec(10));
  ASSERT_TRUE(log.writer().Close());
  Save(log.Segment());
  EXPECT_THAT(FlagsAtTheEnd(), ElementsAre(0u, kProcNeverExeced));
}

TEST_F(ReplayTest, WhetherSomebodyOnlyForkedIsUnknownWhereProgramsAreNotTold) {
  LogBuilder log;
  log.Add(Recorder{.event = RecorderEvent::kStart, .abilities = "fork exit"}).Add(TestFork(10));
  ASSERT_TRUE(log.writer().Close());
  Save(log.Segment());
  EXPECT_THAT(FlagsAtTheEnd(), ElementsAre(0u));
  LogBuilder headless;
  headless.writer().SetInfo({{"filter", "--events fork,exit"}});
  ASSERT_TRUE(headless.writer().Rotate(EndReason::kAge));
  headless.Add(TestFork(10));
  ASSERT_TRUE(headless.writer().Close());
  Save(headless.Segment(2));
  EXPECT_THAT(FlagsAtTheEnd(), ElementsAre(0u)) << "its START is gone";
}

// With it, a recorder that began to count anew.
TEST_F(ReplayTest, AMissingSegmentIsALossAndNoUnseenForks) {
  LogBuilder log;
  log.Add(Recorder{.event = RecorderEvent::kStart, .kernel_forks = 100, .forks_seen = 0});
  log.Add(TestFork(10)).Add(Audit{.forks_seen = 50, .kernel_forks = 150});
  ASSERT_TRUE(log.writer().Rotate(EndReason::kAge));
  log.Add(TestFork(11)).Add(TestFork(12));
  log.Add(Recorder{.event = RecorderEvent::kStart, .kernel_forks = 5000, .forks_seen = 0});
  ASSERT_TRUE(log.writer().Rotate(EndReason::kAge));
  log.Add(Audit{.forks_seen = 100, .kernel_forks = 5100}).Add(TestFork(13));
  ASSERT_TRUE(log.writer().Close());
  for (int number : {1, 3}) Save(log.Segment(static_cast<uint64_t>(number)), number);
  const auto source = Open();
  const KeptLog replayed = RecordAll(*source);
  const auto lost = replayed.All<Lost>();
  ASSERT_THAT(lost, SizeIs(1));
  EXPECT_EQ(lost[0].reason, LostReason::kDamagedLog);
  EXPECT_THAT(lost[0].records, Optional(3u));
  EXPECT_EQ(replayed.All<Audit>().back(), (Audit{.forks_seen = 5100, .kernel_forks = 5100}));
}

}  // namespace
}  // namespace daybook
