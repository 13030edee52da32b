// Finds records in bytes that no checksum proves: chains of headers that follow each other exactly.
// What is found may be forged (a program's arguments can look like records), so it is only ever
// shown when asked for, and marked. Pure logic.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "block.h"
#include "daybook/schema.h"

namespace daybook {

// The lengths of payloads that make sense for each type, from the log's own descriptions.
class LengthBounds {
 public:
  explicit LengthBounds(const TypeRegistry& types);

  bool Allow(const RecordHeader& header) const {
    const size_t payload_bytes = header.end - header.payload_begin;
    return payload_bytes >= bounds_[header.type].min && payload_bytes <= bounds_[header.type].max;
  }

 private:
  // min > max: no payload makes sense, as the type is not known.
  struct Bounds {
    uint32_t min = 1;
    uint32_t max = 0;
  };
  std::array<Bounds, 256> bounds_;
};

// Records that follow each other from `begin` to `end`.
struct Chain {
  size_t begin = 0;
  size_t end = 0;
  size_t records = 0;
  bool operator==(const Chain&) const = default;
};

// The bytes that could not be proved, and which of their ends are known to stand between records.
struct DamagedRange {
  size_t begin = 0;
  size_t end = 0;
  bool begins_at_record = false;
  bool ends_at_record = false;  // false: nothing good follows, these bytes are the last
};

// In order: the chain from the beginning, the one that arrives exactly at the end, and between them
// those long enough to be no accident that cover the most bytes. They do not overlap, but for one
// case: where the first one breaks off, the length of its last record may be what is wrong, so the
// chain behind it may begin within that record.
// Takes memory in proportion to the range, and time nearly so.
std::vector<Chain> FindChains(Bytes bytes, const DamagedRange& range, const LengthBounds& bounds);

// A chain of one header stands in every 2 MiB of random bytes, one of three in every 10^10.
inline constexpr size_t kIslandRecords = 3;
// At the end of a file there is no later proof to be held against: more is asked there, but less
// where the chain arrives exactly at the end.
inline constexpr size_t kTailRecords = 4;
inline constexpr size_t kTailRecordsToEnd = 2;

}  // namespace daybook
