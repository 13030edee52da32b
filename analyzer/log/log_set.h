// All files of a log, or of several, as one sequence of records. Knows which boot of which host a
// record belongs to, and counts what is there and what is missing.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daybook/memory_reuse.h"
#include "daybook/peek.h"
#include "daybook/reader.h"
#include "daybook/result.h"
#include "lives/item_stream.h"
#include "log/boot.h"
#include "log/coverage.h"
#include "log/files_to_read.h"
#include "log/log_facts.h"
#include "log/missing_records.h"
#include "log/record_facts.h"
#include "time/window.h"

namespace daybook {

class Progress;

// Waits in the place of a reader that has come to the end of a log that is being written.
class LogWatch {
 public:
  virtual ~LogWatch() = default;
  // Returns when there may be more; false, now and from now on, where the reading is to end.
  virtual bool Wait() = 0;
};

class LogSet {
 public:
  using Repeats = daybook::Repeats;
  using Skips = daybook::Skips;
  using Missing = MissingRecords;
  using NotRecorded = NotRecordedTime;

  struct Options {
    Repeats repeats = Repeats::kSkip;
    // Also hands out records that no checksum proves. They count nowhere but as salvaged.
    bool salvage = false;
    Window window;
    Skips skips = Skips::kNothing;
    // So many files are opened ahead, each in a thread of its own, and the lives of the one that is
    // read are decoded in another; 0: when it is their turn.
    size_t threads = DefaultThreads();
    // Of a folder that is being written to: to be read on with Follow, and where the window has no
    // beginning, from the newest segments on.
    bool live = false;
  };
  // By the processors that there are: memory is taken for each file that is being read.
  static size_t DefaultThreads();

  // A file that could not be read, or is no log.
  struct Failure {
    std::string path;
    Error error;
    bool is_readable = false;  // but no log
  };

  // `paths` are files, folders or "-". Segments of one log are put in the order of their numbers,
  // in whatever order they are given, and logs that follow each other in a boot are joined, unless
  // they are live. An error where nothing at all can be read.
  static Result<LogSet> Open(std::span<const std::string> paths, const Options& options);

  // From now on Next waits at the end of a live log. The watch must outlive this.
  void Follow(LogWatch* watch) { watch_ = watch; }

  // From now on it is told how much has been read. It must outlive the reading.
  void Show(Progress* progress);

  // True where that path is a folder whose segments are read, or stands in one.
  bool ReadsFolderOf(const std::string& path) const;

  // The next record, gap, or end of a file; null at the end of all. Valid until the next call.
  const Item* Next();

  // The next records, where they are of lives only and were proved: faster than one by one. Null
  // where Next tells what comes next; valid until the next call.
  const RecordRun* NextRun();

  // From now on such records are decoded, in another thread where there may be more, and are taken
  // by NextLives instead. Where what comes before them is not handed out, Next hands out a Skip.
  void DecodeLives();
  // As NextRun.
  const LifeRun* NextLives();

  // Where the last item stands, or the last run.
  const std::string& path() const { return files_[file_].path; }
  uint64_t file_bytes() const { return stream_->file_bytes(); }
  // Where nothing is left of it in the file, as the next segment knows it: without a time.
  const std::optional<SegmentStart>& segment() const;
  bool is_segment_inferred() const { return segment() && !stream_->segment(); }
  // True where the last item is the first one of its segment. One file may hold several.
  bool is_new_segment() const { return is_new_segment_; }
  std::optional<uint32_t> tag() const { return segment() ? segment()->tag : stream_->tag(); }
  bool is_compressed() const { return stream_->is_compressed(); }
  const Boot& boot() const { return facts_.boot(); }
  const std::vector<FrameDamage>& frame_damage() const { return stream_->frame_damage(); }
  // The file was the newest one of the folder in which it was found.
  bool is_newest_file() const { return files_[file_].is_newest; }

  const Window& window() const { return options_.window; }
  bool hands_out_salvaged() const { return options_.salvage; }
  // True where a moment from `first_ns` to `last_ns` is in the window, by the clock anchors that
  // the segment of the last item has had so far: so that it does not matter which other segments
  // are read.
  bool InWindow(uint64_t first_ns, uint64_t last_ns) { return facts_.InWindow(first_ns, last_ns); }
  // False where that segment tells no clock so far: what stands in it may be of any time.
  bool TellsTime() const { return facts_.TellsTime(); }
  Skips skips() const { return options_.skips; }
  // True where something was left out between the last item and the one before it.
  bool skipped_before_item() const { return skipped_before_item_; }
  // The same of that boot alone, of which the last item is or the one before it.
  bool SkippedBeforeItem(const Boot& boot) const;

  // Of what has been read so far.
  Coverage coverage() const;
  // The same without what only a look at all boots tells: times, boots and hosts, and what several
  // logs tell of one boot. For whoever asks at each record.
  const Coverage& counts() const { return facts_.counts(); }
  // In the order of their appearance; addresses do not change.
  const std::deque<Boot>& boots() const { return facts_.boots(); }
  // The first segment of each log, read or left out, by the id of a boot.
  const std::map<Id128, SegmentStart>& first_segments() const { return facts_.first_segments(); }
  // Times without a recorder, as records tell of them, and from one log of a boot to the next; also
  // outside the window.
  const std::vector<NotRecorded>& not_recorded() const { return facts_.not_recorded(); }
  // Times whose records are lost, as gaps tell.
  const std::vector<SpanOfBoot>& lost_in_gaps() const { return facts_.lost_in_gaps(); }

  // So many of the records that the last gap tells of have not been read before, as from a sound
  // copy of that segment, nor been told as lost.
  uint64_t lost_in_gap() const { return facts_.lost_in_gap(); }

  // Numbers that no record has, where no gap tells of it.
  const std::vector<Missing>& missing() const { return facts_.missing(); }
  // True where a part of its time is in the window.
  bool InWindow(const Missing& missing) const { return missing.IsIn(options_.window); }

  // True where nothing of the window, nor of a time behind it, is in what has been read: when that
  // ends.
  std::optional<int64_t> EndBeforeWindow() const;

  // Segments that are left out as a whole, since they lie outside the window.
  struct LeftOut {
    std::string path;
    SegmentPeek segment;  // with its log's id as that of a boot
  };
  std::vector<LeftOut> left_out() const;

  // True where the files that there are, read or not, are of more than one log, as those of several
  // hosts are; joined ones are one. Of a file that is given alone it is not known before it is
  // read.
  bool has_several_logs() const;

  // Of the files so far; the others were read.
  const std::vector<Failure>& failures() const { return failures_; }

 private:
  // A file that is being read. Its thread uses all of it until it has opened the file.
  struct Reading {
    size_t file = 0;
    std::string path;
    bool found_in_folder = false;
    bool is_live = false;
    Part part = Part::kAll;
    std::vector<Clock> anchors;  // also of frames that are not read
    std::unique_ptr<ItemStream> stream;
  };

  explicit LogSet(const Options& options)
      : options_(options), facts_(options.repeats, options.window) {}

  const Item* NextItem();
  static Result<SegmentReader> OpenFile(Reading* reading, const Options& options);
  static Result<SegmentReader> OpenReader(Reading* reading, const Options& options);
  std::unique_ptr<Reading> BeginToRead(size_t file) const;
  std::unique_ptr<Reading> TakeReading(size_t file);
  bool OpenNextFile();
  ItemStream::Mode ReadMode() const;
  void TellProgress(uint64_t records, uint64_t offset);
  bool IsLive(const FileToRead& file) const;
  bool AwaitMore(const End& end);
  bool AwaitSegment();
  bool Take(const RecordView& record);  // false where it is to be skipped
  void EnterSegmentOfItem();
  void EndFile();
  void Fail(Failure failure);

  Options options_;
  LogWatch* watch_ = nullptr;
  Progress* progress_ = nullptr;
  uint64_t records_untold_ = 0;  // since it looked at the clock
  uint64_t bytes_of_files_ = 0;  // that have been read
  std::vector<FileToRead> files_;
  size_t file_ = 0;
  size_t next_file_ = 0;
  std::unique_ptr<MemoryReuse> memory_reuse_ = std::make_unique<MemoryReuse>();
  std::deque<std::unique_ptr<Reading>> ahead_;
  std::unique_ptr<Reading> reading_;
  ItemStream* stream_ = nullptr;  // its own
  LifeRun run_;
  bool decodes_lives_ = false;
  bool file_ended_ = false;
  bool skipped_ = false;              // since the last item
  bool skipped_before_item_ = false;  // that one
  size_t file_before_item_ = 0;
  bool is_log_ = false;          // something in the file could be proved
  std::optional<uint32_t> tag_;  // of the segment that was entered
  bool is_new_segment_ = false;
  LogFacts facts_;
  std::vector<Failure> failures_;
};

}  // namespace daybook
