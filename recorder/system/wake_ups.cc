#include "system/wake_ups.h"

#include <limits>

#include "system/clocks.h"

namespace daybook {
namespace {

// What epoll hands back for each descriptor.
enum Tag : uint32_t { kSource, kTurn, kAnchor, kStep, kEnd, kWatchdog, kSignal };

FileDescriptor Timer(clockid_t clock) {
  return FileDescriptor(timerfd_create(clock, TFD_NONBLOCK | TFD_CLOEXEC));
}

Error CannotSetUp() { return Error::FromErrno("cannot set up the recorder's timers", errno); }

// Armed for a day that does not come: it fires only because somebody sets the wall clock.
void ArmStepTimer(int timer) {
  itimerspec spec = {};
  spec.it_value.tv_sec = std::numeric_limits<time_t>::max();
  timerfd_settime(timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, nullptr);
}

// The counter must be read, or the descriptor stays readable.
void Acknowledge(int timer) {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(timer, &count, sizeof(count));
}

}  // namespace

sigset_t RecorderSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) sigaddset(&signals, signal);
  return signals;
}

Result<WakeUps> WakeUps::Create(int source_fd, const WakeUpTimes& times) {
  WakeUps wake_ups;
  wake_ups.epoll_ = FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
  if (wake_ups.epoll_.get() < 0) return CannotSetUp();
  const sigset_t signals = RecorderSignals();
  wake_ups.signals_ = FileDescriptor(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
  for (FileDescriptor* const timer :
       {&wake_ups.turn_, &wake_ups.anchor_, &wake_ups.end_, &wake_ups.watchdog_}) {
    *timer = Timer(CLOCK_BOOTTIME);
  }
  wake_ups.step_ = Timer(CLOCK_REALTIME);
  const std::pair<int, Tag> watched[] = {{source_fd, kSource},
                                         {wake_ups.turn_.get(), kTurn},
                                         {wake_ups.anchor_.get(), kAnchor},
                                         {wake_ups.step_.get(), kStep},
                                         {wake_ups.end_.get(), kEnd},
                                         {wake_ups.watchdog_.get(), kWatchdog},
                                         {wake_ups.signals_.get(), kSignal}};
  for (const auto& [fd, tag] : watched) {
    if (tag == kSource && fd < 0) continue;
    epoll_event event{.events = EPOLLIN, .data = {.u32 = tag}};
    if (fd < 0 || epoll_ctl(wake_ups.epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
      return CannotSetUp();
    }
  }
  SetTimer(wake_ups.anchor_.get(), times.anchor_interval_ns, times.anchor_interval_ns);
  SetTimer(wake_ups.end_.get(), times.duration_ns, 0);
  SetTimer(wake_ups.watchdog_.get(), times.watchdog_interval_ns, times.watchdog_interval_ns);
  ArmStepTimer(wake_ups.step_.get());
  return wake_ups;
}

void WakeUps::SetTurns(uint64_t interval_ns) { SetTimer(turn_.get(), interval_ns, interval_ns); }

Result<Woken> WakeUps::Wait() {
  std::array<epoll_event, 8> events;
  const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
  Woken woken;
  if (count < 0 && errno != EINTR) return Error::FromErrno("cannot wait for events", errno);
  for (int i = 0; i < count; ++i) {
    switch (events[static_cast<size_t>(i)].data.u32) {
      case kSource:
        woken.by_source = true;
        break;
      case kTurn:
        Acknowledge(turn_.get());
        woken.by_turn = true;
        break;
      case kAnchor:
        Acknowledge(anchor_.get());
        woken.by_anchor = true;
        break;
      case kStep:
        Acknowledge(step_.get());
        ArmStepTimer(step_.get());
        woken.by_step = true;
        break;
      case kEnd:
        Acknowledge(end_.get());
        woken.by_end = true;
        break;
      case kWatchdog:
        Acknowledge(watchdog_.get());
        woken.by_watchdog = true;
        break;
      case kSignal: {
        signalfd_siginfo info = {};
        if (read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
          woken.by_signal = static_cast<int>(info.ssi_signo);
        }
        break;
      }
    }
  }
  return woken;
}

}  // namespace daybook
