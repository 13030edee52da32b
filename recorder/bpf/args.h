// Which arguments of a program are read, and how.
#pragma once

#include "events.h"
#include "kernel_types.h"

// Set before loading.
const volatile uint32_t args_mode = ARGS_NONE;
const volatile uint32_t args_limit = 0;  // bytes, at most ARGS_LIMIT

static __always_inline uint32_t captured_limit(void) {
  return args_limit < ARGS_LIMIT ? args_limit : ARGS_LIMIT;
}

// Reads the new program's arguments, which execve(2) has just written to its stack. `to` has room
// for ARGS_LIMIT bytes.
static __always_inline void read_args(struct exec_event* event, char* to, struct mm_struct* mm) {
  unsigned long begin = mm->arg_start;
  uint32_t bytes = (uint32_t)(mm->arg_end - begin);
  uint32_t limit = captured_limit();
  event->args_bytes = bytes;
  event->args_captured = 0;
  event->args_known = 0;
  if (args_mode == ARGS_NONE || limit == 0) return;
  uint32_t wanted = bytes < limit ? bytes : limit;
  if (args_mode == ARGS_FIRST) {
    // With the NUL; one that is cut shows the NUL that the helper put over its last byte.
    long length = bpf_probe_read_user_str(to, wanted, (const void*)begin);
    if (length < 0 || length > ARGS_LIMIT) return;
    event->args_captured = (uint32_t)length;
  } else {
    if (bpf_probe_read_user(to, wanted, (const void*)begin)) return;
    event->args_captured = wanted;
  }
  event->args_known = 1;
}
