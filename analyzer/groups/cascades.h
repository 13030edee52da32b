// Where many processes of one job end badly together: which of them was the first, since that is
// most often the cause.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "groups/job_runs.h"
#include "lives/lives.h"
#include "log/log_set.h"

namespace daybook {

// An end with another status than 0.
struct Death {
  const Boot* boot;
  LocalPointer<const JobRun> run;
  uint32_t pid;
  uint64_t start_ns;
  uint64_t end_ns;
  uint32_t wait_status;
  uint32_t flags;
  bool is_abnormal;
  std::string comm;
  std::string args;
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

// In memory for the ends of twice that time, and in time for each of them alone.
class Cascades {
 public:
  // Of each life that ended badly: boot by boot and in order, but for ends that waited for their
  // reaping.
  void Take(const Boot& boot, const Life& life, LocalPointer<const JobRun> run);
  // Call it after the last one.
  void Finish();

  const std::vector<Cascade>& found() const { return found_; }

 private:
  struct Span {
    uint64_t start_ns;
    uint64_t end_ns;
  };
  struct StartsLater {
    bool operator()(const Span& a, const Span& b) const { return a.start_ns > b.start_ns; }
  };
  // The deaths of one run that are to be settled, by what they are to a death at the moment up to
  // which the run was looked at.
  struct RunDeaths {
    uint64_t count = 0;
    uint64_t near_until_ns = 0;             // what ends up to there, is near
    std::multimap<uint64_t, uint64_t> far;  // starts by ends
    std::priority_queue<Span, std::vector<Span>, StartsLater> near;  // not born yet, or settled
    std::multiset<uint64_t> followers;   // ends of those that were alive
    std::optional<uint64_t> cascade_ns;  // when the last one began
  };

  static void Add(const Span& span, RunDeaths* run);
  static void MoveTo(uint64_t time_ns, RunDeaths* run);
  void SettleUntil(uint64_t time_ns);
  void SettleFirst();
  void Judge(Death* first, RunDeaths* run);

  std::multimap<uint64_t, Death> deaths_;  // by their time
  std::unordered_map<const JobRun*, RunDeaths> runs_;
  std::vector<Cascade> found_;
};

}  // namespace daybook
