// All files of a log, or of several, as one sequence of records. Knows which boot of which host a
// record belongs to, and counts what is there and what is missing.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "clock_map.h"
#include "coverage.h"
#include "daybook/reader.h"
#include "daybook/result.h"

namespace daybook {

// One boot of one host, as one log tells of it.
struct Boot {
  // Unknown where the beginning of the segment is damaged.
  std::optional<Id128> stream_id;
  std::optional<Id128> boot_id;
  std::string boot_text;            // boot_id as its hex digits
  std::optional<std::string> host;  // its name, else the hash of its machine id
  ClockMap clock;
  std::optional<uint64_t> first_ns;  // boot time of the earliest and the latest record
  uint64_t last_ns = 0;
};

// What happened at a moment tells when; other records have no time of their own.
std::optional<uint64_t> TimeOf(const RecordView& record);

class LogSet {
 public:
  enum class Repeats : uint8_t { kSkip, kKeep };

  // `paths` are files, folders or "-". Segments of one log are put in the order of their numbers,
  // in whatever order they are given. An error where nothing at all can be read.
  static Result<LogSet> Open(std::span<const std::string> paths, Repeats repeats);

  // True where that file is one of those that are read.
  bool Reads(const std::string& path) const;

  // The next record, gap, or end of a file; nullopt at the end of all. Valid until the next call.
  std::optional<Item> Next();

  // Where the last item stands.
  const std::string& path() const { return files_[file_].path; }
  uint64_t file_bytes() const { return reader_->file_bytes(); }
  const std::optional<SegmentStart>& segment() const { return reader_->segment(); }
  const Boot& boot() const { return *boot_; }

  // Of what has been read so far.
  Coverage coverage() const;

  // Files that could not be read or are no log; the others were read.
  const std::vector<Error>& errors() const { return errors_; }

 private:
  struct File {
    std::string path;
    bool found_in_folder = false;  // by its name
    std::optional<SegmentStart> first_segment;
  };
  // What has been seen of the sequence numbers of one log.
  struct Sequence {
    std::optional<uint64_t> next;
    uint64_t lost_in_gaps = 0;  // since the last numbered record
  };

  explicit LogSet(Repeats repeats) : repeats_(repeats) {}

  Status AddFiles(const std::string& path);
  void SortFiles();
  bool OpenNextFile();
  bool Take(const RecordView& record);  // false where it is to be skipped
  void TakeGap(const Gap& gap);
  void EndFile();
  void EnterSegmentOfItem();
  void EnterSegment(const SegmentStart& start);
  void EnterHeadless();
  Boot* AddBoot();
  bool TakeNumber(uint64_t seq);
  void TakeMissing(uint64_t next_seq);
  void TakeLost(const Lost& lost);

  Repeats repeats_;
  std::vector<File> files_;
  size_t file_ = 0;
  size_t next_file_ = 0;
  std::optional<SegmentReader> reader_;
  bool file_ended_ = false;
  bool is_log_ = false;     // something in the file could be proved
  std::deque<Boot> boots_;  // addresses do not change
  Boot* boot_ = nullptr;
  std::optional<uint32_t> tag_;                           // of the segment that was entered
  std::map<std::pair<Id128, Id128>, Boot*> boots_by_id_;  // stream id and boot id
  std::map<Id128, Sequence> sequences_;                   // by stream id
  Sequence headless_sequence_;
  Sequence* sequence_ = nullptr;
  Coverage coverage_;
  std::vector<Error> errors_;
};

}  // namespace daybook
