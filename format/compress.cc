#include "daybook/compress.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <set>
#include <string_view>
#include <utility>

#include "compression.h"
#include "container.h"
#include "container_stream.h"
#include "crc32c.h"
#include "file.h"
#include "layout.h"
#include "segment_compressor.h"

namespace daybook {
namespace {

std::string TemporaryName(uint64_t segment_no) {
  return SegmentName(segment_no, SegmentForm::kCompressed) + kTemporarySuffix;
}

Status WriteAll(LogFile& file, Bytes bytes) {
  while (!bytes.empty()) {
    auto written = file.Write(bytes);
    if (!written) return std::move(written).error();
    if (*written == 0) return Error("the file takes no more bytes");
    bytes = bytes.subspan(*written);
  }
  return Ok{};
}

// One that was left by a compression that was stopped by force is replaced.
Result<std::unique_ptr<LogFile>> CreateAnew(LogFolder& folder, const std::string& name) {
  auto file = folder.Create(name);
  if (file || file.error().error_number() != EEXIST) return file;
  if (Status removed = folder.Remove(name); !removed) return std::move(removed).error();
  return folder.Create(name);
}

// One of the folder's files; an error where it was asked to stop.
ReadBytes ReaderOf(LogFolder& folder, std::string name, std::stop_token stop) {
  return [&folder, name = std::move(name), stop = std::move(stop)](
             uint64_t offset, size_t bytes) -> Result<std::vector<uint8_t>> {
    if (stop.stop_requested()) return Error("stopped");
    return folder.ReadAt(name, offset, bytes);
  };
}

Status CheckRoom(LogFolder& folder, size_t bytes, const CompressOptions& options) {
  if (options.min_free_bytes == 0) return Ok{};
  const auto free = folder.FreeBytes();
  if (!free) return free.error();
  if (*free >= bytes && *free - bytes >= options.min_free_bytes) return Ok{};
  return Error("the file system has " + std::to_string(*free) + " bytes free, and " +
               std::to_string(options.min_free_bytes) +
               " are to stay free: it is tried again later");
}

Status WriteCompressed(LogFolder& folder, uint64_t segment_no, const CompressOptions& options) {
  SegmentCompressor compressor(ReaderOf(folder, SegmentName(segment_no), options.stop),
                               options.frame_bytes);
  std::unique_ptr<LogFile> file;
  for (;;) {
    if (options.stop.stop_requested()) return Error("stopped");
    auto piece = compressor.Next();
    if (!piece) return std::move(piece).error();
    if (piece->empty()) break;
    if (Status room = CheckRoom(folder, piece->size(), options); !room) return room;
    if (!file) {
      auto created = CreateAnew(folder, TemporaryName(segment_no));
      if (!created) return std::move(created).error();
      file = *std::move(created);
    }
    if (Status written = WriteAll(*file, *piece); !written) return written;
  }
  if (Status synced = file->Sync(); !synced) return synced;
  return file->Close();
}

enum class Copy : uint8_t { kEqual, kDamaged, kOther };

// What the bytes of a compressed file are to the raw ones; both are read in the same steps.
Result<Copy> Compare(const ReadBytes& compressed, const ReadBytes& raw) {
  ContainerStream stream(compressed);
  for (bool equal = true;;) {
    const auto step = stream.Next();
    if (!step) return step.error();
    if (*step == ContainerStream::Step::kDamaged) return Copy::kDamaged;
    const bool at_end = *step == ContainerStream::Step::kEnd;
    if (equal) {
      const auto bytes = raw(stream.content_begin(), at_end ? 1 : stream.content().size());
      if (!bytes) return bytes.error();
      equal = std::ranges::equal(*bytes, stream.content());
    }
    if (at_end) return equal ? Copy::kEqual : Copy::kOther;
  }
}

Result<Copy> CompareFiles(LogFolder& folder, const std::string& compressed, uint64_t segment_no,
                          const std::stop_token& stop) {
  return Compare(ReaderOf(folder, compressed, stop),
                 ReaderOf(folder, SegmentName(segment_no), stop));
}

bool IsNotThere(const Status& status) { return !status && status.error().error_number() == ENOENT; }

// True where the raw file is certainly gone.
bool IsRawGone(LogFolder& folder, uint64_t segment_no) {
  const auto first = folder.ReadFirst(SegmentName(segment_no), 1);
  return !first && first.error().error_number() == ENOENT;
}

// Also where retention has removed it.
Status RemoveIfThere(LogFolder& folder, const std::string& name) {
  Status removed = folder.Remove(name);
  return IsNotThere(removed) ? Status(Ok{}) : removed;
}

// What makes the compressed file certain to be there comes before what makes the raw one vanish.
// Where the raw one has vanished already, retention has removed the segment: it must not come back
// before newer ones that went with it.
Status RemoveRaw(LogFolder& folder, uint64_t segment_no) {
  if (Status synced = folder.Sync(); !synced) return synced;
  Status removed = folder.Remove(SegmentName(segment_no));
  if (IsNotThere(removed)) {
    removed = RemoveIfThere(folder, SegmentName(segment_no, SegmentForm::kCompressed));
  }
  if (!removed) return removed;
  return folder.Sync();
}

// Both files of the segment are there. Returns true where the raw one was not needed any more. A
// compressed one that is in order was equal when it was made, so the raw one has changed since: it
// is not for us to say which is the better.
Result<bool> Settle(LogFolder& folder, uint64_t segment_no, const std::stop_token& stop) {
  const std::string name = SegmentName(segment_no, SegmentForm::kCompressed);
  const auto copy = CompareFiles(folder, name, segment_no, stop);
  if (!copy) return copy.error();
  if (*copy == Copy::kOther) {
    return Error(SegmentName(segment_no) + " and " + name +
                 " are there and differ: both are kept; remove the one that is worse");
  }
  Status done = *copy == Copy::kEqual ? RemoveRaw(folder, segment_no) : RemoveIfThere(folder, name);
  if (!done) return std::move(done).error();
  return *copy == Copy::kEqual;
}

Status Compress(LogFolder& folder, uint64_t segment_no, const CompressOptions& options) {
  const std::string name = TemporaryName(segment_no);
  if (Status written = WriteCompressed(folder, segment_no, options); !written) return written;
  const auto copy = CompareFiles(folder, name, segment_no, options.stop);
  if (!copy) return copy.error();
  if (*copy != Copy::kEqual) return Error(name + " was read back, and is not what was written");
  return folder.Rename(name, SegmentName(segment_no, SegmentForm::kCompressed));
}

struct Listing {
  std::set<SegmentFile> segments;
  std::vector<std::string> unfinished;

  bool Has(uint64_t number, SegmentForm form) const {
    return segments.contains({.number = number, .form = form});
  }
  bool HasBoth(uint64_t number) const {
    return Has(number, SegmentForm::kRaw) && Has(number, SegmentForm::kCompressed);
  }
};

Result<Listing> ListFiles(LogFolder& folder) {
  const auto files = folder.List();
  if (!files) return files.error();
  Listing listing;
  for (const FileInfo& file : *files) {
    std::string_view name = file.name;
    if (const auto segment = ParseSegmentName(name)) listing.segments.insert(*segment);
    if (!name.ends_with(kTemporarySuffix)) continue;
    name.remove_suffix(std::string_view(kTemporarySuffix).size());
    const auto segment = ParseSegmentName(name);
    if (segment && segment->form == SegmentForm::kCompressed) {
      listing.unfinished.push_back(file.name);
    }
  }
  return listing;
}

// From the first bytes of a file and its last ones, which begin at `tail_begin`.
Result<CompressedIndex> IndexOf(Bytes head_bytes, Bytes tail, uint64_t tail_begin) {
  const auto head_part = ReadPart(head_bytes, 0);
  const auto head = head_part ? DecodeHead(*head_part) : std::nullopt;
  if (!head) return Error("the head of the compressed segment is damaged");
  const uint32_t tick_ns = TickOf(head->segment);
  const auto seek_table = FindSeekTable(tail);
  const auto index_part = seek_table ? ReadPartBefore(tail, *seek_table) : std::nullopt;
  const auto index = index_part ? DecodeIndex(*index_part, tick_ns) : std::nullopt;
  if (!index) return Error("the index of the compressed segment is damaged");
  CompressedIndex result{
      .container = head->container, .segment = head->segment, .clocks = index->clocks};
  const Error misfit("the index of the compressed segment does not fit the file");
  const uint64_t end = tail_begin + index_part->begin;
  uint64_t begin = head_part->end;
  uint64_t content = 0;
  for (const Frame& frame : index->frames) {
    begin += EncodeDescription(frame, tick_ns).size();
    result.frames.push_back({.begin = begin, .description = frame});
    const bool fits = frame.offset == content && frame.raw_bytes <= kMaxFrameBytes &&
                      begin <= end && frame.compressed_bytes <= end - begin;
    if (!fits) return misfit;
    begin += frame.compressed_bytes;
    content += frame.raw_bytes;
  }
  const bool fits =
      begin == end && begin == index->container_bytes && content == head->container.raw_bytes;
  return fits ? Result<CompressedIndex>(std::move(result)) : misfit;
}

// Up to `size` bytes at `offset`; fewer where the file ends, or cannot be read.
std::vector<uint8_t> ReadAt(int fd, uint64_t offset, size_t size) {
  std::vector<uint8_t> bytes(size);
  size_t filled = 0;
  while (filled < size) {
    const ssize_t got =
        pread(fd, bytes.data() + filled, size - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    filled += static_cast<size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

Result<CompressedIndex> IndexOfFile(int fd) {
  // A head has two records of 255 bytes at most; an index of 64 MiB, and its seek table, 16 KiB.
  constexpr uint64_t kHeadBytes = 1024;
  constexpr uint64_t kTailBytes = 64 * 1024;
  struct stat status = {};
  if (fstat(fd, &status) != 0) return Error::FromErrno("cannot look at it", errno);
  if (!S_ISREG(status.st_mode)) return Error("it is no regular file");
  const auto size = static_cast<uint64_t>(status.st_size);
  const auto head = ReadAt(fd, 0, std::min(size, kHeadBytes));
  for (uint64_t tail = std::min(size, kTailBytes);; tail = std::min(size, tail * 16)) {
    auto index = IndexOf(head, ReadAt(fd, size - tail, tail), size - tail);
    if (index || tail == size) return index;
  }
}

Status CompressOne(LogFolder& folder, uint64_t segment_no, const CompressOptions& options) {
  const auto files = ListFiles(folder);
  if (!files) return files.error();
  if (files->HasBoth(segment_no)) {
    const auto settled = Settle(folder, segment_no, options.stop);
    if (!settled) return settled.error();
    if (*settled) return Ok{};
  } else if (files->Has(segment_no, SegmentForm::kCompressed)) {
    return Ok{};
  }
  if (Status compressed = Compress(folder, segment_no, options); !compressed) {
    // It may never have been created; whatever is left, CleanUp removes.
    (void)folder.Remove(TemporaryName(segment_no));
    const bool is_pruned = IsNotThere(compressed) && files->Has(segment_no, SegmentForm::kRaw) &&
                           IsRawGone(folder, segment_no);
    return is_pruned ? Status(Ok{}) : compressed;
  }
  return RemoveRaw(folder, segment_no);
}

}  // namespace

// Also where memory is short: the recorder goes on without.
Status CompressSegment(LogFolder& folder, uint64_t segment_no, const CompressOptions& options) try {
  Status done = CompressOne(folder, segment_no, options);
  if (done) return done;
  return std::move(done).error().WithContext("cannot compress " + SegmentName(segment_no));
} catch (const std::bad_alloc&) {
  return Error("cannot compress a segment: not enough memory");
}

Status CleanUp(LogFolder& folder, std::stop_token stop) try {
  const auto files = ListFiles(folder);
  if (!files) return files.error();
  Status result = Ok{};
  for (const std::string& name : files->unfinished) {
    if (Status removed = RemoveIfThere(folder, name); !removed) result = removed;
  }
  for (const SegmentFile& segment : files->segments) {
    if (segment.form != SegmentForm::kRaw || !files->HasBoth(segment.number)) continue;
    const auto settled = Settle(folder, segment.number, stop);
    // What retention has removed meanwhile is settled.
    if (!settled && settled.error().error_number() != ENOENT) result = settled.error();
  }
  return result;
} catch (const std::bad_alloc&) {
  return Error("cannot clean up the log folder: not enough memory");
}

Result<CompressedIndex> ReadCompressedIndex(Bytes file) { return IndexOf(file, file, 0); }

Result<CompressedIndex> ReadCompressedIndex(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Error::FromErrno("cannot open " + path, errno);
  auto index = IndexOfFile(fd);
  close(fd);
  if (!index) return std::move(index).error().WithContext(path);
  return index;
}

Result<std::vector<uint8_t>> DecodeFrames(Bytes file, const CompressedIndex& index,
                                          std::span<const size_t> frame_numbers) {
  FrameDecoder decoder;
  std::vector<uint8_t> contents;
  Buffer content;
  for (const size_t number : frame_numbers) {
    const std::string name = "frame " + std::to_string(number);
    if (number >= index.frames.size()) return Error(name + " is not in the compressed segment");
    const auto& [begin, frame] = index.frames[number];
    const bool inside = begin <= file.size() && frame.compressed_bytes <= file.size() - begin;
    const Bytes bytes = inside ? file.subspan(begin, frame.compressed_bytes) : Bytes();
    if (!inside || Crc32c(bytes) != frame.compressed_crc) return Error(name + " is damaged");
    const DecodedFrame decoded = decoder.DecodeWhole(bytes, kMaxFrameBytes, &content);
    if (!decoded.whole || decoded.frame_bytes != bytes.size() ||
        content.size() != frame.raw_bytes) {
      return Error(name + " is not as it is described");
    }
    contents.insert(contents.end(), content.begin(), content.end());
  }
  return contents;
}

}  // namespace daybook
