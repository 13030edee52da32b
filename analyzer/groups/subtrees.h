// What processes cost with all that descends from them, in memory for those that live, for those
// that are outlived by their children, and for those of whom the log told nothing before a child
// had ended.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "lives/lives.h"
#include "log/log_set.h"

namespace daybook {

using ProcessIdentity = std::tuple<const Boot*, uint32_t, uint64_t>;  // with pid and start

// A process and its descendants.
struct Subtree {
  uint64_t lives = 0;
  uint64_t known = 0;  // of which the CPU time is
  uint64_t cpu_us = 0;

  void Add(const Subtree& other) {
    lives += other.lives;
    known += other.known;
    cpu_us += other.cpu_us;
  }
  void Remove(const Subtree& other) {
    lives -= other.lives;
    known -= other.known;
    cpu_us -= other.cpu_us;
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
  // Of one that was added before a child of it, or of a descendant like it.
  struct Outlived {
    std::optional<ProcessIdentity> parent;
    std::optional<ProcessIdentity> above;  // the parent, or one of its ancestors; see FindAbove()
    Subtree late;                          // what its own children brought; all, when finished
    uint64_t awaited = 0;                  // children that have not told it theirs, meanwhile
  };

  bool IsToCome(const Boot& boot, const Life& life) const;
  void HandUp(const Boot& boot, const Life& life, const Subtree& subtree);
  void Enter(const Boot& boot, const Life& life);
  std::optional<ProcessIdentity> FindAbove(const ProcessIdentity& process);
  void HandUpLate();

  std::map<ProcessIdentity, Subtree> below_;  // of those that are still to be added
  // How much of that came by those that are outlived: of each that is above one of them, or may be.
  std::map<ProcessIdentity, Subtree> by_outlived_;
  std::map<ProcessIdentity, Outlived> outlived_;
  // Those that run on where the log ends, and have been added.
  std::set<ProcessIdentity> running_;
};

}  // namespace daybook
