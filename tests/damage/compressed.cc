#include "compressed.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "container_reader.h"
#include "daybook/compress.h"
#include "segment_compressor.h"

namespace daybook::damage {
namespace {

std::vector<uint8_t> CompressedBytes(Bytes raw, size_t frame_bytes) {
  std::vector<uint8_t> file;
  SegmentCompressor compressor(raw, frame_bytes);
  for (;;) {
    const auto piece = compressor.Next();
    if (!piece) std::abort();
    if (piece->empty()) return file;
    file.insert(file.end(), piece->begin(), piece->end());
  }
}

bool Overlap(const Range& a, const Range& b) {
  // Bytes that were added stand in a frame only where some of it stands on both sides.
  return a.begin < b.end && a.end > b.begin && (a.begin != a.end || a.begin > b.begin);
}

std::vector<uint8_t> Joined(const std::vector<uint8_t>& bytes, std::initializer_list<Range> parts) {
  std::vector<uint8_t> joined;
  for (const Range& part : parts) {
    joined.insert(joined.end(), bytes.begin() + static_cast<std::ptrdiff_t>(part.begin),
                  bytes.begin() + static_cast<std::ptrdiff_t>(part.end));
  }
  return joined;
}

Kind FrameKind(const Compressed& compressed, std::string name, Shape shape, size_t count,
               std::function<Damaged(size_t)> make) {
  return {.name = std::move(name),
          .shape = shape,
          .original = &compressed.file,
          .genuine = {compressed.raw},
          .forged = {},
          .count = count,
          .make = std::move(make)};
}

}  // namespace

Compressed Compress(const Written& raw, size_t frame_bytes) {
  Compressed compressed{.raw = &raw, .file = {}, .frames = {}};
  compressed.file.bytes = CompressedBytes(raw.bytes, frame_bytes);
  const auto index = ReadCompressedIndex(compressed.file.bytes);
  if (!index) std::abort();
  size_t end = 0;
  for (const FramePlace& place : index->frames) {
    const size_t begin = place.begin;
    const size_t raw_begin = place.description.offset;
    // Before the first frame stands the head, too.
    const size_t part_begin = end == 0 ? begin : end;
    end = begin + place.description.compressed_bytes;
    compressed.frames.push_back({.file = {part_begin, end},
                                 .frame = {begin, end},
                                 .raw = {raw_begin, raw_begin + place.description.raw_bytes}});
  }
  return compressed;
}

Kind MissingFrames(const Compressed& compressed) {
  return FrameKind(compressed, "a frame missing", Shape::kOnePlace, compressed.frames.size(),
                   [&compressed](size_t number) {
                     const std::vector<uint8_t>& bytes = compressed.file.bytes;
                     const Range part = compressed.frames[number].file;
                     return Damaged{
                         .text = "frame " + std::to_string(number) + " missing",
                         .bytes = Joined(bytes, {{0, part.begin}, {part.end, bytes.size()}}),
                         .damaged = {part}};
                   });
}

Kind SwappedFrames(const Compressed& compressed) {
  const size_t frames = compressed.frames.size();
  return FrameKind(compressed, "two frames swapped", Shape::kMoved, frames * frames,
                   [&compressed, frames](size_t index) {
                     const std::vector<uint8_t>& bytes = compressed.file.bytes;
                     const auto [first, second] = std::minmax({index / frames, index % frames});
                     const Range one = compressed.frames[first].file;
                     const Range two = compressed.frames[second].file;
                     Damaged result{.text = "frames " + std::to_string(first) + " and " +
                                            std::to_string(second) + " swapped",
                                    .bytes = bytes,
                                    .damaged = {}};
                     if (first == second) return result;
                     result.bytes = Joined(
                         bytes,
                         {{0, one.begin}, two, {one.end, two.begin}, one, {two.end, bytes.size()}});
                     return result;
                   });
}

namespace {

class CompressedJudgement {
 public:
  CompressedJudgement(const Compressed& compressed, const Kind& kind, const Damaged& damaged)
      : compressed_(compressed), kind_(kind), damaged_(damaged) {}

  Verdict Run() {
    const DecodedContainer decoded = DecodeContainer(damaged_.bytes);
    const std::vector<uint8_t> content(decoded.content.begin(), decoded.content.end());
    JudgeContent(content);
    if (kind_.shape != Shape::kMoved) CheckFramesLeftAlone(content);
    CheckTold(decoded.damage);
    return verdict_;
  }

 private:
  void Broken(std::string what) { verdict_.broken.push_back(std::move(what)); }

  void JudgeContent(const std::vector<uint8_t>& content) {
    Kind kind{.name = kind_.name, .shape = Shape::kMoved, .original = compressed_.raw};
    kind.genuine = {compressed_.raw};
    verdict_ = Judge(kind, {.text = damaged_.text, .bytes = content, .damaged = {}});
  }

  bool IsTouched(const Range& frame) const {
    return std::any_of(damaged_.damaged.begin(), damaged_.damaged.end(),
                       [&](const Range& range) { return Overlap(range, frame); });
  }

  bool AnyFrameIsLeft() const {
    return kind_.shape != Shape::kMoved &&
           std::any_of(compressed_.frames.begin(), compressed_.frames.end(),
                       [&](const Compressed::Part& part) { return !IsTouched(part.frame); });
  }

  // Whether the blocks that are left say whose they are.
  bool IsSegmentKnown() const {
    std::vector<bool> touched;
    for (const WrittenBlock& block : compressed_.raw->blocks) {
      touched.push_back(std::ranges::any_of(compressed_.frames, [&](const Compressed::Part& part) {
        return IsTouched(part.frame) && Overlap(part.raw, {block.begin, block.end});
      }));
    }
    return SaysWhoseItIs(*compressed_.raw, touched);
  }

  void CheckFramesLeftAlone(const std::vector<uint8_t>& content) {
    if (!IsSegmentKnown()) return;
    const Items items = ReadItems(content, {});
    auto seen = items.records.begin();
    for (const Compressed::Part& part : compressed_.frames) {
      if (IsTouched(part.frame)) continue;
      for (const WrittenRecord& record : compressed_.raw->records) {
        if (record.offset < part.raw.begin || record.offset >= part.raw.end) continue;
        const auto found = std::find_if(seen, items.records.end(), [&](const SeenRecord& one) {
          return one.view.type == record.type && one.view.seq == record.seq &&
                 one.view.base == record.base &&
                 std::ranges::equal(one.view.payload, record.payload);
        });
        if (found != items.records.end()) {
          seen = found + 1;
          continue;
        }
        ++verdict_.blocks_lost;
        Broken("the record at " + std::to_string(record.offset) +
               " of a frame that was left alone is lost");
        return;
      }
    }
  }

  void CheckTold(const std::vector<FrameDamage>& damage) {
    if (damaged_.bytes == compressed_.file.bytes) {
      if (!damage.empty()) Broken("damage is told where none is");
      return;
    }
    if (damage.empty()) return Broken("no damage is told");
    // With several damages the one to the index may leave the seek table with nothing to be held
    // against.
    if (kind_.shape != Shape::kOnePlace) return;
    if (damaged_.bytes.size() != compressed_.file.bytes.size()) return;
    for (size_t at = 0; at < damaged_.bytes.size(); ++at) {
      if (damaged_.bytes[at] == compressed_.file.bytes[at]) continue;
      const bool told = std::any_of(damage.begin(), damage.end(), [at](const FrameDamage& one) {
        return at >= one.begin && at < one.end;
      });
      if (!told) return Broken("the changed byte " + std::to_string(at) + " is not told of");
    }
  }

  const Compressed& compressed_;
  const Kind& kind_;
  const Damaged& damaged_;
  Verdict verdict_;
};

}  // namespace

Verdict JudgeCompressed(const Compressed& compressed, const Kind& kind, const Damaged& damaged) {
  return CompressedJudgement(compressed, kind, damaged).Run();
}

}  // namespace daybook::damage
