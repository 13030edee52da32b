#include "bpf_source/bpf_decode.h"

#include <unistd.h>

#include <algorithm>
#include <cassert>
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

// The fixed part of an event that may stand anywhere, or nothing where its lengths do not agree.
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

std::string_view Comm(const char (&comm)[COMM_BYTES]) { return {comm, strnlen(comm, COMM_BYTES)}; }

// The path and the arguments behind the fixed part.
struct Strings {
  std::optional<std::string_view> exe;
  std::optional<std::string_view> args;
};

template <class Event>
Strings StringsOf(const Event& event, std::string_view behind) {
  Strings strings;
  if (event.exe_captured != 0) strings.exe = behind.substr(0, event.exe_captured);
  if (event.args_known != 0) strings.args = behind.substr(event.exe_captured);
  return strings;
}

template <class Event>
bool LengthsAgree(const Event& event) {
  return event.header.bytes == sizeof(event);
}
bool LengthsAgree(const exec_event& event) {
  return event.header.bytes == sizeof(event) + uint64_t{event.exe_captured} + event.args_captured;
}
bool LengthsAgree(const snapshot_event& event) {
  return event.header.bytes == sizeof(event) + uint64_t{event.exe_captured};
}
bool LengthsAgree(const cgroup_event& event) {
  return event.header.bytes == sizeof(event) + uint64_t{event.path_bytes};
}

// An event of the ring, in its place; nullptr where its lengths do not agree. The ring aligns its
// records as the kernel's program writes them.
template <class Event>
const Event* EventAt(std::span<const std::byte> bytes) {
  const auto* const event = reinterpret_cast<const Event*>(bytes.data());
  const bool is_whole =
      bytes.size() >= sizeof(Event) && event->header.bytes == bytes.size() && LengthsAgree(*event);
  return is_whole ? event : nullptr;
}

// And of one that was looked at before.
template <class Event>
const Event& As(const event_header& header) {
  return reinterpret_cast<const Event&>(header);
}

// What stands behind the fixed part.
template <class Event>
std::string_view Behind(const Event& event) {
  return {reinterpret_cast<const char*>(&event + 1), event.header.bytes - sizeof(event)};
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

// Where the process is in a namespace of pids.
template <class Event, class Record>
void SetNamespace(const Event& event, Record& record) {
  if (event.namespace_level == 0) return;
  record.namespace_level = event.namespace_level;
  record.namespace_pid = event.namespace_pid;
}

// What the kernel may not count; LIFE tells of a life only where it does.
void SetIfKnown(uint64_t number, std::optional<uint64_t>& member) {
  if (number != USAGE_UNKNOWN) member = number;
}
void SetIfKnown(uint64_t number, uint64_t& member) { member = number; }

// EXIT, REAP and LIFE name them alike.
template <class Record>
void SetUsage(const usage& used, Record& record) {
  record.utime_us = used.utime_ns / kNsPerUs;
  record.stime_us = used.stime_ns / kNsPerUs;
  record.cpu_us = used.cpu_ns / kNsPerUs;
  record.minflt = used.minflt;
  record.majflt = used.majflt;
  record.nvcsw = used.nvcsw;
  record.nivcsw = used.nivcsw;
  SetIfKnown(used.rchar, record.rchar_bytes);
  SetIfKnown(used.wchar, record.wchar_bytes);
  SetIfKnown(used.read_bytes, record.read_bytes);
  SetIfKnown(used.write_bytes, record.write_bytes);
}

// What EXIT and LIFE name alike. Between the end and the reap nothing is used any more but by the
// end itself.
template <class Record>
void SetEnd(const exit_event& event, const reap_event* reap, Record& record) {
  record.time_ns = event.time_ns;
  record.pid = event.pid;
  record.ppid = event.ppid;
  record.parent_start_ns = event.parent_start_ns;
  record.wait_status = event.wait_status;
  record.flags = event.flags;
  record.sid = event.ids.sid;
  record.tty = event.ids.tty;
  if (event.ids.cgroup_id != 0) record.cgroup_id = event.ids.cgroup_id;
  record.login_uid = KnownId(event.ids.login_uid);
  record.audit_session = KnownId(event.ids.audit_session);
  SetUsage(UsageAtEnd(event, reap), record);
  record.maxrss_kib = event.maxrss_pages * PageKib();
  if (event.image_maxrss_pages != 0) {
    record.image_maxrss_kib = event.image_maxrss_pages * PageKib();
  }
  record.children_cpu_us = event.children_cpu_ns / kNsPerUs;
  record.comm = Comm(event.comm);
  if (reap == nullptr) return;
  record.flags = (record.flags | reap->flags) & ~kProcUsagePartial;
  record.zombie_us = (reap->time_ns - std::min(reap->time_ns, event.time_ns)) / kNsPerUs;
}

Fork ForkOf(const fork_event& event) {
  Fork record;
  record.time_ns = event.start_ns;
  record.pid = event.pid;
  record.ppid = event.ppid;
  record.parent_start_ns = event.parent_start_ns;
  record.flags = event.flags;
  record.uid = event.uid;
  record.euid = event.euid;
  record.gid = event.gid;
  record.egid = event.egid;
  record.sid = event.sid;
  SetNamespace(event, record);
  return record;
}

Exec ExecOf(const exec_event& event) {
  const Strings strings = StringsOf(event, Behind(event));
  Exec record;
  record.time_ns = event.time_ns;
  record.pid = event.pid;
  record.start_ns = event.start_ns;
  if (event.old_tid != 0) record.old_tid = event.old_tid;
  SetIds(event.ids, record);
  record.exe_device = event.exe_device;
  record.exe_inode = event.exe_inode;
  record.comm = Comm(event.comm);
  record.exe = strings.exe;
  if (strings.exe) record.exe_bytes = strings.exe->size();
  record.args_bytes = event.args_bytes;
  record.args = strings.args;
  record.cpu_us = event.cpu_ns / kNsPerUs;
  return record;
}

Exit ExitOf(const exit_event& event, const reap_event* reap) {
  Exit record;
  record.start_ns = event.start_ns;
  SetIds(event.ids, record);
  SetEnd(event, reap, record);
  return record;
}

void SetExec(const exec_event& event, WholeLife& record) {
  const Strings strings = StringsOf(event, Behind(event));
  record.exec_after_us = ElapsedUs(event.start_ns, event.time_ns);
  if (event.old_tid != 0) record.old_tid = event.old_tid;
  record.exe_device = event.exe_device;
  record.exe_inode = event.exe_inode;
  record.exe = *strings.exe;
  SetArgs(strings.args, event.args_bytes, &record);
  record.exec_cpu_us = event.cpu_ns / kNsPerUs;
}

// What Join() of whole_life.h makes of the three records.
WholeLife WholeLifeOf(const LifeJoin::Events& events) {
  const auto& [fork, exec, exit, reap] = events;
  const process_ids& ids = exit->ids;
  WholeLife record;
  SetEnd(*exit, reap, record);
  record.elapsed_us = ElapsedUs(exit->start_ns, exit->time_ns);
  record.uid = ids.uid;
  record.gid = ids.gid;
  record.euid = IfOther(ids.euid, ids.uid);
  record.egid = IfOther(ids.egid, ids.gid);
  record.suid = IfOther(ids.suid, ids.uid);
  record.sgid = IfOther(ids.sgid, ids.gid);
  SetNamespace(*fork, record);
  if (exec != nullptr) SetExec(*exec, record);
  return record;
}

Reap ReapOf(const reap_event& event) {
  Reap record;
  record.time_ns = event.time_ns;
  record.pid = event.pid;
  record.start_ns = event.start_ns;
  record.flags = event.flags;
  SetUsage(event.usage, record);
  return record;
}

CommChange CommChangeOf(const comm_event& event) {
  return {.time_ns = event.time_ns,
          .pid = event.pid,
          .start_ns = event.start_ns,
          .comm = Comm(event.comm)};
}

CgroupPath CgroupOf(const cgroup_event& event) {
  return {.time_ns = event.time_ns, .id = event.id, .path = Behind(event)};
}

// By process, of all threads but leaders.
using ThreadsCpu = std::unordered_map<uint32_t, uint64_t>;

bool DeliverLiving(std::span<const std::byte> bytes, const ThreadsCpu& threads,
                   SnapshotSink& sink) {
  const auto event = FixedPart<snapshot_event>(bytes);
  if (!event || !LengthsAgree(*event)) return false;
  SnapProc record;
  record.pid = event->pid;
  record.start_ns = event->start_ns;
  record.flags = event->flags;
  record.ppid = event->ppid;
  record.parent_start_ns = event->parent_start_ns;
  SetIds(event->ids, record);
  SetNamespace(*event, record);
  const auto others = threads.find(event->pid);
  record.cpu_us = (event->cpu_ns + (others != threads.end() ? others->second : 0)) / 1000;
  record.comm = Comm(event->comm);
  if (event->exe_captured != 0) record.exe = Text(bytes.subspan(sizeof(*event)));
  if (event->args_bytes != 0) record.args_bytes = event->args_bytes;
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

bool AddThread(std::span<const std::byte> bytes, ThreadsCpu& threads) {
  const auto event = FixedPart<thread_event>(bytes);
  if (!event || bytes.size() != sizeof(*event)) return false;
  threads[event->pid] += event->cpu_ns;
  return true;
}

// Of an iterator's output, up to where `take` gives false.
template <class Take>
bool ForEachOf(std::span<const std::byte> output, Take&& take) {
  while (!output.empty()) {
    const event_header header = HeaderOf(output);
    if (header.bytes < sizeof(header) || header.bytes > output.size()) return false;
    if (!take(header.type, output.first(header.bytes))) return false;
    output = output.subspan(header.bytes);
  }
  return true;
}

}  // namespace

// What is damaged must not be joined to others, which would be missed with it.
template <class Event>
bool EventBatch::AddAs(std::span<const std::byte> bytes) {
  const auto* const event = EventAt<Event>(bytes);
  if (event == nullptr) return false;
  if constexpr (std::is_same_v<Event, reap_event>) {
    if (WasTaken(*event)) return true;
  }
  told_.push_back({&event->header, LifeOf(*event), event->header.type});
  if constexpr (std::is_same_v<Event, comm_event>) {
    const auto place = static_cast<uint32_t>(told_.size());
    const uint32_t before = lives_.ReplaceRename(told_.back().life, place);
    if (before != 0) told_[before - 1].type = kUntold;
  }
  return true;
}

bool EventBatch::WasTaken(const reap_event& reap) {
  if (taken_reaps_.empty()) return false;
  const Reaped next = taken_reaps_.front();
  if (next.pid != reap.pid || next.start_ns != reap.start_ns) return false;
  taken_reaps_.pop_front();
  return true;
}

void EventBatch::AddFromNext(std::span<const std::byte> event) {
  if (HeaderOf(event).type != EVENT_REAP) return;
  const auto* const reap = EventAt<reap_event>(event);
  if (reap == nullptr || !lives_.AddFromNext(*reap)) return;
  taken_reaps_.push_back({.pid = reap->pid, .start_ns = reap->start_ns});
}

bool EventBatch::Add(std::span<const std::byte> event) {
  switch (HeaderOf(event).type) {
    case EVENT_FORK:
      return AddAs<fork_event>(event);
    case EVENT_EXEC:
      return AddAs<exec_event>(event);
    case EVENT_EXIT:
      return AddAs<exit_event>(event);
    case EVENT_REAP:
      return AddAs<reap_event>(event);
    case EVENT_COMM:
      return AddAs<comm_event>(event);
    case EVENT_CGROUP:
      return AddAs<cgroup_event>(event);
    default:
      return false;
  }
}

void EventBatch::Deliver(EventSink& sink) {
  for (const Told& told : told_) Deliver(told, sink);
  told_.clear();
  lives_.EndBatch();
}

// Of a whole life, birth and program are told with its end.
void EventBatch::Deliver(const Told& told, EventSink& sink) {
  const event_header& event = *told.event;
  switch (told.type) {
    case EVENT_FORK:
      if (!lives_.IsWhole(told.life)) sink.OnFork(ForkOf(As<fork_event>(event)));
      break;
    case EVENT_EXEC:
      if (!lives_.IsWhole(told.life)) sink.OnExec(ExecOf(As<exec_event>(event)));
      break;
    case EVENT_EXIT:
      DeliverEnd(As<exit_event>(event), told.life, sink);
      break;
    case EVENT_REAP:
      if (IsTold(As<reap_event>(event), told.life)) sink.OnReap(ReapOf(As<reap_event>(event)));
      break;
    case EVENT_COMM:
      sink.OnCommChange(CommChangeOf(As<comm_event>(event)));
      break;
    case kUntold:
      break;
    default:
      sink.OnCgroup(CgroupOf(As<cgroup_event>(event)));
      break;
  }
}

void EventBatch::DeliverEnd(const exit_event& event, uint32_t life, EventSink& sink) {
  const LifeJoin::Events& events = lives_.EventsOf(life);
  if (events.reap == nullptr) reaps_.Await(event);
  if (lives_.IsWhole(life)) {
    sink.OnLife(WholeLifeOf(events));
  } else {
    sink.OnExit(ExitOf(event, events.reap));
  }
}

bool EventBatch::IsTold(const reap_event& event, uint32_t life) {
  const bool is_in_end = life != kNoLife && lives_.EventsOf(life).exit != nullptr;
  return !is_in_end && reaps_.IsLate(event);
}

RingDrain::Drained RingDrain::Next(EventSink& sink) {
  if (!has_more()) {
    left_bytes_ = ring_.WaitingBytes();
    // Else its room is needed before the last batch is told.
    looks_ahead_ = left_bytes_ <= ring_.size() / 2;
  }
  const uint64_t enough = std::min(left_bytes_, kBatchBytes);
  Drained drained;
  const RingReader::Peeked peeked = ring_.Peek(enough, [&](std::span<const std::byte> event) {
    if (!batch_.Add(event)) ++drained.damaged;
  });
  assert(!batch_.took_from_next());  // else nothing would ever be given back
  drained.count = peeked.count;
  left_bytes_ = peeked.bytes < enough ? 0 : left_bytes_ - std::min(left_bytes_, peeked.bytes);
  LookAhead();
  batch_.Deliver(sink);
  ring_.Take();
  return drained;
}

// Not beyond this drain: what takes a reap from the next batch is given back with that.
void RingDrain::LookAhead() {
  if (!looks_ahead_ || !batch_.lacks_reaps()) return;
  ring_.LookAhead(std::min(left_bytes_, kLookAheadBytes), [this](std::span<const std::byte> event) {
    batch_.AddFromNext(event);
    return batch_.lacks_reaps();
  });
}

bool DeliverSnapshot(std::span<const std::byte> output, SnapshotSink& sink) {
  ThreadsCpu threads;
  const bool is_sound = ForEachOf(output, [&](uint16_t type, std::span<const std::byte> event) {
    return type != EVENT_THREAD || AddThread(event, threads);
  });
  const bool is_delivered = ForEachOf(output, [&](uint16_t type, std::span<const std::byte> event) {
    switch (type) {
      case EVENT_SNAPSHOT:
        return DeliverLiving(event, threads, sink);
      case EVENT_LEFT_OUT:
        return DeliverLeftOut(event, sink);
      default:
        return type == EVENT_THREAD;
    }
  });
  return is_sound && is_delivered;
}

}  // namespace daybook
