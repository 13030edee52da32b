#include "proc/host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_folder.h"

namespace daybook {
namespace {

using testing::Contains;
using testing::Key;
using testing::Optional;

constexpr char kMachineId[] = "0123456789abcdef0123456789abcdef\n";
constexpr char kBootId[] = "b0b0b0b0-0102-0304-0506-0708090a0b0c\n";

class HostTest : public testing::Test {
 protected:
  LogIdentity Host() const { return ThisHost(root_.path()); }

  TempFolder root_;
};

TEST_F(HostTest, TheBootIdIsTheKernels) {
  root_.Put("proc/sys/kernel/random/boot_id", kBootId);
  EXPECT_EQ(Host().boot_id, ParseId("b0b0b0b0-0102-0304-0506-0708090a0b0c"));
  EXPECT_EQ(Host().boot_id.bytes[15], 0x0c);
}

TEST_F(HostTest, TheHostIdTellsHostsApartAndIsNotTheMachineId) {
  root_.Put("etc/machine-id", kMachineId);
  const Id128 host = Host().host_id;
  EXPECT_NE(host, Id128{});
  EXPECT_NE(host, ParseId("0123456789abcdef0123456789abcdef"));
  EXPECT_EQ(host, Host().host_id);
  root_.Put("etc/machine-id", "0123456789abcdef0123456789abcdee\n");
  EXPECT_NE(host, Host().host_id);
}

TEST_F(HostTest, WithoutAMachineIdTheHostIdIsZero) {
  EXPECT_EQ(Host().host_id, Id128{});
  root_.Put("etc/machine-id", "uninitialized\n");
  EXPECT_EQ(Host().host_id, Id128{});
}

TEST_F(HostTest, NameAndKernelAreTold) {
  for (const char* key : {"hostname", "kernel", "machine"}) {
    EXPECT_THAT(Host().info, Contains(Key(key)));
  }
}

TEST_F(HostTest, TheKernelsForksAreALineOfStat) {
  root_.Put("proc/stat", "cpu 1 2 3\nprocesses_not 5\nprocesses 123456\nprocs_running 1\n");
  EXPECT_THAT(KernelForks(root_.path()), Optional(123456));
}

TEST_F(HostTest, NumbersOfCpusMayBeLeftOut) {
  EXPECT_EQ(CpuNumbersEnd(root_.path()), std::nullopt);
  const auto end_of = [this](const char* list) {
    root_.Put("sys/devices/system/cpu/possible", list);
    return CpuNumbersEnd(root_.path());
  };
  EXPECT_EQ(end_of("0\n"), 1u);
  EXPECT_EQ(end_of("0-3\n"), 4u);
  EXPECT_EQ(end_of("0,2,7\n"), 8u);
  EXPECT_EQ(end_of("0-1,8-11\n"), 12u);
  for (const char* list : {"", "\n", "x\n", "0-\n", "0-3,x\n", "0-4294967295\n"}) {
    EXPECT_EQ(end_of(list), std::nullopt) << list;
  }
}

TEST_F(HostTest, ThisHostHasSomeCpus) { EXPECT_GE(CpuNumbersEnd().value_or(0), 1u); }

TEST_F(HostTest, ForksThatAreNoNumberAreUnknown) {
  EXPECT_EQ(KernelForks(root_.path()), std::nullopt);
  for (const char* text : {"", "cpu 1\n", "processes\n", "processes x\n", "processes 12x\n"}) {
    root_.Put("proc/stat", text);
    EXPECT_EQ(KernelForks(root_.path()), std::nullopt) << text;
  }
}

TEST(ParseIdTest, HyphensAndCaseDoNotMatter) {
  const Id128 id = ParseId("00112233-4455-6677-8899-aabbccddeeff");
  EXPECT_EQ(id.bytes[1], 0x11);
  EXPECT_EQ(id.bytes[15], 0xff);
  EXPECT_EQ(ParseId("00112233445566778899AABBCCDDEEFF"), id);
}

TEST(ParseIdTest, WhatIsNoIdIsZero) {
  for (const char* text :
       {"", "-", "0011", "00112233-4455-6677-8899-aabbccddeef",
        "00112233-4455-6677-8899-aabbccddeeff0", "g0112233-4455-6677-8899-aabbccddeeff"}) {
    EXPECT_EQ(ParseId(text), Id128{}) << text;
  }
}

}  // namespace
}  // namespace daybook
