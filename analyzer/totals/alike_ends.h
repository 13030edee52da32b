// Ends of processes that are alike: how many, when, and whether they are a loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lives/lives.h"
#include "log/log_set.h"
#include "time/window.h"

namespace daybook {

// So many ends alike in a minute are a loop.
inline constexpr uint64_t kLoopPerMinute = 5;

// True of who starts its children again when they fail: the first process, and supervisors. What
// waits for another program to answer, as a shell does with grep, looks the same: only their task
// names tell.
bool RestartsChildren(const Life& life);

// How many moments, told one after the other, fell into the fullest 60 seconds of a boot. In memory
// for one minute's.
class MinutePeak {
 public:
  // Moments come boot by boot and in order, but for ends that waited long for their reaping.
  void Add(const Boot& boot, uint64_t time_ns);
  // One before those that are asked for: it only counts in a minute in which one of them follows.
  void AddEarlier(const Boot& boot, uint64_t time_ns);
  uint64_t most() const { return most_; }

 private:
  void Insert(const Boot& boot, uint64_t time_ns);
  void Forget();

  const Boot* boot_ = nullptr;
  std::vector<uint64_t> times_;  // in order; of the last minute from first_ on
  size_t first_ = 0;
  std::optional<uint64_t> latest_ns_;  // of those that are asked for
  uint64_t most_ = 0;
};

// True of a life that ended in the minute before the window: a loop that went on when that began is
// not cut there.
bool EndedJustBefore(const Window& window, const Boot& boot, const Life& life);

struct AlikeEnds {
  uint64_t count = 0;
  MinutePeak peak;
  std::optional<int64_t> first_ns;
  std::optional<int64_t> last_ns;
  std::string args;  // of the last one

  void Add(const Boot& boot, const Life& life);
  // One of the minute before: it counts for the peak only.
  void AddEarlier(const Boot& boot, const Life& life);
  void Merge(const AlikeEnds& other);
};

}  // namespace daybook
