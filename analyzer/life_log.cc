#include "life_log.h"

#include <algorithm>
#include <list>
#include <tuple>
#include <utility>

#include "filter/expression.h"
#include "life_fields.h"

namespace daybook {
namespace {

class LifeReader {
 public:
  LifeReader(const Question& question, const LifeFunction& function,
             const EveryLifeFunction& every_life)
      : log_(question.log),
        filter_(question.filter),
        texts_(question.zone),
        function_(function),
        every_life_(every_life) {}

  Coverage Read();

 private:
  // What is joined of one boot: once of what is proved, and once of everything, of which only the
  // lives are handed out that rest on more than that.
  struct Builders {
    Builders(const Boot* of_boot, LifeReader* reader);
    void NoteGap();
    void Finish(LifeState state);

    const Boot* boot;
    LifeBuilder proved;
    LifeBuilder all;
  };

  void Enter(const Boot& boot);
  void Take(const RecordView& record);
  template <class Record>
  void TakeAs(const RecordView& record);
  template <class Record>
  void TakeDecoded(const RecordView& record, const Record& decoded);
  void HandOut(const Boot& boot, const Life& life);
  void HandOutSalvaged(const Boot& boot, const Life& life);
  bool IsInWindow(const Boot& boot, const Life& life, bool* is_dated) const;
  Truth Judge(const Boot& boot, const Life& life);

  LogSet& log_;
  const Filter& filter_;
  LifeTexts texts_;
  const LifeFunction& function_;
  const EveryLifeFunction& every_life_;
  std::list<Builders> builders_;  // in the order of the log
  const Boot* boot_ = nullptr;
  Builders* builder_ = nullptr;
  // Decoding sets every field: they need not be made anew for each record.
  std::tuple<Fork, Exec, Exit, Reap, CommChange, Acct, SnapBegin, SnapProc, SnapEnd> decoded_;
  bool stopped_ = false;
  uint64_t processes_ = 0;
  uint64_t running_ = 0;
  uint64_t ended_unseen_ = 0;
  uint64_t filtered_ = 0;
  uint64_t undated_ = 0;
  uint64_t undecided_ = 0;
  uint64_t malformed_ = 0;
};

LifeReader::Builders::Builders(const Boot* of_boot, LifeReader* reader)
    : boot(of_boot),
      proved([of_boot, reader](const Life& life) { reader->HandOut(*of_boot, life); }),
      all([of_boot, reader](const Life& life) { reader->HandOutSalvaged(*of_boot, life); }) {}

void LifeReader::Builders::NoteGap() {
  proved.NoteGap();
  all.NoteGap();
}

void LifeReader::Builders::Finish(LifeState state) {
  proved.Finish(state);
  all.Finish(state);
}

Coverage LifeReader::Read() {
  while (const Item* const item = stopped_ ? nullptr : log_.Next()) {
    if (boot_ != &log_.boot()) Enter(log_.boot());
    if (const auto* record = std::get_if<RecordView>(item)) {
      Take(*record);
    } else {
      builder_->NoteGap();  // or the end of a segment, which no snapshot crosses
    }
  }
  for (Builders& builders : builders_) builders.Finish(LifeState::kRunning);
  Coverage coverage = log_.coverage();
  coverage.processes = processes_;
  coverage.used = processes_ - filtered_;
  coverage.running = running_;
  coverage.ended_unseen = ended_unseen_;
  coverage.filtered = filtered_;
  coverage.undated = undated_;
  coverage.undecided = undecided_;
  coverage.malformed_records += malformed_;
  return coverage;
}

// In one log a new boot ends the one before it. What follows a headless segment cannot be joined
// to it.
void LifeReader::Enter(const Boot& boot) {
  if (boot_ != nullptr && (!boot_->stream_id || boot_->stream_id == boot.stream_id)) {
    builder_->Finish(LifeState::kLost);
    std::erase_if(builders_, [this](const Builders& builders) { return builders.boot == boot_; });
  }
  boot_ = &boot;
  const auto known = std::ranges::find(builders_, boot_, &Builders::boot);
  builder_ = known != builders_.end() ? &*known : &builders_.emplace_back(boot_, this);
}

void LifeReader::Take(const RecordView& record) {
  switch (record.type) {
    case Schema<Fork>::kType:
      return TakeAs<Fork>(record);
    case Schema<Exec>::kType:
      return TakeAs<Exec>(record);
    case Schema<Exit>::kType:
      return TakeAs<Exit>(record);
    case Schema<Reap>::kType:
      return TakeAs<Reap>(record);
    case Schema<CommChange>::kType:
      return TakeAs<CommChange>(record);
    case Schema<Acct>::kType:
      return TakeAs<Acct>(record);
    case Schema<SnapBegin>::kType:
      return TakeAs<SnapBegin>(record);
    case Schema<SnapProc>::kType:
      return TakeAs<SnapProc>(record);
    case Schema<SnapEnd>::kType:
      return TakeAs<SnapEnd>(record);
    default:
      return;
  }
}

template <class Record>
void LifeReader::TakeAs(const RecordView& record) {
  if constexpr (kIsDecodedAhead<Record>) {
    if (const auto* ahead = std::get_if<Record>(&log_.decoded())) {
      return TakeDecoded(record, *ahead);
    }
  }
  Record& decoded = std::get<Record>(decoded_);
  if (record.As(&decoded)) return TakeDecoded(record, decoded);
  malformed_ += record.proof == Proof::kVerified;
}

template <class Record>
void LifeReader::TakeDecoded(const RecordView& record, const Record& decoded) {
  if (record.proof == Proof::kVerified) builder_->proved.Take(decoded);
  if (!log_.hands_out_salvaged()) return;
  builder_->all.SetProof(record.proof);
  builder_->all.Take(decoded);
}

void LifeReader::HandOut(const Boot& boot, const Life& life) {
  ++processes_;
  running_ += life.state == LifeState::kRunning;
  ended_unseen_ += life.state == LifeState::kLost;
  if (every_life_) every_life_(boot, life);
  bool is_dated = true;
  if (!IsInWindow(boot, life, &is_dated)) {
    ++filtered_;
    undated_ += !is_dated;
    return;
  }
  if (const Truth truth = Judge(boot, life); truth != Truth::kTrue) {
    ++filtered_;
    undecided_ += truth == Truth::kUnknown;
    return;
  }
  if (!stopped_ && !function_(boot, life)) stopped_ = true;
}

// These are in no total.
void LifeReader::HandOutSalvaged(const Boot& boot, const Life& life) {
  bool is_dated = true;
  if (life.proof == Proof::kVerified || !IsInWindow(boot, life, &is_dated)) return;
  if (Judge(boot, life) != Truth::kTrue) return;
  if (!stopped_ && !function_(boot, life)) stopped_ = true;
}

bool LifeReader::IsInWindow(const Boot& boot, const Life& life, bool* is_dated) const {
  if (!log_.window().bounded()) return true;
  std::optional<uint64_t> last_ns = life.end_ns;
  if (life.state == LifeState::kLost) last_ns = life.last_seen_ns;
  const auto first = boot.clock.ToRealtime(life.start_ns);
  const auto last = last_ns ? boot.clock.ToRealtime(*last_ns) : std::nullopt;
  *is_dated = first.has_value();
  return log_.window().Overlaps(first, last);
}

Truth LifeReader::Judge(const Boot& boot, const Life& life) {
  return filter_.lets_all_through() ? Truth::kTrue : filter_.Judge(boot, life, texts_);
}

}  // namespace

Coverage ReadLives(const Question& question, const LifeFunction& function,
                   const EveryLifeFunction& every_life) {
  return LifeReader(question, function, every_life).Read();
}

}  // namespace daybook
