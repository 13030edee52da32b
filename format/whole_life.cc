#include "daybook/whole_life.h"

#include <utility>

#include "layout.h"

namespace daybook {
namespace {

static_assert(kTickNs == kNsPerUs, "lengths of a life are in microseconds");

// What every source tells that tells all of a life.
bool IsAllKnown(const Exit& exit) {
  return exit.ppid && exit.parent_start_ns && exit.wait_status && exit.uid && exit.euid &&
         exit.suid && exit.gid && exit.egid && exit.sgid && exit.sid && exit.tty && exit.utime_us &&
         exit.stime_us && exit.cpu_us && exit.maxrss_kib && exit.minflt && exit.majflt &&
         exit.nvcsw && exit.nivcsw && exit.comm && exit.rchar_bytes && exit.wchar_bytes &&
         exit.read_bytes && exit.write_bytes && exit.children_cpu_us;
}

bool IsTold(const Fork& fork, const Exit& exit) {
  return fork.pid == exit.pid && fork.time_ns / kTickNs == exit.start_ns / kTickNs &&
         fork.time_ns <= exit.time_ns && fork.ppid == exit.ppid &&
         fork.parent_start_ns == exit.parent_start_ns && fork.flags == 0 && fork.uid == exit.uid &&
         fork.euid == exit.euid && fork.gid == exit.gid && fork.egid == exit.egid &&
         fork.sid == exit.sid;
}

bool IsTold(const Exec& exec, const Exit& exit) {
  return exec.pid == exit.pid && exec.start_ns / kTickNs == exit.start_ns / kTickNs &&
         exec.time_ns >= exit.start_ns && exec.uid == exit.uid && exec.euid == exit.euid &&
         exec.suid == exit.suid && exec.gid == exit.gid && exec.egid == exit.egid &&
         exec.sgid == exit.sgid && exec.login_uid == exit.login_uid && exec.sid == exit.sid &&
         exec.tty == exit.tty && exec.cgroup_id == exit.cgroup_id && exec.comm == exit.comm &&
         exec.exe_device && exec.exe_inode && exec.exe && exec.exe_bytes == exec.exe->size() &&
         exec.args_bytes && exec.cpu_us;
}

Exec ExecOf(const WholeLife& life, const Exit& exit) {
  return {.time_ns = ExecTimeOf(life),
          .pid = life.pid,
          .start_ns = exit.start_ns,
          .old_tid = life.old_tid,
          .uid = exit.uid,
          .euid = exit.euid,
          .suid = exit.suid,
          .gid = exit.gid,
          .egid = exit.egid,
          .sgid = exit.sgid,
          .login_uid = exit.login_uid,
          .sid = exit.sid,
          .tty = exit.tty,
          .cgroup_id = exit.cgroup_id,
          .exe_device = life.exe_device,
          .exe_inode = life.exe_inode,
          .comm = exit.comm,
          .exe_bytes = life.exe.size(),
          .exe = life.exe,
          .args_bytes = ArgsBytesOf(life),
          .args = life.args,
          .cpu_us = life.exec_cpu_us};
}

void SetExec(const Exec& exec, uint64_t start_ns, WholeLife* life) {
  life->exec_after_us = ElapsedUs(start_ns, exec.time_ns);
  life->old_tid = exec.old_tid;
  life->exe_device = *exec.exe_device;
  life->exe_inode = *exec.exe_inode;
  life->exe = *exec.exe;
  SetArgs(exec.args, *exec.args_bytes, life);
  life->exec_cpu_us = *exec.cpu_us;
}

void SetNoExec(WholeLife* life) {
  life->exec_after_us.reset();
  life->old_tid.reset();
  life->exe_device = life->exe_inode = life->exec_cpu_us = 0;
  life->exe = {};
  life->args.reset();
  life->args_bytes.reset();
}

}  // namespace

LifeParts PartsOf(const WholeLife& life) {
  const uint64_t start_ns = BirthOf(life);
  LifeParts parts;
  parts.exit = {.time_ns = life.time_ns,
                .pid = life.pid,
                .start_ns = start_ns,
                .ppid = life.ppid,
                .parent_start_ns = life.parent_start_ns,
                .wait_status = life.wait_status,
                .flags = life.flags,
                .uid = life.uid,
                .euid = life.euid.value_or(life.uid),
                .suid = life.suid.value_or(life.uid),
                .gid = life.gid,
                .egid = life.egid.value_or(life.gid),
                .sgid = life.sgid.value_or(life.gid),
                .login_uid = life.login_uid,
                .sid = life.sid,
                .tty = life.tty,
                .cgroup_id = life.cgroup_id,
                .utime_us = life.utime_us,
                .stime_us = life.stime_us,
                .cpu_us = life.cpu_us,
                .maxrss_kib = life.maxrss_kib,
                .minflt = life.minflt,
                .majflt = life.majflt,
                .nvcsw = life.nvcsw,
                .nivcsw = life.nivcsw,
                .comm = life.comm,
                .image_maxrss_kib = life.image_maxrss_kib,
                .rchar_bytes = life.rchar_bytes,
                .wchar_bytes = life.wchar_bytes,
                .read_bytes = life.read_bytes,
                .write_bytes = life.write_bytes,
                .children_cpu_us = life.children_cpu_us,
                .zombie_us = life.zombie_us,
                .audit_session = life.audit_session};
  parts.fork = {.time_ns = start_ns,
                .pid = life.pid,
                .ppid = life.ppid,
                .parent_start_ns = life.parent_start_ns,
                .flags = 0,
                .uid = life.uid,
                .euid = parts.exit.euid,
                .gid = life.gid,
                .egid = parts.exit.egid,
                .sid = life.sid,
                .namespace_level = life.namespace_level,
                .namespace_pid = life.namespace_pid};
  if (life.exec_after_us) parts.exec = ExecOf(life, parts.exit);
  return parts;
}

bool Join(const LifeParts& parts, WholeLife* life) {
  const auto& [fork, exec, exit] = parts;
  const bool is_told = IsAllKnown(exit) && IsTold(fork, exit) && (!exec || IsTold(*exec, exit));
  if (!is_told) return false;
  life->time_ns = exit.time_ns;
  life->pid = exit.pid;
  life->elapsed_us = ElapsedUs(exit.start_ns, exit.time_ns);
  life->ppid = *exit.ppid;
  life->parent_start_ns = *exit.parent_start_ns;
  life->wait_status = *exit.wait_status;
  life->flags = exit.flags;
  life->uid = *exit.uid;
  life->gid = *exit.gid;
  life->sid = *exit.sid;
  life->cgroup_id = exit.cgroup_id;
  life->login_uid = exit.login_uid;
  life->audit_session = exit.audit_session;
  life->tty = *exit.tty;
  life->cpu_us = *exit.cpu_us;
  life->utime_us = *exit.utime_us;
  life->stime_us = *exit.stime_us;
  life->maxrss_kib = *exit.maxrss_kib;
  life->image_maxrss_kib = exit.image_maxrss_kib;
  life->minflt = *exit.minflt;
  life->nvcsw = *exit.nvcsw;
  life->nivcsw = *exit.nivcsw;
  life->comm = *exit.comm;
  life->zombie_us = exit.zombie_us;
  life->rchar_bytes = *exit.rchar_bytes;
  life->wchar_bytes = *exit.wchar_bytes;
  life->read_bytes = *exit.read_bytes;
  life->write_bytes = *exit.write_bytes;
  life->majflt = *exit.majflt;
  life->children_cpu_us = *exit.children_cpu_us;
  life->euid = IfOther(exit.euid, *exit.uid);
  life->egid = IfOther(exit.egid, *exit.gid);
  life->suid = IfOther(exit.suid, *exit.uid);
  life->sgid = IfOther(exit.sgid, *exit.gid);
  life->namespace_level = fork.namespace_level;
  life->namespace_pid = fork.namespace_pid;
  if (exec) {
    SetExec(*exec, exit.start_ns, life);
  } else {
    SetNoExec(life);
  }
  return true;
}

std::optional<WholeLife> Join(const LifeParts& parts) {
  std::optional<WholeLife> life(std::in_place);
  if (!Join(parts, &*life)) life.reset();
  return life;
}

}  // namespace daybook
