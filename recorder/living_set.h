// The processes that live, as a log's events tell it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "daybook/records.h"
#include "source.h"

namespace daybook {

class LivingSet {
 public:
  void Apply(const SnapProc& process);
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
  };

  std::map<uint32_t, Process> by_pid_;
};

}  // namespace daybook
