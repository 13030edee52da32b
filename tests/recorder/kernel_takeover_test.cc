// While hooks take the place of others both are called for everything that happens, the older ones
// first; whatever the moment, each event is told and counted once.

#include <gtest/gtest.h>

#include "recorder/kernel_program.h"

namespace daybook {
namespace {

constexpr uint64_t kOlder = 1;
constexpr uint64_t kNewer = 2;

class KernelTakeoverTest : public testing::Test {
 protected:
  KernelTakeoverTest() { Load(); }

  void Load() {
    const program_filter none = {.max_judged = 1};
    told_ = 0;
    program_load(
        &none, [](void* told, const void*, uint32_t) { ++*static_cast<uint64_t*>(told); }, &told_);
  }

  // The hooks of one recorder after the other, and perhaps a change of turns between them.
  template <class Change>
  static void Happen(void (*event)(const program_process*, uint64_t), Change between) {
    const program_process process = {.pid = 10, .start_ns = 5};
    program_be_of(kOlder);
    event(&process, 7);
    between();
    program_be_of(kNewer);
    event(&process, 7);
  }
  static void Happen(void (*event)(const program_process*, uint64_t)) {
    Happen(event, [] {});
  }
  static void TakeOver() { program_activate(kNewer); }

  uint64_t told_ = 0;
};

constexpr void (*kEvents[])(const program_process*, uint64_t) = {
    program_fork, program_exec, program_rename, program_exit, program_free};

TEST_F(KernelTakeoverTest, BeforeAndAfterOneOfThemTells) {
  for (const auto event : kEvents) Happen(event);
  EXPECT_EQ(told_, 5u);
  TakeOver();
  for (const auto event : kEvents) Happen(event);
  EXPECT_EQ(told_, 10u);
  EXPECT_EQ(program_counters(0)->forks_seen, 2u);
  EXPECT_EQ(program_counters(0)->execs_seen, 2u);
  EXPECT_EQ(program_counters(0)->exits_seen, 2u);
}

TEST_F(KernelTakeoverTest, WhatTheOlderOnesHaveJustToldTheNewerOnesLeaveToThem) {
  for (const auto event : kEvents) {
    Load();
    Happen(event);
    Happen(event, TakeOver);
    EXPECT_EQ(told_, 2u);
    Happen(event);
    EXPECT_EQ(told_, 3u) << "and the next one is theirs";
    const cpu_counters& count = *program_counters(0);
    const uint64_t seen = count.forks_seen + count.execs_seen + count.exits_seen;
    const bool is_counted = event != program_rename && event != program_free;
    EXPECT_EQ(seen, is_counted ? 3u : 0);
  }
}

// A leader is freed in an interrupt.
TEST_F(KernelTakeoverTest, AReapBetweenTheCallsForAnEventChangesNothing) {
  Happen(program_fork, [] {
    TakeOver();
    Happen(program_free);
  });
  EXPECT_EQ(told_, 2u);
  Happen(program_fork);
  EXPECT_EQ(told_, 3u);
  EXPECT_EQ(program_counters(0)->forks_seen, 2u);
}

TEST_F(KernelTakeoverTest, OneThatWasStoppedTellsNothing) {
  program_activate(0);
  for (const auto event : kEvents) Happen(event);
  EXPECT_EQ(told_, 0u);
}

}  // namespace
}  // namespace daybook
