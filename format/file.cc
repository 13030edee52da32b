// The operating system's files behind writer.h's interfaces, and the names of segments.
#include "file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <map>
#include <set>

#include "daybook/reader.h"
#include "layout.h"
#include "regular_file.h"

namespace daybook {
namespace {

// Whether it has no name any more.
bool IsGone(int fd) {
  struct stat status = {};
  return fstat(fd, &status) == 0 && status.st_nlink == 0;
}

class PosixFile : public LogFile {
 public:
  PosixFile(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  ~PosixFile() override {
    if (fd_ >= 0) (void)Close();
  }

  Result<size_t> Write(std::span<const uint8_t> bytes) override {
    for (;;) {
      const ssize_t written = write(fd_, bytes.data(), bytes.size());
      if (written >= 0) return static_cast<size_t>(written);
      if (errno != EINTR) return Error::FromErrno("cannot write " + name_, errno);
    }
  }

  Status Reserve(uint64_t length) override {
    if (!can_reserve_ || length <= reserved_) return Ok{};
    const auto begin = static_cast<off_t>(reserved_);
    const auto bytes = static_cast<off_t>(length - reserved_);
    while (fallocate(fd_, FALLOC_FL_KEEP_SIZE, begin, bytes) != 0) {
      if (errno == EINTR) continue;
      if (IsDiskFull(errno)) return Error::FromErrno("cannot reserve room for " + name_, errno);
      can_reserve_ = false;
      return Ok{};
    }
    reserved_ = length;
    return Ok{};
  }

  // One that somebody has removed takes bytes as before, and nobody will ever read them.
  Status Sync() override {
    if (fdatasync(fd_) != 0) return Error::FromErrno("cannot sync " + name_, errno);
    if (IsGone(fd_)) return Error(name_ + " was removed while it was written");
    return Ok{};
  }

  Status Close() override {
    // Linux closes the descriptor also where it reports an error: never try twice.
    const int fd = std::exchange(fd_, -1);
    if (reserved_ != 0) GiveBack(fd);
    if (close(fd) != 0) return Error::FromErrno("cannot close " + name_, errno);
    return Ok{};
  }

 private:
  // Cutting a file to the length that it has frees the blocks behind its end.
  static void GiveBack(int fd) {
    struct stat status = {};
    if (fstat(fd, &status) == 0) (void)!ftruncate(fd, status.st_size);
  }

  int fd_;
  std::string name_;
  uint64_t reserved_ = 0;
  bool can_reserve_ = true;
};

class PosixFolder : public LogFolder {
 public:
  PosixFolder(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~PosixFolder() override { close(fd_); }

  // Mode 0640: arguments may hold what only the log's group should read.
  Result<std::unique_ptr<LogFile>> Create(const std::string& name) override {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC;
    int fd = openat(fd_, name.c_str(), kFlags, 0640);
    if (fd < 0 && errno == ENOENT && IsGone(fd_)) {
      if (Status opened = Reopen(); !opened) return std::move(opened).error();
      fd = openat(fd_, name.c_str(), kFlags, 0640);
    }
    if (fd < 0) return Error::FromErrno("cannot create " + path_ + "/" + name, errno);
    return std::unique_ptr<LogFile>(std::make_unique<PosixFile>(fd, path_ + "/" + name));
  }

  Status Remove(const std::string& name) override {
    if (unlinkat(fd_, name.c_str(), 0) == 0) return Ok{};
    return Error::FromErrno("cannot remove " + path_ + "/" + name, errno);
  }

  Status Rename(const std::string& from, const std::string& to) override {
    if (renameat(fd_, from.c_str(), fd_, to.c_str()) == 0) return Ok{};
    return Error::FromErrno("cannot rename " + path_ + "/" + from + " to " + to, errno);
  }

  Result<std::vector<FileInfo>> List() override {
    if (IsGone(fd_)) (void)Reopen();
    const int fd = openat(fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return CannotList();
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(fdopendir(fd), closedir);
    if (folder == nullptr) {
      Error error = CannotList();
      close(fd);
      return error;
    }
    std::vector<FileInfo> files;
    while (const dirent* entry = (errno = 0, readdir(folder.get()))) {
      struct stat status = {};
      if (fstatat(fd_, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) continue;  // gone meanwhile
        return CannotList();
      }
      if (!S_ISREG(status.st_mode)) continue;
      constexpr uint64_t kStatBlockBytes = 512;
      files.push_back({.name = entry->d_name,
                       .bytes = static_cast<uint64_t>(status.st_blocks) * kStatBlockBytes});
    }
    if (errno != 0) return CannotList();
    return files;
  }

  Result<uint64_t> FreeBytes() override {
    if (IsGone(fd_)) (void)Reopen();
    struct statvfs status = {};
    if (fstatvfs(fd_, &status) != 0) return Error::FromErrno("cannot look at " + path_, errno);
    return uint64_t{status.f_bavail} * status.f_frsize;
  }

  Result<std::vector<uint8_t>> Read(const std::string& name) override {
    const auto file = OpenRegular(name);
    if (!file) return file.error();
    return ReadAll(file->fd(), path_ + "/" + name);
  }

  Result<std::vector<uint8_t>> ReadAt(const std::string& name, uint64_t offset,
                                      size_t bytes) override {
    const auto file = OpenRegular(name);
    if (!file) return file.error();
    return file->ReadAt(offset, bytes);
  }

  Status SyncFile(const std::string& name) override {
    const auto file = OpenRegular(name);
    if (!file) return file.error();
    if (fdatasync(file->fd()) == 0) return Ok{};
    return Error::FromErrno("cannot sync " + path_ + "/" + name, errno);
  }

  Status Sync() override {
    if (fsync(fd_) != 0) return Error::FromErrno("cannot sync " + path_, errno);
    return Ok{};
  }

  Status Lock() override {
    if (Status locked = Lock(fd_); !locked) return locked;
    return is_locked_ = true, Ok{};
  }

 private:
  Status Lock(int fd) const {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return Ok{};
    if (errno == EWOULDBLOCK)
      return Error("another recorder is writing to " + path_ + ": stop it, or give another folder");
    return Error::FromErrno("cannot lock " + path_, errno);
  }

  // Where the folder was removed and another one made in its place, or behind the same link. The
  // descriptor keeps its number: other threads may be using it.
  Status Reopen() const {
    const int fd = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return CannotReopen();
    Status ready = is_locked_ ? Lock(fd) : Ok{};
    if (ready && dup3(fd, fd_, O_CLOEXEC) != fd_) ready = CannotReopen();
    close(fd);
    return ready;
  }

  // What is no regular file is not listed, and not there for those who know the name either.
  Result<RegularFile> OpenRegular(const std::string& name) const {
    const std::string path = path_ + "/" + name;
    auto file = RegularFile::OpenAt(fd_, name, path);
    const bool is_other = !file && file.error().error_number() == 0;
    return is_other ? Error::FromErrno("cannot open " + path, ENOENT) : std::move(file);
  }

  Error CannotList() const { return Error::FromErrno("cannot list " + path_, errno); }
  Error CannotReopen() const {
    return Error::FromErrno(path_ + " was removed, and cannot be opened again", errno);
  }

  int fd_;
  std::string path_;
  std::atomic<bool> is_locked_ = false;
};

void AddSegments(const std::vector<FileInfo>& files, std::map<SegmentFile, std::string>* segments) {
  for (const FileInfo& file : files) {
    if (const auto segment = ParseSegmentName(file.name)) segments->emplace(*segment, file.name);
  }
}

bool HasHole(const std::map<SegmentFile, std::string>& segments) {
  return std::ranges::adjacent_find(segments, [](const auto& a, const auto& b) {
           return b.first.number - a.first.number > 1;
         }) != segments.end();
}

const char* SuffixOf(SegmentForm form) {
  return form == SegmentForm::kRaw ? kSegmentSuffix : kCompressedSuffix;
}

}  // namespace

bool IsDiskFull(int error_number) { return error_number == ENOSPC || error_number == EDQUOT; }

Result<std::vector<uint8_t>> ReadAll(int fd, const std::string& name) {
  constexpr size_t kChunkBytes = 1 << 20;
  std::vector<uint8_t> bytes;
  for (;;) {
    const size_t size = bytes.size();
    bytes.resize(size + kChunkBytes);
    const ssize_t got = read(fd, bytes.data() + size, kChunkBytes);
    bytes.resize(size + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return bytes;
    if (got < 0 && errno != EINTR) return Error::FromErrno("cannot read " + name, errno);
  }
}

Status WriteAll(LogFile& file, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    auto written = file.Write(bytes);
    if (!written) return std::move(written).error();
    if (*written == 0) return Error("the file takes no more bytes");
    bytes = bytes.subspan(*written);
  }
  return Ok{};
}

Result<std::vector<std::string>> FindSegments(const std::string& path) {
  struct stat status = {};
  if (path == "-" || stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return std::vector<std::string>{path};
  }
  auto folder = OpenLogFolder(path);
  if (!folder) return std::move(folder).error();
  auto files = (*folder)->List();
  if (!files) return std::move(files).error();
  std::map<SegmentFile, std::string> segments;  // raw before compressed
  AddSegments(*files, &segments);
  // One that is compressed while the folder is listed may be seen under neither of its names.
  if (HasHole(segments)) {
    if (files = (*folder)->List(); !files) return std::move(files).error();
    AddSegments(*files, &segments);
  }
  if (segments.empty()) return Error("no segments (daybook-*.dbk) in the folder " + path);
  std::vector<std::string> paths;
  std::optional<uint64_t> last_no;
  for (const auto& [segment, name] : segments) {
    if (last_no != segment.number) paths.push_back(path + "/" + name);
    last_no = segment.number;
  }
  return paths;
}

Result<std::vector<uint64_t>> ListSegments(LogFolder& folder) {
  auto files = folder.List();
  if (!files) return std::move(files).error();
  std::set<uint64_t> numbers;
  for (const FileInfo& file : *files) {
    if (const auto segment = ParseSegmentName(file.name)) numbers.insert(segment->number);
  }
  return std::vector<uint64_t>(numbers.begin(), numbers.end());
}

Result<std::unique_ptr<LogFolder>> OpenLogFolder(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Error::FromErrno("cannot open the log folder " + path, errno);
  return std::unique_ptr<LogFolder>(std::make_unique<PosixFolder>(fd, path));
}

std::string SegmentName(uint64_t segment_no, SegmentForm form) {
  char name[64];
  std::snprintf(name, sizeof(name), "%s%0*llu%s", kSegmentPrefix, kSegmentDigits,
                static_cast<unsigned long long>(segment_no), SuffixOf(form));
  return name;
}

std::optional<SegmentFile> ParseSegmentName(std::string_view name) {
  const std::string_view prefix = kSegmentPrefix;
  if (!name.starts_with(prefix)) return std::nullopt;
  for (const SegmentForm form : {SegmentForm::kRaw, SegmentForm::kCompressed}) {
    const std::string_view suffix = SuffixOf(form);
    if (!name.ends_with(suffix)) continue;
    if (name.size() < prefix.size() + suffix.size()) return std::nullopt;
    const char* const begin = name.data() + prefix.size();
    const char* const end = name.data() + name.size() - suffix.size();
    uint64_t segment_no = 0;
    const auto [unused, error] = std::from_chars(begin, end, segment_no);
    if (error != std::errc{} || segment_no > kMaxSegmentNo) return std::nullopt;
    if (name != SegmentName(segment_no, form)) return std::nullopt;
    return SegmentFile{.number = segment_no, .form = form};
  }
  return std::nullopt;
}

}  // namespace daybook
