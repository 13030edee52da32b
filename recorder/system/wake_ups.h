// Everything that may wake the recorder, behind one wait.
#pragma once

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include "daybook/result.h"
#include "system/file_descriptor.h"

namespace daybook {

// Why the recorder woke.
struct Woken {
  bool by_source = false;    // it wants to be drained
  bool by_turn = false;      // the drain interval is over
  bool by_anchor = false;    // a clock anchor is due
  bool by_step = false;      // the wall clock was set
  bool by_end = false;       // the duration is over
  bool by_watchdog = false;  // a sign of life is due
  int by_signal = 0;         // one of RecorderSignals()
};

// How often it wakes by itself; 0 is never.
struct WakeUpTimes {
  uint64_t anchor_interval_ns = 0;
  uint64_t watchdog_interval_ns = 0;
  uint64_t duration_ns = 0;
};

// SIGTERM and SIGINT end recording, SIGUSR2 hands over to another recorder, SIGHUP begins a new
// segment, SIGUSR1 asks for the status. To be blocked in all threads, so that they wait to be read.
sigset_t RecorderSignals();

class WakeUps {
 public:
  // source_fd -1 is none.
  static Result<WakeUps> Create(int source_fd, const WakeUpTimes& times);

  // Drain turns come at this interval from now on; 0 ends them.
  void SetTurns(uint64_t interval_ns);

  // Sleeps until something happens.
  Result<Woken> Wait();

 private:
  FileDescriptor epoll_, signals_, turn_, anchor_, step_, end_, watchdog_;
};

}  // namespace daybook
