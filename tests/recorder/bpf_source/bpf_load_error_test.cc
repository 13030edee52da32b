#include "bpf_source/bpf_load_error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace daybook {
namespace {

TEST(LoadErrorTest, TheVerifiersReasonAndItsProgram) {
  constexpr char kLog[] =
      "libbpf: prog 'on_exit': BPF program load failed: Permission denied\n"
      "libbpf: prog 'on_exit': -- BEGIN PROG LOAD LOG --\n"
      "0: (79) r6 = *(u64 *)(r1 +0)\n"
      "R1 invalid mem access 'inv'\n"
      "processed 12 insns (limit 1000000) max_states_per_insn 0\n"
      "-- END PROG LOAD LOG --\n"
      "libbpf: prog 'on_exit': failed to load: -13\n";
  EXPECT_EQ(LoadError(kLog, EACCES).message(),
            "the kernel's verifier rejects the BPF program on_exit: R1 invalid mem access 'inv'");
}

TEST(LoadErrorTest, ARefusalThatIsNotTheVerifiersSaysWhoMayRefuse) {
  const std::string message =
      LoadError("libbpf: Error in bpf_object__probe_loading\n", EPERM).message();
  EXPECT_NE(message.find("lockdown"), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos);
}

TEST(LoadErrorTest, OtherwiseTheFirstLineIsTheCause) {
  constexpr char kLog[] =
      "libbpf: prog 'x': failed to find kernel BTF type ID of 'sched_y': -3\n"
      "libbpf: failed to load object 'process_bpf'\n";
  EXPECT_EQ(LoadError(kLog, ESRCH).message(),
            "loading the BPF program: No such process (prog 'x': failed to find kernel BTF type ID "
            "of 'sched_y': -3)");
}

TEST(LoadErrorTest, WithoutALogTheErrorAloneIsSaid) {
  const Error error = LoadError("", ENOMEM);
  EXPECT_EQ(error.message(), "loading the BPF program: Cannot allocate memory");
}

// libbpf tells all that it was told.
TEST(LoadErrorTest, WhatLacksRoomIsNotRejected) {
  constexpr char kLog[] =
      "libbpf: prog 'on_exec': BPF program load failed: Too many open files\n"
      "libbpf: prog 'on_exec': -- BEGIN PROG LOAD LOG --\n"
      "processed 442 insns (limit 1000000) max_states_per_insn 1 total_states 32\n"
      "-- END PROG LOAD LOG --\n";
  for (const int error : {EMFILE, ENFILE, ENOMEM}) {
    EXPECT_EQ(LoadError(kLog, error).message(),
              Error::FromErrno("loading the BPF program", error).message());
  }
}

TEST(LoadErrorTest, ALogThatIsCutIsNoVerdict) {
  EXPECT_EQ(LoadError("libbpf: prog 'x': -- BEGIN PROG LOAD LOG --\nR1 inv", ENOSPC).message(),
            "loading the BPF program: No space left on device (prog 'x': -- BEGIN PROG LOAD LOG "
            "--)");
}

}  // namespace
}  // namespace daybook
