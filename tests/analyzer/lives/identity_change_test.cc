// Who became somebody else, and by which of its programs.

#include "lives/identity_change.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/life_records.h"
#include "lives/lives.h"

namespace daybook {
namespace {

using testing::ElementsAre;

constexpr uint64_t kBirth = 10 * kSecond;

class IdentityChangeTest : public testing::Test {
 protected:
  IdentityChangeTest() { builder_.Take(BornAs(1000)); }

  static Fork BornAs(uint32_t uid) {
    Fork fork = ForkAt(kBirth);
    fork.uid = fork.euid = uid;
    return fork;
  }
  void Exec(std::string_view comm, std::optional<uint32_t> uid, std::optional<uint32_t> euid) {
    time_ns_ += kMs;
    builder_.Take(daybook::Exec{.time_ns = time_ns_,
                                .pid = 7,
                                .start_ns = kBirth,
                                .uid = uid,
                                .euid = euid,
                                .comm = comm,
                                .exe = comm});
  }

  // As the proc connector tells it.
  void Become(std::optional<uint32_t> uid, std::optional<uint32_t> euid) {
    time_ns_ += kMs;
    builder_.Take(
        IdChange{.time_ns = time_ns_, .pid = 7, .start_ns = kBirth, .uid = uid, .euid = euid});
  }

  // Which changes there were when it ended as that user.
  std::vector<IdentityChange> ChangesOfEnd(uint32_t uid, uint32_t euid) {
    builder_.Take(
        Exit{.time_ns = 20 * kSecond, .pid = 7, .start_ns = kBirth, .uid = uid, .euid = euid});
    return FindIdentityChanges(lives_.at(0));
  }
  // "setuid sudo 1000 0": how, by which program, from whom, to whom.
  std::vector<std::string> ChangesTo(uint32_t uid, uint32_t euid) {
    std::vector<std::string> changes;
    for (const IdentityChange& change : ChangesOfEnd(uid, euid)) {
      const std::string by = change.by ? change.by->comm->value_or("?") : "-";
      changes.push_back(std::string(change.how) + " " + by + " " + std::to_string(change.from_uid) +
                        " " + std::to_string(change.to_uid));
    }
    return changes;
  }

  uint64_t time_ns_ = kBirth;
  std::vector<Life> lives_;
  LifeBuilder builder_{[this](const Life& life) { lives_.push_back(life); },
                       LifeBuilder::Programs::kAllKept};
};

TEST_F(IdentityChangeTest, WhoCalledSetuidIsTheProgramBeforeTheNextExec) {
  Exec("sudo", 1000, 0);
  Exec("bash", 0, 0);
  Exec("backup", 0, 0);
  EXPECT_THAT(ChangesTo(0, 0), ElementsAre("setuid sudo 1000 0"));
}

TEST_F(IdentityChangeTest, ASetUserIdProgramIsMadeAnotherOneByItsExec) {
  Exec("sh", 1000, 1000);
  Exec("passwd", 1000, 0);
  EXPECT_THAT(ChangesTo(1000, 0), ElementsAre("effective passwd 1000 0"));
}

// It may do it before the exec, as may the program that it executes by it.
TEST_F(IdentityChangeTest, WhoChangedTheEffectiveUserOfRootIsUnknown) {
  builder_.Take(BornAs(0));
  Exec("daemon", 0, 0);
  Exec("cgi", 0, 33);
  EXPECT_THAT(ChangesTo(0, 33), ElementsAre("effective - 0 33"));
}

TEST_F(IdentityChangeTest, WhoChangedOneThatActedAsAnotherIsUnknown) {
  Exec("sudo", 1000, 0);
  Exec("cgi", 1000, 33);
  EXPECT_THAT(ChangesTo(1000, 33), ElementsAre("effective sudo 1000 0", "effective - 0 33"));
}

TEST_F(IdentityChangeTest, RealUsersThatAreUnknownAreNotTheSame) {
  Exec("sh", {}, 1000);
  Exec("passwd", {}, 0);
  EXPECT_THAT(ChangesTo(1000, 0), ElementsAre("effective - 1000 0"));
}

TEST_F(IdentityChangeTest, WhatChangedBehindTheLastExecTheLastProgramDid) {
  Exec("sh", 1000, 1000);
  Exec("nginx", 1000, 1000);
  EXPECT_THAT(ChangesTo(33, 33), ElementsAre("setuid nginx 1000 33"));
}

TEST_F(IdentityChangeTest, EachChangeIsOneOfItsOwn) {
  Exec("su", 1000, 0);
  Exec("sh", 33, 33);
  Exec("sudo", 33, 0);
  Exec("id", 0, 0);
  EXPECT_THAT(ChangesTo(0, 0),
              ElementsAre("effective su 1000 0", "setuid su 1000 33", "setuid sudo 33 0"));
}

TEST_F(IdentityChangeTest, WhoIsHimselfAgainWasAnotherOne) {
  Exec("sudo", 1000, 0);
  Exec("rm", 0, 0);
  EXPECT_THAT(ChangesTo(1000, 1000), ElementsAre("setuid sudo 1000 0", "setuid rm 0 1000"));
}

TEST_F(IdentityChangeTest, ToActAsOneselfAgainIsNoChange) {
  Exec("ping", 1000, 0);
  EXPECT_THAT(ChangesTo(1000, 1000), ElementsAre("effective ping 1000 0"));
}

// A set-user-ID program may be root by its exec, or since the one before stayed it.
TEST_F(IdentityChangeTest, WhoStaysTheSameBehindAnExecHasNotChanged) {
  Exec("sudo", 1000, 0);
  Exec("passwd", 33, 0);
  EXPECT_THAT(ChangesTo(33, 0), ElementsAre("effective sudo 1000 0", "setuid sudo 1000 33"));
}

// Root may have done it before the exec; if it did not, the program's set-user-ID bit has.
TEST_F(IdentityChangeTest, WhoMadeRootThatBecameAnotherOneActAsAThirdIsUnknown) {
  builder_.Take(BornAs(0));
  Exec("setpriv", 0, 0);
  Exec("id", 33, 105);
  EXPECT_THAT(ChangesTo(33, 105), ElementsAre("setuid setpriv 0 33", "effective - 0 105"));
}

TEST_F(IdentityChangeTest, AnExecMakesItAtOnceAndAProgramWithinItsTime) {
  Exec("sh", 1000, 1000);
  Exec("sudo", 1000, 0);
  const std::vector<IdentityChange> changes = ChangesOfEnd(33, 33);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].first_ns, kBirth + 2 * kMs);
  EXPECT_EQ(changes[0].last_ns, kBirth + 2 * kMs);
  EXPECT_EQ(changes[1].first_ns, kBirth + 2 * kMs);
  EXPECT_EQ(changes[1].last_ns, 20 * kSecond);
}

TEST_F(IdentityChangeTest, WhatIsToldWithItsTimeWasThen) {
  Become(0, 0);
  Exec("daemon", 0, 0);
  Become(33, 33);
  const std::vector<IdentityChange> changes = ChangesOfEnd(33, 33);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].first_ns, kBirth + kMs);
  EXPECT_EQ(changes[0].last_ns, kBirth + kMs);
  EXPECT_EQ(changes[1].first_ns, kBirth + 3 * kMs);
  EXPECT_EQ(changes[1].last_ns, kBirth + 3 * kMs);
}

TEST_F(IdentityChangeTest, WhatIsToldIsNotHiddenByWhatUndoesIt) {
  Exec("server", 1000, 0);
  Become(1000, 33);
  Become(1000, 0);
  Become(0, 0);
  Become(1000, 1000);
  EXPECT_THAT(ChangesTo(1000, 1000),
              ElementsAre("effective server 1000 0", "effective server 0 33",
                          "effective server 33 0", "setuid server 1000 0", "setuid server 0 1000"));
}

TEST_F(IdentityChangeTest, WhoWasHimselfInBetweenWasNotFollowedByTheRealUser) {
  builder_.Take(BornAs(0));
  Become(0, 33);
  Become(0, 0);
  Become(33, 33);
  EXPECT_THAT(ChangesTo(33, 33), ElementsAre("effective ? 0 33", "setuid ? 0 33"));
}

TEST_F(IdentityChangeTest, WhatAnExecMakesIsToldJustBeforeIt) {
  Exec("sh", 1000, 1000);
  Become({}, 0);
  Exec("passwd", 1000, 0);
  EXPECT_THAT(ChangesTo(1000, 0), ElementsAre("effective passwd 1000 0"));
}

TEST_F(IdentityChangeTest, WhoRootActsAsHeToldHimself) {
  builder_.Take(BornAs(0));
  Exec("daemon", 0, 0);
  Become(0, 33);
  Exec("cgi", 0, 33);
  EXPECT_THAT(ChangesTo(0, 33), ElementsAre("effective daemon 0 33"));
}

TEST_F(IdentityChangeTest, OfWhomNothingElseIsKnownItIsWhatASnapshotShowedBefore) {
  builder_.Take(SnapProc{.pid = 8, .start_ns = kBirth, .uid = 0, .euid = 0, .comm = "daemon"});
  builder_.Take(
      IdChange{.time_ns = kBirth + kMs, .pid = 8, .start_ns = kBirth, .uid = 33, .euid = 33});
  builder_.Finish(LifeState::kRunning);
  const auto life = std::ranges::find(lives_, 8U, &Life::pid);
  ASSERT_NE(life, lives_.end());
  const std::vector<IdentityChange> changes = FindIdentityChanges(*life);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].from_uid, 0U);
  EXPECT_EQ(changes[0].to_uid, 33U);
  EXPECT_EQ(*changes[0].by->comm, "daemon");
}

TEST_F(IdentityChangeTest, WhoDoesItForEverTakesNoMoreMemory) {
  Exec("server", 0, 0);
  for (int i = 0; i < 5000; ++i) Become(0, i % 2 == 0 ? 33 : 0);
  ChangesOfEnd(0, 0);
  EXPECT_EQ(lives_.at(0).user_changes.size(), 1000U);
}

TEST_F(IdentityChangeTest, WhoseBirthIsUnknownIsKnownFromItsExecOn) {
  const auto exec = [&](uint64_t ms, std::string_view comm, uint32_t uid, uint32_t euid) {
    builder_.Take(daybook::Exec{.time_ns = kBirth + ms * kMs,
                                .pid = 8,
                                .start_ns = kBirth,
                                .uid = uid,
                                .euid = euid,
                                .comm = comm});
  };
  exec(1, "sh", 1000, 1000);
  exec(2, "sudo", 1000, 0);
  exec(3, "bash", 0, 0);
  builder_.Finish(LifeState::kRunning);
  const auto life = std::ranges::find(lives_, 8U, &Life::pid);
  ASSERT_NE(life, lives_.end());
  const std::vector<IdentityChange> changes = FindIdentityChanges(*life);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].from_uid, 1000U);
  EXPECT_EQ(*changes[0].by->comm, "sudo");
}

TEST_F(IdentityChangeTest, WhereIdsAreNotToldTheProgramIsUnknown) {
  Exec("sudo", {}, {});
  Exec("bash", 0, 0);
  EXPECT_THAT(ChangesTo(0, 0), ElementsAre("setuid - 1000 0"));
}

TEST_F(IdentityChangeTest, OneOfManyIsUnknown) {
  for (int i = 0; i < 50; ++i) Exec("before", 1000, 1000);
  for (int i = 0; i < 50; ++i) Exec("after", 0, 0);
  EXPECT_THAT(ChangesTo(0, 0), ElementsAre("setuid - 1000 0"));
}

}  // namespace
}  // namespace daybook
