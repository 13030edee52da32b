// One line on a terminal that tells how far the reading has come: from its first second on, at most
// four times a second, and gone before anything else is written there.
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

  // What there is to read; nullopt where nobody knows, as of a pipe.
  void Expect(std::optional<uint64_t> all_bytes) { all_bytes_ = all_bytes; }

  // So much has been read; looks at the clock.
  void Read(uint64_t bytes);

  // For good: whatever is read from now on is not shown.
  void Erase();

 private:
  std::string Line(uint64_t bytes, uint64_t elapsed_ns) const;
  void Draw(std::string line);

  Terminal terminal_;
  uint64_t began_ns_;
  uint64_t next_ns_;
  std::optional<uint64_t> all_bytes_;
  size_t drawn_ = 0;  // columns of the line that is there
  bool erased_ = false;
};

}  // namespace daybook
