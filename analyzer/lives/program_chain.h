// The programs that one process ran, one after the other: what it was born with, or ran when it was
// first seen, and then what each exec made of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lives/lives.h"

namespace daybook {

struct ProgramStart {
  uint64_t since_ns = 0;            // 0 of the first one
  LocalPointer<const Image> image;  // null where it is not known
  // Right behind the exec; but its name is the last one that it had.
  Identity identity;
  std::optional<uint64_t> cpu_us;  // that the process had used when it began
  // For how many it stands, one after the other; unknown where more may have been than are told.
  std::optional<uint64_t> count = 1;
};

// Takes no more memory for a process that goes from program to program for ever: where there are
// many, those between the first and the newest are one. So 32 images are kept of a process at most,
// each with a path and arguments of up to 4 KiB as the recorder keeps them.
class ProgramChain {
 public:
  static constexpr size_t kMostFirst = 8;
  static constexpr size_t kMostNewest = 24;

  // With the first one, of which nothing is known yet.
  ProgramChain() {
    starts_.reserve(2);  // as most have: it is made when the second one is known
    starts_.emplace_back();
  }

  // It may be older than others, but not than the first one.
  void Add(ProgramStart start);

  // Of a process that was born with that program, if it is not known yet.
  void SetFirst(const LocalPointer<const Image>& image, const std::optional<std::string>& comm);

  // In the order of time; never empty.
  std::span<ProgramStart> starts() { return starts_; }
  std::span<const ProgramStart> starts() const { return starts_; }
  // The one that was run at that moment.
  const ProgramStart& At(uint64_t time_ns) const;

 private:
  std::vector<ProgramStart> starts_;
};

}  // namespace daybook
