// Chains of headers in any bytes whatever. The first byte says which ends are known, the second how
// much of the rest is the damaged range.
#include <algorithm>

#include "resync.h"
#include "sound_reading.h"

namespace daybook {
namespace {

size_t HeadersOf(Bytes bytes, const Chain& chain, const LengthBounds& bounds) {
  size_t headers = 0;
  size_t at = chain.begin;
  for (; at < chain.end; ++headers) {
    const auto header = ReadHeader(bytes, at);
    Require(header && bounds.Allow(*header));
    at = header->end;
  }
  Require(at == chain.end);
  return headers;
}

void Find(Bytes bytes, const DamagedRange& range) {
  const LengthBounds bounds{TypeRegistry()};
  const std::vector<Chain> chains = FindChains(bytes, range, bounds);
  size_t begin = range.begin;
  size_t end = range.begin;
  for (const Chain& chain : chains) {
    const bool is_first = &chain == &chains.front();
    Require(chain.begin >= begin && chain.end > chain.begin && chain.end <= range.end);
    // Only the last record of the first chain may reach into the second one.
    Require(is_first || chain.begin >= end || &chain == &chains[1]);
    Require(HeadersOf(bytes, chain, bounds) == chain.records);
    const bool begins = range.begins_at_record && chain.begin == range.begin;
    const bool arrives = range.ends_at_record && chain.end == range.end;
    Require(begins || arrives || chain.records >= kTailRecordsToEnd);
    begin = chain.begin + 1;
    end = chain.end;
  }
}

}  // namespace
}  // namespace daybook

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::span bytes(data + 2, size - 2);
  const size_t end = bytes.size() - data[1] % (bytes.size() + 1);
  daybook::Find(bytes, {.begin = std::min<size_t>(data[0] >> 2, end),
                        .end = end,
                        .begins_at_record = (data[0] & 1) != 0,
                        .ends_at_record = (data[0] & 2) != 0});
  return 0;
}
