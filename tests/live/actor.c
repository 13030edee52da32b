// A small program that behaves as the tests want it, cheap to start: static, without sanitizers.
//   actor exit CODE [...]     ends with that status
//   actor signal NUMBER [...] ends by that signal
//   actor becomes UID         changes to that user
//   actor sleep               lives until it is killed
//   actor forks COUNT         bears children one after the other; the nth ends with n % 256
//   actor orphans COUNT       the same, but each bears one that fails and ends with 0 at that time
//   actor changes COUNT       bears children one after the other that become another user, are
//                             themselves again, and end
//   actor races COUNT SECONDS the same for that long at most, but both threads of a child leave at
//                             the same time
//   actor storm               the same until SIGTERM, at full speed, and every second child runs a
//                             program; then prints how many there were
//   actor spawn FIRST COUNT   runs itself COUNT times and prints a line "INDEX PID STATUS" of each;
//                             most exit with INDEX % 256, the others end by a signal
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int kSignals[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGILL,  SIGABRT, SIGBUS,  SIGFPE,
                               SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM,
                               SIGXCPU, SIGSYS,  34,      50,      64};
enum {
  kSignalCount = sizeof(kSignals) / sizeof(kSignals[0]),
  kOneInSoManyDiesBySignal = 25,
  kAnHour = 3600
};

static void EndBy(int signal_number) {
  signal(signal_number, SIG_DFL);
  kill(getpid(), signal_number);
  _exit(99);
}

static void Forks(int count, int seconds, void (*end)(int index)) {
  const time_t give_up = time(NULL) + seconds;
  for (int i = 0; i < count && time(NULL) < give_up; ++i) {
    const pid_t child = fork();
    if (child == 0) end(i);
    if (child < 0 || waitpid(child, NULL, 0) != child) _exit(98);
  }
}

static void EndWith(int index) { _exit(index % 256); }

static void EndUnchanged(int index) {
  (void)index;
  _exit(setresuid(2004, 2004, 0) == 0 && setresuid(0, 0, 0) == 0 ? 0 : 95);
}

static void EndBesideChild(int index) {
  (void)index;
  if (fork() == 0) _exit(1);
  _exit(0);
}

static atomic_int at_the_gate;

static void LeaveTogether(void) {
  atomic_fetch_add(&at_the_gate, 1);
  while (atomic_load(&at_the_gate) < 2) sched_yield();
  syscall(SYS_exit, 0);
}

static void* SecondThread(void* unused) {
  LeaveTogether();
  return unused;
}

static void EndAsTwo(int index) {
  (void)index;
  pthread_t thread;
  if (pthread_create(&thread, NULL, SecondThread, NULL) != 0) _exit(97);
  LeaveTogether();
}

static volatile sig_atomic_t is_over;

static void NoteTheEnd(int signal_number) {
  (void)signal_number;
  is_over = 1;
}

// A child that ends at once, as another program where it is to execute one.
static pid_t BearOne(int executes) {
  char actor[] = "actor";
  char* argv[] = {actor, NULL};
  const pid_t child = vfork();
  if (child == 0 && executes) execv("/proc/self/exe", argv);
  if (child == 0) _exit(0);
  return child;
}

static void Storm(void) {
  signal(SIGTERM, NoteTheEnd);
  int count = 0;
  for (; !is_over; ++count) {
    const pid_t child = BearOne(count % 2);
    if (child < 0 || waitpid(child, NULL, 0) != child) _exit(98);
  }
  printf("%d\n", count);
}

static void SpawnOne(int index) {
  const int by_signal = index % kOneInSoManyDiesBySignal == 0;
  char kind[8], number[16], name[16];
  strcpy(kind, by_signal ? "signal" : "exit");
  const int which = index / kOneInSoManyDiesBySignal % kSignalCount;
  snprintf(number, sizeof(number), "%d", by_signal ? kSignals[which] : index % 256);
  snprintf(name, sizeof(name), "i%d", index);
  char actor[] = "actor";
  char* argv[] = {actor, kind, number, name, NULL};
  const pid_t child = vfork();
  if (child == 0) {
    execv("/proc/self/exe", argv);
    _exit(96);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) _exit(98);
  printf("%d %d %d\n", index, (int)child, status);
}

int main(int argc, char** argv) {
  const char* const what = argc > 1 ? argv[1] : "";
  const int number = argc > 2 ? atoi(argv[2]) : 0;
  if (strcmp(what, "exit") == 0) _exit(number);
  if (strcmp(what, "signal") == 0) EndBy(number);
  if (strcmp(what, "becomes") == 0 && setresuid(number, number, number) != 0) _exit(95);
  if (strcmp(what, "sleep") == 0) pause();
  if (strcmp(what, "forks") == 0) Forks(number, kAnHour, EndWith);
  if (strcmp(what, "changes") == 0) Forks(number, kAnHour, EndUnchanged);
  if (strcmp(what, "orphans") == 0) Forks(number, kAnHour, EndBesideChild);
  if (strcmp(what, "races") == 0 && argc > 3) Forks(number, atoi(argv[3]), EndAsTwo);
  if (strcmp(what, "storm") == 0) Storm();
  if (strcmp(what, "spawn") == 0 && argc > 3) {
    for (int i = 0; i < atoi(argv[3]); ++i) SpawnOne(number + i);
  }
  return 0;
}
