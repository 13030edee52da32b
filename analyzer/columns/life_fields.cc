#include "columns/life_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "columns/cgroup_names.h"
#include "columns/life_cells.h"
#include "columns/life_window.h"
#include "text/byte_buffer.h"

namespace daybook {
namespace {

using Getter = Cell (*)(const Boot&, const Life&, LifeTexts&);

template <class T>
Cell ToCell(const T& value) {
  return OptionalCell(std::optional<T>(value));
}
template <class T>
Cell ToCell(const std::optional<T>& value) {
  return OptionalCell(value);
}

// A plain member of the life, of its identity or of its usage.
template <auto Member>
Cell Of(const Boot&, const Life& life, LifeTexts&) {
  if constexpr (requires { life.*Member; }) {
    return ToCell(life.*Member);
  } else if constexpr (requires { life.identity.*Member; }) {
    return ToCell(life.identity.*Member);
  } else {
    return ToCell(life.usage.*Member);
  }
}

// What life_cells.h makes of a life.
template <Cell (*Make)(const Life&)>
Cell By(const Boot&, const Life& life, LifeTexts&) {
  return Make(life);
}

template <uint32_t Flag>
Cell HasFlag(const Boot&, const Life& life, LifeTexts&) {
  return (life.flags & Flag) != 0;
}

template <LifeState State>
Cell IsIn(const Boot&, const Life& life, LifeTexts&) {
  return life.state == State;
}

Cell HostCell(const Boot& boot, const Life&, LifeTexts&) {
  return boot.host ? Cell(Text{*boot.host}) : Cell();
}

Cell BootIdCell(const Boot& boot, const Life&, LifeTexts&) {
  return boot.boot_id ? Cell(Text{boot.boot_text}) : Cell();
}

Cell ProcessIdCell(const Boot& boot, const Life& life, LifeTexts& texts) {
  texts.process_id.clear();
  if (!AppendProcessId(boot, life.pid, life.start_ns, &texts.process_id)) return std::monostate();
  return Text{texts.process_id};
}

Cell ParentIdCell(const Boot& boot, const Life& life, LifeTexts& texts) {
  texts.parent_id.clear();
  if (!life.ppid || !life.parent_start_ns ||
      !AppendProcessId(boot, *life.ppid, *life.parent_start_ns, &texts.parent_id)) {
    return std::monostate();
  }
  return Text{texts.parent_id};
}

Cell StartTimeCell(const Boot& boot, const Life& life, LifeTexts&) {
  return WallTimeCell(boot, life.start_ns);
}

Cell EndTimeCell(const Boot& boot, const Life& life, LifeTexts&) {
  return WallTimeCell(boot, life.end_ns);
}

Cell SoFarTimeCell(const Boot& boot, const Life& life, LifeTexts&) {
  const uint64_t time_ns = life.shown_cpu.time_ns;
  return time_ns != 0 ? WallTimeCell(boot, time_ns) : Cell();
}

Cell CpuWithinCell(const Boot& boot, const Life& life, LifeTexts& texts) {
  return OptionalCell(CpuWithinUs(texts.until_ns, boot, life));
}

Cell ElapsedCell(const Boot&, const Life& life, LifeTexts&) {
  return OptionalCell(ElapsedUs(life));
}

Cell UserCell(const Boot&, const Life& life, LifeTexts& texts) {
  return AccountCell(life.identity.uid, texts.users);
}

Cell GroupCell(const Boot&, const Life& life, LifeTexts& texts) {
  return AccountCell(life.identity.gid, texts.groups);
}

Cell TerminalCell(const Boot&, const Life& life, LifeTexts& texts) {
  const auto& device = life.identity.tty;
  if (!device) return std::monostate();
  if (texts.terminal_device != device) {
    texts.terminal_device = device;
    texts.terminal = TerminalName(*device);
  }
  return Text{texts.terminal};
}

// nullptr where the log does not tell.
const std::string* FindCgroup(const Boot& boot, const Life& life) {
  if (!life.identity.cgroup_id) return nullptr;
  const auto found = boot.cgroups.find(*life.identity.cgroup_id);
  return found != boot.cgroups.end() ? &found->second : nullptr;
}

// Its id, where the log does not tell its path.
Cell CgroupCell(const Boot& boot, const Life& life, LifeTexts& texts) {
  if (!life.identity.cgroup_id) return std::monostate();
  if (const std::string* path = FindCgroup(boot, life)) return Text{*path};
  std::array<char, kMostNumberBytes> digits;
  texts.cgroup.assign(digits.data(), PutNumber(digits.data(), *life.identity.cgroup_id));
  return Text{texts.cgroup};
}

template <std::optional<std::string_view> (*Part)(std::string_view)>
Cell PartOfCgroup(const Boot& boot, const Life& life, LifeTexts&) {
  const std::string* path = FindCgroup(boot, life);
  const auto part = path != nullptr ? Part(*path) : std::nullopt;
  return part ? Cell(Text{*part}) : Cell();
}

bool HasCgroupPath(const Boot& boot, const Life& life) { return FindCgroup(boot, life) != nullptr; }

bool HasStatus(const Boot&, const Life& life) { return life.wait_status.has_value(); }

Cell ExactCell(const Boot&, const Life& life, LifeTexts&) {
  if (life.state != LifeState::kEnded) return std::monostate();
  return (life.flags & kProcUsageExact) != 0;
}

Cell ProofCell(const Boot&, const Life& life, LifeTexts&) { return Text{ProofName(life.proof)}; }

// "3" or "SIGKILL"
Cell StatusCell(const Boot&, const Life& life, LifeTexts& texts) {
  if (!life.wait_status) return std::monostate();
  texts.status = StatusText(*life.wait_status);
  return Text{texts.status};
}

Cell OkCell(const Boot&, const Life& life, LifeTexts&) {
  if (!life.wait_status) return std::monostate();
  return *life.wait_status == 0;
}

Cell FailedCell(const Boot&, const Life& life, LifeTexts&) {
  if (!life.wait_status) return std::monostate();
  return *life.wait_status != 0;
}

// Who tells faults tells all that the kernel counts, and these flags of an end; acct(2) has one.
template <uint32_t Flag>
Cell EndFlagCell(const Boot&, const Life& life, LifeTexts&) {
  if (!life.wait_status) return std::monostate();
  if ((life.flags & Flag) != 0) return true;
  const bool is_told = life.usage.minflt && (Flag == kProcSuperuser || !life.acct);
  return is_told ? Cell(false) : Cell();
}

// Whoever ended otherwise was not killed so, whoever told it.
Cell OomCell(const Boot& boot, const Life& life, LifeTexts& texts) {
  if (life.wait_status && (*life.wait_status & kSignalMask) != SIGKILL) return false;
  return EndFlagCell<kProcOomKilled>(boot, life, texts);
}

Cell OrphanedCell(const Boot&, const Life& life, LifeTexts&) {
  if (!life.ppid || !life.exit_ppid) return std::monostate();
  return *life.ppid != *life.exit_ppid;
}

// Hundredths of a percent of one CPU; more than 100 % where several threads ran at once.
Cell CpuPercentCell(const Boot&, const Life& life, LifeTexts&) {
  constexpr uint64_t kWhole = 10'000;
  const auto elapsed_us = ElapsedUs(life);
  const auto& cpu_us = life.usage.cpu_us;
  if (!cpu_us || !elapsed_us || *elapsed_us == 0 || *cpu_us > UINT64_MAX / kWhole) {
    return std::monostate();
  }
  return *cpu_us * kWhole / *elapsed_us;
}

std::optional<LocalTime> BirthTime(const Boot& boot, const Life& life, const LocalZone& zone) {
  const auto time = boot.clock.ToRealtime(life.start_ns);
  if (!time) return std::nullopt;
  return zone.At(*time);
}

Cell DayCell(const Boot& boot, const Life& life, LifeTexts& texts) {
  const auto time = BirthTime(boot, life, texts.zone);
  if (!time) return std::monostate();
  texts.day = fmt::format("{:04}-{:02}-{:02}", time->year, time->month, time->day);
  return Text{texts.day};
}

Cell HourCell(const Boot& boot, const Life& life, LifeTexts& texts) {
  const auto time = BirthTime(boot, life, texts.zone);
  if (!time) return std::monostate();
  texts.hour =
      fmt::format("{:04}-{:02}-{:02} {:02}:00", time->year, time->month, time->day, time->hour);
  return Text{texts.hour};
}

// Orders lives: the running ones first, the youngest of them at the top, then by the end, or by
// the last sign of life. Wall-clock nanoseconds stay below kRunning until the year 2116.
Cell NewestCell(const Boot& boot, const Life& life, LifeTexts&) {
  constexpr int64_t kRunning = int64_t{1} << 62;
  const bool is_running = life.state == LifeState::kRunning;
  const uint64_t moment = is_running ? life.start_ns : life.end_ns.value_or(life.last_seen_ns);
  const auto boot_moment = static_cast<int64_t>(moment & INT64_MAX);
  const int64_t key = boot.clock.ToRealtime(moment).value_or(boot_moment) % kRunning;
  return is_running ? kRunning + key : key;
}

constexpr Shown kAsked = Shown::kOnRequest;
constexpr Told kSoFar = Told::kSoFar;
constexpr Told kAtEnd = Told::kAtEnd;
constexpr Rests kOnProgram = Rests::kOnProgram;
constexpr Rests kOnBirth = Rests::kOnBirth;

}  // namespace

constexpr LifeField kLifeFields[kLifeFieldCount] = {
    {{"host", Kind::kString, 1, Shown::kOfSeveralHosts},
     HostCell,
     "name of the host that was recorded"},
    {{"boot_id", Kind::kString}, BootIdCell, "boot of that host"},
    {{"proc_id", Kind::kString}, ProcessIdCell, "names it among all hosts and boots"},
    {{"pid", Kind::kNumber, 3}, Of<&Life::pid>, "process id"},
    {{"start_time", Kind::kTime, 2}, StartTimeCell, "when it was born"},
    {{"start_ns", Kind::kNumber}, Of<&Life::start_ns>, "the same, since boot"},
    {{"end_time", Kind::kTime}, EndTimeCell, "when it ended", kAtEnd},
    {{"end_ns", Kind::kNumber}, Of<&Life::end_ns>, "the same, since boot", kAtEnd},
    {{"elapsed_us", Kind::kMicroseconds, 7}, ElapsedCell, "from birth to end", kAtEnd},
    {{"ppid", Kind::kNumber, 4},
     Of<&Life::ppid>,
     "pid of its birth parent",
     kSoFar,
     nullptr,
     kOnBirth},
    {{"parent_id", Kind::kString},
     ParentIdCell,
     "proc_id of its birth parent",
     kSoFar,
     nullptr,
     kOnBirth},
    {{"exit_ppid", Kind::kNumber}, Of<&Life::exit_ppid>, "pid of its parent at the end", kAtEnd},
    {{"comm", Kind::kString, 14}, By<CommCell>, "task name, at most 15 bytes"},
    {{"exe", Kind::kString}, By<ExeCell>, "path of the program", kSoFar, nullptr, kOnProgram},
    {{"args", Kind::kArguments, 15},
     By<ArgumentsCell>,
     "its arguments",
     kSoFar,
     nullptr,
     kOnProgram},
    {{"uid", Kind::kNumber}, Of<&Identity::uid>, "real user id"},
    {{"euid", Kind::kNumber}, Of<&Identity::euid>, "effective user id"},
    {{"gid", Kind::kNumber}, Of<&Identity::gid>, "real group id"},
    {{"user", Kind::kUser, 5}, UserCell, "name of uid on this host"},
    {{"group", Kind::kUser, 0, kAsked}, GroupCell, "name of gid on this host"},
    {{"sid", Kind::kNumber}, Of<&Identity::sid>, "POSIX session id"},
    {{"tty", Kind::kString, 6}, TerminalCell, "controlling terminal, or none"},
    {.column = {"cgroup", Kind::kString},
     .get = CgroupCell,
     .text = "path of its cgroup, else its id",
     .rests = kOnProgram},
    {{"service", Kind::kString, 0, kAsked},
     PartOfCgroup<ServiceOf>,
     "systemd service, by cgroup",
     kSoFar,
     HasCgroupPath,
     kOnProgram},
    {{"session", Kind::kString, 0, kAsked},
     PartOfCgroup<LoginSessionOf>,
     "login session, by cgroup",
     kSoFar,
     HasCgroupPath,
     kOnProgram},
    {{"container", Kind::kString, 0, kAsked},
     PartOfCgroup<ContainerOf>,
     "container, by cgroup",
     kSoFar,
     HasCgroupPath,
     kOnProgram},
    {{"wait_status", Kind::kNumber},
     Of<&Life::wait_status>,
     "what wait(2) told its parent",
     kAtEnd},
    {{"exit_code", Kind::kNumber, 11},
     By<ExitCodeCell>,
     "where it ended by itself",
     kAtEnd,
     HasStatus},
    {{"signal", Kind::kSignal, 12}, By<SignalCell>, "the signal that ended it", kAtEnd, HasStatus},
    {{"status", Kind::kString, 0, kAsked}, StatusCell, "exit code or name of the signal", kAtEnd},
    {{"core", Kind::kBool}, By<CoreCell>, "whether it dumped core", kAtEnd},
    {{"utime_us", Kind::kMicroseconds}, Of<&Usage::utime_us>, "CPU time in user mode", kAtEnd},
    {{"stime_us", Kind::kMicroseconds}, Of<&Usage::stime_us>, "CPU time in kernel mode", kAtEnd},
    {{"cpu_us", Kind::kMicroseconds, 8}, Of<&Usage::cpu_us>, "CPU time", kAtEnd},
    {{"cpu_percent", Kind::kPercent, 0, kAsked},
     CpuPercentCell,
     "CPU time of the elapsed time",
     kAtEnd},
    {{"cpu_so_far_us", Kind::kMicroseconds, 0, kAsked},
     By<CpuSoFarCell>,
     "CPU time at the last snapshot that shows it"},
    {{"so_far_time", Kind::kTime, 0, kAsked}, SoFarTimeCell, "when that snapshot was taken"},
    {{"cpu_within_us", Kind::kMicroseconds, 0, kAsked},
     CpuWithinCell,
     "CPU time from what is known before the time to what is known at its end",
     kSoFar,
     nullptr,
     kOnProgram},
    {{"maxrss_kib", Kind::kKibibytes, 9}, Of<&Usage::maxrss_kib>, "peak resident size", kAtEnd},
    {{"minflt", Kind::kNumber}, Of<&Usage::minflt>, "page faults without I/O", kAtEnd},
    {{"majflt", Kind::kNumber}, Of<&Usage::majflt>, "page faults with I/O", kAtEnd},
    {{"nvcsw", Kind::kNumber}, Of<&Usage::nvcsw>, "voluntary context switches", kAtEnd},
    {{"nivcsw", Kind::kNumber}, Of<&Usage::nivcsw>, "involuntary context switches", kAtEnd},
    {{"image_maxrss_kib", Kind::kKibibytes},
     Of<&Usage::image_maxrss_kib>,
     "peak resident size of the last program alone",
     kAtEnd},
    {{"rchar_bytes", Kind::kBytes}, Of<&Usage::rchar_bytes>, "read by read(2)", kAtEnd},
    {{"wchar_bytes", Kind::kBytes}, Of<&Usage::wchar_bytes>, "written by write(2)", kAtEnd},
    {{"read_bytes", Kind::kBytes}, Of<&Usage::read_bytes>, "read from storage", kAtEnd},
    {{"write_bytes", Kind::kBytes}, Of<&Usage::write_bytes>, "written to storage", kAtEnd},
    {{"zombie_us", Kind::kMicroseconds},
     Of<&Usage::zombie_us>,
     "how long it waited for its reap",
     kAtEnd},
    {{"exact", Kind::kBool}, ExactCell, "whether the usage is exact", kAtEnd},
    {{"execs", Kind::kNumber},
     Of<&Life::execs>,
     "programs that it executed",
     kAtEnd,
     nullptr,
     kOnBirth},
    {{"state", Kind::kString, 10}, By<StateCell>, "running, ended or lost", kAtEnd},
    {{"running", Kind::kBool, 0, kAsked},
     IsIn<LifeState::kRunning>,
     "at the end of the log",
     kAtEnd},
    {{"ended", Kind::kBool, 0, kAsked}, IsIn<LifeState::kEnded>, "seen to end", kAtEnd},
    {{"lost", Kind::kBool, 0, kAsked}, IsIn<LifeState::kLost>, "ended unseen", kAtEnd},
    {{"ok", Kind::kBool, 0, kAsked}, OkCell, "ended with wait status 0", kAtEnd},
    {{"failed", Kind::kBool, 0, kAsked}, FailedCell, "ended with another one", kAtEnd},
    {{"oom", Kind::kBool}, OomCell, "killed for want of memory", kAtEnd},
    {{"kernel_thread", Kind::kBool, 0, kAsked}, HasFlag<kProcKernelThread>, "of the kernel"},
    {{"superuser", Kind::kBool, 0, kAsked},
     EndFlagCell<kProcSuperuser>,
     "used root's privileges",
     kAtEnd},
    {{"forked_only", Kind::kBool, 0, kAsked}, HasFlag<kProcNeverExeced>, "never executed anything"},
    {.column = {"orphaned", Kind::kBool, 0, kAsked},
     .get = OrphanedCell,
     .text = "another parent at the end",
     .told = kAtEnd,
     .rests = kOnBirth},
    {{"day", Kind::kString, 0, kAsked}, DayCell, "of its birth, in local time: \"2026-11-20\""},
    {{"hour", Kind::kString, 0, kAsked},
     HourCell,
     "of its birth, in local time: \"2026-11-20 14:00\""},
    {{"proof", Kind::kString, 13, Shown::kSalvaged}, ProofCell, "what speaks for it"},
    {{"newest", Kind::kNumber, 0, Shown::kNever},
     NewestCell,
     "running first, then by the end",
     kAtEnd},
};
static_assert(kLifeFields[kLifeFieldCount - 1].column.name == "newest");  // the order of list

constexpr std::array<Column, kLifeFieldCount> kLifeColumns = [] {
  std::array<Column, kLifeFieldCount> columns{};
  for (size_t i = 0; i < columns.size(); ++i) columns[i] = kLifeFields[i].column;
  return columns;
}();

const LifeField* FindLifeField(std::string_view name) {
  for (const LifeField& field : kLifeFields) {
    if (field.column.shown != Shown::kNever && IsNamed(field.column.name, name)) return &field;
  }
  return nullptr;
}

std::vector<Column> ColumnsOf(std::span<const FieldChoice> choices) {
  std::vector<Column> columns;
  for (const FieldChoice& choice : choices) {
    Column column = FindLifeField(choice.name)->column;
    column.text_place = choice.text_place;
    if (column.shown != Shown::kOfSeveralHosts) column.shown = Shown::kAlways;
    columns.push_back(column);
  }
  return columns;
}

ChosenFields::ChosenFields(std::span<const FieldChoice> choices) {
  for (const FieldChoice& choice : choices) fields_.push_back(FindLifeField(choice.name));
}

void ChosenFields::AppendTo(std::vector<Cell>* row, const Boot& boot, const Life& life,
                            LifeTexts& texts) const {
  for (const LifeField* field : fields_) row->push_back(field->get(boot, life, texts));
}

Cell AccountCell(const std::optional<uint32_t>& id, AccountNames& names) {
  if (!id) return std::monostate();
  if (const std::string* name = names.Find(*id)) return Text{*name};
  return uint64_t{*id};
}

std::string StatusText(uint32_t wait_status) {
  const uint32_t signal = wait_status & kSignalMask;
  return signal != 0 ? SignalName(signal) : std::to_string(ExitCodeOf(wait_status));
}

std::vector<std::string_view> LifeFieldNames() {
  std::vector<std::string_view> names;
  for (const LifeField& field : kLifeFields) {
    if (field.column.shown != Shown::kNever) names.push_back(WithoutUnit(field.column.name));
  }
  return names;
}

}  // namespace daybook
