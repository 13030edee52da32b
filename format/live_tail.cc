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
    if (gap->begin < done_ || (gap->end == bytes && !is_last_)) return false;
    done_ = gap->end;
    return true;
  }
  return std::holds_alternative<End>(item);
}

void LiveTail::TakeCheckpoint(const RecordView& record) {
  Checkpoint checkpoint;
  if (!record.As(&checkpoint)) return;
  block_begin_ = block_end_;
  block_end_ = done_;
  block_first_seq_ = checkpoint.first_seq;
  if (head_end_ == 0) head_end_ = done_;
}

std::vector<Jump> LiveTail::Cut(Buffer* held) {
  if (block_begin_ <= head_end_) return {};
  const uint64_t remove = block_begin_ - head_end_;
  const auto begin = held->begin() + static_cast<std::ptrdiff_t>(head_end_);
  held->erase(begin, begin + static_cast<std::ptrdiff_t>(remove - removed_));
  removed_ = remove;
  return {{.at = head_end_, .bytes = remove, .next_seq = block_first_seq_}};
}

}  // namespace daybook
