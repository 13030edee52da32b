// What runs of a job cost, and how long they took.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "lives/lives.h"
#include "log/log_set.h"
#include "totals/concurrency.h"
#include "totals/totals.h"

namespace daybook {

// From the first birth of a run to its last end, in boot time.
struct RunSpan {
  uint64_t first_ns = UINT64_MAX;
  uint64_t last_ns = 0;

  void Add(const RunSpan& other);
  bool empty() const { return first_ns == UINT64_MAX && last_ns == 0; }
};

// What the times of many runs add up to.
struct RunTimes {
  uint64_t runs = 0;
  Sum us;  // of those that are over
  std::optional<uint64_t> longest_us;
  // By the wall clock, since boots and hosts have no other time in common.
  std::optional<int64_t> first_ns;
  std::optional<int64_t> last_ns;

  void Add(const Boot& boot, const RunSpan& span, bool is_over);
  void Merge(const RunTimes& other);
};

struct JobTotals {
  Totals totals;
  uint64_t orphaned = 0;
  uint64_t incomplete = 0;  // of which the log does not tell all ancestors

  void Add(const Life& life);
  void Merge(const JobTotals& other);
};

// What one run adds up to, as far as its processes are over.
struct RunTotals : JobTotals {
  RunSpan span;  // of all of it
  // Where each process is a run of its own.
  RunTimes alone;
  Concurrency alone_at_once;

  void Add(const Boot& boot, const Life& life, bool is_alone);
  // The parts of one run.
  void Join(const RunTotals& part);
};

// All runs of a job, in memory for those that are not over.
class Job {
 public:
  void Add(const Boot& boot, const RunTotals& run);
  // Of other boots.
  void Merge(const Job& other);

  const JobTotals& totals() const { return totals_; }
  const RunTimes& times() const { return times_; }
  // How many of its runs there were at once, at most.
  uint64_t MostAtOnce() const;

  // As Concurrency has them.
  bool is_large(const Boot& boot) const;
  void Forget(const Boot& boot, uint64_t settled_ns, std::span<const uint64_t> open_ends);

 private:
  JobTotals totals_;
  RunTimes times_;
  std::map<const Boot*, Concurrency> at_once_;
};

}  // namespace daybook
