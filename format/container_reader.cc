#include "container_reader.h"

#include <algorithm>
#include <utility>

#include "compression.h"
#include "container.h"
#include "crc32c.h"
#include "layout.h"

namespace daybook {
namespace {

// What it takes to begin with a damaged frame, as bytes read in vain: buffers of a megabyte.
constexpr size_t kAttemptBytes = 1024;
// So much longer than the file its content may be without its memory growing step by step.
constexpr uint64_t kBelievedPerByte = 8;
// Of the bytes in which a frame's end was looked for, so many take no longer than one that is
// decoded alone: only the headers of blocks are read.
constexpr size_t kWalkedPerByte = 16;

// True where `some` are all there, in this order.
bool HasInOrder(const std::vector<Frame>& all, const std::vector<Frame>& some) {
  size_t found = 0;
  for (const Frame& frame : all) {
    if (found < some.size() && frame == some[found]) ++found;
  }
  return found == some.size();
}

// What is wrong behind so many places is reported as one.
constexpr size_t kMaxDamages = 4096;

// Where its content ends in the segment. A description may say anything.
uint64_t EndOf(const Frame& frame) {
  return frame.offset + std::min(frame.raw_bytes, UINT64_MAX - frame.offset);
}

// Work that hostile bytes could cause: it is bounded for the file, however many containers it
// holds.
struct FileWork {
  explicit FileWork(Bytes of_file)
      : file(of_file), finder(of_file), believed_bytes(kBelievedPerByte * file.size()) {}

  uint64_t decoded_bytes() const {
    return std::min(content_bytes + vain_bytes, ContentLimit(file.size()));
  }

  Bytes file;
  PartFinder finder;
  FrameDecoder decoder;
  uint64_t believed_bytes;  // so much memory is still taken for what heads claim
  uint64_t content_bytes = 0;
  uint64_t vain_bytes = 0;  // of content that were decoded and could not be believed
};

class ContainerReader {
 public:
  // The one that begins at that byte of the file.
  ContainerReader(FileWork& work, size_t begin, const ContentSink& sink)
      : file_(work.file), sink_(sink), work_(work), begin_(begin), position_(begin) {}

  ContainerReport Read();
  // Where it ends, once it has been read.
  size_t end() const { return position_; }

 private:
  void CheckHead();
  void TakePart(const ContainerPart& part);
  void TakeKnown(const ContainerPart& part);
  void TakeHead(const ContainerPart& part, const ContainerHead& head);
  void TakeDescription(const ContainerPart& part, const Frame& frame);
  void TakeIndex(const ContainerPart& part, const ContainerIndex& index);
  void TakeSeekTable(size_t end);
  std::optional<size_t> FindSeekTableEnd() const;
  void TakeFrame();
  void CheckFrame(const DecodedFrame& frame, size_t begin, size_t end);
  DecodedFrame DecodeDamaged(size_t begin, size_t end);
  void SkipUnknown();
  bool IsIndexDamaged() const;
  void MissFrame(size_t position);
  void MissContent(uint64_t end, size_t position);
  void Expect(uint64_t offset, size_t position);
  void Finish();
  void CheckTotals();
  std::optional<MissingTail> FindMissingTail() const;
  bool IsWhole() const {
    return head_ && head_->container.raw_bytes == content_bytes_ &&
           head_->container.raw_crc == content_crc_;
  }
  const char* NameOfUnknown() const;
  void Report(const FrameDamage& damage);
  // True where what ends there was damaged: that something is missing behind it is no news.
  bool IsTold(size_t position) const { return !damage_.empty() && damage_.back().end == position; }
  size_t FrameLimit() const {
    return std::min<uint64_t>(kMaxFrameBytes, ContentLimit(file_.size()) - work_.decoded_bytes());
  }
  uint32_t tick_ns() const { return head_ ? TickOf(head_->segment) : kTickNs; }

  Bytes file_;
  const ContentSink& sink_;
  FileWork& work_;
  Buffer content_;  // of one frame
  std::vector<FrameDamage> damage_;

  size_t begin_;
  size_t position_;
  std::optional<ContainerHead> head_;
  std::optional<Frame> description_;         // of the frame that must stand at position_
  std::vector<Frame> frames_;                // all that are described
  std::optional<Frame> last_indexed_;        // of the index
  std::optional<uint64_t> content_end_ = 0;  // in the segment, of what was decoded last
  std::optional<uint64_t> expected_ = 0;     // where in the segment the next frame begins, if known
  bool has_index_ = false;
  bool is_other_version_ = false;  // only its frames are looked at: its parts may be any
  bool is_at_end_ = false;         // behind its index: only the seek table may follow
  bool has_seek_table_ = false;
  std::vector<SeekEntry> entries_;  // what the seek table must say
  uint64_t content_bytes_ = 0;
  uint32_t content_crc_ = 0;
};

void ContainerReader::CheckHead() {
  const auto first = work_.finder.PartAt(begin_);
  const auto version = first ? VersionOf(*first) : std::nullopt;
  is_other_version_ = version && *version != kContainerVersion;
  if (is_other_version_) return;
  if (first ? !DecodeHead(*first) : HasZstdMagic(file_, begin_)) {
    Report({.begin = begin_, .end = begin_, .cause = "the head is missing"});
  }
}

ContainerReport ContainerReader::Read() {
  CheckHead();
  while (position_ < file_.size() && !has_seek_table_) {
    if (work_.decoded_bytes() >= ContentLimit(file_.size())) {
      Report({.begin = position_,
              .end = file_.size(),
              .cause = "the file claims to hold more than " +
                       std::to_string(ContentLimit(file_.size())) +
                       " bytes: the rest is not read"});
      position_ = file_.size();
      return {.damage = std::move(damage_)};
    }
    if (is_at_end_) {
      const auto table_end = FindSeekTableEnd();
      if (!table_end) break;
      TakeSeekTable(*table_end);
    } else if (const auto part = work_.finder.PartAt(position_)) {
      TakePart(*part);
    } else if (IsSeekTable(file_, position_)) {
      TakeSeekTable(file_.size());
    } else if (description_ || HasZstdMagic(file_, position_)) {
      TakeFrame();
    } else {
      SkipUnknown();
    }
  }
  Finish();
  return {.damage = std::move(damage_), .is_whole = IsWhole(), .missing_tail = FindMissingTail()};
}

void ContainerReader::TakePart(const ContainerPart& part) {
  if (description_) MissFrame(part.begin);
  if (!is_other_version_) TakeKnown(part);
  entries_.push_back({.frame_bytes = part.end - part.begin});
  position_ = part.end;
}

void ContainerReader::TakeKnown(const ContainerPart& part) {
  if (const auto head = DecodeHead(part)) {
    TakeHead(part, *head);
  } else if (const auto frame = DecodeDescription(part, tick_ns())) {
    TakeDescription(part, *frame);
  } else if (const auto index = DecodeIndex(part, tick_ns())) {
    TakeIndex(part, *index);
  } else {
    Report({.begin = part.begin, .end = part.end, .cause = "a part is of no known kind"});
  }
}

void ContainerReader::TakeHead(const ContainerPart& part, const ContainerHead& head) {
  if (part.begin != begin_) {
    Report({.begin = part.begin, .end = part.end, .cause = "a head stands inside the file"});
  }
  if (!head_) head_ = head;
}

void ContainerReader::TakeDescription(const ContainerPart& part, const Frame& frame) {
  Expect(frame.offset, part.begin);
  description_ = frame;
  frames_.push_back(frame);
}

// The index is held against what was found; where that is damaged already, nothing is learnt by it.
// It ends the container where it stands in its place and knows all frames: one that a program's
// argument forged, in a frame that is damaged, cannot.
void ContainerReader::TakeIndex(const ContainerPart& part, const ContainerIndex& index) {
  if (head_) MissContent(head_->container.raw_bytes, part.begin);
  is_at_end_ = index.container_bytes == part.begin - begin_ && HasInOrder(index.frames, frames_);
  if (has_index_) {
    Report({.begin = part.begin, .end = part.end, .cause = "there is a second index"});
  } else if (damage_.empty() &&
             (index.container_bytes != part.begin - begin_ || index.frames != frames_)) {
    Report({.begin = part.begin, .end = part.end, .cause = "the index is not that of the frames"});
  }
  has_index_ = true;
  if (!index.frames.empty()) last_indexed_ = index.frames.back();
}

void ContainerReader::TakeSeekTable(size_t end) {
  if (description_) MissFrame(position_);
  has_seek_table_ = true;
  if (!has_index_ && !is_other_version_ && !IsTold(position_)) {
    Report({.begin = position_, .end = position_, .cause = "the index is missing"});
  }
  const std::vector<uint8_t> right = EncodeSeekTable(entries_);
  if (damage_.empty() && !std::ranges::equal(file_.subspan(position_, end - position_), right)) {
    Report({.begin = position_, .end = end, .cause = "the seek table is not that of the frames"});
  }
  position_ = end;
}

// Of the one at position_, which may be damaged: then it is as long as that of the frames. nullopt
// where neither its beginning nor its end looks like one.
std::optional<size_t> ContainerReader::FindSeekTableEnd() const {
  if (const auto end = SeekTableEnd(file_, position_)) return end;
  const size_t right_bytes = EncodeSeekTable(entries_).size();
  const Bytes table = file_.subspan(position_, std::min(right_bytes, file_.size() - position_));
  if (!MayBeSeekTable(table)) return std::nullopt;
  return position_ + table.size();
}

// Where a frame does not decode to its end, what ends it is the next part that proves itself.
void ContainerReader::TakeFrame() {
  const size_t begin = position_;
  DecodedFrame frame;
  // The library would also take frames that hold nothing, or are of its first versions.
  if (HasZstdMagic(file_, begin)) {
    frame = work_.decoder.DecodeWhole(file_.subspan(begin), FrameLimit(), &content_);
  }
  size_t end = begin + frame.frame_bytes;
  if (!frame.whole) {
    work_.vain_bytes += frame.vain_bytes;
    work_.finder.Charge(frame.frame_bytes / kWalkedPerByte);
    end = work_.finder.Next(begin + 1);
    frame = DecodeDamaged(begin, end);
    if (frame.whole) end = begin + frame.frame_bytes;
  }
  CheckFrame(frame, begin, end);
  entries_.push_back({.frame_bytes = end - begin, .content_bytes = content_.size()});
  position_ = end;
  content_bytes_ += content_.size();
  work_.content_bytes += content_.size();
  content_crc_ = ExtendCrc32c(content_crc_, content_);
  if (!content_.empty()) sink_(content_);
}

// The bytes decide: a description that does not fit them is reported, and not followed.
void ContainerReader::CheckFrame(const DecodedFrame& frame, size_t begin, size_t end) {
  const auto description = std::exchange(description_, std::nullopt);
  FrameDamage damage{.begin = begin, .end = end, .raw_begin = expected_.value_or(content_bytes_)};
  damage.raw_end = damage.raw_begin + content_.size();
  const bool expected = expected_.has_value();
  if (description) {
    damage.raw_begin = description->offset;
    damage.raw_end = EndOf(*description);
  }
  expected_ = damage.raw_end;
  if (description || expected) content_end_ = damage.raw_begin + content_.size();
  if (!frame.whole) {
    if (!description) expected_.reset();
    const uint64_t described = damage.raw_end - damage.raw_begin;
    damage.lost_bytes = described - std::min<uint64_t>(described, content_.size());
    damage.cause = "a frame is damaged: " + frame.why + "; the first " +
                   std::to_string(content_.size()) + " bytes of its content are left";
    return Report(damage);
  }
  if (!description) {
    if (!expected) expected_.reset();
    damage.cause = "a frame has no description";
    // Its damage was told.
    if (!is_other_version_ && !IsTold(begin)) Report(damage);
    return;
  }
  const Bytes bytes = file_.subspan(begin, end - begin);
  if (description->compressed_bytes != bytes.size() || description->raw_bytes != content_.size() ||
      description->compressed_crc != Crc32c(bytes)) {
    damage.cause = "a frame is not as it is described";
    Report(damage);
  }
}

// The first four bytes are known, whatever stands there.
DecodedFrame ContainerReader::DecodeDamaged(size_t begin, size_t end) {
  content_.clear();
  if (work_.finder.exhausted()) return {.why = "too much of the file is damaged to look into it"};
  std::vector<uint8_t> bytes(file_.begin() + static_cast<std::ptrdiff_t>(begin),
                             file_.begin() + static_cast<std::ptrdiff_t>(end));
  if (bytes.size() < sizeof(kZstdMagic)) return {.why = "it ends too early"};
  PutFixed(bytes.data(), kZstdMagic);
  DecodedFrame frame = work_.decoder.DecodePrefix(bytes, FrameLimit(), &content_);
  work_.finder.Charge(kAttemptBytes + frame.frame_bytes);
  return frame;
}

void ContainerReader::SkipUnknown() {
  std::optional<size_t> table;
  if (IsIndexDamaged()) table = work_.finder.FindSeekTable(begin_, position_ + 1);
  const size_t end = table ? *table : work_.finder.Next(position_ + 1);
  Report({.begin = position_, .end = end, .cause = NameOfUnknown()});
  is_at_end_ = table.has_value();
  position_ = end;
}

// By what should stand there.
const char* ContainerReader::NameOfUnknown() const {
  if (position_ == begin_) return "the head is damaged";
  if (has_index_) return "the seek table is damaged";
  return IsIndexDamaged() ? "the index is damaged" : "the description of a frame is damaged";
}

// All of the content was there before.
bool ContainerReader::IsIndexDamaged() const {
  return !has_index_ && head_ && expected_ && *expected_ >= head_->container.raw_bytes;
}

void ContainerReader::MissFrame(size_t position) {
  const Frame frame = *std::exchange(description_, std::nullopt);
  expected_ = EndOf(frame);
  Report({.begin = position,
          .end = position,
          .raw_begin = frame.offset,
          .raw_end = *expected_,
          .lost_bytes = *expected_ - frame.offset,
          .cause = "a frame is missing"});
}

void ContainerReader::MissContent(uint64_t end, size_t position) {
  if (!expected_ || *expected_ >= end) return;
  Report({.begin = position,
          .end = position,
          .raw_begin = *expected_,
          .raw_end = end,
          .lost_bytes = end - *expected_,
          .cause = "the frame is missing that holds bytes " + std::to_string(*expected_) + " to " +
                   std::to_string(end) + " of the segment"});
  expected_ = end;
}

// Frames are read where they stand. One whose content belongs elsewhere is only reported: blocks
// and their numbers tell the rest.
void ContainerReader::Expect(uint64_t offset, size_t position) {
  MissContent(offset, position);
  if (!expected_ || *expected_ == offset) return;
  Report({.begin = position,
          .end = position,
          .cause = "a frame that begins at byte " + std::to_string(offset) +
                   " of the segment stands where byte " + std::to_string(*expected_) +
                   " is expected"});
}

void ContainerReader::Finish() {
  const size_t end = position_;
  if (description_) MissFrame(end);
  if (head_) CheckTotals();
  if (!has_seek_table_ && !is_other_version_ && !IsTold(end)) {
    Report({.begin = end,
            .end = end,
            .cause = has_index_ ? "the seek table is missing" : "the end of the file is missing"});
  }
}

// By whatever tells most: the head, the index, the last description.
std::optional<MissingTail> ContainerReader::FindMissingTail() const {
  std::optional<Frame> last = last_indexed_;
  if (!last && !frames_.empty()) last = frames_.back();
  uint64_t end = head_ ? head_->container.raw_bytes : 0;
  if (last) end = std::max(end, EndOf(*last));
  if (!content_end_ || *content_end_ >= end) return std::nullopt;
  MissingTail tail;
  const bool is_last = last && EndOf(*last) == end;
  if (is_last && last->seq_count != 0) tail.next_seq = last->first_seq + last->seq_count;
  return tail;
}

void ContainerReader::CheckTotals() {
  MissContent(head_->container.raw_bytes, position_);
  if (damage_.empty() && !IsWhole()) {
    Report({.begin = begin_,
            .end = begin_,
            .cause = "the content is not the one that the head tells of"});
  }
}

void ContainerReader::Report(const FrameDamage& damage) {
  if (damage_.size() < kMaxDamages) {
    damage_.push_back(damage);
    return;
  }
  FrameDamage& last = damage_.back();
  last.end = std::max(last.end, damage.end);
  last.cause = "more is damaged here than is worth telling";
}

// The container that begins at `*position`, which is moved to its end.
DecodedContainer DecodeAt(FileWork& work, size_t* position) {
  DecodedContainer decoded;
  const auto part = work.finder.PartAt(*position);
  const auto head = part ? DecodeHead(*part) : std::nullopt;
  // What they claim is believed as far as the file is long.
  if (head) {
    const uint64_t claimed = std::min(head->container.raw_bytes, work.believed_bytes);
    work.believed_bytes -= claimed;
    decoded.content.reserve(claimed);
  }
  const ContentSink append = [&](Bytes frame) {
    decoded.content.insert(decoded.content.end(), frame.begin(), frame.end());
  };
  ContainerReader reader(work, *position, append);
  ContainerReport report = reader.Read();
  decoded.damage = std::move(report.damage);
  decoded.is_whole = report.is_whole;
  decoded.missing_tail = report.missing_tail;
  if (head) decoded.segment = head->segment;
  *position = reader.end();
  return decoded;
}

FrameDamage BytesBehind(Bytes file, size_t end) {
  return {
      .begin = end, .end = file.size(), .cause = "these bytes are behind the end of the container"};
}

}  // namespace

bool IsContainer(Bytes file) {
  Cursor cursor(file);
  uint32_t magic = 0;
  return cursor.GetFixed(&magic) && (magic == kContainerMagic || magic == kZstdMagic);
}

ContainerReport ReadContainer(Bytes file, const ContentSink& sink) {
  FileWork work(file);
  ContainerReader reader(work, 0, sink);
  ContainerReport report = reader.Read();
  if (reader.end() != file.size()) report.damage.push_back(BytesBehind(file, reader.end()));
  return report;
}

DecodedContainer DecodeContainer(Bytes file) {
  FileWork work(file);
  size_t end = 0;
  DecodedContainer decoded = DecodeAt(work, &end);
  if (end != file.size()) decoded.damage.push_back(BytesBehind(file, end));
  return decoded;
}

DecodedContainers DecodeContainers(Bytes file) {
  DecodedContainers decoded;
  FileWork work(file);
  decoded.containers.push_back(DecodeAt(work, &decoded.end));
  while (IsContainer(file.subspan(decoded.end))) {
    size_t end = decoded.end;
    DecodedContainer next = DecodeAt(work, &end);
    // It was no more than a few bytes that looked like one.
    if (next.content.empty() && !next.segment) break;
    decoded.containers.push_back(std::move(next));
    decoded.end = end;
  }
  return decoded;
}

}  // namespace daybook
