// What processes cost with all that descends from them, through kMaxAncestors generations of dead
// ones. In memory for those that live and for those that are outlived by their children.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>

#include "lives.h"
#include "log_set.h"

namespace daybook {

using ProcessIdentity = std::tuple<const Boot*, uint32_t, uint64_t>;  // with pid and start

// A process and its descendants.
struct Subtree {
  uint64_t lives = 0;
  uint64_t cpu_us = 0;

  void Add(const Subtree& other) {
    lives += other.lives;
    cpu_us += other.cpu_us;
  }
};

class Subtrees {
 public:
  // Takes each life when it is handed out, and returns what is known of its subtree by then.
  Subtree Add(const Boot& boot, const Life& life);

  // After the last one.
  void Finish();

  // What came below a process after it was added itself.
  Subtree LateOf(const ProcessIdentity& process) const;

 private:
  void HandUp(const Boot& boot, const Life& life, const Subtree& subtree);

  std::map<ProcessIdentity, Subtree> below_;  // of those that are still to be added
  std::map<ProcessIdentity, Subtree> late_;
  // Those that run on where the log ends, and have been added.
  std::set<ProcessIdentity> running_;
};

}  // namespace daybook
