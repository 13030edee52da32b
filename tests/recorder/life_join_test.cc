#include "life_join.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "bpf_decode.h"
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
  void OnLife(const LifeParts& life) override {
    order += 'L';
    EXPECT_TRUE(Join(life)) << "what is told at once, one record can tell";
    lives.push_back(life);
  }

  std::string order;
  std::vector<LifeParts> lives;
};

class LifeJoinTest : public testing::Test {
 protected:
  // Strings of what is told stand in the batch.
  void Deliver(std::vector<Bytes> events) {
    const std::vector<Bytes>& kept = kept_.emplace_back(std::move(events));
    for (const Bytes& event : kept) batch_.Add(event);
    for (const Bytes& event : kept) EXPECT_TRUE(DeliverEvent(event, batch_, told_));
    batch_.End();
  }

  EventBatch batch_;
  ToldInOrder told_;
  std::deque<std::vector<Bytes>> kept_;
};

TEST_F(LifeJoinTest, ALifeThatIsAllInOneBatchIsToldAtOnce) {
  Deliver({Pack(Born()), Executed(), Pack(Ended())});
  ASSERT_EQ(told_.order, "L");
  const auto& [fork, exec, exit] = told_.lives[0];
  EXPECT_EQ(fork.time_ns, kStartNs);
  EXPECT_EQ(fork.ppid, 7U);
  EXPECT_EQ(exec->exe, "/bin/ls"sv);
  EXPECT_EQ(exec->args, "ls"sv);
  EXPECT_THAT(exit.wait_status, Optional(0x300U));
}

TEST_F(LifeJoinTest, SoIsOneWithoutAProgram) {
  Deliver({Pack(Born()), Pack(Ended())});
  ASSERT_EQ(told_.order, "L");
  EXPECT_FALSE(told_.lives[0].exec);
}

TEST_F(LifeJoinTest, ItsReapGoesIntoItsEnd) {
  Deliver({Pack(Born()), Pack(Ended()), Pack(AReap())});
  ASSERT_EQ(told_.order, "L");
  EXPECT_THAT(told_.lives[0].exit.cpu_us, Optional(4'500U));
  EXPECT_THAT(told_.All<Reap>(), IsEmpty());
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
  EXPECT_EQ(told_.lives.at(0).fork.pid, 43U);
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
  for (const Bytes& event : events) batch_.Add(event);
  EXPECT_TRUE(DeliverEvent(events[0], batch_, told_));
  EXPECT_FALSE(DeliverEvent(events[1], batch_, told_));
  EXPECT_TRUE(DeliverEvent(events[2], batch_, told_));
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
  EXPECT_EQ(told_.lives[1].exit.start_ns, 5000U);
}

TEST_F(LifeJoinTest, ABatchOfManyIsToldInTheOrderOfTheirEnds) {
  constexpr uint32_t kMany = 5000;
  std::vector<Bytes> events;
  for (uint32_t i = 0; i < kMany; ++i) events.push_back(Pack(Born(100 + i, 10 * (i + 1))));
  for (uint32_t i = kMany; i-- > 0;) events.push_back(Pack(Ended(100 + i, 10 * (i + 1))));
  Deliver(std::move(events));
  ASSERT_EQ(told_.order, std::string(kMany, 'L'));
  EXPECT_EQ(told_.lives.front().fork.pid, 100 + kMany - 1);
  EXPECT_EQ(told_.lives.back().fork.pid, 100U);
}

TEST_F(LifeJoinTest, WhoTakesNoWholeLivesIsToldTheThree) {
  KeptEvents parts;
  for (const Bytes& event : {Pack(Born()), Executed(), Pack(Ended())}) kept_.push_back({event});
  for (const auto& event : kept_) batch_.Add(event[0]);
  for (const auto& event : kept_) EXPECT_TRUE(DeliverEvent(event[0], batch_, parts));
  ASSERT_THAT(parts.events, SizeIs(3));
  EXPECT_TRUE(std::holds_alternative<Fork>(parts.events[0]));
  EXPECT_TRUE(std::holds_alternative<Exec>(parts.events[1]));
  EXPECT_TRUE(std::holds_alternative<Exit>(parts.events[2]));
}

}  // namespace
}  // namespace daybook
