// Where the answer is written: a file descriptor behind a buffer.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "daybook/result.h"

namespace daybook {

class OutputFile {
 public:
  static Result<OutputFile> Create(const std::string& path);
  static OutputFile StandardOutput();

  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  // Append what is to be written here, then call Written().
  std::string& buffer() { return buffer_; }
  void Written() {
    if (buffer_.size() >= kBufferBytes) Flush();
  }

  void Flush();

  // What is to be done once, before the first byte is written.
  void BeforeWriting(std::function<void()> act) { before_writing_ = std::move(act); }

  // From now on it waits for its reader only until `interrupts` becomes readable; then it is
  // closed, as where nobody reads any longer.
  void EndOn(int interrupts) { interrupts_ = interrupts; }
  // From now on it waits no longer than a tenth of a second.
  void Hurry() {
    interrupts_ = -1;
    hurries_ = true;
  }

  // True when nobody reads any longer, or writing has failed: more need not be produced.
  bool closed() const { return closed_; }

  // True when the reader of a pipe went away, which is success.
  bool reader_is_gone() const { return error_number_ == EPIPE; }

  bool is_terminal() const;
  bool is_regular_file() const;
  int descriptor() const { return descriptor_; }

  // Columns of the terminal that it is; 0 where it is none.
  size_t terminal_width() const;

  // Writes the rest. A reader that is gone is no error.
  Status Close();

 private:
  static constexpr size_t kBufferBytes = 64 << 10;

  OutputFile(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}

  bool waits() const { return interrupts_ < 0 && !hurries_; }
  bool AwaitRoom() const;
  ssize_t WriteSome(std::string_view bytes) const;

  int descriptor_;
  std::string name_;
  std::string buffer_;
  std::function<void()> before_writing_;
  int interrupts_ = -1;
  bool hurries_ = false;
  bool closed_ = false;
  int error_number_ = 0;
};

}  // namespace daybook
