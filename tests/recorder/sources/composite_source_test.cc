#include "sources/composite_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <functional>

#include "recorder/fake_proc.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::Eq;
using testing::Optional;

// Hands over what the test puts into it.
class ScriptedSource : public EventSource {
 public:
  explicit ScriptedSource(std::string_view name) : name_(name) {}

  std::string_view name() const override { return name_; }
  Clock ReadClock() const override { return {.time_ns = now_ns}; }
  int wake_fd() const override { return wake_.get(); }
  bool PrepareToSleep() override { return !next; }
  Result<size_t> Drain(EventSink& sink) override {
    if (!next) return size_t{0};
    has_more_ = after_next != nullptr;
    std::exchange(next, std::exchange(after_next, nullptr))(sink);
    return size_t{1};
  }
  // Both are of one drain.
  bool has_more() const override { return has_more_; }
  void Stop() override { stopped = true; }
  bool exhausted() const override { return false; }
  Status Snapshot(SnapshotSink& sink) override {
    sink.OnProcess({.pid = 1, .start_ns = 7});
    reads_args = sink.wants_args();
    return Ok{};
  }
  SourceCounters counters() const override { return counts; }
  bool tells_every_life() const override { return false; }
  std::string abilities() const override { return std::string(name_) + "_things"; }
  std::optional<uint64_t> ring_bytes() const override { return 4096; }

  void Wake() {
    const uint64_t one = 1;
    ASSERT_EQ(write(wake_.get(), &one, sizeof(one)), ssize_t{sizeof(one)});
  }

  std::function<void(EventSink&)> next;
  std::function<void(EventSink&)> after_next;
  uint64_t now_ns = UINT64_MAX;
  SourceCounters counts{.forks_seen = 3};
  bool stopped = false;
  bool reads_args = false;

 private:
  std::string name_;
  bool has_more_ = false;
  FileDescriptor wake_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
};

class Seen : public EventSink, public SnapshotSink {
 public:
  void OnFork(const Fork& fork) override { order.push_back("fork " + std::to_string(fork.pid)); }
  void OnExec(const Exec&) override { order.emplace_back("exec"); }
  void OnExit(const Exit& exit) override { order.push_back("exit " + std::to_string(exit.pid)); }
  void OnLost(const Lost&) override { order.emplace_back("lost"); }
  void OnIdChange(const IdChange& change) override {
    order.emplace_back("ids");
    starts.push_back(change.start_ns);
  }
  void OnSession(const Session& session) override {
    order.emplace_back("session");
    starts.push_back(session.start_ns);
  }
  void OnProcess(const SnapProc&) override {}

  std::vector<std::string> order;
  std::vector<std::optional<uint64_t>> starts;
};

class CompositeSourceTest : public testing::Test {
 protected:
  explicit CompositeSourceTest(const Filter& filter = {}) {
    auto main = std::make_unique<ScriptedSource>("bpf");
    auto beside = std::make_unique<ScriptedSource>("connector");
    main_ = main.get();
    beside_ = beside.get();
    auto source = CompositeSource::Create(std::move(main), std::move(beside), filter, proc_.root());
    if (!source) throw std::runtime_error(source.error().message());
    source_ = *std::move(source);
  }

  void Drain() { EXPECT_TRUE(source_->Drain(seen_)); }

  FakeProc proc_;
  ScriptedSource* main_;
  ScriptedSource* beside_;
  std::unique_ptr<CompositeSource> source_;
  Seen seen_;
};

TEST_F(CompositeSourceTest, ItIsNamedAfterBoth) {
  EXPECT_EQ(source_->name(), "bpf+connector");
  EXPECT_EQ(source_->abilities(), "bpf_things connector_things");
  EXPECT_THAT(source_->ring_bytes(), Optional(4096));
  EXPECT_THAT(source_->counters().forks_seen, Optional(3));
}

TEST_F(CompositeSourceTest, AChangeHasTheStartOfABirthInTheSameTurn) {
  main_->next = [](EventSink& sink) {
    sink.OnFork({.time_ns = 100, .pid = 10});
    sink.OnExit({.time_ns = 300, .pid = 10, .start_ns = 100});
  };
  beside_->next = [](EventSink& sink) { sink.OnIdChange({.time_ns = 200, .pid = 10}); };
  Drain();
  EXPECT_THAT(seen_.order, ElementsAre("fork 10", "ids", "exit 10"));
  EXPECT_THAT(seen_.starts, ElementsAre(Optional(100)));
}

TEST_F(CompositeSourceTest, AChangeHasTheStartOfABirthInALaterPartOfTheSameDrain) {
  main_->next = [](EventSink& sink) { sink.OnFork({.time_ns = 50, .pid = 9}); };
  main_->after_next = [](EventSink& sink) {
    sink.OnFork({.time_ns = 100, .pid = 10});
    sink.OnExit({.time_ns = 300, .pid = 10, .start_ns = 100});
  };
  beside_->next = [](EventSink& sink) { sink.OnIdChange({.time_ns = 200, .pid = 10}); };
  Drain();
  EXPECT_TRUE(source_->has_more());
  EXPECT_THAT(seen_.order, ElementsAre("fork 9"));
  Drain();
  EXPECT_FALSE(source_->has_more());
  EXPECT_THAT(seen_.order, ElementsAre("fork 9", "fork 10", "ids", "exit 10"));
  EXPECT_THAT(seen_.starts, ElementsAre(Optional(100)));
}

TEST_F(CompositeSourceTest, ChangesAreToldInTheirOrderBetweenWhatElseTheirProcessDid) {
  main_->next = [](EventSink& sink) {
    sink.OnFork({.time_ns = 100, .pid = 10});
    sink.OnFork({.time_ns = 110, .pid = 20});
    sink.OnExec({.time_ns = 200, .pid = 10, .start_ns = 100});
    sink.OnFork({.time_ns = 300, .pid = 11, .ppid = 10, .parent_start_ns = 100});
    sink.OnExit({.time_ns = 400, .pid = 10, .start_ns = 100});
    sink.OnExit({.time_ns = 500, .pid = 11, .start_ns = 300});
  };
  beside_->next = [](EventSink& sink) {
    sink.OnSession({.time_ns = 150, .pid = 20});
    sink.OnSession({.time_ns = 150, .pid = 10});
    sink.OnIdChange({.time_ns = 250, .pid = 10});
    sink.OnSession({.time_ns = 350, .pid = 10});
    sink.OnIdChange({.time_ns = 350, .pid = 10});
    sink.OnIdChange({.time_ns = 120, .pid = 20});
  };
  Drain();
  EXPECT_THAT(seen_.order, ElementsAre("fork 10", "fork 20", "session", "exec", "ids", "fork 11",
                                       "session", "ids", "exit 10", "exit 11", "ids", "session"));
  EXPECT_THAT(seen_.starts, ElementsAre(Optional(100), Optional(100), Optional(100), Optional(100),
                                        Optional(110), Optional(110)));
}

// It happened between two looks: at what is beside, and at what the main one has.
TEST_F(CompositeSourceTest, AChangeJustBeforeAnEndIsToldBeforeIt) {
  main_->next = [this](EventSink& sink) {
    beside_->next = [](EventSink& late) { late.OnIdChange({.time_ns = 200, .pid = 10}); };
    sink.OnFork({.time_ns = 100, .pid = 10});
    sink.OnExit({.time_ns = 300, .pid = 10, .start_ns = 100});
  };
  Drain();
  EXPECT_THAT(seen_.order, ElementsAre("fork 10", "ids", "exit 10"));
  EXPECT_THAT(seen_.starts, ElementsAre(Optional(100)));
}

TEST_F(CompositeSourceTest, AChangeWaitsForABirthThatTheMainOneDoesNotHaveYet) {
  main_->now_ns = 150;
  main_->next = [](EventSink& sink) { sink.OnFork({.time_ns = 100, .pid = 9}); };
  beside_->next = [](EventSink& sink) { sink.OnIdChange({.time_ns = 200, .pid = 10}); };
  Drain();
  EXPECT_THAT(seen_.order, ElementsAre("fork 9"));
  EXPECT_FALSE(source_->PrepareToSleep());
  main_->now_ns = 250;
  main_->next = [](EventSink& sink) { sink.OnFork({.time_ns = 180, .pid = 10}); };
  Drain();
  EXPECT_THAT(seen_.order, ElementsAre("fork 9", "fork 10", "ids"));
  EXPECT_THAT(seen_.starts, ElementsAre(Optional(180)));
  EXPECT_TRUE(source_->PrepareToSleep());
}

TEST_F(CompositeSourceTest, AChangeIsThatOfTheOneWhoHadItsNumberThen) {
  main_->next = [](EventSink& sink) {
    sink.OnFork({.time_ns = 100, .pid = 10});
    sink.OnExit({.time_ns = 300, .pid = 10, .start_ns = 100});
    sink.OnFork({.time_ns = 400, .pid = 10});
    sink.OnExit({.time_ns = 600, .pid = 10, .start_ns = 400});
  };
  beside_->next = [](EventSink& sink) {
    sink.OnIdChange({.time_ns = 200, .pid = 10});
    sink.OnIdChange({.time_ns = 500, .pid = 10});
  };
  Drain();
  EXPECT_THAT(seen_.order, ElementsAre("fork 10", "ids", "exit 10", "fork 10", "ids", "exit 10"));
  EXPECT_THAT(seen_.starts, ElementsAre(Optional(100), Optional(400)));
}

TEST_F(CompositeSourceTest, WhatHappenedBeforeABirthHasNothingBeforeIt) {
  main_->next = [](EventSink& sink) { sink.OnExit({.time_ns = 100, .pid = 10, .start_ns = 300}); };
  beside_->next = [](EventSink& sink) { sink.OnIdChange({.time_ns = 200, .pid = 10}); };
  Drain();
  EXPECT_THAT(seen_.order, ElementsAre("exit 10", "ids"));
}

TEST_F(CompositeSourceTest, NoMoreIsTakenFromBesideThanFitsBeforeTheRestOfADrainIsTold) {
  constexpr size_t kMany = 100'000;
  beside_->next = [this](EventSink& sink) {
    for (uint32_t i = 0; i < kMany; ++i) sink.OnIdChange({.time_ns = 200, .pid = 10});
    beside_->next = [](EventSink& rest) { rest.OnSession({.time_ns = 200, .pid = 10}); };
  };
  main_->next = [](EventSink& sink) { sink.OnFork({.time_ns = 100, .pid = 10}); };
  main_->after_next = [this](EventSink& sink) {
    sink.OnFork({.time_ns = 110, .pid = 11});
    EXPECT_TRUE(beside_->next) << "the kernel keeps it, or counts it as lost";
  };
  Drain();
  Drain();
  EXPECT_FALSE(source_->has_more());
  EXPECT_EQ(seen_.starts.size(), kMany + 1);
  EXPECT_EQ(seen_.order.back(), "session");
}

TEST_F(CompositeSourceTest, WhoHasEndedInAnEarlierTurnIsUnknown) {
  main_->next = [](EventSink& sink) {
    sink.OnFork({.time_ns = 100, .pid = 10});
    sink.OnExit({.time_ns = 300, .pid = 10, .start_ns = 100});
  };
  Drain();
  beside_->next = [](EventSink& sink) { sink.OnIdChange({.time_ns = 200, .pid = 10}); };
  Drain();
  EXPECT_THAT(seen_.starts, ElementsAre(std::nullopt));
}

class FilteringCompositeSourceTest : public CompositeSourceTest {
 protected:
  FilteringCompositeSourceTest() : CompositeSourceTest({.only_uids = {7}}) {}
};

TEST_F(FilteringCompositeSourceTest, WhatComesFromBesideIsToldOfThoseThatTheMainOneTellsOf) {
  EXPECT_FALSE(source_->tells_every_life());
  main_->counts.filtered = {.forks = 5, .others = 1};
  beside_->counts.filtered = {.others = 10};
  main_->next = [](EventSink& sink) { sink.OnFork({.time_ns = 100, .pid = 10}); };
  beside_->next = [](EventSink& sink) {
    sink.OnIdChange({.time_ns = 200, .pid = 10});
    sink.OnIdChange({.time_ns = 200, .pid = 11});
    sink.OnSession({.time_ns = 200, .pid = 12});
    sink.OnLost({});
  };
  Drain();
  EXPECT_THAT(seen_.order, ElementsAre("fork 10", "ids", "lost"));
  const auto filtered = source_->counters().filtered;
  EXPECT_EQ(filtered->forks, 5u);
  EXPECT_EQ(filtered->others, 13u);
}

// Neither a birth nor an end says that a number has passed to another process.
class EndlessCompositeSourceTest : public CompositeSourceTest {
 protected:
  explicit EndlessCompositeSourceTest(Filter filter = {.events = kTypeExec | kTypeId})
      : CompositeSourceTest(filter) {}

  // A process that has executed something, and what /proc has of that number when the change of
  // ids is told.
  std::optional<uint64_t> StartIn(uint32_t pid, std::optional<unsigned long> start_ticks) {
    main_->next = [pid](EventSink& sink) { sink.OnExec({.pid = pid, .start_ns = kStartNs}); };
    Drain();
    if (start_ticks) proc_.Add(pid, {.start_ticks = *start_ticks});
    beside_->next = [pid](EventSink& sink) {
      sink.OnIdChange({.time_ns = 2 * kStartNs, .pid = pid});
    };
    Drain();
    return seen_.starts.empty() ? std::nullopt : seen_.starts.back();
  }

  static constexpr uint64_t kStartNs = 1'003'000'000;
};

TEST_F(EndlessCompositeSourceTest, OnlyOneThatIsStillThereIsTheSame) {
  EXPECT_THAT(StartIn(10, 100), Optional(kStartNs));
  EXPECT_THAT(StartIn(11, std::nullopt), Eq(std::nullopt)) << "it has ended";
  EXPECT_THAT(StartIn(12, 150), Eq(std::nullopt)) << "another one has its number";
}

// Who ends in order is not told of.
class FailedCompositeSourceTest : public EndlessCompositeSourceTest {
 protected:
  FailedCompositeSourceTest() : EndlessCompositeSourceTest({.only_failed = true}) {}
};

TEST_F(FailedCompositeSourceTest, OnlyOneThatIsStillThereIsTheSame) {
  EXPECT_THAT(StartIn(10, 100), Optional(kStartNs));
  EXPECT_THAT(StartIn(12, 150), Optional(kStartNs)) << "nothing else is told";
  EXPECT_EQ(seen_.starts.size(), 1u);
}

TEST_F(EndlessCompositeSourceTest, WhoIsNotThereAnyMoreIsForgottenInTheEnd) {
  constexpr uint32_t kPids = 100'000;
  proc_.Add(7);
  main_->next = [](EventSink& sink) {
    for (uint32_t pid = 1; pid <= kPids; ++pid) sink.OnExec({.pid = pid, .start_ns = kStartNs});
  };
  Drain();
  EXPECT_EQ(source_->known_starts(), 1u);
}

TEST_F(CompositeSourceTest, AYoungerProcessIsNotTakenForTheOlder) {
  main_->next = [](EventSink& sink) { sink.OnFork({.time_ns = 500, .pid = 10}); };
  beside_->next = [](EventSink& sink) { sink.OnSession({.time_ns = 200, .pid = 10}); };
  Drain();
  EXPECT_THAT(seen_.starts, ElementsAre(std::nullopt));
}

TEST_F(CompositeSourceTest, SnapshotsTellStartsToo) {
  ASSERT_TRUE(source_->Snapshot(seen_));
  beside_->next = [](EventSink& sink) {
    sink.OnSession({.time_ns = 200, .pid = 1});
    sink.OnLost({});
  };
  Drain();
  EXPECT_THAT(seen_.starts, ElementsAre(Optional(7)));
  EXPECT_THAT(seen_.order, ElementsAre("session", "lost"));
}

TEST_F(CompositeSourceTest, ASnapshotReadsArgumentsForWhoWantsThem) {
  struct Counting : SnapshotSink {
    void OnProcess(const SnapProc&) override {}
    bool wants_args() const override { return false; }
  };
  Counting counting;
  ASSERT_TRUE(source_->Snapshot(counting));
  EXPECT_FALSE(main_->reads_args);
  ASSERT_TRUE(source_->Snapshot(seen_));
  EXPECT_TRUE(main_->reads_args);
}

TEST_F(CompositeSourceTest, EitherWakesAndEitherKeepsAwake) {
  for (ScriptedSource* source : {main_, beside_}) {
    EXPECT_TRUE(source_->PrepareToSleep());
    source->next = [](EventSink&) {};
    EXPECT_FALSE(source_->PrepareToSleep());
    Drain();
  }
  pollfd wait{.fd = source_->wake_fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&wait, 1, 0), 0);
  beside_->Wake();
  EXPECT_EQ(poll(&wait, 1, 0), 1);
}

TEST_F(CompositeSourceTest, BothAreStopped) {
  source_->Stop();
  EXPECT_TRUE(main_->stopped);
  EXPECT_TRUE(beside_->stopped);
}

}  // namespace
}  // namespace daybook
