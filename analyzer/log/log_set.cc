#include "log/log_set.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <set>
#include <utility>

#include "log/joined_logs.h"
#include "log/progress.h"
#include "log/recorded_times.h"

namespace daybook {
namespace {

// In the place of what is not handed out, before a run.
constexpr Item kNotHandedOut = Skip{};

uint64_t CountHosts(const std::deque<Boot>& boots) {
  std::set<std::string> hosts;
  const HostNames names(boots);
  for (const Boot& boot : boots) {
    if (boot.host) hosts.insert(names.Of(boot));
  }
  return hosts.size();
}

}  // namespace

Result<LogSet> LogSet::Open(std::span<const std::string> paths, const Options& options) {
  LogSet log(options);
  const bool is_of_newest = options.live && !options.window.since_ns;
  for (const std::string& path : paths) {
    auto found = FindFiles(path, is_of_newest ? Choice::kNewest : Choice::kAll);
    if (!found) return std::move(found).error();
    std::ranges::move(*found, std::back_inserter(log.files_));
  }
  const bool has_skips = options.skips != Skips::kNothing && options.window.bounded();
  if (log.files_.size() > 1 || has_skips) PeekFiles(log.files_);
  if (log.files_.size() > 1) SortFiles(&log.files_);
  if (log.files_.size() > 1 && !options.live) log.facts_.JoinLogs(JoinFiles(&log.files_));
  if (has_skips) PlanParts(log.files_, log.facts_.joined(), options.skips, options.window);
  if (log.OpenNextFile() || log.counts().skipped_segments != 0) return log;
  // Retention may have removed all of them meanwhile.
  if (log.failures_.empty()) return Error("no segment is left of " + paths.front());
  return std::move(log.failures_.front().error);
}

// What is in a pipe nobody knows before, nor how much of a compressed segment is its head; of one
// that is not compressed all is read for that.
void LogSet::Show(Progress* progress) {
  progress_ = progress;
  std::optional<uint64_t> all = 0;
  for (FileToRead& file : files_) {
    const bool is_compressed = file.path.ends_with(kCompressed);
    if (file.part == Part::kNothing || (file.part == Part::kHead && is_compressed)) continue;
    std::error_code unknown;
    const uintmax_t bytes = std::filesystem::file_size(file.path, unknown);
    if (!unknown) file.bytes = bytes;
    if (all) *all += file.bytes;
    if (file.path == "-") all.reset();
  }
  progress_->Expect(all);
}

// Of a compressed segment only when it has been read: its records do not tell where they were.
void LogSet::TellProgress(uint64_t records, uint64_t offset) {
  constexpr uint64_t kRecords = 4096;  // between two looks at the clock
  records_untold_ += records;
  if (records_untold_ < kRecords) return;
  records_untold_ = 0;
  progress_->Read(bytes_of_files_ + (stream_->is_compressed() ? 0 : offset));
}

bool LogSet::ReadsFolderOf(const std::string& path) const {
  const std::filesystem::path absolute = std::filesystem::absolute(path).lexically_normal();
  return std::ranges::any_of(files_, [&](const FileToRead& file) {
    std::error_code unknown;
    const auto folder = std::filesystem::path(file.path).parent_path();
    return file.found_in_folder &&
           (std::filesystem::equivalent(folder, absolute, unknown) ||
            std::filesystem::equivalent(folder, absolute.parent_path(), unknown));
  });
}

const std::optional<SegmentStart>& LogSet::segment() const {
  const auto& told = stream_->segment();
  return told || !files_[file_].headless ? told : files_[file_].first_segment;
}

const Item* LogSet::Next() {
  file_before_item_ = file_;
  is_new_segment_ = false;
  const Item* const item = NextItem();
  skipped_before_item_ = std::exchange(skipped_, false);
  return item;
}

bool LogSet::SkippedBeforeItem(const Boot& boot) const {
  if (!skipped_before_item_ || &boot == &this->boot()) return skipped_before_item_;
  return std::any_of(files_.begin() + static_cast<std::ptrdiff_t>(file_before_item_),
                     files_.begin() + static_cast<std::ptrdiff_t>(file_),
                     [&](const FileToRead& file) {
                       const bool is_skipped = file.part == Part::kNothing;
                       if (!is_skipped || file.peek->start->boot_id != boot.boot_id) return false;
                       return IdOf(file.peek->start->stream_id, facts_.joined()) == boot.stream_id;
                     });
}

const RecordRun* LogSet::NextRun() {
  skipped_before_item_ = false;
  if (stream_ == nullptr || file_ended_) return nullptr;
  while (stream_->NextRun(kInRuns, &run_.raw)) {
    run_.times = TimesOf(run_.raw);
    if (progress_ != nullptr) TellProgress(run_.raw.records.size(), run_.raw.offset);
    if (facts_.TakeRun(&run_)) return &run_.raw;
  }
  return nullptr;
}

void LogSet::DecodeLives() {
  decodes_lives_ = true;
  facts_.KeepCgroups();
  if (stream_ != nullptr) stream_->DecodeLives(ReadMode());
}

const LifeRun* LogSet::NextLives() {
  skipped_before_item_ = false;
  if (stream_ == nullptr || file_ended_) return nullptr;
  while (LifeRun* const run = stream_->NextLives()) {
    if (progress_ != nullptr) TellProgress(run->raw.records.size(), run->raw.offset);
    if (facts_.TakeRun(run)) return run;
  }
  return nullptr;
}

const Item* LogSet::NextItem() {
  for (;;) {
    if (file_ended_) {
      stream_ = nullptr;
      reading_.reset();
    }
    file_ended_ = false;
    if (stream_ == nullptr && !OpenNextFile()) {
      if (AwaitSegment()) continue;
      if (progress_ != nullptr) std::exchange(progress_, nullptr)->EndLogSet(bytes_of_files_);
      return nullptr;
    }
    const Item& item = stream_->Next();
    if (const auto* end = std::get_if<End>(&item); end != nullptr && AwaitMore(*end)) continue;
    EnterSegmentOfItem();
    if (const auto* record = std::get_if<RecordView>(&item)) {
      is_log_ = true;
      if (progress_ != nullptr) TellProgress(1, record->offset);
      if (Take(*record)) return &item;
      if (stream_->IsAtLives()) return &kNotHandedOut;
      continue;
    }
    if (const auto* gap = std::get_if<Gap>(&item)) {
      if (gap->cause == GapCause::kUnsupported) is_log_ = true;
      facts_.TakeGap(*gap);
      return &item;
    }
    if (const auto* skip = std::get_if<Skip>(&item)) {
      skipped_ = true;
      facts_.TakeSkip(*skip);
      continue;
    }
    EndFile();
    return &item;
  }
}

bool LogSet::Take(const RecordView& record) {
  if (record.proof == Proof::kVerified) return facts_.Take(record);
  facts_.TakeUnproved();
  return options_.salvage;
}

// One file may hold several segments, one after another.
void LogSet::EnterSegmentOfItem() {
  const auto& told = stream_->segment();
  if (told && tag_ == told->tag) return;
  const auto& start = segment();
  if (!start) {
    if (facts_.is_in_segment()) return;
    is_new_segment_ = true;
    facts_.EnterHeadless();
  } else if (tag_ != start->tag) {
    is_new_segment_ = true;
    tag_ = start->tag;
    const auto head = is_segment_inferred() ? LogFacts::Head::kInferred : LogFacts::Head::kTold;
    facts_.EnterSegment(*start, head, files_[file_].anchors);
  }
}

// A segment in a log's folder may be empty after a crash, or damaged all over; a file without a
// record that somebody names is something else.
void LogSet::EndFile() {
  file_ended_ = true;
  facts_.EndFile();
  const FileToRead& file = files_[file_];
  bytes_of_files_ += file.bytes;
  const bool is_named_so = file.path != "-" && SegmentNumberOf(file.path);
  if (is_log_ || segment() || file.found_in_folder || is_named_so) return;
  facts_.ForgetFile();
  const std::string name = file.path == "-" ? "standard input" : file.path;
  Fail({.path = file.path, .error = Error(name + ": not a daybook log"), .is_readable = true});
}

void LogSet::Fail(Failure failure) {
  failures_.push_back(std::move(failure));
  facts_.AddUnreadable();
}

// A live one is asked for more by the caller.
ItemStream::Mode LogSet::ReadMode() const {
  const bool is_ahead = options_.threads > 0 && !options_.live;
  return is_ahead ? ItemStream::Mode::kAhead : ItemStream::Mode::kInline;
}

// Where a recorder may go on to write.
bool LogSet::IsLive(const FileToRead& file) const { return options_.live && file.is_newest; }

// False where nothing more comes in the file that is read. A segment is finished with once there is
// a newer one, but more may have been written to it before that one was made.
bool LogSet::AwaitMore(const End& end) {
  if (watch_ == nullptr || !IsLive(files_[file_]) || stream_->is_compressed() || end.complete) {
    return false;
  }
  const bool is_last = AddNewFiles(&files_);
  const auto grown =
      stream_->Refresh(is_last ? SegmentReader::More::kLast : SegmentReader::More::kMayFollow);
  if (!grown) {
    Fail({.path = files_[file_].path, .error = grown.error()});
    return false;
  }
  return is_last || *grown || watch_->Wait();
}

bool LogSet::AwaitSegment() {
  if (watch_ == nullptr) return false;
  while (!AddNewFiles(&files_)) {
    if (!watch_->Wait()) return false;
  }
  return true;
}

size_t LogSet::DefaultThreads() {
  constexpr int kMost = 3;
  cpu_set_t ours;
  const bool is_known = sched_getaffinity(0, sizeof(ours), &ours) == 0;
  const int processors = is_known ? CPU_COUNT(&ours) : kMost;  // more than 1024, else
  return static_cast<size_t>(std::clamp(processors, 1, kMost) - 1);
}

Result<SegmentReader> LogSet::OpenReader(Reading* reading, const Options& options) {
  if (reading->is_live) return SegmentReader::OpenLive(reading->path);
  ReaderOptions wish{.salvage = options.salvage};
  if (reading->part == Part::kHead) wish.choose_frames = FramesOfHead;
  if (options.skips == Skips::kFrames && options.window.bounded()) {
    wish.choose_frames = [reading, &options](const CompressedIndex& index) {
      reading->anchors = index.clocks;
      return FramesInside(index, options.window);
    };
  }
  return SegmentReader::Open(reading->path, std::move(wish));
}

// A recorder may have compressed it since the folder was listed.
Result<SegmentReader> LogSet::OpenFile(Reading* reading, const Options& options) {
  auto reader = OpenReader(reading, options);
  if (reader || !reading->found_in_folder || reader.error().error_number() != ENOENT) return reader;
  const std::string raw = std::exchange(reading->path, reading->path + std::string(kCompressed));
  auto other = OpenReader(reading, options);
  if (other) return other;
  reading->path = raw;
  return reader;
}

std::unique_ptr<LogSet::Reading> LogSet::BeginToRead(size_t file) const {
  auto reading = std::make_unique<Reading>();
  reading->file = file;
  reading->path = files_[file].path;
  reading->found_in_folder = files_[file].found_in_folder;
  reading->is_live = IsLive(files_[file]);
  reading->part = files_[file].part;
  reading->stream = std::make_unique<ItemStream>(
      [to_open = reading.get(), options = options_] { return OpenFile(to_open, options); },
      ReadMode());
  return reading;
}

// That file's, begun before perhaps; and those behind it are begun.
std::unique_ptr<LogSet::Reading> LogSet::TakeReading(size_t file) {
  const size_t at_a_time = 1 + (options_.live ? 0 : options_.threads);
  for (size_t i = ahead_.empty() ? file : ahead_.back()->file + 1;
       i < files_.size() && ahead_.size() < at_a_time; ++i) {
    // A pipe may never end: nobody waits for one that is not wanted yet.
    if (i != file && !IsRegularFile(files_[i].path)) break;
    if (files_[i].part != Part::kNothing) ahead_.push_back(BeginToRead(i));
  }
  std::unique_ptr<Reading> first = std::move(ahead_.front());
  ahead_.pop_front();
  return first;
}

bool LogSet::OpenNextFile() {
  while (next_file_ < files_.size()) {
    file_ = next_file_++;
    FileToRead& file = files_[file_];
    if (file.part == Part::kNothing) {
      skipped_ = true;
      facts_.TakeSkipped(file.path, *file.peek);
      continue;
    }
    reading_.reset();  // before the next one is begun, which may use its memory again
    reading_ = TakeReading(file_);
    const Status opened = reading_->stream->Opened();
    if (!opened && file.found_in_folder && opened.error().error_number() == ENOENT) {
      continue;  // retention has removed it since the folder was listed
    }
    if (opened) {
      stream_ = reading_->stream.get();
      if (decodes_lives_) stream_->DecodeLives(ReadMode());
      file.path = reading_->path;
      file.anchors = std::move(reading_->anchors);
      facts_.BeginFile(file.path, file.other_ended_ns);
      tag_.reset();
      is_log_ = false;
      return true;
    }
    Fail({.path = file.path, .error = opened.error()});
  }
  return false;
}

std::vector<LogSet::LeftOut> LogSet::left_out() const {
  std::vector<LeftOut> segments;
  for (const FileToRead& file : files_) {
    if (file.part == Part::kNothing) {
      segments.push_back({file.path, PeekOf(file, facts_.joined())});
    }
  }
  return segments;
}

bool LogSet::has_several_logs() const {
  std::set<Id128> logs;
  for (const FileToRead& file : files_) {
    if (file.first_segment) logs.insert(IdOf(file.first_segment->stream_id, facts_.joined()));
  }
  return logs.size() > 1;
}

std::optional<int64_t> LogSet::EndBeforeWindow() const {
  std::optional<int64_t> last_ns;
  bool has_stopped = false;
  const auto take = [&](const std::optional<int64_t>& end_ns, bool is_stop) {
    if (end_ns <= last_ns) return;
    last_ns = end_ns;
    has_stopped = is_stop;
  };
  for (const Boot& boot : boots()) {
    if (boot.first_ns) take(boot.clock.LatestUpTo(boot.last_ns), boot.stopped_ns.has_value());
  }
  for (const auto& [path, segment] : left_out()) {
    if (segment.end) take(segment.end->last_realtime_ns, IsStop(*segment.end));
  }
  const auto since_ns = options_.window.since_ns;
  const bool is_over = last_ns && since_ns && IsSilentAt(*last_ns, *since_ns, has_stopped);
  return is_over ? last_ns : std::nullopt;
}

Coverage LogSet::coverage() const {
  Coverage coverage = facts_.coverage();
  coverage.hosts = CountHosts(boots());
  const LogsOfOneBoot logs = CompareLogsOfOneBoot(*this);
  coverage.recorded_twice_us = logs.twice_us;
  coverage.recording_gaps += logs.gaps;
  return coverage;
}

}  // namespace daybook
