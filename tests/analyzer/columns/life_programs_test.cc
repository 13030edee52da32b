// A process may run one program after the other: each is told, with the CPU time that it used.

#include "columns/life_programs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/life_records.h"
#include "daybook/whole_life.h"
#include "lives/lives.h"
#include "lives/program_chain.h"
#include "support/a_life.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::Optional;

// What is to be said of a program, in short.
struct Told {
  std::string comm;  // "?" where it is not known
  std::optional<uint64_t> cpu_us;
  std::optional<uint64_t> count = 1;
  bool operator==(const Told&) const = default;
};
void PrintTo(const Told& told, std::ostream* out) {
  *out << told.comm << ' ' << testing::PrintToString(told.cpu_us) << ' '
       << testing::PrintToString(told.count);
}

class LifeProgramsTest : public testing::Test {
 protected:
  template <class... Records>
  void Take(const Records&... records) {
    (builder_.Take(records), ...);
  }
  void Snapshot(uint64_t time_ns, const std::vector<SnapProc>& processes) {
    Take(SnapBegin{.time_ns = time_ns});
    for (const SnapProc& process : processes) Take(process);
    Take(SnapEnd{.time_ns = time_ns + 1, .process_count = processes.size()});
  }

  static Exec ExecOf(std::string_view comm, uint64_t time_ns, std::optional<uint64_t> cpu_us,
                     uint32_t pid = 7) {
    return {.time_ns = time_ns,
            .pid = pid,
            .start_ns = kBirth,
            .uid = 1000,
            .comm = comm,
            .exe = comm,
            .cpu_us = cpu_us};
  }
  static Exit ExitWith(std::optional<uint64_t> cpu_us, std::string_view comm,
                       uint32_t flags = kProcUsageExact) {
    return {.time_ns = 20 * kSecond,
            .pid = 7,
            .start_ns = kBirth,
            .wait_status = 0,
            .flags = flags,
            .cpu_us = cpu_us,
            .comm = comm};
  }

  // Of the process that is asked about, of which everything is read then.
  std::vector<RanProgram> Programs(uint32_t pid = 7) {
    builder_.Finish(LifeState::kRunning);
    std::vector<RanProgram> programs;
    for (const Life& life : lives_) {
      if (life.pid != pid) continue;
      reader_.ForEach(life, [&](const RanProgram& program) { programs.push_back(program); });
    }
    return programs;
  }
  std::vector<Told> AllTold(uint32_t pid = 7) {
    std::vector<Told> all;
    for (const RanProgram& program : Programs(pid)) {
      all.push_back(
          {program.life.identity.comm.value_or("?"), program.life.usage.cpu_us, program.count});
    }
    return all;
  }

  static constexpr uint64_t kBirth = 10 * kSecond;
  std::vector<Life> lives_;
  LifePrograms reader_;
  LifeBuilder builder_{[this](const Life& life) { lives_.push_back(life); },
                       LifeBuilder::Programs::kAllKept};
};

TEST_F(LifeProgramsTest, EachHasTheCpuTimeFromItsExecToTheNextOne) {
  Take(ForkAt(kBirth), ExecOf("sh", 11 * kSecond, 3), ExecOf("md5sum", 13 * kSecond, 10),
       ExitWith(100, "md5sum"));
  const std::vector<RanProgram> programs = Programs();
  ASSERT_EQ(programs.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(programs[i].number, i + 1);
    EXPECT_EQ(programs[i].of, 3U);
    EXPECT_THAT(programs[i].count, Optional(1U));
  }
  EXPECT_THAT(programs[0].life.usage.cpu_us, Optional(3U));
  EXPECT_THAT(programs[1].life.usage.cpu_us, Optional(7U));
  EXPECT_THAT(programs[2].life.usage.cpu_us, Optional(90U));
  EXPECT_EQ(programs[0].life.start_ns, kBirth);
  EXPECT_THAT(programs[0].life.end_ns, Optional(11 * kSecond));
  EXPECT_EQ(programs[1].life.start_ns, 11 * kSecond);
  EXPECT_THAT(programs[1].life.end_ns, Optional(13 * kSecond));
  EXPECT_THAT(programs[1].life.image->exe, Optional(std::string("sh")));
  EXPECT_EQ(programs[1].life.wait_status, std::nullopt) << "it has not ended so";
  EXPECT_THAT(programs[2].life.end_ns, Optional(20 * kSecond));
  EXPECT_THAT(programs[2].life.wait_status, Optional(0U));
}

TEST_F(LifeProgramsTest, TheFirstIsWhatItsParentRanThen) {
  Take(Fork{.time_ns = 5 * kSecond, .pid = 5, .ppid = 1, .parent_start_ns = 0});
  Exec shell = ExecOf("bash", 6 * kSecond, 1, 5);
  shell.start_ns = 5 * kSecond;
  Exec next = ExecOf("vim", 12 * kSecond, 2, 5);
  next.start_ns = 5 * kSecond;
  Fork child = ForkAt(kBirth);
  child.parent_start_ns = 5 * kSecond;
  // As where a short life is told at its end.
  Take(shell, next, child, ExecOf("ls", 13 * kSecond, 2), ExitWith(3, "ls"));
  const std::vector<RanProgram> programs = Programs();
  ASSERT_EQ(programs.size(), 2U);
  EXPECT_THAT(programs[0].life.identity.comm, Optional(std::string("bash")));
  EXPECT_THAT(programs[0].life.image->exe, Optional(std::string("bash")));
}

TEST_F(LifeProgramsTest, ANameThatItGivesItselfIsThatOfItsProgram) {
  Take(ForkAt(kBirth),
       CommChange{.time_ns = kBirth + 1, .pid = 7, .start_ns = kBirth, .comm = "(nginx)"},
       ExecOf("nginx", 11 * kSecond, 1),
       CommChange{.time_ns = 12 * kSecond, .pid = 7, .start_ns = kBirth, .comm = "worker"});
  EXPECT_THAT(AllTold(), ElementsAre(Told{"(nginx)", 1}, Told{"worker", std::nullopt}));
}

TEST_F(LifeProgramsTest, WhatACountLacksOnBothSidesIsUnknown) {
  Take(ForkAt(kBirth), ExecOf("a", 11 * kSecond, 1), ExecOf("b", 12 * kSecond, {}),
       ExecOf("c", 13 * kSecond, 5), ExitWith(9, "c"));
  EXPECT_THAT(AllTold(), ElementsAre(Told{"?", 1}, Told{"a", std::nullopt}, Told{"b", std::nullopt},
                                     Told{"c", 4}));
}

TEST_F(LifeProgramsTest, NothingIsUnknownWhereItWasNotCounted) {
  Take(ForkAt(kBirth), ExecOf("a", 11 * kSecond, 0), ExecOf("b", 12 * kSecond, 5),
       ExitWith(5, "b", 0));
  EXPECT_THAT(AllTold(),
              ElementsAre(Told{"?", std::nullopt}, Told{"a", 5}, Told{"b", std::nullopt}));
}

TEST_F(LifeProgramsTest, LessThanAtItsExecIsUnknown) {
  Take(ForkAt(kBirth), ExecOf("a", 11 * kSecond, 7), ExitWith(5, "a"));
  EXPECT_THAT(AllTold(), ElementsAre(Told{"?", 7}, Told{"a", std::nullopt}));
}

TEST_F(LifeProgramsTest, OfAnOlderProcessTheFirstStandsForAllUpToThen) {
  Snapshot(10 * kSecond, {SnapAt(kBirth)});
  Take(ExecOf("a", 11 * kSecond, 30), ExitWith(50, "a"));
  EXPECT_THAT(AllTold(), ElementsAre(Told{"snap", 30, std::nullopt}, Told{"a", 20}));
}

TEST_F(LifeProgramsTest, WhoHadExecutedNothingWhenItWasSeenHadOneProgram) {
  Snapshot(10 * kSecond, {SnapAt(kBirth, 7, kProcNeverExeced)});
  Take(ExecOf("a", 11 * kSecond, 30), ExitWith(50, "a"));
  EXPECT_THAT(AllTold(), ElementsAre(Told{"snap", 30}, Told{"a", 20}));
}

TEST_F(LifeProgramsTest, AnExecThatOnlyASnapshotProvesIsNotCounted) {
  Take(ForkAt(kBirth));
  Snapshot(11 * kSecond, {SnapAt(kBirth)});
  Take(ExecOf("a", 12 * kSecond, 30), ExitWith(50, "a"));
  EXPECT_THAT(AllTold(), ElementsAre(Told{"snap", 30, std::nullopt}, Told{"a", 20}));
  EXPECT_EQ(lives_.front().execs, std::nullopt);
}

TEST_F(LifeProgramsTest, AnExecThatIsTooLateForTheSnapshotIsCounted) {
  Take(ForkAt(kBirth));
  Snapshot(12 * kSecond, {SnapAt(kBirth)});
  Take(ExecOf("a", 11 * kSecond, 30), ExitWith(50, "a"));
  EXPECT_THAT(AllTold(), ElementsAre(Told{"?", 30}, Told{"a", 20}));
  EXPECT_THAT(lives_.front().execs, Optional(1U));
}

// A snapshot is read for a while, and what was executed meanwhile is told behind it.
TEST_F(LifeProgramsTest, AnExecWhileTheSnapshotIsTakenIsTheOneThatItProves) {
  for (const uint64_t exec_ns : {10'005 * kMs, 10'012 * kMs, 10'030 * kMs}) {
    lives_.clear();
    Take(ForkAt(kBirth));
    Take(SnapBegin{.time_ns = 10'005 * kMs}, SnapAt(kBirth),
         SnapEnd{.time_ns = 10'030 * kMs, .process_count = 1});
    Take(ExecOf("gcc", exec_ns, 30), ExitWith(50, "gcc"));
    EXPECT_THAT(AllTold(), ElementsAre(Told{"?", 30}, Told{"gcc", 20})) << exec_ns;
    EXPECT_THAT(lives_.front().execs, Optional(1U)) << exec_ns;
  }
}

TEST_F(LifeProgramsTest, AnExecThatStandsInTheSnapshotIsTheOneThatItProves) {
  Take(ForkAt(kBirth));
  Take(SnapBegin{.time_ns = 10'005 * kMs}, SnapAt(kBirth), ExecOf("gcc", 10'012 * kMs, 30),
       SnapEnd{.time_ns = 10'030 * kMs, .process_count = 1});
  Take(ExitWith(50, "gcc"));
  EXPECT_THAT(AllTold(), ElementsAre(Told{"?", 30}, Told{"gcc", 20}));
  EXPECT_THAT(lives_.front().execs, Optional(1U));
}

TEST_F(LifeProgramsTest, AnExecBehindTheSnapshotIsNotTheOneThatItProves) {
  Take(ForkAt(kBirth));
  Take(SnapBegin{.time_ns = 10'005 * kMs}, SnapAt(kBirth),
       SnapEnd{.time_ns = 10'030 * kMs, .process_count = 1});
  Take(ExecOf("gcc", 10'031 * kMs, 30), ExitWith(50, "gcc"));
  EXPECT_THAT(AllTold(), ElementsAre(Told{"snap", 30, std::nullopt}, Told{"gcc", 20}));
  EXPECT_EQ(lives_.front().execs, std::nullopt);
}

// What the first one proved, the second one does not explain.
TEST_F(LifeProgramsTest, AnExecInALaterSnapshotIsNotTheOneThatTheFirstProves) {
  Take(ForkAt(kBirth));
  for (const uint64_t begin_ns : {11 * kSecond, 12 * kSecond}) {
    Take(SnapBegin{.time_ns = begin_ns}, SnapAt(kBirth),
         SnapEnd{.time_ns = begin_ns + 30 * kMs, .process_count = 1});
  }
  Take(ExecOf("gcc", 12 * kSecond + 12 * kMs, 30), ExitWith(50, "gcc"));
  EXPECT_THAT(AllTold(), ElementsAre(Told{"?", 30, std::nullopt}, Told{"gcc", 20}));
  EXPECT_EQ(lives_.front().execs, std::nullopt);
}

TEST_F(LifeProgramsTest, TheSuccessorIsNotTheFirstOfAnOlderProcess) {
  Take(SnapBegin{.time_ns = 10'005 * kMs}, SnapAt(kBirth),
       SnapEnd{.time_ns = 10'030 * kMs, .process_count = 1});
  Take(ExecOf("gcc", 10'012 * kMs, 30), ExitWith(50, "gcc"));
  const std::vector<RanProgram> programs = Programs();
  ASSERT_EQ(programs.size(), 2U);
  EXPECT_EQ(programs[0].life.identity.comm, std::nullopt);
  EXPECT_EQ(programs[0].life.identity.uid, std::nullopt);
  EXPECT_FALSE(programs[0].life.image);
  EXPECT_EQ(programs[0].count, std::nullopt);
}

TEST_F(LifeProgramsTest, ASnapshotOfTheSuccessorDoesNotRenameAProgram) {
  Take(ForkAt(kBirth), ExecOf("sh", 10'001 * kMs, 3));
  Take(SnapBegin{.time_ns = 10'005 * kMs}, SnapAt(kBirth),
       SnapEnd{.time_ns = 10'030 * kMs, .process_count = 1});
  Take(ExecOf("gcc", 10'012 * kMs, 30), ExitWith(50, "gcc"));
  EXPECT_THAT(AllTold(), ElementsAre(Told{"?", 3}, Told{"sh", 27}, Told{"gcc", 20}));
}

TEST_F(LifeProgramsTest, WhatAProgramCalledItselfBeforeTheSnapshotIsItsName) {
  Take(ForkAt(kBirth), ExecOf("sh", 10'001 * kMs, 3));
  Take(CommChange{.time_ns = 10'002 * kMs, .pid = 7, .start_ns = kBirth, .comm = "worker"});
  Take(SnapBegin{.time_ns = 10'005 * kMs}, SnapAt(kBirth),
       SnapEnd{.time_ns = 10'030 * kMs, .process_count = 1});
  Take(ExecOf("gcc", 10'012 * kMs, 30), ExitWith(50, "gcc"));
  EXPECT_THAT(AllTold(), ElementsAre(Told{"?", 3}, Told{"worker", 27}, Told{"gcc", 20}));
}

TEST_F(LifeProgramsTest, WhoHadExecutedNothingInTheSnapshotIsKnownBeforeItsExec) {
  Take(SnapBegin{.time_ns = 10'005 * kMs}, SnapAt(kBirth, 7, kProcNeverExeced),
       SnapEnd{.time_ns = 10'030 * kMs, .process_count = 1});
  Take(ExecOf("gcc", 10'012 * kMs, 30), ExitWith(50, "gcc"));
  EXPECT_THAT(AllTold(), ElementsAre(Told{"snap", 30}, Told{"gcc", 20}));
}

// What it ran when it was born is not what it ran when it was seen.
TEST_F(LifeProgramsTest, ALateBirthDoesNotTellWhatASnapshotMet) {
  Take(Fork{.time_ns = 5 * kSecond, .pid = 5, .ppid = 1, .parent_start_ns = 0});
  Exec shell = ExecOf("bash", 6 * kSecond, 1, 5);
  shell.start_ns = 5 * kSecond;
  SnapProc seen = SnapAt(kBirth);
  seen.exe.reset();
  seen.comm.reset();
  Fork child = ForkAt(kBirth);
  child.parent_start_ns = 5 * kSecond;
  Take(shell);
  Snapshot(11 * kSecond, {seen});
  Take(ExecOf("ls", 13 * kSecond, 2), child, ExitWith(3, "ls"));
  const std::vector<RanProgram> programs = Programs();
  ASSERT_EQ(programs.size(), 2U);
  EXPECT_FALSE(programs[0].life.image);
  EXPECT_EQ(programs[0].life.identity.comm, std::nullopt);
  EXPECT_EQ(programs[0].count, std::nullopt);
}

TEST_F(LifeProgramsTest, AnOlderExecIsPutInItsPlace) {
  Take(ForkAt(kBirth), ExecOf("b", 12 * kSecond, 7), ExecOf("a", 11 * kSecond, 3),
       ExitWith(9, "b"));
  EXPECT_THAT(AllTold(), ElementsAre(Told{"?", 3}, Told{"a", 4}, Told{"b", 2}));
}

TEST_F(LifeProgramsTest, AnEndWithoutAnExecThatWasToldIsOfMoreThanOne) {
  Take(ForkAt(kBirth), ExitWith(50, "a"));
  EXPECT_THAT(AllTold(), ElementsAre(Told{"a", 50, std::nullopt}));
}

TEST_F(LifeProgramsTest, WhoExecutesNothingRunsOne) {
  Take(ForkAt(kBirth), ExitWith(50, "bash", kProcNeverExeced | kProcUsageExact));
  EXPECT_THAT(AllTold(), ElementsAre(Told{"bash", 50}));
}

TEST_F(LifeProgramsTest, ALifeInOneRecordTellsBoth) {
  LifeParts parts = ALife(7, kBirth);
  parts.exec->cpu_us = 2;
  parts.exit.cpu_us = 9;
  Take(Join(parts).value());
  EXPECT_THAT(AllTold(), ElementsAre(Told{"?", 2}, Told{std::string(*parts.exit.comm), 7}));
}

TEST_F(LifeProgramsTest, IdsAreThoseBehindTheExec) {
  Exec sudo = ExecOf("sudo", 11 * kSecond, 1);
  sudo.euid = 0;
  Exec backup = ExecOf("backup", 12 * kSecond, 2);
  backup.uid = backup.euid = 0;
  Exit exit = ExitWith(3, "backup");
  exit.uid = exit.euid = 33;
  Take(ForkAt(kBirth), sudo, backup, exit);
  const std::vector<RanProgram> programs = Programs();
  ASSERT_EQ(programs.size(), 3U);
  EXPECT_THAT(programs[0].life.identity.uid, Optional(1000U));
  EXPECT_THAT(programs[1].life.identity.uid, Optional(1000U));
  EXPECT_THAT(programs[1].life.identity.euid, Optional(0U));
  EXPECT_THAT(programs[2].life.identity.uid, Optional(0U));
}

TEST_F(LifeProgramsTest, ABirthThatTellsNoIdsLeavesThemAsTheyWereSeen) {
  SnapProc seen = SnapAt(kBirth, 7, kProcNeverExeced);
  seen.uid = seen.euid = 33;
  Fork late = ForkAt(kBirth);
  late.uid.reset();
  Snapshot(11 * kSecond, {seen});
  Take(late, ExecOf("a", 12 * kSecond, 1), ExitWith(3, "a"));
  const std::vector<RanProgram> programs = Programs();
  ASSERT_EQ(programs.size(), 2U);
  EXPECT_THAT(programs[0].life.identity.uid, Optional(33U));
  EXPECT_THAT(programs[0].life.identity.euid, Optional(33U));
  EXPECT_THAT(programs[0].count, Optional(1U));
}

// One that it executed since may be of another user.
TEST_F(LifeProgramsTest, WhoseExecIsNotToldIsNotWhoItWasAtItsBirth) {
  SnapProc seen = SnapAt(kBirth);
  seen.uid = seen.euid = 33;
  Take(ForkAt(kBirth));
  Snapshot(11 * kSecond, {seen});
  Take(ExecOf("a", 12 * kSecond, 1), ExitWith(3, "a"));
  const std::vector<RanProgram> programs = Programs();
  ASSERT_EQ(programs.size(), 2U);
  EXPECT_THAT(programs[0].life.identity.comm, Optional(std::string("snap")));
  EXPECT_THAT(programs[0].life.identity.uid, Optional(33U));
}

TEST_F(LifeProgramsTest, WhoseOnlyExecIsNotToldIsNotWhoItWasAtItsBirth) {
  Exit exit = ExitWith(50, "a");
  exit.uid = exit.euid = 33;
  Take(ForkAt(kBirth), exit);
  const std::vector<RanProgram> programs = Programs();
  ASSERT_EQ(programs.size(), 1U);
  EXPECT_THAT(programs[0].life.identity.uid, Optional(33U));
}

// 100 000 programs take no more memory than some dozens.
TEST_F(LifeProgramsTest, OfManyTheFirstAndTheNewestAreKept) {
  constexpr uint64_t kMany = 100'000;
  Take(ForkAt(kBirth));
  for (uint64_t i = 1; i <= kMany; ++i) {
    const std::string comm = "p" + std::to_string(i);
    Take(ExecOf(comm, kBirth + i * 1000, i));
  }
  Take(ExitWith(kMany + 1, "p100000"));
  const std::vector<RanProgram> programs = Programs();
  const size_t first = ProgramChain::kMostFirst;
  ASSERT_EQ(programs.size(), first + 1 + ProgramChain::kMostNewest);
  uint64_t count = 0;
  uint64_t cpu_us = 0;
  for (const RanProgram& program : programs) {
    EXPECT_EQ(program.number, count + 1);
    EXPECT_EQ(program.of, kMany + 1);
    count += program.count.value();
    cpu_us += program.life.usage.cpu_us.value();
  }
  EXPECT_EQ(count, kMany + 1);
  EXPECT_EQ(cpu_us, kMany + 1);
  const RanProgram& between = programs[first];
  EXPECT_THAT(between.count, Optional(kMany + 1 - first - ProgramChain::kMostNewest));
  EXPECT_EQ(between.life.identity.comm, std::nullopt);
  EXPECT_FALSE(between.life.image);
  EXPECT_THAT(programs[first - 1].life.identity.comm, Optional(std::string("p7")));
  EXPECT_THAT(programs[first + 1].life.identity.comm, Optional(std::string("p99977")));
  EXPECT_THAT(programs.back().life.identity.comm, Optional(std::string("p100000")));
}

// Which one of those in between it was, is not known.
TEST_F(LifeProgramsTest, AChildOfOneOfManyHasNoKnownProgram) {
  Take(ForkAt(kBirth));
  for (uint64_t i = 1; i <= 100; ++i) Take(ExecOf("p", kBirth + i * 1000, i));
  Take(Fork{.time_ns = kBirth + 50'500, .pid = 8, .ppid = 7, .parent_start_ns = kBirth},
       Exec{.time_ns = 12 * kSecond, .pid = 8, .start_ns = kBirth + 50'500, .comm = "ls"});
  const std::vector<RanProgram> programs = Programs(8);
  ASSERT_EQ(programs.size(), 2U);
  EXPECT_FALSE(programs[0].life.image);
  EXPECT_EQ(programs[0].life.identity.comm, std::nullopt);
}

TEST_F(LifeProgramsTest, WhoAskedForThemKeepsNothing) {
  Take(ForkAt(kBirth), ExecOf("a", 11 * kSecond, 1), ExecOf("b", 12 * kSecond, 2));
  builder_.Finish(LifeState::kRunning);
  const Life& life = lives_.at(0);
  const auto owners = life.image.local_use_count();
  size_t programs = 0;
  reader_.ForEach(life, [&](const RanProgram&) { ++programs; });
  EXPECT_EQ(programs, 3U);
  EXPECT_EQ(life.image.local_use_count(), owners);
}

TEST(ProgramsThatNobodyAsksForTest, AreNotKept) {
  for (const auto programs : {LifeBuilder::Programs::kKept, LifeBuilder::Programs::kLeftOut}) {
    std::vector<Life> lives;
    LifeBuilder builder([&](const Life& life) { lives.push_back(life); }, programs);
    builder.Take(ForkAt(2 * kSecond));
    builder.Take(Exec{.time_ns = 3 * kSecond, .pid = 7, .start_ns = 2 * kSecond});
    builder.Finish(LifeState::kRunning);
    ASSERT_EQ(lives.size(), 1U);
    EXPECT_FALSE(lives.front().programs);
    EXPECT_EQ(lives.front().execs_told, 1U);
  }
}

}  // namespace
}  // namespace daybook
