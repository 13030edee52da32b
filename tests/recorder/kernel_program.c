#include "kernel_program.h"

#include <stdlib.h>
#include <string.h>

#include "bpf/kernel_types.h"

// ---- What the kernel gives a program ----

enum { MAX_ENTRIES = 4096, MAX_KEY_BYTES = 32, E2BIG = 7 };

struct entry {
  const void* map;
  uint8_t key[MAX_KEY_BYTES];
  void* value;
};

static struct entry entries[MAX_ENTRIES];
static uint32_t max_hashed;  // entries of each hash
static uint64_t boot_ns;
static uint32_t this_cpu;
// Once, on another CPU: when the clock is read, or before hashes have been used that often more.
static void (*meanwhile)(void);
static uint32_t uses_before;
static const struct task_struct* looked_at;  // by the snapshot
static program_take take_event;
static void* take_context;

static void happen_meanwhile(void) {
  void (*const happens)(void) = meanwhile;
  meanwhile = NULL;
  if (!happens) return;
  const uint64_t now_ns = boot_ns;
  ++this_cpu;
  happens();
  --this_cpu;
  boot_ns = now_ns;
}

static void use_hash(void) {
  if (uses_before > 0 && --uses_before == 0) happen_meanwhile();
}

static struct entry* find_entry(const void* map, const void* key, size_t key_bytes) {
  for (struct entry* entry = entries; entry < entries + MAX_ENTRIES; ++entry) {
    if (entry->map == map && memcmp(entry->key, key, key_bytes) == 0) return entry;
  }
  return NULL;
}

// As in the kernel the room of an entry that was removed goes to the next one at once, while others
// may still look at it.
enum { MAX_SPARE = 64 };
static struct spare {
  void* value;
  const void* map;
} spare[MAX_SPARE];

static void* take_room(const void* map, size_t bytes) {
  for (struct spare* room = spare; room < spare + MAX_SPARE; ++room) {
    if (room->map != map) continue;
    room->map = NULL;
    return memset(room->value, 0, bytes);
  }
  return calloc(1, bytes);
}

static void give_room_back(const void* map, void* value) {
  for (struct spare* room = spare; room < spare + MAX_SPARE; ++room) {
    if (room->map) continue;
    *room = (struct spare){.value = value, .map = map};
    return;
  }
  free(value);
}

static struct entry* add_entry(const void* map, const void* key, size_t key_bytes,
                               size_t value_bytes) {
  struct entry* entry = entries;
  while (entry < entries + MAX_ENTRIES && entry->map) ++entry;
  if (entry == entries + MAX_ENTRIES) abort();
  entry->map = map;
  memcpy(entry->key, key, key_bytes);
  entry->value = take_room(map, value_bytes);
  return entry;
}

static void remove_entry(struct entry* entry) {
  if (entry->map) give_room_back(entry->map, entry->value);
  memset(entry, 0, sizeof(*entry));
}

static uint32_t count_entries(const void* map) {
  uint32_t count = 0;
  for (const struct entry* entry = entries; entry < entries + MAX_ENTRIES; ++entry) {
    count += entry->map == map;
  }
  return count;
}

// Elements of arrays are there from the begin.
static void* look_up(const void* map, int is_hash, const void* key, size_t key_bytes,
                     size_t value_bytes) {
  if (is_hash) use_hash();
  struct entry* entry = find_entry(map, key, key_bytes);
  if (!entry && !is_hash) entry = add_entry(map, key, key_bytes, value_bytes);
  return entry ? entry->value : NULL;
}

static long update(const void* map, const void* key, size_t key_bytes, const void* value,
                   size_t value_bytes, uint64_t flags) {
  use_hash();
  struct entry* entry = find_entry(map, key, key_bytes);
  if (entry && flags == BPF_NOEXIST) return -EEXIST;
  if (!entry && count_entries(map) >= max_hashed) return -E2BIG;
  if (!entry) entry = add_entry(map, key, key_bytes, value_bytes);
  memcpy(entry->value, value, value_bytes);
  return 0;
}

static long delete (const void* map, const void* key, size_t key_bytes) {
  use_hash();
  struct entry* entry = find_entry(map, key, key_bytes);
  if (!entry) return -ENOENT;
  remove_entry(entry);
  return 0;
}

static uint64_t read_clock(void) {
  if (uses_before == 0) happen_meanwhile();
  return boot_ns;
}

static uint64_t reserved_event[64];
static uint32_t reserved_bytes;

static void* reserve(uint64_t bytes) {
  if (bytes > sizeof(reserved_event)) abort();
  memset(reserved_event, 0, sizeof(reserved_event));
  reserved_bytes = (uint32_t)bytes;
  return reserved_event;
}

static long hand_over(const void* event, uint64_t bytes) {
  take_event(take_context, event, (uint32_t)bytes);
  return 0;
}

static long copy_text(void* to, uint32_t bytes, const void* from) {
  const size_t length = strnlen(from, bytes - 1);
  memcpy(to, from, length);
  ((char*)to)[length] = '\0';
  return (long)length + 1;
}

static long copy(void* to, uint32_t bytes, const void* from) {
  memcpy(to, from, bytes);
  return 0;
}

// How a map is declared tells what it is.
#define IS_HASH(map) (sizeof(*(map)->type) == BPF_MAP_TYPE_HASH * sizeof(int))
#define IS_PER_CPU(map) (sizeof(*(map)->type) == BPF_MAP_TYPE_PERCPU_ARRAY * sizeof(int))
#define KEY_BYTES(map) sizeof(*(map)->key)
#define VALUE_BYTES(map) sizeof(*(map)->value)
#define bpf_map_lookup_elem(map, k)                                                 \
  look_up((const char*)(map) + (IS_PER_CPU(map) ? this_cpu : 0), IS_HASH(map), (k), \
          KEY_BYTES(map), VALUE_BYTES(map))
#define bpf_map_update_elem(map, k, v, flags) \
  update((map), (k), KEY_BYTES(map), (v), VALUE_BYTES(map), (flags))
#define bpf_map_delete_elem(map, k) delete ((map), (k), KEY_BYTES(map))
#define bpf_get_smp_processor_id() this_cpu
#define bpf_ktime_get_boot_ns() read_clock()
#define bpf_jiffies64() boot_ns
#define bpf_ringbuf_reserve(ring, bytes, flags) reserve(bytes)
#define bpf_ringbuf_submit(event, flags) hand_over((event), reserved_bytes)
#define bpf_ringbuf_discard(event, flags) (void)(event)
#define bpf_ringbuf_output(ring, event, bytes, flags) hand_over((event), (bytes))
#define bpf_ringbuf_query(ring, what) 0
#define bpf_probe_read_kernel(to, bytes, from) copy((to), (bytes), (from))
#define bpf_probe_read_kernel_str(to, bytes, from) copy_text((to), (bytes), (from))
#define bpf_probe_read_user(to, bytes, from) copy((to), (bytes), (from))
#define bpf_probe_read_user_str(to, bytes, from) copy_text((to), (bytes), (from))
#define bpf_seq_write(seq, bytes, count) (void)(bytes)

// This kernel is the one that the program was compiled for.
#undef BPF_CORE_READ
#undef BPF_CORE_READ_BITFIELD
#undef bpf_core_field_exists
#undef bpf_core_field_offset
#undef bpf_core_type_size
#undef bpf_core_enum_value
#undef bpf_core_enum_value_exists
#define BPF_CORE_READ(from, member) ((from)->member)
#define BPF_CORE_READ_BITFIELD(from, member) ((from)->member)
#define bpf_core_field_exists(...) 1
#define bpf_core_field_offset(type, member) offsetof(type, member)
#define bpf_core_type_size(type) sizeof(type)
#define bpf_core_enum_value(type, value) (value)
#define bpf_core_enum_value_exists(type, value) 1
#undef SEC
#define SEC(name)
#undef __ksym
#define __ksym
#define on_exit on_process_exit  // the C library has one

// What is set before it is loaded is constant from then on; here it is loaded more than once.
#define const
#include "bpf/process.bpf.c"
#undef const

// ---- What happens ----

struct world {
  struct cred cred;
  struct pid pid;
  struct tty_struct tty;
  struct kernfs_node node;
  struct cgroup_root root;
  struct cgroup cgroup;
  struct css_set cgroups;
  struct super_block block;
  struct inode inode;
  struct file file;
  struct linux_binprm binprm;
  struct mm_struct mm;
  struct signal_struct signal;
  struct task_struct task;
};

// Of a process and its ancestors.
enum { MAX_GENERATIONS = 100 };

static struct task_struct* make_task(struct world* world, const struct program_process* process,
                                     uint64_t now_ns) {
  memset(world, 0, sizeof(*world));
  boot_ns = now_ns;
  world->cred.uid.val = process->uid;
  world->signal.pids[PIDTYPE_SID] = &world->pid;
  world->signal.nr_threads = 1;
  world->cgroup.kn = &world->node;
  world->cgroup.root = &world->root;
  world->cgroups.dfl_cgrp = &world->cgroup;
  world->inode.i_sb = &world->block;
  world->file.f_inode = &world->inode;
  world->binprm = (struct linux_binprm){.file = &world->file, .filename = "/bin/program"};
  struct task_struct* parent = &world->task;
  if (process->parent) {
    parent = make_task(world + 1, process->parent, now_ns);
    parent->signal->live.counter = !process->parent->has_ended;
  }
  world->task = (struct task_struct){.flags = process->is_kernel_thread ? PF_KTHREAD : 0,
                                     .mm = &world->mm,
                                     .exit_code = (int)process->wait_status,
                                     .pid = (int)process->pid,
                                     .tgid = (int)process->pid,
                                     .real_parent = parent,
                                     .group_leader = &world->task,
                                     .start_boottime = process->start_ns,
                                     .real_cred = &world->cred,
                                     .comm = "before",
                                     .signal = &world->signal,
                                     .thread_pid = &world->pid,
                                     .cgroups = &world->cgroups};
  return &world->task;
}

void program_load(const struct program_filter* filter, program_take take, void* context) {
  for (struct entry* entry = entries; entry < entries + MAX_ENTRIES; ++entry) remove_entry(entry);
  max_hashed = 2 * filter->max_judged;
  meanwhile = NULL;
  uses_before = 0;
  take_event = take;
  take_context = context;
  filters = filter->filters;
  left_out_events = filter->left_out_events;
  least_lifetime_ns = filter->least_lifetime_ns;
  users_are_left_out = filter->user_is_left_out;
  usage_exact = 1;
  high_water_bytes = UINT64_MAX;
  generation = 1;
  judging_filter = 1;
  memset((void*)&shared, 0, sizeof(shared));
  shared.active = 1;
  shared.tells_apart = 1;
  const uint8_t listed = 1;
  update(&filtered_users, &filter->uid, sizeof(filter->uid), &listed, sizeof(listed), BPF_ANY);
}

void program_judge_anew(void) { ++judging_filter; }
void program_be_of(uint64_t wanted) { generation = wanted; }
void program_activate(uint64_t wanted) { shared.active = wanted; }

void program_fork(const struct program_process* process, uint64_t now_ns) {
  struct world worlds[MAX_GENERATIONS];
  struct task_struct* task = make_task(worlds, process, now_ns);
  unsigned long long arguments[] = {(uintptr_t)task, (uintptr_t)task};
  on_fork(arguments);
}

void program_exec(const struct program_process* process, uint64_t now_ns) {
  struct world worlds[MAX_GENERATIONS];
  struct task_struct* task = make_task(worlds, process, now_ns);
  unsigned long long arguments[] = {(uintptr_t)task, process->pid, (uintptr_t)&worlds->binprm};
  on_exec(arguments);
}

void program_rename(const struct program_process* process, uint64_t now_ns) {
  struct world worlds[MAX_GENERATIONS];
  struct task_struct* task = make_task(worlds, process, now_ns);
  unsigned long long arguments[] = {(uintptr_t)task, (uintptr_t) "after"};
  on_rename(arguments);
}

void program_exit(const struct program_process* process, uint64_t now_ns) {
  if (looked_at && looked_at->tgid == (int)process->pid) looked_at->signal->live.counter = 0;
  struct world worlds[MAX_GENERATIONS];
  uint64_t arguments[] = {(uintptr_t)make_task(worlds, process, now_ns), 1};
  on_exit(arguments);
}

void program_free(const struct program_process* process, uint64_t now_ns) {
  struct world worlds[MAX_GENERATIONS];
  unsigned long long arguments[] = {(uintptr_t)make_task(worlds, process, now_ns)};
  on_free(arguments);
}

void program_interrupt(uint32_t at_use, void (*happens)(void)) {
  uses_before = at_use;
  meanwhile = happens;
}

int program_was_interrupted(void) { return !meanwhile; }

int program_show(const struct program_process* process, uint64_t now_ns) {
  struct world worlds[MAX_GENERATIONS];
  struct task_struct* task = make_task(worlds, process, now_ns);
  task->signal->live.counter = !process->has_ended;
  looked_at = task;
  const int is_shown = show(task);
  looked_at = NULL;
  return is_shown;
}

uint32_t program_judged(void) { return count_entries(&judged_processes); }

const struct cpu_counters* program_counters(uint32_t of_cpu) {
  const uint32_t interrupted = this_cpu;
  this_cpu = of_cpu;
  const struct cpu_counters* counted = counters_of_this_cpu();
  this_cpu = interrupted;
  return counted;
}
