// One line on a terminal that tells how far the reading of one log set, or of several one after the
// other, has come: from its first second on, at most four times a second, and gone before anything
// else is written there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace daybook {

class Progress {
 public:
  struct Terminal {
    std::function<uint64_t()> now_ns;  // of any clock that only goes forward
    std::function<size_t()> columns;   // asked for each line: people change it
    std::function<void(std::string_view)> write;
  };
  // The one that standard error is, while this is in its foreground.
  static Terminal StandardError();

  explicit Progress(Terminal terminal);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { Erase(); }

  // What more there is to read; nullopt where nobody knows, as of a pipe.
  void Expect(std::optional<uint64_t> bytes);

  // Of what was to be expected so far nothing is read.
  void ExpectNothing() { all_bytes_ = 0; }

  // So much has been read of this log set; looks at the clock.
  void Read(uint64_t bytes);

  // All of it has been read, which is so much. Another one may follow.
  void EndLogSet(uint64_t bytes);

  // For good: whatever is read from now on is not shown.
  void Erase();

 private:
  std::string Line(uint64_t bytes, uint64_t elapsed_ns) const;
  void Draw(std::string line);
  void Clear();

  Terminal terminal_;
  uint64_t began_ns_;
  uint64_t next_ns_;
  std::optional<uint64_t> all_bytes_ = 0;
  uint64_t bytes_before_ = 0;  // of the log sets that have been read
  size_t drawn_ = 0;           // columns of the line that is there
  bool erased_ = false;
};

}  // namespace daybook
