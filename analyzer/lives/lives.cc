#include "lives/lives.h"

#include <algorithm>
#include <string_view>
#include <type_traits>
#include <utility>

#include "daybook/abilities.h"
#include "lives/program_chain.h"

namespace daybook {
namespace {

template <class T, class U>
void Merge(const std::optional<U>& from, std::optional<T>* to, bool is_newer) {
  if (!from || (*to && !is_newer)) return;
  if (!*to) {
    to->emplace(*from);
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (**to != *from) **to = *from;  // its memory is used again
  } else {
    **to = *from;
  }
}

template <class T, class U>
void Assign(const std::optional<U>& from, std::optional<T>* to) {
  if (!from) to->reset();
  Merge(from, to, true);
}

// What the record knows replaces what is older, and fills in what is unknown.
template <class Record>
void MergeIdentity(const Record& record, bool is_newer, Identity* identity) {
  Merge(record.uid, &identity->uid, is_newer);
  Merge(record.euid, &identity->euid, is_newer);
  Merge(record.gid, &identity->gid, is_newer);
  Merge(record.sid, &identity->sid, is_newer);
  if constexpr (requires { record.tty; }) Merge(record.tty, &identity->tty, is_newer);
  if constexpr (requires { record.cgroup_id; }) {
    Merge(record.cgroup_id, &identity->cgroup_id, is_newer);
  }
  if constexpr (requires { record.comm; }) Merge(record.comm, &identity->comm, is_newer);
}

// EXIT and REAP name it alike.
template <class Record>
void TakeUsage(const Record& record, Usage* usage) {
  usage->utime_us = record.utime_us;
  usage->stime_us = record.stime_us;
  usage->cpu_us = record.cpu_us;
  // Where the scheduler's clock is not told, what its ticks sampled has to do.
  if (!record.cpu_us && record.utime_us && record.stime_us) {
    usage->cpu_us = *record.utime_us + *record.stime_us;
  }
  usage->minflt = record.minflt;
  usage->majflt = record.majflt;
  usage->nvcsw = record.nvcsw;
  usage->nivcsw = record.nivcsw;
  // A reap may not know what of these is the process's own, and its end has told it.
  Merge(record.rchar_bytes, &usage->rchar_bytes, true);
  Merge(record.wchar_bytes, &usage->wchar_bytes, true);
  Merge(record.read_bytes, &usage->read_bytes, true);
  Merge(record.write_bytes, &usage->write_bytes, true);
}

bool IsCoarse(uint32_t flags) { return (flags & kProcCoarseStart) != 0; }

}  // namespace

void ForgetUncounted(uint32_t flags, Usage* usage) {
  if ((flags & kProcUsageExact) != 0 || usage->cpu_us != 0U) return;
  usage->cpu_us.reset();
  usage->utime_us.reset();
  usage->stime_us.reset();
}

void LifeBuilder::Take(const Fork& fork) {
  Advance(fork.time_ns);
  Open* open = Enter(fork.pid, {fork.time_ns, IsCoarse(fork.flags)});
  if (open == nullptr) return;
  open->life.birth_seen = true;
  open->life.birth_uid = fork.uid;
  open->life.birth_euid = fork.euid;
  open->life.ppid = fork.ppid;
  open->life.parent_start_ns = fork.parent_start_ns;
  open->parent_start_coarse = IsCoarse(fork.flags);
  if (open->newest_ns == 0) open->life.flags = fork.flags;
  MergeIdentity(fork, fork.time_ns > open->newest_ns, &open->life.identity);
  open->newest_ns = std::max(open->newest_ns, fork.time_ns);
  // A snapshot that is told before it may know the parent that it has got since.
  const Life* const parent = open->life.parent.get();
  if (parent != nullptr && parent->pid != fork.ppid) open->life.parent = {};
  Inherit(fork.time_ns, open);
}

void LifeBuilder::Take(const Exec& exec) {
  Advance(exec.time_ns);
  Open* open = Enter(exec.pid, {exec.start_ns, false});
  if (open == nullptr) return;
  Life& life = open->life;
  if (IsUpTo(exec.time_ns, open->untold_exec_ns)) open->untold_exec_ns = 0;
  if (programs_ == Programs::kAllKept) EndProgram(exec, open);
  ++life.execs_told;
  life.flags &= ~kProcNeverExeced;
  const bool is_newer = exec.time_ns >= open->newest_ns;
  // A new program has a new name: the one that was inherited, or the last program's, is not its.
  if (!exec.comm && is_newer) life.identity.comm.reset();
  MergeIdentity(exec, is_newer, &life.identity);
  // Also where a snapshot was taken since: it would have this same image.
  const bool is_newest = !life.image || exec.time_ns >= life.image->since_ns;
  if (is_newest) {
    life.image = MakeImage(ProgramOf(exec));
    open->has_inherited = false;
  }
  if (programs_ == Programs::kAllKept) BeginProgram(exec, is_newest ? life.image : nullptr, open);
  See(open, exec.time_ns);
}

void LifeBuilder::Take(const Exit& exit) {
  Advance(exit.time_ns);
  Slot& slot = SlotOf(exit.pid);
  Open* open = Enter(&slot, exit.pid, {exit.start_ns, IsCoarse(exit.flags)});
  if (open == nullptr) return;
  Life& life = open->life;
  life.end_ns = exit.time_ns;
  life.last_seen_ns = std::max(life.last_seen_ns, exit.time_ns);
  life.exit_ppid = exit.ppid;
  life.flags = exit.flags;
  life.wait_status = exit.wait_status;
  TakeUsage(exit, &life.usage);
  if (!life.acct) ForgetUncounted(exit.flags, &life.usage);
  life.usage.maxrss_kib = exit.maxrss_kib;
  life.usage.image_maxrss_kib = exit.image_maxrss_kib;
  life.usage.zombie_us = exit.zombie_us;
  const bool has_lost_tty = exit.tty == 0U && exit.sid && exit.sid == life.identity.sid;
  const auto tty = life.identity.tty;
  MergeIdentity(exit, true, &life.identity);
  // When a session's leader ends, the kernel takes the terminal from all who ran on it.
  if (has_lost_tty && tty) life.identity.tty = tty;
  const bool is_exact = (exit.flags & kProcUsageExact) != 0;
  reaps_are_told_ = reaps_are_told_ || is_exact;
  // Nobody imports reaps.
  const bool is_all = is_exact || !MayTellReaps(exit.time_ns) || life.acct;
  if (is_all) return Close(slot, open, LifeState::kEnded);
  open->ended = true;
  Doubt(open, exit.time_ns);
}

// What the end could not tell yet. A reap that is later than this waits for has no end any more.
void LifeBuilder::Take(const Reap& reap) {
  Advance(reap.time_ns);
  reaps_are_told_ = reaps_are_told_ || reap.time_ns >= others_until_ns_;
  Slot* const slot = slots_.Find(reap.pid);
  const OpenPointer* const found = slot == nullptr ? nullptr : Find(*slot, {reap.start_ns, false});
  if (found == nullptr || !(*found)->ended) return;
  Open* const open = found->get();
  Life& life = open->life;
  life.proof = std::max(life.proof, proof_);
  life.flags = (life.flags | reap.flags) & ~kProcUsagePartial;
  TakeUsage(reap, &life.usage);
  if (life.end_ns)
    life.usage.zombie_us = (reap.time_ns - std::min(reap.time_ns, *life.end_ns)) / 1000;
  Close(*slot, open, LifeState::kEnded);
}

// Whose change it is; nullptr where it is too late, or nobody knows.
template <class Change>
LifeBuilder::Open* LifeBuilder::EnterChanged(const Change& change) {
  Advance(change.time_ns);
  if (!change.start_ns) return nullptr;
  Open* const open = Enter(change.pid, {*change.start_ns, false});
  return open != nullptr && !open->ended ? open : nullptr;
}

void LifeBuilder::Take(const CommChange& change) {
  Open* const open = EnterChanged(change);
  if (open == nullptr) return;
  if (change.time_ns >= open->newest_ns) open->life.identity.comm = change.comm;
  See(open, change.time_ns);
}

// Who becomes another one and himself again for ever takes no more memory than that.
void LifeBuilder::Take(const IdChange& change) {
  constexpr size_t kMostKept = 1000;
  Open* const open = EnterChanged(change);
  if (open == nullptr) return;
  Life& life = open->life;
  const bool is_kept = programs_ == Programs::kAllKept && life.user_changes.size() < kMostKept;
  if (is_kept && (change.uid || change.euid)) {
    life.user_changes.push_back({.time_ns = change.time_ns,
                                 .from_uid = life.identity.uid,
                                 .from_euid = life.identity.euid,
                                 .to_uid = change.uid,
                                 .to_euid = change.euid});
  }
  const bool is_newer = change.time_ns >= open->newest_ns;
  Merge(change.uid, &life.identity.uid, is_newer);
  Merge(change.euid, &life.identity.euid, is_newer);
  Merge(change.gid, &life.identity.gid, is_newer);
  See(open, change.time_ns);
}

// It leads that, which so has its number.
void LifeBuilder::Take(const Session& session) {
  Open* const open = EnterChanged(session);
  if (open == nullptr) return;
  if (session.time_ns >= open->newest_ns) open->life.identity.sid = session.pid;
  See(open, session.time_ns);
}

// It has ended, and the EXIT that tells how follows: no need to wait for it with a deadline.
void LifeBuilder::Take(const Acct& acct) {
  Advance(acct.time_ns);
  Open* open = Enter(acct.pid, {acct.start_ns, false});
  if (open == nullptr) return;
  open->life.acct = acct;
  See(open, acct.time_ns);
  open->doubted = acct.time_ns;
}

// So that not even the first reap is missed. One that takes over also tells those that the hooks of
// the recorder before it saw.
void LifeBuilder::Take(const Recorder& recorder) {
  if (recorder.event != RecorderEvent::kStart) return;
  reaps_are_told_ = HasAbility(recorder, kTellsReaps);
  reaps_may_be_told_ = false;
  others_until_ns_ = HasAbility(recorder, kContinues) ? recorder.time_ns : 0;
}

// A snapshot reads a process at some moment up to its end, of which nothing is told until then.
bool LifeBuilder::IsUpTo(uint64_t time_ns, uint64_t until_ns) const {
  const bool is_being_taken = snapshot_ && until_ns == snapshot_->begin_ns;
  return until_ns != 0 && (is_being_taken || time_ns <= until_ns);
}

void LifeBuilder::Take(const SnapBegin& begin) {
  Advance(begin.time_ns);
  snapshot_ = Snapshot{.no = ++snapshots_, .begin_ns = begin.time_ns};
}

// By one rule for both ends of a time: so what is shown at the end of one is what is shown at the
// begin of the next, also where the clock is set back between snapshots.
void LifeBuilder::Show(uint64_t time_ns, uint64_t cpu_us, Life* life) const {
  const ShownCpu shown{.time_ns = time_ns, .cpu_us = cpu_us};
  const auto show_if_newer = [&shown](ShownCpu* newest) {
    if (shown.time_ns >= newest->time_ns) *newest = shown;
  };
  if (life->first_cpu.time_ns == 0 || time_ns < life->first_cpu.time_ns) life->first_cpu = shown;
  if (snapshot_place_ == SnapshotPlace::kBehind) return;
  show_if_newer(&life->shown_cpu);
  if (snapshot_place_ == SnapshotPlace::kBefore) show_if_newer(&life->before_cpu);
}

void LifeBuilder::Take(const SnapProc& process) {
  if (snapshot_) ++snapshot_->processes;
  Open* open = Enter(process.pid, {process.start_ns, IsCoarse(process.flags)});
  if (open == nullptr) return;
  Life& life = open->life;
  const uint64_t time_ns = snapshot_ ? snapshot_->begin_ns : now_ns_;
  if (!life.birth_seen && !life.ppid) {
    life.ppid = process.ppid;
    life.parent_start_ns = process.parent_start_ns;
    open->parent_start_coarse = IsCoarse(process.flags);
  }
  if (time_ns >= open->newest_ns) life.flags = process.flags;
  const ShownCpu shown_before = life.shown_cpu;
  if (snapshot_ && process.cpu_us) Show(time_ns, *process.cpu_us, &life);
  const bool has_execed = (process.flags & kProcNeverExeced) == 0;
  const bool is_untold = has_execed && life.execs_told == 0;
  if (is_untold && open->untold_exec_ns == 0) open->untold_exec_ns = time_ns;
  open->shown_until_ns = has_execed ? time_ns : 0;
  const bool is_newer = time_ns >= open->newest_ns;
  // It may be the next program that has the name which the snapshot tells.
  if (is_newer && life.programs) {
    life.programs->starts().back().identity.comm = life.identity.comm;
  }
  MergeIdentity(process, is_newer, &life.identity);
  // An EXEC's own words are more than what /proc makes of them later; a parent's program is less,
  // where it has another one since.
  const bool has_own = !open->has_inherited || (process.flags & kProcNeverExeced) != 0;
  const bool has_exec = has_own && life.image && life.image->since_ns != 0;
  if (!has_exec && (process.exe || process.args || process.args_bytes)) {
    life.image = MakeImage({.since_ns = 0,
                            .exe = process.exe,
                            .exe_bytes = {},
                            .args = process.args,
                            .args_bytes = process.args_bytes});
    open->has_inherited = false;
  }
  See(open, time_ns);
  if (snapshot_) open->snapshot_no = snapshot_->no;
  if (shown_callback_ && life.shown_cpu != shown_before) shown_callback_(life, shown_before);
}

// Who was born before the snapshot was begun and is not in it, has ended.
void LifeBuilder::Take(const SnapEnd& end) {
  Advance(end.time_ns);
  // A parent may stand behind its children.
  ForEachOpen([this](Open* open) { Link(open); });
  HandOutAwaiting();
  if (!snapshot_) return;
  const Snapshot snapshot = *std::exchange(snapshot_, std::nullopt);
  ForEachOpen([&](Open* open) {
    for (uint64_t* const until_ns : {&open->untold_exec_ns, &open->shown_until_ns}) {
      if (*until_ns == snapshot.begin_ns) *until_ns = end.time_ns;
    }
  });
  if (snapshot.processes != end.process_count) return;
  ForEachOpen([this, &snapshot](Open* open) {
    const uint64_t uncertainty = open->life.coarse_start ? kCoarseStartNs : 0;
    const bool must_be_there = open->life.start_ns + uncertainty < snapshot.begin_ns &&
                               open->life.last_seen_ns < snapshot.begin_ns;
    if (must_be_there && open->snapshot_no != snapshot.no) Doubt(open, snapshot.begin_ns);
  });
}

void LifeBuilder::NoteLeftOut() {
  snapshot_.reset();
  reaps_may_be_told_ = true;  // who waits for them in vain loses nothing
  AwaitSnapshot();
  ForEachOpen([this](Open* open) {
    if (!open->doubted) open->life.last_seen_ns = std::max(open->life.last_seen_ns, now_ns_);
  });
}

LocalPointer<const Image> LifeBuilder::MakeImage(const Program& program) {
  LocalPointer<Image> image = TakeSpareImage();
  image->since_ns = program.since_ns;
  if (programs_ == Programs::kLeftOut) return image;
  Assign(program.exe, &image->exe);
  Assign(program.args, &image->args);
  image->args_bytes = program.args_bytes;
  image->exe_bytes = program.exe_bytes;
  return image;
}

}  // namespace daybook
