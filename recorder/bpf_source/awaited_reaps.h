// Ends that were told without their reap: what a process used in all is known only when it is
// reaped, usually some milliseconds later and so in the same batch of events, but not always.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_set>

#include "bpf/events.h"

namespace daybook {

class AwaitedReaps {
 public:
  // Without reaps there is nothing to await. Of processes that were born before `others_until_ns`
  // another recorder may have told the end.
  explicit AwaitedReaps(bool reaps_are_told = true, uint64_t others_until_ns = 0)
      : reaps_are_told_(reaps_are_told), others_until_ns_(others_until_ns) {}

  bool are_told() const { return reaps_are_told_; }

  // An end is told whose reap is not there.
  void Await(const exit_event& exit);

  bool IsAwaited(const reap_event& reap) const;

  // Of a reap that stands in no end of its batch, once: true where the end was told without it,
  // perhaps by another recorder. Only then it is told by itself. (Else the end was lost, or came
  // before all of them.)
  bool IsLate(const reap_event& reap);

 private:
  // A pid may be used again some milliseconds before the reap of who had it is told.
  struct Process {
    uint64_t start_ns;
    uint32_t pid;
    bool operator==(const Process&) const = default;
  };
  // Those that follow each other stand close together; of one pid there are few.
  struct Hash {
    size_t operator()(const Process& process) const { return process.pid; }
  };
  // Of told ends. The older ones are forgotten when the younger ones are many: the reaps of some
  // are lost and never come.
  using Processes = std::unordered_set<Process, Hash>;
  Processes younger_;
  Processes older_;
  uint64_t last_start_ns_ = 0;  // whoever was born later is none of them
  bool reaps_are_told_;
  uint64_t others_until_ns_;
};

}  // namespace daybook
