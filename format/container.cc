#include "container.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "crc32c.h"

namespace daybook {
namespace {

constexpr size_t kSumBytes = 4;
// Of the seek table: two sizes per frame; number of frames 4, descriptor 1, magic number 4.
constexpr size_t kSeekEntryBytes = 4 + 4;

// Of the work that may be done in vain, per byte of the file and at least.
constexpr uint64_t kVainBytesPerByte = 4;
constexpr uint64_t kLeastVainBytes = 4 << 20;
// A description is shorter. Those are looked for in any case: it is they that lead to the records.
constexpr size_t kSmallPartBytes = 256;

constexpr size_t kShortestPart = kSkippableHeaderBytes + kContainerFooterBytes;

// The number at `offset`, which must lie inside.
uint32_t Fixed32(Bytes bytes, size_t offset) {
  Cursor cursor(bytes.subspan(offset));
  uint32_t number = 0;
  (void)cursor.GetFixed(&number);
  return number;
}

bool HasNumber(Bytes bytes, size_t offset, uint32_t number) {
  return offset <= bytes.size() && bytes.size() - offset >= sizeof(number) &&
         Fixed32(bytes, offset) == number;
}

void AppendFixed32(std::vector<uint8_t>* out, uint64_t number) {
  uint8_t bytes[sizeof(uint32_t)];
  out->insert(out->end(), bytes, PutFixed(bytes, static_cast<uint32_t>(number)));
}

size_t Find(Bytes bytes, std::string_view needle, size_t from) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return std::min(text.find(needle, from), bytes.size());
}

// What both ends of a part say of its length; 0 where they do not agree, or none stands there.
size_t PartBytes(Bytes file, size_t offset) {
  if (!HasNumber(file, offset, kContainerMagic)) return 0;
  if (file.size() - offset < kShortestPart) return 0;
  const size_t part_bytes = kSkippableHeaderBytes + Fixed32(file, offset + sizeof(kContainerMagic));
  if (part_bytes < kShortestPart || part_bytes > file.size() - offset) return 0;
  return HasNumber(file, offset + part_bytes - kContainerFooterBytes,
                   static_cast<uint32_t>(part_bytes))
             ? part_bytes
             : 0;
}

// The records of a part one by one; each is there or the part is none of ours.
class RecordCursor {
 public:
  explicit RecordCursor(Bytes records) : records_(records) {}

  bool empty() const { return offset_ == records_.size(); }
  // At the next record, whatever it is.
  template <class Record>
  bool Next(const BlockBase& base, Record* record) {
    const auto header = ReadHeader(records_, offset_);
    if (!header || header->type != Schema<Record>::kType) return false;
    offset_ = header->end;
    return Decode(PayloadOf(records_, *header), base, record);
  }
  size_t offset() const { return offset_; }
  void Skip() {
    const auto header = ReadHeader(records_, offset_);
    offset_ = header ? header->end : records_.size();
  }

 private:
  Bytes records_;
  size_t offset_ = 0;
};

// All that the entries of a seek table tell of.
uint64_t BytesBefore(Bytes table) {
  const size_t entries_end = table.size() - kSeekFooterBytes;
  uint64_t bytes = 0;
  for (size_t at = kSkippableHeaderBytes; at < entries_end; at += kSeekEntryBytes) {
    bytes += Fixed32(table, at);
  }
  return bytes;
}

}  // namespace

void PartBuilder::AddRecord(uint8_t type, Bytes payload) {
  bytes_.insert(bytes_.end(), {kCookie[0], kCookie[1], type, static_cast<uint8_t>(payload.size())});
  bytes_.insert(bytes_.end(), payload.begin(), payload.end());
}

PartBuilder& PartBuilder::AddEncoded(Bytes record) {
  bytes_.insert(bytes_.end(), record.begin(), record.end());
  return *this;
}

std::vector<uint8_t> PartBuilder::Finish() && {
  const size_t part_bytes = bytes_.size() + kContainerFooterBytes;
  PutFixed(PutFixed(bytes_.data(), kContainerMagic),
           static_cast<uint32_t>(part_bytes - kSkippableHeaderBytes));
  AppendFixed32(&bytes_, part_bytes);
  AppendFixed32(&bytes_, Crc32c(bytes_));
  return std::move(bytes_);
}

uint64_t ClaimedPartBytes(Bytes begin) {
  if (!HasNumber(begin, 0, kContainerMagic) || begin.size() < kSkippableHeaderBytes) return 0;
  return kSkippableHeaderBytes + uint64_t{Fixed32(begin, sizeof(kContainerMagic))};
}

std::optional<ContainerPart> ReadPart(Bytes file, size_t offset) {
  const size_t part_bytes = PartBytes(file, offset);
  if (part_bytes == 0) return std::nullopt;
  const Bytes part = file.subspan(offset, part_bytes);
  if (Fixed32(part, part_bytes - kSumBytes) != Crc32c(part.first(part_bytes - kSumBytes))) {
    return std::nullopt;
  }
  return ContainerPart{.records = part.subspan(kSkippableHeaderBytes, part_bytes - kShortestPart),
                       .begin = offset,
                       .end = offset + part_bytes};
}

std::optional<ContainerPart> ReadPartBefore(Bytes file, size_t end) {
  if (end > file.size() || end < kContainerFooterBytes) return std::nullopt;
  const size_t part_bytes = Fixed32(file, end - kContainerFooterBytes);
  if (part_bytes > end) return std::nullopt;
  const auto part = ReadPart(file, end - part_bytes);
  return part && part->end == end ? part : std::nullopt;
}

std::optional<uint64_t> VersionOf(const ContainerPart& part) {
  Container container;
  if (!RecordCursor(part.records).Next({}, &container)) return std::nullopt;
  return container.version;
}

std::optional<ContainerHead> DecodeHead(const ContainerPart& part) {
  ContainerHead head;
  RecordCursor cursor(part.records);
  if (!cursor.Next({}, &head.container)) return std::nullopt;
  if (head.container.version != kContainerVersion) return std::nullopt;
  head.segment = ReadSegmentStart(part.records, cursor.offset());
  if (!head.segment) return head;
  cursor.Skip();
  SegmentEnd end;
  if (cursor.Next(ContainerBase(TickOf(head.segment)), &end)) head.end = end;
  return head;
}

std::optional<Frame> DecodeDescription(const ContainerPart& part, uint32_t tick_ns) {
  Frame frame;
  RecordCursor cursor(part.records);
  if (!cursor.Next(ContainerBase(tick_ns), &frame) || !cursor.empty()) return std::nullopt;
  return frame;
}

std::optional<ContainerIndex> DecodeIndex(const ContainerPart& part, uint32_t tick_ns) {
  ContainerIndex index;
  FrameIndex totals;
  RecordCursor cursor(part.records);
  if (!cursor.Next({}, &totals)) return std::nullopt;
  index.container_bytes = totals.container_bytes;
  for (uint64_t i = 0; i < totals.frame_count; ++i) {
    if (!cursor.Next(ContainerBase(tick_ns), &index.frames.emplace_back())) return std::nullopt;
  }
  while (!cursor.empty()) {
    if (!cursor.Next(ContainerBase(tick_ns), &index.clocks.emplace_back())) return std::nullopt;
  }
  return index;
}

std::vector<uint8_t> EncodeDescription(const Frame& frame, uint32_t tick_ns) {
  return std::move(PartBuilder(tick_ns).Add(frame)).Finish();
}

std::vector<uint8_t> EncodeSeekTable(std::span<const SeekEntry> entries) {
  std::vector<uint8_t> table;
  AppendFixed32(&table, kSeekTableMagic);
  AppendFixed32(&table, entries.size() * kSeekEntryBytes + kSeekFooterBytes);
  for (const SeekEntry& entry : entries) {
    AppendFixed32(&table, entry.frame_bytes);
    AppendFixed32(&table, entry.content_bytes);
  }
  AppendFixed32(&table, entries.size());
  table.push_back(0);  // descriptor: no checksums
  AppendFixed32(&table, kSeekTableFooterMagic);
  return table;
}

bool IsSeekTable(Bytes file, size_t offset) {
  if (!HasNumber(file, offset, kSeekTableMagic)) return false;
  return FindSeekTable(file) == offset;
}

std::optional<size_t> SeekTableEnd(Bytes file, size_t offset) {
  if (!HasNumber(file, offset, kSeekTableMagic)) return std::nullopt;
  const Bytes bytes = file.subspan(offset);
  if (bytes.size() < kSkippableHeaderBytes) return std::nullopt;
  const size_t table_bytes = kSkippableHeaderBytes + Fixed32(bytes, sizeof(kSeekTableMagic));
  if (table_bytes > bytes.size()) return std::nullopt;
  return IsSeekTable(bytes.first(table_bytes), 0) ? std::optional(offset + table_bytes)
                                                  : std::nullopt;
}

bool MayBeSeekTable(Bytes bytes) {
  uint8_t begin[sizeof(kSeekTableMagic)];
  PutFixed(begin, kSeekTableMagic);
  const size_t begin_bytes = std::min(sizeof(begin), bytes.size());
  if (std::ranges::equal(bytes.first(begin_bytes), Bytes(begin, begin_bytes))) return true;
  return bytes.size() >= sizeof(kSeekTableFooterMagic) &&
         HasNumber(bytes, bytes.size() - sizeof(kSeekTableFooterMagic), kSeekTableFooterMagic);
}

std::optional<size_t> FindSeekTable(Bytes file) {
  constexpr size_t kShortest = kSkippableHeaderBytes + kSeekFooterBytes;
  if (file.size() < kShortest) return std::nullopt;
  const size_t footer = file.size() - kSeekFooterBytes;
  const uint64_t table_bytes = uint64_t{Fixed32(file, footer)} * kSeekEntryBytes + kShortest;
  if (!HasNumber(file, file.size() - sizeof(kSeekTableFooterMagic), kSeekTableFooterMagic)) {
    return std::nullopt;
  }
  if (table_bytes > file.size()) return std::nullopt;
  const size_t begin = file.size() - table_bytes;
  const bool fits =
      HasNumber(file, begin, kSeekTableMagic) &&
      Fixed32(file, begin + sizeof(kSeekTableMagic)) == table_bytes - kSkippableHeaderBytes;
  return fits ? std::optional(begin) : std::nullopt;
}

std::optional<uint64_t> SeekTableBytes(Bytes footer) {
  if (footer.size() != kSeekFooterBytes || !MayBeSeekTable(footer)) return std::nullopt;
  return kSkippableHeaderBytes + uint64_t{Fixed32(footer, 0)} * kSeekEntryBytes + kSeekFooterBytes;
}

std::optional<uint64_t> SeekTableFileBytes(Bytes tail) {
  const auto begin = FindSeekTable(tail);
  if (!begin) return std::nullopt;
  uint64_t bytes = tail.size() - *begin;
  for (size_t at = *begin + kSkippableHeaderBytes; at + kSeekFooterBytes < tail.size();
       at += kSeekEntryBytes) {
    bytes += Fixed32(tail, at);
  }
  return bytes;
}

bool HasZstdMagic(Bytes file, size_t offset) { return HasNumber(file, offset, kZstdMagic); }

PartFinder::PartFinder(Bytes file)
    : file_(file), budget_(kVainBytesPerByte * file.size() + kLeastVainBytes) {}

void PartFinder::Charge(size_t bytes) { budget_ -= std::min<uint64_t>(bytes, budget_); }

size_t PartFinder::Next(size_t from) {
  if (!searched_ || next_skippable_ < from) next_skippable_ = FindSkippable(from);
  if (!searched_ || next_zstd_ < from) next_zstd_ = Find(file_, "\x28\xB5\x2F\xFD", from);
  searched_ = true;
  return exhausted() ? next_skippable_ : std::min(next_skippable_, next_zstd_);
}

// The next search may pass the same bytes: they are charged even where one is found.
std::optional<size_t> PartFinder::FindSeekTable(size_t begin, size_t from) {
  for (size_t search = from; !exhausted(); ++search) {
    const size_t searched_from = std::exchange(search, Find(file_, "\x5E\x2A\x4D\x18", search));
    Charge(search - std::min(searched_from, search));
    if (search >= file_.size()) break;
    const auto end = SeekTableEnd(file_, search);
    if (!end) continue;
    if (BytesBefore(file_.subspan(search, *end - search)) == search - begin) return search;
    Charge(*end - search);
  }
  return std::nullopt;
}

std::optional<ContainerPart> PartFinder::PartAt(size_t offset) {
  const size_t part_bytes = PartBytes(file_, offset);
  if (part_bytes > kSmallPartBytes && exhausted()) return std::nullopt;
  auto part = ReadPart(file_, offset);
  if (!part) Charge(part_bytes);
  return part;
}

// The two magic numbers differ in their first byte.
size_t PartFinder::FindSkippable(size_t from) {
  for (size_t search = from + 1;;) {
    const size_t begin = Find(file_, "\x2A\x4D\x18", search) - 1;
    if (begin + 1 >= file_.size()) return file_.size();
    if (IsSeekTable(file_, begin)) return begin;
    if (PartAt(begin)) return begin;
    search = begin + 2;
  }
}

}  // namespace daybook
