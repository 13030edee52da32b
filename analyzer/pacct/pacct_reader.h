// Reads the records of a process accounting file, damaged or not, in little memory. The format has
// no checksums: a record is what looks like one and stands where the one before it ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "daybook/result.h"
#include "pacct/pacct.h"

namespace daybook {

// Bytes that are no record.
struct PacctGap {
  uint64_t begin = 0;
  uint64_t end = 0;
  bool is_tail = false;  // less than a record at the end: the disk was full, or the host stopped
  bool operator==(const PacctGap&) const = default;
};

struct PacctEnd {};

using PacctItem = std::variant<PacctRecord, PacctGap, PacctEnd>;

class PacctReader {
 public:
  // Fills the beginning of the span and returns how much of it; 0 is the end of the file.
  using Read = std::function<Result<size_t>(std::span<uint8_t>)>;

  explicit PacctReader(Read read) : read_(std::move(read)) {}

  // The next record or gap; PacctEnd at the end. An Error where reading fails. A record points into
  // the reader, until the next call.
  Result<PacctItem> Next();

  // How far the items go that were handed out.
  uint64_t offset() const { return offset_; }

  // The first bytes of the file, as many as are there and were asked for.
  Result<std::span<const uint8_t>> Peek(size_t bytes);

 private:
  std::span<const uint8_t> At(size_t distance) const;
  Status Fill(size_t bytes);
  void Advance(size_t bytes);
  bool IsRecord(size_t distance, std::optional<uint8_t> version_byte) const;
  bool IsChain(size_t distance) const;
  Result<PacctItem> SkipDamage();
  std::optional<size_t> FindRecord(uint64_t begin, size_t from, size_t until) const;

  Read read_;
  std::vector<uint8_t> buffer_;
  size_t position_ = 0;                  // in the buffer
  uint64_t offset_ = 0;                  // the same place in the file
  bool at_end_ = false;                  // all of the rest is in the buffer
  std::optional<uint8_t> version_byte_;  // of the last record
};

}  // namespace daybook
