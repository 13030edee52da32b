// How far a segment that is still being written was read, so that only its end has to be read again
// when more of it is there. Pure logic; SegmentReader is what users see of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "buffer.h"
#include "content.h"
#include "daybook/reader.h"

namespace daybook {

class LiveTail {
 public:
  // True for what is to be handed out: what was not before, and is not an end that may yet become
  // records. Offsets are those in the segment, which has `bytes` so far.
  bool Take(const Item& item, uint64_t bytes);

  // Nobody writes to it any more: what is not proved is a gap.
  void SetLast() { is_last_ = true; }

  // Removes from the bytes that are held what need not be read again, and says what that was. What
  // stays is the head, and from the last closed block on.
  std::vector<Jump> Cut(Buffer* held);

 private:
  void TakeCheckpoint(const RecordView& record);

  bool is_last_ = false;
  uint64_t done_ = 0;      // what ends before this was handed out
  uint64_t head_end_ = 0;  // of the first block; 0 while none is closed
  // The last closed block: what follows can be proved only behind it.
  uint64_t block_begin_ = 0;
  uint64_t block_end_ = 0;
  uint64_t block_first_seq_ = 0;
  uint64_t removed_ = 0;  // bytes behind head_end_ that are not held
};

}  // namespace daybook
