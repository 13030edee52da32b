// Reads the segments of a log, damaged or not. Damage is data, not an error: what cannot be proved
// by a checksum is never handed out as a record; it becomes a Gap that says where and why.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
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

// What speaks for a record.
enum class Proof : uint8_t {
  // A checksum. Others are handed out only with ReaderOptions::salvage, or where the file itself is
  // the output of a salvage and says so.
  kVerified,
  kSalvaged,  // only its shape, in a damaged part. A program's arguments may look like that.
  kTail,      // the same, in the last bytes of a segment whose writer was stopped
};

// One record. Everything in it is valid until the next call of the reader.
struct RecordView {
  uint8_t type = 0;
  std::span<const uint8_t> payload;  // continuations already appended
  BlockBase base;
  uint64_t offset = 0;          // of its header in the file
  uint64_t size = 0;            // bytes in the file, headers and continuations included
  std::optional<uint64_t> seq;  // verified numbered records only
  Proof proof = Proof::kVerified;
  bool has_base = true;  // false: nothing says what its times and pids are relative to
  bool is_whole = true;  // false: continuations are missing, so a string at its end is cut
  // The payload stands in one piece in the file: it is valid as long as the reader, and of a live
  // one until Refresh.
  bool is_in_place = false;

  template <class Record>
  bool Is() const {
    return type == Schema<Record>::kType;
  }

  // Reads the payload as a Record. False where it is another type, malformed, or has no base.
  template <class Record>
  [[nodiscard]] bool As(Record* record) const {
    return Is<Record>() && has_base && Decode(payload, base, record);
  }
};

// True for each type of record that is meant.
using RecordTypes = std::array<bool, 256>;

// Records that follow each other in the file, numbered in turn, all verified by one checksum.
// Everything in it is valid until the next call of the reader.
struct RecordRun {
  struct Record {
    uint8_t type = 0;
    std::span<const uint8_t> payload;  // in one piece in the file
  };
  std::span<const Record> records;
  BlockBase base;
  uint64_t offset = 0;  // of the first one's header in the file
  uint64_t first_seq = 0;
};

// The durable end of a segment is the furthest place that a checkpoint promises to be on disk; all
// of it, once it was ended in order.
enum class GapCause : uint8_t {
  kDamaged,      // before the durable end: the medium, or somebody, changed or lost bytes
  kTornTail,     // behind it, nothing good follows: the recorder or machine stopped while writing
  kHole,         // behind it, good blocks follow: a power loss kept later pages and lost these
  kTrailing,     // bytes behind the end of a complete segment
  kLostBefore,   // records that were lost before this file was made from a damaged one
  kUnsupported,  // a segment of a format version that this reader does not know
};

// What the bytes of a torn tail look like.
enum class TailKind : uint8_t { kNone, kCutRecord, kZeroFill, kZeroSector, kGarbage };

// One byte without which a block's checksum would be right. Random damage looks like that once in
// 4000 times.
struct WrongByte {
  uint64_t offset = 0;
  uint8_t is = 0;
  uint8_t was = 0;
  bool operator==(const WrongByte&) const = default;
};

// Bytes that could not be proved, and what is known of what they held. What is salvaged of them
// follows the gap as records.
struct Gap {
  uint64_t begin = 0;  // byte range in the file; empty where bytes are missing between two blocks
  uint64_t end = 0;
  GapCause cause = GapCause::kDamaged;
  TailKind tail = TailKind::kNone;         // of a kTornTail
  std::optional<uint64_t> records_lost;    // numbered records; known when a later block proves it
  std::optional<uint64_t> first_lost_seq;  // the number of the first of them
  std::optional<uint64_t> first_time_ns;   // the records lost lie between these two times
  std::optional<uint64_t> last_time_ns;
  std::optional<WrongByte> wrong_byte;
  uint64_t records_salvaged = 0;  // numbered records among those that follow; salvage only
};

// What was not read, since ReaderOptions::choose_frames did not choose it.
struct Skip {
  uint64_t begin = 0;  // byte range in the segment's content
  uint64_t end = 0;
  uint64_t next_seq = 0;  // the number behind the last one in it
};

// The end of the bytes. Without a SEGMENT_END the segment is still being written, or its recorder
// was stopped by force.
struct End {
  bool complete = false;  // the last thing read was the last checkpoint of a segment
};

using Item = std::variant<RecordView, Gap, Skip, End>;

// Words for programs and people: "torn_tail".
std::string_view GapCauseName(GapCause cause);
std::string_view TailKindName(TailKind kind);  // "none" ...
std::string_view ProofName(Proof proof);

// A part of a compressed segment that is not as it was written. Where the content suffers too, gaps
// tell what is lost of it.
struct FrameDamage {
  uint64_t begin = 0;  // byte range in the compressed file
  uint64_t end = 0;
  uint64_t raw_begin = 0;  // what of the segment's content it holds; empty where none
  uint64_t raw_end = 0;
  uint64_t lost_bytes = 0;  // of that content, which could not be decoded
  std::string cause;
};

struct CompressedIndex;

// Which frames of a compressed segment are to be read: one for each of the index.
using FrameChoice = std::function<std::vector<bool>(const CompressedIndex& index)>;

struct ReaderOptions {
  // Also hand out what no checksum proves, marked as such.
  bool salvage = false;
  // Asked once, when the file is opened; for the others there are Skips. The frame with the
  // segment's head is read in any case. A file that is not compressed, or where anything is missing
  // or damaged that would be read, is read whole.
  FrameChoice choose_frames = {};
};

// Reads one file: usually one segment; several concatenated ones are legal, compressed ones first.
// Of a compressed segment all offsets are those of its content, uncompressed.
class SegmentReader {
 public:
  // The bytes of a segment that is not compressed. They must outlive the reader and not change.
  explicit SegmentReader(std::span<const uint8_t> bytes, ReaderOptions options = {});

  // Reads the file, compressed or not; "-" is standard input. A file that shrinks meanwhile is a
  // shorter file.
  static Result<SegmentReader> Open(const std::string& path, ReaderOptions options = {});

  // Reads a segment that is still being written. What nothing proves yet at its end is no gap:
  // there is an End, and behind that what Refresh has found. Of a compressed one, which is
  // finished, the same as Open.
  static Result<SegmentReader> OpenLive(const std::string& path);

  // Only of one that was opened so and is not compressed: looks for what was written since, and
  // says whether there is any. kLast: nobody writes to it any more, so that what is not proved is a
  // gap after all.
  enum class More : uint8_t { kMayFollow, kLast };
  Result<bool> Refresh(More more);

  SegmentReader(SegmentReader&&) noexcept;
  SegmentReader& operator=(SegmentReader&&) noexcept;
  ~SegmentReader();

  // The next record, gap or skip; End again and again at the end.
  Item Next();
  // The same, replacing all of `item`, whatever it held: faster where it held a record.
  void Next(Item* item);

  // The records that follow the last item, as far as they are of these types, of which all are
  // numbered, and can be had as a run: much faster than one by one. False where Next is to be
  // called first; of a live segment always. No more than `most` at a time.
  [[nodiscard]] bool NextRun(const RecordTypes& types, RecordRun* run, size_t most = SIZE_MAX);

  // The SEGMENT_START of the segment that the last item stood in, or a copy of it; nullopt before
  // the first call of Next, and where none is left.
  const std::optional<SegmentStart>& segment() const;

  // The tag of that segment: that of its checkpoints, where no SEGMENT_START is left.
  std::optional<uint32_t> tag() const;

  // Length of the content, uncompressed.
  uint64_t file_bytes() const;

  bool is_compressed() const;

  // What is wrong with the container of a compressed segment; empty for others.
  const std::vector<FrameDamage>& frame_damage() const;

 private:
  class Impl;
  explicit SegmentReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The files of a log in the order in which they were written. `path` is a file, "-", or a folder,
// of which the segments are taken in order of their numbers; one that stands there raw and
// compressed is taken once, raw. An empty folder is an error.
Result<std::vector<std::string>> FindSegments(const std::string& path);

}  // namespace daybook
