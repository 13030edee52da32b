// Who is told of names his parent: under a filter, too, nobody stands in the log before his parent,
// where that still lives and is asked for. Both filters see to it alike.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "both_filters.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kAgeMs = 100;

// After some time, since no process is born with the machine.
constexpr uint64_t At(uint64_t ms) { return (1'000 + ms) * kMs; }

// What happens to processes is told to both; times are in milliseconds.
class Families {
 public:
  explicit Families(const Filter& filter, uint32_t max_judged = kManyJudged)
      : kernel_(filter, max_judged), other_(filter) {}

  void IsBorn(uint32_t pid, uint32_t ppid, uint64_t at_ms, uint32_t uid = 0) {
    const auto parent = processes_.find(ppid);
    const bool has_parent = parent != processes_.end();
    const program_process process = {.pid = pid,
                                     .uid = uid,
                                     .start_ns = At(at_ms),
                                     .parent = has_parent ? &parent->second : nullptr};
    processes_[pid] = process;
    program_fork(&processes_[pid], At(at_ms));
    Fork fork{.time_ns = At(at_ms), .pid = pid, .ppid = ppid, .uid = uid};
    if (has_parent) fork.parent_start_ns = parent->second.start_ns;
    other_.Happen([&](EventSink& sink) { sink.OnFork(fork); });
  }

  void Becomes(uint32_t pid, uint64_t at_ms, uint32_t uid) {
    program_process& process = processes_.at(pid);
    process.uid = uid;
    other_.Happen([&](EventSink& sink) {
      sink.OnIdChange({.time_ns = At(at_ms), .pid = pid, .start_ns = process.start_ns, .uid = uid});
    });
  }

  void Executes(uint32_t pid, uint64_t at_ms) {
    const program_process& process = processes_.at(pid);
    program_exec(&process, At(at_ms));
    other_.Happen([&](EventSink& sink) {
      sink.OnExec(
          {.time_ns = At(at_ms), .pid = pid, .start_ns = process.start_ns, .uid = process.uid});
    });
  }

  // And is reaped; its children become the first process's.
  void Ends(uint32_t pid, uint64_t at_ms, uint32_t status = 0) {
    program_process& process = processes_.at(pid);
    process.wait_status = status;
    program_exit(&process, At(at_ms));
    program_free(&process, At(at_ms));
    process.has_ended = 1;
    for (auto& [unused, child] : processes_) {
      if (child.parent == &process) child.parent = nullptr;
    }
    other_.Happen([&](EventSink& sink) {
      sink.OnExit({.time_ns = At(at_ms),
                   .pid = pid,
                   .start_ns = process.start_ns,
                   .wait_status = status,
                   .uid = process.uid});
      sink.OnReap({.time_ns = At(at_ms), .pid = pid, .start_ns = process.start_ns});
    });
  }

  program_process& process(uint32_t pid) { return processes_.at(pid); }

  // Since it was asked last.
  std::vector<std::string> Told() {
    std::vector<std::string> told = kernel_.TakeTold();
    EXPECT_EQ(told, other_.TakeTold());
    return told;
  }
  std::vector<std::string> ToldByKernel() { return kernel_.TakeTold(); }
  void ExpectCountsAlike() const {
    EXPECT_EQ(kernel_.filtered().forks, other_.filtered().forks);
    EXPECT_EQ(kernel_.filtered().execs, other_.filtered().execs);
    EXPECT_EQ(kernel_.filtered().exits, other_.filtered().exits);
  }

 private:
  KernelFilter kernel_;
  OtherFilter other_;
  std::map<uint32_t, program_process> processes_;
};

const Filter kNoShortLives = {.min_lifetime_ns = kAgeMs * kMs};

TEST(KernelFamiliesTest, WhoIsToldOfComesBehindHisParents) {
  Families families(kNoShortLives);
  families.IsBorn(10, 1, 0);
  families.Executes(10, 1);
  families.IsBorn(11, 10, 2);
  families.Executes(11, 3);
  families.IsBorn(12, 11, 4);
  families.Executes(12, 5);
  EXPECT_THAT(families.Told(), IsEmpty());
  families.Ends(12, 200);
  EXPECT_THAT(families.Told(), ElementsAre("fork 10", "fork 11", "fork 12", "exit 12", "reap 12"));
  families.IsBorn(13, 11, 201);
  families.Executes(13, 400);
  EXPECT_THAT(families.Told(), ElementsAre("fork 13", "exec 13")) << "they have been told before";
  families.Ends(11, 401);
  families.Ends(10, 402);
  EXPECT_THAT(families.Told(), ElementsAre("exit 11", "reap 11", "exit 10", "reap 10"));
  families.ExpectCountsAlike();
}

// Else the log would not tell who it was that the failure is of.
TEST(KernelFamiliesTest, TheParentsOfAFailureAreToldThoughTheyLiveTooShort) {
  Families families(kNoShortLives);
  families.IsBorn(10, 1, 0);
  families.IsBorn(11, 10, 1);
  families.IsBorn(12, 10, 1);
  families.Ends(12, 2);
  families.Ends(11, 2, 256);
  families.Ends(10, 3);
  EXPECT_THAT(families.Told(),
              ElementsAre("fork 10", "fork 11", "exit 11", "reap 11", "exit 10", "reap 10"));
  families.ExpectCountsAlike();
}

TEST(KernelFamiliesTest, AParentThatEndedBeforeIsNotTold) {
  Families families(kNoShortLives);
  families.IsBorn(10, 1, 0);
  families.IsBorn(11, 10, 1);
  families.Ends(10, 2);
  families.Ends(11, 200);
  EXPECT_THAT(families.Told(), ElementsAre("fork 11", "exit 11", "reap 11"));
  families.ExpectCountsAlike();
}

// His own hook, which has not come yet, finds him followed.
TEST(KernelFamiliesTest, AParentThatIsJustEndingIsToldWithHisEnd) {
  Families families(kNoShortLives);
  families.IsBorn(10, 1, 0);
  families.IsBorn(11, 10, 1);
  families.process(10).has_ended = 1;
  families.Ends(11, 2, 256);
  EXPECT_THAT(families.ToldByKernel(), ElementsAre("fork 10", "fork 11", "exit 11", "reap 11"));
  families.Ends(10, 3);
  EXPECT_THAT(families.ToldByKernel(), ElementsAre("exit 10", "reap 10"));
}

TEST(KernelFamiliesTest, WhoIsNotAskedForIsNotToldForHisChildren) {
  Families families({.only_uids = {1}});
  families.IsBorn(9, 1, 0, 1);
  families.IsBorn(10, 9, 0, 0);
  families.IsBorn(11, 10, 1, 0);
  families.Becomes(11, 2, 1);
  families.Executes(11, 3);
  EXPECT_THAT(families.Told(), ElementsAre("fork 11", "exec 11"));
  families.Ends(9, 5);
  families.Ends(10, 5);
  EXPECT_THAT(families.Told(), ElementsAre("fork 9", "exit 9", "reap 9"));
}

TEST(KernelFamiliesTest, AParentIsWhoHeIsByThen) {
  Families families({.only_uids = {1}});
  families.IsBorn(10, 1, 0, 0);
  families.Becomes(10, 1, 1);
  families.IsBorn(11, 10, 1, 1);
  families.Executes(11, 3);
  EXPECT_THAT(families.Told(), ElementsAre("fork 10", "fork 11", "exec 11"));
  families.Becomes(10, 4, 0);
  families.Ends(10, 5);
  EXPECT_THAT(families.Told(), ElementsAre("exit 10", "reap 10"));
}

TEST(KernelFamiliesTest, AParentWhoExecutedAProgramAsSomebodyElseIsThat) {
  Families families({.except_uids = {1}});
  families.IsBorn(10, 1, 0, 0);
  families.Becomes(10, 1, 1);
  families.Executes(10, 2);
  families.IsBorn(11, 10, 3, 1);
  families.Becomes(11, 3, 2);
  families.Executes(11, 4);
  EXPECT_THAT(families.Told(), ElementsAre("fork 11", "exec 11"));
}

TEST(KernelFamiliesTest, WhereBirthsAreLeftOutParentsAre) {
  Families families({.events = kTypeExec | kTypeExit, .min_lifetime_ns = kAgeMs * kMs});
  families.IsBorn(10, 1, 0);
  families.IsBorn(11, 10, 1);
  families.Ends(11, 200);
  EXPECT_THAT(families.Told(), ElementsAre("exit 11", "reap 11"));
}

TEST(KernelFamiliesTest, AncestorsAreToldAsFarUpAsTheKernelLooks) {
  Families families(kNoShortLives);
  std::vector<std::string> expected;
  constexpr uint32_t kAncestors = 32;
  for (uint32_t i = 0; i <= kAncestors; ++i) {
    families.IsBorn(10 + i, 9 + i, i);
    expected.push_back("fork " + std::to_string(10 + i));
  }
  families.Ends(10 + kAncestors, 1'000);
  const std::string youngest = std::to_string(10 + kAncestors);
  expected.insert(expected.end(), {"exit " + youngest, "reap " + youngest});
  EXPECT_EQ(families.Told(), expected);
}

TEST(KernelFamiliesTest, WhoIsFurtherUpIsToldWhenHeIsJudgedHimself) {
  Families families(kNoShortLives);
  for (uint32_t i = 0; i < 34; ++i) families.IsBorn(10 + i, 9 + i, i);
  families.Ends(43, 1'000);
  const auto told = families.ToldByKernel();
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.front(), "fork 11");
  families.Ends(10, 1'001);
  EXPECT_THAT(families.ToldByKernel(), ElementsAre("fork 10", "exit 10", "reap 10"));
}

TEST(KernelFamiliesTest, WhoCannotBeKeptComesBehindAParentThatWas) {
  Families families(kNoShortLives, 1);
  families.IsBorn(10, 1, 0);
  families.IsBorn(11, 10, 1);
  EXPECT_THAT(families.ToldByKernel(), ElementsAre("fork 10", "fork 11"));
}

// ---- Whatever they do ----

struct Record {
  std::string what;
  uint32_t pid;
};

Record Parse(const std::string& told) {
  const size_t blank = told.find(' ');
  return {.what = told.substr(0, blank),
          .pid = static_cast<uint32_t>(std::stoul(told.substr(blank + 1)))};
}

TEST(KernelFamiliesTest, NobodyIsToldBeforeAParentThatIsToldLater) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&random](uint32_t limit) {
      return static_cast<uint32_t>(random() % limit);
    };
    Families families(kNoShortLives);
    std::map<uint32_t, uint32_t> parents;
    std::vector<uint32_t> living = {10};
    families.IsBorn(10, 1, 0);
    uint32_t next_pid = 11;
    for (uint64_t at_ms = 1; !living.empty(); at_ms += below(8)) {
      const size_t who = below(static_cast<uint32_t>(living.size()));
      const uint32_t pid = living[who];
      const uint32_t what = below(4);
      if (what == 0) families.Executes(pid, at_ms);
      if (what == 1 && next_pid < 60) {
        families.IsBorn(next_pid, pid, at_ms);
        parents[next_pid] = pid;
        living.push_back(next_pid++);
      }
      if (what == 2 && at_ms > 40) {
        families.Ends(pid, at_ms, below(8) == 0 ? 256 : 0);
        living.erase(living.begin() + static_cast<ptrdiff_t>(who));
      }
    }
    std::vector<uint32_t> born;
    std::multiset<uint32_t> ended;
    std::set<uint32_t> seen;
    for (const std::string& told : families.Told()) {
      const Record record = Parse(told);
      if (record.what == "fork") {
        EXPECT_FALSE(seen.contains(record.pid)) << seed;
        born.push_back(record.pid);
      }
      if (record.what == "exit") ended.insert(record.pid);
      seen.insert(record.pid);
    }
    EXPECT_THAT(ended, UnorderedElementsAreArray(born)) << seed << ": whole or not at all";
    for (auto child = born.begin(); child != born.end(); ++child) {
      EXPECT_EQ(std::find(child, born.end(), parents[*child]), born.end()) << seed << ' ' << *child;
    }
    families.ExpectCountsAlike();
  }
}

}  // namespace
}  // namespace daybook
