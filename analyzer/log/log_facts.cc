#include "log/log_facts.h"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>

#include "daybook/abilities.h"
#include "log/record_facts.h"
#include "log/segment_head.h"
#include "text/names.h"

namespace daybook {
namespace {

// When it began, where its head tells.
std::optional<int64_t> BeginOf(const SegmentStart& start) {
  return start.realtime_ns != 0 ? std::optional(start.realtime_ns) : std::nullopt;
}

}  // namespace

void LogFacts::BeginFile(const std::string& path, std::optional<uint64_t> other_ended_ns) {
  path_ = path;
  other_ended_ns_ = other_ended_ns;
  boot_ = nullptr;
  counts_before_file_ = counts_;
}

// Its numbers are not missing.
void LogFacts::TakeSkipped(const std::string& path, const SegmentPeek& segment) {
  path_ = path;
  ++counts_.skipped_segments;
  first_segments_.try_emplace(IdOf(segment.start->stream_id, joined_), *segment.start);
  log_ = LogOf(*segment.start);
  TakeMissing(segment.start->first_seq, &*segment.start);
  LeaveOutUpTo(segment.end->next_seq);
  log_->left_out_end = segment.end;
  log_->segment = segment.start;
  if (log_->boot != nullptr) log_->boot->stopped_ns.reset();
  forks_at_stop_.reset();
}

void LogFacts::TakeSkip(const Skip& skip) {
  counts_.skipped_bytes += skip.end - skip.begin;
  if (next_in_file_) next_in_file_ = std::max(*next_in_file_, skip.next_seq);
  LeaveOutUpTo(skip.next_seq);
}

// Nobody saw what was counted there.
void LogFacts::LeaveOutUpTo(uint64_t next_seq) {
  log_->numbers.LeaveOutUpTo(next_seq);
  log_->counts.Forget();
}

bool LogFacts::Take(const RecordView& record) {
  if (record.seq) next_in_file_ = log_->numbers.PlaceOf(*record.seq + 1, *record.seq);
  if (record.seq && !TakeNumber(*record.seq)) {
    CountLate(*record.seq, *record.seq + 1);
    return repeats_ == Repeats::kKeep;
  }
  if (IsLateSnapshot(record) && repeats_ == Repeats::kSkip) {
    ++counts_.repeated_records;
    return false;
  }
  ++counts_.records;
  counts_.unknown_records += IsUnknown(record) ? 1 : 0;
  TakeTime(record);
  if (!IsOfLife(record)) TakeAbout(record);
  return true;
}

void LogFacts::TakeTime(const RecordView& record) {
  const auto time = TimeOf(record);
  if (!time) return;
  if (!boot_->first_ns || *time < *boot_->first_ns) boot_->first_ns = *time;
  boot_->last_ns = std::max(boot_->last_ns, *time);
  if (Lives lives; record.As(&lives)) boot_->last_ns = std::max(boot_->last_ns, lives.last_time_ns);
}

bool LogFacts::TakeRun(LifeRun* run) {
  const RecordRun& raw = run->raw;
  const uint64_t end_seq = raw.first_seq + raw.records.size();
  next_in_file_ = log_->numbers.PlaceOf(end_seq, end_seq - 1);
  const uint64_t next = log_->numbers.next().value_or(raw.first_seq);
  if (next > raw.first_seq) return TakeLateRun(next - raw.first_seq, run);
  TakeNews(raw, run->times);
  return true;
}

// Of these the first ones, or all, are late.
bool LogFacts::TakeLateRun(uint64_t late, LifeRun* run) {
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
  if (repeats_ == Repeats::kKeep) return true;
  if (run->records != nullptr) {
    decoded_anew_.Clear();
    *run = DecodeRun(news, &decoded_anew_);
  }
  run->raw = news;
  return !news.records.empty();
}

void LogFacts::TakeNews(const RecordRun& run, const std::optional<LifeRun::Times>& times) {
  TakeMissing(run.first_seq);
  log_->numbers.SeeUpTo(run.first_seq + run.records.size());
  counts_.records += run.records.size();
  if (!times) return;
  boot_->first_ns = std::min(boot_->first_ns.value_or(UINT64_MAX), times->first_ns);
  boot_->last_ns = std::max(boot_->last_ns, times->last_ns);
}

// What the recorder says of its host and its own work.
void LogFacts::TakeAbout(const RecordView& record) {
  if (Clock clock; record.As(&clock)) {
    AddAnchor(clock.time_ns, clock.realtime_ns);
  } else if (Info info; record.As(&info)) {
    if (info.key == "hostname") boot_->host = info.value;
    if (info.key == kImportedFrom) counts_.imported = boot_->is_imported = true;
    if (info.key == kFilterInfo) NoteFilter(info.value);
    if (info.key == kOthersHidden) counts_.others_hidden = true;
    if (info.key == kHolds && info.value == kRollups) counts_.holds_rollups = true;
  } else if (Lost lost; record.As(&lost)) {
    counts_.lost_events += LostEvents(lost);
  } else if (CgroupPath cgroup; record.As(&cgroup)) {
    NoteCgroup(cgroup);
  } else if (RecordingGap gap; record.As(&gap)) {
    TakeNotRecorded({boot_, gap.first_time_ns, gap.last_time_ns, gap.missed_forks});
  } else if (Audit audit; record.As(&audit)) {
    AddCounts(log_->counts.Take(audit));
  } else if (Recorder recorder; record.As(&recorder)) {
    TakeRecorder(recorder);
  }
}

void LogFacts::TakeRecorder(const Recorder& recorder) {
  NoteFilter(recorder.filter.value_or(""));
  if (recorder.event == RecorderEvent::kStop) {
    boot_->stopped_ns = recorder.time_ns;
    forks_at_stop_ = recorder.kernel_forks;
  } else {
    EndLogChange(recorder);
    forks_at_stop_.reset();
  }
  AddCounts(log_->counts.Take(recorder));
}

// Where a log goes on behind another one, its own GAP begins too early, and has the forks that the
// other one saw.
void LogFacts::TakeNotRecorded(const NotRecordedTime& time) {
  if (log_change_) {
    log_change_->last_ns = std::max(log_change_->first_ns, time.last_ns);
    return;
  }
  ++counts_.recording_gaps;
  counts_.missed_forks += time.missed_forks.value_or(0);
  not_recorded_.push_back(time);
}

// Of the recorder that began the next log: nobody told it of the one before.
void LogFacts::EndLogChange(const Recorder& start) {
  if (!log_change_) return;
  NotRecordedTime time = *std::exchange(log_change_, std::nullopt);
  if (start.kernel_forks && start.forks_seen && forks_at_stop_) {
    const uint64_t before = *start.kernel_forks - std::min(*start.kernel_forks, *start.forks_seen);
    time.missed_forks = before - std::min(before, *forks_at_stop_);
  }
  TakeNotRecorded(time);
}

void LogFacts::AddCounts(const RecorderCounts::More& more) {
  counts_.unseen_forks += more.unseen_forks.value_or(0);
  counts_.dropped_events += more.filtered.value_or(0);
}

void LogFacts::NoteFilter(std::string_view filter) {
  counts_.filters.Add(filter);
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
void LogFacts::NoteCgroup(const CgroupPath& cgroup) {
  if (!keeps_cgroups_) return;
  boot_->cgroups[cgroup.id] = cgroup.path;
}

void LogFacts::TakeGap(const Gap& gap) {
  lost_in_gap_ = log_->numbers.LostIn(gap);
  log_->numbers.TakeLost(gap);
  counts_.missing_records += lost_in_gap_;
  if (lost_in_gap_ != 0 && gap.first_time_ns && gap.last_time_ns) {
    lost_in_gaps_.push_back({boot_, *gap.first_time_ns, *gap.last_time_ns});
  }
  const uint64_t bytes = gap.end - gap.begin;
  const bool is_expected = gap.cause == GapCause::kTornTail || gap.cause == GapCause::kLostBefore;
  if (!is_expected) ++counts_.gaps;
  if (gap.cause == GapCause::kTornTail) {
    counts_.torn_bytes += bytes;
  } else if (gap.cause == GapCause::kHole) {
    counts_.hole_bytes += bytes;
  } else {
    counts_.damaged_bytes += bytes;
  }
}

// Of one whose head is gone its boot's clock knows better when it began than the segment before it.
void LogFacts::EnterSegment(SegmentStart start, Head head, std::span<const Clock> anchors) {
  ++counts_.segments;
  boot_ = BootOf(start);
  if (head == Head::kInferred) {
    start.realtime_ns = boot_->clock.ToRealtime(start.time_ns).value_or(start.realtime_ns);
  }
  first_segments_.try_emplace(IdOf(start.stream_id, joined_), start);
  if (start.time_ns > boot_->stopped_ns.value_or(UINT64_MAX)) boot_->stopped_ns.reset();
  segment_clock_ = {};
  in_window_.reset();
  log_ = LogOf(start);
  next_in_file_ = log_->numbers.PlaceOf(start.first_seq, start.first_seq);
  TakeMissing(start.first_seq, &start);  // as long as its boot ends before it
  // Else a salvage found nothing that tells it.
  if (start.realtime_ns != 0) {
    boot_->first_ns = std::min(boot_->first_ns.value_or(start.time_ns), start.time_ns);
    boot_->last_ns = std::max(boot_->last_ns, start.time_ns);
    AddAnchor(start.time_ns, start.realtime_ns);
  }
  for (const Clock& clock : anchors) AddAnchor(clock.time_ns, clock.realtime_ns);
  log_->boot = boot_;
  log_->left_out_end.reset();
  log_->segment = start;
  if (const auto ended_ns = std::exchange(other_ended_ns_, std::nullopt)) {
    log_change_ = {boot_, *ended_ns, std::max(*ended_ns, start.time_ns), {}};
  }
}

LogFacts::Log* LogFacts::LogOf(const SegmentStart& start) {
  Log& log = logs_[start.stream_id];
  log.stream_id = start.stream_id;
  return &log;
}

// Segments whose boot is not known may be of several.
Boot* LogFacts::BootOf(const SegmentStart& start) {
  const bool is_known = start.boot_id != Id128{};
  const Id128 log = IdOf(start.stream_id, joined_);
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

void LogFacts::EnterHeadless() {
  ++counts_.segments;
  boot_ = AddBoot();
  segment_clock_ = {};
  in_window_.reset();
  headless_ = {};
  log_ = &headless_;
  next_in_file_.reset();
}

void LogFacts::AddAnchor(uint64_t boot_ns, int64_t realtime_ns) {
  boot_->clock.Add(boot_ns, realtime_ns);
  segment_clock_.Add(boot_ns, realtime_ns);
  in_window_.reset();
}

bool LogFacts::InWindow(uint64_t first_ns, uint64_t last_ns) {
  if (!window_.bounded()) return true;
  if (!in_window_) in_window_ = segment_clock_.ToBootTimes(window_);
  return Overlaps(*in_window_, first_ns, last_ns);
}

Boot* LogFacts::AddBoot() { return &boots_.emplace_back(); }

void LogFacts::CountLate(uint64_t first_seq, uint64_t end_seq) {
  const Sequence::Late late = log_->numbers.CountLate(first_seq, end_seq);
  counts_.unordered_records += late.unordered;
  counts_.repeated_records += late.repeated;
}

// Where those around a snapshot have been read before, it is repeated, and would bring those back
// to life who have ended meanwhile.
bool LogFacts::IsLateSnapshot(const RecordView& record) const {
  return IsOfSnapshot(record) && next_in_file_ && next_in_file_ < log_->numbers.next();
}

// False where a record with this number, or a later one, has been seen.
bool LogFacts::TakeNumber(uint64_t seq) {
  if (!TakeMissing(seq)) return false;
  log_->numbers.SeeUpTo(seq + 1);
  return true;
}

// What is missing before the next number, also what gaps have told of already. A segment that
// begins there tells more of it. False where that number is late.
bool LogFacts::TakeMissing(uint64_t next_seq, const SegmentStart* shown_by) {
  const auto jump = log_->numbers.GoOnWith(next_seq);
  if (!jump) return false;
  if (jump->records != 0) {
    log_->counts.ForgetForks();
    forks_at_stop_.reset();
  }
  if (jump->untold() != 0) AddMissing(*jump, shown_by);
  counts_.missing_records -= jump->told_by_gaps;
  counts_.missing_records += jump->records;
  return true;
}

void LogFacts::AddMissing(const Sequence::Jump& jump, const SegmentStart* shown_by) {
  MissingRecords& missing = missing_.emplace_back();
  missing.own_id = log_->stream_id;
  if (log_->stream_id) missing.stream_id = IdOf(*log_->stream_id, joined_);
  missing.path = path_;
  missing.records = jump.untold();
  if (jump.told_by_gaps == 0) missing.first_seq = jump.first_seq;
  std::optional<uint64_t> first_ns;
  if (log_->left_out_end) {
    first_ns = log_->left_out_end->last_time_ns;
    missing.first_ns = log_->left_out_end->last_realtime_ns;
  } else if (log_->boot != nullptr) {
    first_ns = log_->boot->last_ns;
    missing.first_ns = log_->boot->clock.ToRealtime(*first_ns);
  }
  if (shown_by == nullptr) return;
  missing.last_ns = BeginOf(*shown_by);
  const auto& before = log_->segment;
  if (!before) return;
  missing.behind_segment_no = before->segment_no;
  missing.segments = NumbersBetween(before->segment_no, *shown_by, true);
  const bool is_one_boot = before->boot_id == shown_by->boot_id && shown_by->boot_id != Id128{};
  missing.has_recorder = is_one_boot || shown_by->segment_no > before->segment_no + 1;
  if (is_one_boot && first_ns) missing.in_boot = {*first_ns, shown_by->time_ns};
}

Coverage LogFacts::coverage() const {
  Coverage coverage = counts_;
  std::set<Id128> boots;
  for (const Boot& boot : boots_) {
    if (boot.boot_id) boots.insert(*boot.boot_id);
    if (!boot.first_ns) continue;
    const auto first = boot.clock.ToRealtime(*boot.first_ns);
    const auto last = boot.clock.ToRealtime(boot.last_ns);
    if (!first || !last) continue;
    coverage.first_ns = std::min(coverage.first_ns.value_or(*first), *first);
    coverage.last_ns = std::max(coverage.last_ns.value_or(*last), *last);
  }
  coverage.used = coverage.records;
  coverage.boots = boots.size();
  return coverage;
}

}  // namespace daybook
