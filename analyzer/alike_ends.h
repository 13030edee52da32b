// Ends of processes that are alike: how many, when, and whether they are a loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lives.h"
#include "log_set.h"

namespace daybook {

// So many ends alike in a minute are a loop.
inline constexpr uint64_t kLoopPerMinute = 5;

// How many moments, told one after the other, fell into the fullest 60 seconds of a boot. In memory
// for one minute's.
class MinutePeak {
 public:
  // Moments come boot by boot and in order, but for ends that waited long for their reaping.
  void Add(const Boot& boot, uint64_t time_ns);
  uint64_t most() const { return most_; }

 private:
  void Forget();

  const Boot* boot_ = nullptr;
  std::vector<uint64_t> times_;  // in order; of the last minute from first_ on
  size_t first_ = 0;
  uint64_t most_ = 0;
};

struct AlikeEnds {
  uint64_t count = 0;
  MinutePeak peak;
  std::optional<int64_t> first_ns;
  std::optional<int64_t> last_ns;
  std::string args;  // of the last one

  void Add(const Boot& boot, const Life& life);
  void Merge(const AlikeEnds& other);
};

}  // namespace daybook
