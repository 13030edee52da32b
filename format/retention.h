// Which segments go so that the log keeps to its limits. Pure logic but for ReadStore.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daybook/records.h"
#include "daybook/result.h"
#include "daybook/writer.h"

namespace daybook {

inline constexpr char kBallastName[] = "daybook.ballast";

// What the log has in its folder.
struct Store {
  struct Segment {
    uint64_t number = 0;
    uint64_t bytes = 0;
    std::vector<std::string> names;  // raw, compressed, being compressed
    // When it was begun; unknown where its head cannot be read, or was not.
    struct Begun {
      Id128 boot_id;
      uint64_t time_ns = 0;
      int64_t realtime_ns = 0;
    };
    std::optional<Begun> begun;
  };
  std::vector<Segment> segments;  // by number
  uint64_t used_bytes = 0;        // everything with the log's prefix, and the ballast
  uint64_t free_bytes = 0;
  std::optional<uint64_t> ballast_bytes;
};

// Names and sizes; heads are read by ReadHeads only.
Result<Store> ReadStore(LogFolder& folder);
void ReadHeads(LogFolder& folder, Store* store);

// When the segment was begun, from the first bytes of its file, compressed or not; nullopt where no
// checksum proves it.
std::optional<Store::Segment::Begun> ReadBegun(std::span<const uint8_t> head);

// What is about to be written.
struct RoomNeeded {
  uint64_t bytes = 0;               // beyond what is on the disk
  uint64_t spare_bytes = 0;         // beside it, for what others will write: a compressor
  uint64_t segments = 0;            // new ones
  uint64_t active_no = UINT64_MAX;  // this segment, and those behind it, stay
};

// How many of the first segments go, and whether there is room then.
struct Removal {
  size_t segments = 0;
  bool is_enough = true;
  bool is_within_total = true;  // where it is not enough, the free bytes are too few
  uint64_t free_bytes = 0;      // then
};
Removal PlanRemoval(const Store& store, const RetentionLimits& limits, const RoomNeeded& need);

// How many of the first segments hold nothing that is younger than `max_age_ns`, as far as the
// clock `now` of that boot can be believed. Needs the heads.
size_t CountAged(const Store& store, uint64_t max_age_ns, const Clock& now, const Id128& boot_id);

// True where `now` is more than an hour ahead of what the log's own clocks and the time since then
// make of it, and no time service keeps it: it may be wrong, and nothing is deleted on its word.
bool RunsAhead(const Store& store, const Clock& now, const Id128& boot_id);

}  // namespace daybook
