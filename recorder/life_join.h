// Lives that begin and end in one batch of events, and that one record can tell.
#pragma once

#include <cstdint>

#include "batch_table.h"
#include "bpf/events.h"

namespace daybook {

// A batch is shown twice: first all of it, then to be delivered. Whoever has children stays three
// records, since theirs name him; and whoever has changed what only one of the three would tell.
class LifeJoin {
 public:
  struct Events {
    const fork_event* fork = nullptr;
    const exec_event* exec = nullptr;  // of those that executed a program
    const exit_event* exit = nullptr;
  };

  // First all events of the batch, in their order. They must stay in place until EndBatch().
  void Add(const fork_event& fork);
  void Add(const exec_event& exec);
  void Add(const exit_event& exit);
  void Add(const comm_event& comm);

  // The events of a life of which one record can tell; nullptr where it cannot. The same from the
  // first of its events to the last one.
  const Events* WholeLife(uint32_t pid, uint64_t start_ns);

  void EndBatch() { batch_.Clear(); }

 private:
  struct BatchedLife {
    Events events;
    uint64_t start_ns;
    uint32_t pid;
    bool is_parent = false;
    bool is_more = false;  // than one record can tell
  };

  static bool IsWhole(const BatchedLife& life);

  BatchTable<BatchedLife> batch_;
};

}  // namespace daybook
