// Events of the BPF program into records: bytes in, records out, no kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <utility>
#include <vector>

#include "bpf/events.h"
#include "bpf_source/awaited_reaps.h"
#include "bpf_source/life_join.h"
#include "bpf_source/ring_buffer.h"
#include "sources/source.h"

namespace daybook {

// Events that are told at once. A reap goes into its end, and a whole life into one record in the
// place of its end, where all of it is in the batch; the reap may be in the next one. No end is
// held back for a later batch: that would put it behind what comes after it, and lose it in a
// crash. Of renames in a row the last is told: anybody can rename himself a million times a second.
class EventBatch {
 public:
  explicit EventBatch(AwaitedReaps reaps = AwaitedReaps()) : reaps_(std::move(reaps)) {}

  // All events of the batch, in their order, aligned as the ring has them; they must stay in place
  // until they are delivered. False where one is of no known type or its lengths do not agree: it
  // is left out.
  bool Add(std::span<const std::byte> event);

  // Then, perhaps, the first events of the next batch, which will be added to that one as well:
  // reaps among them go into the ends of this one, and are not told with the next.
  void AddFromNext(std::span<const std::byte> event);
  bool lacks_reaps() const { return reaps_.are_told() && lives_.without_reap() != 0; }

  // True until the next batch is added: until then this one must not be given back.
  bool took_from_next() const { return !taken_reaps_.empty(); }

  // Hands them to `sink` in their order. Strings of the records point into the events. Afterwards
  // the batch is empty.
  void Deliver(EventSink& sink);

 private:
  static constexpr uint32_t kNoLife = UINT32_MAX;
  static constexpr uint32_t kUntold = UINT32_MAX;  // as a type
  struct Told {
    const event_header* event;
    uint32_t life;  // in lives_, or kNoLife
    uint32_t type;  // as in the event, which is far from here; or kUntold
  };

  // Of one batch, in the order in which they stand in the ring.
  struct Reaped {
    uint32_t pid;
    uint64_t start_ns;
  };

  template <class Event>
  bool AddAs(std::span<const std::byte> event);
  bool WasTaken(const reap_event& reap);
  template <class Event>
  uint32_t LifeOf(const Event& event) {
    return lives_.Add(event);
  }
  // One whose end was told before is told by itself.
  uint32_t LifeOf(const reap_event& reap) {
    return reaps_.IsAwaited(reap) ? kNoLife : lives_.Add(reap);
  }
  static uint32_t LifeOf(const cgroup_event&) { return kNoLife; }

  void Deliver(const Told& told, EventSink& sink);
  void DeliverEnd(const exit_event& event, uint32_t life, EventSink& sink);
  bool IsTold(const reap_event& event, uint32_t life);

  AwaitedReaps reaps_;  // of ends in earlier batches, and in this one
  LifeJoin lives_;
  std::vector<Told> told_;
  std::deque<Reaped> taken_reaps_;  // that the next batch has and that are told
};

// Of the ring: little memory, and still so many lives that few of them lie in two batches.
inline constexpr uint64_t kBatchBytes = uint64_t{1} << 20;

// How far behind a batch the reaps of its last ends are looked for. A storm fills some 5 to 10 MiB
// in a second, and the kernel frees a process some 15 ms after its end.
inline constexpr uint64_t kLookAheadBytes = kBatchBytes / 4;

// What waits in a ring, batch by batch, so that each can be written before the next one is told,
// and where room is short given back: how much memory the recorder needs does not go by the size of
// its ring, but where it takes over, and notes what it was told until it has read all that was
// left.
class RingDrain {
 public:
  // Both must outlive it.
  RingDrain(RingReader& ring, EventBatch& batch) : ring_(ring), batch_(batch) {}

  struct Drained {
    size_t count = 0;
    size_t damaged = 0;  // of these: left out
  };
  // Takes and delivers the next batch: of what waited when the drain began, or, where none is under
  // way, the first of what waits now.
  Drained Next(EventSink& sink);

  // Where it is false, all that waited when the drain began is told, or a CPU still writes it.
  bool has_more() const { return left_bytes_ != 0; }

 private:
  void LookAhead();

  RingReader& ring_;
  EventBatch& batch_;
  uint64_t left_bytes_ = 0;  // of the drain that is under way
  bool looks_ahead_ = false;
};

// Hands over each process of an iterator's whole output, without its arguments; false where the
// output is damaged, after what came before the damage.
bool DeliverSnapshot(std::span<const std::byte> output, SnapshotSink& sink);

}  // namespace daybook
