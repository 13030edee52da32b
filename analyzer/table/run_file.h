// Sorted runs of rows in a temporary file that has no name: it is gone when its reader is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daybook/result.h"

namespace daybook {

class RunFile {
 public:
  // The folder for it: $TMPDIR, else /var/tmp, which is meant for files that may be large.
  static std::string DefaultFolder();

  explicit RunFile(std::string folder = DefaultFolder()) : folder_(std::move(folder)) {}
  RunFile(const RunFile&) = delete;
  RunFile& operator=(const RunFile&) = delete;
  ~RunFile();

  // False where there is no place for about so many bytes, or where they would leave to others less
  // than a tenth of the filesystem, or than 4 GiB of a large one.
  bool HasRoom(uint64_t bytes);

  // Adds a row to the run that is being written.
  void Add(std::string_view row);
  // False where it could not be written: nothing is left of it, and nothing more has room.
  bool EndRun();
  size_t runs() const { return ends_.size(); }

  // Reads the rows of a run in their order. It must not outlive the file.
  class Reader {
   public:
    Reader(const RunFile& file, size_t run);

    // Empty behind the last one; valid until the next call. No row is empty.
    Result<std::string_view> Next();

   private:
    Status Fill(size_t bytes);

    const RunFile* file_;
    uint64_t next_;  // place in the file of what is to be read into the buffer
    uint64_t end_;
    std::string buffer_;
    size_t position_ = 0;  // in the buffer
  };

 private:
  bool Open();
  bool WriteBuffer();

  std::string folder_;
  int fd_ = -1;
  bool gave_up_ = false;
  std::string buffer_;
  uint64_t written_ = 0;
  std::vector<uint64_t> ends_;  // of the runs, each of which begins where the one before it ends
};

}  // namespace daybook
