// What the BPF program and the recorder say to each other: the events in the ring, the records of
// the snapshot, the counters. Plain C for both sides, named as in the kernel; native byte order.
// NOLINTBEGIN(readability-identifier-naming)
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifndef __cplusplus
#define static_assert _Static_assert
#endif

enum {
  EVENT_FORK = 1,
  EVENT_EXEC = 2,
  EVENT_EXIT = 3,
  EVENT_SNAPSHOT = 4,  // read from the iterator, never in the ring
  EVENT_REAP = 5,
  EVENT_COMM = 6,
  EVENT_CGROUP = 7,
  EVENT_LEFT_OUT = 8,  // in a snapshot, as EVENT_SNAPSHOT
  EVENT_THREAD = 9,    // the same
};

// Bits of `flags`; the same as kProc... in daybook/records.h.
enum {
  PROCESS_KERNEL_THREAD = 1,
  PROCESS_NEVER_EXECED = 2,
  PROCESS_SUPERUSER = 4,
  PROCESS_OOM_KILLED = 8,
  PROCESS_USAGE_PARTIAL = 16,
  PROCESS_USAGE_EXACT = 64,
};

// How much of the arguments is captured.
enum {
  ARGS_NONE = 0,
  ARGS_FIRST = 1,  // argv[0] only
  ARGS_ALL = 2,
};

// By what the hierarchy of cgroups is found that is recorded.
enum {
  CGROUPS_V2 = 0,
  CGROUPS_OF_PIDS = 1,  // controllers of version 1
  CGROUPS_OF_MEMORY = 2,
};

// An id has its hierarchy's number in the bits from here on: 0 in version 2.
enum { CGROUP_NUMBER_SHIFT = 44 };

// What is left out, as bits.
enum {
  FILTER_EVENTS = 1,  // some types of events
  FILTER_FAILED = 2,  // all but ends with a status that is not 0
  FILTER_USERS = 4,
  FILTER_CGROUP = 8,     // all outside of one
  FILTER_LIFETIME = 16,  // what is younger, unless it has failed
  // What is born as a kernel thread executes a program before 5.19: the kernel's own helpers.
  FILTER_KERNEL_THREADS = 32,
  // Their verdict on a process may be another one later.
  CHANGING_FILTERS =
      FILTER_FAILED | FILTER_USERS | FILTER_CGROUP | FILTER_LIFETIME | FILTER_KERNEL_THREADS,
};

#define USAGE_UNKNOWN UINT64_MAX

enum {
  ID_UNKNOWN = 0xffffffffu,  // (uid_t)-1: no login, or a kernel without audit
  COMM_BYTES = 16,           // TASK_COMM_LEN, with the NUL
  PATH_LIMIT = 4096,         // PATH_MAX, with the NUL
  ARGS_LIMIT = 4096,         // the most that can be captured
};

struct event_header {
  uint32_t bytes;  // of the whole event, this header and trailing strings included
  uint16_t type;   // EVENT_...
  uint16_t reserved;
};

// As the initial namespaces know them.
struct process_ids {
  uint32_t uid;
  uint32_t euid;
  uint32_t suid;
  uint32_t gid;
  uint32_t egid;
  uint32_t sgid;
  uint32_t login_uid;  // ID_UNKNOWN where nobody logged in
  uint32_t sid;
  uint32_t tty;            // major << 20 | minor; 0 is none
  uint32_t audit_session;  // ID_UNKNOWN where nobody logged in
  uint64_t cgroup_id;      // with its hierarchy's number; 0 is unknown
};

struct fork_event {
  struct event_header header;
  uint64_t start_ns;
  uint64_t parent_start_ns;
  uint32_t pid;
  uint32_t ppid;
  uint32_t flags;
  uint32_t uid;
  uint32_t euid;
  uint32_t gid;
  uint32_t egid;
  uint32_t sid;
  uint32_t namespace_level;  // of pid namespaces; 0 is the first one
  uint32_t namespace_pid;
};

// Followed by exe_captured bytes of path and args_captured bytes of arguments.
struct exec_event {
  struct event_header header;
  uint64_t time_ns;
  uint64_t start_ns;
  uint32_t pid;
  uint32_t old_tid;  // 0 where the leader itself called exec
  struct process_ids ids;
  uint64_t exe_inode;
  uint32_t exe_device;    // major << 20 | minor
  uint32_t exe_captured;  // without NUL; always the whole path
  uint32_t args_bytes;    // true length
  uint32_t args_captured;
  uint32_t args_known;  // 0: not asked for, or not readable
  uint32_t reserved;
  char comm[COMM_BYTES];
  uint64_t cpu_ns;  // of the whole process so far
};

// What all threads of a process used together; USAGE_UNKNOWN where the kernel does not count it.
struct usage {
  uint64_t utime_ns;
  uint64_t stime_ns;
  uint64_t cpu_ns;
  uint64_t minflt;
  uint64_t majflt;
  uint64_t nvcsw;
  uint64_t nivcsw;
  uint64_t rchar;
  uint64_t wchar;
  uint64_t read_bytes;
  uint64_t write_bytes;
};

struct exit_event {
  struct event_header header;
  uint64_t time_ns;
  uint64_t start_ns;
  uint64_t parent_start_ns;
  uint32_t pid;
  uint32_t ppid;
  uint32_t wait_status;
  uint32_t flags;
  struct process_ids ids;
  struct usage usage;
  uint64_t maxrss_pages;
  uint64_t image_maxrss_pages;  // 0 is unknown
  uint64_t children_cpu_ns;
  char comm[COMM_BYTES];
};

struct reap_event {
  struct event_header header;
  uint64_t time_ns;  // to a tick of the kernel
  uint64_t start_ns;
  uint32_t pid;
  uint32_t flags;
  struct usage usage;
};

struct comm_event {
  struct event_header header;
  uint64_t time_ns;
  uint64_t start_ns;
  uint32_t pid;
  uint32_t reserved;
  char comm[COMM_BYTES];
};

// Followed by path_bytes of path.
struct cgroup_event {
  struct event_header header;
  uint64_t time_ns;
  uint64_t id;
  uint32_t path_bytes;
  uint32_t reserved;
};

// Followed by exe_captured bytes of path.
struct snapshot_event {
  struct event_header header;
  uint64_t start_ns;
  uint64_t parent_start_ns;
  uint32_t pid;
  uint32_t ppid;
  struct process_ids ids;
  uint32_t flags;
  uint32_t exe_captured;  // 0 is unknown
  uint32_t args_bytes;    // true length; the arguments themselves are read elsewhere
  uint32_t namespace_level;
  uint32_t namespace_pid;
  uint32_t reserved;
  uint64_t cpu_ns;  // of its leader, and of threads that have left
  char comm[COMM_BYTES];
};

// Written by both sides. With the ring and the counters it is what a recorder finds that follows
// another one (bpf_pins.h).
struct shared_state {
  uint32_t layout;            // EVENT_LAYOUT of who made it
  uint32_t idle;              // 1: the recorder sleeps until it is woken
  uint32_t high_water_armed;  // 1: wake it when the ring fills
  uint32_t tells_apart;       // 1: what `teller` says holds
  uint64_t active;            // programs of this generation record, all others do nothing
  uint64_t judging_filter;    // whose verdicts are kept, as a hash; 0 is nobody's
  uint64_t unjudged_filter;   // not all could be kept until it judges them: they are told of
  uint8_t log_stream[16];     // of the log that all this is for; zero: nothing of it is written yet
  uint64_t unwritten[2];      // events that were given back to the ring and are not in the log
  // Twice a number, plus which of all pairs holds: one store moves from one to the other. What may
  // be in the log although it was not given back has this number there, or a later one; losses are
  // those up to it.
  uint64_t committed;
  // Types of events, as in a filter, that the recorder has from another source: of these nothing
  // waits for the next one.
  uint32_t beside_types;
  uint32_t reserved;
  // As hashes: by which the active programs record, and which the log tells of; 0 is none. What was
  // left out in between by another one, the log does not account for.
  uint64_t active_filter;
  uint64_t told_filter;
  // Likewise how much is told of each event, as event_detail.h has it.
  uint32_t active_detail;
  uint32_t told_detail;
  uint64_t run_id;  // that the log has, too, where nobody else has written to it since
};

// A process that lives and is left out on request.
struct left_out_event {
  struct event_header header;
  uint32_t pid;
  uint32_t reserved;
};

// Another thread of a process than its leader.
struct thread_event {
  struct event_header header;
  uint32_t pid;  // of the process
  uint32_t reserved;
  uint64_t cpu_ns;
};

struct told_counts {
  uint64_t forks;
  uint64_t execs;
  uint64_t exits;
  uint64_t others;
};

// Of one CPU: running totals and what it must remember. It writes two cache lines, in the usual
// case only the first one; the third is the recorder's.
struct cpu_counters {
  uint64_t forks_seen;  // processes and threads
  uint64_t execs_seen;
  uint64_t exits_seen;    // of whole processes
  uint64_t threads_seen;  // that part of forks_seen which gives no event
  uint64_t tick;          // of the kernel's jiffies, and the time when it was first looked at
  uint64_t tick_ns;
  uint64_t teller;          // whose hooks, by generation, were the last to tell of anything
  uint64_t reap_teller;     // the same, of reaps: these come in between
  uint64_t forks_filtered;  // left out on request
  uint64_t execs_filtered;
  uint64_t exits_filtered;
  uint64_t others_filtered;
  uint64_t forks_lost;  // no room in the ring
  uint64_t execs_lost;
  uint64_t exits_lost;
  uint64_t others_lost;
  struct told_counts told[2];  // of those that were lost, what the log tells of
};

// Raise it with every change of what stands above, but for what only an iterator writes: events
// wait in the ring for another recorder.
enum { EVENT_LAYOUT = 8 };

static_assert(sizeof(struct event_header) == 8, "event header");
static_assert(sizeof(struct process_ids) == 48, "process ids");
static_assert(sizeof(struct fork_event) == 64, "fork event");
static_assert(sizeof(struct exec_event) == 136, "exec event");
static_assert(offsetof(struct exec_event, ids) == 32, "exec ids");
static_assert(offsetof(struct exec_event, comm) == 112, "exec comm");
static_assert(sizeof(struct exit_event) == 224, "exit event");
static_assert(offsetof(struct exit_event, ids) == 48, "exit ids");
static_assert(offsetof(struct exit_event, comm) == 208, "exit comm");
static_assert(sizeof(struct reap_event) == 120, "reap event");
static_assert(sizeof(struct comm_event) == 48, "comm event");
static_assert(sizeof(struct cgroup_event) == 32, "cgroup event");
static_assert(sizeof(struct snapshot_event) == 128, "snapshot event");
static_assert(offsetof(struct snapshot_event, comm) == 112, "snapshot comm");
static_assert(sizeof(struct shared_state) == 120, "shared state");
static_assert(sizeof(struct left_out_event) == 16, "left out event");
static_assert(sizeof(struct thread_event) == 24, "thread event");
static_assert(sizeof(struct cpu_counters) == 192, "counters of a CPU");
static_assert(offsetof(struct cpu_counters, forks_filtered) == 64, "counters of what is not told");
static_assert(offsetof(struct cpu_counters, told) == 128, "told counters");
// NOLINTEND(readability-identifier-naming)
