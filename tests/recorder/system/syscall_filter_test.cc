// What a process may still do behind the filter: each call in a child of its own.

#include "system/syscall_filter.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <system_error>
#include <thread>
#include <tuple>

#include "proc/host.h"
#include "proc/proc_scan.h"
#include "support/temp_folder.h"
#include "system/clocks.h"
#include "system/wake_ups.h"

namespace daybook {
namespace {

constexpr int kNoFilter = 99;

// The wait status of a child that does this behind the filter; 0 where it returns.
int StatusOf(const std::function<void()>& act, int notify_socket = -1) {
  const pid_t pid = fork();
  if (pid == 0) {
    const rlimit no_core = {};
    setrlimit(RLIMIT_CORE, &no_core);
    if (!RestrictSystemCalls(std::span(&notify_socket, 1))) _exit(kNoFilter);
    act();
    _exit(0);
  }
  int status = -1;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return status;
}

#define EXPECT_FORBIDDEN(...) EXPECT_EQ(StatusOf([&] { (void)(__VA_ARGS__); }), SIGSYS)
#define EXPECT_ALLOWED(...) EXPECT_EQ(StatusOf([&] { (void)(__VA_ARGS__); }), 0)

// The answer that a call has behind the filter, 0 or an errno value, which is below 128.
int ErrnoOf(const std::function<long()>& call) {
  const int status = StatusOf([&] { _exit(call() < 0 ? errno : 0); });
  EXPECT_TRUE(WIFEXITED(status)) << status;
  return WEXITSTATUS(status);
}

long Bpf(int command) {
  bpf_attr attributes = {};
  attributes.iter_create.link_fd = ~0U;
  return syscall(SYS_bpf, command, &attributes, sizeof(attributes));
}

TEST(SyscallFilterTest, NoProgramIsExecutedAndNoProcessMade) {
  char* const argv[] = {nullptr};
  EXPECT_FORBIDDEN(execve("/bin/true", argv, argv));
  EXPECT_FORBIDDEN(syscall(SYS_execveat, -1, "/bin/true", argv, argv, 0));
  EXPECT_FORBIDDEN(fork());
  EXPECT_FORBIDDEN(syscall(SYS_clone3, nullptr, 0));
}

TEST(SyscallFilterTest, NoOtherProcessIsTouched) {
  EXPECT_FORBIDDEN(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr));
  EXPECT_FORBIDDEN(kill(getppid(), 0));
  EXPECT_FORBIDDEN(syscall(SYS_tgkill, 1, 1, 0));
  EXPECT_FORBIDDEN(syscall(SYS_process_vm_readv, 0, nullptr, 0, nullptr, 0, 0));
  EXPECT_FORBIDDEN(syscall(SYS_pidfd_open, 1, 0));
}

TEST(SyscallFilterTest, NothingIsLoadedIntoTheKernel) {
  EXPECT_FORBIDDEN(Bpf(BPF_PROG_LOAD));
  EXPECT_FORBIDDEN(Bpf(BPF_MAP_CREATE));
  EXPECT_FORBIDDEN(Bpf(BPF_LINK_CREATE));
  EXPECT_FORBIDDEN(syscall(SYS_perf_event_open, nullptr, 0, 0, 0, 0));
  EXPECT_FORBIDDEN(syscall(SYS_io_uring_setup, 0, nullptr));
  EXPECT_FORBIDDEN(syscall(SYS_finit_module, -1, "", 0));
}

TEST(SyscallFilterTest, IdsNamespacesAndPrivilegesStayAsTheyAre) {
  EXPECT_FORBIDDEN(syscall(SYS_setuid, 0));
  EXPECT_FORBIDDEN(unshare(CLONE_NEWUSER));
  EXPECT_FORBIDDEN(syscall(SYS_mount, nullptr, "/", nullptr, 0, nullptr));
  EXPECT_FORBIDDEN(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
  EXPECT_FORBIDDEN(syscall(SYS_chmod, "/nowhere", 0));
  EXPECT_FORBIDDEN(syscall(SYS_prlimit64, 0, RLIMIT_CORE, "0123456701234567", nullptr));
}

TEST(SyscallFilterTest, NothingBecomesExecutable) {
  EXPECT_FORBIDDEN(mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  EXPECT_FORBIDDEN(mprotect(nullptr, 4096, PROT_READ | PROT_EXEC));
  EXPECT_ALLOWED(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

TEST(SyscallFilterTest, OnlyTheNotifySocketTakesMessages) {
  EXPECT_FORBIDDEN(socket(AF_INET, SOCK_DGRAM, 0));
  EXPECT_FORBIDDEN(socket(AF_UNIX, SOCK_DGRAM, 0));
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
  const auto send_by = [](int socket, const void* to) {
    return [=] {
      _exit(syscall(SYS_sendto, socket, "READY=1", 7, 0, to, to == nullptr ? 0 : 2) == 7 ? 0 : 1);
    };
  };
  EXPECT_EQ(StatusOf(send_by(ends[0], nullptr), ends[0]), 0);
  char text[16] = {};
  EXPECT_EQ(recv(ends[1], text, sizeof(text), MSG_DONTWAIT), 7);
  EXPECT_EQ(StatusOf(send_by(ends[1], nullptr), ends[0]), SIGSYS);
  EXPECT_EQ(StatusOf(send_by(ends[0], "\1\0"), ends[0]), SIGSYS) << "to an address";
  EXPECT_EQ(StatusOf(send_by(ends[0], nullptr)), SIGSYS) << "where there is none";
  close(ends[0]);
  close(ends[1]);
}

TEST(SyscallFilterTest, ThreadsThatAreThereAreBoundToo) {
  EXPECT_EQ(StatusOf([] {}), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    std::atomic<bool> is_bound = false;
    std::thread other([&] {
      while (!is_bound) std::this_thread::yield();
      (void)socket(AF_UNIX, SOCK_DGRAM, 0);
    });
    if (!RestrictSystemCalls({})) _exit(kNoFilter);
    is_bound = true;
    other.join();
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status & 0x7f, SIGSYS);
}

// ---- What it must be able to do ----

TEST(SyscallFilterTest, WalksOverProcessesMayBegin) {
  EXPECT_EQ(ErrnoOf([] { return Bpf(BPF_ITER_CREATE); }), EBADF) << "asked the kernel";
}

TEST(SyscallFilterTest, AnAbortIsAnAbort) {
  EXPECT_EQ(StatusOf([] { std::abort(); }), SIGABRT);
}

TEST(SyscallFilterTest, ProcClocksAndTimersAreThere) {
  EXPECT_EQ(StatusOf([] {
              const bool fine = ScanProcess({.args_limit = 0}, static_cast<uint32_t>(getpid())) &&
                                ListProcesses("/proc") && KernelForks("/") &&
                                ReadClocks().time_ns != 0 && WakeUps::Create(-1, {}) &&
                                !ThisHost("/").info.empty();
              _exit(fine ? 0 : 1);
            }),
            0);
}

// As where a reload compares paths.
TEST(SyscallFilterTest, WhereItStandsItMayAsk) {
  EXPECT_EQ(StatusOf([] {
              std::error_code error;
              std::ignore = std::filesystem::absolute("x", error);
              _exit(error ? 1 : 0);
            }),
            0);
}

// Opening a file for writing is not told from its other uses: the path is not seen.
TEST(SyscallFilterTest, FilesAreOpenedAsTheUserMay) {
  const TempFolder temp;
  const std::string path = temp / "file";
  EXPECT_EQ(ErrnoOf([&]() -> long { return open(path.c_str(), O_WRONLY | O_CREAT, 0600); }), 0);
  EXPECT_EQ(ErrnoOf([&]() -> long { return open("/proc/no/file", O_WRONLY | O_CREAT, 0600); }),
            ENOENT);
}

}  // namespace
}  // namespace daybook
