// The events that a recorder which takes over is told of again: those that a killed one had
// written, but not yet given back to the kernel; and at the moment at which hooks take the place of
// others, perhaps one that both tell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "daybook/records.h"
#include "sources/source.h"

namespace daybook {

class WrittenEvents {
 public:
  // As they were read back from the log.
  void Add(const Fork& fork) { ++count_[KeyOf(fork)]; }
  void Add(const Exec& exec) { ++count_[KeyOf(exec)]; }
  void Add(const Exit& exit) { exact_[KeyOf(exit)] = (exit.flags & kProcUsageExact) != 0; }
  void Add(const WholeLife& life);
  void Add(const Reap& reap) { ++count_[KeyOf(reap)]; }
  void Add(const CommChange& change) { ++count_[KeyOf(change)]; }
  void Add(const CgroupPath& cgroup) { ++count_[KeyOf(cgroup)]; }
  // As far as a source counts them.
  void Add(const Lost& lost);
  void Add(const WrittenEvents& others);

  const LostCounts& lost() const { return lost_; }
  const std::vector<LostCounts>& lost_by_cpu() const { return lost_by_cpu_; }

  // True as often as it was added.
  template <class Record>
  bool TakeOut(const Record& record) {
    return TakeOutKey(KeyOf(record));
  }
  // The clock that two hooks have read for it may differ.
  bool TakeOut(const Exec& exec);
  bool TakeOut(const Exit& exit) { return exact_.contains(KeyOf(exit)); }
  // Also where it went into its end.
  bool TakeOut(const Reap& reap);

  // What that end, written without it, lacks: now it came with its reap.
  std::optional<Reap> MissingReap(const Exit& exit) const;

 private:
  void AddLost(size_t cpu, const LostCounts& counts);

  // A process ends once and is reaped once; all else is told apart by its time, as exactly as the
  // log has it.
  struct Key {
    uint8_t type;
    uint64_t who;
    uint64_t time_us;
    std::string name;  // where it may get several in a microsecond; empty for others
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    size_t operator()(const Key& key) const;
  };

  template <class Record>
  static Key KeyOf(const Record& record) {
    return {Schema<Record>::kType, WhoOf(record), TimeOf(record) / 1000, NameOf(record)};
  }
  bool TakeOutKey(const Key& key);
  template <class Record>
  static uint64_t WhoOf(const Record& record) {
    return record.pid;
  }
  static uint64_t WhoOf(const CgroupPath& cgroup) { return cgroup.id; }
  template <class Record>
  static uint64_t TimeOf(const Record& record) {
    return record.time_ns;
  }
  template <class Record>
  static std::string NameOf(const Record&) {
    return {};
  }
  static std::string NameOf(const CommChange& change) { return std::string(change.comm); }
  static uint64_t TimeOf(const Exit& exit) { return exit.start_ns; }
  static uint64_t TimeOf(const Reap& reap) { return reap.start_ns; }

  std::unordered_map<Key, size_t, Hash> count_;
  std::unordered_map<Key, bool, Hash> exact_;  // ends: whether with their reap
  LostCounts lost_;
  std::vector<LostCounts> lost_by_cpu_;
};

}  // namespace daybook
