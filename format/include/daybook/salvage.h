// Writes what is left of damaged segments as clean ones. The input is only read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "daybook/reader.h"
#include "daybook/result.h"
#include "daybook/writer.h"

namespace daybook {

// A folder for a log that is not there yet: it is created, or exists and is empty. Locked, so that
// no recorder writes there meanwhile.
Result<std::unique_ptr<LogFolder>> CreateLogFolder(const std::string& path);

struct SalvageOptions {
  // Also write what no checksum proves: in blocks that say so, without numbers.
  bool unproved = false;
};

// What became of one segment. Verified, salvaged and left out are all the records that were handed
// to the salvager.
struct SalvagedSegment {
  std::string path;  // of the input
  std::string name;  // of the file in the new folder; empty where nothing was left to write
  std::optional<uint64_t> segment_no;
  uint64_t verified = 0;
  uint64_t salvaged = 0;
  uint64_t left_out = 0;  // not proved, and not asked for or without a base
  uint64_t lost = 0;      // numbered records that are known to be missing
  uint64_t gaps = 0;
  uint64_t unproved_bytes = 0;
  uint64_t bytes = 0;  // written
};

// For each segment that it is told of one file: the same segment number, stream, host, boot and
// sequence numbers, the proved records unchanged in blocks like those of the input, and a new tag.
// Each file appears under its name only when it is complete and on disk.
class LogSalvager {
 public:
  // `folder` must outlive the salvager.
  LogSalvager(LogFolder* folder, SalvageOptions options);
  LogSalvager(LogSalvager&&) noexcept;
  LogSalvager& operator=(LogSalvager&&) noexcept;
  ~LogSalvager();

  // Takes what a reader hands out of the file `path`, one item after the other to the End; best of
  // one with ReaderOptions::salvage. `segment` is that reader's. Returns the segment that is
  // complete with this. An Error where the folder cannot be written.
  Result<std::optional<SalvagedSegment>> Take(const Item& item, const std::string& path,
                                              const std::optional<SegmentStart>& segment);

  // Makes the names of the files durable.
  Status Finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace daybook
