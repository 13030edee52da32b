#include "log/log_set.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <limits>

#include "lives/lives.h"
#include "log/joined_logs.h"
#include "log/progress.h"
#include "log/segment_head.h"

namespace daybook {
namespace {

// How the name of a compressed segment ends, behind that of the raw one.
constexpr std::string_view kCompressed = ".zst";

// In the place of what is not handed out, before a run.
constexpr Item kNotHandedOut = Skip{};

bool IsRegularFile(const std::string& path) {
  std::error_code unknown;
  return path != "-" && std::filesystem::is_regular_file(path, unknown);
}

// What is left of a segment without a head: the whole file has to be read for it.
HeadlessSegment ReadHeadless(SegmentReader& reader, uint32_t tag) {
  HeadlessSegment headless{.tag = tag, .first_seq = {}, .first_time_ns = {}, .end = {}};
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    const auto* record = std::get_if<RecordView>(&item);
    if (record == nullptr || record->proof != Proof::kVerified) continue;
    if (reader.tag() != tag) break;  // another segment in the same file
    if (!headless.first_seq) headless.first_seq = record->seq;
    if (!headless.first_time_ns && record->seq) headless.first_time_ns = TimeOf(*record);
    if (SegmentEnd end; record->As(&end)) headless.end = end;
  }
  return headless;
}

// Whether the first snapshot of a segment is whole, or there is none since nobody recorded it. A
// recorder whose snapshot fails does not write its end.
bool HasWholeSnapshot(const std::string& path) {
  auto reader = SegmentReader::Open(path, {.choose_frames = FramesOfHead});
  if (!reader) return false;
  std::optional<uint64_t> processes;
  bool is_imported = false;
  for (Item item = reader->Next();; item = reader->Next()) {
    const auto* record = std::get_if<RecordView>(&item);
    if (record == nullptr) return is_imported && !processes && !std::holds_alternative<Gap>(item);
    if (Info info; record->As(&info)) is_imported |= info.key == kImportedFrom;
    if (SnapEnd end; record->As(&end)) return processes == end.process_count;
    if (record->Is<SnapBegin>()) {
      if (processes) return false;  // the next one
      processes = 0;
    } else if (record->Is<SnapProc>() && processes) {
      ++*processes;
    }
    if (!reader->segment()) return false;
    const bool is_of_head =
        TimeOf(*record).value_or(0) < reader->segment()->time_ns + kMaxLatenessNs;
    if (!is_of_head) return is_imported && !processes;
  }
}

// Of a salvaged segment no byte is damaged, whatever it lacks.
struct Damage {
  uint64_t lost_records = 0;
  uint64_t bytes = 0;
  auto operator<=>(const Damage&) const = default;
};

// Of all of it, which is read for that.
Damage DamageIn(const std::string& path) {
  Damage damage;
  auto reader = SegmentReader::Open(path);
  if (!reader) return {.lost_records = UINT64_MAX};
  for (Item item = reader->Next(); !std::holds_alternative<End>(item); item = reader->Next()) {
    const auto* gap = std::get_if<Gap>(&item);
    if (gap == nullptr) continue;
    damage.lost_records += gap->records_lost.value_or(0);
    damage.bytes += gap->end - gap->begin;
  }
  return damage;
}

// When the last record was; nullopt where not all of it is of that boot and log.
std::optional<uint64_t> LastTimeIn(const std::string& path, const SegmentStart& start) {
  auto reader = SegmentReader::Open(path);
  if (!reader) return std::nullopt;
  uint64_t last_ns = start.time_ns;
  for (Item item = reader->Next(); !std::holds_alternative<End>(item); item = reader->Next()) {
    const auto& segment = reader->segment();
    const bool is_other =
        segment && (segment->stream_id != start.stream_id || segment->boot_id != start.boot_id);
    if (is_other) return std::nullopt;
    const auto* record = std::get_if<RecordView>(&item);
    if (record == nullptr || record->proof != Proof::kVerified) continue;
    last_ns = std::max(last_ns, TimeOf(*record).value_or(0));
    if (Lives lives; record->As(&lives)) last_ns = std::max(last_ns, lives.last_time_ns);
  }
  return last_ns;
}

// Wraps instead of overflowing: the numbers come from a file.
int64_t Earlier(int64_t time_ns, uint64_t by_ns) {
  return static_cast<int64_t>(static_cast<uint64_t>(time_ns) - by_ns);
}

std::vector<Part> PartsToRead(std::span<const PeekedFile> files, LogSet::Skips skips,
                              const Window& window, const HeadCheck& is_head_whole) {
  if (skips == LogSet::Skips::kLives) return PartsForLives(files, window, 1, is_head_whole);
  if (skips == LogSet::Skips::kEnds) return PartsForLives(files, window, 0, is_head_whole);
  const bool of_boots = skips == LogSet::Skips::kBoots;
  std::vector<Part> parts;
  for (const bool is_outside :
       of_boots ? BootsOutside(files, window) : SegmentsOutside(files, window)) {
    parts.push_back(is_outside ? Part::kNothing : Part::kAll);
  }
  return parts;
}

}  // namespace

bool IsSilentAt(int64_t last_ns, int64_t time_ns, bool has_stopped) {
  if (has_stopped) return last_ns < time_ns;
  return last_ns < std::max(time_ns, std::numeric_limits<int64_t>::min() + kSilenceNs) - kSilenceNs;
}

bool TellsOf(const Boot& boot, int64_t time_ns) {
  const bool has_stopped = boot.stopped_ns.has_value();
  const auto last = boot.clock.ToRealtime(boot.last_ns);
  if (!last || !IsSilentAt(*last, time_ns, has_stopped)) return true;
  return !IsSilentAt(*boot.clock.LatestUpTo(boot.last_ns), time_ns, has_stopped);
}

bool IsStop(const SegmentEnd& end) { return end.reason == EndReason::kShutdown; }

Result<LogSet> LogSet::Open(std::span<const std::string> paths, const Options& options) {
  LogSet log(options);
  for (const std::string& path : paths) {
    if (Status status = log.AddFiles(path); !status) return std::move(status).error();
  }
  const bool has_skips = options.skips != Skips::kNothing && options.window.bounded();
  if (log.files_.size() > 1 || has_skips) log.Peek();
  if (log.files_.size() > 1) log.SortFiles();
  if (log.files_.size() > 1 && !options.live) log.JoinLogs();
  if (has_skips) log.PlanSkips();
  if (log.OpenNextFile() || log.coverage_.skipped_segments != 0) return log;
  // Retention may have removed all of them meanwhile.
  if (log.failures_.empty()) return Error("no segment is left of " + paths.front());
  return std::move(log.failures_.front().error);
}

Status LogSet::AddFiles(const std::string& path) {
  auto found = FindSegments(path);
  if (!found) return std::move(found).error();
  // Until the snapshot in the newest one is whole, the one before it tells who is living.
  constexpr std::ptrdiff_t kNewest = 2;
  if (options_.live && !options_.window.since_ns && found->size() > kNewest) {
    found->erase(found->begin(), found->end() - kNewest);
  }
  for (std::string& file : *found) {
    const bool found_in_folder = file != path;
    const bool is_newest = found_in_folder && &file == &found->back();
    files_.push_back({.path = std::move(file),
                      .found_in_folder = found_in_folder,
                      .is_newest = is_newest,
                      .peek = {},
                      .first_segment = {},
                      .headless = {},
                      .anchors = {}});
  }
  return Ok{};
}

// A pipe can be read only once, and what cannot be read is reported when it is to be read.
void LogSet::Peek() {
  for (File& file : files_) {
    if (!IsRegularFile(file.path)) continue;
    if (auto peek = PeekSegment(file.path)) file.peek = std::move(*peek);
  }
}

// What each file says of itself, and what the others prove of those that say nothing.
void LogSet::JoinHeadless() {
  std::vector<SegmentPeek> peeks;
  for (File& file : files_) {
    if (!file.peek) continue;
    SegmentPeek peek = *file.peek;
    if (!peek.start) {
      auto reader = SegmentReader::Open(file.path);
      if (!reader) continue;
      (void)reader->Next();
      peek.start = reader->segment();
      const auto tag = reader->tag();
      if (!peek.start && tag) file.headless = ReadHeadless(*reader, *tag);
    }
    file.first_segment = peek.start;
    peeks.push_back(std::move(peek));
  }
  for (File& file : files_) {
    if (file.headless) file.first_segment = InferStart(*file.headless, peeks);
  }
}

// By log in order of appearance, then by number. A file that does not tell stays behind the one
// that it was given after. Of copies of a segment the soundest is first: what others lack is then
// not missing.
void LogSet::SortFiles() {
  JoinHeadless();
  std::map<Id128, size_t> rank_of_log;
  std::map<std::pair<Id128, uint64_t>, size_t> copies;
  for (const File& file : files_) {
    if (const auto& start = file.first_segment) ++copies[{start->stream_id, start->segment_no}];
  }
  struct Key {
    size_t log = 0;
    uint64_t segment_no = 0;
    Damage damage;  // where there are several
    auto operator<=>(const Key&) const = default;
  };
  std::vector<std::pair<Key, File>> keyed;
  Key key;
  for (File& file : files_) {
    if (const auto& start = file.first_segment) {
      const bool has_copies = copies[{start->stream_id, start->segment_no}] > 1;
      key = {.log = rank_of_log.try_emplace(start->stream_id, rank_of_log.size()).first->second,
             .segment_no = start->segment_no,
             .damage = has_copies ? DamageIn(file.path) : Damage()};
    }
    keyed.emplace_back(key, std::move(file));
  }
  std::ranges::stable_sort(keyed, {}, [](const auto& entry) { return entry.first; });
  files_.clear();
  for (auto& [unused, file] : keyed) files_.push_back(std::move(file));
}

// As a recorder leaves them whose folder was moved away before it was started anew.
void LogSet::JoinLogs() {
  std::vector<std::optional<SegmentStart>> starts;
  for (const File& file : files_) starts.push_back(file.first_segment);
  const auto end_of = [this](size_t i) -> std::optional<uint64_t> {
    const File& file = files_[i];
    const bool is_told = file.peek && file.peek->end && file.peek->end->last_time_ns;
    return is_told ? file.peek->end->last_time_ns : LastTimeIn(file.path, *file.first_segment);
  };
  JoinedLogs joined = daybook::JoinLogs(
      starts, end_of, [this](size_t i) { return ReadSegmentHead(files_[i].path).host; });
  if (joined.log_of.empty()) return;
  for (const auto& [file, ended_ns] : joined.other_ended_ns) files_[file].other_ended_ns = ended_ns;
  std::vector<File> ordered;
  for (const size_t file : joined.order) ordered.push_back(std::move(files_[file]));
  files_ = std::move(ordered);
  joined_logs_ = std::move(joined.log_of);
}

const Id128& LogSet::LogOf(const Id128& stream_id) const {
  const auto joined = joined_logs_.find(stream_id);
  return joined != joined_logs_.end() ? joined->second : stream_id;
}

// As of a segment of one log with those that it is joined with: that would tell of the time in
// which nobody recorded.
SegmentPeek LogSet::PeekOf(const File& file) const {
  SegmentPeek peek = *file.peek;
  if (peek.start) peek.start->stream_id = LogOf(peek.start->stream_id);
  if (!file.other_ended_ns || !peek.end || !peek.end->first_time_ns) return peek;
  SegmentEnd& end = *peek.end;
  const uint64_t before_ns =
      *end.first_time_ns - std::min(*end.first_time_ns, *file.other_ended_ns);
  *end.first_time_ns -= before_ns;
  if (end.first_realtime_ns) end.first_realtime_ns = Earlier(*end.first_realtime_ns, before_ns);
  return peek;
}

void LogSet::PlanSkips() {
  std::vector<PeekedFile> peeked;
  for (const File& file : files_) {
    PeekedFile& entry = peeked.emplace_back();
    if (file.peek) entry.peek = PeekOf(file);
    entry.holds_one_segment = file.found_in_folder || entry.peek.end;
  }
  const std::vector<Part> parts =
      PartsToRead(peeked, options_.skips, options_.window,
                  [this](size_t file) { return HasWholeSnapshot(files_[file].path); });
  for (size_t i = 0; i < files_.size(); ++i) files_[i].part = parts[i];
}

// What is in a pipe nobody knows before, nor how much of a compressed segment is its head; of one
// that is not compressed all is read for that.
void LogSet::Show(Progress* progress) {
  progress_ = progress;
  std::optional<uint64_t> all = 0;
  for (File& file : files_) {
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
  return std::ranges::any_of(files_, [&](const File& file) {
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
  if (!skipped_before_item_ || &boot == boot_) return skipped_before_item_;
  return std::any_of(files_.begin() + static_cast<std::ptrdiff_t>(file_before_item_),
                     files_.begin() + static_cast<std::ptrdiff_t>(file_), [&](const File& file) {
                       const bool is_skipped = file.part == Part::kNothing;
                       return is_skipped && LogOf(file.peek->start->stream_id) == boot.stream_id &&
                              file.peek->start->boot_id == boot.boot_id;
                     });
}

const RecordRun* LogSet::NextRun() {
  skipped_before_item_ = false;
  if (stream_ == nullptr || file_ended_) return nullptr;
  while (stream_->NextRun(kInRuns, &run_.raw)) {
    run_.times = TimesOf(run_.raw);
    if (progress_ != nullptr) TellProgress(run_.raw.records.size(), run_.raw.offset);
    if (TakeRun(&run_)) return &run_.raw;
  }
  return nullptr;
}

void LogSet::DecodeLives() {
  decodes_lives_ = true;
  if (stream_ != nullptr) stream_->DecodeLives(ReadMode());
}

const LifeRun* LogSet::NextLives() {
  skipped_before_item_ = false;
  if (stream_ == nullptr || file_ended_) return nullptr;
  while (LifeRun* const run = stream_->NextLives()) {
    if (progress_ != nullptr) TellProgress(run->raw.records.size(), run->raw.offset);
    if (TakeRun(run)) return run;
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
      TakeGap(*gap);
      return &item;
    }
    if (const auto* skip = std::get_if<Skip>(&item)) {
      TakeSkip(*skip);
      continue;
    }
    EndFile();
    return &item;
  }
}

// A live one is asked for more by the caller.
ItemStream::Mode LogSet::ReadMode() const {
  const bool is_ahead = options_.threads > 0 && !options_.live;
  return is_ahead ? ItemStream::Mode::kAhead : ItemStream::Mode::kInline;
}

// Where a recorder may go on to write.
bool LogSet::IsLive(const File& file) const { return options_.live && file.is_newest; }

// False where nothing more comes in the file that is read. A segment is finished with once there is
// a newer one, but more may have been written to it before that one was made.
bool LogSet::AwaitMore(const End& end) {
  if (watch_ == nullptr || !IsLive(files_[file_]) || stream_->is_compressed() || end.complete) {
    return false;
  }
  const bool is_last = AddNewSegments();
  const auto grown =
      stream_->Refresh(is_last ? SegmentReader::More::kLast : SegmentReader::More::kMayFollow);
  if (!grown) {
    failures_.push_back({.path = files_[file_].path, .error = grown.error(), .is_readable = false});
    ++coverage_.unreadable_files;
    return false;
  }
  return is_last || *grown || watch_->Wait();
}

bool LogSet::AwaitSegment() {
  if (watch_ == nullptr) return false;
  while (!AddNewSegments()) {
    if (!watch_->Wait()) return false;
  }
  return true;
}

// Those that were made in the folder of the newest file since it was listed.
bool LogSet::AddNewSegments() {
  const std::filesystem::path newest = files_.back().path;
  const auto found = FindSegments(newest.parent_path());
  if (!found) return false;  // what becomes of the folder is for the watch to tell
  bool is_new = false;
  for (const std::string& file : *found) {
    if (SegmentNumberOf(file) <= SegmentNumberOf(newest.string())) continue;
    files_.back().is_newest = false;
    files_.push_back({.path = file,
                      .found_in_folder = true,
                      .is_newest = true,
                      .peek = {},
                      .first_segment = {},
                      .headless = {},
                      .anchors = {}});
    is_new = true;
  }
  return is_new;
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
    File& file = files_[file_];
    if (file.part == Part::kNothing) {
      SkipSegment(*file.peek);
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
      boot_ = nullptr;
      tag_.reset();
      is_log_ = false;
      coverage_before_file_ = coverage_;
      return true;
    }
    failures_.push_back({.path = file.path, .error = opened.error(), .is_readable = false});
    ++coverage_.unreadable_files;
  }
  return false;
}

}  // namespace daybook
