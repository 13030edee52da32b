// The filter in the kernel's program and the one behind sources that cannot filter in the kernel
// decide alike, whatever is asked for and whatever a process does.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "both_filters.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kAgeNs = 100 * kMs;

std::string Describe(const Filter& filter, const Life& life) {
  return "events " + EventTypesText(filter.events) + (filter.only_failed ? ", only failed" : "") +
         (filter.only_uids.empty() ? "" : ", only user 1") +
         (filter.except_uids.empty() ? "" : ", except user 1") +
         (filter.min_lifetime_ns == 0 ? "" : ", no short lives") +
         (filter.no_kernel_threads ? ", no kernel threads" : "") + "; born as user " +
         std::to_string(life.birth_uid) + (life.born_as_kernel_thread ? ", a kernel thread" : "") +
         (life.executes ? ", executes as user " + std::to_string(life.exec_uid) + " at " +
                              std::to_string(life.exec_age_ns / kMs) + " ms"
                        : "") +
         ", ends as user " + std::to_string(life.end_uid) + " at " +
         std::to_string(life.end_age_ns / kMs) + " ms with " + std::to_string(life.wait_status);
}

// ---- Tables ----

std::vector<Filter> Filters() {
  const std::vector<uint32_t> one = {1};
  std::vector<Filter> filters;
  for (const uint32_t events : {kAllTypes, kAllTypes & ~kTypeFork, kTypeFork | kTypeExit, kTypeExit,
                                kAllTypes & ~kTypeExit}) {
    for (int bits = 0; bits < 32; ++bits) {
      const bool both_users = (bits & 2) != 0 && (bits & 4) != 0;
      if (both_users) continue;
      filters.push_back({.events = events,
                         .only_failed = (bits & 1) != 0,
                         .only_uids = (bits & 2) != 0 ? one : std::vector<uint32_t>(),
                         .except_uids = (bits & 4) != 0 ? one : std::vector<uint32_t>(),
                         .min_lifetime_ns = (bits & 8) != 0 ? kAgeNs : 0,
                         .no_kernel_threads = (bits & 16) != 0});
    }
  }
  return filters;
}

std::vector<Life> Lives() {
  std::vector<Life> lives;
  for (uint32_t bits = 0; bits < 256; ++bits) {
    const auto has = [bits](uint32_t bit) { return (bits >> bit) & 1; };
    const uint64_t exec_age_ns = has(5) ? 2 * kAgeNs : kMs;
    lives.push_back({.birth_uid = has(0),
                     .exec_uid = has(1),
                     .end_uid = has(2),
                     .born_as_kernel_thread = has(3) != 0,
                     .executes = has(4) != 0,
                     .exec_age_ns = exec_age_ns,
                     .end_age_ns = exec_age_ns + (has(6) ? 2 * kAgeNs : kMs),
                     .wait_status = has(7) ? 256u : 0});
  }
  return lives;
}

TEST(KernelFilterTest, ItDecidesAsTheOtherOne) {
  const auto lives = Lives();
  for (const Filter& filter : Filters()) {
    KernelFilter kernel(filter);
    OtherFilter other(filter);
    for (uint32_t i = 0; i < lives.size(); ++i) {
      const uint32_t pid = 100 + i;
      const uint64_t start_ns = (1 + i) * 1'000 * kMs;
      kernel.Live(pid, start_ns, lives[i]);
      other.Live(pid, start_ns, lives[i]);
      ASSERT_EQ(kernel.TakeTold(), other.TakeTold()) << Describe(filter, lives[i]);
    }
    EXPECT_EQ(program_judged(), 0u) << "kept beyond its end: " << Describe(filter, lives[0]);
    if (!filter.LeavesOutAnything()) continue;
    EXPECT_EQ(kernel.filtered().forks, other.filtered().forks) << Describe(filter, lives[0]);
    EXPECT_EQ(kernel.filtered().execs, other.filtered().execs) << Describe(filter, lives[0]);
    EXPECT_EQ(kernel.filtered().exits, other.filtered().exits) << Describe(filter, lives[0]);
    EXPECT_EQ(kernel.filtered().others, other.filtered().others) << Describe(filter, lives[0]);
  }
}

constexpr Life kHelper = {
    .born_as_kernel_thread = true, .executes = true, .exec_age_ns = kMs, .end_age_ns = 2 * kMs};

// Of kernels before 5.19.
TEST(KernelFilterTest, AProgramThatTheKernelStartsIsWhole) {
  KernelFilter kernel({.no_kernel_threads = true});
  kernel.Live(10, kMs, kHelper);
  EXPECT_THAT(kernel.TakeTold(),
              ElementsAre("fork 10", "exec 10", "comm 10", "exit 10", "reap 10"));
  Life thread = kHelper;
  thread.executes = false;
  kernel.Live(11, kMs, thread);
  EXPECT_THAT(kernel.TakeTold(), IsEmpty());
}

constexpr Life kOther = {.executes = true, .exec_age_ns = kMs, .end_age_ns = 2 * kMs};

TEST(KernelFilterTest, WhoCannotBeKeptUntilHeIsJudgedIsRecordedWhole) {
  KernelFilter kernel({.only_uids = {1}}, 1);
  kernel.Begin(10, kMs, kOther);
  kernel.Begin(11, kMs, kOther);
  kernel.End(10, kMs, kOther);
  kernel.End(11, kMs, kOther);
  EXPECT_THAT(kernel.TakeTold(),
              ElementsAre("fork 11", "comm 11", "exec 11", "comm 11", "exit 11", "reap 11"));
  kernel.Live(12, kMs, kOther);
  EXPECT_THAT(kernel.TakeTold(), IsEmpty()) << "there is room again";
}

// Of the two entries that he needs, one would have room.
TEST(KernelFilterTest, WhoCanBeKeptHalfIsNotKept) {
  KernelFilter kernel({.only_uids = {1}}, 1);
  const program_process shown = {.pid = 10, .uid = 1, .start_ns = kMs};
  EXPECT_TRUE(program_show(&shown, 2 * kMs));
  const program_process born = {.pid = 11, .start_ns = 2 * kMs};
  program_fork(&born, 2 * kMs);
  program_exit(&born, 3 * kMs);
  EXPECT_THAT(kernel.TakeTold(), ElementsAre("fork 11", "exit 11"));
  EXPECT_EQ(program_judged(), 1u);
}

TEST(KernelFilterTest, WhoIsShownIsToldOfToItsEnd) {
  KernelFilter kernel({.only_uids = {1}});
  const program_process born_before = {.pid = 10, .uid = 1, .start_ns = kMs};
  const program_process other = {.pid = 11, .uid = 2, .start_ns = kMs};
  EXPECT_TRUE(program_show(&born_before, 2 * kMs));
  EXPECT_FALSE(program_show(&other, 2 * kMs));
  program_process born_since = {.pid = 12, .start_ns = 2 * kMs};
  program_fork(&born_since, 2 * kMs);
  born_since.uid = 1;
  EXPECT_TRUE(program_show(&born_since, 3 * kMs));
  for (program_process process : {born_before, other, born_since}) {
    process.uid = 3;
    program_exit(&process, 4 * kMs);
    program_free(&process, 4 * kMs);
  }
  EXPECT_THAT(kernel.TakeTold(), ElementsAre("exit 10", "reap 10", "exit 12", "reap 12"));
}

TEST(KernelFilterTest, WhoIsBornWhileASnapshotLooksAtHimIsToldOfToHisEnd) {
  KernelFilter kernel({.min_lifetime_ns = 50 * kMs});
  static constexpr program_process kBorn = {.pid = 10, .start_ns = kMs};
  program_interrupt(0, [] { program_fork(&kBorn, 2 * kMs); });
  EXPECT_TRUE(program_show(&kBorn, 90 * kMs));
  program_exit(&kBorn, 3 * kMs);
  program_free(&kBorn, 3 * kMs);
  EXPECT_THAT(kernel.TakeTold(), ElementsAre("exit 10", "reap 10"));
}

// Its entry goes to a stranger, who is no other than his own filter makes him.
TEST(KernelFilterTest, WhoEndsWhileASnapshotLooksAtHimLeavesNothingToOthers) {
  KernelFilter kernel({.min_lifetime_ns = 50 * kMs});
  static constexpr program_process kEnding = {.pid = 10, .start_ns = kMs};
  static constexpr program_process kStranger = {.pid = 11, .start_ns = 90 * kMs};
  program_fork(&kEnding, kMs);
  program_interrupt(0, [] {
    program_exit(&kEnding, 90 * kMs);
    program_free(&kEnding, 90 * kMs);
    program_fork(&kStranger, 90 * kMs);
  });
  program_show(&kEnding, 90 * kMs);
  EXPECT_THAT(kernel.TakeTold(), ElementsAre("fork 10", "exit 10", "reap 10"));
  program_exit(&kStranger, 91 * kMs);
  program_free(&kStranger, 91 * kMs);
  EXPECT_THAT(kernel.TakeTold(), IsEmpty());
}

TEST(KernelFilterTest, WhomAnotherFilterCouldNotKeepThisOneJudges) {
  KernelFilter kernel({.only_uids = {1}}, 1);
  for (const uint32_t pid : {10, 11}) kernel.Begin(pid, kMs, kOther);
  for (const uint32_t pid : {10, 11}) kernel.End(pid, kMs, kOther);
  EXPECT_THAT(kernel.TakeTold(), Not(IsEmpty()));
  program_judge_anew();
  const program_process unknown = {.pid = 12, .uid = 0, .start_ns = kMs};
  program_exit(&unknown, 2 * kMs);
  EXPECT_THAT(kernel.TakeTold(), IsEmpty());
}

TEST(KernelFilterTest, WhereOnlyFailuresAreToldNobodyElseIsForWantOfRoom) {
  KernelFilter kernel({.only_failed = true}, 1);
  for (const uint32_t pid : {10, 11}) {
    const program_process failed = {.pid = pid, .wait_status = 256, .start_ns = kMs};
    program_exit(&failed, 2 * kMs);
  }
  EXPECT_THAT(kernel.TakeTold(), ElementsAre("exit 10", "exit 11"));
  kernel.Live(12, kMs, kOther);
  EXPECT_THAT(kernel.TakeTold(), IsEmpty());
}

}  // namespace
}  // namespace daybook
