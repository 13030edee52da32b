#include "life_log.h"

#include <algorithm>
#include <list>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "columns/life_window.h"
#include "daybook/life_pack.h"
#include "filter/expression.h"

namespace daybook {
namespace {

// In a log that is followed. Most reaps are in the same drain as their ends or in the next one.
constexpr uint64_t kReapPatienceNs = 250'000'000;

LifeBuilder::Programs ProgramsFor(Rests rests) {
  switch (rests) {
    case Rests::kOnEnd:
      return LifeBuilder::Programs::kLeftOut;
    case Rests::kOnAllPrograms:
      return LifeBuilder::Programs::kAllKept;
    default:
      return LifeBuilder::Programs::kKept;
  }
}

class LifeReader : private LogWatch {
 public:
  LifeReader(const Question& question, const LifeFunction& function,
             const EveryLifeFunction& every_life, const ShownFunction& shown, Rests rests)
      : log_(question.log),
        filter_(question.filter),
        cpu_window_(question.cpu_window.value_or(question.log.window())),
        texts_(question.zone, cpu_window_),
        function_(function),
        every_life_(every_life),
        shown_(shown),
        programs_(ProgramsFor(std::max(rests, question.filter.RestsOn()))) {}

  LifeReader(const LifeReader&) = delete;
  LifeReader& operator=(const LifeReader&) = delete;
  ~LifeReader() override { log_.Follow(nullptr); }

  void Follow(LifeWatch* watch) {
    watch_ = watch;
    log_.Follow(this);
  }
  Coverage Read();

 private:
  // What is joined of one boot: once of what is proved, and once of everything, of which only the
  // lives are handed out that rest on more than that.
  struct Builders {
    Builders(const Boot* of_boot, LifeReader* reader);
    void NoteGap();
    void NoteLeftOut();
    void RememberParents();
    void ForgetParents();
    bool HandOutEnded(uint64_t waited_ns);
    void Finish(LifeState state);

    const Boot* boot;
    LifeBuilder proved;
    LifeBuilder all;
  };

  void Enter(const Boot& boot);
  bool Wait() override;
  void TakeItem(const Item& item);
  void TakeRun(const LifeRun& run);
  void TakeRecord(const RecordView& record);
  void Take(const LifeRecords& records, size_t first, size_t end, Proof proof);
  SnapshotPlace PlaceOf(const SnapBegin& begin) const;
  template <class Record>
  void TakeDecoded(const Record& decoded, Proof proof);
  void HandOutShown();
  void HandOut(const Boot& boot, const Life& life);
  void HandOutSalvaged(const Boot& boot, const Life& life);
  Truth Judge(const Boot& boot, const Life& life);
  void HandOver(const Boot& boot, const Life& life, LifeCounts* counts);

  LogSet& log_;
  const Filter& filter_;
  Window cpu_window_;  // snapshots of this time tell what was used in it
  LifeTexts texts_;
  const LifeFunction& function_;
  const EveryLifeFunction& every_life_;
  const ShownFunction& shown_;
  LifeBuilder::Programs programs_;
  std::list<Builders> builders_;  // in the order of the log
  const Boot* boot_ = nullptr;
  Builders* builder_ = nullptr;
  struct ShownLife {
    const Boot* boot;
    Life life;
    ShownCpu before;
  };
  std::vector<ShownLife> shown_lives_;  // by the last snapshot
  LifeRecords records_;                 // of the last item
  LifeWatch* watch_ = nullptr;
  bool seems_quiet_ = false;
  bool took_any_ = false;  // record since the last wait
  bool stopped_ = false;
  LifeCounts counts_{.processes = 0};
  uint64_t malformed_ = 0;
};

LifeReader::Builders::Builders(const Boot* of_boot, LifeReader* reader)
    : boot(of_boot),
      proved([of_boot, reader](const Life& life) { reader->HandOut(*of_boot, life); },
             reader->programs_),
      all([of_boot, reader](const Life& life) { reader->HandOutSalvaged(*of_boot, life); },
          reader->programs_) {
  proved.AwaitSnapshot();
  all.AwaitSnapshot();
  if (!reader->shown_) return;
  proved.SetShownCallback([of_boot, reader](const Life& life, const ShownCpu& before) {
    reader->shown_lives_.push_back({.boot = of_boot, .life = life, .before = before});
  });
}

void LifeReader::Builders::NoteGap() {
  proved.NoteGap();
  all.NoteGap();
}

void LifeReader::Builders::NoteLeftOut() {
  proved.NoteLeftOut();
  all.NoteLeftOut();
}

void LifeReader::Builders::RememberParents() {
  proved.RememberParents();
  all.RememberParents();
}

void LifeReader::Builders::ForgetParents() {
  proved.ForgetParents();
  all.ForgetParents();
}

bool LifeReader::Builders::HandOutEnded(uint64_t waited_ns) {
  const bool is_proved_open = proved.HandOutEnded(waited_ns);
  return all.HandOutEnded(waited_ns) || is_proved_open;
}

void LifeReader::Builders::Finish(LifeState state) {
  proved.Finish(state);
  all.Finish(state);
}

Coverage LifeReader::Read() {
  log_.DecodeLives();
  while (const Item* const item = stopped_ ? nullptr : log_.Next()) {
    TakeItem(*item);
    const LifeRun* run = nullptr;
    while (!stopped_ && (run = log_.NextLives()) != nullptr) TakeRun(*run);
  }
  HandOutShown();
  for (Builders& builders : builders_) builders.Finish(LifeState::kRunning);
  Coverage coverage = log_.coverage();
  coverage.lives() = counts_;
  coverage.stopped_early = stopped_;
  coverage.malformed_records += malformed_;
  return coverage;
}

void LifeReader::TakeItem(const Item& item) {
  if (builder_ != nullptr && log_.SkippedBeforeItem(*boot_)) builder_->NoteLeftOut();
  if (boot_ != &log_.boot()) {
    Enter(log_.boot());
    if (log_.skipped_before_item()) builder_->NoteLeftOut();
  }
  if (boot_->has_late_births) builder_->RememberParents();
  if (const auto* record = std::get_if<RecordView>(&item)) {
    took_any_ = true;
    TakeRecord(*record);
  } else if (!std::holds_alternative<Skip>(item)) {
    builder_->NoteGap();  // or the end of a segment, which no snapshot crosses
  }
}

// Of the boot of the item before it.
void LifeReader::TakeRun(const LifeRun& run) {
  Take(*run.records, run.first, run.end, Proof::kVerified);
  if (!stopped_) malformed_ += run.malformed;
}

// One without a base cannot be decoded.
void LifeReader::TakeRecord(const RecordView& record) {
  if (!LifeRecords::Tells(record.type)) return;
  records_.Clear();
  const bool is_told = record.has_base && records_.Decode(record.type, record.payload, record.base);
  Take(records_, 0, records_.size(), record.proof);
  malformed_ += !is_told && record.proof == Proof::kVerified;
}

void LifeReader::Take(const LifeRecords& records, size_t first, size_t end, Proof proof) {
  for (size_t i = first; i < end && !stopped_; ++i) {
    records.Visit(i, [&](const auto& record) { TakeDecoded(record, proof); });
  }
}

// In one log a new boot ends the one before it. What follows a headless segment cannot be joined
// to it.
void LifeReader::Enter(const Boot& boot) {
  if (builder_ != nullptr) builder_->ForgetParents();  // nobody is born to them here
  if (boot_ != nullptr && (!boot_->stream_id || boot_->stream_id == boot.stream_id)) {
    builder_->Finish(LifeState::kLost);
    std::erase_if(builders_, [this](const Builders& builders) { return builders.boot == boot_; });
  }
  boot_ = &boot;
  const auto known = std::ranges::find(builders_, boot_, &Builders::boot);
  builder_ = known != builders_.end() ? &*known : &builders_.emplace_back(boot_, this);
}

// All that is written was read. A watch that only looks now and then cannot say that it is quiet:
// that is seen in what was read since.
bool LifeReader::Wait() {
  const bool is_quiet = seems_quiet_ && !took_any_;
  took_any_ = false;
  bool others_wait = false;
  for (Builders& builders : builders_) {
    others_wait = builders.HandOutEnded(is_quiet ? 0 : kReapPatienceNs) || others_wait;
  }
  if (stopped_) return false;
  const LifeWatch::Waking waking = watch_->Wait(others_wait);
  seems_quiet_ = waking == LifeWatch::Waking::kQuiet;
  return waking != LifeWatch::Waking::kEnd;
}

// One whose time is not known may be of any.
SnapshotPlace LifeReader::PlaceOf(const SnapBegin& begin) const {
  const auto time_ns = boot_->clock.ToRealtime(begin.time_ns);
  if (!time_ns) return SnapshotPlace::kWithin;
  const auto& [since_ns, until_ns, rule] = cpu_window_;
  if (until_ns && *time_ns > *until_ns) return SnapshotPlace::kBehind;
  const bool is_before = since_ns && *time_ns <= *since_ns;
  return is_before ? SnapshotPlace::kBefore : SnapshotPlace::kWithin;
}

template <class Record>
void LifeReader::TakeDecoded(const Record& decoded, Proof proof) {
  if constexpr (std::is_same_v<Record, SnapBegin>) {
    HandOutShown();
    const SnapshotPlace place = PlaceOf(decoded);
    if (proof == Proof::kVerified) builder_->proved.SetSnapshotPlace(place);
    builder_->all.SetSnapshotPlace(place);
  }
  if (proof == Proof::kVerified) builder_->proved.Take(decoded);
  if (!log_.hands_out_salvaged()) return;
  builder_->all.SetProof(proof);
  builder_->all.Take(decoded);
}

// As they were when they were shown.
void LifeReader::HandOutShown() {
  for (const ShownLife& shown : shown_lives_) {
    if (Judge(*shown.boot, shown.life) == Truth::kTrue) {
      shown_(*shown.boot, shown.life, shown.before);
    }
  }
  shown_lives_.clear();
}

// Once no more is wanted, whatever still runs may have ended behind the place where the reading
// stopped.
void LifeReader::HandOut(const Boot& boot, const Life& life) {
  if (stopped_) return;
  ++*counts_.processes;
  CountOpenEnd(log_.window(), boot, life, &counts_);
  if (every_life_) every_life_(boot, life);
  HandOver(boot, life, &counts_);
}

// These are in no total.
void LifeReader::HandOutSalvaged(const Boot& boot, const Life& life) {
  LifeCounts uncounted;
  if (!stopped_ && life.proof != Proof::kVerified) HandOver(boot, life, &uncounted);
}

void LifeReader::HandOver(const Boot& boot, const Life& life, LifeCounts* counts) {
  const Placed placed = Place(log_.window(), boot, life);
  const Truth truth = placed == Placed::kInside ? Judge(boot, life) : Truth::kFalse;
  const LifeUse use = truth == Truth::kTrue ? function_(boot, life) : LifeUse::kFiltered;
  ++(use == LifeUse::kFiltered ? counts->filtered : counts->used);
  counts->undated += placed == Placed::kUndated;
  counts->undecided += truth == Truth::kUnknown;
  stopped_ = use == LifeUse::kLastUsed;
}

Truth LifeReader::Judge(const Boot& boot, const Life& life) {
  return filter_.lets_all_through() ? Truth::kTrue : filter_.Judge(boot, life, texts_);
}

}  // namespace

Coverage ReadLives(const Question& question, const LifeFunction& function,
                   const EveryLifeFunction& every_life, Rests rests, const ShownFunction& shown) {
  return LifeReader(question, function, every_life, shown, rests).Read();
}

Coverage FollowLives(const Question& question, LifeWatch* watch, const LifeFunction& function) {
  const EveryLifeFunction no_life;
  const ShownFunction nothing;
  LifeReader reader(question, function, no_life, nothing, Rests::kOnBirth);
  reader.Follow(watch);
  return reader.Read();
}

}  // namespace daybook
