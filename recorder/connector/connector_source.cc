#include "connector/connector_source.h"

#include <cstdlib>
#include <unordered_map>
#include <utility>
#include <vector>

#include "connector/connector_decode.h"
#include "connector/connector_socket.h"
#include "proc/namespaces.h"
#include "sources/connector_processes.h"
#include "system/clocks.h"

namespace daybook {
namespace {

constexpr uint32_t kIdEvents = kConnectorUid | kConnectorGid | kConnectorSession | kConnectorPtrace;
constexpr uint32_t kAllEvents =
    kIdEvents | kConnectorFork | kConnectorExec | kConnectorComm | kConnectorExit;

// Events carry CLOCK_MONOTONIC, which stands still in suspend. Their boot time is approximate where
// the machine slept between an event and its Drain(): then it comes out too late by that sleep.
class BootTimes {
 public:
  BootTimes() {
    constexpr uint64_t kGoodNs = 10'000;
    constexpr int kAttempts = 20;
    Clock best = ReadClocks();
    for (int i = 0; i < kAttempts && best.uncertainty_ns > kGoodNs; ++i) {
      const Clock clock = ReadClocks();
      if (clock.uncertainty_ns < best.uncertainty_ns) best = clock;
    }
    offset_ns_ = best.time_ns - best.monotonic_ns;
  }

  // Nothing but a suspend changes the difference of the clocks: what else there seems to be is the
  // time between their readings, and would put events out of order.
  void Update() {
    constexpr uint64_t kLeastSuspendNs = 1'000'000;
    const Clock clock = ReadClocks();
    const uint64_t offset_ns = clock.time_ns - clock.monotonic_ns;
    if (offset_ns > offset_ns_ + kLeastSuspendNs + clock.uncertainty_ns) offset_ns_ = offset_ns;
  }

  uint64_t Of(const ConnectorEvent& event) const { return event.monotonic_ns + offset_ns_; }

 private:
  uint64_t offset_ns_ = 0;
};

bool IsOfLeader(const ConnectorEvent& event) { return event.tid == event.pid; }

// What /proc tells of those whom the events at hand leave alive. Only the last FORK or EXEC of a
// process is told with it: what was before that has been overwritten.
class ProcLookups {
 public:
  struct Lookup {
    size_t index = 0;  // of that event
    std::optional<ScannedProcess> process;
    // What has changed between the event and the reading.
    bool new_name = false;
    bool new_ids = false;
    bool new_session = false;
  };

  ProcLookups(const std::vector<ConnectorEvent>& events, const ProcScanOptions& options) {
    for (size_t i = 0; i < events.size(); ++i) Note(events[i], i);
    for (auto& [pid, lookup] : by_pid_) lookup.process = ScanProcess(options, pid);
  }

  // These came while /proc was read. An exec shows there a moment before its event: that moment
  // remains.
  void Distrust(const std::vector<ConnectorEvent>& later) {
    for (const ConnectorEvent& event : later) {
      if (event.type == kConnectorExec) by_pid_.erase(event.pid);
      NoteChange(event);
    }
  }

  // Null where there is none, or the number has passed to another process.
  const Lookup* Find(const ConnectorEvent& event, size_t index, uint64_t start_ns) const {
    const auto found = by_pid_.find(event.pid);
    if (found == by_pid_.end() || found->second.index != index) return nullptr;
    const auto& process = found->second.process;
    if (!process) return nullptr;
    const auto difference = static_cast<int64_t>(process->fields.start_ns - start_ns);
    const bool is_same = std::abs(difference) <= int64_t{kConnectorStartToleranceNs};
    return is_same ? &found->second : nullptr;
  }

 private:
  void Note(const ConnectorEvent& event, size_t index) {
    const bool is_birth = event.type == kConnectorFork && IsOfLeader(event);
    if (is_birth || event.type == kConnectorExec) {
      by_pid_[event.pid] = {.index = index, .process = {}};
    } else if (event.type == kConnectorExit && IsOfLeader(event)) {
      by_pid_.erase(event.pid);
    } else {
      NoteChange(event);
    }
  }

  void NoteChange(const ConnectorEvent& event) {
    const auto found = by_pid_.find(event.pid);
    if (found == by_pid_.end()) return;
    Lookup& lookup = found->second;
    lookup.new_name = lookup.new_name || event.type == kConnectorComm;
    lookup.new_ids = lookup.new_ids || event.type == kConnectorUid || event.type == kConnectorGid;
    lookup.new_session = lookup.new_session || event.type == kConnectorSession;
  }

  std::unordered_map<uint32_t, Lookup> by_pid_;
};

// Of renames in a row, with nothing in between that is told under the name, the last is told.
std::vector<bool> FindUntold(const std::vector<ConnectorEvent>& events) {
  std::vector<bool> untold(events.size());
  std::unordered_map<uint32_t, size_t> last_rename;
  for (size_t i = 0; i < events.size(); ++i) {
    const ConnectorEvent& event = events[i];
    if (event.type == kConnectorComm && IsOfLeader(event)) {
      const auto [place, is_first] = last_rename.try_emplace(event.pid, i);
      if (!is_first) untold[std::exchange(place->second, i)] = true;
    } else if (event.type == kConnectorFork && IsOfLeader(event)) {
      last_rename.erase(event.ppid);
    } else if (event.type == kConnectorExec ||
               (event.type == kConnectorExit && IsOfLeader(event))) {
      last_rename.erase(event.pid);
    }
  }
  return untold;
}

// SNAP_PROC's fields and ours have the same names.
template <class From, class To>
void CopyIds(const From& from, To& to) {
  to.uid = from.uid;
  to.euid = from.euid;
  to.suid = from.suid;
  to.gid = from.gid;
  to.egid = from.egid;
  to.sgid = from.sgid;
}

ConnectorProcess ToProcess(const ScannedProcess& scanned) {
  ConnectorProcess process;
  process.start_ns = scanned.fields.start_ns;
  process.never_execed = (scanned.fields.flags & kProcNeverExeced) != 0;
  process.kernel_thread = (scanned.fields.flags & kProcKernelThread) != 0;
  process.has_leader = scanned.has_leader;
  process.ppid = scanned.fields.ppid.value_or(0);
  CopyIds(scanned.fields, process);
  process.sid = scanned.fields.sid;
  process.comm = scanned.comm;
  return process;
}

// What events have told is of their moment; /proc only fills in what they have not.
void Complete(const ProcLookups::Lookup& lookup, ConnectorProcess& process) {
  const ScannedProcess& scanned = *lookup.process;
  process.kernel_thread = (scanned.fields.flags & kProcKernelThread) != 0;
  const bool knows_ids = process.uid && process.euid && process.gid && process.egid;
  if (!knows_ids && !lookup.new_ids) CopyIds(scanned.fields, process);
  if (!process.sid && !lookup.new_session) process.sid = scanned.fields.sid;
  if (!process.comm && !lookup.new_name) process.comm = scanned.comm;
}

uint32_t FlagsOf(const ConnectorProcess& process) {
  uint32_t flags = kProcCoarseStart;
  if (process.never_execed) flags |= kProcNeverExeced;
  if (process.kernel_thread) flags |= kProcKernelThread;
  return flags;
}

}  // namespace

class ConnectorSource::Impl {
 public:
  Impl(const ConnectorSourceOptions& options, uint64_t since_ns, ConnectorSocket socket)
      : options_(options),
        since_ns_(since_ns),
        types_(options.events == ConnectorEvents::kAll ? kAllEvents : kIdEvents),
        socket_(std::move(socket)),
        last_drain_ns_(BootTimeNs()) {}

  const ConnectorSocket& socket() const { return socket_; }
  uint64_t since_ns() const { return since_ns_; }
  bool tells_all() const { return options_.events == ConnectorEvents::kAll; }
  bool in_doubt() const { return in_doubt_; }
  void Stop() { socket_.Stop(); }

  bool PrepareToSleep() { return waiting_.empty() && socket_.PrepareToSleep(); }
  Result<size_t> Drain(EventSink& sink);
  Status Snapshot(SnapshotSink& sink);
  SourceCounters Count();

 private:
  Status Receive();
  void Take(const ConnectorEvent& event);
  void TellOverrun(EventSink& sink);

  void Deliver(const ConnectorEvent& event, size_t index, const ProcLookups& lookups,
               EventSink& sink);
  void DeliverFork(const ConnectorEvent& event, size_t index, const ProcLookups& lookups,
                   EventSink& sink);
  void DeliverExec(const ConnectorEvent& event, size_t index, const ProcLookups& lookups,
                   EventSink& sink);
  void DeliverExit(const ConnectorEvent& event, EventSink& sink);
  void DeliverIds(const ConnectorEvent& event, EventSink& sink);
  void DeliverSession(const ConnectorEvent& event, EventSink& sink);
  void DeliverComm(const ConnectorEvent& event, EventSink& sink);
  void DeliverPtrace(const ConnectorEvent& event, EventSink& sink);

  Delivery delivery() const { return in_doubt_ ? Delivery::kLossy : Delivery::kComplete; }

  ConnectorSourceOptions options_;
  uint64_t since_ns_;
  uint32_t types_;
  ConnectorSocket socket_;
  BootTimes times_;
  ConnectorSequence sequence_;
  ConnectorProcesses processes_;
  std::vector<ConnectorEvent> waiting_;  // received, not delivered
  uint64_t forks_seen_ = 0;
  uint64_t execs_seen_ = 0;
  uint64_t exits_seen_ = 0;
  uint64_t lost_ = 0;
  uint64_t last_drain_ns_;
  bool overrun_ = false;   // the kernel has dropped messages, and that is not told yet
  bool in_doubt_ = false;  // and not settled by a snapshot yet
};

Status ConnectorSource::Impl::Receive() {
  const auto received = socket_.Receive([this](const ConnectorEvent& event) { Take(event); });
  if (!received) return received.error();
  if (!*received) overrun_ = in_doubt_ = true;
  return Ok{};
}

// The kernel's filter comes into force a moment after the first events, if it has one at all.
void ConnectorSource::Impl::Take(const ConnectorEvent& event) {
  if (tells_all()) {
    const uint64_t missing = sequence_.MissingBefore(event);
    lost_ += missing;
    in_doubt_ = in_doubt_ || missing != 0;
  }
  if ((event.type & types_) == 0) return;
  if (event.type == kConnectorFork) ++forks_seen_;
  if (event.type == kConnectorExec) ++execs_seen_;
  waiting_.push_back(event);
}

Result<size_t> ConnectorSource::Impl::Drain(EventSink& sink) {
  socket_.StayAwake();
  times_.Update();
  if (const Status received = Receive(); !received) return received.error();
  const std::vector<ConnectorEvent> events = std::exchange(waiting_, {});
  ProcLookups lookups(events, options_.proc);
  if (const Status received = Receive(); !received) return received.error();
  lookups.Distrust(waiting_);
  const std::vector<bool> untold = FindUntold(events);
  for (size_t i = 0; i < events.size(); ++i) {
    if (!untold[i]) Deliver(events[i], i, lookups, sink);
  }
  TellOverrun(sink);
  return events.size();
}

// Of all events the numbers tell how many were lost, as soon as the next ones come.
void ConnectorSource::Impl::TellOverrun(EventSink& sink) {
  const uint64_t now_ns = BootTimeNs();
  const uint64_t since_ns = std::exchange(last_drain_ns_, now_ns);
  if (!std::exchange(overrun_, false) || tells_all()) return;
  Lost lost;
  lost.first_time_ns = since_ns;
  lost.last_time_ns = now_ns;
  sink.OnLost(lost);
}

void ConnectorSource::Impl::Deliver(const ConnectorEvent& event, size_t index,
                                    const ProcLookups& lookups, EventSink& sink) {
  switch (event.type) {
    case kConnectorFork:
      return DeliverFork(event, index, lookups, sink);
    case kConnectorExec:
      return DeliverExec(event, index, lookups, sink);
    case kConnectorExit:
      return DeliverExit(event, sink);
    case kConnectorUid:
    case kConnectorGid:
      return DeliverIds(event, sink);
    case kConnectorSession:
      return DeliverSession(event, sink);
    case kConnectorComm:
      return DeliverComm(event, sink);
    case kConnectorPtrace:
      return DeliverPtrace(event, sink);
  }
}

void ConnectorSource::Impl::DeliverFork(const ConnectorEvent& event, size_t index,
                                        const ProcLookups& lookups, EventSink& sink) {
  if (!IsOfLeader(event)) return processes_.AddThread(event.pid, event.tid);
  const uint64_t time_ns = times_.Of(event);
  ConnectorProcess& child = processes_.Begin(event.pid, event.ppid, time_ns, delivery());
  if (const auto* lookup = lookups.Find(event, index, time_ns)) Complete(*lookup, child);
  Fork record;
  record.time_ns = time_ns;
  record.pid = event.pid;
  record.ppid = event.ppid;
  record.parent_start_ns = processes_.StartOf(event.ppid);
  record.flags = FlagsOf(child) & ~kProcNeverExeced;
  record.uid = child.uid;
  record.euid = child.euid;
  record.gid = child.gid;
  record.egid = child.egid;
  record.sid = child.sid;
  sink.OnFork(record);
}

// Of whom neither a FORK nor a snapshot has told, the log knows nothing, and /proc no more: they
// ended before the first snapshot, or their birth was lost and is counted.
void ConnectorSource::Impl::DeliverExec(const ConnectorEvent& event, size_t index,
                                        const ProcLookups& lookups, EventSink& sink) {
  const uint64_t time_ns = times_.Of(event);
  ConnectorProcess* const process = processes_.Exec(event.pid, time_ns);
  if (process == nullptr) return;
  Exec record;
  record.time_ns = time_ns;
  record.pid = event.pid;
  record.start_ns = process->start_ns;
  if (const auto* lookup = lookups.Find(event, index, process->start_ns)) {
    const ScannedProcess& scanned = *lookup->process;
    Complete(*lookup, *process);
    record.login_uid = scanned.fields.login_uid;
    if (!lookup->new_session) record.tty = scanned.fields.tty;
    record.exe = scanned.exe;
    if (scanned.exe) record.exe_bytes = scanned.exe->size();
    record.args = scanned.args;
    record.args_bytes = scanned.fields.args_bytes;
  }
  CopyIds(*process, record);
  record.sid = process->sid;
  record.comm = process->comm;
  sink.OnExec(record);
}

void ConnectorSource::Impl::DeliverExit(const ConnectorEvent& event, EventSink& sink) {
  const uint64_t time_ns = times_.Of(event);
  const auto ended = processes_.Leave(event.pid, event.tid, event.exit_code, time_ns);
  if (!ended) return;
  ++exits_seen_;
  Exit record;
  record.time_ns = time_ns;
  record.pid = event.pid;
  record.start_ns = ended->start_ns;
  // The kernel does not tell the parent with a thread that is not the leader.
  record.ppid = event.ppid != 0 ? std::optional(event.ppid) : processes_.ParentOf(*ended);
  if (record.ppid) record.parent_start_ns = processes_.StartOf(*record.ppid);
  record.wait_status = ended->WaitStatus();
  record.flags = FlagsOf(*ended);
  CopyIds(*ended, record);
  record.sid = ended->sid;
  record.comm = ended->comm;
  sink.OnExit(record);
}

// Ids are kept for each thread; the C library sees to it that all have the same. What only another
// thread than the leader has done is its own affair.
void ConnectorSource::Impl::DeliverIds(const ConnectorEvent& event, EventSink& sink) {
  if (!IsOfLeader(event)) return;
  ConnectorProcess* const process = processes_.Find(event.pid);
  IdChange record;
  record.time_ns = times_.Of(event);
  record.pid = event.pid;
  if (process != nullptr) record.start_ns = process->start_ns;
  const bool is_user = event.type == kConnectorUid;
  (is_user ? record.uid : record.gid) = event.real_id;
  (is_user ? record.euid : record.egid) = event.effective_id;
  if (process != nullptr) {
    (is_user ? process->uid : process->gid) = event.real_id;
    (is_user ? process->euid : process->egid) = event.effective_id;
    (is_user ? process->suid : process->sgid).reset();  // not told
  }
  sink.OnIdChange(record);
}

void ConnectorSource::Impl::DeliverSession(const ConnectorEvent& event, EventSink& sink) {
  if (ConnectorProcess* const process = processes_.Find(event.pid)) process->sid = event.pid;
  sink.OnSession(
      {.time_ns = times_.Of(event), .pid = event.pid, .start_ns = processes_.StartOf(event.pid)});
}

void ConnectorSource::Impl::DeliverComm(const ConnectorEvent& event, EventSink& sink) {
  if (!IsOfLeader(event)) return;
  if (ConnectorProcess* const process = processes_.Find(event.pid)) process->comm = event.Comm();
  sink.OnCommChange({.time_ns = times_.Of(event),
                     .pid = event.pid,
                     .start_ns = processes_.StartOf(event.pid),
                     .comm = event.Comm()});
}

// A tracer attaches to each thread by itself: the leader stands for all. That one ends its tracing
// by ending itself is not told.
void ConnectorSource::Impl::DeliverPtrace(const ConnectorEvent& event, EventSink& sink) {
  if (!IsOfLeader(event)) return;
  Ptrace record;
  record.time_ns = times_.Of(event);
  record.pid = event.pid;
  record.start_ns = processes_.StartOf(event.pid);
  if (event.tracer_pid != 0) record.tracer_pid = event.tracer_pid;
  sink.OnPtrace(record);
}

// Events that wait already are delivered after it, and may tell of what it has shown.
Status ConnectorSource::Impl::Snapshot(SnapshotSink& sink) {
  const Delivery since_last = delivery();
  ProcScanOptions scan = options_.proc;
  if (!sink.wants_args()) scan.args_limit.reset();
  const auto pids = ListProcesses(scan.root);
  if (!pids) return pids.error();
  in_doubt_ = false;
  std::vector<ScannedProcess> living;
  for (const uint32_t pid : *pids) {
    auto scanned = ScanProcess(scan, pid);
    if (!scanned) continue;
    ConnectorProcess process = ToProcess(*scanned);
    if (scanned->threads > 1) {
      for (const uint32_t tid : ListThreads(options_.proc.root, pid)) {
        if (tid != pid) process.threads.insert(tid);
      }
    }
    scanned->fields.start_ns = processes_.Found(pid, std::move(process), since_last);
    living.push_back(*std::move(scanned));
  }
  // Who is hidden is not missed.
  if (CheckShowsOthers(kLacksNamesToo, options_.proc.root)) processes_.EndSnapshot();
  for (ScannedProcess& process : living) {
    process.fields.parent_start_ns = processes_.StartOf(process.fields.ppid.value_or(0));
    sink.OnProcess(process.record());
  }
  return Ok{};
}

SourceCounters ConnectorSource::Impl::Count() {
  SourceCounters totals;
  if (!tells_all()) return totals;
  // What goes wrong here goes wrong in Drain() too, where it can be told.
  [[maybe_unused]] const Status received = Receive();
  totals.forks_seen = forks_seen_;
  totals.execs_seen = execs_seen_;
  totals.exits_seen = exits_seen_;
  totals.lost.others = lost_;
  return totals;
}

Result<std::unique_ptr<ConnectorSource>> ConnectorSource::Open(
    const ConnectorSourceOptions& options) {
  if (const Status here = CheckNamespaces(options.proc.root); !here) return here.error();
  const bool all = options.events == ConnectorEvents::kAll;
  const uint64_t since_ns = BootTimeNs();
  auto socket =
      ConnectorSocket::Open(all ? ConnectorSocket::kUnfiltered : kIdEvents, options.buffer_bytes);
  if (!socket) return socket.error();
  auto impl = std::make_unique<Impl>(options, since_ns, *std::move(socket));
  return std::unique_ptr<ConnectorSource>(new ConnectorSource(std::move(impl)));
}

ConnectorSource::ConnectorSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ConnectorSource::~ConnectorSource() = default;

std::string_view ConnectorSource::name() const { return "connector"; }
int ConnectorSource::wake_fd() const { return impl_->socket().wake_fd(); }
int ConnectorSource::send_fd() const { return impl_->socket().send_fd(); }
bool ConnectorSource::PrepareToSleep() { return impl_->PrepareToSleep(); }
Result<size_t> ConnectorSource::Drain(EventSink& sink) { return impl_->Drain(sink); }
std::optional<uint64_t> ConnectorSource::recording_since_ns() const { return impl_->since_ns(); }
void ConnectorSource::Stop() { impl_->Stop(); }
bool ConnectorSource::exhausted() const { return false; }
Status ConnectorSource::Snapshot(SnapshotSink& sink) { return impl_->Snapshot(sink); }
bool ConnectorSource::WantsResync() const { return impl_->tells_all() && impl_->in_doubt(); }
SourceCounters ConnectorSource::counters() const { return impl_->Count(); }

std::optional<uint64_t> ConnectorSource::ring_bytes() const {
  return impl_->socket().buffer_bytes();
}

std::string ConnectorSource::abilities() const {
  std::string ids(kTellsIds);
  if (!impl_->tells_all()) return ids;
  return std::string(kTellsLives) + " " + ids + " " + std::string(kTellsComm) + " " +
         std::string(kTellsNamesByProc);
}

}  // namespace daybook
