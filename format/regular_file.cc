#include "regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace daybook {

Result<std::vector<uint8_t>> ReadAt(int fd, uint64_t offset, size_t bytes,
                                    const std::string& name) {
  std::vector<uint8_t> part(bytes);
  size_t filled = 0;
  while (filled < bytes) {
    const ssize_t got =
        pread(fd, part.data() + filled, bytes - filled, static_cast<off_t>(offset + filled));
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::FromErrno("cannot read " + name, errno);
    filled += static_cast<size_t>(got);
  }
  part.resize(filled);
  return part;
}

Result<RegularFile> RegularFile::Open(const std::string& path) {
  return OpenAt(AT_FDCWD, path, path);
}

// To open the other end of a pipe would wake its writer.
Result<RegularFile> RegularFile::OpenAt(int folder, const std::string& name,
                                        const std::string& path) {
  struct stat named = {};
  if (fstatat(folder, name.c_str(), &named, 0) == 0 && !S_ISREG(named.st_mode)) {
    return Error(path + " is no regular file");
  }
  const int fd = openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return Error::FromErrno("cannot open " + path, errno);
  RegularFile file(fd, path);
  struct stat status = {};
  if (fstat(fd, &status) != 0) return Error::FromErrno("cannot look at " + path, errno);
  if (!S_ISREG(status.st_mode)) return Error(path + " is no regular file");
  file.size_ = static_cast<uint64_t>(status.st_size);
  return file;
}

RegularFile::RegularFile(RegularFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)), size_(other.size_) {}

RegularFile::~RegularFile() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace daybook
