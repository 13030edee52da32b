// What is left out on request, before it takes room in the ring. What is counted as seen is counted
// before. Everything here is set before loading: of a filter that is not asked for, the verifier
// leaves nothing.
#pragma once

#include "events.h"
#include "kernel_types.h"
#include "state.h"
#include "task.h"

const volatile uint32_t filters = 0;             // FILTER_...; the others hold where it says so
const volatile uint32_t left_out_events = 0;     // FILTER_EVENTS: bits, 1 << EVENT_...
const volatile uint64_t least_lifetime_ns = 0;   // FILTER_LIFETIME
const volatile uint64_t followed_cgroup_id = 0;  // FILTER_CGROUP
const volatile uint32_t users_are_left_out = 0;  // FILTER_USERS: those in the map, else all others
const volatile uint64_t judging_filter = 0;      // a hash of all that judges processes; not 0

enum { MAX_CGROUP_DEPTH = 64 };

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);  // set before loading
  __type(key, uint32_t);   // real user id
  __type(value, uint8_t);
} filtered_users SEC(".maps");

struct process_key {
  uint64_t start_ns;
  uint32_t pid;
  uint32_t reserved;
};

static __always_inline struct process_key key_of(struct task_struct* task) {
  struct process_key key = {.start_ns = start_of_group(task), .pid = (uint32_t)task->tgid};
  return key;
}

// A process that lives. Who is born may become somebody else before it runs its own program: it is
// judged by its execs and its end, and when a child begins to be told of; until then its birth is
// kept. Once something has been told of it the rest is, too, whatever it is by then: no life is
// without its end in the log because of a filter. Where the map is full it cannot be judged, and is
// told of.
//
// Only hooks of the process itself write `is_followed`, or remove what they have looked up. Others
// come in between, a snapshot or a child's hook: while they look at an entry, the process may end,
// and the entry become that of another one who is born (the kernel reuses them at once). So they
// write whom they mean.
struct judged_process {
  struct fork_event birth;  // of no bytes: it was not seen, or has been told
  uint64_t named_start_ns;  // of who is followed because a snapshot shows him, or a child names him
  uint32_t is_followed;
  uint32_t reserved;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);  // set before loading
  __type(key, struct process_key);
  __type(value, struct judged_process);
} judged_processes SEC(".maps");

// From the first one on for which the map had no room, nobody knows of who is not in it whether
// something has been told of him. Where only ends that failed are told, nothing has before it. What
// another filter could not keep is nothing to this one.
static __always_inline bool has_unjudged(void) {
  return !(filters & FILTER_FAILED) && shared.unjudged_filter == judging_filter;
}

// True where the map took it, or has it already.
static __always_inline bool note_unjudged(long updated) {
  if (!updated || updated == -EEXIST) return true;
  if (shared.unjudged_filter != judging_filter) shared.unjudged_filter = judging_filter;
  return false;
}

static __always_inline bool is_in_followed_cgroup(struct task_struct* leader) {
  struct cgroup* cgroup = cgroup_of(leader);
  if (!cgroup) return false;
  for (int i = 0; i < MAX_CGROUP_DEPTH; ++i) {
    if (cgroup->kn->id == followed_cgroup_id) return true;
    struct cgroup_subsys_state* parent = cgroup->self.parent;
    if (!parent) return false;
    cgroup = parent->cgroup;
  }
  return false;
}

static __always_inline bool is_followed_user(struct task_struct* leader) {
  uint32_t uid = leader->real_cred->uid.val;
  bool is_listed = bpf_map_lookup_elem(&filtered_users, &uid) != NULL;
  return is_listed != (users_are_left_out != 0);
}

// Who the process is at this moment.
static __always_inline bool is_asked_for(struct task_struct* leader) {
  if ((filters & FILTER_KERNEL_THREADS) && leader->flags & PF_KTHREAD) return false;
  if ((filters & FILTER_USERS) && !is_followed_user(leader)) return false;
  return !(filters & FILTER_CGROUP) || is_in_followed_cgroup(leader);
}

// And what comes of it; the status only where it is its end.
static __always_inline bool passes(struct task_struct* leader, uint32_t wait_status) {
  if ((filters & FILTER_FAILED) && wait_status == 0) return false;
  if ((filters & FILTER_LIFETIME) && wait_status == 0 &&
      bpf_ktime_get_boot_ns() - leader->start_boottime < least_lifetime_ns) {
    return false;
  }
  return is_asked_for(leader);
}

static __always_inline bool is_left_out(uint32_t event_type) {
  return (filters & FILTER_EVENTS) && (left_out_events & (1u << event_type));
}

// No process becomes a kernel thread: who is none has passed that filter for good, and need not be
// remembered.
static __always_inline bool passes_for_good(void) {
  return (filters & CHANGING_FILTERS) == FILTER_KERNEL_THREADS;
}

static __always_inline bool is_followed_by(const struct judged_process* known,
                                           const struct process_key* key) {
  return known->is_followed || known->named_start_ns == key->start_ns;
}

// Judges it. Where it passes for the first time, its birth is handed to `birth` to be told.
static __always_inline bool judge(struct task_struct* leader, uint32_t wait_status,
                                  struct fork_event** birth) {
  if (!(filters & CHANGING_FILTERS)) return passes(leader, wait_status);
  if ((filters & FILTER_FAILED) && wait_status == 0) return false;
  struct process_key key = key_of(leader);
  struct judged_process* known = bpf_map_lookup_elem(&judged_processes, &key);
  if (known && is_followed_by(known, &key)) return true;
  if (!passes(leader, wait_status)) return !known && has_unjudged();
  if (known) {
    known->is_followed = 1;
    if (known->birth.header.bytes) *birth = &known->birth;
    return true;
  }
  if (passes_for_good()) return true;
  struct judged_process unknown = {.is_followed = 1};
  note_unjudged(bpf_map_update_elem(&judged_processes, &key, &unknown, BPF_ANY));
  return true;
}

// Whether something has been told of it.
static __always_inline bool is_followed(struct task_struct* leader) {
  if (!filters) return true;
  if (!(filters & CHANGING_FILTERS) || passes_for_good()) return passes(leader, 0);
  struct process_key key = key_of(leader);
  struct judged_process* known = bpf_map_lookup_elem(&judged_processes, &key);
  return known ? is_followed_by(known, &key) : has_unjudged();
}

static __always_inline void forget(struct task_struct* leader) {
  if (!(filters & CHANGING_FILTERS)) return;
  struct process_key key = key_of(leader);
  bpf_map_delete_elem(&judged_processes, &key);
}

static __always_inline bool has_ended(struct task_struct* leader) {
  return leader->signal->live.counter == 0;
}

// Of who was not known before. His hooks may come in between.
static __always_inline bool begin_to_show(struct task_struct* leader,
                                          const struct process_key* key) {
  struct judged_process shown = {.named_start_ns = key->start_ns};
  long updated = bpf_map_update_elem(&judged_processes, key, &shown, BPF_NOEXIST);
  if (updated == -EEXIST) {
    struct judged_process* known = bpf_map_lookup_elem(&judged_processes, key);
    if (known) known->named_start_ns = key->start_ns;
    return true;
  }
  note_unjudged(updated);
  if (updated || !has_ended(leader)) return true;
  forget(leader);  // nobody else may: the hook of his end was perhaps before
  return false;
}

// For a snapshot: whether it shows him, and he is followed from now on. His birth is not told any
// more: what he is by now is.
static __always_inline bool show(struct task_struct* leader) {
  if (!(filters & CHANGING_FILTERS)) return passes(leader, 0);
  if (filters & FILTER_FAILED) return false;
  struct process_key key = key_of(leader);
  struct judged_process* known = bpf_map_lookup_elem(&judged_processes, &key);
  if (known && is_followed_by(known, &key)) return !has_ended(leader);
  if (!passes(leader, 0)) return !known && has_unjudged() && !has_ended(leader);
  if (has_ended(leader)) return false;
  if (!known) return passes_for_good() || begin_to_show(leader, &key);
  known->named_start_ns = key.start_ns;
  return true;
}

// ---- Ancestors ----

enum { MAX_KEPT_ANCESTORS = 32 };

// Births that were kept until now, from the parent up.
struct kept_births {
  uint32_t count;  // in memory, so that the verifier goes through them once and not for each
  uint32_t reserved;
  struct fork_event births[MAX_KEPT_ANCESTORS];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, uint32_t);
  __type(value, struct kept_births);
} ancestors_births SEC(".maps");

// Of an ancestor of somebody who is told of: true where the birth was kept until now, and is to be
// told. Only the hook of the ancestor's own end removes what is read here: where that cannot have
// come yet, it finds him followed. Two children may both come first: then his birth is told twice.
static __always_inline bool begin_to_follow(struct task_struct* leader, struct fork_event* birth) {
  struct process_key key = key_of(leader);
  struct judged_process* known = bpf_map_lookup_elem(&judged_processes, &key);
  if (!known || is_followed_by(known, &key) || !known->birth.header.bytes) return false;
  if (has_ended(leader) || !is_asked_for(leader)) return false;
  *birth = known->birth;
  known->named_start_ns = key.start_ns;
  return !has_ended(leader);
}

// Of who begins to be told of. Records name the parent: he is told of before, and from then on,
// even if he is too young yet. Those above a followed one have been told when he began to be.
static __always_inline void follow_ancestors(struct task_struct* leader, struct kept_births* kept) {
  struct task_struct* ancestor = leader;
  uint32_t found = 0;
  for (; found < MAX_KEPT_ANCESTORS; ++found) {
    ancestor = ancestor->real_parent->group_leader;
    if (!begin_to_follow(ancestor, &kept->births[found])) break;
  }
  kept->count = found;
}
