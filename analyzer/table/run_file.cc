#include "table/run_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace daybook {
namespace {

// What stands before each row.
using RowBytes = uint32_t;

constexpr size_t kWriteBytes = 256 << 10;
constexpr uint64_t kMostForOthers = uint64_t{4} << 30;
constexpr size_t kReadBytes = 64 << 10;  // of each run at once

}  // namespace

std::string RunFile::DefaultFolder() {
  const char* const wanted = std::getenv("TMPDIR");
  return wanted != nullptr && *wanted != '\0' ? wanted : "/var/tmp";
}

RunFile::~RunFile() {
  if (fd_ >= 0) close(fd_);
}

// Not every filesystem has files that were never named.
bool RunFile::Open() {
  if (fd_ >= 0) return true;
  constexpr mode_t kOurs = 0600;
  fd_ = open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kOurs);
  if (fd_ >= 0) return true;
  std::string path = folder_ + "/daybook-rows-XXXXXX";
  fd_ = mkostemp(path.data(), O_CLOEXEC);
  if (fd_ >= 0) unlink(path.c_str());
  return fd_ >= 0;
}

bool RunFile::HasRoom(uint64_t bytes) {
  if (gave_up_) return false;
  std::error_code error;
  const auto space = std::filesystem::space(folder_, error);
  const uint64_t for_others = std::min<uint64_t>(space.capacity / 10, kMostForOthers);
  gave_up_ = error || space.available < bytes + for_others || !Open();
  return !gave_up_;
}

void RunFile::Add(std::string_view row) {
  if (gave_up_) return;
  const auto bytes = static_cast<RowBytes>(row.size());
  buffer_.append(reinterpret_cast<const char*>(&bytes), sizeof(bytes)).append(row);
  if (buffer_.size() >= kWriteBytes) gave_up_ = !WriteBuffer();
}

bool RunFile::WriteBuffer() {
  if (!HasRoom(buffer_.size())) return false;
  for (std::string_view rest = buffer_; !rest.empty();) {
    const ssize_t done = pwrite(fd_, rest.data(), rest.size(), static_cast<off_t>(written_));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    written_ += static_cast<size_t>(done);
    rest.remove_prefix(static_cast<size_t>(done));
  }
  buffer_.clear();
  return true;
}

bool RunFile::EndRun() {
  if (!gave_up_ && WriteBuffer()) {
    ends_.push_back(written_);
    return true;
  }
  gave_up_ = true;
  buffer_ = {};
  written_ = ends_.empty() ? 0 : ends_.back();
  // Where that fails, too, its bytes stay until the end; nobody reads them.
  (void)!ftruncate(fd_, static_cast<off_t>(written_));
  return false;
}

RunFile::Reader::Reader(const RunFile& file, size_t run)
    : file_(&file), next_(run == 0 ? 0 : file.ends_[run - 1]), end_(file.ends_[run]) {}

Result<std::string_view> RunFile::Reader::Next() {
  if (position_ == buffer_.size() && next_ == end_) return std::string_view();
  RowBytes bytes = 0;
  if (Status filled = Fill(sizeof(bytes)); !filled) return std::move(filled).error();
  std::memcpy(&bytes, buffer_.data() + position_, sizeof(bytes));
  position_ += sizeof(bytes);
  if (Status filled = Fill(bytes); !filled) return std::move(filled).error();
  const std::string_view row = std::string_view(buffer_).substr(position_, bytes);
  position_ += bytes;
  return row;
}

// From its position on, the buffer has at least so many bytes then.
Status RunFile::Reader::Fill(size_t bytes) {
  if (buffer_.size() - position_ >= bytes) return Ok{};
  buffer_.erase(0, std::exchange(position_, 0));
  size_t filled = buffer_.size();
  buffer_.resize(filled + std::min<uint64_t>(std::max(bytes, kReadBytes), end_ - next_));
  while (filled < buffer_.size()) {
    const ssize_t got = pread(file_->fd_, buffer_.data() + filled, buffer_.size() - filled,
                              static_cast<off_t>(next_));
    if (got < 0 && errno == EINTR) continue;
    const std::string what = "cannot read back the rows that wait in " + file_->folder_;
    if (got < 0) return Error::FromErrno(what, errno);
    if (got == 0) return Error(what + ": the file is shorter than it was");
    filled += static_cast<size_t>(got);
    next_ += static_cast<size_t>(got);
  }
  return Ok{};
}

}  // namespace daybook
