// A service manager's end of sd_notify(3).
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>

namespace daybook {

class NotifySocket {
 public:
  // A path, or "@" and an abstract name.
  explicit NotifySocket(std::string address)
      : address_(std::move(address)), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un name = {};
    name.sun_family = AF_UNIX;
    std::copy(address_.begin(), address_.end(), name.sun_path);
    if (address_[0] == '@') name.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    if (bind(socket_, reinterpret_cast<const sockaddr*>(&name), length) != 0) {
      throw std::runtime_error("cannot bind " + address_);
    }
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;
  ~NotifySocket() { close(socket_); }

  const std::string& address() const { return address_; }

  // The next message; empty where none comes in so long.
  std::string Receive(int limit_ms = 20'000) const {
    pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
    char message[4096];
    if (poll(&wait, 1, limit_ms) != 1) return {};
    const ssize_t length = recv(socket_, message, sizeof(message), MSG_DONTWAIT);
    return length > 0 ? std::string(message, static_cast<size_t>(length)) : std::string();
  }

 private:
  std::string address_;
  int socket_;
};

}  // namespace daybook
