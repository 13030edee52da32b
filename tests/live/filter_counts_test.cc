// Under a filter, too, what was seen is recorded, filtered or lost: every event is counted.

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "bpf_source/bpf_source.h"
#include "connector/connector_source.h"
#include "live/support/counting_sinks.h"
#include "live/support/filter_test.h"
#include "live/support/live_test.h"
#include "sources/filtered_source.h"

namespace daybook {
namespace {

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

struct NamedFilter {
  const char* name;
  Filter filter;
};

class FilterCountTest : public LiveTest, public testing::WithParamInterface<NamedFilter> {};

TEST_P(FilterCountTest, WhatWasSeenWasDeliveredOrFilteredOrLost) {
  constexpr uint64_t kTinyRing = 65536;
  for (const uint64_t ring_bytes : {kTinyRing, uint64_t{4} << 20}) {
    auto source = BpfSource::Open({.ring_bytes = ring_bytes, .filter = GetParam().filter});
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

INSTANTIATE_TEST_SUITE_P(
    Filters, FilterCountTest,
    testing::Values(NamedFilter{"ExecsAndEnds", {.events = kTypeExec | kTypeExit}},
                    NamedFilter{"Cgroups", {.events = kTypeCgroup}},
                    NamedFilter{"OnlyFailed", {.only_failed = true}},
                    NamedFilter{"OnlyOneUser", {.only_uids = {kOneUser}}},
                    NamedFilter{"AllButRoot", {.except_uids = {0}}},
                    NamedFilter{"BelowTheRootCgroup", {.only_cgroup = "/"}},
                    NamedFilter{"OfAMillisecond", {.min_lifetime_ns = 1'000'000}},
                    NamedFilter{"NoKernelThreads", {.no_kernel_threads = true}},
                    NamedFilter{"Several",
                                {.events = kTypeFork | kTypeExit,
                                 .only_uids = {0},
                                 .min_lifetime_ns = 500'000,
                                 .no_kernel_threads = true}}),
    [](const auto& test) { return std::string(test.param.name); });

// ---- More than can be judged ----

struct KeptLives : EventSink {
  void OnFork(const Fork& fork) override {
    forks.insert(fork.pid);
    children[fork.ppid].insert(fork.pid);
  }
  void OnExec(const Exec&) override {}
  void OnExit(const Exit& exit) override {
    exits.insert(exit.pid);
    if (exit.start_ns >= began_ns) born_since.insert(exit.pid);
  }
  void OnLost(const Lost&) override {}

  uint64_t began_ns = 0;  // the recording
  std::multiset<uint32_t> forks;
  std::multiset<uint32_t> exits;
  std::multiset<uint32_t> born_since;  // of those that ended
  std::map<uint32_t, std::set<uint32_t>> children;
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

// The parent of a failure is told of with it, and may be ending just then.
TEST_F(UnjudgedTest, WhoseBirthIsToldForHisChildHasAnEnd) {
  auto source = BpfSource::Open({.filter = {.min_lifetime_ns = 3'600'000'000'000}});
  ASSERT_TRUE(source) << source.error().message();
  KeptLives told;
  told.began_ns = (*source)->ReadClock().time_ns;
  constexpr size_t kParents = 3000;
  const pid_t actor = SpawnActor({"orphans", std::to_string(kParents)});
  ASSERT_EQ(WaitFor(actor).status, 0);
  DrainAll(**source, told);
  for (const uint32_t pid : told.born_since) {
    EXPECT_GE(told.forks.count(pid), told.born_since.count(pid)) << pid;
  }
  const auto& parents = told.children[static_cast<uint32_t>(actor)];
  EXPECT_GT(parents.size(), 0u);
  size_t failed = 0;
  for (const uint32_t pid : parents) {
    EXPECT_EQ(told.forks.count(pid), 1u) << pid;
    EXPECT_EQ(told.exits.count(pid), 1u) << pid;
    failed += told.children[pid].size();
  }
  EXPECT_GE(failed, parents.size());
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

}  // namespace
}  // namespace daybook
