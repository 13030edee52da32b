// Any bytes whatever are a process accounting file, in whatever pieces they are read: its records
// and gaps are all of the file, in order. The first byte is the size of the pieces.
#include <algorithm>
#include <cstring>

#include "pacct/pacct_reader.h"
#include "sound_reading.h"

namespace daybook {
namespace {

// Where each item begins and ends, and whether it is a record.
using Places = std::vector<std::tuple<uint64_t, uint64_t, bool>>;

Places ReadAllOf(std::span<const uint8_t> file, size_t piece) {
  size_t at = 0;
  PacctReader reader([&](std::span<uint8_t> out) -> Result<size_t> {
    const size_t bytes = std::min({out.size(), file.size() - at, piece});
    if (bytes != 0) std::memcpy(out.data(), file.data() + at, bytes);
    at += bytes;
    return bytes;
  });
  Places places;
  for (uint64_t begin = 0;; begin = reader.offset()) {
    const auto item = reader.Next();
    Require(item.has_value());
    if (std::holds_alternative<PacctEnd>(*item)) break;
    const auto* gap = std::get_if<PacctGap>(&*item);
    Require(reader.offset() > begin);
    Require(gap == nullptr || (gap->begin == begin && gap->end == reader.offset()));
    places.emplace_back(begin, reader.offset(), gap == nullptr);
  }
  Require(reader.offset() == file.size());
  return places;
}

}  // namespace
}  // namespace daybook

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::span file(data + 1, size - 1);
  const auto whole = daybook::ReadAllOf(file, SIZE_MAX);
  daybook::Require(daybook::ReadAllOf(file, std::max<size_t>(data[0], 1)) == whole);
  return 0;
}
