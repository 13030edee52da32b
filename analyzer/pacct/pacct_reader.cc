#include "pacct/pacct_reader.h"

#include <algorithm>
#include <utility>

namespace daybook {
namespace {

constexpr size_t kBufferBytes = 64 << 10;
// What must be known ahead to say whether a record begins here: it, and the one behind it.
constexpr size_t kLookahead = 2 * kPacctBytes;

}  // namespace

Result<PacctItem> PacctReader::Next() {
  if (Status status = Fill(kLookahead); !status) return std::move(status).error();
  const auto rest = At(0);
  if (rest.empty()) return PacctItem(PacctEnd{});
  const auto record = DecodePacct(rest);
  if (!record) return SkipDamage();
  version_byte_ = rest[1];
  Advance(*PacctRecordBytes(rest));
  return PacctItem(*record);
}

Result<std::span<const uint8_t>> PacctReader::Peek(size_t bytes) {
  if (Status status = Fill(bytes); !status) return std::move(status).error();
  return At(0).first(std::min(bytes, At(0).size()));
}

std::span<const uint8_t> PacctReader::At(size_t distance) const {
  return std::span(buffer_).subspan(std::min(position_ + distance, buffer_.size()));
}

Status PacctReader::Fill(size_t bytes) {
  if (At(0).size() >= bytes || at_end_) return Ok{};
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(position_));
  position_ = 0;
  while (buffer_.size() < bytes && !at_end_) {
    const size_t kept = buffer_.size();
    buffer_.resize(kept + kBufferBytes);
    auto read = read_(std::span(buffer_).subspan(kept));
    buffer_.resize(kept + (read ? *read : 0));
    if (!read) return std::move(read).error();
    at_end_ = *read == 0;
  }
  return Ok{};
}

void PacctReader::Advance(size_t bytes) {
  position_ += bytes;
  offset_ += bytes;
}

// A record that begins with that version, where one is given: some damaged bytes look like another.
bool PacctReader::IsRecord(size_t distance, std::optional<uint8_t> version_byte) const {
  const auto bytes = At(distance);
  if (version_byte && bytes.size() > 1 && bytes[1] != *version_byte) return false;
  return DecodePacct(bytes).has_value();
}

// A record, and what stands behind it is another one, or no more than a torn one where it is clear
// what to look for.
bool PacctReader::IsChain(size_t distance) const {
  if (!IsRecord(distance, version_byte_)) return false;
  const auto bytes = At(distance);
  const size_t next = distance + *PacctRecordBytes(bytes);
  return IsRecord(next, bytes[1]) || (version_byte_ && At(next).size() < kPacctV1Bytes);
}

// The nearest record. One that stands in step with those before the damage, which begins at
// `begin`, is believed alone: what is next to it may be damaged as well.
std::optional<size_t> PacctReader::FindRecord(uint64_t begin, size_t from, size_t until) const {
  const size_t step = version_byte_ && (*version_byte_ & 0x7F) == 1 ? kPacctV1Bytes : kPacctBytes;
  for (size_t distance = from; distance < until; ++distance) {
    const bool in_step = (offset_ + distance - begin) % step == 0;
    if (in_step ? IsRecord(distance, version_byte_) : IsChain(distance)) return distance;
  }
  return std::nullopt;
}

Result<PacctItem> PacctReader::SkipDamage() {
  PacctGap gap{.begin = offset_, .end = offset_};
  size_t from = 1;
  for (;;) {
    if (Status status = Fill(2 * kLookahead); !status) return std::move(status).error();
    const size_t rest = At(0).size();
    const size_t until = at_end_ ? rest : rest - kLookahead;
    const auto found = FindRecord(gap.begin, from, until);
    Advance(found.value_or(until));
    gap.end = offset_;
    if (found) return PacctItem(gap);
    if (at_end_) break;
    from = 0;
  }
  gap.is_tail = version_byte_ && gap.end - gap.begin < kPacctBytes;
  return PacctItem(gap);
}

}  // namespace daybook
