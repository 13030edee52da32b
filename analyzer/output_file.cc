#include "output_file.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace daybook {

Result<OutputFile> OutputFile::Create(const std::string& path) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) return Error::FromErrno("cannot create " + path, errno);
  return OutputFile(descriptor, path);
}

OutputFile OutputFile::StandardOutput() { return OutputFile(STDOUT_FILENO, "standard output"); }

OutputFile::OutputFile(OutputFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      name_(std::move(other.name_)),
      buffer_(std::move(other.buffer_)),
      closed_(other.closed_),
      error_number_(other.error_number_) {}

OutputFile::~OutputFile() {
  if (descriptor_ > STDERR_FILENO) close(descriptor_);
}

bool OutputFile::is_terminal() const { return isatty(descriptor_) != 0; }

size_t OutputFile::terminal_width() const {
  winsize size{};
  if (!is_terminal() || ioctl(descriptor_, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

Status OutputFile::Close() {
  Flush();
  if (error_number_ == 0 && descriptor_ > STDERR_FILENO &&
      close(std::exchange(descriptor_, -1)) != 0) {
    error_number_ = errno;
  }
  if (error_number_ != 0 && !reader_is_gone()) {
    return Error::FromErrno("cannot write to " + name_, error_number_);
  }
  return Ok{};
}

void OutputFile::Flush() {
  size_t done = 0;
  while (done < buffer_.size() && !closed_) {
    const ssize_t written = write(descriptor_, buffer_.data() + done, buffer_.size() - done);
    if (written >= 0) {
      done += static_cast<size_t>(written);
    } else if (errno != EINTR) {
      error_number_ = errno;
      closed_ = true;
    }
  }
  buffer_.clear();
}

}  // namespace daybook
