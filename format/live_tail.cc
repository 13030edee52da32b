#include "live_tail.h"

#include <variant>

namespace daybook {

bool LiveTail::Take(const Item& item, uint64_t bytes) {
  if (const auto* record = std::get_if<RecordView>(&item)) {
    const uint64_t end = record->offset + record->size;
    if (end <= done_) return false;
    done_ = end;
    TakeCheckpoint(*record);
    return true;
  }
  if (const auto* gap = std::get_if<Gap>(&item)) {
    const bool is_told = gap->end <= done_ && gap->begin < done_;
    if (is_told || (gap->end == bytes && !is_last_)) return false;
    done_ = gap->end;
    return true;
  }
  return std::holds_alternative<End>(item);
}

void LiveTail::TakeCheckpoint(const RecordView& record) {
  Checkpoint checkpoint;
  if (!record.As(&checkpoint)) return;
  kept_ = last_;
  last_ = {.end = done_,
           .logical_end = checkpoint.logical_offset + checkpoint.block_bytes + record.size,
           .next_seq = checkpoint.first_seq + checkpoint.seq_count};
  if (head_.end == 0) head_ = last_;
}

// By the numbers of their own checkpoints: in the file, bytes may be missing or added between them.
std::vector<Jump> LiveTail::Cut(Buffer* held) {
  if (kept_.end <= head_.end) return {};
  const uint64_t remove = kept_.end - head_.end;
  const auto begin = held->begin() + static_cast<std::ptrdiff_t>(head_.end);
  held->erase(begin, begin + static_cast<std::ptrdiff_t>(remove - removed_));
  removed_ = remove;
  return {{.at = head_.end,
           .bytes = remove,
           .logical_bytes = kept_.logical_end - head_.logical_end,
           .next_seq = kept_.next_seq}};
}

}  // namespace daybook
