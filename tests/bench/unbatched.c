// What daybookd would be without batches: its own hooks, but made to wake the listener with every
// event, each of which is written with a write of its own, as it comes from the kernel.
//   unbatched FILE     until SIGTERM; then prints how many events there were, and were lost
// recorder_cost.sh builds it, with the skeleton of hooks that are made so.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "process.skel.h"

#define RING_BYTES (16u << 20)

static volatile sig_atomic_t is_over;
static void End(int signal) {
  (void)signal;
  is_over = 1;
}

static unsigned long events;
static int Write(void* file, void* event, size_t bytes) {
  ++events;
  if (write(*(int*)file, event, bytes) != (ssize_t)bytes) exit(1);
  return 0;
}

static unsigned long Lost(const struct process_bpf* skeleton, uint32_t cpus) {
  const int counters = bpf_map__fd(skeleton->maps.counters);
  unsigned long lost = 0;
  for (uint32_t cpu = 0; cpu < cpus; ++cpu) {
    struct cpu_counters count = {0};
    if (bpf_map_lookup_elem(counters, &cpu, &count) != 0) exit(1);
    lost += count.forks_lost + count.execs_lost + count.exits_lost + count.others_lost;
  }
  return lost;
}

int main(int argc, char** argv) {
  const uint32_t cpus = (uint32_t)libbpf_num_possible_cpus();
  struct process_bpf* const skeleton = process_bpf__open();
  if (argc != 2 || skeleton == NULL) return 1;
  skeleton->rodata->args_mode = ARGS_ALL;
  skeleton->rodata->args_limit = 1024;
  skeleton->rodata->usage_exact = 1;
  skeleton->rodata->generation = 1;
  bpf_map__set_max_entries(skeleton->maps.events, RING_BYTES);
  bpf_map__set_max_entries(skeleton->maps.counters, cpus);
  bpf_program__set_autoload(skeleton->progs.snapshot, false);
  if (process_bpf__load(skeleton) != 0 || process_bpf__attach(skeleton) != 0) return 1;
  int file = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
  struct ring_buffer* const ring =
      ring_buffer__new(bpf_map__fd(skeleton->maps.events), Write, &file, NULL);
  if (file < 0 || ring == NULL) return 1;
  const struct sigaction end = {.sa_handler = End};
  sigaction(SIGTERM, &end, NULL);
  skeleton->bss->shared.active = 1;
  fprintf(stderr, "recording\n");
  while (!is_over) ring_buffer__poll(ring, -1);
  printf("%lu %lu\n", events, Lost(skeleton, cpus));
  process_bpf__destroy(skeleton);
  return 0;
}
