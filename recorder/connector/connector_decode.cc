#include "connector/connector_decode.h"

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cstring>

namespace daybook {
namespace {

// struct proc_event: type 4, CPU 4, time 8, then up to 6 words by type. It begins 4 bytes off its
// alignment, so that it must be copied out.
constexpr size_t kFixedBytes = 4 + 4 + 8;
constexpr size_t kWords = 6;
static_assert(sizeof(proc_event) == kFixedBytes + kWords * sizeof(uint32_t));
static_assert(offsetof(proc_event, event_data) == kFixedBytes);

using EventWords = std::array<uint32_t, kWords>;

// Cuts a header off the front of `bytes`.
template <class Header>
bool Take(std::span<const std::byte>& bytes, Header& header) {
  if (bytes.size() < sizeof(header)) return false;
  std::memcpy(&header, bytes.data(), sizeof(header));
  bytes = bytes.subspan(sizeof(header));
  return true;
}

// Words that an event of that type must have.
size_t NeededWords(uint32_t type) {
  switch (type) {
    case kConnectorAck:
      return 1;
    case kConnectorExec:
    case kConnectorSession:
    case kConnectorCoredump:
      return 2;
    case kConnectorFork:
    case kConnectorUid:
    case kConnectorGid:
    case kConnectorPtrace:
    case kConnectorExit:  // the parent came later, and is 0 before
      return 4;
    case kConnectorComm:
      return 6;
    default:
      return 0;
  }
}

void SetFields(const EventWords& words, ConnectorEvent& event) {
  if (event.type == kConnectorAck) {
    event.error = words[0];
    return;
  }
  const bool is_fork = event.type == kConnectorFork;
  event.tid = words[is_fork ? 2 : 0];
  event.pid = words[is_fork ? 3 : 1];
  switch (event.type) {
    case kConnectorFork:
      event.ppid = words[1];
      break;
    case kConnectorUid:
    case kConnectorGid:
      event.real_id = words[2];
      event.effective_id = words[3];
      break;
    case kConnectorPtrace:
      event.tracer_pid = words[3];
      break;
    case kConnectorComm:
      std::memcpy(event.comm.data(), &words[2], event.comm.size());
      break;
    case kConnectorExit:
      event.exit_code = words[2];
      event.ppid = words[5];
      break;
    default:
      break;
  }
}

std::optional<ConnectorEvent> DecodeEvent(const cn_msg& message, std::span<const std::byte> bytes) {
  struct Fixed {
    uint32_t type;
    uint32_t cpu;
    uint64_t time_ns;
  };
  static_assert(sizeof(Fixed) == kFixedBytes);
  Fixed fixed;
  if (!Take(bytes, fixed)) return std::nullopt;
  if (bytes.size() < NeededWords(fixed.type) * sizeof(uint32_t)) return std::nullopt;
  EventWords words{};
  std::memcpy(words.data(), bytes.data(), std::min(bytes.size(), sizeof(words)));
  ConnectorEvent event;
  event.type = fixed.type;
  event.cpu = fixed.cpu;
  event.seq = message.seq;
  event.ack = message.ack;
  event.monotonic_ns = fixed.time_ns;
  SetFields(words, event);
  return event;
}

}  // namespace

std::string_view ConnectorEvent::Comm() const {
  const std::string_view text(comm.data(), comm.size());
  return text.substr(0, text.find('\0'));
}

std::optional<ConnectorEvent> DecodeConnector(std::span<const std::byte> datagram,
                                              uint32_t sender_port) {
  if (sender_port != 0) return std::nullopt;
  const size_t datagram_bytes = datagram.size();
  nlmsghdr netlink;
  if (!Take(datagram, netlink) || netlink.nlmsg_type != NLMSG_DONE) return std::nullopt;
  if (netlink.nlmsg_len < sizeof(netlink) || netlink.nlmsg_len > datagram_bytes) {
    return std::nullopt;
  }
  datagram = datagram.first(netlink.nlmsg_len - sizeof(netlink));
  cn_msg message;
  if (!Take(datagram, message) || message.len > datagram.size()) return std::nullopt;
  if (message.id.idx != CN_IDX_PROC || message.id.val != CN_VAL_PROC) return std::nullopt;
  return DecodeEvent(message, datagram.first(message.len));
}

// Answers are numbered like events, but before 6.6 they have the number of the request, and no CPU.
uint64_t ConnectorSequence::MissingBefore(const ConnectorEvent& event) {
  constexpr uint32_t kNoCpu = UINT32_MAX;
  if (event.cpu == kNoCpu) return 0;
  const auto [next, is_first] = next_.try_emplace(event.cpu, event.seq);
  const uint32_t missing = event.seq - next->second;  // the number wraps around
  next->second = event.seq + 1;
  return missing;
}

}  // namespace daybook
