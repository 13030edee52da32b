// The segments that are damaged: small, the same on every run, with everything in them that a
// recorder writes: a head and its copy, marks, syncs, long records, an end or none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daybook/records.h"

namespace daybook::damage {

struct Recipe {
  uint32_t tag = 0x7A67'0001;
  uint64_t segment_no = 1;
  uint8_t stream = 0x51;  // every byte of the stream id
  uint64_t first_seq = 1;
  size_t bytes = 16 * 1024;  // the segment is ended by the first record that reaches this,
  size_t block_bytes = 512;  // and a block by the first one that reaches this
  bool ended = true;         // by a SEGMENT_END; otherwise an open block with a MARK at its end
  bool with_schema = true;
  uint64_t seed = 1;
  // Arguments of a program, now and then: what an attacker wants to stand in the log.
  std::vector<std::string> hostile_args;
};

std::vector<uint8_t> MakeSegment(const Recipe& recipe);

// Deterministic and cheap; the same on every machine.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next();
  // Less than `bound`.
  size_t Below(size_t bound) { return static_cast<size_t>(Next() % bound); }
  std::vector<uint8_t> Bytes(size_t size);

 private:
  uint64_t state_;
};

// ---- What an attacker puts into arguments, or anybody into a file ----

// One physical record; the payload must fit.
std::string RecordBytes(uint8_t type, std::string_view payload);

// Records that look perfect, together exactly `bytes` long (at least 64).
std::string FakeRecords(size_t bytes, uint64_t seed);

// `records` closed by a checkpoint with right sums. Its fields are taken as they are, but for the
// length and the two sums.
std::string SealedBlock(std::string_view records, Checkpoint checkpoint);

}  // namespace daybook::damage
