#include "connector/connector_socket.h"

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>

#include "proc/namespaces.h"
#include "system/clocks.h"

namespace daybook {
namespace {

// Since 6.6; older headers lack it.
struct FilteredRequest {
  uint32_t operation;
  uint32_t types;
};

// Told back by the answer, plus 1, so that others' answers are not taken for ours.
constexpr uint32_t kOurAck = 0x6461;

// Of the buffer, on x86-64 (measured): 76 of them are the message.
constexpr uint64_t kBytesOfMessage = 832;

// A machine that forks as fast as it can: 7000 lives a second of 3 messages each.
constexpr uint64_t kNsOfMessage = 50'000;

// The kernel answers before send(2) returns: this is long.
constexpr uint64_t kAnswerLimitNs = 1'000'000'000;

template <class Payload>
ssize_t Send(int socket, const Payload& payload) {
  nlmsghdr netlink = {};
  cn_msg message = {};
  std::array<std::byte, sizeof(netlink) + sizeof(message) + sizeof(payload)> request;
  netlink.nlmsg_len = request.size();
  netlink.nlmsg_type = NLMSG_DONE;
  message.id = {.idx = CN_IDX_PROC, .val = CN_VAL_PROC};
  message.ack = kOurAck;
  message.len = sizeof(payload);
  std::memcpy(request.data(), &netlink, sizeof(netlink));
  std::memcpy(request.data() + sizeof(netlink), &message, sizeof(message));
  std::memcpy(request.data() + sizeof(netlink) + sizeof(message), &payload, sizeof(payload));
  return send(socket, request.data(), request.size(), 0);
}

// The kernel ignores whom it does not serve: no answer, no error.
Error NoAnswer() {
  if (!IsFirstUserNamespace()) {
    return Error("the proc connector serves the host's user namespace only, and this is another");
  }
  return Error("the proc connector does not answer: the kernel needs CONFIG_PROC_EVENTS");
}

Error NotSent(int error) {
  if (error == ECONNREFUSED) {
    return Error(
        "the proc connector serves the host's network namespace only, and this is another (or the "
        "kernel lacks CONFIG_CONNECTOR)");
  }
  return Error::FromErrno("asking the proc connector for events", error);
}

Result<FileDescriptor> Bind() {
  FileDescriptor socket(
      ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR));
  if (socket.get() < 0 && errno == EPROTONOSUPPORT) {
    return Error("the kernel has no proc connector; it needs CONFIG_PROC_EVENTS");
  }
  if (socket.get() < 0) return Error::FromErrno("a socket of the proc connector", errno);
  sockaddr_nl address = {};
  address.nl_family = AF_NETLINK;
  address.nl_groups = CN_IDX_PROC;
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    return socket;
  }
  if (errno == EPERM) {
    return Error("the proc connector needs capability CAP_NET_ADMIN on kernels before 6.6");
  }
  return Error::FromErrno("joining the proc connector", errno);
}

void SetBuffer(int socket, uint64_t bytes) {
  const int size = static_cast<int>(std::min<uint64_t>(bytes, 1 << 30));
  if (setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) == 0) return;
  setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

}  // namespace

Result<ConnectorSocket> ConnectorSocket::Open(uint32_t filter, uint64_t buffer_bytes) {
  Result<FileDescriptor> socket = Bind();
  if (!socket) return socket.error();
  SetBuffer(socket->get(), buffer_bytes);
  ConnectorSocket connector(*std::move(socket));
  if (const Status status = connector.Watch(); !status) return status.error();
  if (const Status status = connector.Subscribe(filter); !status) return status.error();
  return connector;
}

ConnectorSocket::ConnectorSocket(FileDescriptor socket)
    : socket_(std::move(socket)),
      gate_(epoll_create1(EPOLL_CLOEXEC)),
      timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {}

Status ConnectorSocket::Watch() {
  epoll_event interest{.events = EPOLLIN, .data = {}};
  if (epoll_ctl(gate_.get(), EPOLL_CTL_ADD, timer_.get(), &interest) == 0) return Ok{};
  return Error::FromErrno("waiting for the proc connector", errno);
}

// First everything, in the way of all kernels, because only that is answered: the kernel's filter
// holds back the answer too. A kernel that knows no filter ignores the second request.
Status ConnectorSocket::Subscribe(uint32_t filter) {
  constexpr uint32_t kListen = PROC_CN_MCAST_LISTEN;
  if (Send(socket_.get(), kListen) < 0) return NotSent(errno);
  if (Status status = AwaitAnswer(); !status) return status;
  listening_ = true;
  if (filter == kUnfiltered) return Ok{};
  if (Send(socket_.get(), FilteredRequest{kListen, filter}) < 0) return NotSent(errno);
  return Ok{};
}

Status ConnectorSocket::AwaitAnswer() {
  const uint64_t begin_ns = BootTimeNs();
  std::optional<uint32_t> error;
  while (!error && BootTimeNs() - begin_ns < kAnswerLimitNs) {
    constexpr int kSliceMs = 50;
    pollfd wait{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    poll(&wait, 1, kSliceMs);
    const auto received = Receive([&error](const ConnectorEvent& event) {
      if (event.type == kConnectorAck && event.ack == kOurAck + 1) error = event.error;
    });
    if (!received) return received.error();
  }
  if (!error) return NoAnswer();
  if (*error == EPERM) return Error("the proc connector needs capability CAP_NET_ADMIN");
  if (*error != 0) return NotSent(static_cast<int>(*error));
  return Ok{};
}

Result<bool> ConnectorSocket::Receive(const std::function<void(const ConnectorEvent&)>& take) {
  constexpr size_t kBatch = 128;
  constexpr size_t kMessageBytes = 256;  // they have 76
  constexpr uint64_t kLeastOfMessage = 512;
  std::array<std::array<std::byte, kMessageBytes>, kBatch> buffers;
  std::array<sockaddr_nl, kBatch> senders = {};
  std::array<iovec, kBatch> parts;
  std::array<mmsghdr, kBatch> messages = {};
  for (size_t i = 0; i < kBatch; ++i) {
    parts[i] = {.iov_base = buffers[i].data(), .iov_len = kMessageBytes};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_name = &senders[i];
  }
  bool complete = true;
  uint64_t room = buffer_bytes() / kLeastOfMessage + 1;
  while (room > 0) {
    for (mmsghdr& message : messages) message.msg_hdr.msg_namelen = sizeof(sockaddr_nl);
    const int count = recvmmsg(socket_.get(), messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (count < 0 && errno == ENOBUFS) complete = false;
    if (count < 0 && (errno == EINTR || errno == ENOBUFS)) continue;
    if (count < 0 && errno == EAGAIN) return complete;
    if (count < 0) return Error::FromErrno("receiving from the proc connector", errno);
    for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
      const size_t bytes = std::min<size_t>(messages[i].msg_len, kMessageBytes);
      const auto event = DecodeConnector(std::span(buffers[i]).first(bytes), senders[i].nl_pid);
      if (event) take(*event);
    }
    room -= std::min<uint64_t>(room, static_cast<uint64_t>(count));
  }
  return complete;
}

bool ConnectorSocket::PrepareToSleep() {
  epoll_event interest{.events = EPOLLIN, .data = {}};
  asleep_ = asleep_ || epoll_ctl(gate_.get(), EPOLL_CTL_ADD, socket_.get(), &interest) == 0;
  SetTimer(timer_.get(), 0, 0);
  // The gate before the look: a message that comes in between is seen by either.
  if (asleep_ && !HasData()) return true;
  StayAwake();
  return false;
}

// Outside of the gate a message wakes nobody, and costs the kernel no look at it.
void ConnectorSocket::StayAwake() {
  SetTimer(timer_.get(), buffer_bytes() / kBytesOfMessage * kNsOfMessage, 0);
  if (!std::exchange(asleep_, false)) return;
  epoll_ctl(gate_.get(), EPOLL_CTL_DEL, socket_.get(), nullptr);
}

bool ConnectorSocket::HasData() const {
  pollfd wait{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  return poll(&wait, 1, 0) != 0;
}

// Before 6.6 the kernel goes on for nobody where a listener leaves without a word.
void ConnectorSocket::Stop() {
  constexpr uint32_t kIgnore = PROC_CN_MCAST_IGNORE;
  if (std::exchange(listening_, false) && socket_.get() >= 0) Send(socket_.get(), kIgnore);
}

uint64_t ConnectorSocket::buffer_bytes() const {
  int size = 0;
  socklen_t length = sizeof(size);
  getsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &size, &length);
  return static_cast<uint64_t>(size);
}

}  // namespace daybook
