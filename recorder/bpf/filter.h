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

// Two entries of a process: that it is known, and its birth while that is kept.
enum { ENTRY_KNOWN = 0, ENTRY_BIRTH = 1 };

struct process_key {
  uint64_t start_ns;
  uint32_t pid;
  uint32_t entry;  // ENTRY_...
};

static __always_inline struct process_key key_of(struct task_struct* task) {
  struct process_key key = {.start_ns = start_of_group(task), .pid = (uint32_t)task->tgid};
  return key;
}

static __always_inline struct process_key birth_key_of(struct task_struct* task) {
  struct process_key key = key_of(task);
  key.entry = ENTRY_BIRTH;
  return key;
}

// A process that lives. Who is born may become somebody else before it runs its own program: it is
// judged by its execs and its end, and when a child begins to be told of; until then its birth is
// kept. Once something has been told of it the rest is, too, whatever it is by then: no life is
// without its end in the log because of a filter. Where the map is full it cannot be judged, and is
// told of.
//
// Who is known and has no birth here is followed. Its own hooks, those of its children and a
// snapshot may all come at the same time: the kernel lets one of them remove the birth, and that
// one decides, to tell it or to leave it out. (A compare-and-swap would need 5.12.) Nobody keeps a
// birth twice: what was read before it was removed is whole, although the kernel reuses entries at
// once.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 2);  // set before loading
  __type(key, struct process_key);
  __type(value, struct fork_event);  // empty where it is known
} judged_processes SEC(".maps");

static __always_inline bool is_known(struct task_struct* leader) {
  struct process_key key = key_of(leader);
  return bpf_map_lookup_elem(&judged_processes, &key) != NULL;
}

static __always_inline bool has_kept_birth(struct task_struct* leader) {
  struct process_key key = birth_key_of(leader);
  return bpf_map_lookup_elem(&judged_processes, &key) != NULL;
}

// 0 where it is the caller's to decide; -ENOENT where somebody else has.
static __always_inline long remove_birth(struct task_struct* leader) {
  struct process_key key = birth_key_of(leader);
  return bpf_map_delete_elem(&judged_processes, &key);
}

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

static __always_inline long note_known(struct task_struct* leader) {
  struct process_key key = key_of(leader);
  struct fork_event nothing = {};
  long updated = bpf_map_update_elem(&judged_processes, &key, &nothing, BPF_NOEXIST);
  note_unjudged(updated);
  return updated;
}

// Judges it. Where it passes for the first time its birth may be kept, and is to be told.
static __always_inline bool judge(struct task_struct* leader, uint32_t wait_status,
                                  bool* is_first) {
  if (!(filters & CHANGING_FILTERS)) return passes(leader, wait_status);
  if ((filters & FILTER_FAILED) && wait_status == 0) return false;
  bool known = is_known(leader);
  if (known && !has_kept_birth(leader)) return true;
  if (!passes(leader, wait_status)) return !known && has_unjudged();
  *is_first = known;
  if (!known && !passes_for_good()) note_known(leader);
  return true;
}

// At its end, of one that does not pass: whether it was named or shown in the meantime. If not,
// nobody can from here on.
static __always_inline bool is_named_at_end(struct task_struct* leader) {
  if (!(filters & CHANGING_FILTERS) || (filters & FILTER_FAILED)) return false;
  return is_known(leader) && remove_birth(leader) == -ENOENT;
}

// Whether something has been told of it.
static __always_inline bool is_followed(struct task_struct* leader) {
  if (!filters) return true;
  if (!(filters & CHANGING_FILTERS) || passes_for_good()) return passes(leader, 0);
  return is_known(leader) ? !has_kept_birth(leader) : has_unjudged();
}

// Its birth has been removed before.
static __always_inline void forget(struct task_struct* leader) {
  if (!(filters & CHANGING_FILTERS)) return;
  struct process_key key = key_of(leader);
  bpf_map_delete_elem(&judged_processes, &key);
}

static __always_inline bool has_ended(struct task_struct* leader) {
  return leader->signal->live.counter == 0;
}

// False where the hook of his end was faster: he is told of by that, or not at all.
static __always_inline bool show_known(struct task_struct* leader) {
  return remove_birth(leader) == 0 || !has_ended(leader);
}

// Of who was not known before. His hooks may come in between; where he is just being born, that one
// sees that he is known by now.
static __always_inline bool begin_to_show(struct task_struct* leader) {
  long updated = note_known(leader);
  if (updated == -EEXIST) return show_known(leader);
  if (updated || !has_ended(leader)) return true;
  forget(leader);  // nobody else may: the hook of his end was perhaps before
  return false;
}

// For a snapshot: whether it shows him, and he is followed from now on. His birth is not told any
// more: what he is by now is.
static __always_inline bool show(struct task_struct* leader) {
  if (!(filters & CHANGING_FILTERS)) return passes(leader, 0);
  if (filters & FILTER_FAILED) return false;
  bool known = is_known(leader);
  if (known && !has_kept_birth(leader)) return !has_ended(leader);
  if (!passes(leader, 0)) return !known && has_unjudged() && !has_ended(leader);
  if (has_ended(leader)) return false;
  if (known) return show_known(leader);
  return passes_for_good() || begin_to_show(leader);
}

// ---- Births that were kept ----

enum { MAX_KEPT_ANCESTORS = 32 };

// Of one that begins to be told of and, from the parent up, of its ancestors.
struct kept_births {
  uint32_t has_own;
  uint32_t ancestors;  // in memory, so that the verifier goes through them once and not for each
  struct fork_event own;
  struct fork_event of_ancestors[MAX_KEPT_ANCESTORS];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, uint32_t);
  __type(value, struct kept_births);
} births_to_tell SEC(".maps");

// True where it was kept until now, and is the caller's to tell.
static __always_inline bool take_birth(struct task_struct* leader, struct fork_event* birth) {
  struct process_key key = birth_key_of(leader);
  struct fork_event* kept = bpf_map_lookup_elem(&judged_processes, &key);
  if (!kept) return false;
  *birth = *kept;
  return bpf_map_delete_elem(&judged_processes, &key) == 0;
}

// Records name the parent: he is told of with his child, and from then on, even if he is too young
// yet. It ends below the first one who is followed, not asked for or too far up; those above him
// are told of when somebody else names them, or when they are judged themselves.
static __always_inline void take_births(struct task_struct* leader, struct kept_births* kept) {
  kept->has_own = take_birth(leader, &kept->own);
  struct task_struct* ancestor = leader;
  uint32_t found = 0;
  for (; found < MAX_KEPT_ANCESTORS; ++found) {
    ancestor = ancestor->real_parent->group_leader;
    if (!has_kept_birth(ancestor) || !is_asked_for(ancestor)) break;
    if (!take_birth(ancestor, &kept->of_ancestors[found])) break;
  }
  kept->ancestors = found;
}
