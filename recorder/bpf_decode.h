// Events of the BPF program into records: bytes in, records out, no kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "bpf/events.h"
#include "life_join.h"
#include "reap_join.h"
#include "ring_buffer.h"
#include "source.h"

namespace daybook {

// What the events of a batch tell together.
class EventBatch {
 public:
  explicit EventBatch(ReapJoin reaps = ReapJoin()) : reaps_(std::move(reaps)) {}

  // First all events of the batch; they must stay in place until End().
  void Add(std::span<const std::byte> event);
  void End();

  ReapJoin& reaps() { return reaps_; }
  LifeJoin& lives() { return lives_; }
  // Memory for the records of one life.
  LifeParts& parts() { return parts_; }

 private:
  ReapJoin reaps_;
  LifeJoin lives_;
  LifeParts parts_;
};

// Hands the event to `sink`; false where it is of no known type or its lengths do not agree.
// Strings of the record point into `event`. A reap goes into its end, and a whole life into one
// record in the place of its end, where they are in the batch.
bool DeliverEvent(std::span<const std::byte> event, EventBatch& batch, EventSink& sink);

struct DrainedEvents {
  size_t count = 0;
  size_t damaged = 0;  // of these: not delivered
};
// Takes all that waits in the ring as one batch and delivers it, each event alone where nothing
// `joins` them.
DrainedEvents DrainRing(RingReader& ring, bool joins, EventBatch& batch, EventSink& sink);

// How much of the arguments a snapshot keeps; the iterator gives all of them up to the limit.
enum class SnapshotArgs { kAll, kFirst };

// Hands over each process of an iterator's whole output; false where the output is damaged, after
// what came before the damage.
bool DeliverSnapshot(std::span<const std::byte> output, SnapshotArgs args, SnapshotSink& sink);

}  // namespace daybook
