// Reads a segment from its beginning to its end without holding more of it than a window.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "block.h"
#include "daybook/reader.h"
#include "daybook/result.h"

namespace daybook {

// Up to so many bytes from an offset on; fewer where the file ends.
using ReadBytes = std::function<Result<std::vector<uint8_t>>(uint64_t offset, size_t bytes)>;

// What a SegmentReader would hand out of the file. Of gaps only their end is told, what they say of
// lost numbers, and whether it is the version that is not supported.
class SegmentVisitor {
 public:
  virtual ~SegmentVisitor() = default;
  // Comes first; once more where all that was taken so far is to be forgotten.
  virtual void Begin(const std::optional<SegmentStart>& segment) = 0;
  // `bytes` are those of the record in the file. Both are valid during the call only.
  virtual void Take(const RecordView& record, Bytes bytes) = 0;
  virtual void Take(const Gap& gap) = 0;
};

struct WalkedSegment {
  std::optional<SegmentStart> segment;
  bool is_complete = false;
  uint64_t bytes = 0;
  uint32_t crc = 0;  // of all of them
};

// Where the segment's head is damaged or of an unknown version, or another segment seems to stand
// in the file, what belongs together shows only when all is seen: such a file is read whole.
Result<WalkedSegment> WalkSegment(const ReadBytes& read, SegmentVisitor& visitor);

}  // namespace daybook
