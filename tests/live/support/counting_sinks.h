// Sinks that only count what a source tells.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <utility>

#include "sources/source.h"

namespace daybook {

struct CountedEvents : EventSink {
  void OnFork(const Fork&) override { ++forks; }
  void OnExec(const Exec&) override { ++execs; }
  void OnExit(const Exit&) override { ++exits; }
  void OnLost(const Lost&) override {}

  uint64_t forks = 0;
  uint64_t execs = 0;
  uint64_t exits = 0;
};

// How often each child of one process ended, by what a source tells.
class CountedEnds : public EventSink {
 public:
  explicit CountedEnds(pid_t parent) : parent_(static_cast<uint32_t>(parent)) {}

  void OnFork(const Fork& fork) override {
    if (fork.ppid == parent_) ends_[{fork.pid, fork.time_ns}];
  }
  void OnExec(const Exec&) override {}
  void OnExit(const Exit& exit) override {
    if (exit.ppid == parent_) ++ends_[{exit.pid, exit.start_ns}];
  }
  void OnLost(const Lost&) override {}

  // {how often: children}
  std::map<int, int> Histogram() const {
    std::map<int, int> histogram;
    for (const auto& [who, count] : ends_) ++histogram[count];
    return histogram;
  }

 private:
  uint32_t parent_;
  std::map<std::pair<uint32_t, uint64_t>, int> ends_;
};

}  // namespace daybook
