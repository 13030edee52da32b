// Lives that begin and end in one batch of events, and that one record can tell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "batch_table.h"
#include "bpf/events.h"

namespace daybook {

// A batch is shown twice: first all of it, then to be delivered. One record stands where the end
// would: whoever has children stays three, since theirs name him and come before; so does whoever
// was born of a parent that ended, or became another program, in between; and whoever changed what
// only one of the three would tell.
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

  // The events of a life of which one record can tell, where that one is of it; else nullptr. They
  // are asked for in the order in which they were added.
  const Events* LifeOf(const void* event);

  void EndBatch();

 private:
  enum class Verdict : uint8_t { kNone, kWhole, kParts };
  // Of whoever has an event in the batch or is a parent in it.
  struct BatchedLife {
    Events events;
    uint64_t start_ns = 0;
    uint32_t pid = 0;
    // Which of the batch's events, from 1; 0 is none of them.
    uint32_t forked_at = 0;
    uint32_t execed_at = 0;
    uint32_t ended_at = 0;
    bool is_parent = false;
    bool is_more = false;  // than one record can tell: several programs, another name
    Verdict verdict = Verdict::kNone;
  };

  Verdict Judge(const BatchedLife& life);
  bool IsParentTheSame(const BatchedLife& life);

  // Of the batch's next event, which is of that life.
  void Note(const void* event, const BatchedLife& life) {
    told_.push_back({event, batch_.IndexOf(life)});
  }
  uint32_t Number() const { return static_cast<uint32_t>(told_.size()); }
  BatchedLife& ParentOf(const fork_event& fork);

  struct Told {
    const void* event;
    size_t life;
  };

  BatchTable<BatchedLife> batch_;
  std::vector<Told> told_;  // births, programs and ends
  size_t next_ = 0;         // the first one that was not asked for yet
  size_t last_parent_ = SIZE_MAX;
};

}  // namespace daybook
