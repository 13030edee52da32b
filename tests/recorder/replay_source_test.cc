#include "replay_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "daybook/abilities.h"
#include "recorder.h"
#include "recorder/kept.h"
#include "support/a_life.h"
#include "support/log_builder.h"
#include "support/temp_folder.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using std::string_view_literals::operator""sv;

constexpr uint64_t kMs = 1'000'000;

SnapProc Init() {
  return {.pid = 1, .start_ns = 1'000'000, .ppid = 0, .uid = 0, .comm = "init", .exe = "/init"};
}

Exec TestExec(uint32_t pid) {
  return {.time_ns = kTestBootNs + kMs,
          .pid = pid,
          .start_ns = kTestBootNs,
          .old_tid = 77,
          .uid = 1000,
          .exe_device = 8u << 20 | 1,
          .comm = "ls",
          .exe_bytes = 7,
          .exe = "/bin/ls",
          .args_bytes = 9,
          .args = "ls\0\xff\n\0"sv};
}

class ReplayTest : public testing::Test {
 protected:
  // A log with a snapshot, a life and a loss.
  static void Fill(LogBuilder& log) {
    log.Add(Recorder{.time_ns = kTestBootNs, .event = RecorderEvent::kStart, .source = "bpf"});
    log.Add(SnapBegin{.time_ns = kTestBootNs}).Add(Init());
    log.Add(SnapEnd{.time_ns = kTestBootNs, .process_count = 1});
    log.Add(TestFork(10)).Add(TestExec(10));
    log.Add(Lost{.first_time_ns = kTestBootNs, .last_time_ns = kTestBootNs + kMs, .forks = 3});
    log.Add(TestExit(10)).Add(TestFork(11, kTestBootNs + 5 * kMs));
  }

  void Save(std::span<const uint8_t> bytes, int number = 1) const {
    folder_.Put("daybook-0000000" + std::to_string(number) + ".dbk",
                {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  std::unique_ptr<ReplaySource> Open() const {
    auto source = ReplaySource::Open(folder_.path());
    if (!source) ADD_FAILURE() << source.error().message();
    return source ? *std::move(source) : nullptr;
  }

  static Status DrainAll(ReplaySource& source, EventSink& sink) {
    while (!source.exhausted()) {
      auto drained = source.Drain(sink);
      if (!drained) return std::move(drained).error();
    }
    return Ok{};
  }

  TempFolder folder_;
};

TEST_F(ReplayTest, EventsComeAsTheyWereRecorded) {
  LogBuilder log;
  Fill(log);
  ASSERT_TRUE(log.writer().Close());
  Save(log.Segment());
  const auto source = Open();
  KeptEvents events;
  ASSERT_TRUE(DrainAll(*source, events));
  const Lost lost{.first_time_ns = kTestBootNs, .last_time_ns = kTestBootNs + kMs, .forks = 3};
  EXPECT_THAT(events.events,
              ElementsAre(Event(TestFork(10)), Event(TestExec(10)), Event(lost),
                          Event(TestExit(10)), Event(TestFork(11, kTestBootNs + 5 * kMs))));
  EXPECT_EQ(source->name(), "replay");
  EXPECT_EQ(source->ring_bytes(), std::nullopt);
  EXPECT_EQ(source->counters().forks_seen, std::nullopt);
}

TEST_F(ReplayTest, TheHostIsThatOfTheLog) {
  LogBuilder log;
  Fill(log);
  ASSERT_TRUE(log.writer().Close());
  Save(log.Segment());
  const LogIdentity identity = Open()->identity();
  EXPECT_EQ(identity.boot_id.bytes[0], 0xB0);
  EXPECT_EQ(identity.host_id.bytes[0], 0x05);
  EXPECT_THAT(identity.info, ElementsAre(std::pair<std::string, std::string>("hostname", "test")));
}

TEST_F(ReplayTest, TheClockIsThatOfTheLastEvent) {
  LogBuilder log;
  Fill(log);
  ASSERT_TRUE(log.writer().Close());
  Save(log.Segment());
  const auto source = Open();
  EXPECT_EQ(source->ReadClock().time_ns, kTestBootNs);
  KeptEvents events;
  ASSERT_TRUE(DrainAll(*source, events));
  EXPECT_EQ(source->ReadClock().time_ns, kTestBootNs + 5 * kMs);
  EXPECT_EQ(source->ReadClock().realtime_ns, kTestRealtimeNs + static_cast<int64_t>(5 * kMs));
}

TEST_F(ReplayTest, ASnapshotIsWhoLivesThen) {
  LogBuilder log;
  Fill(log);
  ASSERT_TRUE(log.writer().Close());
  Save(log.Segment());
  const auto source = Open();
  KeptProcesses before;
  ASSERT_TRUE(source->Snapshot(before));
  EXPECT_THAT(before.all, ElementsAre(Init()));
  KeptEvents events;
  ASSERT_TRUE(DrainAll(*source, events));
  KeptProcesses after;
  ASSERT_TRUE(source->Snapshot(after));
  ASSERT_THAT(after.all, SizeIs(2));
  EXPECT_EQ(after.all[1].pid, 11u);
  EXPECT_THAT(after.all[1].comm, Optional("init"sv)) << "its parent's, until it executes another";
}

// As where the snapshot was taken before the first events were.
TEST_F(ReplayTest, AWholeLifeThatASnapshotMetIsOver) {
  LogBuilder log;
  const LifeParts life = ALife(10, kTestBootNs);
  SnapProc met = Init();
  met.pid = 10;
  met.start_ns = kTestBootNs;
  log.Add(SnapBegin{.time_ns = kTestBootNs}).Add(Init()).Add(met);
  log.Add(SnapEnd{.time_ns = kTestBootNs, .process_count = 2}).Add(*Join(life));
  ASSERT_TRUE(log.writer().Close());
  Save(log.Segment());
  const auto source = Open();
  KeptEvents events;
  ASSERT_TRUE(DrainAll(*source, events));
  EXPECT_THAT(events.All<Exec>(), ElementsAre(*life.exec));
  KeptProcesses after;
  ASSERT_TRUE(source->Snapshot(after));
  EXPECT_THAT(after.all, ElementsAre(Init()));
}

// What a replay records is the same log again, also by other segments and blocks.
TEST_F(ReplayTest, RecordingAReplayGivesTheSameEventsAndTheSameHost) {
  LogBuilder log;
  Fill(log);
  for (uint32_t pid = 100; pid < 3000; ++pid) log.Add(TestFork(pid)).Add(TestExit(pid));
  ASSERT_TRUE(log.writer().Close());
  Save(log.Segment());

  const auto source = Open();
  auto disk = std::make_shared<FakeDisk>();
  auto writer =
      LogWriter::Open(std::make_unique<FakeFolder>(disk), source->identity(),
                      [&source] { return source->ReadClock(); }, {.segment_bytes = 16384});
  ASSERT_TRUE(writer);
  RecorderLoop loop(*source, *writer, {.clock_interval_ns = 0, .version = "1"});
  ASSERT_TRUE(loop.Start());
  ASSERT_TRUE(loop.Run());

  const KeptSegment first = KeepSegment(SegmentReader(log.Segment()));
  KeptLog second;
  for (const auto& [name, bytes] : disk->files) {
    second.segments.push_back(KeepSegment(SegmentReader(bytes)));
  }
  EXPECT_GT(second.segments.size(), 2u);
  EXPECT_THAT(second.All<Fork>(), ElementsAreArray(first.All<Fork>()));
  EXPECT_THAT(second.All<Exec>(), ElementsAreArray(first.All<Exec>()));
  EXPECT_THAT(second.All<Exit>(), ElementsAreArray(first.All<Exit>()));
  EXPECT_THAT(second.All<Lost>(), ElementsAreArray(first.All<Lost>()));
  EXPECT_THAT(second.segments[0].All<SnapProc>(), ElementsAreArray(first.All<SnapProc>()));
  EXPECT_EQ(second.All<Recorder>().at(0).source, "replay");
  for (const SegmentStart& start : second.All<SegmentStart>()) {
    EXPECT_EQ(start.boot_id, first.All<SegmentStart>().at(0).boot_id);
    EXPECT_EQ(start.host_id, first.All<SegmentStart>().at(0).host_id);
  }
}

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
  EXPECT_EQ(replayed.All<Recorder>().at(0).abilities, "fork exit usage");
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

TEST_F(ReplayTest, SegmentsFollowEachOther) {
  for (int number : {1, 2}) {
    LogBuilder log;
    log.Add(TestFork(static_cast<uint32_t>(number)));
    ASSERT_TRUE(log.writer().Close());
    Save(log.Segment(), number);
  }
  const auto source = Open();
  KeptEvents events;
  ASSERT_TRUE(DrainAll(*source, events));
  EXPECT_THAT(events.events, ElementsAre(Event(TestFork(1)), Event(TestFork(2))));
  EXPECT_THAT(source->identity().info, SizeIs(1)) << "facts are taken once";
}

// As a writer leaves it that met an error: the same records, with the same numbers, once more.
TEST_F(ReplayTest, RepeatedRecordsAreTakenOnce) {
  LogBuilder log;
  log.Add(TestFork(1)).Add(TestFork(2));
  ASSERT_TRUE(log.writer().Close());
  Save(log.Segment(), 1);
  Save(log.Segment(), 2);
  const auto source = Open();
  KeptEvents events;
  ASSERT_TRUE(DrainAll(*source, events));
  EXPECT_THAT(events.events, SizeIs(2));
}

// The head of a segment is copied every 1 MiB.
TEST_F(ReplayTest, CopiesOfTheHeadAreNothingNew) {
  LogBuilder log;
  const std::string args(2000, 'x');
  for (uint32_t pid = 1; pid <= 1500; ++pid) {
    Exec exec = TestExec(pid);
    exec.args = args;
    log.Add(exec);
  }
  ASSERT_TRUE(log.writer().Close());
  ASSERT_GT(log.Segment().size(), 2u << 20);
  Save(log.Segment());
  const auto source = Open();
  KeptEvents events;
  ASSERT_TRUE(DrainAll(*source, events));
  EXPECT_THAT(events.events, SizeIs(1500));
  EXPECT_THAT(source->identity().info, SizeIs(1));
  EXPECT_EQ(source->ReadClock().time_ns, kTestBootNs + kMs);
}

TEST_F(ReplayTest, ASegmentOfAnotherBootIsRefusedWhenItIsReached) {
  LogBuilder log;
  log.Add(TestFork(1));
  ASSERT_TRUE(log.writer().Close());
  Save(log.Segment(), 1);
  auto disk = std::make_shared<FakeDisk>();
  LogIdentity other;
  other.boot_id.bytes.fill(0xB1);
  auto writer = LogWriter::Open(std::make_unique<FakeFolder>(disk), other, [] { return Clock{}; });
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->Close());
  Save(disk->files.begin()->second, 2);

  const auto source = Open();
  KeptEvents events;
  const Status drained = DrainAll(*source, events);
  ASSERT_FALSE(drained);
  EXPECT_THAT(drained.error().message(), HasSubstr("another boot"));
  EXPECT_TRUE(source->exhausted());

  const auto again = Open();
  auto new_disk = std::make_shared<FakeDisk>();
  auto new_writer = LogWriter::Open(std::make_unique<FakeFolder>(new_disk), again->identity(),
                                    [&again] { return again->ReadClock(); });
  ASSERT_TRUE(new_writer);
  RecorderLoop loop(*again, *new_writer, {.clock_interval_ns = 0, .version = "1"});
  ASSERT_TRUE(loop.Start());
  const Status run = loop.Run();
  ASSERT_FALSE(run) << "not all of it was written again";
  EXPECT_THAT(run.error().message(), HasSubstr("another boot"));
  const KeptSegment written = KeepSegment(SegmentReader(new_disk->files.begin()->second));
  EXPECT_THAT(written.All<Fork>(), SizeIs(1));
}

TEST_F(ReplayTest, DamageIsALoss) {
  LogBuilder log({.block_bytes = 64});
  for (uint32_t pid = 1; pid <= 200; ++pid) log.Add(TestFork(pid));
  ASSERT_TRUE(log.writer().Close());
  std::vector<uint8_t> bytes = log.Segment();
  bytes[bytes.size() * 3 / 4] ^= 1;
  Save(bytes);
  const auto source = Open();
  KeptEvents events;
  ASSERT_TRUE(DrainAll(*source, events));
  const auto lost = events.All<Lost>();
  ASSERT_THAT(lost, SizeIs(1));
  EXPECT_EQ(lost[0].reason, LostReason::kDamagedLog);
  ASSERT_TRUE(lost[0].records);
  EXPECT_EQ(events.All<Fork>().size() + *lost[0].records, 200u);
  EXPECT_GT(*lost[0].records, 0u);
}

TEST_F(ReplayTest, WhatIsNoLogIsRefused) {
  folder_.Put("daybook-00000001.dbk", "This is a text, and a long one at that.\n");
  const auto source = ReplaySource::Open(folder_.path());
  ASSERT_FALSE(source);
  EXPECT_THAT(source.error().message(), HasSubstr("not a daybook log"));
  EXPECT_FALSE(ReplaySource::Open(folder_ / "none"));
}

TEST_F(ReplayTest, ALogWithoutEventsIsAtItsEndAtOnce) {
  LogBuilder log;
  ASSERT_TRUE(log.writer().Close());
  Save(log.Segment());
  const auto source = Open();
  KeptEvents events;
  ASSERT_TRUE(DrainAll(*source, events));
  EXPECT_THAT(events.events, IsEmpty());
}

}  // namespace
}  // namespace daybook
