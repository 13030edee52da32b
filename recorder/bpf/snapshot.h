// An iterator over the living processes.
#pragma once

#include "args.h"
#include "events.h"
#include "filter.h"
#include "kernel_types.h"
#include "path.h"
#include "ring.h"
#include "task.h"
#include "usage.h"

// One for all CPUs: the iterator may sleep, and the recorder takes one snapshot at a time.
struct snapshot_scratch {
  struct path_buffer path;
  char args[ARGS_LIMIT];
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, uint32_t);
  __type(value, struct snapshot_scratch);
} snapshot_scratch SEC(".maps");

static __always_inline void describe_living(struct snapshot_event* event,
                                            struct task_struct* task) {
  struct task_struct* real_parent = task->real_parent;
  event->start_ns = task->start_boottime;
  event->parent_start_ns = start_of_group(real_parent);
  event->pid = (uint32_t)task->tgid;
  event->ppid = (uint32_t)real_parent->tgid;
  event->flags = flags_of(task);
  event->cpu_ns = cpu_so_far(task);
  event->namespace_level = task->thread_pid->level;
  event->namespace_pid = namespace_pid_of(task->thread_pid, event->namespace_level);
  read_ids(&event->ids, task);
  copy_comm(event->comm, task);
}

static __always_inline uint32_t args_to_capture(uint32_t args_bytes) {
  uint32_t limit = captured_limit();
  return args_bytes < limit ? args_bytes : limit;
}

// Sets exe_captured and args_...; 0 where there is no address space (kernel threads).
static __always_inline void read_program(struct snapshot_event* event,
                                         struct snapshot_scratch* scratch, struct task_struct* task,
                                         bool may_sleep) {
  struct mm_struct* mm = task->mm;
  if (!mm || task->flags & PF_KTHREAD) return;
  event->exe_captured = read_path(&scratch->path, mm->exe_file);
  unsigned long begin = mm->arg_start;
  event->args_bytes = (uint32_t)(mm->arg_end - begin);
  if (!may_sleep || args_mode == ARGS_NONE) return;
  uint32_t wanted = args_to_capture(event->args_bytes);
  if (bpf_copy_from_user_task(scratch->args, wanted, (const void*)begin, task, 0)) return;
  event->args_captured = wanted;
  event->args_known = 1;
}

// That it was seen, at least: else it would be looked for elsewhere.
static __always_inline void write_left_out(struct seq_file* seq, struct task_struct* task) {
  struct left_out_event event = {.pid = (uint32_t)task->tgid};
  start_event(&event.header, sizeof(event), EVENT_LEFT_OUT);
  bpf_seq_write(seq, &event, sizeof(event));
}

static __always_inline void write_thread(struct seq_file* seq, struct task_struct* task) {
  struct thread_event event = {.pid = (uint32_t)task->tgid, .cpu_ns = task->se.sum_exec_runtime};
  start_event(&event.header, sizeof(event), EVENT_THREAD);
  bpf_seq_write(seq, &event, sizeof(event));
}

// Where the buffer of the read(2) is full the kernel drops what was written for this task and
// calls again with an empty one.
static __always_inline int write_living(struct bpf_iter__task* context, bool may_sleep) {
  struct seq_file* seq = context->meta->seq;
  struct task_struct* task = context->task;
  uint32_t zero = 0;
  struct snapshot_scratch* scratch = bpf_map_lookup_elem(&snapshot_scratch, &zero);
  if (!scratch || !task) return 0;
  if (task->pid != task->tgid) {
    write_thread(seq, task);
    return 0;
  }
  const bool is_over = has_ended(task);  // and its end has been told
  if (is_over || (filters && !show(task))) {
    write_left_out(seq, task);
    return 0;
  }
  struct snapshot_event event = {};
  describe_living(&event, task);
  read_program(&event, scratch, task, may_sleep);
  uint32_t path_bytes = event.exe_captured & (2 * PATH_LIMIT - 1);
  uint32_t args_bytes = event.args_captured & (2 * ARGS_LIMIT - 1);
  if (path_bytes > PATH_LIMIT || args_bytes > ARGS_LIMIT) return 0;  // never: for the verifier
  start_event(&event.header, sizeof(event) + path_bytes + args_bytes, EVENT_SNAPSHOT);
  bpf_seq_write(seq, &event, sizeof(event));
  bpf_seq_write(seq, &scratch->path.bytes[PATH_LIMIT - path_bytes], path_bytes);
  bpf_seq_write(seq, scratch->args, args_bytes);
  return 0;
}

// Reading another task's arguments may sleep: 5.18.
SEC("iter.s/task")
int snapshot_with_args(struct bpf_iter__task* context) { return write_living(context, true); }

SEC("iter/task")
int snapshot_without_args(struct bpf_iter__task* context) { return write_living(context, false); }
