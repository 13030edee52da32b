#include "bpf_decode.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

namespace daybook {
namespace {

static_assert(PROCESS_KERNEL_THREAD == kProcKernelThread);
static_assert(PROCESS_NEVER_EXECED == kProcNeverExeced);
static_assert(PROCESS_SUPERUSER == kProcSuperuser);
static_assert(PROCESS_OOM_KILLED == kProcOomKilled);
static_assert(PROCESS_USAGE_PARTIAL == kProcUsagePartial);
static_assert(PROCESS_USAGE_EXACT == kProcUsageExact);
static_assert(offsetof(fork_event, start_ns) == sizeof(event_header));
static_assert(offsetof(exec_event, time_ns) == sizeof(event_header));
static_assert(offsetof(exit_event, time_ns) == sizeof(event_header));
static_assert(offsetof(reap_event, time_ns) == sizeof(event_header));
static_assert(offsetof(comm_event, time_ns) == sizeof(event_header));
static_assert(offsetof(cgroup_event, time_ns) == sizeof(event_header));

uint64_t PageKib() {
  static const uint64_t kib = static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) / 1024;
  return kib;
}

// The fixed part of an event, or nothing where its lengths do not agree.
template <class Event>
std::optional<Event> FixedPart(std::span<const std::byte> bytes) {
  Event event;
  if (bytes.size() < sizeof(event)) return std::nullopt;
  std::memcpy(&event, bytes.data(), sizeof(event));
  if (event.header.bytes != bytes.size()) return std::nullopt;
  return event;
}

std::string_view Text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The comm that stands in `bytes` at `offset`.
std::string_view CommAt(std::span<const std::byte> bytes, size_t offset) {
  const std::string_view comm = Text(bytes.subspan(offset, COMM_BYTES));
  return comm.substr(0, comm.find('\0'));
}

// The path and the arguments behind the fixed part.
struct Strings {
  std::optional<std::string_view> exe;
  std::optional<std::string_view> args;
};

template <class Event>
std::optional<Strings> StringsOf(const Event& event, std::span<const std::byte> bytes) {
  const uint64_t needed = sizeof(Event) + uint64_t{event.exe_captured} + event.args_captured;
  if (needed != bytes.size()) return std::nullopt;
  const std::string_view rest = Text(bytes.subspan(sizeof(Event)));
  Strings strings;
  if (event.exe_captured != 0) strings.exe = rest.substr(0, event.exe_captured);
  if (event.args_known != 0) strings.args = rest.substr(event.exe_captured);
  return strings;
}

std::optional<uint32_t> KnownId(uint32_t id) {
  return id == ID_UNKNOWN ? std::nullopt : std::optional(id);
}

// EXEC, EXIT and SNAP_PROC name their ids alike.
template <class Record>
void SetIds(const process_ids& ids, Record& record) {
  record.uid = ids.uid;
  record.euid = ids.euid;
  record.suid = ids.suid;
  record.gid = ids.gid;
  record.egid = ids.egid;
  record.sgid = ids.sgid;
  record.login_uid = KnownId(ids.login_uid);
  record.sid = ids.sid;
  record.tty = ids.tty;
  if (ids.cgroup_id != 0) record.cgroup_id = ids.cgroup_id;
}

bool ReadFork(std::span<const std::byte> bytes, Fork& record) {
  const auto event = FixedPart<fork_event>(bytes);
  if (!event || bytes.size() != sizeof(*event)) return false;
  record = {};
  record.time_ns = event->start_ns;
  record.pid = event->pid;
  record.ppid = event->ppid;
  record.parent_start_ns = event->parent_start_ns;
  record.flags = event->flags;
  record.uid = event->uid;
  record.euid = event->euid;
  record.gid = event->gid;
  record.egid = event->egid;
  record.sid = event->sid;
  if (event->namespace_level != 0) {
    record.namespace_level = event->namespace_level;
    record.namespace_pid = event->namespace_pid;
  }
  return true;
}

bool ReadExec(std::span<const std::byte> bytes, Exec& record) {
  const auto event = FixedPart<exec_event>(bytes);
  if (!event) return false;
  const auto strings = StringsOf(*event, bytes);
  if (!strings) return false;
  record = {};
  record.time_ns = event->time_ns;
  record.pid = event->pid;
  record.start_ns = event->start_ns;
  if (event->old_tid != 0) record.old_tid = event->old_tid;
  SetIds(event->ids, record);
  record.exe_device = event->exe_device;
  record.exe_inode = event->exe_inode;
  record.comm = CommAt(bytes, offsetof(exec_event, comm));
  record.exe = strings->exe;
  if (strings->exe) record.exe_bytes = strings->exe->size();
  record.args_bytes = event->args_bytes;
  record.args = strings->args;
  record.cpu_us = event->cpu_ns / kNsPerUs;
  return true;
}

std::optional<uint64_t> Known(uint64_t number) {
  return number == USAGE_UNKNOWN ? std::nullopt : std::optional(number);
}

// EXIT and REAP name them alike.
template <class Record>
void SetUsage(const usage& used, Record& record) {
  record.utime_us = used.utime_ns / kNsPerUs;
  record.stime_us = used.stime_ns / kNsPerUs;
  record.cpu_us = used.cpu_ns / kNsPerUs;
  record.minflt = used.minflt;
  record.majflt = used.majflt;
  record.nvcsw = used.nvcsw;
  record.nivcsw = used.nivcsw;
  record.rchar_bytes = Known(used.rchar);
  record.wchar_bytes = Known(used.wchar);
  record.read_bytes = Known(used.read_bytes);
  record.write_bytes = Known(used.write_bytes);
}

// Nothing is used any more between the end and the reap but by the end itself.
void SetReap(const reap_event& reap, Exit& record) {
  SetUsage(reap.usage, record);
  record.flags = (record.flags | reap.flags) & ~kProcUsagePartial;
  record.zombie_us = (reap.time_ns - std::min(reap.time_ns, record.time_ns)) / kNsPerUs;
}

bool ReadExit(std::span<const std::byte> bytes, ReapJoin& reaps, Exit& record) {
  const auto event = FixedPart<exit_event>(bytes);
  if (!event || bytes.size() != sizeof(*event)) return false;
  record = {};
  record.time_ns = event->time_ns;
  record.pid = event->pid;
  record.start_ns = event->start_ns;
  record.ppid = event->ppid;
  record.parent_start_ns = event->parent_start_ns;
  record.wait_status = event->wait_status;
  record.flags = event->flags;
  SetIds(event->ids, record);
  record.audit_session = KnownId(event->ids.audit_session);
  SetUsage(event->usage, record);
  record.maxrss_kib = event->maxrss_pages * PageKib();
  if (event->image_maxrss_pages != 0) {
    record.image_maxrss_kib = event->image_maxrss_pages * PageKib();
  }
  record.children_cpu_us = event->children_cpu_ns / kNsPerUs;
  record.comm = CommAt(bytes, offsetof(exit_event, comm));
  if (const reap_event* reap = reaps.Find(*event)) SetReap(*reap, record);
  return true;
}

// Of an event that was looked at before.
template <class KernelEvent>
std::span<const std::byte> BytesOf(const KernelEvent& event) {
  return {reinterpret_cast<const std::byte*>(&event), event.header.bytes};
}

// Of a whole life, birth and program are told with its end. Records are made in one place, again
// and again: to move them would cost as much as all else here.
bool DeliverFork(std::span<const std::byte> bytes, EventBatch& batch, EventSink& sink) {
  if (batch.lives().LifeOf(bytes.data()) != nullptr) return true;
  Fork& fork = batch.parts().fork;
  return ReadFork(bytes, fork) && (sink.OnFork(fork), true);
}

bool DeliverExec(std::span<const std::byte> bytes, EventBatch& batch, EventSink& sink) {
  if (batch.lives().LifeOf(bytes.data()) != nullptr) return true;
  Exec exec;
  return ReadExec(bytes, exec) && (sink.OnExec(exec), true);
}

bool DeliverExit(std::span<const std::byte> bytes, EventBatch& batch, EventSink& sink) {
  auto& [fork, exec, exit] = batch.parts();
  if (!ReadExit(bytes, batch.reaps(), exit)) return false;
  const LifeJoin::Events* const whole = batch.lives().LifeOf(bytes.data());
  if (whole == nullptr) return sink.OnExit(exit), true;
  // Only what is well-formed was joined.
  (void)ReadFork(BytesOf(*whole->fork), fork);
  exec.reset();
  if (whole->exec != nullptr) (void)ReadExec(BytesOf(*whole->exec), exec.emplace());
  sink.OnLife(batch.parts());
  return true;
}

bool DeliverReap(std::span<const std::byte> bytes, ReapJoin& reaps, EventSink& sink) {
  const auto event = FixedPart<reap_event>(bytes);
  if (!event || bytes.size() != sizeof(*event)) return false;
  if (!reaps.IsLate(*event)) return true;
  Reap record;
  record.time_ns = event->time_ns;
  record.pid = event->pid;
  record.start_ns = event->start_ns;
  record.flags = event->flags;
  SetUsage(event->usage, record);
  sink.OnReap(record);
  return true;
}

bool DeliverComm(std::span<const std::byte> bytes, EventSink& sink) {
  const auto event = FixedPart<comm_event>(bytes);
  if (!event || bytes.size() != sizeof(*event)) return false;
  sink.OnCommChange({.time_ns = event->time_ns,
                     .pid = event->pid,
                     .start_ns = event->start_ns,
                     .comm = CommAt(bytes, offsetof(comm_event, comm))});
  return true;
}

bool DeliverCgroup(std::span<const std::byte> bytes, EventSink& sink) {
  const auto event = FixedPart<cgroup_event>(bytes);
  if (!event || bytes.size() != sizeof(*event) + event->path_bytes) return false;
  sink.OnCgroup(
      {.time_ns = event->time_ns, .id = event->id, .path = Text(bytes.subspan(sizeof(*event)))});
  return true;
}

// One string up to and with its NUL.
std::string_view FirstArg(std::string_view args) {
  const size_t end = args.find('\0');
  return end == args.npos ? args : args.substr(0, end + 1);
}

bool DeliverLiving(std::span<const std::byte> bytes, SnapshotArgs args, SnapshotSink& sink) {
  const auto event = FixedPart<snapshot_event>(bytes);
  if (!event) return false;
  const auto strings = StringsOf(*event, bytes);
  if (!strings) return false;
  SnapProc record;
  record.pid = event->pid;
  record.start_ns = event->start_ns;
  record.flags = event->flags;
  record.ppid = event->ppid;
  record.parent_start_ns = event->parent_start_ns;
  SetIds(event->ids, record);
  record.comm = CommAt(bytes, offsetof(snapshot_event, comm));
  record.exe = strings->exe;
  if (event->args_bytes != 0) record.args_bytes = event->args_bytes;
  record.args = strings->args;
  if (record.args && args == SnapshotArgs::kFirst) record.args = FirstArg(*record.args);
  sink.OnProcess(record);
  return true;
}

bool DeliverLeftOut(std::span<const std::byte> bytes, SnapshotSink& sink) {
  const auto event = FixedPart<left_out_event>(bytes);
  if (!event || bytes.size() != sizeof(*event)) return false;
  sink.OnLeftOut(event->pid);
  return true;
}

event_header HeaderOf(std::span<const std::byte> bytes) {
  event_header header{};
  if (bytes.size() >= sizeof(header)) std::memcpy(&header, bytes.data(), sizeof(header));
  return header;
}

// What could not be delivered must not be joined to others, which would be missed with it.
template <class KernelEvent>
bool IsWellFormed(std::span<const std::byte> bytes) {
  const auto event = FixedPart<KernelEvent>(bytes);
  if constexpr (std::is_same_v<KernelEvent, exec_event>) return event && StringsOf(*event, bytes);
  return event && bytes.size() == sizeof(KernelEvent);
}

// The ring aligns its records as the kernel's program writes them.
template <class KernelEvent, class Join>
void AddTo(Join& join, std::span<const std::byte> bytes) {
  if (IsWellFormed<KernelEvent>(bytes)) {
    join.Add(*reinterpret_cast<const KernelEvent*>(bytes.data()));
  }
}

}  // namespace

void EventBatch::Add(std::span<const std::byte> event) {
  switch (HeaderOf(event).type) {
    case EVENT_FORK:
      return AddTo<fork_event>(lives_, event);
    case EVENT_EXEC:
      return AddTo<exec_event>(lives_, event);
    case EVENT_EXIT:
      return AddTo<exit_event>(lives_, event);
    case EVENT_COMM:
      return AddTo<comm_event>(lives_, event);
    case EVENT_REAP:
      return AddTo<reap_event>(reaps_, event);
    default:
      return;
  }
}

void EventBatch::End() {
  reaps_.EndBatch();
  lives_.EndBatch();
}

bool DeliverEvent(std::span<const std::byte> event, EventBatch& batch, EventSink& sink) {
  switch (HeaderOf(event).type) {
    case EVENT_FORK:
      return DeliverFork(event, batch, sink);
    case EVENT_EXEC:
      return DeliverExec(event, batch, sink);
    case EVENT_EXIT:
      return DeliverExit(event, batch, sink);
    case EVENT_REAP:
      return DeliverReap(event, batch.reaps(), sink);
    case EVENT_COMM:
      return DeliverComm(event, sink);
    case EVENT_CGROUP:
      return DeliverCgroup(event, sink);
    default:
      return false;
  }
}

DrainedEvents DrainRing(RingReader& ring, bool joins, EventBatch& batch, EventSink& sink) {
  if (joins) ring.Peek([&batch](std::span<const std::byte> event) { batch.Add(event); });
  DrainedEvents drained;
  drained.count = ring.Peek([&](std::span<const std::byte> event) {
    if (!DeliverEvent(event, batch, sink)) ++drained.damaged;
  });
  batch.End();
  ring.Take();
  return drained;
}

bool DeliverSnapshot(std::span<const std::byte> output, SnapshotArgs args, SnapshotSink& sink) {
  while (!output.empty()) {
    const event_header header = HeaderOf(output);
    const bool is_left_out = header.type == EVENT_LEFT_OUT;
    if (!is_left_out && header.type != EVENT_SNAPSHOT) return false;
    if (header.bytes > output.size()) return false;
    const auto event = output.first(header.bytes);
    const bool is_whole =
        is_left_out ? DeliverLeftOut(event, sink) : DeliverLiving(event, args, sink);
    if (!is_whole) return false;
    output = output.subspan(header.bytes);
  }
  return true;
}

}  // namespace daybook
