#include "recorder.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <type_traits>
#include <utility>

#include "args/kept_args.h"
#include "log/auditor.h"
#include "log/loss_ledger.h"
#include "log/segment_snapshots.h"
#include "self_records.h"
#include "status/status_meter.h"
#include "status/trouble.h"
#include "system/wake_ups.h"

namespace daybook {
namespace {

// After so many turns without an event the recorder goes to sleep.
constexpr int kQuietTurns = 2;

constexpr uint64_t kTellLossesIntervalNs = 1'000'000'000;

// A source that loses events is not made slower by more snapshots than these.
constexpr uint64_t kResyncIntervalNs = 1'000'000'000;

}  // namespace

class RecorderLoop::Impl : public EventSink {
 public:
  Impl(EventSource& source, LogWriter& writer, RecorderOptions options)
      : source_(source),
        writer_(writer),
        options_(std::move(options)),
        self_(source, options_),
        auditor_(
            source, [this] { Drain(); }, options_.audit_interval_ns, options_.root),
        meter_(source, writer, options_.version, options_.drain_interval_ns),
        snapshots_(source, writer, auditor_, options_.keep_args),
        trouble_(writer, meter_),
        losses_(source, writer) {
    written_log_.next_seq = writer.next_seq();
  }

  Status Start();
  Status Run();

  void OnFork(const Fork& fork) override {
    auditor_.OnBirth(fork.pid, fork.time_ns);
    Append(fork, WaitingSince(fork.time_ns));
  }
  void OnExec(const Exec& exec) override {
    Append(WithKeptArgs(exec, options_.keep_args), exec.time_ns);
  }
  void OnExit(const Exit& exit) override {
    auditor_.OnEnd(exit.pid, exit.start_ns);
    Append(exit, exit.time_ns);
    if (const auto reap = written_.MissingReap(exit)) OnReap(*reap);
  }
  void OnLife(const WholeLife& life) override;
  void OnReap(const Reap& reap) override { Append(reap, reap.time_ns); }
  void OnIdChange(const IdChange& change) override { Append(change, change.time_ns); }
  void OnSession(const Session& session) override { Append(session, session.time_ns); }
  void OnCommChange(const CommChange& change) override { Append(change, change.time_ns); }
  void OnPtrace(const Ptrace& ptrace) override { Append(ptrace, ptrace.time_ns); }
  void OnCgroup(const CgroupPath& cgroup) override { Append(cgroup, cgroup.time_ns); }
  void OnLost(const Lost& lost) override {
    writer_.AddLost(LostEvents(lost));
    meter_.OnLost(LostEvents(lost));
    AppendAnew(lost, lost.last_time_ns);
  }
  void OnGap(const RecordingGap& gap) override { AppendAnew(gap, gap.last_time_ns); }
  void OnNewIdentity() override;
  void OnNewAbilities(uint64_t since_ns) override { writer_.Append(self_.GoesOnSince(since_ns)); }
  void OnForkCounts(const Audit& counts) override { writer_.Append(counts); }
  void OnResync() override { TakeSnapshot(); }

 private:
  template <class Record>
  void Append(const Record& record, uint64_t time_ns) {
    if (takes_over_ && IsRepeated(record)) return;
    AppendAnew(record, time_ns);
  }
  // Of the others an equal one may be another event.
  template <class Record>
  static constexpr bool kBothHooksTell =
      std::is_same_v<Record, Fork> || std::is_same_v<Record, Exec> || std::is_same_v<Record, Exit>;
  // What the recorder before this one has written, or what the hooks of both have told.
  template <class Record>
  bool IsRepeated(const Record& record) {
    if (written_.TakeOut(record)) return true;
    if constexpr (kBothHooksTell<Record>) written_.Add(record);
    return false;
  }
  // The event that is too late for a segment begins the next one. The snapshot follows it, since
  // the source may need the place where the record stands.
  template <class Record>
  void AppendAnew(const Record& record, uint64_t time_ns) {
    RotateIfDue(time_ns);
    if constexpr (std::is_same_v<Record, WholeLife>) {
      writer_.AppendPacked(record);
    } else {
      writer_.Append(record);
    }
    snapshots_.NoteEvent();
    meter_.OnEvent(time_ns);
    if (snapshots_.is_due()) TakeSnapshot();
  }

  // A filter may have kept a birth for long: then it has not waited in the source.
  uint64_t WaitingSince(uint64_t birth_ns) const {
    return source_.tells_every_life() ? birth_ns : last_turn_ns_;
  }
  void Turn();
  Status Finish();
  Audit LastCounts() const;
  void RotateIfDue(uint64_t now_ns);
  void Rotate(EndReason reason);
  void TakeSnapshot() { snapshots_.Take(before_drain_); }
  void ResyncIfDue(uint64_t now_ns);
  void AppendClock(ClockReason reason);
  void AppendStart();
  void AppendNewArgsLimit();
  void AuditIfDue(uint64_t now_ns);
  size_t Drain();
  size_t DrainPart();
  void DrainLeftOver();
  void AppendMissed();
  Status Write();
  void Commit(const Status& written);
  void TellFinishedSegments();
  void GoToSleep();
  void WakeUp();
  void Report(const Status& status, Trouble::Place place = Trouble::kDisk) {
    trouble_.Report(status, place);
  }
  bool ObeySignal(int signal);
  void StartNewSegment();
  WakeUpTimes Times() const;
  template <class Told>
  void Tell(Told told) {
    if (options_.observer != nullptr) told(*options_.observer);
  }
  void TellStatus();
  void TellReloaded();
  bool LosesMore();
  void TellAfterTurn(const Woken& woken);

  EventSource& source_;
  LogWriter& writer_;
  RecorderOptions options_;
  std::optional<WakeUps> wake_ups_;
  SelfRecords self_;
  Auditor auditor_;
  StatusMeter meter_;
  SegmentSnapshots snapshots_;
  Trouble trouble_;
  LossLedger losses_;
  WrittenEvents written_;              // by the recorder before this one, and perhaps drained again
  LogEnd written_log_;                 // up to where it is known to be written
  uint64_t unwritten_ = 0;             // events drained since the log could last be written
  std::optional<Audit> before_drain_;  // counts of no fork that still waits in the source
  uint64_t last_turn_ns_ = 0;
  uint64_t told_unfinished_ = 0;
  std::optional<uint64_t> reloaded_no_;  // ready again once segments before it are durable
  uint64_t told_unwritten_ = 0;          // of what could not be written
  uint64_t told_loss_ns_ = 0;
  int quiet_turns_ = 0;
  bool asleep_ = false;
  bool takes_over_ = false;
  bool hands_over_ = false;
  bool told_failing_ = false;
  Status source_end_ = Ok{};  // where it ended before it had told everything: why
};

// The source is open, so events wait already: whoever is born or dies during the snapshot is told
// of by its events, which come after it.
Status RecorderLoop::Impl::Start() {
  auto wake_ups = WakeUps::Create(source_.wake_fd(), Times());
  if (!wake_ups) return std::move(wake_ups).error();
  wake_ups_ = *std::move(wake_ups);
  last_turn_ns_ = source_.ReadClock().time_ns;
  auditor_.Begin(last_turn_ns_);
  AppendStart();
  snapshots_.Postpone();
  if (source_.continues()) {
    DrainLeftOver();
  } else {
    Report(Write());
  }
  TakeSnapshot();
  wake_ups_->SetTurns(options_.drain_interval_ns);
  Report(writer_.Sync());
  meter_.OnWritten(last_turn_ns_);
  told_failing_ = trouble_.is_any();
  Tell([this](RecorderObserver& observer) { observer.OnReady(meter_.Take()); });
  return Ok{};
}

// What came since the recorder before this one was killed, and what it had not given back. Nothing
// of it is given back before all is looked for in what that one has written: killed meanwhile, this
// one's successor looks for it there again.
void RecorderLoop::Impl::DrainLeftOver() {
  if (options_.previous_run) {
    written_ = std::move(options_.previous_run->written);
    last_turn_ns_ = std::min(last_turn_ns_, options_.previous_run->last_time_ns);
  }
  takes_over_ = true;
  Drain();
  takes_over_ = false;
  losses_.Inherit(written_);
  written_ = {};
  losses_.Append(last_turn_ns_);
  if (source_.lacks_what_was_between()) AppendMissed();
  Report(Write());
}

// Not as a loss: nothing says that there was anything, and no buffer was too small.
void RecorderLoop::Impl::AppendMissed() {
  const uint64_t now_ns = source_.ReadClock().time_ns;
  AppendAnew(Lost{.first_time_ns = last_turn_ns_,
                  .last_time_ns = now_ns,
                  .reason = LostReason::kNoRecorder},
             now_ns);
}

WakeUpTimes RecorderLoop::Impl::Times() const {
  const uint64_t anchor_ns = options_.clock_interval_ns;
  const uint64_t watchdog_ns = options_.watchdog_interval_ns;
  const bool anchors_do = anchor_ns != 0 && anchor_ns <= watchdog_ns;
  return {.anchor_interval_ns = anchor_ns,
          .watchdog_interval_ns = anchors_do ? 0 : watchdog_ns,
          .duration_ns = options_.duration_ns};
}

Status RecorderLoop::Impl::Run() {
  while (!source_.exhausted()) {
    auto woken = wake_ups_->Wait();
    if (!woken) return std::move(woken).error();
    if (woken->by_end || (woken->by_signal != 0 && !ObeySignal(woken->by_signal))) break;
    if (woken->by_step) AppendClock(ClockReason::kStep);
    if (woken->by_anchor) AppendClock(ClockReason::kPeriodic);
    if (woken->by_source) WakeUp();
    Turn();
    TellAfterTurn(*woken);
  }
  Status finished = Finish();
  return finished ? source_end_ : finished;
}

// False where it is one to stop.
bool RecorderLoop::Impl::ObeySignal(int signal) {
  if (signal == SIGHUP) return StartNewSegment(), true;
  if (signal == SIGUSR1) return TellStatus(), true;
  hands_over_ = signal == SIGUSR2;
  return false;
}

// By what its configuration says now. What stands in the segments before becomes durable meanwhile.
void RecorderLoop::Impl::StartNewSegment() {
  Tell([](RecorderObserver& observer) { observer.OnReload(); });
  Drain();
  const auto args_limit_bytes = options_.args_limit_bytes;
  if (auto reloaded = options_.reload ? options_.reload() : std::nullopt) {
    writer_.SetLimits(reloaded->limits);
    options_.keep_args = std::move(reloaded->keep_args);
    options_.args_limit_bytes = reloaded->args_limit_bytes;
  }
  Rotate(EndReason::kRequest);
  if (options_.args_limit_bytes != args_limit_bytes) AppendNewArgsLimit();
  if (snapshots_.is_due()) TakeSnapshot();
  reloaded_no_ = writer_.segment_no();
}

// A disk that keeps nothing may do so for ever.
void RecorderLoop::Impl::TellReloaded() {
  if (!reloaded_no_) return;
  const bool is_durable = writer_.first_unfinished_segment_no() >= *reloaded_no_;
  if (!is_durable && !writer_.sync_failing()) return;
  reloaded_no_.reset();
  Tell([this](RecorderObserver& observer) { observer.OnReady(meter_.Take()); });
}

void RecorderLoop::Impl::TellStatus() {
  Tell([this](RecorderObserver& observer) { observer.OnStatus(meter_.Take()); });
}

// While nothing can be written the log tells nothing of it.
bool RecorderLoop::Impl::LosesMore() {
  if (last_turn_ns_ - told_loss_ns_ < kTellLossesIntervalNs) return false;
  if (writer_.unwritten_lost() == std::exchange(told_unwritten_, writer_.unwritten_lost()))
    return false;
  told_loss_ns_ = last_turn_ns_;
  return true;
}

void RecorderLoop::Impl::TellAfterTurn(const Woken& woken) {
  TellReloaded();
  const bool loses_more = LosesMore();
  const bool trouble_changed = std::exchange(told_failing_, trouble_.is_any()) != trouble_.is_any();
  // Also where nothing is new: a status that stays old is that of a recorder that hangs or is gone.
  if (trouble_changed || loses_more || woken.by_anchor) TellStatus();
  if (woken.by_anchor || woken.by_watchdog) {
    Tell([](RecorderObserver& observer) { observer.OnAlive(); });
  }
}

void RecorderLoop::Impl::OnNewIdentity() {
  if (options_.identity) Rotate(EndReason::kRequest);
}

// What the recorder before this one has written is looked for by each of the three.
void RecorderLoop::Impl::OnLife(const WholeLife& life) {
  if (takes_over_) return EventSink::OnLife(life);
  auditor_.OnLife(life.pid);
  meter_.OnEvent(WaitingSince(BirthOf(life)));
  if (life.exec_after_us) meter_.OnEvent(ExecTimeOf(life));
  if (!life.args || !options_.keep_args) return AppendAnew(life, life.time_ns);
  AppendAnew(WithKeptArgs(life, options_.keep_args), life.time_ns);
}

// Takes what is there, writes it, and sees whether more is to come.
void RecorderLoop::Impl::Turn() {
  const size_t drained = Drain();
  losses_.Append(last_turn_ns_);
  const uint64_t now_ns = source_.ReadClock().time_ns;
  last_turn_ns_ = now_ns;
  RotateIfDue(now_ns);
  if (snapshots_.is_due()) TakeSnapshot();
  AuditIfDue(now_ns);
  ResyncIfDue(now_ns);
  Report(Write());
  meter_.OnWritten(source_.ReadClock().time_ns);
  if (snapshots_.is_due()) TakeSnapshot();
  if (writer_.SyncDue(now_ns)) Report(writer_.BeginSync());
  TellFinishedSegments();
  // Draining ends the source's readiness to wake us: it must be asked for anew.
  const bool quiet = drained == 0 && !writer_.SyncPending() && !source_.WantsResync();
  if (asleep_ && quiet && source_.PrepareToSleep()) return;
  WakeUp();
  quiet_turns_ = drained == 0 ? quiet_turns_ + 1 : 0;
  if (quiet_turns_ >= kQuietTurns) GoToSleep();
}

// Nothing may be left to do: until the next event there is no turn. While the disk refuses records
// there is always something left; and what it does with the last ones must be seen.
void RecorderLoop::Impl::GoToSleep() {
  if (trouble_.is_any() || source_.wake_fd() < 0 || source_.WantsResync()) return;
  if (writer_.SyncPending()) {
    Report(writer_.BeginSync());
    if (writer_.SyncPending()) return;
  }
  TellFinishedSegments();
  if (trouble_.is_any() || !source_.PrepareToSleep()) return;
  wake_ups_->SetTurns(0);
  asleep_ = true;
}

void RecorderLoop::Impl::TellFinishedSegments() {
  const uint64_t unfinished = writer_.first_unfinished_segment_no();
  if (!options_.on_finished || unfinished == std::exchange(told_unfinished_, unfinished)) return;
  options_.on_finished(unfinished);
}

void RecorderLoop::Impl::WakeUp() {
  if (!std::exchange(asleep_, false)) return;
  quiet_turns_ = 0;
  wake_ups_->SetTurns(options_.drain_interval_ns);
}

Status RecorderLoop::Impl::Finish() {
  Tell([](RecorderObserver& observer) { observer.OnStop(); });
  const Audit before = auditor_.CountForks();
  hands_over_ ? source_.HandOver() : source_.Stop();
  Drain();
  losses_.Append(last_turn_ns_);
  const Audit counts = LastCounts();
  // STOP does not say how much was left out.
  if (counts.filtered) writer_.Append(counts);
  writer_.Append(self_.Stop(Auditor::WithKernelForks(counts, before)));
  Status closed = writer_.Close();
  Commit(closed);
  if (!closed) meter_.OnTrouble(closed.error().message());
  meter_.OnWritten(source_.ReadClock().time_ns);
  Tell([this](RecorderObserver& observer) {
    RecorderStatus last = meter_.Take();
    last.recording = false;
    observer.OnStatus(last);
  });
  return closed;
}

// Hooks that are handed over go on: what they have seen since the last drain is not in the log, and
// where nobody can take it over it is missing.
Audit RecorderLoop::Impl::LastCounts() const {
  const Audit now = auditor_.Count();
  if (!hands_over_) return now;
  Audit last = *before_drain_;
  last.filtered = now.filtered;
  return last;
}

void RecorderLoop::Impl::RotateIfDue(uint64_t now_ns) {
  const auto reason = writer_.RotationDue(now_ns);
  if (!reason || (*reason == EndReason::kSize && !snapshots_.is_outweighed())) return;
  Rotate(*reason);
}

// The host may have another name by now.
void RecorderLoop::Impl::Rotate(EndReason reason) {
  if (options_.identity) writer_.SetInfo(options_.identity().info);
  Report(writer_.Rotate(reason));
}

// After the loss is told: who is missing in the log, or too many, is settled by a snapshot.
void RecorderLoop::Impl::ResyncIfDue(uint64_t now_ns) {
  if (source_.WantsResync() && now_ns - snapshots_.taken_ns() >= kResyncIntervalNs) TakeSnapshot();
}

void RecorderLoop::Impl::AppendClock(ClockReason reason) {
  Clock clock = source_.ReadClock();
  clock.reason = reason;
  writer_.Append(clock);
}

// What was missed before must not look less.
void RecorderLoop::Impl::AppendStart() {
  const Recorder start = self_.Start(auditor_.CountForks(Auditor::Otherwise::kAtMost));
  if (options_.previous_run && !source_.continues()) {
    writer_.Append(GapSince(*options_.previous_run, source_.identity().boot_id, start,
                            source_.recording_since_ns()));
  }
  writer_.Append(start);
}

// What is missing from here on is not kept any more, and not absent.
void RecorderLoop::Impl::AppendNewArgsLimit() {
  writer_.Append(self_.GoesOn(auditor_.CountForks(Auditor::Otherwise::kAtMost)));
}

// Who is missing in the log, or too many, is settled by a snapshot.
void RecorderLoop::Impl::AuditIfDue(uint64_t now_ns) {
  const auto audit = auditor_.CountIfDue(now_ns, *before_drain_);
  if (!audit) return;
  writer_.Append(*audit);
  if (audit->living && audit->living != audit->living_in_log) TakeSnapshot();
}

// Parts are written one by one: what waits in the source may be more than fits into little memory,
// and more comes, for which it needs the room.
size_t RecorderLoop::Impl::Drain() {
  before_drain_ = auditor_.Count();
  size_t drained = DrainPart();
  while (source_.has_more()) {
    Report(takes_over_ ? writer_.Flush() : Write());
    drained += DrainPart();
    // What waited for its last part is given back now, not behind what else a turn does.
    if (!source_.has_more() && !takes_over_) Report(Write());
  }
  return drained;
}

size_t RecorderLoop::Impl::DrainPart() {
  auto drained = source_.Drain(*this);
  if (!drained && source_.exhausted()) return source_end_ = std::move(drained).error(), 0;
  if (!drained) return Report(drained.error(), Trouble::kSource), 0;
  Report(Ok{}, Trouble::kSource);
  if (*drained != 0) auditor_.NoteEvents();
  unwritten_ += *drained;
  return *drained;
}

void RecorderLoop::Impl::Commit(const Status& written) {
  if (written) {
    unwritten_ = 0;
    losses_.NoteWritten();
    written_log_ = {.stream_id = writer_.stream_id(), .next_seq = writer_.next_seq()};
  }
  // What the recorder before this one could not write either is told by nobody else.
  const uint64_t inherited = losses_.inherited_unwritten();
  source_.Commit(
      {.told = losses_.written(), .unwritten = unwritten_ + inherited, .log = written_log_});
}

// Where the disk refuses, the writer keeps what it can and counts the rest, and the room in the
// ring is needed for what comes.
Status RecorderLoop::Impl::Write() {
  Status written = writer_.Flush();
  Commit(written);
  return written;
}

RecorderLoop::RecorderLoop(EventSource& source, LogWriter& writer, RecorderOptions options)
    : impl_(std::make_unique<Impl>(source, writer, std::move(options))) {}
RecorderLoop::~RecorderLoop() = default;
Status RecorderLoop::Start() { return impl_->Start(); }
Status RecorderLoop::Run() { return impl_->Run(); }

}  // namespace daybook
