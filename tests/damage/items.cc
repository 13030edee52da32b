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
  Item item;  // used again, as by the fastest readers: nothing of the last one may stay in it
  for (uint64_t count = 0; count < limit; ++count) {
    reader.Next(&item);
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
    items.payloads.insert(items.payloads.end(), seen.view.payload.begin(), seen.view.payload.end());
    if (seen.view.proof == Proof::kVerified) follows_gap = seen.follows_gap = false;
    items.records.push_back(seen);
  }
  size_t begin = 0;
  for (SeenRecord& seen : items.records) {
    const size_t size = seen.view.payload.size();
    seen.view.payload = std::span(items.payloads).subspan(begin, size);
    begin += size;
  }
  return items;
}

}  // namespace daybook::damage
