// How many spans of time there were at once, at most, in memory for those that are not over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace daybook {

class Concurrency {
 public:
  // From `first_ns` up to `last_ns`, or for a nanosecond where that is not later. One that begins
  // as another ends is not beside it.
  void Add(uint64_t first_ns, uint64_t last_ns);

  void Add(const Concurrency& other);

  uint64_t Most() const;

  // True when there is more to forget than the last time.
  bool is_large() const { return edges_.size() >= large_; }

  // Forgets the moments before `settled_ns` that cannot turn out to be the most crowded ones. It
  // stays exact as long as what is added later ends at `settled_ns` or after it, or at one of
  // `open_ends`: of one that is none of these, the last part may not count.
  void Forget(uint64_t settled_ns, std::span<const uint64_t> open_ends);

 private:
  // So many more or less there are from that moment on.
  struct Edge {
    uint64_t time_ns;
    int64_t step;
  };
  static constexpr size_t kLeastLarge = 1024;

  void Sort();

  std::vector<Edge> edges_;
  size_t large_ = kLeastLarge;
};

}  // namespace daybook
