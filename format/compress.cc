#include "daybook/compress.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <set>
#include <string_view>
#include <utility>

#include "container_stream.h"
#include "file.h"
#include "layout.h"
#include "segment_compressor.h"

namespace daybook {
namespace {

std::string TemporaryName(uint64_t segment_no) {
  return SegmentName(segment_no, SegmentForm::kCompressed) + kTemporarySuffix;
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
    // Retention takes the unfinished file with it.
    const bool is_pruned =
        files->Has(segment_no, SegmentForm::kRaw) && IsRawGone(folder, segment_no);
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

}  // namespace daybook
