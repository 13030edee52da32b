// Reads the content of a segment: proves what can be proved, and tells what cannot. Pure logic over
// bytes; SegmentReader is what users see of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "block.h"
#include "content.h"
#include "daybook/reader.h"
#include "daybook/schema.h"
#include "gap_cause.h"
#include "layout.h"
#include "salvage.h"

namespace daybook {

class ContentReader {
 public:
  // Work that hostile bytes could cause again and again. All of it stays within a constant times
  // the length of the bytes.
  struct Work {
    uint64_t summed_bytes = 0;  // by checksums of blocks
    uint64_t walked_bytes = 0;  // from header to header, where no block came of it
    uint64_t looked_bytes = 0;  // for what the rest of a segment says
  };

  // The bytes must outlive this and not change. Of durable ones nothing can be lost in a crash.
  // Between `jumps` there are whole blocks.
  ContentReader(Bytes bytes, bool is_durable, ReaderOptions options, std::vector<Jump> jumps = {});

  Item Next() {
    Item item;
    Next(&item);
    return item;
  }
  void Next(Item* item) {
    if (turning_ || position_ >= proved_) return NextOfTurns(item);
    NextRecord(item);
  }
  // As the SegmentReader's.
  [[nodiscard]] bool NextRun(const RecordTypes& types, RecordRun* run, size_t most);
  const std::optional<SegmentStart>& segment() const { return segment_; }
  // Of the segment's checkpoints, where they tell.
  std::optional<uint32_t> tag() const {
    return context_ ? std::optional(context_->tag) : expected_tag_;
  }
  Work work() const;
  // All offsets are in the bytes; so many more were left out before the last item.
  uint64_t jumped_bytes() const { return jumped_bytes_; }

  // The gap at the end of all, where something is known to follow that is not there.
  // `start` is what the container knows of the segment, in case that nothing is left of it.
  Gap GapAtEnd(std::optional<uint64_t> next_seq, const std::optional<SegmentStart>& start) const;

 private:
  // What a block must continue in order to belong to the segment that is being read.
  struct Context {
    uint32_t tag = 0;
    uint64_t logical_end = 0;  // of the last block that was read or skipped, checkpoint included
    uint64_t file_end = 0;     // the same place in the file
  };
  // What ended a gap.
  struct Ending {
    FoundCheckpoint checkpoint;
    std::optional<size_t> block_begin;  // nullopt where its block is not proved
  };

  void Begin();
  void NextOfTurns(Item* item);
  void NextRecord(Item* item);
  std::optional<Item> NextTurn();
  void AssembleRest(const RecordHeader& header, RecordView* record);
  void Learn(const RecordView& record);
  std::optional<Skip> TakeJump();
  std::optional<Gap> OpenBlock();
  void OpenPart(size_t walk_end);
  size_t Walk();

  Item Resync();
  std::optional<Ending> FindEnding();
  Gap GapUntil(size_t end, const std::optional<Ending>& ending);
  void TellLoss(const Ending& ending, Gap* gap) const;
  GapCause CauseOf(const Gap& gap);
  Outlook LookFrom(size_t begin);
  bool IsInsideOurs(const SegmentStart& head);
  std::optional<WrongByte> FindWrongByteOf(const FoundCheckpoint& checkpoint, const Gap& gap) const;
  void Salvage(const std::optional<Ending>& ending, Gap* gap);

  std::optional<Ending> TryStart(const FoundCheckpoint& checkpoint);
  std::optional<SegmentStart> StartOf(const FoundCheckpoint& checkpoint, size_t block_begin) const;
  bool IsInPlace(const FoundCheckpoint& checkpoint) const;
  bool MayFollow(const FoundCheckpoint& checkpoint) const;
  void EnterSegment(const SegmentStart& start);
  void BeginSegment();
  void Enter(FoundCheckpoint checkpoint, size_t block_begin);
  void Pass(const FoundCheckpoint& checkpoint);

  Bytes bytes_;
  bool is_durable_;
  std::vector<Jump> jumps_;
  size_t next_jump_ = 0;
  uint64_t jumped_bytes_ = 0;
  ReaderOptions options_;
  RangeSums sums_;
  std::optional<TypeRegistry> types_;  // with salvage only
  bool begun_ = false;
  bool turning_ = true;  // before the record at position_ something else is to be done

  std::optional<SegmentStart> segment_;
  std::optional<SegmentStart> next_segment_;  // entered, but what stands before it comes first
  std::optional<uint32_t> expected_tag_;      // of the first block, where the head is damaged
  std::optional<size_t> next_begin_;          // of a segment behind it, where nothing is left of it
  std::optional<Context> context_;
  uint32_t tick_ns_ = kTickNs;
  // Not beside proved_: g++ 12 loads neighbours as one vector, which waits each time until
  // position_ has been stored (the line "verify" of bench_format: 3.4 instead of 4.4 GB/s).
  size_t position_ = 0;      // of the next record, or of the next block
  size_t salvaged_end_ = 0;  // records before this place were salvaged when this file was made
  size_t proved_ = 0;        // records before this place may be handed out
  BlockBase base_;           // of the block being handed out
  BlockBase next_base_;      // of the block after it
  uint64_t next_seq_ = 0;
  std::optional<uint64_t> block_next_seq_;  // behind the block being handed out, if it was closed
  std::optional<uint64_t> last_time_ns_;    // of the last good checkpoint
  uint64_t durable_end_ = 0;                // as the checkpoints read so far promise
  std::optional<Outlook> outlook_;          // from the first gap of the segment on
  bool complete_ = false;
  bool damaged_ = false;              // at proved_ begins what could not be proved
  std::optional<Id128> unsupported_;  // stream id of a segment that this reader cannot decode
  std::optional<Salvager> salvager_;
  uint64_t walked_bytes_ = 0;
  uint64_t looked_bytes_ = 0;
  std::vector<uint8_t> assembled_;
  std::vector<RecordRun::Record> run_;
};

}  // namespace daybook
