// What a process used: the kernel's sums over the threads that are gone, plus those that remain.
#pragma once

#include "events.h"
#include "kernel_types.h"

// At the end of a group few threads remain, as each leaves the list when it ends; only many that
// end at the same moment come near this.
enum { MAX_THREADS_WALKED = 64 };

static __always_inline void add_group_sums(struct exit_event* event, struct signal_struct* signal) {
  event->utime_ns = signal->utime;
  event->stime_ns = signal->stime;
  event->cpu_ns = signal->sum_sched_runtime;
  event->minflt = signal->min_flt;
  event->majflt = signal->maj_flt;
  event->nvcsw = signal->nvcsw;
  event->nivcsw = signal->nivcsw;
  // Set from the address space in do_exit() before the tracepoint; inherited over fork and exec, as
  // getrusage(2) has it.
  event->maxrss_pages = signal->maxrss;
}

static __always_inline void add_only_thread(struct exit_event* event, struct task_struct* task) {
  event->utime_ns += task->utime;
  event->stime_ns += task->stime;
  event->cpu_ns += task->se.sum_exec_runtime;
  event->minflt += task->min_flt;
  event->majflt += task->maj_flt;
  event->nvcsw += task->nvcsw;
  event->nivcsw += task->nivcsw;
}

static __always_inline void add_thread(struct exit_event* event, struct task_struct* thread) {
  event->utime_ns += BPF_CORE_READ(thread, utime);
  event->stime_ns += BPF_CORE_READ(thread, stime);
  event->cpu_ns += BPF_CORE_READ(thread, se.sum_exec_runtime);
  event->minflt += BPF_CORE_READ(thread, min_flt);
  event->majflt += BPF_CORE_READ(thread, maj_flt);
  event->nvcsw += BPF_CORE_READ(thread, nvcsw);
  event->nivcsw += BPF_CORE_READ(thread, nivcsw);
  if (BPF_CORE_READ(thread, flags) & PF_SUPERPRIV) event->flags |= PROCESS_SUPERUSER;
}

// A leader that ended first stays in the list as a zombie with all that it used. Any other thread
// may still run, or move its numbers into the group's sums right now.
static __always_inline bool is_settled(struct task_struct* thread, struct task_struct* current) {
  return thread == current || BPF_CORE_READ(thread, exit_state) == EXIT_ZOMBIE;
}

static __always_inline void add_threads(struct exit_event* event, struct task_struct* current,
                                        int expected) {
  const uint64_t node_offset = bpf_core_field_offset(struct task_struct, thread_node);
  struct list_head* head = &current->signal->thread_head;
  struct list_head* node = BPF_CORE_READ(head, next);
  int walked = 0;
  for (int i = 0; i < MAX_THREADS_WALKED && node != head; ++i) {
    struct task_struct* thread = (struct task_struct*)((char*)node - node_offset);
    add_thread(event, thread);
    if (!is_settled(thread, current)) event->flags |= PROCESS_USAGE_PARTIAL;
    node = BPF_CORE_READ(node, next);
    ++walked;
  }
  // Counted before the sums were read: a thread that left since then is in neither.
  if (walked != expected) event->flags |= PROCESS_USAGE_PARTIAL;
}

static __always_inline void read_usage(struct exit_event* event, struct task_struct* current) {
  struct signal_struct* signal = current->signal;
  int threads = signal->nr_threads;
  // The group's flags also remember the threads that are gone.
  if (bpf_core_field_exists(signal->pacct) && (signal->pacct.ac_flag & ASU)) {
    event->flags |= PROCESS_SUPERUSER;
  }
  add_group_sums(event, signal);
  if (threads == 1) {
    add_only_thread(event, current);
  } else {
    add_threads(event, current, threads);
  }
}
