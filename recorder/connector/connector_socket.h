// The socket on which the kernel's proc connector sends its messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "connector/connector_decode.h"
#include "daybook/result.h"
#include "system/file_descriptor.h"

namespace daybook {

class ConnectorSocket {
 public:
  // Only events of these types come from the kernel (6.6; before it, all of them).
  static constexpr uint32_t kUnfiltered = 0;

  // Messages wait from here on. Needs no privilege on Linux 6.6 and later, before it CAP_NET_ADMIN.
  // The buffer is smaller where the caller may not have so much.
  static Result<ConnectorSocket> Open(uint32_t filter, uint64_t buffer_bytes);

  ConnectorSocket(ConnectorSocket&&) noexcept = default;
  ConnectorSocket& operator=(ConnectorSocket&&) = delete;
  ~ConnectorSocket() { Stop(); }

  // Hands over all messages that wait, though no more than the buffer holds: new ones may come as
  // fast as they are taken. Returns false where the kernel had to drop some for want of room.
  Result<bool> Receive(const std::function<void(const ConnectorEvent&)>& take);

  // Readable when a message waits, from PrepareToSleep() to StayAwake(); and else when StayAwake()
  // was so long ago that a busy machine may have filled the buffer.
  int wake_fd() const { return gate_.get(); }
  bool PrepareToSleep();
  void StayAwake();

  // Its end is told to the kernel by this.
  int send_fd() const { return socket_.get(); }

  // No message comes from now on.
  void Stop();

  // As the kernel counts it: with what it needs itself for each message.
  uint64_t buffer_bytes() const;

 private:
  explicit ConnectorSocket(FileDescriptor socket);

  Status Watch();
  Status Subscribe(uint32_t filter);
  Status AwaitAnswer();
  bool HasData() const;

  FileDescriptor socket_;
  FileDescriptor gate_;  // an epoll: of the timer, and while its reader sleeps, of the socket
  FileDescriptor timer_;
  bool asleep_ = false;
  bool listening_ = false;
};

}  // namespace daybook
