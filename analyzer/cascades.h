// Where many processes of one job end badly together: which of them was the first, since that is
// most often the cause.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "job_runs.h"
#include "lives.h"
#include "log_set.h"

namespace daybook {

// It ended by a signal that nobody sends to a process which did nothing wrong, dumped core, or was
// killed for want of memory.
bool IsAbnormal(const Life& life);

// An end with another status than 0.
struct Death {
  const Boot* boot;
  std::shared_ptr<const JobRun> run;
  uint32_t pid;
  uint64_t start_ns;
  uint64_t end_ns;
  uint32_t wait_status;
  uint32_t flags;
  bool is_abnormal;
  std::string comm;
  std::string args;
  bool is_follower = false;  // of one before
};

struct Cascade {
  Death first;
  uint64_t followed;
  uint64_t last_ns;  // end of the last one that followed
};

// A cascade: an abnormal end, after which so many processes of the same run of a job, all of them
// alive at that moment, end badly within so long. What is started anew and dies again is a loop.
inline constexpr uint64_t kLeastFollowers = 4;
inline constexpr uint64_t kCascadeNs = 10'000'000'000;

// In memory for the ends of twice that time.
class Cascades {
 public:
  // Of each life that ended badly: boot by boot and in order, but for ends that waited for their
  // reaping.
  void Take(const Boot& boot, const Life& life, std::shared_ptr<const JobRun> run);
  // Call it after the last one.
  void Finish();

  const std::vector<Cascade>& found() const { return found_; }

 private:
  void SettleUntil(uint64_t time_ns);
  void SettleFirst();

  std::deque<Death> deaths_;  // by their time
  std::vector<Cascade> found_;
};

}  // namespace daybook
