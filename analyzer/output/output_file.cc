#include "output/output_file.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace daybook {
namespace {

constexpr int kHurryMs = 100;

}  // namespace

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
      before_writing_(std::move(other.before_writing_)),
      closed_(other.closed_),
      error_number_(other.error_number_) {}

OutputFile::~OutputFile() {
  if (descriptor_ > STDERR_FILENO) close(descriptor_);
}

bool OutputFile::is_terminal() const { return isatty(descriptor_) != 0; }

bool OutputFile::is_regular_file() const {
  struct stat status {};
  return fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
}

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

// False where nobody has made room.
bool OutputFile::AwaitRoom() const {
  std::array<pollfd, 2> files{{{.fd = descriptor_, .events = POLLOUT, .revents = 0},
                               {.fd = interrupts_, .events = POLLIN, .revents = 0}}};
  while (poll(files.data(), files.size(), hurries_ ? kHurryMs : -1) < 0 && errno == EINTR) continue;
  return files[0].revents != 0;
}

// So much always fits where there is room at all.
ssize_t OutputFile::WriteSome(std::string_view bytes) const {
  if (!waits()) bytes = bytes.substr(0, PIPE_BUF);
  return write(descriptor_, bytes.data(), bytes.size());
}

void OutputFile::Flush() {
  if (before_writing_ && !buffer_.empty()) std::exchange(before_writing_, nullptr)();
  size_t done = 0;
  while (done < buffer_.size() && !closed_) {
    if (!waits() && !AwaitRoom()) {
      closed_ = true;
      break;
    }
    const ssize_t written = WriteSome(std::string_view(buffer_).substr(done));
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
