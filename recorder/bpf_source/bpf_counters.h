// What the kernel's hooks have counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "bpf/events.h"
#include "daybook/result.h"
#include "sources/source.h"

namespace daybook {

// The counters' pages: one cpu_counters for each number that a CPU can have.
class BpfCounters {
 public:
  // `told`: which of each pair of told_counts holds.
  static Result<BpfCounters> Map(int map_fd, size_t cpu_numbers_end, size_t told);
  BpfCounters(BpfCounters&& other) noexcept
      : cpus_(std::exchange(other.cpus_, {})), told_before_(std::move(other.told_before_)) {}
  BpfCounters& operator=(BpfCounters&&) = delete;
  ~BpfCounters();

  uint64_t Sum(uint64_t cpu_counters::*counter) const;

  // By CPU, without what the log told of when they were mapped.
  std::vector<LostCounts> Lost() const;

  // Of these the log tells; into those of each pair.
  void SetTold(size_t told, std::span<const LostCounts> lost);

  // At this moment, which must be none of telling, nobody has told of anything.
  void ForgetTellers();

 private:
  BpfCounters(std::span<cpu_counters> cpus, size_t told);

  std::span<cpu_counters> cpus_;
  std::vector<LostCounts> told_before_;
};

}  // namespace daybook
