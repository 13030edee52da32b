// The processes that live, as a log's events tell it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "daybook/records.h"
#include "sources/source.h"

namespace daybook {

class LivingSet {
 public:
  // Where programs are not told, it is not known of whom a birth is told whether he executes one.
  void SetExecsAreTold(bool are_told) { execs_are_told_ = are_told; }

  // A snapshot: who was born before it and is not in it has ended.
  void Begin(const SnapBegin& begin);
  void Apply(const SnapProc& process);
  // Whether it told of somebody, or of somebody's end, what no event had told by then.
  bool End(const SnapEnd& end);

  void Apply(const Fork& fork);
  void Apply(const Exec& exec);
  void Apply(const Exit& exit);
  void Apply(const CommChange& change);

  // Hands over all of them, each as a record of a snapshot.
  void Tell(SnapshotSink& sink) const;

 private:
  // The record's strings point into the copies beside it only while it is told.
  struct Process {
    SnapProc record;
    std::optional<std::string> comm;
    std::optional<std::string> exe;
    std::optional<std::string> args;
    uint64_t snapshot_no = 0;  // of the last one that has it
  };

  static bool IsOf(const Process& known, uint64_t start_ns, uint32_t flags = 0);

  struct Snapshot {
    uint64_t begin_ns = 0;
    uint64_t processes = 0;
    bool has_news = false;
  };

  bool execs_are_told_ = true;
  uint64_t snapshot_no_ = 0;
  Snapshot snapshot_;
  std::map<uint32_t, Process> by_pid_;
};

}  // namespace daybook
