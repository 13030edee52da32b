// What both sides share, and whose turn it is to tell.
#pragma once

#include "events.h"
#include "kernel_types.h"

const volatile uint64_t generation = 0;  // set before loading

// Mapped by the recorder.
volatile struct shared_state shared = {};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);  // one for each number of a CPU; set before loading
  __type(key, uint32_t);
  __type(value, struct cpu_counters);
} counters SEC(".maps");

static __always_inline struct cpu_counters* counters_of_this_cpu(void) {
  uint32_t cpu = bpf_get_smp_processor_id();
  return bpf_map_lookup_elem(&counters, &cpu);
}

// All hooks of a recorder begin at one moment; and where it takes over from another one, whose
// hooks write into the same ring, those end at the same moment. What happens just then both are
// called for, the older ones first: to whom it is left, `teller` says. Begins every hook, before
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
