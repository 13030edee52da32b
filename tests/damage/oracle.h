// Judges what a reader made of damaged bytes, by what was written.
//
// Two judges, who share nothing:
//  * Judge() knows the bytes that were written and where the damage is. It demands the properties
//      P1  what is verified was written: type, payload, number and base, byte for byte;
//      P2  records of blocks that were left alone are verified, and, where the damage is at one
//          place, those that were left alone in damaged blocks are salvaged;
//      P3  two verified records with no gap between them were neighbours when they were written, so
//          nothing changed, missing or added goes unreported; records lost are counted exactly;
//      P4  nothing that is not verified comes without being asked for, or changes what is verified;
//      P5  the reader ends, items are in order, and every byte is in a record or in a gap.
//  * Expect() walks the damaged bytes block by block as the manual says, but knows a checkpoint by
//    comparing it with those that were written, never by a sum; what a reader says must be exactly
//    that, gap by gap.
//
// What cannot be, and is not demanded:
//  * A file cut at a boundary looks like one that was never longer: no gap. Its successor tells.
//  * Behind a head that is lost nobody knows how many records stood there: no count.
//  * The open end of a segment is proved by its place, which the checkpoint right before it says:
//    where that is damaged too, or bytes were added between, it is not proved.
//  * Blocks without a head may have been forged in a payload, unless they follow each other for
//    longer than one: where no such run is left, nobody knows the segment's tag.
//  * The first records of a damaged block may be proved by a MARK. Where the block stands whole
//    further on (its page is there twice), all of it is handed out, those again: same numbers.
//  * Without a checkpoint behind the damage the end of the damage is no anchor. Then salvage needs
//    four headers in a row, or two that end with the file: fewer are missed.
//  * Where a record's length grows by just as much as the records behind it are long, or just as
//    many of its bytes are missing, it takes their place, and what follows fits: they are not
//    salvaged. The same where it grows up to what looks like a header within one of them.
//  * Shape::kMoved and kForgedTag: see there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "damages.h"
#include "items.h"

namespace daybook::damage {

// One case, as a line of the damage matrix counts it.
struct Verdict {
  uint64_t blocks_lost = 0;   // records of blocks left alone that are not verified
  uint64_t records_lost = 0;  // records left alone that are neither verified nor salvaged
  uint64_t false_verified = 0;
  uint64_t salvaged = 0;            // handed out flagged and right
  uint64_t wrong_flagged = 0;       // handed out flagged, and not what was written there
  uint64_t wrong_base = 0;          // of the salvaged ones: right, but relative to the wrong block
  std::vector<std::string> broken;  // properties that do not hold, in words

  bool ok() const { return broken.empty(); }
};

// What is expected, block by block.
struct Expected {
  struct Piece {  // of a written segment, verified
    const Written* segment = nullptr;
    size_t begin = 0;  // in the file
    size_t end = 0;
    size_t written_begin = 0;  // in the segment
  };
  std::vector<Piece> pieces;
  std::vector<Gap> gaps;  // tail, wrong_byte and records_salvaged are not said
  bool complete = false;
  // False where two segments share the bytes, or one stands there twice: whose promise counts for a
  // gap's cause is then not said by the blocks alone.
  bool causes_known = true;
};

Expected Expect(const Kind& kind, const Damaged& damaged);

// Reads the bytes with and without salvage and judges both.
Verdict Judge(const Kind& kind, const Damaged& damaged);

// True where one of the records of [begin, end), which is a block with its checkpoint, has a CONT
// header within: what an argument is made of may hide those of our writer so. Where the head of a
// segment is lost, such blocks do not say whose they are.
bool HidesCont(Bytes bytes, size_t begin, size_t end);

// True where the head is left, or closed blocks in a row that are together longer than a payload:
// what is left then says whose it is. `touched` has one entry for each block.
bool SaysWhoseItIs(const Written& original, const std::vector<bool>& touched);

}  // namespace daybook::damage
