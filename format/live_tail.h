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
  // stays is the head, and all behind the last closed block but one.
  std::vector<Jump> Cut(Buffer* held);

 private:
  void TakeCheckpoint(const RecordView& record);

  // Behind a closed block, checkpoint included.
  struct Place {
    uint64_t end = 0;  // in the file; 0 while none is closed
    uint64_t logical_end = 0;
    uint64_t next_seq = 0;
  };

  bool is_last_ = false;
  uint64_t done_ = 0;  // what ends before this was handed out
  Place head_;         // behind the first block
  Place kept_;         // behind the last one but one
  Place last_;
  uint64_t removed_ = 0;  // bytes behind the head that are not held
};

}  // namespace daybook
