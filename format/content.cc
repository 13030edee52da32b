#include "content.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/iostreams/device/file_descriptor.hpp>
#include <cerrno>
#include <ios>

namespace daybook {
namespace {

// Up to the end, or up to `limit` bytes.
Status ReadUpTo(int fd, const std::string& name, size_t limit, Buffer* bytes) try {
  constexpr size_t kChunkBytes = 1 << 20;
  boost::iostreams::file_descriptor_source source(fd, boost::iostreams::never_close_handle);
  while (bytes->size() < limit) {
    const size_t size = bytes->size();
    const size_t chunk = std::min(kChunkBytes, limit - size);
    bytes->resize(size + chunk);
    const std::streamsize got = source.read(reinterpret_cast<char*>(bytes->data()) + size,
                                            static_cast<std::streamsize>(chunk));
    bytes->resize(size + static_cast<size_t>(std::max<std::streamsize>(got, 0)));
    if (got <= 0) break;
  }
  return Ok{};
} catch (const std::ios_base::failure& failure) {
  return Error("cannot read " + name + ": " + failure.what());
}

// Of a regular file, what it held at the beginning: one that is being written to would never end.
Result<Buffer> ReadDescriptor(int fd, const std::string& name) {
  struct stat status = {};
  if (fstat(fd, &status) != 0) return Error::FromErrno("cannot look at " + name, errno);
  if (S_ISDIR(status.st_mode)) return Error("cannot read " + name + ": it is a folder");
  const bool has_size = S_ISREG(status.st_mode) && status.st_size > 0;
  Buffer bytes;
  const size_t limit = has_size ? static_cast<size_t>(status.st_size) : bytes.max_size();
  if (has_size) bytes.reserve(limit);
  if (Status read = ReadUpTo(fd, name, limit, &bytes); !read) return std::move(read).error();
  return bytes;
}

}  // namespace

Result<Buffer> ReadWholeContent(const std::string& path) {
  if (path == "-") return ReadDescriptor(STDIN_FILENO, "standard input");
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Error::FromErrno("cannot open " + path, errno);
  auto bytes = ReadDescriptor(fd, path);
  close(fd);
  return bytes;
}

}  // namespace daybook
