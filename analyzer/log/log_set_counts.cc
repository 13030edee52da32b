// What is read tells of the log itself: its boots and their clocks, what is there and what is
// missing.
#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <type_traits>
#include <utility>

#include "daybook/abilities.h"
#include "lives/record_types.h"
#include "log/log_set.h"
#include "log/recorded_times.h"
#include "log/segment_head.h"
#include "text/names.h"

namespace daybook {
namespace {

template <class... Records>
constexpr std::array<bool, 256> TypesThatBeginWithTime(TypeList<Records...>) {
  std::array<bool, 256> types{};
  ((types[Schema<Records>::kType] = FieldAt<0>(Schema<Records>::kFields).wire == Wire::kTime), ...);
  return types;
}
constexpr auto kBeginsWithTime = TypesThatBeginWithTime(AllRecords{});

constexpr auto kIsKnown = TypesIn(AllRecords{});

// Those from there on are other programs' (daybook-log(5), RECORDS).
constexpr uint8_t kFirstForeign = 0x80;

constexpr auto kIsOfSnapshot = TypesOf<SnapBegin, SnapProc, SnapEnd>();
constexpr auto kIsOfLife = TypesOf<Fork, Exec, Exit, WholeLife, Lives, Reap, SnapProc>();

// When it began, where its head tells.
std::optional<int64_t> BeginOf(const SegmentStart& start) {
  return start.realtime_ns != 0 ? std::optional(start.realtime_ns) : std::nullopt;
}

// True where a later number has been seen, but not this one.
template <class Sequence>
bool IsUnread(const Sequence& sequence, uint64_t seq) {
  if (seq >= sequence.next.value_or(0)) return false;
  if (seq < *sequence.first) return true;
  const auto missing = sequence.missing.upper_bound(seq);
  return missing != sequence.missing.begin() && seq < std::prev(missing)->second;
}

// `seq`, where the one that tells of the place of it is not unread.
template <class Sequence>
std::optional<uint64_t> PlaceIn(const Sequence& sequence, uint64_t told_by, uint64_t seq) {
  return IsUnread(sequence, told_by) ? std::nullopt : std::optional(seq);
}

}  // namespace

std::optional<uint64_t> TimeOf(const RecordView& record) {
  uint64_t number = 0;
  if (!kBeginsWithTime[record.type] || !Cursor(record.payload).GetVarint(&number)) {
    return std::nullopt;
  }
  return (record.base.time_ticks + static_cast<uint64_t>(UnZigZag(number))) * record.base.tick_ns;
}

bool IsOfLife(const RecordView& record) { return kIsOfLife[record.type]; }

// Its numbers are not missing.
void LogSet::SkipSegment(const SegmentPeek& segment) {
  ++coverage_.skipped_segments;
  first_segments_.try_emplace(LogOf(segment.start->stream_id), *segment.start);
  sequence_ = SequenceOf(*segment.start);
  TakeMissing(segment.start->first_seq, &*segment.start);
  LeaveOutUpTo(segment.end->next_seq);
  sequence_->left_out_end = segment.end;
  sequence_->segment = segment.start;
  if (sequence_->boot != nullptr) sequence_->boot->stopped_ns.reset();
  forks_at_stop_.reset();
}

void LogSet::TakeSkip(const Skip& skip) {
  coverage_.skipped_bytes += skip.end - skip.begin;
  if (next_in_file_) next_in_file_ = std::max(*next_in_file_, skip.next_seq);
  LeaveOutUpTo(skip.next_seq);
}

// Nobody saw what was counted there.
void LogSet::LeaveOutUpTo(uint64_t next_seq) {
  skipped_ = true;
  sequence_->next = std::max(sequence_->next.value_or(0), next_seq);
  sequence_->counts.Forget();
}

bool LogSet::Take(const RecordView& record) {
  if (record.proof != Proof::kVerified) return TakeUnproved();
  if (record.seq) next_in_file_ = PlaceIn(*sequence_, *record.seq, *record.seq + 1);
  if (record.seq && !TakeNumber(*record.seq)) {
    CountLate(*record.seq, *record.seq + 1);
    return options_.repeats == Repeats::kKeep;
  }
  if (IsLateSnapshot(record) && options_.repeats == Repeats::kSkip) {
    ++coverage_.repeated_records;
    return false;
  }
  ++coverage_.records;
  const bool tells_something = IsNumbered(record.type) && record.type < kFirstForeign;
  coverage_.unknown_records += tells_something && !kIsKnown[record.type] ? 1 : 0;
  TakeTime(record);
  if (!IsOfLife(record)) TakeAbout(record);
  return true;
}

bool LogSet::TakeUnproved() {
  ++coverage_.salvaged_records;
  return options_.salvage;
}

void LogSet::TakeTime(const RecordView& record) {
  const auto time = TimeOf(record);
  if (!time) return;
  if (!boot_->first_ns || *time < *boot_->first_ns) boot_->first_ns = *time;
  boot_->last_ns = std::max(boot_->last_ns, *time);
  if (Lives lives; record.As(&lives)) boot_->last_ns = std::max(boot_->last_ns, lives.last_time_ns);
}

bool LogSet::TakeRun(LifeRun* run) {
  const RecordRun& raw = run->raw;
  const uint64_t end_seq = raw.first_seq + raw.records.size();
  next_in_file_ = PlaceIn(*sequence_, end_seq - 1, end_seq);
  const uint64_t next = sequence_->next.value_or(raw.first_seq);
  if (next > raw.first_seq) return TakeLateRun(next - raw.first_seq, run);
  TakeNews(raw, run->times);
  return true;
}

// Of these the first ones, or all, are late.
bool LogSet::TakeLateRun(uint64_t late, LifeRun* run) {
  const RecordRun& raw = run->raw;
  late = std::min<uint64_t>(late, raw.records.size());
  CountLate(raw.first_seq, raw.first_seq + late);
  RecordRun news = raw;
  news.records = raw.records.subspan(late);
  news.first_seq += late;
  if (!news.records.empty()) {
    news.offset += static_cast<uint64_t>(news.records.front().payload.data() -
                                         raw.records.front().payload.data());
    TakeNews(news, TimesOf(news));
  }
  if (options_.repeats == Repeats::kKeep) return true;
  if (run->records != nullptr) {
    decoded_anew_.Clear();
    *run = DecodeRun(news, &decoded_anew_);
  }
  run->raw = news;
  return !news.records.empty();
}

void LogSet::TakeNews(const RecordRun& run, const std::optional<LifeRun::Times>& times) {
  TakeMissing(run.first_seq);
  sequence_->next = run.first_seq + run.records.size();
  coverage_.records += run.records.size();
  if (!times) return;
  boot_->first_ns = std::min(boot_->first_ns.value_or(UINT64_MAX), times->first_ns);
  boot_->last_ns = std::max(boot_->last_ns, times->last_ns);
}

// What the recorder says of its host and its own work.
void LogSet::TakeAbout(const RecordView& record) {
  if (Clock clock; record.As(&clock)) {
    AddAnchor(clock.time_ns, clock.realtime_ns);
  } else if (Info info; record.As(&info)) {
    if (info.key == "hostname") boot_->host = info.value;
    if (info.key == kImportedFrom) coverage_.imported = boot_->is_imported = true;
    if (info.key == kFilterInfo) NoteFilter(info.value);
    if (info.key == kOthersHidden) coverage_.others_hidden = true;
    if (info.key == kHolds && info.value == kRollups) coverage_.holds_rollups = true;
  } else if (Lost lost; record.As(&lost)) {
    coverage_.lost_events += LostEvents(lost);
  } else if (CgroupPath cgroup; record.As(&cgroup)) {
    NoteCgroup(cgroup);
  } else if (RecordingGap gap; record.As(&gap)) {
    TakeNotRecorded({boot_, gap.first_time_ns, gap.last_time_ns, gap.missed_forks});
  } else if (Audit audit; record.As(&audit)) {
    AddCounts(sequence_->counts.Take(audit));
  } else if (Recorder recorder; record.As(&recorder)) {
    TakeRecorder(recorder);
  }
}

void LogSet::TakeRecorder(const Recorder& recorder) {
  NoteFilter(recorder.filter.value_or(""));
  if (recorder.event == RecorderEvent::kStop) {
    boot_->stopped_ns = recorder.time_ns;
    forks_at_stop_ = recorder.kernel_forks;
  } else {
    EndLogChange(recorder);
    forks_at_stop_.reset();
  }
  AddCounts(sequence_->counts.Take(recorder));
}

// Where a log goes on behind another one, its own GAP begins too early, and has the forks that the
// other one saw.
void LogSet::TakeNotRecorded(const NotRecorded& time) {
  if (log_change_) {
    log_change_->last_ns = std::max(log_change_->first_ns, time.last_ns);
    return;
  }
  ++coverage_.recording_gaps;
  coverage_.missed_forks += time.missed_forks.value_or(0);
  not_recorded_.push_back(time);
}

// Of the recorder that began the next log: nobody told it of the one before.
void LogSet::EndLogChange(const Recorder& start) {
  if (!log_change_) return;
  NotRecorded time = *std::exchange(log_change_, std::nullopt);
  if (start.kernel_forks && start.forks_seen && forks_at_stop_) {
    const uint64_t before = *start.kernel_forks - std::min(*start.kernel_forks, *start.forks_seen);
    time.missed_forks = before - std::min(before, *forks_at_stop_);
  }
  TakeNotRecorded(time);
}

void LogSet::AddCounts(const RecorderCounts::More& more) {
  coverage_.unseen_forks += more.unseen_forks.value_or(0);
  coverage_.dropped_events += more.filtered.value_or(0);
}

void LogSet::NoteFilter(std::string_view filter) {
  coverage_.filters.Add(filter);
  const auto has_any = [filter](std::initializer_list<std::string_view> options) {
    return std::ranges::any_of(
        options, [filter](std::string_view option) { return filter.find(option) != filter.npos; });
  };
  // Of these two, what failed is kept in any case.
  boot_->lacks_successes |= has_any({kOnlyFailedOption, kMinLifetimeOption});
  boot_->has_late_births |=
      has_any({kOnlyUidOption, kExceptUidOption, kOnlyCgroupOption, kMinLifetimeOption});
}

// Hosts of containers make many in a boot, and each head tells those anew that are there. They are
// names of lives: nobody else asks for them.
void LogSet::NoteCgroup(const CgroupPath& cgroup) {
  if (!decodes_lives_) return;
  std::string_view& known = boot_->cgroups[cgroup.id];
  if (known != cgroup.path) known = cgroup_paths_.Keep(cgroup.path);
}

uint64_t LogSet::LostIn(const Gap& gap) const {
  const uint64_t lost = gap.records_lost.value_or(0);
  if (!gap.first_lost_seq || !sequence_->next) return lost;
  const uint64_t end = *gap.first_lost_seq + lost;
  return std::min(lost, std::max(end, *sequence_->next) - *sequence_->next);
}

void LogSet::TakeGap(const Gap& gap) {
  const uint64_t lost = LostIn(gap);
  sequence_->lost_in_gaps += lost;
  coverage_.missing_records += lost;
  if (lost != 0 && gap.first_time_ns && gap.last_time_ns) {
    lost_in_gaps_.push_back({boot_, *gap.first_time_ns, *gap.last_time_ns});
  }
  const uint64_t bytes = gap.end - gap.begin;
  const bool is_expected = gap.cause == GapCause::kTornTail || gap.cause == GapCause::kLostBefore;
  if (!is_expected) ++coverage_.gaps;
  if (gap.cause == GapCause::kTornTail) {
    coverage_.torn_bytes += bytes;
  } else if (gap.cause == GapCause::kHole) {
    coverage_.hole_bytes += bytes;
  } else {
    coverage_.damaged_bytes += bytes;
  }
  if (gap.cause == GapCause::kUnsupported) is_log_ = true;
}

// A segment in a log's folder may be empty after a crash, or damaged all over; a file without a
// record that somebody names is something else.
void LogSet::EndFile() {
  file_ended_ = true;
  EndLogChange();
  const File& file = files_[file_];
  bytes_of_files_ += file.bytes;
  const bool is_named_so = file.path != "-" && SegmentNumberOf(file.path);
  if (is_log_ || segment() || file.found_in_folder || is_named_so) return;
  coverage_ = coverage_before_file_;
  const std::string name = file.path == "-" ? "standard input" : file.path;
  failures_.push_back(
      {.path = file.path, .error = Error(name + ": not a daybook log"), .is_readable = true});
  ++coverage_.unreadable_files;
}

// One file may hold several segments, one after another.
void LogSet::EnterSegmentOfItem() {
  const auto& told = stream_->segment();
  if (told && tag_ == told->tag) return;
  const auto& start = segment();
  if (!start) {
    if (boot_ == nullptr) EnterHeadless();
  } else if (tag_ != start->tag) {
    tag_ = start->tag;
    EnterSegment(*start);
  }
}

// Of one whose head is gone its boot's clock knows better when it began than the segment before it.
void LogSet::EnterSegment(SegmentStart start) {
  ++coverage_.segments;
  is_new_segment_ = true;
  boot_ = BootOf(start);
  if (is_segment_inferred()) {
    start.realtime_ns = boot_->clock.ToRealtime(start.time_ns).value_or(start.realtime_ns);
  }
  first_segments_.try_emplace(LogOf(start.stream_id), start);
  if (start.time_ns > boot_->stopped_ns.value_or(UINT64_MAX)) boot_->stopped_ns.reset();
  segment_clock_ = {};
  in_window_.reset();
  sequence_ = SequenceOf(start);
  next_in_file_ = PlaceIn(*sequence_, start.first_seq, start.first_seq);
  TakeMissing(start.first_seq, &start);  // as long as its boot ends before it
  // Else a salvage found nothing that tells it.
  if (start.realtime_ns != 0) {
    boot_->first_ns = std::min(boot_->first_ns.value_or(start.time_ns), start.time_ns);
    boot_->last_ns = std::max(boot_->last_ns, start.time_ns);
    AddAnchor(start.time_ns, start.realtime_ns);
  }
  for (const Clock& clock : files_[file_].anchors) AddAnchor(clock.time_ns, clock.realtime_ns);
  sequence_->boot = boot_;
  sequence_->left_out_end.reset();
  sequence_->segment = start;
  if (const auto ended_ns = std::exchange(files_[file_].other_ended_ns, std::nullopt)) {
    log_change_ = {boot_, *ended_ns, std::max(*ended_ns, start.time_ns), {}};
  }
}

LogSet::Sequence* LogSet::SequenceOf(const SegmentStart& start) {
  Sequence& sequence = sequences_[start.stream_id];
  sequence.stream_id = start.stream_id;
  return &sequence;
}

// Segments whose boot is not known may be of several.
Boot* LogSet::BootOf(const SegmentStart& start) {
  const bool is_known = start.boot_id != Id128{};
  const Id128& log = LogOf(start.stream_id);
  const auto found = boots_by_id_.find({log, start.boot_id});
  if (is_known && found != boots_by_id_.end()) return found->second;
  Boot* const boot = AddBoot();
  boot->stream_id = log;
  boot->host = NameWithout(start);
  if (!is_known) return boot;
  boot->boot_id = start.boot_id;
  boot->boot_text = HexId(start.boot_id);
  boots_by_id_[{log, start.boot_id}] = boot;
  return boot;
}

void LogSet::EnterHeadless() {
  ++coverage_.segments;
  is_new_segment_ = true;
  boot_ = AddBoot();
  segment_clock_ = {};
  in_window_.reset();
  headless_sequence_ = {};
  sequence_ = &headless_sequence_;
  next_in_file_.reset();
}

void LogSet::AddAnchor(uint64_t boot_ns, int64_t realtime_ns) {
  boot_->clock.Add(boot_ns, realtime_ns);
  segment_clock_.Add(boot_ns, realtime_ns);
  in_window_.reset();
}

bool LogSet::InWindow(uint64_t first_ns, uint64_t last_ns) {
  if (!options_.window.bounded()) return true;
  if (!in_window_) in_window_ = segment_clock_.ToBootTimes(options_.window);
  return Overlaps(*in_window_, first_ns, last_ns);
}

Boot* LogSet::AddBoot() { return &boots_.emplace_back(); }

// Of these numbers a later one has been seen. What was read before is repeated; what was not, since
// it was missing there or is from before all that was read, cannot be told in order any more.
void LogSet::CountLate(uint64_t first_seq, uint64_t end_seq) {
  const uint64_t first = sequence_->first.value_or(0);
  uint64_t unread = std::min(std::max(first, first_seq), end_seq) - first_seq;
  auto missing = sequence_->missing.upper_bound(first_seq);
  if (missing != sequence_->missing.begin()) --missing;
  for (; missing != sequence_->missing.end() && missing->first < end_seq; ++missing) {
    const uint64_t begin = std::max(missing->first, first_seq);
    unread += std::max(std::min(missing->second, end_seq), begin) - begin;
  }
  coverage_.unordered_records += unread;
  coverage_.repeated_records += end_seq - first_seq - unread;
}

// What snapshots tell has no numbers. Where those around it have been read before, it is repeated,
// and would bring those back to life who have ended meanwhile.
bool LogSet::IsLateSnapshot(const RecordView& record) const {
  return kIsOfSnapshot[record.type] && next_in_file_ && next_in_file_ < sequence_->next;
}

// False where a record with this number, or a later one, has been seen.
bool LogSet::TakeNumber(uint64_t seq) {
  if (sequence_->next && seq < *sequence_->next) return false;
  TakeMissing(seq);
  sequence_->next = seq + 1;
  return true;
}

// The next record will have this number: a jump proves what is missing, also what gaps have told
// of already. A segment that begins there tells more of it.
void LogSet::TakeMissing(uint64_t next_seq, const SegmentStart* shown_by) {
  if (!sequence_->next) sequence_->first = sequence_->next = next_seq;
  if (next_seq < *sequence_->next) return;
  if (next_seq != *sequence_->next) {
    sequence_->counts.ForgetForks();
    forks_at_stop_.reset();
    sequence_->missing.emplace(*sequence_->next, next_seq);
    AddMissing(next_seq - *sequence_->next, shown_by);
  }
  coverage_.missing_records -= sequence_->lost_in_gaps;
  coverage_.missing_records += next_seq - *sequence_->next;
  sequence_->next = next_seq;
  sequence_->lost_in_gaps = 0;
}

void LogSet::AddMissing(uint64_t records, const SegmentStart* shown_by) {
  if (records <= sequence_->lost_in_gaps) return;
  Missing& missing = missing_.emplace_back();
  if (sequence_->stream_id) missing.stream_id = LogOf(*sequence_->stream_id);
  missing.path = files_[file_].path;
  missing.records = records - sequence_->lost_in_gaps;
  if (sequence_->lost_in_gaps == 0) missing.first_seq = sequence_->next;
  std::optional<uint64_t> first_ns;
  if (sequence_->left_out_end) {
    first_ns = sequence_->left_out_end->last_time_ns;
    missing.first_ns = sequence_->left_out_end->last_realtime_ns;
  } else if (sequence_->boot != nullptr) {
    first_ns = sequence_->boot->last_ns;
    missing.first_ns = sequence_->boot->clock.ToRealtime(*first_ns);
  }
  if (shown_by == nullptr) return;
  missing.last_ns = BeginOf(*shown_by);
  const auto& before = sequence_->segment;
  if (!before) return;
  missing.behind_segment_no = before->segment_no;
  missing.segments = NumbersBetween(before->segment_no, *shown_by, true);
  const bool is_one_boot = before->boot_id == shown_by->boot_id && shown_by->boot_id != Id128{};
  missing.has_recorder = is_one_boot || shown_by->segment_no > before->segment_no + 1;
  if (is_one_boot && first_ns) missing.in_boot = {*first_ns, shown_by->time_ns};
}

Window LogSet::Missing::Time() const {
  if (!first_ns || !last_ns || *first_ns <= *last_ns) {
    return {.since_ns = first_ns, .until_ns = last_ns};
  }
  uint64_t length = 1;
  if (in_boot && in_boot->first_ns < in_boot->last_ns) {
    length = in_boot->last_ns - in_boot->first_ns;
  }
  Window time = {.since_ns = INT64_MIN, .until_ns = INT64_MAX};
  int64_t moved = 0;
  if (!__builtin_sub_overflow(*last_ns, length, &moved)) time.since_ns = moved;
  if (!__builtin_add_overflow(*first_ns, length, &moved)) time.until_ns = moved;
  return time;
}

bool LogSet::InWindow(const Missing& missing) const {
  const Window& window = options_.window;
  const Window time = missing.Time();
  const int64_t first_ns = time.since_ns.value_or(INT64_MIN);
  const int64_t last_ns = time.until_ns.value_or(INT64_MAX);
  const bool is_before =
      window.since_ns && last_ns <= *window.since_ns && first_ns < *window.since_ns;
  return !is_before && !(window.until_ns && first_ns >= *window.until_ns);
}

std::vector<LogSet::LeftOut> LogSet::left_out() const {
  std::vector<LeftOut> segments;
  for (const File& file : files_) {
    if (file.part == Part::kNothing) segments.push_back({file.path, PeekOf(file)});
  }
  return segments;
}

bool LogSet::has_several_logs() const {
  std::set<Id128> logs;
  for (const File& file : files_) {
    if (file.first_segment) logs.insert(LogOf(file.first_segment->stream_id));
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
  for (const Boot& boot : boots_) {
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
  Coverage coverage = coverage_;
  std::set<Id128> boots;
  std::set<std::string> hosts;
  const HostNames names(boots_);
  for (const Boot& boot : boots_) {
    if (boot.boot_id) boots.insert(*boot.boot_id);
    if (boot.host) hosts.insert(names.Of(boot));
    if (!boot.first_ns) continue;
    const auto first = boot.clock.ToRealtime(*boot.first_ns);
    const auto last = boot.clock.ToRealtime(boot.last_ns);
    if (!first || !last) continue;
    coverage.first_ns = std::min(coverage.first_ns.value_or(*first), *first);
    coverage.last_ns = std::max(coverage.last_ns.value_or(*last), *last);
  }
  coverage.hosts = hosts.size();
  coverage.used = coverage.records;
  coverage.boots = boots.size();
  const LogsOfOneBoot logs = CompareLogsOfOneBoot(*this);
  coverage.recorded_twice_us = logs.twice_us;
  coverage.recording_gaps += logs.gaps;
  return coverage;
}

}  // namespace daybook
