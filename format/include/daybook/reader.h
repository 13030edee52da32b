// Reads the segments of a log, damaged or not. Damage is data, not an error: what cannot be proved
// by a checksum is never handed out as a record; it becomes a Gap that says where and why.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daybook/codec.h"
#include "daybook/records.h"
#include "daybook/result.h"

namespace daybook {

// One proved record. Everything in it is valid until the next call of the reader.
struct RecordView {
  uint8_t type = 0;
  std::span<const uint8_t> payload;  // continuations already appended
  BlockBase base;
  uint64_t offset = 0;          // of its header in the file
  uint64_t size = 0;            // bytes in the file, headers and continuations included
  std::optional<uint64_t> seq;  // numbered records only

  template <class Record>
  bool Is() const {
    return type == Schema<Record>::kType;
  }

  // Reads the payload as a Record. False where it is another type or malformed.
  template <class Record>
  [[nodiscard]] bool As(Record* record) const {
    return Is<Record>() && Decode(payload, base, record);
  }
};

enum class GapCause : uint8_t {
  kDamaged,      // bytes that had been written are wrong or missing
  kTornTail,     // the end of a segment whose recorder or machine stopped while writing: expected
  kUnsupported,  // a segment of a format version that this reader does not know
};

// Bytes that could not be proved, and what is known of what they held.
struct Gap {
  uint64_t begin = 0;  // byte range in the file; empty where bytes are missing between two blocks
  uint64_t end = 0;
  GapCause cause = GapCause::kDamaged;
  std::optional<uint64_t> records_lost;   // numbered records; known when a later block proves it
  std::optional<uint64_t> first_time_ns;  // the records lost lie between these two times
  std::optional<uint64_t> last_time_ns;
};

// The end of the bytes. Without a SEGMENT_END the segment is still being written, or its recorder
// was stopped by force.
struct End {
  bool complete = false;  // the last thing read was the last checkpoint of a segment
};

using Item = std::variant<RecordView, Gap, End>;

std::string_view GapCauseName(GapCause cause);

// Reads one file: usually one segment; several concatenated ones are legal.
class SegmentReader {
 public:
  // The bytes must outlive the reader and must not change.
  explicit SegmentReader(std::span<const uint8_t> bytes);

  // Maps the file, or reads it whole where it cannot be mapped (a pipe; "-" is standard input).
  static Result<SegmentReader> Open(const std::string& path);

  SegmentReader(SegmentReader&&) noexcept;
  SegmentReader& operator=(SegmentReader&&) noexcept;
  ~SegmentReader();

  // The next record or gap; End again and again at the end.
  Item Next();

  // The SEGMENT_START of the segment that the last item stood in, or a copy of it; nullopt before
  // the first call of Next, and where none is left.
  const std::optional<SegmentStart>& segment() const;

  uint64_t file_bytes() const;

 private:
  class Impl;
  explicit SegmentReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The files of a log in the order in which they were written. `path` is a file, "-", or a folder,
// of which the segments are taken in order of their numbers. An empty folder is an error.
Result<std::vector<std::string>> FindSegments(const std::string& path);

}  // namespace daybook
