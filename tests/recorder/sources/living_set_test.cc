#include "sources/living_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recorder/kept.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using std::string_view_literals::operator""sv;

class LivingSetTest : public testing::Test {
 protected:
  void Born(uint32_t pid, uint64_t start_ns, uint32_t ppid, uint64_t parent_start_ns) {
    living_.Apply(Fork{.time_ns = start_ns,
                       .pid = pid,
                       .ppid = ppid,
                       .parent_start_ns = parent_start_ns,
                       .uid = 1000});
  }
  void Runs(uint32_t pid, uint64_t start_ns, std::string_view program) {
    living_.Apply(Exec{.pid = pid,
                       .start_ns = start_ns,
                       .uid = 1001,
                       .comm = program,
                       .exe = program,
                       .args_bytes = program.size(),
                       .args = program});
  }
  void Ends(uint32_t pid, uint64_t start_ns) {
    living_.Apply(Exit{.pid = pid, .start_ns = start_ns});
  }

  // Of these, begun at that time; true where it told anything new.
  bool Shows(uint64_t time_ns, const std::vector<SnapProc>& processes) {
    living_.Begin({.time_ns = time_ns});
    for (const SnapProc& process : processes) living_.Apply(process);
    return living_.End({.time_ns = time_ns, .process_count = processes.size()});
  }

  std::vector<SnapProc> Told() {
    told_ = {};
    living_.Tell(told_);
    return told_.all;
  }
  std::vector<uint32_t> Pids() {
    std::vector<uint32_t> pids;
    for (const SnapProc& process : Told()) pids.push_back(process.pid);
    return pids;
  }

  LivingSet living_;
  KeptProcesses told_;
};

TEST_F(LivingSetTest, IsEmptyAtFirst) { EXPECT_THAT(Told(), IsEmpty()); }

TEST_F(LivingSetTest, ASnapshotsProcessIsToldAsItWas) {
  const SnapProc shell{.pid = 5,
                       .start_ns = 50,
                       .flags = kProcSuperuser,
                       .ppid = 1,
                       .parent_start_ns = 10,
                       .uid = 0,
                       .comm = "sh",
                       .exe = "/bin/sh",
                       .args_bytes = 3,
                       .args = "sh\0"sv};
  living_.Apply(shell);
  EXPECT_THAT(Told(), ElementsAre(shell));
}

// Told again later, it would be less than the process has taken by then.
TEST_F(LivingSetTest, TheCpuTimeOfASnapshotIsNotToldAgain) {
  living_.Apply(SnapProc{.pid = 5, .start_ns = 50, .cpu_us = 700});
  EXPECT_EQ(Told().at(0).cpu_us, std::nullopt);
}

TEST_F(LivingSetTest, StringsOutliveTheRecord) {
  std::string name = "first";
  living_.Apply(SnapProc{.pid = 5, .comm = name});
  name = "other";
  EXPECT_THAT(Told().at(0).comm, Optional("first"sv));
}

TEST_F(LivingSetTest, WhoIsBornLivesUntilItEnds) {
  Born(7, 70, 5, 50);
  EXPECT_THAT(Pids(), ElementsAre(7));
  Ends(7, 70);
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(LivingSetTest, AChildRunsItsParentsProgramUntilItsOwnExec) {
  Runs(5, 50, "sh");
  Born(7, 70, 5, 50);
  const SnapProc child = Told().at(1);
  EXPECT_EQ(child.start_ns, 70u);
  EXPECT_EQ(child.flags, kProcNeverExeced);
  EXPECT_THAT(child.ppid, Optional(5));
  EXPECT_THAT(child.parent_start_ns, Optional(50));
  EXPECT_THAT(child.uid, Optional(1000));
  EXPECT_THAT(child.comm, Optional("sh"sv));
  Runs(7, 70, "ls");
  const SnapProc after = Told().at(1);
  EXPECT_EQ(after.flags, 0u);
  EXPECT_THAT(after.uid, Optional(1001));
  EXPECT_THAT(after.comm, Optional("ls"sv));
  EXPECT_THAT(after.ppid, Optional(5)) << "an exec does not change the parent";
}

TEST_F(LivingSetTest, NothingIsInheritedFromAnotherOfTheParentsNumber) {
  Runs(5, 50, "sh");
  Born(7, 70, 5, 51);
  EXPECT_EQ(Told().at(1).comm, std::nullopt);
}

TEST_F(LivingSetTest, AnExecOfAnUnknownProcessMakesItKnown) {
  Runs(7, 70, "ls");
  EXPECT_THAT(Pids(), ElementsAre(7));
  EXPECT_EQ(Told().at(0).start_ns, 70u);
}

TEST_F(LivingSetTest, AReusedNumberIsSomebodyElse) {
  Born(7, 70, 5, 50);
  Runs(7, 70, "ls");
  Born(7, 90, 6, 60);
  EXPECT_EQ(Told().at(0).start_ns, 90u);
  EXPECT_EQ(Told().at(0).comm, std::nullopt);
  Ends(7, 70);  // the end of the former, told late
  EXPECT_THAT(Pids(), ElementsAre(7));
}

TEST_F(LivingSetTest, AnotherSnapshotReplacesWhatIsNotItsOwn) {
  Runs(7, 70, "ls");
  living_.Apply(SnapProc{.pid = 7, .start_ns = 90});
  EXPECT_EQ(Told().at(0).comm, std::nullopt);
}

TEST_F(LivingSetTest, TheEndOfAnUnknownProcessIsNothing) {
  Ends(7, 70);
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(LivingSetTest, ASnapshotOfWhoIsKnownTellsNothingNew) {
  EXPECT_TRUE(Shows(100, {{.pid = 5, .start_ns = 50}}));
  Born(6, 110, 5, 50);
  EXPECT_FALSE(Shows(200, {{.pid = 6, .start_ns = 110}, {.pid = 5, .start_ns = 50}}));
  EXPECT_THAT(Pids(), ElementsAre(5, 6));
}

TEST_F(LivingSetTest, WhoIsNotInASnapshotHasEndedBeforeIt) {
  Shows(100, {{.pid = 5, .start_ns = 50}, {.pid = 6, .start_ns = 60}});
  Born(7, 210, 5, 50);
  EXPECT_TRUE(Shows(200, {{.pid = 5, .start_ns = 50}}));
  EXPECT_THAT(Pids(), ElementsAre(5, 7)) << "7 was born since it was begun";
}

TEST_F(LivingSetTest, WhoIsInASnapshotWithAnotherStartIsAnother) {
  Shows(100, {{.pid = 5, .start_ns = 50}});
  EXPECT_TRUE(Shows(200, {{.pid = 5, .start_ns = 150}}));
  EXPECT_EQ(Told().at(0).start_ns, 150u);
}

TEST_F(LivingSetTest, ASnapshotThatIsNotWholeEndsNobody) {
  Shows(100, {{.pid = 5, .start_ns = 50}});
  living_.Begin({.time_ns = 200});
  EXPECT_FALSE(living_.End({.time_ns = 200, .process_count = 1}));
  EXPECT_THAT(Pids(), ElementsAre(5));
}

TEST_F(LivingSetTest, ACoarseStartIsThatOfWhoeverBeganAboutThen) {
  constexpr uint64_t kStartNs = 5'000'000'000;
  Born(5, kStartNs, 1, 10);
  const uint64_t about_ns = kStartNs + 4'000'000;
  EXPECT_FALSE(Shows(kStartNs + 1'000'000'000,
                     {{.pid = 5, .start_ns = about_ns, .flags = kProcCoarseStart}}));
  Ends(5, kStartNs);
  EXPECT_THAT(Pids(), IsEmpty());
}

}  // namespace
}  // namespace daybook
