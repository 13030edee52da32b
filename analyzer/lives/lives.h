// Joins records to lives: one for each process from its birth, or from when it was first seen, to
// its end. Pure logic for one boot in one log; knows no files and no wall clock.
#pragma once

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <boost/smart_ptr/local_shared_ptr.hpp>
#include <boost/smart_ptr/make_local_shared.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daybook/reader.h"
#include "daybook/records.h"
#include "lives/pid_map.h"

namespace daybook {

// Lives are joined and reported in one thread: their owners need no counts that threads share.
template <class T>
using LocalPointer = boost::local_shared_ptr<T>;

// The program that a process runs: set by its EXEC or found in a snapshot, shared with children
// that were forked meanwhile.
struct Image {
  uint64_t since_ns = 0;  // an EXEC's time; 0 where only a snapshot tells of it
  std::optional<std::string> exe;
  std::optional<uint64_t> exe_bytes;  // true lengths, where more than was kept
  std::optional<std::string> args;
  std::optional<uint64_t> args_bytes;
};

// The ids that a process had, all of one moment.
struct Identity {
  std::optional<uint32_t> uid;
  std::optional<uint32_t> euid;
  std::optional<uint32_t> gid;
  std::optional<uint32_t> sid;
  std::optional<uint32_t> tty;
  std::optional<uint64_t> cgroup_id;
  std::optional<std::string> comm;
};

// A change of users that was told with its time.
struct UserChange {
  uint64_t time_ns = 0;
  std::optional<uint32_t> from_uid;  // as they were known before
  std::optional<uint32_t> from_euid;
  std::optional<uint32_t> to_uid;
  std::optional<uint32_t> to_euid;
};

// What was counted up to the end.
struct Usage {
  std::optional<uint64_t> utime_us;
  std::optional<uint64_t> stime_us;
  std::optional<uint64_t> cpu_us;
  std::optional<uint64_t> maxrss_kib;
  std::optional<uint64_t> minflt;
  std::optional<uint64_t> majflt;
  std::optional<uint64_t> nvcsw;
  std::optional<uint64_t> nivcsw;
  std::optional<uint64_t> image_maxrss_kib;
  std::optional<uint64_t> rchar_bytes;
  std::optional<uint64_t> wchar_bytes;
  std::optional<uint64_t> read_bytes;
  std::optional<uint64_t> write_bytes;
  std::optional<uint64_t> zombie_us;
};

// At the end of a process the kernel has counted its CPU time only up to the last tick, or to when
// another one ran: where that is nothing, what it took is not known. `flags`: kProc...
void ForgetUncounted(uint32_t flags, Usage* usage);

// kLost: it has ended, but the log does not tell how or when.
enum class LifeState : uint8_t { kRunning, kEnded, kLost };

struct JobRun;
struct Life;
class ProgramChain;

// Keeps a life's parent, and so all its ancestors, as long as the life is kept.
class ParentLife {
 public:
  ParentLife() = default;
  explicit ParentLife(LocalPointer<Life> life) : life_(std::move(life)) {}
  ParentLife(const ParentLife&) = default;
  ParentLife(ParentLife&&) noexcept = default;
  ParentLife& operator=(const ParentLife&) = default;
  ParentLife& operator=(ParentLife&&) noexcept = default;
  ~ParentLife();

  const Life* get() const { return life_.get(); }

 private:
  LocalPointer<Life> life_;
};

// What a snapshot has shown of a process.
struct ShownCpu {
  uint64_t time_ns = 0;  // 0: none has
  uint64_t cpu_us = 0;   // that it had taken by then
  bool operator==(const ShownCpu&) const = default;
};

// Where a snapshot is, by its time and that which is asked for.
enum class SnapshotPlace : uint8_t { kBefore, kWithin, kBehind };

struct Life {
  uint32_t pid = 0;
  uint64_t start_ns = 0;
  bool coarse_start = false;     // start_ns is known to kCoarseStartNs only
  bool birth_seen = false;       // not of one that is older than the log
  std::optional<uint32_t> ppid;  // at birth, or when it was first seen if it is older than the log
  std::optional<uint64_t> parent_start_ns;
  std::optional<uint32_t> exit_ppid;
  uint32_t flags = 0;  // kProc...
  Identity identity;   // newest known
  std::optional<uint32_t> birth_uid;
  std::optional<uint32_t> birth_euid;
  std::vector<UserChange> user_changes;  // the first ones, where all programs are asked for
  LocalPointer<const Image> image;
  std::optional<uint64_t> execs;  // unknown where its birth or its exec is not told
  uint64_t execs_told = 0;
  LocalPointer<ProgramChain> programs;  // where they are asked for and an exec is told
  LifeState state = LifeState::kRunning;
  std::optional<uint64_t> end_ns;
  std::optional<uint32_t> wait_status;
  Usage usage;
  ShownCpu first_cpu;              // by the first one
  ShownCpu before_cpu;             // by the last one before the time that is asked for
  ShownCpu shown_cpu;              // by the last one that is not behind it
  bool is_unreaped = false;        // its reap, which tells all it used, was not waited for longer
  std::optional<Acct> acct;        // of an imported one
  uint64_t last_seen_ns = 0;       // the last moment at which it is known to have been alive
  Proof proof = Proof::kVerified;  // the weakest of what tells of it
  // Its birth parent, as far as the log tells of it; while that lives, as it is known so far.
  ParentLife parent;
  mutable LocalPointer<JobRun> job_run;  // for JobRuns: what it found out, as long as it matters
};

// So far up ancestors are looked at; what is above is unknown.
inline constexpr size_t kMaxAncestors = 1000;

// True where nobody can be missing above: the first processes have no parent.
bool IsFirst(const Life& life);

// Start times from /proc are in ticks of 10 ms; as much again for the clocks' jitter.
inline constexpr uint64_t kCoarseStartNs = 20'000'000;

// So much later may an event stand in the log than a snapshot that was taken after it: far more
// than the recorder ever keeps events waiting. For a reap, an end is kept so long: reports rely on
// who is handed out not having ended long before others.
inline constexpr uint64_t kMaxLatenessNs = 10'000'000'000;

// Takes a boot's records as they stand in the log. Snapshots and events may overlap in either
// order: what is older than a snapshot may follow it.
class LifeBuilder {
 public:
  // Gets each life once, when it is over or the builder is finished.
  using Callback = std::function<void(const Life&)>;
  // Whether images tell their paths and arguments; to copy them costs more than most else here. To
  // keep also those that a process ran before costs more than that.
  enum class Programs : uint8_t { kKept, kLeftOut, kAllKept };
  explicit LifeBuilder(Callback callback, Programs programs = Programs::kKept)
      : callback_(std::move(callback)), programs_(programs) {}

  void Take(const Fork& fork);
  void Take(const Exec& exec);
  void Take(const Exit& exit);
  void Take(const WholeLife& life);
  void Take(const Reap& reap);
  void Take(const CommChange& change);
  void Take(const IdChange& change);
  void Take(const Session& session);
  void Take(const Acct& acct);
  void Take(const Recorder& recorder);
  void Take(const SnapBegin& begin);
  void Take(const SnapProc& process);
  void Take(const SnapEnd& end);

  // Called where a snapshot tells what a life has taken so far, with what was known of that before.
  using ShownCallback = std::function<void(const Life&, const ShownCpu& before)>;
  void SetShownCallback(ShownCallback callback) { shown_callback_ = std::move(callback); }

  // Of snapshots that are taken from now on.
  void SetSnapshotPlace(SnapshotPlace place) { snapshot_place_ = place; }

  // What speaks for the records that are taken from now on.
  void SetProof(Proof proof) { proof_ = proof; }

  // Some records may be missing here, so that an open snapshot is not complete.
  void NoteGap() { snapshot_.reset(); }

  // Something was left out here that is not asked for: who was living before lived on, as far as is
  // known, and who is not there behind it has ended in it.
  void NoteLeftOut();

  // The snapshot that comes next tells of those who have been living all the time: who ends before
  // it may descend from them, and waits for it.
  void AwaitSnapshot() { awaits_snapshot_ = true; }

  // A birth may be told when its parent is over, long ago perhaps: from now on, who ended last is
  // remembered, some thousands of them.
  void RememberParents() { remembers_parents_ = true; }
  void ForgetParents();

  // Hands out what ended so long before the newest record, without waiting any longer for its reap:
  // if that comes, it is not heard any more. True where others still wait.
  bool HandOutEnded(uint64_t waited_ns);

  // Nothing follows. What is open is `state`: running, or lost where its boot is over.
  void Finish(LifeState state);

  size_t living() const { return living_; }
  size_t remembered_pids() const { return slots_.size(); }

 private:
  // A life that is not over yet, as far as is known.
  struct Open {
    Life life;
    bool is_parent = false;
    bool has_inherited = false;  // its image, of its parent
    bool parent_start_coarse = false;
    uint64_t newest_ns = 0;           // time of the newest record of it
    uint64_t snapshot_no = 0;         // of the last snapshot that has it
    uint64_t untold_exec_ns = 0;      // one up to it is not told
    uint64_t shown_until_ns = 0;      // an exec up to it may be what a snapshot shows
    bool replaced = false;            // another process has its pid since
    bool ended = false;               // all that may follow is its reap
    std::optional<uint64_t> doubted;  // time by which it must have ended, as it seems
  };
  using OpenPointer = LocalPointer<Open>;
  // All that is known of one pid.
  struct Slot {
    boost::container::small_vector<OpenPointer, 1> open;  // rarely more
    // Of the newest life that was handed out.
    std::optional<uint64_t> closed_start_ns;
    bool closed_coarse = false;
    OpenPointer last;  // that one, where it is remembered
    // The time that it was by the log; of one whose end was not told: never, its news may be late.
    uint64_t closed_at_ns = 0;
  };
  struct Snapshot {
    uint64_t no = 0;
    uint64_t begin_ns = 0;
    uint64_t processes = 0;
  };
  // A doubted life is lost when nothing has been heard of it until this time.
  struct Deadline {
    uint64_t time_ns;
    uint32_t pid;
  };
  struct Start {
    uint64_t ns;
    bool coarse;
  };
  // Where a slot has the life of one that is over.
  struct Remembered {
    uint32_t pid;
    uint64_t start_ns;
  };
  // What becomes an image.
  struct Program {
    uint64_t since_ns;
    std::optional<std::string_view> exe;
    std::optional<uint64_t> exe_bytes;
    std::optional<std::string_view> args;
    std::optional<uint64_t> args_bytes;
  };

  template <class Function>
  void ForEachOpen(Function&& function) {
    slots_.ForEach([&](Slot& slot) {
      for (const auto& open : slot.open) function(open.get());
    });
  }
  static bool IsSame(Start a, Start b);
  // nullptr where there is none.
  static const OpenPointer* Find(const Slot& slot, Start start);
  // Finds the life that a record tells of; nullptr where it is over already.
  Open* Enter(uint32_t pid, Start start) { return Enter(&SlotOf(pid), pid, start); }
  Open* Enter(Slot* slot, uint32_t pid, Start start);
  template <class Change>
  Open* EnterChanged(const Change& change);
  Open* FindOrOpen(Slot* slot, uint32_t pid, Start start);
  Open* AddOpen(Slot* slot, uint32_t pid, Start start);
  Slot& SlotOf(uint32_t pid);
  const OpenPointer* FindParent(const Open& child);
  void Link(Open* child);
  static void LinkTo(const OpenPointer& parent, Open* child);
  void Inherit(uint64_t fork_ns, Open* child);
  static void InheritEarlier(const Life& parent, uint64_t fork_ns, Open* child);
  static void InheritProgram(const LocalPointer<const Image>& image,
                             const std::optional<std::string>& parent_comm, Open* child);
  void See(Open* open, uint64_t time_ns);
  void Doubt(Open* open, uint64_t time_ns);
  // With each record, and seldom is there anything to do.
  void Advance(uint64_t time_ns) {
    now_ns_ = std::max(now_ns_, time_ns);
    const bool is_due = !deadlines_.empty() && deadlines_.front().time_ns <= now_ns_;
    if (is_due || !awaiting_.empty()) DoWhatIsDue();
  }
  void DoWhatIsDue();
  void CloseDoubted(Slot& slot);
  bool TellsReaps(uint64_t end_ns) const { return reaps_are_told_ || end_ns < others_until_ns_; }
  bool MayTellReaps(uint64_t end_ns) const { return reaps_may_be_told_ || TellsReaps(end_ns); }
  void Close(Slot& slot, Open* open, LifeState state);
  bool WaitsForSnapshot(const Open& open) const;
  bool HasWaitedForSnapshot() const;
  void HandOutAwaiting();
  static void CountExecs(Open* open);
  bool IsUpTo(uint64_t time_ns, uint64_t until_ns) const;
  void Show(uint64_t time_ns, uint64_t cpu_us, Life* life) const;
  void EndProgram(const Exec& exec, Open* open) const;
  void BeginProgram(const Exec& exec, LocalPointer<const Image> newest, Open* open);
  static void CountPrograms(Open* open);
  void HandOut(Open& open);
  void Remember(OpenPointer over);
  void NoteClosed(Slot& slot, const Life& life);
  void TakeParts(const WholeLife& whole);
  void FillWhole(const WholeLife& whole, uint64_t start_ns);
  LocalPointer<const Image> MakeImage(const Program& program);
  static Program ProgramOf(const Exec& exec) {
    return {.since_ns = exec.time_ns,
            .exe = exec.exe,
            .exe_bytes = exec.exe_bytes,
            .args = exec.args,
            .args_bytes = exec.args_bytes};
  }
  OpenPointer TakeSpare();
  LocalPointer<Image> TakeSpareImage();
  void Recycle(OpenPointer open);
  void RecycleImage(LocalPointer<const Image>* image);
  void ForgetClosed();

  Callback callback_;
  ShownCallback shown_callback_;
  Programs programs_;
  Proof proof_ = Proof::kVerified;
  SnapshotPlace snapshot_place_ = SnapshotPlace::kWithin;
  PidMap<Slot> slots_;
  static constexpr size_t kLeastSlots = 4096;
  // When there are more, those are forgotten of which no news can come.
  size_t most_slots_ = kLeastSlots;
  std::optional<Snapshot> snapshot_;  // the one that is being read
  uint64_t snapshots_ = 0;
  uint64_t now_ns_ = 0;  // the latest time seen
  std::deque<Deadline> deadlines_;
  size_t living_ = 0;
  bool reaps_are_told_ = false;     // by this recorder
  bool reaps_may_be_told_ = false;  // by one whose START was left out
  uint64_t others_until_ns_ = 0;    // before it, perhaps by the one that it took over from
  bool awaits_snapshot_ = false;
  bool remembers_parents_ = false;
  std::deque<Remembered> remembered_;  // in the order in which they ended
  std::vector<OpenPointer> awaiting_;  // of those who are over, whose parents it may tell of
  Open whole_;                         // made anew for each that one record tells
  // Of lives that are over and that nobody keeps: memory to be used again.
  std::vector<OpenPointer> spare_;
  std::vector<LocalPointer<Image>> spare_images_;
};

}  // namespace daybook
