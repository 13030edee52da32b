// Messages of the kernel's proc connector: bytes in, events out. Knows no socket.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>

namespace daybook {

// Types of events, bits of a filter too. Our own names: linux/cn_proc.h has moved its own from one
// scope to another, and a C++ source can use only one of both.
inline constexpr uint32_t kConnectorAck = 0;
inline constexpr uint32_t kConnectorFork = 0x1;
inline constexpr uint32_t kConnectorExec = 0x2;
inline constexpr uint32_t kConnectorUid = 0x4;
inline constexpr uint32_t kConnectorGid = 0x40;
inline constexpr uint32_t kConnectorSession = 0x80;
inline constexpr uint32_t kConnectorPtrace = 0x100;
inline constexpr uint32_t kConnectorComm = 0x200;
inline constexpr uint32_t kConnectorCoredump = 0x40000000;
inline constexpr uint32_t kConnectorExit = 0x80000000;

// One event. What its type has no field for is 0. Numbers are those of the first namespaces.
struct ConnectorEvent {
  uint32_t type = 0;  // kConnector..., or one that is not known yet
  uint32_t cpu = 0;
  uint32_t seq = 0;           // counts the messages of that CPU
  uint32_t ack = 0;           // of an answer: that of the request, plus 1
  uint64_t monotonic_ns = 0;  // CLOCK_MONOTONIC
  uint32_t pid = 0;           // the process; of FORK, the child
  uint32_t tid = 0;           // its thread that did it, or was born
  uint32_t ppid = 0;          // FORK, EXIT: the parent; 0 is unknown
  uint32_t real_id = 0;       // UID, GID
  uint32_t effective_id = 0;
  uint32_t tracer_pid = 0;        // PTRACE: 0 is nobody any more
  uint32_t exit_code = 0;         // EXIT: as in wait(2), but of one thread
  uint32_t error = 0;             // of an answer: an errno
  std::array<char, 16> comm{};    // COMM
  std::string_view Comm() const;  // up to its NUL
};

// Nothing where the datagram is not a whole message of the kernel's. `sender_port` is that of its
// sender: only the kernel has 0, and everybody may send.
std::optional<ConnectorEvent> DecodeConnector(std::span<const std::byte> datagram,
                                              uint32_t sender_port);

// Finds losses by the numbers of messages. Good for unfiltered ones only: the kernel counts before
// it filters.
class ConnectorSequence {
 public:
  // How many messages of that CPU are missing before this one.
  uint64_t MissingBefore(const ConnectorEvent& event);

 private:
  std::unordered_map<uint32_t, uint32_t> next_;  // by CPU
};

}  // namespace daybook
