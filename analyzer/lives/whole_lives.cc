// Lives that one record tells: what its three parts would make of it, without entering it among
// those that live. Nothing else is about it, and it bore nobody.
#include "daybook/whole_life.h"
#include "lives/lives.h"

namespace daybook {

void LifeBuilder::Take(const WholeLife& whole) {
  const bool is_exact = (whole.flags & kProcUsageExact) != 0;
  const uint64_t start_ns = BirthOf(whole);
  Slot& slot = SlotOf(whole.pid);
  // A snapshot met it, its pid has another one that is not over, it is late or told again, or its
  // reap, its parent or its child may follow.
  const bool is_newest =
      slot.open.empty() && slot.closed_start_ns.value_or(0) < start_ns && !slot.closed_coarse;
  const bool is_all = is_exact || !MayTellReaps(whole.time_ns);
  const bool may_be_asked_for =
      awaits_snapshot_ || remembers_parents_ || programs_ == Programs::kAllKept;
  if (!is_newest || !is_all || may_be_asked_for) return TakeParts(whole);
  FillWhole(whole, start_ns);
  Advance(start_ns);
  Inherit(start_ns, &whole_);
  CountExecs(&whole_);
  Advance(whole.time_ns);
  reaps_are_told_ = reaps_are_told_ || is_exact;
  callback_(whole_.life);
  NoteClosed(slot, whole_.life);
  // Whom it knew, it keeps no longer.
  whole_.life.parent = {};
  whole_.life.job_run.reset();
}

void LifeBuilder::TakeParts(const WholeLife& whole) {
  const LifeParts parts = PartsOf(whole);
  Take(parts.fork);
  if (parts.exec) Take(*parts.exec);
  Take(parts.exit);
}

// Every member, since it held another life before.
void LifeBuilder::FillWhole(const WholeLife& whole, uint64_t start_ns) {
  Life& life = whole_.life;
  life.pid = whole.pid;
  life.start_ns = start_ns;
  life.coarse_start = false;
  life.birth_seen = true;
  life.ppid = life.exit_ppid = whole.ppid;
  life.parent_start_ns = whole.parent_start_ns;
  life.flags = whole.flags;
  life.identity.uid = life.birth_uid = whole.uid;
  life.identity.euid = life.birth_euid = whole.euid.value_or(whole.uid);
  life.identity.gid = whole.gid;
  life.identity.sid = whole.sid;
  life.identity.tty = whole.tty;
  life.identity.cgroup_id = whole.cgroup_id;
  if (life.identity.comm != whole.comm) life.identity.comm = whole.comm;  // it is mostly the same
  life.execs_told = whole.exec_after_us ? 1 : 0;
  whole_.has_inherited = false;
  life.state = LifeState::kEnded;
  life.end_ns = life.last_seen_ns = whole.time_ns;
  life.wait_status = whole.wait_status;
  life.usage = {.utime_us = whole.utime_us,
                .stime_us = whole.stime_us,
                .cpu_us = whole.cpu_us,
                .maxrss_kib = whole.maxrss_kib,
                .minflt = whole.minflt,
                .majflt = whole.majflt,
                .nvcsw = whole.nvcsw,
                .nivcsw = whole.nivcsw,
                .image_maxrss_kib = whole.image_maxrss_kib,
                .rchar_bytes = whole.rchar_bytes,
                .wchar_bytes = whole.wchar_bytes,
                .read_bytes = whole.read_bytes,
                .write_bytes = whole.write_bytes,
                .zombie_us = whole.zombie_us};
  ForgetUncounted(whole.flags, &life.usage);
  life.proof = proof_;
  RecycleImage(&life.image);
  life.image.reset();
  // Nobody inherits it.
  if (!whole.exec_after_us || programs_ == Programs::kLeftOut) return;
  life.image = MakeImage({.since_ns = ExecTimeOf(whole),
                          .exe = whole.exe,
                          .exe_bytes = whole.exe.size(),
                          .args = whole.args,
                          .args_bytes = ArgsBytesOf(whole)});
}

}  // namespace daybook
