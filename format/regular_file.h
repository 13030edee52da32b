// Parts of a file that is read and not written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "daybook/result.h"

namespace daybook {

// Up to so many bytes; fewer where the file ends. `name` is for messages.
Result<std::vector<uint8_t>> ReadAt(int fd, uint64_t offset, size_t bytes, const std::string& name);

class RegularFile {
 public:
  // An error also where it is something else, like a pipe; that is left as it is.
  static Result<RegularFile> Open(const std::string& path);
  // In the folder behind the descriptor; `path` is for messages.
  static Result<RegularFile> OpenAt(int folder, const std::string& name, const std::string& path);

  RegularFile(RegularFile&& other) noexcept;
  RegularFile& operator=(RegularFile&&) = delete;
  RegularFile(const RegularFile&) = delete;
  RegularFile& operator=(const RegularFile&) = delete;
  ~RegularFile();

  int fd() const { return fd_; }
  uint64_t size() const { return size_; }  // when it was opened
  Result<std::vector<uint8_t>> ReadAt(uint64_t offset, size_t bytes) const {
    return daybook::ReadAt(fd_, offset, bytes, path_);
  }

 private:
  RegularFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  int fd_;
  std::string path_;
  uint64_t size_ = 0;
};

}  // namespace daybook
