// Process accounting records and lives: what one becomes as the other.
#include "pacct/pacct_lives.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace daybook {
namespace {

using testing::Optional;

constexpr uint64_t kBootNs = 1'000'000'000;
constexpr int64_t kBootRealtimeNs = 1'700'000'000'900'000'000;

class ExportTest : public testing::Test {
 protected:
  ExportTest() {
    boot_.clock.Add(kBootNs, kBootRealtimeNs);
    life_.pid = 7;
    life_.start_ns = kBootNs;
    life_.end_ns = kBootNs + 29'999'999;
    life_.state = LifeState::kEnded;
    life_.ppid = 5;
    life_.identity.uid = 1000;
    life_.identity.gid = 100;
    life_.identity.comm = "make";
    life_.wait_status = 0;
    life_.usage.utime_us = 19'999;
    life_.usage.stime_us = 10'000;
    life_.usage.cpu_us = 29'500;
    life_.usage.maxrss_kib = 8193;
  }

  PacctRecord Export() const { return ExportPacct(boot_, life_); }

  Boot boot_;
  Life life_;
};

TEST_F(ExportTest, TimesAreCutToSecondsAndTicks) {
  const PacctRecord record = Export();
  EXPECT_EQ(record.start_s, 1'700'000'000U);
  EXPECT_EQ(record.elapsed_ticks, 2);
  EXPECT_EQ(record.utime_ticks, 1U);
  EXPECT_EQ(record.stime_ticks, 1U);
  EXPECT_EQ(record.memory_kib, 8193U);
  EXPECT_EQ(record.comm, "make");
}

TEST_F(ExportTest, WithoutItsPartsTheCpuTimeIsTheUsers) {
  life_.usage.utime_us.reset();
  EXPECT_EQ(Export().utime_ticks, 2U);
  EXPECT_EQ(Export().stime_ticks, 0U);
}

TEST_F(ExportTest, TheParentIsThatOfTheEnd) {
  EXPECT_THAT(Export().ppid, Optional(5U));
  life_.exit_ppid = 1;
  EXPECT_THAT(Export().ppid, Optional(1U));
}

TEST_F(ExportTest, FlagsFollowFromWhatTheLogTells) {
  EXPECT_EQ(Export().flags, 0);
  life_.flags = kProcNeverExeced | kProcUsageExact;
  EXPECT_EQ(Export().flags, kPacctFork);
  life_.flags = kProcSuperuser;
  life_.wait_status = 9;
  EXPECT_EQ(Export().flags, kPacctSu | kPacctSignal);
  life_.wait_status = 11 | 0x80;
  EXPECT_EQ(Export().flags, kPacctSu | kPacctSignal | kPacctCore);
}

TEST_F(ExportTest, WhoIsNotKnownIsNotTheSuperuser) {
  life_.identity.uid.reset();
  life_.identity.gid.reset();
  EXPECT_EQ(Export().uid, UINT32_MAX);
  EXPECT_EQ(Export().gid, UINT32_MAX);
}

TEST_F(ExportTest, TerminalsAreNumberedAsTheKernelDoes) {
  const auto exported = [&](uint32_t major, uint32_t minor) {
    life_.identity.tty = major << 20 | minor;
    return Export().tty;
  };
  EXPECT_EQ(exported(4, 64), 0x0440);
  EXPECT_EQ(exported(136, 3), 0x8803);
  EXPECT_EQ(exported(136, 300), 0x892C);
  life_.identity.tty.reset();
  EXPECT_EQ(Export().tty, 0);
}

TEST(ImportTest, WhatARecordDoesNotTellIsUnknown) {
  const PacctRecord record{.version = 2,
                           .flags = kPacctFork,
                           .tty = 0x892C,
                           .start_s = 1'700'000'000,
                           .ticks_per_s = 1024,
                           .elapsed_ticks = 512,
                           .utime_ticks = 1024,
                           .memory_kib = 77,
                           .comm = "sh"};
  const ImportedProcess process = ImportPacct(record, 2'000'003);
  const Exit& exit = process.exit;
  EXPECT_EQ(exit.pid, 0U);
  EXPECT_EQ(exit.ppid, std::nullopt);
  EXPECT_EQ(exit.start_ns, 1'700'000'000'000'003'000U);
  EXPECT_EQ(exit.time_ns - exit.start_ns, 500'000'000U);
  EXPECT_THAT(exit.utime_us, Optional(1'000'000U));
  EXPECT_EQ(exit.cpu_us, std::nullopt);
  EXPECT_EQ(exit.maxrss_kib, std::nullopt);
  EXPECT_EQ(exit.euid, std::nullopt);
  EXPECT_EQ(exit.flags, kProcNeverExeced);
  EXPECT_THAT(exit.tty, Optional(136U << 20 | 300U));
  EXPECT_EQ(process.acct.memory_kib, 77U);
  EXPECT_EQ(process.acct.start_ns, exit.start_ns);
  EXPECT_EQ(process.acct.time_ns, exit.time_ns);
}

}  // namespace
}  // namespace daybook
