// Records out of bytes that no checksum proves, one after the other, in a form that can be shown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "block.h"
#include "daybook/reader.h"
#include "daybook/schema.h"
#include "resync.h"

namespace daybook {

// Where to look, and what is known of the place.
struct SalvageScope {
  DamagedRange range;
  Proof proof = Proof::kSalvaged;
  // What the block at the beginning of the range is relative to, where anything says it.
  std::optional<BlockBase> first_base;
  // The same of the block that the checkpoint at the end of the range closes, and where that
  // begins.
  std::optional<BlockBase> last_base;
  size_t last_base_begin = 0;
};

class Salvager {
 public:
  // Both must outlive this and not change.
  Salvager(Bytes bytes, const SalvageScope& scope, const TypeRegistry& types);

  // Numbered records among those that Next will give.
  uint64_t numbered() const { return numbered_; }

  // False at the end. The record is valid until the next call.
  bool Next(RecordView* record);

 private:
  std::optional<RecordHeader> NextHeader();
  void CountNumbered();
  void SetBase(RecordView* record) const;
  size_t FirstBaseEnd() const;

  Bytes bytes_;
  SalvageScope scope_;
  const TypeRegistry& types_;
  std::vector<Chain> chains_;
  size_t chain_ = 0;
  size_t position_ = 0;        // in that chain
  size_t first_base_end_ = 0;  // up to where first_base is what records are relative to
  uint64_t numbered_ = 0;
  std::vector<uint8_t> payload_;
};

// Shortens a payload that ends too early, so that its fields can be read: the string that does not
// fit gets the length that is left of it, any other field that does not is dropped.
void CutToFit(const TypeInfo& type, std::vector<uint8_t>* payload);

}  // namespace daybook
