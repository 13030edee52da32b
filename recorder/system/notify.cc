#include "system/notify.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <string>

#include "system/parse_number.h"

namespace daybook {
namespace {

constexpr time_t kPatienceSeconds = 2;

}  // namespace

Result<Notifier> Notifier::Connect(const char* address) {
  const std::string_view name = address == nullptr ? "" : address;
  if (name.empty()) return Notifier();
  const std::string what = "cannot reach the service manager at " + std::string(name);
  sockaddr_un to = {};
  if (name.size() >= sizeof(to.sun_path) || (name[0] != '/' && name[0] != '@')) {
    return Error(what + ": neither a path nor an abstract name of a socket");
  }
  to.sun_family = AF_UNIX;
  std::ranges::copy(name, to.sun_path);
  if (name[0] == '@') to.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  Notifier notifier;
  notifier.socket_ = FileDescriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const timeval patience = {.tv_sec = kPatienceSeconds, .tv_usec = 0};
  (void)setsockopt(notifier.socket(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  if (connect(notifier.socket(), reinterpret_cast<const sockaddr*>(&to), length) != 0) {
    return Error::FromErrno(what, errno);
  }
  return notifier;
}

void Notifier::Tell(std::string_view lines) const {
  if (socket() < 0) return;
  (void)!send(socket(), lines.data(), lines.size(), MSG_NOSIGNAL);
}

uint64_t WatchdogIntervalNs(const char* watchdog_usec, const char* watchdog_pid) {
  if (watchdog_usec == nullptr) return 0;
  if (watchdog_pid != nullptr &&
      ParseNumber<uint64_t>(watchdog_pid) != static_cast<uint64_t>(getpid())) {
    return 0;
  }
  constexpr uint64_t kHalfOfNsPerUs = 500;
  const uint64_t limit_us = ParseNumber<uint64_t>(watchdog_usec).value_or(0);
  return limit_us <= UINT64_MAX / kHalfOfNsPerUs ? limit_us * kHalfOfNsPerUs : 0;
}

}  // namespace daybook
