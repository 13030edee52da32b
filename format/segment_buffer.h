// The end of a segment as it is in memory: blocks that are not known to be on disk, and the block
// that is still open. Pure logic: no file, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "buffer.h"
#include "daybook/codec.h"
#include "daybook/records.h"

namespace daybook {

class SegmentBuffer {
 public:
  // An empty segment. The bases of its first block are zero.
  SegmentBuffer(uint32_t tag, uint64_t first_seq);

  // Two steps to append a record: room for a payload of at most that many bytes, and, once it was
  // written there, where it ends. The base must be used to encode it.
  uint8_t* BeginRecord(size_t max_payload_bytes);
  void FinishRecord(uint8_t type, uint8_t* payload, uint8_t* end);
  const BlockBase& base() const { return open_.base; }
  void NoteMoment(uint64_t time_ns);
  void NotePid(uint32_t pid) { open_.last_pid = pid; }

  template <class Record>
  void Append(const Record& record) {
    uint8_t* payload = BeginRecord(MaxEncodedBytes(record));
    uint8_t* end = Encode(record, base(), payload);
    FinishRecord(Schema<Record>::kType, payload, end);
  }

  // For who writes a segment anew: the open block, which must be empty, has this base, and its
  // first numbered record this number.
  void PlaceBlock(const BlockBase& base, uint64_t first_seq);

  // Of a clock that is appended to the open block: SEGMENT_END's wall-clock times come from these.
  void NoteAnchor(const Clock& clock);

  // Closes the open block with a CHECKPOINT; does nothing where it is empty, unless `flags` say
  // that this checkpoint must exist.
  void CloseBlock(uint32_t flags = 0);
  // As CloseBlock, for a block that only tells of the segment itself: no other takes it over.
  void CloseHeadBlock(uint32_t flags);
  // Appends a MARK where the open block has records since the last one.
  void Seal();

  // Bytes not yet written to the file, and what became of them.
  std::span<const uint8_t> Unwritten() const;
  void Written(size_t bytes);

  // How far the segment had come at some moment.
  struct Position {
    uint64_t logical = 0;
    uint64_t next_seq = 0;
  };
  // What was written so far. Where the last write was a short one, up to the last block or MARK
  // that is wholly in the file.
  const Position& written() const { return written_position_; }

  // What was written up to there is on disk: the next checkpoint says so, and it need not be kept.
  void Synced(const Position& position);
  const Position& synced() const { return synced_; }

  // Forgets the oldest blocks that are written, synced or not, until no more than that many bytes
  // are kept or none is left.
  void ForgetWritten(size_t keep_bytes);

  // Appends the blocks of `other`, each closed, records and numbers unchanged.
  void TakeOver(SegmentBuffer&& other);

  // Moves out the blocks that are not wholly written, for another segment to take over. Nothing may
  // be appended here afterwards.
  SegmentBuffer TakeUnwritten();

  // When the segment began and ended by its records and, by its anchors, on the wall clock.
  struct Span {
    std::optional<uint64_t> first_time_ns, last_time_ns;
    std::optional<int64_t> first_realtime_ns, last_realtime_ns;
  };
  Span TimeSpan() const;

  size_t open_block_bytes() const { return bytes_.size() - open_.begin; }
  // Length of the whole segment, written or not.
  uint64_t logical_bytes() const { return start_offset_ + bytes_.size(); }
  size_t buffered_bytes() const { return bytes_.size(); }
  // True while nothing of the segment was forgotten.
  bool is_whole() const { return start_offset_ == 0; }
  // Sequence number of the first numbered record still in memory, or of the next one.
  uint64_t first_buffered_seq() const {
    return closed_.empty() ? open_.first_seq : closed_.front().first_seq;
  }
  uint64_t next_seq() const { return open_.first_seq + open_.seq_count; }
  uint64_t record_count() const { return record_count_ + open_.record_count; }
  // True when numbered records are not known to be on disk.
  bool has_unsynced_events() const { return next_seq() != synced_.next_seq; }
  void AddLost(uint64_t count) { lost_total_ += count; }
  uint64_t lost_total() const { return lost_total_; }

 private:
  // What the checkpoint of a block will say.
  struct Block {
    size_t begin = 0;  // in bytes_
    size_t end = 0;    // where its checkpoint begins; 0 while open
    BlockBase base;
    uint64_t first_seq = 0;
    uint64_t seq_count = 0;
    uint64_t record_count = 0;
    uint32_t flags = 0;  // of its checkpoint
    bool is_head = false;
    bool has_moment = false;
    uint64_t first_time_ticks = 0;
    uint64_t last_time_ticks = 0;
    uint32_t last_pid = 0;
    size_t summed_end = 0;   // in bytes_; how far the two sums reach: behind the last MARK
    uint32_t block_crc = 0;  // for the checkpoint
    uint32_t mark_crc = 0;   // for a MARK: starts from the block's place
  };

  struct Anchor {
    uint64_t logical = 0;  // where the block that it is in begins
    uint64_t time_ns = 0;
    int64_t realtime_ns = 0;
  };

  void AppendFragments(std::span<const uint8_t> payload);
  void BeginBlock(const Block& previous);
  void SumOpenBlock(size_t end);
  void NoteSpan(const Block& block);
  void NoteWritten();
  size_t EndOf(size_t block) const;
  size_t WrittenBlocks() const;
  void TakeOverFrom(const SegmentBuffer& other, size_t first_block);
  void DropBlocks(size_t count);
  uint8_t* Room(size_t bytes);

  uint32_t tag_;
  Buffer bytes_;               // from the first block that is kept
  uint64_t start_offset_ = 0;  // logical offset of bytes_[0]
  size_t written_ = 0;         // in bytes_
  size_t sealed_ = 0;          // in bytes_; the end of the last MARK or CHECKPOINT
  Position written_position_;
  Position synced_;
  uint64_t record_count_ = 0;  // in closed blocks
  uint64_t lost_total_ = 0;
  std::vector<Block> closed_;  // those in bytes_
  Block open_;
  std::vector<uint8_t> scratch_;  // a payload that must be split
  // Of the whole segment, also of blocks that are not kept any more.
  std::vector<Anchor> anchors_;
  std::optional<uint64_t> first_time_ticks_, last_time_ticks_;
};

}  // namespace daybook
