// What a reader says of some bytes, kept.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "daybook/reader.h"

namespace daybook::damage {

struct SeenRecord {
  RecordView view;           // its payload points into Items::payloads
  size_t gaps_before = 0;    // how many gaps came before it
  bool follows_gap = false;  // no verified record stands between it and the last gap
};

struct Items {
  std::vector<SeenRecord> records;
  std::vector<Gap> gaps;
  bool complete = false;
  bool ended = false;  // false: more items came than there can be
  std::vector<std::vector<uint8_t>> payloads;
};

Items ReadItems(SegmentReader reader);
Items ReadItems(std::span<const uint8_t> bytes, ReaderOptions options);

}  // namespace daybook::damage
