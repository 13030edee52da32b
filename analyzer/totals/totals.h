// What many lives add up to, for every report that groups them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "lives/lives.h"
#include "table/table.h"
#include "totals/quantiles.h"

namespace daybook {

// The sum of what is known; unknown while nothing is.
struct Sum {
  std::optional<uint64_t> total;
  uint64_t terms = 0;
  uint64_t uncounted = 0;  // terms of which nothing is in the total, because they were so little
  uint64_t of_many = 0;    // of the total, what is no term

  void Add(const std::optional<uint64_t>& term);
  // What several have used together: it is in no mean.
  void AddOfMany(const std::optional<uint64_t>& sum);
  void Merge(const Sum& other);
  std::optional<uint64_t> Mean() const;
};

struct Totals {
  uint64_t count = 0;
  uint64_t running = 0;      // as far as the log tells
  uint64_t ended_later = 0;  // they ran when the time that is asked for was over; not in roll-ups
  uint64_t lost = 0;         // until then
  uint64_t failed = 0;
  uint64_t stopped = 0;  // of these, by a usual signal; not kept in roll-ups
  Sum cpu_us;
  Sum cpu_within_us;  // see CpuWithinUs; Add does not know it
  Sum utime_us;
  Sum stime_us;
  Sum elapsed_us;
  std::optional<uint64_t> maxrss_kib;
  Sum minflt;
  Sum majflt;
  Sum nvcsw;
  Sum nivcsw;
  Sum read_bytes;
  Sum write_bytes;
  Quantiles cpu_quantiles;
  Quantiles elapsed_quantiles;
  Quantiles maxrss_quantiles;
  std::optional<int64_t> first_end_ns;  // wall clock
  std::optional<int64_t> last_end_ns;

  void Add(const Life& life);
  // The same, for percentiles, too.
  void AddWithQuantiles(const Life& life);
  // Of so many programs that are told as one, which is in no mean and no percentile.
  void AddMany(const Life& programs, uint64_t number);
  // Of what was added and is one that EndedBehind that time: all else of it stays what became of
  // it.
  void AddEndedLater(const Life& life);
  // When a life that was added has ended, or was last seen.
  void AddEnd(const std::optional<int64_t>& end_ns);
  void Merge(const Totals& other);
  // What those that ended took or what was taken within a time, whichever is more.
  uint64_t MostCpuUs() const { return std::max(cpu_us.total, cpu_within_us.total).value_or(0); }

  uint64_t RunningThen() const { return running + ended_later; }

 private:
  void Count(const Life& life, uint64_t number);
};

// Hundredths of a percent that `part` is of `whole`; unknown where the whole is nothing.
Cell ShareCell(const std::optional<uint64_t>& part, const std::optional<uint64_t>& whole);

// What a column is of beside what Add adds.
enum class Needs : uint8_t {
  kAdd,
  kQuantiles,  // what AddWithQuantiles adds
  kEnds,       // what AddEnd adds
  kWithin,     // cpu_within_us, which Add does not know
};

struct TotalsField {
  Column column;
  Cell (*get)(const Totals& totals, const Totals& all);
  Needs needs = Needs::kAdd;
};

inline constexpr size_t kTotalsFieldCount = 31;
extern const TotalsField kTotalsFields[kTotalsFieldCount];

}  // namespace daybook
