// What tests of filters share: two users, and whom a log tells of.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <set>

#include "recorder/kept.h"

namespace daybook {

inline constexpr uid_t kOneUser = 2001;
inline constexpr uid_t kOtherUser = 2002;

inline Recorder StartOf(const KeptLog& log) { return log.All<Recorder>().at(0); }

// Who is told of in some way.
inline std::set<uint32_t> PidsIn(const KeptLog& log) {
  std::set<uint32_t> pids;
  for (const SnapProc& record : log.All<SnapProc>()) pids.insert(record.pid);
  for (const Fork& record : log.All<Fork>()) pids.insert(record.pid);
  for (const Exec& record : log.All<Exec>()) pids.insert(record.pid);
  for (const Exit& record : log.All<Exit>()) pids.insert(record.pid);
  for (const Reap& record : log.All<Reap>()) pids.insert(record.pid);
  for (const CommChange& record : log.All<CommChange>()) pids.insert(record.pid);
  return pids;
}

template <class Record>
size_t CountOf(const KeptLog& log, pid_t pid) {
  return log.AllOf<Record>(static_cast<uint32_t>(pid)).size();
}

}  // namespace daybook
