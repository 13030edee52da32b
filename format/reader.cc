#include "daybook/reader.h"

#include <utility>

#include "chosen_frames.h"
#include "container_reader.h"
#include "content.h"
#include "content_reader.h"
#include "layout.h"
#include "live_tail.h"
#include "regular_file.h"

namespace daybook {

class SegmentReader::Impl {
 public:
  Impl(Bytes bytes, ReaderOptions options)
      : bytes_(bytes),
        reader_(std::in_place, bytes_, false, std::move(options)),
        file_bytes_(bytes.size()) {}
  Impl(Content content, ReaderOptions options)
      : content_(std::move(content)),
        bytes_(content_.bytes),
        reader_(std::in_place, bytes_, content_.is_durable, std::move(options), content_.jumps),
        file_bytes_(bytes_.size()) {
    for (const Jump& jump : content_.jumps) file_bytes_ += jump.bytes;
  }

  explicit Impl(RegularFile file) : Impl(Bytes{}, {}) { live_.emplace(std::move(file)); }

  void Next(Item* item) {
    NextOfContent(item);
    while (live_ && !live_->tail.Take(*item, file_bytes_)) NextOfContent(item);
  }
  Result<bool> Refresh(More more);

  const ContentReader& reader() const { return *reader_; }
  const Content& content() const { return content_; }
  // Where the content tells of no segment, the container does. Known from the first item on.
  const std::optional<SegmentStart>& segment() const {
    return begun_ && !reader_->segment() ? content_.segment : reader_->segment();
  }
  uint64_t file_bytes() const { return file_bytes_; }

 private:
  struct Live {
    explicit Live(RegularFile of_file) : file(std::move(of_file)) {}
    RegularFile file;
    LiveTail tail;
  };

  // Behind the last item of the content, what it lacks.
  void NextOfContent(Item* item) {
    begun_ = true;
    reader_->Next(item);
    if (const uint64_t jumped = reader_->jumped_bytes(); jumped != 0) Move(item, jumped);
    if (content_.missing_tail && std::holds_alternative<End>(*item)) {
      const MissingTail tail = *std::exchange(content_.missing_tail, std::nullopt);
      *item = reader_->GapAtEnd(tail.next_seq, content_.segment);
    }
  }

  static void Move(Item* item, uint64_t by) {
    if (auto* record = std::get_if<RecordView>(item)) {
      record->offset += by;
    } else if (auto* gap = std::get_if<Gap>(item)) {
      gap->begin += by;
      gap->end += by;
      if (gap->wrong_byte) gap->wrong_byte->offset += by;
    }
  }

  Content content_;
  Bytes bytes_;
  std::optional<ContentReader> reader_;  // always; anew for each part of a live segment
  uint64_t file_bytes_;
  bool begun_ = false;
  std::optional<Live> live_;
};

// The end of what was read before is read again: a block that was open then may be closed now.
Result<bool> SegmentReader::Impl::Refresh(More more) {
  constexpr size_t kChunkBytes = 1 << 20;
  if (more == More::kLast) live_->tail.SetLast();
  const uint64_t bytes_before = file_bytes_;
  content_.jumps = live_->tail.Cut(&content_.bytes);
  for (size_t got = kChunkBytes; got == kChunkBytes; file_bytes_ += got) {
    auto chunk = live_->file.ReadAt(file_bytes_, kChunkBytes);
    if (!chunk) return std::move(chunk).error();
    got = chunk->size();
    content_.bytes.insert(content_.bytes.end(), chunk->begin(), chunk->end());
  }
  bytes_ = content_.bytes;
  reader_.emplace(bytes_, false, ReaderOptions{}, content_.jumps);
  return file_bytes_ != bytes_before;
}

std::string_view GapCauseName(GapCause cause) {
  switch (cause) {
    case GapCause::kDamaged:
      return "damaged";
    case GapCause::kTornTail:
      return "torn_tail";
    case GapCause::kHole:
      return "hole";
    case GapCause::kTrailing:
      return "trailing";
    case GapCause::kLostBefore:
      return "lost_before";
    case GapCause::kUnsupported:
      return "unsupported_version";
  }
  return "unknown";
}

std::string_view TailKindName(TailKind kind) {
  switch (kind) {
    case TailKind::kNone:
      return "none";
    case TailKind::kCutRecord:
      return "cut_record";
    case TailKind::kZeroFill:
      return "zero_fill";
    case TailKind::kZeroSector:
      return "zero_sector";
    case TailKind::kGarbage:
      return "garbage";
  }
  return "unknown";
}

std::string_view ProofName(Proof proof) {
  switch (proof) {
    case Proof::kVerified:
      return "verified";
    case Proof::kSalvaged:
      return "salvaged";
    case Proof::kTail:
      return "tail";
  }
  return "unknown";
}

SegmentReader::SegmentReader(std::span<const uint8_t> bytes, ReaderOptions options)
    : impl_(std::make_unique<Impl>(bytes, std::move(options))) {}
SegmentReader::SegmentReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SegmentReader::SegmentReader(SegmentReader&&) noexcept = default;
SegmentReader& SegmentReader::operator=(SegmentReader&&) noexcept = default;
SegmentReader::~SegmentReader() = default;

Result<SegmentReader> SegmentReader::Open(const std::string& path, ReaderOptions options) {
  const bool is_named_raw = path.ends_with(kSegmentSuffix);
  const FrameChoice choose = std::exchange(options.choose_frames, {});
  if (choose && path != "-" && !is_named_raw) {
    if (auto chosen = ReadChosenFrames(path, choose)) {
      return SegmentReader(std::make_unique<Impl>(*std::move(chosen), std::move(options)));
    }
  }
  auto bytes = ReadWholeContent(path);
  if (!bytes) return std::move(bytes).error();
  Content content{.bytes = *std::move(bytes),
                  .frame_damage = {},
                  .missing_tail = {},
                  .segment = {},
                  .jumps = {}};
  if (path.ends_with(kCompressedSuffix) || (!is_named_raw && IsContainer(content.bytes))) {
    DecodedContainer decoded = DecodeContainer(content.bytes);
    // A whole content has the gaps that the raw segment had, and for the reasons that it had them.
    // What another one lacks was there, and on disk, when it was compressed.
    content = {.bytes = std::move(decoded.content),
               .is_compressed = true,
               .is_durable = !decoded.is_whole,
               .frame_damage = std::move(decoded.damage),
               .missing_tail = decoded.missing_tail,
               .segment = decoded.segment,
               .jumps = {}};
  }
  return SegmentReader(std::make_unique<Impl>(std::move(content), std::move(options)));
}

Result<SegmentReader> SegmentReader::OpenLive(const std::string& path) {
  if (path.ends_with(kCompressedSuffix)) return Open(path);
  auto file = RegularFile::Open(path);
  if (!file) return std::move(file).error();
  SegmentReader reader(std::make_unique<Impl>(*std::move(file)));
  if (auto read = reader.Refresh(More::kMayFollow); !read) return std::move(read).error();
  return reader;
}

Result<bool> SegmentReader::Refresh(More more) { return impl_->Refresh(more); }

Item SegmentReader::Next() {
  Item item;
  Next(&item);
  return item;
}
void SegmentReader::Next(Item* item) { impl_->Next(item); }
const std::optional<SegmentStart>& SegmentReader::segment() const { return impl_->segment(); }
std::optional<uint32_t> SegmentReader::tag() const {
  return segment() ? std::optional(segment()->tag) : impl_->reader().tag();
}
uint64_t SegmentReader::file_bytes() const { return impl_->file_bytes(); }
bool SegmentReader::is_compressed() const { return impl_->content().is_compressed; }
const std::vector<FrameDamage>& SegmentReader::frame_damage() const {
  return impl_->content().frame_damage;
}

}  // namespace daybook
