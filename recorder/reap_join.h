// Ends and the reaps that follow them: what a process used in all is known only when it is reaped,
// usually some milliseconds later and so in the same batch of events.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "batch_table.h"
#include "bpf/events.h"

namespace daybook {

// A batch is shown twice: first for its reaps, then to be delivered. No end is held back for a
// later batch: that would put it behind what comes after it, and lose it in a crash.
class ReapJoin {
 public:
  // Without reaps there is nothing to join. Of processes that were born before `others_until_ns`
  // another recorder may have told the end.
  explicit ReapJoin(bool reaps_are_told = true, uint64_t others_until_ns = 0)
      : reaps_are_told_(reaps_are_told), others_until_ns_(others_until_ns) {}

  // First all reaps of the batch. The events must stay in place until EndBatch().
  void Add(const reap_event& reap);

  // The reap of that end, if it is in the batch; else the end is remembered.
  const reap_event* Find(const exit_event& exit);

  // True where the end was delivered without it, in this batch or an earlier one, perhaps by
  // another recorder: only then it is told by itself. (Else the end was lost, or came before all of
  // them.)
  bool IsLate(const reap_event& reap);

  void EndBatch() { batch_.Clear(); }

 private:
  struct BatchedReap {
    const reap_event* event = nullptr;
    uint64_t start_ns = 0;  // as in the event, which is far from here
    uint32_t pid = 0;
    bool is_joined = false;
  };

  void Remember(uint32_t pid, uint64_t start_ns);
  bool IsRemembered(uint32_t pid, uint64_t start_ns) const;

  BatchTable<BatchedReap> batch_;
  // Delivered ends: start by pid. The older ones are forgotten when the younger ones are many: the
  // reaps of some are lost and never come.
  using Starts = std::unordered_map<uint32_t, uint64_t>;
  Starts unreaped_;
  Starts older_unreaped_;
  bool reaps_are_told_;
  uint64_t others_until_ns_;
};

}  // namespace daybook
