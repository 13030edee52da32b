// Hooks of several processes, and the snapshot, look at the same birth at the same time, on two
// CPUs. At whatever moment one comes in between another one: no birth is told without its end, no
// end without its birth, nothing twice, and nothing is left of who has ended.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "both_filters.h"

namespace daybook {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kBirth = 1'000 * kMs;
constexpr uint64_t kNow = kBirth + 20 * kMs;
constexpr uint32_t kFailed = 256;

const Filter kNoShortLives = {.min_lifetime_ns = 100 * kMs};
const Filter kUserOne = {.only_uids = {1}};

constexpr program_process kParent = {.pid = 10, .start_ns = kBirth};
constexpr program_process kChild = {
    .pid = 11, .wait_status = kFailed, .start_ns = kBirth + kMs, .parent = &kParent};
constexpr program_process kSibling = {
    .pid = 12, .wait_status = kFailed, .start_ns = kBirth + kMs, .parent = &kParent};
// His entries are those of who has just ended.
constexpr program_process kStranger = {.pid = 13, .start_ns = kNow};
// Of user 1 only while a snapshot looks at him.
constexpr program_process kWhileShown = {.pid = 10, .uid = 1, .start_ns = kBirth};

void End(const program_process& process) {
  program_exit(&process, kNow);
  program_free(&process, kNow);
}
void ParentEnds() {
  End(kParent);
  program_fork(&kStranger, kNow);
}
void ChildEnds() { End(kChild); }
void SiblingEnds() { End(kSibling); }

bool is_shown = false;
void IsBorn() { program_fork(&kParent, kBirth); }
void IsLookedAt() { is_shown = program_show(&kWhileShown, kNow) != 0; }

long Count(const std::vector<std::string>& told, const std::string& what) {
  return std::count(told.begin(), told.end(), what);
}

// Lets one come in between the other one at each of its moments. Whoever takes part ends.
template <class Check>
void RaceAtEveryMoment(const Filter& filter, const std::vector<program_process>& born,
                       void (*outer)(), void (*inner)(), void (*after)(), Check check) {
  constexpr uint32_t kMaxUses = 100;
  uint32_t moment = 0;
  for (bool came_between = true; came_between; ++moment) {
    ASSERT_LT(moment, kMaxUses);
    SCOPED_TRACE("before use " + std::to_string(moment + 1));
    KernelFilter kernel(filter);
    for (const program_process& process : born) program_fork(&process, process.start_ns);
    program_interrupt(moment + 1, inner);
    outer();
    came_between = program_was_interrupted() != 0;
    if (!came_between) {
      program_interrupt(0, nullptr);
      inner();
    }
    after();
    check(kernel.TakeTold());
    EXPECT_EQ(program_judged(), 0u);
  }
  EXPECT_GT(moment, 2u);
}

void ExpectWhole(const std::vector<std::string>& told, const std::string& pid) {
  EXPECT_LE(Count(told, "fork " + pid), 1);
  EXPECT_EQ(Count(told, "fork " + pid), Count(told, "exit " + pid));
  EXPECT_EQ(Count(told, "reap " + pid), Count(told, "exit " + pid));
}

// ---- A child names his parent ----

class KernelNamingRaceTest : public testing::Test {
 protected:
  // With the number of times that the parent was told of.
  std::set<long> Race(void (*outer)(), void (*inner)(), void (*after)()) {
    std::set<long> outcomes;
    const std::vector<program_process> born = {kParent, kChild, kSibling};
    RaceAtEveryMoment(kNoShortLives, born, outer, inner, after, [&](const auto& told) {
      ExpectWhole(told, "10");
      ExpectWhole(told, "11");
      EXPECT_EQ(Count(told, "fork 11"), 1);
      EXPECT_EQ(Count(told, "exit 13"), 0) << "a stranger";
      const auto births =
          static_cast<uint64_t>(std::count_if(told.begin(), told.end(), [](const std::string& one) {
            return one.starts_with("fork");
          }));
      EXPECT_EQ(KernelFilter::filtered().forks, 4 - births);
      outcomes.insert(Count(told, "fork 10"));
    });
    return outcomes;
  }
};

TEST_F(KernelNamingRaceTest, TheParentEndsWhileHeIsNamed) {
  const auto outcomes = Race(ChildEnds, ParentEnds, [] {
    SiblingEnds();
    End(kStranger);
  });
  EXPECT_EQ(outcomes, (std::set<long>{0, 1}));
}

TEST_F(KernelNamingRaceTest, HeIsNamedWhileHeEnds) {
  const auto outcomes = Race(ParentEnds, ChildEnds, [] {
    SiblingEnds();
    End(kStranger);
  });
  EXPECT_EQ(outcomes, (std::set<long>{0, 1}));
}

TEST_F(KernelNamingRaceTest, TwoChildrenNameHimAtTheSameTime) {
  const auto outcomes = Race(ChildEnds, SiblingEnds, [] {
    ParentEnds();
    End(kStranger);
  });
  EXPECT_EQ(outcomes, (std::set<long>{1}));
}

// ---- A snapshot shows him ----

class KernelShowingRaceTest : public testing::Test {
 protected:
  std::set<bool> Race(const std::vector<program_process>& born, void (*outer)(), void (*inner)(),
                      void (*after)()) {
    std::set<bool> outcomes;
    RaceAtEveryMoment(kUserOne, born, outer, inner, after, [&](const auto& told) {
      EXPECT_EQ(Count(told, "fork 10"), 0) << "he is shown as what he is by now";
      if (is_shown) EXPECT_EQ(Count(told, "exit 10"), 1);
      EXPECT_EQ(Count(told, "exit 10"), Count(told, "reap 10"));
      EXPECT_EQ(Count(told, "exit 13"), 0) << "a stranger";
      outcomes.insert(is_shown);
    });
    return outcomes;
  }
};

TEST_F(KernelShowingRaceTest, HeEndsWhileASnapshotLooksAtHim) {
  const auto outcomes = Race({kParent}, IsLookedAt, ParentEnds, [] { End(kStranger); });
  EXPECT_EQ(outcomes, (std::set<bool>{false, true}));
}

TEST_F(KernelShowingRaceTest, ASnapshotLooksAtHimWhileHeEnds) {
  const auto ends = [] { program_exit(&kParent, kNow); };
  const auto is_looked_at = [] {
    program_process ending = kWhileShown;
    ending.has_ended = 1;
    is_shown = program_show(&ending, kNow) != 0;
  };
  const auto outcomes = Race({kParent}, ends, is_looked_at, [] { program_free(&kParent, kNow); });
  EXPECT_EQ(outcomes, (std::set<bool>{false}));
}

TEST_F(KernelShowingRaceTest, HeEndsWhileASnapshotLooksAtHimForTheFirstTime) {
  const auto outcomes = Race({}, IsLookedAt, ParentEnds, [] { End(kStranger); });
  EXPECT_TRUE(outcomes.contains(false));
}

TEST_F(KernelShowingRaceTest, HeIsBornWhileASnapshotLooksAtHim) {
  const auto outcomes = Race({}, IsLookedAt, IsBorn, [] { End(kParent); });
  EXPECT_EQ(outcomes, (std::set<bool>{true}));
}

TEST_F(KernelShowingRaceTest, ASnapshotLooksAtHimWhileHeIsBorn) {
  const auto outcomes = Race({}, IsBorn, IsLookedAt, [] { End(kParent); });
  EXPECT_EQ(outcomes, (std::set<bool>{true}));
}

}  // namespace
}  // namespace daybook
