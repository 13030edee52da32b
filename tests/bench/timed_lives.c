// Lives processes one after the other for SECONDS, each by fork, exit and wait; or by vfork, an
// exec of PROGRAM, which is to end at once, and wait. Then tells of each of them, as two numbers of
// 64 bits: when it began, in ns of CLOCK_BOOTTIME, and how many ns it took.
//   timed_lives SECONDS [PROGRAM] >FILE
// inline_cost.sh builds it; static, as a fork takes the longer the more is mapped.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_LIVES_A_SECOND 100000

struct life {
  uint64_t begin_ns;
  uint64_t took_ns;
};

static uint64_t Now(void) {
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static pid_t Begin(char* program) {
  if (program == NULL) return fork();
  char* const args[] = {program, NULL};
  char* const environment[] = {NULL};
  const pid_t child = vfork();
  if (child == 0) {
    execve(program, args, environment);
    _exit(127);
  }
  return child;
}

int main(int argc, char** argv) {
  const uint64_t seconds = argc == 2 || argc == 3 ? strtoull(argv[1], NULL, 10) : 0;
  if (seconds == 0) return 2;
  const size_t most = seconds * MOST_LIVES_A_SECOND;
  struct life* const lives = mmap(NULL, most * sizeof(*lives), PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  // Else each child would have it, too.
  if (lives == MAP_FAILED || madvise(lives, most * sizeof(*lives), MADV_DONTFORK) != 0) return 1;
  const uint64_t end_ns = Now() + seconds * 1000000000;
  size_t count = 0;
  for (uint64_t begin_ns = 0; count < most && begin_ns < end_ns; ++count) {
    begin_ns = Now();
    const pid_t child = Begin(argv[2]);
    if (child == 0) _exit(0);
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) return 1;
    lives[count] = (struct life){.begin_ns = begin_ns, .took_ns = Now() - begin_ns};
  }
  return fwrite(lives, sizeof(*lives), count, stdout) == count && fflush(stdout) == 0 ? 0 : 1;
}
