// Lives COUNT processes one after the other, by fork and exit, or with an exec between, and prints
// what one of them took: ns of time, and ns of CPU of it and its parent together.
//   lives fork|exec COUNT [EACH]     each EACH-th of them fails, with status 1
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double Now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double Cpu(void) {
  double sum = 0;
  const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
  for (int i = 0; i < 2; ++i) {
    struct rusage used;
    getrusage(whose[i], &used);
    sum += (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e9;
    sum += (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e3;
  }
  return sum;
}

int main(int argc, char** argv) {
  if (argc == 1) return 0;  // what is executed
  if (argc == 2) return 1;  // and fails
  if (argc > 4) return 2;
  const int execs = strcmp(argv[1], "exec") == 0;
  const int count = atoi(argv[2]);
  const int each = argc == 4 ? atoi(argv[3]) : 0;
  const double time = Now();
  const double cpu = Cpu();
  for (int i = 0; i < count; ++i) {
    const int fails = each > 0 && i % each == 0;
    const pid_t child = vfork();
    if (child == 0) {
      if (execs) execl("/proc/self/exe", "lives", fails ? "fails" : NULL, NULL);
      _exit(fails);
    }
    if (child < 0 || waitpid(child, NULL, 0) != child) return 1;
  }
  printf("%.0f %.0f\n", (Now() - time) / count, (Cpu() - cpu) / count);
  return 0;
}
