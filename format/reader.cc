#include "daybook/reader.h"

#include <algorithm>
#include <new>
#include <utility>

#include "chosen_frames.h"
#include "container_reader.h"
#include "content.h"
#include "content_reader.h"
#include "layout.h"
#include "live_tail.h"
#include "regular_file.h"
#include "segment_order.h"

namespace daybook {

class SegmentReader::Impl {
 public:
  Impl(Bytes bytes, ReaderOptions options)
      : options_(std::move(options)),
        contents_(1),
        reader_(std::in_place, bytes, false, options_),
        file_bytes_(bytes.size()) {}
  // At least one content: each is read as a file of its own would be.
  Impl(std::vector<Content> contents, ReaderOptions options)
      : options_(std::move(options)), contents_(std::move(contents)) {
    for (const Content& content : contents_) file_bytes_ += LengthOf(content);
    BeginContent();
  }

  explicit Impl(RegularFile file) : Impl(Bytes{}, {}) { live_.emplace(std::move(file)); }

  void Next(Item* item) {
    NextOfContent(item);
    while (live_ && !live_->tail.Take(*item, file_bytes_)) NextOfContent(item);
  }
  // Before the first item, the reader is at a turn.
  bool NextRun(const RecordTypes& types, RecordRun* run, size_t most) {
    if (live_ || !reader_->NextRun(types, run, most)) return false;
    run->offset += left_out_bytes();
    return true;
  }
  Result<bool> Refresh(More more);

  const ContentReader& reader() const { return *reader_; }
  const Content& content() const { return contents_[content_]; }
  // All contents of a file are of the same kind: the first one does not change while it is read.
  bool is_compressed() const { return contents_.front().is_compressed; }
  const std::vector<FrameDamage>& frame_damage() const { return contents_.front().frame_damage; }
  // Where the content tells of no segment, the container does. Known from the first item on.
  const std::optional<SegmentStart>& segment() const {
    return begun_ && !reader_->segment() ? content().segment : reader_->segment();
  }
  uint64_t file_bytes() const { return file_bytes_; }

 private:
  struct Live {
    explicit Live(RegularFile of_file) : file(std::move(of_file)) {}
    RegularFile file;
    LiveTail tail;
  };

  static uint64_t LengthOf(const Content& content) {
    uint64_t bytes = content.bytes.size();
    for (const Jump& jump : content.jumps) bytes += jump.bytes;
    return bytes;
  }

  void BeginContent() {
    reader_.emplace(content().bytes, content().is_durable, options_, content().jumps);
  }

  void NextOfContent(Item* item) {
    begun_ = true;
    for (;;) {
      NextHere(item);
      if (!std::holds_alternative<End>(*item) || content_ + 1 == contents_.size()) return;
      ++content_;
      BeginContent();
    }
  }

  // Behind the last item of a content, what it lacks.
  void NextHere(Item* item) {
    reader_->Next(item);
    std::optional<MissingTail>& tail = contents_[content_].missing_tail;
    if (std::holds_alternative<End>(*item) && tail) {
      *item = reader_->GapAtEnd(std::exchange(tail, std::nullopt)->next_seq, content().segment);
    }
    if (left_out_bytes() != 0) Move(item, left_out_bytes());
  }

  uint64_t left_out_bytes() const { return content().file_begin + reader_->jumped_bytes(); }

  static void Move(Item* item, uint64_t by) {
    if (auto* record = std::get_if<RecordView>(item)) {
      record->offset += by;
    } else if (auto* gap = std::get_if<Gap>(item)) {
      gap->begin += by;
      gap->end += by;
      if (gap->wrong_byte) gap->wrong_byte->offset += by;
    }
  }

  ReaderOptions options_;
  std::vector<Content> contents_;        // what was read of each is valid as long as this
  size_t content_ = 0;                   // that is being read
  std::optional<ContentReader> reader_;  // always; anew for each part of a live segment
  uint64_t file_bytes_ = 0;
  bool begun_ = false;
  std::optional<Live> live_;
};

// The end of what was read before is read again: a block that was open then may be closed now.
Result<bool> SegmentReader::Impl::Refresh(More more) {
  if (!live_) return false;
  constexpr size_t kChunkBytes = 1 << 20;
  if (more == More::kLast) live_->tail.SetLast();
  const uint64_t bytes_before = file_bytes_;
  Content& content = contents_.front();
  content.jumps = live_->tail.Cut(&content.bytes);
  for (size_t got = kChunkBytes; got == kChunkBytes; file_bytes_ += got) {
    auto chunk = live_->file.ReadAt(file_bytes_, kChunkBytes);
    if (!chunk) return std::move(chunk).error();
    got = chunk->size();
    content.bytes.insert(content.bytes.end(), chunk->begin(), chunk->end());
  }
  BeginContent();
  return file_bytes_ != bytes_before;
}

namespace {

// A whole content has the gaps that the raw segment had, and for the reasons that it had them. What
// another one lacks was there, and on disk, when it was compressed.
Content ContentOf(DecodedContainer decoded) {
  return {.bytes = std::move(decoded.content),
          .is_compressed = true,
          .is_durable = !decoded.is_whole,
          .frame_damage = std::move(decoded.damage),
          .missing_tail = decoded.missing_tail,
          .segment = decoded.segment,
          .jumps = {},
          .file_begin = 0};
}

// Moves the damage of all contents, in the order of the file, to the first that is read.
void GatherDamage(std::vector<Content>* contents) {
  std::vector<FrameDamage> gathered;
  for (Content& content : *contents) {
    for (FrameDamage& damage : std::exchange(content.frame_damage, {})) {
      damage.raw_begin += content.file_begin;
      damage.raw_end += content.file_begin;
      gathered.push_back(std::move(damage));
    }
  }
  std::ranges::stable_sort(gathered, {}, &FrameDamage::begin);
  contents->front().frame_damage = std::move(gathered);
}

void TellBegins(std::vector<Content>* contents) {
  uint64_t begin = 0;
  for (Content& content : *contents) {
    content.file_begin = begin;
    begin += content.bytes.size();
  }
}

// Of compressed segments, one after another; what follows them is read as it is.
std::vector<Content> ContentsOf(Bytes file) {
  DecodedContainers decoded = DecodeContainers(file);
  std::vector<Content> contents;
  for (DecodedContainer& container : decoded.containers) {
    contents.push_back(ContentOf(std::move(container)));
  }
  if (decoded.end != file.size()) {
    const Bytes rest = file.subspan(decoded.end);
    contents.emplace_back().bytes.assign(rest.begin(), rest.end());
    contents.back().is_compressed = true;
  }
  return contents;
}

}  // namespace

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

// A forged or sparse file may take more memory than there is.
Result<SegmentReader> SegmentReader::Open(const std::string& path, ReaderOptions options) try {
  const bool is_named_raw = path.ends_with(kSegmentSuffix);
  const FrameChoice choose = std::exchange(options.choose_frames, {});
  if (choose && path != "-" && !is_named_raw) {
    if (auto chosen = ReadChosenFrames(path, choose)) {
      std::vector<Content> contents;
      contents.push_back(*std::move(chosen));
      return SegmentReader(std::make_unique<Impl>(std::move(contents), std::move(options)));
    }
  }
  auto bytes = ReadWholeContent(path);
  if (!bytes) return std::move(bytes).error();
  const bool is_compressed =
      path.ends_with(kCompressedSuffix) || (!is_named_raw && IsContainer(*bytes));
  std::vector<Content> contents;
  if (is_compressed) {
    contents = ContentsOf(*bytes);
  } else {
    contents.emplace_back().bytes = *std::move(bytes);
  }
  TellBegins(&contents);
  PutInOrder(&contents);
  GatherDamage(&contents);
  return SegmentReader(std::make_unique<Impl>(std::move(contents), std::move(options)));
} catch (const std::bad_alloc&) {
  return Error("cannot read " + path + ": not enough memory");
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
bool SegmentReader::NextRun(const RecordTypes& types, RecordRun* run, size_t most) {
  return impl_->NextRun(types, run, most);
}
const std::optional<SegmentStart>& SegmentReader::segment() const { return impl_->segment(); }
std::optional<uint32_t> SegmentReader::tag() const {
  return segment() ? std::optional(segment()->tag) : impl_->reader().tag();
}
uint64_t SegmentReader::file_bytes() const { return impl_->file_bytes(); }
bool SegmentReader::is_compressed() const { return impl_->is_compressed(); }
const std::vector<FrameDamage>& SegmentReader::frame_damage() const {
  return impl_->frame_damage();
}

}  // namespace daybook
