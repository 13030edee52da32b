// An iterator over the living processes. It reads no memory of theirs: a page of that may be of a
// file system that answers when its owner likes, and whoever asks for it can be held as long.
#pragma once

#include "events.h"
#include "filter.h"
#include "kernel_types.h"
#include "path.h"
#include "ring.h"
#include "task.h"
#include "usage.h"

// One for all CPUs: the recorder takes one snapshot at a time.
struct snapshot_scratch {
  struct path_buffer path;
  char room[PATH_LIMIT];  // for the verifier: it does not see that a later begin is less to read
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

// Sets exe_captured and args_bytes; 0 where there is no address space (kernel threads).
static __always_inline void describe_program(struct snapshot_event* event, struct path_buffer* path,
                                             struct task_struct* task) {
  struct mm_struct* mm = task->mm;
  if (!mm || task->flags & PF_KTHREAD) return;
  event->exe_captured = read_path(path, mm->exe_file);
  event->args_bytes = (uint32_t)(mm->arg_end - mm->arg_start);
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
SEC("iter/task")
int snapshot(struct bpf_iter__task* context) {
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
  describe_program(&event, &scratch->path, task);
  uint32_t path_bytes = event.exe_captured & (2 * PATH_LIMIT - 1);
  if (path_bytes > PATH_LIMIT) return 0;  // never: for the verifier
  start_event(&event.header, sizeof(event) + path_bytes, EVENT_SNAPSHOT);
  bpf_seq_write(seq, &event, sizeof(event));
  bpf_seq_write(seq, &scratch->path.bytes[PATH_LIMIT - path_bytes], path_bytes);
  return 0;
}
