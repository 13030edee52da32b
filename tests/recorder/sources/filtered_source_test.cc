#include "sources/filtered_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "recorder/kept.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kNowNs = 10'000 * kMs;

// Hands over what the test puts into it.
class ScriptedSource : public EventSource {
 public:
  Clock ReadClock() const override { return {.time_ns = kNowNs}; }
  std::string_view name() const override { return "scripted"; }
  int wake_fd() const override { return 17; }
  int send_fd() const override { return 18; }
  bool PrepareToSleep() override { return false; }
  Result<size_t> Drain(EventSink& sink) override { return events(sink), size_t{5}; }
  bool exhausted() const override { return true; }
  bool is_live() const override { return false; }
  Status Snapshot(SnapshotSink& sink) override { return living(sink), Ok{}; }
  bool WantsResync() const override { return true; }
  SourceCounters counters() const override {
    return {.forks_seen = 9, .lost = {.exits = 2}, .filtered = filtered};
  }
  std::string abilities() const override { return "fork exec exit comm"; }
  std::optional<uint64_t> ring_bytes() const override { return 4096; }

  std::function<void(EventSink&)> events;
  std::function<void(SnapshotSink&)> living;
  std::optional<FilteredEvents> filtered;
};

// What comes out, in words: "fork 10".
class Told : public EventSink, public SnapshotSink {
 public:
  void OnFork(const Fork& fork) override { Note("fork", fork.pid); }
  void OnExec(const Exec& exec) override { Note("exec", exec.pid); }
  void OnExit(const Exit& exit) override { Note("exit", exit.pid); }
  void OnReap(const Reap& reap) override { Note("reap", reap.pid); }
  void OnIdChange(const IdChange& change) override { Note("id", change.pid); }
  void OnSession(const Session& session) override { Note("session", session.pid); }
  void OnCommChange(const CommChange& change) override { Note("comm", change.pid); }
  void OnPtrace(const Ptrace& ptrace) override { Note("ptrace", ptrace.pid); }
  void OnCgroup(const CgroupPath& cgroup) override {
    Note("cgroup", static_cast<uint32_t>(cgroup.id));
  }
  void OnLost(const Lost&) override { Note("lost", 0); }
  void OnGap(const RecordingGap&) override { Note("gap", 0); }
  void OnResync() override { Note("resync", 0); }
  void OnProcess(const SnapProc& process) override { Note("living", process.pid); }

  std::vector<std::string> order;

 private:
  void Note(const std::string& what, uint32_t pid) {
    order.push_back(what + " " + std::to_string(pid));
  }
};

Fork Born(uint32_t pid, uint64_t time_ns, std::optional<uint32_t> uid = 0, uint32_t flags = 0) {
  return {.time_ns = time_ns, .pid = pid, .flags = flags, .uid = uid};
}
Exec Began(uint32_t pid, uint64_t start_ns, uint64_t time_ns, std::optional<uint32_t> uid = 0) {
  return {.time_ns = time_ns, .pid = pid, .start_ns = start_ns, .uid = uid};
}
Exit Ended(uint32_t pid, uint64_t start_ns, uint64_t time_ns, uint32_t status,
           std::optional<uint32_t> uid = 0, uint32_t flags = 0) {
  return {.time_ns = time_ns,
          .pid = pid,
          .start_ns = start_ns,
          .wait_status = status,
          .flags = flags,
          .uid = uid};
}

class FilteredSourceTest : public testing::Test {
 protected:
  void Open(const Filter& filter) {
    auto scripted = std::make_unique<ScriptedSource>();
    scripted_ = scripted.get();
    source_ = std::make_unique<FilteredSource>(std::move(scripted), filter);
  }

  // What is told of these events.
  std::vector<std::string> Drain(std::function<void(EventSink&)> events) {
    Told told;
    scripted_->events = std::move(events);
    EXPECT_TRUE(source_->Drain(told));
    return told.order;
  }
  std::vector<std::string> Snapshot(std::function<void(SnapshotSink&)> living) {
    Told told;
    scripted_->living = std::move(living);
    EXPECT_TRUE(source_->Snapshot(told));
    return told.order;
  }

  // Of two processes, 10 of user 0 and 11 of user 1.
  static void TwoLives(EventSink& sink) {
    sink.OnFork(Born(10, 100 * kMs, 0));
    sink.OnFork(Born(11, 200 * kMs, 1));
    sink.OnExec(Began(10, 100 * kMs, 300 * kMs, 0));
    sink.OnExec(Began(11, 200 * kMs, 300 * kMs, 1));
    sink.OnExit(Ended(10, 100 * kMs, 400 * kMs, 0, 0));
    sink.OnExit(Ended(11, 200 * kMs, 400 * kMs, 256, 1));
  }

  ScriptedSource* scripted_;
  std::unique_ptr<FilteredSource> source_;
};

TEST_F(FilteredSourceTest, WhatItSaysOfItselfIsItsSources) {
  Open({.events = kTypeExit});
  EXPECT_EQ(source_->name(), "scripted");
  EXPECT_EQ(source_->ReadClock().time_ns, kNowNs);
  EXPECT_EQ(source_->wake_fd(), 17);
  EXPECT_EQ(source_->send_fd(), 18);
  EXPECT_FALSE(source_->PrepareToSleep());
  EXPECT_TRUE(source_->exhausted());
  EXPECT_FALSE(source_->is_live());
  EXPECT_TRUE(source_->WantsResync());
  EXPECT_THAT(source_->ring_bytes(), Optional(4096));
  EXPECT_EQ(source_->abilities(), "exit");
  EXPECT_FALSE(source_->tells_every_life());
  EXPECT_THAT(source_->counters().forks_seen, Optional(9));
  EXPECT_EQ(source_->counters().lost.exits, 2u);
  const auto drained = [this] {
    Told told;
    scripted_->events = [](EventSink&) {};
    return *source_->Drain(told);
  };
  EXPECT_EQ(drained(), 5u) << "also events that were left out";
}

TEST_F(FilteredSourceTest, TypesOfEventsAreLeftOutAndCounted) {
  Open({.events = kTypeExec | kTypeCgroup | kTypeSession});
  EXPECT_THAT(Drain([](EventSink& sink) {
                TwoLives(sink);
                sink.OnReap({.pid = 10, .start_ns = 100 * kMs});
                sink.OnIdChange({.pid = 5});
                sink.OnSession({.pid = 5});
                sink.OnCommChange({.pid = 5});
                sink.OnPtrace({.pid = 5});
                sink.OnCgroup({.id = 3});
                sink.OnLost({});
              }),
              ElementsAre("exec 10", "exec 11", "session 5", "cgroup 3", "lost 0"));
  const auto filtered = source_->counters().filtered;
  ASSERT_TRUE(filtered);
  EXPECT_EQ(filtered->forks, 2u);
  EXPECT_EQ(filtered->execs, 0u);
  EXPECT_EQ(filtered->exits, 2u);
  EXPECT_EQ(filtered->others, 3u) << "an end and its reap are one";
  EXPECT_EQ(filtered->Sum(), 7u);
}

// As of a log that was filtered when it was recorded.
TEST_F(FilteredSourceTest, WhatItsSourceHasLeftOutCountsToo) {
  Open({.events = kTypeExec});
  scripted_->filtered = {.execs = 3};
  EXPECT_THAT(Drain([](EventSink& sink) { sink.OnFork(Born(10, 100 * kMs)); }), IsEmpty());
  EXPECT_EQ(source_->counters().filtered->Sum(), 4u);
}

TEST_F(FilteredSourceTest, OnlyEndsThatFailedAreTold) {
  Open({.only_failed = true});
  EXPECT_THAT(Drain([](EventSink& sink) {
                TwoLives(sink);
                sink.OnReap({.pid = 10, .start_ns = 100 * kMs});
                sink.OnReap({.pid = 11, .start_ns = 200 * kMs});
                sink.OnReap({.pid = 11, .start_ns = 200 * kMs});
              }),
              ElementsAre("exit 11", "reap 11"));
  EXPECT_THAT(Snapshot([](SnapshotSink& sink) { sink.OnProcess({.pid = 1}); }), IsEmpty());
}

TEST_F(FilteredSourceTest, WhatIsMissingInALogIsAlwaysTold) {
  Open({.events = kTypeExit, .only_failed = true});
  EXPECT_THAT(Drain([](EventSink& sink) {
                sink.OnLost({});
                sink.OnGap({});
                sink.OnResync();
              }),
              ElementsAre("lost 0", "gap 0", "resync 0"));
}

TEST_F(FilteredSourceTest, AnEndOfUnknownStatusMayBeOneThatFailed) {
  Open({.only_failed = true});
  EXPECT_THAT(Drain([](EventSink& sink) { sink.OnExit({.pid = 10}); }), ElementsAre("exit 10"));
}

TEST_F(FilteredSourceTest, OfAUserEverythingIsTold) {
  Open({.only_uids = {1}});
  EXPECT_THAT(Drain(TwoLives), ElementsAre("fork 11", "exec 11", "exit 11"));
  const auto filtered = source_->counters().filtered;
  EXPECT_EQ(filtered->forks, 1u);
  EXPECT_EQ(filtered->execs, 1u);
  EXPECT_EQ(filtered->exits, 1u);
}

TEST_F(FilteredSourceTest, ABirthIsToldWithTheFirstExecOrTheEnd) {
  Open({.only_uids = {1}});
  const auto forks = [this] { return source_->counters().filtered->forks; };
  EXPECT_THAT(Drain([](EventSink& sink) {
                sink.OnFork(Born(10, 100 * kMs, 1));
                sink.OnFork(Born(11, 100 * kMs, 0));
              }),
              IsEmpty());
  EXPECT_EQ(forks(), 2u);
  EXPECT_THAT(Drain([](EventSink& sink) {
                sink.OnExec(Began(11, 100 * kMs, 150 * kMs, 1));
                sink.OnExit(Ended(10, 100 * kMs, 200 * kMs, 0, 1));
              }),
              ElementsAre("fork 11", "exec 11", "fork 10", "exit 10"));
  EXPECT_EQ(forks(), 0u) << "they are told by now";
}

TEST_F(FilteredSourceTest, WhoHasBeenToldOfIsToldOfToItsEnd) {
  Open({.only_uids = {1}});
  EXPECT_THAT(
      Drain([](EventSink& sink) {
        sink.OnFork(Born(10, 100 * kMs, 1));
        sink.OnCommChange({.pid = 10});
        sink.OnExec(Began(10, 100 * kMs, 150 * kMs, 1));
        sink.OnIdChange({.pid = 10, .start_ns = 100 * kMs, .uid = 0});
        sink.OnCommChange({.pid = 10});
        sink.OnExec(Began(10, 100 * kMs, 160 * kMs, 0));
        sink.OnExit(Ended(10, 100 * kMs, 200 * kMs, 0, 0));
        sink.OnReap({.pid = 10, .start_ns = 100 * kMs});
      }),
      ElementsAre("fork 10", "exec 10", "id 10", "comm 10", "exec 10", "exit 10", "reap 10"));
  EXPECT_EQ(source_->counters().filtered->others, 1u);
}

TEST_F(FilteredSourceTest, WhoBecomesSomebodyElseBeforeItsProgramIsJudgedByThat) {
  Open({.except_uids = {5}});
  EXPECT_THAT(Drain([](EventSink& sink) {
                sink.OnFork(Born(10, 100 * kMs, 0));
                sink.OnIdChange({.pid = 10, .start_ns = 100 * kMs, .uid = 5});
                sink.OnExec(Began(10, 100 * kMs, 200 * kMs, 5));
                sink.OnExit(Ended(10, 100 * kMs, 300 * kMs, 0, 5));
              }),
              IsEmpty());
}

TEST_F(FilteredSourceTest, WhereBirthsAreLeftOutNoneIsKept) {
  Open({.events = kTypeExec | kTypeExit, .only_uids = {1}});
  EXPECT_THAT(Drain(TwoLives), ElementsAre("exec 11", "exit 11"));
  EXPECT_EQ(source_->counters().filtered->forks, 2u);
}

TEST_F(FilteredSourceTest, ASnapshotReadsArgumentsForWhoWantsThem) {
  struct Counting : Told {
    bool wants_args() const override { return false; }
  };
  Open({.only_uids = {1}});
  bool reads_args = true;
  scripted_->living = [&](SnapshotSink& sink) { reads_args = sink.wants_args(); };
  Counting counting;
  ASSERT_TRUE(source_->Snapshot(counting));
  EXPECT_FALSE(reads_args);
}

TEST_F(FilteredSourceTest, WhoWasInASnapshotIsToldOf) {
  Open({.only_uids = {1}});
  EXPECT_THAT(Snapshot([](SnapshotSink& sink) {
                sink.OnProcess({.pid = 10, .start_ns = 100 * kMs, .uid = 1});
                sink.OnProcess({.pid = 11, .start_ns = 100 * kMs, .uid = 2});
              }),
              ElementsAre("living 10"));
  // The birth's own event has a more exact start.
  EXPECT_THAT(Drain([](EventSink& sink) {
                sink.OnExit(Ended(10, 105 * kMs, 300 * kMs, 0, 9));
                sink.OnExit(Ended(11, 100 * kMs, 300 * kMs, 0, 9));
              }),
              ElementsAre("exit 10"));
}

TEST_F(FilteredSourceTest, AReusedNumberIsAnotherProcess) {
  Open({.only_uids = {1}});
  EXPECT_THAT(Drain([](EventSink& sink) {
                sink.OnFork(Born(10, 100 * kMs, 1));
                sink.OnExit(Ended(10, 100 * kMs, 200 * kMs, 0, 1));
                sink.OnFork(Born(10, 300 * kMs, 1));
                sink.OnExec(Began(10, 300 * kMs, 400 * kMs, 2));
                sink.OnExit(Ended(10, 300 * kMs, 500 * kMs, 0, 2));
              }),
              ElementsAre("fork 10", "exit 10"));
}

TEST_F(FilteredSourceTest, ALateEndDoesNotTakeTheYoungerOneAlong) {
  Open({.only_uids = {1}});
  EXPECT_THAT(Drain([](EventSink& sink) {
                sink.OnFork(Born(10, 100 * kMs, 1));
                sink.OnFork(Born(10, 300 * kMs, 1));
                sink.OnExec(Began(10, 300 * kMs, 305 * kMs, 1));
                sink.OnExit(Ended(10, 100 * kMs, 310 * kMs, 0, 1, kProcUsageExact));
                sink.OnExit(Ended(10, 300 * kMs, 500 * kMs, 0, 2));
              }),
              ElementsAre("fork 10", "exec 10", "exit 10", "exit 10"));
}

TEST_F(FilteredSourceTest, WhoIsTooYoungIsToldOfWhenItIsOldEnough) {
  Open({.min_lifetime_ns = 100 * kMs});
  EXPECT_THAT(Drain([](EventSink& sink) {
                sink.OnFork(Born(10, 100 * kMs));
                sink.OnExec(Began(10, 100 * kMs, 150 * kMs));
                sink.OnExec(Began(10, 100 * kMs, 250 * kMs));
                sink.OnExit(Ended(10, 100 * kMs, 260 * kMs, 0));
                sink.OnFork(Born(11, 100 * kMs));
                sink.OnExit(Ended(11, 100 * kMs, 199 * kMs, 0));
                sink.OnFork(Born(12, 100 * kMs));
                sink.OnExit(Ended(12, 100 * kMs, 101 * kMs, 9));
              }),
              ElementsAre("fork 10", "exec 10", "exit 10", "fork 12", "exit 12"));
  EXPECT_THAT(Snapshot([](SnapshotSink& sink) {
                sink.OnProcess({.pid = 20, .start_ns = kNowNs - 100 * kMs});
                sink.OnProcess({.pid = 21, .start_ns = kNowNs - 99 * kMs});
              }),
              ElementsAre("living 20"));
}

TEST_F(FilteredSourceTest, AKernelThreadThatRunsAProgramIsNone) {
  Open({.no_kernel_threads = true});
  EXPECT_THAT(Drain([](EventSink& sink) {
                sink.OnFork(Born(10, 100 * kMs, 0, kProcKernelThread));
                sink.OnFork(Born(11, 100 * kMs, 0, kProcKernelThread));
                sink.OnExec(Began(11, 100 * kMs, 200 * kMs));
                sink.OnExit(Ended(10, 100 * kMs, 300 * kMs, 0, 0, kProcKernelThread));
                sink.OnExit(Ended(11, 100 * kMs, 300 * kMs, 0));
              }),
              ElementsAre("fork 11", "exec 11", "exit 11"));
  EXPECT_EQ(source_->counters().filtered->forks, 1u);
}

TEST_F(FilteredSourceTest, WhoIsNoKernelThreadWillNotBeOneAndIsToldOfAtOnce) {
  Open({.no_kernel_threads = true});
  EXPECT_THAT(Drain([](EventSink& sink) {
                sink.OnFork(Born(10, 100 * kMs));
                sink.OnCommChange({.pid = 10});
              }),
              ElementsAre("fork 10", "comm 10"));
}

TEST_F(FilteredSourceTest, WhoseUserIsUnknownIsToldOf) {
  Open({.only_uids = {1}});
  EXPECT_THAT(Drain([](EventSink& sink) {
                sink.OnFork(Born(10, 100 * kMs, 2));
                sink.OnExit(Ended(10, 100 * kMs, 200 * kMs, 0, std::nullopt));
              }),
              ElementsAre("fork 10", "exit 10"));
}

}  // namespace
}  // namespace daybook
