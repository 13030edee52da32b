// Who lives, as far as the proc connector and /proc tell: its events carry no start times, come for
// each thread alone, and say nothing of who ends last. Pure logic: no socket, no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace daybook {

// What is known of a process by now.
struct ConnectorProcess {
  uint64_t start_ns = 0;
  bool birth_seen = false;    // start_ns is the time of its FORK, else from /proc
  bool never_execed = false;  // since it was born
  bool kernel_thread = false;
  uint32_t ppid = 0;  // when that was last told; 0 is unknown

  bool has_leader = true;
  std::unordered_set<uint32_t> threads;  // tids of the others
  uint64_t exec_ns = 0;                  // its last EXEC; 0 where none was seen
  std::optional<uint32_t> last_code;     // of the thread that left last
  std::optional<uint32_t> core_code;     // of one that left and said that a core was dumped

  std::optional<uint32_t> uid, euid, suid;
  std::optional<uint32_t> gid, egid, sgid;
  std::optional<uint32_t> sid;
  std::optional<std::string> comm;

  bool HasOneThread() const { return has_leader && threads.empty(); }

  // As wait(2) tells it. Since 5.19 it is the code of the thread that leaves last, and in a group
  // exit (exit_group(2), a fatal signal) all have the same. Approximate: where threads leave by
  // themselves at the same moment with different codes, since events come a little later than the
  // kernel's own decision; and before 5.19, where the leader left long before without a group exit:
  // there its code is the process'.
  std::optional<uint32_t> WaitStatus() const;
};

// Whether every event since the last snapshot has arrived, or will.
enum class Delivery { kComplete, kLossy };

// Start times of one process from different sources differ by less.
inline constexpr uint64_t kConnectorStartToleranceNs = 20'000'000;
inline bool IsSameStart(uint64_t a, uint64_t b) {
  return (a < b ? b - a : a - b) <= kConnectorStartToleranceNs;
}

class ConnectorProcesses {
 public:
  // FORK of a process. One of that number that still lives by what was told has ended, and its EXIT
  // is only late; or lost, and not waited for.
  ConnectorProcess& Begin(uint32_t pid, uint32_t ppid, uint64_t time_ns, Delivery delivery);

  // FORK of a thread.
  void AddThread(uint32_t pid, uint32_t tid);

  // EXEC. Whoever called it is the leader from now on, with its number, and all others have left or
  // are about to. Null where nobody has told of that process.
  ConnectorProcess* Exec(uint32_t pid, uint64_t time_ns);

  // EXIT of a thread. The process where it was the last: it is forgotten then.
  std::optional<ConnectorProcess> Leave(uint32_t pid, uint32_t tid, uint32_t code,
                                        uint64_t time_ns);

  ConnectorProcess* Find(uint32_t pid);
  std::optional<uint64_t> StartOf(uint32_t pid) const;

  // The parent of one that has just ended. A process has the same parent until that one ends.
  std::optional<uint32_t> ParentOf(const ConnectorProcess& ended) const;

  // A snapshot found that process with these threads: what events failed to tell is set right.
  // Returns the start that it is told with. One with another start than is known is news: its
  // events are on their way, where none are lost.
  uint64_t Found(uint32_t pid, ConnectorProcess found, Delivery delivery);

  // Who was in neither of two snapshots has ended without an EXIT that arrived.
  void EndSnapshot();

  size_t size() const { return living_.size(); }

 private:
  struct Entry {
    ConnectorProcess process;
    uint32_t missed_by = 0;  // snapshots in a row
    bool found = true;       // by the one that is being taken
  };

  static std::optional<ConnectorProcess> Leave(ConnectorProcess& process, bool is_leader,
                                               uint32_t tid, uint32_t code, uint64_t time_ns);

  std::unordered_map<uint32_t, Entry> living_;
  std::unordered_map<uint32_t, ConnectorProcess> replaced_;  // their EXIT is late
};

}  // namespace daybook
