// The program that runs in the kernel (recorder/bpf/), as a library: what happens to processes is
// made up, and what it would put into the ring is handed over. Plain C for both sides.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bpf/events.h"

#ifdef __cplusplus
extern "C" {
#endif

struct program_filter {
  uint32_t filters;  // FILTER_...
  uint32_t left_out_events;
  uint64_t least_lifetime_ns;
  uint32_t uid;  // FILTER_USERS
  uint32_t user_is_left_out;
  uint32_t max_judged;
};

// As it is at this moment.
struct program_process {
  uint32_t pid;
  uint32_t uid;
  uint32_t is_kernel_thread;
  uint32_t wait_status;
  uint64_t start_ns;
  const struct program_process* parent;  // NULL: its own, as the kernel's first one is
  uint32_t has_ended;                    // as a parent, and for a snapshot
};

typedef void (*program_take)(void* context, const void* event, uint32_t bytes);

// From here on it has seen nothing yet.
void program_load(const struct program_filter* filter, program_take take, void* context);

// From here on they judge by a filter that has not judged anybody.
void program_judge_anew(void);

// The hooks that are called are those of that recorder; 1 at first.
void program_be_of(uint64_t generation);
// That recorder's are to tell; 1 at first.
void program_activate(uint64_t generation);

void program_fork(const struct program_process* process, uint64_t now_ns);
void program_exec(const struct program_process* process, uint64_t now_ns);
void program_rename(const struct program_process* process, uint64_t now_ns);
void program_exit(const struct program_process* process, uint64_t now_ns);
void program_free(const struct program_process* process, uint64_t now_ns);

// Lets something happen on another CPU while the next one of these is called: before it uses its
// hashes the `at_use`-th time, counted from 1; 0 is when it reads the clock.
void program_interrupt(uint32_t at_use, void (*happens)(void));
// False where it has not come to that.
int program_was_interrupted(void);

// Whether a snapshot shows it.
int program_show(const struct program_process* process, uint64_t now_ns);

// Entries that are kept of processes.
uint32_t program_judged(void);

// Of the CPU on which all happens, 0, and of the other one, 1.
const struct cpu_counters* program_counters(uint32_t of_cpu);

#ifdef __cplusplus
}
#endif
