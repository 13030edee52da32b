#include "bpf_source/bpf_counters.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

namespace daybook {
namespace {

uint64_t Load(const uint64_t& counter) { return __atomic_load_n(&counter, __ATOMIC_RELAXED); }

void Store(uint64_t& counter, uint64_t value) {
  __atomic_store_n(&counter, value, __ATOMIC_RELAXED);
}

LostCounts LostOf(const cpu_counters& cpu) {
  return {.forks = Load(cpu.forks_lost),
          .execs = Load(cpu.execs_lost),
          .exits = Load(cpu.exits_lost),
          .others = Load(cpu.others_lost)};
}

LostCounts Load(const told_counts& told) {
  return {.forks = told.forks, .execs = told.execs, .exits = told.exits, .others = told.others};
}

}  // namespace

Result<BpfCounters> BpfCounters::Map(int map_fd, size_t cpu_numbers_end, size_t told) {
  void* const pages = mmap(nullptr, cpu_numbers_end * sizeof(cpu_counters), PROT_READ | PROT_WRITE,
                           MAP_SHARED, map_fd, 0);
  if (pages == MAP_FAILED) return Error::FromErrno("mapping the counters", errno);
  return BpfCounters(std::span(static_cast<cpu_counters*>(pages), cpu_numbers_end), told);
}

BpfCounters::BpfCounters(std::span<cpu_counters> cpus, size_t told) : cpus_(cpus) {
  for (const cpu_counters& cpu : cpus_) told_before_.push_back(Load(cpu.told[told]));
}

BpfCounters::~BpfCounters() {
  if (!cpus_.empty()) munmap(cpus_.data(), cpus_.size_bytes());
}

uint64_t BpfCounters::Sum(uint64_t cpu_counters::*counter) const {
  uint64_t sum = 0;
  for (const cpu_counters& cpu : cpus_) sum += Load(cpu.*counter);
  return sum;
}

std::vector<LostCounts> BpfCounters::Lost() const {
  std::vector<LostCounts> lost;
  lost.reserve(cpus_.size());
  for (size_t i = 0; i < cpus_.size(); ++i) {
    lost.push_back(LostOf(cpus_[i]));
    lost.back() -= told_before_[i];
  }
  return lost;
}

void BpfCounters::SetTold(size_t told, std::span<const LostCounts> lost) {
  for (size_t i = 0; i < cpus_.size(); ++i) {
    LostCounts sum = told_before_[i];
    if (i < lost.size()) sum += lost[i];
    cpus_[i].told[told] = {
        .forks = sum.forks, .execs = sum.execs, .exits = sum.exits, .others = sum.others};
  }
}

void BpfCounters::ForgetTellers() {
  for (cpu_counters& cpu : cpus_) {
    Store(cpu.teller, 0);
    Store(cpu.reap_teller, 0);
  }
}

}  // namespace daybook
