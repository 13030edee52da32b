#include "bpf_counters.h"

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

LostCounts ToldOf(const cpu_counters& cpu) {
  return {.forks = Load(cpu.forks_told),
          .execs = Load(cpu.execs_told),
          .exits = Load(cpu.exits_told),
          .others = Load(cpu.others_told)};
}

}  // namespace

Result<BpfCounters> BpfCounters::Map(int map_fd, size_t cpus) {
  void* const pages =
      mmap(nullptr, cpus * sizeof(cpu_counters), PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
  if (pages == MAP_FAILED) return Error::FromErrno("mapping the counters", errno);
  return BpfCounters(std::span(static_cast<cpu_counters*>(pages), cpus));
}

BpfCounters::BpfCounters(std::span<cpu_counters> cpus) : cpus_(cpus) {
  for (const cpu_counters& cpu : cpus_) told_before_.push_back(ToldOf(cpu));
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

void BpfCounters::SetTold(std::span<const LostCounts> lost) {
  for (size_t i = 0; i < std::min(lost.size(), cpus_.size()); ++i) {
    LostCounts told = told_before_[i];
    told += lost[i];
    Store(cpus_[i].forks_told, told.forks);
    Store(cpus_[i].execs_told, told.execs);
    Store(cpus_[i].exits_told, told.exits);
    Store(cpus_[i].others_told, told.others);
  }
}

}  // namespace daybook
