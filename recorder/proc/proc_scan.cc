#include "proc/proc_scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

#include "system/file_descriptor.h"
#include "system/parse_number.h"

namespace daybook {
namespace {

constexpr uint32_t kPfForkNoExec = 0x40;  // include/linux/sched.h
constexpr uint32_t kPfSuperPriv = 0x100;
constexpr uint32_t kPfKthread = 0x200000;

constexpr uint64_t kNsPerSecond = 1'000'000'000;

constexpr size_t kChunkBytes = 16384;  // of one read(2)

// Cuts the next word off `text`; words are separated by blanks.
std::string_view NextWord(std::string_view& text) {
  constexpr std::string_view kBlanks = " \t\n";
  const size_t begin = text.find_first_not_of(kBlanks);
  text.remove_prefix(begin == text.npos ? text.size() : begin);
  const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
  text.remove_prefix(word.size());
  return word;
}

uint64_t NsPerTick() { return kNsPerSecond / static_cast<uint64_t>(sysconf(_SC_CLK_TCK)); }

uint32_t FlagsOf(uint32_t kernel_flags) {
  uint32_t flags = 0;
  if (kernel_flags & kPfKthread) flags |= kProcKernelThread;
  if (kernel_flags & kPfForkNoExec) flags |= kProcNeverExeced;
  if (kernel_flags & kPfSuperPriv) flags |= kProcSuperuser;
  return flags;
}

// Fields of stat after the comm, by their numbers in proc_pid_stat(5).
class StatFields {
 public:
  explicit StatFields(std::string_view text) {
    for (std::string_view& word : words_) word = NextWord(text);
  }

  char state() const { return words_[0].empty() ? '\0' : words_[0][0]; }

  // A number that does not fit, or is none, makes the whole invalid.
  template <class Number>
  Number Get(size_t field_number) {
    const auto number = ParseNumber<Number>(words_[field_number - kFirst]);
    valid_ = valid_ && number.has_value();
    return number.value_or(Number{});
  }

  bool valid() const { return valid_; }

 private:
  static constexpr size_t kFirst = 3;  // state
  static constexpr size_t kLast = 22;  // starttime
  std::array<std::string_view, kLast - kFirst + 1> words_;
  bool valid_ = true;
};

// Real, effective and saved id of a line like "Uid:\t0\t0\t0\t0".
bool ParseIdLine(std::string_view text, std::string_view name, uint32_t& real, uint32_t& effective,
                 uint32_t& saved) {
  const size_t begin = text.find(name);
  if (begin == text.npos) return false;
  text.remove_prefix(begin + name.size());
  for (uint32_t* id : {&real, &effective, &saved}) {
    const auto number = ParseNumber<uint32_t>(NextWord(text));
    if (!number) return false;
    *id = *number;
  }
  return true;
}

class File {
 public:
  explicit File(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}

  // The whole file: appends the first `limit` bytes to `text` and returns the true length. Nothing
  // where the file cannot be read, as when the process has vanished.
  std::optional<uint64_t> ReadAll(size_t limit, std::string& text) const {
    std::array<char, kChunkBytes> buffer;
    uint64_t total = 0;
    for (;;) {
      const ssize_t count = read(fd_.get(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return std::nullopt;
      if (count == 0) return total;
      const auto bytes = static_cast<size_t>(count);
      text.append(buffer.data(), std::min(bytes, limit - text.size()));
      total += bytes;
    }
  }

  // The first `limit` bytes, as far as one read(2) gives them.
  std::optional<std::string> ReadSome(size_t limit) const {
    std::string text(limit, '\0');
    const ssize_t count = read(fd_.get(), text.data(), limit);
    if (count < 0) return std::nullopt;
    text.resize(static_cast<size_t>(count));
    return text;
  }

 private:
  FileDescriptor fd_;
};

std::optional<std::string> ReadSmallFile(const std::string& path) {
  constexpr size_t kLimit = size_t{64} * 1024;
  std::string text;
  if (!File(path).ReadAll(kLimit, text)) return std::nullopt;
  return text;
}

std::optional<std::string> ReadLink(const std::string& path) {
  std::array<char, PATH_MAX> buffer;
  const ssize_t count = readlink(path.c_str(), buffer.data(), buffer.size());
  if (count <= 0) return std::nullopt;
  return std::string(buffer.data(), static_cast<size_t>(count));
}

std::optional<uint32_t> ReadLoginUid(const std::string& folder) {
  constexpr uint32_t kNoLogin = 0xffffffff;
  auto text = ReadSmallFile(folder + "/loginuid");
  if (!text) return std::nullopt;
  std::string_view rest = *text;
  const auto uid = ParseNumber<uint32_t>(NextWord(rest));
  return uid == kNoLogin ? std::nullopt : uid;
}

// A process whose leader is a zombie is over, unless other threads still run.
bool IsOver(const ProcStat& stat) {
  return stat.state == 'X' || (stat.state == 'Z' && stat.threads <= 1);
}

void SetStat(const ProcStat& stat, ScannedProcess& process) {
  process.fields.pid = stat.pid;
  process.fields.start_ns = stat.start_ns;
  process.fields.flags = stat.flags | kProcCoarseStart;
  process.fields.ppid = stat.ppid;
  process.fields.sid = stat.sid;
  process.fields.tty = stat.tty;
  process.fields.cpu_us = stat.cpu_us;
  process.comm = stat.comm;
  process.threads = stat.threads;
  process.has_leader = stat.state != 'Z';
}

void SetIds(const ProcIds& ids, SnapProc& fields) {
  fields.uid = ids.uid;
  fields.euid = ids.euid;
  fields.suid = ids.suid;
  fields.gid = ids.gid;
  fields.egid = ids.egid;
  fields.sgid = ids.sgid;
}

std::string ArgsPath(const std::string& folder) { return folder + "/cmdline"; }

// To what is asked for.
void CutArgs(const ProcScanOptions& options, std::string& args) {
  const size_t first_end = args.find('\0');
  if (options.first_arg_only && first_end != std::string::npos) args.resize(first_end + 1);
}

void ReadArgs(const std::string& folder, const ProcScanOptions& options, ScannedProcess& process) {
  if (!options.args_limit) return;
  std::string args;
  const auto bytes = File(ArgsPath(folder)).ReadAll(*options.args_limit, args);
  if (!bytes || *bytes == 0) return;  // a kernel thread has none
  process.fields.args_bytes = *bytes;
  if (options.args_limit == 0) return;
  CutArgs(options, args);
  process.args = std::move(args);
}

}  // namespace

uint32_t ParseTty(uint32_t tty_nr) {
  // new_encode_dev(): minor's low 8 bits, major 12, minor's high 12.
  const uint32_t major = (tty_nr >> 8) & 0xfff;
  const uint32_t minor = (tty_nr & 0xff) | ((tty_nr >> 12) & 0xfff00);
  return major << 20 | minor;
}

std::optional<ProcStat> ParseProcStat(std::string_view text) {
  // The comm ends at the last parenthesis: all that follows is numbers, and the state.
  const size_t open = text.find(" (");
  const size_t close = text.rfind(')');
  if (open == text.npos || close == text.npos || close < open + 2) return std::nullopt;
  const auto pid = ParseNumber<uint32_t>(text.substr(0, open));
  StatFields fields(text.substr(close + 1));
  ProcStat stat;
  stat.pid = pid.value_or(0);
  stat.comm = text.substr(open + 2, close - open - 2);
  stat.state = fields.state();
  stat.ppid = fields.Get<uint32_t>(4);
  stat.sid = fields.Get<uint32_t>(6);
  stat.tty = ParseTty(static_cast<uint32_t>(fields.Get<int32_t>(7)));
  stat.flags = FlagsOf(fields.Get<uint32_t>(9));
  stat.cpu_us = (fields.Get<uint64_t>(14) + fields.Get<uint64_t>(15)) * NsPerTick() / 1000;
  stat.threads = fields.Get<uint32_t>(20);
  stat.start_ns = fields.Get<uint64_t>(22) * NsPerTick();
  if (!pid || !fields.valid()) return std::nullopt;
  return stat;
}

std::optional<ProcIds> ParseProcStatus(std::string_view text) {
  // The line's start is part of the name: the kernel escapes a line end in the comm.
  ProcIds ids;
  if (!ParseIdLine(text, "\nUid:", ids.uid, ids.euid, ids.suid)) return std::nullopt;
  if (!ParseIdLine(text, "\nGid:", ids.gid, ids.egid, ids.sgid)) return std::nullopt;
  return ids;
}

SnapProc ScannedProcess::record() const {
  SnapProc record = fields;
  record.comm = comm;
  record.exe = exe;
  record.args = args;
  return record;
}

void ScannedProcess::RefineStart(uint64_t exact_start_ns) {
  if (exact_start_ns < fields.start_ns || exact_start_ns - fields.start_ns >= NsPerTick()) return;
  fields.start_ns = exact_start_ns;
  fields.flags &= ~kProcCoarseStart;
}

Result<std::vector<uint32_t>> ListProcesses(const std::string& root) {
  const FolderEntries folder(opendir(root.c_str()));
  if (!folder) return Error::FromErrno(root, errno);
  std::vector<uint32_t> pids;
  while (const dirent* entry = readdir(folder.get())) {
    if (const auto pid = ParseNumber<uint32_t>(entry->d_name)) pids.push_back(*pid);
  }
  return pids;
}

// The first process is root's, with all capabilities: who may look at it may look at all.
Status CheckShowsOthers(std::string_view missing, const std::string& root) {
  const std::string path = root + "/1/status";
  const FileDescriptor first(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (first.get() >= 0) return Ok{};
  if (errno == EMFILE || errno == ENFILE) return Error::FromErrno("cannot open " + path, errno);
  return Error(root + " hides the processes of other users (hidepid): " + std::string(missing) +
               "; mount it with the group of this user as its gid=, or with hidepid=0");
}

std::vector<uint32_t> ListThreads(const std::string& root, uint32_t pid) {
  auto tids = ListProcesses(root + "/" + std::to_string(pid) + "/task");
  return tids ? *std::move(tids) : std::vector<uint32_t>();
}

std::optional<FirstArgs> ReadFirstArgs(const ProcScanOptions& options, uint32_t pid) {
  const File file(ArgsPath(options.root + "/" + std::to_string(pid)));
  const size_t limit = options.args_limit.value_or(0);
  auto args = file.ReadSome(limit);
  if (!args || args->empty()) return std::nullopt;
  FirstArgs first;
  if (args->size() < limit) first.bytes = args->size();
  CutArgs(options, *args);
  first.args = *std::move(args);
  return first;
}

std::optional<ScannedProcess> ScanProcess(const ProcScanOptions& options, uint32_t pid) {
  const std::string folder = options.root + "/" + std::to_string(pid);
  const auto stat_text = ReadSmallFile(folder + "/stat");
  const auto status_text = ReadSmallFile(folder + "/status");
  if (!stat_text || !status_text) return std::nullopt;
  const auto stat = ParseProcStat(*stat_text);
  const auto ids = ParseProcStatus(*status_text);
  if (!stat || !ids || IsOver(*stat)) return std::nullopt;
  ScannedProcess process;
  SetStat(*stat, process);
  SetIds(*ids, process.fields);
  process.fields.login_uid = ReadLoginUid(folder);
  process.exe = ReadLink(folder + "/exe");
  ReadArgs(folder, options, process);
  return process;
}

}  // namespace daybook
