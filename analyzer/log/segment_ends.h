// Where the segments of one file begin and end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <variant>
#include <vector>

#include "daybook/reader.h"

namespace daybook {

// By its first item: that of a file without a byte is the end.
inline uint64_t SegmentBegin(const Item& first) {
  if (const auto* record = std::get_if<RecordView>(&first)) return record->offset;
  const auto* gap = std::get_if<Gap>(&first);
  return gap != nullptr ? gap->begin : 0;
}

// Each where the next one begins, in whatever order they were read; the last one with the file.
inline std::vector<uint64_t> SegmentEnds(const std::vector<uint64_t>& begins, uint64_t file_bytes) {
  std::vector<uint64_t> sorted = begins;
  std::ranges::sort(sorted);
  std::vector<uint64_t> ends;
  for (const uint64_t begin : begins) {
    const auto next = std::ranges::upper_bound(sorted, begin);
    ends.push_back(next == sorted.end() ? file_bytes : *next);
  }
  return ends;
}

}  // namespace daybook
