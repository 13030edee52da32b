#include "sources/replay_source.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daybook/abilities.h"
#include "daybook/life_pack.h"
#include "daybook/reader.h"
#include "daybook/recorder_counts.h"
#include "daybook/whole_life.h"
#include "sources/living_set.h"
#include "system/file_descriptor.h"
#include "system/run_id.h"

namespace daybook {
namespace {

// So many events are handed over at once: a log of any length passes through little memory.
constexpr size_t kEventsPerDrain = 4096;

constexpr std::string_view kTellsExecs = "exec";  // a part of kTellsLives

bool IsFiltered(const LogIdentity& identity) {
  return std::ranges::any_of(identity.info,
                             [](const auto& info) { return info.first == kFilterInfo; });
}

std::string AbilitiesWithout(const Recorder& start, std::string_view without) {
  std::istringstream words{std::string(start.abilities.value_or(""))};
  std::string kept;
  for (std::string word; words >> word;) {
    if (word != without) kept += (kept.empty() ? "" : " ") + word;
  }
  return kept;
}

}  // namespace

class ReplaySource::Impl {
 public:
  explicit Impl(std::vector<std::string> paths) : paths_(std::move(paths)) {}

  Status Begin();
  Result<size_t> Drain(EventSink& sink);

  const LogIdentity& identity() const { return identity_; }
  const Clock& clock() const { return clock_; }
  const LivingSet& living() const { return living_; }
  std::optional<uint64_t> filtered() const { return filtered_; }
  const std::string& abilities() const { return abilities_; }
  int wake_fd() const { return always_ready_.get(); }
  bool exhausted() const { return exhausted_; }

 private:
  Result<bool> NextFile();
  Status Take(const Item& item, EventSink* sink);
  bool TakeNumber(uint64_t seq, EventSink* sink);
  Status TakeRecord(const RecordView& record, EventSink* sink);
  void ForwardLives(const RecordView& record, EventSink* sink);
  template <class Record>
  bool Forward(const RecordView& record, EventSink* sink, void (EventSink::*take)(const Record&));
  void TakeInfo(const Info& info);
  void EndHead(EventSink* sink);
  void TakeRecorder(const Recorder& recorder, EventSink* sink);
  void TakeAbilities(const Recorder& start, EventSink* sink);
  void TakeForks(const Audit& counts, std::optional<uint64_t> unseen);
  void TellForks(EventSink* sink);
  void TakeDamage(const Gap& gap, EventSink* sink);
  void TellDamage(const Lost& lost, EventSink* sink);
  void TakeGap(const RecordingGap& gap, EventSink* sink);
  void MoveClock(uint64_t time_ns);

  std::vector<std::string> paths_;
  size_t next_path_ = 0;
  std::optional<SegmentReader> reader_;
  LogIdentity identity_;
  std::string abilities_;        // of the recorder that is being read
  std::optional<uint32_t> tag_;  // of the segment that is being read
  std::optional<std::vector<std::pair<std::string, std::string>>> head_;  // that is being read
  Clock clock_;
  LivingSet living_;
  FileDescriptor always_ready_;
  std::optional<Item> waiting_;  // the first event, found while reading the head
  std::vector<RecordingGap> first_gaps_;
  RecorderCounts counts_;
  std::optional<uint64_t> filtered_;  // what its recorders left out on request, as far as known
  Audit forks_;                       // as if of one recorder; the hooks' lacks what none saw
  bool are_forks_told_ = true;
  size_t taken_ = 0;
  Id128 stream_id_;
  std::optional<uint64_t> next_seq_;
  uint64_t told_lost_ = 0;  // of numbered records, since the last one
  bool exhausted_ = false;
};

// Reads up to the first event behind the first snapshot: who was living then is known afterwards.
Status ReplaySource::Impl::Begin() {
  always_ready_ = FileDescriptor(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
  if (always_ready_.get() < 0) return Error::FromErrno("cannot replay", errno);
  auto opened = NextFile();
  if (!opened) return std::move(opened).error();
  for (;;) {
    Item item = reader_->Next();
    const auto* record = std::get_if<RecordView>(&item);
    // The recorder's own START has a number, and stands before the first snapshot; and so has what
    // it says of the time before it.
    const bool is_start =
        record != nullptr && (record->Is<Recorder>() || record->Is<RecordingGap>());
    if (record == nullptr || (record->seq && !is_start)) {
      waiting_ = item;
      break;
    }
    if (record->seq) (void)TakeNumber(*record->seq, nullptr);
    if (Status taken = TakeRecord(*record, nullptr); !taken) return taken;
  }
  if (head_) EndHead(nullptr);
  if (abilities_.empty()) living_.SetExecsAreTold(!IsFiltered(identity_));
  if (!reader_->segment()) return Error("cannot replay " + paths_.front() + ": not a daybook log");
  return Ok{};
}

Result<bool> ReplaySource::Impl::NextFile() {
  if (next_path_ == paths_.size()) return false;
  auto reader = SegmentReader::Open(paths_[next_path_++]);
  if (!reader) return std::move(reader).error();
  reader_ = *std::move(reader);
  return true;
}

Result<size_t> ReplaySource::Impl::Drain(EventSink& sink) {
  taken_ = 0;
  for (const RecordingGap& gap : std::exchange(first_gaps_, {})) TakeGap(gap, &sink);
  TellForks(&sink);
  while (taken_ < kEventsPerDrain && !exhausted_) {
    const Item item = waiting_ ? *std::exchange(waiting_, std::nullopt) : reader_->Next();
    if (Status taken = Take(item, &sink); !taken) {
      exhausted_ = true;
      return std::move(taken).error();
    }
  }
  return taken_;
}

Status ReplaySource::Impl::Take(const Item& item, EventSink* sink) {
  if (const auto* record = std::get_if<RecordView>(&item)) {
    if (record->seq && !TakeNumber(*record->seq, sink)) return Ok{};
    return TakeRecord(*record, sink);
  }
  if (const auto* gap = std::get_if<Gap>(&item)) return TakeDamage(*gap, sink), Ok{};
  auto opened = NextFile();
  if (!opened) return std::move(opened).error();
  exhausted_ = !*opened;
  return Ok{};
}

// False where it is known: a writer repeats records, with their numbers, after an error. A jump
// tells what is missing, also what gaps have told of already, and also between two files.
bool ReplaySource::Impl::TakeNumber(uint64_t seq, EventSink* sink) {
  const uint64_t expected = next_seq_.value_or(seq);
  if (seq < expected) return false;
  const uint64_t missing = seq - expected;
  if (missing != 0) counts_.ForgetForks();
  if (missing > told_lost_ && sink != nullptr) {
    TellDamage({.first_time_ns = clock_.time_ns,
                .last_time_ns = clock_.time_ns,
                .reason = LostReason::kDamagedLog,
                .records = missing - told_lost_},
               sink);
  }
  told_lost_ = 0;
  next_seq_ = seq + 1;
  return true;
}

Status ReplaySource::Impl::TakeRecord(const RecordView& record, EventSink* sink) {
  SegmentStart start;
  SnapBegin snap_begin;
  SnapProc process;
  SnapEnd snap_end;
  RecordingGap gap;
  Recorder recorder;
  Audit audit;
  Lost lost;
  Clock clock;
  Info info;
  const bool is_of_head = record.Is<SegmentStart>() || record.Is<SchemaRecord>();
  if (head_ && !is_of_head && !record.Is<Info>()) EndHead(sink);
  if (record.As(&start)) {
    if (std::exchange(tag_, start.tag) != start.tag) head_.emplace();  // it is no copy
    if (identity_.boot_id != Id128{} && identity_.boot_id != start.boot_id) {
      return Error("cannot replay on: a segment of another boot follows; replay each boot alone");
    }
    identity_.boot_id = start.boot_id;
    identity_.host_id = start.host_id;
    // Each log has numbers of its own.
    if (stream_id_ != start.stream_id) next_seq_.reset();
    stream_id_ = start.stream_id;
    const bool is_copy = start.time_ns < clock_.time_ns;
    if (!is_copy) clock_ = {.time_ns = start.time_ns, .realtime_ns = start.realtime_ns};
  } else if (record.As(&clock)) {
    clock_ = clock;
  } else if (record.As(&info)) {
    TakeInfo(info);
  } else if (record.As(&snap_begin)) {
    MoveClock(snap_begin.time_ns);
    living_.Begin(snap_begin);
  } else if (record.As(&process)) {
    living_.Apply(process);
  } else if (record.As(&snap_end)) {
    if (living_.End(snap_end) && sink != nullptr) sink->OnResync();
  } else if (record.As(&gap)) {
    TakeGap(gap, sink);
  } else if (record.As(&recorder)) {
    TakeRecorder(recorder, sink);
    TellForks(sink);
  } else if (record.As(&audit)) {
    const RecorderCounts::More more = counts_.Take(audit);
    if (more.filtered) filtered_ = filtered_.value_or(0) + *more.filtered;
    TakeForks(audit, more.unseen_forks);
    TellForks(sink);
  } else if (record.As(&lost)) {
    MoveClock(lost.last_time_ns);
    sink->OnLost(lost);
    ++taken_;
  } else {
    taken_ +=
        Forward(record, sink, &EventSink::OnFork) || Forward(record, sink, &EventSink::OnExec) ||
        Forward(record, sink, &EventSink::OnExit) || Forward(record, sink, &EventSink::OnReap) ||
        Forward(record, sink, &EventSink::OnIdChange) ||
        Forward(record, sink, &EventSink::OnSession) ||
        Forward(record, sink, &EventSink::OnCommChange) ||
        Forward(record, sink, &EventSink::OnPtrace) || Forward(record, sink, &EventSink::OnCgroup);
    ForwardLives(record, sink);
  }
  return Ok{};
}

template <class Record>
bool ReplaySource::Impl::Forward(const RecordView& record, EventSink* sink,
                                 void (EventSink::*take)(const Record&)) {
  Record event;
  if (!record.As(&event)) return false;
  MoveClock(event.time_ns);
  if constexpr (requires { living_.Apply(event); }) living_.Apply(event);
  (sink->*take)(event);
  return true;
}

void ReplaySource::Impl::ForwardLives(const RecordView& record, EventSink* sink) {
  (void)ForEachLife(record, [&](const WholeLife& life) {
    MoveClock(life.time_ns);
    const LifeParts parts = PartsOf(life);
    living_.Apply(parts.fork);  // a snapshot may have met it, or whoever had its pid before
    living_.Apply(parts.exit);
    sink->OnLife(life);
    ++taken_;
  });
}

// Every segment, and every copy of its head, repeats them. Who recorded it is nothing of the host.
void ReplaySource::Impl::TakeInfo(const Info& info) {
  auto& facts = head_ ? *head_ : identity_.info;
  const auto is_known = [&](const auto& known) { return known.first == info.key; };
  if (info.key == kRunInfo || std::ranges::any_of(facts, is_known)) return;
  facts.emplace_back(info.key, info.value);
}

// A recorder with another filter may have gone on with the log, or the host was renamed.
void ReplaySource::Impl::EndHead(EventSink* sink) {
  const bool is_new = *head_ != identity_.info;
  identity_.info = *std::exchange(head_, std::nullopt);
  if (is_new && sink != nullptr) sink->OnNewIdentity();
}

void ReplaySource::Impl::TakeRecorder(const Recorder& recorder, EventSink* sink) {
  if (recorder.event == RecorderEvent::kStart) TakeAbilities(recorder, sink);
  TakeForks({.time_ns = recorder.time_ns, .kernel_forks = recorder.kernel_forks},
            counts_.Take(recorder).unseen_forks);
}

void ReplaySource::Impl::TakeAbilities(const Recorder& start, EventSink* sink) {
  if (!start.abilities) return;
  living_.SetExecsAreTold(HasAbility(start, kTellsExecs));
  const std::string before = std::exchange(abilities_, AbilitiesWithout(start, kContinues));
  if (abilities_ != before && sink != nullptr) sink->OnNewAbilities(start.time_ns);
}

void ReplaySource::Impl::TakeForks(const Audit& counts, std::optional<uint64_t> unseen) {
  if (!unseen) return;
  const uint64_t before = forks_.kernel_forks.value_or(0) - forks_.forks_seen.value_or(0);
  forks_ = {.time_ns = counts.time_ns,
            .forks_seen = *counts.kernel_forks - before - *unseen,
            .kernel_forks = counts.kernel_forks};
  are_forks_told_ = false;
}

// All of them: who reads a part of the log takes the first ones there for where counting began.
void ReplaySource::Impl::TellForks(EventSink* sink) {
  if (sink != nullptr && !std::exchange(are_forks_told_, true)) sink->OnForkCounts(forks_);
}

// What damage has eaten is lost to the new log too, and said there.
void ReplaySource::Impl::TakeDamage(const Gap& gap, EventSink* sink) {
  told_lost_ += gap.records_lost.value_or(0);
  TellDamage({.first_time_ns = gap.first_time_ns.value_or(clock_.time_ns),
              .last_time_ns = gap.last_time_ns.value_or(clock_.time_ns),
              .reason = LostReason::kDamagedLog,
              .records = gap.records_lost},
             sink);
}

void ReplaySource::Impl::TellDamage(const Lost& lost, EventSink* sink) {
  sink->OnLost(lost);
  ++taken_;
}

// One before the first snapshot waits until somebody listens.
void ReplaySource::Impl::TakeGap(const RecordingGap& gap, EventSink* sink) {
  MoveClock(gap.last_time_ns);
  if (sink == nullptr) return first_gaps_.push_back(gap);
  sink->OnGap(gap);
  ++taken_;
}

// Between two anchors both clocks run alike.
void ReplaySource::Impl::MoveClock(uint64_t time_ns) {
  if (time_ns <= clock_.time_ns) return;
  const uint64_t elapsed = time_ns - clock_.time_ns;
  clock_.time_ns = time_ns;
  clock_.realtime_ns += static_cast<int64_t>(elapsed);
  clock_.monotonic_ns += elapsed;
}

Result<std::unique_ptr<ReplaySource>> ReplaySource::Open(const std::string& path) {
  auto paths = FindSegments(path);
  if (!paths) return std::move(paths).error();
  auto impl = std::make_unique<Impl>(*std::move(paths));
  if (Status begun = impl->Begin(); !begun) return std::move(begun).error();
  return std::unique_ptr<ReplaySource>(new ReplaySource(std::move(impl)));
}

ReplaySource::ReplaySource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ReplaySource::~ReplaySource() = default;
LogIdentity ReplaySource::identity() const { return impl_->identity(); }
Clock ReplaySource::ReadClock() const { return impl_->clock(); }
std::string_view ReplaySource::name() const { return "replay"; }
int ReplaySource::wake_fd() const { return impl_->wake_fd(); }
bool ReplaySource::PrepareToSleep() { return false; }
Result<size_t> ReplaySource::Drain(EventSink& sink) { return impl_->Drain(sink); }
bool ReplaySource::exhausted() const { return impl_->exhausted(); }
Status ReplaySource::Snapshot(SnapshotSink& sink) { return impl_->living().Tell(sink), Ok{}; }
SourceCounters ReplaySource::counters() const {
  SourceCounters counters;
  if (const auto filtered = impl_->filtered()) counters.filtered = {.others = *filtered};
  return counters;
}
std::string ReplaySource::abilities() const { return impl_->abilities(); }
std::optional<uint64_t> ReplaySource::ring_bytes() const { return std::nullopt; }

}  // namespace daybook
