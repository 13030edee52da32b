// A replay gives the events of a log as they were recorded, and what is missing there as lost.

#include "sources/replay_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "recorder.h"
#include "recorder/kept.h"
#include "recorder/replay_fixture.h"
#include "support/a_life.h"
#include "support/fake_folder.h"
#include "support/log_builder.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

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

TEST_F(ReplayTest, OfLivesThatShareARecordEachIsTold) {
  LogBuilder log;
  for (const uint32_t pid : {10U, 11U}) log.writer().AppendPacked(*Join(ALife(pid, kTestBootNs)));
  ASSERT_TRUE(log.writer().Close());
  Save(log.Segment(), 1);
  const auto source = Open();
  KeptEvents events;
  ASSERT_TRUE(DrainAll(*source, events));
  EXPECT_THAT(events.events,
              ElementsAre(Event(ALife(10, kTestBootNs).fork), Event(*ALife(10, kTestBootNs).exec),
                          Event(ALife(10, kTestBootNs).exit), Event(ALife(11, kTestBootNs).fork),
                          Event(*ALife(11, kTestBootNs).exec), Event(ALife(11, kTestBootNs).exit)));
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
