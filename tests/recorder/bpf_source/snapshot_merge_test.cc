#include "bpf_source/snapshot_merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recorder/fake_proc.h"
#include "recorder/kept.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

constexpr uint64_t kTickNs = 10'000'000;
constexpr uint64_t kListedNs = 200 * kTickNs;

class SnapshotMergeTest : public testing::Test {
 protected:
  // The iterator's process, with its parent.
  void Shown(uint32_t pid, uint64_t start_ns, uint32_t ppid = 0, uint64_t parent_start_ns = 0) {
    seen_.OnProcess({.pid = pid,
                     .start_ns = start_ns,
                     .ppid = ppid,
                     .parent_start_ns = parent_start_ns,
                     .comm = "shown"});
  }

  void Add(const std::vector<uint32_t>& pids) {
    AddHidden(pids, kListedNs, {.root = proc_.root(), .args_limit = 100}, seen_, is_wanted_, told_);
  }

  std::vector<uint32_t> Pids() const {
    std::vector<uint32_t> pids;
    for (const SnapProc& process : told_.all) pids.push_back(process.pid);
    return pids;
  }

  FakeProc proc_;
  std::function<bool(const SnapProc&)> is_wanted_ = [](const SnapProc&) { return true; };
  KeptProcesses told_;
  SeenProcesses seen_{told_};
};

TEST_F(SnapshotMergeTest, WhatTheIteratorShowsIsPassedOnAndNotAddedAgain) {
  proc_.Add(5);
  Shown(5, 123);
  Add({5});
  ASSERT_THAT(Pids(), ElementsAre(5));
  EXPECT_EQ(told_.all[0].start_ns, 123u);
  EXPECT_THAT(told_.all[0].comm, Optional(std::string_view("shown")));
}

TEST_F(SnapshotMergeTest, WhoIsHiddenFromTheIteratorIsAdded) {
  proc_.Add(6, {.comm = "hidden", .state = 'Z', .threads = 2});
  Shown(5, 123);
  Add({5, 6});
  ASSERT_THAT(Pids(), ElementsAre(5, 6));
  EXPECT_EQ(told_.all[1].start_ns, 100 * kTickNs);
  EXPECT_TRUE(told_.all[1].flags & kProcCoarseStart);
  EXPECT_THAT(told_.all[1].comm, Optional(std::string_view("hidden")));
}

TEST_F(SnapshotMergeTest, WhoWasBornAfterTheListingHasAnEventAlready) {
  proc_.Add(6, {.start_ticks = 201});
  Add({6});
  EXPECT_THAT(Pids(), IsEmpty());
}

TEST_F(SnapshotMergeTest, WhoHasVanishedIsLeftOut) {
  proc_.Add(7, {.state = 'Z'});
  Add({6, 7});
  EXPECT_THAT(Pids(), IsEmpty());
}

TEST_F(SnapshotMergeTest, WhoIsNotWantedIsNotAdded) {
  proc_.Add(6);
  proc_.Add(7);
  is_wanted_ = [](const SnapProc& process) { return process.pid != 6 && process.uid == 1; };
  Add({6, 7});
  EXPECT_THAT(Pids(), ElementsAre(7));
}

TEST_F(SnapshotMergeTest, WhomTheIteratorLeftOutIsNotHidden) {
  proc_.Add(6);
  seen_.OnLeftOut(6);
  Add({6});
  EXPECT_THAT(Pids(), IsEmpty());
}

TEST_F(SnapshotMergeTest, AChildThatWasShownTellsItsHiddenParentsExactStart) {
  proc_.Add(6);
  Shown(8, 150 * kTickNs, 6, 100 * kTickNs + 77);
  Add({6});
  ASSERT_THAT(Pids(), ElementsAre(8, 6));
  EXPECT_EQ(told_.all[1].start_ns, 100 * kTickNs + 77);
  EXPECT_FALSE(told_.all[1].flags & kProcCoarseStart);
}

TEST_F(SnapshotMergeTest, AChildOfTheNumbersFormerOwnerTellsNothing) {
  proc_.Add(6);
  Shown(8, 150 * kTickNs, 6, 20 * kTickNs);
  Add({6});
  EXPECT_EQ(told_.all.at(1).start_ns, 100 * kTickNs);
  EXPECT_TRUE(told_.all.at(1).flags & kProcCoarseStart);
}

TEST_F(SnapshotMergeTest, TheHiddenOnesParentIsLookedUpAmongTheShown) {
  proc_.Add(6, {.ppid = 5});
  proc_.Add(7, {.ppid = 99});
  Shown(5, 123);
  Add({6, 7});
  EXPECT_THAT(told_.all.at(1).parent_start_ns, Optional(123));
  EXPECT_EQ(told_.all.at(2).parent_start_ns, std::nullopt);
}

TEST_F(SnapshotMergeTest, StartsAreKnownOfTheShownAndOfTheirParents) {
  Shown(8, 80, 6, 60);
  EXPECT_THAT(seen_.StartOf(8), Optional(80));
  EXPECT_THAT(seen_.StartOf(6), Optional(60));
  EXPECT_EQ(seen_.StartOf(9), std::nullopt);
  EXPECT_TRUE(seen_.Has(8));
  EXPECT_FALSE(seen_.Has(6)) << "only a child told of it";
}

}  // namespace
}  // namespace daybook
