// Events of the BPF program into records: bytes in, records out, no kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "bpf/events.h"
#include "source.h"

namespace daybook {

// Hands the event to `sink`; false where it is of no known type or its lengths do not agree.
// Strings of the record point into `event`.
bool DeliverEvent(std::span<const std::byte> event, EventSink& sink);

// How much of the arguments a snapshot keeps; the iterator gives all of them up to the limit.
enum class SnapshotArgs { kAll, kFirst };

// Hands over each process of an iterator's whole output; false where the output is damaged, after
// what came before the damage.
bool DeliverSnapshot(std::span<const std::byte> output, SnapshotArgs args, SnapshotSink& sink);

}  // namespace daybook
