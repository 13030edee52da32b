// All files of a log, or of several, as one sequence of records. Knows which boot of which host a
// record belongs to, and counts what is there and what is missing.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daybook/memory_reuse.h"
#include "daybook/peek.h"
#include "daybook/reader.h"
#include "daybook/recorder_counts.h"
#include "daybook/result.h"
#include "lives/item_stream.h"
#include "log/coverage.h"
#include "log/headless.h"
#include "log/segment_skips.h"
#include "log/verdict.h"
#include "text/arena.h"
#include "time/clock_map.h"
#include "time/window.h"

namespace daybook {

class Progress;

// Key of an INFO that stands at the head of each segment that was imported.
inline constexpr std::string_view kImportedFrom = "imported_from";
// And of one that stands at the head of a segment of roll-ups, with this value.
inline constexpr std::string_view kHolds = "holds";
inline constexpr std::string_view kRollups = "rollups";

// One boot of one host, as one log tells of it, or several that are joined; see joined_logs.h.
struct Boot {
  // Of the first of them. Unknown where the beginning of the segment is damaged.
  std::optional<Id128> stream_id;
  std::optional<Id128> boot_id;
  std::string boot_text;            // boot_id as its hex digits
  std::optional<std::string> host;  // its name, else what it is called without one
  ClockMap clock;
  std::optional<uint64_t> first_ns;  // boot time of the earliest and the latest record
  uint64_t last_ns = 0;
  std::optional<uint64_t> stopped_ns;  // when the recorder ended in order, where none followed it
  std::unordered_map<uint64_t, std::string_view> cgroups;  // paths by id, where lives are decoded
  bool is_imported = false;
  bool lacks_successes = false;  // a recorder was to leave out some of what ended with 0
  // One told a birth only when it was known that the process was asked for.
  bool has_late_births = false;
};

// What happened at a moment tells when; other records have no time of their own.
std::optional<uint64_t> TimeOf(const RecordView& record);

// True where it is of those that most records are, and tells of a process only.
bool IsOfLife(const RecordView& record);

// A recorder writes the time each minute, also where nothing happens: of a log without a record for
// so long nobody is writing it.
inline constexpr int64_t kSilenceNs = 3 * 60'000'000'000;

// True where a log whose last record is of that time tells nothing of a moment. Where that says
// that the recorder has stopped, nobody need wait for the next one.
bool IsSilentAt(int64_t last_ns, int64_t time_ns, bool has_stopped = false);

// True where the log goes on to that moment, or nearly so, as far as it has been read.
bool TellsOf(const Boot& boot, int64_t time_ns);

// True where a recorder that was stopped has written that, as far as an end alone tells it.
bool IsStop(const SegmentEnd& end);

// Waits in the place of a reader that has come to the end of a log that is being written.
class LogWatch {
 public:
  virtual ~LogWatch() = default;
  // Returns when there may be more; false, now and from now on, where the reading is to end.
  virtual bool Wait() = 0;
};

class LogSet {
 public:
  enum class Repeats : uint8_t { kSkip, kKeep };

  // What is not read at all where it lies outside the window; see segment_skips.h.
  enum class Skips : uint8_t {
    kNothing,
    kSegments,
    kFrames,  // segments, and of compressed ones frames
    kBoots,
    kLives,  // boots, and of them what rows that do not tell of births need not know
    kEnds,   // the same of rows that tell only what the ends of lives tell
  };

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
  const Boot& boot() const { return *boot_; }
  const std::vector<FrameDamage>& frame_damage() const { return stream_->frame_damage(); }
  // The file was the newest one of the folder in which it was found.
  bool is_newest_file() const { return files_[file_].is_newest; }

  const Window& window() const { return options_.window; }
  bool hands_out_salvaged() const { return options_.salvage; }
  // True where a moment from `first_ns` to `last_ns` is in the window, by the clock anchors that
  // the segment of the last item has had so far: so that it does not matter which other segments
  // are read.
  bool InWindow(uint64_t first_ns, uint64_t last_ns);
  // False where that segment tells no clock so far: what stands in it may be of any time.
  bool TellsTime() const { return segment_clock_.ToRealtime(0).has_value(); }
  Skips skips() const { return options_.skips; }
  // True where something was left out between the last item and the one before it.
  bool skipped_before_item() const { return skipped_before_item_; }
  // The same of that boot alone, of which the last item is or the one before it.
  bool SkippedBeforeItem(const Boot& boot) const;

  // Of what has been read so far.
  Coverage coverage() const;
  // The same without what only a look at all boots tells: times, boots and hosts, and what several
  // logs tell of one boot. For whoever asks at each record.
  const Coverage& counts() const { return coverage_; }
  // In the order of their appearance; addresses do not change.
  const std::deque<Boot>& boots() const { return boots_; }
  struct SpanOfBoot {
    const Boot* boot;
    uint64_t first_ns;
    uint64_t last_ns;
  };
  struct NotRecorded {
    const Boot* boot;
    uint64_t first_ns;
    uint64_t last_ns;
    std::optional<uint64_t> missed_forks;
  };
  // The first segment of each log, read or left out, by the id of a boot.
  const std::map<Id128, SegmentStart>& first_segments() const { return first_segments_; }
  // Times without a recorder, as records tell of them, and from one log of a boot to the next; also
  // outside the window.
  const std::vector<NotRecorded>& not_recorded() const { return not_recorded_; }
  // Times whose records are lost, as gaps tell.
  const std::vector<SpanOfBoot>& lost_in_gaps() const { return lost_in_gaps_; }

  // So many of the records that the last item, a gap, tells of have not been read before, as from a
  // sound copy of that segment.
  uint64_t LostIn(const Gap& gap) const;

  // Numbers that no record has, where no gap tells of it: of records between these two moments,
  // before those of the file that shows it.
  struct Missing {
    std::optional<Id128> stream_id;  // as that of a boot, where the file tells
    std::string path;                // of the file that shows it
    uint64_t records = 0;
    std::optional<uint64_t> first_seq;  // where no gap tells of some of them
    std::optional<int64_t> first_ns;
    std::optional<int64_t> last_ns;
    std::optional<BootInterval> in_boot;  // the same, where both are of one boot
    // Behind which segment of the log they stood, where another one shows it; and the numbers of
    // those that no file has, where they stood in these.
    std::optional<uint64_t> behind_segment_no;
    std::optional<SegmentNumbers> segments;
    // That wrote them: segments are missing, or the boot goes on behind them. Else they may be the
    // last ones before a host went off.
    bool has_recorder = false;

    // In which they were written, as far as the file tells. Where the clock was set back in
    // between, by the one before and the one behind.
    Window Time() const;
  };
  const std::vector<Missing>& missing() const { return missing_; }
  // True where a part of its time is in the window.
  bool InWindow(const Missing& missing) const;

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
  struct File {
    std::string path;
    bool found_in_folder = false;  // by its name
    bool is_newest = false;        // in that folder
    std::optional<SegmentPeek> peek;
    std::optional<SegmentStart> first_segment;
    // What is known of it without its SEGMENT_START; `first_segment` may then come from others.
    std::optional<HeadlessSegment> headless;
    std::optional<uint64_t> other_ended_ns;  // another log of its boot, before this one
    Part part = Part::kAll;                  // that is to be read
    std::vector<Clock> anchors;              // also of frames that are not read
    uint64_t bytes = 0;                      // of one that is read whole, where there is a progress
  };
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
  // What has been seen of the sequence numbers of one log.
  struct Sequence {
    std::optional<Id128> stream_id;
    std::optional<uint64_t> first;
    std::optional<uint64_t> next;
    Boot* boot = nullptr;                    // of the last segment that was read
    std::optional<SegmentEnd> left_out_end;  // where one was left out behind that
    std::optional<SegmentStart> segment;     // the last one, read or left out
    std::map<uint64_t, uint64_t> missing;  // between these: from the number to another, without it
    uint64_t lost_in_gaps = 0;             // since the last numbered record
    RecorderCounts counts;
  };

  explicit LogSet(const Options& options) : options_(options) {}

  Status AddFiles(const std::string& path);
  void JoinHeadless();
  void SortFiles();
  void JoinLogs();
  const Id128& LogOf(const Id128& stream_id) const;
  SegmentPeek PeekOf(const File& file) const;
  void PlanSkips();
  void Peek();
  const Item* NextItem();
  static Result<SegmentReader> OpenFile(Reading* reading, const Options& options);
  static Result<SegmentReader> OpenReader(Reading* reading, const Options& options);
  std::unique_ptr<Reading> BeginToRead(size_t file) const;
  std::unique_ptr<Reading> TakeReading(size_t file);
  bool OpenNextFile();
  ItemStream::Mode ReadMode() const;
  void TellProgress(uint64_t records, uint64_t offset);
  bool IsLive(const File& file) const;
  bool AwaitMore(const End& end);
  bool AwaitSegment();
  bool AddNewSegments();
  void SkipSegment(const SegmentPeek& segment);
  void TakeSkip(const Skip& skip);
  void LeaveOutUpTo(uint64_t next_seq);
  bool Take(const RecordView& record);  // false where it is to be skipped
  bool TakeUnproved();
  void TakeTime(const RecordView& record);
  bool TakeRun(LifeRun* run);  // false where nothing of it is to be handed out
  bool TakeLateRun(uint64_t late, LifeRun* run);
  void TakeNews(const RecordRun& run, const std::optional<LifeRun::Times>& times);
  void TakeGap(const Gap& gap);
  void EndFile();
  void EnterSegmentOfItem();
  void EnterSegment(SegmentStart start);
  void EnterHeadless();
  void AddAnchor(uint64_t boot_ns, int64_t realtime_ns);
  Boot* AddBoot();
  Boot* BootOf(const SegmentStart& start);
  bool TakeNumber(uint64_t seq);
  void CountLate(uint64_t first_seq, uint64_t end_seq);
  bool IsLateSnapshot(const RecordView& record) const;
  Sequence* SequenceOf(const SegmentStart& start);
  void TakeMissing(uint64_t next_seq, const SegmentStart* shown_by = nullptr);
  void AddMissing(uint64_t records, const SegmentStart* shown_by);
  void TakeAbout(const RecordView& record);
  void TakeRecorder(const Recorder& recorder);
  void TakeNotRecorded(const NotRecorded& time);
  void EndLogChange(const Recorder& start = {});
  void AddCounts(const RecorderCounts::More& more);
  void NoteFilter(std::string_view filter);
  void NoteCgroup(const CgroupPath& cgroup);

  Options options_;
  LogWatch* watch_ = nullptr;
  Progress* progress_ = nullptr;
  uint64_t records_untold_ = 0;  // since it looked at the clock
  uint64_t bytes_of_files_ = 0;  // that have been read
  std::vector<File> files_;
  size_t file_ = 0;
  size_t next_file_ = 0;
  std::unique_ptr<MemoryReuse> memory_reuse_ = std::make_unique<MemoryReuse>();
  std::deque<std::unique_ptr<Reading>> ahead_;
  std::unique_ptr<Reading> reading_;
  ItemStream* stream_ = nullptr;  // its own
  LifeRun run_;
  bool decodes_lives_ = false;
  LifeRecords decoded_anew_;
  bool file_ended_ = false;
  bool skipped_ = false;              // since the last item
  bool skipped_before_item_ = false;  // that one
  size_t file_before_item_ = 0;
  bool is_log_ = false;  // something in the file could be proved
  std::deque<Boot> boots_;
  Arena cgroup_paths_;
  Boot* boot_ = nullptr;
  ClockMap segment_clock_;                              // the anchors of the segment alone
  std::optional<std::vector<BootInterval>> in_window_;  // by segment_clock_
  bool is_new_segment_ = false;
  std::optional<uint32_t> tag_;                           // of the segment that was entered
  std::map<Id128, Id128> joined_logs_;                    // see joined_logs.h
  std::map<std::pair<Id128, Id128>, Boot*> boots_by_id_;  // stream id and boot id
  std::map<Id128, Sequence> sequences_;                   // by stream id
  std::map<Id128, SegmentStart> first_segments_;
  Sequence headless_sequence_;
  Sequence* sequence_ = nullptr;
  std::optional<uint64_t> next_in_file_;  // the next number, but behind what was left out unread
  Coverage coverage_;
  Coverage coverage_before_file_;
  std::vector<NotRecorded> not_recorded_;
  std::optional<NotRecorded> log_change_;  // before the segment that is read
  std::optional<uint64_t> forks_at_stop_;  // by the kernel's count, where no recorder followed
  std::vector<SpanOfBoot> lost_in_gaps_;
  std::vector<Missing> missing_;
  std::vector<Failure> failures_;
};

}  // namespace daybook
