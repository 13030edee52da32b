// Who a process is, read from its group leader. Direct loads only: the kernel turns a bad pointer
// into zero, and they cost nothing beside a helper's call.
#pragma once

#include "events.h"
#include "kernel_types.h"

// Set before loading.
const volatile uint32_t cgroups_by = CGROUPS_V2;
const volatile uint32_t cgroup_hierarchy = 0;  // its number

static __always_inline uint64_t start_of_group(struct task_struct* task) {
  return task->group_leader->start_boottime;
}

// tty_devnum() of drivers/tty/tty_io.c.
static __always_inline uint32_t terminal_of(struct signal_struct* signal) {
  struct tty_struct* tty = signal->tty;
  if (!tty) return 0;
  struct tty_driver* driver = tty->driver;
  return ((uint32_t)driver->major << 20) + (uint32_t)driver->minor_start + (uint32_t)tty->index;
}

static __always_inline uint32_t session_of(struct signal_struct* signal) {
  return (uint32_t)signal->pids[PIDTYPE_SID]->numbers[0].nr;
}

// A plain sum: the offset of an element is known only when the program is loaded.
static __always_inline struct cgroup* cgroup_of_controller(struct css_set* set, uint64_t index) {
  char* first = (char*)set + bpf_core_field_offset(struct css_set, subsys);
  struct cgroup_subsys_state* state =
      *(struct cgroup_subsys_state**)(first + index * sizeof(struct cgroup_subsys_state*));
  return state->cgroup;
}

// In the hierarchy that is recorded. NULL where the kernel has no such controller.
static __always_inline struct cgroup* cgroup_of(struct task_struct* task) {
  if (!bpf_core_field_exists(task->cgroups)) return NULL;  // CONFIG_CGROUPS
  struct css_set* set = task->cgroups;
  if (cgroups_by == CGROUPS_V2) return set->dfl_cgrp;
  if (cgroups_by == CGROUPS_OF_PIDS) {
    if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id)) return NULL;
    return cgroup_of_controller(set, bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id));
  }
  if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id)) return NULL;
  return cgroup_of_controller(set, bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id));
}

static __always_inline uint64_t logged_id_of(struct cgroup* cgroup) {
  return cgroup->kn->id | (uint64_t)cgroup_hierarchy << CGROUP_NUMBER_SHIFT;
}

// real_cred and not cred: what the task is to others, as in /proc, not what it acts as meanwhile.
static __always_inline void read_ids(struct process_ids* ids, struct task_struct* leader) {
  const struct cred* cred = leader->real_cred;
  ids->uid = cred->uid.val;
  ids->euid = cred->euid.val;
  ids->suid = cred->suid.val;
  ids->gid = cred->gid.val;
  ids->egid = cred->egid.val;
  ids->sgid = cred->sgid.val;
  ids->login_uid =
      bpf_core_field_exists(leader->loginuid) ? leader->loginuid.val : ID_UNKNOWN;  // CONFIG_AUDIT
  ids->sid = session_of(leader->signal);
  ids->tty = terminal_of(leader->signal);
  ids->audit_session = bpf_core_field_exists(leader->sessionid) ? leader->sessionid : ID_UNKNOWN;
  struct cgroup* cgroup = cgroup_of(leader);
  ids->cgroup_id = cgroup ? logged_id_of(cgroup) : 0;
}

// From the leader: each new thread begins with PF_FORKNOEXEC, the leader loses it at the exec.
static __always_inline uint32_t flags_of(struct task_struct* leader) {
  uint32_t flags = 0;
  if (leader->flags & PF_KTHREAD) flags |= PROCESS_KERNEL_THREAD;
  if (leader->flags & PF_FORKNOEXEC) flags |= PROCESS_NEVER_EXECED;
  if (leader->flags & PF_SUPERPRIV) flags |= PROCESS_SUPERUSER;
  return flags;
}

// In the innermost of its pid namespaces; 0 in the first one, where `level` is 0.
static __always_inline uint32_t namespace_pid_of(struct pid* pid, uint32_t level) {
  if (level == 0) return 0;
  const uint64_t offset = (uint64_t)level * bpf_core_type_size(struct upid);
  struct upid* innermost = (struct upid*)((char*)&pid->numbers[0] + offset);
  return (uint32_t)BPF_CORE_READ(innermost, nr);
}

// Two loads of 8 bytes instead of sixteen of one.
static __always_inline void copy_comm(char* comm, struct task_struct* task) {
  const uint64_t* from = (const uint64_t*)task->comm;
  uint64_t* to = (uint64_t*)comm;
  to[0] = from[0];
  to[1] = from[1];
}
