// What both sides share, and whose turn it is to tell.
#pragma once

#include "events.h"
#include "kernel_types.h"

// Set before loading.
const volatile uint64_t generation = 0;
const volatile uint32_t may_stay_on_cpu = 0;  // the kernel has what stay_on_cpu() calls

// Mapped by the recorder.
volatile struct shared_state shared = {};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);  // one for each number of a CPU; set before loading
  __type(key, uint32_t);
  __type(value, struct cpu_counters);
} counters SEC(".maps");

extern void bpf_preempt_disable(void) __weak __ksym;  // 6.10
extern void bpf_preempt_enable(void) __weak __ksym;

// What is kept for each CPU belongs to one hook until its end, and the kernel calls no hook within
// itself: what happens there meanwhile would be missed. Up to 6.19 the kernel keeps a task on its
// CPU while it is in a tracepoint; later ones may take it away in the middle of a hook. Begins
// every hook, and leave_cpu() ends it. What happens just before the first instruction the kernel
// counts as missed.
static __always_inline void stay_on_cpu(void) {
  if (may_stay_on_cpu) bpf_preempt_disable();
}

static __always_inline void leave_cpu(void) {
  if (may_stay_on_cpu) bpf_preempt_enable();
}

static __always_inline struct cpu_counters* counters_of_this_cpu(void) {
  uint32_t cpu = bpf_get_smp_processor_id();
  return bpf_map_lookup_elem(&counters, &cpu);
}

// All hooks of a recorder begin at one moment; and where it takes over from another one, whose
// hooks write into the same ring, those end at the same moment. What happens just then both are
// called for, the older ones first: to whom it is left, `teller` says. Called by every hook, before
// anything that can differ between the two: this CPU's counters, or NULL where it has nothing to
// tell.
static __always_inline struct cpu_counters* begin_telling(uint32_t event_type) {
  uint64_t active = shared.active;
  if (!active || active > generation) return NULL;
  struct cpu_counters* count = counters_of_this_cpu();
  if (!count) return NULL;
  uint64_t* teller = event_type == EVENT_REAP ? &count->reap_teller : &count->teller;
  if (active < generation) {
    *teller = 0;  // the next call may be for this recorder, and this event is told
    return NULL;
  }
  uint64_t last = *teller;
  *teller = generation;
  bool is_told = last && last != generation && shared.tells_apart;
  return is_told ? NULL : count;
}
