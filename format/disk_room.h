// The disk as a log's writer has it: within its limits, and with a ballast for when it is full.
#pragma once

#include <cstdint>

#include "daybook/records.h"
#include "daybook/result.h"
#include "daybook/writer.h"
#include "retention.h"

namespace daybook {

class DiskRoom {
 public:
  // Both outlive it; the options may change.
  DiskRoom(LogFolder& folder, const WriterOptions& options, const Id128& boot_id)
      : folder_(folder), options_(options), boot_id_(boot_id) {}

  // Room is reserved, and the limits are looked at, in steps of this size.
  uint64_t Step() const;

  // What is in memory for the next segment; of that, so much stands already in ones that were given
  // up.
  struct Waiting {
    uint64_t bytes = 0;
    uint64_t repeated_bytes = 0;
  };
  // Removes old segments until a new one may be begun. ENOSPC where that is not enough.
  Status MakeForSegment(const Clock& clock, const Waiting& waiting);
  // The same for segment `segment_no`, which is to become `length` long, and reserves it. Returns
  // up to where it may be written.
  Result<uint64_t> MakeInSegment(uint64_t segment_no, LogFile& file, uint64_t length);

  // True from an error that says so until there is room for a segment.
  bool is_full() const { return is_full_; }
  // Takes note where the error says that the disk is full; then the ballast gives its room.
  void NoteError(const Error& error);
  // A segment has begun.
  void NoteRoom();

  // No segment before this one is left, where any was removed.
  uint64_t removed_before() const { return removed_before_; }
  // Removals of segments, in order, and how many of them are durable.
  uint64_t removals() const { return removals_; }
  uint64_t synced_removals() const { return synced_removals_; }
  void NoteSynced(uint64_t removals);

 private:
  Result<Store> Look();
  Status RemoveOldest(const Store& store, size_t count);
  void ReleaseBallast();
  void RestoreBallast();

  LogFolder& folder_;
  const WriterOptions& options_;
  Id128 boot_id_;
  bool is_full_ = false;
  bool has_ballast_ = false;
  uint64_t removed_before_ = 0;
  uint64_t removals_ = 0;  // they reach the disk one after the other
  uint64_t synced_removals_ = 0;
};

}  // namespace daybook
