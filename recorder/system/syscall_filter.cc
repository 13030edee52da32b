#include "system/syscall_filter.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

// Looking for leaks at the end takes clone, prctl and ptrace: where the filter forbids these, the
// sanitizer is told to do without.
#ifdef DAYBOOK_SANITIZED
static std::atomic<bool> leak_check_is_forbidden = false;
extern "C" int __lsan_is_turned_off() {  // NOLINT(bugprone-reserved-identifier): its name for it
  return leak_check_is_forbidden ? 1 : 0;
}
#endif

namespace daybook {
namespace {

// With any arguments.
constexpr int kAllowed[] = {
    // Files of the log, and of /proc. What opens them takes paths, see the header.
    SCMP_SYS(openat),
    SCMP_SYS(open),
    SCMP_SYS(close),
    SCMP_SYS(read),
    SCMP_SYS(pread64),
    SCMP_SYS(readv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(lseek),
    SCMP_SYS(fdatasync),
    SCMP_SYS(fsync),
    SCMP_SYS(fallocate),
    SCMP_SYS(ftruncate),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(fstat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(fstatat64),
    SCMP_SYS(statx),
    SCMP_SYS(fstatfs),
    SCMP_SYS(statfs),
    SCMP_SYS(getdents64),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(flock),
    SCMP_SYS(dup3),
    // What wakes the recorder.
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(signalfd4),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigpending),
    SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(restart_syscall),
    // What the connector has sent.
    SCMP_SYS(recvmmsg),
    SCMP_SYS(getsockopt),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    // Clocks. Setting one takes a capability.
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    // Threads: a new one may still be at its first steps.
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_setscheduler),
    SCMP_SYS(ioprio_set),
    SCMP_SYS(membarrier),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    // Memory; mmap and mprotect see below.
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(brk),
    SCMP_SYS(madvise),
    // Who and where it is.
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(uname),
    SCMP_SYS(getcwd),  // a reload compares paths
    SCMP_SYS(sysinfo),
    SCMP_SYS(getrandom),
#ifdef DAYBOOK_SANITIZED
    // Its runtime looks through a pipe whether memory can be read; the rest is for its threads.
    SCMP_SYS(pipe),
    SCMP_SYS(pipe2),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
#endif
};

struct Rule {
  int call;
  std::vector<scmp_arg_cmp> arguments;  // all of them must hold
};

std::vector<Rule> RulesWithArguments(std::span<const int> sockets) {
  const auto is = [](unsigned argument, uint64_t value) {
    return scmp_arg_cmp{.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0};
  };
  const auto lacks = [](unsigned argument, uint64_t bits) {
    return scmp_arg_cmp{.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = bits, .datum_b = 0};
  };
  std::vector<Rule> rules = {
      // Memory is written or executed, and what can be executed is there.
      {SCMP_SYS(mmap), {lacks(2, PROT_EXEC)}},
      {SCMP_SYS(mprotect), {lacks(2, PROT_EXEC)}},
      // Walks over the processes, by a program that is loaded and attached; and what the kernel has
      // counted of such programs.
      {SCMP_SYS(bpf), {is(0, BPF_ITER_CREATE)}},
      {SCMP_SYS(bpf), {is(0, BPF_OBJ_GET_INFO_BY_FD)}},
      // Looks at limits of itself.
      {SCMP_SYS(prlimit64), {is(0, 0), is(2, 0)}},
      // abort() of a program that found itself wrong.
      {SCMP_SYS(tgkill), {is(0, static_cast<uint64_t>(getpid()))}},
  };
  for (const int command : {F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC}) {
    rules.push_back({SCMP_SYS(fcntl), {is(1, static_cast<uint64_t>(command))}});
  }
  for (const int socket : sockets) {
    if (socket < 0) continue;
    // Without an address: to where it is connected, or to the kernel.
    rules.push_back({SCMP_SYS(sendto), {is(0, static_cast<uint64_t>(socket)), is(4, 0)}});
  }
  return rules;
}

struct SeccompRelease {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using SeccompContext = std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, SeccompRelease>;

// Both return 0, or a negative errno value.
int SetAttributes(scmp_filter_ctx filter) {
  constexpr uint32_t kBinaryTree = 2;
  const std::pair<scmp_filter_attr, uint32_t> attributes[] = {
      {SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS},
      {SCMP_FLTATR_CTL_TSYNC, 1},
      {SCMP_FLTATR_CTL_OPTIMIZE, kBinaryTree},
      // No foreign code runs in here against which slower loads would help.
      {SCMP_FLTATR_CTL_SSB, 1}};
  for (const auto& [attribute, value] : attributes) {
    if (const int error = seccomp_attr_set(filter, attribute, value); error != 0) return error;
  }
  return 0;
}

int AddRules(scmp_filter_ctx filter, std::span<const int> sockets) {
  for (const int call : kAllowed) {
    const int error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 0, nullptr);
    if (error != 0) return error;
  }
  for (const Rule& rule : RulesWithArguments(sockets)) {
    const int error =
        seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rule.call,
                               static_cast<unsigned>(rule.arguments.size()), rule.arguments.data());
    if (error != 0) return error;
  }
  return 0;
}

}  // namespace

Status RestrictSystemCalls(std::span<const int> sockets) {
  const SeccompContext filter(seccomp_init(SCMP_ACT_KILL_PROCESS));
  int error = filter ? SetAttributes(filter.get()) : -ENOSYS;
  if (error == 0) error = AddRules(filter.get(), sockets);
  if (error == 0) error = seccomp_load(filter.get());
  if (error != 0) return Error::FromErrno("cannot restrict system calls (seccomp)", -error);
#ifdef DAYBOOK_SANITIZED
  leak_check_is_forbidden = true;
#endif
  return Ok{};
}

}  // namespace daybook
