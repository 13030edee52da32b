#include "items.h"

namespace daybook::damage {

Items ReadItems(std::span<const uint8_t> bytes, ReaderOptions options) {
  return ReadItems(SegmentReader(bytes, options));
}

Items ReadItems(SegmentReader reader) {
  Items items;
  bool follows_gap = false;
  // A header takes four bytes, and a gap may be empty only before a block.
  const uint64_t limit = reader.file_bytes() + 16;
  for (uint64_t count = 0; count < limit; ++count) {
    const Item item = reader.Next();
    if (const auto* end = std::get_if<End>(&item)) {
      items.complete = end->complete;
      items.ended = true;
      break;
    }
    if (const auto* gap = std::get_if<Gap>(&item)) {
      items.gaps.push_back(*gap);
      follows_gap = true;
      continue;
    }
    SeenRecord seen{.view = std::get<RecordView>(item),
                    .gaps_before = items.gaps.size(),
                    .follows_gap = follows_gap};
    // The reader's buffer lives until its next call only.
    items.payloads.emplace_back(seen.view.payload.begin(), seen.view.payload.end());
    if (seen.view.proof == Proof::kVerified) follows_gap = seen.follows_gap = false;
    items.records.push_back(seen);
  }
  for (size_t i = 0; i < items.records.size(); ++i) {
    items.records[i].view.payload = items.payloads[i];
  }
  return items;
}

}  // namespace daybook::damage
