// Compressed segments: "daybook-<number>.dbk.zst", of which `zstd -d` makes the raw segment again,
// bit for bit. SegmentReader::Open reads both kinds; this is for who makes them, and for who wants
// a part of one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "daybook/records.h"
#include "daybook/result.h"
#include "daybook/writer.h"

namespace daybook {

// The first frame ends no later than with the first block in which so much time has passed since
// the segment began: it holds the snapshot there, and what may be late.
inline constexpr uint64_t kHeadNs = 12'000'000'000;

struct CompressOptions {
  // A frame ends with the first block that reaches this size: the most, or nearly, that damage to
  // one byte of it costs.
  size_t frame_bytes = 256 * 1024;
  // Asked before each frame. A compression that was stopped is an error, and changes nothing.
  std::stop_token stop = {};
  // What is left to others on the file system: where there is less, it is an error, and may be
  // tried again later.
  uint64_t min_free_bytes = 0;
};

// Puts a compressed segment in the place of a raw one that is no longer written to. The raw file is
// removed only when the compressed one was made durable, and was read again and found to hold the
// same; that read may be answered from memory, so it proves the compression rather than the disk.
// Whatever fails or stops this, one of the two is there, whole; where both are, CleanUp sorts it
// out. Where only the compressed one is there, or retention removes the segment meanwhile, there is
// nothing to do. May run while a LogWriter writes other segments of the same folder. Takes a few
// megabytes of memory, however long the segment is; only one whose head is damaged, or that has
// another behind it, is read whole.
Status CompressSegment(LogFolder& folder, uint64_t segment_no, const CompressOptions& options = {});

// Removes what compressions left that were stopped by force: files that were not finished, and of a
// segment that is there raw and compressed the one that is not needed. Nothing else may compress
// meanwhile; a LogWriter may be at work. Two that are both in order and still differ are both kept,
// which is an error.
Status CleanUp(LogFolder& folder, std::stop_token stop = {});

// Where a frame stands in the compressed file.
struct FramePlace {
  uint64_t begin = 0;
  Frame description;
};

// What a compressed segment says of itself, read without decompressing anything.
struct CompressedIndex {
  Container container;
  std::optional<SegmentStart> segment;
  std::vector<FramePlace> frames;  // in the order of the segment
  std::vector<Clock> clocks;
};

// From the head and the end of the file only. An error where any of it is damaged or does not fit:
// read the whole file then, as SegmentReader does.
Result<CompressedIndex> ReadCompressedIndex(std::span<const uint8_t> file);
Result<CompressedIndex> ReadCompressedIndex(const std::string& path);

// The contents of the frames with these numbers, counted from 0, one behind the other; they are
// held against the index and their checksums.
Result<std::vector<uint8_t>> DecodeFrames(std::span<const uint8_t> file,
                                          const CompressedIndex& index,
                                          std::span<const size_t> frame_numbers);

}  // namespace daybook
