// Ends of processes that are alike: how many, when, and whether they are a loop.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "lives.h"
#include "log_set.h"

namespace daybook {

// So many ends alike in a minute are a loop.
inline constexpr uint64_t kLoopPerMinute = 5;

// How many moments, told one after the other, fell into the fullest minute.
class MinutePeak {
 public:
  // Ends come in order, but for those that waited long for their reaping.
  void Add(uint64_t time_ns) {
    constexpr uint64_t kMinuteNs = 60'000'000'000;
    if (time_ns / kMinuteNs != minute_) in_minute_ = 0;
    minute_ = time_ns / kMinuteNs;
    most_ = std::max(most_, ++in_minute_);
  }
  uint64_t most() const { return most_; }

 private:
  uint64_t minute_ = 0;
  uint64_t in_minute_ = 0;
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
