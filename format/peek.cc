#include "daybook/peek.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "block.h"
#include "file.h"

namespace daybook {
namespace {

// The head's own block is shorter than a page, and so is the block of SEGMENT_END.
constexpr size_t kPeekBytes = 16 * 1024;

class PeekedFile {
 public:
  explicit PeekedFile(int fd) : fd_(fd) {}
  PeekedFile(const PeekedFile&) = delete;
  PeekedFile& operator=(const PeekedFile&) = delete;
  ~PeekedFile() { close(fd_); }

  // Fewer bytes where the file is shorter meanwhile.
  std::vector<uint8_t> Read(uint64_t offset, size_t size) const {
    std::vector<uint8_t> bytes(size);
    size_t done = 0;
    while (done < size) {
      const ssize_t got =
          pread(fd_, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      done += static_cast<size_t>(got);
    }
    bytes.resize(done);
    return bytes;
  }

 private:
  int fd_;
};

std::optional<SegmentStart> ReadHead(Bytes bytes) {
  RangeSums sums(bytes);
  const auto start = ReadSegmentStart(bytes, 0);
  if (!start || !IsSupported(*start)) return std::nullopt;
  const auto checkpoint = ReadCheckpoint(bytes, WalkBlock(bytes, 0), start->tick_ns);
  if (!checkpoint || checkpoint->record.tag != start->tag) return std::nullopt;
  if (checkpoint->record.logical_offset != 0) return std::nullopt;
  return ProveBlock(sums, *checkpoint, 0) == size_t{0} ? start : std::nullopt;
}

// The SEGMENT_END in the block that begins at `begin`.
std::optional<SegmentEnd> FindEnd(Bytes bytes, size_t begin, const FoundCheckpoint& checkpoint,
                                  const SegmentStart& start) {
  const BlockBase base{.time_ticks = checkpoint.record.base_time_ns / start.tick_ns,
                       .pid = static_cast<uint32_t>(checkpoint.record.base_pid),
                       .tick_ns = start.tick_ns};
  for (size_t at = begin; at < checkpoint.begin;) {
    const auto header = ReadHeader(bytes, at);
    if (!header) break;
    SegmentEnd end;
    const Bytes payload = bytes.subspan(header->payload_begin, header->end - header->payload_begin);
    if (header->type == Schema<SegmentEnd>::kType && Decode(payload, base, &end)) return end;
    at = header->end;
  }
  return std::nullopt;
}

// `bytes` are the last ones of a file of `file_bytes`.
std::optional<SegmentEnd> ReadEnd(Bytes bytes, uint64_t file_bytes, const SegmentStart& start) {
  RangeSums sums(bytes);
  for (size_t at = FindCheckpointHeader(bytes, 0); at < bytes.size();
       at = FindCheckpointHeader(bytes, at + 1)) {
    const auto checkpoint = ReadCheckpoint(bytes, at, start.tick_ns);
    if (!checkpoint || checkpoint->end != bytes.size()) continue;
    const Checkpoint& record = checkpoint->record;
    const uint64_t checkpoint_bytes = checkpoint->end - checkpoint->begin;
    const bool ends_segment =
        record.tag == start.tag && (record.flags & kCheckpointLast) != 0 &&
        record.logical_offset + record.block_bytes + checkpoint_bytes == file_bytes;
    if (!ends_segment) continue;
    if (const auto begin = ProveBlock(sums, *checkpoint, 0)) {
      return FindEnd(bytes, *begin, *checkpoint, start);
    }
  }
  return std::nullopt;
}

}  // namespace

Result<SegmentPeek> PeekSegment(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return Error::FromErrno("cannot open " + path, errno);
  const PeekedFile file(fd);
  struct stat status = {};
  if (fstat(fd, &status) != 0) return Error::FromErrno("cannot look at " + path, errno);
  SegmentPeek peek;
  if (!S_ISREG(status.st_mode)) return peek;
  const auto file_bytes = static_cast<uint64_t>(status.st_size);
  const auto size = static_cast<size_t>(std::min<uint64_t>(file_bytes, kPeekBytes));
  peek.start = ReadHead(file.Read(0, size));
  if (peek.start) {
    peek.end = ReadEnd(file.Read(file_bytes - size, size), file_bytes, *peek.start);
  }
  return peek;
}

std::optional<uint64_t> SegmentNumberOf(std::string_view path) {
  const auto segment = ParseSegmentName(path.substr(path.rfind('/') + 1));
  if (!segment) return std::nullopt;
  return segment->number;
}

}  // namespace daybook
