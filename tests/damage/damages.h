// Ways in which a file goes wrong, enumerated: case number i of a kind is the same bytes on every
// run, so that a sample and the complete run name their cases alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "written.h"

namespace daybook::damage {

// What an oracle may demand beyond "nothing false is verified".
enum class Shape : uint8_t {
  // Bytes changed, missing or added at one place. Nothing that was left alone may be lost.
  kOnePlace,
  // At several places. Blocks that were left alone are still verified; salvage may miss records.
  kManyPlaces,
  // Blocks stand where they do not belong. A reader never goes back in a segment, so a block that
  // stands too early costs those it overtakes.
  kMoved,
  // Somebody who knows the segment's tag forged checkpoints: the tag is the only secret there is,
  // so what he puts into a damaged block is believed. The reader must end, and keep its order.
  kForgedTag,
};

struct Damaged {
  std::string text;  // which case it is, for people
  std::vector<uint8_t> bytes;
  // What was changed or removed, in terms of the original; an empty range where bytes were added.
  // In order, disjoint. Exact for kOnePlace and kManyPlaces, where bytes that happen to be the same
  // as before do not count; for the other shapes it is left empty.
  std::vector<Range> damaged;
};

struct Kind {
  std::string name;
  Shape shape = Shape::kOnePlace;
  const Written* original = nullptr;
  // Whose records may be verified: the original first. Beside them stands what is only looked like
  // by payloads: a checkpoint in there is known to the oracle, its records are never right.
  std::vector<const Written*> genuine;
  std::vector<const Written*> forged;
  size_t count = 0;
  std::function<Damaged(size_t index)> make;
};

// ---- Generators. `original` must outlive what they return. ----

Kind Truncations(const Written& original);
Kind ChangedBytes(const Written& original);  // 8 bit flips, 00, FF, 2B, 91

enum class RunChange : uint8_t { kZeroed, kRemoved, kInserted };
// (position, length 1..64) at every `step`th position.
Kind Runs(const Written& original, RunChange change, size_t step);

enum class PageChange : uint8_t { kZeroed, kRandom, kCookies, kForgedRecords, kDoubled, kMissing };
// Every sector or page of that size; the last one may be shorter.
Kind Pages(const Written& original, size_t page, PageChange change);
// Every ordered pair of them: the second one is overwritten by a copy of the first one; or the two
// are swapped.
Kind StalePages(const Written& original, size_t page);
Kind SwappedPages(const Written& original, size_t page);
// Every two pages, each zeroed, random or missing: nine cases a pair.
Kind PagePairs(const Written& original, size_t page);

// 16 bytes anywhere, `count` times.
Kind ScatteredBytes(const Written& original, size_t count);

// The first bytes of `original` and the last ones of `other`, from block boundary to block
// boundary, and at `random` other places.
Kind Splices(const Written& original, const Written& other, size_t random);
// Pieces of both in turn; `piece` 0: of random length. `count` cases begin at different places.
Kind Interleaved(const Written& original, const Written& other, size_t piece, size_t count);
// Twice in a row, with one byte changed somewhere; case 0 has none.
Kind Doubled(const Written& original);
// Each block replaced by that of another segment, and put in before it.
Kind ForeignBlocks(const Written& original, const Written& other);
// Each block missing, checkpoint and all: what is left fits together but for its numbers.
Kind MissingBlocks(const Written& original);
// Everything before a place overwritten with zeros: the head is gone, and the place is everywhere.
Kind LostHeads(const Written& original);
// A byte flipped in each of the `before` bytes in front of each `needle` in the original, and the
// needle's first bytes as well.
Kind FlippedBefore(const Written& original, const std::string& needle, size_t before);

}  // namespace daybook::damage
