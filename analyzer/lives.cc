#include "lives.h"

#include <algorithm>
#include <cassert>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include "daybook/abilities.h"

namespace daybook {
namespace {

// So many lives of one pid wait for late news at most: only a forged log has more.
constexpr size_t kMaxOpenOfPid = 16;

// Lives and programs that are over, kept for the next ones: enough where about as many begin as
// end, and little for each of many logs.
constexpr size_t kMostSpare = 64;
constexpr size_t kLongestSpareArgs = 4096;

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
  usage->rchar_bytes = record.rchar_bytes;
  usage->wchar_bytes = record.wchar_bytes;
  usage->read_bytes = record.read_bytes;
  usage->write_bytes = record.write_bytes;
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
  Inherit(fork.time_ns, open);
}

void LifeBuilder::Take(const Exec& exec) {
  Advance(exec.time_ns);
  Open* open = Enter(exec.pid, {exec.start_ns, false});
  if (open == nullptr) return;
  Life& life = open->life;
  ++open->execs_seen;
  life.flags &= ~kProcNeverExeced;
  const bool is_newer = exec.time_ns >= open->newest_ns;
  // A new program has a new name: the one that was inherited, or the last program's, is not its.
  if (!exec.comm && is_newer) life.identity.comm.reset();
  MergeIdentity(exec, is_newer, &life.identity);
  // Also where a snapshot was taken since: it would have this same image.
  if (!life.image || exec.time_ns >= life.image->since_ns) {
    life.image = MakeImage({.since_ns = exec.time_ns,
                            .exe = exec.exe,
                            .exe_bytes = exec.exe_bytes,
                            .args = exec.args,
                            .args_bytes = exec.args_bytes});
    open->has_inherited = false;
  }
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
  MergeIdentity(exit, true, &life.identity);
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

void LifeBuilder::Take(const CommChange& change) {
  Advance(change.time_ns);
  if (!change.start_ns) return;
  Open* open = Enter(change.pid, {*change.start_ns, false});
  if (open == nullptr || open->ended) return;
  if (change.time_ns >= open->newest_ns) open->life.identity.comm = change.comm;
  See(open, change.time_ns);
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

void LifeBuilder::Take(const SnapBegin& begin) {
  Advance(begin.time_ns);
  snapshot_ = Snapshot{.no = ++snapshots_, .begin_ns = begin.time_ns};
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
  MergeIdentity(process, time_ns >= open->newest_ns, &life.identity);
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
}

// Who was born before the snapshot was begun and is not in it, has ended.
void LifeBuilder::Take(const SnapEnd& end) {
  Advance(end.time_ns);
  // A parent may stand behind its children.
  ForEachOpen([this](Open* open) { Link(open); });
  HandOutAwaiting();
  if (!snapshot_) return;
  const Snapshot snapshot = *std::exchange(snapshot_, std::nullopt);
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

bool LifeBuilder::HandOutEnded(uint64_t waited_ns) {
  HandOutAwaiting();
  bool others_wait = false;
  for (const Deadline& deadline : deadlines_) {
    Slot* const slot = slots_.Find(deadline.pid);
    if (slot == nullptr) continue;
    for (size_t i = slot->open.size(); i-- > 0;) {
      Open* const open = slot->open[i].get();
      if (!open->ended) continue;
      const bool has_waited = open->life.end_ns.value_or(0) + waited_ns <= now_ns_;
      open->life.is_unreaped = has_waited && TellsReaps(open->life.end_ns.value_or(0));
      if (has_waited) Close(*slot, open, LifeState::kEnded);
      others_wait = others_wait || !has_waited;
    }
  }
  return others_wait;
}

void LifeBuilder::Finish(LifeState state) {
  HandOutAwaiting();
  std::vector<Open*> rest;
  ForEachOpen([&rest](Open* open) { rest.push_back(open); });
  std::ranges::sort(
      rest, {}, [](const Open* open) { return std::pair(open->life.start_ns, open->life.pid); });
  for (Open* open : rest) {
    const LifeState at_end = open->doubted ? LifeState::kLost : state;
    open->life.state = open->ended ? LifeState::kEnded : at_end;
    HandOut(*open);
  }
  slots_.Clear();
  deadlines_.clear();
  snapshot_.reset();
  living_ = 0;
}

template <class Function>
void LifeBuilder::ForEachOpen(Function&& function) {
  slots_.ForEach([&](Slot& slot) {
    for (const auto& open : slot.open) function(open.get());
  });
}

bool LifeBuilder::IsSame(Start a, Start b) {
  const uint64_t difference = a.ns < b.ns ? b.ns - a.ns : a.ns - b.ns;
  return difference <= (a.coarse || b.coarse ? kCoarseStartNs : 0);
}

const LifeBuilder::OpenPointer* LifeBuilder::Find(const Slot& slot, Start start) {
  for (const OpenPointer& open : slot.open) {
    const Life& life = open->life;
    const bool is_same =
        life.start_ns == start.ns || IsSame({life.start_ns, life.coarse_start}, start);
    if (is_same) return &open;
  }
  return nullptr;
}

LifeBuilder::Slot& LifeBuilder::SlotOf(uint32_t pid) {
  if (slots_.size() > most_slots_) ForgetClosed();
  return slots_[pid];
}

LifeBuilder::Open* LifeBuilder::Enter(Slot* slot, uint32_t pid, Start start) {
  Open* open = FindOrOpen(slot, pid, start);
  if (open != nullptr) open->life.proof = std::max(open->life.proof, proof_);
  return open;
}

LifeBuilder::Open* LifeBuilder::FindOrOpen(Slot* slot, uint32_t pid, Start start) {
  const OpenPointer* const found = Find(*slot, start);
  if (found == nullptr) return AddOpen(slot, pid, start);
  Open* const open = found->get();
  // Records without flags have the start that FORK told, coarse or not: that is nothing new.
  const bool is_news = open->life.start_ns != start.ns;
  if (open->life.coarse_start && !start.coarse && is_news) {
    open->life.start_ns = start.ns;
    open->life.coarse_start = false;
  }
  return open;
}

// nullptr where it is over already.
LifeBuilder::Open* LifeBuilder::AddOpen(Slot* slot, uint32_t pid, Start start) {
  bool is_newest = true;
  if (slot->closed_start_ns) {
    if (IsSame({*slot->closed_start_ns, slot->closed_coarse}, start)) return nullptr;
    is_newest = *slot->closed_start_ns < start.ns;
  }
  if (slot->open.size() == kMaxOpenOfPid) {
    const auto oldest = std::ranges::min_element(
        slot->open, {}, [](const auto& life) { return life->life.start_ns; });
    Close(*slot, oldest->get(), LifeState::kLost);
  }
  OpenPointer added = TakeSpare();
  added->life.pid = pid;
  added->life.start_ns = start.ns;
  added->life.coarse_start = start.coarse;
  added->life.last_seen_ns = start.ns;
  // Two processes never have one pid at one time: the older one is over, or news of it are late.
  for (const auto& other : slot->open) {
    if (other->life.start_ns > start.ns) {
      is_newest = false;
    } else {
      other->replaced = true;
      Doubt(other.get(), start.ns);
    }
  }
  Open* open = added.get();
  slot->open.push_back(std::move(added));
  ++living_;
  if (!is_newest) {
    open->replaced = true;
    Doubt(open, now_ns_);
  }
  return open;
}

// A sign of life: who was missed before is not lost after all.
void LifeBuilder::See(Open* open, uint64_t time_ns) {
  open->newest_ns = std::max(open->newest_ns, time_ns);
  open->life.last_seen_ns = std::max(open->life.last_seen_ns, time_ns);
  const bool may_be_reset = !open->replaced && !open->ended;
  if (open->doubted && may_be_reset && *open->doubted < time_ns) open->doubted.reset();
}

void LifeBuilder::Doubt(Open* open, uint64_t time_ns) {
  if (open->doubted) return;
  open->doubted = time_ns;
  deadlines_.push_back({std::max(time_ns, now_ns_) + kMaxLatenessNs, open->life.pid});
}

void LifeBuilder::Advance(uint64_t time_ns) {
  now_ns_ = std::max(now_ns_, time_ns);
  if (!awaiting_.empty() && HasWaitedForSnapshot()) HandOutAwaiting();
  while (!deadlines_.empty() && deadlines_.front().time_ns <= now_ns_) {
    Slot* const slot = slots_.Find(deadlines_.front().pid);
    if (slot != nullptr) CloseDoubted(*slot);
    deadlines_.pop_front();
  }
}

void LifeBuilder::CloseDoubted(Slot& slot) {
  for (size_t i = slot.open.size(); i-- > 0;) {
    Open* open = slot.open[i].get();
    if (!open->doubted || *open->doubted + kMaxLatenessNs > now_ns_) continue;
    open->life.is_unreaped = open->ended && TellsReaps(open->life.end_ns.value_or(0));
    Close(slot, open, LifeState::kLost);
  }
}

void LifeBuilder::Close(Slot& slot, Open* open, LifeState state) {
  open->life.state = open->ended ? LifeState::kEnded : state;
  NoteClosed(slot, open->life);
  const auto at = std::ranges::find_if(
      slot.open, [open](const OpenPointer& candidate) { return candidate.get() == open; });
  assert(at != slot.open.end());
  OpenPointer closed = std::move(*at);
  slot.open.erase(at);
  --living_;
  if (WaitsForSnapshot(*closed)) return awaiting_.push_back(std::move(closed));
  HandOut(*closed);
  Recycle(std::move(closed));
}

void LifeBuilder::NoteClosed(Slot& slot, const Life& life) {
  if (slot.closed_start_ns && *slot.closed_start_ns > life.start_ns) return;
  slot.closed_start_ns = life.start_ns;
  slot.closed_coarse = life.coarse_start;
  const bool has_ended = life.state == LifeState::kEnded;
  slot.closed_at_ns = has_ended ? now_ns_ : UINT64_MAX - kMaxLatenessNs;
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

LifeBuilder::OpenPointer LifeBuilder::TakeSpare() {
  if (spare_.empty()) return boost::make_local_shared<Open>();
  OpenPointer open = std::move(spare_.back());
  spare_.pop_back();
  return open;
}

LocalPointer<Image> LifeBuilder::TakeSpareImage() {
  if (spare_images_.empty()) return boost::make_local_shared<Image>();
  LocalPointer<Image> image = std::move(spare_images_.back());
  spare_images_.pop_back();
  return image;
}

// Where a child or a report keeps it, they let it go.
void LifeBuilder::Recycle(OpenPointer open) {
  if (open.local_use_count() != 1 || spare_.size() == kMostSpare) return;
  RecycleImage(&open->life.image);
  // Made anew in its place: to assign a new one would move each of its members.
  static_assert(std::is_nothrow_default_constructible_v<Open>);
  std::destroy_at(open.get());
  std::construct_at(open.get());
  spare_.push_back(std::move(open));
}

void LifeBuilder::RecycleImage(LocalPointer<const Image>* image) {
  if (!*image || image->local_use_count() != 1 || spare_images_.size() == kMostSpare) return;
  const auto& args = (*image)->args;
  if (args && args->capacity() > kLongestSpareArgs) return;
  spare_images_.push_back(boost::const_pointer_cast<Image>(std::move(*image)));
}

// So that memory is for the living, and not for every pid that there was.
void LifeBuilder::ForgetClosed() {
  slots_.EraseIf([this](const Slot& slot) {
    return slot.open.empty() && slot.closed_at_ns + kMaxLatenessNs < now_ns_;
  });
  most_slots_ = std::max(kLeastSlots, 2 * slots_.size());
}

// A filter may have left out that it has executed something: then it is not known what, and how
// often.
void LifeBuilder::CountExecs(Open* open) {
  Life& life = open->life;
  const bool has_flags = life.state == LifeState::kEnded || open->snapshot_no != 0;
  const bool is_untold = open->execs_seen == 0 && has_flags && (life.flags & kProcNeverExeced) == 0;
  life.execs.reset();
  if (life.birth_seen && !is_untold) life.execs = open->execs_seen;
  if (is_untold && open->has_inherited) life.image.reset();
}

void LifeBuilder::HandOut(Open& open) {
  Life& life = open.life;
  CountExecs(&open);
  if (open.parent_start_coarse) {
    // The parent's own records may have told its start exactly meanwhile.
    if (const auto* parent = FindParent(open)) life.parent_start_ns = (*parent)->life.start_ns;
  }
  Link(&open);
  callback_(life);
}

}  // namespace daybook
