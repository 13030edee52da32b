// What the bytes around a gap say of why it is there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "block.h"
#include "daybook/reader.h"

namespace daybook {

// What the rest of a segment says of it.
struct Outlook {
  uint64_t durable_end = 0;               // see DurableEnd
  std::optional<size_t> last_checkpoint;  // where the last one that is good begins
  size_t end = 0;                         // how far was looked
};

// Looks at every good checkpoint with `tag` from `from` on, up to where it was ended in order, or
// another segment of the log of `segment` begins.
Outlook LookAhead(RangeSums& sums, size_t from, uint32_t tag,
                  const std::optional<SegmentStart>& segment);

// True where all are, also where there are none.
bool IsZero(Bytes bytes);

// Of the bytes from `begin` to the end of `bytes`, which were the last of a segment; `bytes` begins
// where the file does.
TailKind KindOfTail(Bytes bytes, size_t begin);

}  // namespace daybook
