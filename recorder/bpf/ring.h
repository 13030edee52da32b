// The ring of events: when its reader is woken, and what room is left to births and ends.
#pragma once

#include "events.h"
#include "kernel_types.h"
#include "state.h"

const volatile uint64_t high_water_bytes = 0;  // a quarter of it; set before loading

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);  // set before loading
} events SEC(".maps");

static __always_inline void start_event(struct event_header* header, uint32_t bytes,
                                        uint16_t type) {
  header->bytes = bytes;
  header->type = type;
  header->reserved = 0;
}

// There is no helper that only wakes: discard an empty record.
static __always_inline bool wake_recorder(void) {
  void* nothing = bpf_ringbuf_reserve(&events, 8, 0);
  if (!nothing) return false;
  bpf_ringbuf_discard(nothing, BPF_RB_FORCE_WAKEUP);
  return true;
}

// Called after an event was submitted without a wakeup. Submitting ends with an xchg() of the
// record's header, a full barrier, so one of both sees the other: this the flag, or the recorder,
// which sets the flag first, the event. Two CPUs may both see a flag before it is cleared; the
// second costs one empty record, and the kernel merges the wakeups. An atomic exchange would need
// 5.12 and gain nothing.
static __always_inline void wake_if_wanted(void) {
  if (shared.idle) {
    shared.idle = 0;  // before the wakeup: afterwards the recorder may set it again
    if (!wake_recorder()) shared.idle = 1;
  } else if (shared.high_water_armed &&
             bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >= high_water_bytes) {
    shared.high_water_armed = 0;
    if (!wake_recorder()) shared.high_water_armed = 1;
  }
}

// Anybody can make as many names and cgroups as he likes, and faster than births: these take no
// more than a quarter of the ring.
static __always_inline bool is_crowded(void) {
  return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >= high_water_bytes;
}

// The kernel may free nobody for a while, and then tens of thousands at once, faster than anybody
// could be woken: reaps leave the last quarter to births and ends, without which there is no life
// whose usage could be exact. Armed, it was not even a quarter full at the last event, or has been
// read since.
static __always_inline bool is_nearly_full(void) {
  return !shared.high_water_armed &&
         bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >= 3 * high_water_bytes;
}
