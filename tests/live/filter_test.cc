// What is left out on request is left out, whole, and counted: recorded, filtered and lost are
// seen.

#include <pthread.h>
#include <sys/syscall.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "bpf_source.h"
#include "connector_source.h"
#include "filtered_source.h"
#include "live/support/live_test.h"
#include "live/support/test_cgroup.h"

namespace daybook {
namespace {

using testing::Each;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Optional;
using testing::SizeIs;
using testing::StartsWith;
using std::string_view_literals::operator""sv;

constexpr uid_t kOneUser = 2001;
constexpr uid_t kOtherUser = 2002;

// ---- Counts ----

struct CountedEvents : EventSink {
  void OnFork(const Fork&) override { ++forks; }
  void OnExec(const Exec&) override { ++execs; }
  void OnExit(const Exit&) override { ++exits; }
  void OnLost(const Lost&) override {}

  uint64_t forks = 0;
  uint64_t execs = 0;
  uint64_t exits = 0;
};

// Events of every kind: births, threads, execs, ends with and without failure, of two users.
void Workload() {
  ASSERT_EQ(WaitFor(SpawnActor({"forks", "300"})).status, 0);
  ASSERT_EQ(WaitFor(SpawnActor({"races", "50", "10"})).status, 0);
  ASSERT_EQ(WaitFor(SpawnActor({"spawn", "0", "200"})).status, 0);
  WaitFor(SpawnAs(kOneUser, "/bin/true"));
  WaitFor(SpawnAs(kOneUser, "/bin/false"));
}

// Takes events until none come any more, so that counts and events are of one moment.
void DrainAll(EventSource& source, EventSink& sink) {
  const bool is_quiet = Await([&] {
    const SourceCounters before = source.counters();
    EXPECT_TRUE(source.Drain(sink));
    const SourceCounters after = source.counters();
    return before.forks_seen == after.forks_seen && before.exits_seen == after.exits_seen &&
           before.execs_seen == after.execs_seen;
  });
  ASSERT_TRUE(is_quiet);
}

class FilterCountTest : public LiveTest, public testing::WithParamInterface<Filter> {};

TEST_P(FilterCountTest, WhatWasSeenWasDeliveredOrFilteredOrLost) {
  constexpr uint64_t kTinyRing = 65536;
  for (const uint64_t ring_bytes : {kTinyRing, uint64_t{4} << 20}) {
    auto source = BpfSource::Open({.ring_bytes = ring_bytes, .filter = GetParam()});
    ASSERT_TRUE(source) << source.error().message();
    KeptProcesses living;
    ASSERT_TRUE((*source)->Snapshot(living));
    Workload();
    CountedEvents events;
    DrainAll(**source, events);
    const SourceCounters counted = (*source)->counters();
    ASSERT_TRUE(counted.filtered);
    const FilteredEvents& filtered = *counted.filtered;
    EXPECT_EQ(*counted.forks_seen - (*source)->threads_seen(),
              events.forks + filtered.forks + counted.lost.forks);
    EXPECT_EQ(*counted.execs_seen, events.execs + filtered.execs + counted.lost.execs);
    EXPECT_EQ(*counted.exits_seen, events.exits + filtered.exits + counted.lost.exits);
    EXPECT_EQ((*source)->damaged_events(), 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(Filters, FilterCountTest,
                         testing::Values(Filter{.events = kTypeExec | kTypeExit},
                                         Filter{.events = kTypeCgroup}, Filter{.only_failed = true},
                                         Filter{.only_uids = {kOneUser}},
                                         Filter{.except_uids = {0}}, Filter{.only_cgroup = "/"},
                                         Filter{.min_lifetime_ns = 1'000'000},
                                         Filter{.no_kernel_threads = true},
                                         Filter{.events = kTypeFork | kTypeExit,
                                                .only_uids = {0},
                                                .min_lifetime_ns = 500'000,
                                                .no_kernel_threads = true}));

// ---- More than can be judged ----

struct KeptLives : EventSink {
  void OnFork(const Fork& fork) override { forks.insert(fork.pid); }
  void OnExec(const Exec&) override {}
  void OnExit(const Exit& exit) override { exits.insert(exit.pid); }
  void OnLost(const Lost&) override {}

  std::multiset<uint32_t> forks;
  std::multiset<uint32_t> exits;
};

class UnjudgedTest : public LiveTest {
 protected:
  // Processes that are all there at once, and then become that user and end.
  static std::vector<pid_t> LivesOf(uid_t uid, int count) {
    int gate[2];
    if (pipe2(gate, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    std::vector<pid_t> pids;
    for (int i = 0; i < count; ++i) {
      pids.push_back(Spawn([&] {
        close(gate[1]);
        char end = 0;
        (void)!read(gate[0], &end, 1);
        if (setuid(uid) != 0) _exit(95);
      }));
    }
    close(gate[1]);
    for (const pid_t pid : pids) EXPECT_EQ(WaitFor(pid).status, 0);
    close(gate[0]);
    return pids;
  }
};

TEST_F(UnjudgedTest, WhoCannotBeKeptUntilHeIsJudgedIsRecordedWhole) {
  constexpr int kLives = 50;
  auto source = BpfSource::Open({.filter = {.only_uids = {kOneUser}}, .max_judged = 8});
  ASSERT_TRUE(source) << source.error().message();
  const auto wanted = LivesOf(kOneUser, kLives);
  const auto others = LivesOf(kOtherUser, kLives);
  KeptLives told;
  DrainAll(**source, told);
  for (const pid_t pid : wanted) {
    EXPECT_EQ(told.forks.count(static_cast<uint32_t>(pid)), 1u) << pid;
    EXPECT_EQ(told.exits.count(static_cast<uint32_t>(pid)), 1u) << pid;
  }
  size_t recorded = 0;
  for (const pid_t pid : others) {
    EXPECT_EQ(told.forks.count(static_cast<uint32_t>(pid)),
              told.exits.count(static_cast<uint32_t>(pid)))
        << "whole or not at all: " << pid;
    recorded += told.forks.count(static_cast<uint32_t>(pid));
  }
  EXPECT_GE(recorded, kLives - 8u);
  EXPECT_LT(recorded, size_t{kLives}) << "those that could be judged are left out";
}

TEST_F(UnjudgedTest, WhereAllCanBeJudgedNoneIs) {
  auto source = BpfSource::Open({.filter = {.only_uids = {kOneUser}}});
  ASSERT_TRUE(source) << source.error().message();
  const auto others = LivesOf(kOtherUser, 50);
  KeptLives told;
  DrainAll(**source, told);
  for (const pid_t pid : others) EXPECT_FALSE(told.forks.contains(static_cast<uint32_t>(pid)));
}

TEST(FilterConnectorCountTest, SoItIsBehindTheConnector) {
  auto connector = ConnectorSource::Open({});
  if (!connector) return SkipButInCi(connector.error().message());
  FilteredSource source(*std::move(connector), {.only_uids = {kOneUser}});
  KeptProcesses living;
  ASSERT_TRUE(source.Snapshot(living));
  const SourceCounters before = source.counters();
  CountedEvents events;
  Workload();
  DrainAll(source, events);
  const SourceCounters after = source.counters();
  EXPECT_EQ(after.lost.others, before.lost.others);
  EXPECT_EQ(*after.exits_seen, events.exits + after.filtered->exits);
  EXPECT_GT(after.filtered->execs, 200u);
  EXPECT_GE(events.exits, 2u);
  EXPECT_LT(events.exits, 20u);
}

// ---- Logs ----

Recorder StartOf(const KeptLog& log) { return log.All<Recorder>().at(0); }

// Who is told of in some way.
std::set<uint32_t> PidsIn(const KeptLog& log) {
  std::set<uint32_t> pids;
  for (const SnapProc& record : log.All<SnapProc>()) pids.insert(record.pid);
  for (const Fork& record : log.All<Fork>()) pids.insert(record.pid);
  for (const Exec& record : log.All<Exec>()) pids.insert(record.pid);
  for (const Exit& record : log.All<Exit>()) pids.insert(record.pid);
  for (const Reap& record : log.All<Reap>()) pids.insert(record.pid);
  for (const CommChange& record : log.All<CommChange>()) pids.insert(record.pid);
  return pids;
}

template <class Record>
size_t CountOf(const KeptLog& log, pid_t pid) {
  return log.AllOf<Record>(static_cast<uint32_t>(pid)).size();
}

class FilterTest : public RecordedTest {
 protected:
  explicit FilterTest(std::vector<std::string> options) { recorder_options_ = std::move(options); }

  // The log says which filter it is under, and how much was left out, until the end.
  const KeptLog& StopFiltered() {
    const KeptLog& log = Stop();
    std::string text;
    for (const std::string& option : recorder_options_) {
      text += (text.empty() ? "" : " ") + option;
    }
    EXPECT_THAT(StartOf(log).filter, Optional(std::string_view(text)));
    const Audit audit = log.All<Audit>().back();
    EXPECT_NE(audit.filtered, std::nullopt);
    EXPECT_EQ(audit.forks_seen, log.All<Recorder>().back().forks_seen);
    EXPECT_THAT(log.All<Audit>(), Each(Field(&Audit::living, std::nullopt)));
    return log;
  }
};

class OnlyFailedTest : public FilterTest {
 protected:
  OnlyFailedTest() : FilterTest({"--only-failed"}) {}
};

// Lines "INDEX PID STATUS" of an actor that spawned.
std::map<uint32_t, uint32_t> StatusesIn(const std::string& path) {
  std::map<uint32_t, uint32_t> statuses;
  std::ifstream lines(path);
  for (uint32_t index = 0, pid = 0, status = 0; lines >> index >> pid >> status;) {
    statuses[pid] = status;
  }
  return statuses;
}

TEST_F(OnlyFailedTest, TheLogIsTheEndsThatFailedWithAllThatAReportNeeds) {
  const TempFolder temp;
  const pid_t actor = SpawnActor({"spawn", "0", "520"}, temp / "ends");
  ASSERT_EQ(WaitFor(actor).status, 0);
  const KeptLog& log = StopFiltered();
  EXPECT_GT(log.All<Audit>().back().filtered, 1000u);
  EXPECT_THAT(log.All<Fork>(), IsEmpty());
  EXPECT_THAT(log.All<Exec>(), IsEmpty());
  EXPECT_THAT(log.All<SnapProc>(), IsEmpty());
  EXPECT_THAT(log.All<Exit>(), Each(Field(&Exit::wait_status, Not(Optional(0)))));
  size_t failed = 0;
  for (const auto& [pid, status] : StatusesIn(temp / "ends")) {
    const auto exits = log.AllOf<Exit>(pid);
    ASSERT_THAT(exits, SizeIs(status == 0 ? 0 : 1)) << pid;
    if (exits.empty()) continue;
    ++failed;
    EXPECT_THAT(exits[0].wait_status, Optional(status));
    EXPECT_THAT(exits[0].comm, Optional("exe"sv));
    EXPECT_THAT(exits[0].uid, Optional(0));
    EXPECT_THAT(exits[0].ppid, Optional(actor));
    EXPECT_GT(exits[0].parent_start_ns, 0u);
    EXPECT_LT(exits[0].parent_start_ns, exits[0].start_ns);
    EXPECT_NE(exits[0].maxrss_kib, std::nullopt);
  }
  EXPECT_GT(failed, 500u);
}

TEST_F(OnlyFailedTest, AReapIsToldOfThemAlone) {
  const pid_t late = Spawn([] { _exit(3); });
  const pid_t fine = Spawn([] {});
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  WaitFor(late);
  WaitFor(fine);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const KeptLog& log = StopFiltered();
  EXPECT_EQ(CountOf<Exit>(log, late), 1u);
  EXPECT_EQ(CountOf<Reap>(log, late), 1u);
  EXPECT_FALSE(PidsIn(log).contains(static_cast<uint32_t>(fine)));
}

class OnlyUserTest : public FilterTest {
 protected:
  OnlyUserTest() : FilterTest({"--only-uid", "2001", "--only-uid", "2002"}) {}
};

TEST_F(OnlyUserTest, OnlyTheirProcessesAreTold) {
  const pid_t one = SpawnAs(kOneUser, "/bin/true");
  const pid_t other = SpawnAs(kOtherUser, "/bin/true");
  const pid_t root = SpawnAs(0, "/bin/true");
  const pid_t nobody = SpawnAs(65534, "/bin/true");
  for (const pid_t pid : {one, other, root, nobody}) WaitFor(pid);
  const KeptLog& log = StopFiltered();
  for (const pid_t pid : {one, other}) {
    const Life life = LifeOf(log, pid);
    EXPECT_THAT(life.fork.uid, Optional(0)) << "and became one of theirs later";
    EXPECT_THAT(life.execs, SizeIs(1));
  }
  for (const pid_t pid : {root, nobody}) {
    EXPECT_FALSE(PidsIn(log).contains(static_cast<uint32_t>(pid)));
  }
  for (const Exit& exit : log.All<Exit>()) {
    EXPECT_TRUE(exit.uid == kOneUser || exit.uid == kOtherUser);
  }
}

TEST_F(OnlyUserTest, WhoRunsAProgramAsOneIsToldOfToItsEnd) {
  const pid_t pid = Spawn([] {
    if (setresuid(kOneUser, 0, 0) != 0) _exit(95);
    Become(ACTOR_PROGRAM, {"actor", "becomes", "0"});
  });
  ASSERT_EQ(WaitFor(pid).status, 0);
  const Life life = LifeOf(StopFiltered(), pid);
  EXPECT_THAT(life.execs, SizeIs(1));
  EXPECT_THAT(life.exit.uid, Optional(0));
}

TEST_F(OnlyUserTest, WhoRunsNoProgramIsJudgedByItsEnd) {
  const pid_t theirs = Spawn([] {
    if (setuid(kOneUser) != 0) _exit(95);
  });
  const Shared<pid_t> child;
  const pid_t parent = Spawn([&child] {
    if (setresuid(kOneUser, kOneUser, 0) != 0) _exit(95);
    const pid_t born = fork();
    if (born == 0) _exit(setresuid(0, 0, 0) == 0 ? 0 : 95);
    WaitFor(*child = born);
  });
  for (const pid_t pid : {theirs, parent}) ASSERT_EQ(WaitFor(pid).status, 0);
  const KeptLog& log = StopFiltered();
  EXPECT_THAT(LifeOf(log, theirs).fork.uid, Optional(0));
  EXPECT_FALSE(PidsIn(log).contains(static_cast<uint32_t>(*child)));
}

class ExceptUserTest : public FilterTest {
 protected:
  ExceptUserTest() : FilterTest({"--except-uid", "0"}) {}
};

TEST_F(ExceptUserTest, TheirProcessesAreLeftOut) {
  const pid_t one = SpawnAs(kOneUser, "/bin/true");
  const pid_t root = SpawnAs(0, "/bin/true");
  for (const pid_t pid : {one, root}) WaitFor(pid);
  const KeptLog& log = StopFiltered();
  EXPECT_THAT(LifeOf(log, one).execs, SizeIs(1));
  EXPECT_FALSE(PidsIn(log).contains(static_cast<uint32_t>(root)));
  EXPECT_THAT(log.All<SnapProc>(), Each(Field(&SnapProc::uid, Not(Optional(0)))));
}

class SnapshotUserTest : public LiveTest {};

TEST_F(SnapshotUserTest, WhoIsInTheSnapshotIsToldOfToItsEnd) {
  const TempFolder temp;
  const Shared<std::atomic<bool>> go;
  const pid_t pid = Spawn([&go] {
    if (setresuid(kOneUser, kOneUser, 0) != 0) _exit(95);
    while (!*go) usleep(1000);
    _exit(setresuid(0, 0, 0) == 0 ? 0 : 95);
  });
  ASSERT_TRUE(Await([pid] {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("Uid:\t2001\t")) return true;
    }
    return false;
  }));
  Daybookd recorder(temp / "log", {"--only-uid", "2001"});
  *go = true;
  EXPECT_EQ(WaitFor(pid).status, 0);
  EXPECT_EQ(recorder.Stop(), 0);
  const KeptLog log = ReadLog(temp / "log");
  EXPECT_THAT(PidsIn(log), testing::ElementsAre(pid));
  EXPECT_EQ(CountOf<SnapProc>(log, pid), 1u);
  ASSERT_EQ(CountOf<Exit>(log, pid), 1u);
  EXPECT_THAT(log.All<Exit>()[0].uid, Optional(0));
}

class LifetimeTest : public FilterTest {
 protected:
  LifetimeTest() : FilterTest({"--min-lifetime", "300ms"}) {}
};

TEST_F(LifetimeTest, WhoLivedLongEnoughOrFailedIsTold) {
  const pid_t brief = Spawn([] {});
  const pid_t failed = Spawn([] { _exit(1); });
  const pid_t slow = Spawn([] { usleep(400'000); });
  const pid_t late = Spawn([] {
    usleep(400'000);
    Become("/bin/true", {"true"});
  });
  for (const pid_t pid : {brief, failed, slow, late}) WaitFor(pid);
  const KeptLog& log = StopFiltered();
  EXPECT_FALSE(PidsIn(log).contains(static_cast<uint32_t>(brief)));
  for (const pid_t pid : {failed, slow}) EXPECT_THAT(LifeOf(log, pid).execs, IsEmpty());
  EXPECT_THAT(LifeOf(log, late).execs, SizeIs(1)) << "it was old enough by then";
  EXPECT_EQ(CountOf<SnapProc>(log, getpid()), 1u);
}

class KernelThreadTest : public FilterTest {
 protected:
  KernelThreadTest() : FilterTest({"--no-kernel-threads"}) {}
};

TEST_F(KernelThreadTest, TheyAreLeftOutAndNobodyElse) {
  const TempFolder temp;
  const auto is_kernel_thread = [](const auto& record) {
    return (record.flags & kProcKernelThread) != 0;
  };
  const pid_t pid = SpawnAs(kOneUser, "/bin/true");
  WaitFor(pid);
  const KeptLog& log = Stop();
  EXPECT_THAT(StartOf(log).filter, Optional("--no-kernel-threads"sv));
  EXPECT_THAT(LifeOf(log, pid).execs, SizeIs(1));
  EXPECT_TRUE(std::ranges::none_of(log.All<SnapProc>(), is_kernel_thread));
  EXPECT_TRUE(std::ranges::none_of(log.All<Fork>(), is_kernel_thread));
  { Daybookd(temp / "log").Stop(); }
  const auto all = ReadLog(temp / "log").All<SnapProc>();
  EXPECT_TRUE(std::ranges::any_of(all, is_kernel_thread)) << "there are some";
}

class EventTypesTest : public FilterTest {
 protected:
  EventTypesTest() : FilterTest({"--events", "exec,exit"}) {}
};

TEST_F(EventTypesTest, OnlyThoseAreTold) {
  const pid_t pid = SpawnAs(kOneUser, "/bin/true");
  WaitFor(pid);
  const KeptLog& log = StopFiltered();
  EXPECT_THAT(StartOf(log).abilities, Optional(StartsWith("exec exit usage reap")));
  EXPECT_THAT(log.All<Fork>(), IsEmpty());
  EXPECT_THAT(log.All<CommChange>(), IsEmpty());
  EXPECT_THAT(log.All<CgroupPath>(), IsEmpty());
  EXPECT_EQ(CountOf<Exec>(log, pid), 1u);
  EXPECT_EQ(CountOf<Exit>(log, pid), 1u);
  EXPECT_EQ(CountOf<SnapProc>(log, getpid()), 1u) << "who lives is no event";
}

class AuditedFilterTest : public LiveTest {};

TEST_F(AuditedFilterTest, WhereAllLivesAreToldTheLivingAreHeldAgainstTheLog) {
  const TempFolder temp;
  Daybookd recorder(temp / "log", {"--events", "fork,exit", "--audit-interval", "1s"});
  // Somebody who is just being born or ending makes a difference for one audit.
  EXPECT_TRUE(Await([&] {
    WaitFor(Spawn([] {}));
    const auto audits = ReadLog(temp / "log").All<Audit>();
    return std::ranges::any_of(audits, [](const Audit& audit) {
      return audit.living && audit.living == audit.living_in_log;
    });
  }));
}

// ---- Cgroups ----

class CgroupFilterTest : public LiveTest {
 protected:
  static std::string Name(const std::string& suffix = "") {
    return "/daybook_test_" + std::to_string(getpid()) + suffix;
  }

  const KeptLog& Record(const std::string& path, const std::function<void()>& meanwhile) {
    Daybookd recorder(temp_ / "log", {"--only-cgroup", path});
    meanwhile();
    EXPECT_EQ(recorder.Stop(), 0);
    log_ = ReadLog(temp_ / "log");
    EXPECT_THAT(StartOf(log_).filter, Optional("--only-cgroup " + path));
    return log_;
  }

  TempFolder temp_;
  KeptLog log_;
};

TEST_F(CgroupFilterTest, WhatIsBelowACgroupIsTold) {
  const TestCgroup top(Version2(), Name());
  const TestCgroup below(Version2(), Name() + "/below");
  const TestCgroup beside(Version2(), Name("_beside"));
  const Shared<pid_t[3]> children;
  const auto spawn_in = [&children](const TestCgroup& cgroup, int index) {
    return Spawn([&] {
      cgroup.Enter();
      const pid_t child = fork();
      if (child == 0) Become("/bin/true", {"true"});
      WaitFor((*children)[index] = child);
    });
  };
  const pid_t outside = SpawnAs(0, "/bin/true");
  WaitFor(outside);
  pid_t parents[3] = {};
  const KeptLog& log = Record(Name(), [&] {
    parents[0] = spawn_in(top, 0);
    parents[1] = spawn_in(below, 1);
    parents[2] = spawn_in(beside, 2);
    for (const pid_t pid : parents) ASSERT_EQ(WaitFor(pid).status, 0);
  });
  for (const int index : {0, 1}) {
    EXPECT_THAT(LifeOf(log, (*children)[index]).execs, SizeIs(1));
    EXPECT_THAT(LifeOf(log, parents[index]).execs, IsEmpty()) << "it moved there";
  }
  EXPECT_THAT(PidsIn(log), SizeIs(4)) << "none beside, none outside, none in the snapshot";
}

TEST_F(CgroupFilterTest, WhoMovesAwayIsToldOfToItsEnd) {
  const TestCgroup top(Version2(), Name());
  const TestCgroup beside(Version2(), Name("_beside"));
  pid_t pid = 0;
  const KeptLog& log = Record(Name(), [&] {
    pid = Spawn([&] {
      top.Enter();
      Become("/bin/sh", {"sh", "-c", "echo $$ >" + beside.folder() + "/cgroup.procs; exit 7"});
    });
    WaitFor(pid);
  });
  EXPECT_THAT(LifeOf(log, pid).exit.wait_status, Optional(7 << 8));
}

TEST_F(CgroupFilterTest, ItIsTheLeadersThatCounts) {
  const TestCgroup top(Version2(), Name());
  const Shared<pid_t> child;
  const KeptLog& log = Record(Name(), [&] {
    WaitFor(Spawn([&] {
      top.Enter();
      const pid_t born = fork();
      if (born == 0) {
        const auto wait = [](void*) -> void* {
          usleep(20'000);
          syscall(SYS_exit_group, 5);
          return nullptr;
        };
        pthread_t thread;
        if (pthread_create(&thread, nullptr, wait, nullptr) != 0) _exit(97);
        syscall(SYS_exit, 0);  // the leader's alone
      }
      WaitFor(*child = born);
    }));
  });
  EXPECT_THAT(LifeOf(log, *child).exit.wait_status, Optional(5 << 8));
}

TEST_F(CgroupFilterTest, TheSnapshotIsOfThoseInIt) {
  const TestCgroup top(Version2(), Name());
  const Shared<std::atomic<bool>> is_in;
  const pid_t pid = Spawn([&] {
    top.Enter();
    *is_in = true;
    pause();
  });
  ASSERT_TRUE(Await([&] { return is_in->load(); }));
  const KeptLog& log = Record(Name(), [] {});
  EXPECT_THAT(log.All<SnapProc>(), SizeIs(1));
  EXPECT_EQ(CountOf<SnapProc>(log, pid), 1u);
  kill(pid, SIGKILL);
  WaitFor(pid);
}

TEST_F(CgroupFilterTest, InTheRootAreAll) {
  const pid_t pid = SpawnActor({"sleep"});
  const KeptLog& log = Record("/", [] {});
  EXPECT_EQ(CountOf<SnapProc>(log, pid), 1u);
  EXPECT_EQ(CountOf<SnapProc>(log, 1), 1u) << "also who is hidden from the kernel's list";
  kill(pid, SIGKILL);
  WaitFor(pid);
}

TEST_F(CgroupFilterTest, OneThatIsNotThereIsRefused) {
  try {
    Daybookd recorder(temp_ / "log", {"--source", "bpf", "--only-cgroup", "/not/there"});
    FAIL();
  } catch (const std::runtime_error& refusal) {
    EXPECT_THAT(refusal.what(), HasSubstr("cgroup /not/there"));
  }
}

// ---- Behind the connector ----

class ConnectorFilterTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto source = ConnectorSource::Open({});
    if (!source) SkipButInCi(source.error().message());
  }

  const KeptLog& Record(std::vector<std::string> options, const std::function<void()>& meanwhile) {
    options.insert(options.begin(), {"--source", "connector"});
    Daybookd recorder(temp_ / "log", options);
    meanwhile();
    EXPECT_EQ(recorder.Stop(), 0);
    return log_ = ReadLog(temp_ / "log");
  }

  TempFolder temp_;
  KeptLog log_;
};

TEST_F(ConnectorFilterTest, EndsThatFailedAreTold) {
  pid_t fine = 0;
  pid_t failed = 0;
  const KeptLog& log = Record({"--only-failed"}, [&] {
    WaitFor(fine = Spawn([] {}));
    WaitFor(failed = Spawn([] { _exit(3); }));
  });
  EXPECT_THAT(StartOf(log).filter, Optional("--only-failed"sv));
  EXPECT_FALSE(PidsIn(log).contains(static_cast<uint32_t>(fine)));
  ASSERT_EQ(CountOf<Exit>(log, failed), 1u);
  const Exit exit = log.AllOf<Exit>(static_cast<uint32_t>(failed))[0];
  EXPECT_THAT(exit.ppid, Optional(getpid()));
  EXPECT_NE(exit.parent_start_ns, std::nullopt);
  EXPECT_NE(exit.comm, std::nullopt);
  EXPECT_THAT(log.All<Exit>(), Each(Field(&Exit::wait_status, Not(Optional(0)))));
  EXPECT_GT(log.All<Audit>().back().filtered.value_or(0), 0u);
}

TEST_F(ConnectorFilterTest, ProcessesOfAUserAreTold) {
  pid_t one = 0;
  pid_t root = 0;
  const KeptLog& log = Record({"--only-uid", "2001"}, [&] {
    WaitFor(one = SpawnAs(kOneUser, "/bin/true"));
    WaitFor(root = SpawnAs(0, "/bin/true"));
  });
  EXPECT_EQ(CountOf<Exit>(log, one), 1u);
  EXPECT_FALSE(PidsIn(log).contains(static_cast<uint32_t>(root)));
}

TEST_F(ConnectorFilterTest, WhatItCannotDoItSays) {
  try {
    Daybookd recorder(temp_ / "log", {"--source", "connector", "--only-cgroup", "/"});
    FAIL();
  } catch (const std::runtime_error& refusal) {
    EXPECT_THAT(refusal.what(), HasSubstr("connector: --only-cgroup"));
  }
}

}  // namespace
}  // namespace daybook
