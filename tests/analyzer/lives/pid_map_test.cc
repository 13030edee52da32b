// Values by pid: the same as a plain map would give, near and far, and nothing kept of what is
// erased.

#include "lives/pid_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <vector>

namespace daybook {
namespace {

using testing::ElementsAre;

constexpr uint32_t kHighestOfAKernel = (1U << 22) - 1;

std::vector<int> ValuesOf(PidMap<int>& map) {
  std::vector<int> values;
  map.ForEach([&values](int value) { values.push_back(value); });
  return values;
}

TEST(PidMapTest, AnIdWithoutAValueIsNotFoundAlsoBesideOne) {
  PidMap<int> map;
  map[1000] = 1;
  EXPECT_EQ(map.Find(999), nullptr);
  EXPECT_EQ(map.Find(1001), nullptr);
  EXPECT_EQ(map.Find(UINT32_MAX), nullptr);
  ASSERT_NE(map.Find(1000), nullptr);
  EXPECT_EQ(*map.Find(1000), 1);
}

TEST(PidMapTest, IdsThatNoKernelGivesAreValuesLikeOthersInTheirOrder) {
  PidMap<int> map;
  map[UINT32_MAX] = 4;
  map[kHighestOfAKernel + 1] = 3;
  map[kHighestOfAKernel] = 2;
  map[0] = 1;
  EXPECT_EQ(map.size(), 4U);
  EXPECT_THAT(ValuesOf(map), ElementsAre(1, 2, 3, 4));
}

TEST(PidMapTest, WhatIsErasedComesBackAsNew) {
  PidMap<std::shared_ptr<int>> map;
  const auto kept = std::make_shared<int>(7);
  for (const uint32_t pid : {5U, 6U, kHighestOfAKernel + 5}) map[pid] = kept;
  map.EraseIf([](const auto&) { return true; });
  EXPECT_EQ(map.size(), 0U);
  EXPECT_EQ(kept.use_count(), 1);
  EXPECT_EQ(map.Find(5), nullptr);
  EXPECT_EQ(map[5], nullptr);
  EXPECT_EQ(map.size(), 1U);
}

struct Counted {
  static inline int made = 0;
  Counted() { ++made; }
};

TEST(PidMapTest, IdsThatAreFarApartTakeLittleMoreThanTheirValues) {
  Counted::made = 0;
  PidMap<Counted> map;
  for (uint32_t i = 0; i < 1000; ++i) map[kHighestOfAKernel + 1 + 64 * i];
  EXPECT_EQ(Counted::made, 1000) << "forged ones";
  map[kHighestOfAKernel];
  EXPECT_LE(Counted::made, 1000 + 16);
  EXPECT_LE(sizeof(map), 4096U) << "one of each boot of each host";
}

TEST(PidMapTest, AfterAnyStepsItHoldsWhatAMapHolds) {
  std::mt19937 random(1);
  PidMap<int> map;
  std::map<uint32_t, int> expected;
  for (int step = 0; step < 20'000; ++step) {
    // Some close together, some anywhere.
    const auto pid = static_cast<uint32_t>(random() % 4 == 0 ? random() : random() % 300);
    map[pid] = expected[pid] = step;
    if (step % 1000 != 999) continue;
    const int threshold = static_cast<int>(random() % 20'000);
    map.EraseIf([&](int value) { return value % 7 == 0 || value > threshold; });
    std::erase_if(expected, [&](const auto& entry) {
      return entry.second % 7 == 0 || entry.second > threshold;
    });
    std::vector<int> values;
    for (const auto& [unused, value] : expected) values.push_back(value);
    ASSERT_EQ(ValuesOf(map), values);
    ASSERT_EQ(map.size(), expected.size());
    ASSERT_EQ(map.Find(pid) == nullptr, !expected.contains(pid));
  }
}

}  // namespace
}  // namespace daybook
