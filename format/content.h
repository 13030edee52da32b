// What a reader reads: the content of a file, in memory of its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "buffer.h"
#include "container_reader.h"
#include "daybook/reader.h"
#include "daybook/result.h"

namespace daybook {

// Here some of the segment's content was left out, on request.
struct Jump {
  size_t at = 0;               // in the bytes that were read
  uint64_t bytes = 0;          // of content
  uint64_t logical_bytes = 0;  // the same as they were written: none may be missing, or added
  uint64_t next_seq = 0;       // the number behind the last one in it
};

struct Content {
  Buffer bytes;
  bool is_compressed = false;
  // Nothing of it can have been lost in a crash: it was checked and synced.
  bool is_durable = false;
  std::vector<FrameDamage> frame_damage;
  std::optional<MissingTail> missing_tail;
  std::optional<SegmentStart> segment;  // as the container says
  std::vector<Jump> jumps;              // in the order of the bytes
  uint64_t file_begin = 0;              // where it begins in what the file holds, uncompressed
};

// Everything in the file; "-" is standard input. It is read and not mapped: a mapping of a file
// that shrinks, or whose disk fails, ends the program with SIGBUS.
Result<Buffer> ReadWholeContent(const std::string& path);

}  // namespace daybook
