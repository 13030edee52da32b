// What the events of one batch tell of each process together: ends and their reaps, and lives that
// begin and end in it and that one record can tell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "bpf/events.h"
#include "bpf_source/batch_table.h"

namespace daybook {

// What a process used up to its reap where that is there. That may not know what of the I/O is the
// process's own; its end has told it then.
usage UsageAtEnd(const exit_event& exit, const reap_event* reap);

// Whoever has children is not told by one record, since theirs name him and come before; nor is
// whoever was born of a parent that ended, or became another program, in between; nor whoever
// changed what only one of his events would tell.
class LifeJoin {
 public:
  struct Events {
    const fork_event* fork = nullptr;
    const exec_event* exec = nullptr;  // of those that executed a program
    const exit_event* exit = nullptr;
    const reap_event* reap = nullptr;
  };

  // First all events of the batch, in their order; they must stay in place until EndBatch(). The
  // number of the process in the batch.
  uint32_t Add(const fork_event& fork);
  uint32_t Add(const exec_event& exec);
  uint32_t Add(const exit_event& exit);
  uint32_t Add(const reap_event& reap);
  uint32_t Add(const comm_event& comm);

  // Notes where in the batch, counted from 1, a rename of that process stands, and gives the place
  // of the one before, which needs no telling: between them it has done nothing else that is told
  // under its name. 0 is none.
  uint32_t ReplaceRename(uint32_t life, uint32_t place) {
    return std::exchange(batch_[life].renamed_at, place);
  }

  // Then, perhaps, reaps of the next batch, which must stay in place, too: true where it goes into
  // an end that lacks one.
  bool AddFromNext(const reap_event& reap);

  // So many processes have an end that lacks its reap.
  size_t without_reap() const { return without_reap_; }

  const Events& EventsOf(uint32_t life) const { return batch_[life].events; }

  // Whether its birth, its program if it had one, and its end are there, and one record can tell
  // of them.
  bool IsWhole(uint32_t life) {
    BatchedLife& batched = batch_[life];
    if (batched.verdict == Verdict::kNone) batched.verdict = Judge(batched);
    return batched.verdict == Verdict::kWhole;
  }

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
    uint32_t renamed_at = 0;  // by ReplaceRename(), and nothing else since
    bool is_parent = false;
    bool is_more = false;  // than one record can tell: several programs, another name
    Verdict verdict = Verdict::kNone;
  };

  bool SetReap(const reap_event& reap, BatchedLife& life);
  Verdict Judge(const BatchedLife& life);
  bool IsParentTheSame(const BatchedLife& life);

  BatchedLife& ParentOf(const fork_event& fork);

  BatchTable<BatchedLife> batch_;
  uint32_t events_ = 0;
  size_t without_reap_ = 0;
  size_t last_parent_ = SIZE_MAX;
};

}  // namespace daybook
