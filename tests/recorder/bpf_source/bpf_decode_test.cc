#include "bpf_source/bpf_decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "recorder/kept.h"
#include "recorder/kernel_events.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;
using testing::VariantWith;
using std::string_view_literals::operator""sv;

void ExpectIds(const auto& record) {
  EXPECT_THAT(record.uid, Optional(1));
  EXPECT_THAT(record.euid, Optional(2));
  EXPECT_THAT(record.suid, Optional(3));
  EXPECT_THAT(record.gid, Optional(4));
  EXPECT_THAT(record.egid, Optional(5));
  EXPECT_THAT(record.sgid, Optional(6));
  EXPECT_THAT(record.login_uid, Optional(1000));
  EXPECT_THAT(record.sid, Optional(7));
  EXPECT_THAT(record.tty, Optional(136u << 20 | 3));
  EXPECT_THAT(record.cgroup_id, Optional(99));
}

class BpfDecodeTest : public testing::Test {
 protected:
  bool Deliver(const Bytes& bytes) {
    const bool is_whole = batch_.Add(bytes);
    batch_.Deliver(sink_);
    return is_whole;
  }
  void DeliverBatch(const std::vector<Bytes>& events) {
    for (const Bytes& event : events) EXPECT_TRUE(batch_.Add(event));
    batch_.Deliver(sink_);
  }

  const Exec& DeliveredExec(const exec_event& event, std::string_view strings) {
    EXPECT_TRUE(Deliver(Pack(event, strings)));
    return std::get<Exec>(sink_.events.at(0));
  }

  EventBatch batch_;
  KeptEvents sink_;
  KeptProcesses living_;
};

TEST_F(BpfDecodeTest, AFork) {
  ASSERT_TRUE(Deliver(Pack(AFork())));
  EXPECT_THAT(sink_.events, ElementsAre(VariantWith<Fork>(Fork{.time_ns = 1000,
                                                               .pid = 42,
                                                               .ppid = 7,
                                                               .parent_start_ns = 10,
                                                               .flags = kProcKernelThread,
                                                               .uid = 1,
                                                               .euid = 2,
                                                               .gid = 3,
                                                               .egid = 4,
                                                               .sid = 5})));
}

TEST_F(BpfDecodeTest, AnExecCarriesItsStrings) {
  const Exec& exec = DeliveredExec(AnExec("/bin/ls", "ls\0-l\0"sv), "/bin/lsls\0-l\0"sv);
  EXPECT_EQ(exec.time_ns, 2000u);
  EXPECT_EQ(exec.pid, 42u);
  EXPECT_EQ(exec.start_ns, 1000u);
  EXPECT_THAT(exec.old_tid, Optional(43));
  ExpectIds(exec);
  EXPECT_THAT(exec.exe_device, Optional(8u << 20 | 1));
  EXPECT_THAT(exec.exe_inode, Optional(123));
  EXPECT_THAT(exec.comm, Optional("ls"sv));
  EXPECT_THAT(exec.exe, Optional("/bin/ls"sv));
  EXPECT_THAT(exec.exe_bytes, Optional(7));
  EXPECT_THAT(exec.args, Optional("ls\0-l\0"sv));
  EXPECT_THAT(exec.args_bytes, Optional(500));
}

TEST_F(BpfDecodeTest, UnreadableArgumentsAreUnknownAndNotEmpty) {
  exec_event event = AnExec("/bin/ls", "");
  event.args_known = 0;
  EXPECT_EQ(DeliveredExec(event, "/bin/ls").args, std::nullopt);
}

TEST_F(BpfDecodeTest, EmptyArgumentsAreKnown) {
  EXPECT_THAT(DeliveredExec(AnExec("/bin/ls", ""), "/bin/ls").args, Optional(""sv));
}

TEST_F(BpfDecodeTest, WhatTheKernelDidNotSayIsUnknown) {
  exec_event event = AnExec("", "");
  event.old_tid = 0;
  event.ids.login_uid = ID_UNKNOWN;
  event.ids.cgroup_id = 0;
  const Exec& exec = DeliveredExec(event, "");
  EXPECT_EQ(exec.old_tid, std::nullopt);
  EXPECT_EQ(exec.login_uid, std::nullopt);
  EXPECT_EQ(exec.cgroup_id, std::nullopt);
  EXPECT_EQ(exec.exe, std::nullopt);
}

TEST_F(BpfDecodeTest, AnExitInTheUnitsOfTheLog) {
  ASSERT_TRUE(Deliver(Pack(AnExit())));
  const Exit& exit = std::get<Exit>(sink_.events.at(0));
  EXPECT_EQ(exit.time_ns, 3000u);
  EXPECT_EQ(exit.pid, 42u);
  EXPECT_EQ(exit.start_ns, 1000u);
  EXPECT_THAT(exit.ppid, Optional(7));
  EXPECT_THAT(exit.parent_start_ns, Optional(10));
  EXPECT_THAT(exit.wait_status, Optional(0x300));
  EXPECT_EQ(exit.flags, kProcOomKilled);
  ExpectIds(exit);
  EXPECT_THAT(exit.utime_us, Optional(1));
  EXPECT_THAT(exit.stime_us, Optional(2));
  EXPECT_THAT(exit.cpu_us, Optional(3'999));
  EXPECT_THAT(exit.maxrss_kib, Optional(10 * sysconf(_SC_PAGESIZE) / 1024));
  EXPECT_THAT(exit.minflt, Optional(11));
  EXPECT_THAT(exit.majflt, Optional(12));
  EXPECT_THAT(exit.nvcsw, Optional(13));
  EXPECT_THAT(exit.nivcsw, Optional(14));
  EXPECT_THAT(exit.comm, Optional("ls"sv));
}

TEST_F(BpfDecodeTest, ATaskNameMayFillItsPlace) {
  exit_event event = AnExit();
  SetComm(event, "0123456789abcdef");
  ASSERT_TRUE(Deliver(Pack(event)));
  EXPECT_THAT(std::get<Exit>(sink_.events.at(0)).comm, Optional("0123456789abcdef"sv));
}

// What was told, in its order: of a change the name, of all else a letter.
std::string OrderOf(const KeptEvents& events) {
  std::string order;
  for (const auto& event : events.events) {
    if (const auto* change = std::get_if<CommChange>(&event)) order += change->comm;
    if (std::holds_alternative<Fork>(event)) order += 'F';
    if (std::holds_alternative<Exec>(event)) order += 'X';
    if (std::holds_alternative<Exit>(event)) order += 'E';
    order += ' ';
  }
  return order;
}

Bytes Renamed(std::string_view comm, uint32_t pid = 42, uint64_t time_ns = 2000) {
  comm_event event{
      .header = {.type = EVENT_COMM}, .time_ns = time_ns, .start_ns = 1000, .pid = pid};
  SetComm(event, comm);
  return Pack(event);
}

TEST_F(BpfDecodeTest, OfRenamesInARowTheLastIsTold) {
  DeliverBatch({Renamed("a", 42, 1), Renamed("other", 43, 2), Renamed("b", 42, 3),
                Renamed("c", 42, 4), Pack(AnExit())});
  EXPECT_EQ(OrderOf(sink_), "other c E ");
  EXPECT_EQ(std::get<CommChange>(sink_.events.at(1)).time_ns, 4u);
}

TEST_F(BpfDecodeTest, WhatHappensBetweenRenamesHappensUnderItsName) {
  const Bytes exec = Pack(AnExec("/bin/ls", "ls\0-l\0"sv), "/bin/lsls\0-l\0"sv);
  fork_event child = AFork();
  child.ppid = 42;
  child.parent_start_ns = 1000;
  child.pid = 50;
  DeliverBatch({Renamed("a"), Renamed("b"), exec, Renamed("c"), Renamed("d"), Pack(child),
                Renamed("e"), Renamed("f")});
  EXPECT_EQ(OrderOf(sink_), "b X d F f ");
}

TEST_F(BpfDecodeTest, ARenameInTheNextBatchIsAnother) {
  DeliverBatch({Renamed("a")});
  DeliverBatch({Renamed("b")});
  EXPECT_EQ(OrderOf(sink_), "a b ");
}

TEST_F(BpfDecodeTest, EveryTruncationIsRefused) {
  for (const Bytes& whole :
       {Pack(AFork()), Pack(AnExec("/bin/ls", "ls"), "/bin/lsls"), Pack(AnExit())}) {
    for (size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(Deliver(Bytes(whole.begin(), whole.begin() + static_cast<int>(size)))) << size;
    }
  }
  EXPECT_THAT(sink_.events, IsEmpty());
}

TEST_F(BpfDecodeTest, LengthsThatDoNotAgreeAreRefused) {
  for (const uint32_t wrong : {0u, 1u, 3u, 0x7fffffffu, 0xfffffffeu, 0xffffffffu}) {
    exec_event exe = AnExec("ab", "cd");
    exe.exe_captured = wrong;
    EXPECT_FALSE(Deliver(Pack(exe, "abcd"))) << wrong;
    exec_event args = AnExec("ab", "cd");
    args.args_captured = wrong;
    EXPECT_FALSE(Deliver(Pack(args, "abcd"))) << wrong;
  }
  EXPECT_FALSE(Deliver(Pack(AFork(), "more")));
  EXPECT_FALSE(Deliver(Pack(AnExit(), "more")));
}

TEST_F(BpfDecodeTest, AnUnknownTypeIsRefused) {
  for (const uint32_t type : {0u, 4u, 5u, 0xffffu}) {
    fork_event event = AFork();
    event.header.type = static_cast<uint16_t>(type);
    EXPECT_FALSE(Deliver(Pack(event))) << type;
  }
}

TEST_F(BpfDecodeTest, AReapInTheSameBatchGoesIntoTheEnd) {
  DeliverBatch({Pack(AnExit()), Pack(AReap())});
  ASSERT_THAT(sink_.events, SizeIs(1));
  const Exit exit = sink_.All<Exit>().at(0);
  EXPECT_EQ(exit.time_ns, 3000u);
  EXPECT_EQ(exit.flags, kProcOomKilled | kProcUsageExact);
  EXPECT_THAT(exit.cpu_us, Optional(4'500));
  EXPECT_THAT(exit.nivcsw, Optional(24));
  EXPECT_THAT(exit.read_bytes, Optional(27));
  EXPECT_THAT(exit.zombie_us, Optional(6));
  EXPECT_THAT(exit.maxrss_kib, Optional(40));
}

TEST_F(BpfDecodeTest, WhatAReapDoesNotKnowOfIoItsEndHasTold) {
  exit_event end = AnExit();
  end.usage.rchar = 15;
  end.usage.wchar = 16;
  end.usage.read_bytes = 17;
  end.usage.write_bytes = 18;
  reap_event reap = AReap();
  reap.usage.rchar = reap.usage.wchar = USAGE_UNKNOWN;
  reap.usage.read_bytes = reap.usage.write_bytes = USAGE_UNKNOWN;
  DeliverBatch({Pack(end), Pack(reap)});
  ASSERT_THAT(sink_.events, SizeIs(1));
  const Exit exit = sink_.All<Exit>().at(0);
  EXPECT_THAT(exit.rchar_bytes, Optional(15));
  EXPECT_THAT(exit.wchar_bytes, Optional(16));
  EXPECT_THAT(exit.read_bytes, Optional(17));
  EXPECT_THAT(exit.write_bytes, Optional(18));
  EXPECT_THAT(exit.cpu_us, Optional(4'500)) << "the rest is the reap's";
}

TEST_F(BpfDecodeTest, ALaterReapIsToldByItselfOnce) {
  DeliverBatch({Pack(AnExit())});
  EXPECT_EQ(sink_.All<Exit>().at(0).zombie_us, std::nullopt);
  EXPECT_THAT(sink_.All<Exit>().at(0).cpu_us, Optional(3'999));
  DeliverBatch({Pack(AReap())});
  ASSERT_THAT(sink_.All<Reap>(), SizeIs(1));
  EXPECT_EQ(sink_.All<Reap>()[0].flags, kProcUsageExact);
  EXPECT_THAT(sink_.All<Reap>()[0].cpu_us, Optional(4'500));
  DeliverBatch({Pack(AReap())});
  EXPECT_THAT(sink_.All<Reap>(), SizeIs(1));
}

TEST_F(BpfDecodeTest, TheReapOfAnEndThatWasNotSeenIsNotTold) {
  DeliverBatch({Pack(AReap(43))});
  EXPECT_THAT(sink_.events, SizeIs(0));
}

TEST_F(BpfDecodeTest, AReapWhoseEndAnotherRecorderMayHaveToldIsTold) {
  batch_ = EventBatch(AwaitedReaps(true, AReap().start_ns + 1));
  DeliverBatch({Pack(AReap(43))});
  EXPECT_THAT(sink_.All<Reap>(), SizeIs(1));
  DeliverBatch({Pack(AnExit()), Pack(AReap())});
  EXPECT_THAT(sink_.All<Exit>(), SizeIs(1));
  EXPECT_THAT(sink_.All<Reap>(), SizeIs(1)) << "it went into the end";
  batch_ = EventBatch(AwaitedReaps(true, AReap().start_ns));
  DeliverBatch({Pack(AReap(44))});
  EXPECT_THAT(sink_.All<Reap>(), SizeIs(1)) << "born since: its end was lost";
}

// Their reaps had no room in the ring.
TEST_F(BpfDecodeTest, ReapsThatNeverComeDoNotHideLaterOnes) {
  constexpr uint32_t kEnds = 200'000;
  AwaitedReaps reaps;
  exit_event exit = AnExit();
  for (exit.pid = 1'000; exit.pid < kEnds; ++exit.pid) reaps.Await(exit);
  reap_event reap = AReap();
  reap.start_ns = exit.start_ns;
  for (const uint32_t pid : {kEnds - 1, kEnds - 30'000}) {
    reap.pid = pid;
    EXPECT_TRUE(reaps.IsLate(reap)) << pid;
    EXPECT_FALSE(reaps.IsLate(reap)) << "again";
  }
  reap.pid = 1'000;
  EXPECT_FALSE(reaps.IsLate(reap)) << "so many are not remembered";
}

// The kernel frees a process some milliseconds after it was reaped; its pid is free before.
TEST_F(BpfDecodeTest, WhoHasAPidThatIsUsedAgainIsAwaitedBesideTheYoungerOne) {
  exit_event younger = AnExit();
  younger.start_ns += 1;
  reap_event reap_of_younger = AReap();
  reap_of_younger.start_ns += 1;
  DeliverBatch({Pack(AnExit())});
  DeliverBatch({Pack(younger)});
  DeliverBatch({Pack(AReap())});
  ASSERT_THAT(sink_.All<Reap>(), SizeIs(1));
  EXPECT_EQ(sink_.All<Reap>()[0].start_ns, AnExit().start_ns);
  DeliverBatch({Pack(reap_of_younger)});
  ASSERT_THAT(sink_.All<Reap>(), SizeIs(2));
  EXPECT_EQ(sink_.All<Reap>()[1].start_ns, younger.start_ns);
}

TEST_F(BpfDecodeTest, RandomBytesDoNoHarm) {
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes(random() % 300);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    const event_header header{.bytes = static_cast<uint32_t>(bytes.size()),
                              .type = static_cast<uint16_t>(random() % 10)};
    if (bytes.size() >= sizeof(header)) std::memcpy(bytes.data(), &header, sizeof(header));
    KeptEvents events;
    EventBatch batch;
    (void)batch.Add(bytes);
    batch.Deliver(events);
    (void)DeliverSnapshot(bytes, living_);
  }
}

Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

TEST_F(BpfDecodeTest, ASnapshotIsSeveralProcesses) {
  const Bytes output = Pack(ALiving(1, "/init", 7), "/init") + Pack(ALiving(2));
  ASSERT_TRUE(DeliverSnapshot(output, living_));
  ASSERT_EQ(living_.all.size(), 2u);
  const SnapProc& init = living_.all[0];
  EXPECT_EQ(init.pid, 1u);
  EXPECT_EQ(init.start_ns, 1000u);
  EXPECT_EQ(init.flags, kProcSuperuser);
  EXPECT_THAT(init.ppid, Optional(7));
  EXPECT_THAT(init.parent_start_ns, Optional(10));
  ExpectIds(init);
  EXPECT_THAT(init.comm, Optional("init"sv));
  EXPECT_THAT(init.exe, Optional("/init"sv));
  EXPECT_EQ(init.args, std::nullopt);
  EXPECT_THAT(init.args_bytes, Optional(7));
  EXPECT_EQ(living_.all[1].exe, std::nullopt);
  EXPECT_EQ(living_.all[1].args_bytes, std::nullopt);
}

TEST_F(BpfDecodeTest, ASnapshotAddsUpTheCpuTimeOfAllThreads) {
  snapshot_event alone = ALiving(1);
  alone.cpu_ns = 1'999;
  snapshot_event many = ALiving(2);
  many.cpu_ns = 5'000'000;
  many.namespace_level = 1;
  many.namespace_pid = 77;
  const auto thread = [](uint64_t cpu_ns) {
    return Pack(thread_event{.header = {.type = EVENT_THREAD}, .pid = 2, .cpu_ns = cpu_ns});
  };
  ASSERT_TRUE(DeliverSnapshot(thread(300'000) + Pack(alone) + Pack(many) + thread(4'000), living_));
  EXPECT_THAT(living_.Find(1)->cpu_us, Optional(1));
  EXPECT_EQ(living_.Find(1)->namespace_level, std::nullopt);
  EXPECT_THAT(living_.Find(2)->cpu_us, Optional(5'304));
  EXPECT_THAT(living_.Find(2)->namespace_level, Optional(1));
  EXPECT_THAT(living_.Find(2)->namespace_pid, Optional(77));
}

TEST_F(BpfDecodeTest, ASnapshotNamesThoseThatItLeavesOut) {
  class LeftOut : public SnapshotSink {
   public:
    void OnProcess(const SnapProc&) override { ++shown; }
    void OnLeftOut(uint32_t pid) override { pids.push_back(pid); }
    int shown = 0;
    std::vector<uint32_t> pids;
  };
  const left_out_event event{.header = {.type = EVENT_LEFT_OUT}, .pid = 9};
  LeftOut left_out;
  ASSERT_TRUE(DeliverSnapshot(Pack(event) + Pack(ALiving(1)) + Pack(event), left_out));
  EXPECT_THAT(left_out.pids, ElementsAre(9, 9));
  EXPECT_EQ(left_out.shown, 1);
  Bytes longer = Pack(event);
  longer.resize(longer.size() + 8);
  longer[0] = static_cast<std::byte>(longer.size());
  EXPECT_FALSE(DeliverSnapshot(longer, left_out));
}

TEST_F(BpfDecodeTest, WhatCameBeforeTheDamageIsKept) {
  const Bytes whole = Pack(ALiving(1));
  Bytes cut = whole + whole;
  cut.pop_back();
  EXPECT_FALSE(DeliverSnapshot(cut, living_));
  EXPECT_EQ(living_.all.size(), 1u);
}

TEST_F(BpfDecodeTest, ALengthOfZeroEndsTheSnapshot) {
  Bytes output = Pack(ALiving(1));
  std::memset(output.data(), 0, sizeof(uint32_t));
  EXPECT_FALSE(DeliverSnapshot(output, living_));
}

TEST_F(BpfDecodeTest, AnEmptySnapshotIsFine) { EXPECT_TRUE(DeliverSnapshot({}, living_)); }

}  // namespace
}  // namespace daybook
