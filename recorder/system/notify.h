// What the service manager is told, as sd_notify(3) has it.
#pragma once

#include <cstdint>
#include <string_view>

#include "daybook/result.h"
#include "system/file_descriptor.h"

namespace daybook {

class Notifier {
 public:
  // Tells nobody.
  Notifier() = default;
  // Connects to the datagram socket of that address, a path or, behind a "@", an abstract name; it
  // is what NOTIFY_SOCKET says, or nullptr. Needs what access to the socket needs, sending nothing.
  static Result<Notifier> Connect(const char* address);

  // -1 where nobody is told.
  int socket() const { return socket_.get(); }

  // Lines such as "READY=1". Waits for a manager that is busy, but not for long. One that has gone
  // is no reason to stop recording.
  void Tell(std::string_view lines) const;

 private:
  FileDescriptor socket_;
};

// How often a sign of life is to be sent, half of what WATCHDOG_USEC says, so that one may be late;
// 0 where none is wanted, or from another process (WATCHDOG_PID). Either may be nullptr.
uint64_t WatchdogIntervalNs(const char* watchdog_usec, const char* watchdog_pid);

}  // namespace daybook
