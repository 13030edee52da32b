// Births, execs and ends of processes into one ring; beside them, in snapshot.h, the living ones.
// Tracepoints of what happens to processes only: nothing here makes other system calls slower.

#include "args.h"
#include "events.h"
#include "filter.h"
#include "kernel_types.h"
#include "path.h"
#include "ring.h"
#include "snapshot.h"
#include "state.h"
#include "task.h"
#include "usage.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// Set before loading.
const volatile uint32_t assume_no_group_dead = 0;  // for tests
const volatile uint32_t usage_exact = 0;           // tell of reaps

// ---- Birth ----

static __always_inline void describe_birth(struct fork_event* event, struct task_struct* child) {
  // Not the tracepoint's parent: with CLONE_PARENT the child has its creator's parent.
  struct task_struct* real_parent = child->real_parent;
  const struct cred* cred = child->real_cred;
  start_event(&event->header, sizeof(*event), EVENT_FORK);
  event->start_ns = child->start_boottime;
  event->parent_start_ns = start_of_group(real_parent);
  event->pid = (uint32_t)child->tgid;
  event->ppid = (uint32_t)real_parent->tgid;
  event->flags = child->flags & PF_KTHREAD ? PROCESS_KERNEL_THREAD : 0;
  event->uid = cred->uid.val;
  event->euid = cred->euid.val;
  event->gid = cred->gid.val;
  event->egid = cred->egid.val;
  event->sid = session_of(child->signal);
  struct pid* pid = child->thread_pid;
  event->namespace_level = pid->level;
  event->namespace_pid = namespace_pid_of(pid, pid->level);
}

// False where there is no room.
static __always_inline bool keep_birth(struct task_struct* child) {
  struct fork_event birth = {};
  describe_birth(&birth, child);
  struct process_key key = birth_key_of(child);
  if (!note_unjudged(bpf_map_update_elem(&judged_processes, &key, &birth, BPF_NOEXIST))) {
    return false;
  }
  long updated = note_known(child);
  if (updated) remove_birth(child);  // -EEXIST: a snapshot shows it already
  return !updated || updated == -EEXIST;
}

static __always_inline bool is_birth_told(struct task_struct* child) {
  if (!filters) return true;
  if (is_left_out(EVENT_FORK)) return false;
  if (!(filters & CHANGING_FILTERS)) return passes(child, 0);
  if (filters & FILTER_FAILED) return false;
  if (passes_for_good() && passes(child, 0)) return true;
  return !keep_birth(child);
}

static __always_inline void tell_birth(struct fork_event* birth, struct cpu_counters* count) {
  --count->forks_filtered;  // as which it was counted until now
  long lost = bpf_ringbuf_output(&events, birth, sizeof(*birth), BPF_RB_NO_WAKEUP);
  count->forks_lost += lost ? 1 : 0;
}

// Of one that begins to be told of, top down: nobody stands in the log before his parent, but where
// another CPU has taken that one's birth at the same time, and is still about to tell it.
static __always_inline void tell_kept_births(struct task_struct* leader,
                                             struct cpu_counters* count) {
  uint32_t zero = 0;
  struct kept_births* kept = bpf_map_lookup_elem(&births_to_tell, &zero);
  if (!kept) return;
  take_births(leader, kept);
  uint32_t ancestors = *(volatile uint32_t*)&kept->ancestors;
  for (uint32_t i = MAX_KEPT_ANCESTORS; i-- > 0;) {
    if (i < ancestors) tell_birth(&kept->of_ancestors[i], count);
  }
  if (kept->has_own) tell_birth(&kept->own, count);
  wake_if_wanted();  // not for each of them: the verifier would go through that
}

static __always_inline void see_fork(struct task_struct* child) {
  struct cpu_counters* count = begin_telling(EVENT_FORK);
  if (!count) return;
  ++count->forks_seen;  // every hit, so that the sum can be held against /proc/stat
  if (child->pid != child->tgid) {
    ++count->threads_seen;
    return;
  }
  if (!is_birth_told(child)) {
    ++count->forks_filtered;
    return;
  }
  if ((filters & CHANGING_FILTERS) && !passes_for_good()) tell_kept_births(child, count);
  struct fork_event* event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) {
    ++count->forks_lost;
    return;
  }
  describe_birth(event, child);
  bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
  wake_if_wanted();
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct* parent, struct task_struct* child) {
  stay_on_cpu();
  see_fork(child);
  leave_cpu();
  return 0;
}

// Whether to tell what happens to a process, now and from now on.
static __always_inline bool follow(struct task_struct* leader, uint32_t wait_status,
                                   struct cpu_counters* count) {
  bool is_first = false;
  if (!judge(leader, wait_status, &is_first)) return false;
  if (is_first) tell_kept_births(leader, count);
  return true;
}

// ---- Exec ----

// An exec is put together here and copied into the ring with its true length. Reserving needs a
// constant size: the largest would waste 8 KiB of ring for the usual 250 bytes, and size classes
// would need the lengths before the strings are read. The CPU's buffer is ours until the end: see
// stay_on_cpu().
struct exec_scratch {
  struct exec_event event;
  char strings[PATH_LIMIT + ARGS_LIMIT];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, uint32_t);
  __type(value, struct exec_scratch);
} exec_scratch SEC(".maps");

static __always_inline void describe_exec(struct exec_event* event, struct task_struct* task,
                                          int old_tid, struct linux_binprm* binprm) {
  struct inode* inode = binprm->file->f_inode;
  event->time_ns = bpf_ktime_get_boot_ns();
  event->start_ns = start_of_group(task);
  event->pid = (uint32_t)task->tgid;
  event->old_tid = old_tid == task->pid ? 0 : (uint32_t)old_tid;
  read_ids(&event->ids, task->group_leader);
  event->exe_inode = inode->i_ino;
  event->exe_device = inode->i_sb->s_dev;
  event->reserved = 0;
  copy_comm(event->comm, task->group_leader);
  event->cpu_ns = cpu_so_far(task);
}

static __always_inline void see_exec(struct task_struct* task, int old_tid,
                                     struct linux_binprm* binprm) {
  struct cpu_counters* count = begin_telling(EVENT_EXEC);
  uint32_t zero = 0;
  struct exec_scratch* scratch = bpf_map_lookup_elem(&exec_scratch, &zero);
  if (!scratch || !count) return;
  ++count->execs_seen;
  if (filters && (!follow(task->group_leader, 0, count) || is_left_out(EVENT_EXEC))) {
    ++count->execs_filtered;
    return;
  }
  struct exec_event* event = &scratch->event;
  describe_exec(event, task, old_tid, binprm);
  long path = bpf_probe_read_kernel_str(scratch->strings, PATH_LIMIT, binprm->filename);
  uint32_t path_bytes = path > 0 ? (uint32_t)(path - 1) & (PATH_LIMIT - 1) : 0;
  event->exe_captured = path_bytes;
  read_args(event, scratch->strings + path_bytes, task->mm);
  uint32_t bytes = sizeof(*event) + path_bytes + event->args_captured;
  if (bytes > sizeof(*scratch)) return;  // never: for the verifier
  start_event(&event->header, bytes, EVENT_EXEC);
  if (bpf_ringbuf_output(&events, scratch, bytes, BPF_RB_NO_WAKEUP)) {
    ++count->execs_lost;
    return;
  }
  wake_if_wanted();
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct* task, int old_tid, struct linux_binprm* binprm) {
  stay_on_cpu();
  see_exec(task, old_tid, binprm);
  leave_cpu();
  return 0;
}

// ---- End ----

// The groups whose end has been told, until they are reaped. Only for kernels before 6.16.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);  // set before loading
  __type(key, struct process_key);
  __type(value, uint8_t);
} exit_claims SEC(".maps");

// Several threads that end together all see live == 0 (do_exit() in kernel/exit.c); the first to
// make the entry is the last thread. Where the map is full all of them are: better an end told
// twice than an end not told.
static __always_inline bool claims_group_end(struct task_struct* task) {
  if (task->signal->live.counter != 0) return false;
  struct process_key claim = key_of(task);
  uint8_t one = 1;
  return bpf_map_update_elem(&exit_claims, &claim, &one, BPF_NOEXIST) != -EEXIST;
}

// Since 6.16 the kernel says it itself, in the tracepoint's second argument. A program that reads
// an argument which is not there is refused, hence the test; the verifier drops the dead branch.
static __always_inline bool is_group_end(const uint64_t* arguments, struct task_struct* task) {
  if (!assume_no_group_dead &&
      bpf_core_field_exists(struct trace_event_raw_sched_process_exit, group_dead)) {
    return (bool)arguments[1];
  }
  return claims_group_end(task);
}

// As wait_task_zombie() in kernel/exit.c has it. Since 6.0 the flag is always set here.
static __always_inline uint32_t wait_status_of(struct task_struct* leader) {
  struct signal_struct* signal = leader->signal;
  return (uint32_t)(signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code
                                                      : leader->exit_code);
}

// Where only ends that failed are told: nothing was ever noted of one that has not. To look for it
// all the same would be the most that such an end costs. From its end until it is freed nothing
// changes its status.
static __always_inline bool has_passed_unnoticed(struct task_struct* leader) {
  return (filters & FILTER_FAILED) && wait_status_of(leader) == 0;
}

// Where reaps are told, it is followed until then.
static __always_inline bool is_end_told(struct task_struct* leader, struct cpu_counters* count) {
  if (!filters) return true;
  if (has_passed_unnoticed(leader)) return false;
  bool is_told = follow(leader, wait_status_of(leader), count) || is_named_at_end(leader);
  is_told = is_told && !is_left_out(EVENT_EXIT);
  if (!is_told || !usage_exact) forget(leader);
  return is_told;
}

static __always_inline void describe_exit(struct exit_event* event, struct task_struct* task) {
  struct task_struct* leader = task->group_leader;
  struct task_struct* real_parent = leader->real_parent;
  start_event(&event->header, sizeof(*event), EVENT_EXIT);
  event->time_ns = bpf_ktime_get_boot_ns();
  event->start_ns = leader->start_boottime;
  event->parent_start_ns = start_of_group(real_parent);
  event->pid = (uint32_t)leader->tgid;
  event->ppid = (uint32_t)real_parent->tgid;
  event->wait_status = wait_status_of(leader);
  event->flags = flags_of(leader);
  if (task->signal->oom_mm) event->flags |= PROCESS_OOM_KILLED;
  read_ids(&event->ids, leader);
  read_usage(event, task);
  copy_comm(event->comm, leader);
}

static __always_inline void see_exit(const uint64_t* arguments) {
  struct task_struct* task = (struct task_struct*)arguments[0];
  struct cpu_counters* count = begin_telling(EVENT_EXIT);
  if (!count || !is_group_end(arguments, task)) return;
  ++count->exits_seen;
  if (!is_end_told(task->group_leader, count)) {
    ++count->exits_filtered;
    return;
  }
  struct exit_event* event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) {
    ++count->exits_lost;
    return;
  }
  describe_exit(event, task);
  bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
  wake_if_wanted();
}

SEC("tp_btf/sched_process_exit")
int on_exit(uint64_t* arguments) {
  stay_on_cpu();
  see_exit(arguments);
  leave_cpu();
  return 0;
}

static __always_inline void forget_claim(struct task_struct* leader) {
  struct process_key claim = key_of(leader);
  bpf_map_delete_elem(&exit_claims, &claim);
}

// Reading the clock waits for all loads before it, and the lines of a process that ended long ago
// come from afar: a fifth of what a reap costs. When exactly it was reaped nobody needs to know;
// the kernel frees it some milliseconds later anyway.
static __always_inline uint64_t about_now(struct cpu_counters* count) {
  uint64_t tick = bpf_jiffies64();
  if (count->tick != tick) {
    count->tick = tick;
    count->tick_ns = bpf_ktime_get_boot_ns();
  }
  return count->tick_ns;
}

// By now all threads have left, and what each of them used is in the group's sums. Nothing may be
// reached from here but the task and its signals: its parent may be gone.
static __always_inline void tell_reap(struct task_struct* leader, struct cpu_counters* count) {
  struct reap_event* event = is_nearly_full() ? 0 : bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) {
    __sync_fetch_and_add(&count->others_lost, 1);  // a reap may come in between
    return;
  }
  start_event(&event->header, sizeof(*event), EVENT_REAP);
  event->time_ns = about_now(count);
  event->start_ns = leader->start_boottime;
  event->pid = (uint32_t)leader->tgid;
  event->flags = flags_of(leader) | PROCESS_USAGE_EXACT;
  read_usage_of_reaped(&event->usage, leader);
  bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
  wake_if_wanted();
}

static __always_inline void see_free(struct task_struct* task) {
  struct cpu_counters* count = begin_telling(EVENT_REAP);
  if (!count) return;
  if (assume_no_group_dead ||
      !bpf_core_field_exists(struct trace_event_raw_sched_process_exit, group_dead)) {
    forget_claim(task);
  }
  if (usage_exact && !has_passed_unnoticed(task) && is_followed(task)) {
    tell_reap(task, count);
    forget(task);
  }
}

// Loaded only where ends are claimed, or usage is to be exact. A leader is freed after all its
// threads, some milliseconds after it was reaped (RCU).
SEC("tp_btf/sched_process_free")
int BPF_PROG(on_free, struct task_struct* task) {
  if (task->pid != task->tgid) return 0;
  stay_on_cpu();
  see_free(task);
  leave_cpu();
  return 0;
}

// ---- Names ----

static __always_inline bool is_in_exec(struct task_struct* task) {
  return bpf_core_field_exists(task->in_execve) && BPF_CORE_READ_BITFIELD(task, in_execve);
}

static __always_inline void see_rename(struct task_struct* task, const char* comm) {
  struct cpu_counters* count = begin_telling(EVENT_COMM);
  if (!count) return;
  uint64_t old[COMM_BYTES / 8];
  copy_comm((char*)old, task);
  uint64_t new[COMM_BYTES / 8] = {};
  bpf_probe_read_kernel_str(new, sizeof(new), comm);
  if (old[0] == new[0] && old[1] == new[1]) return;
  if (filters && (!is_followed(task) || is_left_out(EVENT_COMM))) {
    __sync_fetch_and_add(&count->others_filtered, 1);  // a reap may come in between
    return;
  }
  if (is_crowded()) {
    __sync_fetch_and_add(&count->others_lost, 1);
    return;
  }
  struct comm_event* event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) {
    __sync_fetch_and_add(&count->others_lost, 1);  // a reap may come in between
    return;
  }
  start_event(&event->header, sizeof(*event), EVENT_COMM);
  event->time_ns = bpf_ktime_get_boot_ns();
  event->start_ns = task->start_boottime;
  event->pid = (uint32_t)task->tgid;
  event->reserved = 0;
  __builtin_memcpy(event->comm, new, sizeof(event->comm));
  bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
  wake_if_wanted();
}

// An exec names the process, too: that is told by the exec.
SEC("tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct* task, const char* comm) {
  if (task->pid != task->tgid || is_in_exec(task)) return 0;
  stay_on_cpu();
  see_rename(task, comm);
  leave_cpu();
  return 0;
}

// Their id stands in execs and ends; the path is known only now without a race.
struct cgroup_scratch {
  struct cgroup_event event;
  char path[PATH_LIMIT];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, uint32_t);
  __type(value, struct cgroup_scratch);
} cgroup_scratch SEC(".maps");

static __always_inline void see_cgroup(struct cgroup* cgroup, const char* path) {
  struct cpu_counters* count = begin_telling(EVENT_CGROUP);
  uint32_t zero = 0;
  struct cgroup_scratch* scratch = bpf_map_lookup_elem(&cgroup_scratch, &zero);
  if (!scratch || !count) return;
  if ((uint32_t)cgroup->root->hierarchy_id != cgroup_hierarchy) return;
  if (filters && is_left_out(EVENT_CGROUP)) {
    __sync_fetch_and_add(&count->others_filtered, 1);
    return;
  }
  if (is_crowded()) {
    __sync_fetch_and_add(&count->others_lost, 1);
    return;
  }
  struct cgroup_event* event = &scratch->event;
  long length = bpf_probe_read_kernel_str(scratch->path, PATH_LIMIT, path);
  uint32_t path_bytes = length > 0 ? (uint32_t)(length - 1) & (PATH_LIMIT - 1) : 0;
  start_event(&event->header, sizeof(*event) + path_bytes, EVENT_CGROUP);
  event->time_ns = bpf_ktime_get_boot_ns();
  event->id = logged_id_of(cgroup);
  event->path_bytes = path_bytes;
  event->reserved = 0;
  if (bpf_ringbuf_output(&events, scratch, sizeof(*event) + path_bytes, BPF_RB_NO_WAKEUP)) {
    __sync_fetch_and_add(&count->others_lost, 1);  // a reap may come in between
    return;
  }
  wake_if_wanted();
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup, struct cgroup* cgroup, const char* path) {
  stay_on_cpu();
  see_cgroup(cgroup, path);
  leave_cpu();
  return 0;
}
