// Processes as /proc tells of them, for those that the kernel's iterator does not show.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daybook/records.h"
#include "daybook/result.h"

namespace daybook {

// What is used of /proc/PID/stat; proc_pid_stat(5) gives the numbers of the fields.
struct ProcStat {
  uint32_t pid = 0;
  std::string_view comm;  // points into the text
  char state = '?';
  uint32_t ppid = 0;
  uint32_t sid = 0;
  uint32_t tty = 0;    // major << 20 | minor
  uint32_t flags = 0;  // kProc...
  uint32_t threads = 0;
  uint64_t cpu_us = 0;    // of all its threads, in clock ticks
  uint64_t start_ns = 0;  // boot time, rounded down to clock ticks (10 ms)
};

// `comm` may hold any byte, spaces and parentheses too. Nothing where the text is not a stat line.
std::optional<ProcStat> ParseProcStat(std::string_view text);

struct ProcIds {
  uint32_t uid = 0;
  uint32_t euid = 0;
  uint32_t suid = 0;
  uint32_t gid = 0;
  uint32_t egid = 0;
  uint32_t sgid = 0;
};

// From the Uid and Gid lines of /proc/PID/status.
std::optional<ProcIds> ParseProcStatus(std::string_view text);

// The kernel's user-space encoding of a terminal's number into major << 20 | minor.
uint32_t ParseTty(uint32_t tty_nr);

// A process with its strings.
struct ScannedProcess {
  SnapProc fields;  // without strings
  std::string comm;
  std::optional<std::string> exe;
  std::optional<std::string> args;
  uint32_t threads = 1;
  bool has_leader = true;  // false where it has left, and other threads have not

  // Points into this object.
  SnapProc record() const;

  // Replaces the coarse start by an exact one that was learned elsewhere, if it can be the same.
  void RefineStart(uint64_t exact_start_ns);
};

struct ProcScanOptions {
  std::string root = "/proc";
  // Bytes of the arguments that are kept; not even their length is read where it is not given.
  std::optional<size_t> args_limit = std::nullopt;
  bool first_arg_only = false;
};

// Ids of all processes (not threads) that the folder lists, in no particular order.
Result<std::vector<uint32_t>> ListProcesses(const std::string& root);

// One Error, with what is missing then and what to do, where the folder does not show us the
// processes of other users: it is mounted with hidepid, see proc(5). Where that cannot be seen for
// want of descriptors, the Error has its number.
Status CheckShowsOthers(std::string_view missing, const std::string& root = "/proc");

// Ids of all threads of a process, the leader's too; none where it has vanished.
std::vector<uint32_t> ListThreads(const std::string& root, uint32_t pid);

struct FirstArgs {
  std::string args;
  std::optional<uint64_t> bytes;  // the true length, where that is no more than was read
};

// As much of a process' arguments as is asked for. Nothing where it has none, is over, or `root`
// hides it. The kernel looks at anonymous memory alone: no file system is asked for a page.
std::optional<FirstArgs> ReadFirstArgs(const ProcScanOptions& options, uint32_t pid);

// Nothing where the process has vanished, or is a zombie whose end has been told already. The start
// time is coarse; the flag says so.
std::optional<ScannedProcess> ScanProcess(const ProcScanOptions& options, uint32_t pid);

}  // namespace daybook
