#include "bpf_source/life_join.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bpf_source/bpf_decode.h"
#include "recorder/kept.h"
#include "recorder/kernel_events.h"

namespace daybook {
namespace {

using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;
using std::string_view_literals::operator""sv;

constexpr uint32_t kPid = 42;
constexpr uint64_t kStartNs = 1000;

fork_event Born(uint32_t pid = kPid, uint64_t start_ns = kStartNs) {
  fork_event event = AFork();
  event.start_ns = start_ns;
  event.pid = pid;
  event.flags = 0;
  const process_ids ids = Ids();
  event.gid = ids.gid;
  event.egid = ids.egid;
  event.sid = ids.sid;
  return event;
}

exit_event Ended(uint32_t pid = kPid, uint64_t start_ns = kStartNs) {
  exit_event event = AnExit();
  event.pid = pid;
  event.start_ns = start_ns;
  event.time_ns = start_ns + 2000;
  event.usage.read_bytes = 27;
  return event;
}

Bytes Executed() { return Pack(AnExec("/bin/ls", "ls"), "/bin/lsls"); }

// What it is told, in the order in which it is: f, x, e, c; L for a whole life.
class ToldInOrder : public KeptEvents {
 public:
  void OnFork(const Fork& fork) override { order += 'f', KeptEvents::OnFork(fork); }
  void OnExec(const Exec& exec) override { order += 'x', KeptEvents::OnExec(exec); }
  void OnExit(const Exit& exit) override { order += 'e', KeptEvents::OnExit(exit); }
  void OnCommChange(const CommChange&) override { order += 'c'; }
  void OnLife(const WholeLife& life) override {
    order += 'L';
    lives.push_back(life);
  }

  std::string order;
  std::vector<WholeLife> lives;
};

class LifeJoinTest : public testing::Test {
 protected:
  // Strings of what is told stand in the batch.
  void Deliver(std::vector<Bytes> events) {
    const std::vector<Bytes>& kept = kept_.emplace_back(std::move(events));
    for (const Bytes& event : kept) EXPECT_TRUE(batch_.Add(event));
    batch_.Deliver(told_);
  }

  EventBatch batch_;
  ToldInOrder told_;
  std::deque<std::vector<Bytes>> kept_;
};

TEST_F(LifeJoinTest, ALifeThatIsAllInOneBatchIsToldAtOnce) {
  Deliver({Pack(Born()), Executed(), Pack(Ended())});
  ASSERT_EQ(told_.order, "L");
  const auto [fork, exec, exit] = PartsOf(told_.lives[0]);
  EXPECT_EQ(fork.time_ns, kStartNs);
  EXPECT_EQ(fork.ppid, 7U);
  EXPECT_EQ(exec->exe, "/bin/ls"sv);
  EXPECT_EQ(exec->args, "ls"sv);
  EXPECT_THAT(exit.wait_status, Optional(0x300U));
}

TEST_F(LifeJoinTest, SoIsOneWithoutAProgram) {
  Deliver({Pack(Born()), Pack(Ended())});
  ASSERT_EQ(told_.order, "L");
  EXPECT_FALSE(told_.lives[0].exec_after_us);
}

TEST_F(LifeJoinTest, ItsReapGoesIntoItsEnd) {
  Deliver({Pack(Born()), Pack(Ended()), Pack(AReap())});
  ASSERT_EQ(told_.order, "L");
  EXPECT_THAT(told_.lives[0].cpu_us, 4'500U);
  EXPECT_THAT(told_.All<Reap>(), IsEmpty());
}

TEST_F(LifeJoinTest, OfWhomTheKernelDoesNotCountAllStaysThree) {
  exit_event end = Ended();
  end.usage.write_bytes = USAGE_UNKNOWN;
  Deliver({Pack(Born()), Pack(end), Pack(AReap())});
  EXPECT_EQ(told_.order, "L") << "its reap tells it";
  Deliver({Pack(Born()), Pack(end)});
  EXPECT_EQ(told_.order, "Lfe");
}

TEST_F(LifeJoinTest, ALaterReapIsToldByItself) {
  Deliver({Pack(Born()), Pack(Ended())});
  Deliver({Pack(AReap())});
  EXPECT_EQ(told_.order, "L");
  EXPECT_THAT(told_.All<Reap>(), SizeIs(1));
}

TEST_F(LifeJoinTest, AcrossBatchesThereAreThree) {
  Deliver({Pack(Born()), Executed()});
  Deliver({Pack(Ended())});
  EXPECT_EQ(told_.order, "fxe");
}

// Its children's records name it, and stand before its end.
TEST_F(LifeJoinTest, AParentStaysThreeAndItsChildIsToldBetween) {
  fork_event child = Born(43, 1500);
  child.ppid = kPid;
  child.parent_start_ns = kStartNs;
  exit_event end = Ended(43, 1500);
  end.ppid = kPid;
  end.parent_start_ns = kStartNs;
  Deliver({Pack(Born()), Pack(child), Pack(end), Pack(Ended())});
  EXPECT_EQ(told_.order, "fLe");
  EXPECT_EQ(told_.lives.at(0).pid, 43U);
}

TEST_F(LifeJoinTest, WhoseParentEndedBeforeItStaysThree) {
  exit_event adopted = Ended();
  adopted.ppid = 1;
  Deliver({Pack(Born()), Pack(adopted)});
  EXPECT_EQ(told_.order, "fe");
}

fork_event BornOf(const fork_event& parent, uint32_t pid, uint64_t start_ns) {
  fork_event child = Born(pid, start_ns);
  child.ppid = parent.pid;
  child.parent_start_ns = parent.start_ns;
  return child;
}

exit_event EndOf(const fork_event& child) {
  exit_event end = Ended(child.pid, child.start_ns);
  end.ppid = child.ppid;
  end.parent_start_ns = child.parent_start_ns;
  return end;
}

// Its children inherit the program that it had at their birth, which the log would not tell any
// more where their end stands.
TEST_F(LifeJoinTest, WhoseParentBecameAnotherProgramMeanwhileStaysThree) {
  const fork_event child = BornOf(Born(), 43, 1500);
  Deliver({Pack(child), Executed(), Pack(EndOf(child))});
  EXPECT_EQ(told_.order, "fxe");
  Deliver({Executed(), Pack(child), Pack(EndOf(child))});
  EXPECT_EQ(told_.order, "fxexL") << "before its birth";
}

// In the end of a whole group the kernel may tell of the parent's first, and still name it.
TEST_F(LifeJoinTest, WhoseParentsEndStandsBeforeItsOwnStaysThree) {
  const fork_event child = BornOf(Born(), 43, 1500);
  Deliver({Pack(child), Pack(Ended()), Pack(EndOf(child))});
  EXPECT_EQ(told_.order, "fee");
}

// As where a filter has kept it until its end.
TEST_F(LifeJoinTest, AParentWhoseBirthIsToldBehindThatOfItsChildStaysThree) {
  const fork_event child = BornOf(Born(), 43, 1500);
  Deliver({Pack(child), Pack(Born()), Pack(Ended())});
  EXPECT_EQ(told_.order, "ffe");
}

TEST_F(LifeJoinTest, AnEventThatIsDamagedTakesNoOtherWithIt) {
  exec_event exec = AnExec("/bin/ls", "ls");
  exec.args_captured = 99;
  const std::vector<Bytes>& events =
      kept_.emplace_back(std::vector<Bytes>{Pack(Born()), Pack(exec, "/bin/lsls"), Pack(Ended())});
  EXPECT_TRUE(batch_.Add(events[0]));
  EXPECT_FALSE(batch_.Add(events[1]));
  EXPECT_TRUE(batch_.Add(events[2]));
  batch_.Deliver(told_);
  EXPECT_EQ(told_.order, "L");
}

TEST_F(LifeJoinTest, WhoChangedItsIdsStaysThree) {
  exit_event end = Ended();
  end.ids.euid = 0;
  Deliver({Pack(Born()), Pack(end)});
  EXPECT_EQ(told_.order, "fe") << "after its birth";
  exec_event exec = AnExec("/bin/ls", "ls");
  exec.ids.cgroup_id = 100;
  Deliver({Pack(Born()), Pack(exec, "/bin/lsls"), Pack(Ended())});
  EXPECT_EQ(told_.order, "fefxe") << "after its program began";
}

TEST_F(LifeJoinTest, ASecondProgramKeepsThemApart) {
  Deliver({Pack(Born()), Executed(), Executed(), Pack(Ended())});
  EXPECT_EQ(told_.order, "fxxe");
}

TEST_F(LifeJoinTest, AnotherNameKeepsThemApart) {
  comm_event change{.header = {.type = EVENT_COMM}, .start_ns = kStartNs, .pid = kPid};
  Deliver({Pack(Born()), Pack(change), Pack(Ended())});
  EXPECT_EQ(told_.order, "fce");
  exit_event end = Ended();
  SetComm(end, "other");
  Deliver({Pack(Born()), Executed(), Pack(end)});
  EXPECT_EQ(told_.order, "fcefxe") << "where its change is not told";
}

TEST_F(LifeJoinTest, APidThatIsUsedTwiceHasTwoLives) {
  Deliver({Pack(Born()), Pack(Ended()), Pack(Born(kPid, 5000)), Pack(Ended(kPid, 5000))});
  ASSERT_EQ(told_.order, "LL");
  EXPECT_EQ(BirthOf(told_.lives[1]), 5000U);
}

TEST_F(LifeJoinTest, ABatchOfManyIsToldInTheOrderOfTheirEnds) {
  constexpr uint32_t kMany = 5000;
  std::vector<Bytes> events;
  for (uint32_t i = 0; i < kMany; ++i) events.push_back(Pack(Born(100 + i, 10 * (i + 1))));
  for (uint32_t i = kMany; i-- > 0;) events.push_back(Pack(Ended(100 + i, 10 * (i + 1))));
  Deliver(std::move(events));
  ASSERT_EQ(told_.order, std::string(kMany, 'L'));
  EXPECT_EQ(told_.lives.front().pid, 100 + kMany - 1);
  EXPECT_EQ(told_.lives.back().pid, 100U);
}

// The events of a life, such as most are, but for numbers that nothing else repeats.
struct LifeEvents {
  fork_event fork = Born();
  std::optional<exec_event> exec;
  exit_event exit = Ended();
  std::optional<reap_event> reap;
  bool is_changed = false;  // one of its bytes is no longer what it was
};

class RandomLives {
 public:
  LifeEvents Next() {
    LifeEvents life;
    life.fork.namespace_level = life.fork.namespace_pid = Below(2);
    if (Below(2) == 0) {
      life.exec = AnExec("/bin/ls", "ls");
      life.exec->time_ns = kStartNs + Below(5000);
      life.exec->old_tid = Below(2);
      life.exec->args_known = Below(2);
      life.exec->args_bytes = 2 + Below(2);
      life.exec->cpu_ns = Below(100'000);
    }
    exit_event& exit = life.exit;
    exit.time_ns = kStartNs + Below(5000);
    exit.wait_status = Below(1000);
    exit.flags = Below(64);
    exit.usage = Used();
    exit.maxrss_pages = Below(1000);
    exit.image_maxrss_pages = Below(2);
    exit.children_cpu_ns = Below(10'000);
    if (Below(2) == 0) {
      life.reap = AReap();
      life.reap->time_ns = exit.time_ns + Below(5000);
      life.reap->usage = Used();
    }
    const uint32_t changed = Below(8);
    life.is_changed = changed < 3;
    switch (changed) {
      case 0:
        ChangeAByte(life.fork);
        break;
      case 1:
        if (life.exec) ChangeAByte(*life.exec);
        break;
      case 2:
        ChangeAByte(exit);
        break;
      default:
        break;
    }
    return life;
  }

 private:
  uint32_t Below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }
  uint64_t MostlyKnown() { return Below(20) == 0 ? USAGE_UNKNOWN : Below(1000); }
  usage Used() {
    return {.utime_ns = Below(10'000),
            .stime_ns = Below(10'000),
            .cpu_ns = Below(10'000),
            .minflt = Below(100),
            .majflt = Below(3),
            .nvcsw = Below(3),
            .nivcsw = Below(3),
            .rchar = MostlyKnown(),
            .wchar = MostlyKnown(),
            .read_bytes = MostlyKnown(),
            .write_bytes = MostlyKnown()};
  }
  template <class KernelEvent>
  void ChangeAByte(KernelEvent& event) {
    const size_t at = sizeof(event.header) + Below(sizeof(event) - sizeof(event.header));
    reinterpret_cast<std::byte*>(&event)[at] ^= std::byte{1};
  }

  std::mt19937 random_{20261127};
};

std::vector<Bytes> Packed(const LifeEvents& life) {
  std::vector<Bytes> events = {Pack(life.fork)};
  if (life.exec) events.push_back(Pack(*life.exec, "/bin/lsls"));
  events.push_back(Pack(life.exit));
  if (life.reap) events.push_back(Pack(*life.reap));
  return events;
}

// Of the records of which each came in a batch of its own, but for the reap, which goes into the
// end; strings are kept in `told`.
std::optional<WholeLife> JoinedFromRecords(const LifeEvents& life, KeptEvents& told) {
  EventBatch batch;
  const auto deliver = [&](const std::vector<Bytes>& events) {
    for (const Bytes& event : events) EXPECT_TRUE(batch.Add(event));
    batch.Deliver(told);
  };
  deliver({Pack(life.fork)});
  if (life.exec) deliver({Pack(*life.exec, "/bin/lsls")});
  life.reap ? deliver({Pack(life.exit), Pack(*life.reap)}) : deliver({Pack(life.exit)});
  LifeParts parts{.fork = told.All<Fork>().at(0), .exec = {}, .exit = told.All<Exit>().at(0)};
  if (life.exec) parts.exec = told.All<Exec>().at(0);
  return Join(parts);
}

TEST_F(LifeJoinTest, OneRecordTellsWhatIsJoinedFromThree) {
  RandomLives lives;
  size_t whole = 0;
  size_t apart = 0;
  for (int round = 0; round < 20'000; ++round) {
    const LifeEvents life = lives.Next();
    const std::vector<Bytes> events = Packed(life);
    EventBatch batch;
    ToldInOrder told;
    for (const Bytes& event : events) (void)batch.Add(event);
    batch.Deliver(told);
    ++(told.lives.empty() ? apart : whole);
    if (told.lives.empty()) continue;
    LifeEvents told_of = life;
    // Damaged, it may be no exec any more, or another one's.
    if (life.is_changed && !told.lives[0].exec_after_us) told_of.exec.reset();
    KeptEvents records;
    const auto joined = JoinedFromRecords(told_of, records);
    ASSERT_TRUE(joined) << "round " << round;
    ASSERT_TRUE(told.lives[0] == *joined) << "round " << round;
  }
  EXPECT_GT(whole, 5'000U);
  EXPECT_GT(apart, 2'000U);
}

TEST_F(LifeJoinTest, WhoTakesNoWholeLivesIsToldTheThree) {
  KeptEvents parts;
  for (const Bytes& event : {Pack(Born()), Executed(), Pack(Ended())}) kept_.push_back({event});
  for (const auto& event : kept_) EXPECT_TRUE(batch_.Add(event[0]));
  batch_.Deliver(parts);
  ASSERT_THAT(parts.events, SizeIs(3));
  EXPECT_TRUE(std::holds_alternative<Fork>(parts.events[0]));
  EXPECT_TRUE(std::holds_alternative<Exec>(parts.events[1]));
  EXPECT_TRUE(std::holds_alternative<Exit>(parts.events[2]));
}

}  // namespace
}  // namespace daybook
