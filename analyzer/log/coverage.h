// What an answer rests on, and what is missing from it. Every report ends with it.
#pragma once

#include <cstdint>
#include <optional>

#include "log/recorder_filters.h"

namespace daybook {

// Of sums that were made before: each a roll-up of one log on one day.
struct RollupCoverage {
  uint64_t rollups = 0;            // that are in the answer
  uint64_t days = 0;               // on which something was recorded
  uint64_t missing_days = 0;       // by host, without a record between two that have some
  uint64_t repeated_rollups = 0;   // given more than once, and counted once
  uint64_t partly_outside = 0;     // left out, since only a part is between --since and --until
  uint64_t missing_processes = 0;  // whose sums are damaged
  uint64_t cut_files = 0;          // that do not end as they were written
  uint64_t unknown_rollups = 0;    // of whose groups some are left, but nothing else: left out
  bool mixed_filters = false;      // not all were made with the same filter
  uint64_t without_unreaped = 0;   // that do not tell of late or unseen reaps

  bool incomplete() const {
    return missing_processes != 0 || cut_files != 0 || unknown_rollups != 0;
  }
  bool operator==(const RollupCoverage&) const = default;
};

// What became of the lives that were read; of a dump, which joins no records to lives, of records.
struct LifeCounts {
  std::optional<uint64_t> processes;  // unknown without lives; each is used or filtered
  uint64_t running = 0;               // at the end of the window, or of the log
  uint64_t ended_unseen = 0;          // in the window
  uint64_t unreaped = 0;       // ended in it, but too long before their reap for that to be used
  bool stopped_early = false;  // nothing is known of what follows, nor of what was still running

  // What the answer rests on, and what was left out: outside --since and --until, not what the
  // filter lets through, or not what the report is about.
  uint64_t used = 0;
  uint64_t filtered = 0;
  uint64_t undated = 0;    // of these: without a wall clock to place them by
  uint64_t undecided = 0;  // of these: the log does not tell what the filter asks

  bool operator==(const LifeCounts&) const = default;
};

struct Coverage : LifeCounts {
  std::optional<int64_t> first_ns;  // wall clock of the earliest and the latest record
  std::optional<int64_t> last_ns;
  uint64_t hosts = 0;
  uint64_t boots = 0;
  uint64_t segments = 0;
  uint64_t records = 0;
  uint64_t skipped_segments = 0;  // not read, since they lie outside --since and --until
  uint64_t skipped_bytes = 0;     // the same, of segments of which other parts were read

  uint64_t dropped_events = 0;  // the recorder left them out on request
  uint64_t lost_events = 0;     // the recorder says that it lost them
  uint64_t recording_gaps = 0;  // times without a recorder, between two of them
  uint64_t missed_forks = 0;    // of processes and threads, in those
  // The kernel counted so many more than the recorder's hook saw. Threads that it makes for
  // io_uring and vhost are among them: no proof that something is missing.
  uint64_t unseen_forks = 0;
  // So long two logs tell of one boot: what both tell of is counted twice.
  uint64_t recorded_twice_us = 0;
  uint64_t missing_records = 0;  // sequence numbers that no record in the log has
  uint64_t malformed_records = 0;
  uint64_t repeated_records = 0;  // written again after an error, and left out once
  // Left out since records behind them had been read: of files that do not follow each other.
  uint64_t unordered_records = 0;
  uint64_t unknown_records = 0;   // that only a newer version knows
  uint64_t salvaged_records = 0;  // proved by nothing: shown on request, in no other number here
  uint64_t gaps = 0;              // also where nothing is left of the bytes that were lost
  uint64_t damaged_bytes = 0;
  uint64_t hole_bytes = 0;  // pages that a power loss took before they were on disk
  uint64_t torn_bytes = 0;  // tails that were being written: expected
  uint64_t unreadable_files = 0;
  bool imported = false;       // from process accounting files: less precise
  bool others_hidden = false;  // from the recorder, by /proc: who was there before, and programs
  RecorderFilters filters;
  bool tells_unknown = false;  // the report shows or keeps records whether they are known or not
  bool holds_rollups = false;  // a file has no processes, but what some add up to
  std::optional<RollupCoverage> rollups;

  LifeCounts& lives() { return *this; }
  bool incomplete() const {
    return lost_events != 0 || missing_records != 0 || malformed_records != 0 || gaps != 0 ||
           unordered_records != 0 || (unknown_records != 0 && !tells_unknown) ||
           damaged_bytes != 0 || unreadable_files != 0 || (rollups && rollups->incomplete());
  }
  bool operator==(const Coverage&) const = default;
};

}  // namespace daybook
