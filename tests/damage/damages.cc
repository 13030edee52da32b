#include "damages.h"

#include <algorithm>
#include <utility>

#include "segments.h"

namespace daybook::damage {
namespace {

using Vector = std::vector<uint8_t>;

Vector::iterator At(Vector& bytes, size_t offset) {
  return bytes.begin() + static_cast<std::ptrdiff_t>(offset);
}
Vector::const_iterator At(const Vector& bytes, size_t offset) {
  return bytes.begin() + static_cast<std::ptrdiff_t>(offset);
}

Vector Slice(const Vector& bytes, size_t begin, size_t end) {
  return {At(bytes, begin), At(bytes, end)};
}

void Append(Vector& out, const Vector& more) { out.insert(out.end(), more.begin(), more.end()); }

std::string Number(size_t value) { return std::to_string(value); }

// The ranges in which two texts of the same length differ.
std::vector<Range> Differences(const Vector& original, const Vector& changed, Range within) {
  std::vector<Range> ranges;
  for (size_t at = within.begin; at < within.end; ++at) {
    if (original[at] == changed[at]) continue;
    if (ranges.empty() || ranges.back().end != at) ranges.push_back({at, at});
    ranges.back().end = at + 1;
  }
  return ranges;
}

Damaged Overwrite(const Vector& original, size_t begin, const Vector& with, std::string text) {
  Damaged result{.text = std::move(text), .bytes = original, .damaged = {}};
  std::copy(with.begin(), with.end(), At(result.bytes, begin));
  result.damaged = Differences(original, result.bytes, {begin, begin + with.size()});
  return result;
}

// Where the bytes behind the range are like its first ones, it may as well be those that are gone.
Damaged Remove(const Vector& original, Range range, std::string text) {
  Damaged result{.text = std::move(text), .bytes = original, .damaged = {range}};
  result.bytes.erase(At(result.bytes, range.begin), At(result.bytes, range.end));
  size_t& end = result.damaged.back().end;
  for (size_t at = range.begin; end < original.size() && original[at] == original[end]; ++at) ++end;
  return result;
}

Damaged Insert(const Vector& original, size_t position, const Vector& more, std::string text) {
  Damaged result{.text = std::move(text), .bytes = original, .damaged = {{position, position}}};
  result.bytes.insert(At(result.bytes, position), more.begin(), more.end());
  return result;
}

Kind KindOf(std::string name, Shape shape, const Written& original, size_t count,
            std::function<Damaged(size_t)> make) {
  return {.name = std::move(name),
          .shape = shape,
          .original = &original,
          .genuine = {&original},
          .forged = {},
          .count = count,
          .make = std::move(make)};
}

Kind WithOther(Kind kind, const Written& other) {
  kind.genuine.push_back(&other);
  return kind;
}

std::string SizeName(size_t bytes) {
  return bytes % 1024 == 0 ? Number(bytes / 1024) + " KiB" : Number(bytes) + " B";
}

size_t PageCount(const Written& original, size_t page) {
  return (original.bytes.size() + page - 1) / page;
}

Range PageRange(const Written& original, size_t page, size_t number) {
  return {number * page, std::min((number + 1) * page, original.bytes.size())};
}

Vector Cookies(size_t bytes) {
  Vector result(bytes);
  for (size_t i = 0; i < bytes; ++i) result[i] = i % 2 == 0 ? 0x2B : 0x91;
  return result;
}

Vector ForgedBytes(size_t bytes, uint64_t seed) {
  constexpr size_t kFewest = 64;
  const std::string records = FakeRecords(std::max(bytes, kFewest), seed);
  return {records.begin(), records.begin() + static_cast<std::ptrdiff_t>(bytes)};
}

}  // namespace

Kind Truncations(const Written& original) {
  return KindOf("truncated", Shape::kOnePlace, original, original.bytes.size(),
                [&original](size_t size) {
                  return Remove(original.bytes, {size, original.bytes.size()},
                                "cut to " + Number(size) + " bytes");
                });
}

Kind ChangedBytes(const Written& original) {
  constexpr size_t kBits = 8;
  static constexpr uint8_t kValues[] = {0x00, 0xFF, 0x2B, 0x91};
  constexpr size_t kChanges = kBits + std::size(kValues);
  return KindOf("1 byte changed", Shape::kOnePlace, original, original.bytes.size() * kChanges,
                [&original](size_t index) {
                  const size_t at = index / kChanges;
                  const size_t change = index % kChanges;
                  const uint8_t was = original.bytes[at];
                  const auto is = static_cast<uint8_t>(change < kBits ? was ^ (1u << change)
                                                                      : kValues[change - kBits]);
                  return Overwrite(original.bytes, at, {is},
                                   "byte " + Number(at) + ": " + Number(was) + " -> " + Number(is));
                });
}

Kind Runs(const Written& original, RunChange change, size_t step) {
  constexpr size_t kLongest = 64;
  static constexpr const char* kNames[] = {"zeroed", "removed", "inserted"};
  const char* const name = kNames[static_cast<size_t>(change)];
  return KindOf(std::string("1-64 B ") + name, Shape::kOnePlace, original,
                (original.bytes.size() + step - 1) / step * kLongest,
                [&original, change, step, name](size_t index) {
                  const Vector& bytes = original.bytes;
                  const size_t at = index / kLongest * step;
                  const size_t length = 1 + index % kLongest;
                  const std::string text = Number(length) + " bytes " + name + " at " + Number(at);
                  const size_t end = std::min(at + length, bytes.size());
                  switch (change) {
                    case RunChange::kZeroed:
                      return Overwrite(bytes, at, Vector(end - at, 0), text);
                    case RunChange::kRemoved:
                      return Remove(bytes, {at, end}, text);
                    case RunChange::kInserted:
                      break;
                  }
                  return Insert(bytes, at, Random(index).Bytes(length), text);
                });
}

Kind Pages(const Written& original, size_t page, PageChange change) {
  static constexpr const char* kNames[] = {"zeroed",         "random",  "full of 2B 91",
                                           "forged records", "doubled", "missing"};
  const char* const name = kNames[static_cast<size_t>(change)];
  const Shape shape = change == PageChange::kDoubled ? Shape::kMoved : Shape::kOnePlace;
  return KindOf(SizeName(page) + " " + name, shape, original, PageCount(original, page),
                [&original, page, change, name](size_t number) {
                  const Vector& bytes = original.bytes;
                  const Range range = PageRange(original, page, number);
                  const size_t size = range.end - range.begin;
                  const std::string text = SizeName(page) + " page " + Number(number) + " " + name;
                  switch (change) {
                    case PageChange::kZeroed:
                      return Overwrite(bytes, range.begin, Vector(size, 0), text);
                    case PageChange::kRandom:
                      return Overwrite(bytes, range.begin, Random(number).Bytes(size), text);
                    case PageChange::kCookies:
                      return Overwrite(bytes, range.begin, Cookies(size), text);
                    case PageChange::kForgedRecords:
                      return Overwrite(bytes, range.begin, ForgedBytes(size, number), text);
                    case PageChange::kDoubled:
                      return Insert(bytes, range.end, Slice(bytes, range.begin, range.end), text);
                    case PageChange::kMissing:
                      break;
                  }
                  return Remove(bytes, range, text);
                });
}

Kind StalePages(const Written& original, size_t page) {
  const size_t pages = PageCount(original, page);
  return KindOf(SizeName(page) + " copied over another", Shape::kMoved, original, pages * pages,
                [&original, page, pages](size_t index) {
                  const Range from = PageRange(original, page, index / pages);
                  const Range to = PageRange(original, page, index % pages);
                  const size_t size = std::min(from.end - from.begin, to.end - to.begin);
                  return Overwrite(original.bytes, to.begin,
                                   Slice(original.bytes, from.begin, from.begin + size),
                                   SizeName(page) + " page " + Number(index / pages) +
                                       " copied over page " + Number(index % pages));
                });
}

Kind SwappedPages(const Written& original, size_t page) {
  // Whole pages only.
  const size_t pages = original.bytes.size() / page;
  return KindOf(SizeName(page) + " swapped", Shape::kMoved, original, pages * pages,
                [&original, page, pages](size_t index) {
                  const size_t one = index / pages * page;
                  const size_t two = index % pages * page;
                  Damaged result{.text = SizeName(page) + " pages " + Number(index / pages) +
                                         " and " + Number(index % pages) + " swapped",
                                 .bytes = original.bytes,
                                 .damaged = {}};
                  std::copy_n(At(original.bytes, one), page, At(result.bytes, two));
                  std::copy_n(At(original.bytes, two), page, At(result.bytes, one));
                  return result;
                });
}

Kind PagePairs(const Written& original, size_t page) {
  enum Change : size_t { kZeroed, kRandom, kMissing, kChanges };
  static constexpr const char* kNames[] = {"zeroed", "random", "missing"};
  const size_t pages = PageCount(original, page);
  const size_t pairs = pages * (pages - 1) / 2;
  return KindOf(
      "two " + SizeName(page) + " pages", Shape::kManyPlaces, original, pairs * kChanges * kChanges,
      [&original, page](size_t index) {
        const size_t second_change = index % kChanges;
        const size_t first_change = index / kChanges % kChanges;
        size_t pair = index / kChanges / kChanges;
        size_t second = 1;
        for (; pair >= second; ++second) pair -= second;
        const size_t first = pair;
        Damaged result{.text = SizeName(page) + " page " + Number(first) + " " +
                               kNames[first_change] + ", page " + Number(second) + " " +
                               kNames[second_change],
                       .bytes = original.bytes,
                       .damaged = {}};
        // From behind, so that the places in front stay where they are.
        const auto change = [&](size_t number, size_t how) {
          const Range range = PageRange(original, page, number);
          const size_t size = range.end - range.begin;
          if (how == kMissing) {
            result.bytes.erase(At(result.bytes, range.begin), At(result.bytes, range.end));
            result.damaged.insert(result.damaged.begin(), range);
            return;
          }
          const Vector with = how == kZeroed ? Vector(size, 0) : Random(index).Bytes(size);
          std::copy(with.begin(), with.end(), At(result.bytes, range.begin));
          const auto ranges = Differences(original.bytes, result.bytes, range);
          result.damaged.insert(result.damaged.begin(), ranges.begin(), ranges.end());
        };
        change(second, second_change);
        change(first, first_change);
        return result;
      });
}

Kind ScatteredBytes(const Written& original, size_t count) {
  constexpr size_t kBytes = 16;
  return KindOf(
      "16 bytes scattered", Shape::kManyPlaces, original, count, [&original](size_t index) {
        Random random(index);
        Damaged result{.text = "16 bytes scattered, case " + Number(index),
                       .bytes = original.bytes,
                       .damaged = {}};
        for (size_t i = 0; i < kBytes; ++i) {
          result.bytes[random.Below(result.bytes.size())] = static_cast<uint8_t>(random.Next());
        }
        result.damaged = Differences(original.bytes, result.bytes, {0, original.bytes.size()});
        return result;
      });
}

Kind Splices(const Written& original, const Written& other, size_t random) {
  const size_t firsts = original.blocks.size() + 1;
  const size_t seconds = other.blocks.size() + 1;
  return WithOther(KindOf("spliced", Shape::kMoved, original, firsts * seconds + random,
                          [&original, &other, firsts, seconds](size_t index) {
                            const auto boundary = [](const Written& written, size_t number) {
                              return number == 0 ? 0 : written.blocks[number - 1].end;
                            };
                            Random dice(index);
                            const bool at_boundary = index < firsts * seconds;
                            const size_t end = at_boundary ? boundary(original, index / seconds)
                                                           : dice.Below(original.bytes.size() + 1);
                            const size_t begin = at_boundary ? boundary(other, index % seconds)
                                                             : dice.Below(other.bytes.size() + 1);
                            Damaged result{.text = "the first " + Number(end) +
                                                   " bytes, then the other from " + Number(begin),
                                           .bytes = Slice(original.bytes, 0, end),
                                           .damaged = {}};
                            Append(result.bytes, Slice(other.bytes, begin, other.bytes.size()));
                            return result;
                          }),
                   other);
}

Kind Interleaved(const Written& original, const Written& other, size_t piece, size_t count) {
  const std::string name = piece == 0 ? "random pieces" : SizeName(piece) + " pieces";
  return WithOther(
      KindOf("two in turn, " + name, Shape::kMoved, original, count,
             [&original, &other, piece, name](size_t index) {
               constexpr size_t kLongest = 3000;
               Random random(index);
               Damaged result{.text = "two in turn, " + name + ", case " + Number(index),
                              .bytes = {},
                              .damaged = {}};
               const Written* const both[] = {&original, &other};
               // Where each begins differs from case to case; half of them with their heads.
               size_t at[2] = {};
               if (index % 2 == 1) at[0] = random.Below(original.bytes.size());
               if (index % 2 == 1) at[1] = random.Below(other.bytes.size());
               for (size_t turn = 0; at[0] < original.bytes.size() || at[1] < other.bytes.size();
                    ++turn) {
                 const Vector& from = both[turn % 2]->bytes;
                 size_t& begin = at[turn % 2];
                 const size_t length = piece == 0 ? 1 + random.Below(kLongest) : piece;
                 const size_t end = std::min(begin + length, from.size());
                 Append(result.bytes, Slice(from, begin, end));
                 begin = end;
               }
               return result;
             }),
      other);
}

Kind Doubled(const Written& original) {
  return KindOf("the segment twice", Shape::kMoved, original, 2 * original.bytes.size() + 1,
                [&original](size_t index) {
                  Damaged result{
                      .text = "the segment twice", .bytes = original.bytes, .damaged = {}};
                  Append(result.bytes, original.bytes);
                  if (index == 0) return result;
                  result.text += ", byte " + Number(index - 1) + " changed";
                  result.bytes[index - 1] ^= 0x40;
                  return result;
                });
}

Kind ForeignBlocks(const Written& original, const Written& other) {
  const size_t blocks = std::min(original.blocks.size(), other.blocks.size());
  return WithOther(
      KindOf("a foreign block", Shape::kMoved, original, 2 * blocks,
             [&original, &other, blocks](size_t index) {
               const size_t number = index % blocks;
               const bool replaces = index < blocks;
               const WrittenBlock& ours = original.blocks[number];
               const WrittenBlock& theirs = other.blocks[number];
               Damaged result{.text = "block " + Number(number) + " of another segment " +
                                      (replaces ? "in place of ours" : "before ours"),
                              .bytes = Slice(original.bytes, 0, ours.begin),
                              .damaged = {}};
               Append(result.bytes, Slice(other.bytes, theirs.begin, theirs.end));
               Append(result.bytes, Slice(original.bytes, replaces ? ours.end : ours.begin,
                                          original.bytes.size()));
               return result;
             }),
      other);
}

Kind MissingBlocks(const Written& original) {
  return KindOf("a block missing", Shape::kOnePlace, original, original.blocks.size(),
                [&original](size_t number) {
                  const WrittenBlock& block = original.blocks[number];
                  return Remove(original.bytes, {block.begin, block.end},
                                "block " + Number(number) + " missing");
                });
}

Kind LostHeads(const Written& original) {
  return KindOf("everything before zeroed", Shape::kOnePlace, original, original.bytes.size() + 1,
                [&original](size_t size) {
                  return Overwrite(original.bytes, 0, Vector(size, 0),
                                   "the first " + Number(size) + " bytes zeroed");
                });
}

Kind FlippedBefore(const Written& original, const std::string& needle, size_t before) {
  std::vector<size_t> places;
  const Vector& bytes = original.bytes;
  for (auto at = bytes.begin();; ++at) {
    at = std::search(at, bytes.end(), needle.begin(), needle.end(),
                     [](uint8_t a, char b) { return a == static_cast<uint8_t>(b); });
    if (at == bytes.end()) break;
    const auto place = static_cast<size_t>(at - bytes.begin());
    for (size_t i = place - std::min(before, place); i < place + 4; ++i) places.push_back(i);
  }
  const size_t count = places.size();
  return KindOf("1 byte before it", Shape::kOnePlace, original, count,
                [&original, places = std::move(places)](size_t index) {
                  const size_t at = places[index];
                  const auto is = static_cast<uint8_t>(original.bytes[at] ^ 0x20);
                  return Overwrite(original.bytes, at, {is}, "byte " + Number(at) + " flipped");
                });
}

}  // namespace daybook::damage
