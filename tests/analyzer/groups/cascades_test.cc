#include "groups/cascades.h"

#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <random>
#include <vector>

namespace daybook {
namespace {

constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr size_t kJob = 3;
constexpr uint32_t kExit2 = 2 << 8;

class CascadesTest : public testing::Test {
 protected:
  void End(uint64_t end_ns, uint32_t pid, uint32_t wait_status, uint64_t start_ns = kSecondNs,
           size_t run = kJob) {
    Life life;
    life.pid = pid;
    life.start_ns = start_ns;
    life.end_ns = end_ns;
    life.wait_status = wait_status;
    life.state = LifeState::kEnded;
    cascades_.Take(boot_, life, runs_[run]);
  }
  void Followers(uint64_t end_ns, uint32_t count, uint32_t first_pid = 20) {
    for (uint32_t i = 0; i < count; ++i) End(end_ns + i, first_pid + i, kExit2);
  }

  Boot boot_;
  const std::vector<LocalPointer<JobRun>> runs_ = [] {
    std::vector<LocalPointer<JobRun>> runs;
    while (runs.size() < 100) runs.push_back(boost::make_local_shared<JobRun>());
    return runs;
  }();
  Cascades cascades_;
};

TEST_F(CascadesTest, AForgedTimeSettlesNothingTwice) {
  End(UINT64_MAX, 9, SIGSEGV);
  End(UINT64_MAX, 10, SIGSEGV);
  End(kSecondNs, 11, SIGSEGV);
  cascades_.Finish();
  EXPECT_TRUE(cascades_.found().empty());
}

TEST_F(CascadesTest, TheFirstDeathIsNamedAndWhatFollowsIsCounted) {
  End(9 * kSecondNs, 9, kExit2);  // says no, as others do
  End(10 * kSecondNs, 10, SIGSEGV);
  Followers(11 * kSecondNs, 4);
  End(12 * kSecondNs, 11, SIGTERM);
  cascades_.Finish();
  ASSERT_EQ(cascades_.found().size(), 1U);
  const Cascade& cascade = cascades_.found()[0];
  EXPECT_EQ(cascade.first.pid, 10U);
  EXPECT_EQ(cascade.followed, 5U);
  EXPECT_EQ(cascade.last_ns, 12 * kSecondNs);
}

TEST_F(CascadesTest, TheFirstIsFirstAlsoWhereItIsToldLate) {
  Followers(11 * kSecondNs, 4);
  End(10 * kSecondNs, 10, SIGKILL);
  cascades_.Finish();
  ASSERT_EQ(cascades_.found().size(), 1U);
  EXPECT_EQ(cascades_.found()[0].first.pid, 10U);
}

TEST_F(CascadesTest, FewAreNone) {
  End(10 * kSecondNs, 10, SIGSEGV);
  Followers(11 * kSecondNs, 3);
  cascades_.Finish();
  EXPECT_TRUE(cascades_.found().empty());
}

TEST_F(CascadesTest, WhatIsStartedAnewIsALoop) {
  for (uint32_t i = 0; i < 9; ++i) {
    End((10 + i) * kSecondNs, 10 + i, SIGSEGV, (10 + i) * kSecondNs - kSecondNs / 2);
  }
  cascades_.Finish();
  EXPECT_TRUE(cascades_.found().empty());
}

TEST_F(CascadesTest, OtherJobsOtherTimesAndOrderlyEndsAreNone) {
  End(10 * kSecondNs, 10, SIGSEGV);
  for (uint32_t pid = 20; pid < 26; ++pid) End(11 * kSecondNs, pid, kExit2, kSecondNs, kJob + 1);
  Followers(20 * kSecondNs + 1, 6);
  End(60 * kSecondNs, 40, SIGTERM);
  Followers(61 * kSecondNs, 6, 50);
  cascades_.Finish();
  EXPECT_TRUE(cascades_.found().empty());
}

TEST_F(CascadesTest, EachCascadeIsToldOnce) {
  for (const uint64_t second : {10, 100}) {
    for (uint32_t pid = 0; pid < 7; ++pid) End(second * kSecondNs + pid, pid, SIGABRT);
  }
  cascades_.Finish();
  ASSERT_EQ(cascades_.found().size(), 2U);
  EXPECT_EQ(cascades_.found()[0].followed, 6U);
  EXPECT_EQ(cascades_.found()[1].followed, 6U);
}

// As the words say it, death by death.
struct Told {
  uint64_t start_ns;
  uint64_t end_ns;
  size_t run;
  bool is_abnormal;
  bool is_follower = false;
};
std::vector<std::pair<uint64_t, uint64_t>> CascadesOf(std::vector<Told> deaths) {
  std::vector<std::pair<uint64_t, uint64_t>> cascades;  // when, and how many followed
  for (size_t i = 0; i < deaths.size(); ++i) {
    const Told& first = deaths[i];
    if (!first.is_abnormal || first.is_follower) continue;
    std::vector<Told*> followers;
    for (size_t j = i + 1; j < deaths.size(); ++j) {
      Told& death = deaths[j];
      const bool was_alive = death.start_ns < first.end_ns;
      const bool is_near = death.end_ns - first.end_ns <= kCascadeNs;
      if (death.run == first.run && was_alive && is_near) followers.push_back(&death);
    }
    if (followers.size() < kLeastFollowers) continue;
    for (Told* follower : followers) follower->is_follower = true;
    cascades.emplace_back(first.end_ns, followers.size());
  }
  return cascades;
}

TEST_F(CascadesTest, AreFoundAsTheirDefinitionSays) {
  std::mt19937_64 random(2005);
  size_t found = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<Told> deaths;
    uint64_t now_ns = 100 * kSecondNs;
    for (uint32_t i = 0; i < 60; ++i) {
      now_ns += random() % 3 * kSecondNs;
      const uint64_t lived_ns = random() % (random() % 2 == 0 ? 3 : 60) * kSecondNs;
      deaths.push_back({now_ns - lived_ns, now_ns, random() % 3, random() % 2 == 0});
    }
    Cascades cascades;
    for (const Told& death : deaths) {
      Life life;
      life.start_ns = death.start_ns;
      life.end_ns = death.end_ns;
      life.wait_status = death.is_abnormal ? SIGSEGV : kExit2;
      cascades.Take(boot_, life, runs_[death.run]);
    }
    cascades.Finish();
    std::vector<std::pair<uint64_t, uint64_t>> told;
    for (const Cascade& cascade : cascades.found()) {
      told.emplace_back(cascade.first.end_ns, cascade.followed);
    }
    ASSERT_EQ(told, CascadesOf(deaths)) << round;
    found += told.size();
  }
  EXPECT_GT(found, 300U);
}

// Each of them with all others as its neighbours: it would take minutes to look at every pair.
TEST_F(CascadesTest, AStormIsLookedAtOnce) {
  constexpr uint32_t kDeaths = 100'000;
  constexpr uint64_t kStepNs = kSecondNs / kDeaths;
  for (uint32_t i = 0; i < kDeaths; ++i) {
    const uint64_t end_ns = 10 * kSecondNs + i * kStepNs;
    End(end_ns, i, SIGSEGV, end_ns - kStepNs, i % 2);  // one after the other: no cascade
  }
  cascades_.Finish();
  EXPECT_TRUE(cascades_.found().empty());
  for (uint32_t i = 0; i < kDeaths; ++i) {
    const uint64_t end_ns = 100 * kSecondNs + i * kStepNs;
    End(end_ns, i, SIGSEGV, end_ns - 9 * kStepNs, i % 2);  // five at a time
  }
  cascades_.Finish();
  EXPECT_EQ(cascades_.found().size(), kDeaths / 5);
}

}  // namespace
}  // namespace daybook
