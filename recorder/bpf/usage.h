// What a process used: the kernel's sums over the threads that are gone, plus those that remain.
#pragma once

#include "events.h"
#include "kernel_types.h"

// At the end of a group few threads remain, as each leaves the list when it ends; only many that
// end at the same moment come near this.
enum { MAX_THREADS_WALKED = 64 };

// Nothing but these, once all threads are gone. Those of I/O may be its children's, too.
static __always_inline void read_group_sums(struct usage* usage, struct signal_struct* signal) {
  usage->utime_ns = signal->utime;
  usage->stime_ns = signal->stime;
  usage->cpu_ns = signal->sum_sched_runtime;
  usage->minflt = signal->min_flt;
  usage->majflt = signal->maj_flt;
  usage->nvcsw = signal->nvcsw;
  usage->nivcsw = signal->nivcsw;
  if (bpf_core_field_exists(signal->ioac.rchar)) {
    usage->rchar = signal->ioac.rchar;
    usage->wchar = signal->ioac.wchar;
  } else {
    usage->rchar = USAGE_UNKNOWN;
    usage->wchar = USAGE_UNKNOWN;
  }
  if (bpf_core_field_exists(signal->ioac.read_bytes)) {
    usage->read_bytes = signal->ioac.read_bytes;
    usage->write_bytes = signal->ioac.write_bytes;
  } else {
    usage->read_bytes = USAGE_UNKNOWN;
    usage->write_bytes = USAGE_UNKNOWN;
  }
}

// To a process's sums of I/O, and to these alone, the kernel adds what a child did when it is
// waited for. Where threads have left as well, nobody can tell whose they are.
static __always_inline bool has_waited(struct signal_struct* signal) {
  // Each child has faulted, or was switched from at its end.
  return (signal->cmin_flt | signal->cnvcsw | signal->cnivcsw) != 0;
}

static __always_inline void set_io(struct usage* usage, uint64_t number) {
  if (bpf_core_field_exists(((struct signal_struct*)0)->ioac.rchar)) {
    usage->rchar = number;
    usage->wchar = number;
  }
  if (bpf_core_field_exists(((struct signal_struct*)0)->ioac.read_bytes)) {
    usage->read_bytes = number;
    usage->write_bytes = number;
  }
}

static __always_inline void add_io(struct usage* usage, struct task_struct* task) {
  if (bpf_core_field_exists(task->ioac.rchar)) {
    usage->rchar += task->ioac.rchar;
    usage->wchar += task->ioac.wchar;
  }
  if (bpf_core_field_exists(task->ioac.read_bytes)) {
    usage->read_bytes += task->ioac.read_bytes;
    usage->write_bytes += task->ioac.write_bytes;
  }
}

static __always_inline void add_only_thread(struct usage* usage, struct task_struct* task) {
  usage->utime_ns += task->utime;
  usage->stime_ns += task->stime;
  usage->cpu_ns += task->se.sum_exec_runtime;
  usage->minflt += task->min_flt;
  usage->majflt += task->maj_flt;
  usage->nvcsw += task->nvcsw;
  usage->nivcsw += task->nivcsw;
  add_io(usage, task);
}

static __always_inline void add_thread(struct usage* usage, struct task_struct* thread) {
  usage->utime_ns += BPF_CORE_READ(thread, utime);
  usage->stime_ns += BPF_CORE_READ(thread, stime);
  usage->cpu_ns += BPF_CORE_READ(thread, se.sum_exec_runtime);
  usage->minflt += BPF_CORE_READ(thread, min_flt);
  usage->majflt += BPF_CORE_READ(thread, maj_flt);
  usage->nvcsw += BPF_CORE_READ(thread, nvcsw);
  usage->nivcsw += BPF_CORE_READ(thread, nivcsw);
  if (bpf_core_field_exists(thread->ioac.rchar)) {
    usage->rchar += BPF_CORE_READ(thread, ioac.rchar);
    usage->wchar += BPF_CORE_READ(thread, ioac.wchar);
  }
  if (bpf_core_field_exists(thread->ioac.read_bytes)) {
    usage->read_bytes += BPF_CORE_READ(thread, ioac.read_bytes);
    usage->write_bytes += BPF_CORE_READ(thread, ioac.write_bytes);
  }
}

// A leader that ended first stays in the list as a zombie with all that it used. Any other thread
// may still run, or move its numbers into the group's sums right now.
static __always_inline bool is_settled(struct task_struct* thread, struct task_struct* current) {
  return thread == current || BPF_CORE_READ(thread, exit_state) == EXIT_ZOMBIE;
}

// Returns flags of what was learned of the process.
static __always_inline uint32_t add_threads(struct usage* usage, struct task_struct* current,
                                            int expected) {
  const uint64_t node_offset = bpf_core_field_offset(struct task_struct, thread_node);
  struct list_head* head = &current->signal->thread_head;
  struct list_head* node = BPF_CORE_READ(head, next);
  uint32_t flags = 0;
  int walked = 0;
  for (int i = 0; i < MAX_THREADS_WALKED && node != head; ++i) {
    struct task_struct* thread = (struct task_struct*)((char*)node - node_offset);
    add_thread(usage, thread);
    if (BPF_CORE_READ(thread, flags) & PF_SUPERPRIV) flags |= PROCESS_SUPERUSER;
    if (!is_settled(thread, current)) flags |= PROCESS_USAGE_PARTIAL;
    node = BPF_CORE_READ(node, next);
    ++walked;
  }
  // Counted before the sums were read: a thread that left since then is in neither.
  if (walked != expected) flags |= PROCESS_USAGE_PARTIAL;
  return flags;
}

// By the scheduler's clock, of the process that `task` is a thread of, but for the others that it
// has: at an exec it is alone.
static __always_inline uint64_t cpu_so_far(struct task_struct* task) {
  return task->signal->sum_sched_runtime + task->se.sum_exec_runtime;
}

// Of the address space alone, unlike signal->maxrss; 0 where it is gone already (before 6.16). The
// kernel keeps up to 32 pages of each counter with each CPU, or twice the number of CPUs: so much
// may be missing.
static __always_inline uint64_t image_maxrss(struct task_struct* task) {
  if (!bpf_core_field_exists(struct trace_event_raw_sched_process_exit, group_dead)) return 0;
  struct mm_struct* mm = task->mm;
  if (!mm) return 0;
  int64_t pages = mm->rss_stat[MM_FILEPAGES].count + mm->rss_stat[MM_ANONPAGES].count +
                  mm->rss_stat[MM_SHMEMPAGES].count;
  int64_t high_water = (int64_t)mm->hiwater_rss;
  return (uint64_t)(pages > high_water ? pages : high_water);
}

static __always_inline void read_usage(struct exit_event* event, struct task_struct* current) {
  struct signal_struct* signal = current->signal;
  int threads = signal->nr_threads;
  // The group's flags also remember the threads that are gone.
  if (bpf_core_field_exists(signal->pacct) && (signal->pacct.ac_flag & ASU)) {
    event->flags |= PROCESS_SUPERUSER;
  }
  read_group_sums(&event->usage, signal);
  if (has_waited(signal)) set_io(&event->usage, 0);
  if (threads == 1) {
    add_only_thread(&event->usage, current);
  } else {
    event->flags |= add_threads(&event->usage, current, threads);
  }
  if (has_waited(signal) && signal->sum_sched_runtime != 0) set_io(&event->usage, USAGE_UNKNOWN);
  // Set from the address space in do_exit() before the tracepoint; inherited over fork and exec, as
  // getrusage(2) has it.
  event->maxrss_pages = signal->maxrss;
  event->image_maxrss_pages = image_maxrss(current);
  event->children_cpu_ns = signal->cutime + signal->cstime;
}

// All threads have left, the leader as the last one. Where it ran on behind its reaping, or alone
// left so, its I/O is unknown here: what its end told holds.
static __always_inline void read_usage_of_reaped(struct usage* usage, struct task_struct* leader) {
  struct signal_struct* signal = leader->signal;
  read_group_sums(usage, signal);
  if (!has_waited(signal)) return;
  set_io(usage, 0);
  add_io(usage, leader);
  if (signal->sum_sched_runtime != leader->se.sum_exec_runtime) set_io(usage, USAGE_UNKNOWN);
}
