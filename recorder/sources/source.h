// Where the recorder's events come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daybook/abilities.h"
#include "daybook/records.h"
#include "daybook/result.h"
#include "daybook/whole_life.h"
#include "daybook/writer.h"

namespace daybook {

// Takes what a source hands over. Strings point into the source's buffers: valid during the call.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void OnFork(const Fork& fork) = 0;
  virtual void OnExec(const Exec& exec) = 0;
  virtual void OnExit(const Exit& exit) = 0;
  // A whole life at once, whose place is that of its end; of it nothing else tells but perhaps a
  // snapshot and a reap.
  virtual void OnLife(const WholeLife& life);
  virtual void OnReap(const Reap&) {}
  virtual void OnIdChange(const IdChange&) {}
  virtual void OnSession(const Session&) {}
  virtual void OnCommChange(const CommChange&) {}
  virtual void OnPtrace(const Ptrace&) {}
  virtual void OnCgroup(const CgroupPath&) {}
  // From a source that knows of losses in order (replay), or not how many there are (a filtered
  // connector); others count them in SourceCounters.
  virtual void OnLost(const Lost& lost) = 0;
  // From a source that reads what others have recorded (replay): nobody was recording.
  virtual void OnGap(const RecordingGap&) {}
  // From such a one: of what follows identity() says something else.
  virtual void OnNewIdentity() {}
  // From such a one: since then abilities() are others.
  virtual void OnNewAbilities(uint64_t /*since_ns*/) {}
  // And from such a one: how many forks the kernel had counted, and how many of them were seen.
  virtual void OnForkCounts(const Audit&) {}
  // Now somebody lives, or does not any more, of whom no event has told yet: the log needs a
  // snapshot.
  virtual void OnResync() {}
};

// Takes a snapshot, process by process, in no particular order.
class SnapshotSink {
 public:
  virtual ~SnapshotSink() = default;
  virtual void OnProcess(const SnapProc& process) = 0;
  // One that lives and is left out on request.
  virtual void OnLeftOut(uint32_t /*pid*/) {}
  // False where the arguments of processes need not be read for it.
  virtual bool wants_args() const { return true; }
};

// Events that were left out on request, since the source was opened. An end and its reap are one.
struct FilteredEvents {
  uint64_t forks = 0;
  uint64_t execs = 0;
  uint64_t exits = 0;
  uint64_t others = 0;

  uint64_t Sum() const { return forks + execs + exits + others; }
};

// Events for which there was no room.
struct LostCounts {
  uint64_t forks = 0;
  uint64_t execs = 0;
  uint64_t exits = 0;
  uint64_t others = 0;  // of unknown kind

  bool operator==(const LostCounts&) const = default;
  uint64_t Sum() const { return forks + execs + exits + others; }
  LostCounts& operator+=(const LostCounts& more);
  LostCounts& operator-=(const LostCounts& less);
};

// Running totals since the source was opened; where it continues(), of what is seen since the first
// of those recorders opened it. Unknown where the source has no such counter.
struct SourceCounters {
  std::optional<uint64_t> forks_seen;  // forks and thread creations, before any filter
  std::optional<uint64_t> execs_seen;
  std::optional<uint64_t> exits_seen;  // ends of whole processes
  LostCounts lost;
  std::vector<LostCounts> lost_by_cpu;     // of these, as far as it is known which CPU lost them
  std::optional<FilteredEvents> filtered;  // nothing where there is no filter
};

// Where /proc lists the living processes,
inline constexpr std::string_view kLacksWhoWasThere =
    "those that were there before are missing from the log";
// and also tells their programs.
inline constexpr std::string_view kLacksNamesToo =
    "those that were there before are missing from the log, and names and arguments of what others "
    "execute";

class EventSource {
 public:
  virtual ~EventSource() = default;

  // The host whose events these are, and its clocks: this one, except for a replay.
  virtual LogIdentity identity() const;
  virtual Clock ReadClock() const;

  // As it stands in the log and on the command line: "bpf", "connector", "replay".
  virtual std::string_view name() const = 0;

  // A descriptor that becomes readable when the source wants to be drained at once; -1 where there
  // is none. Owned by the source.
  virtual int wake_fd() const = 0;

  // A socket that it sends to while it records; -1 where there is none.
  virtual int send_fd() const { return -1; }

  // Says that the recorder is about to sleep without a timer: the next event must make wake_fd
  // readable. Returns false where events wait already, so that sleeping now would miss them.
  virtual bool PrepareToSleep() = 0;

  // Hands events that wait to `sink`, in order, and returns how many there were.
  virtual Result<size_t> Drain(EventSink& sink) = 0;

  // False where the last Drain() has failed, or has told all that waited when the drain began; else
  // it has told a part, which can be written and committed before the next Drain() goes on.
  virtual bool has_more() const { return false; }

  // So far the log tells of everything.
  struct Progress {
    SourceCounters told;     // as far as the log has it
    uint64_t unwritten = 0;  // so many events that were drained are not in the log: by this
                             // recorder, or by those before it and not told as lost either
    LogEnd log;              // up to where it is written
  };
  // What was drained up to now is in the log: a recorder that takes over need not be told of it.
  virtual void Commit(const Progress& /*progress*/) {}

  // Nothing is told that happened before; unknown where it has no begin.
  virtual std::optional<uint64_t> recording_since_ns() const { return std::nullopt; }

  // True where it has taken over from another recorder without a gap. What that one drained last
  // may be drained again.
  virtual bool continues() const { return false; }

  // By which a recorder that takes over finds that nobody else has written to the log since;
  // unknown where none can take over. Where it continues() it is that of the one before it.
  virtual std::optional<uint64_t> run_id() const { return std::nullopt; }

  // Where it continues(): the number from which on the log may have what will be drained again.
  virtual std::optional<uint64_t> uncommitted_seq() const { return std::nullopt; }

  // True where it continues(), and of what both it and the one before it tell, something may have
  // been missed in between.
  virtual bool lacks_what_was_between() const { return false; }

  // No event comes from now on; what waits can still be drained.
  virtual void Stop() {}

  // The same, but where another recorder can take over, events go on waiting for it.
  virtual void HandOver() { Stop(); }

  // False where events are those of another time: how long they waited says nothing.
  virtual bool is_live() const { return true; }

  // True when no event will ever come again (a replay at its end).
  virtual bool exhausted() const = 0;

  // Hands over every living process. Usable after privileges have been dropped.
  virtual Status Snapshot(SnapshotSink& sink) = 0;

  // Hands over the paths of cgroups that are there, as far as it knows their ids. Usable after a
  // Snapshot().
  virtual void TellCgroups(const std::function<void(const CgroupPath&)>& /*take*/) {}

  // True from a loss that left the source in doubt of who lives, to the next Snapshot().
  virtual bool WantsResync() const { return false; }

  virtual SourceCounters counters() const = 0;

  // False where births or ends are left out on request, so that who lives is not what they tell.
  virtual bool tells_every_life() const { return true; }

  // What it tells of, in words with spaces between, for the log: what a missing field means.
  virtual std::string abilities() const { return {}; }

  // What is missing from the log where /proc hides the processes of others from who asks; empty
  // where it is not asked for them. To be called after privileges have been dropped.
  virtual std::string_view lacks_where_others_are_hidden() const { return {}; }

  // Size of the kernel's buffer, for the log; unknown where there is none.
  virtual std::optional<uint64_t> ring_bytes() const = 0;
};

}  // namespace daybook
