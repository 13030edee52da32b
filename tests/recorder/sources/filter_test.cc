#include "sources/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "sources/source.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;

constexpr uint64_t kSecondNs = 1'000'000'000;

TEST(FilterTest, EventTypesAreWordsWithCommas) {
  EXPECT_THAT(ParseEventTypes("exit"), Optional(kTypeExit));
  EXPECT_THAT(ParseEventTypes("exec,fork,exec"), Optional(kTypeExec | kTypeFork));
  EXPECT_THAT(ParseEventTypes(EventTypesText(kAllTypes)), Optional(kAllTypes));
  EXPECT_EQ(EventTypesText(kTypeExit | kTypeFork), "fork,exit");
  for (const char* text : {"", ",", "fork,", ",fork", "fork exec", "Fork", "forks", "fork,reap"}) {
    EXPECT_EQ(ParseEventTypes(text), std::nullopt) << text;
  }
}

TEST(FilterTest, WithoutOneEverythingPasses) {
  const Filter none;
  EXPECT_FALSE(none.LeavesOutAnything());
  EXPECT_TRUE(none.TellsEveryLife());
  EXPECT_TRUE(Passes(none, {.uid = 0, .is_kernel_thread = true}));
  EXPECT_TRUE(CheckFilter(none));
}

TEST(FilterTest, OnlyWhatHasFailedPasses) {
  const Filter filter{.only_failed = true};
  EXPECT_FALSE(Passes(filter, {}));
  EXPECT_FALSE(Passes(filter, {.age_ns = UINT64_MAX}));
  EXPECT_TRUE(Passes(filter, {.has_failed = true}));
}

TEST(FilterTest, OfUsersSomePassOrAllButSome) {
  EXPECT_TRUE(Passes({.only_uids = {7, 8}}, {.uid = 8}));
  EXPECT_FALSE(Passes({.only_uids = {7, 8}}, {.uid = 9}));
  EXPECT_FALSE(Passes({.except_uids = {7, 8}}, {.uid = 8}));
  EXPECT_TRUE(Passes({.except_uids = {7, 8}}, {.uid = 9}));
  const Filter both{.only_uids = {7, 8}, .except_uids = {8, 9}};
  EXPECT_TRUE(Passes(both, {.uid = 7}));
  EXPECT_FALSE(Passes(both, {.uid = 8}));
  EXPECT_FALSE(Passes(both, {.uid = 10}));
  EXPECT_TRUE(Passes(both, {})) << "what is not known is no reason";
}

TEST(FilterTest, UsersAreOneListForTheKernel) {
  EXPECT_TRUE(UsersOf({.except_uids = {8, 9}}).are_left_out);
  EXPECT_THAT(UsersOf({.except_uids = {8, 9}}).uids, ElementsAre(8, 9));
  const UserFilter users = UsersOf({.only_uids = {7, 8}, .except_uids = {8, 9}});
  EXPECT_FALSE(users.are_left_out);
  EXPECT_THAT(users.uids, ElementsAre(7));
  EXPECT_THAT(UsersOf({}).uids, IsEmpty());
}

TEST(FilterTest, WhoIsOldEnoughOrHasFailedPasses) {
  const Filter filter{.min_lifetime_ns = kSecondNs};
  EXPECT_FALSE(Passes(filter, {.age_ns = kSecondNs - 1}));
  EXPECT_TRUE(Passes(filter, {.age_ns = kSecondNs}));
  EXPECT_TRUE(Passes(filter, {.age_ns = 0, .has_failed = true}));
}

TEST(FilterTest, KernelThreadsAreLeftOut) {
  const Filter filter{.no_kernel_threads = true};
  EXPECT_FALSE(Passes(filter, {.is_kernel_thread = true}));
  EXPECT_TRUE(Passes(filter, {}));
}

TEST(FilterTest, EveryConditionMustHold) {
  const Filter filter{.only_uids = {7}, .min_lifetime_ns = kSecondNs, .no_kernel_threads = true};
  EXPECT_TRUE(Passes(filter, {.uid = 7, .age_ns = kSecondNs}));
  EXPECT_FALSE(Passes(filter, {.uid = 8, .age_ns = kSecondNs}));
  EXPECT_FALSE(Passes(filter, {.uid = 7, .age_ns = 1}));
  EXPECT_FALSE(Passes(filter, {.uid = 7, .is_kernel_thread = true, .age_ns = kSecondNs}));
  EXPECT_FALSE(Passes(filter, {.uid = 8, .has_failed = true}));
}

TEST(FilterTest, WhoLivesIsToldByBirthsAndEndsOfAll) {
  EXPECT_TRUE(Filter{.events = kTypeFork | kTypeExit}.TellsEveryLife());
  EXPECT_FALSE(Filter{.events = kTypeExec | kTypeExit}.TellsEveryLife());
  EXPECT_FALSE(Filter{.events = kTypeFork}.TellsEveryLife());
  for (const Filter& filter : {Filter{.only_failed = true}, Filter{.only_uids = {1}},
                               Filter{.except_uids = {1}}, Filter{.only_cgroup = "/a"},
                               Filter{.min_lifetime_ns = 1}, Filter{.no_kernel_threads = true}}) {
    EXPECT_TRUE(filter.LeavesOutAnything());
    EXPECT_FALSE(filter.TellsEveryLife());
  }
}

TEST(FilterTest, WhatJudgesAlikeHasOneHash) {
  const Filter filter{.only_uids = {7, 8}, .min_lifetime_ns = kSecondNs};
  const uint64_t hash = JudgingFilterHash(filter, 1);
  Filter alike = filter;
  alike.events = kTypeExit;
  alike.only_uids = {8, 7, 8, 9};
  alike.except_uids = {9};
  EXPECT_EQ(JudgingFilterHash(alike, 2), hash) << "without a cgroup";
  EXPECT_NE(FilterHash(alike, 2), FilterHash(filter, 1)) << "other events";
  alike.events = filter.events;
  EXPECT_EQ(FilterHash(alike, 2), FilterHash(filter, 1));
  const Filter others[] = {{},
                           {.only_failed = true},
                           {.only_uids = {7, 8}},
                           {.except_uids = {7, 8}},
                           {.only_cgroup = "/one"},
                           {.min_lifetime_ns = kSecondNs},
                           {.no_kernel_threads = true}};
  std::set<uint64_t> hashes = {0, hash, JudgingFilterHash({.only_cgroup = "/one"}, 2)};
  for (const Filter& other : others) {
    EXPECT_TRUE(hashes.insert(JudgingFilterHash(other, 1)).second);
    EXPECT_NE(FilterHash(other, 1), FilterHash(filter, 1));
  }
}

TEST(FilterTest, WhatCouldRecordNothingIsAMistake) {
  const Status failed = CheckFilter({.events = kTypeFork, .only_failed = true});
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message(), HasSubstr("--events"));
  const Status users = CheckFilter({.only_uids = {7}, .except_uids = {7, 8}});
  ASSERT_FALSE(users);
  EXPECT_THAT(users.error().message(), HasSubstr("--only-uid"));
  EXPECT_TRUE(CheckFilter({.only_failed = true, .only_uids = {7}, .except_uids = {8}}));
}

TEST(FilterTest, AbilitiesAreThoseWhoseEventsAreTold) {
  const std::string all = "fork exec exit usage comm cgroup reap ids session ptrace names_by_proc";
  EXPECT_EQ(AbilitiesLeft(all, {}), all);
  EXPECT_EQ(AbilitiesLeft(all, {.events = kTypeExit}), "exit usage reap names_by_proc");
  EXPECT_EQ(AbilitiesLeft(all, {.events = kAllTypes & ~(kTypeExit | kTypeId)}),
            "fork exec comm cgroup session ptrace names_by_proc");
  EXPECT_EQ(AbilitiesLeft(kTellsLives, {.events = kTypeComm}), "");
}

}  // namespace
}  // namespace daybook
